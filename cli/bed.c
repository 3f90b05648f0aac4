/* bed.c: see bed.h. */
#include "cli/bed.h"

#include "base/assert.h"
#include "base/clock.h"
#include "cli/file.h"
#include "cli/meter.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    SOCKET_PATH_MAX = 100,    /* option node.client_socket */
    BELOW_BYTES = 16,         /* "/r127/sock" and some */
    PLACES = 4,
    ASK_MS = 1000,
    EXIT_BY_SIGNAL = 130
};

static void nap(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
}

/* --- The end by a signal --------------------------------------------------------------------------------------------- */

static sigset_t ending_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    return set;
}

static atomic_bool is_ending; /* the guard takes the cluster down; nobody else does */

static void take_down(struct bed *bed)
{
    if (bed->cluster.plan.replicas > 0) {
        cluster_close(&bed->cluster, !bed->keep);
        bed->cluster.plan.replicas = 0;
    }
}

/* guard waits for a signal and takes the cluster down with the process. Other threads still use what they know of it: so it has a copy, and leaves them their genesis. */
static void *guard(void *context)
{
    static struct bed taken;
    sigset_t set = ending_signals();
    int number;

    if (sigwait(&set, &number) == 0) {
        is_ending = true;
        memcpy(&taken, context, sizeof taken);
        taken.cluster.genesis_bytes = (struct file){ NULL, 0 };
        take_down(&taken);
        _exit(EXIT_BY_SIGNAL);
    }
    return NULL;
}

/* hold_signals keeps an ending signal until there is a guard: what is half laid out nobody could take down. */
static void hold_signals(void)
{
    sigset_t set = ending_signals();

    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void start_guard(struct bed *bed)
{
    static struct bed *guarded; /* One at a time, and one place for all of them: the guard takes down whatever is there. */
    pthread_t thread;
    sigset_t held;

    ASSERT(guarded == NULL || guarded == bed);
    if (guarded == bed) {
        return;
    }
    guarded = bed;
    sigpending(&held);
    bool over = sigismember(&held, SIGINT) == 1 || sigismember(&held, SIGTERM) == 1 || sigismember(&held, SIGHUP) == 1;
    if (pthread_create(&thread, NULL, guard, bed) == 0) {
        pthread_detach(thread);
        while (over) { /* until the guard ends the process */
            nap();
        }
    }
}

/* --- Laying out ------------------------------------------------------------------------------------------------------ */

bool bed_programs(char out[CLUSTER_PATH_BYTES])
{
    ssize_t length = readlink("/proc/self/exe", out, CLUSTER_PATH_BYTES - 1);

    out[length < 0 ? 0 : length] = '\0';
    char *slash = strrchr(out, '/');
    if (slash == NULL) {
        return false;
    }
    *slash = '\0';
    return true;
}

static bool find_programs(struct bed *bed)
{
    char wardd[CLUSTER_PATH_BYTES + 16];

    if (!bed_programs(bed->programs)) {
        return false;
    }
    snprintf(wardd, sizeof wardd, "%s/wardd", bed->programs);
    return access(wardd, X_OK) == 0;
}

/* fresh makes a new directory in `place`. Gives: false with a reason in bed->problem. */
static bool fresh(struct bed *bed, const char *place)
{
    char whole[PATH_MAX];

    if (realpath(place, whole) == NULL || strlen(whole) + sizeof "/ward-XXXXXX" + BELOW_BYTES > SOCKET_PATH_MAX) {
        snprintf(bed->problem, sizeof bed->problem, "%s: not there, or its path is too long for a socket", place);
        return false;
    }
    snprintf(bed->directory, sizeof bed->directory, "%.80s/ward-XXXXXX", whole);
    if (mkdtemp(bed->directory) == NULL) {
        snprintf(bed->problem, sizeof bed->problem, "%s: %s", place, strerror(errno));
        return false;
    }
    return true;
}

/* fail_path writes what errno says of a path that the user named. Gives: the exit code that fits it everywhere in Ward. */
static enum exit_code fail_path(struct bed *bed, const char *path)
{
    int number = errno;

    snprintf(bed->problem, sizeof bed->problem, "%s: %s", path, strerror(number));
    return (enum exit_code)file_exit(file_err(number));
}

/* named takes the directory that the user wants to keep. Gives: EXIT_FINE, or why not with the reason in bed->problem. */
static enum exit_code named(struct bed *bed, const char *keep)
{
    char whole[PATH_MAX];

    if ((mkdir(keep, 0700) != 0 && errno != EEXIST) || realpath(keep, whole) == NULL) {
        return fail_path(bed, keep);
    }
    if (strlen(whole) + BELOW_BYTES > SOCKET_PATH_MAX) {
        snprintf(bed->problem, sizeof bed->problem, "%s: the path is too long for a socket in it", keep);
        return EXIT_CONFIGURATION;
    }
    snprintf(bed->directory, sizeof bed->directory, "%.99s", whole);
    if (rmdir(whole) != 0 || mkdir(whole, 0700) != 0) { /* only an empty directory can be removed */
        return fail_path(bed, keep);
    }
    return EXIT_FINE;
}

/* lay_out makes the cluster in bed->directory. Gives: the error of cluster_make; on failure nothing of it is left. */
static enum err lay_out(struct bed *bed, struct cluster_plan *plan, bool unsafe_dev)
{
    plan->directory = bed->directory;
    plan->programs = bed->programs;
    plan->unsafe_dev = unsafe_dev;
    enum err err = cluster_make(&bed->cluster, plan);
    if (err != ERR_OK) {
        snprintf(bed->problem, sizeof bed->problem, "%s", bed->cluster.problem);
        cluster_close(&bed->cluster, true);
    }
    bed->durable = err == ERR_OK && !unsafe_dev;
    return err;
}

/* try_places goes through the places with or without the demand for flushes. */
static enum err try_places(struct bed *bed, struct cluster_plan *plan, bool unsafe_dev)
{
    const char *places[PLACES] = { ".", getenv("TMPDIR"), "/var/tmp", "/tmp" };
    enum err err = ERR_IO;
    bool tried = false;

    for (size_t i = 0; i < PLACES; i++) {
        if (places[i] == NULL) {
            continue;
        }
        if (!fresh(bed, places[i])) {
            err = tried ? err : file_err(errno);
            continue;
        }
        tried = true;
        err = lay_out(bed, plan, unsafe_dev);
        if (err == ERR_OK || err == ERR_INVALID || err == ERR_EXISTS) {
            return err;
        }
    }
    return err;
}

enum exit_code bed_exit(enum err err)
{
    ASSERT(err != ERR_OK);
    if (err == ERR_UNSUPPORTED) {
        return EXIT_ENVIRONMENT;
    }
    return err == ERR_FULL ? EXIT_CONFIGURATION : (enum exit_code)file_exit(err); /* a path that is too long */
}

enum exit_code bed_make(struct bed *bed, struct cluster_plan *plan, const char *keep)
{
    enum err err;

    memset(bed, 0, sizeof *bed);
    bed->keep = keep != NULL;
    if (!find_programs(bed)) {
        snprintf(bed->problem, sizeof bed->problem, "%s/wardd is not there", bed->programs);
        return EXIT_ENVIRONMENT;
    }
    hold_signals();
    if (keep != NULL) {
        enum exit_code code = named(bed, keep);
        if (code != EXIT_FINE) {
            return code;
        }
        err = lay_out(bed, plan, false);
    } else {
        err = try_places(bed, plan, false);
        if (err == ERR_UNSUPPORTED) {
            err = try_places(bed, plan, true);
        }
    }
    if (err != ERR_OK) {
        return bed_exit(err);
    }
    for (uint32_t i = 0; i < plan->replicas; i++) {
        char path[CLUSTER_PATH_BYTES + 64];
        cluster_socket(&bed->cluster, i, path);
        snprintf(bed->sockets[i], sizeof bed->sockets[i], "%.107s", path);
    }
    start_guard(bed);
    return EXIT_FINE;
}

/* --- Running --------------------------------------------------------------------------------------------------------- */

enum err bed_wait_linked(struct bed *bed, uint32_t member, uint32_t timeout_ms)
{
    static char text[METER_TEXT_BYTES];
    uint64_t end_ns = clock_mono_ns() + timeout_ms * UINT64_C(1000000);

    enum err err = cluster_ready(&bed->cluster, member, timeout_ms);
    while (err == ERR_OK && clock_mono_ns() < end_ns) {
        enum err asked = meter_ask(&bed->cluster, member, text, ASK_MS);
        uint64_t linked;
        if (asked == ERR_OK && meter_figure(text, "members_linked", &linked) && linked + 1 >= bed->cluster.plan.replicas) {
            return ERR_OK;
        }
        nap();
    }
    return err == ERR_OK ? ERR_TIMEOUT : err;
}

enum exit_code bed_start(struct bed *bed, uint32_t timeout_ms)
{
    uint32_t replicas = bed->cluster.plan.replicas;

    for (uint32_t i = 0; i < replicas; i++) {
        if (cluster_start(&bed->cluster, i) != ERR_OK) {
            snprintf(bed->problem, sizeof bed->problem, "%s", bed->cluster.problem);
            return EXIT_RESOURCE;
        }
    }
    for (uint32_t i = 0; i < replicas; i++) {
        enum err err = bed_wait_linked(bed, i, timeout_ms);
        if (err != ERR_OK) {
            snprintf(bed->problem, sizeof bed->problem, "%.600s", err == ERR_CLOSED ? bed->cluster.problem : "the replicas do not reach each other in time");
            return EXIT_UNREACHABLE;
        }
    }
    return EXIT_FINE;
}

uint32_t bed_leader(struct bed *bed)
{
    static char text[METER_TEXT_BYTES];
    uint32_t votes[MEMBERS_MAX] = { 0 }, replicas = bed->cluster.plan.replicas;

    for (uint32_t i = 0; i < replicas; i++) {
        if (bed->cluster.orgs[i].pid > 0 && meter_ask(&bed->cluster, i, text, ASK_MS) == ERR_OK) {
            uint64_t leader;
            if (meter_figure(text, "leader", &leader) && leader < replicas) {
                votes[leader]++;
            }
        }
    }
    for (uint32_t i = 0; i < replicas; i++) {
        if (votes[i] >= config_quorum(replicas)) {
            return i;
        }
    }
    return UINT32_MAX;
}

void bed_close(struct bed *bed)
{
    while (is_ending) { /* until the guard ends the process */
        nap();
    }
    take_down(bed);
}
