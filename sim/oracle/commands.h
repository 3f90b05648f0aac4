/* commands.h: what must hold of every command that a chain executes, looked at apart from those who voted for it.
 *
 *     V4   its envelope can be read                        I14  each (account, nonce) executes once
 *     V5   every signature is one, it is not out of date,  C4   whoever executes a block again executes the same commands
 *          nonces have no gaps, it succeeds
 *
 * The clients of a world without consents sign only commands that succeed, so one that fails was let in by a mistake; with them the model of consent
 * says which code is right. */
#ifndef WARD_SIM_ORACLE_COMMANDS_H
#define WARD_SIM_ORACLE_COMMANDS_H

#include "node/apply.h"
#include "sim/world/cast.h"
#include "sim/oracle/facts.h"

struct failure;

struct commands {
    const struct cast *cast;
    struct failure *failure;
    bool (*verify)(void *context, const struct sig_item *item); /* NULL: signatures are not looked at */
    void *verify_context;
    struct facts nonces; /* (account, nonce) -> the block that holds it */
    uint64_t count;      /* executed, each once */
};

void commands_init(struct commands *commands, const struct cast *cast, struct failure *failure);
void commands_close(struct commands *commands);

/* commands_executed looks at each command of a block that nobody executed before. */
void commands_executed(struct commands *commands, const struct apply_block *block);

/* commands_digest gives what names the commands of a block without their payloads, which may be erased later. Never 0. */
uint64_t commands_digest(const struct apply_block *block);

/* commands_are_all tells whether the commands of a block fill its body, whoever executes it (V4). */
bool commands_are_all(const struct apply_block *block);

/* commands_height gives the height of the block that holds the command of an account with this nonce, 0 when none does. */
uint64_t commands_height(const struct commands *commands, const uint8_t account[32], uint64_t nonce);

#endif
