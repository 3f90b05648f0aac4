/* story_ask.c: the questions of the story. What a replica answers is checked by the proofs that come with it; the audit trail also by the certificate
 * of a checkpoint, so that no single replica could leave anything out. */
#include "cli/story_priv.h"

#include "base/assert.h"
#include "base/clock.h"
#include "crypto/ed25519.h"
#include "ledger/query_check.h"
#include "ledger/release.h"
#include "wire/block.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ASK_MS = 10000, CERTIFIED_MS = 20000, PAUSE_MS = 200, CODES = 1024 };

/* check_memory gives the memory of the checker, taken once; NULL when there is none to be had. */
static struct query_check *check_memory(void)
{
    static struct query_check *check;
    struct arena measure, arena;

    if (check == NULL) {
        arena_init_measure(&measure);
        (void)query_check_take(&measure);
        void *memory = aligned_alloc(ARENA_ALIGN, measure.used);
        if (memory == NULL) {
            return NULL;
        }
        memset(memory, 0, measure.used);
        arena_init(&arena, memory, measure.used);
        check = query_check_take(&arena);
    }
    return check;
}

/* sign_question fills in who asks. */
static void sign_question(const struct story *story, const struct story_person *asker, struct query *query)
{
    const struct hash32 *genesis = &story->bed->cluster.genesis.hash;

    memcpy(query->asker, asker->account, ACCT_BYTES);
    memcpy(query->key, asker->key.public_key, KEY_BYTES);
    query->asked_ms = clock_wall_ms();
    struct hash32 digest = query_digest(query, genesis);
    if (query->kind == QUERY_RELEASE) {
        struct release_request request = { .ticket = query->id, .seq = query->seq, .asked_ms = query->asked_ms };
        struct ticket ticket = { .org = 0 };
        memcpy(request.asker, asker->account, ACCT_BYTES);
        memcpy(ticket.patient, story->ada.account, ACCT_BYTES);
        digest = release_digest(genesis, &request, &ticket);
    }
    sign_digest(&asker->key, &digest, query->signature);
}

/* put asks and checks the answer. Gives: false with a problem when there is no answer or it does not hold; else *code, and with code 0 *facts. */
static bool put(struct story *story, const struct query *query, uint16_t *code, struct query_facts *facts)
{
    uint8_t bytes[QUERY_BYTES_MAX];
    struct writer writer;
    struct client_event event;

    writer_init(&writer, bytes, sizeof bytes);
    query_encode(query, &writer);
    ASSERT(!writer.failed);
    struct client_call call = { .type = CLIENT_QUERY, .flags = query->kind == QUERY_RELEASE ? CLIENT_FLAG_GATED : 0, .question = bytes_of(bytes, writer.offset) };
    enum err err = client_ask(story->client, &call, &event, ASK_MS);
    if (err != ERR_OK) {
        return story_fail(story, "no answer to a question: %s", err_name(err));
    }
    *code = event.code;
    if (event.type != CLIENT_ANSWER || event.code != 0) {
        return true;
    }
    enum verdict verdict = query_check(check_memory(), query, event.answer, facts);
    return verdict == VERDICT_OK || story_fail(story, "an answer does not hold: %s", verdict_name(verdict));
}

bool story_find_receipt(struct story *story, const struct hash32 *id, uint16_t *code)
{
    static struct query_facts facts;
    struct query query = { .kind = QUERY_RECEIPT, .id = *id };
    uint16_t refused;

    if (!put(story, &query, &refused, &facts) || refused != 0) {
        return false;
    }
    *code = (uint16_t)facts.receipt.code;
    return true;
}

/* note_ticket writes down what a ticket names. */
static void note_ticket(struct story_request *request, const struct ticket *ticket)
{
    request->permitted = true;
    request->pointers = 0;
    for (uint32_t bit = 0; bit < TICKET_PAGE; bit++) {
        if (bitmap_has(ticket->bitmap, bit)) {
            request->first = request->pointers == 0 ? ticket->base_seq + bit : request->first;
            request->pointers++;
        }
    }
}

bool story_ask_ticket(struct story *story, const struct story_person *asker, struct story_request *request)
{
    static struct query_facts facts;
    struct query query = { .kind = QUERY_TICKET, .id = request->id };
    uint16_t code;

    sign_question(story, asker, &query);
    if (!put(story, &query, &code, &facts)) {
        return false;
    }
    if (code != 0 && code != CODE_TICKET_UNKNOWN) {
        return story_fail(story, "a question for a ticket was refused: %u", code);
    }
    request->permitted = false;
    if (code == 0 && facts.found) {
        note_ticket(request, &facts.ticket);
    }
    return true;
}

bool story_ask_release(struct story *story, bool *permitted)
{
    static struct query_facts facts;
    struct query query = { .kind = QUERY_RELEASE, .id = story->seen.id, .seq = story->seen.first };
    uint16_t code;

    sign_question(story, &story->elsewhere, &query);
    if (!put(story, &query, &code, &facts)) {
        return false;
    }
    if (code != 0) {
        return story_fail(story, "a question for a release was refused: %u", code);
    }
    *permitted = facts.decision.code == CODE_OK && facts.decision.permit;
    if (!*permitted && facts.decision.code != CODE_NOT_PERMITTED) {
        return story_fail(story, "a release was refused for another reason than consent: %u", facts.decision.code);
    }
    return true;
}

/* certificate_holds verifies that a quorum of the genesis's members signed the checkpoint. */
static bool certificate_holds(const struct story *story, const struct query_facts *facts)
{
    static struct config config;
    static struct sig_item items[QUORUM_MAX];
    struct hash32 digest;

    if (!facts->certified || genesis_config(&story->bed->cluster.genesis, &config) != VERDICT_OK ||
        checkpoint_cert_check(&facts->certificate, &config) != VERDICT_OK) {
        return false;
    }
    uint32_t count = checkpoint_cert_items(&facts->certificate, &config, &story->bed->cluster.chain_id, &digest, items);
    for (uint32_t i = 0; i < count; i++) {
        if (!ed25519_verify(&items[i])) {
            return false;
        }
    }
    return count >= config_quorum(config.members_count);
}

/* find_events counts the events of the trail that were to be there, and those that were not. */
static bool find_events(struct story *story, struct query_facts *facts)
{
    uint32_t found[STORY_EXPECTED_MAX] = { 0 }, strange = 0;
    struct audit_event event;

    while (query_event_next(facts, &event)) {
        bool known = false;
        for (uint32_t i = 0; i < story->expected_count && !known; i++) {
            const struct story_expected *expected = &story->expected[i];
            known = expected->type == event.type && hash_equal(&expected->ref, &event.ref);
            found[i] += known ? 1 : 0;
        }
        strange += known ? 0 : 1;
    }
    for (uint32_t i = 0; i < story->expected_count; i++) {
        if (found[i] != story->expected[i].count) {
            return story_fail(story, "of an event of type %u the trail has %u, not %u", story->expected[i].type, found[i], story->expected[i].count);
        }
    }
    return strange == 0 || story_fail(story, "the trail has %u events that nobody caused", strange);
}

bool story_audit(struct story *story)
{
    static struct query_facts facts;
    struct query query = { .kind = QUERY_AUDIT, .certified = true, .count = QUERY_EVENTS_MAX };
    uint64_t end_ns = clock_mono_ns() + CERTIFIED_MS * UINT64_C(1000000);
    uint16_t code = QUERY_UNCERTIFIED;

    memcpy(query.acct, story->ada.account, ACCT_BYTES);
    while (code == QUERY_UNCERTIFIED && clock_mono_ns() < end_ns) {
        sign_question(story, &story->ada, &query);
        if (!put(story, &query, &code, &facts)) {
            return false;
        }
        if (code == QUERY_UNCERTIFIED) {
            nanosleep(&(struct timespec){ .tv_nsec = PAUSE_MS * 1000000L }, NULL);
        }
    }
    if (code != 0) {
        return story_fail(story, "the question for the audit trail was refused: %u", code);
    }
    if (!certificate_holds(story, &facts)) {
        return story_fail(story, "the audit trail is not certified by a quorum");
    }
    if (facts.events_count != facts.patient.audit_count) {
        return story_fail(story, "%u of %u events came", facts.events_count, (uint32_t)facts.patient.audit_count);
    }
    story->audit_complete = find_events(story, &facts);
    return story->audit_complete;
}
