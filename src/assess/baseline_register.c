/* assess/baseline_register.c — the parts of a server that it does not show itself: how it is launched, its executable,
 * its key; and the approved baseline that registration makes of them. Layer assess. */
#include "assess/baseline_state.h"
#include "assess/sort.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sized.h"
#include "identity/check.h"
#include "identity/record.h"

#include <aim/server.h>

#include <string.h>

AIM__NO_PADDING(aim_baseline_launch, 8 + 10 * sizeof(void *));

/* ---- definitions ---- */

typedef struct launch {
	aim_str name, transport, command, url;
	aim__text_list args, env;
} launch;

static const aim__field launch_fields[] = {
	{"args", offsetof(launch, args), AIM__FIELD_LIST, 0, NULL},
	{"command", offsetof(launch, command), AIM__FIELD_TEXT, 0, NULL},
	{"env", offsetof(launch, env), AIM__FIELD_LIST, 0, NULL},
	{"name", offsetof(launch, name), AIM__FIELD_TEXT, 1, NULL},
	{"transport", offsetof(launch, transport), AIM__FIELD_TEXT, 0, NULL},
	{"url", offsetof(launch, url), AIM__FIELD_TEXT, 0, NULL},
};
static const aim__fields launch_table = {launch_fields, sizeof launch_fields / sizeof *launch_fields};

typedef struct key {
	aim_str name;
	aim__optional_key key;
} key;

static const aim__field key_fields[] = {
	{"name", offsetof(key, name), AIM__FIELD_TEXT, 1, NULL},
	{"public_key", offsetof(key, key), AIM__FIELD_KEY, 1, NULL},
};
static const aim__fields key_table = {key_fields, sizeof key_fields / sizeof *key_fields};

typedef struct executable {
	aim_str checksum, name;
} executable;

static const aim__field executable_fields[] = {
	{"checksum", offsetof(executable, checksum), AIM__FIELD_TEXT, 1, NULL},
	{"name", offsetof(executable, name), AIM__FIELD_TEXT, 1, NULL},
};
static const aim__fields executable_table = {executable_fields, sizeof executable_fields / sizeof *executable_fields};

static aim_status write_part(aim_buf *out, const aim__fields *table, const void *part, aim_error *err)
{
	aim_status rc = aim__fields_object(out, table, part);
	return rc == AIM_OK ? AIM_OK : aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
}

/* What stands in front of "://"; "stdio" without a url. */
static aim_str transport_of(aim_str url)
{
	for (size_t i = 0; i + 2 < url.len; i++)
		if (url.ptr[i] == ':' && url.ptr[i + 1] == '/' && url.ptr[i + 2] == '/')
			return (aim_str){url.ptr, i};
	return aim_str_from("stdio");
}

/* A sorted copy of the names, each once. */
static aim_status sort_names(const aim_ctx *ctx, const aim_str *names, size_t n, aim_str *out, size_t *out_n)
{
	const void **order = aim__alloc_array(ctx, n, sizeof *order);
	if (!order)
		return AIM_E_NOMEM;
	*out_n = 0;
	for (size_t i = 0; i < n; i++)
		order[i] = &names[i];
	aim__sort_pointers(order, n, aim__compare_texts);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || aim__compare_texts(order[i - 1], order[i]) != 0)
			out[(*out_n)++] = *(const aim_str *)order[i];
	aim__free(ctx, (void *)order, n * sizeof *order);
	return AIM_OK;
}

aim_status aim_baseline_launch_write(const aim_baseline_launch *given, aim_buf *out, aim_error *err)
{
	aim_baseline_launch l = {.struct_size = sizeof l};
	if (!given || !out)
		return AIM__MISUSE(out ? out->ctx : NULL, "launch and out are required");
	aim_status rc = aim__sized_in(&l, sizeof l, given, sizeof l, "aim_baseline_launch", err);
	if (rc != AIM_OK)
		return rc;
	if (l.flags)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_ASSESS, "aim_baseline_launch.flags must be 0");
	if ((l.n_args && !l.args) || (l.n_env_names && !l.env_names))
		return AIM__MISUSE(out->ctx, "args and env_names are required when they are counted");
	launch part = {.name = aim_str_from("launch"), .transport = l.transport, .command = l.command, .url = l.url};
	if (part.transport.len == 0)
		part.transport = transport_of(l.url);
	part.args.items = l.args;
	part.args.n = l.n_args;
	if (l.n_env_names == 0)
		return write_part(out, &launch_table, &part, err);
	aim_str *names = aim__alloc_array(out->ctx, l.n_env_names, sizeof *names);
	rc = names ? sort_names(out->ctx, l.env_names, l.n_env_names, names, &part.env.n) : AIM_E_NOMEM;
	part.env.items = names;
	rc = rc == AIM_OK ? write_part(out, &launch_table, &part, err) : aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	aim__free(out->ctx, names, l.n_env_names * sizeof *names);
	return rc;
}

aim_status aim_baseline_key_write(const aim_public_key *public_key, aim_buf *out, aim_error *err)
{
	key part = {.name = aim_str_from("key"), .key = {.present = 1}};
	if (!public_key || !out)
		return AIM__MISUSE(out ? out->ctx : NULL, "key and out are required");
	part.key.key = *public_key;
	return write_part(out, &key_table, &part, err);
}

aim_status aim_baseline_executable_write(aim_str checksum, aim_buf *out, aim_error *err)
{
	executable part = {checksum, aim_str_from("executable")};
	if (!out || !checksum.ptr || checksum.len == 0)
		return AIM__MISUSE(out ? out->ctx : NULL, "checksum and out are required");
	return write_part(out, &executable_table, &part, err);
}

/* ---- registration ---- */

/* Prepares an approved entry; nothing when the kind has a baseline. */
static aim_status prepare_entry(aim_baseline *b, uint32_t kind, aim_bytes definition, uint32_t *kinds, aim_error *err)
{
	aim_fingerprint f = {.struct_size = sizeof f};
	aim__list *list = &b->lists[kind];
	aim_status rc = aim_json_parse(&b->doc, definition, AIM_JSON_BORROW, err);
	if (rc == AIM_OK)
		rc = aim__fingerprint(b->ctx, kind, &b->doc, AIM_JSON_ROOT, &b->scratch, &f, err);
	if (rc != AIM_OK)
		return rc;
	aim__entry *e = aim__entry_add(b->ctx, list, aim_str_from(aim__fingerprint_kinds[kind]));
	if (!e)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	*kinds |= 1u << kind;
	rc = aim__definition_copy(b->ctx, definition, &f, &e->next.baseline);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	e->fresh = 1;
	e->next.state = AIM_BASELINE_APPROVED;
	e->next.version = 1;
	aim__entry_show(e, f.surface);
	return AIM_OK;
}

static aim_status write_launch(const aim_server *server, aim_buf *out, aim_error *err)
{
	aim_baseline_launch l = {.struct_size = sizeof l, .command = aim_server_command(server), .url = aim_server_url(server)};
	size_t n_args = aim_server_arg_count(server), n_env = aim_server_env_name_count(server), n = n_args + n_env + 1;
	aim_str *texts = aim__alloc_array(out->ctx, n, sizeof *texts);
	if (!texts)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_ASSESS);
	for (size_t i = 0; i < n_args; i++)
		texts[i] = aim_server_arg_at(server, i);
	for (size_t i = 0; i < n_env; i++)
		texts[n_args + i] = aim_server_env_name_at(server, i);
	l.args = texts;
	l.n_args = n_args;
	l.env_names = texts + n_args;
	l.n_env_names = n_env;
	aim_status rc = aim_baseline_launch_write(&l, out, err);
	aim__free(out->ctx, texts, n * sizeof *texts);
	return rc;
}

static aim_status prepare_parts(aim_baseline *b, const aim_server *server, aim_buf *text, uint32_t *kinds, aim_error *err)
{
	aim_public_key public_key;
	aim_status rc = AIM_OK;
	if (b->lists[AIM_FINGERPRINT_LAUNCH].version == 0 && !b->lists[AIM_FINGERPRINT_LAUNCH].stale &&
	    (aim_server_url(server).len || aim_server_command(server).len)) {
		rc = write_launch(server, text, err);
		if (rc == AIM_OK)
			rc = prepare_entry(b, AIM_FINGERPRINT_LAUNCH, aim_buf_bytes(text), kinds, err);
	}
	if (rc != AIM_OK || b->lists[AIM_FINGERPRINT_KEY].version || b->lists[AIM_FINGERPRINT_KEY].stale ||
	    aim_server_public_key(server, &public_key) != AIM_OK)
		return rc;
	aim_buf_clear(text);
	rc = aim_baseline_key_write(&public_key, text, err);
	return rc == AIM_OK ? prepare_entry(b, AIM_FINGERPRINT_KEY, aim_buf_bytes(text), kinds, err) : rc;
}

static aim_status commit(aim_baseline *b, uint32_t kinds, aim_str actor, aim_error *err)
{
	int64_t now_us = 0;
	aim_audit_record r = {.struct_size = sizeof r, .trust_micro = AIM_AUDIT_NO_TRUST};
	aim_status rc = aim_ctx_now_us(b->ctx, &now_us);
	if (rc != AIM_OK) {
		for (uint32_t kind = 1; kind < AIM__FINGERPRINT_KINDS; kind++)
			aim__list_drop(b->ctx, &b->lists[kind]);
		return aim__fail_plain(err, rc, AIM_LAYER_ASSESS);
	}
	r.time_us = now_us;
	r.kind = aim_str_from("baseline_created");
	r.action = aim_str_from("registration");
	r.subject = aim_str_from(b->server);
	r.user = actor;
	return aim__baseline_commit(b, kinds, now_us, &r, NULL, err);
}

static aim_status register_once(aim_baseline *b, aim_str actor, aim_error *err)
{
	aim_server *server = NULL;
	aim_buf text;
	uint32_t kinds = 0;
	aim_status rc = aim_baseline_refresh(b, err);
	if (rc == AIM_OK)
		rc = aim_server_find(b->registry, aim_str_from(b->server), &server, err);
	if (rc != AIM_OK)
		return rc;
	aim__buf_init(&text, b->ctx);
	rc = prepare_parts(b, server, &text, &kinds, err);
	aim__buf_dispose(&text);
	aim_server_free(server);
	if (rc == AIM_OK && kinds)
		return commit(b, kinds, actor, err);
	for (uint32_t kind = 1; rc != AIM_OK && kind < AIM__FINGERPRINT_KINDS; kind++)
		aim__list_drop(b->ctx, &b->lists[kind]);
	return rc;
}

aim_status aim_baseline_register(aim_baseline *baseline, aim_str actor, aim_error *err)
{
	if (!baseline)
		return AIM__MISUSE(NULL, "baseline is required");
	aim_status rc = aim__check_name(baseline->ctx, "actor", actor, 0, err);
	if (rc != AIM_OK)
		return rc == AIM_E_ID_NAME ? AIM_E_INVALID : rc;
	rc = AIM_E_CONFLICT;
	for (int i = 0; rc == AIM_E_CONFLICT && i < AIM__RECORD_ATTEMPTS; i++)
		rc = register_once(baseline, actor, err);
	return rc;
}
