/* assess/confidence_mcp8.c — what the ledger, the registry and the baseline know of the inputs of `mcp-8`. Layer assess;
 * only reads. */
#include "assess/confidence.h"

#include "assess/baseline_state.h"
#include "assess/trust_math.h"
#include "base/ctx.h"
#include "base/error.h"

#include <aim/link.h>

#include <string.h>

/* More makes no difference to the mean, and 2^16 of them fit into the sum. */
#define LONGEST_US (INT64_C(1) << 40)

static int64_t share(uint64_t part, uint64_t whole)
{
	return whole ? (int64_t)aim__div_half_even(part * AIM_TRUSTSCORE_ONE, whole) : 0;
}

/* Of those whose word is in force: they count, or say that they did not reach it. */
static void add_entries(const aim_confidence *c, aim_trustinterop_mcp8 *out)
{
	uint64_t n = 0, healthy = 0, connected = 0;
	int64_t latency_us = 0;
	for (size_t i = 0; i < c->n; i++) {
		const aim_confidence_entry *e = &c->entries[i];
		if (e->left_out && e->left_out != AIM_CONFIDENCE_DISCONNECTED)
			continue;
		n++;
		healthy += e->healthy;
		connected += e->connected;
		if (e->connected)
			latency_us += e->latency_us < LONGEST_US ? e->latency_us : LONGEST_US;
	}
	out->n_attesters = c->summary.n_counted;
	out->confidence_micro = c->summary.confidence;
	out->health_micro = share(healthy, n);
	out->connection_micro = share(connected, n);
	out->latency_us = connected ? latency_us / (int64_t)connected : 0;
}

/* ---- the server ---- */

static int begins(aim_str text, const char *with)
{
	size_t n = strlen(with);
	return text.len >= n && memcmp(text.ptr, with, n) == 0;
}

/* http:// or ws:// to this machine and nowhere else. */
static int is_loopback(aim_str url)
{
	static const char *const hosts[] = {"localhost", "127.0.0.1", "[::1]"};
	aim_str rest = url;
	size_t skip = begins(url, "http://") ? 7 : begins(url, "ws://") ? 5 : 0;
	rest.ptr += skip;
	rest.len -= skip;
	for (size_t i = 0; skip && i < sizeof hosts / sizeof *hosts; i++) {
		size_t n = strlen(hosts[i]);
		if (begins(rest, hosts[i]) && (rest.len == n || strchr(":/?#", rest.ptr[n])))
			return 1;
	}
	return 0;
}

static uint32_t transport_of(const aim_server *server)
{
	aim_str url = aim_server_url(server);
	if (aim_server_command(server).len || begins(url, "https://") || begins(url, "wss://") || begins(url, "stdio://"))
		return AIM_TRUSTINTEROP_HTTPS_OR_STDIO;
	return is_loopback(url) ? AIM_TRUSTINTEROP_HTTP_LOOPBACK : 0;
}

static void add_server(const aim_server *server, aim_trustinterop_mcp8 *out)
{
	static const uint32_t standing[] = {
		[AIM_REGISTRY_PENDING] = AIM_TRUSTINTEROP_PENDING,
		[AIM_REGISTRY_VERIFIED] = AIM_TRUSTINTEROP_VERIFIED,
		[AIM_REGISTRY_SUSPENDED] = AIM_TRUSTINTEROP_SUSPENDED,
		[AIM_REGISTRY_REVOKED] = AIM_TRUSTINTEROP_REVOKED,
	};
	uint32_t status = aim_server_status(server);
	out->status = status < sizeof standing / sizeof *standing ? standing[status] : 0;
	out->transport = transport_of(server);
	out->flags &= ~AIM_TRUSTINTEROP_DESCRIBED;
	out->flags |= aim_server_description(server).len ? AIM_TRUSTINTEROP_DESCRIBED : 0;
	out->created_us = aim_server_created_us(server);
}

/* ---- the baseline ---- */

/* Active: in the baseline and listed as it is there. Verified: approved. */
static aim_status add_baseline(aim_registry *registry, aim_str server, aim_trustinterop_mcp8 *out, aim_error *err)
{
	aim_baseline *b = NULL;
	uint64_t n = 0, active = 0, verified = 0;
	aim_status rc = aim_baseline_open(registry, server, &b, err);
	if (rc != AIM_OK)
		return rc;
	for (uint32_t kind = 1; kind < AIM__FINGERPRINT_KINDS; kind++)
		for (size_t i = 0; i < b->lists[kind].n; i++) {
			const aim__entry_state *s = &b->lists[kind].entries[i]->cur;
			n++;
			active += s->state && !s->gone && !s->candidate.raw;
			verified += s->state == AIM_BASELINE_APPROVED;
		}
	aim_baseline_free(b);
	out->active_micro = share(active, n);
	out->verified_micro = share(verified, n);
	return AIM_OK;
}

static aim_status fill(aim_ledger *ledger, aim_str server, const aim_confidence *c, aim_trustinterop_mcp8 *out,
                       aim_error *err)
{
	aim_server *found = NULL;
	aim_status rc = aim_server_find(ledger->registry, server, &found, err);
	if (rc != AIM_OK)
		return rc;
	add_entries(c, out);
	add_server(found, out);
	rc = add_baseline(ledger->registry, aim_server_id(found), out, err);
	if (rc == AIM_OK)
		rc = aim_link_count_agents(ledger->registry, aim_server_id(found), &out->n_connected_agents, err);
	aim_server_free(found);
	return rc;
}

aim_status aim_confidence_mcp8(aim_ledger *ledger, aim_str server, int64_t as_of_us, aim_trustinterop_mcp8 *out,
                               aim_error *err)
{
	aim_confidence_query q = {.struct_size = sizeof q, .as_of_us = as_of_us};
	aim_confidence *c = NULL;
	if (!ledger || !out || out->struct_size != sizeof *out)
		return AIM__MISUSE(ledger ? ledger->registry->ctx : NULL, "ledger and inputs of this size are required");
	aim_trustinterop_mcp8 in = *out;
	aim_status rc = aim_confidence_compute(ledger, server, &q, &c, err);
	if (rc == AIM_OK)
		rc = fill(ledger, server, c, &in, err);
	aim_confidence_free(c);
	if (rc == AIM_OK)
		*out = in;
	return rc;
}
