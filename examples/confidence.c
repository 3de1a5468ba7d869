/* confidence — what the attestations of a server are worth together, what that is made of, and the verdict. */
#include <aim/aim.h>
#include <stdio.h>
#include <stdlib.h>

static aim_error err;

static void check(aim_status rc)
{
	if (rc == AIM_OK)
		return;
	fprintf(stderr, "%s: %s\n", aim_status_name(rc), err.message);
	exit(1);
}

/* A new agent that attests the server. */
static void attest(aim_ctx *ctx, aim_registry *registry, aim_ledger *ledger, const aim_server *server, const char *name)
{
	aim_agent_spec spec = {.struct_size = sizeof spec, .name = aim_str_from(name), .status = AIM_REGISTRY_VERIFIED};
	aim_attestation_payload seen = {.struct_size = sizeof seen, .flags = AIM_ATTESTATION_CONNECTED};
	aim_key *key = NULL;
	aim_agent *agent = NULL;
	aim_public_key public_key;
	aim_buf *envelope = NULL;
	check(aim_key_generate(ctx, AIM_KEY_AGENT, &key, &err));
	check(aim_key_public(key, &public_key));
	spec.public_key = &public_key;
	check(aim_agent_register(registry, &spec, &agent, &err));
	check(aim_buf_new(ctx, &envelope));
	check(aim_attestation_describe(ctx, server, &seen, &err));
	seen.agent_id = aim_agent_id(agent);
	check(aim_attestation_sign(key, &seen, envelope, &err));
	check(aim_ledger_submit(ledger, aim_buf_str(envelope), aim_str_from("ana"), NULL, &err));
	aim_buf_free(envelope);
	aim_agent_free(agent);
	aim_key_unref(key);
}

static int64_t show(aim_ledger *ledger, const aim_server *server)
{
	aim_confidence *c = NULL;
	aim_confidence_summary s = {.struct_size = sizeof s};
	char text[AIM_CONFIDENCE_TEXT_SIZE];
	check(aim_confidence_compute(ledger, aim_server_id(server), NULL, &c, &err));
	check(aim_confidence_read(c, &s));
	check(aim_confidence_text(s.confidence, text));
	printf("[%s] %s of %zu attestations\n", aim_confidence_verdict_name(aim_confidence_verdict(c, 0, 0)), text,
	       aim_confidence_entry_count(c));
	for (size_t i = 0; i < aim_confidence_entry_count(c); i++) {
		const aim_confidence_entry *e = aim_confidence_entry_at(c, i);
		printf("  %s, trust %lld\n", aim_confidence_reason_name(e->left_out), (long long)e->trust_micro);
	}
	aim_confidence_free(c);
	return s.confidence;
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_registry *registry = NULL;
	aim_ledger *ledger = NULL;
	aim_server *server = NULL;
	char change[AIM_CONFIDENCE_TEXT_SIZE];
	aim_server_spec s = {.struct_size = sizeof s, .name = aim_str_from("files"), .command = aim_str_from("files-mcp")};
	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_store_open_memory(ctx, NULL, &store, &err));
	check(aim_audit_open(store, NULL, &log, &err));
	check(aim_registry_open(log, NULL, &registry, &err));
	check(aim_ledger_open(registry, NULL, &ledger, &err));
	check(aim_server_register(registry, &s, &server, &err));

	int64_t before = show(ledger, server);
	attest(ctx, registry, ledger, server, "first");
	attest(ctx, registry, ledger, server, "second");
	check(aim_confidence_change_text(before, show(ledger, server), change));
	printf("Confidence score: %s\n", change);

	aim_server_free(server);
	aim_ledger_free(ledger);
	aim_registry_free(registry);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return 0;
}
