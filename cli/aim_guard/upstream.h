/* cli/aim_guard/upstream.h — requests to the server behind aim-guard http, over libcurl. A request is driven by the
 * thread that made it; connections are kept for the next one. */
#ifndef AIM_GUARD_UPSTREAM_H
#define AIM_GUARD_UPSTREAM_H

#include "strbuf.h"

#include <curl/curl.h>
#include <pthread.h>

/* What is read ahead of a client that takes its time. */
#define UPSTREAM_AHEAD ((size_t)256 * 1024)
#define UPSTREAM_IDLE_MAX 64u

/* Where requests go; shared by all threads. */
typedef struct upstream {
	const char *url;
	const char *ca_file; /* NULL: the system's */
	pthread_mutex_t lock;
	CURLM *idle[UPSTREAM_IDLE_MAX]; /* each with its open connections */
	unsigned n_idle;
} upstream;

/* Of an answer; what is passed on of its headers. */
enum { ANSWER_SESSION, ANSWER_TYPE, ANSWER_AUTHENTICATE, ANSWER_RETRY, ANSWER_N };

typedef struct transfer {
	upstream *up;
	CURLM *multi;
	CURL *easy;
	struct curl_slist *headers;
	strbuf body_out;
	strbuf in;                /* of the answer's body, not taken yet */
	strbuf answer[ANSWER_N];
	long status;            /* 0 until the headers are there */
	int has_headers;
	int is_done;
	int is_paused;
	CURLcode result;
} transfer;

/* 0, or −1 after saying what is wrong. */
int upstream_init(upstream *up, const char *url, const char *ca_file);
void upstream_dispose(upstream *up);

/* Starts a request. headers: a block as it came from the client; what belongs to one connection is left out. body may
 * be empty. 0, or −1: out of memory. transfer_close() in either case. */
int transfer_open(transfer *t, upstream *up, const char *method, const char *headers, const char *body, size_t len);
/* Goes on for at most timeout_ms; returns earlier when something came. */
void transfer_step(transfer *t, int timeout_ms);
void transfer_close(transfer *t);

#endif
