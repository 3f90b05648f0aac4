/* cell_pages.c: states as the lines of memory in which they differ from the beginning.
 *
 *     guarded --first write: a fault--> touched: compared and put back from now on
 *
 * Invariant: an untouched page is as it was when the pages were taken, and so is its base. */
#include "sim/explore/cell_priv.h"

#include "base/assert.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE_BYTES 4096u
#define LINE_BYTES 64u
#define PAGE_LINES (PAGE_BYTES / LINE_BYTES)
#define CELLS_MAX 8u

struct cell_image {
    uint32_t count;
    uint32_t lines[]; /* numbers, then the lines themselves */
};

/* The cells of this process, where a fault finds its page. */
static struct cell *cells[CELLS_MAX];

static struct cell *owner_of(const uint8_t *address)
{
    for (uint32_t i = 0; i < CELLS_MAX; i++) {
        if (cells[i] != NULL && address >= cells[i]->memory && address < cells[i]->memory + cells[i]->pages * PAGE_BYTES) {
            return cells[i];
        }
    }
    return NULL;
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    const uint8_t *address = info->si_addr;
    struct cell *cell = owner_of(address);
    size_t page = cell == NULL ? 0 : (size_t)(address - cell->memory) / PAGE_BYTES;

    (void)context;
    if (cell == NULL || cell->touched[page] != 0) {
        signal(number, SIG_DFL); /* Not ours: it happens again, and ends the process. */
        return;
    }
    cell->touched[page] = 1;
    if (mprotect(cell->memory + page * PAGE_BYTES, PAGE_BYTES, PROT_READ | PROT_WRITE) != 0) {
        signal(number, SIG_DFL);
    }
}

static uint8_t *pages_of(size_t bytes, int protection)
{
    void *pages = mmap(NULL, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    ASSERT(pages != MAP_FAILED);
    return pages;
}

void cell_pages_take(struct cell *cell, size_t bytes)
{
    struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
    uint32_t place = 0;

    cell->pages = (bytes + PAGE_BYTES - 1) / PAGE_BYTES;
    cell->touched = calloc(cell->pages, 1);
    ASSERT(cell->touched != NULL);
    while (place < CELLS_MAX && cells[place] != NULL) {
        place++;
    }
    ASSERT(place < CELLS_MAX);
    cell->memory = pages_of(cell->pages * PAGE_BYTES, PROT_READ);
    cell->base = pages_of(cell->pages * PAGE_BYTES, PROT_READ | PROT_WRITE);
    cells[place] = cell;
    int failed = sigaction(SIGSEGV, &action, NULL);
    ASSERT(failed == 0);
}

void cell_pages_base(struct cell *cell)
{
    for (size_t page = 0; page < cell->pages; page++) {
        if (cell->touched[page] != 0) {
            memcpy(cell->base + page * PAGE_BYTES, cell->memory + page * PAGE_BYTES, PAGE_BYTES);
        }
    }
}

void cell_pages_give(struct cell *cell)
{
    for (uint32_t i = 0; i < CELLS_MAX; i++) {
        cells[i] = cells[i] == cell ? NULL : cells[i];
    }
    munmap(cell->memory, cell->pages * PAGE_BYTES);
    munmap(cell->base, cell->pages * PAGE_BYTES);
    free(cell->touched);
}

/* find_lines writes the numbers of the lines of a page that differ. Gives: how many. */
static uint32_t find_lines(const struct cell *cell, size_t page, uint32_t *numbers)
{
    uint32_t count = 0;

    for (size_t line = page * PAGE_LINES; line < (page + 1) * PAGE_LINES; line++) {
        if (memcmp(cell->memory + line * LINE_BYTES, cell->base + line * LINE_BYTES, LINE_BYTES) != 0) {
            numbers[count++] = (uint32_t)line;
        }
    }
    return count;
}

struct cell_image *cell_save(const struct cell *cell)
{
    uint32_t count = 0, room = 0, *numbers = NULL;

    for (size_t page = 0; page < cell->pages; page++) {
        bool differs = cell->touched[page] != 0 && memcmp(cell->memory + page * PAGE_BYTES, cell->base + page * PAGE_BYTES, PAGE_BYTES) != 0;
        if (!differs) {
            continue;
        }
        if (count + PAGE_LINES > room) {
            room = 2 * room + PAGE_LINES;
            numbers = realloc(numbers, room * sizeof *numbers);
            ASSERT(numbers != NULL);
        }
        count += find_lines(cell, page, numbers + count);
    }
    struct cell_image *image = malloc(sizeof *image + count * (sizeof *numbers + LINE_BYTES));
    ASSERT(image != NULL);
    image->count = count;
    uint8_t *content = (uint8_t *)(image->lines + count);
    for (uint32_t i = 0; i < count; i++) {
        image->lines[i] = numbers[i];
        memcpy(content + (size_t)i * LINE_BYTES, cell->memory + (size_t)numbers[i] * LINE_BYTES, LINE_BYTES);
    }
    free(numbers);
    return image;
}

void cell_load(struct cell *cell, const struct cell_image *image)
{
    const uint8_t *content = (const uint8_t *)(image->lines + image->count);

    for (size_t page = 0; page < cell->pages; page++) {
        if (cell->touched[page] != 0) {
            memcpy(cell->memory + page * PAGE_BYTES, cell->base + page * PAGE_BYTES, PAGE_BYTES);
        }
    }
    for (uint32_t i = 0; i < image->count; i++) {
        memcpy(cell->memory + (size_t)image->lines[i] * LINE_BYTES, content + (size_t)i * LINE_BYTES, LINE_BYTES);
    }
}
