/** aim/link.h — which agent uses which server. An agent that reaches a server it is not linked to is
 *  drift: `server_unregistered`.
 *
 *      rc = aim_link_add(registry, agent_id, server_id, aim_str_from("ana@example.org"), &err);
 *      ...
 *      if (aim_link_check(registry, agent_id, server_id, NULL, &err) == AIM_E_NOT_FOUND)
 *          report_unregistered_server();
 */
#ifndef AIM_LINK_H
#define AIM_LINK_H

#include <aim/registry.h>

AIM_BEGIN_DECLS

/** One link. Spans are borrowed for as long as the call that gave it says. @since 0.1 */
typedef struct aim_link {
	uint32_t struct_size;
	uint32_t flags;        /**< 0 */
	int64_t first_seen_us; /**< when the link was made */
	int64_t last_seen_us;  /**< the last aim_link_add() */
	aim_str agent;         /**< agent id */
	aim_str server;        /**< server id */
	uint64_t n_connections; /**< how often aim_link_add() was called */
} aim_link;

/** Links an agent to a server, or notes that a link was used again (n_connections, last_seen_us). Audit:
 *  mcp_connection, both times. Neither may be revoked.
 *  @param agent, server  in: ids, in either form     @param actor  in: who decided, may be empty
 *  @return AIM_OK, AIM_E_INVALID (not an id), AIM_E_ID_NAME (actor), AIM_E_NOT_FOUND, AIM_E_ID_STATUS
 *          (one is revoked), AIM_E_CONFLICT, AIM_E_NOMEM, AIM_E_CLOCK, AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_link_add(aim_registry *registry, aim_str agent,
                                                 aim_str server, aim_str actor, aim_error *err);

/** Takes a link away. Audit: mcp_connection with action "unlink".
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_ID_NAME (actor), AIM_E_NOT_FOUND (no such link), AIM_E_CONFLICT,
 *          AIM_E_NOMEM, AIM_E_STORE_CORRUPT, or the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_link_remove(aim_registry *registry, aim_str agent,
                                                    aim_str server, aim_str actor, aim_error *err);

/** Whether an agent is linked to a server.
 *  @param out  out, may be NULL; struct_size set by the caller; its spans are left empty
 *  @return AIM_OK when it is; AIM_E_NOT_FOUND, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_STORE_CORRUPT, or
 *          the store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_link_check(aim_registry *registry, aim_str agent,
                                                   aim_str server, aim_link *out, aim_error *err);

/** Receives one link, borrowed for the call; the registry may be used inside. A non-zero result ends
 *  the walk and is returned by it. @since 0.1 */
typedef aim_status (*aim_link_visit)(void *user, const aim_link *link);

/** The servers of an agent, in order of their ids.
 *  @param after  in: server id to go on behind; empty: from the start     @param limit  0: all
 *  @return AIM_OK (also when there are none), AIM_E_INVALID, AIM_E_NOMEM, AIM_E_STORE_CORRUPT, what
 *          visit returned, or the store's
 *  Threads: locked.  Allocates: yes, independent of the number of links.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_link_list(aim_registry *registry, aim_str agent,
                                                  aim_str after, size_t limit, aim_link_visit visit,
                                                  void *user, aim_error *err);

/** How many agents are linked to a server.
 *  @param out  out, set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOT_FOUND (no such server), AIM_E_NOMEM, AIM_E_STORE_CORRUPT, or the
 *          store's
 *  Threads: locked.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_link_count_agents(aim_registry *registry, aim_str server,
                                                          uint64_t *out, aim_error *err);

AIM_END_DECLS

#endif
