/* driver_check.c: what holds of a driver between two calls of its owner. */
#include "node/driver.h"

#include "base/assert.h"

static void check_order(const struct driver *driver)
{
    ASSERT(!driver->stepping);
    ASSERT(driver->effect_next <= driver->effects->count);
    ASSERT(driver->stalled || driver->stopped || driver->effect_next == driver->effects->count); /* whatever was wanted is done, or waits for the log */
    ASSERT(!driver->failed || driver->stopped);
    ASSERT(driver->commits_count <= DRIVER_COMMITS_MAX); /* C4 */
    ASSERT(driver->commits_head < DRIVER_COMMITS_MAX);
    ASSERT(driver->stopped || driver->apply.busy == false || driver->commits_count > 0); /* C4: what executes is committed */
    ASSERT(driver->durable_seen <= driver->lsn_durable); /* I8 */
    ASSERT(driver->stalled || driver->stopped || driver->carried_lsn <= driver->log.at.lsn - driver->lsn_base); /* K2 */
}

static void check_log(const struct driver *driver)
{
    ASSERT(driver->log.lsn_durable + 1 >= driver->lsn_base); /* T11: what the log may have begun with is one append */
    ASSERT(driver->lsn_durable == (driver->log.lsn_durable > driver->lsn_base ? driver->log.lsn_durable - driver->lsn_base : 0)); /* I8 */
    ASSERT(driver->first_segment <= driver->first_wanted); /* K2: nothing comes back into use */
    ASSERT(driver->retire_next <= driver->first_segment || driver->first_segment == 0); /* K2: the superblock goes before */
    ASSERT(!driver->read_done || driver->reading);
    ASSERT(!driver->read_waits || driver->reading);
    ASSERT(driver->read_bytes <= DRIVER_RECORD_BYTES);
    segment_log_check(&driver->log);
}

static void check_links(const struct driver *driver)
{
    uint32_t members = driver->config.replica.epoch.members_count;

    ASSERT(member_set_is_within(&driver->links, members));
    ASSERT(member_set_is_within(&driver->links_told, members));
    ASSERT(driver->snapshot_serve.next < members || driver->snapshot_serve.next == 0);
    ASSERT(driver->scrub.stage <= SCRUB_CHUNK);
    ASSERT(!driver->scrub.ready || !driver->scrub.busy); /* an answer, or a question */
}

void driver_check(const struct driver *driver)
{
    check_order(driver);
    check_log(driver);
    check_links(driver);
    apply_check(&driver->apply);
    outbox_check(&driver->outbox);
    repair_check(&driver->repair);
    snapshots_check(&driver->snapshots);
    snapshot_fetch_check(&driver->snapshot_fetch);
    snapshot_io_check(&driver->snapshot_serve.io);
    replica_check(driver->replica);
}
