/* cli/aim_guard/exchange.c — one request of a client: read, put through its session's guard, sent on, and answered
 * with what the guard lets pass of the server's answer. Each runs in a thread of its own and may wait. */
#include "http.h"

#include "sse.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define STEP_MS 250
/* A stream that is silent this long says so: a client that is gone is noticed, and proxies keep it open. */
#define SILENCE_MS 15000
#define STREAM_BLOCK 32768u
#define HEADERS_MAX ((size_t)AIM_HEADERS_MAX_BLOCK)

typedef struct exchange {
	http *h;
	struct MHD_Connection *connection;
	session *session;
	strbuf headers;   /* as a block */
	strbuf body;
	int is_too_long; /* the body, or the headers */
	int is_malformed; /* a header */
	strbuf forwarded;  /* what the server was sent */
	strbuf answers;    /* of the guard's own, one a line */
	strbuf reply;      /* what passed of the server's answer */
	strbuf to_server;  /* answers of the guard's to requests of the server, one a line */
	transfer transfer;
	int has_transfer;
	sse_reader reader;
	strbuf out;        /* events on their way to the client */
	int64_t last_sent;
	int is_resumable; /* the stream named an event: the client can ask for the rest */
	int is_broken;    /* an event could not be passed on: nothing behind it is */
	int is_over;
} exchange;

/* --- headers of the client ---------------------------------------------------------------------------------- */

static enum MHD_Result keep_header(void *user, enum MHD_ValueKind kind, const char *name, const char *value)
{
	exchange *e = user;
	(void)kind;
	value = value ? value : "";
	e->is_malformed |= !field_is_good(name, value);
	int rc = strbuf_add_string(&e->headers, name);
	rc |= strbuf_add_string(&e->headers, ": ");
	rc |= strbuf_add_string(&e->headers, value);
	rc |= strbuf_add_string(&e->headers, "\r\n");
	if (rc == 0 && e->headers.len <= HEADERS_MAX)
		return MHD_YES;
	e->is_too_long = 1;
	return MHD_NO;
}

typedef struct counting {
	const char *name;
	const char *value;
	unsigned n;
} counting;

static enum MHD_Result count_header(void *user, enum MHD_ValueKind kind, const char *name, const char *value)
{
	counting *c = user;
	(void)kind;
	if (strcasecmp(name, c->name) == 0) {
		c->value = value ? value : "";
		c->n++;
	}
	return MHD_YES;
}

/* How often a header stands; the last value, or NULL. */
static unsigned header(const exchange *e, const char *name, const char **out)
{
	counting c = {name, NULL, 0};
	(void)MHD_get_connection_values(e->connection, MHD_HEADER_KIND, count_header, &c);
	*out = c.value;
	return c.n;
}

/* --- answers ------------------------------------------------------------------------------------------------- */

static enum MHD_Result send_response(const exchange *e, unsigned status, struct MHD_Response *response, const char *type)
{
	static const struct {
		unsigned which;
		const char *name;
	} passed_on[] = {
		{ANSWER_SESSION, "Mcp-Session-Id"}, {ANSWER_AUTHENTICATE, "WWW-Authenticate"}, {ANSWER_RETRY, "Retry-After"},
	};
	if (!response)
		return MHD_NO;
	enum MHD_Result rc = MHD_YES;
	if (type)
		rc = MHD_add_response_header(response, "Content-Type", type);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		rc &= MHD_add_response_header(response, "Allow", "GET, POST, DELETE");
	rc &= MHD_add_response_header(response, "Cache-Control", "no-store");
	for (size_t i = 0; e->has_transfer && i < sizeof passed_on / sizeof *passed_on; i++) {
		const strbuf *value = &e->transfer.answer[passed_on[i].which];
		if (value->len)
			rc &= MHD_add_response_header(response, passed_on[i].name, value->ptr);
	}
	if (rc == MHD_YES)
		rc = MHD_queue_response(e->connection, status, response);
	MHD_destroy_response(response);
	return rc;
}

static enum MHD_Result send_text(const exchange *e, unsigned status, strbuf *body, const char *type)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(body->len, body->ptr, MHD_RESPMEM_MUST_COPY);
	return send_response(e, status, response, body->len ? type : NULL);
}

/* What HTTP alone has to say. message needs no escaping in JSON. */
static enum MHD_Result refuse(const exchange *e, unsigned status, const char *message)
{
	char body[256];
	int len = snprintf(body, sizeof body, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32000,\"message\":\"%s\"}}",
	                   message);
	struct MHD_Response *response = MHD_create_response_from_buffer((size_t)len, body, MHD_RESPMEM_MUST_COPY);
	return send_response(e, status, response, "application/json");
}

/* --- through the guard ------------------------------------------------------------------------------------------ */

/* Moves what waits for one side. 0, or −1 out of memory. */
static int take(aim_guard *guard, uint32_t to, strbuf *out)
{
	aim_bytes bytes = aim_guard_output(guard, to);
	int rc = strbuf_add(out, bytes.ptr, bytes.len);
	(void)aim_guard_consume(guard, to, bytes.len);
	return rc;
}

static int take_both(exchange *e, strbuf *for_client, strbuf *for_server)
{
	int rc = take(e->session->guard, AIM_GUARD_CLIENT, for_client);
	return take(e->session->guard, AIM_GUARD_SERVER, for_server) != 0 ? -1 : rc;
}

/* The guard ends every message with a line feed; over HTTP it has none of its own. */
static void drop_feed(strbuf *message)
{
	if (message->len && message->ptr[message->len - 1] == '\n')
		message->ptr[--message->len] = 0;
}

static int from_client(exchange *e, unsigned *out_status)
{
	aim_error err = {0};
	aim_headers headers = {.struct_size = sizeof headers};
	uint32_t http_status = 0;
	headers.block = (aim_str){e->headers.ptr ? e->headers.ptr : "", e->headers.len};
	pthread_mutex_lock(&e->session->lock);
	aim_status rc = aim_guard_request(e->session->guard, &headers, aim_bytes_from(e->body.ptr, e->body.len), &http_status,
	                                  &err);
	int taken = take_both(e, &e->answers, &e->forwarded);
	pthread_mutex_unlock(&e->session->lock);
	if (rc != AIM_OK)
		say_error("a request cannot be handled", rc, &err);
	if (e->body.len && e->body.ptr[e->body.len - 1] != '\n')
		drop_feed(&e->forwarded);
	*out_status = http_status;
	return rc == AIM_OK ? taken : -1;
}

static int from_server(exchange *e, const char *message, size_t len, strbuf *out)
{
	aim_error err = {0};
	pthread_mutex_lock(&e->session->lock);
	aim_status rc = aim_guard_message(e->session->guard, AIM_GUARD_SERVER, aim_bytes_from(message, len), &err);
	int taken = take_both(e, out, &e->to_server);
	pthread_mutex_unlock(&e->session->lock);
	if (rc != AIM_OK)
		say_error("an answer cannot be handled", rc, &err);
	drop_feed(out);
	return rc == AIM_OK ? taken : -1;
}

/* Nothing more comes: what is still open is recorded, and the client told. */
static void abandon(exchange *e, strbuf *out)
{
	if (e->forwarded.len == 0)
		return;
	pthread_mutex_lock(&e->session->lock);
	aim_status rc = aim_guard_abandon(e->session->guard, aim_bytes_from(e->forwarded.ptr, e->forwarded.len), NULL);
	(void)take_both(e, out, &e->to_server);
	pthread_mutex_unlock(&e->session->lock);
	if (rc != AIM_OK)
		say_error("an unanswered request cannot be recorded", rc, NULL);
	strbuf_clear(&e->forwarded);
}

/* --- the server ---------------------------------------------------------------------------------------------------- */

/* A server that says nothing for so long is taken for one that will not. */
static int is_late(const exchange *e, int64_t since)
{
	return now_ms() - since > (int64_t)e->h->p->options->upstream_timeout_s * 1000;
}

static int wait_for_headers(exchange *e)
{
	const int64_t since = now_ms();
	while (!e->transfer.has_headers && !e->transfer.is_done && !e->h->is_ending && !is_late(e, since))
		transfer_step(&e->transfer, STEP_MS);
	return e->transfer.has_headers ? 0 : -1;
}

static int ask_server(exchange *e, const char *method, const strbuf *body)
{
	e->has_transfer = 1;
	if (transfer_open(&e->transfer, &e->h->up, method, e->headers.ptr ? e->headers.ptr : "", body->ptr ? body->ptr : "",
	                  body->len) != 0)
		return -1;
	return wait_for_headers(e);
}

/* Whose words the guard's own answers go with. */
static int same_caller(strbuf *out, const char *block)
{
	static const char *const kept[] = {"authorization:", "mcp-session-id:", "mcp-protocol-version:", "cookie:"};
	int rc = strbuf_add_string(out, "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n");
	while (rc == 0 && *block) {
		size_t len = strcspn(block, "\n");
		for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
			if (strncasecmp(block, kept[i], strlen(kept[i])) == 0)
				rc |= strbuf_add(out, block, len + (block[len] == '\n'));
		block += len + (block[len] == '\n');
	}
	return rc;
}

static void send_one_back(exchange *e, const char *headers, const char *line, size_t len)
{
	transfer t;
	const int64_t since = now_ms();
	int rc = transfer_open(&t, &e->h->up, "POST", headers, line, len);
	while (rc == 0 && !t.is_done && !e->h->is_ending && !is_late(e, since)) {
		transfer_step(&t, STEP_MS);
		strbuf_clear(&t.in); /* 202: there is nothing to read */
	}
	if (rc != 0 || t.result != CURLE_OK)
		say("the server does not take an answer: %s", rc == 0 ? curl_easy_strerror(t.result) : "out of memory");
	transfer_close(&t);
}

/* What the server asked and the guard refused in the client's place. */
static void send_back(exchange *e)
{
	strbuf headers = {NULL, 0, 0};
	size_t at = 0;
	if (e->to_server.len == 0 || same_caller(&headers, e->headers.ptr ? e->headers.ptr : "") != 0) {
		strbuf_free(&headers);
		return;
	}
	while (at < e->to_server.len) {
		size_t len = strcspn(e->to_server.ptr + at, "\n");
		send_one_back(e, headers.ptr, e->to_server.ptr + at, len);
		at += len + 1;
	}
	strbuf_clear(&e->to_server);
	strbuf_free(&headers);
}

/* --- a stream of events ----------------------------------------------------------------------------------------------- */

static int pass_event(exchange *e, const sse_event *event)
{
	strbuf message = {NULL, 0, 0};
	int rc = 0;
	if (event->id[0])
		e->is_resumable = 1;
	if (event->type[0] && strcmp(event->type, "message") != 0)
		return 0; /* MCP knows no other */
	if (event->data_len == 0)
		return sse_write(&e->out, event, "", 0);
	rc = from_server(e, event->data, event->data_len, &message);
	if (rc == 0 && message.len)
		rc = sse_write(&e->out, event, message.ptr, message.len);
	strbuf_free(&message);
	send_back(e);
	return rc;
}

static int pass_events(exchange *e)
{
	const char *bytes = e->transfer.in.ptr;
	size_t len = e->transfer.in.len;
	sse_event event;
	int rc;
	while ((rc = sse_next(&e->reader, &bytes, &len, &event)) == 1 && (rc = pass_event(e, &event)) == 0)
		;
	strbuf_clear(&e->transfer.in); /* whatever happened: no event is passed on twice */
	return rc;
}

/* Lines of the guard's own, as events. */
static int write_lines(strbuf *out, const strbuf *lines)
{
	const sse_event plain = {NULL, 0, "", "", ""};
	size_t at = 0;
	while (at < lines->len) {
		size_t len = strcspn(lines->ptr + at, "\n");
		if (sse_write(out, &plain, lines->ptr + at, len) != 0)
			return -1;
		at += len + 1;
	}
	return 0;
}

static void end_stream(exchange *e)
{
	strbuf lines = {NULL, 0, 0};
	if (!e->is_resumable || e->h->is_ending)
		abandon(e, &lines);
	(void)write_lines(&e->out, &lines);
	strbuf_free(&lines);
	send_back(e);
	e->is_over = 1;
}

/* Until there is something to send, or nothing more to come. */
static void pump(exchange *e)
{
	if (e->transfer.in.len && !e->is_broken)
		e->is_broken = pass_events(e) != 0;
	if (e->out.len)
		return;
	if (e->is_broken || e->h->is_ending || (e->transfer.is_done && e->transfer.in.len == 0)) {
		end_stream(e);
		return;
	}
	if (now_ms() - e->last_sent >= SILENCE_MS)
		(void)strbuf_add_string(&e->out, ":\n\n");
	else
		transfer_step(&e->transfer, STEP_MS);
}

static ssize_t read_stream(void *user, uint64_t at, char *buffer, size_t size)
{
	exchange *e = user;
	(void)at;
	while (e->out.len == 0 && !e->is_over)
		pump(e);
	if (e->out.len == 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	size_t n = e->out.len < size ? e->out.len : size;
	memcpy(buffer, e->out.ptr, n);
	strbuf_drop(&e->out, n);
	e->last_sent = now_ms();
	return (ssize_t)n;
}

static enum MHD_Result send_stream(exchange *e)
{
	sse_init(&e->reader, e->h->max_message);
	e->last_sent = now_ms();
	if (write_lines(&e->out, &e->answers) != 0)
		return MHD_NO;
	struct MHD_Response *response =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_stream, e, NULL);
	return send_response(e, MHD_HTTP_OK, response, "text/event-stream");
}

/* --- one answer ----------------------------------------------------------------------------------------------------------- */

static int read_answer(exchange *e, strbuf *out)
{
	transfer *t = &e->transfer;
	int64_t since = now_ms();
	for (;;) {
		if (t->in.len && strbuf_add(out, t->in.ptr, t->in.len) != 0)
			return -1;
		if (t->in.len)
			since = now_ms();
		strbuf_clear(&t->in);
		if (out->len > e->h->max_message || e->h->is_ending || is_late(e, since))
			return -1;
		if (t->is_done)
			return t->result == CURLE_OK ? 0 : -1;
		transfer_step(t, STEP_MS);
	}
}

/* Several messages for one answer, which happens with batches, go out as events. */
static enum MHD_Result send_messages(exchange *e, unsigned status)
{
	strbuf events = {NULL, 0, 0};
	const sse_event plain = {NULL, 0, "", "", ""};
	drop_feed(&e->answers);
	int several = e->answers.len && (e->reply.len || memchr(e->answers.ptr, '\n', e->answers.len));
	if (!several)
		return send_text(e, status, e->answers.len ? &e->answers : &e->reply, "application/json");
	int rc = write_lines(&events, &e->answers);
	if (rc == 0 && e->reply.len)
		rc = sse_write(&events, &plain, e->reply.ptr, e->reply.len);
	enum MHD_Result sent = rc == 0 ? send_text(e, MHD_HTTP_OK, &events, "text/event-stream") : MHD_NO;
	strbuf_free(&events);
	return sent;
}

static int is_type(const transfer *t, const char *type)
{
	const strbuf *said = &t->answer[ANSWER_TYPE];
	size_t len = strlen(type);
	return said->len >= len && strncasecmp(said->ptr, type, len) == 0 &&
	       (said->ptr[len] == 0 || said->ptr[len] == ';' || said->ptr[len] == ' ');
}

static unsigned status_of(const transfer *t)
{
	if (t->status == 202 || t->status == 204)
		return MHD_HTTP_ACCEPTED;
	if (t->status >= 200 && t->status < 300)
		return MHD_HTTP_OK;
	return t->status >= 400 && t->status < 600 ? (unsigned)t->status : MHD_HTTP_BAD_GATEWAY;
}

static enum MHD_Result no_answer(exchange *e)
{
	abandon(e, &e->answers);
	send_back(e);
	if (e->answers.len == 0)
		return refuse(e, MHD_HTTP_BAD_GATEWAY, "The server did not answer");
	return send_messages(e, MHD_HTTP_BAD_GATEWAY);
}

static enum MHD_Result send_answer(exchange *e)
{
	strbuf body = {NULL, 0, 0};
	int rc = read_answer(e, &body);
	if (rc == 0 && body.len && is_type(&e->transfer, "application/json"))
		rc = from_server(e, body.ptr, body.len, &e->reply);
	strbuf_free(&body);
	if (rc != 0)
		return no_answer(e);
	unsigned status = status_of(&e->transfer);
	abandon(e, &e->answers); /* nothing, when it was answered */
	send_back(e);
	if (status == MHD_HTTP_ACCEPTED && (e->answers.len || e->reply.len))
		status = MHD_HTTP_OK;
	return send_messages(e, status);
}

/* --- the methods ----------------------------------------------------------------------------------------------------------- */

/* 0, or the status to refuse with. */
static unsigned find_session(exchange *e)
{
	const char *id;
	aim_status rc;
	unsigned n = header(e, "mcp-session-id", &id);
	if (n > 1)
		return MHD_HTTP_BAD_REQUEST;
	e->session = n ? session_find(&e->h->sessions, id) : session_borrow(&e->h->sessions, &rc);
	if (e->session)
		return 0;
	if (n)
		return MHD_HTTP_NOT_FOUND;
	if (rc != AIM_E_LIMIT)
		say_error("no guard for a new session", rc, NULL);
	return rc == AIM_E_LIMIT ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_INTERNAL_SERVER_ERROR;
}

static enum MHD_Result refuse_session(const exchange *e, unsigned status)
{
	switch (status) {
	case MHD_HTTP_BAD_REQUEST: return refuse(e, status, "Mcp-Session-Id stands twice");
	case MHD_HTTP_NOT_FOUND: return refuse(e, status, "Session not found");
	case MHD_HTTP_SERVICE_UNAVAILABLE: return refuse(e, status, "Too many sessions");
	default: return refuse(e, status, "The guard cannot start");
	}
}

/* A session that the server opened belongs to this guard from now on. */
static int keep_session(exchange *e)
{
	const strbuf *id = &e->transfer.answer[ANSWER_SESSION];
	return id->len == 0 || session_name(&e->h->sessions, e->session, id->ptr) == 0 ? 0 : -1;
}

static enum MHD_Result on_post(exchange *e)
{
	const char *type, *encoding;
	unsigned status = 0;
	if (header(e, "content-type", &type) != 1 || !type_is_json(type))
		return refuse(e, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "Content-Type must be application/json, in UTF-8");
	unsigned n_encodings = header(e, "content-encoding", &encoding);
	if (n_encodings > 1 || (n_encodings == 1 && !encoding_is_none(encoding)))
		return refuse(e, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "Content-Encoding must be identity");
	if (from_client(e, &status) != 0)
		return refuse(e, MHD_HTTP_INTERNAL_SERVER_ERROR, "The request cannot be handled");
	if (e->forwarded.len == 0)
		return send_messages(e, status ? status : MHD_HTTP_ACCEPTED);
	if (ask_server(e, "POST", &e->forwarded) != 0 || keep_session(e) != 0)
		return no_answer(e);
	if (e->transfer.status == 200 && is_type(&e->transfer, "text/event-stream"))
		return send_stream(e);
	return send_answer(e);
}

static enum MHD_Result on_get(exchange *e)
{
	const strbuf nothing = {NULL, 0, 0};
	if (ask_server(e, "GET", &nothing) != 0)
		return no_answer(e);
	if (e->transfer.status == 200 && is_type(&e->transfer, "text/event-stream"))
		return send_stream(e);
	return refuse(e, e->transfer.status == 200 ? MHD_HTTP_BAD_GATEWAY : status_of(&e->transfer), "No stream");
}

static enum MHD_Result on_delete(exchange *e)
{
	strbuf nothing = {NULL, 0, 0};
	if (ask_server(e, "DELETE", &nothing) != 0)
		return no_answer(e);
	unsigned status = status_of(&e->transfer);
	if (status < 300)
		session_end(&e->h->sessions, e->session);
	return status < 300 ? send_text(e, status, &nothing, NULL) : refuse(e, status, "The session was not ended");
}

static enum MHD_Result respond(exchange *e, const char *url, const char *method)
{
	static const struct {
		const char *name;
		enum MHD_Result (*run)(exchange *);
	} methods[] = {{"POST", on_post}, {"GET", on_get}, {"DELETE", on_delete}};
	const char *host, *origin;
	size_t i = 0;
	if (header(e, "host", &host) > 1 || header(e, "origin", &origin) > 1 || !origin_is_allowed(e->h, host, origin))
		return refuse(e, MHD_HTTP_FORBIDDEN, "This origin may not ask here");
	if (strcmp(url, e->h->path) != 0)
		return refuse(e, MHD_HTTP_NOT_FOUND, "Not found");
	while (i < sizeof methods / sizeof *methods && strcmp(methods[i].name, method) != 0)
		i++;
	if (i == sizeof methods / sizeof *methods)
		return refuse(e, MHD_HTTP_METHOD_NOT_ALLOWED, "Method not allowed");
	if (e->is_malformed)
		return refuse(e, MHD_HTTP_BAD_REQUEST, "A header is malformed");
	if (e->is_too_long)
		return refuse(e, MHD_HTTP_CONTENT_TOO_LARGE, "The request is too long");
	unsigned status = find_session(e);
	return status ? refuse_session(e, status) : methods[i].run(e);
}

/* --- MHD's callbacks ----------------------------------------------------------------------------------------------------------- */

static exchange *begin(http *h, struct MHD_Connection *connection)
{
	exchange *e = calloc(1, sizeof *e);
	if (!e)
		return NULL;
	e->h = h;
	e->connection = connection;
	atomic_fetch_add(&h->n_open, 1);
	(void)MHD_get_connection_values(connection, MHD_HEADER_KIND, keep_header, e);
	return e;
}

enum MHD_Result exchange_on_request(void *user, struct MHD_Connection *connection, const char *url, const char *method,
                                    const char *version, const char *bytes, size_t *n_bytes, void **state)
{
	exchange *e = *state;
	(void)version;
	if (!e) {
		*state = begin(user, connection);
		return *state ? MHD_YES : MHD_NO;
	}
	if (*n_bytes == 0)
		return respond(e, url, method);
	if (e->body.len + *n_bytes > e->h->max_message || strbuf_add(&e->body, bytes, *n_bytes) != 0)
		e->is_too_long = 1;
	*n_bytes = 0;
	return MHD_YES;
}

void exchange_on_end(void *user, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why)
{
	http *h = user;
	exchange *e = *state;
	(void)connection;
	(void)why;
	if (!e)
		return;
	*state = NULL;
	if (e->session && !e->is_resumable)
		abandon(e, &e->answers);
	strbuf *const all[] = {&e->headers, &e->body, &e->forwarded, &e->answers, &e->reply, &e->to_server, &e->out};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		strbuf_free(all[i]);
	if (e->has_transfer)
		transfer_close(&e->transfer);
	sse_dispose(&e->reader);
	session_release(&h->sessions, e->session);
	free(e);
	atomic_fetch_sub(&h->n_open, 1);
}
