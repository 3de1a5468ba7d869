/* enforce/names.h — names of one kind (tools, agents, …) as small numbers. Confined while names are
 * added, immutable afterwards. */
#ifndef AIM_ENFORCE_NAMES_H
#define AIM_ENFORCE_NAMES_H

#include "base/arena.h"

/* The facts of a request that are names. A new one: a case in fact_text() of policy_decide.c and a
 * member of the reader. */
enum {
	AIM__FACT_TOOL,
	AIM__FACT_AGENT,
	AIM__FACT_DID,
	AIM__FACT_SERVER,
	AIM__FACT_RESOURCE,
	AIM__FACT_ACTION,
	AIM__FACT_COUNT
};

#define AIM__NAME_NONE (UINT32_MAX - 1u)
#define AIM__NAME_MAX ((1u << 28) - 1u) /* names of one kind; a number fits an operand of a condition */

typedef struct aim__name {
	const char *ptr;
	uint32_t len;
	uint32_t fold; /* number of the folded form, which is always there too */
} aim__name;

/* What a look-up goes on with stands in the slot: it need not wait for the item and the text, which the processor fetches
 * and compares beside. */
typedef struct aim__name_slot {
	uint32_t hash;         /* half of it */
	uint32_t number_and_2; /* 0: empty */
	uint32_t fold;
	uint32_t len;
} aim__name_slot;

typedef struct aim__names {
	const aim_ctx *ctx; /* borrowed */
	aim__name *items;   /* by number */
	size_t n;
	size_t cap;
	aim__name_slot *slots; /* hash table */
	size_t n_slots;        /* a power of two, 0 before the first name */
	size_t longest;        /* bytes of the longest name: longer ones need no look-up */
} aim__names;

/* What a name of a request is: both AIM__NAME_NONE when no name here is or folds like it. */
typedef struct aim__name_ids {
	uint32_t id;   /* of these very bytes */
	uint32_t fold; /* of the folded form */
} aim__name_ids;

/* The name looked up last, for facts that seldom change from one call to the next. */
#define AIM__MEMO_LEN 60u /* a did:key, and then some */
typedef struct aim__name_memo {
	aim__name_ids ids;
	uint32_t len; /* 0: nothing remembered */
	char text[AIM__MEMO_LEN];
} aim__name_memo;

void aim__names_init(aim__names *names, const aim_ctx *ctx);
void aim__names_dispose(aim__names *names);
/* Copies text, and its folded form when that differs, into arena unless it is known. At most AIM__FACT_MAX
 * bytes. AIM_OK, AIM_E_NOMEM, AIM_E_LIMIT. */
aim_status aim__names_add(aim__names *names, aim__arena *arena, aim_str text, aim__name_ids *out);
aim__name_ids aim__names_find(const aim__names *names, aim_str text);
/* The same through a memo that is used with these names only; text is not empty. */
aim__name_ids aim__names_find_again(const aim__names *names, aim__name_memo *memo, aim_str text);

#endif
