/* params_test.c: the parameters have one encoding, and none outside its hard bounds is accepted. */
#include "ledger/params.h"

#include "tests/storage/pinned_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static uint8_t bytes[PARAMS_BYTES + 1];

Test(params, defaults_round_trip_and_every_truncation_is_refused)
{
    struct params in = params_default(), out;
    uint8_t again[PARAMS_BYTES];

    cr_assert_eq(params_check(&in), VERDICT_OK);
    params_encode(&in, bytes);
    cr_assert_eq(params_decode(&out, bytes, PARAMS_BYTES), VERDICT_OK);
    params_encode(&out, again);
    cr_assert_arr_eq(again, bytes, PARAMS_BYTES);
    for (size_t cut = 0; cut < PARAMS_BYTES; cut++) {
        cr_assert_neq(params_decode(&out, bytes, cut), VERDICT_OK);
    }
    cr_assert_neq(params_decode(&out, bytes, PARAMS_BYTES + 1), VERDICT_OK);
}

Test(params, keep_their_bytes)
{
    struct params in = params_default();

    in.tickets_kept_max = 65; /* by default equal to pending_max, and two periods each to another */
    in.ended_kept_ms++;
    in.disclose_late_ms++;
    params_encode(&in, bytes);
    pinned_kit_check("params", bytes, PARAMS_BYTES, "256 1441f3e2ee267ca5");
}

Test(params, every_flipped_bit_is_refused_or_encoded_again)
{
    struct params in = params_default(), out;
    uint8_t again[PARAMS_BYTES];
    unsigned accepted = 0;

    params_encode(&in, bytes);
    for (size_t bit = 0; bit < PARAMS_BYTES * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (params_decode(&out, bytes, PARAMS_BYTES) == VERDICT_OK) {
            params_encode(&out, again);
            cr_assert_arr_eq(again, bytes, PARAMS_BYTES);
            accepted++;
        }
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    cr_assert_gt(accepted, 100);
    cr_assert_lt(accepted, 128 * 8);
}

Test(params, hard_bounds_hold_on_both_sides)
{
    struct params p = params_default();

    p.grants_live_max = 256;
    cr_assert_eq(params_check(&p), VERDICT_OK);
    p.grants_live_max = 257;
    cr_assert_eq(params_check(&p), VERDICT_RANGE);
    p = params_default();
    p.rate_system.interval_ms = 0;
    cr_assert_eq(params_check(&p), VERDICT_RANGE);
    p = params_default();
    p.state_cells_max = p.state_keys_max;
    cr_assert_eq(params_check(&p), VERDICT_OK);
    p.state_cells_max = p.state_keys_max - 1;
    cr_assert_eq(params_check(&p), VERDICT_RANGE);
    p = params_default();
    p.tickets_kept_max = p.tickets_live_max - 1;
    cr_assert_eq(params_check(&p), VERDICT_RANGE);
}
