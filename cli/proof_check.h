/* proof_check.h: verifies the items of a proof against the genesis, offline: signatures of certificates, proofs, decisions, and what the items claim
 * to be together. */
#ifndef WARD_CLI_PROOF_CHECK_H
#define WARD_CLI_PROOF_CHECK_H

#include "cli/proof.h"
#include "ledger/query_check.h"
#include "wire/block.h"
#include "wire/commit_proof.h"
#include "wire/genesis.h"

#include <jansson.h>
#include <stdbool.h>

struct proof_checker {
    struct config config;        /* epoch 0 */
    struct hash32 genesis, chain_id;
    bool trusts;                 /* a genesis is known: signatures can be verified */
    void *memory;
    struct query_check *check;
    struct commit_proof *commit; /* scratch */
    /* Of the last item that checked: */
    enum proof_type type;
    struct query query;
    struct query_facts facts;
    struct block_header header;
    bool certified;              /* q members signed what it rests on */
    /* Over all items that checked, for the claim: */
    uint32_t items_count;
    bool same;                   /* all of them are certified, of one kind, patient and state, and each begins where the last one ended */
    uint64_t next;               /* pointer or event that comes next */
    uint8_t acct[ACCT_BYTES];
    struct hash32 state_root;
};

/* proof_checker_open takes memory. genesis: NULL when only proofs, not signatures, can be checked. Fails: ERR_NO_MEMORY, ERR_INVALID (its configuration).
 * Owns: the caller calls proof_checker_close. */
enum err proof_checker_open(struct proof_checker *checker, const struct genesis *genesis);
void proof_checker_close(struct proof_checker *checker);

/* proof_check_item verifies one item. Gives: OK; the verdict of query_check; or of a certificate: EPOCH, MEMBER, QUORUM, SIGNATURE, HASH. Any input is safe.
 * Cost: q or 2 q signature checks. */
enum verdict proof_check_item(struct proof_checker *checker, const struct proof_item *item);

/* proof_check_claim tells whether the items so far are what the file claims that they are together. */
bool proof_check_claim(const struct proof_checker *checker, enum proof_claim claim);

/* proof_describe gives the last item's facts. Owns: the caller. */
json_t *proof_describe(struct proof_checker *checker);

#endif
