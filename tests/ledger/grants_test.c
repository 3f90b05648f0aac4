/* grants_test.c: 11 and 12: every code, who may end what, and that an ended grant is gone with its due entry and its counters. */
#include "ledger/grants.h"

#include "tests/ledger/exec_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static struct grant_body *grant(void)
{
    struct grant_body *body = &world_as('P', COMMAND_GRANT)->as.grant;

    world_grant(body, WORLD_HILLTOP);
    return body;
}

static void revoke(char sender, uint32_t seq)
{
    struct revoke *body = &world_as(sender, COMMAND_REVOKE)->as.revoke;

    body->count = 1;
    body->seqs[0] = seq;
}

static bool exists(uint32_t seq)
{
    uint8_t acct[ACCT_BYTES];
    struct grant found;

    world_acct('P', acct);
    return exec_get_grant(&world_exec, acct, seq, &found);
}

Test(grants, a_grant_is_stored_as_it_was_given, .init = world_start)
{
    struct grant_body *body = grant();
    uint8_t acct[ACCT_BYTES];
    struct grant found;

    body->max_uses = 3;
    body->flags = GRANT_HISTORY;
    struct grant_body given = *body;
    world_expect(CODE_OK, "a grant");
    world_acct('P', acct);
    cr_assert(exec_get_grant(&world_exec, acct, 1, &found));
    cr_assert_eq(found.class_mask, given.class_mask);
    cr_assert_eq(found.max_uses, 3);
    cr_assert_eq(found.uses, 0);
    cr_assert_eq(found.flags, GRANT_HISTORY);
    cr_assert_eq(found.created, world_exec.time_ms);
    cr_assert_eq(memcmp(found.granted_by, acct, ACCT_BYTES), 0);
    cr_assert_eq(world_event(0).type, EVENT_GRANT);
    cr_assert_eq(world_event(0).grant, 1);
    cr_assert_eq(world_read_patient('P').active_grants, 1);
    cr_assert_eq(world_chain.grants, 1);
}

Test(grants, grant_has_every_code_of_sender_scope_and_purpose, .init = world_start)
{
    struct patient patient = world_read_patient('P');

    world_grant(&world_as('B', COMMAND_GRANT)->as.grant, WORLD_MERCY);
    world_expect(CODE_ROLE, "a physician grants itself");
    world_grant(&world_as('Q', COMMAND_GRANT)->as.grant, WORLD_MERCY);
    world_expect(CODE_ROLE, "another patient");
    struct grant_body *body = grant();
    body->kind = GRANT_WRITE;
    body->purposes = 0;
    body->grantee[ACCT_BYTES - 1] = WORLD_PAYER;
    world_expect(CODE_CAP, "a standing write for who may not publish");
    body = grant();
    body->class_mask = 0;
    world_expect(CODE_SCOPE_EMPTY, "no class");
    body = grant();
    body->class_mask = 1u << 20;
    world_expect(CODE_SCOPE_EMPTY, "a class that does not exist");
    body = grant();
    body->class_mask = 1u << CLASS_SEALED;
    world_expect(CODE_SCOPE_EMPTY, "class 0 alone, neither by number nor SEALED");
    body = grant();
    body->class_mask = 1u << CLASS_SEALED;
    body->effect = EFFECT_DENY;
    world_expect(CODE_OK, "a deny of class 0 alone, which holds without SEALED");
    body = grant();
    body->ptr_seq = patient.ptr_count + 1;
    world_expect(CODE_SCOPE_EMPTY, "a pointer that never was");
    body = grant();
    body->custodian = 9;
    world_expect(CODE_SCOPE_EMPTY, "a custodian that is nobody");
    body = grant();
    body->purposes = 0;
    world_expect(CODE_PURPOSE, "a read without purpose");
    body = grant();
    body->purposes = 1u << PURPOSE_COUNT;
    world_expect(CODE_PURPOSE, "unknown");
    body = grant();
    body->purposes |= 1u << PURPOSE_HRESCH;
    world_expect(CODE_PURPOSE, "research");
    body = grant();
    body->kind = GRANT_WRITE;
    world_expect(CODE_PURPOSE, "a write with a purpose");
}

Test(grants, grant_has_every_code_of_period_and_grantee, .init = world_start)
{
    struct grant_body *body = grant();
    body->expires = world_exec.time_ms + 1;
    world_expect(CODE_PERIOD, "over at T");
    body = grant();
    body->not_before = body->expires;
    world_expect(CODE_PERIOD, "empty");
    body = grant();
    body->from_month = 5;
    body->to_month = 4;
    world_expect(CODE_PERIOD, "months the wrong way round");
    body = grant();
    body->expires = world_exec.time_ms + 1 + world_params.grant_ms_max + 1;
    world_expect(CODE_PERIOD_LONG, "more than five years");
    body = grant();
    body->expires = world_exec.time_ms + 1 + world_params.grant_ms_max;
    world_expect(CODE_OK, "exactly five years");
    body = grant();
    body->grantee[ACCT_BYTES - 1] = 9;
    world_expect(CODE_GRANTEE, "no such organisation");
    body = grant();
    body->grantee[3] = 1;
    world_expect(CODE_GRANTEE, "an organisation is right-aligned");
    body = grant();
    body->gtype = GRANTEE_ANY_CUSTODIAN;
    world_expect(CODE_GRANTEE, "any custodian has no name");
    body = grant();
    body->gtype = GRANTEE_ACTOR;
    world_acct('P', body->grantee);
    world_expect(CODE_GRANTEE, "a patient is no actor");
    body = grant();
    body->wrap_kind = WRAP_EPOCH;
    world_expect(CODE_WRAPS, "not built");
    body = grant();
    body->wrap_kind = WRAP_RECORD;
    body->effect = EFFECT_DENY;
    world_expect(CODE_WRAPS, "keys with a deny");
    body = grant();
    body->kx_epoch = 2;
    world_expect(CODE_EPOCH_STALE, "epoch");
}

Test(grants, every_grantee_of_the_slice_can_be_named, .init = world_start)
{
    struct grant_body *body = grant();

    body->gtype = GRANTEE_ACTOR;
    world_acct('D', body->grantee);
    world_expect(CODE_OK, "an actor");
    body = grant();
    body->gtype = GRANTEE_ANY_CUSTODIAN;
    memset(body->grantee, 0, ACCT_BYTES);
    world_expect(CODE_OK, "any custodian");
    body = grant();
    body->wrap_kind = WRAP_RECORD;
    world_expect(CODE_OK, "with record keys");
    body = grant();
    body->effect = EFFECT_DENY;
    world_expect(CODE_OK, "a deny");
}

Test(grants, the_limit_holds_and_expired_ones_make_room, .init = world_start)
{
    world_params.grants_live_max = 3;
    for (int i = 0; i < 3; i++) {
        struct grant_body *body = grant();
        body->expires = world_exec.time_ms + 1000;
        world_expect(CODE_OK, "short");
    }
    grant();
    world_expect(CODE_LIMIT_GRANTS, "the fourth");
    world_params.grants_max = 3;
    world_exec.time_ms += 2000;
    grant();
    world_expect(CODE_OK, "the three are over and leave");
    cr_assert_eq(world_read_patient('P').active_grants, 1);
    cr_assert_eq(world_chain.grants, 1);
    cr_assert_eq(world_due(), 0, "their due entries left with them");
    world_params.grants_max = 1;
    grant();
    world_expect(CODE_CAPACITY, "of the ledger");
}

Test(grants, an_expired_grant_leaves_when_it_is_due, .init = world_start)
{
    (void)world_permit_org(WORLD_HILLTOP);
    world_exec.time_ms += 366ull * 86400000;
    revoke('P', 1);
    world_expect(CODE_GRANT_STATE, "over already");
    cr_assert_eq(world_due(), 1);
    cr_assert_not(exists(1));
    cr_assert_eq(world_chain.grants, 0);
    cr_assert_eq(world_read_patient('P').active_grants, 0);
    cr_assert_eq(world_read_patient('P').grant_count, 1, "its number is not given again");
}

Test(grants, revoking_takes_it_out_at_once, .init = world_start)
{
    (void)world_permit_org(WORLD_HILLTOP);
    revoke('P', 2);
    world_expect(CODE_GRANT_UNKNOWN, "never given");
    revoke('P', 1);
    world_expect(CODE_OK, "revoked");
    cr_assert_eq(world_event(0).type, EVENT_REVOKE);
    cr_assert_not(exists(1));
    revoke('P', 1);
    world_expect(CODE_GRANT_UNKNOWN, "twice");
    world_exec.time_ms += 366ull * 86400000;
    cr_assert_eq(world_due(), 0);
}

Test(grants, who_may_end_which_grant, .init = world_start)
{
    static const struct { enum grant_effect effect; enum grant_type gtype; char sender; enum code code; } table[] = {
        { EFFECT_PERMIT, GRANTEE_ORG, 'Q', CODE_ROLE },   { EFFECT_PERMIT, GRANTEE_ORG, 'D', CODE_ROLE },
        { EFFECT_PERMIT, GRANTEE_ORG, '1', CODE_ROLE },   { EFFECT_PERMIT, GRANTEE_ORG, '2', CODE_OK },
        { EFFECT_DENY, GRANTEE_ORG, '2', CODE_ROLE },     { EFFECT_DENY, GRANTEE_ACTOR, 'D', CODE_ROLE },
        { EFFECT_DENY, GRANTEE_ACTOR, '2', CODE_ROLE },   { EFFECT_PERMIT, GRANTEE_ACTOR, 'B', CODE_ROLE },
        { EFFECT_PERMIT, GRANTEE_ACTOR, 'C', CODE_ROLE }, { EFFECT_PERMIT, GRANTEE_ACTOR, '1', CODE_ROLE },
        { EFFECT_PERMIT, GRANTEE_ACTOR, 'D', CODE_OK },   { EFFECT_PERMIT, GRANTEE_ACTOR, '2', CODE_OK },
        { EFFECT_PERMIT, GRANTEE_ANY_CUSTODIAN, '2', CODE_ROLE }, { EFFECT_DENY, GRANTEE_ORG, 'P', CODE_OK },
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct grant_body *body = grant();
        body->effect = table[i].effect;
        body->gtype = table[i].gtype;
        if (table[i].gtype == GRANTEE_ACTOR) {
            world_acct('D', body->grantee);
        } else if (table[i].gtype == GRANTEE_ANY_CUSTODIAN) {
            memset(body->grantee, 0, ACCT_BYTES);
        }
        world_expect(CODE_OK, "given");
        uint32_t seq = world_read_patient('P').grant_count;
        revoke(table[i].sender, seq);
        cr_assert_eq(world_run(), table[i].code, "case %zu", i);
        cr_assert_eq(exists(seq), table[i].code != CODE_OK, "case %zu: a renounced deny stays", i);
    }
}

Test(grants, no_code_tells_a_stranger_which_grants_there_are, .init = world_start)
{
    (void)world_permit_org(WORLD_HILLTOP);
    for (const char *name = "QDA1"; *name != '\0'; name++) {
        for (uint32_t seq = 1; seq <= 2; seq++) {
            revoke(*name, seq);
            cr_assert_eq(world_run(), CODE_ROLE, "%c of grant %u", *name, seq);
        }
    }
}

Test(grants, revoking_is_atomic, .init = world_start)
{
    (void)world_permit_org(WORLD_HILLTOP);
    revoke('P', 1);
    world_exec.command.as.revoke.count = 2;
    world_exec.command.as.revoke.seqs[1] = 7;
    world_expect(CODE_GRANT_UNKNOWN, "the second is not there");
    cr_assert(exists(1));
    revoke('P', 1);
    world_patient('Z');
    world_expect(CODE_PATIENT_UNKNOWN, "nobody");
}
