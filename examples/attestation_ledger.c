/* attestation_ledger — an agent's attestation of a server is submitted, refused the second time, shown and revoked. */
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

static void attest(aim_ctx *ctx, const aim_key *key, const aim_agent *agent, const aim_server *server, aim_buf *envelope)
{
	aim_attestation_payload seen = {.struct_size = sizeof seen, .flags = AIM_ATTESTATION_CONNECTED};
	check(aim_attestation_describe(ctx, server, &seen, &err));
	seen.agent_id = aim_agent_id(agent);
	check(aim_attestation_sign(key, &seen, envelope, &err));
}

static aim_status show(void *user, const aim_ledger_entry *entry)
{
	(void)user;
	printf("%.4s…: %s\n", entry->id.ptr, entry->flags & AIM_LEDGER_LIVE ? "live" : entry->reason.ptr);
	return AIM_OK;
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_registry *registry = NULL;
	aim_ledger *ledger = NULL;
	aim_key *key = NULL;
	aim_public_key public_key;
	aim_agent *agent = NULL;
	aim_server *server = NULL;
	aim_buf *envelope = NULL;
	const aim_str none = {NULL, 0}, ana = aim_str_from("ana");
	check(aim_ctx_new(NULL, &ctx, &err));
	check(aim_store_open_memory(ctx, NULL, &store, &err));
	check(aim_audit_open(store, NULL, &log, &err));
	check(aim_registry_open(log, NULL, &registry, &err));
	check(aim_key_generate(ctx, AIM_KEY_AGENT, &key, &err));
	check(aim_key_public(key, &public_key));
	aim_agent_spec a = {.struct_size = sizeof a, .name = aim_str_from("worker"), .status = AIM_REGISTRY_VERIFIED};
	a.public_key = &public_key;
	check(aim_agent_register(registry, &a, &agent, &err));
	aim_server_spec s = {.struct_size = sizeof s, .name = aim_str_from("files"), .command = aim_str_from("files-mcp")};
	check(aim_server_register(registry, &s, &server, &err));
	check(aim_buf_new(ctx, &envelope));

	aim_ledger_receipt receipt = {.struct_size = sizeof receipt};
	check(aim_ledger_open(registry, NULL, &ledger, &err));
	attest(ctx, key, agent, server, envelope);
	check(aim_ledger_submit(ledger, aim_buf_str(envelope), ana, &receipt, &err));
	aim_status again = aim_ledger_submit(ledger, aim_buf_str(envelope), ana, NULL, &err);
	printf("again: %s\n", aim_status_name(again));

	check(aim_ledger_live(ledger, aim_server_id(server), none, 0, show, NULL, &err));
	check(aim_ledger_revoke(ledger, aim_str_from(receipt.id), aim_str_from("attested by mistake"), ana, &err));
	check(aim_ledger_find(ledger, aim_str_from(receipt.id), show, NULL, &err));

	aim_ledger_free(ledger);
	aim_buf_free(envelope);
	aim_server_free(server);
	aim_agent_free(agent);
	aim_key_unref(key);
	aim_registry_free(registry);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return again == AIM_E_REPLAY ? 0 : 1;
}
