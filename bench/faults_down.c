/* faults_down.c: members that are killed, stopped or drained, and come back: the leader, a follower, all at once. */
#include "bench/faults_priv.h"

#include "base/assert.h"
#include "base/clock.h"
#include "cli/meter.h"
#include "cli/pause.h"

#include <signal.h>

enum {
    DOWN_MS = 600,     /* a killed replica stays down */
    STOPPED_MS = 2500, /* a stopped one stays stopped: longer than any gap that is allowed */
    ORDERLY_MS = 2000, /* SIGTERM to the end of the process */
    REAP_MS = 5000     /* SIGKILL to the end of the process */
};

uint32_t faults_victim(struct faults_run *run, uint32_t round)
{
    uint32_t leader = UINT32_MAX;

    ASSERT(run->kind->victim != FAULT_NOBODY);
    for (uint32_t tries = 0; tries < 100 && leader == UINT32_MAX; tries++) {
        leader = bed_leader(&run->bed);
        if (leader == UINT32_MAX) {
            pause_ms(50);
        }
    }
    if (leader == UINT32_MAX) {
        faults_problem(run, "round %u: no leader within 5 s", round + 1);
        leader = 0;
    }
    bool follower = run->kind->victim == FAULT_FOLLOWER || (run->kind->victim == FAULT_IN_TURN && round % 2 == 1);
    return follower ? (leader + 1 + round % (FAULTS_REPLICAS - 1)) % FAULTS_REPLICAS : leader;
}

/* height_of_others gives the highest executed height among all but one. */
static uint64_t height_of_others(struct faults_run *run, uint32_t member)
{
    uint64_t height = 0;

    for (uint32_t i = 0; i < FAULTS_REPLICAS; i++) {
        uint64_t own = i == member ? 0 : meter_figure_of(&run->bed.cluster, i, "executed_height");
        height = own > height ? own : height;
    }
    return height;
}

/* wait_caught_up waits until a replica has executed what the others had when it came back. */
static void wait_caught_up(struct faults_run *run, uint32_t member, uint32_t round)
{
    uint64_t begin_ns = clock_mono_ns();
    enum err err = bed_wait_linked(&run->bed, member, FAULTS_CAUGHT_UP_MS);
    uint64_t wanted = height_of_others(run, member);

    while (err == ERR_OK && meter_figure_of(&run->bed.cluster, member, "executed_height") < wanted) {
        pause_ms(20);
        err = clock_mono_ns() - begin_ns > FAULTS_CAUGHT_UP_MS * FAULTS_MS_NS ? ERR_TIMEOUT : ERR_OK;
    }
    run->back_ms[round] = (clock_mono_ns() - begin_ns) / FAULTS_MS_NS;
    if (err != ERR_OK) {
        faults_problem(run, "round %u: member %u did not come back to height %llu: %s", round + 1, member, (unsigned long long)wanted, err_name(err));
    }
}

static void start_again(struct faults_run *run, uint32_t member, uint32_t round)
{
    if (cluster_start(&run->bed.cluster, member) != ERR_OK) {
        faults_problem(run, "round %u: member %u cannot be started: %s", round + 1, member, run->bed.cluster.problem);
    }
}

void faults_kill_one(struct faults_run *run, uint32_t round)
{
    uint32_t victim = faults_victim(run, round);

    load_watch_gaps(&run->load);
    cluster_signal(&run->bed.cluster, victim, SIGKILL);
    (void)cluster_reap(&run->bed.cluster, victim, REAP_MS);
    pause_ms(DOWN_MS);
    start_again(run, victim, round);
    wait_caught_up(run, victim, round);
}

void faults_kill_all(struct faults_run *run, uint32_t round)
{
    load_watch_gaps(&run->load);
    for (uint32_t i = 0; i < FAULTS_REPLICAS; i++) {
        cluster_signal(&run->bed.cluster, i, SIGKILL);
    }
    for (uint32_t i = 0; i < FAULTS_REPLICAS; i++) {
        (void)cluster_reap(&run->bed.cluster, i, REAP_MS);
    }
    for (uint32_t i = 0; i < FAULTS_REPLICAS; i++) {
        start_again(run, i, round);
    }
    for (uint32_t i = 0; i < FAULTS_REPLICAS; i++) {
        wait_caught_up(run, i, round);
    }
}

void faults_stop_one(struct faults_run *run, uint32_t round)
{
    uint32_t victim = faults_victim(run, round);

    load_watch_gaps(&run->load);
    cluster_signal(&run->bed.cluster, victim, SIGSTOP);
    pause_ms(STOPPED_MS);
    cluster_signal(&run->bed.cluster, victim, SIGCONT);
    wait_caught_up(run, victim, round);
}

void faults_drain_one(struct faults_run *run, uint32_t round)
{
    uint32_t victim = faults_victim(run, round);
    uint64_t begin_ns = clock_mono_ns();

    load_watch_gaps(&run->load);
    cluster_signal(&run->bed.cluster, victim, SIGTERM);
    int code = cluster_reap(&run->bed.cluster, victim, 4 * ORDERLY_MS);
    uint64_t took_ms = (clock_mono_ns() - begin_ns) / FAULTS_MS_NS;
    run->orderly_ms_max = took_ms > run->orderly_ms_max ? took_ms : run->orderly_ms_max;
    if (code != EXIT_FINE || took_ms > ORDERLY_MS) {
        faults_problem(run, "round %u: member %u ended with %d after %llu ms of SIGTERM", round + 1, victim, code, (unsigned long long)took_ms);
    }
    pause_ms(DOWN_MS);
    if (code >= 0) {
        start_again(run, victim, round);
    }
    wait_caught_up(run, victim, round);
}
