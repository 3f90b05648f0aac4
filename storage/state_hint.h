/* state_hint.h: where the leaf of a key is, without walking down the tree: a table that may forget, and never errs.
 *
 *     line    the eight bytes after the key's first: all keys of one account share one line of 64 bytes, so that one miss of the cache finds them all
 *     place   in the line, 16 of them: short keys by their first byte, longer ones by first and last
 *
 * Whoever puts a leaf into the newest tree or takes one out of it says so here, so a place names a leaf of that tree or none. Two keys may want one
 * place; what was looked for last has it, and the other is found by walking down again. The cost is bounded whatever the keys are, and nothing depends on it but time. */
#ifndef WARD_STORAGE_STATE_HINT_H
#define WARD_STORAGE_STATE_HINT_H

#include "base/arena.h"
#include "base/bytes.h"

#include <stdint.h>
#include <string.h>

#define STATE_HINT_NONE 0u /* references of leaves have their highest bit set */
#define STATE_HINT_PLACES 16u
#define STATE_HINT_LINES_MAX 131072u

struct state_hints {
    uint32_t *places;    /* lines x STATE_HINT_PLACES */
    uint32_t lines_bits; /* the number of lines is a power of two */
};

/* state_hints_init takes a line for every key, at most STATE_HINT_LINES_MAX: 8 MiB, touched by use. */
void state_hints_init(struct state_hints *hints, struct arena *arena, uint32_t keys_max);

/* state_hints_clear forgets everything. */
void state_hints_clear(struct state_hints *hints);

/* state_hint_place gives the place of a key: it holds the reference of a leaf, of this key or another one, or STATE_HINT_NONE. */
static inline uint32_t *state_hint_place(const struct state_hints *hints, struct bytes key)
{
    uint64_t name = 0;
    size_t size = key.size < 9 ? key.size - 1 : 8;
    uint32_t first = key.data[0], last = key.data[key.size - 1];

    if (size == 8) {
        memcpy(&name, key.data + 1, 8);
    } else {
        memcpy(&name, key.data + 1, size);
    }
    uint64_t line = (name * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - hints->lines_bits);
    uint32_t place = key.size <= 33 ? first % 8 : 8 + (first + last) % 8;
    return hints->places + line * STATE_HINT_PLACES + place;
}

#endif
