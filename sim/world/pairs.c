/* pairs.c: see pairs.h. */
#include "sim/world/pairs.h"

const struct naming pair_names[PAIR_COUNT] = { PAIRS(NAMING) };
