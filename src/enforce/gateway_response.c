/* enforce/gateway_response.c — the gateway on the way back: what a tool answered. Layer enforce.
 *
 * The policy of answers is the gateway's; the memory to work in is its caller's, one for each thread, so that what was
 * found can be read after the call. */
#include "enforce/gateway.h"

#include "assess/response.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/sized.h"
#include "codec/writer.h"

#include <string.h>

#define LAYER AIM_LAYER_ENFORCE

aim_status aim_gateway_response_new(aim_gateway *gateway, aim_response **out, aim_error *err)
{
	if (!gateway || !out)
		return AIM__MISUSE(gateway ? gateway->ctx : NULL, "gateway and out are required");
	if (!gateway->response)
		return aim__fail(err, AIM_E_UNSUPPORTED, LAYER, "this gateway was made without a scanner for answers");
	return aim_response_new(gateway->response->scan->scanner, &gateway->response->options, out, err);
}

static int is_of(const aim_gateway *g, const aim_response *r)
{
	return g->response && r->scan->scanner == g->response->scan->scanner &&
	       memcmp(&r->options, &g->response->options, sizeof r->options) == 0;
}

/* ---- one answer ---- */

static aim_status record(const aim_gateway *g, const aim_request *q, const aim_response *response,
                         const aim_response_verdict *v, aim_error *err)
{
	aim_buf data;
	aim__json_writer w;
	aim__buf_init(&data, g->ctx);
	aim__write_init(&w, &data);
	aim__write_begin_object(&w);
	aim__response_describe(&w, response, v);
	aim__write_end_object(&w);
	aim_audit_record r = {.struct_size = sizeof r, .trust_micro = q->trust_micro};
	r.kind = aim_str_from("response_scan");
	r.agent = q->agent;
	r.did = q->did;
	r.subject = q->server;
	r.action = q->tool;
	r.decision = aim_str_from(aim_decision_effect_name(v->allowed ? AIM_DECISION_ALLOW : AIM_DECISION_DENY));
	r.reason_code = aim_str_from(aim_response_action_name(v->action));
	r.reason = v->reason;
	r.policy_hash = aim_gateway_policy_hash(g);
	aim_status rc = aim__write_finish(&w);
	if (rc == AIM_OK) {
		r.data = aim_buf_str(&data);
		rc = aim_audit_append(g->options.audit, &r, NULL, err);
	} else {
		aim__fail_plain(err, rc, LAYER);
	}
	aim__buf_dispose(&data);
	return rc;
}

static void report(aim_gateway *g, const aim_request *q, const aim_response_verdict *v)
{
	atomic_fetch_add_explicit(&g->n_answers, 1, memory_order_relaxed);
	if (!v->allowed)
		atomic_fetch_add_explicit(&g->n_withheld, 1, memory_order_relaxed);
	if (!g->options.metrics)
		return;
	aim_gateway_event e = {.struct_size = sizeof e, .is_scanned = 1, .is_answer = 1};
	e.effect = v->allowed ? AIM_DECISION_ALLOW : AIM_DECISION_DENY;
	e.n_threats = v->threats;
	e.agent = q->agent;
	e.tool = q->tool;
	e.reason_code = aim_str_from(aim_response_action_name(v->action));
	g->options.metrics(g->options.user, &e);
}

/* A scan that fails is recorded as block, and reported as the failure that it is. */
static aim_status judge(aim_gateway *g, const aim_request *q, aim_bytes content, aim_response *response,
                        aim_response_verdict *v, aim_error *err)
{
	aim_status rc = aim_response_scan(response, content, err);
	aim_status judged = aim_response_judge(response, v);
	if (judged != AIM_OK)
		return judged;
	if (g->options.audit) {
		int decided = rc == AIM_OK || rc == AIM_DENIED;
		aim_status recorded = record(g, q, response, v, decided ? err : NULL);
		if (recorded != AIM_OK && decided) {
			aim__response_forget(response);
			(void)aim_response_judge(response, v);
			rc = recorded;
		}
	}
	report(g, q, v);
	return rc;
}

static aim_status blocked(aim_response_verdict *out)
{
	aim_response_verdict v = {.struct_size = sizeof v, .action = AIM_RESPONSE_BLOCK};
	v.reason = aim_str_from("The response was not scanned");
	return aim__sized_out(out, &v, sizeof v, sizeof v);
}

aim_status aim_gateway_intercept_response(aim_gateway *gateway, const aim_request *request, aim_bytes content,
                                          aim_response *response, aim_response_verdict *out, aim_error *err)
{
	aim_request copy = {.struct_size = sizeof copy};
	aim_response_verdict v = {.struct_size = sizeof v};
	if (!out || blocked(out) != AIM_OK || !gateway || !request || !response)
		return AIM__MISUSE(gateway ? gateway->ctx : NULL, "gateway, request, response and out are required");
	if (!is_of(gateway, response))
		return aim__fail(err, AIM_E_INVALID, LAYER, "the response was not made by aim_gateway_response_new() of this gateway");
	aim__response_forget(response);
	aim_status rc = aim__request_take(&request, &copy, err);
	if (rc == AIM_OK)
		rc = aim__gateway_check(gateway, request, err);
	if (rc != AIM_OK)
		return rc;
	rc = judge(gateway, request, content, response, &v, err);
	(void)aim__sized_out(out, &v, sizeof v, sizeof v);
	return rc;
}
