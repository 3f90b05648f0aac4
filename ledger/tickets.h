/* tickets.h: tickets in the state: issuing one within the bounds of its patient and organisation, and letting it leave. */
#ifndef WARD_LEDGER_TICKETS_H
#define WARD_LEDGER_TICKETS_H

#include "ledger/entity.h"
#include "ledger/exec.h"

#include <stdbool.h>
#include <stdint.h>

/* ticket_issue stores the ticket under this command's tx_id, with index and due entry. When tickets_live_max of its patient and
 * organisation live, the oldest of them ends; when tickets_kept_max are kept, the oldest that is over leaves.
 * Fails: CODE_CAPACITY. */
enum code ticket_issue(struct exec *exec, const struct ticket *ticket);

/* ticket_is_live tells whether the ticket may still be used at this time. */
bool ticket_is_live(const struct ticket *ticket, uint64_t time_ms);

/* ticket_subject gives the account on whose authority the ticket was issued. */
const uint8_t *ticket_subject(const struct ticket *ticket);

/* ticket_covers tells whether the ticket names the pointer. */
bool ticket_covers(const struct ticket *ticket, uint32_t seq);

#endif
