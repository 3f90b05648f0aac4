/* disclose_test.c: 14: whatever was released is filed, judged and seen by the patient; nobody files for another's pointers. */
#include "ledger/disclose.h"
#include "ledger/sender.h"

#include "consensus/app.h"
#include "tests/ledger/exec_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static struct hash32 id;

static void start(void)
{
    world_start();
    (void)world_add_current('A', CLASS_VITALS);
    (void)world_add_current('C', CLASS_VITALS);
    (void)world_permit_org(WORLD_HILLTOP);
    id = world_request('D');
}

/* Mercy's system files that Dr D read Mercy's pointer under the ticket. */
static struct disclose_item *file(void)
{
    struct disclose *body = &world_as('A', COMMAND_DISCLOSE)->as.disclose;

    body->count = 1;
    body->items[0] = (struct disclose_item){ .ticket = id, .base_seq = 1, .mode = DISCLOSE_READ };
    body->items[0].bitmap[0] = 1;
    world_acct('P', body->items[0].patient);
    world_acct('D', body->items[0].recipient);
    return &body->items[0];
}

static void expect(enum event_type type, enum disclose_outcome outcome, bool late, const char *what)
{
    world_expect(CODE_OK, what);
    cr_assert_eq(world_exec.events_count, 1, "%s", what);
    struct audit_event event = world_event(0);
    cr_assert_eq(event.type, type, "%s", what);
    cr_assert_eq(event.result & DISCLOSURE_OUTCOME_MASK, outcome, "%s: %d", what, event.result);
    cr_assert_eq((event.result & DISCLOSURE_LATE) != 0, late, "%s", what);
}

Test(disclose, what_the_ticket_covers_is_in_order_and_counted, .init = start)
{
    struct ticket ticket;

    file();
    expect(EVENT_DISCLOSED, DISCLOSURE_OK, false, "read");
    struct audit_event event = world_event(0);
    uint8_t acct[ACCT_BYTES];
    world_acct('D', acct);
    cr_assert_eq(memcmp(event.on_behalf, acct, ACCT_BYTES), 0, "the recipient");
    cr_assert(hash_equal(&event.ref, &id));
    cr_assert_eq(event.ptr, 1);
    cr_assert_eq(event.purpose, PURPOSE_TREAT);
    cr_assert(exec_get_ticket(&world_exec, &id, &ticket));
    cr_assert_eq(ticket.disclosed, 1);
    file()->mode = DISCLOSE_EXPORT;
    expect(EVENT_DISCLOSED, DISCLOSURE_OK, false, "export");
    cr_assert_eq(world_event(0).result >> DISCLOSURE_MODE_SHIFT & 3, DISCLOSE_EXPORT - 1);
}

Test(disclose, consent_that_changed_in_between_is_told_apart, .init = start)
{
    struct revoke *body = &world_as('P', COMMAND_REVOKE)->as.revoke;

    body->count = 1;
    body->seqs[0] = 1;
    world_expect(CODE_OK, "revoked");
    file();
    expect(EVENT_DISCLOSED, DISCLOSURE_RACED, false, "raced");
}

Test(disclose, late_is_more_than_a_day_after_the_end, .init = start)
{
    struct ticket ticket;

    cr_assert(exec_get_ticket(&world_exec, &id, &ticket));
    world_exec.time_ms = ticket.expires + world_params.disclose_late_ms - 1;
    file();
    expect(EVENT_DISCLOSED, DISCLOSURE_OK, false, "just in time");
    file();
    expect(EVENT_DISCLOSED, DISCLOSURE_OK, true, "late");
    world_acct('B', file()->recipient);
    expect(EVENT_DISCLOSED, DISCLOSURE_VIOLATION, true, "late, and to another");
    file()->ticket.bytes[0] ^= 1;
    expect(EVENT_DISCLOSED, DISCLOSURE_VIOLATION, false, "of an unknown ticket nobody can say");
}

Test(disclose, without_a_ticket_it_is_offline, .init = start)
{
    struct disclose_item *item = file();
    memset(&item->ticket, 0, sizeof item->ticket);
    item->mode = DISCLOSE_OFFLINE;
    expect(EVENT_DISCLOSED_OFFLINE, DISCLOSURE_OFFLINE, false, "offline");
    item = file();
    memset(&item->ticket, 0, sizeof item->ticket);
    expect(EVENT_DISCLOSED_OFFLINE, DISCLOSURE_VIOLATION, false, "no ticket, but not called offline");
}

Test(disclose, the_evaluations_have_a_digest_and_without_any_it_is_zero, .init = start)
{
    struct hash32 one;

    file();
    expect(EVENT_DISCLOSED, DISCLOSURE_OK, false, "evaluated");
    one = world_exec.eval_digest;
    cr_assert_not(hash_is_zero(&one));
    file()->ticket.bytes[0] ^= 1;
    expect(EVENT_DISCLOSED, DISCLOSURE_VIOLATION, false, "nothing to evaluate");
    cr_assert(hash_is_zero(&world_exec.eval_digest));
    struct disclose_item *item = file();
    memset(&item->ticket, 0, sizeof item->ticket);
    item->mode = DISCLOSE_OFFLINE;
    expect(EVENT_DISCLOSED_OFFLINE, DISCLOSURE_OFFLINE, false, "offline");
    cr_assert(hash_is_zero(&world_exec.eval_digest));
}

Test(disclose, anything_else_is_a_violation_and_the_patient_sees_it, .init = start)
{
    file()->ticket.bytes[0] ^= 1;
    expect(EVENT_DISCLOSED, DISCLOSURE_VIOLATION, false, "an unknown ticket");
    world_acct('B', file()->recipient);
    expect(EVENT_DISCLOSED, DISCLOSURE_VIOLATION, false, "another recipient");
    file()->mode = DISCLOSE_OFFLINE;
    expect(EVENT_DISCLOSED, DISCLOSURE_VIOLATION, false, "offline with a ticket");
    (void)world_add('A', CLASS_VITALS);
    file()->bitmap[0] = 1 | 4;
    expect(EVENT_DISCLOSED, DISCLOSURE_VIOLATION, false, "a pending pointer that the ticket does not name");
}

Test(disclose, foreign_pointers_and_unknown_patients_are_skipped, .init = start)
{
    uint64_t before = world_read_patient('P').audit_count;

    file()->bitmap[0] = 2;
    world_expect(CODE_NOT_CUSTODIAN, "another custodian's pointer");
    file()->bitmap[0] = 3;
    world_expect(CODE_NOT_CUSTODIAN, "one of them another's");
    file()->bitmap[31] = 0x80;
    world_expect(CODE_NOT_CUSTODIAN, "one that does not exist");
    file()->base_seq = UINT32_MAX;
    world_expect(CODE_NOT_CUSTODIAN, "behind the last number");
    world_acct('Z', file()->patient);
    world_expect(CODE_NOT_CUSTODIAN, "nobody");
    cr_assert_eq(world_read_patient('P').audit_count, before);
    struct disclose *body = &world_exec.command.as.disclose;
    file();
    body->count = 3;
    body->items[1] = body->items[0];
    body->items[1].bitmap[0] = 2;
    body->items[2] = body->items[0];
    world_expect(CODE_OK, "two of three");
    cr_assert_eq(world_exec.events_count, 2);
    cr_assert_eq(world_read_patient('P').audit_count, before + 2);
}

Test(disclose, only_a_system_files, .init = start)
{
    for (const char *sender = "BP1"; *sender != '\0'; sender++) {
        struct disclose_item item = *file();
        struct disclose *body = &world_as(*sender, COMMAND_DISCLOSE)->as.disclose;
        body->count = 1;
        body->items[0] = item;
        world_expect(CODE_ROLE, "not a system");
    }
}

Test(disclose, the_longest_command_stays_within_the_bound_of_events, .init = start)
{
    struct disclose *body = &world_exec.command.as.disclose;

    file();
    body->count = DISCLOSE_ITEMS_MAX;
    for (size_t i = 1; i < DISCLOSE_ITEMS_MAX; i++) {
        body->items[i] = body->items[0];
    }
    world_expect(CODE_OK, "23 items");
    cr_assert_eq(world_exec.events_count, DISCLOSE_ITEMS_MAX);
    cr_assert_leq(2 * DISCLOSE_ITEMS_MAX, EXEC_EVENTS_MAX, "even when each needs two events");
}

/* file_many files `items` equal items that name `pointers` each. */
static struct disclose *file_many(uint8_t items, uint32_t pointers)
{
    struct disclose *body = &world_exec.command.as.disclose;

    file();
    for (uint32_t bit = 0; bit < pointers; bit++) {
        bitmap_set(body->items[0].bitmap, bit);
    }
    body->count = items;
    for (uint8_t i = 1; i < items; i++) {
        body->items[i] = body->items[0];
    }
    return body;
}

static void expect_tokens(uint32_t tokens, const char *what)
{
    uint32_t most = sender_tokens_max(&world_params, &world_exec.command);

    cr_assert_eq(sender_tokens(&world_exec), tokens, "%s: %u", what, sender_tokens(&world_exec));
    cr_assert_leq(tokens, most, "%s", what);
    cr_assert_leq(most, COMMAND_TOKENS_MAX, "%s", what);
}

/* What every replica has to look at is paid for: else one token buys fifteen thousand times the work of another command, as often as there are tokens. */
Test(disclose, it_costs_what_it_makes_every_replica_look_at, .init = start)
{
    struct hash32 none = { { 0 } };
    uint8_t acct[ACCT_BYTES];

    file_many(1, 1);
    expect_tokens(1, "one pointer under one grant");
    file_many(DISCLOSE_ITEMS_MAX, 1);
    expect_tokens(1, "the longest command of such items");
    file_many(DISCLOSE_ITEMS_MAX, TICKET_PAGE);
    expect_tokens(1 + DISCLOSE_ITEMS_MAX * 264 * 9 / 4096, "whole pages under one grant");
    struct patient patient = world_read_patient('P');
    patient.active_grants = 256;
    patient.grant_count = 256;
    world_acct('P', acct);
    cr_assert_eq(exec_put_patient(&world_exec, acct, &patient), CODE_OK);
    file_many(DISCLOSE_ITEMS_MAX, TICKET_PAGE);
    expect_tokens(COMMAND_TOKENS_MAX, "whole pages under as many grants as there can be");
    file_many(1, 1);
    expect_tokens(1, "one pointer under as many");
    struct disclose *body = file_many(DISCLOSE_ITEMS_MAX, TICKET_PAGE);
    for (size_t i = 0; i < DISCLOSE_ITEMS_MAX; i++) {
        body->items[i].ticket = none;
    }
    expect_tokens(1 + DISCLOSE_ITEMS_MAX * 264 * 8 / 4096, "no ticket, nothing to evaluate");
    body = file_many(2, TICKET_PAGE);
    world_acct('Z', body->items[0].patient);
    expect_tokens(1 + (264 * 8 + 264 * 264) / 4096, "one of nobody");
}
