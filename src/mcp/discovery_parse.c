/* mcp/discovery_parse.c — one configuration file's bytes to servers. Every client says the same in other words: the
 * tables below hold the words. Layer mcp. */
#include "mcp/discovery.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "codec/encoding.h"
#include "codec/json.h"
#include "crypto/provider.h"
#include "mcp/launch.h"
#include "mcp/mask.h"

#include <string.h>

/* What is looked for in a file of no known client; entries that name no server are then no problem. */
#define ANY_KEYS                                                                                                       \
	"mcpServers|servers|context_servers|extensions|mcp/servers|mcp|mcp.servers|amp.mcpServers|mcp_servers|"                \
	"projects/*/mcpServers"

static const char *const command_words[] = {"command", "cmd", NULL};
static const char *const args_words[] = {"args", NULL};
static const char *const url_words[] = {"url", "serverUrl", "httpUrl", "uri", NULL};
static const char *const transport_words[] = {"type", "transport", NULL};
static const char *const variables_words[] = {"env", "environment", "envs", "env_keys", "env_vars", NULL};
static const char *const variable_words[] = {"bearer_token_env_var", "api_key_env", NULL}; /* one name each */
static const char *const headers_words[] = {"headers", "http_headers", "env_http_headers", NULL};
/* Understood, or of no interest to who looks for servers. */
static const char *const other_words[] = {"disabled", "enabled", "name", "$schema", "api_key_header", "requestOptions", NULL};

static const char *const *const all_words[] = {command_words, args_words,    url_words,    transport_words,
                                               variables_words, variable_words, headers_words, other_words};

static const struct {
	const char *word;
	uint32_t transport; /* 0: part of the client, no server */
} transports[] = {
	{"stdio", AIM_TRANSPORT_STDIO},          {"local", AIM_TRANSPORT_STDIO},
	{"http", AIM_TRANSPORT_HTTP},            {"streamable-http", AIM_TRANSPORT_HTTP},
	{"streamable_http", AIM_TRANSPORT_HTTP}, {"streamableHttp", AIM_TRANSPORT_HTTP},
	{"streamablehttp", AIM_TRANSPORT_HTTP},  {"sse", AIM_TRANSPORT_SSE},
	{"ws", AIM_TRANSPORT_WS},                {"websocket", AIM_TRANSPORT_WS},
	{"builtin", 0},                          {"platform", 0},
	{"frontend", 0},                         {"inline_python", 0},
};

typedef struct parser {
	aim_discovery *found;
	const aim_json *doc;
	aim_str client;
	aim_str path;
	int any; /* no client was named */
	uint32_t reserved;
	aim_buf text; /* for whatever is being masked or joined */
	aim_error *err;
} parser;

static aim_status no_memory(const parser *p, aim_status rc)
{
	return aim__fail_plain(p->err, rc, AIM_LAYER_MCP);
}

/* Notes that an entry is no server. */
static aim_status refuse(parser *p, aim_json_value entry, const char *problem)
{
	aim_error err = {0};
	if (p->any)
		return AIM_OK;
	aim__fail(&err, AIM_E_DISCOVERY_ENTRY, AIM_LAYER_MCP, "%s", problem);
	aim__json_error_at(p->doc, entry, &err);
	aim_status rc = aim__discovery_problem(p->found, p->client, p->path, &err);
	return rc == AIM_OK ? rc : no_memory(p, rc);
}

/* --- words --------------------------------------------------------------------------------------------------------- */

static aim_json_value member(const parser *p, aim_json_value object, const char *const *words)
{
	for (; *words; words++) {
		aim_json_value v = aim__json_member_text(p->doc, object, *words);
		if (v != AIM_JSON_NONE && aim__json_type(p->doc, v) != AIM_JSON_NULL)
			return v;
	}
	return AIM_JSON_NONE;
}

static int is_known_word(aim_str name)
{
	for (size_t i = 0; i < sizeof all_words / sizeof *all_words; i++)
		for (const char *const *word = all_words[i]; *word; word++)
			if (aim_str_equal(name, aim_str_from(*word)))
				return 1;
	return 0;
}

static aim_status add_text(parser *p, aim__texts *texts, aim_str text)
{
	aim_str copy;
	aim_status rc = aim__discovery_copy(p->found, text, &copy);
	return rc == AIM_OK ? aim__texts_add(p->found->ctx, texts, copy) : rc;
}

/* Puts a text in its place among the others; *out_at is its index. AIM_E_EXISTS when it is there. */
static aim_status add_ordered(parser *p, aim__texts *texts, aim_str text, size_t *out_at)
{
	size_t at = 0;
	for (; at < texts->n; at++) {
		aim_str other = texts->items[at];
		size_t n = other.len < text.len ? other.len : text.len;
		int order = n ? memcmp(other.ptr, text.ptr, n) : 0;
		if (order == 0 && other.len == text.len)
			return AIM_E_EXISTS;
		if (order > 0 || (order == 0 && other.len > text.len))
			break;
	}
	aim_status rc = add_text(p, texts, text);
	if (rc != AIM_OK)
		return rc;
	aim_str copy = texts->items[texts->n - 1];
	memmove(texts->items + at + 1, texts->items + at, (texts->n - 1 - at) * sizeof *texts->items);
	texts->items[at] = copy;
	*out_at = at;
	return AIM_OK;
}

/* --- variables, headers, the rest ------------------------------------------------------------------------------------ */

static aim_status digest_of(parser *p, aim_str name, aim_bytes value, aim_str *out)
{
	const aim_bytes parts[] = {aim_bytes_from_str(name), aim_bytes_from("", 1), value};
	uint8_t mac[32];
	char hex[64];
	aim_str text = {hex, sizeof hex};
	aim_status rc = aim__hmac_sha256(p->found->ctx, p->found->options.digest_key, parts, 3, mac);
	if (rc != AIM_OK)
		return rc;
	aim__hex_write(aim_bytes_from(mac, sizeof mac), hex);
	return aim__discovery_copy(p->found, text, out);
}

/* value: AIM_JSON_NONE when only the name is known. */
static aim_status add_variable(parser *p, aim__found_server *s, aim_str name, aim_json_value value)
{
	size_t at;
	aim_str digest = {NULL, 0};
	const char *equals = name.len ? memchr(name.ptr, '=', name.len) : NULL;
	if (equals) /* a list of NAME=VALUE: the value stays behind */
		name.len = (size_t)(equals - name.ptr);
	if (!name.len)
		return AIM_OK;
	aim_bytes bytes = aim_bytes_from_str(aim__json_string(p->doc, value));
	if (!bytes.ptr)
		bytes = aim_json_raw(p->doc, value);
	if (bytes.ptr && p->found->options.digest_key.len) {
		aim_status rc = digest_of(p, name, bytes, &digest);
		if (rc != AIM_OK)
			return rc;
	}
	aim_status rc = add_ordered(p, &s->variables, name, &at);
	if (rc != AIM_OK)
		return rc == AIM_E_EXISTS ? AIM_OK : rc;
	rc = aim__texts_add(p->found->ctx, &s->digests, digest);
	if (rc != AIM_OK)
		return rc;
	memmove(s->digests.items + at + 1, s->digests.items + at, (s->digests.n - 1 - at) * sizeof digest);
	s->digests.items[at] = digest;
	return AIM_OK;
}

/* An object of names and values, or a list of names (or of objects that have one). */
static aim_status add_variables(parser *p, aim__found_server *s, aim_json_value values)
{
	aim_status rc = AIM_OK;
	for (aim_json_value v = aim__json_first(p->doc, values); v != AIM_JSON_NONE && rc == AIM_OK;
	     v = aim__json_next(p->doc, v)) {
		aim_str name = aim_json_key(p->doc, v);
		aim_json_value value = name.ptr ? v : AIM_JSON_NONE;
		if (!name.ptr)
			name = aim__json_string(p->doc, v);
		if (!name.ptr)
			name = aim__json_string(p->doc, aim__json_member_text(p->doc, v, "name"));
		rc = add_variable(p, s, name, value);
	}
	return rc;
}

static aim_status add_names(parser *p, aim__texts *texts, aim_json_value object)
{
	size_t at;
	for (aim_json_value v = aim__json_first(p->doc, object); v != AIM_JSON_NONE; v = aim__json_next(p->doc, v)) {
		aim_str name = aim_json_key(p->doc, v);
		aim_status rc = name.ptr ? add_ordered(p, texts, name, &at) : AIM_OK;
		if (rc != AIM_OK && rc != AIM_E_EXISTS)
			return rc;
	}
	return AIM_OK;
}

static aim_status add_surroundings(parser *p, aim__found_server *s, aim_json_value entry)
{
	aim_status rc = AIM_OK;
	size_t at;
	for (const char *const *word = variables_words; *word && rc == AIM_OK; word++)
		rc = add_variables(p, s, aim__json_member_text(p->doc, entry, *word));
	for (const char *const *word = variable_words; *word && rc == AIM_OK; word++)
		rc = add_variable(p, s, aim__json_string(p->doc, aim__json_member_text(p->doc, entry, *word)), AIM_JSON_NONE);
	for (const char *const *word = headers_words; *word && rc == AIM_OK; word++)
		rc = add_names(p, &s->headers, aim__json_member_text(p->doc, entry, *word));
	/* Names of headers to names of variables. */
	aim_json_value from = aim__json_member_text(p->doc, entry, "env_http_headers");
	for (aim_json_value v = aim__json_first(p->doc, from); v != AIM_JSON_NONE && rc == AIM_OK; v = aim__json_next(p->doc, v))
		rc = add_variable(p, s, aim__json_string(p->doc, v), AIM_JSON_NONE);
	aim_json_value request = aim__json_member_text(p->doc, entry, "requestOptions");
	if (rc == AIM_OK)
		rc = add_names(p, &s->headers, aim__json_member_text(p->doc, request, "headers"));
	for (aim_json_value v = aim__json_first(p->doc, entry); v != AIM_JSON_NONE && rc == AIM_OK; v = aim__json_next(p->doc, v)) {
		if (!is_known_word(aim__json_key(p->doc, v)))
			rc = add_ordered(p, &s->extra, aim__json_key(p->doc, v), &at);
		rc = rc == AIM_E_EXISTS ? AIM_OK : rc;
	}
	return rc;
}

/* --- how it is started or reached ------------------------------------------------------------------------------------- */

/* Masks text into the arena. */
static aim_status masked(parser *p, aim_str text, uint32_t *state, aim_str *out)
{
	aim_buf_clear(&p->text);
	aim_status rc = aim__mask(&p->text, text, state);
	aim_str s = {(const char *)p->text.ptr, p->text.len};
	return rc == AIM_OK ? aim__discovery_copy(p->found, s, out) : rc;
}

/* The text of a scalar. */
static aim_str scalar(const parser *p, aim_json_value value)
{
	aim_str text = aim__json_string(p->doc, value);
	if (text.ptr || aim__json_type(p->doc, value) >= AIM_JSON_ARRAY)
		return text;
	aim_bytes raw = aim_json_raw(p->doc, value);
	text.ptr = (const char *)raw.ptr;
	text.len = raw.len;
	return text;
}

/* Words of a command line, in order: command (a text, a list, or Zed's object with a path), then args. */
typedef struct words {
	aim_json_value lists[3];
	uint32_t n_lists;
	uint32_t at_list;
	aim_json_value at;
} words;

static void words_begin(const parser *p, aim_json_value entry, words *w)
{
	aim_json_value command = member(p, entry, command_words);
	memset(w, 0, sizeof *w);
	if (aim__json_type(p->doc, command) == AIM_JSON_OBJECT) {
		w->lists[w->n_lists++] = aim__json_member_text(p->doc, command, "path");
		entry = command;
	} else {
		w->lists[w->n_lists++] = command;
	}
	w->lists[w->n_lists++] = member(p, entry, args_words);
	w->at = AIM_JSON_NONE;
}

/* 0 at the end. Values that are no words are passed over. */
static int words_next(const parser *p, words *w, aim_str *out)
{
	for (;;) {
		if (w->at != AIM_JSON_NONE) {
			*out = scalar(p, w->at);
			w->at = aim__json_next(p->doc, w->at);
			if (out->ptr)
				return 1;
			continue;
		}
		if (w->at_list == w->n_lists)
			return 0;
		aim_json_value list = w->lists[w->at_list++];
		if (aim__json_type(p->doc, list) == AIM_JSON_ARRAY) {
			w->at = aim__json_first(p->doc, list);
			continue;
		}
		*out = aim__json_string(p->doc, list);
		if (out->ptr)
			return 1;
	}
}

/* The command line from word `from` on, normalised: two servers with the same one are the same. */
static aim_status identify_command(parser *p, aim_json_value entry, size_t from, uint8_t id[32])
{
	words w;
	aim_str word;
	aim_status rc = AIM_OK;
	words_begin(p, entry, &w);
	aim_buf_clear(&p->text);
	for (size_t i = 0, prefix = from; rc == AIM_OK && words_next(p, &w, &word); i++) {
		if (i < from)
			continue;
		if (i == prefix && aim__launch_is_prefix(word, i - from))
			prefix++;
		else
			rc = aim__launch_add(&p->text, word);
	}
	return rc == AIM_OK ? aim__launch_hash(&p->text, AIM_TRANSPORT_STDIO, id) : rc;
}

/* How many words stand in front of the server's own: 0, or those of aim-guard up to its "--". */
static size_t guard_words(const parser *p, aim_json_value entry)
{
	words w;
	aim_str word;
	words_begin(p, entry, &w);
	for (size_t i = 0; words_next(p, &w, &word); i++) {
		if (i == 0 && !aim__launch_is_guard(word))
			return 0;
		if (i > 0 && aim_str_equal(word, aim_str_from("--")))
			return i + 1;
	}
	return 0;
}

static aim_status take_command(parser *p, aim_json_value entry, aim__found_server *s)
{
	words w;
	aim_str word, shown;
	uint32_t state = AIM__MASK_NOTHING;
	aim_status rc = identify_command(p, entry, 0, s->id);
	s->n_guard_words = (uint32_t)guard_words(p, entry);
	if (rc == AIM_OK && s->n_guard_words)
		rc = identify_command(p, entry, s->n_guard_words, s->inner_id);
	words_begin(p, entry, &w);
	for (size_t i = 0; rc == AIM_OK && words_next(p, &w, &word); i++) {
		rc = masked(p, word, &state, &shown);
		if (rc == AIM_OK && i == 0)
			s->command = shown;
		else if (rc == AIM_OK)
			rc = aim__texts_add(p->found->ctx, &s->args, shown);
	}
	return rc;
}

static aim_status take_url(parser *p, aim_str url, aim__found_server *s)
{
	uint32_t state = AIM__MASK_NOTHING;
	aim_status rc = aim__launch_url(&p->text, url);
	if (rc == AIM_OK)
		rc = aim__launch_hash(&p->text, s->transport, s->id);
	return rc == AIM_OK ? masked(p, url, &state, &s->url) : rc;
}

static int begins_with(aim_str text, const char *start)
{
	size_t n = strlen(start);
	return text.len >= n && memcmp(text.ptr, start, n) == 0;
}

static uint32_t transport_of_url(aim_str url)
{
	aim_str path = url;
	const char *query = url.len ? memchr(url.ptr, '?', url.len) : NULL;
	if (query)
		path.len = (size_t)(query - url.ptr);
	while (path.len && path.ptr[path.len - 1] == '/')
		path.len--;
	if (begins_with(url, "ws://") || begins_with(url, "wss://"))
		return AIM_TRANSPORT_WS;
	return path.len >= 4 && memcmp(path.ptr + path.len - 4, "/sse", 4) == 0 ? AIM_TRANSPORT_SSE : AIM_TRANSPORT_HTTP;
}

/* AIM_TRANSPORT_*, or 0 for what is no server of its own. command and url may be absent. */
static uint32_t transport_of(const parser *p, aim_json_value entry, aim_json_value command, aim_str url)
{
	aim_str type = aim__json_string(p->doc, member(p, entry, transport_words));
	for (size_t i = 0; i < sizeof transports / sizeof *transports; i++)
		if (aim_str_equal(type, aim_str_from(transports[i].word)) &&
		    (transports[i].transport != AIM_TRANSPORT_STDIO ? url.ptr || !transports[i].transport
		                                                    : command != AIM_JSON_NONE))
			return transports[i].transport;
	return command != AIM_JSON_NONE ? AIM_TRANSPORT_STDIO : transport_of_url(url);
}

static uint32_t disabled(const parser *p, aim_json_value entry)
{
	int32_t yes = 0;
	int32_t enabled = 1;
	(void)!aim_json_bool(p->doc, aim__json_member_text(p->doc, entry, "disabled"), &yes);
	(void)!aim_json_bool(p->doc, aim__json_member_text(p->doc, entry, "enabled"), &enabled);
	return yes || !enabled ? AIM_DISCOVERY_DISABLED : 0;
}

/* --- entries ----------------------------------------------------------------------------------------------------------- */

static aim_status origin_of(parser *p, aim_json_value entry, aim_str name, aim__found_origin *out)
{
	memset(out, 0, sizeof *out);
	aim_buf_clear(&p->text);
	aim_status rc = aim_json_pointer(p->doc, entry, &p->text);
	if (rc == AIM_OK)
		rc = aim__discovery_copy_masked(p->found, aim_buf_str(&p->text), &out->pointer);
	if (rc == AIM_OK)
		rc = aim__discovery_copy(p->found, name, &out->name);
	if (rc != AIM_OK)
		return rc;
	(void)!aim_json_position(p->doc, entry, NULL, &out->line, &out->column);
	out->flags = disabled(p, entry);
	out->client = p->client;
	out->path = p->path;
	return AIM_OK;
}

static aim_status add_entry(parser *p, aim_json_value entry, aim_json_value body, aim_str name, aim_str url)
{
	aim__found_server draft = {.transport = transport_of(p, body, member(p, body, command_words), url)};
	aim__found_origin origin;
	if (!draft.transport)
		return AIM_OK;
	aim_status rc = origin_of(p, entry, name, &origin);
	draft.name = origin.name;
	if (rc == AIM_OK)
		rc = draft.transport == AIM_TRANSPORT_STDIO ? take_command(p, body, &draft) : take_url(p, url, &draft);
	if (rc == AIM_OK)
		rc = add_surroundings(p, &draft, entry);
	if (rc == AIM_OK)
		return aim__discovery_add(p->found, &draft, &origin);
	aim__texts_dispose(p->found->ctx, &draft.args);
	aim__texts_dispose(p->found->ctx, &draft.variables);
	aim__texts_dispose(p->found->ctx, &draft.digests);
	aim__texts_dispose(p->found->ctx, &draft.headers);
	aim__texts_dispose(p->found->ctx, &draft.extra);
	return rc;
}

/* Some clients put what matters one object deeper. */
static aim_json_value body_of(const parser *p, aim_json_value entry)
{
	static const char *const inner[] = {"transport", "config", NULL};
	aim_json_value body = member(p, entry, inner);
	return aim__json_type(p->doc, body) == AIM_JSON_OBJECT ? body : entry;
}

static int has_command(const parser *p, aim_json_value body)
{
	words w;
	aim_str first;
	words_begin(p, body, &w);
	return member(p, body, command_words) != AIM_JSON_NONE && words_next(p, &w, &first) && first.len;
}

static aim_status read_entry(parser *p, aim_json_value entry)
{
	aim_str name = aim_json_key(p->doc, entry);
	if (aim__json_type(p->doc, entry) != AIM_JSON_OBJECT)
		return refuse(p, entry, "a server's entry must be an object");
	if (!name.ptr)
		name = aim__json_string(p->doc, aim__json_member_text(p->doc, entry, "name"));
	aim_json_value body = body_of(p, entry);
	aim_str url = aim__json_string(p->doc, member(p, body, url_words));
	if (!has_command(p, body) && !url.len) {
		uint32_t type = transport_of(p, body, AIM_JSON_NONE, url);
		aim_json_value settings = aim__json_member_text(p->doc, entry, "settings");
		int is_part = !type || settings != AIM_JSON_NONE || aim__json_first(p->doc, entry) == AIM_JSON_NONE ||
		              disabled(p, entry) || aim__json_member_text(p->doc, entry, "enabled") != AIM_JSON_NONE;
		return is_part ? AIM_OK : refuse(p, entry, "a server's entry needs a command or a URL");
	}
	aim_status rc = add_entry(p, entry, body, name, url);
	if (rc == AIM_E_LIMIT)
		return refuse(p, entry, "more servers than the limit");
	return rc == AIM_OK ? rc : no_memory(p, rc);
}

static aim_status read_servers(parser *p, aim_json_value servers)
{
	uint32_t type = aim__json_type(p->doc, servers);
	if (type == AIM_JSON_NULL || type == AIM_JSON_ABSENT)
		return AIM_OK;
	if (type < AIM_JSON_ARRAY)
		return refuse(p, servers, "servers must be an object or a list");
	aim_status rc = AIM_OK;
	for (aim_json_value v = aim__json_first(p->doc, servers); v != AIM_JSON_NONE && rc == AIM_OK; v = aim__json_next(p->doc, v))
		rc = read_entry(p, v);
	return rc;
}

/* --- keys ---------------------------------------------------------------------------------------------------------------- */

/* Follows "a/b", with '*' into each member. *out_found counts the places that are there. */
static aim_status follow(parser *p, aim_json_value at, aim_str key, size_t *out_found)
{
	if (at == AIM_JSON_NONE)
		return AIM_OK;
	if (!key.len) {
		++*out_found;
		return read_servers(p, at);
	}
	const char *slash = memchr(key.ptr, '/', key.len);
	aim_str step = {key.ptr, slash ? (size_t)(slash - key.ptr) : key.len};
	size_t behind = step.len + (slash != NULL);
	aim_str rest = {key.ptr + behind, key.len - behind};
	if (!aim_str_equal(step, aim_str_from("*")))
		return follow(p, aim__json_member(p->doc, at, step), rest, out_found);
	aim_status rc = AIM_OK;
	for (aim_json_value v = aim__json_first(p->doc, at); v != AIM_JSON_NONE && rc == AIM_OK; v = aim__json_next(p->doc, v))
		rc = follow(p, v, rest, out_found);
	return rc;
}

/* Each alternative; "." is the whole document when nothing else was there, and "mcp" what "mcp/servers" left. */
static aim_status follow_all(parser *p, const char *keys)
{
	size_t n_found = 0;
	aim_status rc = AIM_OK;
	for (const char *key = keys; *key && rc == AIM_OK;) {
		size_t len = strcspn(key, "|");
		aim_str one = {key, len};
		int is_root = aim_str_equal(one, aim_str_from("."));
		int is_outer = aim_str_equal(one, aim_str_from("mcp"));
		if (is_root)
			one.len = 0;
		if (!n_found || !(is_root || is_outer))
			rc = follow(p, AIM_JSON_ROOT, one, &n_found);
		key += len + (key[len] == '|');
	}
	return rc;
}

static aim_status parse_bytes(aim_discovery *found, const aim_discovery_file *file, const char *keys, aim_json *doc,
                              aim_error *err)
{
	parser p = {.found = found, .doc = doc, .any = keys == NULL, .err = err};
	uint32_t format = file->format ? file->format : aim__config_format(file->path);
	aim_error local = {0};
	aim_status rc = aim__discovery_copy(found, file->client, &p.client);
	if (rc == AIM_OK)
		rc = aim__discovery_copy(found, file->path, &p.path);
	if (rc != AIM_OK)
		return no_memory(&p, rc);
	rc = aim_config_parse(doc, file->bytes, format, &local);
	if (rc != AIM_OK && rc != AIM_E_NOMEM) {
		aim_status noted = aim__discovery_problem(found, p.client, p.path, &local);
		rc = noted == AIM_OK ? rc : noted;
	}
	if (rc != AIM_OK) {
		if (err)
			*err = local;
		return rc == local.status ? rc : no_memory(&p, rc);
	}
	aim__buf_init(&p.text, found->ctx);
	rc = follow_all(&p, keys ? keys : ANY_KEYS);
	aim__buf_dispose(&p.text);
	return rc;
}

aim_status aim__discovery_read(aim_discovery *found, const aim_discovery_file *file, const char *keys, aim_error *err)
{
	aim_json doc;
	aim__json_init(&doc, found->ctx);
	aim_status rc = parse_bytes(found, file, keys, &doc, err);
	aim__json_dispose(&doc);
	return rc;
}

/* --- the environment ------------------------------------------------------------------------------------------------------ */

static const char variable_prefix[] = "MCP_SERVER_";

static int is_url(aim_str text)
{
	return begins_with(text, "http://") || begins_with(text, "https://") || begins_with(text, "ws://") ||
	       begins_with(text, "wss://");
}

aim_status aim__discovery_variable(aim_discovery *found, const aim_discovery_variable *variable, aim_error *err)
{
	parser p = {.found = found, .client = aim_str_from("environment"), .err = err};
	aim__found_server draft = {.transport = transport_of_url(variable->value)};
	aim__found_origin origin = {.client = p.client};
	size_t prefix = sizeof variable_prefix - 1;
	if (variable->name.len <= prefix || !begins_with(variable->name, variable_prefix) || !is_url(variable->value))
		return AIM_OK;
	aim__buf_init(&p.text, found->ctx);
	aim_status rc = aim__discovery_copy(found, variable->name, &origin.path);
	if (rc == AIM_OK)
		rc = take_url(&p, variable->value, &draft);
	if (rc == AIM_OK) {
		origin.name.ptr = origin.path.ptr + prefix;
		origin.name.len = origin.path.len - prefix;
		draft.name = origin.name;
		rc = aim__discovery_add(found, &draft, &origin);
	}
	aim__buf_dispose(&p.text);
	return rc == AIM_OK || rc == AIM_E_LIMIT ? AIM_OK : no_memory(&p, rc);
}
