/* arena.h: memory that is taken once at start and never given back.
 *
 * A subsystem states its need by arena_reserve during a measuring pass (an arena without memory counts only), the sum is taken from
 * the operating system once, and after arena_seal nothing more can be taken. The same code path measures and takes, so the two
 * cannot differ. Pure: the caller brings the memory. */
#ifndef WARD_BASE_ARENA_H
#define WARD_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARENA_ALIGN 64 /* every block begins on a cache line */

struct arena {
    uint8_t *data; /* NULL: measuring only */
    size_t size;   /* capacity in bytes; SIZE_MAX when measuring */
    size_t used;   /* bytes given out so far, a multiple of ARENA_ALIGN */
    bool sealed;
};

/* arena_init_measure makes an arena that counts and gives NULL. */
void arena_init_measure(struct arena *arena);

/* arena_init takes over `size` zeroed bytes. Needs: data aligned to ARENA_ALIGN. Owns: the caller frees data after the last use. */
void arena_init(struct arena *arena, void *data, size_t size);

/* arena_take gives count x size zeroed bytes, aligned to ARENA_ALIGN; NULL from a measuring arena.
 * Needs: not sealed; room is left (the measuring pass proved it). */
void *arena_take(struct arena *arena, size_t count, size_t size);

/* arena_seal forbids every later arena_take. */
void arena_seal(struct arena *arena);

#endif
