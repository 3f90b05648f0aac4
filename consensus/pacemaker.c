/* pacemaker.c: see pacemaker.h. */
#include "consensus/pacemaker.h"

#include "base/assert.h"

#include <string.h>

#define FAILURES_MAX 16u

void pacemaker_init(struct pacemaker *pacemaker, const struct config_limits *limits, uint64_t append_ns)
{
    *pacemaker = (struct pacemaker){ .floor_ns = (uint64_t)limits->view_ms_min * 1000000u,
                                     .max_ns = (uint64_t)limits->view_ms_max * 1000000u,
                                     .wait_ns = (uint64_t)limits->batch_us * 1000u };
    ASSERT(pacemaker->floor_ns > 0);
    ASSERT(pacemaker->max_ns >= pacemaker->floor_ns);
    pacemaker_sample(pacemaker, append_ns);
    pacemaker_sample(pacemaker, append_ns);
}

/* The second highest of 64 samples, rounded towards a short timer. */
static uint64_t second_highest(const struct pacemaker *pacemaker)
{
    uint64_t highest = 0, second = 0;

    for (uint32_t i = 0; i < PACEMAKER_SAMPLES; i++) {
        uint64_t sample = pacemaker->samples_ns[i];
        if (sample >= highest) {
            second = highest;
            highest = sample;
        } else if (sample > second) {
            second = sample;
        }
    }
    return second;
}

void pacemaker_sample(struct pacemaker *pacemaker, uint64_t duration_ns)
{
    ASSERT(pacemaker->next < PACEMAKER_SAMPLES);
    pacemaker->samples_ns[pacemaker->next] = duration_ns < PACEMAKER_SAMPLE_NS_MAX ? duration_ns : PACEMAKER_SAMPLE_NS_MAX;
    pacemaker->next = (pacemaker->next + 1) % PACEMAKER_SAMPLES;
    pacemaker->measured_ns = second_highest(pacemaker);
}

uint64_t pacemaker_measured_ns(const struct pacemaker *pacemaker)
{
    return pacemaker->measured_ns;
}

uint64_t pacemaker_base_ns(const struct pacemaker *pacemaker)
{
    uint64_t measured = 4 * pacemaker_measured_ns(pacemaker);
    uint64_t base = (measured > pacemaker->floor_ns ? measured : pacemaker->floor_ns) + 2 * pacemaker->wait_ns;

    return base < pacemaker->max_ns ? base : pacemaker->max_ns;
}

/* doubled gives base x 2^times, at most tau_max. */
static uint64_t doubled(const struct pacemaker *pacemaker, uint64_t base_ns, uint32_t times)
{
    uint64_t wait_ns = base_ns;

    for (uint32_t i = 0; i < times && wait_ns < pacemaker->max_ns; i++) {
        wait_ns *= 2;
    }
    return wait_ns < pacemaker->max_ns ? wait_ns : pacemaker->max_ns;
}

uint64_t pacemaker_timeout_ns(const struct pacemaker *pacemaker)
{
    uint64_t timeout = doubled(pacemaker, pacemaker_base_ns(pacemaker), pacemaker->failures);

    ASSERT(timeout >= pacemaker->floor_ns); /* T5 */
    ASSERT(timeout <= pacemaker->max_ns);   /* T5 */
    return timeout;
}

uint64_t pacemaker_backoff_ns(const struct pacemaker *pacemaker, uint32_t times)
{
    uint64_t wait_ns = doubled(pacemaker, pacemaker_timeout_ns(pacemaker), times);

    ASSERT(wait_ns >= pacemaker_timeout_ns(pacemaker)); /* T7 */
    ASSERT(wait_ns <= pacemaker->max_ns);               /* T7: whoever comes back waits no longer than one tau_max */
    return wait_ns;
}

void pacemaker_failed(struct pacemaker *pacemaker)
{
    pacemaker->failures += pacemaker->failures < FAILURES_MAX ? 1 : 0;
    ASSERT(pacemaker->failures <= FAILURES_MAX); /* T5 */
}

void pacemaker_recovered(struct pacemaker *pacemaker)
{
    pacemaker->failures = 0;
}

void pacemaker_check(const struct pacemaker *pacemaker)
{
    ASSERT(pacemaker->floor_ns > 0);
    ASSERT(pacemaker->floor_ns <= pacemaker->max_ns);
    ASSERT(pacemaker->next < PACEMAKER_SAMPLES);
    ASSERT(pacemaker->failures <= FAILURES_MAX);
    ASSERT(pacemaker->measured_ns <= PACEMAKER_SAMPLE_NS_MAX); /* T5: a slow leader does not stretch its own term without end */
    ASSERT(pacemaker->measured_ns == second_highest(pacemaker));
    ASSERT(pacemaker_base_ns(pacemaker) <= pacemaker_timeout_ns(pacemaker)); /* T5 */
}
