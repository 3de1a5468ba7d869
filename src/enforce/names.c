/* enforce/names.c — interning names together with their folded forms. Layer enforce; knows no rule. */
#include "enforce/names.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "enforce/pattern.h"

#define FIRST_CAP 16u
#define MAX_NAMES (UINT32_MAX / 2) /* the index uses the upper half for prefixes */

void aim__names_init(aim__names *names, const aim_ctx *ctx)
{
	aim__map_init(&names->map, ctx, MAX_NAMES);
	names->folds = NULL;
	names->n = names->cap = names->longest = 0;
}

void aim__names_dispose(aim__names *names)
{
	aim__free(names->map.ctx, names->folds, names->cap * sizeof *names->folds);
	aim__map_dispose(&names->map);
	names->folds = NULL;
	names->n = names->cap = 0;
}

/* Adds a text that is not there; it must live as long as names. */
static aim_status append(aim__names *names, aim_str text, uint32_t *out_id)
{
	void *folds = names->folds;
	aim_status rc = aim__grow(names->map.ctx, &folds, &names->cap, names->n + 1,
	                          sizeof *names->folds, FIRST_CAP, MAX_NAMES);
	names->folds = folds;
	if (rc == AIM_OK)
		rc = aim__map_add(&names->map, aim_bytes_from_str(text), names->n);
	if (rc != AIM_OK)
		return rc;
	*out_id = (uint32_t)names->n;
	names->folds[names->n++] = *out_id;
	if (text.len > names->longest)
		names->longest = text.len;
	return AIM_OK;
}

static aim_status intern(aim__names *names, aim__arena *arena, aim_str text, uint32_t *out_id)
{
	const uintptr_t *found = aim__map_find(&names->map, aim_bytes_from_str(text));
	if (found) {
		*out_id = (uint32_t)*found;
		return AIM_OK;
	}
	aim_str copy = aim__arena_copy(arena, text);
	return copy.ptr ? append(names, copy, out_id) : AIM_E_NOMEM;
}

aim_status aim__names_add(aim__names *names, aim__arena *arena, aim_str text, aim__name_ids *out)
{
	aim__name_ids ids;
	char folded[AIM__FACT_MAX];
	aim_status rc = intern(names, arena, text, &ids.id);
	if (rc != AIM_OK)
		return rc;
	aim_str key = {folded, aim__name_fold(folded, sizeof folded, text)};
	rc = intern(names, arena, key, &ids.fold);
	if (rc != AIM_OK)
		return rc;
	names->folds[ids.id] = ids.fold;
	*out = ids;
	return AIM_OK;
}

aim__name_ids aim__names_find(const aim__names *names, aim_str text)
{
	aim__name_ids ids = {AIM__NAME_NONE, AIM__NAME_NONE};
	if (text.len > names->longest)
		return ids;
	const uintptr_t *found = aim__map_find(&names->map, aim_bytes_from_str(text));
	if (found) {
		ids.id = (uint32_t)*found;
		ids.fold = names->folds[ids.id];
	} else if (!aim__name_is_folded(text)) {
		char folded[AIM__FACT_MAX];
		aim_str key = {folded, aim__name_fold(folded, sizeof folded, text)};
		found = aim__map_find(&names->map, aim_bytes_from_str(key));
		ids.fold = found ? (uint32_t)*found : AIM__NAME_NONE;
	}
	return ids;
}
