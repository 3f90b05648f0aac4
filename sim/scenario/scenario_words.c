/* scenario_words.c: the words of a line of a scenario, and what each kind of word may be. */
#include "sim/scenario/scenario_priv.h"

#include <stdarg.h>
#include <string.h>

enum err line_wrong(struct line *line, const char *format, ...)
{
    char text[SCENARIO_PROBLEM_BYTES - 32];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    snprintf(line->scenario->problem, sizeof line->scenario->problem, "line %u: %s", (unsigned)line->number, text);
    return ERR_INVALID;
}

const char *line_peek(const struct line *line)
{
    return line->next < line->count ? line->words[line->next] : "";
}

const char *line_take(struct line *line)
{
    return line->next < line->count ? line->words[line->next++] : "";
}

bool line_take_word(struct line *line, const char *word)
{
    bool found = strcmp(line_peek(line), word) == 0;

    line->next += found;
    return found;
}

/* number_of reads the digits at the front. Gives: where they end, NULL when there are none or too many. */
static const char *number_of(const char *text, uint64_t *number)
{
    uint32_t digits = 0;

    *number = 0;
    for (; text[digits] >= '0' && text[digits] <= '9'; digits++) {
        *number = *number * 10 + (uint64_t)(text[digits] - '0');
    }
    return digits >= 1 && digits <= 18 ? text + digits : NULL;
}

enum err line_number(struct line *line, uint64_t least, uint64_t most, uint64_t *number)
{
    const char *word = line_take(line), *end = number_of(word, number);

    if (end == NULL || *end != '\0' || *number < least || *number > most) {
        return line_wrong(line, "\"%s\" is not a number from %llu to %llu", word, (unsigned long long)least, (unsigned long long)most);
    }
    return ERR_OK;
}

enum err line_time(struct line *line, uint64_t *time_ns)
{
    static const struct { const char *unit; uint64_t ns; } units[] = { { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 },
        { "min", UINT64_C(60000000000) }, { "h", UINT64_C(3600000000000) } };
    const char *word = line_take(line), *unit = number_of(word, time_ns);

    for (size_t i = 0; unit != NULL && i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(unit, units[i].unit) == 0 && *time_ns <= UINT64_C(1000000000000000000) / units[i].ns) {
            *time_ns *= units[i].ns;
            return ERR_OK;
        }
    }
    return line_wrong(line, "\"%s\" is not a time such as 200us, 5ms, 2s, 10min or 8h", word);
}

/* line_range reads "A" or "A to B". */
enum err line_range(struct line *line, uint64_t *least, uint64_t *most)
{
    enum err err = line_time(line, least);

    *most = *least;
    if (err == ERR_OK && line_take_word(line, "to")) {
        err = line_time(line, most);
    }
    return err == ERR_OK && *most < *least ? line_wrong(line, "the range ends before it begins") : err;
}

enum err line_member(struct line *line, uint32_t *member)
{
    return line_u32(line, 0, line->scenario->plan.members_count - 1, member);
}

enum err line_server(struct line *line, uint32_t *server)
{
    return line_u32(line, 0, scenario_servers(line->scenario) - 1, server);
}

enum err line_members(struct line *line, struct member_set *members)
{
    *members = (struct member_set){ { 0 } };
    if (line_take_word(line, "all")) {
        *members = member_set_all(line->scenario->plan.members_count);
        return ERR_OK;
    }
    do {
        uint32_t member;
        enum err err = line->scenario->steps_count == 0 ? line_member(line, &member) : line_server(line, &member);
        if (err != ERR_OK) {
            return err;
        }
        member_set_add(members, member);
    } while (line->next < line->count && strcmp(line_peek(line), "|") != 0);
    return ERR_OK;
}

enum err line_target(struct line *line, uint32_t *target)
{
    if (!line_take_word(line, "to")) {
        return line_wrong(line, "\"to\" and a replica, or \"to any\", is missing");
    }
    if (line_take_word(line, "any")) {
        *target = WORKLOAD_ANY;
        return ERR_OK;
    }
    return line_member(line, target);
}

enum err line_type(struct line *line, enum message_type *type)
{
    const char *word = line_take(line);

    for (unsigned i = MESSAGE_HELLO; i < MESSAGE_TYPE_END; i++) {
        if (strcmp(word, message_word(i)) == 0) {
            *type = (enum message_type)i;
            return ERR_OK;
        }
    }
    return line_wrong(line, "there is no message \"%s\"", word);
}

enum err line_mark(struct line *line, enum mark *mark)
{
    const char *word = line_take(line);

    for (int i = 0; i < MARK_COUNT; i++) {
        if (strcmp(word, mark_word((enum mark)i)) == 0) {
            *mark = (enum mark)i;
            return ERR_OK;
        }
    }
    return line_wrong(line, "there is no mark \"%s\"", word);
}

enum err line_u32(struct line *line, uint64_t least, uint64_t most, uint32_t *out)
{
    uint64_t number;
    enum err err = line_number(line, least, most, &number);

    *out = (uint32_t)number;
    return err;
}
