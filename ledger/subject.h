/* subject.h: the questions that several handlers ask about who acts and about whom. */
#ifndef WARD_LEDGER_SUBJECT_H
#define WARD_LEDGER_SUBJECT_H

#include "ledger/exec.h"

#include <stdbool.h>
#include <stdint.h>

/* What a command's subject may be in: 13 evaluates locked and erased compartments too, all others refuse them. */
enum subject_demand { SUBJECT_EXISTS = 1, SUBJECT_OPEN };

/* subject_patient reads the record of the patient whom the command is about.
 * Gives: OK, 300 PATIENT_UNKNOWN; with SUBJECT_OPEN also 301 PATIENT_LOCKED, 302 PATIENT_ERASED. */
enum code subject_patient(const struct exec *exec, enum subject_demand demand, struct patient *patient);

/* subject_is_sender tells whether the patient whom the command is about sent it. */
bool subject_is_sender(const struct exec *exec);

/* subject_on_behalf checks the practitioner whom the command names: active, unexpired, of the sender's organisation. Gives: OK, and the
 * record when `actor` is not NULL; OK without a record when none is named; else 203 ROLE. */
enum code subject_on_behalf(const struct exec *exec, struct actor *actor);

/* actor_is_active tells whether the actor may act at T. */
bool actor_is_active(const struct actor *actor, uint64_t time_ms);

#endif
