/* assess/response_text.c — reads one text of a response: the detector over its bytes, the scanner of definitions over its
 * words, both again over what it says under an encoding. Layer assess.
 *
 * What a definition must not have and a response may: comments of HTML, colours of a terminal, a soft hyphen. They are
 * worth a note. */
#include "assess/response.h"
#include "base/mem.h"

#include <string.h>

#define MARKS_MOST 4096u
#define SHORT_TEXT 12u
#define SHORT_NAME 16u
#define LONG_TEXT 4096u    /* beyond it weak signals do not add up */
#define SENTENCE_MOST 400u /* to each side of what speaks to the model */
#define DECIDES 100u
#define TEXTS_LIMIT (4u << 20)
#define DETECTOR_RULES 0x1000u

typedef struct finding {
	uint32_t category;
	uint32_t severity;
	aim__mark_kind kind;
	uint32_t rule_id;
	const char *rule;
	const char *message;
	aim_str view;
	uint32_t start;
	uint32_t end;
} finding;

/* ---- keeping ---- */

static aim_str keep(aim_response *r, aim_str text)
{
	aim_str none = {"", 0};
	if (!text.len)
		return none;
	aim_str copy = aim__arena_copy(&r->texts, text);
	if (!copy.ptr)
		r->failed = r->texts.total >= TEXTS_LIMIT ? AIM_E_LIMIT : AIM_E_NOMEM;
	return copy.ptr ? copy : none;
}

static aim_str pointer_to(aim_response *r, const aim_json *doc, aim_json_value value)
{
	aim_str none = {"", 0};
	aim_buf_clear(&r->pointer);
	aim_status rc = aim_json_pointer(doc, value, &r->pointer);
	if (rc == AIM_OK)
		return keep(r, aim_buf_str(&r->pointer));
	r->failed = rc;
	return none;
}

static void keep_threat(aim_response *r, const finding *f)
{
	const aim__response_text *t = r->current;
	aim_str none = {"", 0};
	if (r->n_threats == r->options.max_threats) {
		r->verdict.dropped++;
		return;
	}
	aim_status rc = aim__grow(r->ctx, (void **)&r->threats, &r->cap_threats, r->n_threats + 1, sizeof *r->threats, 16, 0);
	if (rc != AIM_OK) {
		r->failed = rc;
		return;
	}
	aim_response_threat *out = &r->threats[r->n_threats];
	memset(out, 0, sizeof *out);
	out->struct_size = sizeof *out;
	out->category = f->category;
	out->severity = f->severity;
	out->rule = aim_str_from(f->rule);
	out->message = aim_str_from(f->message);
	out->view = keep(r, f->view);
	out->start = f->start;
	out->end = f->end;
	out->pointer = out->inner = none;
	if (t->doc) {
		uint32_t is_key = (t->doc->nodes[t->node].info & AIM__JSON_KEY) != 0;
		aim_json_value value = is_key ? t->node + 1 : t->node;
		out->flags = is_key ? AIM_RESPONSE_IN_NAME : 0;
		out->pointer = pointer_to(r, &r->docs[0], t->level ? t->outer : value);
		out->inner = t->level ? pointer_to(r, t->doc, value) : none;
	}
	r->n_threats++;
}

static int is_marked(const aim_response *r, const finding *f)
{
	for (size_t i = 0; i < r->n_marks; i++)
		if (r->marks[i].rule == f->rule_id && r->marks[i].start < f->end && r->marks[i].end > f->start)
			return 1;
	return 0;
}

static void mark(aim_response *r, const finding *f)
{
	aim_status rc = aim__grow(r->ctx, (void **)&r->marks, &r->cap_marks, r->n_marks + 1, sizeof *r->marks, 16, 0);
	if (rc != AIM_OK) {
		r->failed = rc;
		return;
	}
	aim__mark *m = &r->marks[r->n_marks++];
	m->start = f->start;
	m->end = f->end;
	m->kind = f->kind;
	m->rule = f->rule_id;
}

static void found(aim_response *r, const finding *f)
{
	if (r->failed != AIM_OK || r->n_marks >= MARKS_MOST || is_marked(r, f))
		return;
	if (f->severity >= r->options.min_severity) {
		r->dirty = 1;
		mark(r, f);
	}
	if (r->pass > 0)
		return;
	if (f->severity > r->verdict.severity)
		r->verdict.severity = f->severity;
	if (f->severity >= r->options.min_severity && !r->first_rule) {
		r->first_rule = f->rule;
		r->first_category = f->category;
	}
	r->verdict.threats++;
	keep_threat(r, f);
}

static void not_scanned(aim_response *r, const char *rule, const char *message)
{
	finding f = {.category = AIM_RESPONSE_NOT_SCANNED, .severity = AIM_SCAN_CRITICAL, .kind = AIM__MARK_NOT_SCANNED,
	             .rule_id = UINT32_MAX, .rule = rule, .message = message, .view = {"", 0},
	             .end = (uint32_t)r->current->text.len};
	found(r, &f);
}

/* ---- the detector ---- */

static uint32_t category_of(uint32_t class_bit)
{
	if (class_bit == AIM__DETECT_CREDENTIAL)
		return AIM_RESPONSE_CREDENTIAL_LEAK;
	return class_bit == AIM__DETECT_EXFILTRATION ? AIM_RESPONSE_EXFILTRATION_URL : AIM_RESPONSE_PII;
}

static aim__mark_kind kind_of(uint32_t class_bit)
{
	static const struct {
		uint32_t class_bit;
		aim__mark_kind kind;
	} kinds[] = {{AIM__DETECT_SSN, AIM__MARK_SSN},     {AIM__DETECT_CARD, AIM__MARK_CARD},   {AIM__DETECT_IBAN, AIM__MARK_IBAN},
	             {AIM__DETECT_EMAIL, AIM__MARK_EMAIL}, {AIM__DETECT_PHONE, AIM__MARK_PHONE}, {AIM__DETECT_EXFILTRATION, AIM__MARK_URL}};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (kinds[i].class_bit == class_bit)
			return kinds[i].kind;
	return AIM__MARK_CREDENTIAL;
}

static void see_hit(aim_response *r, const aim__detect_hit *hit, uint32_t start, uint32_t end, aim_str view)
{
	const aim__detect_rule *rule = &aim__detect_rules[hit->rule];
	finding f = {.category = category_of(hit->class_bit), .severity = rule->severity, .kind = kind_of(hit->class_bit),
	             .rule_id = DETECTOR_RULES + (uint32_t)hit->rule, .rule = hit->name, .message = rule->message, .view = view,
	             .start = start, .end = end};
	found(r, &f);
}

static int see_plain(void *user, const aim__detect_hit *hit)
{
	aim_response *r = user;
	aim_str none = {"", 0};
	see_hit(r, hit, hit->start, hit->end, none);
	return r->n_marks >= MARKS_MOST || r->failed != AIM_OK;
}

static int see_node(void *user, const aim__sanitise_hit *hit)
{
	return see_plain(user, &hit->what);
}

/* ---- under an encoding ---- */

/* What is left of base64 or hex of which a part was cut still tells: all of the run goes. */
static void widen(const aim__response_text *t, aim_str view, uint32_t *start, uint32_t *end)
{
	const uint8_t *p = (const uint8_t *)t->text.ptr;
	if (!aim__detect_holds((const uint8_t *)view.ptr, (uint32_t)view.len, "base64") &&
	    !aim__detect_holds((const uint8_t *)view.ptr, (uint32_t)view.len, "hex"))
		return;
	while (*start > 0 && aim__scan_is_base64(p[*start - 1]))
		(*start)--;
	while (*end < t->text.len && (aim__scan_is_base64(p[*end]) || p[*end] == '='))
		(*end)++;
}

typedef struct view_hits {
	aim_response *r;
	const aim__scan_view *view;
} view_hits;

static int see_decoded(void *user, const aim__detect_hit *hit)
{
	view_hits *v = user;
	aim_str name = {v->view->name, v->view->name_len};
	uint32_t start = v->view->map[hit->start], end = v->view->map[hit->end];
	if (end < start) { /* reversed */
		uint32_t swapped = start;
		start = end;
		end = swapped + 1;
	}
	widen(v->r->current, name, &start, &end);
	see_hit(v->r, hit, start, end, name);
	return v->r->n_marks >= MARKS_MOST || v->r->failed != AIM_OK;
}

static void read_view(void *user, const aim__scan_view *view)
{
	view_hits v = {user, view};
	/* Letters for digits and the like make nothing that has a shape. */
	if (!view->map || view->done & (AIM__VIEW_LEET | AIM__VIEW_JOINED | AIM__VIEW_SPACED))
		return;
	v.r->work += aim__detect_text(view->ptr, view->len, v.r->classes, see_decoded, &v);
}

/* ---- the scanner of definitions ---- */

static const aim__rule *rule_of(const aim_scan_finding *f)
{
	for (uint32_t i = 0; i < aim__n_rules; i++)
		if (aim_str_equal(f->rule, aim_str_from(aim__rules[i].id)))
			return &aim__rules[i];
	return NULL;
}

/* From the beginning to the end of its sentence: the rest of an instruction is one too. */
static void take_sentence(aim_str text, uint32_t *start, uint32_t *end)
{
	uint32_t from = *start, to = *end;
	const char *p = text.ptr;
	while (from > 0 && *start - from < SENTENCE_MOST && p[from - 1] != '\n' &&
	       !((p[from - 1] == '.' || p[from - 1] == '!' || p[from - 1] == '?') && (uint8_t)p[from] <= ' '))
		from--;
	while (from < *start && (p[from] == ' ' || p[from] == '\t'))
		from++;
	while (from < *start && ((uint8_t)p[from] & 0xC0) == 0x80)
		from++;
	while (to < text.len && to - *end < SENTENCE_MOST && p[to] != '\n') {
		to++;
		if (p[to - 1] == '.' || p[to - 1] == '!' || p[to - 1] == '?')
			break;
	}
	while (to < text.len && ((uint8_t)p[to] & 0xC0) == 0x80)
		to++;
	*start = from;
	*end = to;
}

static int is_named(const aim_scan_finding *f, uint32_t rule)
{
	return aim_str_equal(f->rule, aim_str_from(aim__rules[rule].id));
}

/* What of a definition's finding counts in a response. */
static uint32_t severity_of(const aim_scan_finding *f, const aim__rule *rule, size_t len)
{
	static const uint32_t ordinary[] = {AIM__RULE_COMMENT, AIM__RULE_INVISIBLE_CHARACTER, AIM__RULE_CONTROL_CHARACTER};
	if (!rule)
		return f->severity; /* a rule of the user's own */
	if (f->severity < AIM_SCAN_CRITICAL)
		return AIM_SCAN_INFO;
	for (size_t i = 0; i < sizeof ordinary / sizeof *ordinary; i++)
		if (is_named(f, ordinary[i]))
			return AIM_SCAN_INFO;
	if (len > LONG_TEXT && f->view.len == 0 && rule->weight < DECIDES && rule->category != 0 &&
	    f->threat == AIM_SCAN_DESCRIPTION_INJECTION)
		return AIM_SCAN_INFO;
	return AIM_SCAN_CRITICAL;
}

static int is_tag(const aim_scan_finding *f)
{
	return is_named(f, AIM__RULE_ROLE_MARKER) || is_named(f, AIM__RULE_IMPORTANT_TAG) || is_named(f, AIM__RULE_TAG_TEXT);
}

static void see_finding(aim_response *r, const aim_scan_finding *s)
{
	const aim__response_text *t = r->current;
	const aim__rule *rule = rule_of(s);
	if (is_named(s, AIM__RULE_SCAN_LIMIT)) {
		not_scanned(r, "scan-limit", "is more than can be looked at");
		return;
	}
	finding f = {.category = is_tag(s) ? AIM_RESPONSE_INSTRUCTION_TAG : AIM_RESPONSE_IMPERATIVE_INJECTION,
	             .severity = severity_of(s, rule, t->text.len), .kind = AIM__MARK_INSTRUCTION,
	             .rule_id = rule ? (uint32_t)(rule - aim__rules) : UINT32_MAX - 1, .rule = rule ? rule->id : keep(r, s->rule).ptr,
	             .message = rule ? rule->message : keep(r, s->message).ptr, .view = s->view, .start = (uint32_t)s->start,
	             .end = (uint32_t)s->end};
	if (f.severity >= AIM_SCAN_WARNING && s->view.len == 0 && !is_tag(s))
		take_sentence(t->text, &f.start, &f.end);
	widen(t, s->view, &f.start, &f.end);
	found(r, &f);
}

/* Short and nothing but printable ASCII that opens no marker and no escape: no words worth reading. */
static int is_dull(aim_str text, size_t most)
{
	if (text.len >= most)
		return 0;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = (uint8_t)text.ptr[i];
		if (c < ' ' || c >= 0x7F || c == '<' || c == '[' || c == '%' || c == '&' || c == '\\')
			return 0;
	}
	return 1;
}

static void read_words(aim_response *r, aim_str text)
{
	aim_scan_result *scan = r->scan;
	aim_str none = {"", 0};
	aim__scan_place place = {NULL, 0, AIM__PART_TEXT};
	aim__result_begin(scan);
	aim__result_begin_tool(scan, none, none);
	aim__field_scan(scan, text, place);
	r->work += scan->work;
	if (scan->failed != AIM_OK) {
		r->failed = scan->failed;
		return;
	}
	if (r->options.flags & AIM_RESPONSE_WITHOUT_INSTRUCTIONS)
		return;
	for (size_t i = 0; i < scan->n_findings; i++)
		see_finding(r, &scan->findings[i]);
	if (scan->summary.dropped)
		not_scanned(r, "too-many-findings", "has more findings than can be told");
}

/* ---- */

void aim__response_read(aim_response *r, const aim__response_text *t)
{
	int stopped = 0, is_key = t->doc && t->doc->nodes[t->node].info & AIM__JSON_KEY;
	int is_string = !t->doc || is_key || (t->doc->nodes[t->node].info & AIM__JSON_TYPE) == AIM_JSON_STRING;
	r->current = t;
	r->n_marks = 0;
	if (t->text.len > r->scan->scanner->options.max_text_bytes) {
		not_scanned(r, "text-too-long", "is longer than what is looked at");
		return;
	}
	r->work += t->text.len;
	if (t->doc)
		(void)aim__sanitise_node(t->doc, t->node, r->classes | (r->classes & AIM__DETECT_CREDENTIAL ? AIM__SANITISE_MEMBERS : 0),
		                         see_node, r, &stopped); /* never too long: see above */
	else if (t->text.len)
		r->work += aim__detect_text((const uint8_t *)t->text.ptr, (uint32_t)t->text.len, r->classes, see_plain, r);
	if (is_string && r->failed == AIM_OK && !is_dull(t->text, is_key ? SHORT_NAME : SHORT_TEXT)) {
		r->scan->watch = read_view;
		r->scan->watcher = r;
		read_words(r, t->text);
		r->scan->watch = NULL;
	}
	if (r->n_marks >= MARKS_MOST && r->failed == AIM_OK) {
		r->n_marks = 0;
		not_scanned(r, "too-many-findings", "has more findings than can be told");
	}
}
