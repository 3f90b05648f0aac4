/* log.c: see log.h. A mutex guards the folding memory and keeps the lines of two threads apart; it is never held across anything but one write. */
#include "base/log.h"

#include "base/assert.h"
#include "base/clock.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t log_mutex = PTHREAD_MUTEX_INITIALIZER;
static enum log_level log_level_min = LOG_INFO;
static int log_fd = STDERR_FILENO;

void log_level_set(enum log_level level) { log_level_min = level; }
void log_fd_set(int fd) { log_fd = fd; }

static const char *level_name(enum log_level level)
{
    switch (level) {
    case LOG_DEBUG: return "debug";
    case LOG_INFO: return "info";
    case LOG_WARN: return "warn";
    case LOG_ERROR: return "error";
    }
    ASSERT(level <= LOG_ERROR);
    return "";
}

/* FNV-1a: tells equal lines from different ones; nobody gains by making two lines collide. */
static uint64_t text_hash(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; text[i] != '\0'; i++) {
        hash = (hash ^ (uint8_t)text[i]) * 0x100000001b3u;
    }
    return hash;
}

/* is_repeat counts the line when it is equal to the last one of a moment ago. */
static bool is_repeat(struct log_event *event, const char *fields, uint64_t now_ns)
{
    uint64_t hash = text_hash(fields);

    if (event->last_ns != 0 && hash == event->hash && now_ns - event->last_ns < LOG_FOLD_NS) {
        event->folded++;
        return true;
    }
    event->hash = hash;
    event->last_ns = now_ns;
    return false;
}

/* is_flood counts the line when the event has been written too often of late. */
static bool is_flood(struct log_event *event, uint64_t now_ns)
{
    uint64_t due_ns = event->due_ns > now_ns ? event->due_ns : now_ns;

    if (due_ns - now_ns > (LOG_BURST - 1) * LOG_INTERVAL_NS) {
        event->folded++;
        return true;
    }
    event->due_ns = due_ns + LOG_INTERVAL_NS;
    return false;
}

/* append adds formatted text and gives the new length, never beyond the capacity minus one. */
__attribute__((format(printf, 4, 5))) static size_t append(char *line, size_t size, size_t used, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(line + used, size - used, format, arguments);
    va_end(arguments);
    if (length < 0) {
        return used;
    }
    return used + (size_t)length < size ? used + (size_t)length : size - 1;
}

static size_t append_prefix(char *line, size_t size, const struct log_event *event)
{
    uint64_t wall_ms = clock_wall_ms();
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    char stamp[32];

    gmtime_r(&seconds, &utc);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
    size_t used = append(line, size, 0, "ts=%s.%03uZ level=%s event=%s", stamp, (unsigned)(wall_ms % 1000), level_name(event->level), event->name);
    return event->id == NULL ? used : append(line, size, used, " id=%s", event->id);
}

static void write_line(char *line, size_t used)
{
    for (size_t i = 0; i < used; i++) {
        if ((uint8_t)line[i] < 0x20 || line[i] == 0x7f) {
            line[i] = '?';
        }
    }
    line[used++] = '\n';
    ssize_t written = write(log_fd, line, used);
    (void)written; /* Nobody is left to tell. */
}

void log_write(struct log_event *event, const char *format, ...)
{
    char fields[LOG_LINE_BYTES_MAX], line[LOG_LINE_BYTES_MAX + 1];
    size_t size = LOG_LINE_BYTES_MAX;

    if (event->level < log_level_min) {
        return;
    }
    fields[0] = '\0';
    if (format != NULL) {
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(fields, sizeof fields, format, arguments);
        va_end(arguments);
    }
    pthread_mutex_lock(&log_mutex);
    uint64_t folded = event->folded;
    uint64_t now_ns = clock_mono_ns();
    if (!is_repeat(event, fields, now_ns) && !is_flood(event, now_ns)) {
        event->folded = 0;
        size_t used = append_prefix(line, size, event);
        used = folded == 0 ? used : append(line, size, used, " folded=%llu", (unsigned long long)folded);
        used = fields[0] == '\0' ? used : append(line, size, used, " %s", fields);
        if (used == size - 1) {
            memcpy(line + used - 3, "...", 3);
        }
        write_line(line, used);
    }
    pthread_mutex_unlock(&log_mutex);
}

static bool is_plain(const char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        if ((uint8_t)text[i] <= 0x20 || text[i] == 0x7f || text[i] == '"' || text[i] == '=' || text[i] == '\\') {
            return false;
        }
    }
    return text[0] != '\0';
}

struct log_text log_quote(const char *text)
{
    struct log_text out = { .text = "" };
    size_t used = 0, limit = sizeof out.text - 3; /* Room for an escape, the closing quote and the end. */

    if (is_plain(text)) {
        (void)snprintf(out.text, sizeof out.text, "%s", text);
        return out;
    }
    out.text[used++] = '"';
    for (size_t i = 0; text[i] != '\0' && used < limit; i++) {
        if (text[i] == '"' || text[i] == '\\') {
            out.text[used++] = '\\';
        }
        out.text[used++] = text[i];
    }
    out.text[used++] = '"';
    out.text[used] = '\0';
    return out;
}
