/* audit/retention_hold.c — legal holds. Layer audit. They live in the key that says where the log is cut, so
 * a hold and a cut that are made at once cannot both succeed. */
#include "audit/retention.h"

#include "audit/log.h"
#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "codec/writer.h"
#include "store/text.h"

#include <string.h>

#define KIND "retention"
#define MAX_TRIES 16u
#define MAX_INTEGER UINT64_C(9007199254740991) /* RFC 7493 §2.2 */

static size_t find(const aim__retention *state, aim_str id)
{
	size_t i = 0;
	while (i < state->n_holds &&
	       !aim_str_equal((aim_str){state->holds[i].id, state->holds[i].id_len}, id))
		i++;
	return i;
}

static aim_status commit(aim_audit *log, const aim__retention *state, const char *action,
                         const aim__retention_hold *hold, aim_str user, aim_str reason, aim_error *err)
{
	aim_audit_record r = {.struct_size = sizeof r, .trust_micro = AIM_AUDIT_NO_TRUST};
	aim_buf data;
	aim__json_writer w;
	aim__buf_init(&data, log->ctx);
	aim__write_init(&w, &data);
	aim__write_begin_object(&w);
	aim__write_member_int64(&w, "from", (int64_t)hold->from);
	aim__write_member_string(&w, "hold", (aim_str){hold->id, hold->id_len});
	aim__write_end_object(&w);
	aim_status rc = aim__write_finish(&w);
	if (rc != AIM_OK)
		(void)aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	r.kind = aim_str_from(KIND);
	r.action = aim_str_from(action);
	r.user = user;
	r.reason = reason;
	r.data = aim_buf_str(&data);
	if (rc == AIM_OK)
		rc = aim__retention_commit(log, state, &r, err);
	aim__buf_dispose(&data);
	return rc;
}

static aim_status add(aim_audit *log, const aim__retention_hold *hold, aim_str user, aim_str reason,
                      aim_error *err)
{
	aim__retention state;
	aim_str id = {hold->id, hold->id_len};
	aim_status rc = aim__retention_load(log, &state, err);
	if (rc != AIM_OK)
		return rc;
	if (find(&state, id) < state.n_holds)
		return aim__fail(err, AIM_E_EXISTS, AIM_LAYER_AUDIT, "the log has a hold %.*s", (int)id.len, id.ptr);
	if (state.n_holds == AIM_RETENTION_MAX_HOLDS)
		return aim__fail(err, AIM_E_LIMIT, AIM_LAYER_AUDIT, "the log has %u holds",
		                 AIM_RETENTION_MAX_HOLDS);
	if (hold->from > 0 && hold->from < state.cut.count)
		return aim__audit_removed(hold->from, state.cut.count, err);
	state.holds[state.n_holds++] = *hold;
	return commit(log, &state, "hold", hold, user, reason, err);
}

aim_status aim_retention_hold(aim_audit *log, aim_str id, uint64_t from, aim_str user, aim_str reason,
                              aim_error *err)
{
	aim__retention_hold hold = {.from = from};
	if (!log)
		return AIM__MISUSE(NULL, "log is required");
	if (!aim__is_word(id, AIM_RETENTION_MAX_ID_BYTES, "_-") || from > MAX_INTEGER)
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_AUDIT,
		                 "a hold has an id of 1 to %u of a-z, 0-9, _ and -, and begins at a position",
		                 AIM_RETENTION_MAX_ID_BYTES);
	memcpy(hold.id, id.ptr, id.len);
	hold.id_len = id.len;
	aim_status rc = aim_ctx_now_us(log->ctx, &hold.since_us);
	if (rc != AIM_OK)
		return aim__fail_plain(err, rc, AIM_LAYER_AUDIT);
	rc = add(log, &hold, user, reason, err);
	for (unsigned i = 1; i < MAX_TRIES && rc == AIM_E_CONFLICT; i++)
		rc = add(log, &hold, user, reason, err);
	return rc;
}

static aim_status take_off(aim_audit *log, aim_str id, aim_str user, aim_str reason, aim_error *err)
{
	aim__retention state;
	aim_status rc = aim__retention_load(log, &state, err);
	size_t i = rc == AIM_OK ? find(&state, id) : 0;
	if (rc != AIM_OK)
		return rc;
	if (i == state.n_holds)
		return aim__fail(err, AIM_E_NOT_FOUND, AIM_LAYER_AUDIT, "the log has no hold %.*s", (int)id.len,
		                 id.ptr);
	aim__retention_hold hold = state.holds[i];
	state.n_holds--;
	memmove(&state.holds[i], &state.holds[i + 1], (state.n_holds - i) * sizeof hold);
	return commit(log, &state, "release", &hold, user, reason, err);
}

aim_status aim_retention_release(aim_audit *log, aim_str id, aim_str user, aim_str reason, aim_error *err)
{
	if (!log)
		return AIM__MISUSE(NULL, "log is required");
	if (!aim__is_word(id, AIM_RETENTION_MAX_ID_BYTES, "_-"))
		return aim__fail(err, AIM_E_INVALID, AIM_LAYER_AUDIT, "that is no id of a hold");
	aim_status rc = take_off(log, id, user, reason, err);
	for (unsigned i = 1; i < MAX_TRIES && rc == AIM_E_CONFLICT; i++)
		rc = take_off(log, id, user, reason, err);
	return rc;
}

aim_status aim_retention_holds(aim_audit *log, aim_retention_visit visit, void *user, aim_error *err)
{
	aim__retention state;
	if (!log || !visit)
		return AIM__MISUSE(log ? log->ctx : NULL, "log and visit are required");
	aim_status rc = aim__retention_load(log, &state, err);
	for (size_t i = 0; rc == AIM_OK && i < state.n_holds; i++) {
		const aim__retention_hold *hold = &state.holds[i];
		rc = visit(user, (aim_str){hold->id, hold->id_len}, hold->from, hold->since_us);
	}
	return rc;
}
