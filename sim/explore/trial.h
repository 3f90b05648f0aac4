/* trial.h: production code that may stop itself by an assertion, which ends what was tried and not the process. */
#ifndef WARD_SIM_EXPLORE_TRIAL_H
#define WARD_SIM_EXPLORE_TRIAL_H

/* trial_play calls play(context). Gives: 0, or the signal by which production code stopped itself; what it had in its hands stays as it was. One at a time. */
int trial_play(void (*play)(void *context), void *context);

#endif
