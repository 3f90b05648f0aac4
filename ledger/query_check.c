/* query_check.c: see query_check.h. Order: frame, state proofs, what hangs on them (query_check_parts.c), certificate. A value that was proved against a
 * root is still a stranger's as long as nobody has verified the certificate: it is decoded with a verdict, never with an assertion. */
#include "ledger/query_check.h"

#include "ledger/query_check_priv.h"

#include <string.h>

struct query_check *query_check_take(struct arena *arena)
{
    struct state_limits limits = { .keys_max = KEYS_MAX, .cells_max = CELLS_MAX, .journal_bytes = 64 };
    struct query_check *check = arena_take(arena, 1, sizeof *check);
    struct state_store *store = state_store_init(arena, &limits);

    if (check != NULL) {
        check->store = store;
    }
    return check;
}

/* --- Values -------------------------------------------------------------------------------------------------------- */

/* decode_value checks one proved pair and keeps what the facts name. */
static enum verdict decode_value(struct query_facts *facts, struct state_entry entry)
{
    const uint8_t *data = entry.value.data;
    size_t size = entry.value.size;
    struct relation relation;
    struct grant grant;

    ASSERT(entry.key.size >= 1);
    switch (entry.key.data[0]) {
    case KEY_CHAIN:
        return chain_decode(&facts->chain, data, size);
    case KEY_ORG:
        return org_decode(&facts->org, data, size);
    case KEY_ACTOR:
        return actor_decode(&facts->actor, data, size);
    case KEY_PATIENT:
        return patient_decode(&facts->patient, data, size);
    case KEY_POINTER:
        return pointer_decode(&facts->pointer, data, size);
    case KEY_GRANT:
        return grant_decode(&grant, data, size);
    case KEY_TICKET:
        return ticket_decode(&facts->ticket, data, size);
    case KEY_RELATION:
        return relation_decode(&relation, data, size);
    default:
        return VERDICT_TYPE;
    }
}

/* take_pair checks a pair and, for an evaluation, puts it where the evaluation reads. */
static enum verdict take_pair(struct query_check *check, const struct query *query, struct query_facts *facts, struct state_entry entry)
{
    enum verdict verdict = decode_value(facts, entry);

    ASSERT(check->store != NULL);
    if (verdict != VERDICT_OK || query->kind != QUERY_EVALUATE) {
        return verdict;
    }
    return state_store_put(check->store, entry.key, entry.value) == ERR_OK ? VERDICT_OK : VERDICT_LENGTH;
}

/* --- Proofs -------------------------------------------------------------------------------------------------------- */

/* key_bytes_of gives the length of the keys below a prefix: pointers and grants end with a sequence number. */
static size_t key_bytes_of(const struct query_proof *wanted)
{
    struct state_key key = wanted->key.bytes[0] == KEY_POINTER ? key_pointer(wanted->key.bytes + 1, 1) : key_grant(wanted->key.bytes + 1, 1);

    ASSERT(wanted->prefix);
    ASSERT(wanted->key.bytes[0] == KEY_POINTER || wanted->key.bytes[0] == KEY_GRANT);
    return key.size;
}

static enum verdict check_prefix(struct query_check *check, const struct query *query, struct query_facts *facts, const struct query_proof *wanted, struct state_proof proof)
{
    struct state_entry entry;

    ASSERT(wanted->prefix);
    ASSERT(proof.kind == STATE_PROOF_PREFIX || proof.kind == STATE_PROOF_PREFIX_EMPTY);
    if (proof.pairs_count > PAIRS_MAX) {
        return VERDICT_LENGTH;
    }
    facts->pairs = proof;
    while (state_proof_next(&proof, &entry)) {
        if (entry.key.size != key_bytes_of(wanted)) {
            return VERDICT_LENGTH;
        }
        if (key_seq(entry.key.data, entry.key.size) == 0) {
            return VERDICT_RANGE; /* numbers begin at 1, and an evaluation relies on it */
        }
        enum verdict verdict = take_pair(check, query, facts, entry);
        if (verdict != VERDICT_OK) {
            return verdict;
        }
    }
    return VERDICT_OK;
}

static enum verdict check_key(struct query_check *check, const struct query *query, struct query_facts *facts, const struct query_proof *wanted, struct state_proof proof)
{
    uint8_t kind = wanted->key.bytes[0];
    struct state_entry entry;
    bool present = state_proof_next(&proof, &entry);

    ASSERT(!wanted->prefix);
    ASSERT(wanted->key.size >= 1);
    if (kind == KEY_CHAIN) {
        return present ? take_pair(check, query, facts, entry) : VERDICT_CONFLICT;
    }
    if (query->kind != QUERY_EVALUATE || kind == KEY_PATIENT) {
        facts->found = present;
    }
    if (query->kind == QUERY_EVALUATE && kind == KEY_ACTOR) {
        check->subject = present;
    }
    return present ? take_pair(check, query, facts, entry) : VERDICT_OK;
}

static enum verdict check_proof(struct query_check *check, const struct query *query, struct query_facts *facts, const struct query_proof *wanted, uint32_t index)
{
    const struct answer_part_view *part = &facts->answer.parts[index];
    struct bytes key = bytes_of(wanted->key.bytes, wanted->key.size);
    struct state_proof proof;

    ASSERT(index < ANSWER_PARTS_MAX);
    if (index >= facts->answer.parts_count || part->type != (wanted->prefix ? PART_PREFIX : PART_KEY)) {
        return VERDICT_CONFLICT;
    }
    enum verdict verdict = wanted->prefix ? state_proof_check_prefix(&proof, part->bytes, &facts->answer.state_root, key)
                                          : state_proof_check_key(&proof, part->bytes, &facts->answer.state_root, key);
    if (verdict != VERDICT_OK) {
        return verdict;
    }
    return wanted->prefix ? check_prefix(check, query, facts, wanted, proof) : check_key(check, query, facts, wanted, proof);
}

/* check_proofs checks every proof that the question wants. Gives: *next, the part behind them. */
static enum verdict check_proofs(struct query_check *check, const struct query *query, struct query_facts *facts, uint32_t *next)
{
    struct query_proof wanted;
    uint16_t org = 0;

    ASSERT(check->store != NULL);
    state_store_clear(check->store);
    check->subject = false;
    for (*next = 0; query_proof_at(query, org, *next, &wanted); (*next)++) {
        enum verdict verdict = check_proof(check, query, facts, &wanted, *next);
        if (verdict != VERDICT_OK) {
            return verdict;
        }
        org = check->subject ? facts->actor.org : 0;
    }
    ASSERT(*next <= facts->answer.parts_count);
    return VERDICT_OK;
}

/* --- Whole --------------------------------------------------------------------------------------------------------- */

static enum verdict check_certificate(struct query_facts *facts)
{
    struct reader reader;

    ASSERT(!facts->certified);
    if (!facts->answer.certified) {
        return VERDICT_OK;
    }
    ASSERT(facts->answer.certificate.size > 0);
    reader_init(&reader, facts->answer.certificate.data, facts->answer.certificate.size);
    enum verdict verdict = checkpoint_cert_decode(&facts->certificate, &reader);
    verdict = verdict == VERDICT_OK ? reader_end(&reader) : verdict;
    if (verdict != VERDICT_OK) {
        return verdict;
    }
    const struct checkpoint *checkpoint = &facts->certificate.checkpoint;
    struct hash32 receipts_root = merkle_peaks_root(&facts->chain.receipts);
    bool same = checkpoint->height == facts->answer.height && hash_equal(&checkpoint->state_root, &facts->answer.state_root) &&
                hash_equal(&checkpoint->receipts_root, &receipts_root);
    facts->certified = same;
    return same ? VERDICT_OK : VERDICT_CONFLICT;
}

static bool answers_question(const struct query *query, const struct answer *answer)
{
    return answer->kind == query->kind && answer->certified == query->certified;
}

enum verdict query_check(struct query_check *check, const struct query *query, struct bytes bytes, struct query_facts *facts)
{
    uint32_t next = 0;

    ASSERT(query->kind >= QUERY_CHECKPOINT);
    ASSERT(query->kind < QUERY_KIND_END);
    memset(facts, 0, sizeof *facts);
    enum verdict verdict = answer_decode(&facts->answer, bytes);
    if (verdict != VERDICT_OK) {
        return verdict;
    }
    if (!answers_question(query, &facts->answer)) {
        return VERDICT_CONFLICT;
    }
    verdict = check_proofs(check, query, facts, &next);
    if (verdict != VERDICT_OK) {
        return verdict;
    }
    bool has_chain = query->kind != QUERY_RELEASE;
    if (has_chain && (facts->chain.height != facts->answer.height || facts->chain.time != facts->answer.time_ms)) {
        return VERDICT_CONFLICT;
    }
    verdict = query_check_parts(check, query, facts, next);
    return verdict == VERDICT_OK ? check_certificate(facts) : verdict;
}
