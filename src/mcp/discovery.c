/* mcp/discovery.c — the collection of servers found. Layer mcp. */
#include "mcp/discovery.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sized.h"
#include "codec/writer.h"
#include "mcp/mask.h"

#include <string.h>

#define DEFAULT_MAX 4096u
#define DEFAULT_FILE_BYTES ((uint64_t)16 << 20)
#define KEY_LEAST 16u
#define MAX_PROBLEMS 4096u

#define WORD sizeof(uint32_t)
#define TEXT sizeof(aim_str)
AIM__NO_PADDING(aim_discovery_options, WORD * 4 + sizeof(uint64_t) + sizeof(aim_bytes));
AIM__NO_PADDING(aim_discovery_file, WORD * 2 + TEXT * 2 + sizeof(aim_bytes));
AIM__NO_PADDING(aim_discovery_server, WORD * 4 + TEXT * 3 + WORD * 4);
AIM__NO_PADDING(aim_discovery_origin, WORD * 2 + TEXT * 4 + WORD * 2);
AIM__NO_PADDING(aim_discovery_problem, WORD * 2 + TEXT * 4 + WORD * 2);

/* --- texts ------------------------------------------------------------------------------------------------------- */

aim_status aim__discovery_copy(aim_discovery *found, aim_str text, aim_str *out)
{
	aim_str copy = aim__arena_copy(&found->arena, text);
	if (!copy.ptr)
		return AIM_E_NOMEM;
	*out = copy;
	return AIM_OK;
}

/* What stands where a name should may be a secret. */
aim_status aim__discovery_copy_masked(aim_discovery *found, aim_str text, aim_str *out)
{
	aim_buf shown;
	uint32_t state = AIM__MASK_NOTHING;
	aim__buf_init(&shown, found->ctx);
	aim_status rc = aim__mask(&shown, text, &state);
	if (rc == AIM_OK)
		rc = aim__discovery_copy(found, aim_buf_str(&shown), out);
	aim__buf_dispose(&shown);
	return rc;
}

aim_status aim__texts_add(const aim_ctx *ctx, aim__texts *texts, aim_str text)
{
	void *items = texts->items;
	aim_status rc = aim__grow(ctx, &items, &texts->cap, texts->n + 1, sizeof *texts->items, 4, 0);
	if (rc != AIM_OK)
		return rc;
	texts->items = items;
	texts->items[texts->n++] = text;
	return AIM_OK;
}

void aim__texts_dispose(const aim_ctx *ctx, aim__texts *texts)
{
	aim__free(ctx, texts->items, texts->cap * sizeof *texts->items);
	memset(texts, 0, sizeof *texts);
}

static int compare(aim_str a, aim_str b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int order = n ? memcmp(a.ptr, b.ptr, n) : 0;
	return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* --- servers -------------------------------------------------------------------------------------------------------- */

static void server_dispose(const aim_ctx *ctx, aim__found_server *s)
{
	aim__texts_dispose(ctx, &s->args);
	aim__texts_dispose(ctx, &s->variables);
	aim__texts_dispose(ctx, &s->digests);
	aim__texts_dispose(ctx, &s->headers);
	aim__texts_dispose(ctx, &s->extra);
}

static int origin_is_before(const aim__found_origin *a, const aim__found_origin *b)
{
	int order = compare(a->path, b->path);
	if (order == 0)
		order = (a->line > b->line) - (a->line < b->line);
	if (order == 0)
		order = (a->column > b->column) - (a->column < b->column);
	if (order == 0)
		order = compare(a->pointer, b->pointer);
	return (order ? order : compare(a->client, b->client)) < 0;
}

static int is_same_origin(const aim__found_origin *a, const aim__found_origin *b)
{
	return !origin_is_before(a, b) && !origin_is_before(b, a);
}

/* A file that is read twice, by two of its names in the table, is one origin. */
static aim_status add_origin(aim_discovery *found, aim__found_server *s, const aim__found_origin *origin)
{
	aim__found_origin **at = &s->origins;
	while (*at && origin_is_before(*at, origin))
		at = &(*at)->next;
	if (*at && is_same_origin(*at, origin))
		return AIM_OK;
	aim__found_origin *copy = aim__arena_alloc(&found->arena, sizeof *copy);
	if (!copy)
		return AIM_E_NOMEM;
	*copy = *origin;
	copy->next = *at;
	*at = copy;
	s->n_origins++;
	if (compare(origin->name, s->name) < 0)
		s->name = origin->name;
	return AIM_OK;
}

/* Adds to a list what it has not yet, in order; with digests beside it, those too. */
static aim_status merge(const aim_ctx *ctx, aim__texts *into, aim__texts *into_beside, const aim__texts *from,
                        const aim__texts *from_beside)
{
	for (size_t i = 0; i < from->n; i++) {
		size_t at = 0;
		while (at < into->n && compare(into->items[at], from->items[i]) < 0)
			at++;
		if (at < into->n && compare(into->items[at], from->items[i]) == 0)
			continue;
		aim_str none = {NULL, 0};
		aim_status rc = aim__texts_add(ctx, into, none);
		if (rc == AIM_OK && into_beside)
			rc = aim__texts_add(ctx, into_beside, none);
		if (rc != AIM_OK) {
			into->n -= into->n > (into_beside ? into_beside->n : 0) && into_beside;
			return rc;
		}
		memmove(into->items + at + 1, into->items + at, (into->n - 1 - at) * sizeof *into->items);
		into->items[at] = from->items[i];
		if (!into_beside)
			continue;
		memmove(into_beside->items + at + 1, into_beside->items + at, (into_beside->n - 1 - at) * sizeof *into->items);
		into_beside->items[at] = from_beside->items[i];
	}
	return AIM_OK;
}

static aim_status merge_server(const aim_ctx *ctx, aim__found_server *into, const aim__found_server *from)
{
	aim_status rc = merge(ctx, &into->variables, &into->digests, &from->variables, &from->digests);
	if (rc == AIM_OK)
		rc = merge(ctx, &into->headers, NULL, &from->headers, NULL);
	return rc == AIM_OK ? merge(ctx, &into->extra, NULL, &from->extra, NULL) : rc;
}

/* A new server without origins; draft's args move into it. */
static aim_status new_server(aim_discovery *found, aim__found_server *draft, aim__found_server **out)
{
	void *items = found->servers;
	if (found->n_servers >= found->options.max_servers)
		return AIM_E_LIMIT;
	aim_status rc = aim__grow(found->ctx, &items, &found->cap_servers, found->n_servers + 1, sizeof *found->servers, 32, 0);
	if (rc != AIM_OK)
		return rc;
	found->servers = items;
	aim__found_server *s = aim__arena_alloc(&found->arena, sizeof *s);
	if (!s)
		return AIM_E_NOMEM;
	memset(s, 0, sizeof *s);
	memcpy(s->id, draft->id, sizeof s->id);
	rc = aim__map_add(&found->ids, aim_bytes_from(s->id, sizeof s->id), (uintptr_t)s);
	if (rc != AIM_OK)
		return rc;
	memcpy(s->inner_id, draft->inner_id, sizeof s->inner_id);
	s->n_guard_words = draft->n_guard_words;
	s->transport = draft->transport;
	s->name = draft->name;
	s->command = draft->command;
	s->url = draft->url;
	s->args = draft->args;
	memset(&draft->args, 0, sizeof draft->args);
	found->servers[found->n_servers++] = s;
	*out = s;
	return AIM_OK;
}

aim_status aim__discovery_add(aim_discovery *found, aim__found_server *draft, const aim__found_origin *origin)
{
	const uintptr_t *known = aim__map_find(&found->ids, aim_bytes_from(draft->id, sizeof draft->id));
	aim__found_server *s = known ? (aim__found_server *)*known : NULL;
	aim_status rc = s ? AIM_OK : new_server(found, draft, &s);
	if (rc == AIM_OK)
		rc = add_origin(found, s, origin);
	if (rc == AIM_OK)
		rc = merge_server(found->ctx, s, draft);
	server_dispose(found->ctx, draft);
	return rc;
}

aim_status aim__discovery_problem(aim_discovery *found, aim_str client, aim_str path, const aim_error *err)
{
	void *items = found->problems;
	if (found->n_problems >= MAX_PROBLEMS)
		return AIM_OK; /* as many say as much */
	aim_discovery_problem p = {.struct_size = sizeof p, .status = err->status, .line = err->line, .column = err->column};
	aim_status rc = aim__grow(found->ctx, &items, &found->cap_problems, found->n_problems + 1, sizeof p, 16, 0);
	if (rc != AIM_OK)
		return rc;
	found->problems = items;
	rc = aim__discovery_copy(found, client, &p.client);
	if (rc == AIM_OK)
		rc = aim__discovery_copy(found, path, &p.path);
	if (rc == AIM_OK)
		rc = aim__discovery_copy_masked(found, aim_str_from(err->pointer), &p.pointer);
	if (rc == AIM_OK)
		rc = aim__discovery_copy(found, aim_str_from(err->message), &p.message);
	if (rc == AIM_OK)
		found->problems[found->n_problems++] = p;
	return rc;
}

/* --- order ---------------------------------------------------------------------------------------------------------- */

static int server_order(const void *a, const void *b)
{
	const aim__found_server *x = *(aim__found_server *const *)a;
	const aim__found_server *y = *(aim__found_server *const *)b;
	int order = compare(x->name, y->name);
	if (order == 0)
		order = compare(x->command, y->command);
	if (order == 0)
		order = compare(x->url, y->url);
	for (size_t i = 0; order == 0 && i < x->args.n && i < y->args.n; i++)
		order = compare(x->args.items[i], y->args.items[i]);
	return order ? order : memcmp(x->id, y->id, sizeof x->id);
}

static int problem_order(const void *a, const void *b)
{
	const aim_discovery_problem *x = a;
	const aim_discovery_problem *y = b;
	int order = compare(x->path, y->path);
	if (order == 0)
		order = (x->line > y->line) - (x->line < y->line);
	if (order == 0)
		order = (x->column > y->column) - (x->column < y->column);
	return order ? order : compare(x->message, y->message);
}

/* An insertion that halves: few items arrive unordered, and nothing here may allocate or recurse. */
static void sort(void *items, size_t n, size_t size, int (*order)(const void *a, const void *b))
{
	uint8_t *p = items;
	uint8_t one[sizeof(aim_discovery_problem)];
	for (size_t gap = n / 2; gap > 0; gap /= 2)
		for (size_t i = gap; i < n; i++) {
			size_t at = i;
			memcpy(one, p + i * size, size);
			for (; at >= gap && order(p + (at - gap) * size, one) > 0; at -= gap)
				memcpy(p + at * size, p + (at - gap) * size, size);
			memcpy(p + at * size, one, size);
		}
}

void aim__discovery_sort(aim_discovery *found)
{
	sort(found->servers, found->n_servers, sizeof *found->servers, server_order);
	sort(found->problems, found->n_problems, sizeof *found->problems, problem_order);
}

/* --- making --------------------------------------------------------------------------------------------------------- */

static aim_status take_options(aim_discovery_options *o, const aim_discovery_options *given, aim_error *err)
{
	aim_status rc = aim__sized_in(o, sizeof *o, given, sizeof *o, "aim_discovery_options", err);
	if (rc != AIM_OK)
		return rc;
	if (o->flags != 0)
		return aim__fail(err, AIM_E_VERSION, AIM_LAYER_MCP, "aim_discovery_options.flags must be 0");
	if (o->digest_key.len && (!o->digest_key.ptr || o->digest_key.len < KEY_LEAST))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_MCP, "aim_discovery_options.digest_key has fewer than %u bytes",
		                 KEY_LEAST);
	o->max_files = o->max_files ? o->max_files : DEFAULT_MAX;
	o->max_servers = o->max_servers ? o->max_servers : DEFAULT_MAX;
	o->max_file_bytes = o->max_file_bytes ? o->max_file_bytes : DEFAULT_FILE_BYTES;
	return AIM_OK;
}

aim_status aim_discovery_new(aim_ctx *ctx, const aim_discovery_options *options, aim_discovery **out, aim_error *err)
{
	aim_discovery_options o = {.struct_size = sizeof o};
	if (!ctx || !out)
		return AIM__MISUSE(ctx, "ctx and out are required");
	aim_status rc = take_options(&o, options, err);
	if (rc != AIM_OK)
		return rc;
	aim_discovery *found = aim__alloc_zeroed(ctx, sizeof *found);
	if (!found)
		return aim__fail_plain(err, AIM_E_NOMEM, AIM_LAYER_MCP);
	found->ctx = aim__ctx_ref(ctx);
	found->options = o;
	uint64_t most = ctx->limits.max_json_bytes;
	found->options.max_file_bytes = o.max_file_bytes < most ? o.max_file_bytes : most;
	aim__arena_init(&found->arena, ctx, 0, 0);
	aim__map_init(&found->ids, ctx, 0);
	*out = found;
	return AIM_OK;
}

void aim_discovery_free(aim_discovery *found)
{
	if (!found)
		return;
	aim_ctx *ctx = found->ctx;
	for (size_t i = 0; i < found->n_servers; i++)
		server_dispose(ctx, found->servers[i]);
	aim__free(ctx, found->servers, found->cap_servers * sizeof *found->servers);
	aim__free(ctx, found->problems, found->cap_problems * sizeof *found->problems);
	aim__map_dispose(&found->ids);
	aim__arena_wipe(&found->arena);
	aim__arena_dispose(&found->arena);
	aim__free(ctx, found, sizeof *found);
	aim__ctx_unref(ctx);
}

/* --- asking --------------------------------------------------------------------------------------------------------- */

const aim__found_server *aim__discovery_row(const aim_discovery *found, size_t index)
{
	return found && index < found->n_servers ? found->servers[index] : NULL;
}

static uint32_t flags_of(const aim__found_server *s)
{
	uint32_t flags = AIM_DISCOVERY_DISABLED;
	for (const aim__found_origin *o = s->origins; o; o = o->next)
		flags &= o->flags;
	return flags;
}

size_t aim_discovery_count(const aim_discovery *found)
{
	return found ? found->n_servers : 0;
}

aim_status aim_discovery_at(const aim_discovery *found, size_t index, aim_discovery_server *out)
{
	const aim__found_server *s = aim__discovery_row(found, index);
	if (!found || !out)
		return AIM__MISUSE(found ? found->ctx : NULL, "found and out are required");
	if (!s)
		return AIM_E_NOT_FOUND;
	aim_discovery_server server = {
		.struct_size = sizeof server,
		.transport = s->transport,
		.flags = flags_of(s),
		.n_origins = s->n_origins,
		.name = s->name,
		.command = s->command,
		.url = s->url,
		.n_args = (uint32_t)s->args.n,
		.n_variables = (uint32_t)s->variables.n,
		.n_headers = (uint32_t)s->headers.n,
		.n_extra = (uint32_t)s->extra.n,
	};
	return aim__sized_out(out, &server, sizeof server, sizeof server);
}

aim_str aim_discovery_text(const aim_discovery *found, size_t index, uint32_t list, size_t at)
{
	aim_str none = {NULL, 0};
	const aim__found_server *s = aim__discovery_row(found, index);
	if (!s || list < AIM_DISCOVERY_ARGS || list > AIM_DISCOVERY_DIGESTS)
		return none;
	const aim__texts *const lists[] = {&s->args, &s->variables, &s->headers, &s->extra, &s->digests};
	const aim__texts *texts = lists[list - AIM_DISCOVERY_ARGS];
	return at < texts->n ? texts->items[at] : none;
}

aim_status aim_discovery_origin_at(const aim_discovery *found, size_t index, size_t at, aim_discovery_origin *out)
{
	const aim__found_server *s = aim__discovery_row(found, index);
	if (!found || !out)
		return AIM__MISUSE(found ? found->ctx : NULL, "found and out are required");
	const aim__found_origin *o = s ? s->origins : NULL;
	while (o && at--)
		o = o->next;
	if (!o)
		return AIM_E_NOT_FOUND;
	aim_discovery_origin origin = {.struct_size = sizeof origin, .flags = o->flags, .client = o->client, .path = o->path,
	                               .pointer = o->pointer, .name = o->name, .line = o->line, .column = o->column};
	return aim__sized_out(out, &origin, sizeof origin, sizeof origin);
}

size_t aim_discovery_problem_count(const aim_discovery *found)
{
	return found ? found->n_problems : 0;
}

aim_status aim_discovery_problem_at(const aim_discovery *found, size_t index, aim_discovery_problem *out)
{
	if (!found || !out)
		return AIM__MISUSE(found ? found->ctx : NULL, "found and out are required");
	if (index >= found->n_problems)
		return AIM_E_NOT_FOUND;
	return aim__sized_out(out, &found->problems[index], sizeof *out, sizeof *out);
}

const char *aim_discovery_transport_name(uint32_t transport)
{
	static const char *const names[] = {"unknown", "stdio", "http", "sse", "ws"};
	return names[transport <= AIM_TRANSPORT_WS ? transport : 0];
}

/* --- as JSON ---------------------------------------------------------------------------------------------------------- */

static void write_texts(aim__json_writer *w, const char *name, const aim__texts *texts)
{
	aim__write_key(w, name);
	aim__write_begin_array(w);
	for (size_t i = 0; i < texts->n; i++)
		aim__write_string(w, texts->items[i]);
	aim__write_end_array(w);
}

static void write_variables(aim__json_writer *w, const aim__found_server *s)
{
	aim__write_key(w, "variables");
	aim__write_begin_array(w);
	for (size_t i = 0; i < s->variables.n; i++) {
		aim__write_begin_object(w);
		aim__write_member_string(w, "name", s->variables.items[i]);
		if (s->digests.items[i].len)
			aim__write_member_string(w, "digest", s->digests.items[i]);
		aim__write_end_object(w);
	}
	aim__write_end_array(w);
}

static void write_origin(aim__json_writer *w, const aim__found_origin *o)
{
	aim__write_begin_object(w);
	aim__write_member_string(w, "client", o->client);
	aim__write_member_string(w, "path", o->path);
	aim__write_member_string(w, "pointer", o->pointer);
	aim__write_member_string(w, "name", o->name);
	if (o->line) {
		aim__write_member_int64(w, "line", o->line);
		aim__write_member_int64(w, "column", o->column);
	}
	aim__write_member_bool(w, "disabled", (o->flags & AIM_DISCOVERY_DISABLED) != 0);
	aim__write_end_object(w);
}

static void write_server(aim__json_writer *w, const aim__found_server *s)
{
	aim__write_begin_object(w);
	aim__write_member_string(w, "name", s->name);
	aim__write_member_text(w, "transport", aim_discovery_transport_name(s->transport));
	if (s->transport == AIM_TRANSPORT_STDIO) {
		aim__write_member_string(w, "command", s->command);
		write_texts(w, "args", &s->args);
	} else {
		aim__write_member_string(w, "url", s->url);
	}
	write_variables(w, s);
	write_texts(w, "headers", &s->headers);
	write_texts(w, "extra", &s->extra);
	aim__write_member_bool(w, "disabled", flags_of(s) != 0);
	aim__write_key(w, "origins");
	aim__write_begin_array(w);
	for (const aim__found_origin *o = s->origins; o; o = o->next)
		write_origin(w, o);
	aim__write_end_array(w);
	aim__write_end_object(w);
}

aim_status aim_discovery_write(const aim_discovery *found, size_t index, aim_buf *out)
{
	const aim__found_server *s = aim__discovery_row(found, index);
	aim__json_writer w;
	if (!found || !out)
		return AIM__MISUSE(found ? found->ctx : NULL, "found and out are required");
	if (!s)
		return AIM_E_NOT_FOUND;
	aim__write_init(&w, out);
	write_server(&w, s);
	return aim__write_finish(&w);
}
