/* tests/unit/mcp/rig.c — see rig.h. */
#include "rig.h"

#include "store/store.h"

#include <stdio.h>
#include <string.h>

static void copy(char *dst, aim_str text)
{
	size_t n = text.len < RIG_TEXT - 1 ? text.len : RIG_TEXT - 1;
	if (n)
		memcpy(dst, text.ptr, n);
	dst[n] = 0;
}

static void on_event(void *user, const aim_guard_event *event)
{
	rig *r = user;
	assert_int_equal(event->struct_size, sizeof *event);
	rig_event *e = &r->events[r->n_events++ % RIG_EVENTS];
	e->kind = event->kind;
	e->from = event->from;
	e->count = event->count;
	copy(e->method, event->method);
	copy(e->name, event->name);
	copy(e->request, event->request);
	copy(e->code, event->code);
	copy(e->reason, event->reason);
	copy(e->rule, event->rule);
	copy(e->decision_id, event->decision_id);
	copy(e->fingerprint, event->fingerprint);
	copy(e->record, event->record);
	copy(e->alert, event->alert);
	copy(e->approval, event->approval);
}

static aim_status approve(void *user, const aim_guard_event *question)
{
	rig *r = user;
	r->n_questions++;
	return question->name.len > 2 && memcmp(question->name.ptr, "ok", 2) == 0 ? AIM_OK : AIM_DENIED;
}

static int begins(aim_str text, const char *with)
{
	return text.len >= strlen(with) && memcmp(text.ptr, with, strlen(with)) == 0;
}

static uint32_t labels(void *user, aim_str action, aim_str subject)
{
	(void)user;
	if (!aim_str_equal(action, aim_str_from("mcp_tool")))
		return 0;
	return (begins(subject, "read") ? AIM_FLOW_PRIVATE : 0u) | (begins(subject, "fetch") ? AIM_FLOW_UNTRUSTED : 0u) |
	       (begins(subject, "send") ? AIM_FLOW_SEND : 0u);
}

/* --- a memory store whose writes fail on demand ------------------------------------------------------------ */

static aim_status on_get(void *user, aim_bytes key, int64_t now_us, aim_store_row row, void *row_user, aim_error *err)
{
	rig *r = user;
	return r->memory.get(r->memory.user, key, now_us, row, row_user, err);
}

static aim_status on_scan(void *user, aim_bytes prefix, aim_bytes after, size_t limit, int64_t now_us, aim_store_row row,
                          void *row_user, aim_error *err)
{
	rig *r = user;
	return r->memory.scan(r->memory.user, prefix, after, limit, now_us, row, row_user, err);
}

static aim_status on_apply(void *user, aim_store_batch *batches, size_t n, int64_t now_us, aim_error *err)
{
	rig *r = user;
	if (r->store_fails != AIM_OK)
		return r->store_fails;
	return r->memory.apply_group(r->memory.user, batches, n, now_us, err);
}

static aim_status on_read(void *user, aim_bytes log, uint64_t from, size_t limit, aim_store_row row, void *row_user,
                          aim_error *err)
{
	rig *r = user;
	return r->memory.read(r->memory.user, log, from, limit, row, row_user, err);
}

static void on_close(void *user)
{
	rig *r = user;
	r->memory.close(r->memory.user);
}

static aim_status open_store(rig *r)
{
	aim_store_engine engine = {sizeof engine, 0, on_get, on_scan, on_apply, on_read, r, on_close,
	                           NULL, NULL};
	aim_status rc = aim__store_memory_engine(r->ctx, &r->memory);
	return rc == AIM_OK ? aim_store_open_engine(r->ctx, &engine, NULL, &r->store, NULL) : rc;
}

static void make_authorizer(rig *r)
{
	aim_policy *policy = NULL;
	aim_error err = {0};
	aim_bytes text = aim_bytes_from(r->setup.policy, strlen(r->setup.policy));
	if (aim_policy_compile(r->ctx, text, NULL, &policy, NULL, &err) != AIM_OK)
		fail_msg("policy: %s", err.message);
	assert_status(aim_authorizer_new(r->ctx, policy, &r->authorizer, NULL), AIM_OK);
	aim_policy_unref(policy);
}

static void register_both(rig *r)
{
	aim_agent *agent = NULL;
	aim_server *server = NULL;
	aim_agent_spec a = {.struct_size = sizeof a, .status = AIM_REGISTRY_VERIFIED};
	aim_server_spec s = {.struct_size = sizeof s};
	a.name = aim_str_from("tester");
	s.name = aim_str_from("files");
	s.command = aim_str_from("server");
	assert_status(aim_registry_open(r->log, NULL, &r->registry, NULL), AIM_OK);
	assert_status(aim_agent_register(r->registry, &a, &agent, NULL), AIM_OK);
	assert_status(aim_server_register(r->registry, &s, &server, NULL), AIM_OK);
	copy(r->agent, aim_agent_id(agent));
	copy(r->server, aim_server_id(server));
	aim_agent_free(agent);
	aim_server_free(server);
}

aim_status rig_new_guard(rig *r, uint32_t preset, aim_guard **out)
{
	aim_guard_options o = {.struct_size = sizeof o};
	o.preset = preset;
	o.flags = r->setup.flags;
	o.flow = r->setup.flow;
	o.labels = labels;
	o.drift = r->drift;
	o.behaviour = r->behaviour;
	o.response_policy = r->responses;
	o.malformed_per_minute = r->setup.malformed_per_minute;
	o.registry = r->registry;
	o.audit = r->log;
	o.authorizer = r->authorizer;
	o.rates = r->rates;
	o.agent = aim_str_from(r->agent);
	o.agent_name = aim_str_from("tester");
	o.server = aim_str_from(r->server);
	o.server_name = aim_str_from("files");
	o.session = aim_str_from(r->setup.without_session ? "" : "run-1");
	o.event = on_event;
	o.approve = r->setup.with_approver ? approve : NULL;
	o.user = r;
	return aim_guard_new(r->ctx, &o, out, NULL);
}

void rig_start(rig *r, const rig_setup *setup)
{
	static const rig_setup plain = {0};
	memset(r, 0, sizeof *r);
	r->setup = setup ? *setup : plain;
	r->ctx = test_ctx_limits(&r->heap, r->setup.limits);
	strcpy(r->agent, "agent");
	strcpy(r->server, "server");
	if (r->setup.with_log || r->setup.with_registry) {
		assert_status(open_store(r), AIM_OK);
		assert_status(aim_audit_open(r->store, NULL, &r->log, NULL), AIM_OK);
	}
	if (r->setup.with_registry)
		register_both(r);
	if (r->setup.policy)
		make_authorizer(r);
	if (r->setup.with_rates)
		assert_status(aim_rates_new(r->ctx, NULL, &r->rates, NULL), AIM_OK);
	assert_status(rig_new_guard(r, r->setup.preset, &r->guard), AIM_OK);
}

void rig_stop(rig *r)
{
	aim_guard_free(r->guard);
	aim_authorizer_free(r->authorizer);
	aim_rates_free(r->rates);
	aim_registry_free(r->registry);
	aim_audit_free(r->log);
	aim_store_free(r->store);
	test_ctx_done(r->ctx, &r->heap);
}

void rig_reconnect(rig *r, uint32_t preset)
{
	aim_guard_free(r->guard);
	r->n_events = 0;
	assert_status(rig_new_guard(r, preset, &r->guard), AIM_OK);
}

void rig_feed(rig *r, uint32_t from, const void *bytes, size_t len)
{
	size_t used = 0;
	assert_status(aim_guard_feed(r->guard, from, aim_bytes_from(bytes, len), &used, NULL), AIM_OK);
	assert_int_equal(used, len);
}

static void feed_line(rig *r, uint32_t from, const char *line)
{
	rig_feed(r, from, line, strlen(line));
	rig_feed(r, from, "\n", 1);
}

void rig_client(rig *r, const char *line)
{
	feed_line(r, AIM_GUARD_CLIENT, line);
}

void rig_server(rig *r, const char *line)
{
	feed_line(r, AIM_GUARD_SERVER, line);
}

const char *rig_taken(rig *r, uint32_t to)
{
	aim_bytes out = aim_guard_output(r->guard, to);
	assert_true(out.len < sizeof r->text);
	if (out.len)
		memcpy(r->text, out.ptr, out.len);
	r->text[out.len] = 0;
	assert_status(aim_guard_consume(r->guard, to, out.len), AIM_OK);
	return r->text;
}

void rig_expect(rig *r, uint32_t to, const char *text)
{
	char wanted[sizeof r->text];
	snprintf(wanted, sizeof wanted, "%s\n", text);
	assert_string_equal(rig_taken(r, to), wanted);
}

void rig_expect_nothing(rig *r)
{
	assert_string_equal(rig_taken(r, AIM_GUARD_SERVER), "");
	assert_string_equal(rig_taken(r, AIM_GUARD_CLIENT), "");
}

void rig_passes_client(rig *r, const char *line)
{
	rig_client(r, line);
	rig_expect(r, AIM_GUARD_SERVER, line);
	assert_string_equal(rig_taken(r, AIM_GUARD_CLIENT), "");
}

void rig_passes_server(rig *r, const char *line)
{
	rig_server(r, line);
	rig_expect(r, AIM_GUARD_CLIENT, line);
	assert_string_equal(rig_taken(r, AIM_GUARD_SERVER), "");
}

void rig_refuses(rig *r, const char *line, ...)
{
	va_list texts;
	rig_client(r, line);
	assert_string_equal(rig_taken(r, AIM_GUARD_SERVER), "");
	const char *answer = rig_taken(r, AIM_GUARD_CLIENT);
	va_start(texts, line);
	for (const char *text; (text = va_arg(texts, const char *));)
		if (!strstr(answer, text))
			fail_msg("the answer to %s lacks %s: %s", line, text, answer);
	va_end(texts);
}

const rig_event *rig_event_of(const rig *r, uint32_t kind)
{
	for (size_t i = r->n_events; i-- > 0 && i + RIG_EVENTS >= r->n_events;)
		if (r->events[i % RIG_EVENTS].kind == kind)
			return &r->events[i % RIG_EVENTS];
	return NULL;
}

size_t rig_count_events(const rig *r, uint32_t kind)
{
	size_t n = 0;
	assert_true(r->n_events <= RIG_EVENTS);
	for (size_t i = 0; i < r->n_events; i++)
		n += r->events[i].kind == kind;
	return n;
}

typedef struct search {
	const char *texts[8];
	size_t found;
} search;

static aim_status look(void *user, uint64_t position, aim_str record, aim_bytes salt)
{
	search *s = user;
	char text[8192];
	(void)position, (void)salt;
	assert_true(record.len < sizeof text);
	memcpy(text, record.ptr, record.len);
	text[record.len] = 0;
	for (size_t i = 0; s->texts[i]; i++)
		if (!strstr(text, s->texts[i]))
			return AIM_OK;
	s->found++;
	return AIM_OK;
}

size_t rig_records(rig *r, ...)
{
	search s = {{NULL}, 0};
	va_list texts;
	va_start(texts, r);
	for (size_t i = 0; i < 7 && (s.texts[i] = va_arg(texts, const char *)); i++)
		;
	va_end(texts);
	assert_status(aim_audit_read(r->log, 0, 1000000, look, &s, NULL), AIM_OK);
	return s.found;
}

void rig_open(rig *r)
{
	rig_passes_client(r, "{\"jsonrpc\":\"2.0\",\"id\":\"init\",\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
	                     "\"2025-11-25\",\"capabilities\":{},\"clientInfo\":{\"name\":\"c\",\"version\":\"1\"}}}");
	rig_passes_server(r, "{\"jsonrpc\":\"2.0\",\"id\":\"init\",\"result\":{\"protocolVersion\":\"2025-11-25\","
	                     "\"capabilities\":{\"tools\":{}},\"serverInfo\":{\"name\":\"s\",\"version\":\"1\"}}}");
	rig_passes_client(r, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}");
}

void rig_list(rig *r, const char *tools)
{
	char line[sizeof r->text];
	rig_passes_client(r, "{\"jsonrpc\":\"2.0\",\"id\":\"list\",\"method\":\"tools/list\"}");
	snprintf(line, sizeof line, "{\"jsonrpc\":\"2.0\",\"id\":\"list\",\"result\":{\"tools\":[%s]}}", tools);
	rig_server(r, line);
}
