/* handout.h: documents that a custodian is asked for under a ticket, at the end of a read that a quorum gated (Q5): its replica decides as production does at a release, on the
 * state that it stands at and at its own time, and the model of consent must decide the same. Tickets are drawn from those that clients were told of last, so many are over,
 * revoked behind, of another patient, or were never given; and who asks is not always whom they are for. */
#ifndef WARD_SIM_ORACLE_HANDOUT_H
#define WARD_SIM_ORACLE_HANDOUT_H

#include "sim/oracle/consent.h"
#include "sim/world/host.h"
#include "sim/world/workload.h"

/* handout_ask lets somebody ask a server for a document, now and at the moments to come at which a grant of the patient or the ticket begins or ends, should no block come until then;
 * number: of the read, which names what is drawn. Needs: the server is not down. */
void handout_ask(struct consent *consent, const struct workload *workload, const struct host *host, uint64_t number);

/* handout_judge compares what a server decided for one pointer under a ticket with the model. */
struct handout {
    struct hash32 ticket;
    uint32_t pointer;
    const uint8_t *asker; /* account */
    uint64_t time_ms, height; /* of the server's state */
    uint16_t code;
    uint8_t reason;
};
void handout_judge(struct consent *consent, const struct handout *handout, uint32_t member);

#endif
