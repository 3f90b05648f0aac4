/* load.h: a load generator: signed commands at stated times to the replicas of their hospitals, and what became of each.
 *
 * Open loop: command k is to leave at start + k / rate whatever the replicas do, and its latency counts from that time, so a stall is seen by
 * all commands that should have been sent in it. Closed loop (rate 0): `window` commands are kept on their way; that finds the highest
 * throughput, and its latencies are those of a full queue. A command goes to the replica of its hospital; when a connection ends or
 * nobody answers it goes on to the next replica (R3, cli/tally.h).
 *
 * load_run blocks on the thread that calls it; the functions marked so may be called from another one meanwhile. */
#ifndef WARD_CLI_LOAD_H
#define WARD_CLI_LOAD_H

#include "cli/stock.h"
#include "cli/tally.h"
#include "net/dial.h"

#include <stdatomic.h>
#include <stdbool.h>

#define LOAD_SOCKET_BYTES 108          /* of a UNIX socket's path */
#define COMMAND_LIFE_MS 590000u       /* of commands signed ahead; the ledger allows ten minutes */
#define LOAD_CONNECTIONS_MAX 512u
#define LOAD_NOBODY UINT32_MAX
#define LOAD_CONNECTION_WINDOW 60u     /* commands on their way over one connection, before another is taken */
#define LOAD_LATE_P99_NS 20000000u     /* a generator that is later than this with 1 % of its commands has fallen behind */
#define LOAD_LATE_MAX_NS 200000000u    /* or than this with any */

struct load_config {
    uint32_t replicas;
    char (*sockets)[LOAD_SOCKET_BYTES]; /* client socket of each replica */
    uint32_t connections;               /* to each replica */
    struct hash32 genesis;
    const struct stock *stock;
    uint64_t rate;                      /* commands per second; 0: closed loop */
    uint32_t window;                    /* closed loop: commands on their way, until load_window says another number */
    uint64_t duration_ns;               /* of sending; then answers are waited for */
    uint64_t drain_ns;                  /* at most so long */
};

struct load_connection {
    struct dial *dial; /* NULL: down */
    void *memory;
    bool greeted;
    uint32_t outstanding;
};

struct load {
    struct load_config config;
    struct tally tally;        /* of the thread that runs, until load_run has returned */
    struct tally_entry *entries;
    uint64_t count;            /* commands that may be sent: of the stock, or fewer by the duration */
    uint32_t connections_count;
    struct load_connection connections[LOAD_CONNECTIONS_MAX]; /* of replica r: from r x config.connections on */
    uint64_t start_ns, sweep_ns;
    uint64_t cpu_from_ns, cpu_to_ns; /* of the running thread when the measured stretch began and ended; 0: not yet */
    bool used_up;              /* closed loop: the stock ended before the time */
    atomic_bool stop;
    _Atomic uint32_t window;   /* closed loop: see load_window */
    _Atomic uint32_t avoided;  /* see load_avoid */
    _Atomic uint64_t measure_from_ns, measure_to_ns, gap_from_ns; /* wishes of other threads */
    _Atomic uint64_t gap_ns;     /* longest stretch without a commit since load_watch_gaps */
    _Atomic uint64_t sent, committed, rejected, open;             /* progress for other threads; committed: with code 0 */
};

/* load_open takes memory for the stock. Nothing is connected yet. Fails: ERR_NO_MEMORY. */
enum err load_open(struct load *load, const struct load_config *config);

/* load_run connects and sends until the duration is over, the stock is used up or load_stop, then waits for what is open. */
void load_run(struct load *load);

/* load_stop ends sending. Threads: any. */
void load_stop(struct load *load);

/* load_window keeps so many commands on their way from now on. Needs: a closed loop, window > 0. Threads: any. */
void load_window(struct load *load, uint32_t window);

/* load_avoid sends nothing to a replica from now on; LOAD_NOBODY: to all again. In a closed loop the commands that wait for one that lags would take the window of the others. Threads: any. */
void load_avoid(struct load *load, uint32_t replica);

/* load_measure says which commands count: those intended in [from, to). Threads: any, before the first of them is sent. */
void load_measure(struct load *load, uint64_t from_ns, uint64_t to_ns);

/* load_watch_gaps forgets gaps between commits up to now. Threads: any. */
void load_watch_gaps(struct load *load);

/* load_is_over tells whether every command was sent: from then on there is nothing to commit, and no gap says anything. Threads: any. */
bool load_is_over(const struct load *load);

/* load_gap_ns gives the longest stretch without a commit since then, the present one included. Threads: any. */
uint64_t load_gap_ns(const struct load *load);

/* load_fell_behind tells whether the generator itself was late; then latencies say nothing. */
bool load_fell_behind(const struct load *load);

void load_close(struct load *load);

#endif
