/* enforce/names.h — names of one kind (tools, agents, …) as small numbers. Confined while names are
 * added, immutable afterwards. */
#ifndef AIM_ENFORCE_NAMES_H
#define AIM_ENFORCE_NAMES_H

#include "base/arena.h"
#include "base/map.h"

#define AIM__NAME_NONE UINT32_MAX

typedef struct aim__names {
	aim__map map;     /* name → id */
	uint32_t *folds;  /* id → id of the folded form, which is always there too */
	size_t n;
	size_t cap;
	size_t longest;   /* bytes of the longest name: longer ones need no look-up */
} aim__names;

/* What a name of a request is: both AIM__NAME_NONE when no name here is or folds like it. */
typedef struct aim__name_ids {
	uint32_t id;   /* of these very bytes */
	uint32_t fold; /* of the folded form */
} aim__name_ids;

void aim__names_init(aim__names *names, const aim_ctx *ctx);
void aim__names_dispose(aim__names *names);
/* Copies text, and its folded form when that differs, into arena unless it is known. At most AIM__FACT_MAX
 * bytes. AIM_OK, AIM_E_NOMEM, AIM_E_LIMIT. */
aim_status aim__names_add(aim__names *names, aim__arena *arena, aim_str text, aim__name_ids *out);
aim__name_ids aim__names_find(const aim__names *names, aim_str text);

#endif
