/* identity/agent.h — an agent's record. */
#ifndef AIM_IDENTITY_AGENT_H
#define AIM_IDENTITY_AGENT_H

#include "identity/subject.h"

#include <aim/agent.h>

struct aim_agent {
	aim__subject subject;
	aim_str organization, parent;
	uint64_t depth;              /* parents above it */
	uint64_t trust_ceiling_micro; /* 0: not bounded */
	uint32_t type;
	uint32_t owner_verified;
};

/* Fills in what a draft has of its parent, which is found and returned in *out_parent: the draft borrows
 * from it. AIM_OK, AIM_E_NOT_FOUND, AIM_E_ID_STATUS, AIM_E_LIMIT, AIM_E_INVALID (another owner), … */
aim_status aim__agent_inherit(aim_registry *registry, aim_agent *draft, aim_agent **out_parent,
                              aim_error *err);

#endif
