/* cli/aim_guard/upstream.c — requests to the server behind aim-guard http. */
#include "upstream.h"

#include "../common/say.h"

#include <string.h>
#include <strings.h>

#define CONNECT_MS 10000L

int upstream_init(upstream *up, const char *url, const char *ca_file)
{
	memset(up, 0, sizeof *up);
	up->url = url;
	up->ca_file = ca_file;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK && pthread_mutex_init(&up->lock, NULL) == 0)
		return 0;
	say("libcurl cannot start");
	return -1;
}

void upstream_dispose(upstream *up)
{
	for (unsigned i = 0; i < up->n_idle; i++)
		curl_multi_cleanup(up->idle[i]);
	pthread_mutex_destroy(&up->lock);
	curl_global_cleanup();
}

static CURLM *take_multi(upstream *up)
{
	CURLM *multi = NULL;
	pthread_mutex_lock(&up->lock);
	if (up->n_idle)
		multi = up->idle[--up->n_idle];
	pthread_mutex_unlock(&up->lock);
	return multi ? multi : curl_multi_init();
}

static void give_multi(upstream *up, CURLM *multi)
{
	pthread_mutex_lock(&up->lock);
	int is_kept = up->n_idle < UPSTREAM_IDLE_MAX;
	if (is_kept)
		up->idle[up->n_idle++] = multi;
	pthread_mutex_unlock(&up->lock);
	if (!is_kept)
		curl_multi_cleanup(multi);
}

/* --- headers ---------------------------------------------------------------------------------------------- */

/* They belong to the client's connection, or are ours to say (RFC 9110 §7.6.1). Origin was checked here, and says
 * nothing true about who asks the server. No encoding is accepted: what comes must be readable. */
static const char *const kept_back[] = {
	"host", "connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "content-length", "expect",
	"accept-encoding", "origin", "proxy-authorization", "proxy-connection", "referer",
};

static int is_kept_back(const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);
	size_t n = colon ? (size_t)(colon - line) : len;
	for (size_t i = 0; i < sizeof kept_back / sizeof *kept_back; i++)
		if (n == strlen(kept_back[i]) && strncasecmp(line, kept_back[i], n) == 0)
			return 1;
	return 0;
}

static int append(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);
	if (!longer)
		return -1;
	*list = longer;
	return 0;
}

static int copy_headers(transfer *t, const char *block)
{
	strbuf line = {NULL, 0, 0};
	int rc = append(&t->headers, "Expect:");
	while (rc == 0 && *block) {
		size_t len = strcspn(block, "\r\n");
		strbuf_clear(&line);
		if (len && !is_kept_back(block, len))
			rc = strbuf_add(&line, block, len) == 0 ? append(&t->headers, line.ptr) : -1;
		block += len;
		block += strspn(block, "\r\n");
	}
	strbuf_free(&line);
	return rc;
}

static const char *const answer_names[ANSWER_N] = {
	[ANSWER_SESSION] = "mcp-session-id",
	[ANSWER_TYPE] = "content-type",
	[ANSWER_AUTHENTICATE] = "www-authenticate",
	[ANSWER_RETRY] = "retry-after",
};

static void take_header(transfer *t, const char *line, size_t len)
{
	for (size_t i = 0; i < ANSWER_N; i++) {
		size_t n = strlen(answer_names[i]);
		if (len <= n || line[n] != ':' || strncasecmp(line, answer_names[i], n) != 0)
			continue;
		const char *value = line + n + 1;
		len -= n + 1;
		while (len && (*value == ' ' || *value == '\t'))
			value++, len--;
		while (len && (value[len - 1] == '\r' || value[len - 1] == '\n' || value[len - 1] == ' '))
			len--;
		strbuf_clear(&t->answer[i]);
		(void)strbuf_add(&t->answer[i], value, len); /* absent when memory is out */
		return;
	}
}

static size_t on_header(char *line, size_t size, size_t n, void *user)
{
	transfer *t = user;
	size_t len = size * n;
	if (len > 2) {
		take_header(t, line, len);
		return len;
	}
	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &t->status);
	t->has_headers = t->status >= 200;
	return len;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *user)
{
	transfer *t = user;
	if (t->in.len > UPSTREAM_AHEAD) {
		t->is_paused = 1;
		return CURL_WRITEFUNC_PAUSE;
	}
	return strbuf_add(&t->in, bytes, size * n) == 0 ? size * n : 0;
}

/* --- one request --------------------------------------------------------------------------------------------- */

static int set_up(transfer *t, const char *method)
{
	CURL *easy = t->easy;
	CURLcode rc = curl_easy_setopt(easy, CURLOPT_URL, t->up->url);
	if (strcmp(method, "POST") == 0) {
		rc |= curl_easy_setopt(easy, CURLOPT_POST, 1L);
		rc |= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body_out.len);
		rc |= curl_easy_setopt(easy, CURLOPT_POSTFIELDS, t->body_out.ptr ? t->body_out.ptr : "");
	} else {
		rc |= curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
	}
	rc |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, t->headers);
	rc |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	rc |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
	rc |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	rc |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
	rc |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	rc |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	rc |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	rc |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	if (t->up->ca_file)
		rc |= curl_easy_setopt(easy, CURLOPT_CAINFO, t->up->ca_file);
	return rc == CURLE_OK && curl_multi_add_handle(t->multi, easy) == CURLM_OK ? 0 : -1;
}

int transfer_open(transfer *t, upstream *up, const char *method, const char *headers, const char *body, size_t len)
{
	memset(t, 0, sizeof *t);
	t->up = up;
	t->multi = take_multi(up);
	t->easy = curl_easy_init();
	if (!t->multi || !t->easy || strbuf_add(&t->body_out, body, len) != 0 || copy_headers(t, headers) != 0)
		return -1;
	return set_up(t, method);
}

static void look_for_end(transfer *t)
{
	int left;
	for (const CURLMsg *m; (m = curl_multi_info_read(t->multi, &left));)
		if (m->msg == CURLMSG_DONE && m->easy_handle == t->easy) {
			t->is_done = 1;
			t->result = m->data.result;
		}
}

void transfer_step(transfer *t, int timeout_ms)
{
	int running = 0;
	size_t before = t->in.len;
	if (t->is_done)
		return;
	if (t->is_paused && t->in.len <= UPSTREAM_AHEAD / 2) {
		t->is_paused = 0;
		(void)curl_easy_pause(t->easy, CURLPAUSE_CONT);
	}
	int had_headers = t->has_headers;
	(void)curl_multi_perform(t->multi, &running);
	look_for_end(t);
	if (t->is_done || t->in.len != before || t->has_headers != had_headers)
		return;
	(void)curl_multi_poll(t->multi, NULL, 0, timeout_ms, NULL);
	(void)curl_multi_perform(t->multi, &running);
	look_for_end(t);
}

void transfer_close(transfer *t)
{
	if (t->multi && t->easy)
		(void)curl_multi_remove_handle(t->multi, t->easy);
	if (t->easy)
		curl_easy_cleanup(t->easy);
	if (t->multi)
		give_multi(t->up, t->multi);
	curl_slist_free_all(t->headers);
	strbuf_free(&t->body_out);
	strbuf_free(&t->in);
	for (size_t i = 0; i < ANSWER_N; i++)
		strbuf_free(&t->answer[i]);
	memset(t, 0, sizeof *t);
}
