/* pool_kit.h: a pool over the small state machine of app_kit.h, and the steps that its tests repeat. Every step ends in pool_check. */
#ifndef WARD_TESTS_CONSENSUS_POOL_KIT_H
#define WARD_TESTS_CONSENSUS_POOL_KIT_H

#include "consensus/pool/pool.h"
#include "tests/consensus/app_kit.h"

#define POOL_KIT_BLOCK_BYTES 65536u
#define POOL_KIT_BLOCK_COMMANDS 64u

struct pool_kit {
    struct app_kit app;
    struct pool_config config;
    struct pool *pool;
    struct now now;
    uint64_t height; /* of the last block that was begun */
    uint64_t party;  /* of the clients; 0: each is one of its own, as its number */
    uint8_t bytes[APP_KIT_COMMAND_BYTES_MAX]; /* of the last command that was made */
    uint8_t body[BLOCK_BYTES_MAX];
    struct block_command commands[BLOCK_COMMANDS_MAX];
    struct pool_chosen chosen;
};

/* pool_kit_open gives a pool of 1,024 commands with small blocks; change config before, if set is not NULL. Owns: pool_kit_close frees. */
struct pool_kit *pool_kit_open(void (*set)(struct pool_config *config));
void pool_kit_close(struct pool_kit *kit);

/* pool_kit_add offers a command from a client (token != 0) or a member; gives the code. */
uint16_t pool_kit_add(struct pool_kit *kit, uint64_t token, uint32_t from, const struct app_kit_command *command);

/* pool_kit_verify takes one batch and judges it. Gives: the number of signatures; 0: nothing to do. */
uint32_t pool_kit_verify(struct pool_kit *kit);

/* pool_kit_admit: add and verify; must end in ADMIT for a client. */
void pool_kit_admit(struct pool_kit *kit, uint64_t token, uint32_t from, const struct app_kit_command *command);

/* pool_kit_expect takes the next outcome and compares it. code OK: ADMIT. */
void pool_kit_expect(struct pool_kit *kit, uint64_t token, uint16_t code);
void pool_kit_expect_none(struct pool_kit *kit);

/* pool_kit_select chooses for the next height; pool_kit_chosen gives the command at a place. */
uint32_t pool_kit_select(struct pool_kit *kit);
struct command pool_kit_chosen(const struct pool_kit *kit, uint32_t place);

/* pool_kit_execute executes what was chosen last. */
void pool_kit_execute(struct pool_kit *kit);

/* pool_kit_fly puts a command in flight at a height, as part of somebody's block. */
enum pool_flight pool_kit_fly(struct pool_kit *kit, uint64_t height, const struct app_kit_command *command);

/* pool_kit_time moves the clocks. */
void pool_kit_time(struct pool_kit *kit, uint64_t ms);

#endif
