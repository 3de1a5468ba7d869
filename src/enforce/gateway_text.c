/* enforce/gateway_text.c — the stage that looks into arguments: every string, name and number, once, with the shared
 * sanitiser and the patterns that a host blocks. Layer enforce. */
#include "enforce/gateway.h"

#include "assess/sanitise.h"
#include "base/format.h"

#include <string.h>

/* A pattern whose outcome is unknown counts as found. */
static int is_found(const aim_pattern_scratch *scratch, size_t i)
{
	return aim_patterns_outcome_at(scratch, i) != AIM_PATTERNS_NO_MATCH;
}

/* "Parameters matched blocked pattern(s): ['a', 'b']", cut where the decision's text ends. */
static aim_status refuse_patterns(aim__call *call, aim__gateway_run *run)
{
	const aim_gateway_options *o = &run->gateway->options;
	char list[AIM__DECISION_TEXT_SIZE] = "";
	size_t len = 0;
	for (size_t i = 0; i < o->n_blocked; i++) {
		if (!is_found(run->scratch->patterns, i))
			continue;
		run->n_threats++;
		len += aim__format(list + len, sizeof list - len, "%s'%.*s'", len ? ", " : "", AIM__STR(o->blocked[i].text));
	}
	aim__decision_explain(call->decision, AIM__REASON_PARAMETERS_BLOCKED, "Parameters matched blocked pattern(s): [%s]",
	                      list);
	return AIM_DENIED;
}

static aim_status match(aim__call *call, aim__gateway_run *run, aim_str text)
{
	uint32_t outcome = AIM_PATTERNS_UNKNOWN;
	aim_status rc = aim_patterns_match(run->gateway->patterns, run->scratch->patterns, text, 0, &outcome, call->err);
	if (rc != AIM_OK)
		return rc;
	return outcome == AIM_PATTERNS_NO_MATCH ? AIM_OK : refuse_patterns(call, run);
}

/* Text that is not ASCII is looked at a second time, as what it looks like. */
static aim_status match_text(aim__call *call, aim__gateway_run *run, aim_str text)
{
	size_t len = 0, room = text.len * 4 + AIM__SKELETON_MAX;
	aim_buf *skeleton = &run->scratch->skeleton;
	aim_status rc = match(call, run, text);
	if (rc != AIM_OK || aim__is_ascii(text))
		return rc;
	aim_buf_clear(skeleton);
	rc = aim__buf_reserve(skeleton, room);
	if (rc == AIM_OK)
		rc = aim__skeleton(text, AIM__SKELETON_TEXT, (char *)skeleton->ptr, room, &len);
	aim_str looks = {(const char *)skeleton->ptr, len};
	return rc == AIM_OK ? match(call, run, looks) : rc;
}

/* Strings, names and numbers stand in the array of nodes one behind the other, whatever their depth. */
static aim_status blocked(aim__call *call, aim__gateway_run *run)
{
	const aim_json *doc = run->doc;
	uint32_t end = aim__json_skip(doc, run->value);
	for (uint32_t i = run->value; i < end; i++) {
		const aim__json_node *node = &doc->nodes[i];
		uint32_t type = node->info & AIM__JSON_TYPE;
		if (type != AIM_JSON_STRING && type != AIM_JSON_NUMBER && !(node->info & AIM__JSON_KEY))
			continue;
		aim_str text = aim__json_node_text(doc, node);
		aim_status rc = text.len ? match_text(call, run, text) : AIM_OK;
		if (rc != AIM_OK)
			return rc;
	}
	return AIM_OK;
}

/* ---- what is built in ---- */

static int first_hit(void *user, const aim__sanitise_hit *hit)
{
	*(const char **)user = hit->what.name;
	return 1;
}

static aim_status built_in(aim__call *call, aim__gateway_run *run)
{
	const char *name = NULL;
	aim_status rc = aim__sanitise_scan(run->doc, run->value, AIM__SANITISE_GATEWAY, first_hit, &name);
	if (rc == AIM_OK && !name)
		return AIM_OK;
	if (rc != AIM_OK && rc != AIM_E_LIMIT)
		return rc;
	run->n_threats++;
	aim__decision_explain(call->decision, AIM__REASON_PARAMETERS_DANGEROUS, "Parameters matched dangerous pattern: %s",
	                      name ? name : "too long to be looked at");
	return AIM_DENIED;
}

aim_status aim__gateway_parameters(aim__call *call)
{
	aim__gateway_run *run = call->state;
	aim_status rc = AIM_OK;
	if (!run->doc)
		return AIM_OK;
	run->is_scanned = 1;
	if (run->gateway->patterns)
		rc = blocked(call, run);
	if (rc == AIM_OK && !(run->gateway->options.flags & AIM_GATEWAY_NO_SANITISATION))
		rc = built_in(call, run);
	return rc;
}
