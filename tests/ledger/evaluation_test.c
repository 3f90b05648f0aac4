/* evaluation_test.c: what is gathered is what was asked for, and the digest changes with every input and with nothing else. */
#include "ledger/evaluation.h"

#include "tests/ledger/exec_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static struct consent_inputs inputs;
static struct evaluation evaluation;

static void start(void)
{
    world_start();
    (void)world_add_current('A', CLASS_VITALS);
    (void)world_add_current('A', CLASS_MEDICATION);
    (void)world_add_current('C', CLASS_VITALS);
    (void)world_permit_org(WORLD_HILLTOP);
    memset(&evaluation, 0, sizeof evaluation);
    world_acct('P', evaluation.patient);
    world_acct('D', evaluation.subject);
    evaluation.org = WORLD_HILLTOP;
    evaluation.purpose = PURPOSE_TREAT;
    evaluation.base_seq = 1;
    evaluation.class_mask = CLASS_MASK_ALL;
    evaluation.time_ms = world_exec.time_ms;
    evaluation_select_all(&evaluation);
}

Test(evaluation, gathers_what_is_selected_in_class_and_month, .init = start)
{
    struct evaluation_found found = evaluation_gather(world_exec.store, &evaluation, &inputs);

    cr_assert(found.patient);
    cr_assert(found.stands);
    cr_assert_eq(found.actor_kind, ACTOR_PRACTITIONER);
    cr_assert_eq(found.actor_role, ROLE_PHYSICIAN);
    cr_assert_eq(inputs.pointers_count, 3);
    cr_assert_eq(inputs.grants_count, 1);
    cr_assert_eq(inputs.subject.relation_current, 1);
    cr_assert_eq(inputs.subject.org_kind, ORG_CLINIC);
    evaluation.class_mask = 1u << CLASS_VITALS;
    (void)evaluation_gather(world_exec.store, &evaluation, &inputs);
    cr_assert_eq(inputs.pointers_count, 2);
    evaluation.selected[0] = 1;
    (void)evaluation_gather(world_exec.store, &evaluation, &inputs);
    cr_assert_eq(inputs.pointers_count, 1);
    evaluation.to_month = WORLD_MONTH - 1;
    (void)evaluation_gather(world_exec.store, &evaluation, &inputs);
    cr_assert_eq(inputs.pointers_count, 0);
    evaluation.base_seq = UINT32_MAX;
    (void)evaluation_gather(world_exec.store, &evaluation, &inputs);
    cr_assert_eq(inputs.pointers_count, 0);
}

Test(evaluation, who_does_not_exist_does_not_stand, .init = start)
{
    world_acct('Z', evaluation.patient);
    cr_assert_not(evaluation_gather(world_exec.store, &evaluation, &inputs).patient);
    world_acct('P', evaluation.patient);
    world_acct('Z', evaluation.subject);
    cr_assert_not(evaluation_gather(world_exec.store, &evaluation, &inputs).stands);
    world_acct('D', evaluation.subject);
    evaluation.org = WORLD_MERCY;
    cr_assert_not(evaluation_gather(world_exec.store, &evaluation, &inputs).stands, "of another organisation");
    evaluation.org = 9;
    cr_assert_not(evaluation_gather(world_exec.store, &evaluation, &inputs).stands, "of none");
    evaluation.org = 0;
    cr_assert_not(evaluation_gather(world_exec.store, &evaluation, &inputs).stands, "an actor without organisation");
    world_acct('P', evaluation.subject);
    cr_assert(evaluation_gather(world_exec.store, &evaluation, &inputs).stands, "the patient itself");
}

Test(evaluation, the_digest_follows_the_inputs_alone, .init = start)
{
    uint8_t acct[ACCT_BYTES];
    struct hash32 base = evaluation_gather(world_exec.store, &evaluation, &inputs).digest;
    struct patient patient = world_read_patient('P');

    world_acct('P', acct);
    patient.audit_root.bytes[0] ^= 1;
    cr_assert_eq(exec_put_patient(&world_exec, acct, &patient), CODE_OK);
    struct hash32 digest = evaluation_gather(world_exec.store, &evaluation, &inputs).digest;
    cr_assert(hash_equal(&digest, &base), "the audit root is left out");
    patient.default_policy = POLICY_TREATING;
    cr_assert_eq(exec_put_patient(&world_exec, acct, &patient), CODE_OK);
    digest = evaluation_gather(world_exec.store, &evaluation, &inputs).digest;
    cr_assert_not(hash_equal(&digest, &base), "the policy is not");
    patient.default_policy = POLICY_DENY;
    cr_assert_eq(exec_put_patient(&world_exec, acct, &patient), CODE_OK);
    evaluation.time_ms++;
    digest = evaluation_gather(world_exec.store, &evaluation, &inputs).digest;
    cr_assert_not(hash_equal(&digest, &base), "time");
    evaluation.time_ms--;
    evaluation.selected[0] ^= 1;
    digest = evaluation_gather(world_exec.store, &evaluation, &inputs).digest;
    cr_assert_not(hash_equal(&digest, &base), "a pointer more or less");
    evaluation.selected[0] ^= 1;
    digest = evaluation_gather(world_exec.store, &evaluation, &inputs).digest;
    cr_assert(hash_equal(&digest, &base), "and back");
}

Test(evaluation, without_a_digest_gathers_the_same, .init = start)
{
    static struct consent_inputs bare;
    struct evaluation_found found = evaluation_gather(world_exec.store, &evaluation, &inputs);

    memcpy(&bare, &inputs, sizeof bare);
    evaluation.undigested = true;
    struct evaluation_found without = evaluation_gather(world_exec.store, &evaluation, &bare);
    cr_assert(hash_is_zero(&without.digest));
    cr_assert_not(hash_is_zero(&found.digest));
    cr_assert(without.patient && without.stands == found.stands);
    cr_assert_eq(without.actor_kind, found.actor_kind);
    cr_assert_eq(without.actor_role, found.actor_role);
    cr_assert_gt(bare.grants_count, 0);
    cr_assert_arr_eq(&bare, &inputs, sizeof bare);
}
