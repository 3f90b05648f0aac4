/* duty.c: see duty.h. Invariant: whoever is not a reserve never holds. */
#include "consensus/duty.h"

#include "base/assert.h"

void duty_pace_add(struct duty_pace *pace, uint64_t duration_ns)
{
    ASSERT(pace->next < DUTY_PACE_SAMPLES);
    pace->samples_ns[pace->next] = duration_ns;
    pace->next = (pace->next + 1) % DUTY_PACE_SAMPLES;
    pace->count += pace->count < DUTY_PACE_SAMPLES ? 1 : 0;
}

/* below counts the samples that come before sample `i` in order; equal ones are told apart by their place. */
static uint32_t below(const struct duty_pace *pace, uint32_t i)
{
    uint32_t count = 0;

    for (uint32_t j = 0; j < pace->count; j++) {
        count += pace->samples_ns[j] < pace->samples_ns[i] || (pace->samples_ns[j] == pace->samples_ns[i] && j < i);
    }
    return count;
}

uint32_t duty_pace_median_us(const struct duty_pace *pace)
{
    for (uint32_t i = 0; i < pace->count; i++) {
        if (below(pace, i) == pace->count / 2) {
            uint64_t median_us = pace->samples_ns[i] / 1000;
            return median_us < UINT32_MAX ? (uint32_t)median_us : UINT32_MAX;
        }
    }
    ASSERT(pace->count == 0);
    return 0;
}

struct member_set duty_members(const struct config *config, uint64_t view)
{
    uint32_t quorum = config_quorum(config->members_count);
    struct member_set set = { { 0 } };

    for (uint64_t i = 0; i < quorum; i++) {
        member_set_add(&set, config_leader(config, view % config->members_count + i));
    }
    ASSERT(member_set_count(&set) == quorum); /* P1: as many as a certificate needs; the schedule names each member once */
    return set;
}

uint64_t duty_hedge_ns(uint32_t median_us, uint64_t base_ns)
{
    uint64_t hedge_ns = median_us == 0 ? UINT64_MAX : UINT64_C(4000) * median_us;

    hedge_ns = hedge_ns < base_ns / 4 ? hedge_ns : base_ns / 4;
    hedge_ns = hedge_ns > DUTY_HEDGE_NS_MIN ? hedge_ns : DUTY_HEDGE_NS_MIN;
    ASSERT(hedge_ns >= DUTY_HEDGE_NS_MIN);                          /* P1 */
    ASSERT(hedge_ns <= base_ns / 4 || hedge_ns == DUTY_HEDGE_NS_MIN); /* P1: whatever the leader states */
    return hedge_ns;
}

void duty_enter(struct duty *duty, bool is_reserve)
{
    *duty = (struct duty){ .holds = is_reserve, .term = is_reserve ? DUTY_TERM_MIN : 0 };
}

void duty_hedge(struct duty *duty, uint64_t height)
{
    ASSERT(duty->holds); /* P1 */
    ASSERT(duty->term >= DUTY_TERM_MIN);
    if (duty->has_hedged && height < duty->hedged_height + DUTY_WINDOW_BLOCKS) {
        duty->holds = false;
        duty->until_height = height + duty->term;
        duty->term = duty->term < DUTY_TERM_MAX ? 2 * duty->term : DUTY_TERM_MAX;
    }
    duty->has_hedged = true;
    duty->hedged_height = height;
}

bool duty_propose(struct duty *duty, uint64_t height)
{
    if (duty->until_height != 0 && height >= duty->until_height) {
        ASSERT(!duty->holds); /* P1 */
        *duty = (struct duty){ .holds = true, .term = duty->term };
    }
    return duty->holds;
}

void duty_check(const struct duty *duty)
{
    ASSERT(duty->has_hedged || duty->hedged_height == 0);
    ASSERT(!duty->has_hedged || duty->hedged_height > 0); /* P1: a following block, so never the root */
    ASSERT((duty->until_height != 0) == (!duty->holds && duty->term > 0)); /* P1: a reserve holds, or is called up for a term */
}

void duty_pace_check(const struct duty_pace *pace)
{
    ASSERT(pace->count <= DUTY_PACE_SAMPLES);
    ASSERT(pace->next < DUTY_PACE_SAMPLES);
    ASSERT(pace->count == DUTY_PACE_SAMPLES || pace->next == pace->count);
}
