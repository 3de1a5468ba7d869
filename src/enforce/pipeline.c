/* enforce/pipeline.c — the pipeline, what it remembers of definitions, and the record of a call. Layer enforce.
 *
 * The parts are the host's and have locks of their own; the only thing that threads share here is what scans came to. */
#include "enforce/pipeline.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/sized.h"
#include "enforce/gateway.h"

#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_pipeline_options, 4 * 4 + 10 * P);
AIM__NO_PADDING(aim_pipeline_input, 2 * 4 + 11 * P);
#undef P

#define LAYER AIM_LAYER_ENFORCE

/* ---- the handle ---- */

static aim_status take_options(const aim_pipeline_options *options, aim_pipeline_options *o, aim_trustmesh_options *mesh,
                               aim_error *err)
{
	aim_status rc = aim__sized_in(o, sizeof *o, options, sizeof *o, "aim_pipeline_options", err);
	if (rc == AIM_OK && o->mesh)
		rc = aim__sized_in(mesh, sizeof *mesh, o->mesh, sizeof *mesh, "aim_trustmesh_options", err);
	if (rc != AIM_OK)
		return rc;
	if (o->flags & ~AIM_PIPELINE_FIRST_USE || o->reserved)
		return aim__fail(err, AIM_E_VERSION, LAYER, "aim_pipeline_options has an unknown flag");
	if (o->proxy && o->authorizer)
		return aim__fail(err, AIM_E_INVALID, LAYER, "proxy and authorizer are given; one authorizes");
	if (o->max_cached == 0)
		o->max_cached = AIM_PIPELINE_DEFAULT_CACHED;
	return AIM_OK;
}

aim_status aim_pipeline_new(aim_ctx *ctx, const aim_pipeline_options *options, aim_pipeline **out, aim_error *err)
{
	aim_pipeline_options o = {.struct_size = sizeof o};
	aim_trustmesh_options mesh = {.struct_size = sizeof mesh};
	if (!ctx || !options || !out)
		return AIM__MISUSE(ctx, "ctx, options and out are required");
	aim_status rc = take_options(options, &o, &mesh, err);
	if (rc != AIM_OK)
		return rc;
	aim_pipeline *p = aim__alloc_zeroed(ctx, sizeof *p);
	if (!p || aim__mutex_init(&p->mutex) != AIM_OK) {
		aim__free(ctx, p, sizeof *p);
		return aim__fail_plain(err, AIM_E_NOMEM, LAYER);
	}
	p->ctx = aim__ctx_ref(ctx);
	p->options = o;
	p->mesh = mesh;
	p->options.mesh = &p->mesh;
	aim__map_init(&p->scans, ctx, 0);
	*out = p;
	return AIM_OK;
}

static void forget_scans(aim_pipeline *p)
{
	size_t cursor = 0;
	for (const aim__map_entry *e; (e = aim__map_next(&p->scans, &cursor)) != NULL;)
		aim__free(p->ctx, (void *)e->value, sizeof(aim__pipeline_scan));
	aim__map_clear(&p->scans);
}

void aim_pipeline_free(aim_pipeline *p)
{
	if (!p)
		return;
	aim_ctx *ctx = p->ctx;
	forget_scans(p);
	aim__map_dispose(&p->scans);
	aim__mutex_dispose(&p->mutex);
	aim__free(ctx, p, sizeof *p);
	aim__ctx_unref(ctx);
}

/* ---- what is remembered of definitions ---- */

int aim__pipeline_recall(aim_pipeline *p, const uint8_t *surface, aim__pipeline_scan *out)
{
	aim__mutex_lock(&p->mutex);
	const uintptr_t *found = aim__map_find(&p->scans, aim_bytes_from(surface, AIM_FINGERPRINT_LEN));
	if (found)
		memcpy(out, (const void *)*found, sizeof *out);
	aim__mutex_unlock(&p->mutex);
	return found != NULL;
}

aim_status aim__pipeline_remember(aim_pipeline *p, const aim__pipeline_scan *scan)
{
	aim__pipeline_scan *copy = aim__alloc_zeroed(p->ctx, sizeof *copy);
	if (!copy)
		return AIM_E_NOMEM;
	memcpy(copy, scan, sizeof *copy);
	aim__mutex_lock(&p->mutex);
	if (p->scans.count >= p->options.max_cached)
		forget_scans(p);
	aim_status rc = aim__map_add(&p->scans, aim_bytes_from(copy->surface, sizeof copy->surface), (uintptr_t)copy);
	aim__mutex_unlock(&p->mutex);
	if (rc != AIM_OK)
		aim__free(p->ctx, copy, sizeof *copy);
	return rc == AIM_E_EXISTS ? AIM_OK : rc; /* another thread was faster, and found the same */
}

/* ---- the record of a call ---- */

static aim_status fill(aim_pipeline_call *call, aim_error *err)
{
	const aim_pipeline_options *o = &call->pipeline->options;
	aim_ctx *ctx = call->pipeline->ctx;
	aim_status rc = aim_decision_new(ctx, &call->decision, err);
	if (rc == AIM_OK)
		rc = aim_decision_new(ctx, &call->authorization, err);
	if (rc == AIM_OK)
		rc = aim_decision_new(ctx, &call->gate, err);
	if (rc == AIM_OK && o->gateway && o->gateway->response)
		rc = aim_gateway_response_new(o->gateway, &call->response, err);
	if (rc != AIM_OK || !o->scanner)
		return rc;
	rc = aim_scan_result_new(o->scanner, &call->scan);
	return rc == AIM_OK ? rc : aim__fail_plain(err, rc, LAYER);
}

aim_status aim_pipeline_call_new(aim_pipeline *pipeline, aim_pipeline_call **out, aim_error *err)
{
	if (!pipeline || !out)
		return AIM__MISUSE(pipeline ? pipeline->ctx : NULL, "pipeline and out are required");
	aim_pipeline_call *call = aim__alloc_zeroed(pipeline->ctx, sizeof *call);
	if (!call)
		return aim__fail_plain(err, AIM_E_NOMEM, LAYER);
	call->pipeline = pipeline;
	aim__json_init(&call->arguments, pipeline->ctx);
	aim__json_init(&call->definition, pipeline->ctx);
	aim__buf_init(&call->answer, pipeline->ctx);
	aim__buf_init(&call->text, pipeline->ctx);
	aim_status rc = fill(call, err);
	if (rc == AIM_OK)
		*out = call;
	else
		aim_pipeline_call_free(call);
	return rc;
}

static void wipe(aim_buf *buf)
{
	if (buf->len)
		aim__wipe(buf->ptr, buf->len);
	aim__buf_truncate(buf, 0);
}

void aim_pipeline_call_free(aim_pipeline_call *call)
{
	if (!call)
		return;
	aim_decision_free(call->decision);
	aim_decision_free(call->authorization);
	aim_decision_free(call->gate);
	aim_response_free(call->response);
	aim_scan_result_free(call->scan);
	aim__json_dispose(&call->arguments);
	aim__json_dispose(&call->definition);
	wipe(&call->answer);
	aim__buf_dispose(&call->answer);
	aim__buf_dispose(&call->text);
	aim__free(call->pipeline->ctx, call, sizeof *call);
}

static void forget(aim_pipeline_call *call)
{
	aim__decision_begin(call->decision);
	aim__decision_begin(call->authorization);
	aim__decision_begin(call->gate);
	wipe(&call->answer);
	aim__buf_truncate(&call->text, 0);
	call->result = aim_bytes_from(NULL, 0);
	call->severity = 0;
	call->ran = 0;
}

/* ---- one run ---- */

/* A text with a length and no pointer would be read by whoever is asked first. */
static int is_whole(const void *ptr, size_t len)
{
	return ptr || len == 0;
}

static int input_is_whole(const aim_pipeline_input *in)
{
	return is_whole(in->arguments.ptr, in->arguments.len) && is_whole(in->definition.ptr, in->definition.len) &&
	       is_whole(in->peer.ptr, in->peer.len) && is_whole(in->action_token.ptr, in->action_token.len);
}

static int request_is_whole(const aim_request *q)
{
	return is_whole(q->agent.ptr, q->agent.len) && is_whole(q->did.ptr, q->did.len) &&
	       is_whole(q->server.ptr, q->server.len) && is_whole(q->tool.ptr, q->tool.len) &&
	       is_whole(q->resource.ptr, q->resource.len) && is_whole(q->action.ptr, q->action.len);
}

static aim_status take_input(const aim_pipeline *p, const aim_pipeline_input *input, aim_pipeline_input *in, aim_error *err)
{
	aim_status rc = aim__sized_in(in, sizeof *in, input, sizeof *in, "aim_pipeline_input", err);
	if (rc != AIM_OK)
		return rc;
	if (in->flags)
		return aim__fail(err, AIM_E_VERSION, LAYER, "aim_pipeline_input has an unknown flag");
	if (!input_is_whole(in))
		return aim__fail(err, AIM_E_INVALID, LAYER, "a text of aim_pipeline_input has a length and no pointer");
	if (!in->request || !in->tool)
		return aim__fail(err, AIM_E_INVALID, LAYER, "request and tool are required");
	if (in->action_token.len && !p->options.actions)
		return aim__fail(err, AIM_E_INVALID, LAYER, "an action's token is given, and the pipeline has no verifier of actions");
	return AIM_OK;
}

/* The arguments that are judged are those that the tool gets, whatever the host's facts say. */
static aim_status take_facts(aim__pipeline_run *run, aim_request *request, aim_error *err)
{
	aim_facts *f = &run->facts;
	*f = (aim_facts){.struct_size = sizeof *f};
	aim_status rc = aim__sized_in(f, sizeof *f, request->facts, sizeof *f, "aim_facts", err);
	f->args = &run->call->arguments;
	f->args_at = AIM_JSON_ROOT;
	request->facts = f;
	return rc;
}

static aim_status take_request(aim__pipeline_run *run, aim_request *out, aim_error *err)
{
	const aim_request *request = run->input->request;
	aim_status rc = aim__request_take(&request, out, err);
	if (rc != AIM_OK)
		return rc;
	if (request != out)
		*out = *request;
	if (!request_is_whole(out))
		return aim__fail(err, AIM_E_INVALID, LAYER, "a text of the request has a length and no pointer");
	if (out->agent.len == 0 || out->tool.len == 0)
		return aim__fail(err, AIM_E_INVALID, LAYER, "agent and tool of the request are required");
	if (run->pipeline->options.trust && out->server.len == 0 && run->input->peer.len == 0)
		return aim__fail(err, AIM_E_INVALID, LAYER, "peer, or the request's server, is required: its trust is to be moved");
	return take_facts(run, out, err);
}

static int is_decided(aim_status rc)
{
	return rc == AIM_OK || rc == AIM_DENIED || rc == AIM_ASK;
}

/* A refusal before the tool ran is recorded here; what ran was recorded before it ran, and is reported after. */
static aim_status run_stages(aim__pipeline_run *run, const aim_request *q, aim_error *err)
{
	aim_pipeline_call *call = run->call;
	aim_status rc = aim__pipeline_judge(run, q, err);
	aim_error *quiet = is_decided(rc) ? err : NULL;
	if (rc == AIM_OK)
		return rc;
	if (call->ran) {
		aim_status reported = run->reported ? AIM_OK : aim__pipeline_report(run, q, NULL);
		if (reported != AIM_OK)
			aim__ctx_log(run->pipeline->ctx, AIM_LOG_ERROR, "what came of a call cannot be recorded: %s",
			             aim_status_text(reported));
		return rc;
	}
	aim_status recorded = aim__pipeline_record_call(run, q, call->decision->effect, quiet);
	if (recorded != AIM_OK && is_decided(rc))
		rc = aim__decision_fault(call->decision, AIM__REASON_AUDIT_FAILED, recorded);
	return rc;
}

aim_status aim_pipeline_run(aim_pipeline_call *call, const aim_pipeline_input *input, aim_error *err)
{
	aim_pipeline_input in = {.struct_size = sizeof in};
	aim_request request = {.struct_size = sizeof request};
	if (!call || !input)
		return AIM__MISUSE(call ? call->pipeline->ctx : NULL, "call and input are required");
	if (call->running)
		return aim__fail(err, AIM_E_STATE, LAYER, "the call is running; its tool needs another for calls of its own");
	forget(call);
	aim__pipeline_run run = {.pipeline = call->pipeline, .call = call, .input = &in};
	aim_status rc = take_input(call->pipeline, input, &in, err);
	if (rc == AIM_OK)
		rc = take_request(&run, &request, err);
	if (rc != AIM_OK)
		return aim__decision_fault(call->decision, AIM__REASON_INVALID_REQUEST, rc);
	call->running = 1;
	rc = run_stages(&run, &request, err);
	call->running = 0;
	if (rc != AIM_OK)
		call->result = aim_bytes_from(NULL, 0);
	return rc;
}

/* ---- reading the record ---- */

aim_decision *aim_pipeline_call_decision(aim_pipeline_call *call)
{
	return call ? call->decision : NULL;
}

aim_decision *aim_pipeline_call_authorization(aim_pipeline_call *call)
{
	return call ? call->authorization : NULL;
}

aim_bytes aim_pipeline_call_result(const aim_pipeline_call *call)
{
	return call && !call->running ? call->result : aim_bytes_from(NULL, 0);
}

int32_t aim_pipeline_call_ran(const aim_pipeline_call *call)
{
	return call ? call->ran : 0;
}

uint32_t aim_pipeline_call_severity(const aim_pipeline_call *call)
{
	return call ? call->severity : 0;
}

aim_str aim_pipeline_client_text(aim_pipeline_call *call)
{
	aim_str text = {NULL, 0};
	if (!call)
		return text;
	aim_str sentence = aim__decision_sentence(call->decision), code = aim_decision_reason_code(call->decision);
	aim_str id = aim_decision_id(call->decision);
	text.ptr = call->client;
	text.len = aim__format(call->client, sizeof call->client, "%.*s (%.*s, decision %.*s)", AIM__STR(sentence),
	                       AIM__STR(code), AIM__STR(id));
	return text;
}
