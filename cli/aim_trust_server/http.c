/* cli/aim_trust_server/http.c — Streamable HTTP: one POST per message, answered as JSON, without sessions and streams.
 *
 * By default it listens on loopback, where every page in a browser of this machine can reach it: so the Origin of a
 * request, and on loopback its Host too, must be of this machine (MCP 2025-11-25, transports, "Security Warning"). */
#include "program.h"

#include "../common/loopback.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define BODY_MAX ((size_t)4 * 1024 * 1024)
#define TOKEN_MIN 16u
#define HEADER_MISMATCH (-32020)
#define MODERN "2026-07-28"
#define META "io.modelcontextprotocol/"
#define CONNECTIONS_MAX 256u
#define TIMEOUT_S 30u

typedef struct http {
	program *p;
	int loopback;
	int needs_token;
	uint8_t token[AIM_HASH_SHA256_LEN];
} http;

/* One request. */
typedef struct post {
	aim_buf *body;
	int too_long;
} post;

static const char *header(struct MHD_Connection *c, const char *name)
{
	return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

static enum MHD_Result respond(struct MHD_Connection *c, unsigned status, aim_bytes json, const char *allow)
{
	union {
		const void *given;
		void *copied;
	} body = {json.len ? (const void *)json.ptr : (const void *)""};
	struct MHD_Response *r = MHD_create_response_from_buffer(json.len, body.copied, MHD_RESPMEM_MUST_COPY);
	if (!r)
		return MHD_NO;
	if (json.len)
		MHD_add_response_header(r, "Content-Type", "application/json");
	if (allow)
		MHD_add_response_header(r, allow, strcmp(allow, "Allow") == 0 ? "POST" : "Bearer");
	MHD_add_response_header(r, "Cache-Control", "no-store");
	enum MHD_Result queued = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return queued;
}

static enum MHD_Result refuse_with(struct MHD_Connection *c, unsigned status, const char *allow)
{
	return respond(c, status, aim_bytes_from(NULL, 0), allow);
}

/* ---- who may ask ---- */

static int origin_may(const http *h, const char *origin)
{
	if (!origin)
		return 1;
	if (h->p->config->origin && strcmp(origin, h->p->config->origin) == 0)
		return 1;
	return loopback_is_origin(origin);
}

/* Hashes are compared, so that time tells nothing of the token. */
static int token_may(const http *h, const char *authorization)
{
	uint8_t given[AIM_HASH_SHA256_LEN], difference = 0;
	if (!h->needs_token)
		return 1;
	if (!authorization || strncasecmp(authorization, "Bearer ", 7) != 0)
		return 0;
	if (aim_hash_sha256(h->p->ctx, aim_bytes_from_str(aim_str_from(authorization + 7)), given) != AIM_OK)
		return 0;
	for (size_t i = 0; i < sizeof given; i++)
		difference |= (uint8_t)(given[i] ^ h->token[i]);
	return difference == 0;
}

/* ---- headers against the body ---- */

static int says(const char *value, aim_str text)
{
	return value && aim_str_equal(aim_str_from(value), text);
}

static aim_str text_at(const aim_json *doc, const char *pointer)
{
	return aim_json_string(doc, aim_json_at(doc, AIM_JSON_ROOT, aim_str_from(pointer)));
}

/* From 2026-07-28 on three headers say what the body says (transports, "Standard MCP Request Headers"). NULL when they
 * agree, else what is wrong. Sets *out_modern. */
static const char *compare(struct MHD_Connection *c, const aim_json *doc, int *out_modern, int *out_bare)
{
	aim_str version = text_at(doc, "/params/_meta/io.modelcontextprotocol~1protocolVersion");
	aim_str method = text_at(doc, "/method");
	const char *name = header(c, "Mcp-Name");
	*out_modern = version.ptr != NULL;
	*out_bare = aim_json_type(doc, aim_json_at(doc, AIM_JSON_ROOT, aim_str_from(
		"/params/_meta/io.modelcontextprotocol~1clientCapabilities"))) != AIM_JSON_OBJECT;
	const char *said = header(c, "MCP-Protocol-Version");
	if (!*out_modern)
		return says(said, aim_str_from(MODERN)) ? "MCP-Protocol-Version is " MODERN ", and _meta names no version" : NULL;
	if (!says(said, version))
		return "MCP-Protocol-Version and _meta differ";
	if (!says(header(c, "Mcp-Method"), method))
		return "Mcp-Method and method differ";
	if (aim_str_equal(method, aim_str_from("tools/call")) && !says(name, text_at(doc, "/params/name")))
		return "Mcp-Name and params.name differ";
	return NULL;
}

static aim_status write_error(aim_buf *out, const aim_json *doc, int32_t code, const char *message)
{
	put w = {out, AIM_OK, 0};
	aim_json_value id = aim_json_member(doc, AIM_JSON_ROOT, aim_str_from("id"));
	uint32_t type = aim_json_type(doc, id);
	put_open(&w, NULL, '{');
	put_text(&w, "jsonrpc", aim_str_from("2.0"));
	if (type == AIM_JSON_STRING || type == AIM_JSON_NUMBER)
		put_json(&w, "id", aim_json_raw(doc, id));
	else
		put_null(&w, "id");
	put_open(&w, "error", '{');
	put_number(&w, "code", code);
	put_text(&w, "message", aim_str_from(message));
	put_close(&w, '}');
	put_close(&w, '}');
	return w.rc;
}

/* ---- one request ---- */

static unsigned status_of(int32_t error, int modern, int bare)
{
	switch (error) {
	case AIM_MCPSERVER_PARSE_ERROR:
	case AIM_MCPSERVER_INVALID_REQUEST:
	case AIM_MCPSERVER_NO_CAPABILITY:
	case AIM_MCPSERVER_BAD_VERSION: return MHD_HTTP_BAD_REQUEST;
	case AIM_MCPSERVER_UNKNOWN_METHOD: return modern ? MHD_HTTP_NOT_FOUND : MHD_HTTP_OK;
	case AIM_MCPSERVER_INVALID_PARAMS: return modern && bare ? MHD_HTTP_BAD_REQUEST : MHD_HTTP_OK;
	default: return MHD_HTTP_OK;
	}
}

/* Writes the answer and gives its status; 0 when it cannot be made. */
static unsigned work(const http *h, struct MHD_Connection *c, aim_mcpserver_session *session, aim_json *doc, aim_bytes body,
                     aim_buf *out)
{
	int modern = 0, bare = 0;
	const char *version = header(c, "MCP-Protocol-Version");
	(void)h;
	if (aim_json_parse(doc, body, AIM_JSON_BORROW, NULL) == AIM_OK) {
		const char *wrong = compare(c, doc, &modern, &bare);
		if (wrong)
			return write_error(out, doc, HEADER_MISMATCH, wrong) == AIM_OK ? MHD_HTTP_BAD_REQUEST : 0;
	}
	/* A client that says none is of 2025-03-26 (MCP 2025-11-25, transports, "Protocol Version Header"). */
	aim_str spoken = aim_str_from(version ? version : "2025-03-26");
	if (!modern && aim_mcpserver_session_set_version(session, spoken, NULL) != AIM_OK)
		return write_error(out, doc, AIM_MCPSERVER_BAD_VERSION, "Unsupported protocol version") == AIM_OK
		           ? MHD_HTTP_BAD_REQUEST
		           : 0;
	if (aim_mcpserver_answer(session, NULL, body, out, NULL) != AIM_OK)
		return 0;
	if (aim_buf_bytes(out).len == 0)
		return MHD_HTTP_ACCEPTED;
	return status_of(aim_mcpserver_session_error(session), modern, bare);
}

static enum MHD_Result answer(const http *h, struct MHD_Connection *c, const post *q)
{
	aim_mcpserver_session *session = NULL;
	aim_json *doc = NULL;
	aim_buf *out = NULL;
	unsigned status = 0;
	if (aim_mcpserver_session_new(h->p->server, &session, NULL) == AIM_OK && aim_json_new(h->p->ctx, &doc) == AIM_OK &&
	    aim_buf_new(h->p->ctx, &out) == AIM_OK)
		status = work(h, c, session, doc, aim_buf_bytes(q->body), out);
	enum MHD_Result queued = status ? respond(c, status, aim_buf_bytes(out), NULL)
	                                : refuse_with(c, MHD_HTTP_INTERNAL_SERVER_ERROR, NULL);
	aim_buf_free(out);
	aim_json_free(doc);
	aim_mcpserver_session_free(session);
	return queued;
}

static int is_json(const char *type)
{
	static const char json[] = "application/json";
	return type && strncasecmp(type, json, sizeof json - 1) == 0 && strchr("; \t", type[sizeof json - 1]);
}

static int takes_json(const char *accept)
{
	return !accept || strstr(accept, "application/json") || strstr(accept, "*/*") || strstr(accept, "application/*");
}

/* The status that refuses a request by its headers; 0 when none does. */
static unsigned refusal(const http *h, struct MHD_Connection *c, const char *url, const char *method, const char **out_header)
{
	const char *host = header(c, "Host");
	*out_header = NULL;
	if (!origin_may(h, header(c, "Origin")) || (h->loopback && (!host || !loopback_is_host(host))))
		return MHD_HTTP_FORBIDDEN;
	if (!token_may(h, header(c, "Authorization"))) {
		*out_header = "WWW-Authenticate";
		return MHD_HTTP_UNAUTHORIZED;
	}
	if (strcmp(url, "/mcp") != 0)
		return MHD_HTTP_NOT_FOUND;
	if (strcmp(method, "POST") != 0) {
		*out_header = "Allow";
		return MHD_HTTP_METHOD_NOT_ALLOWED;
	}
	if (!is_json(header(c, "Content-Type")))
		return MHD_HTTP_UNSUPPORTED_MEDIA_TYPE;
	return takes_json(header(c, "Accept")) ? 0 : MHD_HTTP_NOT_ACCEPTABLE;
}

/* Called for the headers, for each piece of the body, and at its end. */
static enum MHD_Result serve(void *user, struct MHD_Connection *c, const char *url, const char *method, const char *version,
                             const char *piece, size_t *piece_len, void **state)
{
	const http *h = user;
	const char *with = NULL;
	post *q = *state;
	(void)version;
	if (!q) { /* before the body: strangers do not send us theirs */
		unsigned refused = refusal(h, c, url, method, &with);
		if (refused)
			return refuse_with(c, refused, with);
		q = calloc(1, sizeof *q);
		*state = q;
		return q && aim_buf_new(h->p->ctx, &q->body) == AIM_OK ? MHD_YES : MHD_NO;
	}
	if (*piece_len) {
		if (*piece_len > BODY_MAX - aim_buf_bytes(q->body).len)
			q->too_long = 1;
		aim_status rc = q->too_long ? AIM_OK : aim_buf_append(q->body, aim_bytes_from(piece, *piece_len));
		*piece_len = 0;
		return rc == AIM_OK ? MHD_YES : MHD_NO;
	}
	return q->too_long ? refuse_with(c, MHD_HTTP_CONTENT_TOO_LARGE, NULL) : answer(h, c, q);
}

static void completed(void *user, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode why)
{
	post *q = *state;
	(void)user, (void)c, (void)why;
	if (q)
		aim_buf_free(q->body);
	free(q);
}

/* ---- listening ---- */

static int bad_address(const char *text)
{
	say("--http: '%s' is no [ADDRESS:]PORT; an address is numbers: 127.0.0.1:8080", text);
	return EXIT_USAGE;
}

static int read_address(const char *text, struct sockaddr_in *out)
{
	char host[INET_ADDRSTRLEN] = "127.0.0.1";
	const char *colon = strrchr(text, ':');
	const char *port = colon ? colon + 1 : text;
	size_t len = strlen(port);
	if (colon && (size_t)(colon - text) >= sizeof host)
		return bad_address(text);
	if (colon) {
		memcpy(host, text, (size_t)(colon - text));
		host[colon - text] = '\0';
	}
	memset(out, 0, sizeof *out);
	out->sin_family = AF_INET;
	if (len == 0 || len > 5 || strspn(port, "0123456789") != len || strtoul(port, NULL, 10) > 65535 ||
	    inet_pton(AF_INET, host, &out->sin_addr) != 1)
		return bad_address(text);
	out->sin_port = htons((uint16_t)strtoul(port, NULL, 10));
	return EXIT_OK;
}

static int read_token(http *h)
{
	aim_error err = {0};
	aim_buf *text = NULL;
	const char *path = h->p->config->token_file;
	if (!path)
		return EXIT_OK;
	aim_status rc = aim_buf_new(h->p->ctx, &text);
	if (rc == AIM_OK)
		rc = aim_keyfile_read(h->p->ctx, aim_str_from(path), AIM_KEYFILE_LENIENT, text, &err);
	aim_bytes token = aim_buf_bytes(text);
	while (token.len && (token.ptr[token.len - 1] == '\n' || token.ptr[token.len - 1] == '\r'))
		token.len--;
	int code = EXIT_OK;
	if (rc == AIM_OK && token.len >= TOKEN_MIN)
		rc = aim_hash_sha256(h->p->ctx, token, h->token);
	else if (rc == AIM_OK)
		code = EXIT_USAGE;
	aim_buf_free(text);
	if (code != EXIT_OK)
		say("%s: a token has %u characters or more", path, TOKEN_MIN);
	if (rc != AIM_OK) {
		say_error(path, rc, &err);
		code = EXIT_STORE;
	}
	h->needs_token = 1;
	return code;
}

static int listen_until(http *h, struct sockaddr_in *address, int stop_fd)
{
	struct pollfd stop = {stop_fd, POLLIN, 0};
	char host[INET_ADDRSTRLEN];
	struct MHD_Daemon *daemon = MHD_start_daemon(
		MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, serve, h, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)address,
		MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, TIMEOUT_S, MHD_OPTION_END);
	if (!daemon) {
		say("cannot listen on %s", h->p->config->http);
		return EXIT_LISTEN;
	}
	unsigned port = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
	say("listening on http://%s:%u/mcp", inet_ntop(AF_INET, &address->sin_addr, host, sizeof host), port);
	while (!signals_came() && (poll(&stop, 1, -1) >= 0 || errno == EINTR))
		;
	MHD_stop_daemon(daemon); /* answers what it has begun to answer */
	return EXIT_OK;
}

int http_run(program *p, int stop_fd)
{
	http h = {.p = p};
	struct sockaddr_in address;
	int code = read_address(p->config->http, &address);
	if (code == EXIT_OK)
		code = read_token(&h);
	if (code != EXIT_OK)
		return code;
	h.loopback = ntohl(address.sin_addr.s_addr) >> 24 == 127;
	if (!h.loopback && !h.needs_token) {
		say("--http: an address that others can reach needs --token-file");
		return EXIT_USAGE;
	}
	return listen_until(&h, &address, stop_fd);
}
