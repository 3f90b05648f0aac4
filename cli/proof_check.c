/* proof_check.c: see proof_check.h. */
#include "cli/proof_check.h"

#include "base/assert.h"
#include "crypto/ed25519.h"

#include <stdlib.h>
#include <string.h>

static void take(struct proof_checker *checker, struct arena *arena)
{
    checker->check = query_check_take(arena);
    checker->commit = arena_take(arena, 1, sizeof *checker->commit);
}

enum err proof_checker_open(struct proof_checker *checker, const struct genesis *genesis)
{
    struct arena arena;

    *checker = (struct proof_checker){ .same = true, .trusts = genesis != NULL };
    if (genesis != NULL) {
        struct block_header block0 = block_genesis(&genesis->hash, genesis->time_ms);
        checker->genesis = genesis->hash;
        checker->chain_id = block_hash(&block0);
        if (genesis_config(genesis, &checker->config) != VERDICT_OK) {
            return ERR_INVALID;
        }
    }
    arena_init_measure(&arena);
    take(checker, &arena);
    checker->memory = aligned_alloc(ARENA_ALIGN, (arena.used + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN);
    if (checker->memory == NULL) {
        return ERR_NO_MEMORY;
    }
    memset(checker->memory, 0, arena.used);
    arena_init(&arena, checker->memory, arena.used);
    take(checker, &arena);
    return ERR_OK;
}

void proof_checker_close(struct proof_checker *checker)
{
    free(checker->memory);
    checker->memory = NULL;
}

static enum verdict verify_all(const struct sig_item *items, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!ed25519_verify(&items[i])) {
            return VERDICT_SIGNATURE;
        }
    }
    return VERDICT_OK;
}

/* --- Questions ------------------------------------------------------------------------------------------------------- */

static enum verdict check_certificate(struct proof_checker *checker)
{
    const struct checkpoint_cert *cert = &checker->facts.certificate;
    struct sig_item items[QUORUM_MAX];
    struct hash32 digest, config = config_hash(&checker->config);

    checker->certified = false;
    if (!checker->facts.certified || !checker->trusts) {
        return VERDICT_OK;
    }
    if (!hash_equal(&cert->checkpoint.config_hash, &config)) {
        return VERDICT_EPOCH;
    }
    enum verdict verdict = checkpoint_cert_check(cert, &checker->config);
    if (verdict == VERDICT_OK) {
        uint32_t count = checkpoint_cert_items(cert, &checker->config, &checker->chain_id, &digest, items);
        verdict = verify_all(items, count);
    }
    checker->certified = verdict == VERDICT_OK;
    return verdict;
}

/* check_question tells whether the question is as its asker signed it, so that it cannot be made to look like another one with the same answer.
 * A release is signed over its ticket, and is in no file. */
static enum verdict check_question(const struct proof_checker *checker)
{
    const struct query *query = &checker->query;
    struct sig_item item = { .key = query->key, .signature = query->signature };

    if (!checker->trusts || !query_is_signed(query->kind) || query->kind == QUERY_RELEASE) {
        return VERDICT_OK;
    }
    struct hash32 digest = query_digest(query, &checker->genesis);
    item.digest = digest.bytes;
    return verify_all(&item, 1);
}

static enum verdict check_query(struct proof_checker *checker, const struct proof_item *item)
{
    enum verdict verdict = query_decode(&checker->query, item->question);

    verdict = verdict == VERDICT_OK ? check_question(checker) : verdict;

    if (verdict == VERDICT_OK) {
        verdict = query_check(checker->check, &checker->query, item->answer, &checker->facts);
    }
    return verdict == VERDICT_OK ? check_certificate(checker) : verdict;
}

/* --- Headers --------------------------------------------------------------------------------------------------------- */

static enum verdict decode_header(struct proof_checker *checker, const struct proof_item *item)
{
    struct reader question, answer;

    reader_init(&question, item->question.data, item->question.size);
    reader_init(&answer, item->answer.data, item->answer.size);
    uint64_t height = read_u64_le(&question);
    enum verdict verdict = reader_end(&question);
    verdict = verdict == VERDICT_OK ? block_header_decode(&checker->header, &answer) : verdict;
    verdict = verdict == VERDICT_OK ? commit_proof_decode(checker->commit, &answer) : verdict;
    verdict = verdict == VERDICT_OK ? reader_end(&answer) : verdict;
    return verdict == VERDICT_OK && checker->header.height != height ? VERDICT_CONFLICT : verdict;
}

static enum verdict check_header(struct proof_checker *checker, const struct proof_item *item)
{
    struct sig_item items[2 * QUORUM_MAX];
    struct hash32 digests[2];
    enum verdict verdict = decode_header(checker, item);

    checker->certified = false;
    if (verdict != VERDICT_OK || !checker->trusts) {
        return verdict;
    }
    struct hash32 hash = block_hash(&checker->header);
    verdict = commit_proof_check(checker->commit, &checker->config, checker->header.height, &hash);
    if (verdict == VERDICT_OK) {
        uint32_t count = commit_proof_items(checker->commit, &checker->config, &checker->chain_id, digests, items);
        verdict = verify_all(items, count);
    }
    checker->certified = verdict == VERDICT_OK;
    return verdict;
}

/* --- Together -------------------------------------------------------------------------------------------------------- */

/* follow adds an item to what the claim is judged by. */
static void follow(struct proof_checker *checker)
{
    const struct query_facts *facts = &checker->facts;
    bool pointers = checker->type == PROOF_QUERY && checker->query.kind == QUERY_POINTERS, audit = checker->type == PROOF_QUERY && checker->query.kind == QUERY_AUDIT;
    uint64_t begins = pointers ? checker->query.seq / TICKET_PAGE * TICKET_PAGE : facts->from;

    if (checker->items_count++ == 0) {
        memcpy(checker->acct, checker->query.acct, ACCT_BYTES);
        checker->state_root = facts->answer.state_root;
    }
    checker->same = checker->same && checker->certified && (pointers || audit) && facts->found && begins == checker->next &&
                    memcmp(checker->acct, checker->query.acct, ACCT_BYTES) == 0 && hash_equal(&checker->state_root, &facts->answer.state_root);
    checker->next = begins + (pointers ? TICKET_PAGE : facts->events_count);
}

enum verdict proof_check_item(struct proof_checker *checker, const struct proof_item *item)
{
    checker->type = item->type;
    enum verdict verdict = item->type == PROOF_QUERY ? check_query(checker, item) : check_header(checker, item);
    if (verdict == VERDICT_OK) {
        follow(checker);
    }
    return verdict;
}

bool proof_check_claim(const struct proof_checker *checker, enum proof_claim claim)
{
    enum query_kind kind = checker->query.kind;

    switch (claim) {
    case PROOF_ALL_POINTERS:
        return checker->same && checker->items_count > 0 && kind == QUERY_POINTERS && checker->next > checker->facts.patient.ptr_count;
    case PROOF_WHOLE_AUDIT:
        return checker->same && checker->items_count > 0 && kind == QUERY_AUDIT && checker->next == checker->facts.patient.audit_count;
    case PROOF_ANSWERS:
    case PROOF_CLAIM_END:
        break;
    }
    return claim == PROOF_ANSWERS && checker->items_count > 0;
}
