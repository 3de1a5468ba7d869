/* assess/drift_record.c — drift records as they are written, stored and shown. Layer assess. */
#include "assess/drift.h"

#include "base/format.h"
#include "base/mem.h"
#include "codec/writer.h"

#include <string.h>

#define TOLD_FINDINGS 32u /* in the audit record */
#define NAME_BYTES 256u
#define TEXT_BYTES 1024u

static const char *const state_names[] = {"unknown", "open", "acknowledged", "closed", NULL};
static const char *const how_names[] = {"unknown", "approved", "returned", "superseded", "resolved", NULL};
static const char *const severity_names[] = {"none", "info", "low", "medium", "high", "critical", NULL};

#define F(name, member, kind, required) {name, offsetof(aim__drift_stored, member), kind, required, NULL}
static const aim__field fields[] = {
	F("id", id, AIM__FIELD_TEXT, 1),
	F("namespace", name_space, AIM__FIELD_TEXT, 1),
	F("subject", subject, AIM__FIELD_TEXT, 1),
	F("part", part, AIM__FIELD_TEXT, 1),
	{"state", offsetof(aim__drift_stored, state), AIM__FIELD_NAME, 1, state_names},
	{"severity", offsetof(aim__drift_stored, severity), AIM__FIELD_NAME, 1, severity_names},
	{"how", offsetof(aim__drift_stored, how), AIM__FIELD_NAME, 0, how_names},
	F("n_findings", n_findings, AIM__FIELD_UINT, 0),
	F("set", set, AIM__FIELD_HASH, 0),
	F("alert", alert, AIM__FIELD_TEXT, 0),
	F("opened_at", opened_us, AIM__FIELD_TIME_US, 1),
	F("acknowledged_at", acknowledged_us, AIM__FIELD_TIME_US, 0),
	F("acknowledged_by", acknowledged_by, AIM__FIELD_TEXT, 0),
	F("acknowledged_why", acknowledged_why, AIM__FIELD_TEXT, 0),
	F("closed_at", closed_us, AIM__FIELD_TIME_US, 0),
	F("closed_by", closed_by, AIM__FIELD_TEXT, 0),
	F("closed_why", closed_why, AIM__FIELD_TEXT, 0),
	F("findings", findings, AIM__FIELD_JSON, 1),
};
#undef F
const aim__fields aim__drift_table = {fields, sizeof fields / sizeof *fields};

const char *aim_drift_state_name(uint32_t state)
{
	return state_names[state <= AIM_DRIFT_CLOSED ? state : 0];
}

const char *aim_drift_how_name(uint32_t how)
{
	return how_names[how <= AIM_DRIFT_RESOLVED ? how : 0];
}

void aim__drift_show(const aim__drift_stored *s, aim_drift_record *out)
{
	memset(out, 0, sizeof *out);
	out->struct_size = sizeof *out;
	out->state = s->state;
	out->severity = s->severity;
	out->how = s->how;
	out->n_findings = s->n_findings;
	out->opened_us = s->opened_us;
	out->acknowledged_us = s->acknowledged_us;
	out->closed_us = s->closed_us;
	out->id = s->id;
	out->subject = s->subject;
	out->part = s->part;
	out->alert = s->alert;
	out->findings = s->findings;
	out->acknowledged_by = s->acknowledged_by;
	out->acknowledged_why = s->acknowledged_why;
	out->closed_by = s->closed_by;
	out->closed_why = s->closed_why;
}

/* ---- findings ---- */

static aim_str cut(aim_str text, size_t max)
{
	if (text.len <= max)
		return text;
	text.len = max;
	while (text.len > 0 && ((uint8_t)text.ptr[text.len] & 0xC0) == 0x80)
		text.len--;
	return text;
}

static void write_text(aim__json_writer *w, const char *name, aim_str text, size_t max)
{
	if (text.len)
		aim__write_member_string(w, name, cut(text, max));
}

/* A fragment is JSON; cut, it is a text. */
static void write_fragment(aim__json_writer *w, const char *name, aim_bytes fragment)
{
	aim_str text = {(const char *)fragment.ptr, fragment.len};
	write_text(w, name, text, TEXT_BYTES);
}

static const char *class_name(const aim_drift_finding *f)
{
	return f->kind == AIM_DRIFT_BEHAVIOUR ? aim_behaviour_name(f->change_class) : aim_schemadiff_class_name(f->change_class);
}

/* Members in canonical order. */
static void write_finding(aim__json_writer *w, const aim_drift_finding *f, int fragments)
{
	aim__write_begin_object(w);
	if (f->change_class)
		aim__write_member_text(w, "class", class_name(f));
	if (f->definition_kind)
		aim__write_member_text(w, "definition", aim_fingerprint_kind_name(f->definition_kind));
	if (f->flags & AIM_DRIFT_GRAVE)
		aim__write_member_bool(w, "grave", 1);
	aim__write_member_text(w, "kind", aim_drift_kind_name(f->kind));
	write_text(w, "name", f->name, NAME_BYTES);
	if (fragments) {
		write_fragment(w, "new", f->new_fragment);
		write_fragment(w, "old", f->old_fragment);
	}
	write_text(w, "pointer", f->pointer, NAME_BYTES);
	write_text(w, "property", f->property, NAME_BYTES);
	aim__write_member_text(w, "severity", aim_alert_severity_name(f->severity));
	aim__write_end_object(w);
}

static void write_array(aim__json_writer *w, const aim_drift_finding *findings, size_t n, size_t max, int fragments)
{
	aim__write_begin_array(w);
	for (size_t i = 0, written = 0; i < n && written < max; i++) {
		if (findings[i].kind == AIM_DRIFT_FIRST_SEEN)
			continue;
		write_finding(w, &findings[i], fragments);
		written++;
	}
	aim__write_end_array(w);
}

aim_status aim__drift_write_findings(const aim_drift_finding *findings, size_t n, aim_buf *out)
{
	aim__json_writer w;
	aim__write_init(&w, out);
	write_array(&w, findings, n, AIM__DRIFT_KEPT, 1);
	return aim__write_finish(&w);
}

aim_status aim__drift_write_data(aim_str part, const aim_drift_finding *findings, size_t n, aim_buf *out)
{
	aim__json_writer w;
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	aim__write_key(&w, "findings");
	write_array(&w, findings, n, TOLD_FINDINGS, 0);
	aim__write_member_int64(&w, "n_findings", (int64_t)n);
	write_text(&w, "part", part, NAME_BYTES + 16);
	aim__write_end_object(&w);
	return aim__write_finish(&w);
}
