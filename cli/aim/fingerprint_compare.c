/* cli/aim/fingerprint_compare.c — aim fingerprint --against: what differs between two surfaces. */
#include "fingerprint.h"
#include "registry.h"

#include <stdio.h>
#include <string.h>

static const column columns[] = {
	{"change", "CHANGE", 0},
	{"kind", "KIND", 0},
	{"name", "NAME", COLUMN_SHRINKS},
	{NULL, "MEMBERS", COLUMN_SHRINKS},
	{"members", NULL, COLUMN_RAW},
	{"before", NULL, COLUMN_HIDDEN},
	{"now", NULL, COLUMN_HIDDEN},
};

typedef struct comparison {
	program *p;
	table *table;
	aim_json *old_doc, *new_doc;
	aim_buf *old_text, *new_text;
	size_t n; /* differences */
} comparison;

/* --- members -------------------------------------------------------------------------------------------------------------- */

/* Whether a member has the same canonical text in both. */
static aim_status is_same(comparison *c, aim_json_value old_value, aim_json_value new_value, int *out, aim_error *err)
{
	aim_buf_clear(c->old_text);
	aim_buf_clear(c->new_text);
	aim_status rc = aim_json_canonicalize(c->old_doc, old_value, AIM_JSON_JCS_EXACT_TEXT, c->old_text, err);
	if (rc == AIM_OK)
		rc = aim_json_canonicalize(c->new_doc, new_value, AIM_JSON_JCS_EXACT_TEXT, c->new_text, err);
	if (rc == AIM_OK)
		*out = aim_str_equal(aim_buf_str(c->old_text), aim_buf_str(c->new_text));
	return rc;
}

static void add(texts *t, aim_str name)
{
	if (t->n < TEXTS_MAX)
		t->items[t->n++] = name;
}

/* Names of the members that differ, those that were there before first. */
static aim_status differing(comparison *c, const definition *before, const definition *now, texts *out, aim_error *err)
{
	out->n = 0;
	aim_status rc = aim_json_parse(c->old_doc, before->raw, AIM_JSON_BORROW, err);
	if (rc == AIM_OK)
		rc = aim_json_parse(c->new_doc, now->raw, AIM_JSON_BORROW, err);
	if (rc != AIM_OK)
		return rc;
	for (aim_json_value v = aim_json_first(c->old_doc, AIM_JSON_ROOT); v != AIM_JSON_NONE && rc == AIM_OK;
	     v = aim_json_next(c->old_doc, v)) {
		int same = 0;
		aim_json_value other = aim_json_member(c->new_doc, AIM_JSON_ROOT, aim_json_key(c->old_doc, v));
		if (other != AIM_JSON_NONE)
			rc = is_same(c, v, other, &same, err);
		if (!same)
			add(out, aim_json_key(c->old_doc, v));
	}
	for (aim_json_value v = aim_json_first(c->new_doc, AIM_JSON_ROOT); v != AIM_JSON_NONE; v = aim_json_next(c->new_doc, v))
		if (aim_json_member(c->old_doc, AIM_JSON_ROOT, aim_json_key(c->new_doc, v)) == AIM_JSON_NONE)
			add(out, aim_json_key(c->new_doc, v));
	return rc;
}

/* --- rows ----------------------------------------------------------------------------------------------------------------- */

/* One of the two may be NULL. */
static void show_row(comparison *c, const char *change, int which, const definition *before, const definition *now,
                     const texts *members)
{
	char hex[AIM_FINGERPRINT_TEXT_SIZE];
	const definition *d = now ? now : before;
	table_styled(c->table, aim_str_from(change), which);
	table_text(c->table, aim_str_from(aim_fingerprint_kind_name(d->kind)));
	table_text(c->table, d->name);
	table_text(c->table, texts_line(members, c->old_text));
	table_text(c->table, texts_json(members, c->old_text));
	table_text(c->table, aim_str_from(before ? hex_text(before->hashes.surface, hex) : NULL));
	table_text(c->table, aim_str_from(now ? hex_text(now->hashes.surface, hex) : NULL));
	table_row_end(c->table);
	c->n++;
}

static int order_of(const definition *a, const definition *b)
{
	if (!a || !b)
		return a ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	size_t n = a->name.len < b->name.len ? a->name.len : b->name.len;
	int order = n ? memcmp(a->name.ptr, b->name.ptr, n) : 0;
	return order ? order : (a->name.len > b->name.len) - (a->name.len < b->name.len);
}

/* Both are in the same order: one walk through both. */
static aim_status compare(comparison *c, const surface *now, const surface *before, aim_error *err)
{
	static const texts none;
	texts members;
	for (size_t i = 0, j = 0; i < before->n || j < now->n;) {
		const definition *old_one = i < before->n ? &before->items[i] : NULL, *new_one = j < now->n ? &now->items[j] : NULL;
		int order = order_of(old_one, new_one);
		i += order <= 0;
		j += order >= 0;
		if (order < 0)
			show_row(c, "removed", STYLE_BAD, old_one, NULL, &none);
		if (order > 0)
			show_row(c, "added", STYLE_BAD, NULL, new_one, &none);
		if (order != 0 || aim_fingerprint_equal(&old_one->hashes, &new_one->hashes))
			continue;
		aim_status rc = differing(c, old_one, new_one, &members, err);
		if (rc != AIM_OK)
			return rc;
		show_row(c, "changed", STYLE_BAD, old_one, new_one, &members);
	}
	return AIM_OK;
}

static int show_result(const comparison *c, const surface *now, const surface *before)
{
	answer a;
	if (!screen_is_json() && c->n)
		putchar('\n');
	answer_begin(&a);
	answer_bool(&a, "same", "the same", c->n == 0);
	answer_hex(&a, "manifest_before", "before", before->manifest, sizeof before->manifest);
	answer_hex(&a, "manifest", "now", now->manifest, sizeof now->manifest);
	answer_end(&a);
	return c->n ? EXIT_NO : EXIT_OK;
}

int surface_compare(program *p, const surface *now, const surface *before)
{
	aim_error err = {0};
	comparison c = {.p = p, .table = table_new(columns, N(columns)), .old_text = new_buf(p), .new_text = new_buf(p)};
	int code = EXIT_FAILED;
	if (c.table && c.old_text && c.new_text && aim_json_new(p->ctx, &c.old_doc) == AIM_OK &&
	    aim_json_new(p->ctx, &c.new_doc) == AIM_OK) {
		aim_status rc = compare(&c, now, before, &err);
		table_free(c.table, NULL);
		c.table = NULL;
		code = rc == AIM_OK ? show_result(&c, now, before) : failed("the comparison", rc, &err);
	}
	table_free(c.table, NULL);
	aim_json_free(c.old_doc);
	aim_json_free(c.new_doc);
	aim_buf_free(c.old_text);
	aim_buf_free(c.new_text);
	return code;
}
