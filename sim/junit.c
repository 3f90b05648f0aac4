/* junit.c: see junit.h. */
#include "sim/junit.h"

#include "base/assert.h"

#include <stdlib.h>

/* put_text writes text with what XML does not take in its place. */
static void put_text(FILE *stream, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<': fputs("&lt;", stream); break;
        case '>': fputs("&gt;", stream); break;
        case '&': fputs("&amp;", stream); break;
        case '"': fputs("&quot;", stream); break;
        default: fputc(*text < ' ' && *text >= 0 ? ' ' : *text, stream); break;
        }
    }
}

void junit_failed(struct junit *junit, uint64_t seed, const char *kind, const char *what, const char *line)
{
    if (junit->stream == NULL) {
        junit->stream = open_memstream(&junit->text, &junit->size);
        ASSERT(junit->stream != NULL);
    }
    if (junit->count++ >= JUNIT_FAILURES_MAX) {
        return;
    }
    fprintf(junit->stream, "    <testcase classname=\"ward-sim.swarm\" name=\"seed %llu\"><failure type=\"%s\" message=\"", (unsigned long long)seed, kind);
    put_text(junit->stream, what);
    fprintf(junit->stream, "\">");
    put_text(junit->stream, line);
    fprintf(junit->stream, "</failure></testcase>\n");
}

bool junit_write(const struct junit *junit, FILE *file, const struct campaign *campaign)
{
    fprintf(file, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"ward-sim swarm\" tests=\"%llu\" failures=\"%llu\" time=\"%.3f\">\n",
            (unsigned long long)junit->count + 1, (unsigned long long)junit->count, (double)campaign->wall_ns / 1e9);
    fprintf(file, "    <testcase classname=\"ward-sim.swarm\" name=\"%llu of %llu seeds from %llu to %llu, hash %016llx\" time=\"%.3f\"/>\n",
            (unsigned long long)(campaign->seeds - campaign->failed), (unsigned long long)campaign->seeds, (unsigned long long)campaign->seed_first,
            (unsigned long long)campaign->seed_last, (unsigned long long)campaign->hash, (double)campaign->wall_ns / 1e9);
    if (junit->stream != NULL) {
        fflush(junit->stream);
        fputs(junit->text, file);
    }
    fputs("  </testsuite>\n</testsuites>\n", file);
    return fflush(file) == 0 && !ferror(file);
}

void junit_close(struct junit *junit)
{
    if (junit->stream != NULL) {
        fclose(junit->stream);
    }
    free(junit->text);
    *junit = (struct junit){ .text = NULL };
}
