/* enforce/pipeline.h — inside a pipeline, the record of a call, and one run. */
#ifndef AIM_ENFORCE_PIPELINE_H
#define AIM_ENFORCE_PIPELINE_H

#include "base/buf.h"
#include "base/map.h"
#include "base/os.h"
#include "codec/json.h"
#include "enforce/decision.h"

#include <aim/fingerprint.h>
#include <aim/pipeline.h>

#define AIM__PIPELINE_MESSAGE 256u

/* What the scan of one definition came to. */
typedef struct aim__pipeline_scan {
	uint8_t surface[AIM_FINGERPRINT_LEN];
	uint32_t severity;
	char message[AIM__PIPELINE_MESSAGE]; /* of its first critical finding */
} aim__pipeline_scan;

struct aim_pipeline {
	aim_ctx *ctx;                 /* referenced */
	aim_pipeline_options options; /* parts are borrowed; mesh is below */
	aim_trustmesh_options mesh;
	aim__mutex mutex;             /* guards scans */
	aim__map scans;               /* by surface: aim__pipeline_scan, owned */
};

struct aim_pipeline_call {
	aim_pipeline *pipeline; /* borrowed */
	aim_decision *decision;
	aim_decision *authorization, *gate; /* of proxy or authorizer, and of the gateway */
	aim_scan_result *scan;              /* NULL: no scanner */
	aim_response *response;             /* NULL: answers are not judged */
	aim_json arguments, definition;
	aim_buf answer; /* as the tool gave it */
	aim_buf text;   /* canonical arguments, names */
	aim_bytes result;
	uint32_t severity;
	int32_t running, ran;
	char client[256];
};

/* What the stages of one run share. */
typedef struct aim__pipeline_run {
	aim_pipeline *pipeline;
	aim_pipeline_call *call;
	const aim_pipeline_input *input;
	aim_facts facts; /* the host's, with the arguments of the call */
	char fingerprint[AIM_FINGERPRINT_TEXT_SIZE]; /* empty: no definition */
	uint8_t surface[AIM_FINGERPRINT_LEN];
	int64_t started_us, finished_us;
	int failed;   /* the tool ran and failed, or its answer was blocked */
	int reported;
} aim__pipeline_run;

/* pipeline.c: what is remembered of a definition. 1 when there is something. */
int aim__pipeline_recall(aim_pipeline *pipeline, const uint8_t *surface, aim__pipeline_scan *out);
/* Remembers it; all others are forgotten when there are too many. AIM_OK, AIM_E_NOMEM. */
aim_status aim__pipeline_remember(aim_pipeline *pipeline, const aim__pipeline_scan *scan);

/* pipeline_stage.c: runs all stages of a run; the answer is that of aim__stages_run. */
aim_status aim__pipeline_judge(aim__pipeline_run *run, const aim_request *request, aim_error *err);

/* pipeline_record.c. All are AIM_OK when there is nothing to do. */
/* The decision, as it stands but for its effect. */
aim_status aim__pipeline_record_call(aim__pipeline_run *run, const aim_request *q, uint32_t effect, aim_error *err);
aim_status aim__pipeline_record_scan(aim__pipeline_run *run, const aim_request *q, const aim_scan_summary *found,
                                     aim_error *err);
/* What came of a tool that ran: its record, trust, and usage or action. All are tried; the first failure. */
aim_status aim__pipeline_report(aim__pipeline_run *run, const aim_request *q, aim_error *err);

#endif
