/* guard.h: memory that ends where nobody may read or write: a step too far behind its end stops the run at once, in every build.
 *
 * A message that arrives is handed over in such a place, and decoded into one. */
#ifndef WARD_SIM_WORLD_GUARD_H
#define WARD_SIM_WORLD_GUARD_H

#include <stddef.h>
#include <stdint.h>

#define GUARD_FILL 0xa5 /* of what must not be looked at any more */

struct guard {
    uint8_t *pages;
    size_t bytes; /* in front of the page that nobody may touch */
};

/* guard_open takes room for `bytes`. Owns: guard_close gives it back. */
void guard_open(struct guard *guard, size_t bytes);
void guard_close(struct guard *guard);

/* guard_end gives where `size` bytes begin that end at the guard. Needs: size <= bytes of guard_open. */
uint8_t *guard_end(const struct guard *guard, size_t size);

#endif
