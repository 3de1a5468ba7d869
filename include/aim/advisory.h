/** aim/advisory.h — do the packages behind servers have known vulnerabilities? Records in the form of OSV are held
 *  against what a launch command starts, or against packages that the host names.
 *
 *      aim_advisory *set = NULL;
 *      aim_advisory_result *result = NULL;
 *      aim_advisory_package packages[AIM_ADVISORY_MAX_OF_LAUNCH];
 *      size_t n = 0;
 *      rc = aim_advisory_new(ctx, NULL, &set, &err);
 *      rc = aim_advisory_load(set, file, NULL, NULL, &err);
 *      rc = aim_advisory_packages_of_launch(command, args, n_args, packages, AIM_ADVISORY_MAX_OF_LAUNCH, &n, &err);
 *      rc = aim_advisory_result_new(set, &result);
 *      rc = aim_advisory_check(set, packages, n, result, &err);
 *      for (size_t i = 0; i < n; i++)
 *          report(aim_advisory_outcome_at(result, i));
 *      aim_advisory_result_free(result);
 *      aim_advisory_free(set);
 *
 *  An aim_advisory is locked: share it. An aim_advisory_result is confined: one for each thread. The library fetches
 *  nothing itself: records come from a file, from the host's fetch callback, or from the host's own hand.
 *
 *  Nothing is clean by default. A package is clean when a source that knows its ecosystem answered, all that it says
 *  about the package could be read, and none of it concerns the version. In every other case it is affected, or
 *  unknown with a reason.
 */
#ifndef AIM_ADVISORY_H
#define AIM_ADVISORY_H

#include <aim/buf.h>
#include <aim/diagnostics.h>

AIM_BEGIN_DECLS

typedef struct aim_advisory aim_advisory;
typedef struct aim_advisory_result aim_advisory_result;

/** How a package or a finding stands. @since 0.1 */
#define AIM_ADVISORY_UNKNOWN 0u
#define AIM_ADVISORY_CLEAN 1u
#define AIM_ADVISORY_AFFECTED 2u

/** Why a package is unknown. @since 0.1 */
#define AIM_ADVISORY_REASON_NONE 0u
#define AIM_ADVISORY_REASON_SOURCE 1u       /**< no source has records of its ecosystem */
#define AIM_ADVISORY_REASON_FETCH 2u        /**< the fetch failed, or its answer is no answer */
#define AIM_ADVISORY_REASON_VERSION 3u      /**< which version runs is not known */
#define AIM_ADVISORY_REASON_VERSION_FORM 4u /**< the version, or one in a record, is none of its ecosystem */
#define AIM_ADVISORY_REASON_ORDER 5u        /**< how the ecosystem orders versions is not known here */
#define AIM_ADVISORY_REASON_RECORD 6u       /**< a record about it, or one that may be, is malformed or incomplete */

/** How grave an advisory is: the worst that its vectors and its words say. @since 0.1 */
#define AIM_ADVISORY_UNRATED 0u
#define AIM_ADVISORY_NONE 1u
#define AIM_ADVISORY_LOW 2u
#define AIM_ADVISORY_MEDIUM 3u
#define AIM_ADVISORY_HIGH 4u
#define AIM_ADVISORY_CRITICAL 5u

/** Flag of a package: its name was taken from a module's ("python -m"). @since 0.1 */
#define AIM_ADVISORY_GUESSED 1u
/** Flag of a finding: the host added the advisory itself. @since 0.1 */
#define AIM_ADVISORY_MANUAL 1u

/** A launch names no more packages than this. @since 0.1 */
#define AIM_ADVISORY_MAX_OF_LAUNCH 16u

/** A package. All text is borrowed. @since 0.1 */
typedef struct aim_advisory_package {
	aim_str ecosystem;   /**< as OSV calls it: "npm", "PyPI", "Go", "crates.io", "Debian:12" … */
	aim_str name;        /**< as the ecosystem calls it */
	aim_str version;     /**< exactly one; empty: not known */
	aim_str requirement; /**< what the launch asks for when that is not one version: "latest", "^1.2", ">=1,<2" */
	uint32_t flags;      /**< AIM_ADVISORY_GUESSED */
	uint32_t reserved;   /**< 0 */
} aim_advisory_package;

/** The packages that a command line starts: npx, npm exec, pnpm dlx, yarn dlx, bunx, uvx, uv run, uv tool run, pipx run,
 *  python -m, docker run, podman run, go run, deno run; behind "cmd /c", "env" and "aim-guard … --" too. Nothing is
 *  run and nothing is looked up. "npx pkg" has no version, and "npx pkg@1.2" has none either: npm reads it as a range.
 *  The ecosystem of an image is "Docker", its version the tag or digest; of a package of JSR "JSR".
 *  @param args   in, borrowed, n_args words behind the command
 *  @param out    out, room for cap packages; their text is borrowed from command and args, or static
 *  @param out_n  out, how many
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND (no such command, or it names a file, a URL or a folder),
 *          AIM_E_SPACE (more than cap)
 *  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_advisory_packages_of_launch(aim_str command, const aim_str *args, size_t n_args,
                                                                    aim_advisory_package *out, size_t cap, size_t *out_n,
                                                                    aim_error *err);

/** What a set is made of. 0 takes the default. @since 0.1 */
typedef struct aim_advisory_options {
	uint32_t struct_size;
	uint32_t flags;        /**< 0 */
	uint64_t cache_ms;     /**< how long a fetched answer counts, by the context's clock; one hour */
	uint64_t max_bytes;    /**< text of loaded records, and as much again of fetched ones; 64 MiB */
	uint32_t max_records;  /**< loaded and added; 200 000 */
	uint32_t max_answers;  /**< fetched answers kept, the oldest makes room; 1 024 */
	uint32_t max_findings; /**< kept of one check, the rest is counted; 1 024 */
	uint32_t reserved;     /**< 0 */
	/** Appends all records about a package to out: one record, an array, JSON Lines, or an answer of OSV's query
	 *  interface ({"vulns": […]}; {} when there are none). Called without a lock held, by whatever thread checks, for
	 *  one package that is not cached. Anything but AIM_OK: not known; it is not cached. May be NULL. */
	aim_status (*fetch)(void *user, const aim_advisory_package *package, aim_buf *out, aim_error *err);
	void *user;
	void (*destroy)(void *user); /**< runs once, when the set is freed, or now when making it fails; may be NULL */
} aim_advisory_options;

/** A set without advisories.
 *  @param options  in, may be NULL
 *  @param out      out, owned; aim_advisory_free(); set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_NOMEM
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_advisory_new(aim_ctx *ctx, const aim_advisory_options *options, aim_advisory **out,
                                                     aim_error *err);

/** Gives up the caller's reference; results keep theirs. NULL is ignored.  Threads: any.  @since 0.1 */
AIM_API void aim_advisory_free(aim_advisory *set);

/** Takes records of OSV 1.x: one, an array, JSON Lines, or {"vulns": […]}. A record with the id of an earlier one takes
 *  its place, also one that was withdrawn. A malformed record does not stop the others, and leaves what it speaks of
 *  unknown. The file speaks for the ecosystems that its records name.
 *  @param text      in, borrowed for the call
 *  @param problems  in, may be NULL: gets each problem, its place in text, and the JSON Pointer inside the record
 *  @param out_records  out, may be NULL; how many were taken, also when others were not
 *  @return AIM_OK, AIM_E_ADVISORY (some are malformed; err is the first), AIM_E_INVALID, AIM_E_NOMEM, AIM_E_LIMIT (those
 *          before stay), or those of aim_json_parse() (nothing was taken)
 *  Threads: locked.  Allocates: yes.  Source: OSV schema 1.7.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_advisory_load(aim_advisory *set, aim_bytes text, aim_diagnostics *problems,
                                                      uint64_t *out_records, aim_error *err);

/** An advisory of the host's own. @since 0.1 */
typedef struct aim_advisory_entry {
	uint32_t struct_size;
	uint32_t flags;         /**< 0 */
	aim_str id;             /**< the host's, 1 to 256 bytes */
	aim_str ecosystem;
	aim_str name;
	aim_str summary;        /**< one line; may be empty */
	aim_str introduced;     /**< the first affected version; empty: all from the start */
	aim_str fixed;          /**< the first that is not; empty: none yet */
	const aim_str *versions; /**< affected versions one by one; then introduced and fixed are empty */
	size_t n_versions;
	uint32_t severity;      /**< AIM_ADVISORY_UNRATED … CRITICAL */
	uint32_t reserved;      /**< 0 */
} aim_advisory_entry;

/** Adds an advisory by hand; one with the same id makes room. Alone it makes nothing clean.
 *  @param entry  in, borrowed for the call
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_ADVISORY_VERSION (introduced or fixed is none of its ecosystem),
 *          AIM_E_UTF8, AIM_E_NOMEM, AIM_E_LIMIT
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_advisory_add(aim_advisory *set, const aim_advisory_entry *entry, aim_error *err);

/** Forgets the loaded or added advisory with this id; the cache is not looked at.
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND.  Threads: locked.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_advisory_remove(aim_advisory *set, aim_str id);

/** An empty result.
 *  @param set  in; kept alive until the result is freed
 *  @param out  out, owned; aim_advisory_result_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM.  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_advisory_result_new(aim_advisory *set, aim_advisory_result **out);

/** NULL is ignored.  Threads: confined.  @since 0.1 */
AIM_API void aim_advisory_result_free(aim_advisory_result *result);

/** Holds packages against all that is known. Fetches what is neither cached nor fresh.
 *  @param packages  in, borrowed for the call; at most 10 000
 *  @param result    in: what it held is gone
 *  @return AIM_OK (whatever was found), AIM_E_INVALID, AIM_E_LIMIT, AIM_E_NOMEM, AIM_E_CLOCK. On failure the result is
 *          empty and not safe. A failed fetch is no failure: its package is unknown.
 *  Threads: locked (result: confined).  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_advisory_check(aim_advisory *set, const aim_advisory_package *packages, size_t n,
                                                       aim_advisory_result *result, aim_error *err);

/** How one package stands. The struct and its text live until the result is used again or freed. @since 0.1 */
typedef struct aim_advisory_outcome {
	uint32_t struct_size;
	uint32_t flags;    /**< of the package */
	uint32_t status;   /**< AIM_ADVISORY_UNKNOWN, CLEAN, AFFECTED */
	uint32_t reason;   /**< AIM_ADVISORY_REASON_*: of unknown */
	uint32_t severity; /**< the worst advisory that affects it */
	uint32_t n_findings;
	aim_str ecosystem;
	aim_str name;
	aim_str version;
	aim_str requirement;
	aim_str details;   /**< what the fetch said when it failed; else empty */
} aim_advisory_outcome;

/** One advisory about one package. @since 0.1 */
typedef struct aim_advisory_finding {
	uint32_t struct_size;
	uint32_t flags;    /**< AIM_ADVISORY_MANUAL */
	uint32_t package;  /**< index of the outcome */
	uint32_t status;   /**< AIM_ADVISORY_AFFECTED, or UNKNOWN: it may be */
	uint32_t severity; /**< AIM_ADVISORY_UNRATED … CRITICAL */
	uint32_t score;    /**< ten times the highest CVSS base score; 0 without a vector */
	uint32_t reason;   /**< AIM_ADVISORY_REASON_*: of unknown */
	uint32_t reserved; /**< 0 */
	aim_str id;
	aim_str aliases;   /**< between spaces; may be empty */
	aim_str summary;   /**< may be empty */
	aim_str fixed;     /**< the next version without it; empty: none named */
} aim_advisory_finding;

/** What a check came to. safe is 0 until a check has ended with nothing but clean packages. @since 0.1 */
typedef struct aim_advisory_summary {
	uint32_t struct_size;
	uint32_t flags;        /**< 0 */
	uint32_t safe;         /**< 1: all packages are clean */
	uint32_t has_critical; /**< 1: a critical advisory affects one */
	uint32_t packages;
	uint32_t clean;
	uint32_t affected;
	uint32_t unknown;
	uint32_t critical;     /**< advisories that affect a package, by severity */
	uint32_t high;
	uint32_t medium;
	uint32_t low;          /**< also those of severity none */
	uint32_t unrated;
	uint32_t possible;     /**< advisories of which it is not known whether they do */
	uint32_t dropped;      /**< findings past max_findings; counted above */
	uint32_t reserved;     /**< 0 */
} aim_advisory_summary;

/** The outcome of the package at index; NULL past the end. Borrowed from result.
 *  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API const aim_advisory_outcome *aim_advisory_outcome_at(const aim_advisory_result *result, size_t index);

/** Findings kept, in the order of the packages.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API size_t aim_advisory_finding_count(const aim_advisory_result *result);

/** The finding at index; NULL past the end. Borrowed from result.
 *  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API const aim_advisory_finding *aim_advisory_finding_at(const aim_advisory_result *result, size_t index);

/** What the last check came to.
 *  @param out  out, struct_size set by the caller; written up to it
 *  @return AIM_OK, AIM_E_INVALID.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_advisory_summarize(const aim_advisory_result *result, aim_advisory_summary *out);

/** Which of two versions is later.
 *  @param ecosystem  in: npm, Go, crates.io (Semantic Versioning), PyPI (PEP 440), Debian (its Policy)
 *  @param out_order  out, −1: a is earlier, 0: the same to the ecosystem, 1: a is later; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_UNSUPPORTED (another ecosystem), AIM_E_ADVISORY_VERSION
 *  Threads: any.  Allocates: no.
 *  Source: semver.org 2.0.0 §11, PEP 440, Debian Policy §5.6.12.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_advisory_compare_versions(aim_str ecosystem, aim_str a, aim_str b,
                                                                  int32_t *out_order, aim_error *err);

/** The base score of a CVSS vector of version 2.0, 3.0, 3.1 or 4.0.
 *  @param out_score  out, ten times the score, 0 … 100; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_ADVISORY_VECTOR
 *  Threads: any.  Allocates: no.
 *  Source: FIRST, CVSS v2 guide §3.2.1, CVSS v3.1 §7, CVSS v4.0 §8.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_advisory_cvss_score(aim_str vector, uint32_t *out_score, aim_error *err);

/** "unknown", "clean", "affected".
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_advisory_status_name(uint32_t status);

/** One sentence about an AIM_ADVISORY_REASON_*; "" for AIM_ADVISORY_REASON_NONE and unknown numbers.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_advisory_reason_text(uint32_t reason);

/** "unrated", "none", "low", "medium", "high", "critical"; "unrated" for anything else.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_advisory_severity_name(uint32_t severity);

AIM_END_DECLS

#endif
