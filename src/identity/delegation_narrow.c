/* identity/delegation_narrow.c — the rules of a chain as a table, and those that hold between a link and the one
 * before. Layer identity; pure but for messages. */
#include "identity/delegation.h"

#include "base/error.h"
#include "base/format.h"
#include "identity/pattern.h"

#include <string.h>

static const struct {
	const char *name;
	aim_status status;
	const char *sentence; /* behind "link N: " */
} rules[] = {
	[AIM_DELEGATION_UNVERIFIED] = {"unverified", AIM_E_DELEGATION, "not verified"},
	[AIM_DELEGATION_VALID] = {"valid", AIM_OK, "valid"},
	[AIM_DELEGATION_LENGTH] = {"length", AIM_E_DELEGATION, "the chain has more links than are allowed"},
	[AIM_DELEGATION_SPONSOR] = {"sponsor", AIM_E_UNTRUSTED_KEY, "its parent is not a trusted sponsor"},
	[AIM_DELEGATION_DELEGATOR] = {"delegator", AIM_E_DELEGATION,
	                              "no link of the chain was granted by the delegator that was asked for"},
	[AIM_DELEGATION_AGENT] = {"agent", AIM_E_DELEGATION, "its child is not the agent that was asked for"},
	[AIM_DELEGATION_DEPTH] = {"depth", AIM_E_DELEGATION, "its depth is not its place in the chain"},
	[AIM_DELEGATION_PARENT] = {"parent", AIM_E_DELEGATION, "its parent is not the child of the link before"},
	[AIM_DELEGATION_HASH] = {"hash", AIM_E_DELEGATION, "it follows another link than the one before"},
	[AIM_DELEGATION_WIDER] = {"wider", AIM_E_DELEGATION, "the link before does not cover a capability of it"},
	[AIM_DELEGATION_WINDOW] = {"window", AIM_E_DELEGATION, "it begins before or ends behind the link before"},
	[AIM_DELEGATION_USER] = {"user", AIM_E_DELEGATION, "it acts for another user, or with more, than the link before"},
	[AIM_DELEGATION_EARLY] = {"early", AIM_E_FUTURE, "it is not yet in force"},
	[AIM_DELEGATION_EXPIRED] = {"expired", AIM_E_EXPIRED, "it is expired"},
	[AIM_DELEGATION_USER_EXPIRED] = {"user_expired", AIM_E_EXPIRED, "what the user allowed is expired"},
	[AIM_DELEGATION_REVOKED] = {"revoked", AIM_E_DELEGATION_REVOKED, "it is revoked"},
	[AIM_DELEGATION_INACTIVE] = {"inactive", AIM_E_ID_STATUS, "an agent of it is not active"},
	[AIM_DELEGATION_KEY] = {"key", AIM_E_UNTRUSTED_KEY, "its parent's key is unknown, or not valid for it"},
	[AIM_DELEGATION_SIGNATURE] = {"signature", AIM_E_SIGNATURE, "it is not signed by its parent"},
	[AIM_DELEGATION_OWNER] = {"owner", AIM_E_DELEGATION_FAMILY,
	                          "its child belongs to another owner than the agent above it"},
	[AIM_DELEGATION_CEILING] = {"ceiling", AIM_E_DELEGATION_FAMILY,
	                            "its child's trust ceiling is higher than that of the agent above it"},
	[AIM_DELEGATION_SCOPE] = {"scope", AIM_E_DELEGATION_SCOPE, "it does not delegate the capability that was asked for"},
};

#define N_RULES (sizeof rules / sizeof *rules)

const char *aim_delegation_rule_name(uint32_t rule)
{
	return rule < N_RULES ? rules[rule].name : "unknown";
}

aim_status aim__delegation_broken(uint32_t rule, size_t i, aim_str what, aim_error *err)
{
	if (what.len)
		return aim__fail(err, rules[rule].status, AIM_LAYER_IDENTITY, "link %zu: %s: %.*s", i,
		                 rules[rule].sentence, AIM__STR(what));
	return aim__fail(err, rules[rule].status, AIM_LAYER_IDENTITY, "link %zu: %s", i, rules[rule].sentence);
}

aim_str aim__delegation_covering(const aim__delegation_link *link, aim_str capability)
{
	aim_str none = {NULL, 0};
	for (size_t i = 0; i < link->capabilities.n; i++)
		if (aim__capability_covers(link->capabilities.items[i], capability))
			return link->capabilities.items[i];
	return none;
}

/* The first capability that nothing in the link before covers; empty when all are. */
static aim_str wider(const aim__delegation_link *before, const aim__delegation_link *link)
{
	aim_str none = {NULL, 0};
	for (size_t i = 0; i < link->capabilities.n; i++)
		if (aim__delegation_covering(before, link->capabilities.items[i]).len == 0)
			return link->capabilities.items[i];
	return none;
}

static int holds(const aim__text_list *list, aim_str text)
{
	for (size_t i = 0; i < list->n; i++)
		if (aim_str_equal(list->items[i], text))
			return 1;
	return 0;
}

/* The first of more that is not in list; empty when all are. */
static aim_str outside(const aim__text_list *list, const aim__text_list *more)
{
	aim_str none = {NULL, 0};
	for (size_t i = 0; i < more->n; i++)
		if (!holds(list, more->items[i]))
			return more->items[i];
	return none;
}

/* No user is a user too: who acted for nobody in particular cannot begin to act for Ana, nor the reverse. */
static int same_or_less(const aim__delegation_user *before, const aim__delegation_user *user, aim_str *out_what)
{
	if (!aim_str_equal(before->id, user->id) || !aim_str_equal(before->email, user->email))
		return 0;
	if (before->expires_at_s && (!user->expires_at_s || user->expires_at_s > before->expires_at_s))
		return 0;
	*out_what = outside(&before->roles, &user->roles);
	if (out_what->len == 0)
		*out_what = outside(&before->permissions, &user->permissions);
	return out_what->len == 0;
}

static uint32_t follows(const aim__delegation_link *before, const aim__delegation_link *link, aim_str *out_what)
{
	if (!aim_str_equal(before->child, link->parent))
		return AIM_DELEGATION_PARENT;
	if (memcmp(before->hash, link->previous, sizeof link->previous) != 0)
		return AIM_DELEGATION_HASH;
	*out_what = wider(before, link);
	if (out_what->len)
		return AIM_DELEGATION_WIDER;
	if (link->not_before_s < before->not_before_s || link->expires_at_s > before->expires_at_s)
		return AIM_DELEGATION_WINDOW;
	return same_or_less(&before->user, &link->user, out_what) ? AIM_DELEGATION_VALID : AIM_DELEGATION_USER;
}

uint32_t aim__delegation_narrows(const aim_delegation *chain, size_t i, aim_str *out_what)
{
	static const uint8_t none[32];
	aim_str ignored;
	const aim__delegation_link *link = &chain->links[i];
	aim_str *what = out_what ? out_what : &ignored;
	*what = (aim_str){NULL, 0};
	if (link->depth != i)
		return AIM_DELEGATION_DEPTH;
	if (i > 0)
		return follows(&chain->links[i - 1], link, what);
	return memcmp(link->previous, none, sizeof none) == 0 ? AIM_DELEGATION_VALID : AIM_DELEGATION_HASH;
}
