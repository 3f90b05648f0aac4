/* query_check_priv.h: what the files of the check share. */
#ifndef WARD_LEDGER_QUERY_CHECK_PRIV_H
#define WARD_LEDGER_QUERY_CHECK_PRIV_H

#include "ledger/query_check.h"

/* An evaluation rests on at most: 512 pointers of two pages, 256 grants, and one each of Chain, Org, Actor, Patient, Relation. */
#define PAIRS_MAX 256u /* below one prefix */
#define KEYS_MAX (3 * PAIRS_MAX + 8)
#define CELLS_MAX (4 * KEYS_MAX + 32)

_Static_assert(CONSENT_GRANTS_MAX <= PAIRS_MAX, "all grants of a patient");
_Static_assert(TICKET_PAGE <= PAIRS_MAX, "all pointers of a page");

struct query_check {
    struct state_store *store; /* the proved inputs of an evaluation */
    bool subject;              /* the subject of the evaluation is an actor that exists */
    struct consent_inputs inputs;
};

/* query_check_parts checks the parts from `next` on: receipt, events, decision, locator; none may be missing or too many. */
enum verdict query_check_parts(struct query_check *check, const struct query *query, struct query_facts *facts, uint32_t next);

#endif
