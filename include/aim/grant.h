/** aim/grant.h — what an agent may do: grants of capabilities on resources, with expiry, and deny
 *  grants that win over all others.
 *
 *      aim_grant_spec spec = {.struct_size = sizeof spec};
 *      spec.agent = agent_id;
 *      spec.capability = aim_str_from("files:*");
 *      spec.resource = aim_str_from("report-*");
 *      rc = aim_grant_add(registry, &spec, NULL, &err);
 *      ...
 *      if (aim_grant_check(registry, agent_id, aim_str_from("files:read"), path, now_s, &err) == AIM_OK)
 *          allow();
 *
 *  A capability is one or more segments of [A-Za-z0-9_.-] joined by ':'. In a grant a segment may be
 *  '*': inside it stands for exactly one segment, at the end for one or more. So "files:*" covers
 *  "files:read" and "files:read:meta" but neither "files" nor "filesystem:read".
 *
 *  A resource pattern is compared segment by segment, split at '/': '*' and '?' match inside a
 *  segment, a segment that is "**" matches any number of segments, none included. No pattern: any
 *  resource. A resource with a ".." segment is never allowed by a pattern, because what it names is
 *  not what it looks like; deny grants still match it, and they match an unknown (empty) resource.
 */
#ifndef AIM_GRANT_H
#define AIM_GRANT_H

#include <aim/registry.h>

AIM_BEGIN_DECLS

#define AIM_GRANT_DENY 1u /**< forbids; wins over every allowing grant */

/** "grt_", 32 hex digits and the NUL. @since 0.1 */
#define AIM_GRANT_ID_SIZE 37

/** One grant, in and out. @since 0.1 */
typedef struct aim_grant_spec {
	uint32_t struct_size;
	uint32_t flags;       /**< AIM_GRANT_DENY */
	aim_str agent;        /**< agent id */
	aim_str capability;   /**< pattern, ≤ limits.max_name_bytes */
	aim_str resource;     /**< pattern, ≤ 4 096 bytes; empty: any */
	int64_t expires_at_s; /**< Unix seconds: no effect from then on; 0: never */
	aim_str reason;       /**< kept with the grant; ≤ 1 024 bytes */
	aim_str actor;        /**< who granted it */
} aim_grant_spec;

/** Adds a grant. Audit: capability_granted.
 *  @param spec    in, borrowed
 *  @param out_id  out, AIM_GRANT_ID_SIZE bytes, may be NULL; set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_VERSION, AIM_E_ID_CAPABILITY (a pattern that is none),
 *          AIM_E_ID_NAME (actor), AIM_E_NOT_FOUND (no such agent), AIM_E_ID_STATUS (it is revoked), AIM_E_LIMIT (1 024 grants
 *          of one agent), AIM_E_CONFLICT, AIM_E_NOMEM, AIM_E_RANDOM, AIM_E_CLOCK, or the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_grant_add(aim_registry *registry,
                                                  const aim_grant_spec *spec, char *out_id,
                                                  aim_error *err);

/** Takes a grant away. Audit: capability_revoked.
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_ID_NAME (actor), AIM_E_NOT_FOUND, AIM_E_CONFLICT, AIM_E_NOMEM,
 *          AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_grant_remove(aim_registry *registry, aim_str agent,
                                                     aim_str id, aim_str actor, aim_error *err);

/** Receives one grant and its id, borrowed for the call; the registry may be used inside. A non-zero
 *  result ends the walk and is returned by it. @since 0.1 */
typedef aim_status (*aim_grant_visit)(void *user, aim_str id, const aim_grant_spec *grant);

/** All grants of an agent, expired ones too, oldest first.
 *  @return AIM_OK (also when there are none), AIM_E_INVALID, AIM_E_NOMEM, AIM_E_STORE_CORRUPT, what
 *          visit returned, or the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_grant_list(aim_registry *registry, aim_str agent,
                                                   aim_grant_visit visit, void *user,
                                                   aim_error *err);

/** Whether the grants of an agent allow a capability on a resource at a time. Looks at grants only:
 *  not at the agent's status, trust or policy.
 *  @param capability  in: without wildcards     @param resource  in: empty when there is none
 *  @return AIM_OK only for allow; AIM_DENIED (a deny grant, or none that allows; err says which),
 *          AIM_E_INVALID, AIM_E_ID_CAPABILITY, AIM_E_NOMEM, AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_grant_check(aim_registry *registry, aim_str agent,
                                                    aim_str capability, aim_str resource,
                                                    int64_t now_s, aim_error *err);

AIM_END_DECLS

#endif
