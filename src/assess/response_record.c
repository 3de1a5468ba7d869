/* assess/response_record.c — a scan of a response as a record names it: rules, never what was found. Layer assess. */
#include "assess/response.h"

#include "codec/writer.h"

#define THREATS_NAMED 32u /* the rest is counted */
#define POINTER_NAMED 200u

static void write_threat(aim__json_writer *w, const aim_response_threat *t)
{
	aim__write_begin_object(w);
	if (t->pointer.len <= POINTER_NAMED)
		aim__write_member_string(w, "pointer", t->pointer);
	aim__write_member_string(w, "rule", t->rule);
	aim__write_member_text(w, "severity", aim_scan_severity_name(t->severity));
	aim__write_member_text(w, "category", aim_response_category_name(t->category));
	aim__write_end_object(w);
}

void aim__response_describe(aim__json_writer *w, const aim_response *r, const aim_response_verdict *v)
{
	aim__write_key(w, "threats");
	aim__write_begin_array(w);
	for (size_t i = 0; i < aim_response_threat_count(r) && i < THREATS_NAMED; i++)
		write_threat(w, aim_response_threat_at(r, i));
	aim__write_end_array(w);
	aim__write_member_int64(w, "n_threats", (int64_t)v->threats);
	aim__write_member_text(w, "severity", aim_scan_severity_name(v->severity));
}
