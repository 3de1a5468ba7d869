/* evidence/rfc9421.h — inside HTTP message signatures: the two fields read, what a signature covers, its base, and
 * the checks that making and verifying share. */
#ifndef AIM_EVIDENCE_RFC9421_H
#define AIM_EVIDENCE_RFC9421_H

#include <aim/rfc9421.h>

#include "base/buf.h"
#include "evidence/http_message.h"

/* The signature fields of one message. Also the public handle. */
struct aim_rfc9421 {
	aim_ctx *ctx; /* referenced by the handle, borrowed inside a call */
	aim_buf input_text;
	aim_buf signature_text;
	aim__sf input; /* points into input_text */
	aim__sf signature;
};

/* Reads both fields of message. Every member of Signature-Input must be an inner list, its known parameters of their
 * types, nothing twice. AIM_OK, AIM_E_NOT_FOUND (no Signature-Input), AIM_E_HEADER, AIM_E_LIMIT, AIM_E_NOMEM. To be
 * closed after a failure too. */
aim_status aim__rfc9421_open(aim_ctx *ctx, const aim_rfc9421_message *message, aim_rfc9421 *out, aim_error *err);
void aim__rfc9421_close(aim_rfc9421 *signatures);

/* What a signature covers, in order. */
typedef struct aim__rfc9421_cover {
	aim__http_component items[AIM_RFC9421_MAX_COMPONENTS];
	uint32_t n;
} aim__rfc9421_cover;

/* Reads the identifiers of an inner list; none twice. AIM_OK, AIM_E_COMPONENT, AIM_E_LIMIT. */
aim_status aim__rfc9421_cover_read(const aim__sf *sf, const aim__sf_node *node, aim__rfc9421_cover *out,
                                   aim_error *err);
int aim__rfc9421_covers(const aim__rfc9421_cover *cover, const aim__http_component *component);

/* Reads `("a" "b");created=1` into sf, which points into text. AIM_OK, AIM_E_HEADER, AIM_E_LIMIT, AIM_E_NOMEM. */
aim_status aim__rfc9421_params_read(aim__sf *sf, aim_str text, aim_error *err);
/* Checks the types of the parameters that are known. AIM_OK, AIM_E_HEADER. */
aim_status aim__rfc9421_params_check(const aim__sf *sf, const aim__sf_node *node, aim_error *err);

/* Appends `("name";params …)` of component names as the public header has them. AIM_OK, AIM_E_INVALID, AIM_E_LIMIT,
 * AIM_E_NOMEM. */
aim_status aim__rfc9421_list_write(const aim_str *names, size_t n, aim_buf *out, aim_error *err);

/* Appends the signature base (§2.5). cover is node's. AIM_OK, AIM_E_COMPONENT, AIM_E_LIMIT, AIM_E_NOMEM. */
aim_status aim__rfc9421_base(const aim_ctx *ctx, const aim__http *http, const aim__sf *sf,
                             const aim__sf_node *node, const aim__rfc9421_cover *cover, aim_buf *out,
                             aim_error *err);

/* Every content-digest that is covered matches the body. AIM_OK, AIM_E_DIGEST, AIM_E_HEADER, AIM_E_COMPONENT,
 * AIM_E_LIMIT, AIM_E_NOMEM, AIM_E_CALLBACK. */
aim_status aim__rfc9421_check_digests(const aim_ctx *ctx, const aim__http *http, const aim__rfc9421_cover *cover,
                                      aim_error *err);

/* 1 when the message has a line of a field, header section. */
int aim__rfc9421_has_field(const aim_rfc9421_message *message, const char *name);

/* A string or integer parameter; {NULL, 0} and 0 when it is not there. */
aim_str aim__rfc9421_text(const aim__sf *sf, const aim__sf_node *node, const char *name);
int aim__rfc9421_number(const aim__sf *sf, const aim__sf_node *node, const char *name, int64_t *out);

#endif
