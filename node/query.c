/* query.c: see query.h. What hangs on the archive is in query_archive.c. */
#include "node/query.h"

#include "base/assert.h"
#include "crypto/ed25519.h"
#include "ledger/ledger.h"
#include "ledger/query_access.h"
#include "ledger/query_state.h"
#include "ledger/release.h"
#include "node/query_priv.h"

#include <string.h>

void queries_take(struct queries *queries, struct arena *arena, struct apply *apply, const struct genesis *genesis)
{
    *queries = (struct queries){ .apply = apply, .genesis = genesis };
    views_init(&queries->views, &genesis->limits, genesis->time_ms);
    queries->inputs = arena_take(arena, 1, sizeof *queries->inputs);
}

void queries_begin(struct queries *queries, uint64_t time_ms) { queries->views.checkpoint_time_ms = time_ms; }

static struct views_now now_of(const struct queries *queries)
{
    struct ledger *ledger = queries->apply->ledger;

    ASSERT(!ledger_is_open(ledger));
    return (struct views_now){ ledger_store(ledger), ledger_height(ledger), ledger_time(ledger) };
}

void queries_certified(struct queries *queries, const struct checkpoint_cert *checkpoint)
{
    if (!ledger_is_open(queries->apply->ledger)) {
        struct views_now now = now_of(queries);
        views_certify(&queries->views, &now, checkpoint);
    }
}

void queries_executed(struct queries *queries)
{
    struct views_now now = now_of(queries);

    views_executed(&queries->views, &now);
}

/* --- Who asks ------------------------------------------------------------------------------------------------------ */

static uint16_t code_of(enum verdict verdict)
{
    return (uint16_t)(verdict == VERDICT_VERSION ? CODE_VERSION : command_body_refusal(verdict));
}

static struct release_request release_of(const struct query *query)
{
    struct release_request request = { .ticket = query->id, .seq = query->seq, .asked_ms = query->asked_ms };

    memcpy(request.asker, query->asker, ACCT_BYTES);
    return request;
}

/* signed_digest gives what the asker signed. Gives: false when a release names no ticket that exists. */
static bool signed_digest(const struct question *question, struct hash32 *digest)
{
    const struct query *query = question->query;
    struct release_request request = release_of(query);
    struct ticket ticket;

    if (query->kind != QUERY_RELEASE) {
        *digest = query_digest(query, &question->queries->genesis->hash);
        return true;
    }
    if (!exec_get_ticket(question->exec, &query->id, &ticket)) {
        return false;
    }
    *digest = release_digest(&question->queries->genesis->hash, &request, &ticket);
    return true;
}

static enum code check_asker(struct question *question)
{
    const struct query *query = question->query;
    struct hash32 digest;

    if (!query_is_signed(query->kind)) {
        return CODE_OK;
    }
    enum code code = query_identify(question->exec, query, question->now_ms, &question->asker);
    if (code != CODE_OK) {
        return code;
    }
    if (!signed_digest(question, &digest)) {
        return CODE_TICKET_UNKNOWN;
    }
    struct sig_item item = { .key = query->key, .digest = digest.bytes, .signature = query->signature };
    question->queries->signature_checks++;
    return ed25519_verify(&item) ? query_may_ask(question->exec, query, question->now_ms, &question->asker) : CODE_SIG;
}

/* --- Which state --------------------------------------------------------------------------------------------------- */

/* choose_view fills the head of the answer. Gives: 0 or QUERY_UNCERTIFIED. */
static uint16_t choose_view(struct question *question, struct answer *head)
{
    struct queries *queries = question->queries;
    const struct view *view;

    *head = (struct answer){ .kind = question->query->kind, .certified = question->query->certified };
    if (question->query->certified) {
        view = views_certified(&queries->views, question->store, &question->view);
        if (view == NULL) {
            return QUERY_UNCERTIFIED;
        }
        head->height = view->height;
        head->time_ms = view->time_ms;
        head->state_root = view->state_root;
        head->certificate = bytes_of(queries->views.certificate, queries->views.certificate_bytes);
        return 0;
    }
    question->view = STATE_PIN_NONE;
    head->height = ledger_height(queries->apply->ledger);
    head->time_ms = ledger_time(queries->apply->ledger);
    if (question->query->kind != QUERY_RELEASE) {
        head->state_root = ledger_state_root(queries->apply->ledger);
    }
    return 0;
}

/* --- Parts --------------------------------------------------------------------------------------------------------- */

static void write_decision(const struct answer_decision *decision, struct writer *writer)
{
    size_t at = answer_part_begin(PART_DECISION, writer);

    answer_decision_encode(decision, writer);
    answer_part_end(at, writer);
}

/* Gives: the parts written, 0 or 1. */
static uint32_t write_evaluation(struct question *question, struct writer *writer)
{
    struct answer_decision decision;

    if (!query_state_evaluate(question->store, question->view, question->query, question->now_ms, question->queries->inputs, &decision)) {
        return 0;
    }
    write_decision(&decision, writer);
    return 1;
}

static uint32_t write_release(struct question *question, struct writer *writer)
{
    struct release_request request = release_of(question->query);
    struct decision decision;
    enum code code = release_check(question->store, &request, question->now_ms, question->queries->inputs, &decision);
    struct answer_decision told = { .code = (uint16_t)code, .permit = code == CODE_OK, .reason = (uint8_t)decision.reason, .grant = decision.grant,
                                    .first = question->query->seq, .time_ms = question->now_ms };

    write_decision(&told, writer);
    return 1;
}

/* write_part writes what stands behind the proofs. Gives: *parts written; 0 or a refusal. */
static uint16_t write_part(struct question *question, struct writer *writer, uint32_t *parts)
{
    *parts = 0;
    switch (question->query->kind) {
    case QUERY_RECEIPT:
        return query_write_receipt(question, writer, parts);
    case QUERY_AUDIT:
        return query_write_events(question, writer, parts);
    case QUERY_DISCLOSURES:
        return query_write_disclosures(question, writer, parts);
    case QUERY_LOCATOR:
        return query_write_locator(question, writer, parts);
    case QUERY_EVALUATE:
        *parts = write_evaluation(question, writer);
        return 0;
    case QUERY_RELEASE:
        *parts = write_release(question, writer);
        return 0;
    case QUERY_CHECKPOINT:
    case QUERY_ORG:
    case QUERY_ACTOR:
    case QUERY_PATIENT:
    case QUERY_POINTER:
    case QUERY_POINTERS:
    case QUERY_GRANTS:
    case QUERY_TICKET:
    case QUERY_KIND_END:
        break;
    }
    return 0;
}

static uint16_t write_answer(struct question *question, struct writer *writer)
{
    struct answer head;
    uint32_t proofs = 0, parts = 0;
    uint16_t code = choose_view(question, &head);

    if (code != 0) {
        return code;
    }
    size_t at = answer_begin(&head, writer);
    enum err err = query_state_prove(question->store, question->view, question->query, writer, &proofs);
    if (err != ERR_OK) {
        return err == ERR_FULL ? QUERY_TOO_LARGE : QUERY_UNCERTIFIED;
    }
    code = write_part(question, writer, &parts);
    answer_end(at, proofs + parts, writer);
    return code == 0 && writer->failed ? QUERY_TOO_LARGE : code;
}

uint16_t queries_answer(struct queries *queries, const struct query_call *call, uint8_t *out, size_t room, size_t *size)
{
    struct ledger *ledger = queries->apply->ledger;
    struct writer writer;
    struct query query;

    ASSERT(!ledger_is_open(ledger));
    *size = 0;
    enum verdict verdict = query_decode(&query, call->question);
    queries->asked[verdict == VERDICT_OK ? query.kind : 0]++;
    if (verdict != VERDICT_OK) {
        return code_of(verdict);
    }
    if (query.kind == QUERY_RELEASE && !call->gated) {
        return QUERY_NOT_GATED;
    }
    uint64_t time_ms = ledger_time(ledger);
    struct question question = { .queries = queries, .query = &query, .exec = ledger_exec(ledger), .store = ledger_store(ledger),
                                 .now_ms = call->wall_ms > time_ms ? call->wall_ms : time_ms };
    uint16_t code = (uint16_t)check_asker(&question);
    writer_init(&writer, out, room);
    code = code == 0 ? write_answer(&question, &writer) : code;
    *size = code == 0 ? writer.offset : 0;
    return code;
}
