/* junit.h: the result of a campaign as CI reads it: one test for the seeds that passed, one for each that did not. */
#ifndef WARD_SIM_JUNIT_H
#define WARD_SIM_JUNIT_H

#include "sim/report.h"

#define JUNIT_FAILURES_MAX 1000u /* more are counted, not listed */

struct junit {
    char *text;      /* cases that failed, as XML */
    size_t size;
    FILE *stream;    /* into text */
    uint64_t count;
};

/* junit_failed adds a seed that failed. `line` shows it again. */
void junit_failed(struct junit *junit, uint64_t seed, const char *kind, const char *what, const char *line);

/* junit_write writes it. Gives: false when the stream cannot be written. */
bool junit_write(const struct junit *junit, FILE *file, const struct campaign *campaign);

void junit_close(struct junit *junit);

#endif
