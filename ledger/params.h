/* params.h: the parameters of the ledger: capacities, rates, periods. Part of the state (key 0x01), fixed by the genesis, 256 bytes.
 *
 * Everything that execution can run out of is here and never a local setting, so that no replica is full before another. */
#ifndef WARD_LEDGER_PARAMS_H
#define WARD_LEDGER_PARAMS_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define PARAMS_BYTES 256

/* How often an account may act: tat = max(tat, T) + cost x interval_ms, refused when tat > T + burst x interval_ms. */
struct rate {
    uint32_t interval_ms; /* 1 .. 86,400,000 */
    uint32_t burst;       /* 1 .. 100,000 */
};

struct params {
    /* Capacities: live entries. */
    uint32_t actors_max;   /* 1 .. 2^24 */
    uint32_t patients_max; /* 1 .. 2^24 */
    uint32_t pointers_max; /* 1 .. 2^26 */
    uint32_t grants_max;   /* 1 .. 2^26 */
    uint32_t tickets_max;  /* 1 .. 2^24 */
    uint32_t state_keys_max;  /* all keys of the state */
    uint32_t state_cells_max; /* cells of 128 bytes, >= state_keys_max */

    struct rate rate_patient;      /* 60,000 ms, 30 */
    struct rate rate_practitioner; /* 6,000 ms, 120; also organisations' own keys */
    struct rate rate_system;       /* 5 ms, 2000 */

    /* Bounds for each patient. */
    uint32_t pointers_lifetime_max; /* 65,535 */
    uint32_t pointers_live_max;     /* 4,096 */
    uint32_t pending_max;           /* 64 */
    uint32_t pending_org_max;       /* 8 of one custodian */
    uint32_t grants_live_max;       /* 256 */
    uint32_t tickets_live_max;      /* 16 of one (patient, organisation) */
    uint32_t tickets_kept_max;      /* 64 of one (patient, organisation), expired ones included */

    /* Periods, ms of block time. */
    uint64_t pending_ms;      /* 30 d: after it a pending pointer expires */
    uint64_t ended_kept_ms;   /* 30 d: after it refused, expired, retracted pointers leave */
    uint64_t grant_ms_max;    /* 5 y */
    uint64_t ticket_ms_max;   /* 24 h */
    uint64_t ticket_kept_ms;  /* 7 d after its end */
    uint64_t disclose_late_ms; /* 24 h after a ticket's end a disclosure is late */
};

/* params_default gives the documented defaults, with capacities for a small deployment. */
struct params params_default(void);

/* params_encode writes the canonical 256 bytes. Needs: params_check passed. */
void params_encode(const struct params *params, uint8_t out[PARAMS_BYTES]);

/* params_decode reads and checks. Gives: OK, SHORT, TRAILING, RESERVED or RANGE. Any input is safe. */
enum verdict params_decode(struct params *params, const uint8_t *data, size_t size);

/* params_check tells whether every parameter is inside its hard bounds: OK or RANGE. */
enum verdict params_check(const struct params *params);

#endif
