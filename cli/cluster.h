/* cluster.h: a real cluster of throw-away replicas on this machine, for demonstrations, benchmarks and end-to-end tests.
 *
 * Everything that a hospital would do is done: keys, enrolments, genesis, configurations, `wardd --init`, one process per replica with its
 * own directory, log file and UNIX socket; loopback only, no root. Keys come from the cluster's seed, so that entities of the genesis can be
 * signed for; nothing of it may ever be used for records. */
#ifndef WARD_CLI_CLUSTER_H
#define WARD_CLI_CLUSTER_H

#include "cli/genesis_build.h"
#include "crypto/keys.h"
#include "wire/genesis.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CLUSTER_PATH_BYTES 400
#define CLUSTER_PROBLEM_BYTES 640
#define CLUSTER_EXTRA_MAX 4u /* organisations without a replica */

struct cluster_plan {
    uint32_t replicas;              /* MEMBERS_MIN .. MEMBERS_MAX */
    uint32_t extra;                 /* organisations without a replica, named after the hospitals; kinds in extra_kinds */
    uint8_t extra_kinds[CLUSTER_EXTRA_MAX];
    const char *directory;          /* made if it is missing; must be empty */
    const char *programs;           /* directory of wardd */
    const char *verify;             /* crypto.verify of all replicas */
    uint32_t batch_us;              /* T */
    uint32_t segment_mib;
    uint32_t snapshot_mib; /* 0: as by default */
    uint32_t receipts;     /* newest ones that can be looked up, a power of two; 0: as by default */
    uint32_t workers_max;
    bool unsafe_dev;
    uint64_t seed;
    struct params params;
    struct genesis_entity *entities; /* sorted in place; may be NULL */
    uint32_t entities_count;
};

/* One organisation: its keys, and its replica if it has one. */
struct cluster_org {
    char name[ORG_NAME_BYTES_MAX + 1];
    uint16_t id;
    struct sign_keypair admin, officer, sign;
    struct kx_keypair kx, transport;
    uint16_t port;
    char directory[CLUSTER_PATH_BYTES + 32]; /* of the replica: wardd.yaml, wardd.log, sock, data/, keys/ */
    pid_t pid;                               /* 0: not running */
};

struct cluster {
    struct cluster_plan plan;
    uint32_t orgs_count; /* replicas + extra */
    struct cluster_org orgs[MEMBERS_MAX + CLUSTER_EXTRA_MAX]; /* member index = place */
    struct file genesis_bytes;
    struct genesis genesis;
    struct hash32 chain_id;
    char problem[CLUSTER_PROBLEM_BYTES];
};

/* cluster_key_seed gives the seed of a key pair by the cluster's seed, what it is for and a number: the same for the same names. */
void cluster_key_seed(uint64_t seed, const char *purpose, uint64_t number, uint8_t out[32]);

/* cluster_make lays everything out and initialises the data directories. Fails: ERR_* with cluster->problem. */
enum err cluster_make(struct cluster *cluster, const struct cluster_plan *plan);

/* cluster_init_store runs `wardd --init`; cluster_make does it. */
enum err cluster_init_store(struct cluster *cluster, uint32_t member);

/* cluster_lose_store removes the data directory of a replica that does not run and makes a new one with `wardd --rejoin`: its disk is lost, its keys are not. */
enum err cluster_lose_store(struct cluster *cluster, uint32_t member);

/* cluster_start starts one replica, once one that was killed has ended; cluster_ready waits until its socket answers a connection. Fails: ERR_IO, ERR_TIMEOUT, ERR_CLOSED (it ended). */
enum err cluster_start(struct cluster *cluster, uint32_t member);
enum err cluster_ready(struct cluster *cluster, uint32_t member, uint32_t timeout_ms);

/* cluster_tend does what a service manager does: a replica that ended with EXIT_AGAIN is started again. Gives: true when it runs. */
bool cluster_tend(struct cluster *cluster, uint32_t member);

/* cluster_signal sends a signal to a replica. Needs: it runs. */
void cluster_signal(struct cluster *cluster, uint32_t member, int number);

/* cluster_reap waits for a replica that is to end. Gives: its exit code, 128 + signal, or -1 when it still runs after timeout_ms. */
int cluster_reap(struct cluster *cluster, uint32_t member, uint32_t timeout_ms);

/* cluster_cpu_ns gives user and system time of a replica's process so far, from the kernel; 0 when it is gone. */
uint64_t cluster_cpu_ns(const struct cluster *cluster, uint32_t member);

/* cluster_peak_bytes gives the highest resident set of a replica so far (VmHWM); 0 when it is gone. */
uint64_t cluster_peak_bytes(const struct cluster *cluster, uint32_t member);

/* cluster_wakeups gives the voluntary context switches of all threads of a replica so far. */
uint64_t cluster_wakeups(const struct cluster *cluster, uint32_t member);

/* cluster_socket gives the path of a replica's client socket. */
void cluster_socket(const struct cluster *cluster, uint32_t member, char out[CLUSTER_PATH_BYTES + 64]);

/* cluster_close kills what still runs and frees memory; with `remove` the directory goes too. */
void cluster_close(struct cluster *cluster, bool remove);

#endif
