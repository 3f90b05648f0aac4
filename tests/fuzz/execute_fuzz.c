/* execute_fuzz.c: whatever stands in a block, execution is safe and the state stays true. A small world is loaded anew for each input; the input
 * is a list of steps: a command made up from the bytes that follow, bytes taken as an envelope, or the end of the block and some time.
 *
 * Input: u8 (bit 0: tight capacities), then steps: u8 below 200: a command (tests/ledger/stream_kit.h); below 220: u8 length, so many bytes as an
 * envelope for this chain; else the block ends, and the next one is up to two seconds later, or up to forty days. */
#include "tests/fuzz/fuzz.h"
#include "tests/ledger/stream_kit.h"

enum { MEMORY = 1 << 26, STEPS_MAX = 400, TIGHT = 2, SHORT = 224 };

struct world {
    struct genesis genesis;
    uint8_t genesis_bytes[STREAM_GENESIS_BYTES];
    struct ledger *ledger;
};

static struct world worlds[TIGHT];

static void take(struct world *world, bool tight)
{
    static _Alignas(ARENA_ALIGN) uint8_t memory[TIGHT][MEMORY];
    struct params params = stream_params(tight);
    struct arena arena;

    CHECK(stream_genesis(&world->genesis, &params, world->genesis_bytes) == VERDICT_OK);
    arena_init(&arena, memory[tight], MEMORY);
    world->ledger = ledger_take(&arena, &params);
    CHECK(world->ledger != NULL);
}

/* execute runs one envelope and holds its receipt against what it may have left behind. */
static void execute(struct world *world, struct bytes envelope)
{
    struct state_store *store = ledger_store(world->ledger);
    uint32_t keys = state_store_keys(store), cells = state_store_cells(store);
    const struct receipt *receipt = ledger_execute(world->ledger, envelope, NULL);

    if (receipt->code != CODE_OK) {
        CHECK(hash_is_zero(&receipt->events_digest));
        CHECK(hash_is_zero(&receipt->eval_digest));
        CHECK(state_store_keys(store) == keys);
        CHECK(state_store_cells(store) == cells);
    }
    CHECK(receipt->code == CODE_OK || code_is_known((unsigned)receipt->code));
}

static void end_block(struct world *world)
{
    ledger_end(world->ledger);
    CHECK(stream_true(world->ledger) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t envelope[ENVELOPE_BYTES_MAX];
    struct choices choices = { .data = data, .size = size };
    uint64_t height = 1, time_ms = STREAM_TIME + 1;

    if (worlds[0].ledger == NULL) {
        take(&worlds[0], false);
        take(&worlds[1], true);
    }
    struct world *world = &worlds[choose(&choices, TIGHT)];
    CHECK(ledger_load_genesis(world->ledger, &world->genesis) == VERDICT_OK);
    ledger_begin(world->ledger, height, time_ms);
    for (uint32_t i = 0; i < STEPS_MAX && choices.at < size; i++) {
        uint32_t step = choose(&choices, 256);
        if (step < 200) {
            size_t bytes = stream_command(&choices, world->ledger, &world->genesis, time_ms, envelope);
            execute(world, bytes_of(envelope, bytes));
        } else if (step < 220) {
            size_t bytes = choose(&choices, 256), left = choices.at < size ? size - choices.at : 0;
            bytes = bytes < left ? bytes : left;
            execute(world, bytes_of(data + size - left, bytes));
            choices.at += bytes;
        } else {
            uint64_t jump = choose(&choices, 256);
            end_block(world);
            time_ms += jump < SHORT ? 1 + jump * 10 : (jump - SHORT + 1) * (jump - SHORT + 1) * (jump - SHORT + 1) * 100000;
            ledger_begin(world->ledger, ++height, time_ms);
        }
    }
    end_block(world);
    return 0;
}
