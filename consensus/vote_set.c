/* vote_set.c: see vote_set.h. Invariants: verified and bad are disjoint; verified is within have; bad is outside of it. */
#include "consensus/vote_set.h"

#include "base/assert.h"

#include <string.h>

void vote_set_open(struct vote_set *set, uint32_t quorum, const struct member_set *doubted)
{
    static const struct member_set none;

    ASSERT(quorum > 0);
    ASSERT(quorum <= QUORUM_MAX);
    set->open = true;
    set->quorum = quorum;
    set->have = none;
    set->verified = none;
    set->bad = none;
    set->doubted = *doubted;
}

void vote_set_close(struct vote_set *set)
{
    set->open = false;
}

bool vote_set_add(struct vote_set *set, uint32_t member, const uint8_t signature[64], bool trusted)
{
    ASSERT(member < MEMBERS_MAX);
    if (!set->open || member_set_has(&set->have, member) || member_set_has(&set->bad, member)) {
        return false;
    }
    member_set_add(&set->have, member);
    memcpy(set->signatures[member], signature, 64);
    if (trusted) {
        member_set_add(&set->verified, member);
    }
    return true;
}

/* first_of gives the lowest `count` members of a set that has as many. */
static struct member_set first_of(const struct member_set *set, uint32_t count)
{
    struct member_set first = { { 0 } };

    ASSERT(count <= member_set_count(set));
    for (uint32_t member = 0; member < MEMBERS_MAX && count > 0; member++) {
        if (member_set_has(set, member)) {
            member_set_add(&first, member);
            count--;
        }
    }
    return first;
}

struct member_set vote_set_unverified(const struct vote_set *set)
{
    struct member_set plain = { { 0 } }, doubted = { { 0 } };

    if (!set->open || vote_set_is_complete(set)) {
        return plain;
    }
    for (uint32_t i = 0; i < MEMBER_SET_WORDS; i++) {
        uint64_t open = set->have.words[i] & ~set->verified.words[i];
        plain.words[i] = open & ~set->doubted.words[i];
        doubted.words[i] = open & set->doubted.words[i];
    }
    uint32_t verified = member_set_count(&set->verified);
    if (member_set_count(&plain) + verified < set->quorum) {
        return doubted;
    }
    return member_set_is_empty(&set->bad) ? first_of(&plain, set->quorum - verified) : plain; /* N3 */
}

void vote_set_judge(struct vote_set *set, uint32_t member, const uint8_t signature[64], bool valid)
{
    ASSERT(member < MEMBERS_MAX);
    if (!set->open || !member_set_has(&set->have, member) || memcmp(set->signatures[member], signature, 64) != 0) {
        return;
    }
    if (valid) {
        member_set_add(&set->verified, member);
        return;
    }
    member_set_remove(&set->have, member);
    member_set_remove(&set->verified, member);
    member_set_add(&set->bad, member);
}

bool vote_set_is_complete(const struct vote_set *set)
{
    return set->open && member_set_count(&set->verified) >= set->quorum;
}

void vote_set_signers(const struct vote_set *set, struct signers *signers)
{
    uint32_t count = 0;

    ASSERT(vote_set_is_complete(set)); /* L3 */
    signers->members = (struct member_set){ { 0 } };
    for (uint32_t member = 0; member < MEMBERS_MAX && count < set->quorum; member++) {
        if (member_set_has(&set->verified, member)) {
            member_set_add(&signers->members, member);
            memcpy(signers->signatures[count], set->signatures[member], 64);
            count++;
        }
    }
    ASSERT(count == set->quorum); /* I11 */
}

void vote_set_check(const struct vote_set *set, uint32_t members_count)
{
    ASSERT(!set->open || set->quorum > 0);
    ASSERT(set->quorum <= members_count);
    ASSERT(member_set_covers(&set->have, &set->verified));  /* L3: what was verified is here */
    ASSERT(!member_set_meets(&set->have, &set->bad));       /* L3: no second try */
    ASSERT(member_set_is_within(&set->have, members_count)); /* I11: members alone */
    ASSERT(member_set_is_within(&set->bad, members_count));
    ASSERT(member_set_is_within(&set->doubted, members_count));
}
