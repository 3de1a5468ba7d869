/** aim/mcpdocument.h — what MCP servers publish about themselves: /.well-known/mcp/capabilities, built, signed, read and
 *  verified; Server Cards and the server.json of registries, read. An aim_mcpdocument is immutable.
 *
 *      aim_mcpdocument_spec spec = {.struct_size = sizeof spec, .name = name, .version = version};
 *      spec.capabilities = capabilities;
 *      spec.n_capabilities = 2;
 *      rc = aim_mcpdocument_build(ctx, &spec, server_key, out, &err);      // serve this
 *      ...
 *      rc = aim_mcpdocument_parse(ctx, bytes, &doc, &err);                  // any of the forms
 *      aim_mcpdocument_summary s = {.struct_size = sizeof s};
 *      rc = aim_mcpdocument_read(doc, &s);
 *      rc = aim_mcpdocument_verify(ctx, bytes, &registered_key, &err);      // signed by that key, and whole
 *      aim_mcpdocument_free(doc);
 *
 *  The form, without white space:
 *
 *      {"server": {"name", "version", "aim_verified", "public_key", "capabilities_url"},
 *       "capabilities": [{"name", "description", "parameters", "returns"}],
 *       "signature": {"alg": "ed25519", "key_id", "value"}}
 *
 *  public_key is SPKI in hex (RFC 8410), key_id the SHA-256 of the 32 bytes in hex, value base64 of Ed25519 over
 *  "libaim/capabilities/v1\n" ‖ JCS(document without "signature"). Members that are not known are kept out of what is
 *  read, and are signed like the others. What a document says of itself, aim_verified above all, is a claim and
 *  carries no weight: only aim_mcpdocument_verify() with a key that is known from elsewhere proves something.
 */
#ifndef AIM_MCPDOCUMENT_H
#define AIM_MCPDOCUMENT_H

#include <aim/key.h>

AIM_BEGIN_DECLS

typedef struct aim_mcpdocument aim_mcpdocument;

/** Forms. @since 0.1 */
#define AIM_MCPDOCUMENT_CAPABILITIES 1u /**< {server, capabilities} */
#define AIM_MCPDOCUMENT_LISTS 2u        /**< the older {tools, resources, prompts} */
#define AIM_MCPDOCUMENT_CARD 3u         /**< a Server Card, with remotes or with serverInfo */
#define AIM_MCPDOCUMENT_REGISTRY 4u     /**< a registry's server.json, also inside {"server": …} */

/** Flags of a summary and of a spec. @since 0.1 */
#define AIM_MCPDOCUMENT_CLAIMS_VERIFIED 1u /**< aim_verified is true: nobody checked that */
#define AIM_MCPDOCUMENT_HAS_KEY 2u         /**< public_key is set; only in a summary */
#define AIM_MCPDOCUMENT_HAS_SIGNATURE 4u   /**< whether it is valid says aim_mcpdocument_verify(); only in a summary */

/** One capability, in and out. Spans that are read borrow from the document and have no NUL behind them; parameters and
 *  returns are JSON. @since 0.1 */
typedef struct aim_mcpdocument_capability {
	uint32_t struct_size;
	uint32_t kind;        /**< of the older form and of cards: AIM_FINGERPRINT_TOOL, _RESOURCE, _PROMPT; else 0 */
	aim_str name;
	aim_str description;
	aim_bytes parameters; /**< a schema; empty: none */
	aim_bytes returns;    /**< a schema; empty: none */
} aim_mcpdocument_capability;

/** Where a server is reached, or the package it is started from. @since 0.1 */
typedef struct aim_mcpdocument_endpoint {
	uint32_t struct_size;
	uint32_t transport; /**< AIM_TRANSPORT_* of aim/discovery.h; 0: another, or none is said */
	aim_str url;        /**< may hold {variables} */
	aim_str registry;   /**< "npm", "pypi", "oci", …; empty for a URL alone */
	aim_str identifier; /**< of the package */
	aim_str version;
} aim_mcpdocument_endpoint;

/** @since 0.1 */
typedef struct aim_mcpdocument_summary {
	uint32_t struct_size;
	uint32_t flags;            /**< AIM_MCPDOCUMENT_CLAIMS_VERIFIED … */
	uint32_t form;             /**< AIM_MCPDOCUMENT_CAPABILITIES … */
	uint32_t reserved;         /**< 0 */
	uint64_t n_capabilities;
	uint64_t n_endpoints;
	aim_str name;              /**< empty only for AIM_MCPDOCUMENT_LISTS */
	aim_str title;
	aim_str version;
	aim_str description;
	aim_str url;               /**< capabilities_url */
	aim_public_key public_key; /**< zeros without AIM_MCPDOCUMENT_HAS_KEY */
} aim_mcpdocument_summary;

/** What aim_mcpdocument_build() takes. @since 0.1 */
typedef struct aim_mcpdocument_spec {
	uint32_t struct_size;
	uint32_t flags;                   /**< AIM_MCPDOCUMENT_CLAIMS_VERIFIED */
	aim_str name;                     /**< required */
	aim_str version;
	aim_str url;                      /**< capabilities_url: where the document is served */
	const aim_public_key *public_key; /**< NULL: that of the signing key; unsigned: none */
	const aim_mcpdocument_capability *capabilities; /**< steps by the first one's struct_size */
	size_t n_capabilities;            /**< ≤ limits.max_tools */
} aim_mcpdocument_spec;

/** Appends a document in canonical form (RFC 8785), signed when there is a key.
 *  @param spec  in, borrowed     @param key  in, purpose AIM_KEY_SERVER; may be NULL: unsigned
 *  @param out   in; untouched on failure     @param err  out, may be NULL
 *  @return AIM_OK, AIM_E_INVALID (no name; a public_key that is not the signing key's), AIM_E_VERSION, AIM_E_LIMIT, AIM_E_UTF8,
 *          AIM_E_NOMEM, AIM_E_KEY (public_key is not usable), AIM_E_KEY_PURPOSE, AIM_E_SIGNER, AIM_E_CALLBACK, AIM_E_JSON_NUMBER, and
 *          what aim_json_parse() says about parameters and returns: AIM_E_JSON_SYNTAX, AIM_E_JSON_DUPLICATE, AIM_E_JSON_SURROGATE,
 *          AIM_E_JSON_DEPTH, AIM_E_JSON_SIZE, AIM_E_JSON_TRAILING
 *  Threads: confined (out).  Allocates: yes.  Source: RFC 8785, RFC 8032, RFC 8410 §4.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_mcpdocument_build(aim_ctx *ctx, const aim_mcpdocument_spec *spec, const aim_key *key,
                                                          aim_buf *out, aim_error *err);

/** Reads a document of any form, which is recognised by its members. Proves nothing.
 *  @param bytes  in, copied     @param out  out, owned; aim_mcpdocument_free()     @param err  out, may be NULL
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_MCPDOCUMENT (none of the forms, or a member of another type; with its
 *          place), AIM_E_KEY (a public_key that is not usable), AIM_E_LIMIT (more than limits.max_tools capabilities or endpoints), or those
 *          of aim_json_parse(): AIM_E_JSON_SYNTAX, AIM_E_UTF8, AIM_E_JSON_DUPLICATE, AIM_E_JSON_SURROGATE, AIM_E_JSON_DEPTH,
 *          AIM_E_JSON_SIZE, AIM_E_JSON_TRAILING
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_mcpdocument_parse(aim_ctx *ctx, aim_bytes bytes, aim_mcpdocument **out, aim_error *err);

/** Whether a capabilities document is signed by a key, and is as it was signed.
 *  @param bytes  in, borrowed     @param public_key  in, borrowed: the key that is registered or pinned for the server, never
 *                                    the one in the document
 *  @return AIM_OK only then; AIM_E_SIGNATURE (none, or not valid), AIM_E_UNTRUSTED_KEY (signed by another key, or it names another
 *          one as its own), AIM_E_MCPDOCUMENT (not of the form AIM_MCPDOCUMENT_CAPABILITIES), AIM_E_KEY, AIM_E_JSON_NUMBER, AIM_E_CALLBACK, else as
 *          aim_mcpdocument_parse()
 *  Threads: any.  Allocates: yes, freed at return.  Source: RFC 8785, RFC 8032.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_mcpdocument_verify(aim_ctx *ctx, aim_bytes bytes, const aim_public_key *public_key,
                                                           aim_error *err);

/** NULL is ignored.  Threads: any.  @since 0.1 */
AIM_API void aim_mcpdocument_free(aim_mcpdocument *document);

/** What the document says of its server.
 *  @param out  out, struct_size set by the caller; borrowed until the document is freed
 *  @return AIM_OK, AIM_E_INVALID.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_mcpdocument_read(const aim_mcpdocument *document, aim_mcpdocument_summary *out);

/** One capability, in the document's order; tools, resources, prompts of the older form.
 *  @param out  out, struct_size set by the caller
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND past the end.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_mcpdocument_capability_at(const aim_mcpdocument *document, size_t index, aim_mcpdocument_capability *out);

/** One endpoint: URLs first, then packages.
 *  @param out  out, struct_size set by the caller
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND past the end.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_status aim_mcpdocument_endpoint_at(const aim_mcpdocument *document, size_t index, aim_mcpdocument_endpoint *out);

/** "capabilities", "lists", "card", "registry"; "unknown" for anything else.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_mcpdocument_form_name(uint32_t form);

AIM_END_DECLS

#endif
