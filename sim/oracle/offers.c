/* offers.c: see offers.h. */
#include "sim/oracle/offers.h"

#include "base/assert.h"
#include "sim/oracle/oracle.h"

#define OFFERS_MEMBERS_MAX 64u /* a set of members is one number; of larger clusters nothing is said */

void offers_init(struct offers *offers, uint32_t faults, struct failure *failure)
{
    *offers = (struct offers){ .failure = failure, .faults = faults };
    facts_init(&offers->by);
    facts_init(&offers->enough);
    facts_init(&offers->gone);
}

void offers_close(struct offers *offers)
{
    facts_close(&offers->by);
    facts_close(&offers->enough);
    facts_close(&offers->gone);
}

static uint64_t name_of(uint32_t seat, uint32_t life, uint64_t height, uint64_t digest)
{
    return fact_name((uint64_t)seat << 32 | life, height, digest, 0);
}

void offers_heard(struct offers *offers, uint32_t seat, uint32_t life, uint32_t member, uint64_t height, const struct hash32 *digest)
{
    if (member >= OFFERS_MEMBERS_MAX || height == 0) {
        return;
    }
    uint64_t who = facts_join(&offers->by, name_of(seat, life, height, fact_digest(digest->bytes, HASH_BYTES)), UINT64_C(1) << member);
    if ((uint32_t)__builtin_popcountll(who) > offers->faults) {
        (void)facts_keep(&offers->enough, name_of(seat, life, height, 0), 1);
    }
}

void offers_gone(struct offers *offers, uint32_t seat, uint32_t life, uint32_t member)
{
    if (member < OFFERS_MEMBERS_MAX) {
        (void)facts_join(&offers->gone, name_of(seat, life, 0, 0), UINT64_C(1) << member);
    }
}

void offers_asked(const struct offers *offers, uint32_t seat, uint32_t life, const struct message_snapshot_ask *ask)
{
    uint32_t gone = (uint32_t)__builtin_popcountll(facts_find(&offers->gone, name_of(seat, life, 0, 0)));

    if (3 * offers->faults >= OFFERS_MEMBERS_MAX) {
        return;
    }
    if (gone <= offers->faults) {
        oracle_fail(offers->failure, FAILURE_SAFETY, "S3: r%u looks for a snapshot on the word of %u members", seat, gone);
    }
    if (ask->run.bytes > 0 && facts_find(&offers->enough, name_of(seat, life, ask->height, 0)) == 0) {
        oracle_fail(offers->failure, FAILURE_SAFETY, "S3: r%u fetches the snapshot of block %llu, which no %u members offer alike", seat, (unsigned long long)ask->height, offers->faults + 1);
    }
}
