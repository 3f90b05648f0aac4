/* log.h: one logfmt line on standard error per state change.
 *
 *     ts=2026-03-01T09:12:44.120Z level=warn event=net.link_down id=W-0301 member=2 reason=timeout
 *
 * Each event is one static `struct log_event` beside the code that writes it: a stable name, a stable id for warnings and errors
 * (`ward explain`), and the memory that folds repeats. A line equal to the event's last one within LOG_FOLD_NS is counted instead of
 * written; the count appears as `folded=N` on the event's next line, so no timer is needed. Lines that differ are counted likewise once LOG_BURST of them came
 * faster than one each LOG_INTERVAL_NS: a member that makes two lines alternate fills no disk. No record content, no account in clear, nothing per message. */
#ifndef WARD_BASE_LOG_H
#define WARD_BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

#define LOG_LINE_BYTES_MAX 1024 /* longer lines are cut and end in "..." */
#define LOG_FOLD_NS 10000000000ull
#define LOG_BURST 100u            /* lines of one event at once, and then one each */
#define LOG_INTERVAL_NS 1000000000ull

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_event {
    const char *name; /* "folder.what_happened", lower case, stable */
    const char *id;   /* "W-0301" or "E-0001" for warnings and errors; NULL below */
    enum log_level level;
    uint64_t hash;    /* of the last line's fields */
    uint64_t last_ns; /* when it was written; 0: never */
    uint64_t folded;  /* lines since that were not written */
    uint64_t due_ns;  /* when all lines that were written are paid for, one in each LOG_INTERVAL_NS */
};

/* LOG_EVENT defines the initial content of a static event. */
#define LOG_EVENT(event_level, event_id, event_name) { .name = (event_name), .id = (event_id), .level = (event_level) }

/* log_write writes one line; `format` gives the fields as "key=%u key=%s", NULL for none. Control characters become '?'.
 * Gives: nothing; a standard error that cannot be written is ignored. Cost: one write unless folded. Threads: any. */
void log_write(struct log_event *event, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* log_level_set drops events below the level. The default is LOG_INFO. */
void log_level_set(enum log_level level);

/* log_fd_set sends lines to another descriptor, for tests and tools. The default is standard error. */
void log_fd_set(int fd);

/* A value that is safe after "key=": as it is when it is a plain word, in quotes with escapes otherwise. Cut at the size. */
struct log_text {
    char text[160];
};
struct log_text log_quote(const char *text);

#endif
