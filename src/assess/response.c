/* assess/response.c — the scanner of responses: the handle, the passes over a response, the verdict. Layer assess.
 *
 * A response that is sanitised is scanned again. What is still found then is cut with the string it is in; when even that
 * leaves something, the response is blocked. */
#include "assess/response.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/sized.h"

#include <string.h>

AIM__NO_PADDING(aim_response_options, 6 * 4);
AIM__NO_PADDING(aim_response_threat, 4 * 4 + 5 * sizeof(aim_str) + 2 * 8);
AIM__NO_PADDING(aim_response_verdict, 8 * 4 + 2 * sizeof(aim_str));

#define DEFAULT_THREATS 256u
#define PASSES 4u
#define TEXTS_LIMIT (4u << 20)
#define ALL_FLAGS 31u

static const char *const categories[] = {"unknown", "instruction_tag", "imperative_injection", "credential_leak",
                                         "pii", "exfiltration_url", "not_scanned"};
static const char *const actions[] = {"block", "sanitize", "log", "clean"};

const char *aim_response_category_name(uint32_t category)
{
	return categories[category < sizeof categories / sizeof *categories ? category : 0];
}

const char *aim_response_action_name(uint32_t action)
{
	return action < sizeof actions / sizeof *actions ? actions[action] : "unknown";
}

/* ---- the handle ---- */

static aim_status take_options(aim_response_options *o, const aim_response_options *wanted, aim_error *err)
{
	memset(o, 0, sizeof *o);
	o->struct_size = sizeof *o;
	aim_status rc = aim__sized_in(o, sizeof *o, wanted, sizeof *o, "aim_response_options", err);
	if (rc != AIM_OK)
		return rc;
	if (o->flags & ~ALL_FLAGS || o->reserved != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_ASSESS, "aim_response_options.flags has unknown bits");
	if (o->policy > AIM_RESPONSE_LOG || o->min_severity > AIM_SCAN_CRITICAL)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ASSESS,
		                 "policy is AIM_RESPONSE_BLOCK, SANITIZE or LOG, min_severity at most AIM_SCAN_CRITICAL");
	o->min_severity = o->min_severity ? o->min_severity : AIM_SCAN_WARNING;
	o->max_threats = o->max_threats ? o->max_threats : DEFAULT_THREATS;
	return AIM_OK;
}

static uint32_t classes_of(uint32_t flags)
{
	const uint32_t contacts = AIM__DETECT_EMAIL | AIM__DETECT_PHONE;
	uint32_t classes = AIM__DETECT_SSN | AIM__DETECT_CARD | AIM__DETECT_IBAN | contacts | AIM__DETECT_CREDENTIAL |
	                   AIM__DETECT_EXFILTRATION;
	if (flags & AIM_RESPONSE_WITHOUT_CREDENTIALS)
		classes &= ~AIM__DETECT_CREDENTIAL;
	if (flags & AIM_RESPONSE_WITHOUT_PII)
		classes &= ~(AIM__DETECT_SSN | AIM__DETECT_CARD | AIM__DETECT_IBAN | contacts);
	if (flags & AIM_RESPONSE_WITHOUT_CONTACTS)
		classes &= ~contacts;
	return flags & AIM_RESPONSE_WITHOUT_URLS ? classes & ~AIM__DETECT_EXFILTRATION : classes;
}

static void begin(aim_response *r)
{
	aim__arena_wipe(&r->texts);
	aim__arena_reset(&r->texts);
	memset(&r->verdict, 0, sizeof r->verdict);
	r->verdict.struct_size = sizeof r->verdict;
	r->verdict.reason = aim_str_from("No response was scanned");
	r->n_threats = 0;
	r->first_rule = NULL;
	r->work = 0;
	r->failed = AIM_OK;
	r->n_names = 0;
	r->pass = 0;
}

aim_status aim_response_new(aim_scanner *scanner, const aim_response_options *options, aim_response **out,
                            aim_error *err)
{
	aim_response_options taken;
	if (!scanner || !out)
		return AIM__MISUSE(scanner ? scanner->ctx : NULL, "scanner and out are required");
	aim_status rc = take_options(&taken, options, err);
	if (rc != AIM_OK)
		return rc;
	aim_response *r = aim__alloc_zeroed(scanner->ctx, sizeof *r);
	if (!r)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	rc = aim_scan_result_new(scanner, &r->scan);
	if (rc != AIM_OK) {
		aim__free(scanner->ctx, r, sizeof *r);
		return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	}
	r->ctx = scanner->ctx; /* the result keeps the scanner, and that the context */
	r->options = taken;
	r->classes = classes_of(taken.flags);
	for (uint32_t i = 0; i < AIM__RESPONSE_LEVELS; i++) {
		aim__json_init(&r->docs[i], r->ctx);
		aim__buf_init(&r->levels[i], r->ctx);
	}
	aim__buf_init(&r->content, r->ctx);
	aim__buf_init(&r->pointer, r->ctx);
	aim__buf_init(&r->text, r->ctx);
	aim__arena_init(&r->texts, r->ctx, 1024, TEXTS_LIMIT);
	begin(r);
	*out = r;
	return AIM_OK;
}

void aim_response_free(aim_response *r)
{
	if (!r)
		return;
	aim_scan_result *scan = r->scan;
	aim__arena_wipe(&r->texts);
	aim__arena_dispose(&r->texts);
	aim__arena_wipe(&scan->views);
	aim__arena_wipe(&scan->texts);
	aim__buf_dispose(&r->text);
	aim__buf_dispose(&r->pointer);
	aim__buf_dispose(&r->content);
	for (uint32_t i = 0; i < AIM__RESPONSE_LEVELS; i++) {
		aim__buf_dispose(&r->levels[i]);
		aim__json_dispose(&r->docs[i]);
	}
	aim__free(r->ctx, r->threats, r->cap_threats * sizeof *r->threats);
	aim__free(r->ctx, r->marks, r->cap_marks * sizeof *r->marks);
	aim__free(r->ctx, r, sizeof *r);
	aim_scan_result_free(scan);
}

/* ---- passes ---- */

static int opens_json(aim_bytes content)
{
	size_t i = 0;
	while (i < content.len && (content.ptr[i] == ' ' || content.ptr[i] == '\n' || content.ptr[i] == '\t' || content.ptr[i] == '\r'))
		i++;
	return i < content.len && (content.ptr[i] == '{' || content.ptr[i] == '[' || content.ptr[i] == '"');
}

static void read_plain(aim_response *r, aim_bytes content, uint32_t *out_dirty)
{
	aim__response_text t = {.text = {(const char *)content.ptr, content.len}};
	aim_buf_clear(&r->levels[0]);
	r->dirty = 0;
	aim__response_read(r, &t);
	*out_dirty = r->dirty;
	if (r->dirty && r->failed == AIM_OK && r->options.policy == AIM_RESPONSE_SANITIZE)
		r->failed = aim__response_redact(r, t.text, r->pass > 1, 0, &r->levels[0]);
}

/* One pass; r->levels[0] is what it makes of a dirty response. *out_json: it is JSON. */
static void read_all(aim_response *r, aim_bytes content, uint32_t *out_dirty, int *out_json)
{
	aim_status rc = AIM_E_JSON_SYNTAX;
	*out_dirty = 0;
	if (opens_json(content))
		rc = aim_json_parse(&r->docs[0], content, AIM_JSON_BORROW, NULL);
	*out_json = rc == AIM_OK;
	if (rc == AIM_E_NOMEM)
		r->failed = rc;
	else if (rc == AIM_OK)
		aim__response_document(r, 0, AIM_JSON_ROOT, out_dirty);
	else
		read_plain(r, content, out_dirty);
}

/* Until nothing is found any more. 1 when that was reached; then r->content is the response. */
static int clean(aim_response *r, int was_json)
{
	uint32_t dirty = 1;
	int json = was_json;
	for (r->pass = 1; dirty && r->pass < PASSES && r->failed == AIM_OK; r->pass++) {
		aim_buf_clear(&r->content);
		r->failed = aim_buf_append(&r->content, aim_buf_bytes(&r->levels[0]));
		if (r->failed == AIM_OK)
			read_all(r, aim_buf_bytes(&r->content), &dirty, &json);
		if (json != was_json)
			return 0;
	}
	return !dirty && r->failed == AIM_OK;
}

/* ---- the verdict ---- */

static void decide(aim_response *r, uint32_t action, aim_bytes content)
{
	static const char *const verbs[] = {"blocked", "sanitized", "passed on with findings"};
	char more[32] = "";
	uint32_t n = r->verdict.threats;
	r->verdict.action = action;
	r->verdict.allowed = action != AIM_RESPONSE_BLOCK;
	r->verdict.content = content;
	r->verdict.reason = aim_str_from(n ? "Response passed on: nothing but notes" : "Response passed on: nothing was found");
	if (action == AIM_RESPONSE_CLEAN)
		return;
	if (n > 1)
		aim__format(more, sizeof more, " and %u more", n - 1);
	aim__format(r->reason, sizeof r->reason, "Response %s: %s (%s)%s", verbs[action], aim_response_category_name(r->first_category),
	            r->first_rule ? r->first_rule : "unknown", more);
	r->verdict.reason = aim_str_from(r->reason);
}

static aim_status judge(aim_response *r, aim_bytes content, uint32_t dirty, int json)
{
	aim_bytes nothing = {NULL, 0};
	uint32_t action = dirty ? r->options.policy : AIM_RESPONSE_CLEAN;
	if (action == AIM_RESPONSE_SANITIZE) {
		int ok = clean(r, json);
		content = aim_buf_bytes(&r->content);
		action = ok ? action : AIM_RESPONSE_BLOCK;
	}
	if (r->failed != AIM_OK)
		return r->failed;
	decide(r, action, action == AIM_RESPONSE_BLOCK ? nothing : content);
	return action == AIM_RESPONSE_BLOCK ? AIM_DENIED : AIM_OK;
}

aim_status aim_response_scan(aim_response *r, aim_bytes content, aim_error *err)
{
	uint32_t dirty = 0;
	int json = 0;
	if (!r || (content.len && !content.ptr))
		return AIM__MISUSE(r ? r->ctx : NULL, "response and content are required");
	begin(r);
	read_all(r, content, &dirty, &json);
	aim_status rc = r->failed == AIM_OK ? judge(r, content, dirty, json) : r->failed;
	if (rc == AIM_OK || rc == AIM_DENIED)
		return rc == AIM_OK ? rc : aim__fail(err, rc, AIM_LAYER_ASSESS, "%.*s", AIM__STR(r->verdict.reason));
	begin(r);
	return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
}

void aim__response_forget(aim_response *r)
{
	begin(r);
}

aim_status aim_response_judge(const aim_response *response, aim_response_verdict *out)
{
	if (!response || !out)
		return AIM__MISUSE(response ? response->ctx : NULL, "response and out are required");
	return aim__sized_out(out, &response->verdict, sizeof response->verdict, sizeof response->verdict);
}

size_t aim_response_threat_count(const aim_response *response)
{
	return response ? response->n_threats : 0;
}

const aim_response_threat *aim_response_threat_at(const aim_response *response, size_t index)
{
	return response && index < response->n_threats ? &response->threats[index] : NULL;
}

uint64_t aim_response_work(const aim_response *response)
{
	return response ? response->work : 0;
}
