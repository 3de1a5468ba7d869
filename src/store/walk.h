/* store/walk.h — names of records, and walking them a page at a time. */
#ifndef AIM_STORE_WALK_H
#define AIM_STORE_WALK_H

#include "store/store.h"

/* Writes prefix, then the parts joined by '/', into key (cleared first). '/', '%' and controls inside a
 * part become "%2f" and so on, so that no part can reach into its neighbour; a part longer than 256
 * bytes is replaced by "%%" and its SHA-256. AIM_OK, AIM_E_NOMEM, AIM_E_LIMIT, AIM_E_CALLBACK. */
aim_status aim__store_key(aim_buf *key, const char *prefix, const aim_str *parts, size_t n_parts,
                          aim_error *err);

/* Receives one row; the store may be used inside. key and value are borrowed for the call. */
typedef aim_status (*aim__store_visit)(void *user, aim_bytes key, aim_bytes value, uint64_t version,
                                       aim_error *err);
/* All rows under prefix behind the key `after` (empty: all), a page at a time. Ends at the first result
 * that is not AIM_OK and returns it. */
aim_status aim__store_walk(aim_store *store, aim_bytes prefix, aim_bytes after,
                           aim__store_visit visit, void *user, aim_error *err);

#endif
