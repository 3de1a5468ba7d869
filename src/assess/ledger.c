/* assess/ledger.c — the handle of a ledger, and what it knows of trust. Layer assess. */
#include "assess/ledger.h"

#include "assess/trust_store.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sized.h"

AIM__NO_PADDING(aim_ledger_options, 8 + 2 * sizeof(void *) + 8 + 8);
AIM__NO_PADDING(aim_ledger_receipt, 4 * 4 + 8 + 2 * AIM_LEDGER_ID_SIZE);
AIM__NO_PADDING(aim_ledger_entry, 8 + 9 * sizeof(aim_str) + 4 * 8);
AIM__NO_PADDING(aim_ledger_trust, 16);
AIM__NO_PADDING(aim_ledger_interop, 8 + 5 * sizeof(aim_str) + sizeof(void *));

#define NO_FLOOR INT64_C(-1)
#define SECOND_US INT64_C(1000000)

static aim_status check_options(const aim_ledger_options *o, aim_error *err)
{
	if (o->flags & ~(AIM_LEDGER_AUTO_VERIFY | AIM_LEDGER_ROBUST) || o->reserved)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_ASSESS, "aim_ledger_options has an unknown flag");
	if (o->trust_floor_micro < NO_FLOOR || o->trust_floor_micro > AIM_TRUSTSCORE_ONE)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ASSESS,
		                 "aim_ledger_options.trust_floor_micro is not between 0 and 1 000 000, nor -1");
	if (o->keep_days > AIM_LEDGER_MAX_KEEP_DAYS)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ASSESS, "aim_ledger_options.keep_days is over %u",
		                 AIM_LEDGER_MAX_KEEP_DAYS);
	return AIM_OK;
}

static aim_status take_options(aim_ledger_options *o, const aim_ledger_options *options, aim_error *err)
{
	aim_status rc = aim__sized_in(o, sizeof *o, options, sizeof *o, "aim_ledger_options", err);
	if (rc == AIM_OK)
		rc = check_options(o, err);
	if (rc == AIM_OK && o->trust_floor_micro == 0)
		o->trust_floor_micro = AIM_LEDGER_TRUST_FLOOR_MICRO;
	if (rc == AIM_OK && o->keep_days == 0)
		o->keep_days = AIM_LEDGER_KEEP_DAYS;
	return rc;
}

aim_status aim_ledger_open(aim_registry *registry, const aim_ledger_options *options, aim_ledger **out, aim_error *err)
{
	aim_ledger_options o = {.struct_size = sizeof o};
	if (!registry || !out)
		return AIM__MISUSE(registry ? registry->ctx : NULL, "registry and out are required");
	aim_status rc = take_options(&o, options, err);
	if (rc != AIM_OK)
		return rc;
	aim_ledger *ledger = aim__alloc_zeroed(registry->ctx, sizeof *ledger);
	if (!ledger)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	ledger->registry = aim__registry_ref(registry);
	ledger->options = o;
	*out = ledger;
	return AIM_OK;
}

void aim_ledger_free(aim_ledger *ledger)
{
	if (!ledger)
		return;
	aim_registry *registry = ledger->registry;
	aim__free(registry->ctx, ledger, sizeof *ledger);
	aim__registry_unref(registry);
}

int64_t aim__ledger_kept_until_us(const aim_ledger *ledger, int64_t expires_at_s)
{
	return expires_at_s * SECOND_US + (int64_t)ledger->options.keep_days * AIM__DAY_US;
}

/* ---- trust ---- */

static aim_status trust_of_host(const aim_ledger_options *o, aim_str agent, int64_t at_us, aim_ledger_trust *out,
                                aim_error *err)
{
	if (o->trust_of(o->user, agent, at_us, out) != AIM_OK)
		return aim__fail(err, AIM_E_CALLBACK, AIM_LAYER_ASSESS, "trust_of failed");
	if (out->micro < 0 || out->micro > AIM_TRUSTSCORE_ONE || out->provisional > 1)
		return aim__fail(err, AIM_E_CALLBACK, AIM_LAYER_ASSESS, "trust_of gave no score between 0 and 1 000 000");
	return AIM_OK;
}

/* The evidence of now, scored at the time that is asked for. */
static aim_status trust_of_registry(aim_registry *registry, aim_str agent, int64_t at_us, aim_ledger_trust *out,
                                    aim_error *err)
{
	aim_str nobody = {NULL, 0};
	aim__trust_work *w = aim__trust_work_new(registry);
	if (!w)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	aim_status rc = aim__trust_load(w, agent, nobody, err);
	if (rc == AIM_OK) {
		aim__trust_compute(aim_trustscore_profile_named(aim_str_from("aim-8")), &w->evidence, at_us, &w->before);
		out->micro = w->before.sum.score_micro;
		out->provisional = (w->before.sum.flags & AIM_TRUSTSCORE_PROVISIONAL) != 0;
	}
	aim__trust_work_free(w);
	return rc;
}

aim_status aim__ledger_trust(const aim_ledger *ledger, aim_str agent, int64_t at_us, aim_ledger_trust *out,
                             aim_error *err)
{
	aim_ledger_trust trust = {.provisional = 1};
	aim_status rc = ledger->options.trust_of ? trust_of_host(&ledger->options, agent, at_us, &trust, err)
	                                         : trust_of_registry(ledger->registry, agent, at_us, &trust, err);
	if (rc == AIM_OK)
		*out = trust;
	return rc;
}
