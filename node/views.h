/* views.h: the certified state that proofs are made against.
 *
 *     checkpoint block executed --> pinned as a candidate --its certificate--> the certified view, until the next one
 *
 * A proof needs a root that q members signed, and that is the root after a checkpoint block, not the newest one. So the state after each block
 * whose roots consensus asks for is pinned (storage/state_store.h), and the pin whose certificate comes is kept with a copy of it. Two pins:
 * one certified, one candidate. The store may drop a pin when its reserve ends: then there is no certified view until the next checkpoint. */
#ifndef WARD_NODE_VIEWS_H
#define WARD_NODE_VIEWS_H

#include "storage/state_store.h"
#include "wire/cert.h"

#include <stdbool.h>
#include <stdint.h>

#define VIEWS_CERTIFICATE_BYTES CHECKPOINT_CERT_BYTES_MAX

struct view {
    bool set;
    uint64_t height, time_ms; /* of the block after which it is */
    struct hash32 state_root;
};

struct views {
    struct view slots[STATE_PINS_MAX];      /* by the number of the pin */
    uint32_t certified;                     /* slot, or STATE_PIN_NONE */
    uint32_t certificate_bytes;
    uint8_t certificate[VIEWS_CERTIFICATE_BYTES]; /* encoded; of the certified slot */
};

void views_init(struct views *views);

/* views_certify takes over a certificate if it is of a pinned view newer than the certified one. NULL does nothing. Cost: an encoding when it is new. */
void views_certify(struct views *views, const struct state_store *store, const struct checkpoint_cert *cert);

/* views_pin pins the present state as the candidate. Needs: no block is open. Cost: the fold. */
void views_pin(struct views *views, struct state_store *store, uint64_t height, uint64_t time_ms);

/* views_certified gives the certified view, NULL when there is none or the store has dropped it. Gives: *pin. */
const struct view *views_certified(const struct views *views, const struct state_store *store, uint32_t *pin);

#endif
