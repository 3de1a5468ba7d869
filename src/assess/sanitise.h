/* assess/sanitise.h — the one sanitiser: every class of detect.h, looked for in every string, every name of a member and every
 * number of a parsed document, at any depth, with the escapes of JSON undone. For responses (response.c) and for
 * the arguments of a call, which the gateway of the layer above checks. Allocates nothing. */
#ifndef AIM_ASSESS_SANITISE_H
#define AIM_ASSESS_SANITISE_H

#include "assess/detect.h"
#include "codec/json.h"

/* A string under a name such as "password" or "api_key" is a secret, whatever it looks like. Not among the gateway's: a
 * tool that logs in takes a password. */
#define AIM__SANITISE_MEMBERS 0x10000u

/* What arguments are held against unless a host says otherwise. */
#define AIM__SANITISE_GATEWAY \
	(AIM__DETECT_SSN | AIM__DETECT_CARD | AIM__DETECT_SHELL | AIM__DETECT_TRAVERSAL | AIM__DETECT_CREDENTIAL)

typedef struct aim__sanitise_hit {
	aim__detect_hit what; /* class, name of the rule, span in the unescaped text */
	aim_json_value value; /* where: the string or number, or the member whose name it is */
	uint32_t is_key;      /* in the name */
} aim__sanitise_hit;

/* Returns non-zero to end the scan. */
typedef int (*aim__sanitise_visitor)(void *user, const aim__sanitise_hit *hit);

/* Hands every hit below value (a value of doc) to visit. AIM_OK, also when visit ended it; AIM_E_LIMIT when a text is too
 * long to be looked at: treat as found. */
aim_status aim__sanitise_scan(const aim_json *doc, aim_json_value value, uint32_t classes, aim__sanitise_visitor visit,
                              void *user);

/* One string, name or number of doc: node i. */
aim_status aim__sanitise_node(const aim_json *doc, uint32_t i, uint32_t classes, aim__sanitise_visitor visit,
                              void *user, int *out_stopped);

#endif
