/* query.h: answers the questions of ledger/query.h from the ledger, the archive and the certified view.
 *
 *     question --> form --> who asks (account, key, time, signature) --> may they? --> proofs, parts --> answer
 *
 * The cheap checks come first: nobody without an account makes this replica verify a signature. */
#ifndef WARD_NODE_QUERY_H
#define WARD_NODE_QUERY_H

#include "base/arena.h"
#include "ledger/query.h"
#include "node/apply.h"
#include "node/views.h"

struct queries {
    struct apply *apply;
    const struct genesis *genesis;
    struct views views;
    struct consent_inputs *inputs; /* scratch */
    uint64_t asked[QUERY_KIND_END]; /* by kind; 0: not understood */
    uint64_t signature_checks;
};

struct query_call {
    struct bytes question;
    bool gated;       /* a quorum was asked before */
    uint64_t wall_ms; /* our clock */
};

/* queries_take takes the scratch. Owns: apply and genesis must outlive it. */
void queries_take(struct queries *queries, struct arena *arena, struct apply *apply, const struct genesis *genesis);

/* queries_begin tells of a state that was taken over: the time of its newest checkpoint block. */
void queries_begin(struct queries *queries, uint64_t time_ms);

/* queries_certified is told of the newest checkpoint certificate, or NULL, whenever there may be a new one. While a block is open it does nothing. */
void queries_certified(struct queries *queries, const struct checkpoint_cert *checkpoint);

/* queries_executed is told of every executed block, behind queries_certified. Needs: no block is open. */
void queries_executed(struct queries *queries);

/* queries_answer writes the answer. Needs: no block is open (apply.busy). Any question is safe.
 * Gives: 0 and *size <= room; else a number of wire/code.h or enum query_refusal, and *size 0. Cost: at most one signature check; the proofs. */
uint16_t queries_answer(struct queries *queries, const struct query_call *call, uint8_t *out, size_t room, size_t *size);

#endif
