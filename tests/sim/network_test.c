/* network_test.c: the same seed gives the same deliveries, and taking a fault away leaves the rest as it was. */
#include "sim/world/network.h"

#include <criterion/criterion.h>
#include <string.h>

#define MESSAGES 500

struct seen {
    uint64_t due_ns[MESSAGES];
    uint32_t count[MESSAGES];
};

static const struct sim_network_faults calm = { .delay_ns_min = 1000, .delay_ns_max = 5000 };

static void run(uint64_t seed, const struct sim_network_faults *faults, struct seen *seen)
{
    struct sim_network network;

    memset(seen, 0, sizeof *seen);
    sim_network_init(&network, seed, 4, faults);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        struct sim_message message = { .from = i % 4, .to = (i + 1) % 4, .type = 1 };
        sim_network_send(&network, i, &message, bytes_of(&i, sizeof i), bytes_of("body", 4));
    }
    uint64_t before = 0;
    for (uint64_t due = sim_network_due(&network); due != UINT64_MAX; due = sim_network_due(&network)) {
        cr_assert_geq(due, before, "deliveries are in order of time");
        before = due;
        struct sim_message *message = sim_network_take(&network, due);
        uint32_t number;
        memcpy(&number, message->data, sizeof number);
        cr_assert_eq(message->size, sizeof number + 4);
        seen->due_ns[number] += due;
        seen->count[number]++;
        sim_network_release(message);
    }
    sim_network_close(&network);
}

Test(network, delivers_everything_once_when_calm)
{
    struct seen seen;

    run(1, &calm, &seen);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        cr_assert_eq(seen.count[i], 1);
        cr_assert(seen.due_ns[i] >= i + 1000 && seen.due_ns[i] <= i + 5000);
    }
}

Test(network, same_seed_same_deliveries_other_seed_others)
{
    struct seen a, b, c;
    struct sim_network_faults rough = calm;

    rough.drop_ppm = 200000;
    rough.duplicate_ppm = 100000;
    rough.straggle_ppm = 100000;
    rough.straggle_ns_max = 1000000;
    run(7, &rough, &a);
    run(7, &rough, &b);
    run(8, &rough, &c);
    cr_assert_eq(memcmp(&a, &b, sizeof a), 0);
    cr_assert_neq(memcmp(&a, &c, sizeof a), 0);
}

Test(network, taking_loss_away_leaves_the_other_messages_where_they_were)
{
    struct seen with, without;
    struct sim_network_faults lossy = calm;

    lossy.drop_ppm = 300000;
    run(3, &lossy, &with);
    run(3, &calm, &without);
    uint32_t lost = 0;
    for (uint32_t i = 0; i < MESSAGES; i++) {
        lost += with.count[i] == 0;
        cr_assert(with.count[i] == 0 || with.due_ns[i] == without.due_ns[i]);
    }
    cr_assert_gt(lost, MESSAGES / 10);
}

Test(network, a_cut_link_and_a_crashed_replica_lose_what_is_in_flight)
{
    struct sim_network network;
    struct sim_message message = { .from = 0, .to = 1, .type = 1 }, other = { .from = 2, .to = 3, .type = 1 };

    sim_network_init(&network, 1, 4, &calm);
    sim_network_send(&network, 0, &message, bytes_of("a", 1), bytes_of("", 0));
    sim_network_send(&network, 0, &other, bytes_of("b", 1), bytes_of("", 0));
    sim_network_cut(&network, 0, 1, true);
    struct sim_message *got = sim_network_take(&network, 10000);
    cr_assert_eq(got->from, 2);
    sim_network_release(got);
    cr_assert_null(sim_network_take(&network, 10000));
    sim_network_send(&network, 0, &other, bytes_of("c", 1), bytes_of("", 0));
    sim_network_drop_all(&network, 3);
    cr_assert_eq(sim_network_due(&network), UINT64_MAX);
    sim_network_close(&network);
}

Test(choice, draws_by_name_alone)
{
    struct choice name = { CHOICE_DROP, { 1, 2, 3, 4, 5 } }, other = name;

    other.at[4]++;
    cr_assert_eq(choice_draw(1, &name), choice_draw(1, &name));
    cr_assert_neq(choice_draw(1, &name), choice_draw(1, &other));
    cr_assert_neq(choice_draw(1, &name), choice_draw(2, &name));
    cr_assert(!choice_happens(1, &name, 0));
    cr_assert(choice_happens(1, &name, 1000000));
    for (uint64_t i = 0; i < 1000; i++) {
        other.at[0] = i;
        cr_assert_lt(choice_below(1, &other, 7), 7);
    }
}

/* What happened by chance under one seed happens by list under another plan that has no chance in it. */
Test(network, a_list_makes_the_same_happen_as_chance_did)
{
    struct sim_network chance, list;
    struct sim_network_faults rough = calm, steady = calm;

    rough.drop_ppm = rough.duplicate_ppm = rough.straggle_ppm = 200000;
    rough.straggle_ns_max = 1000000;
    sim_network_init(&chance, 5, 4, &rough);
    chance.recording = true;
    sim_network_init(&list, 5, 4, &steady);
    list.recording = true;
    for (int turn = 0; turn < 2; turn++) {
        struct sim_network *network = turn == 0 ? &chance : &list;
        struct sim_fault_list script = { chance.happened, chance.happened_count };
        if (turn == 1) {
            sim_network_plan(&list, &script);
        }
        for (uint32_t i = 0; i < MESSAGES; i++) {
            struct sim_message message = { .from = i % 4, .to = (i + 1) % 4, .type = 1, .view = i / 7, .height = i / 3 };
            sim_network_send(network, i, &message, bytes_of(&i, sizeof i), bytes_of("body", 4));
        }
    }
    cr_assert_gt(chance.happened_count, MESSAGES / 4);
    cr_assert_eq(list.happened_count, chance.happened_count);
    cr_assert_eq(memcmp(list.happened, chance.happened, chance.happened_count * sizeof *chance.happened), 0);
    cr_assert_eq(list.count, chance.count);
    for (uint64_t due = sim_network_due(&chance); due != UINT64_MAX; due = sim_network_due(&chance)) {
        cr_assert_eq(sim_network_due(&list), due);
        struct sim_message *a = sim_network_take(&chance, due), *b = sim_network_take(&list, due);
        cr_assert_eq(memcmp(a->data, b->data, a->size), 0);
        sim_network_release(a);
        sim_network_release(b);
    }
    sim_network_close(&chance);
    sim_network_close(&list);
}

static uint32_t arrived(struct sim_network *network, uint64_t now_ns)
{
    uint32_t count = 0;

    for (struct sim_message *message = sim_network_take(network, now_ns); message != NULL; message = sim_network_take(network, now_ns)) {
        sim_network_release(message);
        count++;
    }
    return count;
}

Test(network, a_clogged_link_holds_all_back_and_gives_it_at_once_in_order)
{
    struct sim_network network;
    struct sim_message message = { .from = 0, .to = 1, .type = 1 };

    sim_network_init(&network, 1, 4, &calm);
    sim_network_send(&network, 0, &message, bytes_of("a", 1), bytes_of("", 0)); /* under way when it clogs */
    sim_network_clog(&network, 0, 1, 90000);
    sim_network_send(&network, 10000, &message, bytes_of("b", 1), bytes_of("", 0));
    sim_network_send(&network, 20000, &message, bytes_of("c", 1), bytes_of("", 0));
    cr_assert_eq(arrived(&network, 89999), 0);
    cr_assert_eq(sim_network_due(&network), 90000);
    for (const char *next = "abc"; *next != '\0'; next++) {
        struct sim_message *got = sim_network_take(&network, 90000);
        cr_assert_eq(got->data[0], *next);
        sim_network_release(got);
    }
    sim_network_close(&network);
}

Test(network, a_narrow_line_sends_one_after_the_other_and_has_a_bounded_queue)
{
    struct sim_network_faults narrow = { .delay_ns_min = 1000, .delay_ns_max = 1000, .bytes_per_s = 1000000, .queue_bytes = 250 };
    struct sim_message message = { .from = 0, .to = 1, .type = 1 }, other = { .from = 0, .to = 2, .type = 1 };
    static uint8_t body[100];
    struct sim_network network;

    sim_network_init(&network, 1, 4, &narrow);
    for (int i = 0; i < 4; i++) { /* each takes 100 us */
        sim_network_send(&network, 0, &message, bytes_of(body, sizeof body), bytes_of("", 0));
    }
    sim_network_send(&network, 0, &other, bytes_of(body, sizeof body), bytes_of("", 0));
    cr_assert_eq(network.counters.overflowed, 2, "200 bytes wait, and 100 more are too many");
    cr_assert_eq(arrived(&network, 100999), 0);
    cr_assert_eq(arrived(&network, 101000), 2, "lines are apart");
    cr_assert_eq(arrived(&network, 200999), 0);
    cr_assert_eq(arrived(&network, 201000), 1);
    sim_network_send(&network, 300000, &message, bytes_of(body, sizeof body), bytes_of("", 0));
    cr_assert_eq(sim_network_due(&network), 401000, "it was free meanwhile");
    sim_network_close(&network);
}

Test(network, what_nobody_hears_is_lost_in_one_direction)
{
    struct sim_network network;
    struct sim_message there = { .from = 0, .to = 1, .type = 1 }, back = { .from = 1, .to = 0, .type = 1 };

    sim_network_init(&network, 1, 4, &calm);
    sim_network_mute(&network, 0, 1, true);
    sim_network_send(&network, 0, &there, bytes_of("a", 1), bytes_of("", 0));
    sim_network_send(&network, 0, &back, bytes_of("b", 1), bytes_of("", 0));
    cr_assert_eq(arrived(&network, 10000), 1);
    sim_network_mute(&network, 0, 1, false);
    sim_network_send(&network, 10000, &there, bytes_of("c", 1), bytes_of("", 0));
    cr_assert_eq(arrived(&network, 20000), 1);
    sim_network_close(&network);
}

Test(network, a_broken_connection_loses_both_directions_until_it_is_made_again)
{
    struct sim_network network;
    struct sim_message there = { .from = 0, .to = 1, .type = 1 }, back = { .from = 1, .to = 0, .type = 1 }, other = { .from = 1, .to = 2, .type = 1 };

    sim_network_init(&network, 1, 4, &calm);
    sim_network_send(&network, 0, &there, bytes_of("a", 1), bytes_of("", 0));
    sim_network_send(&network, 0, &back, bytes_of("b", 1), bytes_of("", 0));
    sim_network_send(&network, 0, &other, bytes_of("c", 1), bytes_of("", 0));
    sim_network_break(&network, 1, 0, 50000);
    sim_network_send(&network, 40000, &back, bytes_of("d", 1), bytes_of("", 0));
    cr_assert_eq(arrived(&network, 49000), 1);
    sim_network_send(&network, 50000, &back, bytes_of("e", 1), bytes_of("", 0));
    cr_assert_eq(arrived(&network, 60000), 1);
    sim_network_close(&network);
}

Test(network, some_messages_arrive_with_a_wrong_bit_and_the_others_as_before)
{
    struct seen with, without;
    struct sim_network_faults noisy = calm;
    struct sim_message message = { .from = 0, .to = 1, .type = 1 };
    struct sim_network network;
    uint32_t spoiled = 0;

    noisy.corrupt_ppm = 200000;
    run(4, &noisy, &with);
    run(4, &calm, &without);
    cr_assert_eq(memcmp(&with, &without, sizeof with), 0, "whether a bit flips moves no message");
    sim_network_init(&network, 4, 4, &noisy);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        sim_network_send(&network, i, &message, bytes_of("a", 1), bytes_of("", 0));
    }
    for (struct sim_message *got = sim_network_take(&network, 1000000); got != NULL; got = sim_network_take(&network, 1000000)) {
        spoiled += got->corrupt;
        sim_network_release(got);
    }
    cr_assert(spoiled > MESSAGES / 10 && spoiled < MESSAGES / 3);
    sim_network_close(&network);
}
