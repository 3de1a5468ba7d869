/** aim/fingerprint.h — one hash over everything that a model or a client can see of a tool, prompt,
 *  resource or server. Functions over bytes; no state.
 *
 *      aim_fingerprint approved = {.struct_size = sizeof approved}, now = approved;
 *      rc = aim_fingerprint_compute(ctx, AIM_FINGERPRINT_TOOL, old_json, &approved, &err);
 *      rc = aim_fingerprint_compute(ctx, AIM_FINGERPRINT_TOOL, new_json, &now, &err);
 *      if (!aim_fingerprint_equal(&approved, &now))
 *          refuse("the tool is not the one that was approved");
 *
 *  Hashed is the whole definition object, every member of it, also those that no version of MCP
 *  defines: a member left out would be a place to hide instructions in.
 *
 *      surface     = SHA-256("libaim/fingerprint/v1\n" ‖ f(kind name) ‖ f(JCS(definition)))
 *      description = SHA-256("libaim/fingerprint/description/v1\n" ‖ f(kind name) ‖ f(JCS(text)))
 *      schema      = SHA-256("libaim/fingerprint/schema/v1\n" ‖ f(kind name) ‖ f(JCS(first)) ‖
 *                            f(JCS(second)))
 *
 *  f(x) is the length of x in 8 bytes, big-endian, and then x; an absent member has length 0. JCS is
 *  RFC 8785, except that a number binary64 cannot hold exactly keeps its exact decimal text
 *  (AIM_JSON_JCS_EXACT_TEXT). Member order, white space and the spelling of escapes and numbers
 *  therefore never change a fingerprint, and any change of a value does.
 */
#ifndef AIM_FINGERPRINT_H
#define AIM_FINGERPRINT_H

#include <aim/json.h>

AIM_BEGIN_DECLS

/** What a definition defines. The member in brackets names it. @since 0.1 */
#define AIM_FINGERPRINT_TOOL 1u              /**< "tool" [name] */
#define AIM_FINGERPRINT_PROMPT 2u            /**< "prompt" [name] */
#define AIM_FINGERPRINT_RESOURCE 3u          /**< "resource" [uri] */
#define AIM_FINGERPRINT_RESOURCE_TEMPLATE 4u /**< "resource_template" [uriTemplate] */
/** "server": an object of the host's making with serverInfo's members and `instructions`,
 *  `protocolVersion`, `capabilities` [name] */
#define AIM_FINGERPRINT_SERVER 5u
#define AIM_FINGERPRINT_LAUNCH 6u     /**< "launch": how a server is reached (aim_baseline_launch_write) [name] */
#define AIM_FINGERPRINT_KEY 7u        /**< "key": a server's public key (aim_baseline_key_write) [name] */
#define AIM_FINGERPRINT_EXECUTABLE 8u /**< "executable": the checksum of it (aim_baseline_executable_write) [name] */

#define AIM_FINGERPRINT_LEN 32
/** Lower-case hex and the NUL. @since 0.1 */
#define AIM_FINGERPRINT_TEXT_SIZE 65

/** Hashes of one definition. description covers `description` (server: `instructions`); schema covers
 *  inputSchema and outputSchema (prompt: `arguments`; server: `capabilities`; resources: nothing). A
 *  part whose members are all absent is 32 zero bytes. @since 0.1 */
typedef struct aim_fingerprint {
	uint32_t struct_size;
	uint32_t flags;    /**< 0 */
	uint32_t kind;     /**< AIM_FINGERPRINT_* */
	uint32_t reserved; /**< 0 */
	uint8_t surface[AIM_FINGERPRINT_LEN];     /**< the whole; the one to compare */
	uint8_t description[AIM_FINGERPRINT_LEN]; /**< part of it */
	uint8_t schema[AIM_FINGERPRINT_LEN];      /**< part of it */
} aim_fingerprint;

/** Fingerprints a definition.
 *  @param definition  in, borrowed: one JSON object
 *  @param out         out, struct_size set by the caller; set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_ASSESS_DEFINITION (not an object, or the naming member is no
 *          string), AIM_E_NOMEM, AIM_E_LIMIT, AIM_E_CALLBACK, or those of aim_json_parse() and
 *          aim_json_canonicalize()
 *  Threads: any.  Allocates: yes, freed at return.  Source: RFC 8785.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_fingerprint_compute(aim_ctx *ctx, uint32_t kind,
                                                            aim_bytes definition,
                                                            aim_fingerprint *out, aim_error *err);

/** The same for a value of a document that is already parsed.
 *  @param doc  in, borrowed     @param definition  in: an object of doc
 *  @return as aim_fingerprint_compute(), without those of aim_json_parse()
 *  Threads: any.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_fingerprint_value(aim_ctx *ctx, uint32_t kind,
                                                          const aim_json *doc,
                                                          aim_json_value definition,
                                                          aim_fingerprint *out, aim_error *err);

/** 1 when kind and surface are the same, else 0; NULL equals nothing.
 *  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API int32_t aim_fingerprint_equal(const aim_fingerprint *a, const aim_fingerprint *b);

/** The surface as 64 lower-case hex digits and a NUL.
 *  @return AIM_OK, AIM_E_INVALID.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_fingerprint_text(const aim_fingerprint *fingerprint,
                                        char out[AIM_FINGERPRINT_TEXT_SIZE]);

/** "tool", "prompt", "resource", "resource_template", "server", "launch", "key", "executable"; "unknown" for anything
 *  else.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_fingerprint_kind_name(uint32_t kind);

/** One line of a manifest. @since 0.1 */
typedef struct aim_fingerprint_leaf {
	uint32_t kind;                                /**< AIM_FINGERPRINT_* */
	uint32_t reserved;                            /**< 0 */
	aim_str name;                                 /**< what the naming member says */
	const uint8_t *surface;                       /**< 32 bytes */
} aim_fingerprint_leaf;

/** One hash that pins all definitions of a server: the Merkle tree hash (RFC 6962 §2.1) over entries
 *  "libaim/manifest/v1\n" ‖ f(kind name) ‖ f(name) ‖ surface, ordered by kind, then by the bytes of
 *  the name. The order in which leaves are given does not matter.
 *  @param leaves  in, borrowed; at most limits.max_tools; no kind and name twice
 *  @param out     out, 32 bytes, set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_LIMIT, AIM_E_ASSESS_DUPLICATE, AIM_E_NOMEM, AIM_E_CALLBACK
 *  Threads: any.  Allocates: yes, freed at return.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_fingerprint_manifest(aim_ctx *ctx,
                                                             const aim_fingerprint_leaf *leaves,
                                                             size_t n_leaves,
                                                             uint8_t out[AIM_FINGERPRINT_LEN],
                                                             aim_error *err);

/** Appends the proof that a definition is in a manifest: a JSON object of a few hundred bytes, one hash more whenever
 *  the manifest doubles. With the root, which somebody approved, it shows that a call used the approved definition.
 *  @param index     in: which of leaves
 *  @param out       in; untouched on failure
 *  @param out_root  out, 32 bytes: what aim_fingerprint_manifest() gives for leaves; may be NULL
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_LIMIT, AIM_E_ASSESS_DUPLICATE, AIM_E_UTF8 (the name), AIM_E_NOMEM, AIM_E_CALLBACK
 *  Threads: any (out: confined).  Allocates: yes.  Source: RFC 9162 §2.1.3.1.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_fingerprint_prove(aim_ctx *ctx, const aim_fingerprint_leaf *leaves,
                                                          size_t n_leaves, size_t index, aim_buf *out,
                                                          uint8_t out_root[AIM_FINGERPRINT_LEN], aim_error *err);

/** Verifies such a proof. Pure: needs nothing but its arguments.
 *  @param proof  in, borrowed: as aim_fingerprint_prove() wrote it
 *  @param root   in, 32 bytes: of the manifest that was approved
 *  @param leaf   in, borrowed: kind, name and surface of the definition in question
 *  @return AIM_OK only when leaf is in the manifest with that root; AIM_E_INVALID, AIM_E_DIGEST (it is not, or this is no
 *          proof), AIM_E_NOMEM, AIM_E_CALLBACK, or those of aim_json_parse()
 *  Threads: any.  Allocates: yes, freed at return.  Source: RFC 9162 §2.1.3.2.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_fingerprint_proof_verify(aim_ctx *ctx, aim_bytes proof,
                                                                 const uint8_t root[AIM_FINGERPRINT_LEN],
                                                                 const aim_fingerprint_leaf *leaf,
                                                                 aim_error *err);

AIM_END_DECLS

#endif
