/* host_disk.c: what becomes of the disk of a server while nobody looks: copies that are put back, bits that rot. */
#include "sim/world/host.h"

#include "base/assert.h"
#include "sim/world/pages.h"

#include <string.h>

void host_keep(struct host *host)
{
    ASSERT(host->state == HOST_DOWN);
    host->disk_copy = host->disk_copy == NULL ? pages_take(host->disk_bytes) : host->disk_copy;
    memcpy(host->disk_copy, host->disk_memory, host->disk_bytes);
}

bool host_back(struct host *host)
{
    ASSERT(host->state == HOST_DOWN);
    host->due_known = false;
    if (host->disk_copy == NULL) {
        return false;
    }
    memcpy(host->disk_memory, host->disk_copy, host->disk_bytes);
    host->disk.limbo.bytes = 0;
    host->lying = host->aged = true;
    return true;
}

bool host_rot(struct host *host, uint64_t height)
{
    struct record_place place;
    struct hash32 hash;

    ASSERT(host->state != HOST_DOWN);
    bool known = replica_committed(host->driver.replica, height, &hash) && record_index_find(&host->driver.log.index, RECORD_PAYLOAD, &hash, 0, &place);
    uint64_t at = known ? (uint64_t)place.block * DISK_BLOCK + place.offset + RECORD_HEAD_BYTES + place.bytes / 2 : 0;
    uint8_t *sector = known ? sim_disk_sector(&host->disk, place.segment, at / DISK_SECTOR * DISK_SECTOR) : NULL;
    if (sector == NULL) {
        return false; /* Never here, or gone with its segment. */
    }
    sector[at % DISK_SECTOR] ^= 0x10;
    host->rotten++;
    return true;
}

bool host_forgets(const struct host *host) { return host->disk.astray.writes > host->writes_forgiven; }

uint64_t host_flushes(const struct host *host)
{
    return host->disk.disk.counters.flushes;
}
