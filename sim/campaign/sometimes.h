/* sometimes.h: rare paths that a campaign must have taken. A campaign of enough seeds that never took one proves nothing about it, and fails. */
#ifndef WARD_SIM_CAMPAIGN_SOMETIMES_H
#define WARD_SIM_CAMPAIGN_SOMETIMES_H

#include "sim/report.h"

/* sometimes_count gives how many rare paths there are, sometimes_name the name of one. Owns: a constant. */
uint32_t sometimes_count(void);
const char *sometimes_name(uint32_t number);

/* sometimes_note counts in `reached` of a campaign what a campaign of one seed took. */
void sometimes_note(struct campaign *campaign, const struct campaign *alone);

/* sometimes_missing names the next rare path that the campaign should have taken by now and never did. *at: where to go on, 0 at first. Gives: NULL when
 * there is no further one. */
const char *sometimes_missing(const struct campaign *campaign, uint32_t *at);

#endif
