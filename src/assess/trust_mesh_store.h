/* assess/trust_mesh_store.h — how `mesh-5` is stored, and one change of it.
 *
 *     trustmesh/<namespace>/<subject>                       the counters, and how many changes they had
 *     trustmesh-event/<namespace>/<subject>/<id>            an interaction that was counted; goes after 90 days
 *     trustmesh-history/<namespace>/<subject>/<number mod 1000>
 *
 * A subject is the id of what is registered, or the DID of a stranger. The version of trustmesh/… is the lock of all
 * of them. */
#ifndef AIM_ASSESS_TRUST_MESH_STORE_H
#define AIM_ASSESS_TRUST_MESH_STORE_H

#include "identity/batch.h"
#include "identity/check.h"
#include "identity/subject.h"

#include <aim/trustmesh.h>

#define AIM__MESH_STATE "trustmesh/"
#define AIM__MESH_EVENT "trustmesh-event/"
#define AIM__MESH_HISTORY "trustmesh-history/"

typedef struct aim__mesh_stored_event {
	aim_str subject, id, source;
	uint32_t outcome, reserved;
	int64_t time_us;
} aim__mesh_stored_event;

typedef struct aim__mesh_stored_change {
	aim_str subject, cause, event, source;
	uint64_t number;
	uint64_t before[AIM_TRUSTMESH_COUNTERS], after[AIM_TRUSTMESH_COUNTERS];
	uint32_t outcome, old_tier, new_tier, reserved;
	int64_t time_us;
} aim__mesh_stored_change;

extern const aim__fields aim__mesh_event_table, aim__mesh_change_table;

/* A subject's counters, read, and the batch of a change to them. On the heap: it is some kilobytes. */
typedef struct aim__mesh_work {
	aim_registry *registry; /* borrowed */
	aim__subject *found;    /* NULL: a stranger */
	char name[AIM__DID_MAX + 1];
	uint32_t ceiling; /* 0 … 1000 */
	uint32_t reserved;
	int64_t now_us;
	uint64_t version; /* of the state in the store; 0: there is none */
	uint64_t n_changes;
	aim_trustinterop_mesh before, after;
	aim__batch batch;
	aim__record record;
	aim__arena arena;
	aim_buf key;
} aim__mesh_work;

/* NULL when memory runs out. */
aim__mesh_work *aim__mesh_work_new(aim_registry *registry);
void aim__mesh_work_free(aim__mesh_work *w);

/* Finds whom the text names: a registered subject, or a stranger by its DID. AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND (no
 * such id), … */
aim_status aim__mesh_find(aim__mesh_work *w, aim_str subject, aim_error *err);
/* Reads the counters of who was found, as they count now; may be called again. */
aim_status aim__mesh_load(aim__mesh_work *w, const aim_trustmesh_options *options, aim_error *err);
/* Reads a record of the subject into out (zeroed), last being the end of its key, if any; its text lives until the next
 * load. AIM_E_NOT_FOUND: err untouched. */
aim_status aim__mesh_get(aim__mesh_work *w, const char *prefix, aim_str last, const aim__fields *table, void *out,
                         size_t size, aim_error *err);
/* Adds counters, event id, history and audit records of an interaction that made after of before, and commits.
 * AIM_E_CONFLICT: load and try again. */
aim_status aim__mesh_commit(aim__mesh_work *w, const aim_trustmesh_interaction *interaction, aim_error *err);

void aim__mesh_counters(const aim_trustinterop_mesh *mesh, uint32_t out[AIM_TRUSTMESH_COUNTERS]);

#endif
