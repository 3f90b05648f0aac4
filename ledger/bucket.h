/* bucket.h: how often an account may act, in eight bytes of state.
 *
 * tat is the time at which the account's debt is paid off. A command of cost c moves it to max(tat, T) + c x interval; it is refused when
 * tat lies more than burst x interval ahead of T already. No clock runs: an idle account needs no work. */
#ifndef WARD_LEDGER_BUCKET_H
#define WARD_LEDGER_BUCKET_H

#include "ledger/params.h"

#include <stdbool.h>
#include <stdint.h>

/* bucket_allows tells whether the account may act at time T. */
bool bucket_allows(uint64_t tat, uint64_t time_ms, const struct rate *rate);

/* bucket_charge gives the new tat. Needs: 1 <= cost <= 65,536. */
uint64_t bucket_charge(uint64_t tat, uint64_t time_ms, uint32_t cost, const struct rate *rate);

/* bucket_spare_ms gives how far the debt of now may still grow before the account may not act; negative: it may not now. So the next command may have others of
 * spare / interval tokens before it. */
int64_t bucket_spare_ms(uint64_t tat, uint64_t time_ms, const struct rate *rate);

/* bucket_wait_ms gives the time until the account may act again, 0 when it may now. For a refusal's retry-after. */
uint64_t bucket_wait_ms(uint64_t tat, uint64_t time_ms, const struct rate *rate);

#endif
