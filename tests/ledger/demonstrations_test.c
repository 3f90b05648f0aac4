/* demonstrations_test.c: what the ledger is for, told as it would happen, with real keys and signatures: numbers 1 to 4 and 6 to 8 of docs/ledger.md.
 * That deleted payloads change no root is shown in tests/node/apply_test.c. Number 5, a server that lies, is about proofs and stands with the tool that checks them; four replicas of which one lies stand in tests/sim/byzantine_test.c. */
#include "ledger/ledger.h"

#include "crypto/hash.h"
#include "ledger/release.h"
#include "tests/ledger/ledger_kit.h"

#include <criterion/criterion.h>
#include <string.h>

/* Alder writes FHIR, Birch writes HL7 version 2; Cedar only reads. */
static const char prescription[] = "{\"resourceType\":\"MedicationRequest\",\"status\":\"active\"}";
static const char laboratory[] = "MSH|^~\\&|LAB|BIRCH|||202601020304||ORU^R01|1|P|2.5\rOBX|1|NM|GLU||5.4";
static const uint8_t salts[2][32] = { { 0xa1 }, { 0xb2 } };

static struct lab lab;
static struct lab_party alder, birch, doctor, stranger, agent, patient, voucher;
static struct consent_inputs scratch;

static void start(void)
{
    struct params params = params_default();

    params.state_keys_max = 4000;
    params.state_cells_max = 16000;
    lab_start(&lab, &params, NULL, 0);
    alder = lab_actor(&lab, LAB_ALDER, ACTOR_SYSTEM, ROLE_NONE, CAP_PUBLISH, 1);
    birch = lab_actor(&lab, LAB_BIRCH, ACTOR_SYSTEM, ROLE_NONE, CAP_PUBLISH, 2);
    voucher = lab_actor(&lab, LAB_CEDAR, ACTOR_SYSTEM, ROLE_NONE, CAP_VOUCH, 3);
    doctor = lab_actor(&lab, LAB_CEDAR, ACTOR_PRACTITIONER, ROLE_PHYSICIAN, 0, 4);
    stranger = lab_actor(&lab, LAB_DUNE, ACTOR_PRACTITIONER, ROLE_NURSE, 0, 5);
    agent = lab_actor(&lab, LAB_PAYER, ACTOR_PAYER_AGENT, ROLE_NONE, 0, 6);
    patient = lab_patient(&lab, &voucher, POLICY_DENY, 0, 1);
}

static enum code send(struct lab_command command)
{
    return lab_send(&lab, &command);
}

static struct lab_command add(struct lab_party *system, enum record_class record_class, struct hash32 commitment)
{
    struct lab_command command = { .sender = system, .body = { .type = COMMAND_POINTER_ADD } };
    struct pointer_add *body = &command.body.as.pointer_add;

    memcpy(body->patient, patient.acct, ACCT_BYTES);
    body->kx_epoch = 1;
    body->count = 1;
    body->items[0] = (struct pointer_add_item){ .record_class = (uint8_t)record_class, .content_commit = commitment };
    return command;
}

static void add_both(void)
{
    struct hash32 first = hash_salted(HASH_CONTENT, salts[0], prescription, sizeof prescription);
    struct hash32 second = hash_salted(HASH_CONTENT, salts[1], laboratory, sizeof laboratory);

    cr_assert_eq(send(add(&alder, CLASS_MEDICATION, first)), CODE_OK);
    cr_assert_eq(send(add(&birch, CLASS_LABORATORY, second)), CODE_OK);
}

static struct lab_command approve_both(void)
{
    struct lab_command command = { .sender = &patient, .body = { .type = COMMAND_POINTER_DECIDE } };

    command.body.as.pointer_decide = (struct pointer_decide){ .approve = 1, .count = 2, .seqs = { 1, 2 } };
    memcpy(command.body.as.pointer_decide.patient, patient.acct, ACCT_BYTES);
    return command;
}

static struct lab_command grant(uint16_t org, enum purpose purpose)
{
    struct lab_command command = { .sender = &patient, .body = { .type = COMMAND_GRANT } };
    struct grant_body *body = &command.body.as.grant;

    *body = (struct grant_body){ .effect = EFFECT_PERMIT, .kind = GRANT_READ, .gtype = GRANTEE_ORG, .conf_max = CONF_NORMAL, .class_mask = CLASS_MASK_ALL,
        .purposes = 1u << purpose, .expires = lab.time_ms + UINT64_C(86400000), .kx_epoch = 1 };
    memcpy(body->patient, patient.acct, ACCT_BYTES);
    body->grantee[ACCT_BYTES - 1] = (uint8_t)org;
    return command;
}

static struct lab_command request(struct lab_party *sender, enum purpose purpose)
{
    struct lab_command command = { .sender = sender, .body = { .type = COMMAND_ACCESS_REQUEST } };
    struct access_request *body = &command.body.as.access_request;

    *body = (struct access_request){ .purpose = (uint8_t)purpose, .class_mask = CLASS_MASK_ALL, .base_seq = 1, .want_ttl = 3600 };
    memcpy(body->patient, patient.acct, ACCT_BYTES);
    return command;
}

/* The last event that the lab has seen. */
static struct audit_event last_event(void)
{
    struct audit_event event;

    cr_assert_gt(lab.events_count, 0);
    cr_assert_eq(audit_event_decode(&event, lab.events[lab.events_count - 1].bytes, AUDIT_EVENT_BYTES), VERDICT_OK);
    return event;
}

/* Asks, and expects a decision for this reason. Gives: the id of the ticket, when there is one. */
static struct hash32 ask(struct lab_command command, enum reason reason, const char *what)
{
    cr_assert_eq(send(command), CODE_OK, "%s", what);
    struct audit_event event = last_event();
    cr_assert_eq(event.result, reason, "%s: %s", what, reason_name(event.result));
    cr_assert_eq(event.type, reason < REASON_EXPLICIT ? EVENT_ACCESS_PERMITTED : EVENT_ACCESS_DENIED, "%s", what);
    return lab.receipt.tx_id;
}

static enum code release_at(const struct hash32 *ticket, uint32_t seq, const struct lab_party *asker, uint64_t time_ms)
{
    struct release_request fetch = { .ticket = *ticket, .seq = seq, .asked_ms = time_ms };
    struct decision decision;

    memcpy(fetch.asker, asker->acct, ACCT_BYTES);
    return release_check(ledger_store(lab.ledger), &fetch, time_ms, &scratch, &decision);
}

static void expect_whole_audit(void)
{
    struct patient record;
    uint64_t count = 0;
    struct hash32 root = lab_audit_root(&lab, patient.acct, &count);

    cr_assert(exec_get_patient(ledger_exec(lab.ledger), patient.acct, &record));
    cr_assert_eq(record.audit_count, count);
    cr_assert(hash_equal(&record.audit_root, &root), "what the patient is shown is what the state vouches for");
}

Test(demonstrations, d1_two_organisations_add_records_that_nobody_sees_before_the_patient_approves)
{
    start();
    add_both();
    cr_assert_eq(send(grant(LAB_CEDAR, PURPOSE_TREAT)), CODE_OK);
    (void)ask(request(&doctor, PURPOSE_TREAT), REASON_NOT_CURRENT, "a physician with a grant");
    cr_assert_eq(send(approve_both()), CODE_OK);
    (void)ask(request(&doctor, PURPOSE_TREAT), REASON_GRANT, "after the approval");
    expect_whole_audit();
}

Test(demonstrations, d2_one_ticket_names_the_records_of_both_and_the_bytes_are_the_committed_ones)
{
    const char *documents[2] = { prescription, laboratory };
    const size_t sizes[2] = { sizeof prescription, sizeof laboratory };
    struct ticket ticket;

    start();
    add_both();
    cr_assert_eq(send(approve_both()), CODE_OK);
    cr_assert_eq(send(grant(LAB_CEDAR, PURPOSE_TREAT)), CODE_OK);
    struct hash32 id = ask(request(&doctor, PURPOSE_TREAT), REASON_GRANT, "a clinician elsewhere");
    cr_assert(exec_get_ticket(ledger_exec(lab.ledger), &id, &ticket));
    cr_assert_eq(ticket.bitmap[0], 3, "both");
    for (uint32_t i = 0; i < 2; i++) {
        struct pointer pointer;
        cr_assert_eq(release_at(&id, i + 1, &doctor, lab.time_ms), CODE_OK);
        cr_assert(exec_get_pointer(ledger_exec(lab.ledger), patient.acct, i + 1, &pointer));
        cr_assert_eq(pointer.custodian, i == 0 ? LAB_ALDER : LAB_BIRCH);
        struct hash32 released = hash_salted(HASH_CONTENT, salts[i], documents[i], sizes[i]);
        cr_assert(hash_equal(&released, &pointer.content_commit), "document %u", i);
        struct hash32 forged = hash_salted(HASH_CONTENT, salts[i], documents[i], sizes[i] - 1);
        cr_assert_not(hash_equal(&forged, &pointer.content_commit));
    }
}

Test(demonstrations, d3_a_stranger_a_greedy_payer_and_a_foreign_on_behalf_get_nothing_and_the_patient_sees_it)
{
    start();
    add_both();
    cr_assert_eq(send(approve_both()), CODE_OK);
    cr_assert_eq(send(grant(LAB_PAYER, PURPOSE_HPAYMT)), CODE_OK);
    (void)ask(request(&stranger, PURPOSE_TREAT), REASON_DEFAULT, "a stranger");
    (void)ask(request(&agent, PURPOSE_HPAYMT), REASON_MIN_NECESSARY, "a payer that wants all classes");
    (void)ask(request(&agent, PURPOSE_TREAT), REASON_PURPOSE, "a payer that treats");
    struct lab_command foreign = request(&doctor, PURPOSE_TREAT);
    memcpy(foreign.body.as.access_request.on_behalf, stranger.acct, ACCT_BYTES);
    cr_assert_eq(send(foreign), CODE_ROLE, "on behalf of another organisation's nurse");
    cr_assert_eq(ledger_exec(lab.ledger)->chain->tickets, 0);
    expect_whole_audit();
    uint32_t seen = 0;
    for (uint32_t i = 0; i < lab.events_count; i++) {
        struct audit_event event;
        cr_assert_eq(audit_event_decode(&event, lab.events[i].bytes, AUDIT_EVENT_BYTES), VERDICT_OK);
        seen += event.type == EVENT_ACCESS_DENIED && memcmp(lab.events[i].patient, patient.acct, ACCT_BYTES) == 0;
    }
    cr_assert_eq(seen, 3);
}

Test(demonstrations, d4_a_revoked_ticket_releases_nothing_and_max_uses_1_works_once)
{
    struct lab_command revoke = { .sender = &patient, .body = { .type = COMMAND_REVOKE } };
    struct ticket ticket;

    start();
    add_both();
    cr_assert_eq(send(approve_both()), CODE_OK);
    cr_assert_eq(send(grant(LAB_CEDAR, PURPOSE_TREAT)), CODE_OK);
    struct hash32 id = ask(request(&doctor, PURPOSE_TREAT), REASON_GRANT, "permitted");
    cr_assert_eq(release_at(&id, 1, &doctor, lab.time_ms), CODE_OK);
    revoke.body.as.revoke = (struct revoke){ .count = 1, .seqs = { 1 } };
    memcpy(revoke.body.as.revoke.patient, patient.acct, ACCT_BYTES);
    cr_assert_eq(send(revoke), CODE_OK);
    cr_assert(exec_get_ticket(ledger_exec(lab.ledger), &id, &ticket));
    cr_assert_gt(ticket.expires, lab.time_ms, "the ticket lives");
    cr_assert_eq(release_at(&id, 1, &doctor, lab.time_ms), CODE_NOT_PERMITTED);

    struct lab_command once = grant(LAB_CEDAR, PURPOSE_TREAT);
    once.body.as.grant.max_uses = 1;
    cr_assert_eq(send(once), CODE_OK);
    id = ask(request(&doctor, PURPOSE_TREAT), REASON_GRANT, "the first use");
    (void)ask(request(&doctor, PURPOSE_TREAT), REASON_DEFAULT, "the second");
    cr_assert_eq(release_at(&id, 2, &doctor, lab.time_ms), CODE_OK, "what was counted may be fetched");
    expect_whole_audit();
}

/* A digest over the whole state but for height, time and receipts. */
static struct hash32 everything(void)
{
    return lab_fingerprint(&lab, NULL);
}

Test(demonstrations, d6_a_forged_sender_a_swapped_cosigner_and_a_copied_registration_have_no_effect)
{
    uint8_t bytes[ENVELOPE_BYTES_MAX];

    start();
    struct lab_party thief = patient;
    thief.pair = stranger.pair;
    struct hash32 before = everything();
    struct lab_command forged = grant(LAB_DUNE, PURPOSE_TREAT);
    forged.sender = &thief;
    cr_assert_eq(send(forged), CODE_KEY_NOT_CURRENT, "signed by another key than the account's");

    struct lab_command cosigned = add(&alder, CLASS_MEDICATION, hash_salted(HASH_CONTENT, salts[0], "", 0));
    cosigned.cosigners[0] = &voucher;
    size_t size = lab_sign(&lab, &cosigned, bytes);
    memcpy(bytes + size - 64 - ENVELOPE_COSIGNER_BYTES, patient.acct, ACCT_BYTES);
    memcpy(bytes + size - 64 - ENVELOPE_COSIGNER_BYTES + ACCT_BYTES, patient.pair.public_key, KEY_BYTES);
    cr_assert_eq(lab_admit(&lab, bytes_of(bytes, size), bytes_of(NULL, 0)), CODE_SIG, "the sender signed for another cosigner");
    alder.nonce--;

    struct lab_party newcomer = lab_party_of(&lab, ACCOUNT_PATIENT, 9), copier = lab_party_of(&lab, ACCOUNT_PATIENT, 10);
    memcpy(copier.acct, newcomer.acct, ACCT_BYTES);
    struct lab_command copied = { .sender = &copier, .cosigners = { &voucher }, .body = { .type = COMMAND_PATIENT_REGISTER } };
    cr_assert_eq(send(copied), CODE_KEY_NOT_CURRENT, "an account that another's key gives");
    struct hash32 after = everything();
    cr_assert(hash_equal(&before, &after), "none of it left a trace");
    struct lab_command own = { .sender = &newcomer, .cosigners = { &voucher }, .body = { .type = COMMAND_PATIENT_REGISTER } };
    size = lab_sign(&lab, &own, bytes);
    struct bytes envelope = bytes_of(bytes, size);
    cr_assert_eq(lab_execute(&lab, &envelope, 1), CODE_OK);
    before = everything();
    cr_assert_eq(lab_execute(&lab, &envelope, 1), CODE_EXISTS, "sent again by whoever saw it");
    after = everything();
    cr_assert(hash_equal(&before, &after));
}

Test(demonstrations, d6_a_deny_cannot_be_renounced_by_whom_it_denies)
{
    struct lab_command revoke = { .body = { .type = COMMAND_REVOKE } };
    struct lab_party *denied[2] = { &lab.admins[LAB_CEDAR], &doctor };

    start();
    add_both();
    cr_assert_eq(send(approve_both()), CODE_OK);
    struct lab_command deny = grant(LAB_CEDAR, PURPOSE_TREAT), deny_actor = deny;
    deny.body.as.grant.effect = deny_actor.body.as.grant.effect = EFFECT_DENY;
    deny_actor.body.as.grant.gtype = GRANTEE_ACTOR;
    memcpy(deny_actor.body.as.grant.grantee, doctor.acct, ACCT_BYTES);
    cr_assert_eq(send(deny), CODE_OK);
    cr_assert_eq(send(deny_actor), CODE_OK);
    for (uint32_t i = 0; i < 2; i++) {
        revoke.sender = denied[i];
        revoke.body.as.revoke = (struct revoke){ .count = 1, .seqs = { i + 1 } };
        memcpy(revoke.body.as.revoke.patient, patient.acct, ACCT_BYTES);
        cr_assert_eq(send(revoke), CODE_ROLE);
    }
    cr_assert_eq(send(grant(LAB_CEDAR, PURPOSE_TREAT)), CODE_OK);
    (void)ask(request(&doctor, PURPOSE_TREAT), REASON_EXPLICIT, "the denial stands beside a permit");
    revoke.sender = &lab.admins[LAB_CEDAR];
    revoke.body.as.revoke = (struct revoke){ .count = 1, .seqs = { 3 } };
    memcpy(revoke.body.as.revoke.patient, patient.acct, ACCT_BYTES);
    cr_assert_eq(send(revoke), CODE_OK, "a permit may be given back");
}

Test(demonstrations, d7_a_replica_restored_from_state_and_archive_appends_to_equal_audit_roots)
{
    static struct lab restored;
    struct patient ours, theirs;
    uint64_t count = 0;

    start();
    add_both();
    cr_assert_eq(send(approve_both()), CODE_OK);
    lab_restore(&restored, &lab);
    for (uint32_t i = 0; i < 20; i++) {
        uint8_t bytes[ENVELOPE_BYTES_MAX];
        struct lab_command command = i % 5 == 4 ? grant(LAB_CEDAR, PURPOSE_TREAT) : request(&doctor, i % 2 == 0 ? PURPOSE_TREAT : PURPOSE_BTG);
        struct bytes envelope = bytes_of(bytes, lab_sign(&lab, &command, bytes));
        cr_assert_eq(lab_execute(&lab, &envelope, 1), CODE_OK);
        cr_assert_eq(lab_execute(&restored, &envelope, 1), CODE_OK);
        cr_assert(exec_get_patient(ledger_exec(lab.ledger), patient.acct, &ours));
        cr_assert(exec_get_patient(ledger_exec(restored.ledger), patient.acct, &theirs));
        cr_assert(hash_equal(&ours.audit_root, &theirs.audit_root), "after %u", i);
    }
    struct hash32 root = lab_audit_root(&restored, patient.acct, &count);
    cr_assert_eq(count, theirs.audit_count);
    cr_assert(hash_equal(&root, &theirs.audit_root), "old archive and new events together are the whole trail");
    struct hash32 first = lab_root(&lab), second = lab_root(&restored);
    cr_assert(hash_equal(&first, &second));
}

Test(demonstrations, d8_while_idle_the_clock_alone_refuses_an_expired_grant)
{
    start();
    add_both();
    cr_assert_eq(send(approve_both()), CODE_OK);
    struct lab_command hour = grant(LAB_CEDAR, PURPOSE_TREAT);
    hour.body.as.grant.expires = lab.time_ms + 1800000;
    cr_assert_eq(send(hour), CODE_OK);
    struct hash32 id = ask(request(&doctor, PURPOSE_TREAT), REASON_GRANT, "in time");
    uint64_t height = ledger_height(lab.ledger), block_time = ledger_time(lab.ledger);
    uint64_t wall = hour.body.as.grant.expires - 1;
    cr_assert_gt(wall, block_time);
    cr_assert_eq(release_at(&id, 1, &doctor, wall), CODE_OK);
    cr_assert_neq(release_at(&id, 1, &doctor, wall + 1), CODE_OK, "no block was made since");
    cr_assert_eq(ledger_height(lab.ledger), height);

    struct ticket ticket;
    cr_assert(exec_get_ticket(ledger_exec(lab.ledger), &id, &ticket));
    struct release_set set = { .ticket = &ticket, .base_seq = 1, .bitmap = ticket.bitmap, .time_ms = wall };
    struct decision decision;
    struct hash32 digest;
    cr_assert(release_evaluate(ledger_store(lab.ledger), &set, &scratch, &decision, &digest));
    cr_assert_not(hash_is_zero(&digest));
    enum reason permitted = decision.reason;
    cr_assert(release_evaluate(ledger_store(lab.ledger), &set, &scratch, &decision, NULL), "nobody wants the digest");
    cr_assert_eq(decision.reason, permitted);
    set.time_ms = wall + 1;
    cr_assert_not(release_evaluate(ledger_store(lab.ledger), &set, &scratch, &decision, NULL));
    cr_assert_not(release_evaluate(ledger_store(lab.ledger), &set, &scratch, &decision, &digest), "it is the grant that is over, not only the ticket");
    cr_assert_eq(decision.reason, REASON_DEFAULT);
    struct grant still_there;
    cr_assert(exec_get_grant(ledger_exec(lab.ledger), patient.acct, 1, &still_there), "no block has taken it away yet");
}
