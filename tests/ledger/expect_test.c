/* expect_test.c: to expect a command changes nothing, whatever its bytes. */
#include "ledger/expect.h"

#include "ledger/ledger.h"
#include "tests/ledger/ledger_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static struct lab lab;

Test(expect, changes_nothing_whatever_the_bytes)
{
    struct params params = params_default();
    uint8_t bytes[ENVELOPE_BYTES_MAX];

    params.state_keys_max = 4096;
    params.state_cells_max = 16384;
    lab_start(&lab, &params, NULL, 0);
    struct state_store *store = ledger_store(lab.ledger);
    struct hash32 before = state_store_root(store);
    for (size_t size = 0; size < sizeof bytes; size += size < 200 ? 1 : 97) {
        memset(bytes, (int)(size * 31), sizeof bytes);
        for (int step = STATE_EXPECT_HINT; step <= STATE_EXPECT_HEAD; step++) {
            expect_sender(store, bytes + size % 97, (enum state_expect)step);
        }
        struct bytes some[EXPECT_COMMANDS];
        for (uint32_t i = 0; i < EXPECT_COMMANDS; i++) {
            some[i] = bytes_of(bytes + i % 3, size > i ? size - i : 0);
        }
        expect_commands(store, some, (uint32_t)(size % (EXPECT_COMMANDS + 1)));
    }
    struct hash32 after = state_store_root(store);
    cr_assert(hash_equal(&before, &after));
    cr_assert_eq(state_store_dirty(store), 0);
}
