/* cli/aim_verify/verify.c — the subcommands. The judging is the library's: aim/receipt.h, aim/checkpoint.h
 * and aim/proof.h. */
#include "program.h"

#include "audit/note.h"

#include <stdio.h>
#include <string.h>

#define MAX_CHECKPOINT_BYTES 65536u
#define MAX_RECORD_BYTES 65536u
#define MAX_ARGUMENTS_BYTES (16u << 20)
#define MAX_PROOF_BYTES (AIM_PROOF_MAX_HASHES * 66u)

int verify_keys(const program *p)
{
	const options *o = &p->options;
	for (int i = -1; i < o->n_witnesses; i++) {
		const char *key = i < 0 ? o->key : o->witnesses[i];
		aim__note_key read;
		aim_error err;
		aim_status rc = aim__note_key_read(p->ctx, aim_str_from(key), &read, &err);
		if (rc == AIM_OK && read.type == (i < 0 ? AIM__NOTE_ED25519 : AIM__NOTE_COSIGNATURE))
			continue;
		say("%s: %s", key,
		    rc != AIM_OK ? err.message
		    : i < 0      ? "that is a witness's key, not a log's"
		                 : "that is a log's key, not a witness's");
		return EXIT_TROUBLE;
	}
	return EXIT_VALID;
}

/* The log's signature, and those of all witnesses that were asked for. */
static aim_status check_checkpoint(const program *p, aim_str text, aim_checkpoint *out, aim_error *err)
{
	const options *o = &p->options;
	aim_str origin = o->origin ? aim_str_from(o->origin) : (aim_str){NULL, 0};
	aim_status rc = aim_checkpoint_verify(p->ctx, text, aim_str_from(o->key), origin, out, err);
	for (int i = 0; rc == AIM_OK && i < o->n_witnesses; i++)
		rc = aim_checkpoint_verify_witness(p->ctx, text, aim_str_from(o->witnesses[i]), NULL, err);
	return rc;
}

static void show_place(uint64_t position, uint64_t size, aim_str origin)
{
	(void)fputs(", record ", stdout);
	show_number(position);
	(void)fputs(" of ", stdout);
	show_number(size);
	(void)fputs(" in log ", stdout);
	show(origin);
}

static void show_witnesses(const options *o)
{
	for (int i = 0; i < o->n_witnesses; i++) {
		(void)fputs(i ? ", " : ", cosigned by ", stdout);
		show((aim_str){o->witnesses[i], strcspn(o->witnesses[i], "+")});
	}
	(void)putchar('\n');
}

/* ---- receipt ---- */

static aim_status check_receipt(const program *p, aim_json *doc, aim_str bytes, aim_bytes arguments,
                                aim_receipt *out, aim_checkpoint *out_checkpoint, aim_error *err)
{
	const options *o = &p->options;
	aim_str origin = o->origin ? aim_str_from(o->origin) : (aim_str){NULL, 0};
	aim_status rc = aim_receipt_verify(p->ctx, bytes, aim_str_from(o->key), origin, arguments, out, err);
	if (rc == AIM_OK)
		rc = aim_json_parse(doc, aim_bytes_from_str(bytes), 0, err);
	if (rc != AIM_OK)
		return rc;
	aim_json_value text = aim_json_member(doc, AIM_JSON_ROOT, aim_str_from("checkpoint"));
	return check_checkpoint(p, aim_json_string(doc, text), out_checkpoint, err);
}

static int judge_receipt(const program *p, const char *file, aim_str bytes, aim_bytes arguments)
{
	aim_receipt receipt = {.struct_size = sizeof receipt};
	aim_checkpoint checkpoint = {.struct_size = sizeof checkpoint};
	aim_json *doc = NULL;
	aim_error err;
	int code = EXIT_VALID;
	memset(&err, 0, sizeof err);
	aim_status rc = aim_json_new(p->ctx, &doc);
	if (rc == AIM_OK)
		rc = check_receipt(p, doc, bytes, arguments, &receipt, &checkpoint, &err);
	if (rc != AIM_OK) {
		code = report_failure(file, rc, &err);
	} else {
		(void)printf("%s: valid: ", file);
		show_record(p, receipt.record);
		show_place(receipt.position, receipt.size, checkpoint.origin);
		if (arguments.len)
			(void)fputs(", with these arguments", stdout);
		show_witnesses(&p->options);
		if (p->options.shows_record)
			(void)printf("%.*s\n", (int)receipt.record.len, receipt.record.ptr);
	}
	aim_json_free(doc);
	return code;
}

int verify_receipt(const program *p, const char *file)
{
	const char *path = p->options.arguments;
	input receipt = {NULL, {NULL, 0}}, arguments = {NULL, {NULL, 0}};
	int code = path ? input_read(path, MAX_ARGUMENTS_BYTES, 1, &arguments) : EXIT_VALID;
	if (code == EXIT_VALID && path && arguments.text.len == 0) {
		say("%s: no arguments in it", path);
		code = EXIT_TROUBLE;
	}
	if (code == EXIT_VALID)
		code = input_read(file, AIM_RECEIPT_MAX_BYTES, 1, &receipt);
	if (code == EXIT_VALID)
		code = judge_receipt(p, file, receipt.text, aim_bytes_from_str(arguments.text));
	input_free(&receipt);
	input_free(&arguments);
	return code;
}

/* ---- checkpoint ---- */

int verify_checkpoint(const program *p, const char *file)
{
	aim_checkpoint c = {.struct_size = sizeof c};
	input in = {NULL, {NULL, 0}};
	aim_error err;
	memset(&err, 0, sizeof err);
	int code = input_read(file, MAX_CHECKPOINT_BYTES, 0, &in);
	if (code != EXIT_VALID)
		return code;
	aim_status rc = check_checkpoint(p, in.text, &c, &err);
	if (rc != AIM_OK) {
		code = report_failure(file, rc, &err);
	} else {
		(void)printf("%s: valid: log ", file);
		show(c.origin);
		(void)fputs(" with ", stdout);
		show_number(c.size);
		(void)fputs(c.size == 1 ? " record" : " records", stdout);
		show_witnesses(&p->options);
	}
	input_free(&in);
	return code;
}

/* ---- proofs ---- */

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

/* Lines of 64 lower-case hex digits. */
static int parse_proof(aim_str text, aim_proof *out)
{
	memset(out, 0, sizeof *out);
	out->struct_size = sizeof *out;
	if (text.len % 65 || text.len / 65 > AIM_PROOF_MAX_HASHES)
		return 0;
	for (size_t i = 0; i < text.len; i++) {
		size_t column = i % 65;
		int digit = hex_digit(text.ptr[i]);
		if (column == 64 ? text.ptr[i] != '\n' : digit < 0)
			return 0;
		if (column < 64)
			out->hashes[i / 65][column / 2] |= (uint8_t)(column % 2 ? digit : digit << 4);
	}
	out->n_hashes = text.len / 65;
	return 1;
}

/* A proof and a checkpoint (or the record): EXIT_VALID when both could be read. */
static int read_parts(const program *p, const char *checkpoint, aim_proof *proof, input *out_checkpoint,
                      aim_checkpoint *c)
{
	input in = {NULL, {NULL, 0}};
	aim_error err;
	memset(&err, 0, sizeof err);
	int code = input_read(p->options.proof, MAX_PROOF_BYTES, 0, &in);
	if (code == EXIT_VALID && !parse_proof(in.text, proof)) {
		(void)printf("%s: invalid: not at most %d lines of 64 hex digits\n", p->options.proof,
		             AIM_PROOF_MAX_HASHES);
		code = EXIT_INVALID;
	}
	input_free(&in);
	if (code == EXIT_VALID)
		code = input_read(checkpoint, MAX_CHECKPOINT_BYTES, 0, out_checkpoint);
	if (code != EXIT_VALID)
		return code;
	aim_status rc = check_checkpoint(p, out_checkpoint->text, c, &err);
	return rc == AIM_OK ? EXIT_VALID : report_failure(checkpoint, rc, &err);
}

static aim_audit_head head_of(const aim_checkpoint *c)
{
	aim_audit_head head = {.struct_size = sizeof head, .size = c->size};
	memcpy(head.root, c->root, sizeof head.root);
	return head;
}

int verify_inclusion(const program *p, const char *file)
{
	aim_checkpoint c = {.struct_size = sizeof c};
	aim_proof proof;
	input text = {NULL, {NULL, 0}}, record = {NULL, {NULL, 0}};
	aim_error err;
	memset(&err, 0, sizeof err);
	int code = read_parts(p, p->options.checkpoint, &proof, &text, &c);
	if (code == EXIT_VALID)
		code = input_read(file, MAX_RECORD_BYTES, 1, &record);
	if (code == EXIT_VALID) {
		aim_audit_head head = head_of(&c);
		aim_status rc = aim_proof_verify_inclusion(p->ctx, record.text, p->options.position, &head,
		                                           &proof, &err);
		if (rc != AIM_OK) {
			code = report_failure(file, rc, &err);
		} else {
			(void)printf("%s: valid: ", file);
			show_record(p, record.text);
			show_place(p->options.position, c.size, c.origin);
			show_witnesses(&p->options);
		}
	}
	input_free(&record);
	input_free(&text);
	return code;
}

int verify_consistency(const program *p, const char *file)
{
	aim_checkpoint older = {.struct_size = sizeof older}, newer = older;
	aim_proof proof;
	input old_text = {NULL, {NULL, 0}}, new_text = {NULL, {NULL, 0}};
	aim_error err;
	memset(&err, 0, sizeof err);
	int code = read_parts(p, p->options.older, &proof, &old_text, &older);
	if (code == EXIT_VALID)
		code = read_parts(p, file, &proof, &new_text, &newer);
	if (code == EXIT_VALID) {
		aim_audit_head from = head_of(&older), to = head_of(&newer);
		aim_status rc = aim_proof_verify_consistency(p->ctx, &from, &to, &proof, &err);
		if (rc != AIM_OK) {
			code = report_failure(file, rc, &err);
		} else {
			(void)printf("%s: valid: the first ", file);
			show_number(older.size);
			(void)fputs(" of ", stdout);
			show_number(newer.size);
			(void)fputs(" records are those of the older checkpoint, log ", stdout);
			show(newer.origin);
			show_witnesses(&p->options);
		}
	}
	input_free(&new_text);
	input_free(&old_text);
	return code;
}
