/* mcp/discovery.h — what the files of the discovery share.
 *
 *     discovery.c        the collection: rows, origins, problems, and what is asked of them
 *     discovery_table.c  the clients: their files, formats and keys
 *     discovery_parse.c  one file's bytes to rows
 *     discovery_scan.c   the known places, through the caller's reader
 *     discovery_match.c  a row and a registered server
 *     launch.c           when two ways to start or reach a server are the same
 *     mask.c             secrets
 */
#ifndef AIM_MCP_DISCOVERY_H
#define AIM_MCP_DISCOVERY_H

#include <aim/discovery.h>

#include "base/arena.h"
#include "base/map.h"

typedef struct aim__texts {
	aim_str *items;
	size_t n;
	size_t cap;
} aim__texts;

typedef struct aim__found_origin {
	uint32_t flags;
	uint32_t line;
	uint32_t column;
	uint32_t reserved;
	aim_str client;
	aim_str path;
	aim_str pointer;
	aim_str name;
	struct aim__found_origin *next;
} aim__found_origin;

typedef struct aim__found_server {
	uint8_t id[32];       /* SHA-256 of how it is started or reached, secrets included: never shown */
	uint8_t inner_id[32]; /* the same of what aim-guard starts, with n_guard_words */
	uint32_t transport;
	uint32_t n_origins;
	uint32_t n_guard_words; /* of command and args, up to the "--" of aim-guard; 0 without it */
	uint32_t reserved;
	aim_str name;
	aim_str command;
	aim_str url;
	aim__texts args;
	aim__texts variables; /* ordered by name */
	aim__texts digests;   /* one per variable */
	aim__texts headers;
	aim__texts extra;
	aim__found_origin *origins; /* ordered by path, line and column */
} aim__found_server;

struct aim_discovery {
	aim_ctx *ctx; /* referenced */
	aim_discovery_options options;
	aim__arena arena; /* all text, servers and origins */
	aim__map ids;     /* a server by its id */
	aim__found_server **servers;
	size_t n_servers;
	size_t cap_servers;
	aim_discovery_problem *problems;
	size_t n_problems;
	size_t cap_problems;
	uint32_t n_files; /* that the running scan has asked for */
	uint32_t reserved;
};

/* --- clients ------------------------------------------------------------------------------------------------------- */

enum { AIM__BASE_HOME, AIM__BASE_CWD, AIM__BASE_CONFIG, AIM__BASE_ROOT };

#define AIM__ON_LINUX 1u
#define AIM__ON_MACOS 2u
#define AIM__ON_WINDOWS 4u
#define AIM__ON_ALL 7u

typedef struct aim__client_file {
	const char *client;
	uint32_t platforms;   /* AIM__ON_* */
	uint32_t base;        /* AIM__BASE_* */
	const char *variable; /* of the environment, which replaces base and `under`; may be NULL */
	const char *under;    /* folder below base; "" for none */
	const char *path;     /* below that; '*' stands for any name */
	const char *keys;     /* where the servers are: "a/b" members inside each other, '*' each member, '|' alternatives */
} aim__client_file;

extern const aim__client_file aim__client_files[];
extern const size_t aim__n_client_files;

/* AIM_CONFIG_* by the ending of a path. */
uint32_t aim__config_format(aim_str path);

/* --- the collection ------------------------------------------------------------------------------------------------- */

/* A copy in the arena; AIM_E_NOMEM. */
aim_status aim__discovery_copy(aim_discovery *found, aim_str text, aim_str *out);
/* The same without secrets; also AIM_E_LIMIT. */
aim_status aim__discovery_copy_masked(aim_discovery *found, aim_str text, aim_str *out);
/* Adds a text behind the others. */
aim_status aim__texts_add(const aim_ctx *ctx, aim__texts *texts, aim_str text);
void aim__texts_dispose(const aim_ctx *ctx, aim__texts *texts);

/* Adds a server or, when there is one with this id, its names and the origin. Owns draft's lists from the call on; text
 * is in the arena. AIM_OK, AIM_E_NOMEM, AIM_E_LIMIT when there are too many. */
aim_status aim__discovery_add(aim_discovery *found, aim__found_server *draft, const aim__found_origin *origin);
/* Notes a problem; err holds status, message and place. */
aim_status aim__discovery_problem(aim_discovery *found, aim_str client, aim_str path, const aim_error *err);
/* The row at index, or NULL. */
const aim__found_server *aim__discovery_row(const aim_discovery *found, size_t index);
/* Restores the order of everything. */
void aim__discovery_sort(aim_discovery *found);

/* One file, of a table's row (keys may then be one of many), without sorting. Problems are noted. */
aim_status aim__discovery_read(aim_discovery *found, const aim_discovery_file *file, const char *keys, aim_error *err);
/* A server that an environment variable names. */
aim_status aim__discovery_variable(aim_discovery *found, const aim_discovery_variable *variable, aim_error *err);

#endif
