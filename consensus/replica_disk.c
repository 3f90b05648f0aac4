/* replica_disk.c: what a replica's own disk makes it do: give up leading while it is slower than the others' disks (T10), or nearly full (T9).
 *
 * Neither touches safety: both only make the replica say less. What counts as slow is measured against the time in which a quorum certifies,
 * so where all disks are slow nobody gives up. */
#include "consensus/replica_priv.h"

#include "base/assert.h"

void replica_on_write(struct replica *r, uint64_t duration_ns)
{
    bool slow = duration_ns >= SLOW_WRITE_NS && duration_ns / 2 > pacemaker_measured_ns(&r->pacemaker);

    r->slow_writes = !slow ? 0 : r->slow_writes < SLOW_WRITES ? r->slow_writes + 1 : SLOW_WRITES;
    ASSERT(r->slow_writes <= SLOW_WRITES); /* T10 */
}

void replica_on_mute(struct replica *r, bool on)
{
    ASSERT(r->self < r->n);
    r->safety.mute = on; /* T9: who may sign again joins those that gave the view up meanwhile (replica_pump_join) */
}

/* is_slow tells whether the disk has been slow for long enough, and whether this has not been said too recently. */
static bool is_slow(const struct replica *r) { return r->slow_writes == SLOW_WRITES && r->now.mono_ns >= r->slow_ns; }

void replica_pump_disk(struct replica *r)
{
    bool leads = replica_is_leader(r) && r->lead.active && !r->lead.in_flight && r->n > 1;

    if (!leads) {
        return;
    }
    if (r->safety.mute) {
        replica_abdicate(r);                 /* T9 */
        ASSERT(!r->lead.active);             /* T9 */
    } else if (is_slow(r)) {
        r->slow_wait_ns = r->slow_wait_ns == 0 ? SLOW_WAIT_NS : 2 * r->slow_wait_ns;
        r->slow_ns = r->now.mono_ns + r->slow_wait_ns;
        r->slow_writes = 0;
        replica_abdicate(r);                 /* T10 */
        ASSERT(r->slow_ns > r->now.mono_ns); /* T10 */
    }
}
