/* backends/kinds.c — the composition root's list of record kinds: each layer keeps a table of its own,
 * declared in its private header; this is the one place that knows them all, in layer order. */
#include "backends/kinds.h"

#include "assess/kinds.h"
#include "audit/kinds.h"
#include "enforce/kinds.h"
#include "evidence/kinds.h"
#include "identity/kinds.h"

static const aim__record_kinds enforce_kinds = {aim__enforce_kinds, AIM__ENFORCE_N_KINDS, NULL};
static const aim__record_kinds assess_kinds = {aim__assess_kinds, AIM__ASSESS_N_KINDS, &enforce_kinds};
static const aim__record_kinds evidence_kinds = {aim__evidence_kinds, AIM__EVIDENCE_N_KINDS,
                                                 &assess_kinds};
static const aim__record_kinds identity_kinds = {aim__identity_kinds, AIM__IDENTITY_N_KINDS,
                                                 &evidence_kinds};
static const aim__record_kinds audit_kinds = {aim__audit_kinds, AIM__AUDIT_N_KINDS, &identity_kinds};
const aim__record_kinds aim__all_record_kinds = {aim__store_kinds, AIM__STORE_N_KINDS, &audit_kinds};
