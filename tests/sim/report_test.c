/* report_test.c: what machines read of a run: the schema and its fields, and the exit code that fits. */
#include "sim/report.h"

#include "base/exit.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

static json_t *printed(bool (*print)(FILE *stream, const void *what), const void *what)
{
    static char text[16384];
    FILE *stream = fmemopen(text, sizeof text, "w");

    cr_assert_not_null(stream);
    cr_assert(print(stream, what));
    fclose(stream);
    json_t *object = json_loads(text, 0, NULL);
    cr_assert_not_null(object, "%s", text);
    return object;
}

static bool print_run(FILE *stream, const void *what) { return report_run(stream, what, true); }
static bool print_campaign(FILE *stream, const void *what) { return report_campaign(stream, what, true); }

Test(report, a_run_carries_schema_and_figures)
{
    struct swarm_result result = { .seed = 9, .replicas = 5, .hash = 255, .simulated_ns = 1500000000, .blocks = 3, .marks = { [MARK_VOTED] = 12 } };
    json_t *object = printed(print_run, &result);

    cr_assert_str_eq(json_string_value(json_object_get(object, "schema")), "ward.sim.run/1");
    cr_assert_eq(json_integer_value(json_object_get(object, "seed")), 9);
    cr_assert_eq(json_integer_value(json_object_get(object, "commits")), 3);
    cr_assert_float_eq(json_real_value(json_object_get(object, "simulated_seconds")), 1.5, 1e-9);
    cr_assert_str_eq(json_string_value(json_object_get(object, "hash")), "00000000000000ff");
    cr_assert_eq(json_integer_value(json_object_get(json_object_get(object, "marks"), "voted")), 12);
    cr_assert(json_is_true(json_object_get(object, "ok")));
    cr_assert(json_is_null(json_object_get(object, "failure")));
    json_decref(object);
}

static bool print_error(FILE *stream, const void *verb) { return report_error(stream, verb, 2, "cannot use --sed"); }

Test(report, an_error_is_an_object_with_or_without_a_verb)
{
    static const char *const verbs[] = { "run", NULL };

    for (size_t i = 0; i < 2; i++) {
        json_t *object = printed(print_error, verbs[i]);
        const char *command = json_string_value(json_object_get(object, "command"));
        cr_assert_str_eq(json_string_value(json_object_get(object, "schema")), "ward.error/1");
        cr_assert_str_eq(json_string_value(json_object_get(object, "message")), "cannot use --sed");
        cr_assert_eq(json_integer_value(json_object_get(object, "exit")), 2);
        cr_assert((command == NULL) == (verbs[i] == NULL) && (command == NULL || strcmp(command, verbs[i]) == 0));
        json_decref(object);
    }
}

Test(report, a_campaign_adds_up_and_keeps_its_first_failure)
{
    struct campaign campaign = { .seed_first = 1, .seed_last = 3 };
    struct swarm_result fine = { .seed = 1, .hash = 1, .simulated_ns = 1000000000, .blocks = 2, .crashes = 3, .rots = 1 };
    struct swarm_result bad = { .seed = 2, .hash = 2, .simulated_ns = 5900000000, .failure = { FAILURE_LIVENESS, "stuck" } }, worse = { .seed = 3, .hash = 3, .failure = { FAILURE_SAFETY, "fork" } };

    campaign_add(&campaign, &fine);
    campaign_add(&campaign, &bad);
    campaign_add(&campaign, &worse);
    campaign.determinism_checked = 3;
    json_t *object = printed(print_campaign, &campaign);
    cr_assert_str_eq(json_string_value(json_object_get(object, "schema")), "ward.sim.swarm/1");
    cr_assert_eq(json_integer_value(json_object_get(object, "seeds")), 3);
    cr_assert_eq(json_array_size(json_object_get(object, "missing")), 0, "three seeds owe nothing");
    cr_assert_eq(json_object_size(json_object_get(object, "pairs")), PAIR_COUNT);
    cr_assert_eq(json_integer_value(json_object_get(object, "failed")), 2);
    cr_assert_eq(json_integer_value(json_object_get(object, "first_failed_seed")), 2);
    cr_assert_eq(json_integer_value(json_object_get(object, "commits")), 2);
    cr_assert_eq(json_integer_value(json_object_get(object, "determinism_checked")), 3);
    cr_assert_str_eq(json_string_value(json_object_get(json_object_get(object, "failure"), "text")), "stuck");
    cr_assert_not(json_is_true(json_object_get(object, "ok")));
    static const char *const fields[] = { "simulated_seconds", "wall_seconds", "hash", "marks" };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        cr_assert_not_null(json_object_get(object, fields[i]), "%s", fields[i]);
    }
    json_t *median = json_object_get(object, "median");
    cr_assert_eq(json_integer_value(json_object_get(median, "simulated_seconds")), 1, "of 0, 1 and 5");
    cr_assert_eq(json_integer_value(json_object_get(median, "commits")), 0);
    cr_assert_eq(json_integer_value(json_object_get(median, "kinds_of_fault")), 0, "of 0, 0 and 2");
    cr_assert_not_null(json_object_get(object, "cpu_seconds"));
    json_decref(object);
}

Test(report, the_hash_of_a_campaign_depends_on_the_order_of_its_seeds)
{
    struct campaign forth = { 0 }, back = { 0 };
    struct swarm_result one = { .seed = 1, .hash = 1 }, two = { .seed = 2, .hash = 2 };

    campaign_add(&forth, &one);
    campaign_add(&forth, &two);
    campaign_add(&back, &two);
    campaign_add(&back, &one);
    cr_assert_neq(forth.hash, back.hash);
}

Test(report, exit_codes_are_those_of_the_simulator)
{
    static const struct { enum failure_kind kind; int code; } cases[] = {
        { FAILURE_NONE, 0 }, { FAILURE_SAFETY, 20 }, { FAILURE_LIVENESS, 21 }, { FAILURE_EXPECTATION, 1 } };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct failure failure = { cases[i].kind, "" };
        cr_assert_eq(failure_exit(&failure), cases[i].code, "%s", failure_word(cases[i].kind));
    }
}

Test(report, a_campaign_names_the_rare_paths_that_it_never_took)
{
    static struct campaign campaign;
    bool found = false;

    campaign.seeds = 60;
    campaign.crashes = 1;
    json_t *object = printed(print_campaign, &campaign), *missing = json_object_get(object, "missing");
    for (size_t i = 0; i < json_array_size(missing); i++) {
        cr_assert_str_neq(json_string_value(json_array_get(missing, i)), "a crash");
        found = found || strcmp(json_string_value(json_array_get(missing, i)), "a partition") == 0;
    }
    cr_assert(found);
    json_decref(object);
}

static bool print_attacks(FILE *stream, const void *what) { return report_attacks(stream, what); }

Test(report, attacks_are_one_object_that_is_well_only_when_each_is)
{
    static struct attacks_report report = { .seed = 3, .played = true, .rows_count = 2, .controls_count = 1 };

    report.rows[0] = (struct attacks_row){ attack_at(0), { .told = 40, .told_calm = 50, .views = 2, .mean_ns = 1500000 } };
    report.rows[1] = (struct attacks_row){ attack_at(1), { .told = 1, .told_calm = 50, .slow = true } };
    report.controls[0] = (struct attacks_control){ .replicas = 4, .count = 2, .twins = true, .seen = true, .failure = { FAILURE_SAFETY, "two chains" } };
    json_t *object = printed(print_attacks, &report), *rows = json_object_get(object, "attacks");
    json_t *good = json_object_get(json_array_get(rows, 0), "result"), *bad = json_object_get(json_array_get(rows, 1), "result");

    cr_assert_str_eq(json_string_value(json_object_get(object, "schema")), "ward.sim.attacks/1");
    cr_assert(json_is_false(json_object_get(object, "ok")));
    cr_assert(json_is_true(json_object_get(good, "ok")));
    cr_assert(json_is_null(json_object_get(good, "trouble")));
    cr_assert_eq(json_integer_value(json_object_get(good, "told")), 40);
    cr_assert_float_eq(json_real_value(json_object_get(good, "receipt_ms")), 1.5, 1e-9);
    cr_assert(json_is_false(json_object_get(bad, "ok")));
    cr_assert_str_eq(json_string_value(json_object_get(bad, "trouble")), "below its floor");
    cr_assert_str_eq(json_string_value(json_object_get(json_array_get(json_object_get(object, "controls"), 0), "failure")), "two chains");
    json_decref(object);
    report.played = false;
    object = printed(print_attacks, &report);
    cr_assert(json_is_null(json_object_get(json_array_get(json_object_get(object, "attacks"), 1), "result")), "a list has no results");
    cr_assert_eq(json_array_size(json_object_get(json_array_get(json_object_get(object, "attacks"), 0), "lies")), (size_t)__builtin_popcountll(attack_at(0)->lies));
    json_decref(object);
}
