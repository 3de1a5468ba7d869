/* enforce/policy_facts.c — checking the facts of a caller before conditions read them. Layer enforce. */
#include "base/error.h"
#include "base/sized.h"
#include "codec/json.h"
#include "codec/number.h"
#include "enforce/policy_when.h"

#include <aim/flow.h>
#include <string.h>

#define P sizeof(void *)
AIM__NO_PADDING(aim_fact, 2 * sizeof(aim_str) + 8 + 2 * 4);
AIM__NO_PADDING(aim_facts, 4 * 4 + 4 * sizeof(aim_str) + 5 * P + 3 * sizeof(size_t) + 2 * 8 + 6 * 4);
#undef P

#define MAX_HOST_FACTS 1024u
#define MAX_LISTED 4096u
#define MAX_MICRO 1000000
#define KNOWN_BITS 15u
#define SIGNAL_BITS 15u
#define OBLIGATION_BITS 15u

static aim_status fail(aim_status status, const char *problem, aim_error *err)
{
	return aim__fail(err, status, AIM_LAYER_ENFORCE, "aim_facts%s", problem);
}

static aim_status check_lists(const aim_facts *f, aim_error *err)
{
	if ((!f->tags && f->n_tags) || (!f->required && f->n_required) || (!f->host && f->n_host))
		return fail(AIM_E_INVALID, ": a list is NULL and its count is not 0", err);
	if (f->n_host > MAX_HOST_FACTS || f->n_tags > MAX_LISTED || f->n_required > MAX_LISTED)
		return fail(AIM_E_LIMIT, ": too many facts, tags or capabilities", err);
	for (size_t i = 0; i < f->n_tags; i++)
		if (f->tags[i].len >= AIM__FACT_MAX)
			return fail(AIM_E_LIMIT, ".tags: a tag is too long", err);
	for (size_t i = 0; i < f->n_required; i++)
		if (f->required[i].len >= AIM__FACT_MAX)
			return fail(AIM_E_LIMIT, ".required: a capability is too long", err);
	return AIM_OK;
}

/* -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)? */
static int is_number(aim_str text)
{
	const char *p = text.ptr;
	const char *end = text.ptr + text.len;
	const char *from;
	if (p < end && *p == '-')
		p++;
	from = p;
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	if (p == from || (*from == '0' && p > from + 1))
		return 0;
	if (p < end && *p == '.') {
		from = ++p;
		while (p < end && *p >= '0' && *p <= '9')
			p++;
		if (p == from)
			return 0;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		from = p;
		while (p < end && *p >= '0' && *p <= '9')
			p++;
		if (p == from)
			return 0;
	}
	return p == end;
}

static aim_status check_host(const aim_facts *f, aim_error *err)
{
	for (size_t i = 0; i < f->n_host; i++) {
		const aim_fact *fact = &f->host[i];
		if (fact->name.len == 0 || fact->type < AIM_FACT_TEXT || fact->type > AIM_FACT_BOOL || fact->reserved)
			return fail(AIM_E_INVALID, ".host: a fact without a name, or of no known type", err);
		if (fact->type == AIM_FACT_DECIMAL && !is_number(fact->text))
			return fail(AIM_E_INVALID, ".host: a decimal must be a number as JSON writes it", err);
	}
	return AIM_OK;
}

static aim_status check(const aim_facts *f, aim_error *err)
{
	if (f->flags != 0 || f->reserved != 0 || (f->known & ~KNOWN_BITS) || (f->obligations & ~OBLIGATION_BITS) ||
	    (f->signals & ~SIGNAL_BITS) || (f->labels & ~AIM_FLOW_ALL))
		return fail(AIM_E_VERSION, ": a bit that means nothing is set", err);
	if (f->drift > AIM_FACTS_DRIFT_CRITICAL || f->scan > AIM_FACTS_SCAN_CRITICAL)
		return fail(AIM_E_INVALID, ".drift and .scan must be one of AIM_FACTS_*", err);
	if (f->n_attestations < 0 || f->confidence_micro < 0 || f->confidence_micro > MAX_MICRO)
		return fail(AIM_E_INVALID, ".confidence_micro must be 0 to 1000000, and .n_attestations not negative", err);
	if ((f->agent_type.len | f->owner.len | f->status.len | f->session.len) >= AIM__FACT_MAX)
		return fail(AIM_E_LIMIT, ": a text is too long", err);
	if (f->args && aim__json_type(f->args, f->args_at) == AIM_JSON_ABSENT)
		return fail(AIM_E_INVALID, ".args_at is no value of .args", err);
	aim_status rc = check_lists(f, err);
	return rc == AIM_OK ? check_host(f, err) : rc;
}

aim_status aim__facts_take(const aim_facts *facts, aim_facts *copy, const aim_facts **out, aim_error *err)
{
	static const aim_facts nothing = {.struct_size = sizeof nothing};
	*out = &nothing;
	if (!facts)
		return AIM_OK;
	if (facts->struct_size != sizeof *facts) {
		memset(copy, 0, sizeof *copy);
		aim_status rc = aim__sized_in(copy, sizeof *copy, facts, sizeof *copy, "aim_facts", err);
		if (rc != AIM_OK)
			return rc;
		facts = copy;
	}
	aim_status rc = check(facts, err);
	if (rc == AIM_OK)
		*out = facts;
	return rc;
}
