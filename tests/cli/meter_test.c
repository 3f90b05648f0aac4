/* meter_test.c: figures are found by their whole names, and rates over a stretch are what arithmetic says. */
#include "cli/meter.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char text[] = "view 3\nleader 2\nstate_root 0a0b\nlast_view 9\ncommands_committed 18446744073709551615\nempty \nnone 0\nword abc\n"
                           "huge 18446744073709551616\nsigned -1\n";

static void expect(const char *name, uint64_t wanted)
{
    uint64_t figure = 1234;

    cr_assert(meter_figure(text, name, &figure), "%s", name);
    cr_assert_eq(figure, wanted, "%s", name);
}

Test(meter, a_figure_that_is_missing_is_told_apart_from_zero)
{
    static const char *const absent[] = { "lead", "empty", "word", "state_root", "huge", "signed", "nothing" };
    uint64_t figure = 1234;

    expect("none", 0);
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        cr_assert_not(meter_figure(text, absent[i], &figure), "%s", absent[i]);
        cr_assert_eq(figure, 0);
    }
    cr_assert_not(meter_figure("", "view", &figure));
}

Test(meter, a_figure_is_found_by_its_whole_name)
{
    char word[8];

    expect("view", 3);
    expect("leader", 2);
    expect("last_view", 9);
    expect("commands_committed", UINT64_MAX);
    cr_assert(meter_word(text, "state_root", word, sizeof word));
    cr_assert_str_eq(word, "0a0b");
    cr_assert_not(meter_word(text, "state_root", word, 4), "too long");
    cr_assert_not(meter_word(text, "empty", word, sizeof word));
    cr_assert_not(meter_word(text, "root", word, sizeof word));
}

static const char *const checks[] = { "signature_checks_votes", "signature_checks_certificates", "signature_checks_proposals", "signature_checks_clients",
                                      "signature_checks_saved", "ed25519_single", "ed25519_direct", "ed25519_batch", "verify_checks_here", "verify_checks_workers" };

static void set(struct meter_replica *replica, uint64_t scale)
{
    replica->up = replica->answered = true;
    replica->cpu_ns = scale * 1000000;
    snprintf(replica->text, sizeof replica->text,
             "commands_committed %llu\nblocks_committed %llu\ned25519_checks %llu\nlog_batches %llu\nsent_propose %llu\nsent_vote %llu\nsent_ckpt 99999\n"
             "sent_forward 4242\nlog_bytes_written %llu\nbytes_out %llu\nlog_write_us_sum %llu\n",
             (unsigned long long)(100 * scale), (unsigned long long)(10 * scale), (unsigned long long)(130 * scale), (unsigned long long)(10 * scale),
             (unsigned long long)(8 * scale), (unsigned long long)(7 * scale), (unsigned long long)(40960 * scale), (unsigned long long)(12800 * scale),
             (unsigned long long)(25000 * scale));
    size_t used = strlen(replica->text);
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        used += (size_t)snprintf(replica->text + used, sizeof replica->text - used, "%s %llu\n", checks[i], (unsigned long long)((i + 1) * 10 * scale));
    }
    snprintf(replica->text + used, sizeof replica->text - used, "wakeups 999999\nwakeups_client 77777\nwakeups_member %llu\nwakeups_verdict %llu\nwakeups_disk %llu\nwakeups_deadline 0\nproposals_held %llu\nhedges %llu\n",
             (unsigned long long)(15 * scale), (unsigned long long)(5 * scale), (unsigned long long)(10 * scale), (unsigned long long)(9 * scale),
             (unsigned long long)scale);
}

/* stretch reads four replicas twice, two and a half seconds apart, in which each did twice what it had done before. */
static void stretch(struct meter_reading *from, struct meter_reading *to)
{
    from->replicas = to->replicas = 4;
    from->mono_ns = 1000000000;
    to->mono_ns = 3500000000;
    for (uint32_t i = 0; i < 4; i++) {
        set(&from->of[i], 1);
        set(&to->of[i], 3);
    }
}

Test(meter, rates_over_a_stretch_leave_out_checkpoints_forwards_and_who_was_gone)
{
    static struct meter_reading from, to;
    struct meter_cost cost;

    stretch(&from, &to);
    to.of[3].answered = to.of[3].up = false;
    meter_compare(&from, &to, &cost);
    cr_assert(cost.complete);
    cr_assert_float_eq(cost.seconds, 2.5, 1e-9);
    cr_assert_eq(cost.commands, 200);
    cr_assert_eq(cost.blocks, 20);
    cr_assert_float_eq(cost.cpu_us_per_tx, 3 * 2000.0 / 200, 1e-9);
    cr_assert_float_eq(cost.cpu_us_per_tx_by[0], 10, 1e-9);
    cr_assert_float_eq(cost.cpu_us_per_tx_by[3], 0, 1e-9);
    cr_assert_float_eq(cost.checks_per_tx, 3 * 260.0 / 200, 1e-9);
    cr_assert_float_eq(cost.flushes_per_block, 1, 1e-9);
    cr_assert_float_eq(cost.flush_ms, 2.5, 1e-9, "25 ms in 10 writes");
    cr_assert_float_eq(cost.wakeups_per_block, 3 * 60.0 / 20 / 3, 1e-9, "N4: those for clients are left out");
    cr_assert_eq(cost.held, 3 * 18, "P1");
    cr_assert_eq(cost.hedges, 3 * 2, "P1");
    cr_assert_str_eq(meter_wakeups_name(1), "verdict");
    cr_assert_float_eq(cost.wakeups_per_block_by[1], 3 * 10.0 / 20 / 3, 1e-9, "N4");
    for (uint32_t i = 0; i < METER_CHECKS; i++) {
        cr_assert_float_eq(cost.checks_per_tx_by[i], 3 * 20.0 * (i + 1) / 200, 1e-9, "%s", meter_checks_name(i));
    }
    cr_assert_float_eq(cost.messages_per_block, 3 * 30.0 / 20, 1e-9);
    cr_assert_str_eq(meter_messages_name(1), "vote");
    cr_assert_float_eq(cost.messages_per_block_by[1], 3 * 14.0 / 20, 1e-9);
    cr_assert_float_eq(cost.bytes_logged_per_tx, 3 * 81920.0 / 200, 1e-9);
    meter_compare(&to, &to, &cost);
    cr_assert_eq(cost.commands, 0);
    cr_assert_float_eq(cost.cpu_us_per_tx, 0, 1e-9);
}

/* The replicas are asked before the first and after the second reading of the kernel, and commit commands until they answer: 200 in three seconds, of which the kernel counts two and a half. */
Test(meter, cpu_time_is_divided_by_the_commands_of_its_own_stretch)
{
    static struct meter_reading from, to;
    struct meter_cost cost;

    stretch(&from, &to);
    for (uint32_t i = 0; i < 4; i++) {
        from.of[i].told_ns = 600000000 + i * 100000000;
        to.of[i].told_ns = 3600000000 + i * 100000000;
    }
    meter_compare(&from, &to, &cost);
    cr_expect_eq(cost.commands, 200);
    cr_expect_float_eq(cost.commands_timed, 200 * 2.5 / 3, 1e-9);
    cr_expect_float_eq(cost.cpu_us_per_tx, 4 * 2000.0 * 3 / 2.5 / 200, 1e-9);
    cr_expect_float_eq(cost.cpu_us_per_tx_by[2], 2000.0 * 3 / 2.5 / 200, 1e-9);
    cr_expect_float_eq(cost.checks_per_tx, 4 * 1.3, 1e-9, "signatures are counted by the replicas, as the commands are");
}

Test(meter, a_cost_of_which_a_figure_is_missing_is_not_complete)
{
    static const char *const names[] = { "ed25519_checks", "log_batches", "log_bytes_written", "bytes_out", "commands_committed", "blocks_committed", "log_write_us_sum",
                                         "signature_checks_clients", "ed25519_direct", "verify_checks_here", "wakeups_verdict" };
    static struct meter_reading from, to;
    struct meter_cost cost;

    from.replicas = to.replicas = 4;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        for (uint32_t member = 0; member < 4; member++) {
            set(&from.of[member], 1);
            set(&to.of[member], 3);
        }
        *strstr(to.of[2].text, names[i]) = 'X';
        meter_compare(&from, &to, &cost);
        cr_assert_not(cost.complete, "%s", names[i]);
    }
    set(&to.of[2], 3);
    meter_compare(&from, &to, &cost);
    cr_assert(cost.complete);
    to.of[1].answered = false;
    meter_compare(&from, &to, &cost);
    cr_assert_not(cost.complete, "a replica that runs and does not answer");
}

Test(meter, a_check_of_libsodium_takes_microseconds)
{
    uint64_t ns = meter_libsodium_check_ns(3);

    cr_assert_gt(ns, 5000);
    cr_assert_lt(ns, 5000000);
}
