/* Gated tools: eight stages in order with their texts, filtered arguments, the breaker, sponsors, records, threads. */
#include "../identity/house.h"

#include <aim/gatedtool.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POINT 1000
#define MINUTE_US 60000000

typedef struct rig {
	house *h;
	aim_gatedtool_set *set;
	aim_gatedtool_call *call;
	aim_error err;
	int fails;     /* the handler */
	int n_runs;
	char seen[256]; /* the arguments it got */
} rig;

static aim_status handle(void *user, const aim_request *request, const aim_json *arguments, aim_buf *out, aim_error *err)
{
	rig *r = user;
	aim_bytes raw = aim_json_raw(arguments, AIM_JSON_ROOT);
	(void)request;
	r->n_runs++;
	snprintf(r->seen, sizeof r->seen, "%.*s", (int)raw.len, (const char *)raw.ptr);
	if (r->fails == 1) {
		strcpy(err->message, "the database is away");
		return AIM_E_IO;
	}
	return aim_buf_append(out, r->fails == 2 ? aim_bytes_from("{", 1) : aim_bytes_from("{\"rows\":3}", 10));
}

static aim_gatedtool_spec spec_of(rig *r, const char *name)
{
	static const char schema[] = "{\"type\":\"object\",\"properties\":{\"query\":{\"type\":\"string\"}}}";
	aim_gatedtool_spec s = {.struct_size = sizeof s, .handler = handle, .user = r};
	s.name = S(name);
	s.description = S("Execute a read-only SQL query");
	s.input_schema = aim_bytes_from(schema, sizeof schema - 1);
	return s;
}

static void add(rig *r, aim_gatedtool_spec s)
{
	assert_status(aim_gatedtool_register(r->set, &s, &r->err), AIM_OK);
}

static void add_sql(rig *r)
{
	aim_gatedtool_spec s = spec_of(r, "sql_query");
	s.flags = AIM_GATEDTOOL_MIN_TRUST;
	s.min_trust = 600;
	s.required_capability = S("use:sql");
	add(r, s);
}

static void open_set(rig *r, aim_gatedtool_options o)
{
	o.struct_size = sizeof o;
	aim_gatedtool_free(r->set);
	r->set = NULL;
	assert_status(aim_gatedtool_new(r->h->ctx, &o, &r->set, &r->err), AIM_OK);
}

static int setup(void **state)
{
	void *h = NULL;
	assert_int_equal(house_setup(&h), 0);
	rig *r = calloc(1, sizeof *r);
	r->h = h;
	open_set(r, (aim_gatedtool_options){.min_trust = 400});
	assert_status(aim_gatedtool_call_new(r->h->ctx, &r->call, NULL), AIM_OK);
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	rig *r = *state;
	void *h = r->h;
	aim_gatedtool_call_free(r->call);
	aim_gatedtool_free(r->set);
	free(r);
	return house_teardown(&h);
}

static aim_status invoke(rig *r, const char *tool, int64_t points, const char *capability, const char *arguments)
{
	aim_str held = S(capability);
	aim_request q = {.struct_size = sizeof q, .capabilities = &held, .n_capabilities = capability ? 1 : 0};
	q.did = S("did:mesh:agent-1");
	q.tool = S(tool);
	q.trust_micro = points < 0 ? AIM_DECISION_NO_TRUST : points * POINT;
	memset(&r->err, 0, sizeof r->err);
	return aim_gatedtool_invoke(r->set, &q, aim_bytes_from_str(S(arguments)), r->call, &r->err);
}

#define assert_refused(r, rc, code, sentence)                                                                           \
	do {                                                                                                                \
		assert_status((rc), AIM_DENIED);                                                                                \
		assert_text(aim_gatedtool_call_error((r)->call), (sentence));                                                   \
		assert_text(aim_decision_reason_code(aim_gatedtool_call_decision((r)->call)), (code));                          \
		assert_int_equal(aim_gatedtool_call_success((r)->call), 0);                                                     \
		assert_null(aim_gatedtool_call_result((r)->call).ptr);                                                          \
	} while (0)

static void each_stage_refuses_with_its_text(void **state)
{
	static char large[AIM_GATEDTOOL_MAX_ARGUMENTS + 2];
	rig *r = *state;
	add_sql(r);
	memset(large, ' ', sizeof large - 1);
	large[0] = '{', large[1] = '}';
	assert_refused(r, invoke(r, "sql_query", 700, "use:sql", large), "arguments_too_large",
	               "Arguments too large: 1048577 > 1048576 bytes");
	large[sizeof large - 2] = '\0';
	assert_status(invoke(r, "sql_query", 700, "use:sql", large), AIM_OK);
	assert_refused(r, invoke(r, "x", 700, "use:sql", "{}"), "tool_unknown", "Unknown tool: x");
	assert_refused(r, invoke(r, "SQL_QUERY", 700, "use:sql", "{}"), "tool_unknown", "Unknown tool: SQL_QUERY");
	assert_refused(r, invoke(r, "sql_query", 300, "use:sql", "{}"), "trust_below_minimum",
	               "Insufficient trust score: 300 < 600");
	assert_refused(r, invoke(r, "sql_query", -1, "use:sql", "{}"), "trust_below_minimum",
	               "Insufficient trust score: unknown < 600");
	assert_refused(r, invoke(r, "sql_query", 600, "use", "{}"), "capability_missing", "Missing capability: use:sql");
	assert_refused(r, invoke(r, "sql_query", 600, NULL, "{}"), "capability_missing", "Missing capability: use:sql");
	assert_refused(r, invoke(r, "sql_query", 600, "use:sq*", "{}"), "capability_missing", "Missing capability: use:sql");
	assert_status(invoke(r, "sql_query", 600, "use:*", "{}"), AIM_OK);
	assert_refused(r, invoke(r, "sql_query", 600, "use:sql", "[]"), "arguments_invalid",
	               "Arguments of 'sql_query' are not a JSON object");
	assert_status(invoke(r, "sql_query", 600, "use:sql", "{\"a\":1,\"a\":2}"), AIM_DENIED);
	assert_int_equal(r->n_runs, 2);
}

static void the_default_minimum_holds_unless_one_is_set(void **state)
{
	rig *r = *state;
	aim_gatedtool_spec s = spec_of(r, "open");
	add(r, spec_of(r, "plain"));
	s.flags = AIM_GATEDTOOL_MIN_TRUST;
	add(r, s);
	assert_refused(r, invoke(r, "plain", 399, NULL, "{}"), "trust_below_minimum", "Insufficient trust score: 399 < 400");
	assert_status(invoke(r, "plain", 400, NULL, NULL), AIM_OK);
	assert_status(invoke(r, "open", -1, NULL, "{}"), AIM_OK);
}

static void arguments_are_filtered(void **state)
{
	rig *r = *state;
	aim_gatedtool_spec any = spec_of(r, "any");
	any.input_schema.len = 0;
	add_sql(r);
	add(r, any);
	assert_status(invoke(r, "sql_query", 700, "use:sql", "{\"admin\":true,\"query\":\"q \\u00e9\",\"x\":1.50}"), AIM_OK);
	assert_string_equal(r->seen, "{\"query\":\"q \\u00e9\"}");
	assert_int_equal(aim_gatedtool_call_stripped_count(r->call), 2);
	assert_text(aim_gatedtool_call_stripped_at(r->call, 0), "admin");
	assert_text(aim_gatedtool_call_stripped_at(r->call, 1), "x");
	assert_null(aim_gatedtool_call_stripped_at(r->call, 2).ptr);
	assert_status(invoke(r, "any", 700, NULL, "{\"x\":1.50}"), AIM_OK);
	assert_string_equal(r->seen, "{\"x\":1.50}");
	assert_int_equal(aim_gatedtool_call_stripped_count(r->call), 0);
}

static void a_record_says_everything(void **state)
{
	rig *r = *state;
	add_sql(r);
	char first[33];
	assert_null(aim_gatedtool_call_result(r->call).ptr);
	assert_status(invoke(r, "sql_query", 700, "use:sql", "{}"), AIM_OK);
	snprintf(first, sizeof first, "%.32s", aim_gatedtool_call_id(r->call).ptr);
	assert_int_equal(aim_gatedtool_call_success(r->call), 1);
	assert_memory_equal(aim_gatedtool_call_result(r->call).ptr, "{\"rows\":3}", 10);
	assert_null(aim_gatedtool_call_error(r->call).ptr);
	assert_int_equal(aim_gatedtool_call_trust_micro(r->call), 700 * POINT);
	assert_int_equal(aim_gatedtool_call_capability_count(r->call), 1);
	assert_text(aim_gatedtool_call_capability_at(r->call, 0), "use:sql");
	assert_null(aim_gatedtool_call_capability_at(r->call, 1).ptr);
	assert_int_equal(aim_gatedtool_call_identity(r->call), 0);
	assert_int_equal(aim_gatedtool_call_started_us(r->call), test_now_us);
	assert_true(aim_gatedtool_call_finished_us(r->call) >= test_now_us);
	assert_int_equal(aim_decision_stage_count(aim_gatedtool_call_decision(r->call)), 8);
	r->fails = 1;
	assert_status(invoke(r, "sql_query", 700, "use:sql", "{}"), AIM_E_GATEDTOOL_FAILED);
	assert_text(aim_gatedtool_call_error(r->call), "the database is away");
	assert_int_equal(r->err.native_code, AIM_E_IO);
	assert_string_equal(r->err.message, "the database is away");
	assert_memory_not_equal(first, aim_gatedtool_call_id(r->call).ptr, 32);
	r->fails = 2;
	assert_status(invoke(r, "sql_query", 700, "use:sql", "{}"), AIM_E_GATEDTOOL_FAILED);
	assert_null(aim_gatedtool_call_result(r->call).ptr);
}

static void the_breaker_opens(void **state)
{
	rig *r = *state;
	add_sql(r);
	r->fails = 1;
	for (int i = 0; i < 5; i++) {
		assert_status(invoke(r, "sql_query", 100, "use:sql", "{}"), AIM_DENIED); /* refusals are no failures */
		assert_status(invoke(r, "sql_query", 700, "use:sql", "{}"), AIM_E_GATEDTOOL_FAILED);
	}
	r->fails = 0;
	assert_refused(r, invoke(r, "sql_query", 700, "use:sql", "{}"), "circuit_open",
	               "Circuit breaker open: sql_query has 5 consecutive failures");
	test_now_us += MINUTE_US - 1000;
	assert_status(invoke(r, "sql_query", 700, "use:sql", "{}"), AIM_DENIED);
	test_now_us += 1000;
	assert_status(invoke(r, "sql_query", 100, "use:sql", "{}"), AIM_DENIED); /* takes no probe */
	assert_status(invoke(r, "sql_query", 700, "use:sql", "[]"), AIM_DENIED); /* nor does this */
	assert_status(invoke(r, "sql_query", 700, "use:sql", "{}"), AIM_OK);
	assert_status(invoke(r, "sql_query", 700, "use:sql", "{}"), AIM_OK);
}

/* ---- identity and sponsor ---- */

typedef struct bridge {
	aim_status answer;
	uint32_t identity, sponsored;
} bridge;

static aim_status identify(void *user, const aim_request *request, aim_gatedtool_caller *out, aim_error *err)
{
	const bridge *b = user;
	(void)request;
	(void)err;
	out->identity = b->identity;
	out->sponsored = b->sponsored;
	return b->answer;
}

static void callers_are_identified(void **state)
{
	rig *r = *state;
	bridge b = {AIM_OK, AIM_GATEDTOOL_IDENTITY_VERIFIED, 0};
	open_set(r, (aim_gatedtool_options){.identify = identify, .identify_user = &b});
	add(r, spec_of(r, "a"));
	assert_status(invoke(r, "a", 700, NULL, "{}"), AIM_OK);
	assert_int_equal(aim_gatedtool_call_identity(r->call), AIM_GATEDTOOL_IDENTITY_VERIFIED);
	b.identity = 0;
	assert_refused(r, invoke(r, "a", 700, NULL, "{}"), "identity_refused",
	               "Caller identity not verified: did:mesh:agent-1");
	assert_int_equal(aim_gatedtool_call_identity(r->call), AIM_GATEDTOOL_IDENTITY_REFUSED);
	b.identity = AIM_GATEDTOOL_IDENTITY_VERIFIED;
	b.answer = AIM_E_IO;
	assert_status(invoke(r, "a", 700, NULL, "{}"), AIM_DENIED);
}

static void a_bridge_may_vouch_for_the_sponsor(void **state)
{
	rig *r = *state;
	bridge b = {AIM_OK, AIM_GATEDTOOL_IDENTITY_VERIFIED, 1};
	open_set(r, (aim_gatedtool_options){.identify = identify, .identify_user = &b});
	aim_gatedtool_spec s = spec_of(r, "a");
	s.flags = AIM_GATEDTOOL_SPONSOR;
	add(r, s);
	assert_status(invoke(r, "a", 700, NULL, "{}"), AIM_OK);
	b.sponsored = 0;
	assert_refused(r, invoke(r, "a", 700, NULL, "{}"), "sponsor_missing", "No human sponsor stands for the caller");
	open_set(r, (aim_gatedtool_options){.min_trust = 0});
	add(r, s);
	assert_status(invoke(r, "a", 700, NULL, "{}"), AIM_DENIED);
}

static aim_status call_as(rig *r, const char *agent)
{
	aim_request q = {.struct_size = sizeof q, .trust_micro = 700 * POINT};
	q.agent = S(agent);
	q.tool = S("a");
	return aim_gatedtool_invoke(r->set, &q, aim_bytes_from("{}", 2), r->call, &r->err);
}

static void register_agent(rig *r, const char *name, uint32_t flags, const char *owner, char *out)
{
	aim_agent_spec spec = {.struct_size = sizeof spec, .flags = flags, .status = AIM_REGISTRY_VERIFIED};
	aim_agent *agent = NULL;
	spec.name = S(name);
	spec.owner = S(owner);
	assert_status(aim_agent_register(r->h->registry, &spec, &agent, NULL), AIM_OK);
	snprintf(out, 37, "%s", aim_agent_id(agent).ptr);
	aim_agent_free(agent);
}

static void the_registry_knows_sponsors(void **state)
{
	rig *r = *state;
	char owned[37], claimed[37], alone[37];
	open_set(r, (aim_gatedtool_options){.registry = r->h->registry});
	aim_gatedtool_spec s = spec_of(r, "a");
	s.flags = AIM_GATEDTOOL_SPONSOR;
	add(r, s);
	register_agent(r, "owned", AIM_AGENT_OWNER_VERIFIED, "ana@example.org", owned);
	register_agent(r, "claimed", 0, "ana@example.org", claimed);
	register_agent(r, "alone", 0, NULL, alone);
	assert_status(call_as(r, owned), AIM_OK);
	assert_status(call_as(r, claimed), AIM_DENIED);
	assert_status(call_as(r, alone), AIM_DENIED);
	assert_status(call_as(r, "agt_00000000000000000000000000000000"), AIM_DENIED);
	assert_status(call_as(r, "nonsense"), AIM_DENIED);
	assert_status(call_as(r, NULL), AIM_DENIED);
	aim_request q = {.struct_size = sizeof q, .trust_micro = 700 * POINT};
	q.agent = S(owned);
	q.did = S("did:mesh:another");
	q.tool = S("a");
	assert_status(aim_gatedtool_invoke(r->set, &q, aim_bytes_from("{}", 2), r->call, NULL), AIM_DENIED);
	assert_int_equal(r->n_runs, 1);
}

/* ---- registering ---- */

static void count_destroy(void *user)
{
	++*(int *)user;
}

static void bad_tools_are_refused(void **state)
{
	rig *r = *state;
	static const struct {
		const char *name, *schema, *capability, *description;
		uint32_t min_trust;
		aim_status status;
	} rows[] = {
		{"", NULL, NULL, NULL, 0, AIM_E_INVALID},
		{"a b", NULL, NULL, NULL, 0, AIM_E_INVALID},
		{"ok", "[]", NULL, NULL, 0, AIM_E_ASSESS_DEFINITION},
		{"ok", "{}", NULL, NULL, 0, AIM_E_ASSESS_DEFINITION},
		{"ok", "{\"type\":\"object\",\"properties\":[]}", NULL, NULL, 0, AIM_E_ASSESS_DEFINITION},
		{"ok", "{", NULL, NULL, 0, AIM_E_JSON_SYNTAX},
		{"ok", NULL, "use:*", NULL, 0, AIM_E_ID_CAPABILITY},
		{"ok", NULL, NULL, "\xff", 0, AIM_E_UTF8},
		{"ok", NULL, NULL, NULL, 1001, AIM_E_INVALID},
	};
	int destroyed = 0;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		aim_gatedtool_spec s = spec_of(r, rows[i].name);
		s.input_schema = aim_bytes_from_str(S(rows[i].schema));
		s.required_capability = S(rows[i].capability);
		s.description = S(rows[i].description);
		s.min_trust = rows[i].min_trust;
		s.user = &destroyed;
		s.destroy = count_destroy;
		assert_status(aim_gatedtool_register(r->set, &s, NULL), rows[i].status);
		assert_int_equal(destroyed, (int)i + 1);
	}
	destroyed = 0;
	aim_gatedtool_spec s = spec_of(r, "Twice");
	s.user = &destroyed;
	s.destroy = count_destroy;
	add(r, s);
	s.name = S("twice");
	assert_status(aim_gatedtool_register(r->set, &s, NULL), AIM_E_EXISTS);
	assert_int_equal(destroyed, 1);
	assert_status(aim_gatedtool_remove(r->set, S("twice"), NULL), AIM_E_NOT_FOUND);
	assert_status(aim_gatedtool_remove(r->set, S("Twice"), NULL), AIM_OK);
	assert_int_equal(destroyed, 2);
}

static void tools_are_listed(void **state)
{
	rig *r = *state;
	aim_buf *out = NULL;
	static char marks[3 * 1200];
	aim_gatedtool_spec s = spec_of(r, "a");
	for (size_t i = 0; i < 1200; i++)
		memcpy(marks + 3 * i, "\xe2\x82\xac", 3);
	add_sql(r);
	s.description = S("one\x1b[2J\ntwo\x7f\xc2\x85");
	s.flags = AIM_GATEDTOOL_SPONSOR;
	s.annotations = aim_bytes_from_str(S("{\"readOnlyHint\":true}"));
	s.input_schema.len = 0;
	add(r, s);
	assert_status(aim_buf_new(r->h->ctx, &out), AIM_OK);
	assert_status(aim_gatedtool_list(r->set, out, NULL), AIM_OK);
	assert_text(aim_buf_str(out),
	            "[{\"name\":\"a\",\"description\":\"one[2Jtwo\",\"inputSchema\":{\"type\":\"object\"},"
	            "\"annotations\":{\"readOnlyHint\":true},\"x-agentmesh\":{\"minTrustScore\":400,"
	            "\"requiredCapability\":null,\"requireHumanSponsor\":true}},"
	            "{\"name\":\"sql_query\",\"description\":\"Execute a read-only SQL query\",\"inputSchema\":"
	            "{\"type\":\"object\",\"properties\":{\"query\":{\"type\":\"string\"}}},\"x-agentmesh\":"
	            "{\"minTrustScore\":600,\"requiredCapability\":\"use:sql\",\"requireHumanSponsor\":false}}]");
	open_set(r, (aim_gatedtool_options){.min_trust = 0});
	s.description = aim_str_from("");
	s.description.ptr = marks;
	s.description.len = sizeof marks;
	add(r, s);
	aim_buf_clear(out);
	assert_status(aim_gatedtool_list(r->set, out, NULL), AIM_OK);
	assert_true(aim_buf_str(out).len > 3000 && aim_buf_str(out).len < 3300);
	aim_buf_free(out);
}

/* ---- the log ---- */

static void calls_are_in_the_log(void **state)
{
	rig *r = *state;
	open_set(r, (aim_gatedtool_options){.audit = r->h->log});
	add_sql(r);
	assert_status(invoke(r, "sql_query", 100, "use:sql", "{}"), AIM_DENIED);
	assert_int_equal(house_records(r->h, "tool_call"), 1);
	assert_non_null(strstr(house_last_record(r->h), "Insufficient trust score: 100 < 600"));
	assert_status(invoke(r, "sql_query", 700, "use:sql", "{\"more\":1}"), AIM_OK);
	assert_int_equal(house_records(r->h, "tool_call"), 2);
	assert_int_equal(house_records(r->h, "tool_result"), 1);
	assert_non_null(strstr(house_last_record(r->h), "\"stripped\":[\"more\"]"));
	assert_non_null(strstr(house_last_record(r->h), "\"success\":true"));
}

/* ---- memory and threads ---- */

static aim_status nothing(void *user, const aim_request *request, const aim_json *arguments, aim_buf *out, aim_error *err)
{
	(void)user;
	(void)request;
	(void)arguments;
	(void)err;
	return aim_buf_append(out, aim_bytes_from("1", 1));
}

static aim_status whole_life(aim_ctx *ctx, void *arg)
{
	aim_gatedtool_set *set = NULL;
	aim_gatedtool_call *call = NULL;
	aim_buf *out = NULL;
	rig none = {0};
	aim_gatedtool_spec s = spec_of(&none, "a");
	aim_str held = S("use:sql");
	aim_request q = {.struct_size = sizeof q, .trust_micro = 0, .tool = s.name, .capabilities = &held, .n_capabilities = 1};
	(void)arg;
	s.handler = nothing;
	s.annotations = aim_bytes_from("{}", 2);
	aim_status rc = aim_gatedtool_new(ctx, NULL, &set, NULL);
	if (rc == AIM_OK)
		rc = aim_gatedtool_register(set, &s, NULL);
	if (rc == AIM_OK)
		rc = aim_buf_new(ctx, &out);
	if (rc == AIM_OK)
		rc = aim_gatedtool_list(set, out, NULL);
	if (rc == AIM_OK)
		rc = aim_gatedtool_call_new(ctx, &call, NULL);
	if (rc == AIM_OK)
		rc = aim_gatedtool_invoke(set, &q, aim_bytes_from_str(S("{\"x\":1,\"query\":2}")), call, NULL);
	if (rc == AIM_E_GATEDTOOL_FAILED) /* the tool had no memory */
		rc = AIM_E_NOMEM;
	aim_buf_free(out);
	aim_gatedtool_call_free(call);
	aim_gatedtool_free(set);
	return rc;
}

static void no_memory(void **state)
{
	(void)state;
	test_each_allocation_fails(whole_life, NULL);
}

static void a_warm_call_allocates_nothing(void **state)
{
	rig *r = *state;
	add_sql(r);
	for (int i = 0; i < 2; i++)
		assert_status(invoke(r, "sql_query", 700, "use:sql", "{\"x\":1,\"query\":\"q\"}"), AIM_OK);
	size_t before = r->h->heap.n_allocs;
	assert_status(invoke(r, "sql_query", 700, "use:sql", "{\"x\":1,\"query\":\"q\"}"), AIM_OK);
	assert_status(invoke(r, "sql_query", 100, "use:sql", "{}"), AIM_DENIED);
	assert_int_equal(r->h->heap.n_allocs, before);
}

#define N_THREADS 4
#define N_CALLS 200

static void *caller(void *arg)
{
	rig *r = arg;
	aim_gatedtool_call *call = NULL;
	aim_request q = {.struct_size = sizeof q, .trust_micro = 700 * POINT};
	q.tool = S("shared");
	if (aim_gatedtool_call_new(r->h->ctx, &call, NULL) != AIM_OK)
		return NULL;
	for (int i = 0; i < N_CALLS; i++)
		(void)!aim_gatedtool_invoke(r->set, &q, aim_bytes_from("{}", 2), call, NULL);
	aim_gatedtool_call_free(call);
	return NULL;
}

static void threads_call_while_tools_come_and_go(void **state)
{
	rig *r = *state;
	pthread_t threads[N_THREADS];
	for (size_t i = 0; i < N_THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, caller, r), 0);
	for (int i = 0; i < N_CALLS; i++) {
		aim_gatedtool_spec s = spec_of(r, "shared");
		s.handler = nothing;
		s.user = NULL;
		assert_status(aim_gatedtool_register(r->set, &s, NULL), AIM_OK);
		assert_status(aim_gatedtool_remove(r->set, s.name, NULL), AIM_OK);
	}
	for (size_t i = 0; i < N_THREADS; i++)
		pthread_join(threads[i], NULL);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_stage_refuses_with_its_text),
		T(the_default_minimum_holds_unless_one_is_set),
		T(arguments_are_filtered),
		T(a_record_says_everything),
		T(the_breaker_opens),
		T(callers_are_identified),
		T(a_bridge_may_vouch_for_the_sponsor),
		T(the_registry_knows_sponsors),
		T(bad_tools_are_refused),
		T(tools_are_listed),
		T(calls_are_in_the_log),
		cmocka_unit_test(no_memory),
		T(a_warm_call_allocates_nothing),
		T(threads_call_while_tools_come_and_go),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
