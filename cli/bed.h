/* bed.h: the place where a throw-away cluster lives while a demonstration or a benchmark runs: a fresh directory on a disk with real flushes,
 * the cluster in it, and nothing left of either when the program ends, by itself or by a signal.
 *
 * Places are tried in order: the current directory, $TMPDIR, /var/tmp, /tmp. The daemon itself judges each (`wardd --init`). When none can flush, the
 * cluster runs all the same in the first of them, and `durable` is false: whoever reports must say so. */
#ifndef WARD_CLI_BED_H
#define WARD_CLI_BED_H

#include "base/exit.h"
#include "cli/cluster.h"
#include "cli/load.h"

#include <stdbool.h>

struct bed {
    struct cluster cluster;
    char directory[CLUSTER_PATH_BYTES];
    char programs[CLUSTER_PATH_BYTES];
    bool durable; /* O_DIRECT and real flushes */
    bool keep;    /* the directory stays */
    char problem[CLUSTER_PROBLEM_BYTES + CLUSTER_PATH_BYTES];
    char sockets[MEMBERS_MAX][LOAD_SOCKET_BYTES]; /* client socket of each replica, for struct load_config */
};

/* bed_programs gives the directory of the running program, where its siblings are too. Gives: false when the kernel does not say. */
bool bed_programs(char out[CLUSTER_PATH_BYTES]);

/* bed_make lays a cluster out. keep: the directory to use and to leave behind, NULL: a fresh one that goes with the bed. directory, programs and unsafe_dev
 * of the plan are filled in. From here on SIGINT, SIGTERM and SIGHUP end the cluster and the process with 130.
 * Needs: one bed at a time, always in the same place; no thread was started before the first. Fails: an exit code with bed->problem; nothing is left behind. */
enum exit_code bed_make(struct bed *bed, struct cluster_plan *plan, const char *keep);

/* bed_exit gives the exit code that fits a cluster that could not be laid out, as the table in docs/operations.md has it. Needs: not ERR_OK. */
enum exit_code bed_exit(enum err err);

/* bed_start starts all replicas and waits until each answers and has a link to every other one. Fails: as bed_make. */
enum exit_code bed_start(struct bed *bed, uint32_t timeout_ms);

/* bed_wait_linked waits until `member` answers and has links to all others. Fails: ERR_TIMEOUT, ERR_CLOSED (it ended). */
enum err bed_wait_linked(struct bed *bed, uint32_t member, uint32_t timeout_ms);

/* bed_leader asks who leads. Gives: a member index, or UINT32_MAX when no two replicas in a quorum agree. */
uint32_t bed_leader(struct bed *bed);

/* bed_close ends all replicas and removes the directory unless it is kept. */
void bed_close(struct bed *bed);

#endif
