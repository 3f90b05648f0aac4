/* trace.h: what happened, as a story: one line for each step that matters, in the order in which it happened.
 *
 *        12.500 ms  r1  votes for block 3 in view 0
 *
 * The text depends on nothing but the run, so that it can be compared with what a scenario expects. */
#ifndef WARD_SIM_WORLD_TRACE_H
#define WARD_SIM_WORLD_TRACE_H

#include "consensus/effect.h"

#include <stddef.h>
#include <stdint.h>

enum trace_level {
    TRACE_NONE,
    TRACE_TURNS,    /* crashes, timeouts, views, commits of the first replica to know: a page for a long run */
    TRACE_STORY,    /* every mark of every replica */
    TRACE_MESSAGES  /* and every message that arrives */
};

struct trace {
    enum trace_level level;
    char *text; /* ends with NUL; never NULL after trace_init */
    size_t size, capacity;
};

void trace_init(struct trace *trace, enum trace_level level);
void trace_close(struct trace *trace);

/* trace_line adds one line when the level is at least `level`. `who` is a replica, or TRACE_WORLD. */
#define TRACE_WORLD UINT32_MAX
__attribute__((format(printf, 5, 6))) void trace_line(struct trace *trace, enum trace_level level, uint64_t now_ns, uint32_t who, const char *format, ...);

/* One mark of a replica, as it left the core. */
struct trace_mark {
    enum mark mark;
    uint64_t view, height, value;
    uint32_t about;
};

/* trace_mark tells of it. `first`: no other replica said the same before. */
void trace_mark(struct trace *trace, uint64_t now_ns, uint32_t who, const struct trace_mark *mark, bool first);

#endif
