/* Keeps an agent's key in a sealed file: made on the first run, loaded on the next: key_file FOLDER. */
#include <aim/aim.h>

#include <stdio.h>

static int complain(const aim_error *err)
{
	(void)fprintf(stderr, "%s: %s\n", aim_status_name(err->status), err->message);
	return 1;
}

/* Only when nothing is there a new key is made: a file that does not open may hold the only copy of a key. */
static aim_status load_or_create(aim_ctx *ctx, aim_str path, aim_bytes passphrase, aim_key **out, aim_error *err)
{
	const aim_str agent = aim_str_from("agent-1");
	aim_status rc = aim_keyfile_load(ctx, path, 0, passphrase, agent, NULL, out, err);
	if (rc != AIM_E_NOT_FOUND)
		return rc;
	rc = aim_key_generate(ctx, AIM_KEY_AGENT, out, err);
	return rc == AIM_OK ? aim_keyfile_save(*out, path, 0, passphrase, agent, NULL, err) : rc;
}

static aim_status show(aim_ctx *ctx, const aim_key *key, aim_error *err)
{
	aim_public_key public_key;
	aim_buf *did = NULL;
	aim_status rc = aim_key_public(key, &public_key);
	if (rc == AIM_OK)
		rc = aim_buf_new(ctx, &did);
	if (rc == AIM_OK)
		rc = aim_keyform_public(ctx, &public_key, AIM_KEYFORM_DID, did);
	if (rc == AIM_OK)
		(void)printf("%s\n", aim_buf_str(did).ptr);
	else
		err->status = rc;
	aim_buf_free(did);
	return rc;
}

int main(int argc, char **argv)
{
	char path[1024];
	aim_ctx *ctx = NULL;
	aim_error err = {0};
	const aim_bytes passphrase = aim_bytes_from_str(aim_str_from("only an example"));
	if (argc != 2 || snprintf(path, sizeof path, "%s/agent.key", argv[1]) >= (int)sizeof path)
		return 2;
	if (aim_ctx_new(NULL, &ctx, &err) != AIM_OK)
		return complain(&err);
	aim_status rc = AIM_OK;
	for (int run = 0; run < 2 && rc == AIM_OK; run++) {
		aim_key *key = NULL;
		rc = load_or_create(ctx, aim_str_from(path), passphrase, &key, &err);
		if (rc == AIM_OK)
			rc = show(ctx, key, &err);
		aim_key_unref(key);
	}
	aim_ctx_free(ctx);
	return rc == AIM_OK ? 0 : complain(&err);
}
