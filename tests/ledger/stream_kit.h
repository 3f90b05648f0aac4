/* stream_kit.h: commands made up from a stream of choices, right and wrong ones, for a small world that the genesis brings along.
 *
 * The choices come from random numbers (tests) or from the bytes of an input (fuzzing). Signatures are zeros: the ledger does not look at them.
 * No Criterion in here: fuzz targets use it too. */
#ifndef WARD_TESTS_LEDGER_STREAM_KIT_H
#define WARD_TESTS_LEDGER_STREAM_KIT_H

#include "base/rng.h"
#include "ledger/ledger.h"

enum { STREAM_GENESIS_BYTES = 1 << 15 };

#define STREAM_TIME UINT64_C(1780000000000)

/* Where choices come from: the rng when there is one, else the bytes, and zeros behind their end. */
struct choices {
    struct rng *rng;
    const uint8_t *data;
    size_t size;
    size_t at;
};

/* choose gives a number below `bound`. Needs: bound > 0. */
uint32_t choose(struct choices *choices, uint32_t bound);

/* stream_params gives the defaults with small rates and, when tight, capacities that a few hundred commands exhaust. */
struct params stream_params(bool tight);

/* stream_genesis writes the world: five organisations, eight actors, four patients with a write grant and a read grant each. Gives: the verdict of genesis_decode. */
enum verdict stream_genesis(struct genesis *genesis, const struct params *params, uint8_t bytes[STREAM_GENESIS_BYTES]);

/* stream_command makes the next command for the block at time_ms, as the ledger stands. Gives: its size. */
size_t stream_command(struct choices *choices, struct ledger *ledger, const struct genesis *genesis, uint64_t time_ms, uint8_t out[ENVELOPE_BYTES_MAX]);

/* stream_true tells whether every counter of the state is what counting gives: patients, relations, capacities, due entries, tickets, audit peaks.
 * Gives: NULL, or what is wrong. */
const char *stream_true(struct ledger *ledger);

#endif
