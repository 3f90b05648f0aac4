/* doctor.h: what `ward doctor` looks at and how it judges. Facts are measured on this machine or read from a recorded one; the judgements are pure.
 *
 * A recorded machine is a tree: the files of /proc and /sys that the kernel would show, and one file `measured` with "name value" lines for what
 * only a living machine can tell (docs/operations.md has the names). */
#ifndef WARD_CLI_DOCTOR_H
#define WARD_CLI_DOCTOR_H

#include "node/config.h"
#include "node/machine.h"

#include <stdbool.h>
#include <stdint.h>

#define DOCTOR_TEXT_BYTES 400
#define DOCTOR_UNKNOWN (-1)

enum doctor_status { DOCTOR_OK, DOCTOR_WARN, DOCTOR_BAD, DOCTOR_UNKNOWN_STATUS, DOCTOR_STATUS_COUNT };

/* For whom the machine is meant: a replica, a benchmark, a test runner. */
enum doctor_profile { DOCTOR_VALIDATOR = 1, DOCTOR_BENCH = 2, DOCTOR_CI = 4 };

enum doctor_port { DOCTOR_PORT_UNKNOWN, DOCTOR_PORT_FREE, DOCTOR_PORT_OURS, DOCTOR_PORT_TAKEN, DOCTOR_PORT_REFUSED };

struct doctor_key {
    int64_t mode;  /* DOCTOR_UNKNOWN: not looked at */
    int64_t uid;
    int64_t error; /* errno; 0: it is there */
};

/* Numbers are DOCTOR_UNKNOWN where nothing is known. */
struct doctor_facts {
    char root[CONFIG_PATH_BYTES_MAX + 1]; /* "" for this machine */
    bool has_config;
    char config_problem[CONFIG_PROBLEM_BYTES_MAX];
    struct node_config config; /* defaults where there is none */
    struct machine machine;
    int64_t io_uring_errno;    /* 0: a ring opens */
    char io_uring_step[32];
    char data_dir[CONFIG_PATH_BYTES_MAX + 1];
    char measured_dir[CONFIG_PATH_BYTES_MAX + 1]; /* data_dir, or the nearest directory above it that is there */
    char fs_type[32], fs_options[384];
    int64_t flush_p50_us, flush_p99_us, flush_errno;
    int64_t bytes_used, bytes_free;
    int64_t clock_unsynchronised; /* 0 or 1 */
    int64_t clock_error_us;       /* as the kernel estimates it */
    int64_t clock_jump_us;        /* between two looks: wall clock against the steady one */
    char clock_source[32];
    int64_t memory_bytes;
    int64_t descriptors;          /* soft limit */
    int64_t rapl;                 /* 1: energy counters can be read */
    char governor[32];            /* of processor 0 */
    enum doctor_port port;
    struct doctor_key sign, transport;
    int64_t uid; /* of who looks: a replica reads the keys of its own user and root's alone */
};

/* One line of the report. */
struct doctor_finding {
    const char *id;   /* "D-0102", stable */
    const char *name; /* "io_uring" */
    enum doctor_status status;
    char evidence[DOCTOR_TEXT_BYTES];
    char fix[DOCTOR_TEXT_BYTES]; /* "" when there is nothing to do */
};

#define DOCTOR_FINDINGS_MAX 24

/* doctor_measure looks at this machine; writes and removes one file of 256 KiB in the data directory. Needs: root, has_config, config and data_dir are set. */
void doctor_measure(struct doctor_facts *facts);

/* doctor_recall reads a recorded machine below facts->root. Needs: as doctor_measure. */
void doctor_recall(struct doctor_facts *facts);

/* doctor_judge gives the findings of a profile, in the order of their ids. Pure. Gives: how many. */
uint32_t doctor_judge(const struct doctor_facts *facts, enum doctor_profile profile, struct doctor_finding findings[DOCTOR_FINDINGS_MAX]);

/* doctor_exit gives the exit code: environment when anything but key files is bad; permission when these alone are; no when a thing of the machine itself is
 * not known (what follows from a configuration may be missing: the machine comes first); else fine. */
int doctor_exit(const struct doctor_finding *findings, uint32_t count);

/* doctor_status_name gives "ok", "warn", "bad", "unknown". */
const char *doctor_status_name(enum doctor_status status);

#endif
