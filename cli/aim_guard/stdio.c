/* cli/aim_guard/stdio.c — the loop between the client on our stdin and stdout, the guard, and the server on
 * its pipes. One thread, poll, and a pipe that signals write into. */
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_SIZE 65536u
#define GRACE_MS 5000
/* A descriptor that poll calls writable takes this much without blocking (POSIX, PIPE_BUF on Linux). */
#define WRITE_SIZE 4096u

static volatile sig_atomic_t caught_signal;
static volatile sig_atomic_t must_reload;
static volatile sig_atomic_t may_reload; /* there is a policy to read again; else SIGHUP ends, as it always does */
static int wake_pipe[2] = {-1, -1};

/* One direction: bytes that were read and that the guard has not taken yet. */
typedef struct inlet {
	uint32_t side;
	int fd; /* −1: ended */
	unsigned char bytes[READ_SIZE];
	size_t at;
	size_t len;
} inlet;

typedef struct loop {
	program *p;
	child server;
	inlet from_client;
	inlet from_server;
	int client_out; /* −1: the client takes no more */
	int client_out_is_socket;
	int64_t quiet_since; /* last time the server said something after the client left */
	int code;
} loop;

static void on_signal(int number)
{
	int saved = errno;
	if (number == SIGHUP && may_reload)
		must_reload = 1;
	else if (number != SIGCHLD)
		caught_signal = number;
	ssize_t ignored = write(wake_pipe[1], "", 1);
	(void)ignored;
	errno = saved;
}

static int catch_signals(void)
{
	static const int numbers[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP};
	struct sigaction action;
	memset(&action, 0, sizeof action);
	action.sa_handler = on_signal;
	sigemptyset(&action.sa_mask);
	if (pipe(wake_pipe) != 0)
		return EXIT_FAILED;
	for (int i = 0; i < 2; i++) {
		fcntl(wake_pipe[i], F_SETFD, FD_CLOEXEC);
		fcntl(wake_pipe[i], F_SETFL, O_NONBLOCK);
	}
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		sigaction(numbers[i], &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a full quota is an error of the store, not the end */
	return EXIT_OK;
}

static int is_socket(int fd)
{
	struct stat s;
	return fstat(fd, &s) == 0 && S_ISSOCK(s.st_mode);
}

static int failed(loop *l, aim_status rc, const aim_error *err)
{
	say_error("the connection cannot go on", rc, err);
	l->code = EXIT_FAILED;
	return -1;
}

/* --- reading ---------------------------------------------------------------------------------------------- */

static int end_of(loop *l, inlet *in)
{
	aim_error err = {0};
	if (in->fd < 0)
		return 0;
	if (in == &l->from_server)
		close(in->fd), l->server.from = -1;
	in->fd = -1;
	l->quiet_since = now_ms();
	aim_status rc = aim_guard_end(l->p->guard, in->side, &err);
	return rc == AIM_E_NOMEM || rc == AIM_E_LIMIT ? failed(l, rc, &err) : 0;
}

/* Lets the guard take what it wants of what was read. */
static int feed(loop *l, inlet *in)
{
	aim_error err = {0};
	size_t used = 0;
	if (in->at == in->len)
		return 0;
	aim_bytes bytes = aim_bytes_from(in->bytes + in->at, in->len - in->at);
	aim_status rc = aim_guard_feed(l->p->guard, in->side, bytes, &used, &err);
	in->at += used;
	return rc == AIM_OK ? 0 : failed(l, rc, &err);
}

static int read_some(loop *l, inlet *in)
{
	ssize_t n = read(in->fd, in->bytes, sizeof in->bytes);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0)
		return end_of(l, in);
	in->at = 0;
	in->len = (size_t)n;
	l->quiet_since = now_ms();
	return feed(l, in);
}

static int may_read(const loop *l, const inlet *in)
{
	return in->fd >= 0 && in->at == in->len && aim_guard_wants(l->p->guard, in->side);
}

/* --- writing ----------------------------------------------------------------------------------------------- */

static ssize_t write_client(const loop *l, aim_bytes bytes)
{
	size_t n = bytes.len < WRITE_SIZE ? bytes.len : WRITE_SIZE;
	if (l->client_out_is_socket)
		return send(l->client_out, bytes.ptr, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	return write(l->client_out, bytes.ptr, n);
}

/* A side that takes no more loses what waits for it. */
static void drop_output(loop *l, uint32_t to)
{
	(void)aim_guard_consume(l->p->guard, to, aim_guard_output(l->p->guard, to).len);
}

static void write_some(loop *l, uint32_t to)
{
	aim_bytes bytes = aim_guard_output(l->p->guard, to);
	ssize_t n = to == AIM_GUARD_CLIENT ? write_client(l, bytes) : write(l->server.to, bytes.ptr, bytes.len);
	if (n >= 0) {
		(void)aim_guard_consume(l->p->guard, to, (size_t)n);
		return;
	}
	if (errno == EINTR || errno == EAGAIN)
		return;
	drop_output(l, to);
	if (to == AIM_GUARD_CLIENT)
		l->client_out = -1;
	else
		close(l->server.to), l->server.to = -1;
}

/* --- the loop ------------------------------------------------------------------------------------------------ */

enum { AT_WAKE, AT_CLIENT_IN, AT_CLIENT_OUT, AT_SERVER_IN, AT_SERVER_OUT, N_FDS };

static void choose(const loop *l, struct pollfd *fds)
{
	const aim_guard *guard = l->p->guard;
	for (int i = 0; i < N_FDS; i++)
		fds[i] = (struct pollfd){-1, 0, 0};
	fds[AT_WAKE] = (struct pollfd){wake_pipe[0], POLLIN, 0};
	if (may_read(l, &l->from_client))
		fds[AT_CLIENT_IN] = (struct pollfd){l->from_client.fd, POLLIN, 0};
	if (may_read(l, &l->from_server))
		fds[AT_SERVER_OUT] = (struct pollfd){l->from_server.fd, POLLIN, 0};
	if (l->client_out >= 0 && aim_guard_output(guard, AIM_GUARD_CLIENT).len)
		fds[AT_CLIENT_OUT] = (struct pollfd){l->client_out, POLLOUT, 0};
	if (l->server.to >= 0 && aim_guard_output(guard, AIM_GUARD_SERVER).len)
		fds[AT_SERVER_IN] = (struct pollfd){l->server.to, POLLOUT, 0};
}

/* Of two times of which each may be none, -1. */
static int64_t sooner(int64_t a, int64_t b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

static int timeout_ms(const loop *l)
{
	int64_t ms = -1, now_us = 0;
	if (aim_ctx_now_us(l->p->ctx, &now_us) == AIM_OK)
		ms = sooner(aim_audit_next_deadline_ms(l->p->log, now_us), aim_guard_next_deadline_ms(l->p->guard, now_us));
	if (l->from_client.fd < 0 || l->client_out < 0 || l->server.pid == 0) {
		int64_t left = l->quiet_since + GRACE_MS - now_ms();
		left = left < 0 ? 0 : left;
		ms = ms < 0 || left < ms ? left : ms;
	}
	return ms < 0 || ms > 60000 ? 60000 : (int)ms;
}

static void do_timed_work(loop *l)
{
	int64_t now_us = 0;
	aim_error err = {0};
	if (aim_ctx_now_us(l->p->ctx, &now_us) != AIM_OK)
		return;
	aim_status rc = aim_guard_poll(l->p->guard, now_us, &err);
	if (rc == AIM_OK)
		rc = aim_audit_poll(l->p->log, now_us, &err);
	if (rc == AIM_OK || l->p->unrecorded)
		return;
	l->p->unrecorded = 1;
	say_error("audit records wait and cannot be written", rc, &err);
}

static void drain_wake_pipe(void)
{
	char bytes[64];
	while (read(wake_pipe[0], bytes, sizeof bytes) > 0)
		;
}

/* 1 when there is nothing left to do. */
static int is_over(loop *l)
{
	const aim_guard *guard = l->p->guard;
	int gone = child_reap(&l->server);
	int waited = now_ms() - l->quiet_since >= GRACE_MS;
	if (caught_signal || l->code != EXIT_OK)
		return 1;
	if (l->client_out < 0)
		return 1;
	if (l->from_server.fd < 0)
		return aim_guard_output(guard, AIM_GUARD_CLIENT).len == 0;
	if (l->from_client.fd < 0 && l->from_client.at == l->from_client.len &&
	    aim_guard_output(guard, AIM_GUARD_SERVER).len == 0 && l->server.to >= 0)
		child_close_input(&l->server); /* the server hears that nothing more comes */
	return (gone || l->from_client.fd < 0) && waited;
}

static int step(loop *l)
{
	struct pollfd fds[N_FDS];
	choose(l, fds);
	int n = poll(fds, N_FDS, timeout_ms(l));
	if (n < 0 && errno != EINTR)
		return failed(l, AIM_E_IO, NULL);
	if (n <= 0) {
		do_timed_work(l);
		return 0;
	}
	if (fds[AT_WAKE].revents)
		drain_wake_pipe();
	if (must_reload) {
		must_reload = 0;
		reload_policy(l->p);
	}
	if (fds[AT_CLIENT_OUT].revents)
		write_some(l, AIM_GUARD_CLIENT);
	if (fds[AT_SERVER_IN].revents)
		write_some(l, AIM_GUARD_SERVER);
	if (fds[AT_CLIENT_IN].revents && read_some(l, &l->from_client) != 0)
		return -1;
	if (fds[AT_SERVER_OUT].revents && read_some(l, &l->from_server) != 0)
		return -1;
	if (feed(l, &l->from_client) != 0 || feed(l, &l->from_server) != 0)
		return -1;
	do_timed_work(l);
	return 0;
}

/* Both directions are over: what was open is recorded, the server is gone, the status is known. */
static int wind_up(loop *l)
{
	int graceful = l->code == EXIT_OK && !caught_signal && l->from_server.fd < 0;
	(void)end_of(l, &l->from_client);
	l->from_server.fd = l->server.from >= 0 ? l->server.from : -1;
	(void)end_of(l, &l->from_server);
	child_end(&l->server, graceful ? 1000 : 0);
	report_rest(l->p);
	if (caught_signal)
		return EXIT_SIGNAL + caught_signal;
	if (l->code != EXIT_OK)
		return l->code;
	if (child_verdict(&l->server) != 0)
		return EXIT_SERVER;
	return l->p->unrecorded ? EXIT_STORE : EXIT_OK;
}

int stdio_run(program *p)
{
	static loop l; /* its buffers are too large for the stack */
	l.p = p;
	may_reload = p->options->policy != NULL;
	l.client_out = STDOUT_FILENO;
	l.client_out_is_socket = is_socket(STDOUT_FILENO);
	if (catch_signals() != EXIT_OK) {
		say("cannot start: %s", strerror(errno));
		return EXIT_FAILED;
	}
	if (child_start(&l.server, p->options->command, 0) != 0)
		return EXIT_START;
	l.from_client.side = AIM_GUARD_CLIENT;
	l.from_client.fd = STDIN_FILENO;
	l.from_server.side = AIM_GUARD_SERVER;
	l.from_server.fd = l.server.from;
	l.quiet_since = now_ms();
	while (!is_over(&l) && step(&l) == 0)
		;
	return wind_up(&l);
}
