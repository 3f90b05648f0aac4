/* pacemaker.h: how long a view may stand still. tau_k = min(tau_0 x 2^k, tau_max), k = consecutive views without a commit (T5).
 * Measured durations feed it; nothing that agreement rests on does. */
#ifndef WARD_CONSENSUS_PACEMAKER_H
#define WARD_CONSENSUS_PACEMAKER_H

#include "wire/config.h"

#include <stdint.h>

#define PACEMAKER_SAMPLES 64u
#define PACEMAKER_SAMPLE_NS_MAX 250000000u /* a longer one counts as this: a slow leader must not stretch its own term without end */

struct pacemaker {
    uint64_t floor_ns, max_ns, wait_ns; /* view_ms_min, view_ms_max, T */
    uint64_t samples_ns[PACEMAKER_SAMPLES]; /* round trip and durable append, as measured; ring */
    uint64_t measured_ns; /* the second highest of them */
    uint32_t next;
    uint32_t failures; /* k */
};

/* pacemaker_init begins with one sample: the measured duration of a durable append, 0 when it is not known. */
void pacemaker_init(struct pacemaker *pacemaker, const struct config_limits *limits, uint64_t append_ns);

/* pacemaker_sample takes a measured duration: from a proposal to its QC, or from one QC of a view to the next while work was outstanding. */
void pacemaker_sample(struct pacemaker *pacemaker, uint64_t duration_ns);

/* pacemaker_base_ns gives tau_0 = max(floor, 4 x p99 of the samples) + 2 T, at most tau_max. One sample in 64 is not looked at: the
 * highest, so that a single pause does not make the next one longer. */
uint64_t pacemaker_base_ns(const struct pacemaker *pacemaker);

/* pacemaker_measured_ns gives the 99th percentile of the samples. */
uint64_t pacemaker_measured_ns(const struct pacemaker *pacemaker);

/* pacemaker_timeout_ns gives tau_k. */
uint64_t pacemaker_timeout_ns(const struct pacemaker *pacemaker);

/* pacemaker_backoff_ns gives tau_k x 2^times, at most tau_max: how long what was said so often already waits until it is said again (T7). */
uint64_t pacemaker_backoff_ns(const struct pacemaker *pacemaker, uint32_t times);

/* pacemaker_failed: a view ended without a commit. pacemaker_recovered: a commit, or enough peers are back. */
void pacemaker_failed(struct pacemaker *pacemaker);
void pacemaker_recovered(struct pacemaker *pacemaker);

/* pacemaker_check asserts the bounds of everything it holds. Source: T5. */
void pacemaker_check(const struct pacemaker *pacemaker);

#endif
