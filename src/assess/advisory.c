/* assess/advisory.c — the set of advisories: what was loaded from files and added by hand. Layer assess; fetched answers
 * are apart (advisory_cache.c), for they grow old. */
#include "assess/advisory.h"

#include "assess/version.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sized.h"
#include "codec/json.h"
#include "codec/writer.h"

#include <string.h>

AIM__NO_PADDING(aim_advisory_options, 6 * sizeof(uint32_t) + 2 * sizeof(uint64_t) + 3 * sizeof(void *));
AIM__NO_PADDING(aim_advisory_entry, 4 * sizeof(uint32_t) + 6 * sizeof(aim_str) + 2 * sizeof(void *));

#define LAYER AIM_LAYER_ASSESS

typedef aim__advisory_record record;

/* --- loading and adding --------------------------------------------------------------------------------------------------- */

/* A broken record without an id cannot be replaced later, so it counts as unreadable. */
static aim_status take_text(aim_advisory *set, aim__advisory_text *text, uint64_t *out_records)
{
	aim_status rc = AIM_OK;
	size_t i = 0;
	set->n_unreadable += text->n_unreadable;
	for (; i < text->n && rc == AIM_OK; i++) {
		if (!text->items[i]->id.len) {
			set->n_unreadable++;
			aim__advisory_record_free(set->ctx, text->items[i]);
		} else {
			rc = aim__advisory_take(set, text->items[i]);
			if (rc != AIM_OK)
				break;
			*out_records += !(text->items[i]->flags & AIM__ADVISORY_BROKEN);
		}
		text->items[i] = NULL;
	}
	if (rc != AIM_OK)
		set->n_unreadable++; /* what is not taken may be about anything */
	return rc;
}

aim_status aim_advisory_load(aim_advisory *set, aim_bytes text, aim_diagnostics *problems, uint64_t *out_records,
                             aim_error *err)
{
	aim__advisory_text read;
	uint64_t n = 0;
	if (!set || (!text.ptr && text.len))
		return AIM__MISUSE(set ? set->ctx : NULL, "set and text are required");
	if (text.len > set->options.max_bytes)
		return aim__fail(err, AIM_E_LIMIT, LAYER, "the text is larger than aim_advisory_options.max_bytes");
	aim_status rc = aim__advisory_text_read(set->ctx, text, set->options.max_records, problems, &read, err);
	if (rc != AIM_OK)
		return rc;
	aim__mutex_lock(&set->lock);
	rc = take_text(set, &read, &n);
	aim__mutex_unlock(&set->lock);
	if (rc != AIM_OK)
		(void)aim__fail_plain(err, rc, LAYER);
	else if (read.status != AIM_OK) {
		rc = read.status;
		if (err)
			*err = read.first;
	}
	if (out_records)
		*out_records = n;
	aim__advisory_text_free(set->ctx, &read);
	return rc;
}

static aim_status check_entry(const aim_advisory_entry *e, aim_error *err)
{
	const aim__ecosystem *eco = aim__ecosystem_find(e->ecosystem);
	if (e->flags || e->reserved)
		return aim__fail(err, AIM_E_VERSION, LAYER, "aim_advisory_entry.flags and reserved must be 0");
	if (!e->id.len || e->id.len > AIM__ADVISORY_MAX_ID || !e->ecosystem.len || !e->name.len ||
	    e->severity > AIM_ADVISORY_CRITICAL || (e->n_versions && (!e->versions || e->introduced.len || e->fixed.len)))
		return aim__fail(err, AIM_E_INVALID, LAYER,
		                 "an advisory has an id of at most 256 bytes, an ecosystem, a name, a severity, and either versions or "
		                 "a range");
	if ((e->introduced.len || e->fixed.len) && !eco)
		return aim__fail(err, AIM_E_ADVISORY_VERSION, LAYER, "how this ecosystem orders versions is not known: list them");
	if ((e->introduced.len && !eco->valid(e->introduced)) || (e->fixed.len && !eco->valid(e->fixed)))
		return aim__fail(err, AIM_E_ADVISORY_VERSION, LAYER, "introduced or fixed is no version of %s", eco->name);
	return AIM_OK;
}

static void write_event(aim__json_writer *w, const char *name, aim_str version)
{
	aim__write_begin_object(w);
	aim__write_member_string(w, name, version);
	aim__write_end_object(w);
}

static void write_versions(aim__json_writer *w, const aim_advisory_entry *e)
{
	aim__write_key(w, "versions");
	aim__write_begin_array(w);
	for (size_t i = 0; i < e->n_versions; i++)
		aim__write_string(w, e->versions[i]);
	aim__write_end_array(w);
}

static void write_range(aim__json_writer *w, const aim_advisory_entry *e)
{
	aim__write_key(w, "ranges");
	aim__write_begin_array(w);
	aim__write_begin_object(w);
	aim__write_member_text(w, "type", "ECOSYSTEM");
	aim__write_key(w, "events");
	aim__write_begin_array(w);
	write_event(w, "introduced", e->introduced.len ? e->introduced : aim_str_from("0"));
	if (e->fixed.len)
		write_event(w, "fixed", e->fixed);
	aim__write_end_array(w);
	aim__write_end_object(w);
	aim__write_end_array(w);
}

/* As the record that it would be in a file: then there is one way to read and to match. */
static aim_status write_entry(const aim_advisory_entry *e, aim_buf *out)
{
	aim__json_writer w;
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	aim__write_member_string(&w, "id", e->id);
	if (e->summary.len)
		aim__write_member_string(&w, "summary", e->summary);
	aim__write_key(&w, "affected");
	aim__write_begin_array(&w);
	aim__write_begin_object(&w);
	aim__write_key(&w, "package");
	aim__write_begin_object(&w);
	aim__write_member_string(&w, "ecosystem", e->ecosystem);
	aim__write_member_string(&w, "name", e->name);
	aim__write_end_object(&w);
	(e->n_versions ? write_versions : write_range)(&w, e);
	aim__write_end_object(&w);
	aim__write_end_array(&w);
	aim__write_end_object(&w);
	return aim__write_finish(&w);
}

static aim_status add(aim_advisory *set, const aim_advisory_entry *e, aim_buf *text, aim_error *err)
{
	record *r = NULL;
	aim_status rc = write_entry(e, text);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, LAYER);
	rc = aim__advisory_record_read(set->ctx, aim_bytes_from(text->ptr, text->len), &r, err);
	if (rc != AIM_OK) {
		aim__advisory_record_free(set->ctx, r);
		return rc;
	}
	r->flags = AIM_ADVISORY_MANUAL;
	r->severity = e->severity;
	aim__mutex_lock(&set->lock);
	rc = aim__advisory_take(set, r);
	aim__mutex_unlock(&set->lock);
	if (rc == AIM_OK)
		return rc;
	aim__advisory_record_free(set->ctx, r);
	return aim__fail_plain(err, rc, LAYER);
}

aim_status aim_advisory_add(aim_advisory *set, const aim_advisory_entry *entry, aim_error *err)
{
	aim_advisory_entry e = {.struct_size = sizeof e};
	aim_buf text;
	if (!set || !entry)
		return AIM__MISUSE(set ? set->ctx : NULL, "set and entry are required");
	aim_status rc = aim__sized_in(&e, sizeof e, entry, sizeof e, "aim_advisory_entry", err);
	if (rc == AIM_OK)
		rc = check_entry(&e, err);
	if (rc != AIM_OK)
		return rc;
	aim__buf_init(&text, set->ctx);
	rc = add(set, &e, &text, err);
	aim__buf_dispose(&text);
	return rc;
}

aim_status aim_advisory_remove(aim_advisory *set, aim_str id)
{
	if (!set || (!id.ptr && id.len))
		return AIM__MISUSE(set ? set->ctx : NULL, "set is required");
	aim__mutex_lock(&set->lock);
	record *r = aim__advisory_find(set, id);
	if (r)
		aim__advisory_drop(set, r);
	aim__mutex_unlock(&set->lock);
	return r ? AIM_OK : AIM_E_NOT_FOUND;
}

/* --- life ----------------------------------------------------------------------------------------------------------------- */

static aim_status take_options(aim_advisory_options *o, const aim_advisory_options *given, aim_error *err)
{
	aim_status rc = aim__sized_in(o, sizeof *o, given, sizeof *o, "aim_advisory_options", err);
	if (rc != AIM_OK)
		return rc;
	if (o->flags || o->reserved)
		return aim__fail(err, AIM_E_VERSION, LAYER, "aim_advisory_options.flags and reserved must be 0");
	if (o->cache_ms > INT64_MAX / 1000)
		return aim__fail(err, AIM_E_INVALID, LAYER, "aim_advisory_options.cache_ms is out of range");
	o->cache_ms = o->cache_ms ? o->cache_ms : 3600000u;
	o->max_bytes = o->max_bytes ? o->max_bytes : 64u << 20;
	o->max_records = o->max_records ? o->max_records : 200000u;
	o->max_answers = o->max_answers ? o->max_answers : 1024u;
	o->max_findings = o->max_findings ? o->max_findings : 1024u;
	return AIM_OK;
}

aim_status aim_advisory_new(aim_ctx *ctx, const aim_advisory_options *options, aim_advisory **out, aim_error *err)
{
	aim_advisory_options o = {.struct_size = sizeof o};
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_status rc = take_options(&o, options, err);
	aim_advisory *set = rc == AIM_OK ? aim__alloc_zeroed(ctx, sizeof *set) : NULL;
	if (rc == AIM_OK && (!set || aim__mutex_init(&set->lock) != AIM_OK)) {
		aim__free(ctx, set, sizeof *set);
		rc = aim__fail_plain(err, AIM_E_NOMEM, LAYER);
	}
	if (rc != AIM_OK) {
		if (o.destroy)
			o.destroy(o.user);
		return rc;
	}
	set->ctx = aim__ctx_ref(ctx);
	set->options = o;
	set->references = 1;
	aim__map_init(&set->by_id, ctx, 0);
	aim__map_init(&set->by_name, ctx, 0);
	aim__map_init(&set->ecosystems, ctx, 0);
	*out = set;
	return AIM_OK;
}

aim_advisory *aim__advisory_ref(aim_advisory *set)
{
	aim__mutex_lock(&set->lock);
	set->references++;
	aim__mutex_unlock(&set->lock);
	return set;
}

static void free_all(aim_advisory *set)
{
	aim_ctx *ctx = set->ctx;
	const aim__map_entry *e;
	size_t cursor = 0;
	while ((e = aim__map_next(&set->by_name, &cursor)))
		for (aim__advisory_link *l = (aim__advisory_link *)e->value, *next; l; l = next) {
			next = l->next;
			aim__free(ctx, l, sizeof *l + l->key_len);
		}
	for (cursor = 0; (e = aim__map_next(&set->by_id, &cursor));)
		aim__advisory_record_free(ctx, (record *)e->value);
	for (cursor = 0; (e = aim__map_next(&set->ecosystems, &cursor));)
		aim__free(ctx, (void *)(uintptr_t)e->key.ptr, e->key.len);
	aim__advisory_cache_clear(set);
	aim__map_dispose(&set->by_name);
	aim__map_dispose(&set->by_id);
	aim__map_dispose(&set->ecosystems);
	aim__mutex_dispose(&set->lock);
	if (set->options.destroy)
		set->options.destroy(set->options.user);
	aim__free(ctx, set, sizeof *set);
	aim__ctx_unref(ctx);
}

void aim_advisory_free(aim_advisory *set)
{
	if (!set)
		return;
	aim__mutex_lock(&set->lock);
	uint64_t left = --set->references;
	aim__mutex_unlock(&set->lock);
	if (left == 0)
		free_all(set);
}
