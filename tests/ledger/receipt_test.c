/* receipt_test.c: a receipt has one encoding; its leaf commits to every field. */
#include "ledger/receipt.h"

#include "tests/storage/pinned_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct receipt sample = { .height = 77, .index = 4095, .tx_id = { { 1 } }, .code = CODE_DUP_COMMIT, .events_digest = { { 2 } },
    .eval_digest = { { 3 } }, .time_ms = 1780000000123 };

Test(receipt, round_trips_and_every_truncation_is_refused)
{
    uint8_t bytes[RECEIPT_BYTES + 1], again[RECEIPT_BYTES];
    struct receipt out;
    struct hash32 leaf = receipt_leaf(&sample);

    receipt_encode(&sample, bytes);
    pinned_kit_check("receipt", bytes, RECEIPT_BYTES, "116 96301245b4a6917d");
    pinned_kit_check("leaf of a receipt", leaf.bytes, HASH_BYTES, "32 272d2ee304dc6b81");
    cr_assert_eq(receipt_decode(&out, bytes, RECEIPT_BYTES), VERDICT_OK);
    receipt_encode(&out, again);
    cr_assert_arr_eq(bytes, again, RECEIPT_BYTES);
    for (size_t cut = 0; cut < RECEIPT_BYTES; cut++) {
        cr_assert_eq(receipt_decode(&out, bytes, cut), VERDICT_SHORT);
    }
    cr_assert_eq(receipt_decode(&out, bytes, RECEIPT_BYTES + 1), VERDICT_TRAILING);
}

Test(receipt, every_flipped_bit_is_refused_or_gives_another_leaf)
{
    uint8_t bytes[RECEIPT_BYTES], again[RECEIPT_BYTES];
    struct hash32 leaf = receipt_leaf(&sample);
    struct receipt out;

    receipt_encode(&sample, bytes);
    for (size_t bit = 0; bit < RECEIPT_BYTES * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (receipt_decode(&out, bytes, RECEIPT_BYTES) == VERDICT_OK) {
            struct hash32 other = receipt_leaf(&out);
            receipt_encode(&out, again);
            cr_assert_arr_eq(bytes, again, RECEIPT_BYTES);
            cr_assert_not(hash_equal(&leaf, &other));
        }
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}
