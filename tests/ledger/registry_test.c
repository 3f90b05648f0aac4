/* registry_test.c: actors, patients and policies: what is let in, and which code keeps the rest out. */
#include "ledger/exec.h"

#include "tests/ledger/ledger_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static struct lab lab;

static void start(void)
{
    struct params params = params_default();
    params.state_keys_max = 20000;
    params.state_cells_max = 40000;
    params.actors_max = 8;
    params.patients_max = 3;
    lab_start(&lab, &params, NULL, 0);
}

Test(registry, an_actor_is_registered_suspended_and_retired_by_its_organisation)
{
    start();
    struct lab_party system = lab_actor(&lab, LAB_ALDER, ACTOR_SYSTEM, ROLE_NONE, CAP_PUBLISH | CAP_VOUCH, 1);
    struct actor actor;

    cr_assert(exec_get_actor(ledger_exec(lab.ledger), system.acct, &actor));
    cr_assert_eq(actor.org, LAB_ALDER);
    cr_assert_eq(actor.status, ACTOR_ACTIVE);
    cr_assert_eq(actor.registered, lab.time_ms);
    struct lab_command command = lab_end(&lab, LAB_ALDER, &system, ACTOR_RETIRE);
    cr_assert_eq(lab_send(&lab, &command), CODE_OK);
    command = lab_end(&lab, LAB_ALDER, &system, ACTOR_SUSPEND);
    cr_assert_eq(lab_send(&lab, &command), CODE_OK);
    cr_assert(exec_get_actor(ledger_exec(lab.ledger), system.acct, &actor));
    cr_assert_eq(actor.status, ACTOR_RETIRED, "retired stays retired");
    command = lab_end(&lab, LAB_BIRCH, &system, ACTOR_SUSPEND);
    cr_assert_eq(lab_send(&lab, &command), CODE_NOT_OWNER);
}

Test(registry, registrations_out_of_order_have_their_codes)
{
    start();
    struct lab_party person = lab_party_of(&lab, ACTOR_PRACTITIONER, 7);
    struct { uint16_t org; uint8_t kind, role; uint16_t caps; bool officer; enum code code; } table[] = {
        { LAB_ALDER, ACTOR_PRACTITIONER, ROLE_NONE, 0, false, CODE_ROLE },
        { LAB_ALDER, ACTOR_SYSTEM, ROLE_NURSE, 0, false, CODE_ROLE },
        { LAB_ALDER, ACTOR_PAYER_AGENT, ROLE_NONE, 0, false, CODE_ROLE },
        { LAB_PAYER, ACTOR_PRACTITIONER, ROLE_NURSE, 0, false, CODE_ROLE },
        { LAB_CEDAR, ACTOR_SYSTEM, ROLE_NONE, CAP_BTG, true, CODE_CAP },
        { LAB_ALDER, ACTOR_PRACTITIONER, ROLE_EMERGENCY, CAP_BTG, false, CODE_CAP },
        { LAB_ALDER, ACTOR_PRACTITIONER, ROLE_EMERGENCY, CAP_BTG, true, CODE_OK },
        { LAB_BIRCH, ACTOR_PRACTITIONER, ROLE_NURSE, 0, false, CODE_EXISTS },
    };

    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct lab_party party = table[i].kind == ACTOR_PRACTITIONER ? person : lab_party_of(&lab, table[i].kind, 50 + i);
        struct lab_command command = lab_register(&lab, table[i].org, &party, table[i].kind, table[i].role, table[i].caps);
        command.cosigners[0] = table[i].officer ? &lab.officers[table[i].org] : NULL;
        cr_assert_eq(lab_send(&lab, &command), table[i].code, "row %u", i);
    }
}

Test(registry, a_key_never_serves_twice)
{
    start();
    struct lab_party system = lab_actor(&lab, LAB_ALDER, ACTOR_SYSTEM, ROLE_NONE, CAP_VOUCH, 1);
    struct lab_party auditor = { .pair = system.pair };
    struct hash32 acct = account_derive(&lab.genesis.hash, ACTOR_PERSON, system.pair.public_key);
    memcpy(auditor.acct, acct.bytes, ACCT_BYTES);
    struct lab_command command = lab_register(&lab, LAB_ALDER, &auditor, ACTOR_PERSON, ROLE_NONE, 0);
    cr_assert_eq(lab_send(&lab, &command), CODE_KEY_REUSE);

    struct lab_party patient = { .pair = system.pair };
    acct = account_derive(&lab.genesis.hash, ACCOUNT_PATIENT, system.pair.public_key);
    memcpy(patient.acct, acct.bytes, ACCT_BYTES);
    struct lab_command other = { .sender = &patient, .cosigners = { &system }, .body = { .type = COMMAND_PATIENT_REGISTER } };
    cr_assert_eq(lab_send(&lab, &other), CODE_KEY_REUSE);
    acct = account_derive(&lab.genesis.hash, ACTOR_SYSTEM, lab.admins[1].pair.public_key);
    struct lab_party admin_again = lab.admins[1];
    memcpy(admin_again.acct, acct.bytes, ACCT_BYTES);
    command = lab_register(&lab, LAB_BIRCH, &admin_again, ACTOR_SYSTEM, ROLE_NONE, 0);
    cr_assert_eq(lab_send(&lab, &command), CODE_KEY_REUSE, "organisations' keys count");
}

Test(registry, capacities_of_the_genesis_hold)
{
    start();
    struct lab_party system = lab_actor(&lab, LAB_ALDER, ACTOR_SYSTEM, ROLE_NONE, CAP_VOUCH, 1);
    for (uint32_t i = 2; i <= 8; i++) {
        (void)lab_actor(&lab, LAB_ALDER, ACTOR_SYSTEM, ROLE_NONE, 0, i);
    }
    struct lab_party party = lab_party_of(&lab, ACTOR_SYSTEM, 9);
    struct lab_command command = lab_register(&lab, LAB_ALDER, &party, ACTOR_SYSTEM, ROLE_NONE, 0);
    cr_assert_eq(lab_send(&lab, &command), CODE_CAPACITY);
    for (uint32_t i = 1; i <= 3; i++) {
        (void)lab_patient(&lab, &system, POLICY_DENY, 0, i);
    }
    struct lab_party patient = lab_party_of(&lab, ACCOUNT_PATIENT, 4);
    struct lab_command other = { .sender = &patient, .cosigners = { &system }, .body = { .type = COMMAND_PATIENT_REGISTER } };
    struct hash32 before = lab_root(&lab);
    cr_assert_eq(lab_send(&lab, &other), CODE_CAPACITY);
    (void)before;
}

Test(registry, a_patient_has_the_account_of_its_key_its_voucher_and_one_event)
{
    start();
    struct lab_party system = lab_actor(&lab, LAB_CEDAR, ACTOR_SYSTEM, ROLE_NONE, CAP_VOUCH, 1);
    struct lab_party party = lab_patient(&lab, &system, POLICY_TREATING, REGISTER_STANDING_WRITE, 1);
    struct exec *exec = ledger_exec(lab.ledger);
    struct patient patient;
    struct grant grant;
    struct actor voucher;

    cr_assert(exec_get_patient(exec, party.acct, &patient));
    cr_assert_eq(patient.status, PATIENT_ACTIVE);
    cr_assert_eq(patient.default_policy, POLICY_TREATING);
    cr_assert_eq(patient.vouchers[0], LAB_CEDAR);
    cr_assert_eq(patient.nonce, 1);
    cr_assert_eq(patient.active_grants, 1);
    cr_assert_eq(patient.audit_count, 2);
    cr_assert_eq(lab.events_count, 2);
    cr_assert(exec_get_grant(exec, party.acct, 1, &grant));
    cr_assert_eq(grant.kind, GRANT_WRITE);
    cr_assert_eq(grant.grantee[31], LAB_CEDAR);
    cr_assert_eq(grant.purposes, 0, "a write has none, as in a GRANT");
    cr_assert(exec_get_actor(exec, system.acct, &voucher));
    cr_assert_eq(voucher.bucket, lab.time_ms + lab.params.rate_system.interval_ms, "the voucher paid");
    cr_assert_eq(voucher.nonce, 0);
    cr_assert_eq(exec->chain->patients, 1);
    cr_assert_eq(exec->chain->grants, 1);
}

Test(registry, registrations_of_patients_without_a_good_voucher_are_refused)
{
    start();
    struct lab_party good = lab_actor(&lab, LAB_ALDER, ACTOR_SYSTEM, ROLE_NONE, CAP_VOUCH, 1);
    struct lab_party no_cap = lab_actor(&lab, LAB_ALDER, ACTOR_SYSTEM, ROLE_NONE, CAP_PUBLISH, 2);
    struct lab_party nurse = lab_actor(&lab, LAB_ALDER, ACTOR_PRACTITIONER, ROLE_NURSE, CAP_VOUCH, 3);
    struct lab_party payer = lab_actor(&lab, LAB_PAYER, ACTOR_SYSTEM, ROLE_NONE, CAP_VOUCH, 4);
    struct lab_party stranger = lab_party_of(&lab, ACTOR_SYSTEM, 99);
    struct lab_party nobody_org = lab.admins[1];
    struct lab_party party = lab_party_of(&lab, ACCOUNT_PATIENT, 1);
    nobody_org.acct[31] = 77;
    struct { struct lab_party *voucher; enum code code; } table[] = {
        { NULL, CODE_VOUCH_MISSING }, { &stranger, CODE_KEY_NOT_CURRENT }, { &nobody_org, CODE_ORG_UNKNOWN }, { &nurse, CODE_ROLE },
        { &lab.admins[1], CODE_ROLE }, { &payer, CODE_ROLE }, { &no_cap, CODE_CAP }, { &good, CODE_OK }, { &good, CODE_NONCE_GAP },
    };

    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct lab_command command = { .sender = &party, .cosigners = { table[i].voucher }, .body = { .type = COMMAND_PATIENT_REGISTER } };
        cr_assert_eq(lab_send(&lab, &command), table[i].code, "row %u", i);
    }
    party.nonce = 0;
    struct lab_command again = { .sender = &party, .cosigners = { &good }, .body = { .type = COMMAND_PATIENT_REGISTER } };
    cr_assert_eq(lab_send(&lab, &again), CODE_EXISTS);
}

/* A registration that fails costs nobody anything, so none that must fail may come into a block: else a nurse's key fills blocks with them for nothing. */
Test(registry, a_registration_stands_only_with_vouchers_that_may_vouch)
{
    start();
    struct lab_party good = lab_actor(&lab, LAB_ALDER, ACTOR_SYSTEM, ROLE_NONE, CAP_VOUCH, 1), other = lab_actor(&lab, LAB_BIRCH, ACTOR_SYSTEM, ROLE_NONE, CAP_VOUCH, 2);
    struct lab_party no_cap = lab_actor(&lab, LAB_ALDER, ACTOR_SYSTEM, ROLE_NONE, CAP_PUBLISH, 3);
    struct lab_party nurse = lab_actor(&lab, LAB_ALDER, ACTOR_PRACTITIONER, ROLE_NURSE, CAP_VOUCH, 4);
    struct lab_party payer = lab_actor(&lab, LAB_PAYER, ACTOR_SYSTEM, ROLE_NONE, CAP_VOUCH, 5);
    struct lab_party gone = lab_actor(&lab, LAB_ALDER, ACTOR_SYSTEM, ROLE_NONE, CAP_VOUCH, 6);
    struct lab_party patient = lab_patient(&lab, &good, POLICY_DENY, 0, 7), stranger = lab_party_of(&lab, ACTOR_SYSTEM, 99), thief = good;
    struct lab_command suspend = { .sender = &lab.admins[LAB_ALDER], .body = { .type = COMMAND_ACTOR_SET } };
    suspend.body.as.actor_set.op = ACTOR_SUSPEND;
    memcpy(suspend.body.as.actor_set.acct, gone.acct, ACCT_BYTES);
    cr_assert_eq(lab_send(&lab, &suspend), CODE_OK);
    memcpy(&thief.pair, &stranger.pair, sizeof thief.pair);
    struct { struct lab_party *voucher, *second; enum code code; } table[] = {
        { NULL, NULL, CODE_VOUCH_MISSING }, { &stranger, NULL, CODE_SENDER_UNKNOWN }, { &thief, NULL, CODE_KEY_NOT_CURRENT }, { &gone, NULL, CODE_SENDER_SUSPENDED },
        { &nurse, NULL, CODE_ROLE }, { &lab.admins[1], NULL, CODE_ROLE }, { &payer, NULL, CODE_ROLE }, { &patient, NULL, CODE_ROLE },
        { &no_cap, NULL, CODE_CAP }, { &good, &no_cap, CODE_CAP }, { &good, NULL, CODE_OK }, { &good, &other, CODE_OK },
    };

    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct lab_party party = lab_party_of(&lab, ACCOUNT_PATIENT, 100 + i);
        struct lab_command command = { .sender = &party, .cosigners = { table[i].voucher, table[i].second }, .body = { .type = COMMAND_PATIENT_REGISTER } };
        uint8_t bytes[ENVELOPE_BYTES_MAX];
        struct envelope envelope;
        struct ledger_standing standing;
        cr_assert_eq(envelope_decode(&envelope, bytes_of(bytes, lab_sign(&lab, &command, bytes))), CODE_OK);
        ledger_standing(lab.ledger, &envelope, lab.time_ms, &standing);
        cr_assert_eq(standing.code, table[i].code, "row %u: %s", i, code_name(standing.code));
        party.nonce = 0;
        cr_assert_eq(lab_send(&lab, &command) == CODE_OK, table[i].code == CODE_OK, "row %u: it executes as it stands", i);
    }
}

/* stands gives how a registration stands, and asserts that it executes as it stands and that a failure costs its voucher nothing: so it must not come into a block. */
static enum code stands(struct lab_command *command, struct lab_party *party)
{
    uint8_t bytes[ENVELOPE_BYTES_MAX];
    struct envelope envelope;
    struct ledger_standing standing;

    cr_assert_eq(envelope_decode(&envelope, bytes_of(bytes, lab_sign(&lab, command, bytes))), CODE_OK);
    ledger_standing(lab.ledger, &envelope, lab.time_ms, &standing);
    party->nonce = 0;
    cr_assert_eq(lab_send(&lab, command), standing.code, "it executes as it stands, %s", code_name(standing.code));
    return standing.code;
}

static struct lab_command vouched(struct lab_party *party, struct lab_party *voucher, uint8_t flags)
{
    struct lab_command command = { .sender = party, .cosigners = { voucher }, .body = { .type = COMMAND_PATIENT_REGISTER } };

    command.body.as.patient_register.flags = flags;
    return command;
}

static void set_caps(uint16_t id, uint16_t caps)
{
    struct org org;

    cr_assert(exec_get_org(ledger_exec(lab.ledger), id, &org));
    org.caps = caps;
    cr_assert_eq(exec_put_org(ledger_exec(lab.ledger), id, &org), CODE_OK);
}

Test(registry, a_registration_with_a_used_key_does_not_stand)
{
    start();
    struct lab_party system = lab_actor(&lab, LAB_ALDER, ACTOR_SYSTEM, ROLE_NONE, CAP_VOUCH, 1), patient = { .pair = system.pair };
    struct hash32 acct = account_derive(&lab.genesis.hash, ACCOUNT_PATIENT, system.pair.public_key);
    memcpy(patient.acct, acct.bytes, ACCT_BYTES);
    struct lab_command command = vouched(&patient, &system, 0);

    cr_assert_eq(stands(&command, &patient), CODE_KEY_REUSE);
}

Test(registry, a_registration_that_finds_no_room_does_not_stand)
{
    struct params params = params_default();
    params.state_keys_max = 20000;
    params.state_cells_max = 40000;
    params.patients_max = 2;
    params.grants_max = 1;
    lab_start(&lab, &params, NULL, 0);
    struct lab_party system = lab_actor(&lab, LAB_ALDER, ACTOR_SYSTEM, ROLE_NONE, CAP_VOUCH, 1), party = lab_party_of(&lab, ACCOUNT_PATIENT, 2);
    (void)lab_patient(&lab, &system, POLICY_DENY, REGISTER_STANDING_WRITE, 3);
    struct lab_command command = vouched(&party, &system, REGISTER_STANDING_WRITE);

    cr_assert_eq(stands(&command, &party), CODE_CAPACITY, "no grant more");
    party.nonce = 0;
    command = vouched(&party, &system, 0);
    cr_assert_eq(stands(&command, &party), CODE_OK, "a patient more");
    struct lab_party next = lab_party_of(&lab, ACCOUNT_PATIENT, 4);
    command = vouched(&next, &system, 0);
    cr_assert_eq(stands(&command, &next), CODE_CAPACITY, "no patient more");
}

/* A state in which there is room for a patient's three entries, and not for five with a grant; then for two. */
Test(registry, a_registration_that_the_state_does_not_take_does_not_stand)
{
    struct params params = params_default();
    params.state_keys_max = 1024;
    params.state_cells_max = 8192;
    lab_start(&lab, &params, NULL, 0);
    struct lab_party system = lab_actor(&lab, LAB_ALDER, ACTOR_SYSTEM, ROLE_NONE, CAP_VOUCH, 1), party = lab_party_of(&lab, ACCOUNT_PATIENT, 2);
    struct exec *exec = ledger_exec(lab.ledger);

    for (uint32_t i = 0; state_store_keys(exec->store) + 3 < params.state_keys_max; i++) {
        struct hash32 pk = hash_one(HASH_CONTENT, &i, sizeof i);
        struct state_key key = key_key_use(pk.bytes);
        cr_assert_eq(exec_put(exec, &key, pk.bytes, ACCT_BYTES), CODE_OK);
    }
    struct lab_command command = vouched(&party, &system, REGISTER_STANDING_WRITE);
    cr_assert_eq(stands(&command, &party), CODE_CAPACITY, "five entries");
    party.nonce = 0;
    command = vouched(&party, &system, 0);
    cr_assert_eq(stands(&command, &party), CODE_OK, "three");
    struct lab_party next = lab_party_of(&lab, ACCOUNT_PATIENT, 3);
    command = vouched(&next, &system, 0);
    cr_assert_eq(stands(&command, &next), CODE_CAPACITY, "none");
}

/* 204: what the patient could not grant by a GRANT it cannot grant at its registration. */
Test(registry, a_standing_write_grant_is_for_who_publishes)
{
    start();
    struct lab_party system = lab_actor(&lab, LAB_ALDER, ACTOR_SYSTEM, ROLE_NONE, CAP_VOUCH, 1), party = lab_party_of(&lab, ACCOUNT_PATIENT, 2);
    set_caps(LAB_ALDER, CAP_VOUCH);
    struct lab_command command = vouched(&party, &system, REGISTER_STANDING_WRITE);

    cr_assert_eq(stands(&command, &party), CODE_CAP);
    party.nonce = 0;
    command = vouched(&party, &system, 0);
    cr_assert_eq(stands(&command, &party), CODE_OK, "who vouches need not publish");
    set_caps(LAB_ALDER, CAP_VOUCH | CAP_PUBLISH);
    struct lab_party other = lab_party_of(&lab, ACCOUNT_PATIENT, 3);
    command = vouched(&other, &system, REGISTER_STANDING_WRITE);
    cr_assert_eq(stands(&command, &other), CODE_OK);
}

/* The end of an actor's registration is judged at the time that is asked about. */
Test(registry, a_registration_does_not_stand_beyond_its_vouchers_own_end)
{
    start();
    struct lab_party good = lab_actor(&lab, LAB_ALDER, ACTOR_SYSTEM, ROLE_NONE, CAP_VOUCH, 1), party = lab_party_of(&lab, ACCOUNT_PATIENT, 9);
    struct lab_command command = { .sender = &party, .cosigners = { &good }, .body = { .type = COMMAND_PATIENT_REGISTER } };
    uint8_t bytes[ENVELOPE_BYTES_MAX];
    struct envelope envelope;
    struct ledger_standing standing;
    struct actor actor;

    cr_assert_eq(envelope_decode(&envelope, bytes_of(bytes, lab_sign(&lab, &command, bytes))), CODE_OK);
    cr_assert(exec_get_actor(ledger_exec(lab.ledger), good.acct, &actor));
    ledger_standing(lab.ledger, &envelope, actor.valid_until - 1, &standing);
    cr_assert_eq(standing.code, CODE_OK);
    ledger_standing(lab.ledger, &envelope, actor.valid_until, &standing);
    cr_assert_eq(standing.code, CODE_SENDER_EXPIRED);
}

Test(registry, a_policy_is_changed_by_the_patient_alone)
{
    start();
    struct lab_party system = lab_actor(&lab, LAB_ALDER, ACTOR_SYSTEM, ROLE_NONE, CAP_VOUCH, 1);
    struct lab_party party = lab_patient(&lab, &system, POLICY_DENY, 0, 1), other = lab_patient(&lab, &system, POLICY_DENY, 0, 2);
    struct lab_command command = { .sender = &party, .body = { .type = COMMAND_PATIENT_SET } };
    struct patient patient;

    command.body.as.patient_set = (struct patient_set){ .default_policy = POLICY_TREATING, .btg_policy = BTG_NEVER, .op = PATIENT_SET_POLICY };
    memcpy(command.body.as.patient_set.patient, party.acct, ACCT_BYTES);
    cr_assert_eq(lab_send(&lab, &command), CODE_OK);
    cr_assert(exec_get_patient(ledger_exec(lab.ledger), party.acct, &patient));
    cr_assert_eq(patient.default_policy, POLICY_TREATING);
    cr_assert_eq(patient.btg_policy, BTG_NEVER);
    cr_assert_eq(patient.audit_count, 2);
    cr_assert_eq(patient.nonce, 2);
    struct lab_party *wrong[] = { &other, &system, &lab.admins[LAB_ALDER] };
    for (unsigned i = 0; i < 3; i++) {
        command.sender = wrong[i];
        cr_assert_eq(lab_send(&lab, &command), CODE_ROLE, "row %u", i);
    }
}
