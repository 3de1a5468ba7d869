/* Nothing that an agent has not signed is taken by a ledger, in either form, or leaves anything in it; and what is read in
 * AIM's own form says the same when it is signed anew. The last line of an input is the signature of the rest. */
#include <aim/agent.h>
#include <aim/ledger.h>
#include <aim/server.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static aim_ctx *ctx;
static aim_key *key;
static aim_registry *registry;
static aim_ledger *ledger;

static void must(int ok)
{
	if (!ok)
		abort();
}

/* Once, and kept. */
static void open_all(void)
{
	static const uint8_t seed[32] = {1};
	static aim_store *store;
	static aim_audit *log;
	aim_public_key public_key;
	aim_agent_spec agent = {.struct_size = sizeof agent, .status = AIM_REGISTRY_VERIFIED, .name = aim_str_from("a")};
	aim_server_spec server = {.struct_size = sizeof server, .name = aim_str_from("filesystem"), .command = aim_str_from("npx")};
	must(aim_ctx_new(NULL, &ctx, NULL) == AIM_OK);
	must(aim_store_open_memory(ctx, NULL, &store, NULL) == AIM_OK);
	must(aim_audit_open(store, NULL, &log, NULL) == AIM_OK);
	must(aim_registry_open(log, NULL, &registry, NULL) == AIM_OK);
	must(aim_key_from_seed(ctx, AIM_KEY_AGENT, aim_bytes_from(seed, 32), &key, NULL) == AIM_OK);
	must(aim_key_public(key, &public_key) == AIM_OK);
	agent.public_key = &public_key;
	must(aim_agent_register(registry, &agent, NULL, NULL) == AIM_OK);
	must(aim_server_register(registry, &server, NULL, NULL) == AIM_OK);
	must(aim_ledger_open(registry, NULL, &ledger, NULL) == AIM_OK);
}

static aim_status no_entry(void *user, const aim_ledger_entry *entry)
{
	(void)user, (void)entry;
	return AIM_E_INTERNAL;
}

static void sign_again(const aim_attestation_payload *p)
{
	aim_attestationinterop_payload seen = {.struct_size = sizeof seen};
	char signature[AIM_ATTESTATIONINTEROP_SIGNATURE_SIZE];
	aim_attestation *again = NULL;
	aim_buf *out = NULL;
	seen.flags = p->flags;
	seen.agent_id = p->agent_id;
	seen.name = p->server_name;
	seen.url = p->server_url;
	seen.capabilities = p->capabilities;
	seen.n_capabilities = p->n_capabilities;
	seen.latency_us = p->latency_us;
	seen.issued_at_s = p->issued_at_s;
	must(aim_buf_new(ctx, &out) == AIM_OK);
	must(aim_attestationinterop_sign(key, &seen, out, signature, NULL) == AIM_OK);
	must(aim_attestationinterop_parse(ctx, aim_buf_str(out), aim_str_from(signature), &again, NULL) == AIM_OK);
	const aim_attestation_payload *q = aim_attestation_read(again);
	must(q->flags == p->flags && q->latency_us == p->latency_us && q->issued_at_s == p->issued_at_s);
	must(aim_str_equal(q->agent_id, p->agent_id) && aim_str_equal(q->server_url, p->server_url));
	must(memcmp(q->manifest_hash, p->manifest_hash, 32) == 0);
	aim_attestation_free(again);
	aim_buf_free(out);
}

static void submit_interop(aim_str payload, aim_str signature)
{
	aim_attestation *a = NULL;
	aim_ledger_interop in = {.struct_size = sizeof in, .payload = payload, .signature = signature};
	if (aim_attestationinterop_parse(ctx, payload, signature, &a, NULL) == AIM_OK)
		sign_again(aim_attestation_read(a));
	in.expected_name = a ? aim_attestation_read(a)->server_name : aim_str_from("filesystem");
	in.expected_url = a ? aim_attestation_read(a)->server_url : aim_str_from("npx");
	must(aim_ledger_submit_interop(ledger, &in, NULL, NULL) != AIM_OK);
	aim_attestation_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const aim_str none = {NULL, 0};
	const aim_str text = {size ? (const char *)data : "", size};
	size_t at = size;
	if (!ctx)
		open_all();
	while (at > 0 && data[at - 1] != '\n')
		at--;
	must(aim_ledger_submit(ledger, text, none, NULL, NULL) != AIM_OK);
	submit_interop((aim_str){text.ptr, at ? at - 1 : 0}, (aim_str){text.ptr + at, size - at});
	must(aim_ledger_list(ledger, none, 0, no_entry, NULL, NULL) == AIM_OK);
	return 0;
}
