/* cli/aim/open.c — context, store and log, and what statuses mean to the shell. */
#include "program.h"

#include <stdlib.h>
#include <unistd.h>

/* Everything that is not here is EXIT_FAILED; the audit log's own findings are EXIT_NO. */
static const struct {
	aim_status status;
	int code;
} codes[] = {
	{AIM_E_NOT_FOUND, EXIT_NO},         {AIM_E_SIGNATURE, EXIT_NO},        {AIM_E_AUDIT_CORRUPT, EXIT_NO},
	{AIM_E_AUDIT_GAP, EXIT_NO},         {AIM_E_AUDIT_FORK, EXIT_NO},       {AIM_E_AUDIT_TRUNCATED, EXIT_NO},
	{AIM_E_AUDIT_FORMAT, EXIT_NO},      {AIM_E_AUDIT_UNSIGNED, EXIT_NO},   {AIM_E_KEY, EXIT_NO},
	{AIM_E_KEY_ALGORITHM, EXIT_NO},     {AIM_E_KEY_HALF, EXIT_NO},         {AIM_E_KEY_PAIR, EXIT_NO},
	{AIM_E_KEYSTORE, EXIT_NO},          {AIM_E_AUDIT_TRIMMED, EXIT_NO},    {AIM_E_AUDIT_PARTIAL, EXIT_NO},
	{AIM_E_ENVELOPE, EXIT_NO},          {AIM_E_KEY_REVOKED, EXIT_REFUSED}, {AIM_E_STALE, EXIT_REFUSED},
	{AIM_E_FUTURE, EXIT_REFUSED},       {AIM_E_EXISTS, EXIT_REFUSED},      {AIM_E_STATE, EXIT_REFUSED},
	{AIM_E_KEY_PURPOSE, EXIT_REFUSED},  {AIM_E_KEY_ENCRYPTED, EXIT_REFUSED}, {AIM_E_KEYSTORE_AGENT, EXIT_REFUSED},
	{AIM_E_PASSPHRASE, EXIT_REFUSED},   {AIM_E_AUDIT_PENDING, EXIT_REFUSED}, {AIM_E_ID_STATUS, EXIT_REFUSED},
	{AIM_E_EXPIRED, EXIT_REFUSED},      {AIM_E_CONFLICT, EXIT_REFUSED},    {AIM_E_UNTRUSTED_KEY, EXIT_REFUSED},
	{AIM_E_IO, EXIT_FILE},              {AIM_E_KEYFILE_ACCESS, EXIT_FILE}, {AIM_E_STORE_VERSION, EXIT_FILE},
	{AIM_E_STORE_CORRUPT, EXIT_FILE},   {AIM_E_STORE_READONLY, EXIT_FILE}, {AIM_E_STORE_FULL, EXIT_FILE},
	{AIM_E_STORE_LOCKED, EXIT_FILE},    {AIM_E_STORE_FOREIGN, EXIT_FILE},  {AIM_E_STORE_ENGINE, EXIT_FILE},
	{AIM_E_ATTESTER, EXIT_REFUSED},     {AIM_E_SERVER_REVOKED, EXIT_REFUSED}, {AIM_E_TRUST_FLOOR, EXIT_REFUSED},
	{AIM_E_REPLAY, EXIT_REFUSED},       {AIM_E_KEY_EARLY, EXIT_REFUSED},   {AIM_E_CLAIM, EXIT_NO},
	{AIM_E_SERVER_APPROVAL, EXIT_REFUSED},
	{AIM_E_ID_NAME, EXIT_USAGE},        {AIM_E_VERSION, EXIT_FILE},
};

int exit_of(aim_status rc)
{
	if (rc == AIM_OK)
		return EXIT_OK;
	for (size_t i = 0; i < N(codes); i++)
		if (codes[i].status == rc)
			return codes[i].code;
	return EXIT_FAILED;
}

int failed(const char *what, aim_status rc, const aim_error *err)
{
	say_error(what, rc, err);
	return exit_of(rc);
}

int is_quiet(const program *p)
{
	return (p->global.flags & GLOBAL_QUIET) != 0;
}

const char *store_path(const program *p)
{
	const char *path = p->global.store ? p->global.store : getenv("AIM_STORE");
	return path && *path ? path : "aim.db";
}

int has_store(const program *p)
{
	const char *named = getenv("AIM_STORE");
	return p->global.store || (named && *named) || access(store_path(p), F_OK) == 0;
}

int open_context(program *p)
{
	aim_error err = {0};
	aim_status rc = p->ctx ? AIM_OK : aim_ctx_new(NULL, &p->ctx, &err);
	return rc == AIM_OK ? EXIT_OK : failed("cannot start", rc, &err);
}

int open_log(program *p, const char *log_name, int how)
{
	static const uint32_t by_how[] = {AIM_SQLITE_MUST_EXIST | AIM_SQLITE_READ_ONLY, AIM_SQLITE_MUST_EXIST, 0};
	aim_error err = {0};
	aim_audit_options o = {.struct_size = sizeof o};
	const char *path = store_path(p);
	int code = open_context(p);
	if (code != EXIT_OK)
		return code;
	uint32_t flags = by_how[how];
	if (how == TO_MAKE && access(path, F_OK) != 0 && !is_quiet(p))
		say("making the store %s", path);
	aim_status rc = store_open(p->ctx, path, flags, &p->store);
	if (rc == AIM_E_NOT_FOUND)
		say("'aim agent register' and 'aim mcp register' make a store; --store FILE, or AIM_STORE, names another one");
	if (rc != AIM_OK)
		return EXIT_FILE;
	o.name = aim_str_from(log_name);
	rc = aim_audit_open(p->store, &o, &p->log, &err);
	if (rc == AIM_OK)
		return EXIT_OK;
	say_store_error(path, rc, &err);
	return rc == AIM_E_INVALID ? EXIT_USAGE : exit_of(rc);
}

aim_buf *new_buf(program *p)
{
	aim_buf *buf = NULL;
	if (aim_buf_new(p->ctx, &buf) != AIM_OK)
		say("out of memory");
	return buf;
}

int close_all(program *p)
{
	aim_error err = {0};
	aim_registry_free(p->registry);
	aim_status rc = aim_audit_close(p->log, &err);
	aim_store_free(p->store);
	aim_ctx_free(p->ctx);
	if (rc == AIM_OK)
		return EXIT_OK;
	say_error("the last audit records could not be written", rc, &err);
	return EXIT_FILE;
}
