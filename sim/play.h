/* play.h: what verbs have in common: files of text, scenarios, and the line that shows a failure again. */
#ifndef WARD_SIM_PLAY_H
#define WARD_SIM_PLAY_H

#include "sim/order.h"

/* play_text gives a whole regular file of 1 to `most` bytes. Gives: NULL, and in *code that of a complaint that is made already, when it cannot be read.
 * Owns: the caller frees it. */
char *play_text(const struct order *order, const char *path, size_t most, int *code);

/* play_load gives the scenario that --scenario or --seed names. Gives: EXIT_FINE, or the code of a complaint that is made already. */
int play_load(const struct order *order, struct scenario *scenario);

/* play_recorded plays a scenario in this process and writes its record into a new file, also when production code stops. Gives: 0, or why it is not
 * written, as a number of errno.h. */
int play_recorded(const struct scenario *scenario, const char *path, struct swarm_result *result);

/* play_reproduction writes the one line to paste: what runs again, configuration, build. */
void play_reproduction(const struct order *order, const struct swarm_case *which, uint64_t configuration, char *line, size_t size);

/* play_complain says on standard error what failed and how to see it again. */
void play_complain(const struct order *order, const struct swarm_case *which, const struct swarm_result *result);

#define PLAY_SECONDS 600u /* of wall time for one run */

#endif
