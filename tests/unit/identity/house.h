/* tests/unit/identity/house.h — a registry over a memory store, and what tests of it look at. */
#ifndef AIM_TESTS_IDENTITY_HOUSE_H
#define AIM_TESTS_IDENTITY_HOUSE_H

#include "support.h"

#include <aim/agent.h>
#include <aim/grant.h>
#include <aim/link.h>
#include <aim/server.h>

#define S(text) aim_str_from(text)

typedef struct house {
	test_heap heap;
	aim_ctx *ctx;
	aim_store *store;
	aim_audit *log;
	aim_registry *registry;
} house;

/* cmocka setup and teardown: *state is the house. */
int house_setup(void **state);
int house_teardown(void **state);

/* The same without assertions, for allocation failures. On failure everything is freed. */
aim_status house_open(aim_ctx *ctx, aim_store **store, aim_audit **log, aim_registry **registry);
void house_close(aim_store *store, aim_audit *log, aim_registry *registry);

/* Registers with a name (and nothing else that matters); the id goes to out_id (37 bytes). */
void house_agent(house *h, const char *name, char *out_id);
void house_server(house *h, const char *name, char *out_id);

/* How many records of a kind the log holds; kind NULL: all. */
size_t house_records(house *h, const char *kind);
/* The last record, NUL-terminated, in a buffer of the house's; valid until the next call. */
const char *house_last_record(house *h);

/* Overwrites a stored value behind everyone's back. */
void house_damage(house *h, const char *key, const char *value);

#endif
