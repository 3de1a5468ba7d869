/* cli/aim/fingerprint.c — aim fingerprint: hashes of what a server shows, from a file or from its baseline. */
#include "fingerprint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)16 << 20)

/* --- definitions ---------------------------------------------------------------------------------------------------------- */

/* What a list is called, and the member that only its definitions have. */
static const struct {
	const char *list;
	const char *sign;
	const char *named;
	uint32_t kind;
	uint32_t reserved;
} kinds[] = {
	{"tools", "inputSchema", "name", AIM_FINGERPRINT_TOOL, 0},
	{"resourceTemplates", "uriTemplate", "uriTemplate", AIM_FINGERPRINT_RESOURCE_TEMPLATE, 0},
	{"resources", "uri", "uri", AIM_FINGERPRINT_RESOURCE, 0},
	{"prompts", "arguments", "name", AIM_FINGERPRINT_PROMPT, 0},
	{"server", "protocolVersion", "name", AIM_FINGERPRINT_SERVER, 0},
};

static aim_json_value member(const aim_json *doc, aim_json_value object, const char *name)
{
	return aim_json_member(doc, object, aim_str_from(name));
}

static const char *naming_member(uint32_t kind)
{
	for (size_t i = 0; i < N(kinds); i++)
		if (kinds[i].kind == kind)
			return kinds[i].named;
	return "name";
}

/* A definition alone is a tool unless it has what only others have. */
static uint32_t recognise(const aim_json *doc, aim_json_value value)
{
	for (size_t i = 0; i < N(kinds); i++)
		if (member(doc, value, kinds[i].sign) != AIM_JSON_NONE)
			return kinds[i].kind;
	return AIM_FINGERPRINT_TOOL;
}

/* An object that is called something is a definition, whatever else is in it. */
static int is_definition(const aim_json *doc, aim_json_value value)
{
	for (size_t i = 0; i < N(kinds); i++)
		if (aim_json_string(doc, member(doc, value, kinds[i].named)).ptr)
			return 1;
	return 0;
}

static definition *new_item(surface *s)
{
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 64;
		definition *more = realloc(s->items, cap * sizeof *more);
		if (!more) {
			say("out of memory");
			return NULL;
		}
		s->items = more;
		s->cap = cap;
	}
	definition *d = &s->items[s->n++];
	memset(d, 0, sizeof *d);
	d->hashes.struct_size = sizeof d->hashes;
	return d;
}

static int add_value(surface *s, aim_json_value value, uint32_t kind)
{
	aim_error err = {0};
	char what[400];
	definition *d = new_item(s);
	if (!d)
		return EXIT_FAILED;
	d->kind = kind ? kind : recognise(s->doc, value);
	aim_status rc = aim_fingerprint_value(s->p->ctx, d->kind, s->doc, value, &d->hashes, &err);
	if (rc != AIM_OK) {
		snprintf(what, sizeof what, "%.200s, definition %zu", s->what, s->n);
		failed(what, rc, &err);
		return EXIT_NO;
	}
	d->name = aim_json_string(s->doc, member(s->doc, value, naming_member(d->kind)));
	d->raw = aim_json_raw(s->doc, value);
	return EXIT_OK;
}

static int add_list(surface *s, aim_json_value list, uint32_t kind)
{
	int code = EXIT_OK;
	for (aim_json_value v = aim_json_first(s->doc, list); v != AIM_JSON_NONE && code == EXIT_OK; v = aim_json_next(s->doc, v))
		code = add_value(s, v, kind);
	return code;
}

/* A list of definitions, an object of lists as an answer of tools/list is (with what JSON-RPC puts around it or without), or one
 * definition. */
static int add_all(surface *s, uint32_t kind)
{
	aim_json_value root = AIM_JSON_ROOT, result = member(s->doc, root, "result");
	int code = EXIT_OK, n_lists = 0;
	if (is_definition(s->doc, root))
		return add_value(s, root, kind);
	if (aim_json_type(s->doc, result) == AIM_JSON_OBJECT)
		root = result;
	if (aim_json_type(s->doc, root) == AIM_JSON_ARRAY)
		return add_list(s, root, kind);
	for (size_t i = 0; i < N(kinds) && code == EXIT_OK; i++) {
		aim_json_value list = member(s->doc, root, kinds[i].list);
		uint32_t type = aim_json_type(s->doc, list);
		if (type == AIM_JSON_ARRAY)
			code = add_list(s, list, kinds[i].kind);
		else if (type == AIM_JSON_OBJECT && kinds[i].kind == AIM_FINGERPRINT_SERVER)
			code = add_value(s, list, kinds[i].kind);
		else
			continue;
		n_lists++;
	}
	return n_lists || code != EXIT_OK ? code : add_value(s, root, kind);
}

static int compare_items(const void *a, const void *b)
{
	const definition *x = a, *y = b;
	size_t n = x->name.len < y->name.len ? x->name.len : y->name.len;
	int order = (x->kind > y->kind) - (x->kind < y->kind);
	if (order == 0 && n)
		order = memcmp(x->name.ptr, y->name.ptr, n);
	return order ? order : (x->name.len > y->name.len) - (x->name.len < y->name.len);
}

/* Orders them, and hashes them together. */
static int finish(surface *s)
{
	aim_error err = {0};
	aim_fingerprint_leaf *leaves = calloc(s->n + 1, sizeof *leaves);
	if (!leaves) {
		say("out of memory");
		return EXIT_FAILED;
	}
	if (s->n)
		qsort(s->items, s->n, sizeof *s->items, compare_items);
	for (size_t i = 0; i < s->n; i++)
		leaves[i] = (aim_fingerprint_leaf){s->items[i].kind, 0, s->items[i].name, s->items[i].hashes.surface};
	aim_status rc = aim_fingerprint_manifest(s->p->ctx, leaves, s->n, s->manifest, &err);
	free(leaves);
	if (rc == AIM_OK)
		return EXIT_OK;
	failed(s->what, rc, &err);
	return rc == AIM_E_ASSESS_DUPLICATE ? EXIT_NO : EXIT_FAILED;
}

int surface_of_file(program *p, const char *path, uint32_t kind, surface *out)
{
	aim_error err = {0};
	memset(out, 0, sizeof *out);
	out->p = p;
	out->what = path;
	int code = open_context(p);
	if (code != EXIT_OK)
		return code;
	out->bytes = file_read("definitions", path, FILE_MAX, &out->len);
	if (!out->bytes)
		return EXIT_FILE;
	aim_status rc = aim_json_new(p->ctx, &out->doc);
	if (rc == AIM_OK)
		rc = aim_json_parse(out->doc, aim_bytes_from(out->bytes, out->len), AIM_JSON_BORROW, &err);
	if (rc != AIM_OK) {
		char what[400];
		snprintf(what, sizeof what, "%.300s:%u:%u", path, err.line, err.column);
		failed(what, rc, &err);
		return rc == AIM_E_NOMEM ? EXIT_FAILED : EXIT_NO;
	}
	code = add_all(out, kind);
	return code == EXIT_OK ? finish(out) : code;
}

static int add_entries(surface *s)
{
	aim_error err = {0};
	aim_baseline_entry e = {.struct_size = sizeof e};
	for (size_t i = 0; aim_baseline_at(s->baseline, i, &e) == AIM_OK; i++) {
		definition *d = e.state ? new_item(s) : NULL;
		if (!d && e.state)
			return EXIT_FAILED;
		if (!d)
			continue;
		d->kind = e.kind;
		d->name = e.name;
		d->raw = e.definition;
		aim_status rc = aim_fingerprint_compute(s->p->ctx, e.kind, e.definition, &d->hashes, &err);
		if (rc != AIM_OK)
			return failed(s->what, rc, &err);
	}
	return EXIT_OK;
}

int surface_of_server(program *p, const char *name, surface *out)
{
	char id[64];
	aim_error err = {0};
	memset(out, 0, sizeof *out);
	out->p = p;
	out->what = name;
	int code = open_log(p, NULL, TO_READ);
	if (code == EXIT_OK)
		code = open_registry(p);
	if (code == EXIT_OK)
		code = subject_id(p, SUBJECT_SERVER, name, id, sizeof id);
	if (code != EXIT_OK)
		return code;
	aim_status rc = aim_baseline_open(p->registry, aim_str_from(id), &out->baseline, &err);
	if (rc != AIM_OK)
		return failed(name, rc, &err);
	code = add_entries(out);
	return code == EXIT_OK ? finish(out) : code;
}

void surface_close(surface *s)
{
	free(s->items);
	aim_baseline_free(s->baseline);
	aim_json_free(s->doc);
	file_free(s->bytes, s->len);
}

/* --- the command ------------------------------------------------------------------------------------------------------------ */

static const column columns[] = {
	{"kind", "KIND", 0},
	{"name", "NAME", COLUMN_SHRINKS},
	{"fingerprint", "FINGERPRINT", 0},
	{"description", NULL, COLUMN_HIDDEN},
	{"schema", NULL, COLUMN_HIDDEN},
};

const char *hex_text(const uint8_t hash[AIM_FINGERPRINT_LEN], char out[AIM_FINGERPRINT_TEXT_SIZE])
{
	for (size_t i = 0; i < AIM_FINGERPRINT_LEN; i++)
		snprintf(out + 2 * i, 3, "%02x", hash[i]);
	return out;
}

/* A part that no member makes up has no hash. */
static void part_cell(table *t, const uint8_t hash[AIM_FINGERPRINT_LEN])
{
	static const uint8_t none[AIM_FINGERPRINT_LEN];
	char hex[AIM_FINGERPRINT_TEXT_SIZE];
	table_text(t, aim_str_from(memcmp(hash, none, sizeof none) == 0 ? NULL : hex_text(hash, hex)));
}

static int show(const surface *s)
{
	answer a;
	table *t = table_new(columns, N(columns));
	if (!t)
		return EXIT_FAILED;
	for (size_t i = 0; i < s->n; i++) {
		const definition *d = &s->items[i];
		table_text(t, aim_str_from(aim_fingerprint_kind_name(d->kind)));
		table_text(t, d->name);
		part_cell(t, d->hashes.surface);
		part_cell(t, d->hashes.description);
		part_cell(t, d->hashes.schema);
		table_row_end(t);
	}
	table_free(t, "no definition");
	if (!screen_is_json() && s->n)
		putchar('\n');
	answer_begin(&a);
	answer_number(&a, "definitions", "definitions", s->n);
	answer_hex(&a, "manifest", "manifest", s->manifest, sizeof s->manifest);
	answer_end(&a);
	return EXIT_OK;
}

int run_fingerprint(program *p)
{
	surface now = {.p = p}, before = {.p = p};
	const fingerprint_options *o = p->options;
	if ((p->n_args == 1) == (o->server != NULL)) {
		say("fingerprint takes FILE or --server");
		return EXIT_USAGE;
	}
	int code = o->server ? surface_of_server(p, o->server, &now) : surface_of_file(p, p->args[0], o->kind, &now);
	if (code == EXIT_OK && o->against)
		code = surface_of_file(p, o->against, o->kind, &before);
	if (code == EXIT_OK)
		code = o->against ? surface_compare(p, &now, &before) : show(&now);
	surface_close(&before);
	surface_close(&now);
	return code;
}
