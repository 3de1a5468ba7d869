/* enforce/gateway_wrap.c — a gateway's options: checked, and written down. Layer enforce. */
#include "enforce/gateway.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/sized.h"
#include "codec/writer.h"
#include "enforce/pattern.h"

#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_gateway_options, 6 * 4 + 18 * P);
AIM__NO_PADDING(aim_gateway_call, 2 * 4 + 4 * P + 2 * 4 + 2 * P);
AIM__NO_PADDING(aim_gateway_event, 6 * 4 + 6 * P);
AIM__NO_PADDING(aim_gateway_counts, 2 * 4 + 7 * 8);
#undef P

#define LAYER AIM_LAYER_ENFORCE

static aim_status check_names(const char *what, const aim_str *names, size_t n, aim_error *err)
{
	if (n > AIM_GATEWAY_MAX_NAMES)
		return aim__fail(err, AIM_E_LIMIT, LAYER, "more than %u %s tools", AIM_GATEWAY_MAX_NAMES, what);
	if (n && !names)
		return aim__fail(err, AIM_E_INVALID, LAYER, "the list of %s tools is NULL and its length is not 0", what);
	for (size_t i = 0; i < n; i++)
		if (!names[i].ptr || names[i].len == 0 || names[i].len >= AIM__SKELETON_MAX / 8)
			return aim__fail(err, AIM_E_INVALID, LAYER, "tool %zu of the %s ones has no name, or one of %u bytes or more", i,
			                 what, AIM__SKELETON_MAX / 8);
	return AIM_OK;
}

aim_status aim__gateway_take(const aim_gateway_options *options, aim_gateway_options *o, aim_error *err)
{
	aim_status rc = aim__sized_in(o, sizeof *o, options, sizeof *o, "aim_gateway_options", err);
	if (rc != AIM_OK)
		return rc;
	if (o->flags & ~(AIM_GATEWAY_BUDGET | AIM_GATEWAY_NO_SANITISATION) || o->reserved)
		return aim__fail(err, AIM_E_VERSION, LAYER, "aim_gateway_options has an unknown flag");
	if (o->name.len == 0)
		o->name = aim_str_from("default");
	if (o->n_blocked && !o->blocked)
		return aim__fail(err, AIM_E_INVALID, LAYER, "blocked is NULL and n_blocked is not 0");
	if (o->name.len > AIM__FACT_MAX)
		return aim__fail(err, AIM_E_LIMIT, LAYER, "name has more than %u bytes", AIM__FACT_MAX);
	if (!(o->flags & AIM_GATEWAY_BUDGET) && o->max_calls == 0)
		o->max_calls = AIM_LIMIT_DEFAULT_CALLS;
	rc = check_names("allowed", o->allowed, o->n_allowed, err);
	if (rc == AIM_OK)
		rc = check_names("denied", o->denied, o->n_denied, err);
	return rc == AIM_OK ? check_names("sensitive", o->sensitive, o->n_sensitive, err) : rc;
}

static void write_names(aim__json_writer *w, const char *name, const aim_str *names, size_t n)
{
	aim__write_key(w, name);
	aim__write_begin_array(w);
	for (size_t i = 0; i < n; i++)
		aim__write_string(w, names[i]);
	aim__write_end_array(w);
}

/* Of the rules alone, what a configuration does not say. */
static void write_rest(aim__json_writer *w, const aim_gateway_options *o)
{
	aim__write_key(w, "blocked");
	aim__write_begin_array(w);
	for (size_t i = 0; i < o->n_blocked; i++) {
		aim__write_int64(w, o->blocked[i].kind);
		aim__write_string(w, o->blocked[i].text);
	}
	aim__write_end_array(w);
}

static void write_response(aim__json_writer *w, const aim_response_options *o)
{
	aim__write_key(w, "response");
	aim__write_begin_object(w);
	aim__write_member_int64(w, "flags", o->flags);
	aim__write_member_int64(w, "min_severity", o->min_severity);
	aim__write_member_text(w, "policy", aim_response_action_name(o->policy));
	aim__write_end_object(w);
}

aim_status aim__gateway_rules(aim_ctx *ctx, const aim_gateway_options *o, const aim_json *config, aim_buf *out,
                              aim_error *err)
{
	aim__json_writer w;
	size_t before = out->len;
	(void)ctx;
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	write_names(&w, "allowed_tools", o->allowed, o->n_allowed);
	if (!config)
		write_rest(&w, o);
	aim__write_member_bool(&w, "builtin_sanitization", config || !(o->flags & AIM_GATEWAY_NO_SANITISATION));
	write_names(&w, "denied_tools", o->denied, o->n_denied);
	aim__write_member_string(&w, "policy_name", o->name);
	aim__write_member_int64(&w, "rate_limit", o->max_calls);
	if (!config && o->scanner)
		write_response(&w, o->response);
	write_names(&w, "sensitive_tools", o->sensitive, o->n_sensitive);
	if (config) {
		aim__write_key(&w, "server_config");
		aim__write_canonical(&w, config, AIM_JSON_ROOT, AIM_JSON_JCS_EXACT_TEXT);
	} else {
		aim__write_member_int64(&w, "window_s", o->flags & AIM_GATEWAY_BUDGET ? 0 : o->window_s);
	}
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	if (rc == AIM_OK)
		return AIM_OK;
	aim__buf_truncate(out, before);
	return aim__fail_plain(err, rc, LAYER);
}

aim_status aim_gateway_wrap(aim_ctx *ctx, aim_bytes server_config, const aim_gateway_options *options, aim_buf *out,
                            aim_error *err)
{
	aim_json doc;
	aim_gateway_options o = {.struct_size = sizeof o};
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_status rc = aim__gateway_take(options, &o, err);
	if (rc != AIM_OK)
		return rc;
	aim__json_init(&doc, ctx);
	rc = aim_json_parse(&doc, server_config, AIM_JSON_BORROW, err);
	if (rc == AIM_OK && aim_json_type(&doc, AIM_JSON_ROOT) != AIM_JSON_OBJECT)
		rc = aim__fail(err, AIM_E_JSON_TYPE, LAYER, "the configuration of a server is a JSON object");
	if (rc == AIM_OK)
		rc = aim__gateway_rules(ctx, &o, &doc, out, err);
	aim__json_dispose(&doc);
	return rc;
}
