/* driver_priv.h: what the files of the driver share. */
#ifndef WARD_NODE_DRIVER_PRIV_H
#define WARD_NODE_DRIVER_PRIV_H

#include "node/driver.h"

/* driver_step hands one event to the replica and carries out its effects. Needs: not stalled, not stopped, not inside a step. */
void driver_step(struct driver *driver, const struct event *event);

/* driver_carry_out carries out effects from effect_next on; it stops, stalled, at an append for which the log has no room. */
void driver_carry_out(struct driver *driver);

/* driver_execute_slice executes until the slice is used up. Gives: true when more commands wait. */
bool driver_execute_slice(struct driver *driver);

/* driver_work_snapshots does what is due of snapshots and of the log that goes. */
void driver_work_snapshots(struct driver *driver);

/* driver_snapshots_deadline_ns gives when driver_work_snapshots is wanted. */
uint64_t driver_snapshots_deadline_ns(const struct driver *driver);

/* driver_snapshot_message takes a message about snapshots. Any bytes are safe. */
void driver_snapshot_message(struct driver *driver, uint32_t from, uint8_t type, struct bytes body);

/* driver_repair_begin takes over what a start found; driver_work_repair goes on; driver_repair_note gives the record that an append with a note carries. Gives: false
 * when no note is wanted any more. */
void driver_repair_begin(struct driver *driver, const struct recovery_outcome *outcome);
void driver_work_repair(struct driver *driver);
bool driver_repair_note(struct driver *driver, struct log_record *record);

/* driver_scrub_take takes buffers, unless the scrubber is off; driver_work_scrub goes on; driver_scrub_reads: a request of it on this segment is under way. */
void driver_scrub_take(struct driver *driver, struct arena *arena, struct disk *disk);
void driver_work_scrub(struct driver *driver);
bool driver_scrub_reads(const struct driver *driver, uint32_t segment);
bool driver_scrub_is_busy(const struct driver *driver);

/* driver_ahead_take takes memory for records on their way, where there are threads to read bodies. driver_ahead_record takes over a record of the log: it is restored
 * now, or in its turn; driver_ahead_drain restores all that are on their way. driver_restore_effects carries out what a restored record brought. */
void driver_ahead_take(struct driver *driver, struct arena *arena);
void driver_ahead_record(struct driver *driver, const struct recovered_record *record);
void driver_ahead_drain(struct driver *driver);
void driver_restore_effects(struct driver *driver);

/* driver_start_read begins the READ_RECORD that waits. */
void driver_start_read(struct driver *driver);

/* driver_is_open: events may come in. */
static inline bool driver_is_open(const struct driver *driver)
{
    return !driver->stalled && !driver->stopped;
}

#endif
