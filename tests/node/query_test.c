/* query_test.c: every question gets an answer that proves itself, and everybody else gets the reason why not. */
#include "node/query.h"

#include "ledger/ledger.h"
#include "ledger/release.h"
#include "tests/node/desk_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static struct desk desk;

static void start(void)
{
    desk_start(&desk);
}

/* expect asks and demands this code. */
static void expect(struct query *query, const struct lab_party *party, unsigned code, const char *what)
{
    uint16_t got = desk_ask(&desk, query, party);

    cr_assert_eq(got, code, "%s: %u, not %u", what, got, code);
    cr_assert(code == 0 || desk.answer_bytes == 0);
}

/* answered asks, demands an answer, and checks it. */
static void answered(struct query *query, const struct lab_party *party)
{
    expect(query, party, 0, "answered");
    enum verdict verdict = desk_check(&desk, query);
    cr_assert_eq(verdict, VERDICT_OK, "kind %d: %s", query->kind, verdict_name(verdict));
}

static const enum query_kind kinds[] = { QUERY_CHECKPOINT, QUERY_RECEIPT, QUERY_ORG, QUERY_ACTOR, QUERY_PATIENT, QUERY_POINTER, QUERY_POINTERS, QUERY_GRANTS,
                                         QUERY_TICKET, QUERY_AUDIT, QUERY_DISCLOSURES, QUERY_EVALUATE, QUERY_LOCATOR };

Test(query, the_patient_gets_every_kind_of_answer_from_the_newest_state, .init = start)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct query query = desk_query(&desk, kinds[i]);
        answered(&query, &desk.patient);
        cr_assert_not(desk.facts.certified);
        cr_assert_eq(desk.facts.answer.height, desk.lab.height);
        cr_assert_eq(desk.facts.answer.time_ms, desk.lab.time_ms);
    }
}

Test(query, the_patient_gets_every_kind_of_answer_from_the_certified_state, .init = start)
{
    desk_checkpoint(&desk, true);
    uint64_t height = desk.lab.height;
    desk_add(&desk, 2, true); /* the newest state goes on */
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct query query = desk_query(&desk, kinds[i]);
        query.certified = true;
        answered(&query, &desk.patient);
        cr_assert(desk.facts.certified);
        cr_assert_eq(desk.facts.answer.height, height);
        cr_assert_eq(desk.facts.certificate.checkpoint.height, height);
    }
}

Test(query, what_is_answered_is_what_is_there, .init = start)
{
    struct query query = desk_query(&desk, QUERY_ORG);
    struct audit_event event;
    struct state_entry entry;
    uint32_t count = 0;

    answered(&query, NULL);
    cr_assert(desk.facts.found);
    cr_assert_arr_eq(desk.facts.org.name, "Birch", 5);
    query.org = 99;
    answered(&query, NULL);
    cr_assert_not(desk.facts.found, "and absence is proved too");
    query = desk_query(&desk, QUERY_RECEIPT);
    answered(&query, NULL);
    cr_assert_eq(desk.facts.receipt.code, CODE_OK);
    query = desk_query(&desk, QUERY_POINTERS);
    answered(&query, &desk.patient);
    cr_assert_eq(desk.facts.patient.ptr_count, 4);
    while (state_proof_next(&desk.facts.pairs, &entry)) {
        count++;
    }
    cr_assert_eq(count, 4);
    query = desk_query(&desk, QUERY_AUDIT);
    answered(&query, &desk.patient);
    cr_assert_eq(desk.facts.events_count, desk.facts.patient.audit_count);
    for (count = 0; query_event_next(&desk.facts, &event); count++) {
        cr_assert_eq(event.seq, count);
    }
    cr_assert_eq(count, desk.facts.events_count);
    cr_assert_eq(event.type, EVENT_ACCESS_DENIED, "the stranger's attempt came last");
    query = desk_query(&desk, QUERY_LOCATOR);
    answered(&query, &desk.patient);
    cr_assert_eq(desk.facts.locator.size, LOCATOR_SEALED_BYTES);
}

Test(query, a_trail_is_read_in_pages_that_join_without_a_gap, .init = start)
{
    struct query query = desk_query(&desk, QUERY_AUDIT);
    struct merkle_peaks peaks = { 0 };
    struct audit_event event;
    uint8_t bytes[AUDIT_EVENT_BYTES];

    query.count = 2;
    do {
        answered(&query, &desk.patient);
        struct hash32 root = merkle_peaks_root(&peaks);
        cr_assert(hash_equal(&root, &desk.facts.root_before), "what came before is what the page before ended with");
        while (query_event_next(&desk.facts, &event)) {
            audit_event_encode(&event, bytes);
            struct hash32 leaf = merkle_leaf(bytes, sizeof bytes);
            merkle_peaks_append(&peaks, &leaf);
            query.from++;
        }
    } while (query.from < desk.facts.patient.audit_count);
    struct hash32 root = merkle_peaks_root(&peaks);
    cr_assert(hash_equal(&root, &desk.facts.patient.audit_root));
    answered(&query, &desk.patient);
    cr_assert_eq(desk.facts.events_count, 0, "beyond the end there is nothing, and that is proved");
    query.from += 1000;
    answered(&query, &desk.patient);
    cr_assert_eq(desk.facts.from, desk.facts.patient.audit_count);
}

Test(query, an_evaluation_says_what_a_request_would_get, .init = start)
{
    struct query query = desk_query(&desk, QUERY_EVALUATE);

    answered(&query, &desk.patient);
    cr_assert(desk.facts.decision.permit);
    cr_assert_eq(desk.facts.decision.reason, REASON_GRANT);
    cr_assert_eq(desk.facts.decision.bitmap[0], 7, "three are current, one is pending");
    memcpy(query.subject, desk.stranger.acct, ACCT_BYTES);
    answered(&query, &desk.patient);
    cr_assert_not(desk.facts.decision.permit);
    cr_assert_eq(desk.facts.decision.reason, REASON_DEFAULT);
    memcpy(query.subject, desk.patient.acct, ACCT_BYTES);
    query.purpose = PURPOSE_PATRQT;
    answered(&query, &desk.patient);
    cr_assert_eq(desk.facts.decision.reason, REASON_SELF);
    memset(query.subject, 0xee, ACCT_BYTES); /* nobody */
    answered(&query, &desk.patient);
    cr_assert_not(desk.facts.decision.permit);
    query.seq = 200; /* two pages */
    answered(&query, &desk.patient);
    cr_assert_eq(desk.facts.decision.reason, REASON_PURPOSE);
}

/* --- Who may ask ------------------------------------------------------------------------------------------------------- */

Test(query, each_kind_about_a_patient_is_answered_to_those_of_the_table_alone, .init = start)
{
    struct {
        enum query_kind kind;
        unsigned patient, other, alder, birch, doctor, stranger, admin;
    } rows[] = {
        { QUERY_PATIENT, 0, CODE_ROLE, 0, 0, CODE_ROLE, CODE_ROLE, 0 },
        { QUERY_POINTER, 0, CODE_ROLE, 0, CODE_ROLE, CODE_ROLE, CODE_ROLE, 0 },
        { QUERY_POINTERS, 0, CODE_ROLE, CODE_ROLE, CODE_ROLE, CODE_ROLE, CODE_ROLE, CODE_ROLE },
        { QUERY_GRANTS, 0, CODE_ROLE, CODE_ROLE, CODE_ROLE, CODE_ROLE, CODE_ROLE, CODE_ROLE },
        { QUERY_AUDIT, 0, CODE_ROLE, CODE_ROLE, CODE_ROLE, CODE_ROLE, CODE_ROLE, CODE_ROLE },
        { QUERY_EVALUATE, 0, CODE_ROLE, CODE_ROLE, CODE_ROLE, CODE_ROLE, CODE_ROLE, CODE_ROLE },
        { QUERY_DISCLOSURES, 0, CODE_ROLE, 0, 0, CODE_ROLE, CODE_ROLE, 0 },
        { QUERY_TICKET, 0, CODE_ROLE, 0, 0, 0, CODE_ROLE, 0 },
        { QUERY_LOCATOR, 0, CODE_ROLE, 0, CODE_ROLE, CODE_ROLE, CODE_ROLE, 0 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct query query = desk_query(&desk, rows[i].kind);
        expect(&query, &desk.patient, rows[i].patient, "the patient");
        expect(&query, &desk.other, rows[i].other, "another patient");
        expect(&query, &desk.alder, rows[i].alder, "the custodian's system");
        expect(&query, &desk.birch, rows[i].birch, "the grantee's system");
        expect(&query, &desk.doctor, rows[i].doctor, "a practitioner of the grantee, subject of the ticket");
        expect(&query, &desk.stranger, rows[i].stranger, "a practitioner of another organisation");
        expect(&query, &desk.lab.admins[LAB_ALDER], rows[i].admin, "the custodian's admin");
        expect(&query, &desk.lab.officers[LAB_DUNE], CODE_ROLE, "an organisation that has nothing to do with the patient");
    }
}

Test(query, a_locator_is_handed_out_under_a_live_ticket_that_covers_it, .init = start)
{
    struct query query = desk_query(&desk, QUERY_LOCATOR);

    query.id = desk.request;
    answered(&query, &desk.doctor);
    answered(&query, &desk.birch);
    expect(&query, &desk.stranger, CODE_TICKET_SCOPE, "not his ticket");
    query.seq = 4;
    expect(&query, &desk.doctor, CODE_TICKET_SCOPE, "a pointer that it does not cover");
    query.seq = 1;
    query.id.bytes[0] ^= 1;
    expect(&query, &desk.doctor, CODE_TICKET_UNKNOWN, "no ticket");
    query.id.bytes[0] ^= 1;
    desk.now_ms += 3601000;
    expect(&query, &desk.doctor, CODE_TICKET_EXPIRED, "an hour later");
    query.seq = 77;
    expect(&query, &desk.patient, CODE_PTR_UNKNOWN, "no such pointer");
}

Test(query, a_signed_question_needs_account_key_time_and_signature, .init = start)
{
    struct query query = desk_query(&desk, QUERY_GRANTS), bad;

    desk_sign(&desk, &query, &desk.patient);
    bad = query;
    bad.asker[0] ^= 1;
    cr_assert_eq(desk_send(&desk, &bad), CODE_SENDER_UNKNOWN);
    bad = query;
    bad.key[0] ^= 1;
    cr_assert_eq(desk_send(&desk, &bad), CODE_KEY_NOT_CURRENT);
    cr_assert_eq(desk.queries.signature_checks, 0, "nothing of this is worth a signature check");
    bad = query;
    bad.signature[40] ^= 1;
    cr_assert_eq(desk_send(&desk, &bad), CODE_SIG);
    bad = query;
    bad.certified = true;
    cr_assert_eq(desk_send(&desk, &bad), CODE_SIG, "every bit of the question is signed");
    bad = query;
    bad.kind = QUERY_PATIENT;
    cr_assert_eq(desk_send(&desk, &bad), CODE_SIG);
    cr_assert_eq(desk_send(&desk, &query), 0);
    desk.now_ms += QUERY_WINDOW_MS;
    cr_assert_eq(desk_send(&desk, &query), 0, "to the last millisecond");
    desk.now_ms += 1;
    cr_assert_eq(desk_send(&desk, &query), CODE_EXPIRED);
    desk.now_ms = query.asked_ms - 1;
    desk_sign(&desk, &query, &desk.patient);
    query.asked_ms = desk.lab.time_ms + QUERY_WINDOW_MS + 1; /* the replica's clock is not behind the chain */
    cr_assert_eq(desk_send(&desk, &query), CODE_EXPIRY_FAR);
}

Test(query, who_is_suspended_or_over_asks_no_more, .init = start)
{
    struct query query = desk_query(&desk, QUERY_PATIENT);
    struct actor actor;
    struct org org;
    struct exec *exec = ledger_exec(desk.lab.ledger);

    cr_assert(exec_get_actor(exec, desk.alder.acct, &actor));
    cr_assert(exec_get_org(exec, LAB_ALDER, &org));
    actor.status = ACTOR_SUSPENDED;
    cr_assert_eq(exec_put_actor(exec, desk.alder.acct, &actor), CODE_OK);
    expect(&query, &desk.alder, CODE_SENDER_SUSPENDED, "suspended");
    actor.status = ACTOR_ACTIVE;
    actor.valid_until = desk.now_ms;
    cr_assert_eq(exec_put_actor(exec, desk.alder.acct, &actor), CODE_OK);
    expect(&query, &desk.alder, CODE_SENDER_EXPIRED, "over at this very moment");
    actor.valid_until++;
    cr_assert_eq(exec_put_actor(exec, desk.alder.acct, &actor), CODE_OK);
    expect(&query, &desk.alder, 0, "a millisecond before");
    org.status = ORG_SUSPENDED;
    cr_assert_eq(exec_put_org(exec, LAB_ALDER, &org), CODE_OK);
    expect(&query, &desk.alder, CODE_ORG_SUSPENDED, "its organisation");
}

Test(query, what_is_no_question_gets_its_code, .init = start)
{
    static const struct {
        uint8_t bytes[8];
        size_t size;
        unsigned code;
    } rows[] = {
        { { 0 }, 0, CODE_MALFORMED },          { { 1, 1, 0 }, 3, CODE_MALFORMED },     { { 2, 1, 0, 0 }, 4, CODE_VERSION },
        { { 1, 0, 0, 0 }, 4, CODE_TYPE },      { { 1, 99, 0, 0 }, 4, CODE_TYPE },      { { 1, 1, 2, 0 }, 4, CODE_RESERVED },
        { { 1, 1, 0, 1 }, 4, CODE_RESERVED },  { { 1, 1, 0, 0, 0 }, 5, CODE_MALFORMED }, { { 1, 3, 0, 0, 0, 0 }, 6, CODE_MALFORMED },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct query_call call = { bytes_of(rows[i].bytes, rows[i].size), false, desk.now_ms };
        uint16_t code = queries_answer(&desk.queries, &call, desk.answer, sizeof desk.answer, &desk.answer_bytes);
        bool malformed = code == CODE_MALFORMED || code == CODE_LENGTH;
        cr_assert(code == rows[i].code || (rows[i].code == CODE_MALFORMED && malformed), "%zu: %u", i, code);
    }
}

/* --- Release ----------------------------------------------------------------------------------------------------------- */

Test(query, a_release_is_decided_behind_the_gate_alone, .init = start)
{
    struct query query = desk_query(&desk, QUERY_RELEASE);
    uint8_t bytes[QUERY_BYTES_MAX];
    struct writer writer;

    answered(&query, &desk.doctor);
    cr_assert_eq(desk.facts.decision.code, CODE_OK);
    cr_assert(desk.facts.decision.permit);
    writer_init(&writer, bytes, sizeof bytes);
    query_encode(&query, &writer);
    struct query_call call = { bytes_of(bytes, writer.offset), false, desk.now_ms };
    cr_assert_eq(queries_answer(&desk.queries, &call, desk.answer, sizeof desk.answer, &desk.answer_bytes), QUERY_NOT_GATED);
    query.signature[1] ^= 1;
    cr_assert_eq(desk_send(&desk, &query), CODE_SIG);
    query.signature[1] ^= 1;
    query.seq = 2;
    cr_assert_eq(desk_send(&desk, &query), CODE_SIG, "another pointer was not signed for");
}

Test(query, a_release_of_a_pointer_before_the_page_of_the_ticket_is_out_of_its_scope, .init = start)
{
    struct query query = desk_query(&desk, QUERY_RELEASE);
    struct lab_command command = { .sender = &desk.doctor, .body = { .type = COMMAND_ACCESS_REQUEST } };
    struct access_request *body = &command.body.as.access_request;

    memcpy(body->patient, desk.patient.acct, ACCT_BYTES);
    body->purpose = PURPOSE_TREAT;
    body->class_mask = CLASS_MASK_ALL;
    body->base_seq = 2;
    body->want_ttl = 3600;
    cr_assert_eq(lab_send(&desk.lab, &command), CODE_OK);
    query.id = desk.lab.receipt.tx_id;
    query.seq = 1;
    answered(&query, &desk.doctor);
    cr_assert_eq(desk.facts.decision.code, CODE_TICKET_SCOPE);
    query.signature[1] ^= 1;
    cr_assert_eq(desk_send(&desk, &query), CODE_SIG, "and whoever has not signed learns no more");
}

Test(query, after_a_revocation_a_release_is_refused_although_the_ticket_lives, .init = start)
{
    struct query query = desk_query(&desk, QUERY_RELEASE);
    struct lab_command command = { .sender = &desk.patient, .body = { .type = COMMAND_REVOKE } };

    memcpy(command.body.as.revoke.patient, desk.patient.acct, ACCT_BYTES);
    command.body.as.revoke.count = 1;
    command.body.as.revoke.seqs[0] = 1;
    cr_assert_eq(lab_send(&desk.lab, &command), CODE_OK);
    answered(&query, &desk.doctor);
    cr_assert_eq(desk.facts.decision.code, CODE_NOT_PERMITTED);
    cr_assert_not(desk.facts.decision.permit);
    answered(&query, &desk.stranger);
    cr_assert_eq(desk.facts.decision.code, CODE_TICKET_SCOPE);
    desk.now_ms += 3601000;
    answered(&query, &desk.doctor);
    cr_assert_eq(desk.facts.decision.code, CODE_TICKET_EXPIRED, "by the clock, without a block");
    query.id.bytes[3] ^= 1;
    expect(&query, &desk.doctor, CODE_TICKET_UNKNOWN, "no such ticket");
}

/* --- What cannot be answered --------------------------------------------------------------------------------------------- */

Test(query, without_a_certified_checkpoint_nothing_is_certified, .init = start)
{
    struct query query = desk_query(&desk, QUERY_ORG);

    query.certified = true;
    expect(&query, NULL, QUERY_UNCERTIFIED, "no checkpoint yet");
    desk_checkpoint(&desk, false);
    expect(&query, NULL, QUERY_UNCERTIFIED, "a checkpoint without its certificate");
    desk_checkpoint(&desk, true);
    expect(&query, NULL, 0, "certified");
    uint64_t height = desk.lab.height;
    desk_checkpoint(&desk, false);
    answered(&query, NULL);
    cr_assert_eq(desk.facts.answer.height, height, "until the next certificate the last one holds");
    (void)desk_request(&desk, &desk.doctor);
    query = desk_query(&desk, QUERY_RECEIPT);
    query.id = desk.lab.receipt.tx_id;
    expect(&query, NULL, 0, "the receipt is in the newest log");
    query.certified = true;
    expect(&query, NULL, QUERY_UNCERTIFIED, "but not below the certificate");
    query.id.bytes[0] ^= 1;
    expect(&query, NULL, QUERY_NOT_FOUND, "no such transaction");
}

Test(query, a_certificate_of_another_state_is_not_taken, .init = start)
{
    struct query query = desk_query(&desk, QUERY_ORG);

    query.certified = true;
    desk_checkpoint(&desk, false);
    struct checkpoint_cert cert = { .checkpoint = { .height = desk.lab.height, .state_root = { { 1 } } } };
    queries_certified(&desk.queries, &cert);
    expect(&query, NULL, QUERY_UNCERTIFIED, "another root");
    cert.checkpoint.state_root = lab_root(&desk.lab);
    cert.checkpoint.height++;
    queries_certified(&desk.queries, &cert);
    expect(&query, NULL, QUERY_UNCERTIFIED, "another height");
}

Test(query, the_tip_of_a_silent_chain_is_certified_where_it_stands, .init = start)
{
    struct query query = desk_query(&desk, QUERY_RECEIPT);

    query.certified = true;
    desk_checkpoint(&desk, true);
    query.id = desk_request(&desk, &desk.doctor); /* no checkpoint block */
    expect(&query, NULL, QUERY_UNCERTIFIED, "above the checkpoint");
    desk_certify(&desk);
    uint64_t height = desk.lab.height;
    queries_certified(&desk.queries, &desk.certificate);
    answered(&query, NULL);
    cr_assert_eq(desk.facts.answer.height, height);
    desk_certify(&desk); /* certified too late: the next block is executed */
    (void)desk_request(&desk, &desk.doctor);
    struct checkpoint_cert late = desk.certificate;
    late.checkpoint.height = height + 1;
    queries_certified(&desk.queries, &late);
    answered(&query, NULL);
    cr_assert_eq(desk.facts.answer.height, height, "the view before stays");
}

/* heard_late certifies a checkpoint block of which one hears when so many others have been executed, and `before` it so many of which one never hears. Gives: its height. */
static uint64_t heard_late(uint32_t before, uint32_t others)
{
    for (uint32_t i = 0; i <= before; i++) {
        desk_checkpoint(&desk, false);
    }
    desk_certify(&desk);
    struct checkpoint_cert late = desk.certificate;
    desk.has_certificate = false;
    for (uint32_t i = 0; i < others; i++) {
        desk_checkpoint(&desk, false);
    }
    queries_certified(&desk.queries, &late);
    desk.certificate = late;
    return late.checkpoint.height;
}

Test(query, a_certificate_is_taken_behind_the_next_checkpoint_blocks, .init = start)
{
    struct query query = desk_query(&desk, QUERY_ORG);

    query.certified = true;
    desk_checkpoint(&desk, true);
    for (uint32_t others = 0; others < VIEWS_CANDIDATES - 1; others++) {
        uint64_t height = heard_late(2, others);
        answered(&query, NULL);
        cr_assert_eq(desk.facts.answer.height, height, "%u behind", others);
    }
    uint64_t height = desk.facts.answer.height;
    cr_assert_gt(heard_late(2, VIEWS_CANDIDATES - 1), height);
    expect(&query, NULL, 0, "as before");
    (void)desk_check(&desk, &query); /* it is not of the certificate that came last */
    cr_assert_eq(desk.facts.answer.height, height, "what is further behind is gone");
}

/* The certificate that follows on the last one that was heard finds its state however many checkpoint blocks have been executed since. */
Test(query, the_next_certificate_is_taken_behind_any_number_of_checkpoint_blocks, .init = start)
{
    struct query query = desk_query(&desk, QUERY_ORG);

    query.certified = true;
    for (uint32_t others = 0; others < 3 * VIEWS_PINS; others++) {
        desk_checkpoint(&desk, true);
        uint64_t height = heard_late(0, others);
        answered(&query, NULL);
        cr_assert_eq(desk.facts.answer.height, height, "%u behind", others);
    }
}

/* The oldest candidate whose pin the store dropped, since its reserve ended, is no candidate: its place is given to the next one. */
Test(query, a_candidate_that_the_store_dropped_takes_no_place, .init = start)
{
    const struct views *views = &desk.queries.views;
    uint32_t standing = 0;
    struct hash32 root;

    desk_checkpoint(&desk, true);
    for (uint32_t i = 0; i < 2 * VIEWS_PINS; i++) {
        desk_checkpoint(&desk, false);
        uint32_t oldest = VIEWS_PINS;
        for (uint32_t k = 0; k < VIEWS_PINS; k++) {
            bool candidate = views->slots[k].set && k != views->certified;
            oldest = candidate && (oldest == VIEWS_PINS || views->slots[k].height < views->slots[oldest].height) ? k : oldest;
        }
        state_store_unpin(ledger_store(desk.lab.ledger), i == VIEWS_PINS ? oldest : VIEWS_PINS);
    }
    for (uint32_t k = 0; k < VIEWS_PINS; k++) {
        standing += views->slots[k].set && state_store_pinned(ledger_store(desk.lab.ledger), k, &root);
    }
    cr_assert_eq(standing, VIEWS_PINS);
}

/* What stays pinned for a late certificate is above the certified view, and goes with it: all that is below a newer certified view is let go with the next checkpoint block. */
Test(query, nothing_below_the_certified_view_stays_pinned_behind_the_next_checkpoint_block, .init = start)
{
    const struct views *views = &desk.queries.views;
    struct hash32 root;
    uint32_t pinned = 0;

    desk_checkpoint(&desk, true);
    for (uint32_t i = 0; i < VIEWS_CANDIDATES; i++) {
        desk_checkpoint(&desk, i == VIEWS_CANDIDATES - 1);
    }
    uint64_t certified = views->slots[views->certified].height;
    desk_checkpoint(&desk, false);
    for (uint32_t i = 0; i < VIEWS_PINS; i++) {
        bool stands = state_store_pinned(ledger_store(desk.lab.ledger), i, &root);
        cr_assert_eq(stands, views->slots[i].set);
        cr_assert(!stands || views->slots[i].height >= certified);
        pinned += stands;
    }
    cr_assert_eq(pinned, 2, "the certified one and its successor");
}

Test(query, a_pin_that_the_store_dropped_is_no_view, .init = start)
{
    struct query query = desk_query(&desk, QUERY_ORG);

    query.certified = true;
    desk_checkpoint(&desk, true);
    expect(&query, NULL, 0, "certified");
    for (uint32_t i = 0; i < VIEWS_PINS; i++) {
        state_store_unpin(ledger_store(desk.lab.ledger), i);
    }
    expect(&query, NULL, QUERY_UNCERTIFIED, "the reserve ended");
    desk_checkpoint(&desk, true);
    expect(&query, NULL, 0, "until the next checkpoint");
}

Test(query, what_the_archive_has_forgotten_is_said_to_be_so, .init = start)
{
    struct query audit = desk_query(&desk, QUERY_AUDIT), disclosures = desk_query(&desk, QUERY_DISCLOSURES), receipt = desk_query(&desk, QUERY_RECEIPT),
                 locator = desk_query(&desk, QUERY_LOCATOR);
    uint8_t bytes[LOCATOR_SEALED_BYTES] = { 0 };
    struct hash32 hash = { { 9 } };

    for (uint64_t i = 0; i < 1024; i++) {
        archive_add_event(&desk.apply.archive, hash.bytes, i, bytes, NULL);
        archive_add_receipt(&desk.apply.archive, desk.lab.receipts_seen + i, &(struct receipt){ .height = i }, NULL);
    }
    for (int i = 0; i < 64; i++) {
        archive_add_locator(&desk.apply.archive, &hash, bytes);
    }
    expect(&audit, &desk.patient, QUERY_FORGOTTEN, "events");
    expect(&disclosures, &desk.patient, QUERY_FORGOTTEN, "events");
    expect(&receipt, NULL, QUERY_NOT_FOUND, "receipt");
    expect(&locator, &desk.patient, QUERY_NOT_FOUND, "locator");
}

Test(query, an_answer_that_does_not_fit_is_no_answer, .init = start)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct query query = desk_query(&desk, kinds[i]);
        uint8_t bytes[QUERY_BYTES_MAX];
        struct writer writer;
        size_t size;
        expect(&query, &desk.patient, 0, "with room");
        size_t whole = desk.answer_bytes;
        writer_init(&writer, bytes, sizeof bytes);
        query_encode(&query, &writer);
        struct query_call call = { bytes_of(bytes, writer.offset), false, desk.now_ms };
        cr_assert_eq(queries_answer(&desk.queries, &call, desk.answer, whole - 1, &size), QUERY_TOO_LARGE);
        cr_assert_eq(size, 0);
        cr_assert_eq(queries_answer(&desk.queries, &call, desk.answer, whole, &size), 0);
    }
}

Test(query, an_organisation_sees_its_own_disclosures_alone, .init = start)
{
    struct query query = desk_query(&desk, QUERY_DISCLOSURES);
    struct audit_event event;

    answered(&query, &desk.patient);
    cr_assert_eq(desk.facts.events_count, 1);
    cr_assert(query_event_next(&desk.facts, &event));
    cr_assert_eq(event.org, LAB_ALDER);
    cr_assert_not(query_event_next(&desk.facts, &event));
    answered(&query, &desk.alder);
    cr_assert_eq(desk.facts.events_count, 1);
    answered(&query, &desk.birch);
    cr_assert_eq(desk.facts.events_count, 0);
}
