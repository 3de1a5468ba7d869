/* assess/finding.c — keeping findings, and the handles of the scanner. Layer assess. */
#include "assess/scan.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sized.h"

#include <string.h>

AIM__NO_PADDING(aim_scan_finding, 16 + 9 * sizeof(aim_str) + 16);
AIM__NO_PADDING(aim_scan_summary, 8 * 4);

#define EXCERPT 200u
#define FIRST_FINDINGS 16u
#define TEXTS_LIMIT (4u << 20)

static const char *const threats[] = {"unknown",         "tool_poisoning",     "rug_pull",
                                      "cross_server_attack", "confused_deputy", "hidden_instruction",
                                      "description_injection"};
static const char *const severities[] = {"unknown", "info", "warning", "critical"};

const char *aim_scan_threat_name(uint32_t threat)
{
	return threats[threat < sizeof threats / sizeof *threats ? threat : 0];
}

const char *aim_scan_severity_name(uint32_t severity)
{
	return severities[severity < sizeof severities / sizeof *severities ? severity : 0];
}

const char *aim_scan_rule_at(size_t index, uint32_t *out_threat, const char **out_message)
{
	if (index >= aim__n_rules)
		return NULL;
	if (out_threat)
		*out_threat = aim__rules[index].type;
	if (out_message)
		*out_message = aim__rules[index].message;
	return aim__rules[index].id;
}

/* ---- keeping ---- */

/* Not inside a character. */
static uint32_t boundary(const uint8_t *p, uint32_t at)
{
	while (at > 0 && (p[at] & 0xC0) == 0x80)
		at--;
	return at;
}

static aim_str keep(aim_scan_result *r, const uint8_t *p, uint32_t start, uint32_t end)
{
	aim_str text = {(const char *)p + start, end - start};
	aim_str copy = aim__arena_copy(&r->texts, text);
	if (!copy.ptr)
		r->failed = AIM_E_NOMEM;
	return copy;
}

static aim_str keep_str(aim_scan_result *r, aim_str text)
{
	aim_str none = {"", 0};
	return text.len ? keep(r, (const uint8_t *)text.ptr, 0, (uint32_t)text.len) : none;
}

static aim_str excerpt(aim_scan_result *r, const aim__scan_view *view, uint32_t start, uint32_t end)
{
	if (end - start > EXCERPT)
		end = boundary(view->ptr, start + EXCERPT);
	return keep(r, view->ptr, start, end);
}

int aim__finding_pointer(aim_scan_result *r, const aim__scan_place *place, aim_str *out)
{
	if (!place->doc)
		return 0;
	aim_buf_clear(&r->pointer);
	aim_status rc = aim_json_pointer(place->doc, place->value, &r->pointer);
	if (rc != AIM_OK) {
		r->failed = rc;
		return 0;
	}
	/* Seen from the definition: what leads to the definition itself is cut. */
	aim_str text = aim_buf_str(&r->pointer);
	size_t cut = r->pointer_base < text.len ? r->pointer_base : text.len;
	*out = (aim_str){text.ptr + cut, text.len - cut};
	return 1;
}

static aim_str pointer_of(aim_scan_result *r, const aim__scan_place *place)
{
	aim_str pointer = {"", 0};
	(void)aim__finding_pointer(r, place, &pointer);
	return keep_str(r, pointer);
}

static void fill_text(aim_scan_result *r, aim_scan_finding *f, const aim__found *found)
{
	const aim__scan_view *v = found->view;
	aim_str none = {"", 0};
	f->matched = f->decoded = f->view = none;
	if (!v)
		return;
	f->start = v->map ? v->map[found->start] : found->start;
	f->end = v->map ? v->map[found->end] : found->end;
	if (f->end < f->start) { /* reversed text */
		uint64_t start = f->end;
		f->end = f->start + 1;
		f->start = start;
	}
	f->matched = excerpt(r, v, found->start, found->end);
	if (!v->name_len)
		return;
	uint32_t from = found->start > EXCERPT / 4 ? boundary(v->ptr, found->start - EXCERPT / 4) : 0;
	f->decoded = excerpt(r, v, from, v->len);
	f->view = keep(r, (const uint8_t *)v->name, 0, v->name_len);
}

static aim_scan_finding *next_finding(aim_scan_result *r)
{
	if (r->n_findings == r->cap_findings) {
		void *items = r->findings;
		aim_status rc = aim__grow(r->ctx, &items, &r->cap_findings, r->n_findings + 1, sizeof *r->findings,
		                          FIRST_FINDINGS, 0);
		if (rc != AIM_OK) {
			r->failed = rc;
			return NULL;
		}
		r->findings = items;
	}
	return &r->findings[r->n_findings];
}

static int is_known(const aim_scan_result *r, const aim_scan_finding *f)
{
	for (size_t i = r->first_of_tool; i < r->n_findings; i++) {
		const aim_scan_finding *k = &r->findings[i];
		if (k->start == f->start && k->end == f->end && aim_str_equal(k->rule, f->rule) &&
		    aim_str_equal(k->pointer, f->pointer))
			return 1;
	}
	return 0;
}

void aim__finding_add(aim_scan_result *r, const aim__found *found)
{
	const aim__rule *rule = &aim__rules[found->rule];
	if (found->severity > r->worst)
		r->worst = found->severity;
	if (r->n_findings >= r->scanner->options.max_findings) {
		r->summary.threats++;
		r->summary.dropped++;
		return;
	}
	aim_scan_finding *f = next_finding(r);
	if (!f)
		return;
	memset(f, 0, sizeof *f);
	f->struct_size = sizeof *f;
	f->threat = found->threat ? found->threat : rule->type;
	f->severity = found->severity;
	f->server = r->server;
	f->tool = r->tool;
	f->rule = found->user ? found->user->id : aim_str_from(rule->id);
	f->message = found->user ? found->user->message : aim_str_from(rule->message);
	f->pointer = pointer_of(r, &found->place);
	f->details = keep_str(r, found->details);
	fill_text(r, f, found);
	if (r->failed != AIM_OK || is_known(r, f))
		return;
	r->n_findings++;
	r->summary.threats++;
}

void aim__finding_limit(aim_scan_result *r, const char *what)
{
	if (r->limit_told)
		return;
	r->limit_told = 1;
	aim__found found = {.rule = AIM__RULE_SCAN_LIMIT, .severity = AIM_SCAN_WARNING, .place = r->place,
	                    .details = aim_str_from(what)};
	aim__finding_add(r, &found);
}

/* ---- a scan from begin to end ---- */

void aim__result_begin(aim_scan_result *r)
{
	aim__arena_reset(&r->texts);
	memset(&r->summary, 0, sizeof r->summary);
	r->summary.struct_size = sizeof r->summary;
	r->n_findings = 0;
	r->failed = AIM_OK;
	r->work = 0;
}

void aim__result_begin_tool(aim_scan_result *r, aim_str server, aim_str tool)
{
	aim__arena_reset(&r->views);
	r->server = keep_str(r, server);
	r->tool = keep_str(r, tool);
	r->first_of_tool = r->n_findings;
	r->n_views = 0;
	r->decoded_bytes = 0;
	r->decoded_limit = r->scanner->options.max_decoded_bytes;
	r->worst = 0;
	r->limit_told = 0;
	memset(r->weights, 0, sizeof r->weights);
}

void aim__result_end_tool(aim_scan_result *r)
{
	r->summary.tools_scanned++;
	r->summary.tools_flagged += r->worst >= AIM_SCAN_WARNING;
	if (r->worst > r->summary.severity)
		r->summary.severity = r->worst;
}

aim_status aim__result_end(aim_scan_result *r, aim_error *err)
{
	if (r->failed != AIM_OK) {
		aim_status rc = r->failed;
		aim__result_begin(r);
		return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	}
	r->summary.safe = r->summary.severity < AIM_SCAN_WARNING;
	return AIM_OK;
}

/* ---- public ---- */

size_t aim_scan_finding_count(const aim_scan_result *result)
{
	return result ? result->n_findings : 0;
}

const aim_scan_finding *aim_scan_finding_at(const aim_scan_result *result, size_t index)
{
	return result && index < result->n_findings ? &result->findings[index] : NULL;
}

aim_status aim_scan_summarize(const aim_scan_result *result, aim_scan_summary *out)
{
	if (!result || !out)
		return AIM__MISUSE(result ? result->ctx : NULL, "result and out are required");
	return aim__sized_out(out, &result->summary, sizeof result->summary, sizeof result->summary);
}

uint64_t aim_scan_work(const aim_scan_result *result)
{
	return result ? result->work : 0;
}

aim_status aim_scan_result_new(aim_scanner *scanner, aim_scan_result **out)
{
	if (!scanner || !out)
		return AIM__MISUSE(scanner ? scanner->ctx : NULL, "scanner and out are required");
	aim_scan_result *r = aim__alloc_zeroed(scanner->ctx, sizeof *r);
	if (!r)
		return AIM_E_NOMEM;
	atomic_fetch_add_explicit(&scanner->references, 1, memory_order_relaxed);
	r->scanner = scanner;
	r->ctx = scanner->ctx;
	r->summary.struct_size = sizeof r->summary;
	aim__json_init(&r->doc, r->ctx);
	aim__arena_init(&r->texts, r->ctx, 4096, TEXTS_LIMIT);
	aim__arena_init(&r->views, r->ctx, 4096, 0);
	aim__buf_init(&r->pointer, r->ctx);
	aim_status rc = aim__user_matching_init(scanner->rules, &r->user);
	if (rc != AIM_OK) {
		aim_scan_result_free(r);
		return rc;
	}
	*out = r;
	return AIM_OK;
}

void aim_scan_result_free(aim_scan_result *result)
{
	if (!result)
		return;
	aim_scanner *scanner = result->scanner;
	aim__user_matching_dispose(scanner->rules, &result->user);
	aim__buf_dispose(&result->pointer);
	aim__arena_dispose(&result->views);
	aim__arena_dispose(&result->texts);
	aim__json_dispose(&result->doc);
	aim__free(result->ctx, result->findings, result->cap_findings * sizeof *result->findings);
	aim__free(result->ctx, result, sizeof *result);
	aim_scan_free(scanner);
}
