/* vows.c: see vows.h. Invariant: what was sworn is never taken back. */
#include "sim/oracle/vows.h"

#include "base/assert.h"
#include "sim/oracle/oracle.h"

void vows_init(struct vows *vows, struct failure *failure)
{
    *vows = (struct vows){ .failure = failure };
}

static void swear(struct vow *vow, uint64_t below, const char *rule)
{
    if (below > vow->below) {
        vow->below = below;
        vow->rule = rule;
    }
}

void vows_signed(struct vows *vows, uint32_t seat, uint64_t view)
{
    struct vow *vow = &vows->by[seat];

    ASSERT(seat < MEMBERS_MAX);
    if (view < vow->below) {
        oracle_fail(vows->failure, FAILURE_SAFETY, "%s: r%u signs in view %llu, and must not below view %llu", vow->rule, seat, (unsigned long long)view,
                    (unsigned long long)vow->below);
    }
    vow->signed_to = view + 1 > vow->signed_to ? view + 1 : vow->signed_to;
}

void vows_seen(struct vows *vows, uint32_t seat, uint64_t view)
{
    struct vow *vow = &vows->by[seat];

    ASSERT(seat < MEMBERS_MAX);
    vow->signed_to = view + 1 > vow->signed_to ? view + 1 : vow->signed_to;
}

void vows_voted(struct vows *vows, uint32_t seat, struct rank rank)
{
    const struct vow *vow = &vows->by[seat];

    ASSERT(seat < MEMBERS_MAX);
    if (rank.view >= vow->below || rank_compare(rank, vow->known) != 0) {
        vows_signed(vows, seat, rank.view);
    }
}

void vows_abstains(struct vows *vows, uint32_t seat, int64_t view, struct rank known)
{
    ASSERT(seat < MEMBERS_MAX);
    ASSERT(view >= -1);
    swear(&vows->by[seat], (uint64_t)(view + 1), "T11");
    vows->by[seat].known = view >= 0 ? known : vows->by[seat].known;
}

void vows_wiped(struct vows *vows, uint32_t seat)
{
    ASSERT(seat < MEMBERS_MAX);
    swear(&vows->by[seat], vows->by[seat].signed_to, "E5");
    vows->by[seat].known = (struct rank){ UINT64_MAX, 0 }; /* an empty log knows none */
}

void vows_rejoined(struct vows *vows, uint32_t seat, uint64_t view)
{
    ASSERT(seat < MEMBERS_MAX);
    swear(&vows->by[seat], view + 1, "E5");
}
