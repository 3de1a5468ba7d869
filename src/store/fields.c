/* store/fields.c — reading and writing records by table. Layer store. */
#include "store/fields.h"

#include "base/time.h"
#include "codec/encoding.h"

#include <string.h>

#define MAX_EXACT_UINT (UINT64_C(1) << 53) /* what every JSON reader keeps */

/* ---- writing ---- */

static void write_list(aim__json_writer *w, const char *name, const aim__text_list *list)
{
	if (list->n == 0)
		return;
	aim__write_key(w, name);
	aim__write_begin_array(w);
	for (size_t i = 0; i < list->n; i++)
		aim__write_string(w, list->items[i]);
	aim__write_end_array(w);
}

/* A time outside the years RFC 3339 has cannot be written; callers have checked it. */
static void write_time(aim__json_writer *w, const char *name, int64_t time, int micros)
{
	char text[AIM__TIME_TEXT_SIZE];
	if (time == 0)
		return;
	if ((micros ? aim__time_format_us(text, time) : aim__time_format_s(text, time)) == AIM_OK)
		aim__write_member_text(w, name, text);
	else
		w->status = AIM_E_INVALID;
}

static void write_hash(aim__json_writer *w, const char *name, const uint8_t hash[32])
{
	static const uint8_t none[32];
	char text[65];
	if (memcmp(hash, none, sizeof none) == 0)
		return;
	aim__hex_write(aim_bytes_from(hash, 32), text);
	text[64] = '\0';
	aim__write_member_text(w, name, text);
}

static void write_key(aim__json_writer *w, const char *name, const aim__optional_key *key)
{
	char text[AIM_KEY_PUBLIC_TEXT_SIZE];
	if (!key->present)
		return;
	aim_status rc = aim_key_public_text(&key->key, text);
	if (rc == AIM_OK)
		aim__write_member_text(w, name, text);
	else
		w->status = rc;
}

static void write_raw(aim__json_writer *w, const char *name, const aim_bytes *json)
{
	if (json->len == 0)
		return;
	aim__write_key(w, name);
	aim__write_raw(w, *json);
}

static void write_field(aim__json_writer *w, const aim__field *f, const void *at)
{
	switch (f->type) {
	case AIM__FIELD_TEXT:
		if (((const aim_str *)at)->len)
			aim__write_member_string(w, f->name, *(const aim_str *)at);
		break;
	case AIM__FIELD_LIST: write_list(w, f->name, at); break;
	case AIM__FIELD_NAME:
		if (*(const uint32_t *)at)
			aim__write_member_text(w, f->name, f->names[*(const uint32_t *)at]);
		break;
	case AIM__FIELD_TIME_US: write_time(w, f->name, *(const int64_t *)at, 1); break;
	case AIM__FIELD_TIME_S: write_time(w, f->name, *(const int64_t *)at, 0); break;
	case AIM__FIELD_BOOL:
		if (*(const uint32_t *)at)
			aim__write_member_bool(w, f->name, 1);
		break;
	case AIM__FIELD_UINT:
		if (*(const uint64_t *)at)
			aim__write_member_int64(w, f->name, (int64_t)*(const uint64_t *)at);
		break;
	case AIM__FIELD_HASH: write_hash(w, f->name, at); break;
	case AIM__FIELD_KEY: write_key(w, f->name, at); break;
	case AIM__FIELD_JSON: write_raw(w, f->name, at); break;
	default: w->status = AIM_E_INTERNAL; break;
	}
}

void aim__fields_write(aim__json_writer *w, const aim__fields *table, const void *record)
{
	for (size_t i = 0; i < table->n && w->status == AIM_OK; i++)
		write_field(w, &table->fields[i], (const uint8_t *)record + table->fields[i].offset);
}

aim_status aim__fields_object(aim_buf *out, const aim__fields *table, const void *record)
{
	aim__json_writer w;
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	aim__fields_write(&w, table, record);
	aim__write_end_object(&w);
	return aim__write_finish(&w);
}

/* ---- reading: each gives AIM_OK, AIM_E_NOMEM, or AIM_E_STORE_CORRUPT for a value of another form ---- */

typedef struct source {
	const aim_ctx *ctx;
	const aim_json *doc;
	aim__arena *arena;
} source;

static aim_status read_text(const source *s, aim_json_value value, aim_str *out)
{
	aim_str text = aim_json_string(s->doc, value);
	if (!text.ptr)
		return AIM_E_STORE_CORRUPT;
	aim_str copy = aim__arena_copy(s->arena, text);
	if (!copy.ptr)
		return AIM_E_NOMEM;
	*out = copy;
	return AIM_OK;
}

static aim_status read_list(const source *s, aim_json_value value, aim__text_list *out)
{
	if (aim_json_type(s->doc, value) != AIM_JSON_ARRAY)
		return AIM_E_STORE_CORRUPT;
	size_t n = aim_json_count(s->doc, value);
	aim_str *items = aim__arena_array(s->arena, n ? n : 1, sizeof *items);
	if (!items)
		return AIM_E_NOMEM;
	aim_json_value item = aim_json_first(s->doc, value);
	for (size_t i = 0; i < n; i++, item = aim_json_next(s->doc, item)) {
		aim_status rc = read_text(s, item, &items[i]);
		if (rc != AIM_OK)
			return rc;
	}
	out->items = items;
	out->n = n;
	return AIM_OK;
}

static aim_status read_name(const source *s, aim_json_value value, const char *const *names,
                            uint32_t *out)
{
	aim_str text = aim_json_string(s->doc, value);
	for (uint32_t i = 1; names[i]; i++)
		if (aim_str_equal(text, aim_str_from(names[i]))) {
			*out = i;
			return AIM_OK;
		}
	return AIM_E_STORE_CORRUPT;
}

static aim_status read_time(const source *s, aim_json_value value, int micros, int64_t *out)
{
	int64_t us;
	if (aim__time_parse_us(aim_json_string(s->doc, value), &us) != AIM_OK)
		return AIM_E_STORE_CORRUPT;
	*out = micros ? us : us / 1000000;
	return AIM_OK;
}

static aim_status read_bool(const source *s, aim_json_value value, uint32_t *out)
{
	int32_t flag;
	if (aim_json_bool(s->doc, value, &flag) != AIM_OK)
		return AIM_E_STORE_CORRUPT;
	*out = (uint32_t)flag;
	return AIM_OK;
}

static aim_status read_uint(const source *s, aim_json_value value, uint64_t *out)
{
	int64_t number;
	if (aim_json_int64(s->doc, value, &number) != AIM_OK || number < 0 ||
	    (uint64_t)number > MAX_EXACT_UINT)
		return AIM_E_STORE_CORRUPT;
	*out = (uint64_t)number;
	return AIM_OK;
}

static aim_status read_hash(const source *s, aim_json_value value, uint8_t *out)
{
	aim_str text = aim_json_string(s->doc, value);
	if (!text.ptr || aim__encoding_read_exact(AIM_ENCODING_HEX, text, out, 32) != AIM_OK)
		return AIM_E_STORE_CORRUPT;
	return AIM_OK;
}

static aim_status read_key(const source *s, aim_json_value value, aim__optional_key *out)
{
	aim_str text = aim_json_string(s->doc, value);
	if (!text.ptr ||
	    aim_key_public_parse(s->ctx, aim_bytes_from_str(text), &out->key, NULL) != AIM_OK)
		return AIM_E_STORE_CORRUPT;
	out->present = 1;
	return AIM_OK;
}

static aim_status read_raw(const source *s, aim_json_value value, aim_bytes *out)
{
	aim_bytes raw = aim_json_raw(s->doc, value);
	aim_str text = {(const char *)raw.ptr, raw.len};
	aim_str copy = aim__arena_copy(s->arena, text);
	if (!copy.ptr)
		return AIM_E_NOMEM;
	*out = aim_bytes_from_str(copy);
	return AIM_OK;
}

static aim_status read_field(const source *s, const aim__field *f, aim_json_value value, void *at)
{
	switch (f->type) {
	case AIM__FIELD_TEXT: return read_text(s, value, at);
	case AIM__FIELD_LIST: return read_list(s, value, at);
	case AIM__FIELD_NAME: return read_name(s, value, f->names, at);
	case AIM__FIELD_TIME_US: return read_time(s, value, 1, at);
	case AIM__FIELD_TIME_S: return read_time(s, value, 0, at);
	case AIM__FIELD_BOOL: return read_bool(s, value, at);
	case AIM__FIELD_UINT: return read_uint(s, value, at);
	case AIM__FIELD_HASH: return read_hash(s, value, at);
	case AIM__FIELD_KEY: return read_key(s, value, at);
	case AIM__FIELD_JSON: return read_raw(s, value, at);
	default: return AIM_E_INTERNAL;
	}
}

aim_status aim__fields_read(const aim_ctx *ctx, const aim__fields *table, const aim_json *doc,
                            aim_json_value object, aim__arena *arena, void *record,
                            const char **out_bad)
{
	source s = {ctx, doc, arena};
	for (size_t i = 0; i < table->n; i++) {
		const aim__field *f = &table->fields[i];
		aim_json_value value = aim_json_member(doc, object, aim_str_from(f->name));
		aim_status rc = AIM_OK;
		if (value != AIM_JSON_NONE)
			rc = read_field(&s, f, value, (uint8_t *)record + f->offset);
		else if (f->required)
			rc = AIM_E_STORE_CORRUPT;
		if (rc == AIM_OK)
			continue;
		if (out_bad)
			*out_bad = f->name;
		return rc;
	}
	return AIM_OK;
}
