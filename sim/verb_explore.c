/* verb_explore.c: `ward-sim explore`: every run of four replicas within small bounds. Without --liar: nobody lies, then the leader of the first view, then that of the
 * second, then one who leads none. Each exploration is a process of its own memory: it is closed before the next begins. */
#include "sim/verbs.h"

#include "base/clock.h"
#include "base/exit.h"
#include "sim/fresh.h"
#include "sim/play.h"

#include <errno.h>
#include <stdlib.h>

#define DECISIONS_BYTES_MAX (1u << 20)
#define STATES_MAX UINT64_C(60000000) /* some 4 GB */
#define RUNS_MAX 4u

static struct explore explore; /* large, and must not move */

static bool is_over(void *context)
{
    const uint64_t *end_ns = context;

    return clock_mono_ns() >= *end_ns;
}

/* write_decisions writes how to come to what was found. Gives: EXIT_FINE, or the code of a complaint that is made already. */
static int write_decisions(const struct order *order)
{
    FILE *file = fresh_open(order->out);
    int number = file == NULL ? errno : fresh_close(file, explore_write(&explore, file));

    return number == 0 ? EXIT_FINE : fresh_fail(order, order->out, number);
}

/* go explores one plan. Gives: EXIT_FINE, or the code of a complaint that is made already. */
static int go(const struct order *order, struct explored *one)
{
    uint64_t start_ns = clock_mono_ns(), end_ns = order->plan.budget_ns == 0 ? UINT64_MAX : start_ns + order->plan.budget_ns;
    int code = EXIT_FINE;

    one->plan.stop = is_over;
    one->plan.stop_context = &end_ns;
    explore_open(&explore, &one->plan);
    explore_run(&explore);
    one->result = explore.result;
    one->wall_ns = clock_mono_ns() - start_ns;
    if (one->result.end == EXPLORE_BROKEN && order->out != NULL) {
        code = write_decisions(order);
    } else if (one->result.end == EXPLORE_BROKEN) {
        (void)explore_write(&explore, stderr);
    }
    explore_close(&explore);
    return code;
}

/* plans lists what is to be explored. Gives: how many. */
static size_t plans(const struct order *order, struct explored all[RUNS_MAX])
{
    static const uint32_t liars[RUNS_MAX] = { EXPLORE_NOBODY, 0, 1, 3 }; /* 2 and 3 lead neither of two views, so they are alike. */
    struct explore_plan plan = { .views = order->views == 0 ? 2 : order->views, .heights = order->heights == 0 ? 1 : order->heights,
        .variants = order->variants == 0 ? 2 : order->variants, .learns = order->learns, .over = order->over, .plain = order->plain, .states_max = order->states == 0 ? STATES_MAX : order->states };

    if (order->liar != NULL) {
        plan.liar = order->liar[0] == 'n' ? EXPLORE_NOBODY : (uint32_t)(order->liar[0] - '0');
        all[0] = (struct explored){ .plan = plan };
        return 1;
    }
    for (size_t i = 0; i < RUNS_MAX; i++) {
        plan.liar = liars[i];
        all[i] = (struct explored){ .plan = plan };
    }
    return RUNS_MAX;
}

/* replay plays a list of decisions again. */
static int replay(const struct order *order)
{
    struct explored one = { .plan = { .views = 0 } };
    int code;
    char *text = play_text(order, order->file, DECISIONS_BYTES_MAX, &code);
    const char *decisions = text == NULL ? NULL : explore_plan_read(&one.plan, text);

    if (decisions == NULL) {
        code = text == NULL ? code : order_fail(order, EXIT_CONFIGURATION, "%s is no list of decisions of an exploration", order->file);
        free(text);
        return code;
    }
    explore_open(&explore, &one.plan);
    uint32_t parted = explore_replay(&explore, decisions);
    one.result = explore.result;
    explore_close(&explore);
    free(text);
    if (parted != 0) {
        return order_fail(order, EXIT_SIM_DETERMINISM, "%s:%u: nobody can hear that here", order->file, parted);
    }
    bool printed = order->json ? report_explore(stdout, &one, 1, order->file)
                               : printf("%llu decisions, then %s%s\n", (unsigned long long)one.result.steps, one.result.failure.kind == FAILURE_NONE ? "nothing is broken" : "",
                                        one.result.failure.text) > 0;
    return printed ? failure_exit(&one.result.failure) : EXIT_RESOURCE;
}

int verb_explore(const struct order *order)
{
    static struct explored all[RUNS_MAX];
    const struct failure *failure = NULL;
    size_t count = plans(order, all), done = 0;
    bool printed = true;

    if (order->file != NULL) {
        return replay(order);
    }
    int code = fresh_refuse(order, order->out);
    if (code != EXIT_FINE) {
        return code;
    }
    while (done < count && failure == NULL) {
        code = go(order, &all[done]);
        if (code != EXIT_FINE) {
            return code;
        }
        failure = all[done].result.failure.kind != FAILURE_NONE ? &all[done].result.failure : NULL;
        printed = printed && (order->json || report_explored(stdout, &all[done]));
        done++;
    }
    printed = printed && (!order->json || report_explore(stdout, all, done, failure != NULL ? order->out : NULL));
    return !printed ? EXIT_RESOURCE : failure == NULL ? EXIT_FINE : failure_exit(failure);
}
