/* trace.c: see trace.h. */
#include "sim/world/trace.h"

#include "base/assert.h"
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES_MAX 512

void trace_init(struct trace *trace, enum trace_level level)
{
    *trace = (struct trace){ .level = level, .capacity = 4096 };
    trace->text = calloc(1, trace->capacity);
    ASSERT(trace->text != NULL);
}

void trace_close(struct trace *trace)
{
    free(trace->text);
    *trace = (struct trace){ 0 };
}

static void add(struct trace *trace, const char *text)
{
    size_t size = strlen(text);

    while (trace->size + size + 1 > trace->capacity) {
        trace->capacity *= 2;
        trace->text = realloc(trace->text, trace->capacity);
        ASSERT(trace->text != NULL);
    }
    memcpy(trace->text + trace->size, text, size + 1);
    trace->size += size;
}

void trace_line(struct trace *trace, enum trace_level level, uint64_t now_ns, uint32_t who, const char *format, ...)
{
    char line[LINE_BYTES_MAX], name[16] = "--";
    va_list arguments;

    if (level > trace->level) {
        return;
    }
    if (who != TRACE_WORLD) {
        snprintf(name, sizeof name, "r%u", (unsigned)who);
    }
    snprintf(line, sizeof line, "%9llu.%03llu ms  %-3s ", (unsigned long long)(now_ns / 1000000), (unsigned long long)(now_ns / 1000 % 1000), name);
    add(trace, line);
    va_start(arguments, format);
    vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    add(trace, line);
    add(trace, "\n");
}

static const char *cause_text(uint64_t cause)
{
    switch ((enum cause)cause) {
    case CAUSE_NONE: return "no cause";
    case CAUSE_REQUEST: return "a request waits";
    case CAUSE_CERTIFICATE: return "a certificate is not committed";
    case CAUSE_CHANGE: return "a membership change waits";
    case CAUSE_ABDICATED: return "the leader gave up";
    case CAUSE_JOIN: return "others timed out";
    case CAUSE_END: break;
    }
    return "an unknown cause";
}

static const char *entered_text(uint64_t how)
{
    static const char *const texts[] = { "", " by a timeout certificate", " by a certificate", " at its start" };

    return how < sizeof texts / sizeof texts[0] ? texts[how] : " in an unknown way";
}

static const char *committed_text(uint64_t how)
{
    static const char *const texts[] = { "", " by its child", " by commit votes", " by catching up" };

    return how < sizeof texts / sizeof texts[0] ? texts[how] : " in an unknown way";
}

static enum trace_level level_of(enum mark mark, bool first)
{
    switch (mark) {
    case MARK_OPENED:
    case MARK_TIMED_OUT:
    case MARK_ENTERED:
    case MARK_ABDICATED:
    case MARK_REFUSED_PROPOSAL:
    case MARK_BAD_SIGNATURE:
    case MARK_EQUIVOCATION:
    case MARK_FETCHED:
    case MARK_REPAIRED:
    case MARK_REJOINED:
        return TRACE_TURNS;
    case MARK_COMMITTED:
    case MARK_CHECKPOINTED:
        return first ? TRACE_TURNS : TRACE_STORY;
    case MARK_PROPOSED:
    case MARK_VOTED:
    case MARK_CERTIFIED:
    case MARK_ASKED_COMMIT:
    case MARK_COMMITVOTED:
    case MARK_QUERIED:
    case MARK_SERVED:
    case MARK_HEDGED:
    case MARK_QUIET:
    case MARK_COUNT:
        break;
    }
    return TRACE_STORY;
}

void trace_mark(struct trace *trace, uint64_t now_ns, uint32_t who, const struct trace_mark *mark, bool first)
{
    unsigned long long view = mark->view, height = mark->height, value = mark->value;
    enum trace_level level = level_of(mark->mark, first);

    switch (mark->mark) {
    case MARK_PROPOSED: trace_line(trace, level, now_ns, who, "proposes block %llu in view %llu, commands: %llu", height, view, value); break;
    case MARK_OPENED: trace_line(trace, level, now_ns, who, "opens view %llu on block %llu", view, height); break;
    case MARK_VOTED: trace_line(trace, level, now_ns, who, "votes for block %llu in view %llu", height, view); break;
    case MARK_CERTIFIED: trace_line(trace, level, now_ns, who, "certifies block %llu in view %llu", height, view); break;
    case MARK_ASKED_COMMIT: trace_line(trace, level, now_ns, who, "asks for commit votes on block %llu", height); break;
    case MARK_COMMITVOTED: trace_line(trace, level, now_ns, who, "commit-votes for block %llu", height); break;
    case MARK_COMMITTED: trace_line(trace, level, now_ns, who, "commits block %llu%s", height, committed_text(value)); break;
    case MARK_QUERIED: trace_line(trace, level, now_ns, who, "asks everybody how far they are: %s", cause_text(value)); break;
    case MARK_TIMED_OUT: trace_line(trace, level, now_ns, who, "times view %llu out: %s", view, cause_text(value)); break;
    case MARK_ENTERED: trace_line(trace, level, now_ns, who, "enters view %llu%s", view, entered_text(value)); break;
    case MARK_ABDICATED: trace_line(trace, level, now_ns, who, "gives view %llu up", view); break;
    case MARK_REFUSED_PROPOSAL:
        trace_line(trace, level, now_ns, who, "refuses block %llu of view %llu: %s", height, view, verdict_name((enum verdict)value));
        break;
    case MARK_BAD_SIGNATURE: trace_line(trace, level, now_ns, who, "got a bad signature from r%u", (unsigned)mark->about); break;
    case MARK_EQUIVOCATION: trace_line(trace, level, now_ns, who, "caught r%u voting twice", (unsigned)mark->about); break;
    case MARK_FETCHED: trace_line(trace, level, now_ns, who, "fetched %llu blocks up to %llu from r%u", value, height, (unsigned)mark->about); break;
    case MARK_REPAIRED: trace_line(trace, level, now_ns, who, "has block %llu again, from r%u", height, (unsigned)mark->about); break;
    case MARK_REJOINED: trace_line(trace, level, now_ns, who, "comes back without its past and abstains up to view %llu", value); break;
    case MARK_SERVED: trace_line(trace, level, now_ns, who, "serves r%u", (unsigned)mark->about); break;
    case MARK_HEDGED: trace_line(trace, level, now_ns, who, "waited long enough for the certificate of block %llu", height); break;
    case MARK_CHECKPOINTED: trace_line(trace, level, now_ns, who, "holds the certificate of checkpoint %llu", height); break;
    case MARK_QUIET: trace_line(trace, level, now_ns, who, "has nothing left to do"); break;
    case MARK_COUNT: ASSERT(level == TRACE_NONE); break;
    }
}
