/* release.h: may a document be handed out now, under a ticket? The custodian asks this before each release, in a state that it knows to be
 * new enough; the ledger asks it again for each disclosure that is filed. */
#ifndef WARD_LEDGER_RELEASE_H
#define WARD_LEDGER_RELEASE_H

#include "crypto/hash.h"
#include "ledger/consent.h"
#include "ledger/entity.h"
#include "storage/state_store.h"
#include "wire/code.h"

#include <stdbool.h>
#include <stdint.h>

/* A fetch by the subject of a ticket, or by a system of its organisation. */
struct release_request {
    struct hash32 ticket;
    uint32_t seq;              /* of the pointer */
    uint64_t asked_ms;         /* the asker's time; with it the request serves once */
    uint8_t asker[ACCT_BYTES]; /* who signed */
};

/* release_digest gives what the asker signs: H("WARD/release/v1" || genesis || ticket || pointer id || time || asker). */
struct hash32 release_digest(const struct hash32 *genesis, const struct release_request *request, const struct ticket *ticket);

/* pointer_id gives the id of a pointer: H("WARD/ptr" || acct || seq). */
struct hash32 pointer_id(const uint8_t acct[ACCT_BYTES], uint32_t seq);

/* release_check decides on a release at time_ms. Gives: OK, 501 TICKET_UNKNOWN, 502 TICKET_EXPIRED, 503 TICKET_SCOPE (the ticket does not
 * cover the pointer, or the asker is neither its subject nor a system of its organisation), 504 NOT_PERMITTED (consent as it stands
 * now; *decision says why). `inputs` is scratch. The signature and its single use are the caller's. */
enum code release_check(const struct state_store *store, const struct release_request *request, uint64_t time_ms, struct consent_inputs *inputs,
                        struct decision *decision);

/* A set of pointers under a ticket, evaluated as it stands at time_ms. */
struct release_set {
    const struct ticket *ticket;
    uint32_t base_seq;
    const uint8_t *bitmap; /* BITMAP_BYTES */
    uint64_t time_ms;
};

/* release_evaluate tells whether consent permits every pointer of the set now: the subject stands, its pointers exist, and each is
 * permitted by the rules that hold at time_ms, with the use that the ticket counted. The ticket's own end is not looked at.
 * Gives: *decision of the lowest pointer that is denied, else of the lowest; *digest over the inputs, unless it is NULL: then they are not hashed. `inputs` is scratch. */
bool release_evaluate(const struct state_store *store, const struct release_set *set, struct consent_inputs *inputs, struct decision *decision,
                      struct hash32 *digest);

#endif
