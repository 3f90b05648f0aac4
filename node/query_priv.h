/* query_priv.h: what the files of queries share. */
#ifndef WARD_NODE_QUERY_PRIV_H
#define WARD_NODE_QUERY_PRIV_H

#include "node/query.h"

#include "ledger/exec.h"

/* A question on its way to its answer. */
struct question {
    struct queries *queries;
    const struct query *query;
    const struct exec *exec;
    struct state_store *store;
    uint32_t view;       /* STATE_PIN_NONE or a pin */
    uint64_t now_ms;     /* max(T, our clock) */
    struct signer asker; /* of signed kinds */
};

/* Each writes one part out of the archive. Gives: 0 and *parts, 0 when there is nothing to say, else 1; or enum query_refusal. */
uint16_t query_write_receipt(struct question *question, struct writer *writer, uint32_t *parts);
uint16_t query_write_events(struct question *question, struct writer *writer, uint32_t *parts);
uint16_t query_write_disclosures(struct question *question, struct writer *writer, uint32_t *parts);
uint16_t query_write_locator(struct question *question, struct writer *writer, uint32_t *parts);

#endif
