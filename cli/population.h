/* population.h: the people of a throw-away city: systems of hospitals, patients who let their hospital write, and the commands that these
 * systems send. For demonstrations and benchmarks.
 *
 * All of it is made from a seed by rules, so that whoever knows seed and number can make command number k again:
 *
 *     actor of k      k mod actors                       its nonce: 1 + k / actors
 *     patient of k    the (k / orgs)-th of the patients of the actor's hospital, round and round
 *
 * A system of hospital o writes for patients who gave hospital o a standing write grant, so every command is to end with code 0 while no
 * limit of the ledger is reached. */
#ifndef WARD_CLI_POPULATION_H
#define WARD_CLI_POPULATION_H

#include "cli/tx.h"
#include "crypto/keys.h"
#include "ledger/params.h"
#include "wire/genesis.h"

#include <stdbool.h>
#include <stdint.h>

#define POPULATION_POINTERS_SHARE 4000u /* commands x items for each patient at most: below the ledger's 4,096 live pointers */
#define POPULATION_WINDOW 48u           /* of one actor, on their way at once; below the 64 nonces that may wait */

struct population_plan {
    uint32_t orgs;     /* hospitals with the ids 1 .. orgs */
    uint32_t actors;   /* a multiple of orgs */
    uint32_t patients; /* a multiple of orgs */
    uint64_t seed;
    uint64_t time_ms;  /* of the genesis, or a little before it */
};

struct population_actor {
    uint8_t account[ACCOUNT_BYTES];
    struct sign_keypair key;
};

struct population {
    struct population_plan plan;
    struct population_actor *actors;          /* actor i belongs to hospital 1 + i mod orgs */
    uint8_t (*patients)[ACCOUNT_BYTES];       /* patient i likewise */
    struct genesis_entity *entities;          /* actors + 2 x patients; views into `bytes` */
    uint32_t entities_count;
    uint8_t *bytes;
};

/* population_make derives keys, accounts and genesis entities. Fails: ERR_NO_MEMORY. Cost: one scalar multiplication for each account. */
enum err population_make(struct population *population, const struct population_plan *plan);
void population_close(struct population *population);

/* population_capacities sets the capacities for the population and `pointers` pointers of it, and leaves `spare` of everything for others.
 * Every other parameter stays as it is. */
void population_capacities(const struct population_plan *plan, uint64_t pointers, uint32_t spare, struct params *params);

/* What the commands of a population are like. */
struct population_work {
    const struct hash32 *genesis;
    uint64_t valid_until_ms;
    uint32_t items;     /* of one command, 1 .. POINTER_ADD_ITEMS_MAX */
    bool located;       /* each item brings a locator of 509 bytes beside the command */
};

/* population_commands_max gives how many commands of so many items the patients can take. */
uint64_t population_commands_max(const struct population_plan *plan, uint32_t items);

/* population_sign makes command number `number`. Gives: *tx. Cost: one signature. */
void population_sign(const struct population *population, const struct population_work *work, uint64_t number, struct tx *tx);

/* population_home gives the hospital, from 0, whose system sends command number `number`. */
uint32_t population_home(const struct population_plan *plan, uint64_t number);

#endif
