/* block.h: the header of a block. Its hash names the block, and holds no view: the same block can be certified again in a later view.
 *
 * The body of a block is the concatenation of its commands, each an envelope and its payload; lengths are in the envelopes. The payload
 * root is the Merkle root over the commands *without* their payloads, so that a payload can be erased and every proof stays valid. */
#ifndef WARD_WIRE_BLOCK_H
#define WARD_WIRE_BLOCK_H

#include "base/bytes.h"
#include "crypto/hash.h"

#include <stdint.h>

#define BLOCK_HEADER_BYTES 96
#define BLOCK_VERSION 1
#define BLOCK_FLAG_END 0x01u       /* the last block of its epoch */
#define WIRE_NUMBER_MAX ((uint64_t)1 << 56) /* views, heights and times beyond it are no stranger's honest value; sums cannot overflow */

struct block_header {
    uint8_t flags;     /* BLOCK_FLAG_END or 0 */
    uint16_t proposer; /* index of the member that made it */
    uint32_t commands_count;
    uint64_t epoch;
    uint64_t height;  /* 0: the genesis block */
    uint64_t time_ms; /* since 1970; of a child greater than of its parent */
    struct hash32 parent;
    struct hash32 payload_root;
};

/* layout: version 1, flags 1, proposer 2, commands_count 4, epoch 8, height 8, time_ms 8, parent 32, payload_root 32 */
void block_header_encode(const struct block_header *header, struct writer *writer);

/* block_header_decode reads BLOCK_HEADER_BYTES. Fails: SHORT, VERSION, RESERVED (a flag), RANGE (epoch, height or time). */
enum verdict block_header_decode(struct block_header *header, struct reader *reader);

/* block_hash gives H(HASH_BLOCK || encoded header). Cost: one compression. */
struct hash32 block_hash(const struct block_header *header);

/* block_genesis gives block 0: epoch 0, height 0, no commands, payload root = hash of the genesis. Its hash is the chain id. */
struct block_header block_genesis(const struct hash32 *genesis_hash, uint64_t time_ms);

#endif
