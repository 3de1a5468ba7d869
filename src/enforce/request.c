/* enforce/request.c — checking what a caller asks before anything reads it. Layer enforce. */
#include "base/error.h"
#include "base/sized.h"
#include "enforce/decision.h"
#include "enforce/pattern.h"

#include <string.h>

#define MAX_TRUST_MICRO 1000000

AIM__NO_PADDING(aim_request, 2 * sizeof(uint32_t) + 6 * sizeof(aim_str) + sizeof(void *) +
                                 sizeof(size_t) + 2 * sizeof(int64_t) + 2 * sizeof(uint32_t) + sizeof(void *));

/* Without facts: what the first callers passed. */
#define FIRST_SIZE offsetof(aim_request, facts)

static aim_status check(const aim_request *r, aim_error *err)
{
	if (r->flags != 0 || r->reserved != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_ENFORCE,
		                 "aim_request.flags and .reserved must be 0");
	if (r->trust_micro != AIM_DECISION_NO_TRUST &&
	    (r->trust_micro < 0 || r->trust_micro > MAX_TRUST_MICRO))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ENFORCE,
		                 "aim_request.trust_micro must be 0 to 1000000, or AIM_DECISION_NO_TRUST");
	if (r->risk > AIM_DECISION_RISK_CRITICAL)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ENFORCE,
		                 "aim_request.risk must be one of AIM_DECISION_RISK_*");
	if (!r->capabilities && r->n_capabilities)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ENFORCE,
		                 "aim_request.capabilities is NULL and n_capabilities is not 0");
	/* One test for all: the lengths of sane texts have no bit at or above AIM__FACT_MAX. */
	size_t lengths = r->agent.len | r->did.len | r->server.len | r->tool.len | r->resource.len |
	                 r->action.len;
	if (lengths >= AIM__FACT_MAX)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_ENFORCE,
		                 "a text of the request has %u bytes or more", AIM__FACT_MAX);
	return AIM_OK;
}

aim_status aim__request_take(const aim_request **io_request, aim_request *copy, aim_error *err)
{
	const aim_request *request = *io_request;
	if (!request)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_ENFORCE, "request is required");
	if (request->struct_size != sizeof *request) {
		memset(copy, 0, sizeof *copy);
		copy->trust_micro = AIM_DECISION_NO_TRUST;
		aim_status rc =
			aim__sized_in(copy, sizeof *copy, request, FIRST_SIZE, "aim_request", err);
		if (rc != AIM_OK)
			return rc;
		*io_request = request = copy;
	}
	return check(request, err);
}
