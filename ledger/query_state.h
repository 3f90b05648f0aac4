/* query_state.h: what an answer takes from the state: the proofs, and the evaluation. All of it at one view: the newest state or a pin. */
#ifndef WARD_LEDGER_QUERY_STATE_H
#define WARD_LEDGER_QUERY_STATE_H

#include "ledger/consent.h"
#include "ledger/query.h"
#include "storage/state_store.h"

/* query_state_get reads a value at a view. Needs: room for the longest value of that key. Gives: false when there is none, or the pin is gone. */
bool query_state_get(const struct state_store *store, uint32_t view, const struct state_key *key, void *value, size_t room, size_t *size);

/* query_state_org gives the organisation of an EVALUATE's subject at a view; 0 when it is the patient or no actor, and of other kinds. */
uint16_t query_state_org(const struct state_store *store, uint32_t view, const struct query *query);

/* query_state_prove writes the proofs of query_proof_at as parts. Gives: *parts_count. Fails: ERR_FULL (the answer is too large),
 * ERR_NOT_FOUND (the pin was dropped). Cost: the depth for each; with STATE_PIN_NONE the fold. */
enum err query_state_prove(struct state_store *store, uint32_t view, const struct query *query, struct writer *writer, uint32_t *parts_count);

/* query_state_evaluate decides an EVALUATE at time_ms. Gives: *decision; false when the patient does not exist at that view.
 * `inputs` is scratch. Cost: as evaluation_gather and evaluation_decide. */
bool query_state_evaluate(const struct state_store *store, uint32_t view, const struct query *query, uint64_t time_ms, struct consent_inputs *inputs,
                          struct answer_decision *decision);

#endif
