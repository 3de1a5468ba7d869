/* backends/keyfile.c — keystores in files: crypto makes and reads the bytes, files_posix.c keeps them. Layer backends. */
#include <aim/keyfile.h>

#include "base/buf.h"
#include "base/ctx.h"
#include "base/error.h"
#include "base/format.h"
#include "crypto/key.h"

/* What is there may be replaced: nothing, or a whole keystore of this agent. A file that this library cannot read may
 * hold the only copy of a key. */
static aim_status check_replaceable(aim_ctx *ctx, aim_str path, aim_str agent_id, aim_error *err)
{
	aim_buf there;
	aim_buf agent;
	aim__buf_init(&there, ctx);
	aim__buf_init(&agent, ctx);
	aim_status rc = aim_keyfile_read(ctx, path, AIM_KEYFILE_LENIENT, &there, err);
	if (rc == AIM_OK)
		rc = aim_keystore_inspect(ctx, aim_buf_bytes(&there), &agent, NULL, NULL, err);
	else if (rc == AIM_E_NOT_FOUND)
		rc = AIM_OK;
	if (rc == AIM_OK && there.len > 0 && !aim_str_equal(aim_buf_str(&agent), agent_id))
		rc = aim__fail(err, AIM_E_KEYSTORE_AGENT, AIM_LAYER_BACKENDS,
		               "%.*s is the keystore of agent \"%.*s\" and is not replaced", AIM__STR(path),
		               AIM__STR(aim_buf_str(&agent)));
	aim__buf_dispose(&agent);
	aim__buf_dispose(&there);
	return rc;
}

aim_status aim_keyfile_save(const aim_key *key, aim_str path, uint32_t flags, aim_bytes passphrase,
                            aim_str agent_id, const aim_keystore_options *options, aim_error *err)
{
	aim_buf sealed;
	if (!key || (!path.ptr && path.len > 0) || flags & ~AIM_KEYFILE_REPLACE)
		return AIM__MISUSE(key ? aim__key_ctx(key) : NULL, "key, path and flags of writing are required");
	aim_ctx *ctx = aim__key_ctx(key);
	aim__buf_init(&sealed, ctx);
	aim_status rc = AIM_OK;
	if (flags & AIM_KEYFILE_REPLACE)
		rc = check_replaceable(ctx, path, agent_id, err);
	if (rc == AIM_OK)
		rc = aim_keystore_seal(key, passphrase, agent_id, options, &sealed, err);
	if (rc == AIM_OK) {
		rc = aim__buf_add_byte(&sealed, '\n');
		if (rc != AIM_OK)
			aim__fail_plain(err, rc, AIM_LAYER_BACKENDS);
	}
	if (rc == AIM_OK)
		rc = aim_keyfile_write(ctx, path, flags, aim_buf_bytes(&sealed), err);
	aim__buf_dispose(&sealed);
	return rc;
}

aim_status aim_keyfile_load(aim_ctx *ctx, aim_str path, uint32_t flags, aim_bytes passphrase,
                            aim_str agent_id, const aim_keystore_options *options, aim_key **out,
                            aim_error *err)
{
	aim_buf sealed;
	if (!ctx || !out || (!path.ptr && path.len > 0) || flags & ~AIM_KEYFILE_LENIENT)
		return AIM__MISUSE(ctx, "ctx, path, out and flags of reading are required");
	aim__buf_init(&sealed, ctx);
	aim_status rc = aim_keyfile_read(ctx, path, flags, &sealed, err);
	if (rc == AIM_OK)
		rc = aim_keystore_open(ctx, aim_buf_bytes(&sealed), passphrase, agent_id, options, out, err);
	aim__buf_dispose(&sealed);
	return rc;
}
