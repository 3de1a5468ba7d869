/* cli/aim_guard/http.c — aim-guard http: an MCP endpoint in front of another one. A thread for each connection; the
 * first thread waits for signals and does what is due. */
#include "http.h"

#include "../common/files.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PEM_MAX ((size_t)1024 * 1024)
#define STACK_SIZE ((size_t)512 * 1024)
#define CONNECTION_MEMORY ((size_t)192 * 1024)
#define IDLE_CONNECTION_S 120u
#define GRACE_MS 5000
#define TICK_MS 1000

static pthread_mutex_t report_lock = PTHREAD_MUTEX_INITIALIZER;

/* Guards are used from many threads; what they tell comes out in whole lines, and is counted right. */
static void report_in_turn(void *user, const aim_guard_event *event)
{
	pthread_mutex_lock(&report_lock);
	report_event(user, event);
	pthread_mutex_unlock(&report_lock);
}

/* --- where to listen ------------------------------------------------------------------------------------------ */

typedef struct place {
	struct sockaddr_storage address;
	int is_loopback;
} place;

static int is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in v4;
		memcpy(&v4, address, sizeof v4);
		return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
	}
	struct sockaddr_in6 v6;
	memcpy(&v6, address, sizeof v6);
	return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

/* "127.0.0.1:8080", "[::1]:0", ":8080" */
static int find_place(const char *text, place *out)
{
	char host[256];
	struct addrinfo hints, *found = NULL;
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	if (!colon || len >= sizeof host) {
		say("--listen is HOST:PORT; '%s' is not", text);
		return EXIT_USAGE;
	}
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']')
		text++, len -= 2;
	memcpy(host, text, len);
	host[len] = 0;
	memset(&hints, 0, sizeof hints);
	hints.ai_flags = AI_NUMERICSERV | AI_PASSIVE;
	hints.ai_socktype = SOCK_STREAM;
	int rc = getaddrinfo(len ? host : NULL, colon + 1, &hints, &found);
	if (rc != 0) {
		say("cannot listen at %s:%s: %s", host, colon + 1, gai_strerror(rc));
		return EXIT_USAGE;
	}
	memcpy(&out->address, found->ai_addr, found->ai_addrlen);
	out->is_loopback = is_loopback(found->ai_addr);
	freeaddrinfo(found);
	return EXIT_OK;
}

/* Where requests go to: --path, or the path of the server's URL. */
static const char *find_path(const options *o, char *out, size_t size)
{
	const char *host = strstr(o->upstream, "://");
	const char *path = host ? strchr(host + 3, '/') : NULL;
	if (o->path)
		return o->path;
	snprintf(out, size, "%s", path ? path : "/");
	out[strcspn(out, "?#")] = 0;
	return out;
}

/* --- the listener ------------------------------------------------------------------------------------------------ */

typedef struct tls {
	char *certificate;
	size_t certificate_len;
	char *key;
	size_t key_len;
} tls;

static int read_tls(const options *o, tls *out)
{
	if (!o->tls_cert)
		return EXIT_OK;
	out->certificate = file_read("certificate", o->tls_cert, PEM_MAX, &out->certificate_len);
	out->key = out->certificate ? file_read("key", o->tls_key, PEM_MAX, &out->key_len) : NULL;
	return out->key ? EXIT_OK : EXIT_FAILED;
}

static void forget_tls(tls *t)
{
	if (t->certificate)
		file_free(t->certificate, t->certificate_len);
	if (t->key)
		file_free(t->key, t->key_len);
}

static struct MHD_Daemon *listen_at(http *h, place *at, const tls *t)
{
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL | MHD_USE_ITC;
	struct MHD_OptionItem secure[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, t->certificate},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, t->key},
		{MHD_OPTION_END, 0, NULL},
	};
	struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
	if (t->certificate)
		flags |= MHD_USE_TLS;
	if (at->address.ss_family == AF_INET6)
		flags |= MHD_USE_IPv6;
	return MHD_start_daemon(flags, 0, NULL, NULL, exchange_on_request, h, MHD_OPTION_SOCK_ADDR, &at->address,
	                        MHD_OPTION_NOTIFY_COMPLETED, exchange_on_end, h, MHD_OPTION_THREAD_STACK_SIZE, STACK_SIZE,
	                        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, MHD_OPTION_CONNECTION_LIMIT,
	                        (unsigned)h->p->options->max_connections, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_CONNECTION_S,
	                        MHD_OPTION_ARRAY, t->certificate ? secure : none, MHD_OPTION_END);
}

static void say_where(const http *h, struct MHD_Daemon *daemon)
{
	const options *o = h->p->options;
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
	const char *colon = strrchr(o->listen, ':');
	int len = (int)(colon - o->listen);
	say("%s://%.*s:%u%s stands before server %s", o->tls_cert ? "https" : "http", len ? len : 7, len ? o->listen : "0.0.0.0",
	    info ? info->port : 0u, h->path, h->p->server_name);
}

/* --- the loop -------------------------------------------------------------------------------------------------------- */

static void do_timed_work(http *h)
{
	int64_t now_us = 0;
	aim_error err = {0};
	sessions_sweep(&h->sessions, 0);
	if (aim_ctx_now_us(h->p->ctx, &now_us) != AIM_OK)
		return;
	aim_status rc = sessions_poll(&h->sessions, now_us, &err);
	if (rc == AIM_OK)
		rc = aim_audit_poll(h->p->log, now_us, &err);
	pthread_mutex_lock(&report_lock);
	report_rest(h->p);
	if (rc != AIM_OK && !h->p->unrecorded) {
		h->p->unrecorded = 1;
		say_error("audit records wait and cannot be written", rc, &err);
	}
	pthread_mutex_unlock(&report_lock);
}

static int64_t until_due(const http *h)
{
	int64_t now_us = 0, ms = -1;
	if (aim_ctx_now_us(h->p->ctx, &now_us) == AIM_OK)
		ms = aim_audit_next_deadline_ms(h->p->log, now_us);
	return ms < 0 || ms > TICK_MS ? TICK_MS : ms;
}

/* Gives the signal that ended it. */
static int serve(http *h, const sigset_t *signals)
{
	for (;;) {
		int64_t ms = until_due(h);
		const struct timespec wait = {ms / 1000, (ms % 1000) * 1000000};
		int caught = sigtimedwait(signals, NULL, &wait);
		if (caught == SIGHUP)
			reload_policy(h->p);
		else if (caught > 0)
			return caught;
		do_timed_work(h);
	}
}

/* No new requests; those that run get a moment to end. */
static void wind_up(http *h, struct MHD_Daemon *daemon)
{
	int64_t until = now_ms() + GRACE_MS;
	MHD_socket listening = MHD_quiesce_daemon(daemon);
	h->is_ending = 1;
	while (atomic_load(&h->n_open) && now_ms() < until) {
		const struct timespec moment = {0, 20 * 1000000};
		nanosleep(&moment, NULL);
	}
	MHD_stop_daemon(daemon);
	if (listening != MHD_INVALID_SOCKET)
		close(listening);
}

static int listen_and_serve(http *h, place *at, const sigset_t *signals)
{
	tls t = {NULL, 0, NULL, 0};
	int code = read_tls(h->p->options, &t);
	struct MHD_Daemon *daemon = code == EXIT_OK ? listen_at(h, at, &t) : NULL;
	if (!daemon) {
		if (code == EXIT_OK)
			say("cannot listen at %s: the address is taken or not ours, or certificate and key do not fit", h->p->options->listen);
		forget_tls(&t);
		return EXIT_FAILED;
	}
	say_where(h, daemon);
	int caught = serve(h, signals);
	wind_up(h, daemon);
	sessions_sweep(&h->sessions, 1);
	forget_tls(&t);
	if (caught == SIGTERM || caught == SIGINT)
		return h->p->unrecorded ? EXIT_STORE : EXIT_OK;
	return EXIT_SIGNAL + caught;
}

static int check_place(const options *o, const place *at)
{
	if (at->is_loopback || o->tls_cert || o->is_plain)
		return EXIT_OK;
	say("%s can be reached from elsewhere: give --tls-cert and --tls-key, or --plain when something before it speaks TLS",
	    o->listen);
	return EXIT_USAGE;
}

int http_run(program *p)
{
	static http h;
	char path[1024];
	place at;
	sigset_t signals;
	h.p = p;
	h.path = find_path(p->options, path, sizeof path);
	h.max_message = p->options->max_message ? (size_t)p->options->max_message : (size_t)4 * 1024 * 1024;
	p->report = report_in_turn;
	int code = find_place(p->options->listen, &at);
	if (code == EXIT_OK)
		code = check_place(p->options, &at);
	if (code != EXIT_OK)
		return code;
	h.is_loopback = at.is_loopback;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before the first thread: all have it */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (upstream_init(&h.up, p->options->upstream, p->options->upstream_ca) != 0)
		return EXIT_FAILED;
	if (sessions_init(&h.sessions, p, (unsigned)p->options->max_sessions, (int64_t)p->options->session_idle_s * 1000) == 0)
		code = listen_and_serve(&h, &at, &signals);
	else
		code = EXIT_FAILED;
	upstream_dispose(&h.up);
	return code;
}
