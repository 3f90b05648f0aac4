/* offers.h: whether a server that fetches a snapshot has reason to (S3, S4): f + 1 members told it in this life that their logs begin above, and f + 1 offered it this very snapshot, so that one of them is
 * honest each time. What arrives is counted, not what it kept. */
#ifndef WARD_SIM_ORACLE_OFFERS_H
#define WARD_SIM_ORACLE_OFFERS_H

#include "crypto/hash.h"
#include "sim/oracle/facts.h"
#include "wire/message.h"

struct failure;

struct offers {
    struct failure *failure;
    uint32_t faults;
    struct facts by;     /* (server, life, height, digest) -> the members that offered it, one bit each */
    struct facts enough; /* (server, life, height): f + 1 of them did */
    struct facts gone;   /* (server, life) -> the members whose logs begin above */
};

/* offers_init. Owns: offers_close gives memory back; failure must outlive it. */
void offers_init(struct offers *offers, uint32_t faults, struct failure *failure);
void offers_close(struct offers *offers);

/* offers_gone: the log of a member, of at most 64, begins above what a server asked it for. offers_heard: it offers a snapshot. offers_asked looks at a question of the server. Life: the number of its start. */
void offers_gone(struct offers *offers, uint32_t seat, uint32_t life, uint32_t member);
void offers_heard(struct offers *offers, uint32_t seat, uint32_t life, uint32_t member, uint64_t height, const struct hash32 *digest);
void offers_asked(const struct offers *offers, uint32_t seat, uint32_t life, const struct message_snapshot_ask *ask);

#endif
