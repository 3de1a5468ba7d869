/** aim/patterns.h — many patterns, one text: which of them match it, and where?
 *
 *      aim_pattern list[] = {{sizeof *list, AIM_PATTERN_CASELESS, AIM_PATTERN_LITERAL, 1, aim_str_from("drop table")},
 *                            {sizeof *list, 0, AIM_PATTERN_REGEX, 2, aim_str_from("AKIA[0-9A-Z]{16}")}};
 *      uint32_t outcome = AIM_PATTERNS_UNKNOWN;
 *      rc = aim_patterns_new(ctx, list, 2, NULL, &set, NULL, &err);
 *      rc = aim_patterns_scratch_new(set, &scratch);
 *      rc = aim_patterns_match(set, scratch, text, 0, &outcome, &err);
 *      if (outcome != AIM_PATTERNS_NO_MATCH)      // a match, or unknown: a text that block lists must not let through
 *          refuse(aim_patterns_hit_at(scratch, 0));
 *
 *  An aim_pattern_set is immutable: share it. An aim_pattern_scratch is confined: one for each thread, used again and
 *  again, so that a warm match allocates nothing. Searching has limits; where one is reached the outcome of that
 *  pattern is *unknown*, never *no match*. The engine is the context's (aim/plugin/matcher.h); each gives the same hits.
 */
#ifndef AIM_PATTERNS_H
#define AIM_PATTERNS_H

#include <aim/ctx.h>
#include <aim/plugin/matcher.h>

AIM_BEGIN_DECLS

typedef struct aim_pattern_set aim_pattern_set;
typedef struct aim_pattern_scratch aim_pattern_scratch;

/** What a match came to. @since 0.1 */
#define AIM_PATTERNS_UNKNOWN 0u  /**< no match was found, and one could not be ruled out within the limits */
#define AIM_PATTERNS_NO_MATCH 1u /**< none matches */
#define AIM_PATTERNS_MATCH 2u    /**< at least one matches */

/** Limits; 0 takes the default. @since 0.1 */
typedef struct aim_patterns_options {
	uint32_t struct_size;
	uint32_t flags;              /**< 0 */
	uint32_t max_patterns;       /**< 10 000 */
	uint32_t max_pattern_bytes;  /**< of one pattern; 4 096 */
	uint32_t max_hits;           /**< kept of one match; 1 024, and one for each pattern at least */
	uint32_t max_depth;          /**< of a search's bookkeeping; 250 000 */
	uint64_t max_text_bytes;     /**< a longer text is unknown to every pattern; 4 MiB */
	uint64_t max_database_bytes; /**< of all compiled patterns; 64 MiB */
	uint64_t max_steps;          /**< of one pattern in one text; 10 000 000. PCRE2 takes 256 for each byte at least */
	uint64_t max_heap_bytes;     /**< of one search; 8 MiB */
} aim_patterns_options;

/** One match. @since 0.1 */
typedef struct aim_pattern_hit {
	uint32_t struct_size;
	uint32_t flags; /**< 0 */
	uint32_t id;    /**< as the pattern has it */
	uint32_t index; /**< of the pattern */
	uint64_t start; /**< bytes of text; the end is behind the last */
	uint64_t end;
} aim_pattern_hit;

/** Compiles patterns, in time that grows with their length: off the hot path.
 *  @param patterns   in, borrowed for the call; may be NULL when n_patterns is 0. Ids need not differ
 *  @param options    in, may be NULL
 *  @param out        out, owned; aim_patterns_free(); set only on AIM_OK
 *  @param out_fault  out, may be NULL: index of the pattern at fault, on AIM_E_PATTERN
 *  @param err        out, may be NULL; line, column and offset are those inside the pattern
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_PATTERN (malformed, or can match the empty text), AIM_E_LIMIT
 *          (too many, too long or too large), AIM_E_UNSUPPORTED (no engine that locates is built in), AIM_E_NOMEM,
 *          AIM_E_CALLBACK
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_patterns_new(aim_ctx *ctx, const aim_pattern *patterns, size_t n_patterns,
                                                     const aim_patterns_options *options, aim_pattern_set **out,
                                                     size_t *out_fault, aim_error *err);

/** Gives up the caller's reference; scratches keep theirs. NULL is ignored.  Threads: any.  @since 0.1 */
AIM_API void aim_patterns_free(aim_pattern_set *set);

/** How many patterns it has.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API size_t aim_patterns_count(const aim_pattern_set *set);

/** The memory for matching; holds no hits yet.
 *  @param set  in; kept alive until the scratch is freed     @param out  out, owned; aim_patterns_scratch_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_CALLBACK.  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_patterns_scratch_new(aim_pattern_set *set, aim_pattern_scratch **out);

/** NULL is ignored.  Threads: confined.  @since 0.1 */
AIM_API void aim_patterns_scratch_free(aim_pattern_scratch *scratch);

/** All matches of each pattern, one behind the other, not only its first. @since 0.1 */
#define AIM_PATTERNS_ALL 1u

/** Holds every pattern against text.
 *  @param scratch      in: made for set; what it held is gone      @param text  in, borrowed for the call; any bytes
 *  @param flags        AIM_PATTERNS_ALL or 0
 *  @param out_outcome  out: AIM_PATTERNS_*; UNKNOWN on failure
 *  @return AIM_OK (whatever matched), AIM_E_INVALID, AIM_E_NOMEM, AIM_E_CALLBACK. On failure there are no hits.
 *  Threads: const (scratch: confined).  Allocates: not when the scratch has matched as much before.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_patterns_match(const aim_pattern_set *set, aim_pattern_scratch *scratch,
                                                       aim_str text, uint32_t flags, uint32_t *out_outcome,
                                                       aim_error *err);

/** Outcome of one pattern in the last match, by its index; UNKNOWN past the end and before the first match.
 *  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_patterns_outcome_at(const aim_pattern_scratch *scratch, size_t index);

/** Hits kept.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API size_t aim_patterns_hit_count(const aim_pattern_scratch *scratch);

/** A hit of the last match, in the order of patterns and then of places; NULL past the end. Borrowed from scratch.
 *  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API const aim_pattern_hit *aim_patterns_hit_at(const aim_pattern_scratch *scratch, size_t index);

/** 1 when a pattern that matches may match in further places: max_hits was reached, or a limit of searching behind its
 *  first match. Never without AIM_PATTERNS_ALL.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API int32_t aim_patterns_is_cut(const aim_pattern_scratch *scratch);

AIM_END_DECLS

#endif
