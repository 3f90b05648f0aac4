/* meter.h: what a throw-away cluster did between two moments, by what the kernel says of its processes and what the replicas say of themselves.
 *
 * Reading costs the replicas something. So at the beginning of a stretch they are asked before the kernel is, at its end after it: the questions
 * themselves are in no figure of the kernel's. */
#ifndef WARD_CLI_METER_H
#define WARD_CLI_METER_H

#include "cli/cluster.h"

#include <stdbool.h>
#include <stdint.h>

#define METER_TEXT_BYTES 16384

#define METER_CHECKS 10u /* ways to divide the signatures that were checked */
#define METER_WAKEUPS 4u /* causes of wake-ups of the loop that belong to blocks */
#define METER_MESSAGES 11u /* types of messages that make and commit blocks, or move views */

enum meter_order { METER_BEGINS, METER_ENDS };

struct meter_replica {
    bool up;              /* it runs */
    bool answered;        /* it gave its figures */
    uint64_t told_ns;     /* when they were here */
    uint64_t cpu_ns;      /* user and system, all threads */
    uint64_t peak_bytes;  /* VmHWM */
    uint64_t wakeups;     /* voluntary context switches of all threads */
    uint64_t write_bytes; /* handed to the block layer */
    char text[METER_TEXT_BYTES]; /* "name value" lines of its status */
};

struct meter_reading {
    uint64_t mono_ns; /* when the kernel was asked */
    uint32_t replicas;
    struct meter_replica of[MEMBERS_MAX];
};

/* meter_read asks everything of every replica that runs. meter_kernel asks the kernel alone and leaves the texts empty: the replicas do not wake. */
void meter_read(struct meter_reading *reading, const struct cluster *cluster, enum meter_order order);
void meter_kernel(struct meter_reading *reading, const struct cluster *cluster);

/* meter_ask asks one replica for its status within timeout_ms. Fails: as client_open. */
enum err meter_ask(const struct cluster *cluster, uint32_t member, char text[METER_TEXT_BYTES], uint32_t timeout_ms);

/* meter_figure_of asks one replica for one figure, within a second. Gives: 0 when it does not answer or does not tell it: for what only grows, and is waited for. */
uint64_t meter_figure_of(const struct cluster *cluster, uint32_t member, const char *name);

/* meter_figure reads the number of a line, meter_word copies its word. Gives: false when there is no such line, or nothing of the kind on it;
 * a figure is 0 then, which nobody may take for one that a replica gave. */
bool meter_figure(const char *text, const char *name, uint64_t *figure) __attribute__((warn_unused_result));
bool meter_word(const char *text, const char *name, char *out, size_t size);

/* Sums and rates over a stretch. Messages and flushes are of blocks alone: checkpoints, catch-up and forwarded commands are left out. */
struct meter_cost {
    bool complete;      /* each replica that runs at both ends answered with every figure; if not, the rates are too low */
    double seconds;
    uint64_t commands;  /* committed, by the replica that saw most */
    double commands_timed; /* those of them that fall into the stretch between the readings of the kernel: what CPU time is divided by */
    uint64_t blocks;
    double cpu_us_per_tx;
    double cpu_us_per_tx_by[MEMBERS_MAX];
    double checks_per_tx;     /* signatures, of commands and of votes, all replicas */
    double checks_per_tx_by[METER_CHECKS]; /* likewise, by purpose, method and place: meter_checks_name */
    uint64_t held, hedges;    /* proposals that reserves held back, and of these checked for want of a certificate (P1); all replicas */
    double wakeups_per_block; /* of the loop of one replica, on average, those for clients left out (N4) */
    double wakeups_per_block_by[METER_WAKEUPS]; /* of these, by cause: meter_wakeups_name */
    double flushes_per_block; /* of one replica, on average */
    double flush_ms;          /* one durable batch, on average, as the replicas saw it */
    double messages_per_block; /* all replicas */
    double messages_per_block_by[METER_MESSAGES]; /* of these, by type: meter_messages_name */
    double bytes_logged_per_tx;
    double bytes_sent_per_tx;
};

/* meter_checks_name names what an entry of checks_per_tx_by counts, meter_wakeups_name one of wakeups_per_block_by, meter_messages_name one of
 * messages_per_block_by. Needs: which is below their number. */
const char *meter_checks_name(uint32_t which);
const char *meter_wakeups_name(uint32_t which);
const char *meter_messages_name(uint32_t which);

/* meter_compare. Needs: two readings of the same replicas; those that do not run at both are left out. Rates are 0 without commands. */
void meter_compare(const struct meter_reading *from, const struct meter_reading *to, struct meter_cost *cost);

/* meter_libsodium_check_ns times one verification by libsodium: median of `repeats` runs over 256 signatures each, CPU time of this thread. */
uint64_t meter_libsodium_check_ns(uint32_t repeats);

#endif
