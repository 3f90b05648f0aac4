/* median.h: the median of small numbers, of which only how often each came is kept. */
#ifndef WARD_SIM_MEDIAN_H
#define WARD_SIM_MEDIAN_H

#include <stdint.h>

#define MEDIAN_VALUES 1024u /* this one less is the largest that is told from others; larger ones count as it */

/* All zero: empty. */
struct median {
    uint64_t count;
    uint32_t times[MEDIAN_VALUES];
};

void median_add(struct median *median, uint64_t value);

/* median_value gives the lower median, 0 when there is nothing. */
uint64_t median_value(const struct median *median);

#endif
