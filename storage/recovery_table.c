/* recovery_table.c: what recovery does with the place of a batch. D is the highest batch number that something valid proves durable:
 * the floor in the superblock, `durable_upto` of any valid header, the first batch of a later segment.
 *
 *     first sector | rest          | n <= D     | n > D          | n >= first batch of the next segment
 *     -------------+---------------+------------+----------------+-------------------------------------
 *     whole        | good          | keep       | keep           | void
 *     whole        | holes (zeros) | rot        | torn           | void
 *     whole        | otherwise bad | rot        | adopt          | void
 *     zero         | -             | rot        | torn (or end)  | void
 *     other        | -             | rot        | ambiguous      | void
 *
 * Why torn is safe: the write that made the batch durable had not completed, or the missing sectors would not be zeros; so nobody was
 * told, and the background of zeros shows it. Why adopt: bytes that are neither ours nor zeros are damage done later, so the batch
 * may have been acknowledged; its header is whole, and the header alone says what was signed. Why ambiguous abstains: the header
 * itself is damaged, so what was signed is unknown but for its bound, the view limit of an older capsule. */
#include "storage/recovery_table.h"

#include "base/assert.h"

#include <stddef.h>

static const enum batch_fate table[HEAD_FOUND_COUNT][BODY_FOUND_COUNT][PROOF_FOUND_COUNT] = {
    [HEAD_WHOLE] = {
        [BODY_GOOD]  = { [PROOF_DURABLE] = FATE_KEEP, [PROOF_NONE] = FATE_KEEP,      [PROOF_SUPERSEDED] = FATE_VOID },
        [BODY_HOLES] = { [PROOF_DURABLE] = FATE_ROT,  [PROOF_NONE] = FATE_TORN,      [PROOF_SUPERSEDED] = FATE_VOID },
        [BODY_BAD]   = { [PROOF_DURABLE] = FATE_ROT,  [PROOF_NONE] = FATE_ADOPT,     [PROOF_SUPERSEDED] = FATE_VOID },
    },
    [HEAD_ZERO] = {
        [BODY_GOOD]  = { [PROOF_DURABLE] = FATE_ROT,  [PROOF_NONE] = FATE_TORN,      [PROOF_SUPERSEDED] = FATE_VOID },
        [BODY_HOLES] = { [PROOF_DURABLE] = FATE_ROT,  [PROOF_NONE] = FATE_TORN,      [PROOF_SUPERSEDED] = FATE_VOID },
        [BODY_BAD]   = { [PROOF_DURABLE] = FATE_ROT,  [PROOF_NONE] = FATE_TORN,      [PROOF_SUPERSEDED] = FATE_VOID },
    },
    [HEAD_OTHER] = {
        [BODY_GOOD]  = { [PROOF_DURABLE] = FATE_ROT,  [PROOF_NONE] = FATE_AMBIGUOUS, [PROOF_SUPERSEDED] = FATE_VOID },
        [BODY_HOLES] = { [PROOF_DURABLE] = FATE_ROT,  [PROOF_NONE] = FATE_AMBIGUOUS, [PROOF_SUPERSEDED] = FATE_VOID },
        [BODY_BAD]   = { [PROOF_DURABLE] = FATE_ROT,  [PROOF_NONE] = FATE_AMBIGUOUS, [PROOF_SUPERSEDED] = FATE_VOID },
    },
};

_Static_assert(sizeof table / sizeof table[0][0][0] == HEAD_FOUND_COUNT * BODY_FOUND_COUNT * PROOF_FOUND_COUNT, "every combination has a row");

enum batch_fate recovery_fate(enum head_found head, enum body_found body, enum proof_found proof)
{
    ASSERT(head < HEAD_FOUND_COUNT);
    ASSERT(body < BODY_FOUND_COUNT);
    ASSERT(proof < PROOF_FOUND_COUNT);
    return table[head][body][proof];
}

const char *batch_fate_name(enum batch_fate fate)
{
    static const char *const names[FATE_COUNT] = {
        [FATE_KEEP] = "keep",   [FATE_ROT] = "rot",             [FATE_TORN] = "torn",
        [FATE_ADOPT] = "adopt", [FATE_AMBIGUOUS] = "ambiguous", [FATE_VOID] = "void",
    };

    ASSERT(fate < FATE_COUNT);
    ASSERT(names[fate] != NULL);
    return names[fate];
}
