/* registry.h: who takes part: what a registration must be, judged before it executes and when it does.
 *
 * A failed PATIENT_REGISTER costs nobody anything, so none that must fail may be proposed: else whoever may vouch, or has seen one such command, fills blocks with it. */
#ifndef WARD_LEDGER_REGISTRY_H
#define WARD_LEDGER_REGISTRY_H

#include "ledger/exec.h"

/* registry_check_patient judges the registration of a patient but for its cosigners and their tokens: 118, 204, 207, 208, 210, in this order.
 * `voucher` is the organisation of the first cosigner, 0 without one. */
enum code registry_check_patient(const struct exec *exec, const struct envelope *envelope, const struct patient_register *body, uint16_t voucher);

#endif
