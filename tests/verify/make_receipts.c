/* What an audit log gives to third parties, written into the folder that is named: for the test of aim-verify,
 * and for tests/golden/receipt-0.1. Fixed keys and clock; the salts are random. */
#include <aim/checkpoint.h>
#include <aim/ctx.h>
#include <aim/plugin/clock.h>
#include <aim/proof.h>
#include <aim/receipt.h>

#include "audit/note.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORIGIN "example.com/log"
#define WITNESS "witness.example/w1"
#define ARGUMENTS "{\"path\":\"/etc/passwd\"}"
#define N_FIRST 17u
#define N_ALL 42u

static const char *folder;

static void check(aim_status rc, const aim_error *err, const char *what)
{
	if (rc == AIM_OK)
		return;
	(void)fprintf(stderr, "%s: %s: %s\n", what, aim_status_name(rc), err ? err->message : "");
	exit(1);
}

static void save(const char *name, aim_str text)
{
	char path[512];
	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "wb");
	if (!file || fwrite(text.ptr, 1, text.len, file) != text.len || fclose(file) != 0) {
		perror(path);
		exit(1);
	}
}

static aim_status fixed_now(void *user, int64_t *out_us)
{
	(void)user;
	*out_us = 1795600000000000;
	return AIM_OK;
}

static void append(aim_audit *log, uint32_t from, uint32_t to)
{
	aim_error err;
	for (uint32_t i = from; i < to; i++) {
		aim_audit_record r = {.struct_size = sizeof r, .trust_micro = AIM_AUDIT_NO_TRUST};
		r.kind = aim_str_from("tool_call");
		r.agent = aim_str_from("agent-1");
		r.action = aim_str_from(i % 2 ? "read_file" : "write_file");
		r.decision = aim_str_from(i % 2 ? "allow" : "deny");
		if (i % 3 != 1)
			r.arguments = aim_bytes_from_str(aim_str_from(ARGUMENTS));
		if (i == 4)
			r.action = aim_str_from("clear\x1b[2J\xC3\xA9"); /* for terminals that believe everything */
		check(aim_audit_append(log, &r, NULL, &err), &err, "append");
	}
}

static aim_key *make_key(aim_ctx *ctx, uint8_t first, uint32_t purpose, aim_public_key *out_public)
{
	uint8_t seed[32] = {first};
	aim_key *key = NULL;
	aim_error err;
	check(aim_key_from_seed(ctx, purpose, aim_bytes_from(seed, 32), &key, &err), &err, "key");
	check(aim_key_public(key, out_public), NULL, "public key");
	return key;
}

static void save_vkey(aim_ctx *ctx, const char *name, const char *as, uint32_t type, const aim_public_key *key)
{
	aim_buf *out = NULL;
	aim_error err;
	check(aim_buf_new(ctx, &out), NULL, "buffer");
	check(aim_checkpoint_vkey(ctx, aim_str_from(as), type, key, out, &err), &err, "vkey");
	save(name, aim_buf_str(out));
	aim_buf_free(out);
}

/* The newest checkpoint, cosigned. */
static void cosign(aim_audit *log, aim_ctx *ctx, const aim_key *key, const aim_public_key *public_key, aim_buf *out)
{
	aim__note note;
	aim__note_key as;
	aim_error err;
	aim_buf *lines = NULL;
	check(aim_buf_new(ctx, &lines), NULL, "buffer");
	check(aim_checkpoint_last(log, out, &err), &err, "checkpoint");
	check(aim__note_key_make(ctx, aim_str_from(WITNESS), AIM__NOTE_COSIGNATURE, public_key, &as, &err), &err, "witness");
	check(aim__note_read(aim_buf_str(out), &note, &err), &err, "note");
	check(aim__note_sign(key, &as, note.text, 1795600001, lines, &err), &err, "cosign");
	check(aim_buf_append(out, aim_buf_bytes(lines)), NULL, "buffer");
	aim_buf_free(lines);
}

static void save_proof(const char *name, const aim_proof *proof)
{
	char text[AIM_PROOF_MAX_HASHES * 65 + 1];
	size_t len = 0;
	for (size_t i = 0; i < proof->n_hashes; i++) {
		for (size_t k = 0; k < 32; k++, len += 2)
			(void)snprintf(text + len, 3, "%02x", proof->hashes[i][k]);
		text[len++] = '\n';
	}
	save(name, (aim_str){text, len});
}

static aim_status save_record(void *user, uint64_t position, aim_str record, aim_bytes salt)
{
	(void)user, (void)position, (void)salt;
	save("record", record);
	return AIM_OK;
}

static void save_receipts(aim_ctx *ctx, aim_audit *log)
{
	aim_buf *out = NULL;
	aim_error err;
	check(aim_buf_new(ctx, &out), NULL, "buffer");
	for (uint32_t i = 0; i < N_ALL; i++) {
		char name[32];
		aim_buf_clear(out);
		check(aim_receipt_build(log, i, 0, out, &err), &err, "receipt");
		(void)snprintf(name, sizeof name, "receipt-%u", i);
		save(name, aim_buf_str(out));
		aim_buf_clear(out);
		check(aim_receipt_build(log, i, AIM_RECEIPT_WITHOUT_SALT, out, &err), &err, "receipt");
		(void)snprintf(name, sizeof name, "unsalted-%u", i);
		save(name, aim_buf_str(out));
	}
	aim_buf_free(out);
}

static void save_proofs(aim_audit *log)
{
	aim_proof proof = {.struct_size = sizeof proof};
	aim_error err;
	check(aim_proof_inclusion(log, 16, N_ALL, &proof, &err), &err, "inclusion");
	save_proof("inclusion", &proof);
	check(aim_proof_consistency(log, N_FIRST, N_ALL, &proof, &err), &err, "consistency");
	save_proof("consistency", &proof);
	check(aim_audit_read(log, 16, 1, save_record, NULL, &err), &err, "record");
}

int main(int argc, char **argv)
{
	aim_clock clock = {sizeof clock, 0, fixed_now, NULL, NULL, NULL};
	aim_ctx_options options = {.struct_size = sizeof options, .clock = &clock};
	aim_checkpoint_options o = {.struct_size = sizeof o, .origin = aim_str_from(ORIGIN)};
	aim_ctx *ctx = NULL;
	aim_store *store = NULL;
	aim_audit *log = NULL;
	aim_checkpoint_signer *signer = NULL;
	aim_public_key log_public, witness_public;
	aim_buf *text = NULL;
	aim_error err;
	if (argc != 2)
		return 2;
	folder = argv[1];
	check(aim_ctx_new(&options, &ctx, &err), &err, "context");
	check(aim_store_open_memory(ctx, NULL, &store, &err), &err, "store");
	check(aim_audit_open(store, NULL, &log, &err), &err, "log");
	aim_key *key = make_key(ctx, 1, AIM_KEY_LOG, &log_public);
	aim_key *witness = make_key(ctx, 2, AIM_KEY_LOG, &witness_public);
	aim_public_key other_public;
	aim_key *other = make_key(ctx, 3, AIM_KEY_LOG, &other_public);
	check(aim_checkpoint_open(log, key, &o, &signer, &err), &err, "signer");
	check(aim_buf_new(ctx, &text), NULL, "buffer");
	append(log, 0, N_FIRST);
	check(aim_checkpoint_now(signer, &err), &err, "sign");
	cosign(log, ctx, witness, &witness_public, text);
	save("older", aim_buf_str(text));
	append(log, N_FIRST, N_ALL);
	check(aim_checkpoint_now(signer, &err), &err, "sign");
	aim_buf_clear(text);
	cosign(log, ctx, witness, &witness_public, text);
	save("newer", aim_buf_str(text));
	save_receipts(ctx, log);
	save_proofs(log);
	save("arguments", aim_str_from(ARGUMENTS));
	save_vkey(ctx, "vkey", ORIGIN, AIM_CHECKPOINT_LOG_KEY, &log_public);
	save_vkey(ctx, "vkey-other", ORIGIN, AIM_CHECKPOINT_LOG_KEY, &other_public);
	save_vkey(ctx, "vkey-witness", WITNESS, AIM_CHECKPOINT_WITNESS_KEY, &witness_public);
	save_vkey(ctx, "vkey-stranger", WITNESS, AIM_CHECKPOINT_WITNESS_KEY, &other_public);
	aim_buf_free(text);
	aim_key_unref(other);
	aim_key_unref(witness);
	aim_key_unref(key);
	check(aim_checkpoint_close(signer, &err), &err, "close");
	aim_audit_free(log);
	aim_store_free(store);
	aim_ctx_free(ctx);
	return 0;
}
