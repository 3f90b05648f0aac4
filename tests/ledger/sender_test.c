/* sender_test.c: the checks between envelope and handler, each code of them, in their order. That a failure changes nothing but nonce and
 * bucket, or nothing at all, is asserted by the kit for every command here. */
#include "ledger/sender.h"

#include "tests/ledger/ledger_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static struct lab lab;
static struct lab_party system_a, nurse, patient;

static void start(void)
{
    struct params params = params_default();
    params.state_keys_max = 20000;
    params.state_cells_max = 40000;
    params.rate_patient = (struct rate){ .interval_ms = 60000, .burst = 3 };
    lab_start(&lab, &params, NULL, 0);
    system_a = lab_actor(&lab, LAB_ALDER, ACTOR_SYSTEM, ROLE_NONE, CAP_PUBLISH | CAP_VOUCH, 1);
    nurse = lab_actor(&lab, LAB_ALDER, ACTOR_PRACTITIONER, ROLE_NURSE, 0, 2);
    patient = lab_patient(&lab, &system_a, POLICY_DENY, 0, 3);
}

static struct lab_command policy(struct lab_party *sender)
{
    struct lab_command command = { .sender = sender, .body = { .type = COMMAND_PATIENT_SET } };
    command.body.as.patient_set = (struct patient_set){ .default_policy = POLICY_TREATING, .op = PATIENT_SET_POLICY };
    memcpy(command.body.as.patient_set.patient, patient.acct, ACCT_BYTES);
    return command;
}

static void set_actor(const struct lab_party *party, enum actor_status status, uint64_t valid_until)
{
    struct actor actor;
    struct exec *exec = ledger_exec(lab.ledger);
    cr_assert(exec_get_actor(exec, party->acct, &actor));
    actor.status = (uint8_t)status;
    actor.valid_until = valid_until;
    cr_assert_eq(exec_put_actor(exec, party->acct, &actor), CODE_OK);
}

static void set_org(uint16_t id, enum org_status status, uint16_t caps)
{
    struct org org;
    struct exec *exec = ledger_exec(lab.ledger);
    cr_assert(exec_get_org(exec, id, &org));
    org.status = (uint8_t)status;
    org.caps = caps;
    cr_assert_eq(exec_put_org(exec, id, &org), CODE_OK);
}

/* Leaves zeros where the next calls have their variables. */
static __attribute__((noinline)) void clear_stack(void)
{
    volatile uint8_t room[16384];

    for (size_t i = 0; i < sizeof room; i++) {
        room[i] = 0;
    }
}

/* A patient has no organisation: nothing of one may be looked at, or the stack decides whether a block stops every replica. */
Test(sender, a_patient_that_vouches_is_refused_whatever_the_stack_holds)
{
    uint8_t bytes[ENVELOPE_BYTES_MAX];
    struct envelope envelope;

    start();
    struct lab_party party = lab_party_of(&lab, ACCOUNT_PATIENT, 50);
    struct lab_command command = { .sender = &party, .cosigners = { &patient }, .body = { .type = COMMAND_PATIENT_REGISTER } };
    struct exec *exec = ledger_exec(lab.ledger);
    cr_assert_eq(envelope_decode(&envelope, bytes_of(bytes, lab_sign(&lab, &command, bytes))), CODE_OK);
    exec->envelope = &envelope;
    clear_stack();
    cr_assert_eq(sender_check_cosigners(exec), CODE_ROLE);
}

Test(sender, unknown_sender_and_foreign_key_change_nothing)
{
    start();
    struct lab_party stranger = lab_party_of(&lab, ACCOUNT_PATIENT, 900), thief = patient;
    struct lab_command command = policy(&stranger);

    cr_assert_eq(lab_send(&lab, &command), CODE_SENDER_UNKNOWN);
    thief.pair = stranger.pair;
    command = policy(&thief);
    cr_assert_eq(lab_send(&lab, &command), CODE_KEY_NOT_CURRENT, "signed well, but by another key than the account's");
    struct lab_party ghost = lab.admins[1];
    ghost.acct[31] = 200;
    command = policy(&ghost);
    cr_assert_eq(lab_send(&lab, &command), CODE_SENDER_UNKNOWN);
}

Test(sender, nonces_are_dense)
{
    start();
    struct lab_command command = policy(&patient);

    patient.nonce = 0;
    cr_assert_eq(lab_send(&lab, &command), CODE_NONCE_LOW);
    patient.nonce += 1;
    cr_assert_eq(lab_send(&lab, &command), CODE_NONCE_GAP);
    cr_assert_eq(lab_send(&lab, &command), CODE_OK);
    cr_assert_eq(patient.nonce, 2);
}

Test(sender, a_command_twice_in_a_block_is_DUPLICATE)
{
    start();
    uint8_t bytes[ENVELOPE_BYTES_MAX];
    struct lab_command command = policy(&patient);
    struct bytes twice[3];

    twice[0] = twice[1] = twice[2] = bytes_of(bytes, lab_sign(&lab, &command, bytes));
    cr_assert_eq(lab_execute(&lab, twice, 3), CODE_DUPLICATE);
    cr_assert_eq(ledger_nonce(lab.ledger, patient.acct), 2);
    cr_assert_eq(lab_execute(&lab, twice, 1), CODE_NONCE_LOW, "in the next block it is old");
}

Test(sender, tokens_run_out_and_come_back_with_time)
{
    start();
    struct lab_command command = policy(&patient);
    unsigned passed = 0;

    while (lab_send(&lab, &command) == CODE_OK) {
        cr_assert_lt(++passed, 10);
    }
    cr_assert_eq(passed, 4, "the burst, and one that crosses it");
    cr_assert_eq(lab.receipt.code, CODE_RATE);
    lab.time_ms += 60000;
    cr_assert_eq(lab_send(&lab, &command), CODE_OK);
}

Test(sender, cosigners_are_judged_in_order_and_the_sender_pays)
{
    start();
    struct lab_party other = lab_actor(&lab, LAB_BIRCH, ACTOR_SYSTEM, ROLE_NONE, 0, 4), thief = other;
    struct lab_command command = policy(&patient);

    command.cosigners[0] = &other;
    cr_assert_eq(lab_send(&lab, &command), CODE_OK, "a cosigner that nobody asked for does no harm");
    thief.pair = patient.pair;
    command.cosigners[0] = &thief;
    cr_assert_eq(lab_send(&lab, &command), CODE_KEY_NOT_CURRENT);
    cr_assert_eq(patient.nonce, 3, "a cosigner's failure consumes the sender's nonce");
    command.cosigners[0] = &other;
    set_actor(&other, ACTOR_SUSPENDED, UINT64_MAX);
    cr_assert_eq(lab_send(&lab, &command), CODE_SENDER_SUSPENDED);
    lab.time_ms += 600000;
    set_actor(&other, ACTOR_ACTIVE, lab.time_ms + 1000);
    cr_assert_eq(lab_send(&lab, &command), CODE_SENDER_EXPIRED);
    set_actor(&other, ACTOR_ACTIVE, lab.time_ms + 1001);
    cr_assert_eq(lab_send(&lab, &command), CODE_OK);
    set_org(LAB_BIRCH, ORG_SUSPENDED, 0);
    set_actor(&other, ACTOR_ACTIVE, UINT64_MAX);
    lab.time_ms += 600000;
    cr_assert_eq(lab_send(&lab, &command), CODE_ORG_SUSPENDED);
}

Test(sender, standing_of_the_sender_has_its_codes)
{
    start();
    struct lab_command add = { .sender = &nurse, .body = { .type = COMMAND_POINTER_ADD } };
    struct lab_party agent = lab_actor(&lab, LAB_PAYER, ACTOR_PAYER_AGENT, ROLE_NONE, 0, 5);
    struct lab_party payer = lab_actor(&lab, LAB_PAYER, ACTOR_SYSTEM, ROLE_NONE, 0, 6);
    struct pointer_add *body = &add.body.as.pointer_add;

    memcpy(body->patient, patient.acct, ACCT_BYTES);
    body->kx_epoch = 1;
    body->count = 1;
    body->items[0] = (struct pointer_add_item){ .record_class = CLASS_LABORATORY, .content_commit = { { 1 } }, .locator_hash = { { 2 } }, .locator_length = 509 };
    set_actor(&nurse, ACTOR_SUSPENDED, UINT64_MAX);
    cr_assert_eq(lab_send(&lab, &add), CODE_SENDER_SUSPENDED);
    set_actor(&nurse, ACTOR_ACTIVE, lab.time_ms);
    cr_assert_eq(lab_send(&lab, &add), CODE_SENDER_EXPIRED);
    set_actor(&nurse, ACTOR_ACTIVE, UINT64_MAX);
    set_org(LAB_ALDER, ORG_SUSPENDED, CAPS_ALL);
    cr_assert_eq(lab_send(&lab, &add), CODE_ORG_SUSPENDED);
    struct lab_party next = lab_party_of(&lab, ACTOR_SYSTEM, 70);
    struct lab_command by_admin = lab_register(&lab, LAB_ALDER, &next, ACTOR_SYSTEM, ROLE_NONE, 0);
    cr_assert_eq(lab_send(&lab, &by_admin), CODE_ORG_SUSPENDED);
    set_org(LAB_ALDER, ORG_ACTIVE, CAPS_ALL);
    add.sender = &agent;
    cr_assert_eq(lab_send(&lab, &add), CODE_ROLE);
    add.sender = &lab.admins[LAB_ALDER];
    cr_assert_eq(lab_send(&lab, &add), CODE_ROLE);
    add.sender = &payer;
    cr_assert_eq(lab_send(&lab, &add), CODE_CAP, "the payer's organisation does not publish");
    by_admin.sender = &lab.officers[LAB_ALDER];
    cr_assert_eq(lab_send(&lab, &by_admin), CODE_ROLE, "an officer registers nobody; only the admin does");
}

Test(sender, a_disclosure_is_filed_by_a_suspended_system_but_not_by_an_expired_one)
{
    start();
    struct lab_command file = { .sender = &system_a, .body = { .type = COMMAND_DISCLOSE } };
    struct disclose *body = &file.body.as.disclose;
    static const struct { enum actor_status status; bool expired; enum org_status org; enum code code; } rows[] = {
        { ACTOR_ACTIVE, false, ORG_ACTIVE, CODE_NOT_CUSTODIAN },       { ACTOR_SUSPENDED, false, ORG_ACTIVE, CODE_NOT_CUSTODIAN },
        { ACTOR_RETIRED, false, ORG_ACTIVE, CODE_NOT_CUSTODIAN },      { ACTOR_ACTIVE, false, ORG_SUSPENDED, CODE_NOT_CUSTODIAN },
        { ACTOR_SUSPENDED, false, ORG_SUSPENDED, CODE_NOT_CUSTODIAN }, { ACTOR_ACTIVE, true, ORG_ACTIVE, CODE_SENDER_EXPIRED },
        { ACTOR_SUSPENDED, true, ORG_ACTIVE, CODE_SENDER_EXPIRED },    { ACTOR_ACTIVE, true, ORG_SUSPENDED, CODE_SENDER_EXPIRED },
    };

    body->count = 1;
    body->items[0] = (struct disclose_item){ .base_seq = 1, .bitmap = { 1 }, .mode = DISCLOSE_OFFLINE };
    memcpy(body->items[0].patient, patient.acct, ACCT_BYTES);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_actor(&system_a, rows[i].status, rows[i].expired ? lab.time_ms : UINT64_MAX);
        set_org(LAB_ALDER, rows[i].org, CAPS_ALL);
        enum code code = lab_send(&lab, &file);
        cr_assert_eq(code, rows[i].code, "row %zu: %s", i, code_name(code));
    }
}

Test(sender, on_behalf_must_be_an_active_practitioner_of_the_same_organisation)
{
    start();
    struct lab_party foreign = lab_actor(&lab, LAB_BIRCH, ACTOR_PRACTITIONER, ROLE_NURSE, 0, 5);
    struct lab_command request = { .sender = &system_a, .body = { .type = COMMAND_ACCESS_REQUEST } };
    struct access_request *body = &request.body.as.access_request;
    const struct lab_party *wrong[] = { &foreign, &system_a, &patient, &lab.admins[LAB_ALDER] };

    *body = (struct access_request){ .purpose = PURPOSE_TREAT, .class_mask = CLASS_MASK_ALL, .base_seq = 1, .want_ttl = 60, .reason_commit = { { 1 } } };
    memcpy(body->patient, patient.acct, ACCT_BYTES);
    for (unsigned i = 0; i < 4; i++) {
        memcpy(body->on_behalf, wrong[i]->acct, ACCT_BYTES);
        cr_assert_eq(lab_send(&lab, &request), CODE_ROLE, "row %u", i);
    }
    memcpy(body->on_behalf, nurse.acct, ACCT_BYTES);
    set_actor(&nurse, ACTOR_SUSPENDED, UINT64_MAX);
    cr_assert_eq(lab_send(&lab, &request), CODE_ROLE);
}

Test(sender, admin_and_officer_have_their_own_nonces)
{
    start();
    struct lab_party next = lab_party_of(&lab, ACTOR_SYSTEM, 70);
    struct lab_command command = lab_end(&lab, LAB_ALDER, &next, ACTOR_RETIRE);
    uint64_t before = ledger_nonce(lab.ledger, lab.admins[LAB_ALDER].acct);

    command.sender = &lab.officers[LAB_ALDER];
    cr_assert_eq(lab_send(&lab, &command), CODE_ROLE, "an officer registers nobody");
    cr_assert_eq(ledger_nonce(lab.ledger, lab.officers[LAB_ALDER].acct), 1);
    cr_assert_eq(ledger_nonce(lab.ledger, lab.admins[LAB_ALDER].acct), before);
}
