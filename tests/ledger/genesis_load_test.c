/* genesis_load_test.c: the state of block 0: what an initial entity may be, and that nothing is left of a genesis that is refused. */
#include "ledger/genesis_load.h"

#include "tests/ledger/ledger_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static struct lab lab;

static struct params small(void)
{
    struct params params = params_default();

    params.state_keys_max = 20000;
    params.state_cells_max = 40000;
    params.actors_max = 1;
    params.patients_max = 1;
    params.grants_max = 1;
    return params;
}

/* One initial entity of each kind, as legal as can be, in the order of their keys. */
struct cast {
    struct actor actor;
    struct patient patient;
    struct grant grant;
    struct state_key keys[3];
    struct genesis_entity entities[3];
    uint8_t bytes[3][ENTITY_BYTES_MAX];
};

static struct cast legal(uint8_t kind)
{
    struct cast cast = {
        .actor = { .kind = kind, .org = LAB_ALDER, .status = ACTOR_ACTIVE, .valid_until = LAB_TIME + 1, .pk = { 1 } },
        .patient = { .status = PATIENT_ACTIVE, .kx_epoch = 1, .vouchers = { LAB_CEDAR, 0 }, .grant_count = 1, .active_grants = 1, .pk = { 2 } },
        .grant = { .effect = EFFECT_PERMIT, .kind = GRANT_WRITE, .gtype = GRANTEE_ORG, .class_mask = CLASS_MASK_ALL, .expires = LAB_TIME + 1,
            .status = GRANT_ACTIVE, .kx_epoch = 1, .grantee = { [31] = LAB_ALDER } },
    };
    struct hash32 actor = genesis_account(kind, cast.actor.pk), patient = genesis_account(ACCOUNT_PATIENT, cast.patient.pk);

    cast.keys[0] = key_actor(actor.bytes);
    cast.keys[1] = key_patient(patient.bytes);
    cast.keys[2] = key_grant(patient.bytes, 1);
    return cast;
}

static enum verdict load(struct cast *cast)
{
    static const size_t sizes[3] = { ACTOR_BYTES, PATIENT_BYTES, GRANT_BYTES };
    struct params params = small();

    actor_encode(&cast->actor, cast->bytes[0]);
    patient_encode(&cast->patient, cast->bytes[1]);
    grant_encode(&cast->grant, cast->bytes[2]);
    for (unsigned i = 0; i < 3; i++) {
        cast->entities[i] = (struct genesis_entity){ bytes_of(cast->keys[i].bytes, cast->keys[i].size), bytes_of(cast->bytes[i], sizes[i]) };
    }
    return lab_load(&lab, &params, cast->entities, 3);
}

Test(genesis_load, legal_entities_are_in_the_state_of_block_0)
{
    struct cast cast = legal(ACTOR_SYSTEM);
    struct hash32 acct = genesis_account(ACTOR_SYSTEM, cast.actor.pk);
    struct exec *exec;
    struct actor actor;

    cast.actor.caps = CAPS_ALL;
    cr_assert_eq(load(&cast), VERDICT_OK);
    exec = ledger_exec(lab.ledger);
    cr_assert(exec_get_actor(exec, acct.bytes, &actor));
    cr_assert_eq(actor.caps, CAPS_ALL);
    cr_assert_eq(exec->chain->actors, 1);
    cr_assert_eq(exec->chain->patients, 1);
    cr_assert_eq(exec->chain->grants, 1);
    cr_assert_eq(exec->chain->orgs, LAB_ORGS);
}

/* --- What is refused, one change each ------------------------------------------------------------------------------- */

static void foreign_account(struct cast *cast) { cast->actor.pk[5] = 1; }
static void org_unknown(struct cast *cast) { cast->actor.org = LAB_ORGS + 1; }
static void capability_of_nobody(struct cast *cast) { *cast = legal(ACTOR_SYSTEM); cast->actor.org = LAB_CEDAR; cast->actor.caps = CAP_BTG; }
static void agent_of_a_hospital(struct cast *cast) { *cast = legal(ACTOR_PAYER_AGENT); }
static void practitioner_of_a_payer(struct cast *cast) { *cast = legal(ACTOR_PRACTITIONER); cast->actor.role = ROLE_NURSE; cast->actor.org = LAB_PAYER; }
static void practitioner_without_role(struct cast *cast) { *cast = legal(ACTOR_PRACTITIONER); }
static void system_with_role(struct cast *cast) { cast->actor.role = ROLE_NURSE; }
static void auditor_of_a_hospital(struct cast *cast) { *cast = legal(ACTOR_AUDITOR); }
static void nonce_used(struct cast *cast) { cast->actor.nonce = 1; }
static void suspended_already(struct cast *cast) { cast->actor.status = ACTOR_SUSPENDED; }
static void sponsored(struct cast *cast) { cast->actor.sponsor_org = LAB_ALDER; }
static void patient_of_other_key(struct cast *cast) { cast->patient.pk[5] = 1; }
static void voucher_unknown(struct cast *cast) { cast->patient.vouchers[0] = LAB_ORGS + 1; }
static void voucher_is_a_payer(struct cast *cast) { cast->patient.vouchers[0] = LAB_PAYER; }
static void second_voucher_is_a_payer(struct cast *cast) { cast->patient.vouchers[1] = LAB_PAYER; }
static void pointers_nobody_added(struct cast *cast) { cast->patient.ptr_count = 1; }
static void patient_locked(struct cast *cast) { cast->patient.status = PATIENT_LOCKED; }
static void grants_miscounted(struct cast *cast) { cast->patient.active_grants = 2; cast->patient.grant_count = 2; }
static void numbers_used_up(struct cast *cast) { cast->patient.grant_count = UINT32_MAX; }
static void grant_beyond_count(struct cast *cast) { cast->patient.grant_count = 0; cast->patient.active_grants = 0; }
static void grant_over(struct cast *cast) { cast->grant.expires = LAB_TIME; }
static void grant_used(struct cast *cast) { cast->grant.uses = 1; }
static void key_serves_twice(struct cast *cast) { memcpy(cast->actor.pk, lab.admins[LAB_ALDER].pair.public_key, KEY_BYTES); }

Test(genesis_load, what_no_command_could_have_made_is_refused_and_leaves_nothing)
{
    static const struct { void (*spoil)(struct cast *cast); const char *what; enum verdict verdict; } table[] = {
        { foreign_account, "an account that its key does not give", VERDICT_MEMBER },
        { org_unknown, "an organisation that does not exist", VERDICT_MEMBER },
        { capability_of_nobody, "a capability that the organisation has not", VERDICT_MEMBER },
        { agent_of_a_hospital, "a payer's agent of a hospital", VERDICT_MEMBER },
        { practitioner_of_a_payer, "a nurse of a payer", VERDICT_MEMBER },
        { practitioner_without_role, "a practitioner without a role", VERDICT_MEMBER },
        { system_with_role, "a system that is a nurse", VERDICT_MEMBER },
        { auditor_of_a_hospital, "an auditor of a hospital", VERDICT_MEMBER },
        { nonce_used, "an actor that has sent", VERDICT_CONFLICT },
        { suspended_already, "an actor that is suspended", VERDICT_CONFLICT },
        { sponsored, "a sponsor, which is not built", VERDICT_CONFLICT },
        { patient_of_other_key, "a patient's account that its key does not give", VERDICT_MEMBER },
        { voucher_unknown, "a voucher that does not exist", VERDICT_MEMBER },
        { voucher_is_a_payer, "a payer that vouches", VERDICT_MEMBER },
        { second_voucher_is_a_payer, "a payer that vouches as the second", VERDICT_MEMBER },
        { pointers_nobody_added, "pointers that are not there", VERDICT_CONFLICT },
        { patient_locked, "a patient that is locked", VERDICT_CONFLICT },
        { grants_miscounted, "more grants than there are", VERDICT_CONFLICT },
        { numbers_used_up, "a patient whose next grant has no number", VERDICT_CONFLICT },
        { grant_beyond_count, "a grant beyond the patient's count", VERDICT_CONFLICT },
        { grant_over, "a grant that is over", VERDICT_CONFLICT },
        { grant_used, "a grant that was used", VERDICT_CONFLICT },
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct cast cast = legal(ACTOR_SYSTEM);
        table[i].spoil(&cast);
        enum verdict verdict = load(&cast);
        cr_assert_eq(verdict, table[i].verdict, "%s: %s", table[i].what, verdict_name(verdict));
        cr_assert_eq(state_store_keys(ledger_store(lab.ledger)), 0, "%s", table[i].what);
    }
}

Test(genesis_load, no_key_serves_twice)
{
    struct cast cast = legal(ACTOR_SYSTEM);

    cr_assert_eq(load(&cast), VERDICT_OK);
    key_serves_twice(&cast);
    struct hash32 acct = genesis_account(ACTOR_SYSTEM, cast.actor.pk);
    cast.keys[0] = key_actor(acct.bytes);
    cr_assert_eq(load(&cast), VERDICT_CONFLICT, "the admin's key");
}

/* Two entities of one kind, where the genesis has room for one. */
static enum verdict load_two(const struct state_key keys[2], const uint8_t *const values[2], size_t size)
{
    struct params params = small();
    bool swap = memcmp(keys[0].bytes, keys[1].bytes, keys[0].size) > 0;
    struct genesis_entity entities[2];

    for (unsigned i = 0; i < 2; i++) {
        unsigned from = swap ? 1 - i : i;
        entities[i] = (struct genesis_entity){ bytes_of(keys[from].bytes, keys[from].size), bytes_of(values[from], size) };
    }
    return lab_load(&lab, &params, entities, 2);
}

Test(genesis_load, capacities_hold)
{
    static uint8_t actors[2][ACTOR_BYTES], patients[2][PATIENT_BYTES];
    struct state_key actor_keys[2], patient_keys[2];

    for (uint8_t i = 0; i < 2; i++) {
        struct cast cast = legal(ACTOR_SYSTEM);
        cast.actor.pk[1] = i;
        cast.patient.pk[1] = i;
        cast.patient.grant_count = cast.patient.active_grants = 0;
        struct hash32 actor = genesis_account(ACTOR_SYSTEM, cast.actor.pk), patient = genesis_account(ACCOUNT_PATIENT, cast.patient.pk);
        actor_keys[i] = key_actor(actor.bytes);
        patient_keys[i] = key_patient(patient.bytes);
        actor_encode(&cast.actor, actors[i]);
        patient_encode(&cast.patient, patients[i]);
    }
    cr_assert_eq(load_two(actor_keys, (const uint8_t *const[]){ actors[0], actors[1] }, ACTOR_BYTES), VERDICT_LENGTH);
    cr_assert_eq(load_two(patient_keys, (const uint8_t *const[]){ patients[0], patients[1] }, PATIENT_BYTES), VERDICT_LENGTH);
}

Test(genesis_load, other_kinds_of_entities_are_refused)
{
    static const uint8_t ticket[TICKET_BYTES];
    struct state_key key = key_ticket(&(struct hash32){ { 1 } });
    struct genesis_entity other = { bytes_of(key.bytes, key.size), bytes_of(ticket, sizeof ticket) };
    struct params params = small();

    cr_assert_eq(lab_load(&lab, &params, &other, 1), VERDICT_TYPE);
}
