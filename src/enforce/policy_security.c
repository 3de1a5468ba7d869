/* enforce/policy_security.c — AIM's security policies as rules. Layer enforce.
 *
 * A security policy has a type, which says what sets it off; whom it applies to; and an action. Of one type, the one with
 * the highest priority that is set off and applies decides: "allow" and "alert_only" thus exempt from those below. Each
 * becomes a rule whose condition is its own, and none of those above it; "block_and_alert" becomes a rule that denies
 * and demands a notice, "alert_only" one that alerts, and "allow" none. */
#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "enforce/pattern.h"
#include "enforce/policy_import.h"

#include <aim/policy.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define MAX_POLICIES 256u
#define MAX_TRUST_MICRO 1000000
#define DEFAULT_THRESHOLD 500000

enum { ALERT_ONLY, BLOCK_AND_ALERT, ALLOW };
enum {
	CAPABILITY_VIOLATION,
	TRUST_SCORE_LOW,
	UNUSUAL_ACTIVITY,
	UNAUTHORIZED_ACCESS,
	DATA_EXFILTRATION,
	CONFIG_DRIFT,
	AUTH_FAILURE,
	MCP_ALLOWLIST,
	MCP_BLOCKLIST
};
static const char *const type_words[] = {
	"capability_violation", "trust_score_low", "unusual_activity", "unauthorized_access", "data_exfiltration",
	"config_drift",         "auth_failure",    "mcp_allowlist",    "mcp_blocklist"};
static const char *const action_words[] = {"alert_only", "block_and_alert", "allow"};
static const char *const risk_words[] = {"low", "medium", "high", "critical"};

/* One security policy. */
typedef struct security {
	aim_str name;
	uint32_t type;
	uint32_t action;
	int64_t priority;
	uint32_t enabled;
	uint32_t from_risk; /* index in risk_words; COUNT: any */
	aim_str applies_to;
	int64_t threshold_micro;
	int64_t calls_per_minute; /* 0: none */
	aim_json_value servers;   /* AIM_JSON_NONE */
	aim_json_value resources;
} security;

typedef struct draft {
	aim_ctx *ctx;
	security *list;
	size_t n;
	security *now;
	aim_str name;
	aim_json_value mode; /* AIM_JSON_NONE */
} draft;

int aim__is_security_document(const aim_json *doc)
{
	return aim__json_member_text(doc, AIM_JSON_ROOT, "security_policies") != AIM_JSON_NONE;
}

aim_str aim_policy_preset(void)
{
	return aim_str_from("{\"version\":1,\"name\":\"aim-security\",\"security_policies\":[{\"name\":\"Capability violation\","
	                    "\"policy_type\":\"capability_violation\",\"enforcement_action\":\"block_and_alert\","
	                    "\"applies_to\":\"all\"}]}");
}

/* ---- reading ---- */

/* "0.5": from 0 to 1, at most six digits behind the point. -1 when it is none. */
static int64_t read_micro(aim_str text)
{
	int64_t micro = 0;
	int64_t unit = MAX_TRUST_MICRO;
	if (text.len == 0 || text.ptr[0] < '0' || text.ptr[0] > '1')
		return -1;
	micro = (text.ptr[0] - '0') * unit;
	if (text.len == 1)
		return micro;
	if (text.ptr[1] != '.' || text.len == 2 || text.len > 8)
		return -1;
	for (size_t i = 2; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return -1;
		unit /= 10;
		micro += (text.ptr[i] - '0') * unit;
	}
	return micro <= MAX_TRUST_MICRO ? micro : -1;
}

static void read_name(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	draft *d = reader->target;
	d->now->name = aim__read_line(reader, value, "name", d->ctx->limits.max_name_bytes);
}

static void read_type(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	draft *d = reader->target;
	d->now->type = (uint32_t)aim__read_word(reader, value, "policy_type", type_words, COUNT(type_words));
}

static void read_action(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	draft *d = reader->target;
	d->now->action = (uint32_t)aim__read_word(reader, value, "enforcement_action", action_words, COUNT(action_words));
}

static int begins(aim_str text, const char *prefix, aim_str *out_rest)
{
	size_t n = strlen(prefix);
	if (text.len < n || memcmp(text.ptr, prefix, n) != 0)
		return 0;
	out_rest->ptr = text.ptr + n;
	out_rest->len = text.len - n;
	return 1;
}

static void read_applies(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	draft *d = reader->target;
	aim_str text = aim__json_string(reader->doc, value);
	aim_str rest = {NULL, 0};
	int good = aim_str_equal(text, aim_str_from("all"));
	if (begins(text, "trust_score_below:", &rest))
		good = read_micro(rest) > 0;
	else if (begins(text, "agent_id:", &rest) || begins(text, "agent_type:", &rest))
		good = aim__pattern_problem(rest, d->ctx->limits.max_name_bytes) == NULL;
	if (!good)
		aim__read_problem(reader, value,
		                  "applies_to must be \"all\", \"agent_id:…\", \"agent_type:…\" or \"trust_score_below:0.5\"");
	d->now->applies_to = text;
}

static void read_priority(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	draft *d = reader->target;
	aim__read_int(reader, value, "priority", -1000000, 1000000, &d->now->priority);
}

static void read_enabled(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	draft *d = reader->target;
	int32_t enabled = 0;
	if (aim_json_bool(reader->doc, value, &enabled) != AIM_OK)
		aim__read_problem(reader, value, "is_enabled must be true or false");
	d->now->enabled = (uint32_t)enabled;
}

static void read_severity(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	draft *d = reader->target;
	d->now->from_risk =
		(uint32_t)aim__read_word(reader, value, "severity_threshold", risk_words, COUNT(risk_words));
}

static void read_text(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	if (!aim__json_string(reader->doc, value).ptr)
		aim__read_problem(reader, value, "description must be a text");
}

static void read_threshold(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	draft *d = reader->target;
	d->now->threshold_micro = read_micro(aim_json_number_text(reader->doc, value));
	if (d->now->threshold_micro <= 0)
		aim__read_problem(reader, value, "threshold must be a number above 0 and at most 1, such as 0.5");
}

static void read_calls(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	draft *d = reader->target;
	aim__read_int(reader, value, "max_calls_per_minute", 1, 100000, &d->now->calls_per_minute);
}

static void read_list(aim__reader *reader, aim_json_value value, uint32_t is_resources)
{
	draft *d = reader->target;
	const char *what = is_resources ? "resources" : "servers";
	for (aim_json_value v = aim__read_list(reader, value, what); v != AIM_JSON_NONE;
	     v = aim__read_list_next(reader, value, v)) {
		aim_str text = aim__json_string(reader->doc, v);
		const char *problem =
			text.ptr ? aim__pattern_problem(text, d->ctx->limits.max_name_bytes) : "is not a text";
		if (problem)
			aim__read_problem(reader, v, "%s: a pattern %s", what, problem);
	}
	*(is_resources ? &d->now->resources : &d->now->servers) = value;
}

static const aim__member rules_members[] = {
	{"threshold", read_threshold, 0, 0},
	{"max_calls_per_minute", read_calls, 0, 0},
	{"servers", read_list, 0, 0},
	{"resources", read_list, 1, 0},
};

static void read_rules(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	aim__read_object(reader, value, "rules", rules_members, COUNT(rules_members));
}

static const aim__member policy_members[] = {
	{"name", read_name, 0, 1},
	{"policy_type", read_type, 0, 1},
	{"enforcement_action", read_action, 0, 1},
	{"applies_to", read_applies, 0, 0},
	{"priority", read_priority, 0, 0},
	{"is_enabled", read_enabled, 0, 0},
	{"severity_threshold", read_severity, 0, 0},
	{"description", read_text, 0, 0},
	{"rules", read_rules, 0, 0},
};

/* What "rules" says must be about the type: nothing is ignored. */
static void check_rules(aim__reader *reader, aim_json_value value, const security *s)
{
	int is_list = s->type == MCP_ALLOWLIST || s->type == MCP_BLOCKLIST;
	if (is_list && s->servers == AIM_JSON_NONE)
		aim__read_problem(reader, value, "this type must have \"rules\" with a member 'servers'");
	if (!is_list && s->servers != AIM_JSON_NONE)
		aim__read_problem(reader, value, "'servers' means nothing for this type");
	if (s->resources != AIM_JSON_NONE && s->type != UNAUTHORIZED_ACCESS)
		aim__read_problem(reader, value, "'resources' means nothing for this type");
	if (s->threshold_micro && s->type != TRUST_SCORE_LOW)
		aim__read_problem(reader, value, "'threshold' means nothing for this type");
	if (s->calls_per_minute && s->type != UNUSUAL_ACTIVITY)
		aim__read_problem(reader, value, "'max_calls_per_minute' means nothing for this type");
}

static void read_policies(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	draft *d = reader->target;
	size_t n = aim_json_count(reader->doc, value);
	if (aim__json_type(reader->doc, value) != AIM_JSON_ARRAY || n == 0 || n > MAX_POLICIES) {
		aim__read_problem(reader, value, "security_policies must be a list of 1 to %u", MAX_POLICIES);
		return;
	}
	for (aim_json_value v = aim__json_first(reader->doc, value); v != AIM_JSON_NONE; v = aim__json_next(reader->doc, v)) {
		security s = {.enabled = 1, .from_risk = COUNT(risk_words), .applies_to = aim_str_from("all")};
		s.servers = s.resources = AIM_JSON_NONE;
		size_t before = reader->n_problems;
		d->now = &s;
		aim__read_object(reader, v, "a security policy", policy_members, COUNT(policy_members));
		if (reader->n_problems == before)
			check_rules(reader, v, &s);
		d->list[d->n++] = s;
	}
}

static void read_document_name(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	draft *d = reader->target;
	d->name = aim__read_line(reader, value, "name", d->ctx->limits.max_name_bytes);
}

static void read_version(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	(void)arg;
	int64_t version;
	aim__read_int(reader, value, "version", 1, 1, &version);
}

static void read_mode(aim__reader *reader, aim_json_value value, uint32_t arg)
{
	static const char *const words[] = {"enforce", "monitor"};
	(void)arg;
	draft *d = reader->target;
	aim__read_word(reader, value, "mode", words, COUNT(words));
	d->mode = value;
}

static const aim__member document_members[] = {
	{"version", read_version, 0, 1},
	{"name", read_document_name, 0, 1},
	{"description", read_text, 0, 0},
	{"mode", read_mode, 0, 0},
	{"security_policies", read_policies, 0, 1},
};

/* ---- writing ---- */

typedef aim__json_writer writer;

static void open_member(writer *w, const char *name)
{
	aim__write_begin_object(w);
	aim__write_key(w, name);
}

static void write_member(writer *w, const char *name, const char *text)
{
	open_member(w, name);
	aim__write_text(w, text);
	aim__write_end_object(w);
}

static void write_bound(writer *w, int64_t below)
{
	open_member(w, "trust");
	open_member(w, "max");
	aim__write_int64(w, below - 1);
	aim__write_end_object(w);
	aim__write_end_object(w);
}

static void write_list(writer *w, const char *name, const aim_json *doc, aim_json_value list)
{
	aim_json_value v = aim__json_type(doc, list) == AIM_JSON_ARRAY ? aim__json_first(doc, list) : list;
	open_member(w, name);
	aim__write_begin_array(w);
	for (; v != AIM_JSON_NONE; v = v == list ? AIM_JSON_NONE : aim__json_next(doc, v))
		aim__write_string(w, aim__json_string(doc, v));
	aim__write_end_array(w);
	aim__write_end_object(w);
}

static void write_rate(writer *w, int64_t calls)
{
	open_member(w, "rate");
	open_member(w, "at_least");
	aim__write_int64(w, calls);
	aim__write_key(w, "window_s");
	aim__write_int64(w, 60);
	aim__write_key(w, "per");
	aim__write_text(w, "agent");
	aim__write_end_object(w);
	aim__write_end_object(w);
}

/* One of: a signal that the host saw, and what the policy asks beside it. */
static void write_any(writer *w, const aim_json *doc, const security *s)
{
	static const char *const signals[] = {[UNUSUAL_ACTIVITY] = "unusual_activity",
	                                      [UNAUTHORIZED_ACCESS] = "unauthorized_access",
	                                      [DATA_EXFILTRATION] = "data_exfiltration",
	                                      [AUTH_FAILURE] = "auth_failure"};
	open_member(w, "any");
	aim__write_begin_array(w);
	write_member(w, "signals", signals[s->type]);
	if (s->calls_per_minute)
		write_rate(w, s->calls_per_minute);
	if (s->resources != AIM_JSON_NONE)
		write_list(w, "resources", doc, s->resources);
	if (s->type == DATA_EXFILTRATION) {
		open_member(w, "labels");
		aim__write_begin_array(w);
		aim__write_text(w, "private_data");
		aim__write_text(w, "external_send");
		aim__write_end_array(w);
		aim__write_end_object(w);
	}
	aim__write_end_array(w);
	aim__write_end_object(w);
}

static void write_trigger(writer *w, const aim_json *doc, const security *s)
{
	switch (s->type) {
	case CAPABILITY_VIOLATION:
		open_member(w, "capabilities_missing");
		aim__write_bool(w, 1);
		aim__write_end_object(w);
		break;
	case TRUST_SCORE_LOW: write_bound(w, s->threshold_micro ? s->threshold_micro : DEFAULT_THRESHOLD); break;
	case CONFIG_DRIFT:
		open_member(w, "drift");
		aim__write_begin_array(w);
		aim__write_text(w, "open");
		aim__write_text(w, "critical");
		aim__write_end_array(w);
		aim__write_end_object(w);
		break;
	case MCP_ALLOWLIST:
		open_member(w, "not");
		write_list(w, "servers", doc, s->servers);
		aim__write_end_object(w);
		break;
	case MCP_BLOCKLIST: write_list(w, "servers", doc, s->servers); break;
	default: write_any(w, doc, s); break;
	}
}

static void write_whom(writer *w, const security *s)
{
	aim_str rest = {NULL, 0};
	if (begins(s->applies_to, "trust_score_below:", &rest)) {
		write_bound(w, read_micro(rest));
		return;
	}
	int by_type = begins(s->applies_to, "agent_type:", &rest);
	if (!by_type && !begins(s->applies_to, "agent_id:", &rest))
		return;
	open_member(w, by_type ? "agent_type" : "agents");
	aim__write_string(w, rest);
	aim__write_end_object(w);
}

static void write_severity(writer *w, const security *s)
{
	if (s->from_risk >= COUNT(risk_words))
		return;
	open_member(w, "risk");
	aim__write_begin_array(w);
	for (uint32_t i = s->from_risk; i < COUNT(risk_words); i++)
		aim__write_text(w, risk_words[i]);
	aim__write_end_array(w);
	aim__write_end_object(w);
}

/* Elements of a list "all". */
static void write_own(writer *w, const aim_json *doc, const security *s)
{
	write_trigger(w, doc, s);
	write_whom(w, s);
	write_severity(w, s);
}

/* Whether the one above exempts from the one below: what blocks anyway need not be said. */
static int exempts(const security *above, const security *below)
{
	return above->enabled && above->type == below->type && above->action != BLOCK_AND_ALERT &&
	       above->action != below->action;
}

static void write_rule(writer *w, const aim_json *doc, const draft *d, size_t index)
{
	const security *s = &d->list[index];
	if (!s->enabled || s->action == ALLOW)
		return;
	open_member(w, "id");
	aim__write_string(w, s->name);
	aim__write_key(w, "effect");
	aim__write_text(w, s->action == BLOCK_AND_ALERT ? "deny" : "alert");
	if (s->action == BLOCK_AND_ALERT) {
		aim__write_key(w, "obligations");
		write_member(w, "notify", type_words[s->type]);
	}
	aim__write_key(w, "when");
	open_member(w, "all");
	aim__write_begin_array(w);
	write_own(w, doc, s);
	for (size_t i = 0; i < index; i++) {
		if (!exempts(&d->list[i], s))
			continue;
		open_member(w, "not");
		open_member(w, "all");
		aim__write_begin_array(w);
		write_own(w, doc, &d->list[i]);
		aim__write_end_array(w);
		aim__write_end_object(w);
		aim__write_end_object(w);
	}
	aim__write_end_array(w);
	aim__write_end_object(w);
	aim__write_end_object(w);
}

/* Highest priority first; in document order where it is the same. */
static void sort_policies(draft *d)
{
	for (size_t i = 1; i < d->n; i++) {
		security s = d->list[i];
		size_t at = i;
		for (; at && d->list[at - 1].priority < s.priority; at--)
			d->list[at] = d->list[at - 1];
		d->list[at] = s;
	}
}

static aim_status write_document(const aim_json *doc, const draft *d, aim_buf *out)
{
	writer w;
	size_t n_rules = 0;
	for (size_t i = 0; i < d->n; i++)
		n_rules += d->list[i].enabled && d->list[i].action != ALLOW;
	aim__write_init(&w, out);
	open_member(&w, "version");
	aim__write_int64(&w, 1);
	aim__write_key(&w, "name");
	aim__write_string(&w, d->name);
	if (d->mode != AIM_JSON_NONE) {
		aim__write_key(&w, "mode");
		aim__write_string(&w, aim__json_string(doc, d->mode));
	}
	aim__write_key(&w, "default");
	aim__write_text(&w, n_rules ? "allow" : "deny");
	aim__write_key(&w, "rules");
	aim__write_begin_array(&w);
	for (size_t i = 0; i < d->n; i++)
		write_rule(&w, doc, d, i);
	if (n_rules == 0) { /* none of them refuses anything */
		open_member(&w, "id");
		aim__write_text(&w, "all");
		aim__write_key(&w, "effect");
		aim__write_text(&w, "allow");
		aim__write_end_object(&w);
	}
	aim__write_end_array(&w);
	aim__write_end_object(&w);
	return aim__write_finish(&w);
}

aim_status aim__security_rewrite(aim_ctx *ctx, const aim_json *doc, aim_buf *out, aim_diagnostics *diagnostics,
                                 aim_error *err)
{
	draft d = {.ctx = ctx, .mode = AIM_JSON_NONE};
	aim__reader reader = {doc, diagnostics, err, 0, AIM_OK, &d};
	d.list = aim__alloc_array(ctx, MAX_POLICIES, sizeof *d.list);
	if (!d.list)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ENFORCE);
	aim__read_object(&reader, AIM_JSON_ROOT, "a document of security policies", document_members,
	                 COUNT(document_members));
	aim_status rc = aim__read_result(&reader);
	if (rc == AIM_OK) {
		sort_policies(&d);
		rc = write_document(doc, &d, out);
		if (rc != AIM_OK)
			aim__fail_plain(err, rc, AIM_LAYER_ENFORCE);
	}
	aim__free(ctx, d.list, MAX_POLICIES * sizeof *d.list);
	return rc;
}
