/* assess/confidence.c — the handle of a confidence, its verdict, and how it is shown. Layer assess. */
#include "assess/confidence.h"

#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/sized.h"

AIM__NO_PADDING(aim_confidence_query, 16);
AIM__NO_PADDING(aim_confidence_summary, 6 * 4 + 10 * 8);
AIM__NO_PADDING(aim_confidence_entry, 8 * 4 + 4 * 8 + 3 * sizeof(aim_str) + 2 * 32);

#define MICRO 1000000

static aim_status take_query(const aim_ctx *ctx, aim_confidence_query *q, const aim_confidence_query *query,
                             int *out_past, aim_error *err)
{
	int64_t now_us = 0;
	aim_status rc = aim__sized_in(q, sizeof *q, query, sizeof *q, "aim_confidence_query", err);
	if (rc != AIM_OK)
		return rc;
	if (q->flags & ~AIM_CONFIDENCE_ROBUST)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_ASSESS, "aim_confidence_query.flags has an unknown flag");
	if (q->as_of_us < 0)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ASSESS, "aim_confidence_query.as_of_us is negative");
	if ((rc = aim_ctx_now_us(ctx, &now_us)) != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	if (q->as_of_us == 0)
		q->as_of_us = now_us;
	*out_past = q->as_of_us < now_us;
	return AIM_OK;
}

static aim_confidence *confidence_new(aim_ctx *ctx, const aim_confidence_query *q)
{
	aim_confidence *c = aim__alloc_zeroed(ctx, sizeof *c);
	if (!c)
		return NULL;
	c->ctx = aim__ctx_ref(ctx);
	aim__arena_init(&c->arena, ctx, 1024, 0);
	c->summary.struct_size = sizeof c->summary;
	c->summary.flags = q->flags;
	c->summary.as_of_us = q->as_of_us;
	return c;
}

static aim_status fill(aim__confidence_work *w, aim_str server, aim_error *err)
{
	aim_status rc = aim_server_find(w->ledger->registry, server, &w->server, err);
	if (rc != AIM_OK)
		return rc;
	w->server_id = aim_server_id(w->server);
	w->c->summary.server_status = aim_server_status(w->server);
	rc = aim__confidence_gather(w, err);
	if (rc == AIM_OK)
		rc = aim__confidence_score(w, err);
	aim_server_free(w->server);
	return rc;
}

aim_status aim_confidence_compute(aim_ledger *ledger, aim_str server, const aim_confidence_query *query,
                                  aim_confidence **out, aim_error *err)
{
	aim_confidence_query q = {.struct_size = sizeof q};
	aim__confidence_work w = {.ledger = ledger};
	if (!ledger || !out)
		return AIM__MISUSE(ledger ? ledger->registry->ctx : NULL, "ledger and out are required");
	aim_status rc = take_query(ledger->registry->ctx, &q, query, &w.past, err);
	if (rc != AIM_OK)
		return rc;
	w.c = confidence_new(ledger->registry->ctx, &q);
	if (!w.c)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	rc = fill(&w, server, err);
	if (rc == AIM_OK)
		*out = w.c;
	else
		aim_confidence_free(w.c);
	return rc;
}

void aim_confidence_free(aim_confidence *confidence)
{
	if (!confidence)
		return;
	aim_ctx *ctx = confidence->ctx;
	aim__arena_dispose(&confidence->arena);
	aim__free(ctx, confidence->entries, confidence->cap * sizeof *confidence->entries);
	aim__free(ctx, confidence, sizeof *confidence);
	aim__ctx_unref(ctx);
}

aim_status aim_confidence_read(const aim_confidence *confidence, aim_confidence_summary *out)
{
	if (!confidence || !out)
		return AIM__MISUSE(confidence ? confidence->ctx : NULL, "confidence and out are required");
	return aim__sized_out(out, &confidence->summary, sizeof *out, sizeof *out);
}

size_t aim_confidence_entry_count(const aim_confidence *confidence)
{
	return confidence ? confidence->n : 0;
}

const aim_confidence_entry *aim_confidence_entry_at(const aim_confidence *confidence, size_t index)
{
	return confidence && index < confidence->n ? &confidence->entries[index] : NULL;
}

uint32_t aim_confidence_verdict(const aim_confidence *confidence, uint64_t n_open_drift, uint64_t n_failed_checks)
{
	if (!confidence)
		return AIM_CONFIDENCE_FAIL;
	const aim_confidence_summary *s = &confidence->summary;
	if (s->server_status == AIM_REGISTRY_REVOKED || s->n_bad || n_failed_checks)
		return AIM_CONFIDENCE_FAIL;
	if (s->confidence < AIM_CONFIDENCE_PASSING || s->n_counted == 0 || n_open_drift ||
	    s->server_status == AIM_REGISTRY_SUSPENDED)
		return AIM_CONFIDENCE_WARN;
	return AIM_CONFIDENCE_PASS;
}

/* ---- for people ---- */

const char *aim_confidence_verdict_name(uint32_t verdict)
{
	static const char *const names[] = {"unknown", "PASS", "WARN", "FAIL"};
	return names[verdict < sizeof names / sizeof *names ? verdict : 0];
}

const char *aim_confidence_reason_name(uint32_t left_out)
{
	static const char *const names[] = {"counts", "signature", "revoked", "early", "expired", "key",
	                                    "agent", "server_key", "disconnected", "manifest", "owner", "server_owner"};
	return left_out < sizeof names / sizeof *names ? names[left_out] : "unknown";
}

static int is_confidence(int64_t confidence)
{
	return confidence >= 0 && confidence <= AIM_CONFIDENCE_FULL;
}

aim_status aim_confidence_text(int64_t confidence, char out[AIM_CONFIDENCE_TEXT_SIZE])
{
	if (!out || !is_confidence(confidence))
		return AIM_E_INVALID;
	int hundredths = (int)((confidence + MICRO / 200) / (MICRO / 100));
	aim__format(out, AIM_CONFIDENCE_TEXT_SIZE, "%d.%d%d%%", hundredths / 100, hundredths / 10 % 10, hundredths % 10);
	return AIM_OK;
}

aim_status aim_confidence_change_text(int64_t before, int64_t after, char out[AIM_CONFIDENCE_TEXT_SIZE])
{
	if (!out || !is_confidence(before) || !is_confidence(after))
		return AIM_E_INVALID;
	int from = (int)((before + MICRO / 2) / MICRO), to = (int)((after + MICRO / 2) / MICRO);
	aim__format(out, AIM_CONFIDENCE_TEXT_SIZE, "%d%% -> %d%% (%s%d)", from, to, to >= from ? "+" : "", to - from);
	return AIM_OK;
}
