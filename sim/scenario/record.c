/* record.c: see record.h. */
#include "sim/scenario/record.h"

#include "base/assert.h"
#include "sim/world/heap.h"
#include "sim/world/world_priv.h"

#include <stdlib.h>
#include <string.h>

static struct record *under_way;

void record_init(struct record *record)
{
    *record = (struct record){ .replaying = false };
    facts_init(&record->places);
}

void record_close(struct record *record)
{
    ASSERT(under_way != record);
    free(record->decisions);
    free(record->events);
    facts_close(&record->places);
    *record = (struct record){ .replaying = false };
}

/* room gives an array one more place, twice as many when it is full. */
static void *room(void *array, size_t count, size_t *capacity, size_t bytes)
{
    if (count < *capacity) {
        return array;
    }
    *capacity = *capacity == 0 ? 1024 : 2 * *capacity;
    array = realloc(array, *capacity * bytes);
    heap_disregard();
    ASSERT(array != NULL);
    return array;
}

static uint64_t name_of(const struct choice_made *decision)
{
    return fact_name(fact_name(decision->topic, decision->at[0], decision->at[1], decision->at[2]), decision->at[3], decision->at[4], decision->at[5]);
}

static void add_decision(struct record *record, const struct choice_made *decision)
{
    size_t place = record->decisions_count + 1;

    if (facts_keep(&record->places, name_of(decision), place) != place) {
        return; /* asked again: the answer is the same */
    }
    record->decisions = room(record->decisions, record->decisions_count, &record->decisions_capacity, sizeof *record->decisions);
    record->decisions[record->decisions_count++] = *decision;
}

static void add_event(struct record *record, const struct record_event *event)
{
    record->events = room(record->events, record->events_count, &record->events_capacity, sizeof *record->events);
    record->events[record->events_count++] = *event;
}

/* hear passes a decision on: notes its value, or gives the one of the list. */
static uint64_t hear(const struct choice_made *decision)
{
    struct record *record = under_way;

    if (!record->replaying) {
        add_decision(record, decision);
        return decision->value;
    }
    uint64_t place = facts_find(&record->places, name_of(decision));
    record->fresh += place == 0;
    return place == 0 ? decision->value : record->decisions[place - 1].value;
}

void record_use(struct record *record)
{
    under_way = record;
    choice_listen(record == NULL ? NULL : hear);
}

void record_event(const struct record_event *event)
{
    struct record *record = under_way;

    if (record == NULL) {
        return;
    }
    if (!record->replaying) {
        add_event(record, event);
        return;
    }
    uint64_t number = record->seen++;
    if (record->parted) {
        return;
    }
    record->at_end = number >= record->events_count;
    record->parted = record->at_end || memcmp(&record->events[number], event, sizeof *event) != 0;
    record->parted_at = number;
    record->found = *event;
    record->expected = record->at_end ? (struct record_event){ 0 } : record->events[number];
}

/* --- Text ----------------------------------------------------------------------------------------------------------- */

bool record_write(const struct record *record, const struct scenario *scenario, FILE *stream)
{
    fprintf(stream, "ward-sim record 1\n");
    scenario_write(scenario, stream);
    fprintf(stream, "decisions %zu\n", record->decisions_count);
    for (size_t i = 0; i < record->decisions_count; i++) {
        const struct choice_made *decision = &record->decisions[i];
        fprintf(stream, "%llx", (unsigned long long)decision->topic);
        for (unsigned k = 0; k < CHOICE_NAME; k++) {
            fprintf(stream, " %llx", (unsigned long long)decision->at[k]);
        }
        fprintf(stream, " %llx\n", (unsigned long long)decision->value);
    }
    fprintf(stream, "events %zu\n", record->events_count);
    for (size_t i = 0; i < record->events_count; i++) {
        const struct record_event *event = &record->events[i];
        fprintf(stream, "%llx %llx %llx %llx\n", (unsigned long long)event->now_ns, (unsigned long long)event->topic, (unsigned long long)event->a,
                (unsigned long long)event->b);
    }
    return fflush(stream) == 0 && !ferror(stream);
}

/* A text that is read line by line. */
struct lines {
    char *at;
    uint32_t number;
};

/* line_next gives the next line without its end, NULL behind the last. */
static char *line_next(struct lines *lines)
{
    char *line = lines->at;

    if (*line == '\0') {
        return NULL;
    }
    size_t size = strcspn(line, "\n");
    lines->at += size + (line[size] == '\n');
    line[size] = '\0';
    lines->number++;
    return line;
}

/* read_numbers reads exactly so many hexadecimal numbers. */
static bool read_numbers(char *line, uint64_t *numbers, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char *end = NULL;
        if (strspn(line, "0123456789abcdef") == 0) {
            return false;
        }
        numbers[i] = strtoull(line, &end, 16);
        if (*end != (i + 1 < count ? ' ' : '\0')) {
            return false;
        }
        line = end + 1;
    }
    return true;
}

/* read_count reads a line such as "events 12". */
static bool read_count(struct lines *lines, const char *word, size_t *count)
{
    char *line = line_next(lines), *end = NULL;
    size_t length = strlen(word);

    if (line == NULL || strncmp(line, word, length) != 0 || line[length] != ' ') {
        return false;
    }
    *count = strtoul(line + length + 1, &end, 10);
    return *end == '\0' && end != line + length + 1;
}

static bool read_decisions(struct record *record, struct lines *lines)
{
    uint64_t numbers[CHOICE_NAME + 2];
    size_t count = 0;

    if (!read_count(lines, "decisions", &count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        struct choice_made decision;
        char *line = line_next(lines);
        if (line == NULL || !read_numbers(line, numbers, CHOICE_NAME + 2)) {
            return false;
        }
        decision.topic = numbers[0];
        memcpy(decision.at, numbers + 1, sizeof decision.at);
        decision.value = numbers[CHOICE_NAME + 1];
        add_decision(record, &decision);
    }
    return true;
}

static bool read_events(struct record *record, struct lines *lines)
{
    uint64_t numbers[4];
    size_t count = 0;

    if (!read_count(lines, "events", &count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        char *line = line_next(lines);
        if (line == NULL || !read_numbers(line, numbers, 4)) {
            return false;
        }
        add_event(record, &(struct record_event){ numbers[0], numbers[1], numbers[2], numbers[3] });
    }
    return *lines->at == '\0';
}

/* read_scenario reads up to the decisions; the scenario's own numbers of lines begin behind the first. */
static bool read_scenario(struct scenario *scenario, struct lines *lines)
{
    char *begin = lines->at, *end = strstr(begin, "\ndecisions ");

    if (end == NULL) {
        return false;
    }
    *end = '\0';
    bool well = scenario_parse(scenario, begin) == ERR_OK;
    for (const char *at = begin; well && *at != '\0'; at++) {
        lines->number += *at == '\n';
    }
    lines->number++;
    lines->at = end + 1;
    return well;
}

enum err record_read(struct record *record, struct scenario *scenario, char *text, uint32_t *number)
{
    struct lines lines = { text, 0 };
    char *head = line_next(&lines);
    bool well = head != NULL && strcmp(head, "ward-sim record 1") == 0;

    well = well && read_scenario(scenario, &lines) && read_decisions(record, &lines) && read_events(record, &lines);
    *number = lines.number;
    record->replaying = true;
    return well ? ERR_OK : ERR_INVALID;
}

/* --- For a reader --------------------------------------------------------------------------------------------------- */

static const char *change_word(uint64_t change)
{
    static const char *const words[] = { "", "is killed", "loses its power", "starts", "is stopped in its tracks", "goes on", "is asked to stop", "has a link cut or mended", "is gone",
        "has an empty disk", "has a rotten block", "has an old copy of its disk", "is seen in two places", "has its clock set", "loses a connection", "cannot be heard for a while", "is not heard", "has a full disk",
        "has room on its disk again" };

    return change < sizeof words / sizeof words[0] ? words[change] : "changes in an unknown way";
}

void record_text(const struct record_event *event, char *text, size_t size)
{
    char when[32];
    unsigned long long a = event->a, b = event->b;

    snprintf(when, sizeof when, "%llu.%06llu ms", (unsigned long long)(event->now_ns / 1000000), (unsigned long long)(event->now_ns % 1000000));
    switch (event->topic) {
    case WORLD_TOPIC_ARRIVED:
        snprintf(text, size, "%s: r%llu gets %s from r%llu, content %016llx", when, a >> 8 & 0xffff, message_word(a & 0xff), a >> 24, b);
        break;
    case WORLD_TOPIC_MARK: {
        unsigned mark = a & 0xffff;
        snprintf(text, size, "%s: r%llu %s, view %llu, height %llu", when, a >> 16, mark < MARK_COUNT ? mark_word((enum mark)mark) : "does something unknown", b >> 32,
                 b & 0xffffffff);
        break;
    }
    case WORLD_TOPIC_EXECUTED: snprintf(text, size, "%s: r%llu executes block %llu, %016llx", when, a >> 32, a & 0xffffffff, b); break;
    case WORLD_TOPIC_STATE: snprintf(text, size, "%s: r%llu %s", when, a & 0xffffffff, change_word(a >> 32)); break;
    default: snprintf(text, size, "%s: event %llx %llx %llx", when, (unsigned long long)event->topic, a, b); break;
    }
}
