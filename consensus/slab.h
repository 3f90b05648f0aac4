/* slab.h: bounded memory for runs of bytes that live for a while, divided for good among owners.
 *
 *     memory = pages of SLAB_PAGE_BYTES;  a page = chunks of one size class, of one owner;  a run = one chunk, contiguous
 *
 * An owner has a number of pages that nobody else can use, so however one fills its own, the others are not touched (section 13, J7).
 * Taking and giving are O(1). What comes out depends on the sequence of calls alone. */
#ifndef WARD_CONSENSUS_SLAB_H
#define WARD_CONSENSUS_SLAB_H

#include <stddef.h>
#include <stdint.h>

#define SLAB_PAGE_BYTES 16384u  /* also the longest run */
#define SLAB_CLASSES 10u
#define SLAB_NONE UINT32_MAX

struct slab_page {
    uint32_t owner;
    uint32_t prev, next;  /* in the free list, or among the pages of its owner and class that have a free chunk */
    uint16_t used;        /* chunks given out */
    uint16_t fresh;       /* chunks from here on were never given out since the page was taken */
    uint16_t free;        /* offset of the first returned chunk / 32, plus 1; 0: none. Each holds the next */
    uint8_t class;
};

struct slab_owner {
    uint32_t pages_max;
    uint32_t pages;                  /* in use, <= pages_max */
    uint32_t partial[SLAB_CLASSES];  /* first page with a free chunk, or SLAB_NONE */
};

struct slab {
    uint8_t *data;
    struct slab_page *pages;
    struct slab_owner *owners;
    uint32_t pages_count;
    uint32_t owners_count;
    uint32_t free; /* first page that nobody has, or SLAB_NONE */
};

/* slab_init makes an empty slab. Owns: the three arrays stay the caller's: data of the sum of all pages_max x SLAB_PAGE_BYTES, one
 * slab_page for each, and owners with pages_max filled in. Needs: at least one page. */
void slab_init(struct slab *slab, uint8_t *data, struct slab_page *pages, struct slab_owner *owners, uint32_t owners_count);

/* slab_take gives a run of at least `size` bytes, contents undefined. Needs: 1 .. SLAB_PAGE_BYTES. Fails: NULL when the owner's pages are used up. */
uint8_t *slab_take(struct slab *slab, uint32_t owner, size_t size);

/* slab_give takes a run back. Needs: it was taken, and not given since. */
void slab_give(struct slab *slab, uint8_t *run);

/* slab_run_bytes gives the size of the chunk that a run of `size` bytes takes. */
size_t slab_run_bytes(size_t size);

/* slab_check asserts that pages, lists and counts agree. Cost: linear in pages. */
void slab_check(const struct slab *slab);

#endif
