/* slab_test.c: runs do not overlap, an owner has its pages and no others, and all of it comes back. */
#include "consensus/slab.h"

#include "base/rng.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#define OWNERS 3u
#define PAGES 12u

static uint8_t data[PAGES * SLAB_PAGE_BYTES];
static struct slab_page pages[PAGES];
static struct slab_owner owners[OWNERS];
static struct slab slab;

static void fresh(uint32_t first, uint32_t second, uint32_t third)
{
    cr_assert_leq(first + second + third, PAGES);
    owners[0].pages_max = first;
    owners[1].pages_max = second;
    owners[2].pages_max = third;
    slab_init(&slab, data, pages, owners, OWNERS);
}

Test(slab, gives_chunks_of_the_smallest_class_that_fits)
{
    static const struct { size_t size, chunk; } table[] = { { 1, 320 }, { 320, 320 }, { 321, 384 }, { 377, 384 }, { 385, 512 }, { 1025, 1536 }, { 8193, SLAB_PAGE_BYTES }, { SLAB_PAGE_BYTES, SLAB_PAGE_BYTES } };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        cr_assert_eq(slab_run_bytes(table[i].size), table[i].chunk, "%zu", table[i].size);
    }
}

Test(slab, refuses_an_owner_whose_pages_are_used_up_and_no_other)
{
    fresh(2, 1, 0);
    cr_assert_not_null(slab_take(&slab, 0, SLAB_PAGE_BYTES));
    uint8_t *second = slab_take(&slab, 0, 100);
    cr_assert_not_null(second);
    cr_assert_null(slab_take(&slab, 0, 1000), "a second class needs a third page");
    cr_assert_not_null(slab_take(&slab, 0, 100), "the page of the first class has room");
    cr_assert_not_null(slab_take(&slab, 1, 1000), "another owner is not touched");
    cr_assert_null(slab_take(&slab, 2, 1), "no page, no memory");
    slab_check(&slab);
}

Test(slab, gives_an_empty_page_to_any_class_and_owner_again)
{
    uint8_t *runs[SLAB_PAGE_BYTES / 320];
    uint32_t count = SLAB_PAGE_BYTES / 320;

    fresh(1, 0, 0);
    for (uint32_t i = 0; i < count; i++) {
        runs[i] = slab_take(&slab, 0, 320);
        cr_assert_not_null(runs[i]);
    }
    cr_assert_null(slab_take(&slab, 0, 320));
    for (uint32_t i = 0; i < count; i++) {
        slab_give(&slab, runs[i]);
        slab_check(&slab);
    }
    cr_assert_not_null(slab_take(&slab, 0, SLAB_PAGE_BYTES));
}

Test(slab, stops_when_a_run_is_given_twice, .signal = SIGABRT)
{
    fresh(1, 0, 0);
    uint8_t *run = slab_take(&slab, 0, 10);
    slab_give(&slab, run);
    slab_give(&slab, run);
}

struct held {
    uint8_t *run;
    size_t size;
    uint8_t mark;
};

static void check_content(const struct held *held)
{
    for (size_t i = 0; i < held->size; i++) {
        cr_assert_eq(held->run[i], held->mark);
    }
}

Test(slab, keeps_every_run_to_its_taker_under_random_use)
{
    static struct held held[600];
    uint32_t count = 0;
    struct rng rng;

    fresh(6, 4, 2);
    rng_init(&rng, 11);
    for (uint32_t step = 0; step < 30000; step++) {
        bool take = count == 0 || (count < 600 && rng_below(&rng, 2) == 0);
        if (take) {
            struct held *h = &held[count];
            h->size = rng_below(&rng, 10) == 0 ? rng_below(&rng, SLAB_PAGE_BYTES) + 1 : rng_below(&rng, 700) + 1;
            h->mark = (uint8_t)step;
            h->run = slab_take(&slab, (uint32_t)rng_below(&rng, OWNERS), h->size);
            if (h->run != NULL) {
                memset(h->run, h->mark, h->size);
                count++;
            }
        } else {
            uint32_t i = (uint32_t)rng_below(&rng, count);
            check_content(&held[i]);
            slab_give(&slab, held[i].run);
            held[i] = held[--count];
        }
        if (step % 100 == 0) {
            slab_check(&slab);
        }
    }
    while (count > 0) {
        check_content(&held[--count]);
        slab_give(&slab, held[count].run);
    }
    slab_check(&slab);
    cr_assert_eq(owners[0].pages + owners[1].pages + owners[2].pages, 0);
}
