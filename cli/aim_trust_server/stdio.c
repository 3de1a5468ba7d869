/* cli/aim_trust_server/stdio.c — one message per line on stdin, one answer per line on stdout. */
#include "program.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE 65536u
#define LINE_MAX_BYTES ((size_t)4 * 1024 * 1024 + 1) /* one more than a message may have: the core says so */

typedef struct lines {
	program *p;
	aim_mcpserver_session *session;
	aim_buf *out;
	int stop_fd;
	char *bytes; /* of a line that has not ended */
	size_t len, cap;
} lines;

/* 0, or −1 when the client is gone. */
static int write_all(const uint8_t *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(STDOUT_FILENO, bytes, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

static int answer(lines *l, const char *text, size_t len)
{
	aim_error err = {0};
	if (len && text[len - 1] == '\r')
		len--;
	if (len == 0)
		return 0;
	aim_buf_clear(l->out);
	aim_status rc = aim_mcpserver_answer(l->session, NULL, aim_bytes_from(text, len), l->out, &err);
	if (rc == AIM_OK && aim_buf_bytes(l->out).len)
		rc = aim_buf_append(l->out, aim_bytes_from("\n", 1));
	if (rc != AIM_OK) {
		say_error("a message could not be answered", rc, &err);
		return -1;
	}
	return write_all(aim_buf_bytes(l->out).ptr, aim_buf_bytes(l->out).len);
}

/* Keeps what there is of a line, at most LINE_MAX_BYTES of it: the rest of a longer one is dropped. */
static int keep(lines *l, const char *bytes, size_t n)
{
	if (n > LINE_MAX_BYTES - l->len)
		n = LINE_MAX_BYTES - l->len;
	if (l->len + n > l->cap) {
		size_t cap = l->len + n < READ_SIZE ? READ_SIZE : 2 * (l->len + n);
		char *grown = realloc(l->bytes, cap);
		if (!grown)
			return -1;
		l->bytes = grown;
		l->cap = cap;
	}
	memcpy(l->bytes + l->len, bytes, n);
	l->len += n;
	return 0;
}

static int take(lines *l, const char *bytes, size_t n)
{
	while (n) {
		const char *end = memchr(bytes, '\n', n);
		size_t len = end ? (size_t)(end - bytes) : n;
		if (keep(l, bytes, len) != 0)
			return -1;
		if (!end)
			return 0;
		if (answer(l, l->bytes, l->len) != 0)
			return -1;
		l->len = 0;
		bytes += len + 1;
		n -= len + 1;
	}
	return 0;
}

/* 1 when there is something to read, 0 when it is time to go. */
static int wait_for_input(const lines *l)
{
	struct pollfd fds[2] = {{STDIN_FILENO, POLLIN, 0}, {l->stop_fd, POLLIN, 0}};
	for (;;) {
		int n = poll(fds, 2, -1);
		if (signals_came() || (n < 0 && errno != EINTR))
			return 0;
		if (n > 0 && fds[0].revents)
			return 1;
	}
}

static int serve(lines *l)
{
	char piece[READ_SIZE];
	while (wait_for_input(l)) {
		ssize_t n = read(STDIN_FILENO, piece, sizeof piece);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return l->len ? answer(l, l->bytes, l->len) : 0;
		if (take(l, piece, (size_t)n) != 0)
			return -1;
	}
	return 0;
}

int stdio_run(program *p, int stop_fd)
{
	aim_error err = {0};
	lines l = {.p = p, .stop_fd = stop_fd};
	int code = EXIT_FAILED;
	aim_status rc = aim_mcpserver_session_new(p->server, &l.session, &err);
	if (rc == AIM_OK)
		rc = aim_buf_new(p->ctx, &l.out);
	if (rc != AIM_OK)
		say_error("cannot start", rc, &err);
	else
		code = serve(&l) == 0 ? EXIT_OK : EXIT_FAILED;
	free(l.bytes);
	aim_buf_free(l.out);
	aim_mcpserver_session_free(l.session);
	return code;
}
