/* promises.c: see promises.h. */
#include "sim/oracle/promises.h"

#include "base/assert.h"
#include "sim/oracle/oracle.h"

#define UNSAFE(promises, ...) oracle_fail((promises)->failure, FAILURE_SAFETY, __VA_ARGS__)

/* held_by gives what the log of a server holds of this epoch. Gives: NULL when nothing can be said: nobody tells, or it is in a later epoch. */
static const struct capsule *held_by(const struct promises *promises, uint32_t seat, uint64_t epoch)
{
    const struct capsule *held = promises->durable == NULL ? NULL : promises->durable(promises->context, seat);

    return held != NULL && held->epoch <= epoch ? held : NULL;
}

static struct rank high_of(const struct capsule *held)
{
    return (struct rank){ held->high_view, held->high_height };
}

void promises_ballot(const struct promises *promises, uint32_t seat, const struct ballot *ballot)
{
    const struct capsule *held = held_by(promises, seat, ballot->epoch);
    unsigned long long view = ballot->rank.view, height = ballot->rank.height;

    ASSERT(ballot->kind != VOTE_ROOT);
    if (held == NULL) {
        return;
    }
    struct rank vote = { held->vote_view, held->vote_height };
    int order = rank_compare(vote, ballot->rank);
    if (ballot->kind == VOTE_COMMIT) {
        if (rank_compare(high_of(held), ballot->rank) < 0) {
            UNSAFE(promises, "I8: a commit vote of r%u for view %llu, height %llu shows before its log holds the certificate", seat, view, height);
        }
    } else if (held->vote_kind == 0 || order < 0 || (order == 0 && !hash_equal(&held->vote_hash, &ballot->block))) {
        UNSAFE(promises, "I8: a vote of r%u for view %llu, height %llu shows before its log holds it", seat, view, height);
    }
}

void promises_block(const struct promises *promises, uint32_t seat, const struct ballot *ballot)
{
    ASSERT(ballot->kind == VOTE_OPENING || ballot->kind == VOTE_FOLLOWING);
    if (promises->holds != NULL && !promises->holds(promises->context, seat, ballot)) {
        UNSAFE(promises, "V3: r%u votes at view %llu, height %llu for a block that its log does not hold", seat, (unsigned long long)ballot->rank.view, (unsigned long long)ballot->rank.height);
    }
}

void promises_timeout(const struct promises *promises, uint32_t seat, uint64_t epoch, uint64_t view, struct rank high)
{
    const struct capsule *held = held_by(promises, seat, epoch);

    if (held == NULL) {
        return;
    }
    if (held->timeout_view < (int64_t)view) {
        UNSAFE(promises, "I8: a timeout of r%u of view %llu shows before its log holds it", seat, (unsigned long long)view);
    }
    if (rank_compare(high_of(held), high) < 0) {
        UNSAFE(promises, "I8: a timeout of r%u of view %llu states a QC that its log does not hold", seat, (unsigned long long)view);
    }
}
