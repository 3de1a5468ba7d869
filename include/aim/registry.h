/** aim/registry.h — who takes part: agents, servers, which agent uses which server, and what each may
 *  do. An aim_registry is locked.
 *
 *      aim_registry *registry = NULL;
 *      aim_registry_open(log, NULL, &registry, &err);      // log: aim_audit_open() on a store
 *      aim_agent_register(registry, &spec, &agent, &err);   // aim/agent.h
 *      ...
 *      aim_registry_free(registry);
 *
 *  Everything is kept in the store under the log, and every change commits in the same batch as its
 *  audit record: there is no change without evidence. Any number of registries, in any number of
 *  processes, may work on one store.
 *
 *  A registry sees one namespace. Names are unique inside it; subjects of other namespaces are not
 *  found and not listed.
 */
#ifndef AIM_REGISTRY_H
#define AIM_REGISTRY_H

#include <aim/audit.h>

AIM_BEGIN_DECLS

typedef struct aim_registry aim_registry;

/** @since 0.1 */
typedef struct aim_registry_options {
	uint32_t struct_size;
	uint32_t flags;     /**< 0 */
	aim_str name_space; /**< in, copied; rules of a name; empty: "default" */
	uint32_t max_staleness_ms; /**< until a change by another process is seen by what caches; 0: 1 000 */
	uint32_t reserved;         /**< 0 */
} aim_registry_options;

/** Status of an agent or a server. 0 is none of them. @since 0.1 */
#define AIM_REGISTRY_PENDING 1u
#define AIM_REGISTRY_VERIFIED 2u
#define AIM_REGISTRY_SUSPENDED 3u
#define AIM_REGISTRY_REVOKED 4u /**< terminal */

/** Flags of a move. @since 0.1 */
#define AIM_REGISTRY_SECURITY 1u /**< suspend for a security reason: lifting needs OVERRIDE */
#define AIM_REGISTRY_OVERRIDE 2u /**< lift a security suspension; needs a reason */
#define AIM_REGISTRY_FROM_PENDING 4u /**< only when it is pending, else AIM_E_STATE */

/** A move to another status. Allowed are pending → verified; pending, verified → suspended;
 *  suspended → verified; any → revoked. Moving to the present status changes nothing and succeeds.
 *  @since 0.1 */
typedef struct aim_registry_move {
	uint32_t struct_size;
	uint32_t flags;    /**< AIM_REGISTRY_SECURITY, AIM_REGISTRY_OVERRIDE, AIM_REGISTRY_FROM_PENDING */
	uint32_t status;   /**< AIM_REGISTRY_* */
	uint32_t reserved; /**< 0 */
	aim_str reason;    /**< in; kept with the subject and in the audit record; ≤ 1 024 bytes */
	aim_str actor;     /**< in; who decided, for the audit record */
} aim_registry_move;

/** Opens a registry on the store under log.
 *  @param log      in; kept alive until the registry is freed
 *  @param options  in, borrowed, may be NULL     @param out  out, owned; aim_registry_free()
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_VERSION, AIM_E_ID_NAME
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_registry_open(aim_audit *log,
                                                      const aim_registry_options *options,
                                                      aim_registry **out, aim_error *err);

/** Gives up the caller's reference; handles of agents, servers and baselines keep working. NULL is
 *  ignored.  Threads: any.  @since 0.1 */
AIM_API void aim_registry_free(aim_registry *registry);

/** The namespace, borrowed from the registry.  Threads: const.  Allocates: no.  @since 0.1 */
AIM_API aim_str aim_registry_name_space(const aim_registry *registry);

/** A number that moves whenever agents, servers, keys, grants or delegations may have changed: whatever a
 *  host remembers of them under another number is to be read again. Ask first, read then, and keep what was
 *  read under the number that was answered. Changes through this handle move it at once; those of other
 *  handles and processes when max_staleness_ms have passed since the store was last asked, which costs
 *  one read then and nothing in between.
 *  Moved everywhere by: registering an agent or server; each change of a status, a field, a key, a family;
 *  grants given, taken, requested and decided; a chain of delegations recorded, a link revoked; attestations
 *  shown. Moved in this handle only by: links of agents and servers, baselines, scores of trust. By nothing:
 *  sessions, because aim_session_validate() always reads the store.
 *  @param now_us  in, the caller's clock; one that steps back asks the store
 *  @param out     out, never 0, set only on AIM_OK
 *  @return AIM_OK, AIM_E_INVALID, AIM_E_NOMEM, or the store's: then nothing remembered may be used
 *  Threads: locked.  Allocates: only when it asks the store.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_registry_generation(aim_registry *registry, int64_t now_us,
                                                            uint64_t *out, aim_error *err);

/** "pending", "verified", "suspended", "revoked"; "unknown" for anything else.
 *  @return static text, never NULL.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API const char *aim_registry_status_name(uint32_t status);

/** The status of a name: those of aim_registry_status_name(), and "active", which is verified.
 *  @return AIM_REGISTRY_*; 0 for any other text.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API uint32_t aim_registry_status_of(aim_str name);

/** Whether a subject may move from one status to another, by the table alone.
 *  @return 1 or 0.  Threads: any.  Allocates: no.  @since 0.1 */
AIM_API int32_t aim_registry_move_allowed(uint32_t from, uint32_t to);

AIM_END_DECLS

#endif
