/* config.h: the configuration of one epoch: who the members are, who leads when, and the limits that must be equal at all of them.
 *
 * It is chain data: epoch 0 takes it from the genesis, each later epoch from the END block of the one before. Two replicas with
 * different configurations have different configuration hashes and never form a certificate together. */
#ifndef WARD_WIRE_CONFIG_H
#define WARD_WIRE_CONFIG_H

#include "base/bytes.h"
#include "crypto/hash.h"
#include "wire/limits.h"

#include <stdint.h>

struct member {
    uint16_t organisation;     /* id of the hospital that runs the replica, from 1 */
    uint8_t sign_key[32];      /* Ed25519, for votes */
    uint8_t transport_key[32]; /* X25519, for links */
};

/* Limits and timers of an epoch. All are part of the configuration hash. */
struct config_limits {
    uint32_t batch_us;           /* T: how long a command may wait for company, 0 .. 1,000,000 */
    uint32_t block_bytes_max;    /* commands of one block with their payloads, 64 KiB .. BLOCK_BYTES_MAX */
    uint32_t block_commands_max; /* 1 .. BLOCK_COMMANDS_MAX */
    uint32_t view_ms_min;        /* floor of tau_0, 50 .. 10,000; 200 is the rule's */
    uint32_t view_ms_max;        /* tau_max, view_ms_min .. 60,000; 8,000 is the rule's */
    uint32_t term_blocks_max;    /* L6: blocks after which a leader ends its term, >= 1,000 */
    uint32_t checkpoint_blocks;  /* K1: 256 */
    uint32_t checkpoint_ms;      /* K1: 10,000 */
};

#define CONFIG_LIMITS_BYTES 32

/* config_is_checkpoint tells whether the block of this height and time is a checkpoint block, when the newest one before it is of previous_ms. Source: K1. */
static inline bool config_is_checkpoint(const struct config_limits *limits, uint64_t height, uint64_t time_ms, uint64_t previous_ms)
{
    return height % limits->checkpoint_blocks == 0 || time_ms >= previous_ms + limits->checkpoint_ms;
}

struct config {
    uint32_t epoch;
    uint32_t members_count; /* n, MEMBERS_MIN .. MEMBERS_MAX */
    struct member members[MEMBERS_MAX];
    uint16_t schedule[MEMBERS_MAX]; /* leader(view) = schedule[view mod n]; a permutation of the members */
    struct config_limits limits;
};

/* config_limits_default gives the limits of profile balanced. */
struct config_limits config_limits_default(void);

/* config_faults_max gives f = floor((n - 1) / 3). Source: docs/protocol.md section 1. */
uint32_t config_faults_max(uint32_t members_count);

/* config_quorum gives q = floor((n + f) / 2) + 1; never 2f + 1 written out, which is wrong where n is not 3f + 1. */
uint32_t config_quorum(uint32_t members_count);

/* config_leader gives the member that leads a view. Needs: config_check passed. */
uint32_t config_leader(const struct config *config, uint64_t view);

/* config_check tells whether a configuration is legal: ranges, schedule a permutation, all keys distinct. */
enum verdict config_check(const struct config *config);

/* config_hash gives H(HASH_CONFIG || every field in order). Cost: n x 66 bytes hashed. */
struct hash32 config_hash(const struct config *config);

void config_limits_encode(const struct config_limits *limits, struct writer *writer);
void config_limits_decode(struct config_limits *limits, struct reader *reader);

#endif
