/* spoil.c: see spoil.h. Nothing of the process is touched: it finds out, or does not, by what it reads. */
#include "sim/world/spoil.h"

#include "base/assert.h"
#include "sim/world/host.h"

#include <string.h>

#define NEWEST_MAX 64u /* certificates from which one is chosen */

const struct naming spoil_names[SPOIL_COUNT] = { SPOILS(NAMING) };

/* flip flips one bit of a file. Gives: false when it is not there. */
static bool flip(struct host *host, uint32_t file, uint64_t at, uint64_t bit)
{
    uint8_t *sector = sim_disk_sector(&host->disk, file, at / DISK_SECTOR * DISK_SECTOR);

    if (sector == NULL) {
        return false;
    }
    sector[at % DISK_SECTOR] ^= (uint8_t)(1u << bit % 8);
    return true;
}

/* spoil_vote flips a bit in the header of the newest batch: it holds the capsule, all that was promised. */
static bool spoil_vote(struct host *host, uint64_t number)
{
    const struct segment_log *log = &host->driver.log;
    uint64_t bit = number % (UINT64_C(8) * BATCH_HEAD_BYTES);

    return log->table_count > 0 && flip(host, log->at.segment, (uint64_t)log->table[log->table_count - 1].block * DISK_BLOCK + bit / 8, bit);
}

/* spoil_certificate flips a bit in the middle of one of the newest certificates. */
static bool spoil_certificate(struct host *host, uint64_t number)
{
    const struct record_index *index = &host->driver.log.index;
    const struct record_place *places[NEWEST_MAX];
    uint64_t count = 0, oldest = index->last > index->count_max ? index->last - index->count_max : 0;

    for (uint64_t i = index->last; i > oldest && count < NEWEST_MAX; i--) {
        const struct record_index_entry *entry = &index->entries[i & (index->count_max - 1)];
        if (entry->kind == RECORD_CERTIFICATE) {
            places[count++] = &entry->place;
        }
    }
    const struct record_place *place = count == 0 ? NULL : places[number % count];
    return place != NULL && flip(host, place->segment, (uint64_t)place->block * DISK_BLOCK + place->offset + RECORD_HEAD_BYTES + place->bytes / 2, number);
}

/* spoil_sector makes a block of the newest segment unreadable. */
static bool spoil_sector(struct host *host, uint64_t number)
{
    const struct segment_log *log = &host->driver.log;

    if (log->table_count == 0 || log->at.block <= SEGMENT_HEAD_BLOCKS) {
        return false;
    }
    uint64_t block = SEGMENT_HEAD_BLOCKS + number % (log->at.block - SEGMENT_HEAD_BLOCKS);
    sim_disk_break(&host->disk, log->at.segment, block * DISK_BLOCK);
    return true;
}

bool spoil_host(struct host *host, enum spoil spoil, uint64_t number)
{
    bool done = true;

    ASSERT(host->state != HOST_DOWN);
    switch (spoil) {
    case SPOIL_VOTE: done = spoil_vote(host, number); break;
    case SPOIL_CERTIFICATE: done = spoil_certificate(host, number); break;
    case SPOIL_SECTOR: done = spoil_sector(host, number); break;
    case SPOIL_WRITE: host->disk.astray.writes_next = 1; break;
    case SPOIL_READ: host->disk.astray.reads_next = 1; break;
    case SPOIL_COUNT: ASSERT(spoil != SPOIL_COUNT); break;
    }
    if (done) {
        host->spoilt = true;
        host->spoils[spoil]++;
    }
    return done;
}

uint64_t spoil_happened(const struct host *host, enum spoil spoil)
{
    ASSERT(spoil < SPOIL_COUNT);
    return spoil == SPOIL_WRITE ? host->disk.astray.writes : spoil == SPOIL_READ ? host->disk.astray.reads : host->spoils[spoil];
}
