/* rest_server — a registry of agents and MCP servers as HTTP calls, on a loopback port that the system chooses, over
 * libmicrohttpd: how a host exposes the library. The bearer key is the first line of its input, never an argument, where every
 * process reads it. Prints the port; ends when its input ends. docs/mcp-documents.md has the table of calls. */
#define _POSIX_C_SOURCE 200809L
#include <aim/aim.h>
#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BODY_MAX ((size_t)64 * 1024)
#define LISTED 100
#define CAPABILITIES 64

static aim_ctx *ctx;
static aim_registry *registry;
static aim_ledger *ledger;
static aim_key *server_key;
static uint8_t bearer[AIM_HASH_SHA256_LEN]; /* of the key */

/* --- writing JSON ---------------------------------------------------------------------------------------------------- */

static void put(aim_buf *out, const char *text)
{
	if (aim_buf_append(out, aim_bytes_from_str(aim_str_from(text))) != AIM_OK)
		aim_buf_clear(out); /* answered with 500 */
}

static void put_text(aim_buf *out, const char *name, aim_str text)
{
	char escaped[8];
	put(out, name);
	put(out, "\"");
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		snprintf(escaped, sizeof escaped, c < 0x20 ? "\\u%04x" : c == '"' || c == '\\' ? "\\%c" : "%c", c);
		put(out, escaped);
	}
	put(out, "\"");
}

static void put_percent(aim_buf *out, const char *name, int64_t confidence)
{
	char text[40];
	snprintf(text, sizeof text, "%s%lld.%02lld", name, (long long)confidence / 1000000, (long long)confidence / 10000 % 100);
	put(out, text);
}

/* --- requests -------------------------------------------------------------------------------------------------------- */

typedef struct request {
	aim_buf *body;
	aim_json *json;
	aim_str ids[2];
	aim_str after;
	size_t limit;
	aim_buf *out;
	aim_error err;
} request;

static aim_str text_of(const request *r, const char *name)
{
	return aim_json_string(r->json, aim_json_member(r->json, AIM_JSON_ROOT, aim_str_from(name)));
}

/* Texts of a list; more than there is room for are refused by the registry's own limit long before. */
static size_t texts_of(const request *r, const char *name, aim_str *out)
{
	size_t n = 0;
	aim_json_value list = aim_json_member(r->json, AIM_JSON_ROOT, aim_str_from(name));
	for (aim_json_value v = aim_json_first(r->json, list); v != AIM_JSON_NONE && n < CAPABILITIES; v = aim_json_next(r->json, v))
		out[n++] = aim_json_string(r->json, v);
	return n;
}

/* The key of the body, in any form that is in use; *out NULL when it has none. */
static aim_status key_of(request *r, aim_public_key *key, const aim_public_key **out)
{
	aim_str text = text_of(r, "public_key");
	*out = text.len ? key : NULL;
	return text.len ? aim_key_public_parse(ctx, aim_bytes_from_str(text), key, &r->err) : AIM_OK;
}

/* --- servers --------------------------------------------------------------------------------------------------------- */

static aim_status confidence_of(aim_str server, int64_t *out, aim_error *err)
{
	aim_confidence *c = NULL;
	aim_confidence_summary s = {.struct_size = sizeof s};
	aim_status rc = aim_confidence_compute(ledger, server, NULL, &c, err);
	if (rc == AIM_OK)
		rc = aim_confidence_read(c, &s);
	if (rc == AIM_OK)
		*out = s.confidence;
	aim_confidence_free(c);
	return rc;
}

static aim_status put_server(request *r, const aim_server *server)
{
	int64_t confidence = 0;
	aim_status rc = confidence_of(aim_server_id(server), &confidence, &r->err);
	if (rc != AIM_OK)
		return rc;
	put_text(r->out, "{\"id\":", aim_server_id(server));
	put_text(r->out, ",\"name\":", aim_server_name(server));
	put_text(r->out, ",\"url\":", aim_server_url(server));
	put_text(r->out, ",\"status\":", aim_str_from(aim_registry_status_name(aim_server_status(server))));
	put_percent(r->out, ",\"confidence\":", confidence);
	put(r->out, "}");
	return AIM_OK;
}

static aim_status post_server(request *r)
{
	aim_str capabilities[CAPABILITIES];
	aim_public_key key;
	aim_server *server = NULL;
	aim_baseline *baseline = NULL;
	aim_server_spec spec = {.struct_size = sizeof spec, .name = text_of(r, "name"), .url = text_of(r, "url")};
	spec.display_name = text_of(r, "display_name");
	spec.description = text_of(r, "description");
	spec.version = text_of(r, "version");
	spec.verification_url = text_of(r, "verification_url");
	spec.capabilities = capabilities;
	spec.n_capabilities = texts_of(r, "capabilities", capabilities);
	spec.actor = aim_str_from("rest");
	aim_status rc = key_of(r, &key, &spec.public_key);
	if (rc == AIM_OK)
		rc = aim_server_register(registry, &spec, &server, &r->err);
	if (rc == AIM_OK)
		rc = aim_baseline_open(registry, aim_server_id(server), &baseline, &r->err);
	if (rc == AIM_OK)
		rc = aim_baseline_register(baseline, spec.actor, &r->err); // what was registered is what is approved
	if (rc == AIM_OK)
		rc = put_server(r, server);
	aim_baseline_free(baseline);
	aim_server_free(server);
	return rc;
}

static aim_status get_server(request *r)
{
	aim_server *server = NULL;
	aim_status rc = aim_server_find(registry, r->ids[0], &server, &r->err);
	if (rc == AIM_OK)
		rc = put_server(r, server);
	aim_server_free(server);
	return rc;
}

static aim_status list_server(void *user, const aim_server *server)
{
	request *r = user;
	put(r->out, aim_buf_bytes(r->out).len > 1 ? "," : "");
	return put_server(r, server);
}

static aim_status get_servers(request *r)
{
	put(r->out, "[");
	aim_status rc = aim_server_list(registry, r->after, r->limit, list_server, r, &r->err);
	put(r->out, "]");
	return rc;
}

/* The body is the envelope that the agent signed; the path must name the server in it. */
static aim_status post_attestation(request *r)
{
	int64_t before = 0, after = 0;
	aim_attestation *read = NULL;
	aim_ledger_receipt receipt = {.struct_size = sizeof receipt};
	aim_status rc = aim_attestation_parse(ctx, aim_buf_str(r->body), &read, &r->err);
	if (rc == AIM_OK && !aim_str_equal(aim_attestation_read(read)->server_id, r->ids[0]))
		rc = AIM_E_CLAIM;
	aim_attestation_free(read);
	if (rc == AIM_OK)
		rc = confidence_of(r->ids[0], &before, &r->err);
	if (rc == AIM_OK)
		rc = aim_ledger_submit(ledger, aim_buf_str(r->body), aim_str_from("rest"), &receipt, &r->err);
	if (rc == AIM_OK)
		rc = confidence_of(r->ids[0], &after, &r->err);
	if (rc != AIM_OK)
		return rc;
	put_text(r->out, "{\"id\":", aim_str_from(receipt.id));
	put_percent(r->out, ",\"confidence_before\":", before);
	put_percent(r->out, ",\"confidence\":", after);
	put(r->out, "}");
	return AIM_OK;
}

/* --- agents and links ------------------------------------------------------------------------------------------------ */

static void put_agent(request *r, const aim_agent *agent)
{
	put_text(r->out, "{\"id\":", aim_agent_id(agent));
	put_text(r->out, ",\"name\":", aim_agent_name(agent));
	put_text(r->out, ",\"status\":", aim_str_from(aim_registry_status_name(aim_agent_status(agent))));
	put(r->out, "}");
}

/* Whoever holds the bearer key vouches for the agents that it registers. */
static aim_status post_agent(request *r)
{
	aim_public_key key;
	aim_agent *agent = NULL;
	aim_agent_spec spec = {.struct_size = sizeof spec, .status = AIM_REGISTRY_VERIFIED, .name = text_of(r, "name")};
	spec.owner = text_of(r, "owner");
	spec.actor = aim_str_from("rest");
	aim_status rc = key_of(r, &key, &spec.public_key);
	if (rc == AIM_OK)
		rc = aim_agent_register(registry, &spec, &agent, &r->err);
	if (rc == AIM_OK)
		put_agent(r, agent);
	aim_agent_free(agent);
	return rc;
}

static aim_status get_agent(request *r)
{
	aim_agent *agent = NULL;
	aim_status rc = aim_agent_find(registry, r->ids[0], &agent, &r->err);
	if (rc == AIM_OK)
		put_agent(r, agent);
	aim_agent_free(agent);
	return rc;
}

static aim_status post_link(request *r)
{
	aim_status rc = aim_link_add(registry, r->ids[0], r->ids[1], aim_str_from("rest"), &r->err);
	put(r->out, "{\"linked\":true}");
	return rc;
}

static aim_status list_link(void *user, const aim_link *link)
{
	request *r = user;
	put_text(r->out, aim_buf_bytes(r->out).len > 1 ? "," : "", link->server);
	return AIM_OK;
}

static aim_status get_links(request *r)
{
	put(r->out, "[");
	aim_status rc = aim_link_list(registry, r->ids[0], r->after, r->limit, list_link, r, &r->err);
	put(r->out, "]");
	return rc;
}

/* What this server offers, signed: its clients know the key from elsewhere. */
static aim_status get_capabilities(request *r)
{
	aim_mcpdocument_capability registry_call = {.struct_size = sizeof registry_call, .name = aim_str_from("registry")};
	aim_mcpdocument_spec spec = {.struct_size = sizeof spec, .name = aim_str_from("rest_server"), .capabilities = &registry_call};
	spec.n_capabilities = 1;
	return aim_mcpdocument_build(ctx, &spec, server_key, r->out, &r->err);
}

/* --- routes ---------------------------------------------------------------------------------------------------------- */

static const struct route {
	const char *method;
	const char *path; /* '*' stands for an id */
	aim_status (*handle)(request *r);
	unsigned status; /* when it succeeds */
	uint32_t flags;
} routes[] = {
#define OPEN 1u /* without the bearer key */
#define JSON 2u /* the body is an object */
	{"GET", "/.well-known/mcp/capabilities", get_capabilities, MHD_HTTP_OK, OPEN},
	{"POST", "/mcp-servers", post_server, MHD_HTTP_CREATED, JSON},
	{"GET", "/mcp-servers", get_servers, MHD_HTTP_OK, 0},
	{"GET", "/mcp-servers/*", get_server, MHD_HTTP_OK, 0},
	{"POST", "/mcp-servers/*/attest", post_attestation, MHD_HTTP_CREATED, 0},
	{"POST", "/agents", post_agent, MHD_HTTP_CREATED, JSON},
	{"GET", "/agents/*", get_agent, MHD_HTTP_OK, 0},
	{"POST", "/agents/*/mcp-servers/*", post_link, MHD_HTTP_OK, 0},
	{"GET", "/agents/*/mcp-servers", get_links, MHD_HTTP_OK, 0},
};

static int matches(const char *pattern, const char *path, aim_str ids[2])
{
	size_t n = 0;
	while (*pattern && *path) {
		if (*pattern != '*') {
			if (*pattern++ != *path++)
				return 0;
			continue;
		}
		ids[n++] = (aim_str){path, strcspn(path, "/")};
		path += ids[n - 1].len;
		pattern++;
	}
	return *pattern == *path;
}

static unsigned status_of(aim_status rc)
{
	static const struct {
		aim_status from; /* from here … */
		aim_status to;   /* … down to here */
		unsigned status;
	} table[] = {
		{AIM_E_NOT_FOUND, AIM_E_NOT_FOUND, MHD_HTTP_NOT_FOUND}, {AIM_E_EXISTS, AIM_E_EXISTS, MHD_HTTP_CONFLICT},
		{AIM_E_INVALID, AIM_E_INVALID, MHD_HTTP_BAD_REQUEST},   {AIM_E_JSON_SYNTAX, -199, MHD_HTTP_BAD_REQUEST},
		{AIM_E_SIGNATURE, AIM_E_SIGNATURE, MHD_HTTP_FORBIDDEN}, {AIM_E_KEY, -299, MHD_HTTP_BAD_REQUEST},
		{AIM_E_ID_NAME, AIM_E_ID_NAME, MHD_HTTP_BAD_REQUEST},
		{AIM_E_ID_CAPABILITY, AIM_E_ID_CAPABILITY, MHD_HTTP_BAD_REQUEST},
		{AIM_E_ID_STATUS, AIM_E_ID_STATUS, MHD_HTTP_CONFLICT},  {-500, -699, MHD_HTTP_FORBIDDEN},
		{AIM_E_ATTESTER, AIM_E_TRUST_FLOOR, MHD_HTTP_FORBIDDEN}, {AIM_E_EXPIRED, AIM_E_EXPIRED, MHD_HTTP_FORBIDDEN},
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (rc <= table[i].from && rc >= table[i].to)
			return table[i].status;
	return MHD_HTTP_INTERNAL_SERVER_ERROR;
}

/* Hashes of equal length are compared to their end, whatever differs first: the time says nothing about the key. */
static int is_trusted(struct MHD_Connection *connection)
{
	static const char scheme[] = "Bearer ";
	uint8_t hash[AIM_HASH_SHA256_LEN];
	unsigned difference = 0;
	const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization");
	if (!value || strncmp(value, scheme, sizeof scheme - 1) != 0 ||
	    aim_hash_sha256(ctx, aim_bytes_from_str(aim_str_from(value + sizeof scheme - 1)), hash) != AIM_OK)
		return 0;
	for (size_t i = 0; i < sizeof hash; i++)
		difference |= (unsigned)(hash[i] ^ bearer[i]);
	return difference == 0;
}

/* --- HTTP ------------------------------------------------------------------------------------------------------------ */

static enum MHD_Result respond(struct MHD_Connection *connection, unsigned status, aim_str json)
{
	union {
		const char *given;
		void *copied;
	} body = {json.len ? json.ptr : "{\"error\":\"refused\"}"};
	size_t len = json.len ? json.len : strlen(body.given);
	struct MHD_Response *r = MHD_create_response_from_buffer(len, body.copied, MHD_RESPMEM_MUST_COPY);
	MHD_add_response_header(r, "Content-Type", "application/json");
	enum MHD_Result queued = MHD_queue_response(connection, status, r);
	MHD_destroy_response(r);
	return queued;
}

static enum MHD_Result run_route(struct MHD_Connection *connection, const struct route *route, request *r)
{
	aim_status rc = route->flags & JSON ? aim_json_parse(r->json, aim_buf_bytes(r->body), 0, &r->err) : AIM_OK;
	if (rc == AIM_OK)
		rc = route->handle(r);
	unsigned status = rc == AIM_OK ? route->status : status_of(rc);
	if (rc != AIM_OK) {
		aim_buf_clear(r->out);
		put_text(r->out, "{\"error\":", aim_str_from(aim_status_name(rc)));
		put_text(r->out, ",\"message\":", aim_str_from(status < 500 ? r->err.message : ""));
		put(r->out, "}");
	}
	return respond(connection, aim_buf_bytes(r->out).len ? status : MHD_HTTP_INTERNAL_SERVER_ERROR, aim_buf_str(r->out));
}

static enum MHD_Result answer(struct MHD_Connection *connection, const char *method, const char *path, aim_buf *body)
{
	request r = {.body = body, .limit = LISTED};
	const struct route *route = NULL;
	const char *limit = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "limit");
	r.after = aim_str_from(MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "after"));
	unsigned long asked = limit ? strtoul(limit, NULL, 10) : LISTED;
	r.limit = asked >= 1 && asked < LISTED ? asked : LISTED;
	for (size_t i = 0; i < sizeof routes / sizeof *routes && !route; i++)
		if (strcmp(routes[i].method, method) == 0 && matches(routes[i].path, path, r.ids))
			route = &routes[i];
	if (!(route && route->flags & OPEN) && !is_trusted(connection))
		return respond(connection, MHD_HTTP_UNAUTHORIZED, aim_str_from(NULL));
	if (!route)
		return respond(connection, MHD_HTTP_NOT_FOUND, aim_str_from(NULL));
	enum MHD_Result done = MHD_NO;
	if (aim_json_new(ctx, &r.json) == AIM_OK && aim_buf_new(ctx, &r.out) == AIM_OK)
		done = run_route(connection, route, &r);
	aim_buf_free(r.out);
	aim_json_free(r.json);
	return done;
}

/* Called for the headers, for each piece of the body, and at its end. */
static enum MHD_Result serve(void *user, struct MHD_Connection *connection, const char *url, const char *method,
                             const char *version, const char *piece, size_t *piece_len, void **state)
{
	(void)user, (void)version;
	aim_buf *body = *state;
	if (!body) {
		if (aim_buf_new(ctx, &body) != AIM_OK)
			return MHD_NO;
		*state = body;
		return MHD_YES;
	}
	if (*piece_len == 0)
		return answer(connection, method, url, body);
	if (*piece_len > BODY_MAX - aim_buf_bytes(body).len)
		return MHD_NO; /* closes the connection */
	aim_status rc = aim_buf_append(body, aim_bytes_from(piece, *piece_len));
	*piece_len = 0;
	return rc == AIM_OK ? MHD_YES : MHD_NO;
}

static void completed(void *user, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why)
{
	(void)user, (void)connection, (void)why;
	aim_buf_free(*state);
}

static int run(void)
{
	struct sockaddr_in loopback;
	memset(&loopback, 0, sizeof loopback);
	loopback.sin_family = AF_INET;
	loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	struct MHD_Daemon *daemon =
		MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, serve, NULL, MHD_OPTION_SOCK_ADDR,
	                     (struct sockaddr *)&loopback, MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_END);
	if (!daemon)
		return fprintf(stderr, "cannot listen\n"), 1;
	printf("%u\n", (unsigned)MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	while (getchar() != EOF)
		;
	MHD_stop_daemon(daemon);
	return 0;
}

static int read_bearer(void)
{
	char line[200];
	if (!fgets(line, sizeof line, stdin))
		return -1;
	line[strcspn(line, "\r\n")] = '\0';
	aim_status rc = strlen(line) >= 16 ? aim_hash_sha256(ctx, aim_bytes_from_str(aim_str_from(line)), bearer) : AIM_E_INVALID;
	aim_key_wipe(line, sizeof line);
	return rc == AIM_OK ? 0 : -1;
}

int main(void)
{
	aim_error err = {0};
	aim_store *store = NULL;
	aim_audit *log = NULL;
	int failed = aim_ctx_new(NULL, &ctx, &err) != AIM_OK || aim_store_open_memory(ctx, NULL, &store, &err) != AIM_OK ||
	             aim_audit_open(store, NULL, &log, &err) != AIM_OK || aim_registry_open(log, NULL, &registry, &err) != AIM_OK ||
	             aim_ledger_open(registry, NULL, &ledger, &err) != AIM_OK ||
	             aim_key_generate(ctx, AIM_KEY_SERVER, &server_key, &err) != AIM_OK;
	if (failed)
		fprintf(stderr, "%s\n", err.message);
	else if (read_bearer() != 0)
		failed = fprintf(stderr, "the first line of the input is the bearer key: 16 characters or more\n");
	else
		failed = run();
	aim_key_unref(server_key);
	aim_ledger_free(ledger);
	aim_registry_free(registry);
	failed |= aim_audit_close(log, NULL) != AIM_OK;
	aim_store_free(store);
	aim_ctx_free(ctx);
	return failed ? 1 : 0;
}
