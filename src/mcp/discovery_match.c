/* mcp/discovery_match.c — whether a registered server is one that was found. Layer mcp. */
#include "mcp/discovery.h"

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "mcp/launch.h"

#include <string.h>

static int has_name(const aim__found_server *s, aim_str name)
{
	for (const aim__found_origin *o = s->origins; o; o = o->next)
		if (aim_str_equal(o->name, name))
			return 1;
	return 0;
}

/* --- command lines ---------------------------------------------------------------------------------------------------- */

/* Word i of what a row or a server starts: the command, then the arguments. */
static aim_str found_word(const aim__found_server *s, size_t i)
{
	return i == 0 ? s->command : s->args.items[i - 1];
}

static aim_str server_word(const aim_server *server, size_t i)
{
	return i == 0 ? aim_server_command(server) : aim_server_arg_at(server, i - 1);
}

/* As they are shown: what is masked in both is not compared. */
static int same_words(const aim__found_server *s, const aim_server *server)
{
	size_t at = s->n_guard_words, i = 0;
	size_t n_found = s->args.n + 1, n = aim_server_arg_count(server) + 1;
	for (size_t from = at; at < n_found && aim__launch_is_prefix(found_word(s, at), at - from);)
		at++;
	while (i < n && aim__launch_is_prefix(server_word(server, i), i))
		i++;
	if (n_found - at != n - i)
		return 0;
	for (; i < n; i++, at++)
		if (!aim_str_equal(found_word(s, at), server_word(server, i)))
			return 0;
	return 1;
}

/* The words of the server, normalised. */
static aim_status add_words(aim_buf *out, const aim_server *server)
{
	aim_status rc = AIM_OK;
	size_t n = aim_server_arg_count(server) + 1;
	for (size_t i = 0, prefix = 0; i < n && rc == AIM_OK; i++)
		if (i == prefix && aim__launch_is_prefix(server_word(server, i), i))
			prefix++;
		else
			rc = aim__launch_add(out, server_word(server, i));
	return rc;
}

static aim_status match_command(const aim__found_server *s, const aim_server *server, aim_buf *text, int *out)
{
	uint8_t id[32];
	aim_status rc = add_words(text, server);
	if (rc == AIM_OK)
		rc = aim__launch_hash(text, AIM_TRANSPORT_STDIO, id);
	if (rc != AIM_OK)
		return rc;
	*out = memcmp(id, s->n_guard_words ? s->inner_id : s->id, sizeof id) == 0 || same_words(s, server);
	return AIM_OK;
}

/* --- URLs --------------------------------------------------------------------------------------------------------------- */

/* A registered URL has no user and password. */
static void drop_user(aim_buf *url)
{
	size_t start = 0, end, at = 0;
	while (start + 3 < url->len && memcmp(url->ptr + start, "://", 3) != 0)
		start++;
	start += 3;
	for (end = start; end < url->len && !strchr("/?", url->ptr[end]); end++)
		at = url->ptr[end] == '@' ? end + 1 : at;
	if (!at)
		return;
	memmove(url->ptr + start, url->ptr + at, url->len - at);
	aim__buf_truncate(url, url->len - (at - start));
}

static aim_status match_url(const aim__found_server *s, const aim_server *server, aim_buf *text, int *out)
{
	uint8_t id[32], shown[32];
	aim_status rc = aim__launch_url(text, aim_server_url(server));
	if (rc == AIM_OK)
		rc = aim__launch_hash(text, s->transport, id);
	if (rc == AIM_OK)
		rc = aim__launch_url(text, s->url);
	if (rc == AIM_OK) {
		drop_user(text);
		rc = aim__launch_hash(text, s->transport, shown);
	}
	if (rc != AIM_OK)
		return rc;
	*out = memcmp(id, s->id, sizeof id) == 0 || memcmp(id, shown, sizeof id) == 0;
	return AIM_OK;
}

/* --- public ------------------------------------------------------------------------------------------------------------- */

static aim_status match(const aim__found_server *s, const aim_server *server, aim_ctx *ctx, int *out)
{
	aim_buf text;
	aim_status rc = AIM_OK;
	*out = 0;
	aim__buf_init(&text, ctx);
	if (s->transport == AIM_TRANSPORT_STDIO) {
		if (aim_server_command(server).len)
			rc = match_command(s, server, &text, out);
	} else if (aim_server_url(server).len) {
		rc = match_url(s, server, &text, out);
	}
	aim_buf_clear(&text); /* it may have held a secret */
	aim__buf_dispose(&text);
	return rc;
}

aim_status aim_discovery_match(const aim_discovery *found, size_t index, const aim_server *server, uint32_t *out,
                               aim_error *err)
{
	int is_same = 0;
	if (out)
		*out = AIM_DISCOVERY_OTHER;
	if (!found || !server || !out)
		return AIM__MISUSE(found ? found->ctx : NULL, "found, server and out are required");
	const aim__found_server *s = aim__discovery_row(found, index);
	if (!s)
		return aim__fail(err, AIM_E_NOT_FOUND, AIM_LAYER_MCP, "there is no server %zu: %zu were found", index, found->n_servers);
	aim_status rc = match(s, server, found->ctx, &is_same);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_MCP);
	if (is_same)
		*out = AIM_DISCOVERY_SAME;
	else if (aim_server_status(server) != AIM_REGISTRY_REVOKED && has_name(s, aim_server_name(server)))
		*out = AIM_DISCOVERY_NAMESAKE;
	return AIM_OK;
}
