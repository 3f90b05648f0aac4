/* archive_test.c: what was added is found by name until the ring has forgotten it, and then it is not there rather than wrong. */
#include "node/archive.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct archive make(uint32_t events_max, uint32_t receipts_max)
{
    struct arena measure, arena;
    struct archive archive;

    arena_init_measure(&measure);
    archive_init(&archive, &measure, events_max, receipts_max);
    void *memory = aligned_alloc(64, measure.used);
    memset(memory, 0, measure.used);
    arena_init(&arena, memory, measure.used);
    archive_init(&archive, &arena, events_max, receipts_max);
    return archive;
}

Test(archive, gives_each_event_by_patient_and_number_until_it_is_forgotten)
{
    struct archive archive = make(64, 2);
    uint8_t patients[3][ACCT_BYTES] = { { 1 }, { 2 }, { 3 } }, bytes[AUDIT_EVENT_BYTES] = { 0 };

    for (uint32_t i = 0; i < 100; i++) {
        bytes[0] = (uint8_t)i;
        archive_add_event(&archive, patients[i % 3], i / 3, bytes);
    }
    for (uint32_t i = 0; i < 100; i++) {
        const uint8_t *found = archive_find_event(&archive, patients[i % 3], i / 3);
        if (i < 36) {
            cr_assert_null(found, "event %u is older than the ring", i);
        } else {
            cr_assert_not_null(found);
            cr_assert_eq(found[0], i);
        }
    }
    cr_assert_null(archive_find_event(&archive, patients[0], 1000));
    free(archive.events);
}

Test(archive, gives_each_receipt_by_transaction_and_by_position)
{
    struct archive archive = make(2, 16);
    uint64_t position;

    cr_assert_null(archive_receipt_at(&archive, 0));
    for (uint32_t i = 0; i < 40; i++) {
        struct receipt receipt = { .height = i, .tx_id = { { (uint8_t)(i % 4), 0, 0, 0, (uint8_t)i } } };
        archive_add_receipt(&archive, 100 + i, &receipt);
    }
    for (uint32_t i = 0; i < 40; i++) {
        struct hash32 id = { { (uint8_t)(i % 4), 0, 0, 0, (uint8_t)i } };
        const struct receipt *found = archive_find_receipt(&archive, &id, &position);
        const struct receipt *at = archive_receipt_at(&archive, 100 + i);
        cr_assert_eq(found == NULL, i < 24);
        cr_assert_eq(found, at);
        if (found != NULL) {
            cr_assert_eq(found->height, i);
            cr_assert_eq(position, 100 + i);
        }
    }
    cr_assert_null(archive_receipt_at(&archive, 140));
    free(archive.events);
}
