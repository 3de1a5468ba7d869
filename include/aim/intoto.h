/** aim/intoto.h — in-toto statements (v1): what is claimed about which things. Goes into a DSSE envelope.
 *
 *      aim_intoto_subject subject = {.struct_size = sizeof subject, .name = name};
 *      aim_intoto_statement s = {.struct_size = sizeof s, .subjects = &subject, .n_subjects = 1};
 *      subject.algorithm = aim_str_from("sha256"), subject.digest = hex;
 *      s.predicate_type = type, s.predicate = json;
 *      rc = aim_intoto_write(ctx, &s, statement, &err);
 *      rc = aim_dsse_sign(key, aim_str_from(AIM_INTOTO_PAYLOAD_TYPE), aim_buf_bytes(statement), envelope, &err);
 *      ... // after aim_dsse_verify() and aim_json_parse() of its payload
 *      rc = aim_intoto_check(doc, type, &err);
 *      if (aim_intoto_subject_of(doc, algorithm, digest) != AIM_JSON_NONE)
 *          use(aim_intoto_predicate(doc));
 *
 *  Statements are written in canonical JSON (RFC 8785). Reading ignores members that the format does not define, as
 *  it asks. A subject is matched by its digest; names are for people.
 */
#ifndef AIM_INTOTO_H
#define AIM_INTOTO_H

#include <aim/json.h>

AIM_BEGIN_DECLS

/** The payload type of the envelope, and "_type" of the statement. @since 0.1 */
#define AIM_INTOTO_PAYLOAD_TYPE "application/vnd.in-toto+json"
#define AIM_INTOTO_STATEMENT_TYPE "https://in-toto.io/Statement/v1"

/** Most subjects of one statement. @since 0.1 */
#define AIM_INTOTO_MAX_SUBJECTS 1024u

/** One thing that is spoken of. Borrowed. @since 0.1 */
typedef struct aim_intoto_subject {
	uint32_t struct_size;
	uint32_t flags;    /**< 0 */
	aim_str name;      /**< empty: left out */
	aim_str algorithm; /**< of the digest, e.g. "sha256" */
	aim_str digest;    /**< lower-case hex for sha256; else as the algorithm says */
} aim_intoto_subject;

/** What is claimed. Borrowed. @since 0.1 */
typedef struct aim_intoto_statement {
	uint32_t struct_size;
	uint32_t flags;                     /**< 0 */
	const aim_intoto_subject *subjects; /**< elements as far apart as the first one's struct_size */
	uint64_t n_subjects;                /**< 1 … AIM_INTOTO_MAX_SUBJECTS */
	aim_str predicate_type;             /**< a URI */
	aim_bytes predicate;                /**< one JSON object; empty: left out */
} aim_intoto_statement;

/** Appends a statement.
 *  @param statement  in, borrowed     @param out  in; untouched on failure
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_UTF8, AIM_E_DIGEST (a sha256 that is not 64 lower-case digits),
 *          AIM_E_JSON_TYPE (the predicate is no object), AIM_E_LIMIT, AIM_E_NOMEM, and what aim_json_parse() and
 *          aim_json_canonicalize() return for the predicate
 *  Threads: any (out: confined).  Allocates: yes.  Source: in-toto Attestation Framework v1, Statement.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_intoto_write(const aim_ctx *ctx, const aim_intoto_statement *statement,
                                                     aim_buf *out, aim_error *err);

/** Whether a document is a statement of v1 about something, with this predicate type.
 *  @param doc  in, borrowed     @param predicate_type  in, borrowed, not empty
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_ENVELOPE (no statement), AIM_E_VERSION (another "_type"), AIM_E_CLAIM (another
 *          predicate type), AIM_E_LIMIT (too many subjects)
 *  Threads: any.  Allocates: no.  Source: in-toto Attestation Framework v1, Statement.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_intoto_check(const aim_json *doc, aim_str predicate_type, aim_error *err);

/** The first subject of a statement with this digest; AIM_JSON_NONE when there is none.
 *  Threads: any.  Allocates: no.  Source: in-toto Attestation Framework v1, DigestSet.  @since 0.1 */
AIM_API aim_json_value aim_intoto_subject_of(const aim_json *doc, aim_str algorithm, aim_str digest);

/** The predicate of a statement; AIM_JSON_NONE when it was left out, which means an empty one.
 *  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API aim_json_value aim_intoto_predicate(const aim_json *doc);

AIM_END_DECLS

#endif
