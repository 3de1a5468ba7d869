/* identity/server.h — a server's record, and what the layers above change of it. */
#ifndef AIM_IDENTITY_SERVER_H
#define AIM_IDENTITY_SERVER_H

#include "identity/subject.h"

#include <aim/server.h>

struct aim_server {
	aim__subject subject;
	aim_str version, url, command, verification_url;
	aim__text_list args, env_names;
	int64_t last_verified_us;
	uint64_t verifications_ok, verifications_failed;
};

/* Whether it is reached in exactly one way that is one. AIM_OK, AIM_E_INVALID, AIM_E_LIMIT. */
aim_status aim__server_check_reach(const aim_server *server, aim_error *err);
aim_status aim__server_check_verification_url(aim_str url, aim_error *err);

/* Adds to the batch that the server was attested, by one that reached it or did not: the former stamps the time, and
 * each counts. AIM_OK, AIM_E_NOT_FOUND, AIM_E_SERVER_REVOKED, AIM_E_INVALID, AIM_E_NOMEM, AIM_E_STORE_CORRUPT, or the store's. */
aim_status aim__server_attested(aim__batch *batch, aim_str id, int reached, int64_t now_us, aim_error *err);
/* The same for an attestation that was refused: it counts as failed. */
aim_status aim__server_refused(aim__batch *batch, aim_str id, aim_error *err);

#endif
