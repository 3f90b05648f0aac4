/* record_index.h: where the newest records lie, by kind and hash, in memory that is fixed at start.
 *
 * A ring of entries in the order of appending; the oldest is forgotten when the ring is full. Buckets chain backwards through it by
 * ever-growing entry numbers, so that forgetting needs no unlinking: a number that is too old ends the chain. */
#ifndef WARD_STORAGE_RECORD_INDEX_H
#define WARD_STORAGE_RECORD_INDEX_H

#include "base/arena.h"
#include "storage/format.h"

struct record_index_entry {
    uint64_t hash_head;    /* first 8 bytes of the hash; whoever reads compares the rest with the record header */
    uint64_t previous;     /* number of the next older entry of the bucket; 0: none */
    struct record_place place;
    uint32_t bytes_before; /* of the fragment in its record */
    uint32_t bytes_total;  /* of the record */
    uint32_t kind;
};

struct record_index {
    struct record_index_entry *entries; /* `count_max` */
    uint64_t *buckets;                  /* `count_max`: number of the newest entry, 0: none */
    uint32_t count_max;                 /* a power of two */
    uint64_t last;                      /* number of the newest entry, from 1 */
};

/* record_index_init takes count_max entries and buckets. Needs: a power of two, at least 2. Cost: 56 bytes of memory per entry. */
void record_index_init(struct record_index *index, struct arena *arena, uint32_t count_max);

/* record_index_reset forgets everything. */
void record_index_reset(struct record_index *index);

/* record_index_add remembers a fragment; it forgets the oldest when full. */
void record_index_add(struct record_index *index, const struct record_head *head, const struct record_place *place);

/* record_index_find gives the newest fragment of that name that begins at payload byte `bytes_before`. Gives: false when unknown. */
bool record_index_find(const struct record_index *index, uint8_t kind, const struct hash32 *hash, uint32_t bytes_before,
                       struct record_place *place);

/* record_index_has_whole says whether all fragments of a record are known. */
bool record_index_has_whole(const struct record_index *index, uint8_t kind, const struct hash32 *hash);

/* A run of blocks of a segment. */
struct record_blocks {
    uint32_t segment, begin, end;
};

/* record_index_forget forgets fragments whose batch begins in these blocks: they are damaged. With a hash: of the one record of that kind and name; NULL:
 * all of them. Gives: how many. Cost: a walk over all entries. */
uint32_t record_index_forget(struct record_index *index, const struct record_blocks *blocks, uint8_t kind, const struct hash32 *hash);

/* record_index_check asserts the invariant at the newest entry. */
void record_index_check(const struct record_index *index);

#endif
