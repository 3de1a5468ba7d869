/* assess/scan_record.c — what a scan found as a record names it: rules, never the words that matched. Layer assess. */
#include "assess/scan.h"

#include "codec/writer.h"

#define FINDINGS_NAMED 32u /* the rest is counted */
#define POINTER_NAMED 200u

/* Members in canonical order. A place that is too long for a record is left out: half a pointer points elsewhere. */
static void write_finding(aim__json_writer *w, const aim_scan_finding *f)
{
	aim__write_begin_object(w);
	if (f->pointer.len <= POINTER_NAMED)
		aim__write_member_string(w, "pointer", f->pointer);
	aim__write_member_string(w, "rule", f->rule);
	aim__write_member_text(w, "severity", aim_scan_severity_name(f->severity));
	aim__write_member_text(w, "threat", aim_scan_threat_name(f->threat));
	aim__write_end_object(w);
}

void aim__scan_describe(aim__json_writer *w, const aim_scan_result *found, const aim_scan_summary *summary)
{
	aim__write_key(w, "findings");
	aim__write_begin_array(w);
	for (size_t i = 0; i < aim_scan_finding_count(found) && i < FINDINGS_NAMED; i++)
		write_finding(w, aim_scan_finding_at(found, i));
	aim__write_end_array(w);
	aim__write_member_int64(w, "n_findings", (int64_t)summary->threats);
	aim__write_member_text(w, "severity", aim_scan_severity_name(summary->severity));
}
