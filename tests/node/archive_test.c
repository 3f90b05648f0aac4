/* archive_test.c: what was added is found by name until the ring has forgotten it, and then it is not there rather than wrong. */
#include "node/archive.h"

#include "tests/node/pages_kit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct archive make(uint32_t events_max, uint32_t receipts_max, uint32_t locators_max)
{
    struct arena measure, arena;
    struct archive archive;

    arena_init_measure(&measure);
    archive_init(&archive, &measure, &(struct archive_sizes){ events_max, receipts_max, locators_max });
    void *memory = aligned_alloc(64, measure.used);
    memset(memory, 0, measure.used);
    arena_init(&arena, memory, measure.used);
    archive_init(&archive, &arena, &(struct archive_sizes){ events_max, receipts_max, locators_max });
    return archive;
}

Test(archive, gives_each_event_by_patient_and_number_until_it_is_forgotten)
{
    struct archive archive = make(64, 2, 0);
    uint8_t patients[3][ACCT_BYTES] = { { 1 }, { 2 }, { 3 } }, bytes[AUDIT_EVENT_BYTES] = { 0 };

    for (uint32_t i = 0; i < 100; i++) {
        bytes[0] = (uint8_t)i;
        archive_add_event(&archive, patients[i % 3], i / 3, bytes, NULL);
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
    struct archive archive = make(8, 16, 0);
    uint64_t position;

    cr_assert_null(archive_receipt_at(&archive, 0));
    for (uint32_t i = 0; i < 40; i++) {
        struct receipt receipt = { .height = i, .tx_id = { { (uint8_t)(i % 4), 0, 0, 0, (uint8_t)i } } };
        archive_add_receipt(&archive, 100 + i, &receipt, NULL);
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

/* Every receipt that is held has a path, long after the first ones are forgotten. */
Test(archive, proves_every_receipt_that_it_holds)
{
    struct archive archive = make(8, 16, 0);
    struct merkle_log log = archive_receipts_log(&archive);
    struct merkle_peaks peaks = { 0 };

    for (uint64_t i = 0; i < 300; i++) {
        struct receipt receipt = { .height = i, .tx_id = { { (uint8_t)i, (uint8_t)(i >> 8) } } };
        struct hash32 leaf = receipt_leaf(&receipt);
        archive_add_receipt(&archive, i, &receipt, NULL);
        merkle_peaks_append(&peaks, &leaf);
        struct hash32 root = merkle_peaks_root(&peaks);
        for (uint64_t index = i < 15 ? 0 : i - 15; index <= i; index++) {
            struct merkle_path path;
            const struct receipt *held = archive_receipt_at(&archive, index);
            cr_assert_not_null(held);
            leaf = receipt_leaf(held);
            cr_assert(merkle_log_path(&log, index, i + 1, &path), "%zu of %zu", (size_t)index, (size_t)i + 1);
            cr_assert(merkle_verify_inclusion(&leaf, index, i + 1, &root, path.nodes, path.length));
        }
    }
    free(archive.events);
}

/* All events of all patients share the ring; each that is held has its place in its own patient's tree proved. */
Test(archive, proves_every_event_that_it_holds)
{
    struct archive archive = make(256, 2, 0);
    struct archive_trail trails[3] = { { &archive, { 0 } }, { &archive, { 0 } }, { &archive, { 0 } } };
    struct merkle_peaks peaks[3] = { 0 }, found;
    uint8_t bytes[AUDIT_EVENT_BYTES] = { 0 };

    for (uint8_t who = 0; who < 3; who++) { /* accounts are hashes */
        struct hash32 account = hash_one(HASH_ACCT, &who, 1);
        memcpy(trails[who].patient, account.bytes, ACCT_BYTES);
    }
    for (uint32_t i = 0; i < 900; i++) {
        uint32_t who = i % 7 == 0 ? 1 : i % 3 == 0 ? 2 : 0;
        struct merkle_log log = archive_trail_log(&trails[who]);
        bytes[0] = (uint8_t)i;
        archive_add_event(&archive, trails[who].patient, peaks[who].count, bytes, NULL);
        struct hash32 leaf = merkle_leaf(bytes, sizeof bytes);
        merkle_peaks_append(&peaks[who], &leaf);
        struct hash32 root = merkle_peaks_root(&peaks[who]);
        uint64_t count = peaks[who].count, held = 0;
        for (uint64_t seq = count; seq-- > 0 && archive_find_event(&archive, trails[who].patient, seq) != NULL; held++) {
            struct merkle_path path;
            leaf = merkle_leaf(archive_find_event(&archive, trails[who].patient, seq), AUDIT_EVENT_BYTES);
            cr_assert(merkle_log_path(&log, seq, count, &path), "event %u: %zu of %zu", i, (size_t)seq, (size_t)count);
            cr_assert(merkle_verify_inclusion(&leaf, seq, count, &root, path.nodes, path.length));
            cr_assert(merkle_log_peaks(&log, seq, &found), "a page can begin with each of them");
        }
        cr_assert_gt(held, 0);
    }
    free(archive.events);
}

Test(archive, proves_the_trail_of_each_patient_while_all_of_it_is_held)
{
    struct archive archive = make(64, 2, 0);
    struct archive_trail trail = { &archive, { 9 } };
    struct merkle_log log = archive_trail_log(&trail);
    struct merkle_peaks peaks = { 0 }, found;
    uint8_t other[ACCT_BYTES] = { 8 }, bytes[AUDIT_EVENT_BYTES] = { 0 };

    for (uint32_t i = 0; i < 30; i++) {
        bytes[0] = (uint8_t)i;
        archive_add_event(&archive, trail.patient, i, bytes, NULL);
        struct hash32 leaf = merkle_leaf(bytes, sizeof bytes);
        merkle_peaks_append(&peaks, &leaf);
        bytes[0] = 200;
        archive_add_event(&archive, other, i, bytes, NULL);
        cr_assert(merkle_log_peaks(&log, i + 1, &found));
        struct hash32 root = merkle_peaks_root(&peaks), same = merkle_peaks_root(&found);
        cr_assert(hash_equal(&root, &same));
    }
    for (uint32_t i = 30; i < 40; i++) { /* by now the first events are forgotten */
        archive_add_event(&archive, trail.patient, i, bytes, NULL);
        archive_add_event(&archive, other, i, bytes, NULL);
    }
    cr_assert_not(merkle_log_peaks(&log, 3, &found));
    free(archive.events);
}

Test(archive, hands_out_the_locator_that_has_the_hash_and_nobody_elses)
{
    struct archive archive = make(8, 2, 4);
    uint8_t bytes[LOCATOR_SEALED_BYTES] = { 7 }, forged[LOCATOR_SEALED_BYTES] = { 8 };
    struct hash32 hash = hash_one(HASH_LOCATOR, bytes, sizeof bytes);

    cr_assert_null(archive_find_locator(&archive, &hash));
    archive_add_locator(&archive, &hash, bytes);
    archive_add_locator(&archive, &hash, forged);
    const uint8_t *found = archive_find_locator(&archive, &hash);
    cr_assert_not_null(found);
    cr_assert_arr_eq(found, bytes, sizeof bytes);
    for (int i = 0; i < 3; i++) {
        archive_add_locator(&archive, &hash, forged);
    }
    cr_assert_null(archive_find_locator(&archive, &hash), "the ring has forgotten it");
    free(archive.events);
}

Test(archive, keeps_no_locators_when_it_is_told_so)
{
    struct archive archive = make(8, 2, 0);
    uint8_t bytes[LOCATOR_SEALED_BYTES] = { 7 };
    struct hash32 hash = hash_one(HASH_LOCATOR, bytes, sizeof bytes);

    archive_expect_locator(&archive, &hash); /* there are no buckets to fetch from */
    archive_add_locator(&archive, &hash, bytes);
    cr_assert_null(archive_find_locator(&archive, &hash));
    free(archive.events);
}

/* A start clears the archive before it fills it, and most replicas never fill it. */
Test(archive, that_is_cleared_touches_only_what_it_held)
{
    struct archive_sizes sizes = { 1 << 16, 1 << 16, 1 << 12 };
    struct archive archive;
    struct arena measure;
    uint8_t patient[ACCT_BYTES] = { 1 }, bytes[AUDIT_EVENT_BYTES] = { 0 };

    arena_init_measure(&measure);
    archive_init(&archive, &measure, &sizes);
    struct arena arena = pages_arena(measure.used);
    archive_init(&archive, &arena, &sizes);
    archive_clear(&archive);
    cr_assert_eq(pages_touched(&arena), 0, "%zu pages", pages_touched(&arena));
    archive_add_event(&archive, patient, 0, bytes, NULL);
    cr_assert_not_null(archive_find_event(&archive, patient, 0));
    archive_clear(&archive);
    cr_assert_null(archive_find_event(&archive, patient, 0));
    cr_assert_lt(pages_touched(&arena), 1 + (1 << 16) * 8 / 4096 + 8, "the buckets of events alone");
}

/* fill adds so many events of one patient and receipts, from a number on; `tag` makes them others. */
static void fill(struct archive *archive, uint64_t from, uint64_t count, uint8_t tag)
{
    uint8_t patient[ACCT_BYTES] = { 1 }, bytes[AUDIT_EVENT_BYTES] = { tag };

    for (uint64_t i = from; i < from + count; i++) {
        struct receipt receipt = { .height = i + 1, .tx_id = { { (uint8_t)i, (uint8_t)(i >> 8), tag } }, .code = CODE_OK, .time_ms = i };
        bytes[1] = (uint8_t)i;
        archive_add_event(archive, patient, i, bytes, NULL);
        archive_add_receipt(archive, i, &receipt, NULL);
    }
}

/* same compares every proof of two archives, in trees of `count` leaves. Gives: how many there are. */
static uint32_t same(const struct archive *one, const struct archive *other, uint64_t count)
{
    struct archive_trail trails[2] = { { one, { 1 } }, { other, { 1 } } };
    struct merkle_log logs[4] = { archive_receipts_log(one), archive_receipts_log(other), archive_trail_log(&trails[0]), archive_trail_log(&trails[1]) };
    uint32_t proofs = 0;

    for (uint64_t i = 0; i < 2 * count; i++) {
        struct merkle_path paths[2] = { { .length = 0 }, { .length = 0 } };
        bool given = merkle_log_path(&logs[i % 2 * 2], i / 2, count, &paths[0]);
        cr_assert_eq(merkle_log_path(&logs[i % 2 * 2 + 1], i / 2, count, &paths[1]), given);
        cr_assert_eq(paths[0].length, paths[1].length);
        cr_assert_arr_eq(paths[0].nodes, paths[1].nodes, paths[0].length * sizeof paths[0].nodes[0]);
        proofs += given;
    }
    return proofs;
}

/* Whatever it held before, in whatever state of its rings: every answer and every proof is that of one that is new; also when it begins in the middle of its trees, as behind a snapshot
 * whose tops are not to be had, and there is nothing to prove by. */
Test(archive, that_is_cleared_and_filled_is_as_a_new_one)
{
    enum { RING = 16 };
    static const uint64_t counts[] = { 1, 5, RING, RING + 1, 2 * RING + 3 };
    uint8_t patient[ACCT_BYTES] = { 1 };
    uint32_t proofs = 0;

    for (uint64_t at = 0; at < 2 * (3 * RING + 1) * 5; at++) {
        uint64_t before = at / 10, count = counts[at / 2 % 5], from = at % 2 == 0 ? 0 : RING + 4, position;
        struct archive old = make(RING, RING, 0), fresh = make(RING, RING, 0);
        struct hash32 gone = { { 0, 0, 7 } };
        fill(&old, 0, before, 7);
        archive_clear(&old);
        fill(&old, from, count, 9);
        fill(&fresh, from, count, 9);
        proofs += same(&old, &fresh, from + count);
        for (uint8_t i = 0; i < before; i++) {
            gone.bytes[0] = i;
            cr_assert_null(archive_find_receipt(&old, &gone, &position), "of the life before");
        }
        cr_assert_null(archive_find_event(&old, patient, from + count), "likewise");
        free(old.events);
        free(fresh.events);
    }
    cr_assert_gt(proofs, 1000);
}
