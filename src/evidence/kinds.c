/* evidence/kinds.c — what a person sees of this layer's records with a database shell. */
#include "evidence/kinds.h"

static const aim__store_column nonce_columns[] = {
	{"guard", "$.guard"},
	{"key", "$.key"},
	{"timestamp_us", "$.timestamp_us"},
};

static const aim__record_kind nonces = {"nonces", "nonce/", 1, 3, nonce_columns, NULL};

const aim__record_kind *const aim__evidence_kinds[AIM__EVIDENCE_N_KINDS] = {&nonces};
