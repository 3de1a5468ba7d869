/* assess/verdict.h — what the scanner said of a definition, kept in the store, so that another connection need not scan
 * it again.
 *
 *     scan-verdict/<rules>/<fingerprint>   {"severity":…,"scanned_at":…}; forgotten after 90 days
 *
 * rules names the built-in rules and the code that applies them: what others said is not found. */
#ifndef AIM_ASSESS_VERDICT_H
#define AIM_ASSESS_VERDICT_H

#include <aim/fingerprint.h>
#include <aim/registry.h>

#define AIM__VERDICTS_MAX 16u /* in one transaction */

typedef struct aim__verdict_kept {
	uint8_t surface[AIM_FINGERPRINT_LEN];
	uint32_t severity; /* AIM_SCAN_*; 0: nothing was found */
} aim__verdict_kept;

/* The verdict on that very definition under these very rules, with the built-in options. AIM_OK, AIM_E_NOT_FOUND (err
 * untouched), AIM_E_NOMEM, AIM_E_STORE_CORRUPT, or the store's. */
aim_status aim__verdict_find(aim_registry *registry, const uint8_t surface[AIM_FINGERPRINT_LEN], uint32_t *out_severity,
                             aim_error *err);
/* Keeps at most AIM__VERDICTS_MAX of them, definitions of that server, with an audit record of kind "scan_verdicts". */
aim_status aim__verdict_keep(aim_registry *registry, aim_str server, const aim__verdict_kept *verdicts, size_t n,
                             aim_error *err);

#endif
