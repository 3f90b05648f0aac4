/* member_set.c: see member_set.h. */
#include "wire/member_set.h"

struct member_set member_set_one(uint32_t member)
{
    struct member_set set = { { 0 } };

    member_set_add(&set, member);
    return set;
}

struct member_set member_set_all(uint32_t members_count)
{
    struct member_set set = { { 0 } };

    ASSERT(members_count <= MEMBERS_MAX);
    for (uint32_t i = 0; i < members_count; i++) {
        member_set_add(&set, i);
    }
    return set;
}

uint32_t member_set_count(const struct member_set *set)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < MEMBER_SET_WORDS; i++) {
        count += (uint32_t)__builtin_popcountll(set->words[i]);
    }
    return count;
}

bool member_set_is_empty(const struct member_set *set)
{
    return member_set_count(set) == 0;
}

bool member_set_is_within(const struct member_set *set, uint32_t members_count)
{
    uint32_t below = member_set_rank(set, members_count);

    return below == member_set_count(set);
}

bool member_set_covers(const struct member_set *whole, const struct member_set *part)
{
    uint64_t outside = 0;

    for (uint32_t i = 0; i < MEMBER_SET_WORDS; i++) {
        outside |= part->words[i] & ~whole->words[i];
    }
    return outside == 0;
}

bool member_set_meets(const struct member_set *a, const struct member_set *b)
{
    uint64_t common = 0;

    for (uint32_t i = 0; i < MEMBER_SET_WORDS; i++) {
        common |= a->words[i] & b->words[i];
    }
    return common != 0;
}

uint32_t member_set_rank(const struct member_set *set, uint32_t member)
{
    uint32_t count = 0;

    ASSERT(member <= MEMBERS_MAX);
    for (uint32_t i = 0; i < MEMBER_SET_WORDS && i * 64 < member; i++) {
        uint32_t bits = member - i * 64;
        uint64_t mask = bits >= 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
        count += (uint32_t)__builtin_popcountll(set->words[i] & mask);
    }
    return count;
}

void member_set_encode(const struct member_set *set, struct writer *writer)
{
    for (uint32_t i = 0; i < MEMBER_SET_WORDS; i++) {
        write_u64_le(writer, set->words[i]);
    }
}

void member_set_decode(struct member_set *set, struct reader *reader)
{
    for (uint32_t i = 0; i < MEMBER_SET_WORDS; i++) {
        set->words[i] = read_u64_le(reader);
    }
}
