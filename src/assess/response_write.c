/* assess/response_write.c — a response without what was found in it. Layer assess.
 *
 * The source is copied as it stands, but for the strings, names and numbers that change. What changes is quoted anew, so
 * that JSON stays JSON. */
#include "assess/response.h"
#include "base/format.h"
#include "codec/writer.h"

#include <string.h>

static const char *const markers[] = {
	[AIM__MARK_CREDENTIAL] = "[REDACTED:credential",   [AIM__MARK_SSN] = "[REDACTED:ssn",
	[AIM__MARK_CARD] = "[REDACTED:payment_card",       [AIM__MARK_IBAN] = "[REDACTED:iban",
	[AIM__MARK_EMAIL] = "[REDACTED:email",             [AIM__MARK_PHONE] = "[REDACTED:phone",
	[AIM__MARK_URL] = "[REDACTED:exfiltration_url",    [AIM__MARK_INSTRUCTION] = "[REDACTED:instruction",
	[AIM__MARK_NOT_SCANNED] = "[REDACTED:not_scanned",
};

/* By their beginnings; there are few, and nearly always in order. */
static void sort_marks(aim_response *r)
{
	for (size_t i = 1; i < r->n_marks; i++) {
		aim__mark m = r->marks[i];
		size_t k = i;
		for (; k > 0 && r->marks[k - 1].start > m.start; k--)
			r->marks[k] = r->marks[k - 1];
		r->marks[k] = m;
	}
}

static aim_status put_marker(aim_response *r, aim__mark_kind kind, int is_name, aim_buf *out)
{
	aim_status rc = aim__buf_add_text(out, markers[kind]);
	if (rc == AIM_OK && is_name) {
		rc = aim__buf_add_byte(out, ':');
		if (rc == AIM_OK)
			rc = aim__buf_add_u64(out, ++r->n_names);
	}
	return rc == AIM_OK ? aim__buf_add_byte(out, ']') : rc;
}

aim_status aim__response_redact(aim_response *r, aim_str text, int whole, int is_name, aim_buf *out)
{
	size_t copied = 0;
	aim_status rc = AIM_OK;
	sort_marks(r);
	if (whole)
		return put_marker(r, r->marks[0].kind, is_name, out);
	for (size_t i = 0; rc == AIM_OK && i < r->n_marks;) {
		size_t start = r->marks[i].start, end = r->marks[i].end, first = i;
		for (i++; i < r->n_marks && r->marks[i].start < end; i++)
			end = r->marks[i].end > end ? r->marks[i].end : end;
		aim_str before = {text.ptr + copied, start - copied};
		rc = aim__buf_add_str(out, before);
		if (rc == AIM_OK)
			rc = put_marker(r, r->marks[first].kind, is_name, out);
		copied = end;
	}
	aim_str rest = {text.ptr + copied, text.len - copied};
	return rc == AIM_OK ? aim__buf_add_str(out, rest) : rc;
}

/* ---- a document ---- */

typedef struct splice {
	aim_response *r;
	const aim_json *doc;
	uint32_t level;
	uint32_t dirty;
	size_t copied; /* of the source */
	aim_buf *out;
} splice;

/* The source up to a node, then its new text. */
static void replace(splice *s, uint32_t node, aim_str text)
{
	const aim__json_node *n = &s->doc->nodes[node];
	int is_number = !(n->info & AIM__JSON_KEY) && (n->info & AIM__JSON_TYPE) == AIM_JSON_NUMBER;
	size_t start = n->start - (is_number ? 0u : 1u), end = n->end + (is_number ? 0u : 1u);
	aim_bytes before = {s->doc->source + s->copied, start - s->copied};
	aim_status rc = aim_buf_append(s->out, before);
	if (rc == AIM_OK)
		rc = aim__json_quote(s->out, text);
	if (rc != AIM_OK)
		s->r->failed = rc;
	s->copied = end;
}

static int looks_like_json(aim_str text)
{
	return text.len >= 2 && ((text.ptr[0] == '{' && text.ptr[text.len - 1] == '}') ||
	                         (text.ptr[0] == '[' && text.ptr[text.len - 1] == ']'));
}

/* 1 when the string is JSON itself and was read as that. */
static int read_inner(splice *s, uint32_t node, aim_str text, aim_json_value outer)
{
	aim_response *r = s->r;
	uint32_t dirty = 0;
	if (s->level + 1 >= AIM__RESPONSE_LEVELS || !looks_like_json(text))
		return 0;
	aim_status rc = aim_json_parse(&r->docs[s->level + 1], aim_bytes_from_str(text), AIM_JSON_BORROW, NULL);
	if (rc == AIM_E_NOMEM)
		r->failed = rc;
	if (rc != AIM_OK)
		return rc == AIM_E_NOMEM;
	aim__response_document(r, s->level + 1, outer, &dirty);
	s->dirty |= dirty;
	if (dirty && r->failed == AIM_OK && r->options.policy == AIM_RESPONSE_SANITIZE)
		replace(s, node, aim_buf_str(&r->levels[s->level + 1]));
	return 1;
}

static void read_node(splice *s, uint32_t i, aim_json_value outer)
{
	aim_response *r = s->r;
	const aim__json_node *n = &s->doc->nodes[i];
	int is_key = (n->info & AIM__JSON_KEY) != 0;
	uint32_t type = n->info & AIM__JSON_TYPE;
	aim__response_text t = {.doc = s->doc, .node = i, .level = s->level, .outer = s->level ? outer : i};
	if (!is_key && type != AIM_JSON_STRING && type != AIM_JSON_NUMBER)
		return;
	t.text = aim__json_node_text(s->doc, n);
	r->work++;
	if (!is_key && type == AIM_JSON_STRING && read_inner(s, i, t.text, t.outer))
		return;
	r->dirty = 0;
	aim__response_read(r, &t);
	s->dirty |= r->dirty;
	if (!r->dirty || r->failed != AIM_OK || r->options.policy != AIM_RESPONSE_SANITIZE)
		return;
	aim_buf_clear(&r->text);
	r->failed = aim__response_redact(r, t.text, r->pass > 1 || (!is_key && type == AIM_JSON_NUMBER), is_key, &r->text);
	if (r->failed == AIM_OK)
		replace(s, i, aim_buf_str(&r->text));
}

void aim__response_document(aim_response *r, uint32_t level, aim_json_value outer, uint32_t *out_dirty)
{
	splice s = {.r = r, .doc = &r->docs[level], .level = level, .out = &r->levels[level]};
	aim_buf_clear(s.out);
	for (uint32_t i = 0; i < s.doc->n_nodes && r->failed == AIM_OK; i++)
		read_node(&s, i, outer);
	*out_dirty = s.dirty;
	if (!s.dirty || r->failed != AIM_OK || r->options.policy != AIM_RESPONSE_SANITIZE)
		return;
	aim_bytes rest = {s.doc->source + s.copied, s.doc->len - s.copied};
	r->failed = aim_buf_append(s.out, rest);
}
