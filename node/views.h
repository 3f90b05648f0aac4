/* views.h: the certified state that proofs are made against.
 *
 *     checkpoint block executed --> pinned as the candidate --its certificate--> the certified view, until the next one
 *     the tip of a silent chain ----------------------------its certificate-->
 *
 * A proof needs a root that q members signed, and that is the root after a checkpoint block, or of the tip when the chain fell silent (K1), not the
 * newest one. So the state after each checkpoint block is pinned (storage/state_store.h), and kept when its certificate comes, with a copy of it. The
 * certificate of a tip comes while the tip is still the newest state, which is then pinned. One pin is certified, the others are candidates: a certificate
 * may be lost on the way here, and be told when the next checkpoint blocks have long been executed. What the store keeps is between its oldest pin, the certified one,
 * and the newest state, so the pins between cost nothing. Of more candidates than there are pins the oldest and the newest ones stay: the oldest is that of the certificate which follows on the last
 * one that was heard, so whoever missed one alone has its state. The store may drop a pin when its reserve ends: then there is no certified view until the next checkpoint. */
#ifndef WARD_NODE_VIEWS_H
#define WARD_NODE_VIEWS_H

#include "storage/state_store.h"
#include "wire/cert.h"
#include "wire/config.h"

#include <stdbool.h>
#include <stdint.h>

#define VIEWS_CANDIDATES 5u /* the oldest, and the newest four */
#define VIEWS_PINS (1u + VIEWS_CANDIDATES) /* pins of the state store from 0 on */

struct view {
    bool set;
    uint64_t height, time_ms; /* of the block after which it is */
    struct hash32 state_root;
};

struct views {
    struct config_limits limits;       /* when a block is a checkpoint block */
    uint64_t checkpoint_time_ms;       /* of the newest checkpoint block */
    struct view slots[VIEWS_PINS]; /* by the number of the pin */
    uint32_t certified;                /* slot; those above it are candidates */
    uint32_t certificate_bytes;        /* of the certified view */
    uint8_t certificate[CHECKPOINT_CERT_BYTES_MAX]; /* encoded */
};

/* The newest state, between two blocks. */
struct views_now {
    struct state_store *store;
    uint64_t height, time_ms;
};

/* views_init knows no certified view. time_ms: of block 0, which counts as a checkpoint block. */
void views_init(struct views *views, const struct config_limits *limits, uint64_t time_ms);

/* views_executed is told of every block and pins the state after a checkpoint block. Needs: no block is open. Cost: then, the fold. */
void views_executed(struct views *views, const struct views_now *now);

/* views_certify takes over a certificate newer than the certified view, if it is of a candidate or of the newest state; NULL does nothing.
 * Needs: no block is open. Cost: an encoding, and the fold, when it is new. */
void views_certify(struct views *views, const struct views_now *now, const struct checkpoint_cert *cert);

/* views_certified gives the certified view, NULL when there is none or the store has dropped it. Gives: *pin. */
const struct view *views_certified(const struct views *views, const struct state_store *store, uint32_t *pin);

#endif
