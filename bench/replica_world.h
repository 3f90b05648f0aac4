/* replica_world.h: a whole cluster in this process: production drivers over disks of memory, virtual time, signatures that count as valid unseen.
 *
 *     population --> genesis --> n drivers --> closed loop, turn by turn          `ward-bench replica`: what a turn costs
 *                                                 messages, verdicts and writes   `ward-bench replay`: what a start costs with the log that such turns left
 *                                                 arrive in the next turn
 *
 * What it leaves out is what it is to leave out: signatures, sockets, the secure channel, the kernel. Time moves by one step for each turn, so the same
 * commands give the same instructions but for a few. */
#ifndef WARD_BENCH_REPLICA_WORLD_H
#define WARD_BENCH_REPLICA_WORLD_H

#include "cli/bed.h"
#include "cli/stock.h"
#include "node/driver.h"
#include "node/query.h"
#include "node/verify_pool.h"
#include "sim/world/disk.h"

#include <stdbool.h>
#include <stdint.h>

#define REPLICA_WORLD_REPLICAS 4
#define REPLICA_WORLD_WINDOW 768u /* commands on their way at once, as in `ward-bench cluster --rate max` */
#define REPLICA_WORLD_JOBS 640u   /* verifications under way, as many as the daemon's pool takes */
#define REPLICA_WORLD_LOG_BYTES (8u << 20) /* a segment */

/* A function that callgrind is to find under its own name. What it calls last returns to it. */
#if defined(__clang__)
#define KEPT_WHOLE __attribute__((noinline))
#else
#define KEPT_WHOLE __attribute__((noinline, noclone, no_icf))
#endif
#define RETURN_HERE() __asm__ volatile("" ::: "memory")

struct letter;

struct bench_node {
    struct replica_world *world;
    uint32_t number;
    struct driver driver;
    struct queries queries;
    struct superblock_store superblocks;
    struct sim_disk disk;
    struct letter *first, **last;
    struct bytes memory; /* of the driver */
    struct { uint32_t batch, count; } jobs[REPLICA_WORLD_JOBS];
    uint32_t jobs_first, jobs_count;
    uint64_t submitted, executed; /* commands of its own clients */
    uint64_t blocks;
};

struct replica_world_plan {
    uint64_t commands; /* that are signed, and may be executed */
    uint32_t items;    /* of one command */
    bool located;      /* each item brings a sealed locator of 509 bytes */
    bool reserves;
    uint32_t segments; /* that each disk has room for */
    uint32_t workers;  /* threads beside this one, for replica_world_again */
};

struct replica_world {
    struct replica_world_plan plan;
    struct population_plan people;
    struct population population;
    struct population_work work;
    struct bed bed;
    struct block_header block0;
    struct config epoch;
    struct stock stock;
    struct bench_node nodes[REPLICA_WORLD_REPLICAS];
    uint64_t turns, executed;
    uint64_t rejected;
    uint32_t leader; /* of the measured stretch; before it nobody */
    bool measuring;
    struct verify_pool pool; /* the threads */
    void *pool_memory;
    bool helped;             /* a driver that is made now has them */
};

/* replica_world_prepare makes population, genesis and commands, and starts all replicas. Fails: EXIT_RESOURCE, or what bed_make gives; *problem says why. */
enum exit_code replica_world_prepare(struct replica_world *world, const struct replica_world_plan *plan, const char **problem);
void replica_world_close(struct replica_world *world);

/* replica_world_run goes on until every replica has executed `commands` in all. Gives: false when it does not come to that. */
bool replica_world_run(struct replica_world *world, uint64_t commands);

/* replica_world_settle lets so many turns pass in which nothing new is sent: what is under way comes to its end. Needs: all commands were sent. */
void replica_world_settle(struct replica_world *world, uint32_t turns);

/* replica_world_leader gives who leads now; REPLICA_WORLD_REPLICAS: nobody. */
uint32_t replica_world_leader(const struct replica_world *world);

/* replica_world_again makes a driver with fresh memory over the disk of a replica, as a process that begins does; that of the old one is given back before. Gives: what recovery found.
 * helped: the threads of the world work for it. Needs: nothing of the replica is under way. */
enum err replica_world_again(struct bench_node *node, bool helped, struct recovery_outcome *outcome);

#endif
