/* approval_proof — what was approved of a server is one hash; that a call used an approved tool is a short proof. */
#include <aim/aim.h>
#include <stdio.h>

static const char tool[] = "{\"name\":\"read_file\",\"description\":\"Reads a file\"}";

static int approve(aim_baseline *baseline, aim_error *err)
{
	aim_baseline_item item = {aim_str_from("read_file"), aim_bytes_from_str(aim_str_from(tool))};
	aim_baseline_observation seen = {.struct_size = sizeof seen, .kind = AIM_FINGERPRINT_TOOL, .items = &item, .n_items = 1};
	aim_baseline_approval approval = {.struct_size = sizeof approval, .kind = AIM_FINGERPRINT_TOOL};
	approval.name = item.name; /* this entry; empty: all tools; kind 0: everything */
	approval.actor = aim_str_from("ana");
	return aim_baseline_register(baseline, approval.actor, err) == AIM_OK && /* launch and key, as registered */
	       aim_baseline_observe(baseline, &seen, err) == AIM_OK && aim_baseline_approve(baseline, &approval, err) == AIM_OK;
}

static int prove(aim_ctx *ctx, const aim_baseline *baseline, aim_error *err)
{
	uint8_t root[AIM_FINGERPRINT_LEN];
	aim_fingerprint f = {.struct_size = sizeof f};
	aim_buf *proof = NULL;
	int ok = aim_buf_new(ctx, &proof) == AIM_OK &&
	         aim_baseline_prove(baseline, AIM_FINGERPRINT_TOOL, aim_str_from("read_file"), proof, root, err) == AIM_OK &&
	         aim_fingerprint_compute(ctx, AIM_FINGERPRINT_TOOL, aim_bytes_from_str(aim_str_from(tool)), &f, err) == AIM_OK;
	aim_fingerprint_leaf leaf = {AIM_FINGERPRINT_TOOL, 0, aim_str_from("read_file"), f.surface};
	/* Whoever has root and the definition verifies, without the store. */
	ok = ok && aim_fingerprint_proof_verify(ctx, aim_buf_bytes(proof), root, &leaf, err) == AIM_OK;
	if (ok)
		printf("%.*s\n", (int)aim_buf_str(proof).len, aim_buf_str(proof).ptr);
	aim_buf_free(proof);
	return ok;
}

int main(void)
{
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_registry *registry = NULL;
	aim_server *server = NULL;
	aim_baseline *baseline = NULL;
	aim_error err = {0};
	aim_server_spec spec = {.struct_size = sizeof spec, .name = aim_str_from("files"), .command = aim_str_from("npx")};
	int ok = aim_ctx_new(NULL, &ctx, &err) == AIM_OK && aim_store_open_memory(ctx, NULL, &store, &err) == AIM_OK &&
	         aim_audit_open(store, NULL, &log, &err) == AIM_OK && aim_registry_open(log, NULL, &registry, &err) == AIM_OK &&
	         aim_server_register(registry, &spec, &server, &err) == AIM_OK &&
	         aim_baseline_open(registry, aim_server_id(server), &baseline, &err) == AIM_OK && approve(baseline, &err) &&
	         prove(ctx, baseline, &err);
	if (!ok)
		fprintf(stderr, "%s\n", err.message);
	aim_baseline_free(baseline);
	aim_server_free(server);
	aim_registry_free(registry);
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return ok ? 0 : 1;
}
