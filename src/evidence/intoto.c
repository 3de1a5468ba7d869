/* evidence/intoto.c — in-toto statements v1 written and checked. Layer evidence; knows nothing of predicates. */
#include <aim/intoto.h>

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/sized.h"
#include "codec/json.h"
#include "codec/writer.h"

#include <string.h>

AIM__NO_PADDING(aim_intoto_subject, 8 + 3 * sizeof(aim_str));
AIM__NO_PADDING(aim_intoto_statement, 8 + sizeof(void *) + 8 + sizeof(aim_str) + sizeof(aim_bytes));

#define SHA256_HEX 64u

/* ---- writing ---- */

static int is_sha256(aim_str digest)
{
	for (size_t i = 0; digest.ptr && i < digest.len; i++)
		if (!((digest.ptr[i] >= '0' && digest.ptr[i] <= '9') || (digest.ptr[i] >= 'a' && digest.ptr[i] <= 'f')))
			return 0;
	return digest.ptr && digest.len == SHA256_HEX;
}

/* Elements step by the struct_size of the first. */
static aim_status take_subject(const aim_intoto_statement *s, uint64_t i, aim_intoto_subject *out, aim_error *err)
{
	const char *at = (const char *)s->subjects + i * s->subjects->struct_size;
	*out = (aim_intoto_subject){.struct_size = sizeof *out};
	aim_status rc = aim__sized_in(out, sizeof *out, at, sizeof *out, "aim_intoto_subject", err);
	if (rc != AIM_OK)
		return rc;
	if (out->flags != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_EVIDENCE, "aim_intoto_subject.flags must be 0");
	if (out->algorithm.len == 0 || out->digest.len == 0)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_EVIDENCE, "subjects[%llu] has no digest",
		                 (unsigned long long)i);
	if (aim_str_equal(out->algorithm, aim_str_from("sha256")) && !is_sha256(out->digest))
		return aim__fail(err, AIM_E_DIGEST, AIM_LAYER_EVIDENCE,
		                 "subjects[%llu]: a sha256 has 64 lower-case hex digits", (unsigned long long)i);
	return AIM_OK;
}

static aim_status write_subject(aim__json_writer *w, const aim_intoto_statement *s, uint64_t i, aim_error *err)
{
	aim_intoto_subject subject;
	aim_status rc = take_subject(s, i, &subject, err);
	if (rc != AIM_OK)
		return rc;
	aim__write_begin_object(w);
	aim__write_key(w, "digest");
	aim__write_begin_object(w);
	aim__write_key_str(w, subject.algorithm);
	aim__write_string(w, subject.digest);
	aim__write_end_object(w);
	if (subject.name.len > 0)
		aim__write_member_string(w, "name", subject.name);
	aim__write_end_object(w);
	return AIM_OK;
}

static aim_status read_predicate(aim_json *doc, aim_bytes text, aim_error *err)
{
	aim_status rc = aim_json_parse(doc, text, AIM_JSON_BORROW, err);
	if (rc == AIM_OK && aim__json_type(doc, AIM_JSON_ROOT) != AIM_JSON_OBJECT)
		return aim__fail(err, AIM_E_JSON_TYPE, AIM_LAYER_EVIDENCE, "the predicate is no object");
	return rc;
}

/* Members in canonical order: _type, predicate, predicateType, subject. */
static aim_status write_statement(const aim_intoto_statement *s, const aim_json *predicate, aim_buf *out,
                                  aim_error *err)
{
	aim__json_writer w;
	size_t before = out->len;
	aim_status rc = AIM_OK;
	aim__write_init(&w, out);
	aim__write_begin_object(&w);
	aim__write_member_text(&w, "_type", AIM_INTOTO_STATEMENT_TYPE);
	if (predicate) {
		aim__write_key(&w, "predicate");
		aim__write_canonical(&w, predicate, AIM_JSON_ROOT, 0);
	}
	aim__write_member_string(&w, "predicateType", s->predicate_type);
	aim__write_key(&w, "subject");
	aim__write_begin_array(&w);
	for (uint64_t i = 0; rc == AIM_OK && i < s->n_subjects; i++)
		rc = write_subject(&w, s, i, err);
	aim__write_end_array(&w);
	aim__write_end_object(&w);
	if (rc != AIM_OK) {
		aim__buf_truncate(out, before);
		return rc;
	}
	rc = aim__write_finish(&w);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_EVIDENCE);
}

static aim_status take_statement(const aim_ctx *ctx, aim_intoto_statement *s, const aim_intoto_statement *statement,
                                 aim_error *err)
{
	aim_status rc = aim__sized_in(s, sizeof *s, statement, sizeof *s, "aim_intoto_statement", err);
	if (rc != AIM_OK)
		return rc;
	if (s->flags != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_EVIDENCE, "aim_intoto_statement.flags must be 0");
	if (!s->subjects || s->n_subjects == 0 || s->predicate_type.len == 0 ||
	    (!s->predicate.ptr && s->predicate.len > 0))
		return AIM__MISUSE(ctx, "statement.subjects and predicate_type are required");
	if (s->n_subjects > AIM_INTOTO_MAX_SUBJECTS)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_EVIDENCE, "a statement has at most %u subjects",
		                 AIM_INTOTO_MAX_SUBJECTS);
	return AIM_OK;
}

aim_status aim_intoto_write(const aim_ctx *ctx, const aim_intoto_statement *statement, aim_buf *out, aim_error *err)
{
	aim_intoto_statement s = {.struct_size = sizeof s};
	aim_json predicate;
	if (!ctx || !statement || !out)
		return AIM__MISUSE(ctx, "ctx, statement and out are required");
	aim_status rc = take_statement(ctx, &s, statement, err);
	if (rc != AIM_OK)
		return rc;
	aim__json_init(&predicate, aim__ctx_mutable(ctx));
	if (s.predicate.len > 0)
		rc = read_predicate(&predicate, s.predicate, err);
	if (rc == AIM_OK)
		rc = write_statement(&s, s.predicate.len > 0 ? &predicate : NULL, out, err);
	aim__json_dispose(&predicate);
	return rc;
}

/* ---- reading ---- */

static aim_json_value member(const aim_json *doc, aim_json_value object, const char *name)
{
	return aim__json_member_text(doc, object, name);
}

static aim_status fail_at(const aim_json *doc, aim_json_value at, aim_status rc, const char *what, aim_error *err)
{
	aim__fail(err, rc, AIM_LAYER_EVIDENCE, "in-toto statement: %s", what);
	aim__json_error_at(doc, at == AIM_JSON_NONE ? AIM_JSON_ROOT : at, err);
	return rc;
}

/* A set of at least one digest, all of them text. */
static int has_digests(const aim_json *doc, aim_json_value subject)
{
	aim_json_value v = aim__json_first(doc, member(doc, subject, "digest"));
	if (aim__json_type(doc, member(doc, subject, "digest")) != AIM_JSON_OBJECT || v == AIM_JSON_NONE)
		return 0;
	for (; v != AIM_JSON_NONE; v = aim__json_next(doc, v))
		if (aim__json_string(doc, v).len == 0)
			return 0;
	return 1;
}

static aim_status check_subjects(const aim_json *doc, aim_error *err)
{
	aim_json_value list = member(doc, AIM_JSON_ROOT, "subject");
	if (aim__json_type(doc, list) != AIM_JSON_ARRAY || aim_json_count(doc, list) == 0)
		return fail_at(doc, list, AIM_E_ENVELOPE, "subject is no list, or empty", err);
	if (aim_json_count(doc, list) > AIM_INTOTO_MAX_SUBJECTS)
		return fail_at(doc, list, AIM_E_LIMIT, "too many subjects", err);
	for (aim_json_value v = aim__json_first(doc, list); v != AIM_JSON_NONE; v = aim__json_next(doc, v)) {
		aim_json_value name = member(doc, v, "name");
		if (!has_digests(doc, v))
			return fail_at(doc, v, AIM_E_ENVELOPE, "a subject without digest", err);
		if (name != AIM_JSON_NONE && aim__json_type(doc, name) != AIM_JSON_STRING)
			return fail_at(doc, name, AIM_E_ENVELOPE, "a name is no string", err);
	}
	return AIM_OK;
}

static aim_status check_type(const aim_json *doc, aim_str predicate_type, aim_error *err)
{
	aim_json_value type = member(doc, AIM_JSON_ROOT, "_type");
	aim_json_value predicate_is = member(doc, AIM_JSON_ROOT, "predicateType");
	if (aim__json_type(doc, AIM_JSON_ROOT) != AIM_JSON_OBJECT || aim__json_type(doc, type) != AIM_JSON_STRING)
		return fail_at(doc, type, AIM_E_ENVELOPE, "no object with _type", err);
	if (!aim_str_equal(aim__json_string(doc, type), aim_str_from(AIM_INTOTO_STATEMENT_TYPE)))
		return fail_at(doc, type, AIM_E_VERSION, "_type is not " AIM_INTOTO_STATEMENT_TYPE, err);
	if (aim__json_type(doc, predicate_is) != AIM_JSON_STRING)
		return fail_at(doc, predicate_is, AIM_E_ENVELOPE, "predicateType is no string", err);
	if (!aim_str_equal(aim__json_string(doc, predicate_is), predicate_type))
		return fail_at(doc, predicate_is, AIM_E_CLAIM, "predicateType is not the one that was asked for", err);
	return AIM_OK;
}

aim_status aim_intoto_check(const aim_json *doc, aim_str predicate_type, aim_error *err)
{
	if (!doc || !predicate_type.ptr || predicate_type.len == 0)
		return AIM__MISUSE(doc ? doc->ctx : NULL, "doc and predicate_type are required");
	aim_json_value predicate = member(doc, AIM_JSON_ROOT, "predicate");
	aim_status rc = check_type(doc, predicate_type, err);
	if (rc == AIM_OK)
		rc = check_subjects(doc, err);
	if (rc == AIM_OK && predicate != AIM_JSON_NONE && aim__json_type(doc, predicate) != AIM_JSON_OBJECT)
		return fail_at(doc, predicate, AIM_E_ENVELOPE, "predicate is no object", err);
	return rc;
}

aim_json_value aim_intoto_subject_of(const aim_json *doc, aim_str algorithm, aim_str digest)
{
	if (!doc || digest.len == 0)
		return AIM_JSON_NONE;
	aim_json_value v = member(doc, AIM_JSON_ROOT, "subject");
	for (v = aim__json_type(doc, v) == AIM_JSON_ARRAY ? aim__json_first(doc, v) : AIM_JSON_NONE; v != AIM_JSON_NONE;
	     v = aim__json_next(doc, v))
		if (aim_str_equal(aim__json_string(doc, aim__json_member(doc, member(doc, v, "digest"), algorithm)), digest))
			return v;
	return AIM_JSON_NONE;
}

aim_json_value aim_intoto_predicate(const aim_json *doc)
{
	return doc ? member(doc, AIM_JSON_ROOT, "predicate") : AIM_JSON_NONE;
}
