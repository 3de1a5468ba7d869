/* cli/aim_guard/http.h — aim-guard http: what its files share.
 *
 *     http.c      the listener, signals, the end
 *     exchange.c  one request of a client, from its first byte to the last of its answer
 *     origin.c    who may ask: Host and Origin
 *     fields.c    headers of which only one reading is possible
 *     sessions.c  the guards
 *     upstream.c  requests to the server
 *     sse.c       server-sent events
 */
#ifndef AIM_GUARD_HTTP_H
#define AIM_GUARD_HTTP_H

#include "sessions.h"
#include "upstream.h"

#include <microhttpd.h>
#include <stdatomic.h>

typedef struct http {
	program *p;
	upstream up;
	sessions sessions;
	const char *path;      /* where requests go to; others are not found */
	int is_loopback;       /* nobody from elsewhere can reach it */
	atomic_int is_ending;
	atomic_uint n_open;    /* exchanges */
	size_t max_message;
} http;

/* MHD's callbacks. user is the http. */
enum MHD_Result exchange_on_request(void *user, struct MHD_Connection *connection, const char *url, const char *method,
                                    const char *version, const char *bytes, size_t *n_bytes, void **state);
void exchange_on_end(void *user, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why);

/* May whoever sends these headers ask here? A page in a browser can send requests to this machine, under a name that
 * it made point here; what it cannot do is choose Host and Origin. host and origin may be NULL. */
int origin_is_allowed(const http *h, const char *host, const char *origin);

/* Is the header one that every reader takes for the same name and value? */
int field_is_good(const char *name, const char *value);
/* Is a body of this Content-Type JSON in UTF-8, whoever reads it? */
int type_is_json(const char *type);
/* Is a body of this Content-Encoding what it looks like? */
int encoding_is_none(const char *encoding);

#endif
