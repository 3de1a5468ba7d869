/* Arbitrary traffic through the guard. Each line of the input begins with a byte that says who sends it and
 * how it is cut; the rest is the line. Checked: only whole lines come out, and what goes to one side was
 * either sent by the other or made by the guard. */
#include "support.h"

#include <aim/agent.h>
#include <aim/authorizer.h>
#include <aim/guard.h>
#include <aim/server.h>
#include <aim/store.h>

#include <stdlib.h>
#include <string.h>

static const char policy_text[] =
	"{\"version\":1,\"name\":\"p\",\"rules\":[{\"id\":\"a\",\"effect\":\"allow\",\"tools\":[\"read*\"]},"
	"{\"id\":\"d\",\"effect\":\"deny\",\"tools\":[\"wipe\"]},{\"id\":\"k\",\"effect\":\"ask\",\"tools\":[\"look\"],\"obligations\":{\"log\":\"l\"}},"
	"{\"id\":\"w\",\"effect\":\"deny\",\"tools\":[\"read_*\"],\"when\":{\"args\":{\"/path\":{\"prefix\":[\"/etc/\"]}},\"drift\":\"critical\",\"trust\":{\"max\":1}}}]}";

static void must(int holds)
{
	if (!holds)
		abort();
}

static void take(aim_guard *guard, uint32_t to)
{
	aim_bytes out = aim_guard_output(guard, to);
	must(out.len == 0 || out.ptr[out.len - 1] == '\n');
	must(aim_guard_consume(guard, to, out.len) == AIM_OK);
}

/* The line in pieces of `piece` bytes. */
static void send(aim_guard *guard, uint32_t from, const uint8_t *line, size_t len, size_t piece)
{
	for (size_t at = 0; at < len;) {
		size_t used = 0, n = len - at < piece ? len - at : piece;
		aim_status rc = aim_guard_feed(guard, from, aim_bytes_from(line + at, n), &used, NULL);
		must(rc == AIM_OK && used > 0);
		at += used;
		take(guard, AIM_GUARD_CLIENT);
		take(guard, AIM_GUARD_SERVER);
	}
}

static void play(aim_guard *guard, const uint8_t *data, size_t size)
{
	while (size) {
		uint8_t how = data[0];
		const uint8_t *feed = memchr(data, '\n', size);
		size_t len = feed ? (size_t)(feed - data) + 1 : size;
		size_t piece = how & 2 ? (size_t)1 + (how >> 4) : len;
		send(guard, how & 1 ? AIM_GUARD_SERVER : AIM_GUARD_CLIENT, data + 1, len - 1, piece ? piece : 1);
		data += len;
		size -= len;
	}
}

/* Made once: the context tests its crypto, the policy is always the same. */
static test_heap heap;
static aim_ctx *ctx;
static aim_authorizer *authorizer;

static void make_once(void)
{
	aim_limits limits = {.struct_size = sizeof limits, .max_message_bytes = 4096, .max_open_requests = 8, .max_tools = 16};
	aim_policy *policy = NULL;
	aim_bytes text = aim_bytes_from(policy_text, sizeof policy_text - 1);
	ctx = test_ctx_limits(&heap, &limits);
	must(aim_policy_compile(ctx, text, NULL, &policy, NULL, NULL) == AIM_OK);
	must(aim_authorizer_new(ctx, policy, &authorizer, NULL) == AIM_OK);
	aim_policy_unref(policy);
}

typedef struct subjects {
	aim_registry *registry;
	aim_agent *agent;
	aim_server *server;
} subjects;

/* With baselines, drift, verdicts that are kept, approvals, and all that is counted. */
static void make_subjects(subjects *s, aim_audit *log, aim_guard_options *o)
{
	aim_agent_spec agent = {.struct_size = sizeof agent, .name = aim_str_from("a"), .status = AIM_REGISTRY_VERIFIED};
	aim_server_spec server = {.struct_size = sizeof server, .name = aim_str_from("s"), .command = aim_str_from("s")};
	must(aim_registry_open(log, NULL, &s->registry, NULL) == AIM_OK);
	must(aim_agent_register(s->registry, &agent, &s->agent, NULL) == AIM_OK);
	must(aim_server_register(s->registry, &server, &s->server, NULL) == AIM_OK);
	o->registry = s->registry;
	o->agent = aim_agent_id(s->agent);
	o->server = aim_server_id(s->server);
	o->flags |= AIM_GUARD_LEARN | AIM_GUARD_LINK | AIM_GUARD_KEEP_APPROVALS;
}

static void free_subjects(subjects *s)
{
	aim_server_free(s->server);
	aim_agent_free(s->agent);
	aim_registry_free(s->registry);
}

static aim_guard *make_guard(subjects *s, aim_audit *log, uint8_t how)
{
	aim_guard_options o = {.struct_size = sizeof o, .audit = log};
	aim_guard *guard = NULL;
	o.preset = how % 3;
	o.flags = how & 8 ? AIM_GUARD_ALLOW_UNKNOWN : 0;
	o.authorizer = how & 16 ? authorizer : NULL;
	o.flags |= how & 32 ? AIM_GUARD_MARK : 0;
	if (how & 64)
		make_subjects(s, log, &o);
	must(aim_guard_new(ctx, &o, &guard, NULL) == AIM_OK);
	return guard;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	aim_store *store = NULL;
	aim_audit *log = NULL;
	if (size == 0)
		return 0;
	if (!ctx)
		make_once();
	size_t live = heap.live_blocks;
	must(aim_store_open_memory(ctx, NULL, &store, NULL) == AIM_OK);
	must(aim_audit_open(store, NULL, &log, NULL) == AIM_OK);
	subjects s;
	memset(&s, 0, sizeof s);
	aim_guard *guard = make_guard(&s, log, data[0]);
	play(guard, data + 1, size - 1);
	(void)aim_guard_end(guard, AIM_GUARD_CLIENT, NULL);
	(void)aim_guard_end(guard, AIM_GUARD_SERVER, NULL);
	take(guard, AIM_GUARD_CLIENT);
	take(guard, AIM_GUARD_SERVER);
	must(aim_audit_verify(log, NULL, NULL, NULL) == AIM_OK);
	aim_guard_free(guard);
	free_subjects(&s);
	aim_audit_free(log);
	aim_store_free(store);
	must(heap.live_blocks == live && !heap.bad_free);
	return 0;
}
