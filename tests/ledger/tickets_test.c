/* tickets_test.c: the bounds of tickets: so many live, so many kept, and all gone when their time is over. */
#include "ledger/tickets.h"

#include "tests/ledger/exec_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static bool find(struct hash32 id, struct ticket *ticket)
{
    return exec_get_ticket(&world_exec, &id, ticket);
}

static void start(void)
{
    world_start();
    (void)world_add_current('A', CLASS_VITALS);
    (void)world_permit_org(WORLD_HILLTOP);
}

Test(tickets, the_seventeenth_live_one_ends_the_oldest, .init = start)
{
    struct hash32 ids[18];
    struct ticket ticket;

    for (size_t i = 0; i < 18; i++) {
        ids[i] = world_request('D');
    }
    struct hash32 other = world_request('B'); /* of another organisation */
    for (size_t i = 0; i < 18; i++) {
        cr_assert(find(ids[i], &ticket));
        cr_assert_eq(ticket_is_live(&ticket, world_exec.time_ms), i >= 2, "ticket %zu", i);
    }
    cr_assert(find(other, &ticket));
    cr_assert(ticket_is_live(&ticket, world_exec.time_ms));
    cr_assert_eq(world_chain.tickets, 19);
}

Test(tickets, no_more_than_so_many_are_kept, .init = start)
{
    struct ticket ticket;

    world_params.tickets_kept_max = 20;
    struct hash32 first = world_request('D');
    struct hash32 second = world_request('D');
    for (size_t i = 2; i < 21; i++) {
        (void)world_request('D');
    }
    cr_assert_not(find(first, &ticket), "the oldest that is over left");
    cr_assert(find(second, &ticket));
    cr_assert_eq(world_chain.tickets, 20);
    world_exec.time_ms += world_params.ticket_ms_max + world_params.ticket_kept_ms;
    cr_assert_eq(world_due(), 20, "what left took its due entry along");
    cr_assert_eq(world_chain.tickets, 0);
    cr_assert_not(find(second, &ticket));
}

Test(tickets, when_all_that_are_kept_live_the_one_that_ends_leaves, .init = start)
{
    struct ticket ticket;
    struct hash32 ids[6];

    world_params.tickets_kept_max = world_params.tickets_live_max = 4;
    for (size_t i = 0; i < 6; i++) {
        ids[i] = world_request('D');
    }
    for (size_t i = 0; i < 6; i++) {
        cr_assert_eq(find(ids[i], &ticket), i >= 2, "ticket %zu", i);
    }
    cr_assert_eq(world_chain.tickets, 4, "never more than may be kept");
}

Test(tickets, one_that_had_to_end_leaves_a_week_after_that, .init = start)
{
    struct ticket ticket;

    world_params.tickets_live_max = 1;
    struct hash32 first = world_request('D');
    (void)world_request('D');
    cr_assert(find(first, &ticket));
    cr_assert_eq(ticket.expires, world_exec.time_ms);
    world_exec.time_ms += world_params.ticket_kept_ms - 1;
    cr_assert_eq(world_due(), 0);
    world_exec.time_ms++;
    cr_assert_eq(world_due(), 1);
    cr_assert_not(find(first, &ticket));
    cr_assert_eq(world_chain.tickets, 1, "the other one lives an hour longer");
}

Test(tickets, a_ticket_stays_for_a_week_after_its_end, .init = start)
{
    struct ticket ticket;
    struct hash32 id = world_request('D');

    cr_assert(find(id, &ticket));
    world_exec.time_ms = ticket.expires;
    cr_assert_not(ticket_is_live(&ticket, world_exec.time_ms), "over at its very end");
    cr_assert(ticket_is_live(&ticket, world_exec.time_ms - 1));
    world_exec.time_ms = ticket.expires + world_params.ticket_kept_ms - 1;
    cr_assert_eq(world_due(), 0);
    world_exec.time_ms++;
    cr_assert_eq(world_due(), 1);
    cr_assert_not(find(id, &ticket));
}

Test(tickets, capacity_is_the_ledgers, .init = start)
{
    (void)world_request('D');
    world_params.tickets_max = 1;
    struct access_request *body = &world_as('B', COMMAND_ACCESS_REQUEST)->as.access_request;
    body->purpose = PURPOSE_TREAT;
    body->class_mask = CLASS_MASK_ALL;
    body->base_seq = 1;
    body->want_ttl = 1;
    world_expect(CODE_CAPACITY, "one more");
}

Test(tickets, covers_exactly_its_bits_and_its_page, .init = start)
{
    struct ticket ticket = { .base_seq = 100 };

    ticket.bitmap[0] = 1;
    ticket.bitmap[31] = 0x80;
    cr_assert(ticket_covers(&ticket, 100));
    cr_assert(ticket_covers(&ticket, 355));
    cr_assert_not(ticket_covers(&ticket, 99));
    cr_assert_not(ticket_covers(&ticket, 101));
    cr_assert_not(ticket_covers(&ticket, 356));
}
