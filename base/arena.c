/* arena.c: see arena.h. */
#include "base/arena.h"

#include "base/assert.h"

void arena_init_measure(struct arena *arena)
{
    *arena = (struct arena){ .size = SIZE_MAX };
}

void arena_init(struct arena *arena, void *data, size_t size)
{
    ASSERT(data != NULL);
    ASSERT((uintptr_t)data % ARENA_ALIGN == 0);
    *arena = (struct arena){ .data = data, .size = size };
}

void *arena_take(struct arena *arena, size_t count, size_t size)
{
    ASSERT(!arena->sealed);
    ASSERT(size == 0 || count <= (SIZE_MAX - ARENA_ALIGN) / size);
    size_t rounded = (count * size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    ASSERT(rounded <= arena->size - arena->used);
    void *block = arena->data == NULL ? NULL : arena->data + arena->used;
    arena->used += rounded;
    return block;
}

void arena_seal(struct arena *arena)
{
    ASSERT(!arena->sealed);
    arena->sealed = true;
}
