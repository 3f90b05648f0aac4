/* disk.c: memory that may be handed to a disk. */
#include "storage/disk.h"

#include "base/assert.h"
#include "storage/format.h"

uint8_t *disk_buffer_take(struct arena *arena, size_t blocks)
{
    ASSERT(blocks > 0);
    ASSERT(blocks < SIZE_MAX / DISK_BLOCK);
    uint8_t *raw = arena_take(arena, (blocks + 1) * DISK_BLOCK, 1);
    size_t past = (uintptr_t)raw % DISK_BLOCK;

    return raw == NULL || past == 0 ? raw : raw + (DISK_BLOCK - past);
}
