/** aim/discovery.h — which MCP servers the clients of this machine are told to use, read from their configuration.
 *
 *      aim_discovery *found = NULL;
 *      aim_discovery_place place = {.struct_size = sizeof place, .platform = AIM_PLATFORM_LINUX};
 *      place.home = aim_str_from("/home/ada");
 *      if (aim_discovery_new(ctx, NULL, &found, &err) == AIM_OK &&
 *          aim_discovery_scan(found, &place, &reader, &err) == AIM_OK)
 *          for (size_t i = 0; i < aim_discovery_count(found); i++) {
 *              aim_discovery_server server = {.struct_size = sizeof server};
 *              if (aim_discovery_at(found, i, &server) == AIM_OK)
 *                  show(server.name, server.command, server.url);
 *          }
 *      aim_discovery_free(found);
 *
 *  Finding never starts a process and never opens a file: the caller's reader does, or the caller hands over bytes.
 *  What is kept holds no secrets: values of environment variables and of headers never leave the file, and what looks
 *  like a secret in a command, an argument or a URL is "***". Commands are shown, never run.
 *
 *  A collection is confined while it is filled; then a const pointer to it may be shared.
 */
#ifndef AIM_DISCOVERY_H
#define AIM_DISCOVERY_H

#include <aim/config.h>
#include <aim/server.h>

AIM_BEGIN_DECLS

/** Servers found, and the files that could not be read. @since 0.1 */
typedef struct aim_discovery aim_discovery;

/** How a server is spoken to. @since 0.1 */
#define AIM_TRANSPORT_STDIO 1u
#define AIM_TRANSPORT_HTTP 2u
#define AIM_TRANSPORT_SSE 3u
#define AIM_TRANSPORT_WS 4u

/** Whose paths to look at. @since 0.1 */
#define AIM_PLATFORM_LINUX 1u
#define AIM_PLATFORM_MACOS 2u
#define AIM_PLATFORM_WINDOWS 3u

/** Flag of a server or an origin: configured, but switched off (a server: in every origin). @since 0.1 */
#define AIM_DISCOVERY_DISABLED 1u

/** What aim_discovery_new() takes; 0 takes the default. @since 0.1 */
typedef struct aim_discovery_options {
	uint32_t struct_size;
	uint32_t flags;          /**< 0 */
	uint32_t max_files;      /**< files and folders that a scan asks for; 4 096 */
	uint32_t max_servers;    /**< 4 096; further ones are a problem, not a failure */
	uint64_t max_file_bytes; /**< one file; 16 MiB, and never more than limits.max_json_bytes */
	/** in, borrowed while the collection lives: with a key, each environment variable gets a digest of its value
	 *  (HMAC-SHA-256), so that a change can be seen. Empty: none. At least 16 bytes. */
	aim_bytes digest_key;
} aim_discovery_options;

/** One file for aim_discovery_parse(). @since 0.1 */
typedef struct aim_discovery_file {
	uint32_t struct_size;
	uint32_t format; /**< AIM_CONFIG_*; 0: by the ending of path, JSON with comments when that says nothing */
	aim_str client;  /**< in, as aim_discovery_client() names it; empty: every known form is looked for */
	aim_str path;    /**< in, where the bytes come from, for the origin; may be empty */
	aim_bytes bytes; /**< in, borrowed for the call */
} aim_discovery_file;

/** An environment variable for a scan. @since 0.1 */
typedef struct aim_discovery_variable {
	aim_str name;
	aim_str value;
} aim_discovery_variable;

/** Where a scan looks. @since 0.1 */
typedef struct aim_discovery_place {
	uint32_t struct_size;
	uint32_t platform; /**< AIM_PLATFORM_* */
	aim_str home;      /**< in, the user's folder; empty: no files of the user */
	aim_str cwd;       /**< in, the project's folder; empty: no files of a project */
	/** in, n_variables of them: the folders that clients take from the environment (XDG_CONFIG_HOME, APPDATA,
	 *  CLAUDE_CONFIG_DIR, …), and MCP_SERVER_* variables that hold a URL. May be NULL. */
	const aim_discovery_variable *variables;
	size_t n_variables;
} aim_discovery_place;

/** How a scan gets at files; aim/discoveryfile.h has one for POSIX systems. @since 0.1 */
typedef struct aim_discovery_reader {
	uint32_t struct_size;
	uint32_t reserved; /**< 0 */
	void *user;        /**< in, borrowed */
	/** Appends a file to out. AIM_OK; AIM_E_NOT_FOUND: there is none, which is no problem; AIM_E_JSON_SIZE when it
	 *  has more than max_bytes; anything else is reported as the problem of this file, with err's message when it has
	 *  one. path ends in NUL. */
	aim_status (*read)(void *user, aim_str path, uint64_t max_bytes, aim_buf *out, aim_error *err);
	/** Calls entry(entry_user, name) for each name in a folder, in any order, and stops when it does not answer AIM_OK.
	 *  May be NULL: then profiles and plug-ins are not looked at. AIM_OK, AIM_E_NOT_FOUND, or a problem. */
	aim_status (*list)(void *user, aim_str path, aim_status (*entry)(void *entry_user, aim_str name), void *entry_user,
	                   aim_error *err);
} aim_discovery_reader;

/** One server. All text is borrowed from the collection, UTF-8, without secrets. @since 0.1 */
typedef struct aim_discovery_server {
	uint32_t struct_size;
	uint32_t transport; /**< AIM_TRANSPORT_* */
	uint32_t flags;     /**< AIM_DISCOVERY_DISABLED */
	uint32_t n_origins; /**< at least 1 */
	aim_str name;       /**< the first of its names, in byte order */
	aim_str command;    /**< of stdio */
	aim_str url;        /**< of the others */
	uint32_t n_args;
	uint32_t n_variables; /**< environment variables that are set for it or that it takes a secret from */
	uint32_t n_headers;   /**< names of HTTP headers that are sent to it */
	uint32_t n_extra;     /**< names of settings that are not understood here */
} aim_discovery_server;

/** Where a server stands. @since 0.1 */
typedef struct aim_discovery_origin {
	uint32_t struct_size;
	uint32_t flags;  /**< AIM_DISCOVERY_DISABLED */
	aim_str client;  /**< "Cursor" */
	aim_str path;    /**< of the file; the variable's name for the environment */
	aim_str pointer; /**< JSON Pointer of the entry, for TOML and YAML of the same document as JSON */
	aim_str name;    /**< the server's name there */
	uint32_t line;   /**< from 1; 0 for the environment */
	uint32_t column;
} aim_discovery_origin;

/** What could not be read. @since 0.1 */
typedef struct aim_discovery_problem {
	uint32_t struct_size;
	aim_status status;
	aim_str client;
	aim_str path;
	aim_str pointer;
	aim_str message; /**< one sentence, without values */
	uint32_t line;   /**< from 1; 0 when there is no position */
	uint32_t column;
} aim_discovery_problem;

/** Lists of texts that belong to a server. @since 0.1 */
#define AIM_DISCOVERY_ARGS 1u
#define AIM_DISCOVERY_VARIABLES 2u
#define AIM_DISCOVERY_HEADERS 3u
#define AIM_DISCOVERY_EXTRA 4u
/** For each of the variables its digest, 64 hex digits; empty without a digest_key, and for one without a value. */
#define AIM_DISCOVERY_DIGESTS 5u

/** An empty collection.
 *  @param ctx  in, borrowed; kept alive until the collection is freed     @param options  in, may be NULL
 *  @param out  out, owned; aim_discovery_free()     @param err  out, may be NULL
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_NOMEM
 *  Threads: confined.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_discovery_new(aim_ctx *ctx, const aim_discovery_options *options,
                                                      aim_discovery **out, aim_error *err);

/** Frees the collection. NULL is ignored.  Threads: confined.  @since 0.1 */
AIM_API void aim_discovery_free(aim_discovery *found);

/** Adds the servers of one file. A server that is there already gets one more origin. An entry that names no server is
 *  a problem, and the others are added; a file that cannot be read is a problem too, and the call says why.
 *  @param found  in     @param file  in, borrowed for the call     @param err  out, may be NULL
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_NOMEM, AIM_E_CALLBACK when the crypto provider failed,
 *          AIM_E_NOT_FOUND for a client that is not known, and what aim_config_parse() says about the bytes: AIM_E_UTF8,
 *          AIM_E_TOML, AIM_E_YAML, AIM_E_JSON_SYNTAX, AIM_E_JSON_DUPLICATE, AIM_E_JSON_SURROGATE, AIM_E_JSON_DEPTH,
 *          AIM_E_JSON_SIZE, AIM_E_JSON_TRAILING, AIM_E_LIMIT, AIM_E_UNSUPPORTED
 *  Threads: confined.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_discovery_parse(aim_discovery *found, const aim_discovery_file *file,
                                                        aim_error *err);

/** Asks the reader for every file that a known client keeps servers in, and adds what they hold, and the variables of
 *  the environment that name a server. What cannot be read is a problem, and the scan goes on. Starts no process.
 *  @param found  in     @param place  in, borrowed for the call     @param reader  in, borrowed for the call
 *  @param err  out, may be NULL
 *  @return AIM_OK also with problems; AIM_E_INVALID, AIM_E_VERSION, AIM_E_NOMEM, AIM_E_LIMIT past max_files,
 *          AIM_E_CALLBACK when the crypto provider failed
 *  Threads: confined; the reader runs on the calling thread.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_discovery_scan(aim_discovery *found, const aim_discovery_place *place,
                                                       const aim_discovery_reader *reader, aim_error *err);

/** Servers so far.  Threads: immutable.  Allocates: no.  @since 0.1 */
AIM_API size_t aim_discovery_count(const aim_discovery *found);

/** One server. They are ordered by name, then by how they are started, whatever order the files came in.
 *  @param index  in, below the count     @param out  out, struct_size set by the caller; borrowed until found changes
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND
 *  Threads: immutable.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_discovery_at(const aim_discovery *found, size_t index, aim_discovery_server *out);

/** One text of a server's list.
 *  @param list  in, AIM_DISCOVERY_ARGS …     @param at  in, below the list's count
 *  @return borrowed until found changes; {NULL, 0} when there is none
 *  Threads: immutable.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_discovery_text(const aim_discovery *found, size_t index, uint32_t list, size_t at);

/** One origin of a server; they are ordered by path and position.
 *  @param at  in, below n_origins     @param out  out, struct_size set by the caller; borrowed until found changes
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND
 *  Threads: immutable.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_discovery_origin_at(const aim_discovery *found, size_t index, size_t at, aim_discovery_origin *out);

/** Problems so far.  Threads: immutable.  Allocates: no.  @since 0.1 */
AIM_API size_t aim_discovery_problem_count(const aim_discovery *found);

/** One problem, in the order of paths and positions.
 *  @param index  in, below the count     @param out  out, struct_size set by the caller; borrowed until found changes
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND
 *  Threads: immutable.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_discovery_problem_at(const aim_discovery *found, size_t index, aim_discovery_problem *out);

/** Appends one server as a JSON object: name, transport, command and args or url, variables, headers, extra, disabled,
 *  origins.
 *  @param out  in; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND, AIM_E_NOMEM, AIM_E_LIMIT past limits.max_buffer_bytes
 *  Threads: immutable (out: confined).  Allocates: when out grows.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_discovery_write(const aim_discovery *found, size_t index, aim_buf *out);

/** What a registered server is to one that was found. @since 0.1 */
#define AIM_DISCOVERY_OTHER 0u    /**< another server */
#define AIM_DISCOVERY_NAMESAKE 1u /**< it has one of the names, and is started or reached in another way */
#define AIM_DISCOVERY_SAME 2u     /**< started by the same words, or reached at the same URL */

/** Whether a registered server is the one at index. A name alone says nothing: anybody can write it into a file. Words and
 *  URLs are compared as rows are told apart, secrets included; a registered word that is "***" in the same places as the
 *  one found is the same word. A server that is started through aim-guard is the server behind "--". A name that a
 *  revoked server gave up does not count.
 *  @param index   in, below the count     @param server  in, borrowed for the call
 *  @param out     out, AIM_DISCOVERY_OTHER …; AIM_DISCOVERY_OTHER on failure     @param err  out, may be NULL
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND past the end, AIM_E_NOMEM, AIM_E_LIMIT past
 *          limits.max_buffer_bytes, AIM_E_CALLBACK when the crypto provider failed
 *  Threads: immutable.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_discovery_match(const aim_discovery *found, size_t index, const aim_server *server,
                                                        uint32_t *out, aim_error *err);

/** The name of the index-th known client, in no particular order; NULL past the last.
 *  @return static text.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_discovery_client(size_t index);

/** "stdio", "http", "sse", "ws"; "unknown" for anything else.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_discovery_transport_name(uint32_t transport);

AIM_END_DECLS

#endif
