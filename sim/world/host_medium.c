/* host_medium.c: what lies on the disk of a virtual server, read past its process and past every fault of reading. */
#include "sim/world/host.h"

#include "base/assert.h"

#include <string.h>

/* copy reads from one file of the medium. Gives: false when it is gone. */
static bool copy(struct host *host, const struct record_place *place, uint8_t *out)
{
    uint64_t begin = (uint64_t)place->block * DISK_BLOCK + place->offset + RECORD_HEAD_BYTES;

    for (uint32_t done = 0; done < place->bytes;) {
        uint64_t at = begin + done, inside = at % DISK_SECTOR;
        const uint8_t *sector = sim_disk_sector(&host->disk, place->segment, at - inside);
        uint32_t left = place->bytes - done, part = DISK_SECTOR - inside < left ? (uint32_t)(DISK_SECTOR - inside) : left;
        if (sector == NULL) {
            return false;
        }
        memcpy(out + done, sector + inside, part);
        done += part;
    }
    return true;
}

size_t host_medium(struct host *host, uint8_t kind, const struct hash32 *hash, uint8_t *out, size_t most)
{
    const struct record_index *index = &host->driver.log.index;
    struct record_place place;
    size_t size = 0;

    ASSERT(host->state != HOST_DOWN);
    if (!record_index_has_whole(index, kind, hash)) {
        return 0;
    }
    while (record_index_find(index, kind, hash, (uint32_t)size, &place) && place.bytes > 0) {
        if (place.bytes > most - size || !copy(host, &place, out + size)) {
            return 0;
        }
        size += place.bytes;
    }
    return size;
}
