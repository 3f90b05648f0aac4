/* pointers_test.c: 08, 09, 10: what is visible is what the patient let in; every code; counters and due entries stay true. */
#include "ledger/pointers.h"

#include "tests/ledger/exec_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static struct pointer_add *add(char sender)
{
    struct pointer_add *body = &world_as(sender, COMMAND_POINTER_ADD)->as.pointer_add;

    body->kx_epoch = 1;
    body->count = 1;
    body->items[0] = world_item(CLASS_LABORATORY);
    return body;
}

/* with_payload gives the command that is being made another length of payload than its locators have. */
static void with_payload(uint32_t size)
{
    static struct envelope envelope;

    envelope = *world_exec.envelope;
    envelope.payload_bytes = size;
    world_exec.envelope = &envelope;
}

static struct pointer_decide *decide(uint32_t seq, uint8_t approve)
{
    struct pointer_decide *body = &world_as('P', COMMAND_POINTER_DECIDE)->as.pointer_decide;

    body->approve = approve;
    body->count = 1;
    body->seqs[0] = seq;
    return body;
}

static struct pointer_set_status *status(char sender, enum pointer_status_op op, uint32_t seq)
{
    struct pointer_set_status *body = &world_as(sender, COMMAND_POINTER_STATUS)->as.pointer_set_status;

    body->op = op;
    body->count = 1;
    body->seqs[0] = seq;
    return body;
}

static struct relation relation_of(uint16_t org)
{
    uint8_t acct[ACCT_BYTES];
    struct relation relation;

    world_acct('P', acct);
    exec_get_relation(&world_exec, acct, org, &relation);
    return relation;
}

static void expect_counts(uint16_t current, uint16_t pending, const char *what)
{
    struct patient patient = world_read_patient('P');
    uint32_t of_current = 0, of_pending = 0;

    for (uint16_t org = 1; org <= 4; org++) {
        struct relation relation = relation_of(org);
        of_current += relation.current;
        of_pending += relation.pending;
    }
    cr_assert_eq(patient.current, current, "%s: current %u", what, patient.current);
    cr_assert_eq(patient.pending, pending, "%s: pending %u", what, patient.pending);
    cr_assert_eq(of_current, current, "%s: the relations agree", what);
    cr_assert_eq(of_pending, pending, "%s: the relations agree", what);
}

Test(pointers, month_of_counts_from_january_2000)
{
    static const struct { uint64_t time; uint32_t month; } table[] = {
        { 0, 0 },
        { 946684799999, 0 },    /* 1999-12-31 23:59:59.999 */
        { 946684800000, 1 },    /* 2000-01-01 */
        { 951782399999, 2 },    /* 2000-02-28 end */
        { 951868799999, 2 },    /* 2000-02-29 end */
        { 951868800000, 3 },    /* 2000-03-01 */
        { 978307199999, 12 },   /* 2000-12-31 end */
        { 978307200000, 13 },   /* 2001-01-01 */
        { 983404800000, 15 },   /* 2001-03-01 */
        { 1709164800000, 290 }, /* 2024-02-29 */
        { 1709251200000, 291 }, /* 2024-03-01 */
        { WORLD_TIME, WORLD_MONTH },
        { 4102444799999, 1200 }, /* 2099-12-31 end */
        { UINT64_MAX, 1200 },
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        cr_assert_eq(month_of(table[i].time), table[i].month, "case %zu: %u", i, month_of(table[i].time));
    }
}

Test(pointers, without_the_patient_a_pointer_is_pending_and_with_it_current, .init = world_start)
{
    uint32_t first = world_add('A', CLASS_MEDICATION);
    cr_assert_eq(world_read_pointer(first).status, POINTER_PENDING);
    cr_assert_eq(world_event(0).type, EVENT_POINTER_PROPOSED);
    expect_counts(0, 1, "proposed");
    uint32_t second = world_add_current('A', CLASS_MEDICATION);
    cr_assert_eq(world_read_pointer(second).status, POINTER_CURRENT);
    cr_assert_eq(world_read_pointer(second).basis, BASIS_COSIGNED);
    cr_assert_eq(world_event(0).type, EVENT_POINTER_APPROVED);
    expect_counts(1, 1, "cosigned");
}

Test(pointers, a_cosignature_of_another_patient_is_nothing, .init = world_start)
{
    add('A');
    world_cosign('Q');
    world_expect(CODE_OK, "added");
    cr_assert_eq(world_read_pointer(1).status, POINTER_PENDING);
}

Test(pointers, a_standing_write_grant_lets_in_and_names_itself, .init = world_start)
{
    struct grant_body *grant = &world_as('P', COMMAND_GRANT)->as.grant;
    world_grant(grant, WORLD_MERCY);
    grant->kind = GRANT_WRITE;
    grant->purposes = 0;
    world_expect(CODE_OK, "write grant");
    uint32_t seq = world_add('A', CLASS_LABORATORY);
    cr_assert_eq(world_read_pointer(seq).basis, BASIS_STANDING);
    cr_assert_eq(world_read_pointer(seq).grant_ref, 1);
    cr_assert_eq(world_read_pointer(world_add('C', CLASS_LABORATORY)).status, POINTER_PENDING, "not for another organisation");
}

Test(pointers, a_new_version_replaces_its_current_one_of_like_kind, .init = world_start)
{
    uint32_t old = world_add_current('A', CLASS_LABORATORY);
    add('A')->items[0].supersedes = old;
    world_expect(CODE_OK, "a new version");
    cr_assert_eq(world_read_pointer(old).status, POINTER_SUPERSEDED);
    cr_assert_eq(world_read_pointer(old).superseded_by, old + 1);
    cr_assert_eq(world_read_pointer(old + 1).status, POINTER_CURRENT);
    cr_assert_eq(world_exec.events_count, 2);
    cr_assert_eq(world_event(1).type, EVENT_POINTER_SUPERSEDED);
    expect_counts(1, 0, "replaced");
    struct pointer_add *other = add('A');
    other->items[0].supersedes = old + 1;
    other->items[0].record_class = CLASS_MEDICATION;
    world_expect(CODE_OK, "of another class");
    cr_assert_eq(world_read_pointer(old + 2).status, POINTER_PENDING, "waits for the patient");
    cr_assert_eq(world_read_pointer(old + 1).status, POINTER_CURRENT, "and replaces nothing until then");
    decide(old + 2, 1);
    world_expect(CODE_OK, "approved");
    cr_assert_eq(world_read_pointer(old + 1).status, POINTER_SUPERSEDED);
    expect_counts(1, 0, "approved");
}

Test(pointers, a_pointer_may_come_without_a_locator, .init = world_start)
{
    struct pointer_add *body = add('A');

    body->count = 2;
    body->items[0].locator_length = 0;
    memset(&body->items[0].locator_hash, 0, 32);
    body->items[1] = world_item(CLASS_LABORATORY);
    world_expect(CODE_OK, "one with and one without");
    cr_assert_eq(world_read_pointer(1).locator_length, 0);
    cr_assert_eq(world_read_pointer(2).locator_length, 509);
    memset(&add('A')->items[0].locator_hash, 0, 32);
    world_exec.command.as.pointer_add.items[0].locator_length = 0;
    world_expect(CODE_OK, "and no payload at all");
}

Test(pointers, add_has_every_code, .init = world_start)
{
    uint32_t mine = world_add_current('A', CLASS_LABORATORY);
    uint32_t theirs = world_add_current('C', CLASS_LABORATORY);

    add('P');
    world_expect(CODE_ROLE, "a patient does not publish");
    add('1');
    world_expect(CODE_ROLE, "nor does an admin");
    add('E');
    world_expect(CODE_ROLE, "nor a payer's agent");
    world_acct('D', add('A')->on_behalf);
    world_expect(CODE_ROLE, "on behalf of another organisation's physician");
    world_acct('A', add('A')->on_behalf);
    world_expect(CODE_ROLE, "on behalf of a system");
    add('F');
    world_expect(CODE_CAP, "an organisation without PUBLISH");
    add('A');
    world_patient('Z');
    world_expect(CODE_PATIENT_UNKNOWN, "nobody");
    add('A')->kx_epoch = 2;
    world_expect(CODE_EPOCH_STALE, "key epoch");
    add('A')->items[0].record_class = CLASS_CONSENT_FORM + 1;
    world_expect(CODE_CLASS, "class");
    add('A')->items[0].record_class = 200;
    world_expect(CODE_CLASS, "class beyond all");
    add('A')->items[0].conf = CONF_VERY_RESTRICTED + 1;
    world_expect(CODE_CONF, "confidentiality");
    add('A')->items[0].service_month = WORLD_MONTH + 1;
    world_expect(CODE_MONTH, "next month");
    add('A')->items[0].locator_length = 508;
    world_expect(CODE_LOCATOR_SIZE, "locator");
    (void)add('A');
    with_payload(2 * 509);
    world_expect(CODE_LOCATOR_SIZE, "a payload beyond the locators");
    add('A')->items[0].locator_length = 0;
    with_payload(509);
    world_expect(CODE_LOCATOR_SIZE, "a payload without a locator");
    memset(&add('A')->items[0].content_commit, 0, 32);
    world_expect(CODE_COMMIT_ZERO, "content");
    memset(&add('A')->items[0].locator_hash, 0, 32);
    world_expect(CODE_COMMIT_ZERO, "locator hash");
    add('A')->items[0].locator_length = 0;
    world_expect(CODE_COMMIT_ZERO, "a hash of no locator");
    add('A')->items[0].supersedes = 99;
    world_expect(CODE_SUPERSEDE_CUSTODIAN, "what is not there");
    add('A')->items[0].supersedes = theirs;
    world_expect(CODE_SUPERSEDE_CUSTODIAN, "another organisation's");
    uint32_t hidden = world_add('C', CLASS_IMAGING);
    add('A')->items[0].supersedes = hidden;
    world_expect(CODE_SUPERSEDE_CUSTODIAN, "another organisation's that is not current");
    uint32_t waiting = world_add('A', CLASS_IMAGING);
    add('A')->items[0].supersedes = waiting;
    world_expect(CODE_SUPERSEDE_TARGET, "its own that is not current");
    struct pointer_add *twice = add('A');
    twice->count = 2;
    twice->items[1] = twice->items[0];
    world_expect(CODE_DUP_COMMIT, "twice the same");
    struct pointer_add *both = add('A');
    both->count = 2;
    both->items[0].supersedes = mine;
    both->items[1] = world_item(CLASS_LABORATORY);
    both->items[1].supersedes = mine;
    world_expect(CODE_SUPERSEDE_TARGET, "the second finds it superseded, and the first is undone with it");
    cr_assert_eq(world_read_pointer(mine).status, POINTER_CURRENT);
}

Test(pointers, a_locked_or_erased_compartment_takes_nothing, .init = world_start)
{
    static const struct { enum patient_status status; enum code code; } table[] = {
        { PATIENT_LOCKED, CODE_PATIENT_LOCKED }, { PATIENT_ERASED, CODE_PATIENT_ERASED }, { PATIENT_DECEASED, CODE_OK },
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct patient patient = world_read_patient('P');
        uint8_t acct[ACCT_BYTES];
        patient.status = (uint8_t)table[i].status;
        world_acct('P', acct);
        cr_assert_eq(exec_put_patient(&world_exec, acct, &patient), CODE_OK);
        add('A');
        world_expect(table[i].code, "add");
    }
}

Test(pointers, limits_of_pending_and_of_all_hold_exactly, .init = world_start)
{
    world_params.pending_org_max = 2;
    world_params.pending_max = 3;
    (void)world_add('A', CLASS_VITALS);
    (void)world_add('A', CLASS_VITALS);
    add('A');
    world_expect(CODE_LIMIT_PENDING, "of one custodian");
    (void)world_add('C', CLASS_VITALS);
    add('C');
    world_expect(CODE_LIMIT_PENDING, "of the patient");
    world_params.pointers_live_max = 4;
    (void)world_add_current('C', CLASS_VITALS);
    add('C');
    world_cosign('P');
    world_expect(CODE_LIMIT_POINTERS, "live ones");
    world_params.pointers_live_max = 4096;
    world_params.pointers_lifetime_max = 4;
    add('C');
    world_cosign('P');
    world_expect(CODE_LIMIT_POINTERS, "numbers ever given");
    world_params.pointers_lifetime_max = 65535;
    world_params.pointers_max = world_chain.pointers;
    add('C');
    world_cosign('P');
    world_expect(CODE_CAPACITY, "of the ledger");
}

Test(pointers, decide_has_every_code, .init = world_start)
{
    uint32_t seq = world_add('A', CLASS_LABORATORY);

    decide(seq, 1);
    world_exec.sender.acct[0] = 'Q';
    world_expect(CODE_ROLE, "another patient");
    world_as('A', COMMAND_POINTER_DECIDE)->as.pointer_decide = (struct pointer_decide){ .patient = { 0 }, .approve = 1, .count = 1, .seqs = { seq } };
    world_patient('P');
    world_expect(CODE_ROLE, "the custodian itself");
    decide(seq + 1, 1);
    world_expect(CODE_PTR_UNKNOWN, "what is not there");
    decide(seq, 1);
    world_expect(CODE_OK, "approved");
    expect_counts(1, 0, "approved");
    decide(seq, 0);
    world_expect(CODE_PTR_STATE, "decided already");
    uint32_t late = world_add('A', CLASS_LABORATORY);
    world_exec.time_ms += world_params.pending_ms;
    decide(late, 1);
    world_expect(CODE_PENDING_EXPIRED, "after thirty days, even before the queue comes to it");
}

Test(pointers, deciding_is_atomic, .init = world_start)
{
    uint32_t seq = world_add('A', CLASS_LABORATORY);
    struct pointer_decide *body = decide(seq, 1);

    body->count = 2;
    body->seqs[1] = seq + 1;
    world_expect(CODE_PTR_UNKNOWN, "the second is not there");
    cr_assert_eq(world_read_pointer(seq).status, POINTER_PENDING);
}

Test(pointers, refused_and_expired_pointers_leave_after_their_time, .init = world_start)
{
    uint32_t refused = world_add('A', CLASS_LABORATORY);
    uint32_t expired = world_add('A', CLASS_LABORATORY);

    decide(refused, 0);
    world_expect(CODE_OK, "refused");
    cr_assert_eq(world_event(0).type, EVENT_POINTER_REFUSED);
    cr_assert_eq(world_due(), 0, "nothing is due yet");
    world_exec.time_ms += world_params.pending_ms;
    cr_assert_eq(world_due(), 2, "one expires, the other leaves");
    cr_assert_eq(world_read_pointer(expired).status, POINTER_EXPIRED);
    cr_assert_eq(world_chain.pointers, 1);
    expect_counts(0, 0, "expired");
    world_exec.time_ms += world_params.ended_kept_ms;
    cr_assert_eq(world_due(), 1);
    cr_assert_eq(world_chain.pointers, 0);
    cr_assert_eq(world_read_patient('P').audit_count, 4, "the events stay: two proposals, a refusal, an expiry");
}

/* Else anybody's system could count a patient's pointers and tell which of them live, and the patient would see nothing of it. */
Test(pointers, no_code_tells_another_organisation_what_a_patient_has, .init = world_start)
{
    uint32_t seqs[] = { world_add('A', CLASS_IMAGING), world_add('A', CLASS_IMAGING), world_add_current('A', CLASS_LABORATORY), 99 };

    status('A', POINTER_SET_WITHDRAWN, seqs[1]);
    world_expect(CODE_OK, "pending, withdrawn, current, none");
    for (size_t i = 0; i < sizeof seqs / sizeof seqs[0]; i++) {
        status('F', POINTER_SET_ERROR, seqs[i]);
        cr_assert_eq(world_run(), CODE_NOT_CUSTODIAN, "error of pointer %u", seqs[i]);
        status('F', POINTER_SET_WITHDRAWN, seqs[i]);
        cr_assert_eq(world_run(), CODE_NOT_CUSTODIAN, "withdrawal of pointer %u", seqs[i]);
        add('C')->items[0].supersedes = seqs[i];
        cr_assert_eq(world_run(), CODE_SUPERSEDE_CUSTODIAN, "new version of pointer %u", seqs[i]);
    }
}

Test(pointers, status_follows_its_table, .init = world_start)
{
    uint32_t seq = world_add_current('A', CLASS_LABORATORY);

    status('P', POINTER_SET_ERROR, seq);
    world_expect(CODE_ROLE, "the patient does not declare an error");
    status('A', POINTER_HIDE, seq);
    world_expect(CODE_ROLE, "the custodian does not hide");
    status('E', POINTER_SET_ERROR, seq);
    world_expect(CODE_ROLE, "a payer's agent");
    status('C', POINTER_SET_ERROR, seq);
    world_expect(CODE_NOT_CUSTODIAN, "another custodian");
    status('A', POINTER_SET_ERROR, seq + 1);
    world_expect(CODE_NOT_CUSTODIAN, "what is not there");
    status('P', POINTER_HIDE, seq + 1);
    world_expect(CODE_PTR_UNKNOWN, "what is not there, to the patient");
    status('P', POINTER_UNHIDE, seq);
    world_expect(CODE_PTR_STATE, "not hidden");
    status('P', POINTER_HIDE, seq);
    world_expect(CODE_OK, "hide");
    expect_counts(0, 0, "hidden");
    status('P', POINTER_HIDE, seq);
    world_expect(CODE_PTR_STATE, "hidden already");
    status('P', POINTER_UNHIDE, seq);
    world_expect(CODE_OK, "unhide");
    expect_counts(1, 0, "shown again");
    status('B', POINTER_SET_WITHDRAWN, seq);
    world_expect(CODE_OK, "a practitioner of the custodian withdraws");
    expect_counts(0, 0, "withdrawn");
    status('A', POINTER_SET_ERROR, seq);
    world_expect(CODE_PTR_STATE, "withdrawn already");
    uint32_t pending = world_add('A', CLASS_LABORATORY);
    status('A', POINTER_SET_ERROR, pending);
    world_expect(CODE_OK, "a proposal is taken back");
    expect_counts(0, 0, "taken back");
    world_exec.time_ms += world_params.ended_kept_ms;
    cr_assert_eq(world_due(), 2);
    cr_assert_eq(world_chain.pointers, 0);
}

/* The old version is hidden while the new one waits for the patient. */
static uint32_t hide_and_approve_the_next(void)
{
    uint32_t old = world_add_current('A', CLASS_LABORATORY);

    struct pointer_add *body = add('A');
    body->items[0].supersedes = old;
    body->items[0].conf = CONF_RESTRICTED;
    world_expect(CODE_OK, "a new version that waits, since it is of another confidentiality");
    status('P', POINTER_HIDE, old);
    world_expect(CODE_OK, "hide the old one");
    decide(old + 1, 1);
    world_expect(CODE_OK, "approve the new one");
    cr_assert_eq(world_read_pointer(old).status, POINTER_HIDDEN, "nobody sees more of it for that");
    expect_counts(1, 0, "one current version");
    return old;
}

Test(pointers, what_was_hidden_beside_a_newer_version_comes_back_as_superseded, .init = world_start)
{
    uint32_t old = hide_and_approve_the_next();

    status('P', POINTER_UNHIDE, old);
    world_expect(CODE_OK, "unhide");
    cr_assert_eq(world_read_pointer(old).status, POINTER_SUPERSEDED);
    cr_assert_eq(world_read_pointer(old).superseded_by, old + 1);
    cr_assert_eq(world_read_pointer(old + 1).status, POINTER_CURRENT);
    expect_counts(1, 0, "still one current version");
    status('P', POINTER_UNHIDE, old);
    world_expect(CODE_PTR_STATE, "not hidden any more");
    add('A')->items[0].supersedes = old;
    world_expect(CODE_SUPERSEDE_TARGET, "an old version has no second new one");
}

Test(pointers, what_was_hidden_beside_a_newer_version_can_be_withdrawn, .init = world_start)
{
    uint32_t old = hide_and_approve_the_next();

    status('A', POINTER_SET_WITHDRAWN, old);
    world_expect(CODE_OK, "withdraw");
    cr_assert_eq(world_read_pointer(old).status, POINTER_WITHDRAWN);
    expect_counts(1, 0, "the new one stays");
}

/* 313: hidden pointers are no live ones; shown again they are. */
Test(pointers, no_more_are_live_than_may_be_by_showing_hidden_ones_again, .init = world_start)
{
    uint32_t first = world_add_current('A', CLASS_LABORATORY);

    world_params.pointers_live_max = 2;
    (void)world_add_current('A', CLASS_LABORATORY);
    status('P', POINTER_HIDE, first);
    world_expect(CODE_OK, "hide");
    uint32_t third = world_add('C', CLASS_LABORATORY);
    status('P', POINTER_UNHIDE, first);
    world_expect(CODE_LIMIT_POINTERS, "two are live, one current and one pending");
    decide(third, 0);
    world_expect(CODE_OK, "refused");
    status('P', POINTER_UNHIDE, first);
    world_expect(CODE_OK, "room again");
    expect_counts(2, 0, "two");
}

Test(pointers, sixteen_items_in_one_command_are_numbered_in_order, .init = world_start)
{
    struct pointer_add *body = add('A');

    body->count = POINTER_ADD_ITEMS_MAX;
    for (uint8_t i = 0; i < POINTER_ADD_ITEMS_MAX; i++) {
        body->items[i] = world_item(i % 2 == 0 ? CLASS_VITALS : CLASS_IMAGING);
    }
    world_cosign('P');
    world_expect(CODE_OK, "sixteen");
    expect_counts(16, 0, "sixteen");
    cr_assert_eq(world_exec.events_count, 16);
    for (uint32_t i = 0; i < 16; i++) {
        cr_assert_eq(world_event(i).ptr, i + 1);
        cr_assert_eq(world_event(i).seq, i);
    }
}
