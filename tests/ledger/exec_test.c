/* exec_test.c: what a handler puts it gets back, entity by entity; a full store is a code, and signers are found by account. */
#include "ledger/exec.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct exec exec;

static void setup(uint32_t keys)
{
    struct state_limits limits = { .keys_max = keys, .cells_max = keys * 4, .journal_bytes = 4096 };
    struct arena measure, arena;
    arena_init_measure(&measure);
    (void)state_store_init(&measure, &limits);
    void *memory = aligned_alloc(ARENA_ALIGN, measure.used);
    memset(memory, 0, measure.used);
    arena_init(&arena, memory, measure.used);
    memset(&exec, 0, sizeof exec);
    exec.store = state_store_init(&arena, &limits);
}

static const uint8_t acct[ACCT_BYTES] = { 7, 7 }, other[ACCT_BYTES] = { 8 };

Test(exec, entities_come_back_as_they_were_put)
{
    struct org org = { .kind = ORG_CLINIC, .status = ORG_ACTIVE, .name_length = 1, .name = "x", .replica_index = 255, .nonce = 5 }, org2;
    struct actor actor = { .kind = ACTOR_SYSTEM, .org = 1, .status = ACTOR_ACTIVE, .nonce = 3 }, actor2;
    struct patient patient = { .status = PATIENT_ACTIVE, .kx_epoch = 1, .vouchers = { 1, 0 }, .nonce = 9 }, patient2;
    struct pointer pointer = { .custodian = 1, .status = POINTER_CURRENT, .added_time = 4 }, pointer2;
    struct grant grant = { .effect = EFFECT_PERMIT, .kind = GRANT_READ, .gtype = GRANTEE_ORG, .status = GRANT_ACTIVE, .kx_epoch = 1 }, grant2;
    struct ticket ticket = { .org = 1, .reason = REASON_GRANT, .base_seq = 1, .expires = 12 }, ticket2;
    struct hash32 id = { { 1 } };

    setup(100);
    cr_assert_not(exec_get_org(&exec, 1, &org2));
    cr_assert_not(exec_get_actor(&exec, acct, &actor2));
    cr_assert_not(exec_get_patient(&exec, acct, &patient2));
    cr_assert_not(exec_get_pointer(&exec, acct, 1, &pointer2));
    cr_assert_not(exec_get_grant(&exec, acct, 1, &grant2));
    cr_assert_not(exec_get_ticket(&exec, &id, &ticket2));
    cr_assert_eq(exec_put_org(&exec, 1, &org), CODE_OK);
    cr_assert_eq(exec_put_actor(&exec, acct, &actor), CODE_OK);
    cr_assert_eq(exec_put_patient(&exec, acct, &patient), CODE_OK);
    cr_assert_eq(exec_put_pointer(&exec, acct, 1, &pointer), CODE_OK);
    cr_assert_eq(exec_put_grant(&exec, acct, 1, &grant), CODE_OK);
    cr_assert_eq(exec_put_ticket(&exec, &id, &ticket), CODE_OK);
    cr_assert(exec_get_org(&exec, 1, &org2));
    cr_assert(exec_get_actor(&exec, acct, &actor2));
    cr_assert(exec_get_patient(&exec, acct, &patient2));
    cr_assert(exec_get_pointer(&exec, acct, 1, &pointer2));
    cr_assert(exec_get_grant(&exec, acct, 1, &grant2));
    cr_assert(exec_get_ticket(&exec, &id, &ticket2));
    cr_assert_eq(org2.nonce, 5);
    cr_assert_eq(actor2.nonce, 3);
    cr_assert_eq(patient2.nonce, 9);
    cr_assert_eq(pointer2.added_time, 4);
    cr_assert_eq(grant2.gtype, GRANTEE_ORG);
    cr_assert_eq(ticket2.expires, 12);
    cr_assert_not(exec_get_patient(&exec, other, &patient2));
}

/* What is kept of an organisation is never older than the state, and two that want one place take turns. */
Test(exec, organisations_that_are_kept_follow_the_state)
{
    static struct exec_orgs orgs;
    struct org org = { .kind = ORG_CLINIC, .status = ORG_ACTIVE, .name_length = 1, .name = "x", .replica_index = 255, .nonce = 5 }, found;

    setup(100);
    exec.orgs = &orgs;
    exec_forget_orgs(&exec);
    cr_assert_not(exec_get_org(&exec, 1, &found), "what is not there is not kept");
    cr_assert_eq(exec_put_org(&exec, 1, &org), CODE_OK);
    for (uint64_t nonce = 6; nonce < 9; nonce++) {
        cr_assert(exec_get_org(&exec, 1, &found));
        cr_assert_eq(found.nonce, nonce - 1);
        org.nonce = nonce;
        cr_assert_eq(exec_put_org(&exec, 1, &org), CODE_OK);
    }
    state_store_savepoint(exec.store);
    org.nonce = 50;
    cr_assert_eq(exec_put_org(&exec, 1, &org), CODE_OK);
    cr_assert(exec_get_org(&exec, 1, &found));
    cr_assert_eq(found.nonce, 50);
    state_store_undo(exec.store);
    exec_forget_orgs(&exec);
    cr_assert(exec_get_org(&exec, 1, &found));
    cr_assert_eq(found.nonce, 8, "undone");
    org.nonce = 70;
    cr_assert_eq(exec_put_org(&exec, 1 + EXEC_ORGS, &org), CODE_OK);
    for (int i = 0; i < 2; i++) {
        cr_assert(exec_get_org(&exec, 1 + EXEC_ORGS, &found));
        cr_assert_eq(found.nonce, 70);
        cr_assert(exec_get_org(&exec, 1, &found));
        cr_assert_eq(found.nonce, 8);
    }
    cr_assert_not(exec_get_org(&exec, 1 + 2 * EXEC_ORGS, &found));
    cr_assert(exec_get_org(&exec, 1, &found), "and what was asked for in vain has taken nothing away for good");
    cr_assert_eq(found.nonce, 8);
}

Test(exec, a_relation_of_zeros_leaves_no_key_behind)
{
    struct relation relation = { .current = 1 }, back = { 9, 9 };

    setup(10);
    struct hash32 empty = state_store_root(exec.store);
    exec_get_relation(&exec, acct, 2, &back);
    cr_assert_eq(back.current, 0);
    cr_assert_eq(exec_put_relation(&exec, acct, 2, &relation), CODE_OK);
    exec_get_relation(&exec, acct, 2, &back);
    cr_assert_eq(back.current, 1);
    relation.current = 0;
    cr_assert_eq(exec_put_relation(&exec, acct, 2, &relation), CODE_OK);
    cr_assert_eq(exec_put_relation(&exec, acct, 2, &relation), CODE_OK, "removing what is not there is no failure");
    struct hash32 now = state_store_root(exec.store);
    cr_assert(hash_equal(&now, &empty));
}

Test(exec, a_full_store_is_CAPACITY)
{
    struct relation relation = { .current = 1 };

    setup(2);
    cr_assert_eq(exec_put_relation(&exec, acct, 1, &relation), CODE_OK);
    cr_assert_eq(exec_put_relation(&exec, acct, 2, &relation), CODE_OK);
    cr_assert_eq(exec_put_relation(&exec, acct, 3, &relation), CODE_CAPACITY);
    cr_assert_eq(exec_put_relation(&exec, acct, 2, &relation), CODE_OK);
}

Test(exec, signers_are_found_by_account)
{
    setup(2);
    memcpy(exec.sender.acct, acct, ACCT_BYTES);
    cr_assert(exec_signed_by(&exec, acct));
    cr_assert_not(exec_signed_by(&exec, other));
    cr_assert_null(exec_cosigner(&exec, other));
    exec.cosigners_count = 1;
    memcpy(exec.cosigners[0].acct, other, ACCT_BYTES);
    cr_assert(exec_signed_by(&exec, other));
    cr_assert_eq(exec_cosigner(&exec, other), &exec.cosigners[0]);
    cr_assert_null(exec_cosigner(&exec, acct), "the sender is not a cosigner");
}
