/* sometimes.h: rare paths that a campaign must have taken. A campaign of enough seeds that never took one proves nothing about it, and fails. */
#ifndef WARD_SIM_SOMETIMES_H
#define WARD_SIM_SOMETIMES_H

#include "sim/report.h"

/* sometimes_missing names the next rare path that the campaign should have taken by now and never did. *at: where to go on, 0 at first. Gives: NULL when
 * there is no further one. */
const char *sometimes_missing(const struct campaign *campaign, uint32_t *at);

#endif
