/* pages.c: see pages.h. Invariant: what is kept is whole mappings, in sizes that servers of any cluster share. */
#include "sim/world/pages.h"

#include "base/assert.h"

#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#define KEPT_MAX 160u             /* mappings: two for each of the servers of a large world */
#define PAGE_BYTES 4096u
#define LOOK_PAGES 16384u         /* of which the kernel is asked at once */
#define SIZE_STEP ((size_t)16 << 20)
#define TOUCHED_MAX 8192u         /* pages; more are not worth clearing */

struct kept {
    uint8_t *pages; /* NULL: free place */
    size_t size;
};

static struct kept kept[KEPT_MAX];

/* clear_touched clears the pages of a run that are there. Gives: how many, or TOUCHED_MAX + 1 when there are too many. */
static size_t clear_touched(uint8_t *pages, size_t count, size_t most)
{
    static unsigned char there[LOOK_PAGES];
    size_t touched = 0;

    ASSERT(count <= LOOK_PAGES);
    int code = mincore(pages, count * PAGE_BYTES, there);
    ASSERT(code == 0);
    for (size_t i = 0; i < count && touched <= most; i++) {
        if ((there[i] & 1) != 0) {
            memset(pages + i * PAGE_BYTES, 0, PAGE_BYTES);
            touched++;
        }
    }
    return touched;
}

/* clear makes all of it zeros again. Gives: false when that costs more than new memory. */
static bool clear(uint8_t *pages, size_t size)
{
    size_t count = size / PAGE_BYTES, touched = 0;

    for (size_t at = 0; at < count && touched <= TOUCHED_MAX; at += LOOK_PAGES) {
        size_t part = count - at < LOOK_PAGES ? count - at : LOOK_PAGES;
        touched += clear_touched(pages + at * PAGE_BYTES, part, TOUCHED_MAX - touched);
    }
    return touched <= TOUCHED_MAX;
}

static size_t mapped_bytes(size_t size)
{
    return (size + SIZE_STEP - 1) / SIZE_STEP * SIZE_STEP;
}

uint8_t *pages_take(size_t size)
{
    ASSERT(size > 0);
    size = mapped_bytes(size);
    for (uint32_t i = 0; i < KEPT_MAX; i++) {
        struct kept found = kept[i];
        if (found.pages == NULL || found.size != size) {
            continue;
        }
        kept[i].pages = NULL;
        if (clear(found.pages, size)) {
            return found.pages;
        }
        munmap(found.pages, size);
    }
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ASSERT(pages != MAP_FAILED);
    return pages;
}

void pages_give(uint8_t *pages, size_t size)
{
    ASSERT(pages != NULL);
    size = mapped_bytes(size);
    for (uint32_t i = 0; i < KEPT_MAX; i++) {
        if (kept[i].pages == NULL) {
            kept[i] = (struct kept){ pages, size };
            return;
        }
    }
    munmap(pages, size);
}
