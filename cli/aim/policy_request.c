/* cli/aim/policy_request.c — a request as a person writes it, in JSON or YAML: {tool: read, trust: 800000, args: {…}}. */
#include "policy.h"

#include <string.h>

typedef struct reading {
	const aim_json *doc;
	const char *what;
	written *out;
	int bad;
} reading;

static void complain(reading *r, aim_json_value value, const char *expected)
{
	uint64_t offset = 0;
	uint32_t line = 0, at = 0;
	char name[80];
	(void)!aim_json_position(r->doc, value, &offset, &line, &at);
	say("%.300s:%u:%u: %s of a request must be %s", r->what, line, at,
	    printable(aim_json_key(r->doc, value), name, sizeof name), expected);
	r->bad = 1;
}

static void read_text(reading *r, aim_json_value value, aim_str *out)
{
	*out = aim_json_string(r->doc, value);
	if (!out->ptr)
		complain(r, value, "a text");
}

static void read_number(reading *r, aim_json_value value, int64_t *out)
{
	if (aim_json_int64(r->doc, value, out) != AIM_OK)
		complain(r, value, "a whole number");
}

static void read_list(reading *r, aim_json_value value, aim_str *list, const aim_str **out, size_t *out_n)
{
	*out = list;
	*out_n = 0;
	if (aim_json_type(r->doc, value) != AIM_JSON_ARRAY || aim_json_count(r->doc, value) > WRITTEN_LISTED) {
		complain(r, value, "a list of at most 64 texts");
		return;
	}
	for (aim_json_value v = aim_json_first(r->doc, value); v != AIM_JSON_NONE; v = aim_json_next(r->doc, v)) {
		list[*out_n] = aim_json_string(r->doc, v);
		if (!list[(*out_n)++].ptr)
			complain(r, value, "a list of texts");
	}
}

/* Index of a text among words, from 1; 0 when it is none. */
static uint32_t word_of(aim_str text, const char *const *words)
{
	for (uint32_t i = 0; words[i]; i++)
		if (aim_str_equal(text, aim_str_from(words[i])))
			return i + 1;
	return 0;
}

static const char *const risks[] = {"low", "medium", "high", "critical", NULL};
static const char *const drifts[] = {"none", "open", "critical", NULL};
static const char *const scans[] = {"clean", "info", "warning", "critical", NULL};
static const char *const labels[] = {"private_data", "untrusted_content", "external_send", NULL};
static const char *const signals[] = {"unusual_activity", "unauthorized_access", "auth_failure", "data_exfiltration", NULL};
static const char *const duties[] = {"redact", "log", "notify", "rate_limit", NULL};

static void read_word(reading *r, aim_json_value value, const char *const *words, uint32_t *out)
{
	*out = word_of(aim_json_string(r->doc, value), words);
	if (!*out)
		complain(r, value, "one of the words that policies know");
}

static void read_bits(reading *r, aim_json_value value, const char *const *words, uint32_t *out)
{
	if (aim_json_type(r->doc, value) != AIM_JSON_ARRAY)
		complain(r, value, "a list");
	for (aim_json_value v = aim_json_first(r->doc, value); v != AIM_JSON_NONE; v = aim_json_next(r->doc, v)) {
		uint32_t word = word_of(aim_json_string(r->doc, v), words);
		if (!word)
			complain(r, value, "a list of words that policies know");
		else
			*out |= 1u << (word - 1);
	}
}

static void read_facts(reading *r, aim_json_value value)
{
	written *w = r->out;
	if (aim_json_type(r->doc, value) != AIM_JSON_OBJECT || aim_json_count(r->doc, value) > WRITTEN_LISTED) {
		complain(r, value, "an object of at most 64 members");
		return;
	}
	w->facts.host = w->host;
	for (aim_json_value v = aim_json_first(r->doc, value); v != AIM_JSON_NONE; v = aim_json_next(r->doc, v)) {
		aim_fact *f = &w->host[w->facts.n_host++];
		int32_t is_true = 0;
		f->name = aim_json_key(r->doc, v);
		f->text = aim_json_string(r->doc, v);
		f->type = AIM_FACT_TEXT;
		if (aim_json_type(r->doc, v) == AIM_JSON_NUMBER) {
			f->type = AIM_FACT_DECIMAL;
			f->text = aim_json_number_text(r->doc, v);
		} else if (aim_json_bool(r->doc, v, &is_true) == AIM_OK) {
			f->type = AIM_FACT_BOOL;
			f->integer = is_true;
		} else if (!f->text.ptr) {
			complain(r, value, "an object of texts, numbers and truth values");
		}
	}
}

enum { TEXT, NUMBER, RISK, LIST, DRIFT, SCAN, LABELS, SIGNALS, OBLIGATIONS, ARGS, FACTS };

#define OF(member) offsetof(written, member)
static const struct {
	const char *name;
	uint32_t kind;
	uint32_t known; /* AIM_FACTS_* that is then known */
	size_t at;
} members[] = {
	{"agent", TEXT, 0, OF(request.agent)},
	{"did", TEXT, 0, OF(request.did)},
	{"server", TEXT, 0, OF(request.server)},
	{"tool", TEXT, 0, OF(request.tool)},
	{"resource", TEXT, 0, OF(request.resource)},
	{"action", TEXT, 0, OF(request.action)},
	{"agent_type", TEXT, 0, OF(facts.agent_type)},
	{"owner", TEXT, 0, OF(facts.owner)},
	{"status", TEXT, 0, OF(facts.status)},
	{"session", TEXT, 0, OF(facts.session)},
	{"trust", NUMBER, 0, OF(request.trust_micro)},
	{"now_us", NUMBER, 0, OF(request.now_us)},
	{"attestations", NUMBER, AIM_FACTS_ATTESTATIONS, OF(facts.n_attestations)},
	{"confidence", NUMBER, AIM_FACTS_CONFIDENCE, OF(facts.confidence_micro)},
	{"risk", RISK, 0, OF(request.risk)},
	{"drift", DRIFT, 0, OF(facts.drift)},
	{"scan", SCAN, 0, OF(facts.scan)},
	{"labels", LABELS, AIM_FACTS_LABELS, OF(facts.labels)},
	{"signals", SIGNALS, AIM_FACTS_SIGNALS, OF(facts.signals)},
	{"obligations", OBLIGATIONS, 0, OF(facts.obligations)},
	{"capabilities", LIST, 0, OF(capabilities)},
	{"tags", LIST, 0, OF(tags)},
	{"required", LIST, 0, OF(required)},
	{"args", ARGS, 0, 0},
	{"facts", FACTS, 0, 0},
};

static void read_strings(reading *r, aim_json_value value, size_t at)
{
	written *w = r->out;
	if (at == OF(capabilities))
		read_list(r, value, w->capabilities, &w->request.capabilities, &w->request.n_capabilities);
	else if (at == OF(tags))
		read_list(r, value, w->tags, &w->facts.tags, &w->facts.n_tags);
	else
		read_list(r, value, w->required, &w->facts.required, &w->facts.n_required);
}

static void read_member(reading *r, aim_json_value value, size_t i)
{
	char *at = (char *)r->out + members[i].at;
	r->out->facts.known |= members[i].known;
	switch (members[i].kind) {
	case TEXT: read_text(r, value, (aim_str *)(void *)at); break;
	case NUMBER: read_number(r, value, (int64_t *)(void *)at); break;
	case RISK: read_word(r, value, risks, (uint32_t *)(void *)at); break;
	case DRIFT: read_word(r, value, drifts, (uint32_t *)(void *)at); break;
	case SCAN: read_word(r, value, scans, (uint32_t *)(void *)at); break;
	case LABELS: read_bits(r, value, labels, (uint32_t *)(void *)at); break;
	case SIGNALS: read_bits(r, value, signals, (uint32_t *)(void *)at); break;
	case OBLIGATIONS: read_bits(r, value, duties, (uint32_t *)(void *)at); break;
	case LIST: read_strings(r, value, members[i].at); break;
	case FACTS: read_facts(r, value); break;
	default:
		r->out->facts.args = r->doc;
		r->out->facts.args_at = value;
		break;
	}
}

int written_read(const aim_json *doc, aim_json_value value, const char *what, written *out)
{
	reading r = {doc, what, out, 0};
	memset(out, 0, sizeof *out);
	out->request.struct_size = sizeof out->request;
	out->request.trust_micro = AIM_DECISION_NO_TRUST;
	out->request.facts = &out->facts;
	out->facts.struct_size = sizeof out->facts;
	if (aim_json_type(doc, value) != AIM_JSON_OBJECT) {
		say("%.300s: a request must be an object", what);
		return -1;
	}
	for (aim_json_value v = aim_json_first(doc, value); v != AIM_JSON_NONE; v = aim_json_next(doc, v)) {
		size_t i = 0;
		while (i < N(members) && !aim_str_equal(aim_json_key(doc, v), aim_str_from(members[i].name)))
			i++;
		if (i == N(members))
			complain(&r, v, "something that requests have; see aim-policy(1)");
		else
			read_member(&r, v, i);
	}
	return r.bad ? -1 : 0;
}
