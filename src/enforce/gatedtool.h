/* enforce/gatedtool.h — inside a set of gated tools and the record of a call. */
#ifndef AIM_ENFORCE_GATEDTOOL_H
#define AIM_ENFORCE_GATEDTOOL_H

#include "base/buf.h"
#include "base/os.h"
#include "codec/json.h"
#include "enforce/decision.h"

#include <aim/gatedtool.h>

/* One registered tool. Immutable but for the references, which the set's mutex guards. The text stands behind it. */
typedef struct aim__gatedtool {
	aim_ctx *ctx; /* borrowed: the set's */
	size_t size;
	size_t references;
	uint32_t flags;
	uint32_t min_trust;
	aim_str name, folded, description, capability;
	aim_json schema, annotations; /* annotations is empty when there are none */
	aim_json_value properties;    /* of schema; AIM_JSON_NONE when it defines none */
	aim_breaker *breaker;
	aim_gatedtool_handler handler;
	void *user;
	void (*destroy)(void *user);
} aim__gatedtool;

struct aim_gatedtool_set {
	aim_ctx *ctx;
	aim_gatedtool_options options; /* audit and registry are referenced */
	aim__mutex mutex;              /* guards all below */
	aim__gatedtool **tools;        /* sorted by folded name */
	size_t n_tools, cap_tools;
};

struct aim_gatedtool_call {
	aim_ctx *ctx;
	aim_decision *decision;
	aim_json given;    /* the arguments of the caller, copied */
	aim_json filtered; /* without what was stripped; empty when nothing was */
	aim_json check;    /* the result, read once */
	aim_buf text;      /* of filtered */
	aim_buf result;
	aim_buf names;     /* of the capabilities: a length and its text, one behind the other */
	aim_json_value *stripped; /* of given */
	size_t n_stripped, cap_stripped;
	size_t n_capabilities;
	int64_t started_us, finished_us, trust_micro;
	uint32_t identity, sponsored;
	int32_t success;
	int failed; /* the handler ran and failed: failure says how */
	aim_error failure;
};

/* What the stages of one call share. */
typedef struct aim__gatedtool_run {
	aim_gatedtool_set *set;
	aim_gatedtool_call *call;
	aim__gatedtool *tool; /* referenced; NULL: there is none of that name */
	aim_bytes arguments;
	aim_breaker_ticket ticket;
} aim__gatedtool_run;

/* The tool of exactly that name, with a reference; NULL. */
aim__gatedtool *aim__gatedtool_take(aim_gatedtool_set *set, aim_str name);
void aim__gatedtool_give(aim_gatedtool_set *set, aim__gatedtool *tool);
uint32_t aim__gatedtool_minimum(const aim_gatedtool_set *set, const aim__gatedtool *tool);

/* ---- gatedtool_stage.c ---- */

/* Runs all stages of a call; the answer is that of aim__stages_run. */
aim_status aim__gatedtool_judge(aim__gatedtool_run *run, const aim_request *request, aim_error *err);

#endif
