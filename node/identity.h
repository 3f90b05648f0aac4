/* identity.h: does a configuration belong to this genesis, and do the key files belong to the member that it names?
 *
 * Asked before anything is signed: two chains started from two genesis files, or one key in two places, must end here with a sentence. */
#ifndef WARD_NODE_IDENTITY_H
#define WARD_NODE_IDENTITY_H

#include "node/config.h"
#include "node/keyfile.h"
#include "wire/config.h"
#include "wire/genesis.h"

#define HISTORY_CHECKPOINTS_MIN 4u /* least memory.history_blocks in checkpoint intervals: what is due after half of it less one begins at the next checkpoint block, or, when that one came to nothing, at the
                                      one behind it, and is made before the history ends (decision 0246) */

/* Who we are in epoch 0. */
struct identity {
    uint32_t organisation; /* id, from 1 */
    uint32_t member;       /* index, < members_count */
};

/* identity_find compares name, fingerprint, profile and the length of the history with the genesis and finds the member. Gives: *identity and *epoch, the configuration
 * of epoch 0. Fails: ERR_CONFLICT (another genesis, chain name or profile, too short a history, a queue of the log that a block does not fit), ERR_NOT_FOUND (no such organisation, it runs no replica, or a
 * peer is no member), ERR_FORMAT (the genesis has no legal configuration), ERR_INVALID (another member has no address that can
 * be dialled); the problem says which. */
enum err identity_find(struct identity *identity, struct config *epoch, const struct node_config *config, const struct genesis *genesis, struct config_problem *problem);

/* identity_keys loads both key files and compares them with the member's public keys. Needs: keys in secret pages.
 * Fails: as keyfile_load; ERR_CONFLICT when a key is not the member's. */
enum err identity_keys(const struct identity *identity, const struct config *epoch, const struct node_config *config, struct keyfile *sign, struct keyfile *transport,
                       struct config_problem *problem);

/* profile_batch_us gives T of a profile in microseconds: fast 0, balanced 5,000, eco 400,000; UINT32_MAX for another word. Source: rule L1. */
uint32_t profile_batch_us(const char *profile);

#endif
