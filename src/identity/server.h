/* identity/server.h — what the layers above change of a server. */
#ifndef AIM_IDENTITY_SERVER_H
#define AIM_IDENTITY_SERVER_H

#include "identity/batch.h"

#include <aim/server.h>

/* Adds to the batch that the server was attested, by one that reached it or did not: the former stamps the time.
 * AIM_OK, AIM_E_NOT_FOUND, AIM_E_SERVER_REVOKED, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_STORE_CORRUPT, or the store's. */
aim_status aim__server_attested(aim__batch *batch, aim_str id, int reached, int64_t now_us, aim_error *err);

#endif
