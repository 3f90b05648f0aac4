/* patience.c: see patience.h. */
#include "sim/oracle/patience.h"

#include "base/assert.h"
#include "sim/oracle/oracle.h"

#include <stdlib.h>

#define SAMPLE_NS_MAX UINT64_C(250000000) /* T5: each measured time counts with at most so much, */
#define SAMPLES_TIMES 4u                  /* ... so many times */
#define DOUBLINGS_MAX 16u

void patience_init(struct patience *patience, uint32_t seats, const struct config_limits *limits, struct failure *failure)
{
    uint64_t floor_ns = (uint64_t)limits->view_ms_min * 1000000, wait_ns = (uint64_t)limits->batch_us * 1000, most_ns = SAMPLES_TIMES * SAMPLE_NS_MAX;

    *patience = (struct patience){ .failure = failure, .floor_ns = floor_ns + 2 * wait_ns, .longest_ns = (floor_ns > most_ns ? floor_ns : most_ns) + 2 * wait_ns,
        .max_ns = (uint64_t)limits->view_ms_max * 1000000, .seats = calloc(seats, sizeof *patience->seats), .count = seats };
    ASSERT(patience->seats != NULL);
}

void patience_close(struct patience *patience)
{
    free(patience->seats);
    *patience = (struct patience){ .failure = NULL };
}

static struct patience_seat *seat_of(struct patience *patience, uint32_t seat)
{
    ASSERT(seat < patience->count);
    return &patience->seats[seat];
}

void patience_entered(struct patience *patience, uint32_t seat)
{
    struct patience_seat *at = seat_of(patience, seat);

    at->least += at->committed || at->least == DOUBLINGS_MAX ? 0 : 1;
    at->most += at->committed || at->most == DOUBLINGS_MAX ? 0 : 1;
    at->committed = false;
}

void patience_committed(struct patience *patience, uint32_t seat)
{
    *seat_of(patience, seat) = (struct patience_seat){ .committed = true, .known = true };
}

void patience_linked(struct patience *patience, uint32_t seat)
{
    seat_of(patience, seat)->least = 0;
}

void patience_began(struct patience *patience, uint32_t seat)
{
    *seat_of(patience, seat) = (struct patience_seat){ .committed = true }; /* least: it may have committed in the view that it is in */
}

/* doubled gives base x 2^times, at most tau_max. */
static uint64_t doubled(const struct patience *patience, uint64_t base_ns, uint32_t times)
{
    ASSERT(times <= DOUBLINGS_MAX);
    return base_ns << times < patience->max_ns ? base_ns << times : patience->max_ns;
}

void patience_look(const struct patience *patience, uint32_t seat, uint64_t timeout_ns)
{
    ASSERT(seat < patience->count);
    const struct patience_seat *at = &patience->seats[seat];
    uint64_t least_ns = doubled(patience, patience->floor_ns, at->least), most_ns = doubled(patience, patience->longest_ns, at->most);

    if (timeout_ns < least_ns) {
        oracle_fail(patience->failure, FAILURE_LIVENESS, "T5: r%u gives a view up after %llu ms, and left %u without a commit: at least %llu ms", seat,
                    (unsigned long long)timeout_ns / 1000000, at->least, (unsigned long long)least_ns / 1000000);
    } else if (at->known && timeout_ns > most_ns) {
        oracle_fail(patience->failure, FAILURE_LIVENESS, "T5: r%u gives a view up after %llu ms, and left %u without a commit: at most %llu ms", seat,
                    (unsigned long long)timeout_ns / 1000000, at->most, (unsigned long long)most_ns / 1000000);
    }
}
