/* assess/advisory_read.c — one text with OSV records: a record, an array, JSON Lines, or an answer of OSV's query
 * interface. Layer assess. */
#include "assess/advisory.h"

#include "base/ctx.h"
#include "base/diagnostics.h"
#include "base/error.h"
#include "base/mem.h"
#include "codec/json.h"

#include <string.h>

#define LAYER AIM_LAYER_ASSESS

typedef struct reader {
	aim_ctx *ctx;
	aim_bytes all;
	size_t max;
	aim_diagnostics *problems;
	aim__advisory_text *out;
} reader;

static void note_problem(reader *r, const aim_error *problem)
{
	aim__diagnostics_add(r->problems, problem);
	if (r->out->status == AIM_OK) {
		r->out->status = AIM_E_ADVISORY;
		r->out->first = *problem;
	}
}

static aim_status note_limit(const reader *r, aim_error *err)
{
	return aim__fail(err, AIM_E_LIMIT, LAYER, "there are more than %zu records", r->max);
}

static int is_fatal(aim_status rc)
{
	return rc == AIM_E_NOMEM || rc == AIM_E_LIMIT;
}

/* One record; a malformed one is a problem, not a failure. */
static aim_status take_record(reader *r, aim_bytes text, aim_error *err)
{
	aim_error problem = {0};
	aim__advisory_record *record = NULL;
	void *items = r->out->items;
	if (r->out->n == r->max)
		return note_limit(r, err);
	aim_status rc = aim__grow(r->ctx, &items, &r->out->cap, r->out->n + 1, sizeof *r->out->items, 16, 0);
	r->out->items = items;
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, LAYER);
	rc = aim__advisory_record_read(r->ctx, text, &record, &problem);
	if (is_fatal(rc)) {
		if (err)
			*err = problem;
		return rc;
	}
	if (rc != AIM_OK) {
		problem.status = AIM_E_ADVISORY;
		aim__error_at(&problem, r->all, (size_t)(text.ptr - r->all.ptr) + (size_t)problem.offset);
		note_problem(r, &problem);
	}
	if (record) {
		r->out->items[r->out->n++] = record;
		r->out->bytes += text.len;
	} else {
		r->out->n_unreadable++;
	}
	return AIM_OK;
}

static aim_status take_array(reader *r, const aim_json *doc, aim_json_value list, aim_error *err)
{
	aim_status rc = AIM_OK;
	for (aim_json_value v = aim__json_first(doc, list); rc == AIM_OK && v != AIM_JSON_NONE; v = aim__json_next(doc, v)) {
		aim_bytes raw = aim_json_raw(doc, v);
		raw.ptr = r->all.ptr + (raw.ptr - doc->source); /* the same text where the caller has it */
		rc = take_record(r, raw, err);
	}
	return rc;
}

static void note_part(reader *r, const char *what)
{
	aim_error problem = {0};
	(void)aim__fail(&problem, AIM_E_ADVISORY, LAYER, "%s", what);
	r->out->n_unreadable++;
	note_problem(r, &problem);
}

/* {"vulns": […], "next_page_token": …} */
static aim_status take_answer(reader *r, const aim_json *doc, aim_error *err)
{
	aim_json_value list = aim__json_member_text(doc, AIM_JSON_ROOT, "vulns");
	if (aim__json_string(doc, aim__json_member_text(doc, AIM_JSON_ROOT, "next_page_token")).len)
		note_part(r, "the answer has further pages, which are not here");
	if (list != AIM_JSON_NONE && aim__json_type(doc, list) == AIM_JSON_ARRAY)
		return take_array(r, doc, list, err);
	if (list != AIM_JSON_NONE || aim_json_count(doc, AIM_JSON_ROOT) > 0)
		return take_record(r, r->all, err);
	return AIM_OK;
}

static aim_status take_document(reader *r, const aim_json *doc, aim_error *err)
{
	switch (aim__json_type(doc, AIM_JSON_ROOT)) {
	case AIM_JSON_ARRAY:
		return take_array(r, doc, AIM_JSON_ROOT, err);
	case AIM_JSON_OBJECT:
		if (aim__json_member_text(doc, AIM_JSON_ROOT, "id") == AIM_JSON_NONE)
			return take_answer(r, doc, err);
		return take_record(r, r->all, err);
	default:
		note_part(r, "neither OSV records nor an answer with them");
		return AIM_OK;
	}
}

/* --- JSON Lines ----------------------------------------------------------------------------------------------------------- */

static int is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The next line without white space around it; 0 at the end. Empty lines are skipped. */
static int next_line(aim_bytes *rest, aim_bytes *line)
{
	while (rest->len && is_space(*rest->ptr))
		*rest = (aim_bytes){rest->ptr + 1, rest->len - 1};
	if (rest->len == 0)
		return 0;
	const uint8_t *end = memchr(rest->ptr, '\n', rest->len);
	*line = (aim_bytes){rest->ptr, end ? (size_t)(end - rest->ptr) : rest->len};
	*rest = (aim_bytes){rest->ptr + line->len, rest->len - line->len};
	while (is_space(line->ptr[line->len - 1]))
		line->len--;
	return 1;
}

/* Two lines or more, of which the first is an object to look at. */
static int is_lines(aim_bytes text)
{
	aim_bytes line, more;
	return next_line(&text, &line) && line.len > 1 && line.ptr[0] == '{' && line.ptr[line.len - 1] == '}' &&
	       next_line(&text, &more);
}

static aim_status take_lines(reader *r, aim_error *err)
{
	aim_bytes rest = r->all, line;
	aim_status rc = AIM_OK;
	while (rc == AIM_OK && next_line(&rest, &line))
		rc = take_record(r, line, err);
	return rc;
}

/* --- all ------------------------------------------------------------------------------------------------------------------ */

aim_status aim__advisory_text_read(aim_ctx *ctx, aim_bytes text, size_t max, aim_diagnostics *problems,
                                   aim__advisory_text *out, aim_error *err)
{
	reader r = {ctx, text, max, problems, out};
	aim_json doc;
	*out = (aim__advisory_text){.n = 0};
	aim_status rc;
	if (is_lines(text)) {
		rc = take_lines(&r, err);
	} else {
		aim__json_init(&doc, ctx);
		rc = aim_json_parse(&doc, text, AIM_JSON_BORROW, err);
		if (rc == AIM_OK)
			rc = take_document(&r, &doc, err);
		aim__json_dispose(&doc);
	}
	if (rc != AIM_OK)
		aim__advisory_text_free(ctx, out);
	return rc;
}

void aim__advisory_text_free(const aim_ctx *ctx, aim__advisory_text *text)
{
	for (size_t i = 0; i < text->n; i++)
		aim__advisory_record_free(ctx, text->items[i]);
	aim__free(ctx, text->items, text->cap * sizeof *text->items);
	*text = (aim__advisory_text){.n = 0};
}
