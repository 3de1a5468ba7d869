/* http_server PUBLIC-KEY — an MCP endpoint on a loopback port that the system chooses, over libmicrohttpd: answers 200
 * to what the key signed just now and for the first time, else 401. Prints the port; ends when its input ends. */
#define _POSIX_C_SOURCE 200809L
#include <aim/aim.h>
#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define BODY_MAX ((size_t)1024 * 1024)
#define ANSWER "{\"sky\":\"clear\"}"

static aim_ctx *ctx;
static aim_replay *guard;
static aim_public_key trusted;

/* --- headers: a second one of a name is found too, and refused ---------------------------------------------------- */

typedef struct search {
	const char *name;
	uint32_t skip;
	const char *value;
} search;

static enum MHD_Result look(void *user, enum MHD_ValueKind kind, const char *name, const char *value)
{
	search *s = user;
	(void)kind;
	if (s->value || strcasecmp(name, s->name) != 0)
		return MHD_YES;
	if (s->skip-- == 0)
		s->value = value ? value : "";
	return MHD_YES;
}

static aim_status find(void *connection, aim_str name, uint32_t index, aim_str *out_value)
{
	char text[64];
	search s = {text, index, NULL};
	snprintf(text, sizeof text, "%.*s", (int)name.len, name.ptr);
	MHD_get_connection_values(connection, MHD_HEADER_KIND, look, &s);
	*out_value = aim_str_from(s.value);
	return s.value ? AIM_OK : AIM_E_NOT_FOUND;
}

static aim_status verify(struct MHD_Connection *connection, aim_bytes body, aim_error *err)
{
	int64_t now_us = 0;
	aim_headers headers = {.struct_size = sizeof headers, .find = find, .user = connection};
	aim_mcpsig_headers values = {.struct_size = sizeof values};
	aim_status rc = aim_ctx_now_us(ctx, &now_us);
	if (rc == AIM_OK)
		rc = aim_mcpsig_read_headers(&headers, &values, err);
	return rc == AIM_OK ? aim_mcpsig_verify(guard, &trusted, body, &values, 0, now_us, err) : rc;
}

/* --- requests ------------------------------------------------------------------------------------------------------- */

static enum MHD_Result respond(struct MHD_Connection *connection, unsigned status, const char *text)
{
	union {
		const char *given;
		void *taken; /* MHD_RESPMEM_PERSISTENT: only read */
	} body = {text};
	struct MHD_Response *r = MHD_create_response_from_buffer(strlen(text), body.taken, MHD_RESPMEM_PERSISTENT);
	enum MHD_Result queued = MHD_queue_response(connection, status, r);
	MHD_destroy_response(r);
	return queued;
}

static enum MHD_Result answer(struct MHD_Connection *connection, aim_bytes body)
{
	aim_error err = {0};
	aim_status rc = verify(connection, body, &err);
	if (rc == AIM_OK)
		return respond(connection, MHD_HTTP_OK, ANSWER);
	fprintf(stderr, "refused: %s: %s\n", aim_status_name(rc), err.message); /* the client is not told why */
	return respond(connection, AIM_MCPSIG_REFUSAL_STATUS, AIM_MCPSIG_REFUSAL_TEXT);
}

/* Called for the headers, for each piece of the body, and at its end. */
static enum MHD_Result serve(void *user, struct MHD_Connection *connection, const char *url, const char *method,
                             const char *version, const char *piece, size_t *piece_len, void **state)
{
	(void)user, (void)url, (void)method, (void)version;
	aim_buf *body = *state;
	if (!body) {
		if (aim_buf_new(ctx, &body) != AIM_OK)
			return MHD_NO;
		*state = body;
		return MHD_YES;
	}
	if (*piece_len == 0)
		return answer(connection, aim_buf_bytes(body));
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
	char byte;
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
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	MHD_stop_daemon(daemon);
	return 0;
}

int main(int argc, char **argv)
{
	aim_error err = {0};
	/* No messages from before: its clients' keys are new. A server that restarts keeps its nonces in a store, as
	 * replay_share.c does. */
	aim_replay_options options = {.struct_size = sizeof options, .flags = AIM_REPLAY_FIRST_START};
	if (argc != 2)
		return fprintf(stderr, "usage: http_server PUBLIC-KEY\n"), 2;
	aim_status rc = aim_ctx_new(NULL, &ctx, &err);
	if (rc == AIM_OK)
		rc = aim_key_public_parse(ctx, aim_bytes_from_str(aim_str_from(argv[1])), &trusted, &err);
	if (rc == AIM_OK)
		rc = aim_replay_open_memory(ctx, &options, &guard, &err);
	int code = rc == AIM_OK ? run() : (fprintf(stderr, "%s: %s\n", aim_status_name(rc), err.message), 1);
	aim_replay_free(guard);
	aim_ctx_free(ctx);
	return code;
}
