/* assess/advisory.h — records of OSV, kept as the documents they are, and what they say about a package. */
#ifndef AIM_ASSESS_ADVISORY_H
#define AIM_ASSESS_ADVISORY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/os.h"

#include <aim/advisory.h>
#include <aim/json.h>

#define AIM__ADVISORY_MAX_ID 256u

/* --- one record (advisory_record.c) --------------------------------------------------------------------------------------- */

#define AIM__ADVISORY_BROKEN 2u /* beside AIM_ADVISORY_MANUAL: its form is not OSV's, but its packages can be told */

typedef struct aim__advisory_record {
	aim_json *doc; /* owned; its root is the record */
	aim_str id;
	size_t len; /* of the text */
	uint32_t flags;
	uint32_t withdrawn;
	uint32_t severity;
	uint32_t score;
} aim__advisory_record;

/* Reads one record. AIM_OK with *out owned; AIM_E_ADVISORY with *out set when it is broken and NULL when not even its
 * packages can be told, or when all is well but a severity; err says where. AIM_E_NOMEM, AIM_E_LIMIT, AIM_E_JSON_… */
aim_status aim__advisory_record_read(const aim_ctx *ctx, aim_bytes text, aim__advisory_record **out, aim_error *err);
void aim__advisory_record_free(const aim_ctx *ctx, aim__advisory_record *record);

/* Ecosystem and name of an entry of "affected"; 0 for an entry about no package. */
int aim__advisory_package_of(const aim_json *doc, aim_json_value affected, aim_str *ecosystem, aim_str *name);

/* --- what a record says (advisory_match.c) -------------------------------------------------------------------------------- */

typedef struct aim__advisory_match {
	uint32_t status; /* AIM_ADVISORY_CLEAN: not this package or not this version */
	uint32_t reason;
	aim_str fixed;
} aim__advisory_match;

aim__advisory_match aim__advisory_match_record(const aim__advisory_record *record, const aim_advisory_package *package);
/* Whether two names mean one package, as the ecosystem reads them. */
int aim__advisory_same_name(aim_str ecosystem, aim_str record_name, aim_str name);

/* --- many records (advisory_read.c) --------------------------------------------------------------------------------------- */

/* What one text holds. */
typedef struct aim__advisory_text {
	aim__advisory_record **items;
	size_t n, cap;
	uint64_t bytes;
	uint64_t n_unreadable; /* that may be about anything */
	aim_status status; /* AIM_OK, or AIM_E_ADVISORY: some are malformed */
	aim_error first;
} aim__advisory_text;

/* AIM_OK also when some are malformed: see status; else nothing is kept. */
aim_status aim__advisory_text_read(aim_ctx *ctx, aim_bytes text, size_t max, aim_diagnostics *problems,
                                   aim__advisory_text *out, aim_error *err);
void aim__advisory_text_free(const aim_ctx *ctx, aim__advisory_text *text);

/* --- the set (advisory.c, advisory_index.c) ------------------------------------------------------------------------------------------------- */

typedef struct aim__advisory_answer {
	uint8_t *key;
	size_t key_len;
	int64_t fetched_us;
	aim__advisory_text text;
} aim__advisory_answer;

struct aim_advisory {
	aim_ctx *ctx;
	aim_advisory_options options;
	aim__mutex lock; /* guards all below */
	uint64_t references;
	aim__map by_id;   /* record */
	aim__map by_name; /* first link of a chain */
	uint64_t bytes;
	uint64_t n_unreadable;
	aim__advisory_answer *answers;
	size_t n_answers, cap_answers;
	uint64_t answer_bytes;
	aim__map ecosystems; /* that loaded records name; keys owned */
};

/* A record's place among those of one name. */
typedef struct aim__advisory_link {
	struct aim__advisory_link *next;
	aim__advisory_record *record;
	size_t key_len;
	uint8_t key[]; /* of the whole chain */
} aim__advisory_link;

/* Under which a name is found: ecosystem without release, NUL, the name as the ecosystem reads it. Cleared first. */
aim_status aim__advisory_key(aim_buf *out, aim_str ecosystem, aim_str name);
aim_advisory *aim__advisory_ref(aim_advisory *set);

/* Under the lock. take owns the record on AIM_OK, and frees one with the same id. AIM_E_NOMEM, AIM_E_LIMIT. */
aim_status aim__advisory_take(aim_advisory *set, aim__advisory_record *record);
aim__advisory_record *aim__advisory_find(const aim_advisory *set, aim_str id);
void aim__advisory_drop(aim_advisory *set, aim__advisory_record *record);

/* --- fetched answers (advisory_cache.c) ----------------------------------------------------------------------------------- */

/* Under the lock: the fresh answer about a package, or NULL. */
const aim__advisory_answer *aim__advisory_cached(aim_advisory *set, aim_bytes key, int64_t now_us);
/* Takes text over (also on failure). */
aim_status aim__advisory_keep(aim_advisory *set, aim_bytes key, int64_t now_us, aim__advisory_text *text);
void aim__advisory_cache_clear(aim_advisory *set);

#endif
