/* state_chunk.h: the state cut into chunks: whole subtrees, each as large as fits, the same cut on every replica.
 *
 *                 o                 a subtree is a chunk iff its pairs take at most bytes_max and those of its parent do not
 *               /   \
 *             o       [c2]          the content alone decides the tree's shape, so it decides the cut
 *           /   \
 *        [c0]   [c1]                the hashes of all chunks, and the bits that part them, give the root
 *
 * So whoever knows a certified root can check the list of chunks by one fold, and then each chunk by itself, whoever sent it.
 * A chunk is its pairs in ascending order: u8 key length, u16 value length (little-endian), key, value. Pure. */
#ifndef WARD_STORAGE_STATE_CHUNK_H
#define WARD_STORAGE_STATE_CHUNK_H

#include "storage/state_store.h"

#define STATE_CHUNK_BYTES_MAX (1u << 20)
#define STATE_CHUNK_BYTES_MIN 4096u /* any pair fits */
#define STATE_CHUNK_PAIR_BYTES_MAX (3u + STATE_KEY_BYTES_MAX + STATE_VALUE_BYTES_MAX)
#define STATE_CHUNK_PARTS_MAX (STATE_PROOF_DEPTH_MAX + 2u)

_Static_assert(STATE_CHUNK_BYTES_MIN >= STATE_CHUNK_PAIR_BYTES_MAX, "any pair fits the smallest chunk");

struct state_chunk {
    struct hash32 hash; /* of its topmost node or leaf */
    uint16_t bit;       /* the first in which its first key differs from the last key of the chunk before; 0 of the first chunk */
    uint32_t pairs;
    uint32_t bytes;
};

/* A subtree that is complete but for what may still come to its right. */
struct chunk_part {
    struct hash32 hash;
    uint32_t bit;       /* of the node that joins it with what follows */
    uint32_t first_bit; /* as in struct state_chunk */
    uint32_t pairs, bytes;
    bool whole;         /* none of it is in a chunk yet */
};

struct state_chunker {
    uint32_t bytes_max;
    uint8_t *data;      /* twice bytes_max and a pair: chunks that are ready, then pairs that are in none yet */
    uint32_t ready_at;  /* offset of the first chunk that is ready */
    uint32_t used;
    uint32_t waiting;   /* bytes at the end that are in no chunk yet */
    uint8_t last_key[STATE_KEY_BYTES_MAX];
    uint8_t last_key_bytes; /* 0: nothing was added */
    uint32_t parts_count;
    uint32_t parts_split;   /* the first so many are in chunks already; the others are whole */
    struct chunk_part parts[STATE_CHUNK_PARTS_MAX]; /* from left to right, bits ascending */
    uint32_t ready_first, ready_count;
    struct state_chunk ready[STATE_CHUNK_PARTS_MAX];
};

/* state_chunker_init takes its buffer. Needs: STATE_CHUNK_BYTES_MIN <= bytes_max <= STATE_CHUNK_BYTES_MAX. Cost: 2 x bytes_max of memory. */
void state_chunker_init(struct state_chunker *chunker, struct arena *arena, uint32_t bytes_max);

/* state_chunker_begin starts over. */
void state_chunker_begin(struct state_chunker *chunker);

/* state_chunker_add adds the next pair. Needs: keys ascend; every chunk that was ready has been taken. Cost: two hashes, a copy. */
void state_chunker_add(struct state_chunker *chunker, struct bytes key, struct bytes value);

/* state_chunker_end closes the last chunk. Gives: the root of all pairs. Chunks may be ready afterwards. */
struct hash32 state_chunker_end(struct state_chunker *chunker);

/* state_chunker_next gives the next chunk that is ready, in ascending order; false when there is none. Owns: its bytes stand until the next add. */
bool state_chunker_next(struct state_chunker *chunker, struct state_chunk *chunk, struct bytes *bytes);

/* A walk over chunks from left to right that ends with the root above them. */
struct state_fold {
    uint32_t count;
    bool any;
    struct hash32 last;
    struct {
        uint32_t bit;
        struct hash32 hash;
    } open[STATE_PROOF_DEPTH_MAX]; /* what lies left of the path to the last, from the top down, bits ascending */
};

void state_fold_begin(struct state_fold *fold);

/* state_fold_add adds the next subtree, parted from the one before by `bit`. Any input is safe. Fails: false when no tree has such bits. */
bool state_fold_add(struct state_fold *fold, uint32_t bit, const struct hash32 *hash);

/* state_fold_end gives the root, zeros when nothing was added. */
struct hash32 state_fold_end(struct state_fold *fold);

/* state_chunk_check computes the hash of the subtree that the bytes hold. Any input is safe. Gives: OK, *hash, *pairs; SHORT, LENGTH, ORDER.
 * Cost: two hashes for each pair. */
enum verdict state_chunk_check(struct bytes bytes, struct hash32 *hash, uint32_t *pairs);

/* state_pair_read reads the next pair of a chunk. Gives: false at the end, and when it is none. Owns: views into the bytes. */
bool state_pair_read(struct reader *reader, struct state_entry *entry);

#endif
