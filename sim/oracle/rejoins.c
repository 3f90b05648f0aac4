/* rejoins.c: see rejoins.h. */
#include "sim/oracle/rejoins.h"

#include "base/assert.h"
#include "sim/oracle/oracle.h"

#include <stdlib.h>

void rejoins_init(struct rejoins *rejoins, uint32_t seats, uint32_t quorum, struct vows *vows, struct failure *failure)
{
    *rejoins = (struct rejoins){ .failure = failure, .vows = vows, .seats = calloc(seats, sizeof *rejoins->seats), .count = seats, .quorum = quorum };
    ASSERT(rejoins->seats != NULL);
}

void rejoins_close(struct rejoins *rejoins)
{
    free(rejoins->seats);
    *rejoins = (struct rejoins){ .failure = NULL };
}

/* seat_of gives a server, which begins anew with each life. */
static struct rejoins_seat *seat_of(struct rejoins *rejoins, uint32_t seat, uint32_t life)
{
    ASSERT(seat < rejoins->count);
    if (rejoins->seats[seat].life != life) {
        rejoins->seats[seat] = (struct rejoins_seat){ .life = life };
    }
    return &rejoins->seats[seat];
}

void rejoins_heard(struct rejoins *rejoins, uint32_t seat, uint32_t life, uint32_t from, const struct message_hello *hello)
{
    struct rejoins_seat *at = seat_of(rejoins, seat, life);

    if (!hello->forgot) {
        member_set_add(&at->heard, from);
        at->promised = hello->promised > at->promised ? hello->promised : at->promised;
    }
}

void rejoins_done(struct rejoins *rejoins, uint32_t seat, uint32_t life, uint64_t view)
{
    const struct rejoins_seat *at = seat_of(rejoins, seat, life);
    uint32_t heard = member_set_count(&at->heard);

    if (heard < rejoins->quorum) {
        oracle_fail(rejoins->failure, FAILURE_SAFETY, "E5: r%u rejoins on the word of %u others, of %u", seat, heard, rejoins->quorum);
    }
    if (view < at->promised) {
        oracle_fail(rejoins->failure, FAILURE_SAFETY, "E5: r%u rejoins and abstains up to view %llu, and was told of %llu", seat, (unsigned long long)view, (unsigned long long)at->promised);
    }
    vows_rejoined(rejoins->vows, seat, view);
}
