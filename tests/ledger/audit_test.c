/* audit_test.c: count, root and peaks of a patient's trail always agree with the events that were emitted, in their order. */
#include "ledger/audit.h"

#include "tests/ledger/exec_kit.h"

#include <criterion/criterion.h>
#include <string.h>

enum { EVENTS_MAX = 300 };

static struct hash32 leaves[EVENTS_MAX];
static struct hash32 work[EVENTS_MAX];
static uint32_t collected;

/* Takes the last command's events of patient P. */
static void collect(void)
{
    uint8_t acct[ACCT_BYTES];

    world_acct('P', acct);
    for (uint32_t i = 0; i < world_exec.events_count; i++) {
        if (memcmp(world_exec.events[i].patient, acct, ACCT_BYTES) == 0) {
            leaves[collected++] = audit_leaf(world_exec.events[i].bytes);
        }
    }
}

static void expect_root(const char *what)
{
    struct patient patient = world_read_patient('P');

    memcpy(work, leaves, sizeof leaves);
    struct hash32 root = merkle_root(work, collected);
    cr_assert_eq(patient.audit_count, collected, "%s", what);
    cr_assert(hash_equal(&root, &patient.audit_root), "%s: the root is that of all events", what);
}

Test(audit, the_root_in_the_state_is_that_of_every_event_so_far, .init = world_start)
{
    collected = 0;
    for (int round = 0; round < 7; round++) {
        (void)world_add('A', CLASS_VITALS);
        collect();
        expect_root("a proposal");
        (void)world_permit_org(WORLD_HILLTOP);
        collect();
        expect_root("a grant");
        (void)world_add_current('A', CLASS_MEDICATION);
        collect();
        (void)world_request('D');
        collect();
        expect_root("a ticket");
        (void)world_request('B');
        collect();
        expect_root("the own chart");
    }
}

Test(audit, events_say_who_when_and_for_whom, .init = world_start)
{
    uint8_t acct[ACCT_BYTES];

    world_acct('B', world_as('A', COMMAND_ACCESS_REQUEST)->as.access_request.on_behalf);
    struct access_request *body = &world_exec.command.as.access_request;
    body->purpose = PURPOSE_TREAT;
    body->class_mask = CLASS_MASK_ALL;
    body->base_seq = 1;
    body->want_ttl = 1;
    world_expect(CODE_OK, "denied");
    struct audit_event event = world_event(0);
    world_acct('A', acct);
    cr_assert_eq(memcmp(event.actor, acct, ACCT_BYTES), 0);
    world_acct('B', acct);
    cr_assert_eq(memcmp(event.on_behalf, acct, ACCT_BYTES), 0);
    cr_assert_eq(event.org, WORLD_MERCY);
    cr_assert_eq(event.time, world_exec.time_ms);
    cr_assert_eq(event.height, world_exec.height);
    cr_assert(hash_equal(&event.ref, &world_exec.tx_id));
}

Test(audit, the_digest_binds_patient_order_and_every_byte, .init = world_start)
{
    struct exec_event events[2];

    memset(events, 0, sizeof events);
    events[1].bytes[7] = 1;
    events[0].leaf = audit_leaf(events[0].bytes);
    events[1].leaf = audit_leaf(events[1].bytes);
    struct hash32 base = audit_digest(events, 2);
    struct hash32 none = audit_digest(events, 0);
    cr_assert(hash_is_zero(&none));
    struct exec_event swapped[2] = { events[1], events[0] };
    struct hash32 other = audit_digest(swapped, 2);
    cr_assert_not(hash_equal(&base, &other), "order");
    other = audit_digest(events, 1);
    cr_assert_not(hash_equal(&base, &other), "number");
    for (size_t at = 0; at < ACCT_BYTES + AUDIT_EVENT_BYTES; at++) {
        uint8_t *byte = at < ACCT_BYTES ? &events[0].patient[at] : &events[0].bytes[at - ACCT_BYTES];
        *byte ^= 1;
        events[0].leaf = audit_leaf(events[0].bytes);
        other = audit_digest(events, 2);
        cr_assert_not(hash_equal(&base, &other), "byte %zu", at);
        *byte ^= 1;
    }
}

Test(audit, a_page_of_pointers_needs_one_event_or_two, .init = world_start)
{
    static const struct { uint32_t first, last, events; } table[] = {
        { 0, 0, 1 }, { 0, 127, 1 }, { 0, 128, 2 }, { 100, 227, 1 }, { 100, 228, 2 }, { 255, 255, 1 }, { 0, 255, 2 },
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        uint8_t bitmap[BITMAP_BYTES] = { 0 }, acct[ACCT_BYTES], seen[BITMAP_BYTES] = { 0 };
        struct patient patient = world_read_patient('P');
        struct audit_trail trail;
        struct audit_event event = { .type = EVENT_DISCLOSED };
        world_acct('P', acct);
        bitmap_set(bitmap, table[i].first);
        bitmap_set(bitmap, table[i].last);
        world_exec.events_count = 0;
        audit_begin(&trail, &world_exec, acct, &patient);
        audit_emit_pointers(&trail, &world_exec, &event, 1000, bitmap);
        cr_assert_eq(audit_end(&trail, &world_exec), CODE_OK);
        cr_assert_eq(world_exec.events_count, table[i].events, "case %zu", i);
        for (uint32_t e = 0; e < world_exec.events_count; e++) {
            event = world_event(e);
            for (uint32_t bit = 0; bit < 128; bit++) {
                if (bitmap_has(event.extra, bit)) {
                    bitmap_set(seen, event.ptr + bit - 1000);
                }
            }
        }
        cr_assert_eq(memcmp(seen, bitmap, sizeof seen), 0, "case %zu: every pointer is named once", i);
    }
}
