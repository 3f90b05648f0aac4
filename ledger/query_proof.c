/* query_proof.c: which keys of the state an answer proves, in which order. Replica and verifier both ask here, so an answer that proves
 * something else cannot pass. */
#include "ledger/query.h"

#include "base/assert.h"

#include <string.h>

static struct query_proof one(struct state_key key)
{
    return (struct query_proof){ .key = key };
}

static struct query_proof all(struct state_key prefix)
{
    return (struct query_proof){ .prefix = true, .key = prefix };
}

/* page_of gives the prefix of all pointers in the page of 256 that holds seq. */
static struct query_proof page_of(const struct query *query, uint32_t seq)
{
    ASSERT(seq > 0);
    ASSERT(query->kind == QUERY_POINTERS || query->kind == QUERY_EVALUATE);
    return all(key_prefix_page(query->acct, seq));
}

/* second_page gives a number on the page where an evaluation's 256 pointers end; 0 when they lie on one page. */
static uint32_t second_page(const struct query *query)
{
    uint32_t last = query->seq > UINT32_MAX - (TICKET_PAGE - 1) ? UINT32_MAX : query->seq + (TICKET_PAGE - 1);

    ASSERT(query->seq > 0);
    return last / TICKET_PAGE == query->seq / TICKET_PAGE ? 0 : last;
}

/* list_evaluation: everything that evaluation_gather looks at. Gives: how many. */
static uint32_t list_evaluation(const struct query *query, uint16_t org, struct query_proof out[ANSWER_PARTS_MAX])
{
    uint32_t count = 0;

    ASSERT(query->kind == QUERY_EVALUATE);
    if (memcmp(query->subject, query->acct, ACCT_BYTES) != 0) {
        out[count++] = one(key_actor(query->subject));
    }
    if (org != 0) {
        out[count++] = one(key_org(org));
    }
    out[count++] = one(key_patient(query->acct));
    out[count++] = page_of(query, query->seq);
    if (second_page(query) != 0) {
        out[count++] = page_of(query, second_page(query));
    }
    out[count++] = all(key_prefix(KEY_GRANT, query->acct));
    if (org != 0) {
        out[count++] = one(key_relation(query->acct, org));
    }
    ASSERT(count < ANSWER_PARTS_MAX);
    return count;
}

/* list gives the proofs behind that of the Chain. Gives: how many. */
static uint32_t list(const struct query *query, uint16_t org, struct query_proof out[ANSWER_PARTS_MAX])
{
    ASSERT(query->kind < QUERY_KIND_END);
    switch (query->kind) {
    case QUERY_CHECKPOINT:
    case QUERY_RECEIPT:
    case QUERY_RELEASE:
    case QUERY_KIND_END:
        return 0;
    case QUERY_ORG:
        out[0] = one(key_org(query->org));
        return 1;
    case QUERY_ACTOR:
        out[0] = one(key_actor(query->acct));
        return 1;
    case QUERY_TICKET:
        out[0] = one(key_ticket(&query->id));
        return 1;
    case QUERY_POINTER:
    case QUERY_LOCATOR:
        out[0] = one(key_pointer(query->acct, query->seq));
        return 1;
    case QUERY_PATIENT:
    case QUERY_AUDIT:
    case QUERY_DISCLOSURES:
        out[0] = one(key_patient(query->acct));
        return 1;
    case QUERY_POINTERS:
        out[0] = one(key_patient(query->acct));
        out[1] = page_of(query, query->seq);
        return 2;
    case QUERY_GRANTS:
        out[0] = one(key_patient(query->acct));
        out[1] = all(key_prefix(KEY_GRANT, query->acct));
        return 2;
    case QUERY_EVALUATE:
        return list_evaluation(query, org, out);
    }
    return 0;
}

bool query_proof_at(const struct query *query, uint16_t org, uint32_t index, struct query_proof *proof)
{
    struct query_proof listed[ANSWER_PARTS_MAX];

    ASSERT(query->kind < QUERY_KIND_END);
    if (index == 0) {
        *proof = one(key_chain());
        return query->kind != QUERY_RELEASE;
    }
    uint32_t count = list(query, org, listed);
    ASSERT(count + 1 < ANSWER_PARTS_MAX);
    if (index > count) {
        return false;
    }
    *proof = listed[index - 1];
    return true;
}
