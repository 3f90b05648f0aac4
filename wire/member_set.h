/* member_set.h: a set of members of one epoch, as a bitmap of MEMBERS_MAX bits. Member i is bit i mod 64 of word i / 64. */
#ifndef WARD_WIRE_MEMBER_SET_H
#define WARD_WIRE_MEMBER_SET_H

#include "base/assert.h"
#include "base/bytes.h"
#include "wire/limits.h"

#include <stdbool.h>
#include <stdint.h>

#define MEMBER_SET_WORDS (MEMBERS_MAX / 64)

struct member_set {
    uint64_t words[MEMBER_SET_WORDS];
};

_Static_assert(MEMBERS_MAX % 64 == 0, "the bitmap has whole words");

static inline bool member_set_has(const struct member_set *set, uint32_t member)
{
    return member < MEMBERS_MAX && (set->words[member / 64] >> (member % 64) & 1) != 0;
}

static inline void member_set_add(struct member_set *set, uint32_t member)
{
    ASSERT(member < MEMBERS_MAX);
    set->words[member / 64] |= (uint64_t)1 << (member % 64);
}

static inline void member_set_remove(struct member_set *set, uint32_t member)
{
    ASSERT(member < MEMBERS_MAX);
    set->words[member / 64] &= ~((uint64_t)1 << (member % 64));
}

/* member_set_one gives the set of one member, member_set_all that of the first n. */
struct member_set member_set_one(uint32_t member);
struct member_set member_set_all(uint32_t members_count);

uint32_t member_set_count(const struct member_set *set);
bool member_set_is_empty(const struct member_set *set);

/* member_set_is_within tells whether every member is < members_count. */
bool member_set_is_within(const struct member_set *set, uint32_t members_count);

/* member_set_covers tells whether every member of `part` is in `whole`; member_set_meets whether they have one in common. */
bool member_set_covers(const struct member_set *whole, const struct member_set *part);
bool member_set_meets(const struct member_set *a, const struct member_set *b);

/* member_set_rank gives how many members of the set are smaller than `member`: the place of its signature in a certificate. */
uint32_t member_set_rank(const struct member_set *set, uint32_t member);

void member_set_encode(const struct member_set *set, struct writer *writer); /* MEMBER_BITMAP_BYTES bytes, member 0 in the lowest bit */
void member_set_decode(struct member_set *set, struct reader *reader);

#endif
