/* cast.h: who takes part in a virtual cluster: hospitals with a replica each, their record systems that send commands, and one patient for each
 * record system, who lets its hospital add pointers. Everybody has real keys, drawn by name from the seed.
 *
 * The genesis is written by wire/genesis.h and every command is signed, so replicas check exactly what they check in production. */
#ifndef WARD_SIM_CAST_H
#define WARD_SIM_CAST_H

#include "crypto/keys.h"
#include "wire/block.h"
#include "wire/config.h"
#include "wire/envelope.h"
#include "wire/genesis.h"

#define CAST_GENESIS_MS UINT64_C(1700000000000) /* time of block 0 */
#define CAST_COMMAND_BYTES_MAX 1024             /* a one-item POINTER_ADD with its payload */
#define CAST_ACTORS_MAX 512

struct cast_plan {
    uint64_t seed;
    uint32_t members_count; /* MEMBERS_MIN .. MEMBERS_MAX */
    uint32_t actors_count;  /* 1 .. CAST_ACTORS_MAX; actor i belongs to hospital i mod members_count + 1 */
    struct config_limits limits;
    bool mixed; /* commands of several kinds: a pointer, one that supersedes it, a status for that one, and again */
};

/* One record system and its patient. */
struct cast_actor {
    struct sign_keypair key;
    uint8_t account[32];
    uint8_t patient[32];
    uint16_t organisation;
};

struct cast {
    struct cast_plan plan;
    struct sign_keypair *members; /* keys of the replicas */
    struct cast_actor *actors;
    uint8_t *genesis_bytes;
    struct genesis genesis;
    struct config config;       /* epoch 0 */
    struct block_header block0;
    struct hash32 chain_id;
};

/* One signed command. */
struct cast_command {
    struct hash32 id;
    uint64_t nonce;
    uint64_t valid_until_ms;
    uint32_t size;
    uint8_t bytes[CAST_COMMAND_BYTES_MAX];
};

/* cast_make builds everybody. Owns: takes memory that cast_close gives back. */
void cast_make(struct cast *cast, const struct cast_plan *plan);
void cast_close(struct cast *cast);

/* cast_sign makes actor's command number `nonce`: a pointer for its patient, or what a mixed plan has in its place, accepted with code 0.
 * Needs: nonce and valid_until_ms are set. */
void cast_sign(const struct cast *cast, uint32_t actor, struct cast_command *command);

#endif
