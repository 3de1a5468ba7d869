/** aim/plugin/store_conformance.h — is your store engine right? Runs every rule of aim/plugin/store.h
 *  against it and names each check.
 *
 *      static void print(void *user, const char *check, int32_t passed, const char *detail)
 *      {
 *          printf("%s %s %s\n", passed ? "ok" : "NOT OK", check, detail);
 *      }
 *      ...
 *      aim_store_conformance suite = {.struct_size = sizeof suite, .open = open_mine, .report = print};
 *      rc = aim_store_conformance_run(ctx, &suite, &err);
 *
 *  The suite calls the engine directly, with times of its own. It writes keys and logs of any name, so
 *  give it a database to waste.
 */
#ifndef AIM_PLUGIN_STORE_CONFORMANCE_H
#define AIM_PLUGIN_STORE_CONFORMANCE_H

#include <aim/ctx.h>
#include <aim/plugin/store.h>

AIM_BEGIN_DECLS

/** Nothing outlives close (a store in memory): reopening is not checked. @since 0.1 */
#define AIM_STORE_CONFORMANCE_VOLATILE 1u

/** What the suite needs. @since 0.1 */
typedef struct aim_store_conformance {
	uint32_t struct_size;
	uint32_t flags; /**< AIM_STORE_CONFORMANCE_* */
	/** Gives an engine: with fresh 1 on an empty database, with 0 on that of the call before, whose
	 *  engine is closed by then. Required. */
	aim_status (*open)(void *user, int32_t fresh, aim_store_engine *out, aim_error *err);
	/** Runs body(arg, 0) … body(arg, n − 1), each on a thread of its own, and returns when all have.
	 *  Without it nothing is checked with threads: libaim starts none. Optional. */
	aim_status (*parallel)(void *user, size_t n, void (*body)(void *arg, size_t index), void *arg);
	/** Runs after each check; detail is "" when it passed. Optional. */
	void (*report)(void *user, const char *check, int32_t passed, const char *detail);
	void *user;
} aim_store_conformance;

/** Runs all checks, each on a fresh database. A check that fails does not stop the others.
 *  @param suite  in, borrowed for the call
 *  @param err    out, may be NULL: names the first check that failed
 *  @return AIM_OK when all passed, AIM_E_STORE_ENGINE when one failed, AIM_E_INVALID, AIM_E_VERSION,
 *          AIM_E_NOMEM, or what open returned
 *  Threads: any.  Allocates: yes.  @since 0.1 */
AIM_API AIM_CHECK_RESULT aim_status aim_store_conformance_run(aim_ctx *ctx,
                                                              const aim_store_conformance *suite,
                                                              aim_error *err);

AIM_END_DECLS

#endif
