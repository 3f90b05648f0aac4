/* pointers.h: what the handlers of 08, 09 and 10 share: changing a pointer's status with its counters, its event and what falls due. */
#ifndef WARD_LEDGER_POINTERS_H
#define WARD_LEDGER_POINTERS_H

#include "ledger/audit.h"
#include "ledger/exec.h"

#include <stdint.h>

#define LOCATOR_BYTES 509 /* a sealed locator: its plaintext is padded to 384 bytes */

/* A pointer on its way from one status to another. */
struct pointer_change {
    uint32_t seq;
    struct pointer pointer; /* as stored; its status is the old one */
    enum pointer_status status; /* the new one */
    enum event_type event;
    uint8_t result; /* of the event: the operation, the basis or the new status */
};

/* pointer_count_in adds `by` (1 or -1) to the counters of one status of a patient and of a custodian. Needs: current or pending; none falls below zero. */
void pointer_count_in(struct patient *patient, struct relation *relation, enum pointer_status status, int by);

/* pointer_count adds `by` (1 or -1) to the counters of current or pending pointers of the patient and of the custodian; no effect for any
 * other status. Fails: CODE_CAPACITY. */
enum code pointer_count(struct exec *exec, struct audit_trail *trail, uint16_t custodian, enum pointer_status status, int by);

/* pointer_change_apply moves the pointer: counters, decided_time, due entries, value, event. Fails: CODE_CAPACITY. */
enum code pointer_change_apply(struct exec *exec, struct audit_trail *trail, struct pointer_change *change);

/* pointer_supersede makes `target` superseded by `seq`, if it is still current. One that is hidden stays so, and will be shown again as superseded. Fails: CODE_CAPACITY. */
enum code pointer_supersede(struct exec *exec, struct audit_trail *trail, uint32_t target, uint32_t seq);

/* month_of gives the month of a time in ms since 1970: January 2000 = 1. Gives 0 before 2000. */
uint32_t month_of(uint64_t time_ms);

#endif
