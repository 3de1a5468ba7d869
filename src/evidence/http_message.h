/* evidence/http_message.h — an HTTP message as its parts, and the canonical values that RFC 9421 §2 gives to its
 * components. Knows nothing of signatures. */
#ifndef AIM_EVIDENCE_HTTP_MESSAGE_H
#define AIM_EVIDENCE_HTTP_MESSAGE_H

#include <aim/rfc9421.h>

#include "codec/structured.h"

/* A message, checked, in the size of this library. Spans are borrowed from the caller's. */
typedef struct aim__http {
	aim_rfc9421_message message;
	aim_rfc9421_message request; /* what a response answers */
	int has_request;
	int is_response;
} aim__http;

/* AIM_OK, AIM_E_INVALID, AIM_E_VERSION. */
aim_status aim__http_read(const aim_rfc9421_message *message, aim__http *out, aim_error *err);

/* A component identifier taken apart (RFC 9421 §2). */
typedef struct aim__http_component {
	aim_str name;
	aim_str key;         /* ptr NULL: none */
	aim_str query_param; /* its name parameter; ptr NULL: none */
	int sf, bs, tr, req;
} aim__http_component;

/* Checks that the identifier is one that is known. AIM_OK, AIM_E_COMPONENT. */
aim_status aim__http_component_read(const aim__sf *sf, const aim__sf_node *node, aim__http_component *out,
                                    aim_error *err);
/* 1 when two identifiers are equal: the order of parameters does not count (§2). */
int aim__http_component_equal(const aim__http_component *a, const aim__http_component *b);

/* Appends the component's value. AIM_OK, AIM_E_COMPONENT, AIM_E_LIMIT, AIM_E_NOMEM. */
aim_status aim__http_value(const aim_ctx *ctx, const aim__http *http, const aim__http_component *component,
                           aim_buf *out, aim_error *err);

/* The derived components (http_derived.c). names: NULL-terminated, for telling them from others. */
int aim__http_is_derived(aim_str name);
aim_status aim__http_derived(const aim_rfc9421_message *message, const aim__http_component *component,
                             aim_buf *out, aim_error *err);

/* Appends a field's lines joined by a comma (§2.1); *out_n says how many there were. AIM_OK, AIM_E_COMPONENT (a
 * line holds what no field may), AIM_E_LIMIT, AIM_E_NOMEM. */
aim_status aim__http_field(const aim_rfc9421_message *message, aim_str name, int trailer, aim_buf *out,
                           size_t *out_n, aim_error *err);

/* 1 when a line is of the field; name is in lower case. */
int aim__http_is_named(const aim_rfc9421_field *field, aim_str name);

/* "component NAME: WHAT". The name comes from outside. */
aim_status aim__http_component_fail(aim_str name, const char *what, aim_error *err);

/* contentdigest.c: the value of a Content-Digest field against a body. key: one algorithm that must be among them
 * and match, ptr NULL for whatever is known. AIM_OK, AIM_E_DIGEST, AIM_E_HEADER, AIM_E_LIMIT, AIM_E_NOMEM,
 * AIM_E_CALLBACK. */
aim_status aim__contentdigest_check(const aim_ctx *ctx, aim_str value, aim_str key, aim_bytes body,
                                    aim_error *err);

#endif
