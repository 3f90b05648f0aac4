/* median.c: see median.h. */
#include "sim/median.h"

#include "base/assert.h"

void median_add(struct median *median, uint64_t value)
{
    median->times[value < MEDIAN_VALUES ? value : MEDIAN_VALUES - 1]++;
    median->count++;
}

uint64_t median_value(const struct median *median)
{
    uint64_t below = 0;
    uint32_t value = 0;

    for (; value < MEDIAN_VALUES - 1; value++) {
        below += median->times[value];
        if (2 * below >= median->count) {
            break;
        }
    }
    ASSERT(value < MEDIAN_VALUES);
    return median->count == 0 ? 0 : value;
}
