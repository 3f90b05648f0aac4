/* slab.c: see slab.h.
 *
 * Invariants: A1 the pages of all owners and the free list are all pages. A2 a page is in its owner's partial list of its class iff it has
 * a free chunk. A3 a page without a used chunk is in the free list. (Because the pages_max add up to all pages, an owner that may have
 * one more page finds one.) */
#include "consensus/slab.h"

#include "base/assert.h"

#include <string.h>

#define UNIT 32u /* chunk sizes and offsets are multiples of it */

/* Chunk sizes. The common command, one signature and one pointer, fits the second. */
static const uint16_t class_bytes[SLAB_CLASSES] = { 320, 384, 512, 768, 1024, 1536, 2048, 4096, 8192, SLAB_PAGE_BYTES };

_Static_assert(SLAB_PAGE_BYTES / UNIT < UINT16_MAX, "an offset in units fits the link");

static uint32_t class_of(size_t size)
{
    uint32_t class = 0;

    ASSERT(size > 0);
    ASSERT(size <= SLAB_PAGE_BYTES);
    while (class_bytes[class] < size) {
        class++;
    }
    return class;
}

size_t slab_run_bytes(size_t size)
{
    return class_bytes[class_of(size)];
}

static uint32_t chunks_of(uint32_t class)
{
    ASSERT(class < SLAB_CLASSES);
    return SLAB_PAGE_BYTES / class_bytes[class];
}

static void push(struct slab *slab, uint32_t *list, uint32_t index)
{
    struct slab_page *page = &slab->pages[index];

    page->prev = SLAB_NONE;
    page->next = *list;
    if (*list != SLAB_NONE) {
        slab->pages[*list].prev = index;
    }
    *list = index;
}

static void unlink_page(struct slab *slab, uint32_t *list, uint32_t index)
{
    struct slab_page *page = &slab->pages[index];

    if (page->prev == SLAB_NONE) {
        ASSERT(*list == index);
        *list = page->next;
    } else {
        slab->pages[page->prev].next = page->next;
    }
    if (page->next != SLAB_NONE) {
        slab->pages[page->next].prev = page->prev;
    }
}

void slab_init(struct slab *slab, uint8_t *data, struct slab_page *pages, struct slab_owner *owners, uint32_t owners_count)
{
    ASSERT(owners_count > 0);
    *slab = (struct slab){ .data = data, .pages = pages, .owners = owners, .owners_count = owners_count, .free = SLAB_NONE };
    for (uint32_t i = 0; i < owners_count; i++) {
        owners[i].pages = 0;
        slab->pages_count += owners[i].pages_max;
        for (uint32_t class = 0; class < SLAB_CLASSES; class++) {
            owners[i].partial[class] = SLAB_NONE;
        }
    }
    ASSERT(slab->pages_count > 0);
    for (uint32_t i = slab->pages_count; i > 0; i--) {
        slab->pages[i - 1] = (struct slab_page){ .owner = SLAB_NONE };
        push(slab, &slab->free, i - 1);
    }
}

/* open_page gives an owner a page of a class; SLAB_NONE when it has all that belong to it. */
static uint32_t open_page(struct slab *slab, uint32_t owner, uint32_t class)
{
    struct slab_owner *o = &slab->owners[owner];
    uint32_t index = slab->free;

    if (o->pages == o->pages_max) {
        return SLAB_NONE;
    }
    ASSERT(index != SLAB_NONE); /* A1 */
    unlink_page(slab, &slab->free, index);
    slab->pages[index] = (struct slab_page){ .owner = owner, .class = (uint8_t)class };
    push(slab, &o->partial[class], index);
    o->pages++;
    return index;
}

uint8_t *slab_take(struct slab *slab, uint32_t owner, size_t size)
{
    uint32_t class = class_of(size);

    ASSERT(owner < slab->owners_count);
    uint32_t index = slab->owners[owner].partial[class];
    if (index == SLAB_NONE) {
        index = open_page(slab, owner, class);
    }
    if (index == SLAB_NONE) {
        return NULL;
    }
    struct slab_page *page = &slab->pages[index];
    uint8_t *base = slab->data + (size_t)index * SLAB_PAGE_BYTES;
    uint8_t *run = NULL;
    if (page->free != 0) {
        run = base + (size_t)(page->free - 1u) * UNIT;
        memcpy(&page->free, run, sizeof page->free);
    } else {
        ASSERT(page->fresh < chunks_of(class));
        run = base + (size_t)page->fresh++ * class_bytes[class];
    }
    page->used++;
    if (page->used == chunks_of(class)) {
        unlink_page(slab, &slab->owners[owner].partial[class], index);
    }
    return run;
}

void slab_give(struct slab *slab, uint8_t *run)
{
    size_t offset = (size_t)(run - slab->data);
    uint32_t index = (uint32_t)(offset / SLAB_PAGE_BYTES);

    ASSERT(index < slab->pages_count);
    struct slab_page *page = &slab->pages[index];
    size_t within = offset % SLAB_PAGE_BYTES;
    ASSERT(page->owner < slab->owners_count);
    ASSERT(page->used > 0);
    ASSERT(within % class_bytes[page->class] == 0);
    struct slab_owner *owner = &slab->owners[page->owner];
    uint32_t *partial = &owner->partial[page->class];
    if (page->used == chunks_of(page->class)) {
        push(slab, partial, index);
    }
    page->used--;
    memcpy(run, &page->free, sizeof page->free);
    page->free = (uint16_t)(within / UNIT + 1);
    if (page->used == 0) {
        unlink_page(slab, partial, index);
        page->owner = SLAB_NONE;
        push(slab, &slab->free, index);
        ASSERT(owner->pages > 0);
        owner->pages--;
    }
}

static void check_partial(const struct slab *slab, uint32_t owner, uint32_t class)
{
    uint32_t steps = 0;

    for (uint32_t i = slab->owners[owner].partial[class]; i != SLAB_NONE; i = slab->pages[i].next) {
        ASSERT(i < slab->pages_count);
        ASSERT(slab->pages[i].owner == owner);
        ASSERT(slab->pages[i].class == class);
        ASSERT(slab->pages[i].used > 0);                /* A3 */
        ASSERT(slab->pages[i].used < chunks_of(class)); /* A2 */
        ASSERT(steps++ < slab->pages_count);
    }
}

void slab_check(const struct slab *slab)
{
    uint32_t owned = 0;
    uint32_t used = 0;

    for (uint32_t i = 0; i < slab->owners_count; i++) {
        ASSERT(slab->owners[i].pages <= slab->owners[i].pages_max);
        owned += slab->owners[i].pages;
        for (uint32_t class = 0; class < SLAB_CLASSES; class++) {
            check_partial(slab, i, class);
        }
    }
    for (uint32_t i = 0; i < slab->pages_count; i++) {
        used += slab->pages[i].owner != SLAB_NONE;
        ASSERT(slab->pages[i].owner == SLAB_NONE || slab->pages[i].used > 0); /* A3 */
    }
    ASSERT(used == owned);
    uint32_t free = 0;
    for (uint32_t i = slab->free; i != SLAB_NONE; i = slab->pages[i].next) {
        ASSERT(slab->pages[i].owner == SLAB_NONE);
        ASSERT(free < slab->pages_count);
        free++;
    }
    ASSERT(free + owned == slab->pages_count); /* A1 */
}
