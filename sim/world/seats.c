/* seats.c: see seats.h. Invariant: seconds[members[s]] == s for every seat s behind the members. */
#include "sim/world/seats.h"

#include "sim/world/choice.h"

void seats_init(struct seats *seats, uint32_t members_count, const struct member_set *twins)
{
    *seats = (struct seats){ .members_count = members_count, .count = members_count };
    ASSERT(member_set_is_within(twins, members_count));
    ASSERT(members_count + member_set_count(twins) <= MEMBERS_MAX);
    for (uint32_t i = 0; i < MEMBERS_MAX; i++) {
        seats->members[i] = i;
        seats->seconds[i] = SEATS_NONE;
    }
    for (uint32_t i = 0; i < members_count; i++) {
        if (member_set_has(twins, i)) {
            seats->members[seats->count] = i;
            seats->seconds[i] = seats->count++;
        }
    }
}

bool seats_is_second(const struct seats *seats, uint32_t seat)
{
    return seat >= seats->members_count;
}

bool seats_is_twin(const struct seats *seats, uint32_t seat)
{
    ASSERT(seat < MEMBERS_MAX);
    return seats->seconds[seats->members[seat]] != SEATS_NONE;
}

uint32_t seats_find(const struct seats *seats, uint32_t from, uint32_t member)
{
    uint32_t own = seats->members[from], second = seats->seconds[member];

    ASSERT(from < seats->count);
    if (own == member) {
        return from;
    }
    bool sees_second = seats->seconds[own] != SEATS_NONE ? seats_is_second(seats, from) : member_set_has(&seats->second_side[member], own);
    return second != SEATS_NONE && sees_second ? second : member;
}

bool seats_meet(const struct seats *seats, uint32_t a, uint32_t b)
{
    return seats->members[a] != seats->members[b] && seats_find(seats, a, seats->members[b]) == b && seats_find(seats, b, seats->members[a]) == a;
}

uint32_t seats_of_client(const struct seats *seats, uint32_t member, uint32_t actor)
{
    ASSERT(member < seats->members_count);
    return seats->seconds[member] != SEATS_NONE && actor % 2 == 1 ? seats->seconds[member] : member;
}

void seats_split(struct seats *seats, uint32_t member, const struct member_set *side)
{
    ASSERT(member < seats->members_count);
    if (seats->seconds[member] != SEATS_NONE) {
        seats->second_side[member] = *side;
    }
}

/* seats_draw: in one of four times all see the same seat; else each draws for itself. */
void seats_draw(struct seats *seats, uint64_t seed, uint32_t member, uint64_t number)
{
    uint64_t how = choice_below(seed, &(struct choice){ CHOICE_TWIN, { member, number } }, 8);
    struct member_set side = { { 0 } };

    for (uint32_t i = 0; i < seats->members_count; i++) {
        bool drawn = choice_below(seed, &(struct choice){ CHOICE_TWIN, { member, number, 1, i } }, 2) == 1;
        if (how == 0 || (how > 1 && drawn)) {
            member_set_add(&side, i);
        }
    }
    seats_split(seats, member, &side);
}

void seats_end(struct seats *seats)
{
    for (uint32_t i = 0; i < seats->members_count; i++) {
        seats->second_side[i] = (struct member_set){ { 0 } };
    }
}
