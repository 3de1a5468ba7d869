/** aim/plugin/matcher.h — bring your own engine for pattern sets (aim/patterns.h); PCRE2 is built in. Immutable.
 *
 *      const aim_matcher *fast = aim_vectorscan_matcher();    // libaim-vectorscan, or a table of your own
 *      aim_ctx_options o = {.struct_size = sizeof o, .matcher = fast};
 *      rc = aim_ctx_new(&o, &ctx, &err);                       // AIM_E_SELF_TEST: it does not find all
 *
 *  An engine does one of two things, or both. One that *scans* runs over a text once and says which patterns may
 *  match, never forgetting one that does. One that *locates* finds the next match of one pattern. What an engine that
 *  only scans reports is confirmed and located by PCRE2, so the same patterns give the same hits with every engine.
 *
 *  An engine passes known-answer tests before a context uses it: one that forgets matches is AIM_E_SELF_TEST.
 *
 *  Patterns are bytes, and so is text: a regular expression is Perl-compatible without Unicode properties, "." is any
 *  byte but a line feed, and a caseless pattern takes ASCII letters for each other.
 *
 *  Functions may be called from any thread that uses the context, at the same time; a scratch is used by one at a time.
 *  They must not call back into libaim. A result other than the documented ones is AIM_E_CALLBACK.
 */
#ifndef AIM_PLUGIN_MATCHER_H
#define AIM_PLUGIN_MATCHER_H

#include <aim/plugin/allocator.h>
#include <aim/span.h>
#include <aim/status.h>

AIM_BEGIN_DECLS

/** How a pattern is written. @since 0.1 */
#define AIM_PATTERN_LITERAL 1u /**< these bytes, anywhere in the text */
#define AIM_PATTERN_GLOB 2u    /**< the whole text: '*' is any characters, '?' one; as in policies */
#define AIM_PATTERN_REGEX 3u   /**< Perl-compatible regular expression, anywhere in the text */

/** Flags of a pattern. @since 0.1 */
#define AIM_PATTERN_CASELESS 1u /**< ASCII letters match without regard to case */
#define AIM_PATTERN_EMPTY 2u    /**< may match the empty text, which else is refused: it would match everywhere */

/** One pattern. Arrays of them step by the struct_size of the first. @since 0.1 */
typedef struct aim_pattern {
	uint32_t struct_size;
	uint32_t flags; /**< AIM_PATTERN_CASELESS, AIM_PATTERN_EMPTY */
	uint32_t kind;  /**< AIM_PATTERN_LITERAL, GLOB or REGEX */
	uint32_t id;    /**< the caller's; comes back with each hit */
	aim_str text;   /**< 1 to max_pattern_bytes */
} aim_pattern;

/** What compiled patterns and one search may use; all set. Past one of the last three, whether a pattern matches is
 *  unknown. @since 0.1 */
typedef struct aim_matcher_limits {
	uint32_t struct_size;
	uint32_t flags;              /**< 0 */
	uint64_t max_database_bytes; /**< of all compiled patterns */
	uint64_t max_steps;          /**< of one search for one pattern in one text */
	uint64_t max_heap_bytes;     /**< for the search's own bookkeeping */
	uint32_t max_depth;          /**< of that bookkeeping */
	uint32_t reserved;           /**< 0 */
} aim_matcher_limits;

/** Why patterns did not compile. Filled before a failure of aim_matcher.compile is returned. @since 0.1 */
typedef struct aim_matcher_fault {
	uint32_t struct_size;
	uint32_t flags;    /**< 0 */
	uint64_t index;    /**< of the pattern at fault */
	uint64_t offset;   /**< in its text */
	char message[256]; /**< what is wrong there, NUL-terminated */
} aim_matcher_fault;

/** The end of a match that an engine does not know. @since 0.1 */
#define AIM_MATCHER_NO_END UINT64_MAX

/** What a scan calls: the pattern at index (in the array that was compiled) may match, with a match that ends at end, or
 *  AIM_MATCHER_NO_END. @since 0.1 */
typedef void (*aim_matcher_hit)(void *arg, size_t index, uint64_t end);

/** Copied by aim_ctx_new(). @since 0.1 */
typedef struct aim_matcher {
	uint32_t struct_size;
	uint32_t flags;   /**< 0 */
	const char *name; /**< for messages, e.g. "PCRE2"; static; required */

	/** Compiles patterns, borrowed for the call, into one database that any number of threads may search. memory is
	 *  the context's and lives longer than the database. Required.
	 *  @return AIM_OK, AIM_E_PATTERN, AIM_E_LIMIT (the last two: out_fault says why), AIM_E_NOMEM */
	aim_status (*compile)(void *user, const aim_allocator *memory, const aim_pattern *patterns, size_t n_patterns,
	                      const aim_matcher_limits *limits, void **out_database, aim_matcher_fault *out_fault);
	/** Required. */
	void (*free_database)(void *user, void *database);

	/** Memory for one search at a time. database outlives it. Required.  @return AIM_OK, AIM_E_NOMEM */
	aim_status (*new_scratch)(void *user, const void *database, void **out_scratch);
	/** Required. */
	void (*free_scratch)(void *user, const void *database, void *scratch);

	/** Calls hit at least once for each pattern that matches somewhere in text, in any order; may call it for one
	 *  that does not. This, locate, or both.
	 *  @return AIM_OK, AIM_E_NOMEM, AIM_E_LIMIT (every pattern is then located by itself) */
	aim_status (*scan)(void *user, const void *database, void *scratch, aim_str text, aim_matcher_hit hit, void *arg);
	/** The leftmost match of one pattern that begins at from or later, as Perl finds it. text is the whole text: what
	 *  stands before from counts for lookbehind and anchors.
	 *  @return AIM_OK, AIM_E_NOT_FOUND, AIM_E_LIMIT (unknown), AIM_E_NOMEM */
	aim_status (*locate)(void *user, const void *database, void *scratch, size_t index, aim_str text, uint64_t from,
	                     uint64_t *out_start, uint64_t *out_end);

	/** The database as bytes of memory->alloc. Optional, both or none.
	 *  @return AIM_OK, AIM_E_NOMEM, AIM_E_UNSUPPORTED */
	aim_status (*serialize)(void *user, const void *database, const aim_allocator *memory, uint8_t **out,
	                        size_t *out_len);
	/** A database out of bytes that this engine wrote. They are trusted: keep them where the program is.
	 *  @return AIM_OK, AIM_E_VERSION (of another release or processor), AIM_E_NOMEM */
	aim_status (*deserialize)(void *user, const aim_allocator *memory, aim_bytes bytes, void **out_database);

	void *user;
	void (*destroy)(void *user); /**< runs once, after the last call; optional */
} aim_matcher;

/** The built-in engine over PCRE2, interpreted: it locates. Compiling and searching take their memory from the context.
 *  @return static table, user and destroy NULL; NULL when not built in.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const aim_matcher *aim_matcher_pcre2(void);

AIM_END_DECLS

#endif
