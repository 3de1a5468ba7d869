/* enforce/gateway.h — inside a gateway: its lists, and what one thread needs for one call. */
#ifndef AIM_ENFORCE_GATEWAY_H
#define AIM_ENFORCE_GATEWAY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/os.h"
#include "codec/json.h"
#include "enforce/decision.h"

#include <aim/gateway.h>

#include <stdatomic.h>

#define AIM__SKELETON_MAX 4096u

/* What one call needs and the next takes over. Confined while it is taken. */
typedef struct aim__gateway_scratch {
	struct aim__gateway_scratch *next;
	aim_pattern_scratch *patterns; /* NULL: there are none */
	aim_buf skeleton;
	aim_json arguments;
} aim__gateway_scratch;

struct aim_gateway {
	aim_ctx *ctx;                /* referenced */
	aim_gateway_options options; /* texts and lists in arena */
	aim__arena arena;
	aim__map allowed;            /* names as they are */
	aim__map denied, sensitive;  /* what names look like */
	aim_pattern_set *patterns;   /* NULL: none is blocked */
	aim_limit *limit;
	aim_response *response;      /* holds the scanner and the policy of answers, never an answer; NULL: there is none */
	char policy_hash[65];
	aim__mutex mutex;            /* guards idle */
	aim__gateway_scratch *idle;
	atomic_uint_fast64_t n_total, n_allowed, n_denied, n_asked, n_threats, n_answers, n_withheld;
};

/* One call. */
typedef struct aim__gateway_run {
	aim_gateway *gateway;
	const aim_gateway_call *call;
	aim__gateway_scratch *scratch;
	const aim_json *doc; /* NULL: no arguments */
	aim_json_value value;
	uint32_t n_threats;
	uint32_t is_scanned, is_rate_limited;
	int64_t now_us;
	aim_limit_ticket ticket;
} aim__gateway_run;

/* gateway_name.c: what text looks like, folded, without what cannot be seen; of a name, without spaces too. The bytes
 * written. AIM_OK, AIM_E_LIMIT when it does not fit. */
#define AIM__SKELETON_NAME 0u
#define AIM__SKELETON_TEXT 1u
aim_status aim__skeleton(aim_str text, uint32_t kind, char *dst, size_t cap, size_t *out_len);
/* 1 when text has no byte above 0x7E. */
int aim__is_ascii(aim_str text);

/* gateway_text.c: the stage of arguments. */
aim_status aim__gateway_parameters(aim__call *call);

/* gateway.c: agent and tool are given, and no longer than names may be. AIM_OK, AIM_E_INVALID, AIM_E_LIMIT. */
aim_status aim__gateway_check(const aim_gateway *gateway, const aim_request *request, aim_error *err);

/* gateway_wrap.c: the rules as a canonical object, with a server's configuration (doc; NULL: none). */
aim_status aim__gateway_rules(aim_ctx *ctx, const aim_gateway_options *options, const aim_json *config, aim_buf *out,
                              aim_error *err);
/* Options over defaults, checked. AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_LIMIT. */
aim_status aim__gateway_take(const aim_gateway_options *options, aim_gateway_options *out, aim_error *err);

#endif
