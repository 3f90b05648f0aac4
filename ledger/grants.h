/* grants.h: the grants of a patient: reading them all, and ending one. */
#ifndef WARD_LEDGER_GRANTS_H
#define WARD_LEDGER_GRANTS_H

#include "ledger/audit.h"
#include "ledger/consent.h"
#include "ledger/exec.h"

#include <stdint.h>

/* grants_load reads all grants of the patient that the state holds into inputs->grants, ascending: patient->active_grants of them, numbered up to
 * patient->grant_count. Cost: one look for each number when hardly any grant has ended, else one walk. */
void grants_load(const struct exec *exec, const uint8_t acct[ACCT_BYTES], const struct patient *patient, struct consent_inputs *inputs);

/* grant_end takes a grant out of the state with its due entry and its counters; its events stay. Fails: CODE_CAPACITY. */
enum code grant_end(struct exec *exec, struct audit_trail *trail, uint32_t seq, const struct grant *grant);

#endif
