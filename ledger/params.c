/* params.c: defaults, bounds and the canonical 256 bytes of the parameters. */
#include "ledger/params.h"

#include "base/assert.h"
#include "ledger/layout.h"

enum { DAY_MS = 86400000, HOUR_MS = 3600000, RATE_BURST_MAX = 100000, ENTRIES_MAX = 1 << 26, CELLS_MAX = 1 << 28 };

#define YEAR_MS (UINT64_C(365) * DAY_MS)

/* The legal range of each parameter. Bounds of one patient keep the cost of a command bounded: evaluation is 256 x 256 at most. */
static const struct field fields[] = {
    LAYOUT_RANGE(params, actors_max, 1, 1 << 24),
    LAYOUT_RANGE(params, patients_max, 1, 1 << 24),
    LAYOUT_RANGE(params, pointers_max, 1, ENTRIES_MAX),
    LAYOUT_RANGE(params, grants_max, 1, ENTRIES_MAX),
    LAYOUT_RANGE(params, tickets_max, 1, 1 << 24),
    LAYOUT_RANGE(params, state_keys_max, 1024, CELLS_MAX),
    LAYOUT_RANGE(params, state_cells_max, 1024, CELLS_MAX),
    LAYOUT_RANGE(params, rate_patient.interval_ms, 1, DAY_MS),
    LAYOUT_RANGE(params, rate_patient.burst, 1, RATE_BURST_MAX),
    LAYOUT_RANGE(params, rate_practitioner.interval_ms, 1, DAY_MS),
    LAYOUT_RANGE(params, rate_practitioner.burst, 1, RATE_BURST_MAX),
    LAYOUT_RANGE(params, rate_system.interval_ms, 1, DAY_MS),
    LAYOUT_RANGE(params, rate_system.burst, 1, RATE_BURST_MAX),
    LAYOUT_RANGE(params, pointers_lifetime_max, 1, 65535),
    LAYOUT_RANGE(params, pointers_live_max, 1, 4096),
    LAYOUT_RANGE(params, pending_max, 1, 64),
    LAYOUT_RANGE(params, pending_org_max, 1, 64),
    LAYOUT_RANGE(params, grants_live_max, 1, 256),
    LAYOUT_RANGE(params, tickets_live_max, 1, 64),
    LAYOUT_RANGE(params, tickets_kept_max, 1, 256),
    LAYOUT_RANGE(params, pending_ms, HOUR_MS, YEAR_MS),
    LAYOUT_RANGE(params, ended_kept_ms, 0, YEAR_MS),
    LAYOUT_RANGE(params, grant_ms_max, HOUR_MS, 10 * YEAR_MS),
    LAYOUT_RANGE(params, ticket_ms_max, 1000, 7 * (uint64_t)DAY_MS),
    LAYOUT_RANGE(params, ticket_kept_ms, 0, YEAR_MS),
    LAYOUT_RANGE(params, disclose_late_ms, 0, YEAR_MS),
    LAYOUT_PAD(PARAMS_BYTES - 128),
};

static struct layout params_layout(void)
{
    return LAYOUT_OF(fields);
}

struct params params_default(void)
{
    return (struct params){
        .actors_max = 20000,
        .patients_max = 100000,
        .pointers_max = 500000,
        .grants_max = 200000,
        .tickets_max = 50000,
        .state_keys_max = 1500000,
        .state_cells_max = 3000000,
        .rate_patient = { 60000, 30 },
        .rate_practitioner = { 6000, 120 },
        .rate_system = { 5, 2000 },
        .pointers_lifetime_max = 65535,
        .pointers_live_max = 4096,
        .pending_max = 64,
        .pending_org_max = 8,
        .grants_live_max = 256,
        .tickets_live_max = 16,
        .tickets_kept_max = 64,
        .pending_ms = 30 * (uint64_t)DAY_MS,
        .ended_kept_ms = 30 * (uint64_t)DAY_MS,
        .grant_ms_max = 5 * YEAR_MS,
        .ticket_ms_max = DAY_MS,
        .ticket_kept_ms = 7 * (uint64_t)DAY_MS,
        .disclose_late_ms = DAY_MS,
    };
}

enum verdict params_check(const struct params *params)
{
    bool cells_hold_keys = params->state_cells_max >= params->state_keys_max;
    bool kept_holds_live = params->tickets_kept_max >= params->tickets_live_max;
    return layout_fits(params_layout(), params) && cells_hold_keys && kept_holds_live ? VERDICT_OK : VERDICT_RANGE;
}

void params_encode(const struct params *params, uint8_t out[PARAMS_BYTES])
{
    ASSERT(params_check(params) == VERDICT_OK);
    layout_encode(params_layout(), params, out, PARAMS_BYTES);
}

enum verdict params_decode(struct params *params, const uint8_t *data, size_t size)
{
    enum verdict verdict = layout_decode(params_layout(), params, data, size);

    ASSERT(verdict != VERDICT_OK || params->actors_max >= 1);
    return verdict == VERDICT_OK ? params_check(params) : verdict;
}
