/* identity/check.h — what text from outside must look like before it is kept. `what` begins the
 * message ("agent name"). Nothing allocates. */
#ifndef AIM_IDENTITY_CHECK_H
#define AIM_IDENTITY_CHECK_H

#include "store/text.h"

#define AIM__TEXT_MAX 4096u   /* descriptions, commands, arguments, resource patterns */
#define AIM__REASON_MAX 1024u
#define AIM__URL_MAX 2048u
#define AIM__LIST_MAX 256u
#define AIM__DID_MAX 256u

/* An e-mail address as far as an owner needs one: something, '@', something. AIM_OK, AIM_E_ID_NAME. */
aim_status aim__check_email(const aim_ctx *ctx, const char *what, aim_str text, aim_error *err);
/* One of the schemes, a host where the scheme needs one, no user part. schemes is a list ended by
 * NULL ("https"). AIM_OK, AIM_E_INVALID. */
aim_status aim__check_url(const char *what, aim_str url, const char *const *schemes, aim_error *err);
/* Names of environment variables, never with values. AIM_OK, AIM_E_INVALID. */
aim_status aim__check_env_names(const aim_str *names, size_t n, aim_error *err);
/* A list of texts ≤ AIM__TEXT_MAX. AIM_OK, AIM_E_INVALID, AIM_E_LIMIT. */
aim_status aim__check_texts(const char *what, const aim_str *texts, size_t n, aim_error *err);
/* Declared capabilities: no wildcards. AIM_OK, AIM_E_INVALID, AIM_E_ID_CAPABILITY, AIM_E_LIMIT. */
aim_status aim__check_capabilities(const aim_ctx *ctx, const aim_str *items, size_t n, aim_error *err);
/* 1 for the syntax of a DID (DID Core §3.1), of at most AIM__DID_MAX bytes. */
int aim__did_valid(aim_str did);

#endif
