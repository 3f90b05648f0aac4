/* scenario_header.c: the lines of a scenario that describe the cluster. One table reads and writes them: a word, and up to three parts behind it,
 * each of a kind and with a place in the plan. */
#include "sim/scenario/scenario_priv.h"

#include "base/assert.h"

#include <stddef.h>
#include <string.h>

#define PARTS_MAX 3u
#define NUMBER_MOST UINT64_C(999999999999999999)

enum part_kind {
    PART_NONE,
    PART_U32,    /* a number, uint32_t */
    PART_U64,    /* a number, uint64_t */
    PART_TIME,   /* nanoseconds, uint64_t */
    PART_MICROS, /* a time kept as microseconds, uint32_t */
    PART_MILLIS, /* a time kept as milliseconds, uint32_t */
    PART_RANGE,  /* "A [to B]": two uint64_t of nanoseconds, one behind the other */
    PART_PPM,    /* "N ppm", uint32_t */
    PART_SWITCH, /* "on" or "off", bool */
    PART_CRYPTO, /* "real" or "fast", bool */
    PART_LEVEL,  /* enum trace_level */
    PART_MEMBERS, /* struct member_set, to the end of the line */
    PART_LIES    /* words of lies to the end of the line: bits, uint64_t */
};

struct part {
    enum part_kind kind;
    const char *label; /* a word before it, or NULL */
    size_t at;         /* in struct world_plan */
    uint64_t least, most;
};

struct field {
    const char *word;
    struct part parts[PARTS_MAX];
};

#define AT(member) NULL, offsetof(struct world_plan, member)
#define LABELLED(label, member) label, offsetof(struct world_plan, member)

static const struct field fields[] = {
    { "replicas", { { PART_U32, AT(members_count), MEMBERS_MIN, MEMBERS_MAX } } }, /* first: later lines name members */
    { "clients", { { PART_U32, AT(actors_count), 1, CAST_ACTORS_MAX } } },
    { "seed", { { PART_U64, AT(seed), 0, NUMBER_MOST } } },
    { "crypto", { { PART_CRYPTO, AT(fast_crypto), 0, 1 } } },
    { "batch", { { PART_MICROS, AT(limits.batch_us), 0, 1000000 } } },
    { "link", { { PART_RANGE, AT(network.delay_ns_min), 0, NUMBER_MOST } } },
    { "disk", { { PART_RANGE, AT(disk.delay_ns_min), 0, NUMBER_MOST } } },
    { "torn", { { PART_PPM, LABELLED("zero", disk.crash_zero), 0, 1000000 }, { PART_PPM, LABELLED("garbage", disk.crash_garbage), 0, 1000000 },
                { PART_PPM, LABELLED("other", disk.crash_other), 0, 1000000 } } },
    { "writes", { { PART_PPM, LABELLED("short", disk.short_write), 0, 1000000 }, { PART_PPM, LABELLED("error", disk.write_error), 0, 1000000 } } },
    { "segments", { { PART_U32, AT(segments_max), 2, 1024 } } },
    { "snapshot", { { PART_U64, LABELLED("bytes", snapshot_bytes), 0, NUMBER_MOST }, { PART_U64, LABELLED("blocks", snapshot_blocks), 0, NUMBER_MOST } } },
    { "keep", { { PART_U64, LABELLED("blocks", keep_blocks), 0, NUMBER_MOST } } },
    { "scrub", { { PART_U64, LABELLED("bytes", scrub_bytes_per_s), 0, NUMBER_MOST } } },
    { "verify", { { PART_RANGE, AT(verify_ns_min), 0, NUMBER_MOST } } },
    { "notice", { { PART_TIME, AT(notice_ns), 0, NUMBER_MOST } } },
    { "drop", { { PART_PPM, AT(network.drop_ppm), 0, 1000000 } } },
    { "duplicate", { { PART_PPM, AT(network.duplicate_ppm), 0, 1000000 } } },
    { "straggle", { { PART_PPM, AT(network.straggle_ppm), 0, 1000000 }, { PART_TIME, AT(network.straggle_ns_max), 0, NUMBER_MOST } } },
    { "corrupt", { { PART_PPM, AT(network.corrupt_ppm), 0, 1000000 } } },
    { "bandwidth", { { PART_U64, AT(network.bytes_per_s), 1, NUMBER_MOST }, { PART_U64, LABELLED("queue", network.queue_bytes), 0, NUMBER_MOST } } },
    { "clocks", { { PART_MILLIS, AT(wall_offset_ms_max), 0, UINT32_MAX } } },
    { "drift", { { PART_PPM, AT(rate_ppm_max), 0, 999999 } } },
    { "checkpoint", { { PART_U32, AT(limits.checkpoint_blocks), 1, 1000000 }, { PART_MILLIS, AT(limits.checkpoint_ms), 0, UINT32_MAX } } },
    { "term", { { PART_U32, AT(limits.term_blocks_max), 1000, 1000000 } } },
    { "check", { { PART_U32, AT(check_every), 1, 1000000 } } },
    { "reserves", { { PART_SWITCH, AT(reserves), 0, 1 } } },
    { "mixed", { { PART_SWITCH, AT(mixed), 0, 1 } } },
    { "rate", { { PART_MILLIS, LABELLED("every", rate_ms), 1, 86400000 }, { PART_U32, LABELLED("burst", rate_burst), 1, 100000 } } },
    { "consents", { { PART_SWITCH, AT(consents), 0, 1 } } },
    { "joins", { { PART_SWITCH, AT(joins), 0, 1 } } },
    { "tenure", { { PART_MILLIS, AT(tenure_ms), 7200000, 86400000 } } }, /* an hour is what a clock may be ahead: nobody sends a command behind it */
    { "reads", { { PART_TIME, LABELLED("every", reads_ns), 1, NUMBER_MOST } } },
    { "liars", { { PART_MEMBERS, AT(adversary.liars), 0, 0 } } },
    { "lies", { { PART_LIES, AT(adversary.lies), 0, 0 } } },
    { "lying", { { PART_PPM, AT(adversary.rate_ppm), 0, 1000000 }, { PART_TIME, LABELLED("tick", adversary.tick_ns), 1, NUMBER_MOST },
                 { PART_TIME, LABELLED("hold", adversary.hold_ns), 0, NUMBER_MOST } } },
    { "twins", { { PART_TIME, LABELLED("every", twins_ns), 0, NUMBER_MOST }, { PART_MEMBERS, AT(twins), 0, 0 } } },
    { "twins_ask", { { PART_SWITCH, AT(twins_ask), 0, 1 } } },
    { "trace", { { PART_LEVEL, AT(trace), 0, TRACE_MESSAGES } } },
};

static const char *const levels[] = { "none", "turns", "story", "messages" };

_Static_assert(offsetof(struct world_plan, network.delay_ns_max) == offsetof(struct world_plan, network.delay_ns_min) + 8, "a range is a pair");
_Static_assert(offsetof(struct world_plan, disk.delay_ns_max) == offsetof(struct world_plan, disk.delay_ns_min) + 8, "a range is a pair");
_Static_assert(offsetof(struct world_plan, verify_ns_max) == offsetof(struct world_plan, verify_ns_min) + 8, "a range is a pair");

/* --- Reading -------------------------------------------------------------------------------------------------------- */

static enum err read_ppm(struct line *line, const struct part *part, uint32_t *ppm)
{
    enum err err = line_u32(line, part->least, part->most, ppm);

    return err == ERR_OK && !line_take_word(line, "ppm") ? line_wrong(line, "\"ppm\" is missing: so many of a million") : err;
}

static enum err read_level(struct line *line, enum trace_level *level)
{
    const char *word = line_take(line);

    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (strcmp(word, levels[i]) == 0) {
            *level = (enum trace_level)i;
            return ERR_OK;
        }
    }
    return line_wrong(line, "trace is none, turns, story or messages, not \"%s\"", word);
}

/* read_either reads one of two words. */
static enum err read_either(struct line *line, const char *no, const char *yes, bool *on)
{
    const char *word = line_take(line);

    *on = strcmp(word, yes) == 0;
    return *on || strcmp(word, no) == 0 ? ERR_OK : line_wrong(line, "this is %s or %s, not \"%s\"", yes, no, word);
}

/* read_scaled reads a time that is kept in a coarser unit. */
static enum err read_scaled(struct line *line, const struct part *part, uint64_t unit_ns, uint32_t *out)
{
    uint64_t time_ns;
    enum err err = line_time(line, &time_ns);

    if (err == ERR_OK && time_ns / unit_ns > part->most) {
        return line_wrong(line, "at most %llu of %llu ns", (unsigned long long)part->most, (unsigned long long)unit_ns);
    }
    *out = (uint32_t)(time_ns / unit_ns);
    return err;
}

static enum err read_lies(struct line *line, uint64_t *lies)
{
    while (*line_peek(line) != '\0') {
        const char *word = line_take(line);
        if (naming_find(lie_names, LIE_COUNT, word) == LIE_COUNT) {
            return line_wrong(line, "there is no lie \"%s\"", word);
        }
        *lies |= UINT64_C(1) << naming_find(lie_names, LIE_COUNT, word);
    }
    return ERR_OK;
}

static enum err read_part(struct line *line, const struct part *part)
{
    void *at = (uint8_t *)&line->scenario->plan + part->at;

    if (part->label != NULL && !line_take_word(line, part->label)) {
        return line_wrong(line, "\"%s\" is missing", part->label);
    }
    switch (part->kind) {
    case PART_U32: return line_u32(line, part->least, part->most, at);
    case PART_U64: return line_number(line, part->least, part->most, at);
    case PART_TIME: return line_time(line, at);
    case PART_MICROS: return read_scaled(line, part, 1000, at);
    case PART_MILLIS: return read_scaled(line, part, 1000000, at);
    case PART_RANGE: return line_range(line, at, (uint64_t *)at + 1);
    case PART_PPM: return read_ppm(line, part, at);
    case PART_SWITCH: return read_either(line, "off", "on", at);
    case PART_CRYPTO: return read_either(line, "real", "fast", at);
    case PART_LEVEL: return read_level(line, at);
    case PART_MEMBERS: return line_members(line, at);
    case PART_LIES: return read_lies(line, at);
    case PART_NONE: break;
    }
    return ERR_OK;
}

enum err scenario_header(struct line *line, const char *word)
{
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (strcmp(word, fields[i].word) != 0) {
            continue;
        }
        enum err err = ERR_OK;
        for (size_t p = 0; p < PARTS_MAX && err == ERR_OK; p++) {
            err = read_part(line, &fields[i].parts[p]);
        }
        return err;
    }
    return ERR_NOT_FOUND;
}

/* --- Making smaller ------------------------------------------------------------------------------------------------- */

static size_t part_bytes(enum part_kind kind)
{
    switch (kind) {
    case PART_U32:
    case PART_MICROS:
    case PART_MILLIS:
    case PART_PPM: return sizeof(uint32_t);
    case PART_U64:
    case PART_TIME: return sizeof(uint64_t);
    case PART_RANGE: return 2 * sizeof(uint64_t);
    case PART_SWITCH:
    case PART_CRYPTO: return sizeof(bool);
    case PART_LEVEL: return sizeof(enum trace_level);
    case PART_MEMBERS: return sizeof(struct member_set);
    case PART_LIES: return sizeof(uint64_t);
    case PART_NONE: break;
    }
    return 0;
}

static bool differs(const struct field *field, const struct world_plan *a, const struct world_plan *b)
{
    bool found = false;

    for (size_t p = 0; p < PARTS_MAX; p++) {
        const struct part *part = &field->parts[p];
        found = found || memcmp((const uint8_t *)a + part->at, (const uint8_t *)b + part->at, part_bytes(part->kind)) != 0;
    }
    return found;
}

size_t scenario_header_fields(void)
{
    return sizeof fields / sizeof fields[0];
}

bool scenario_header_reset(struct scenario *scenario, size_t number)
{
    const struct field *field = &fields[number];
    struct world_plan silent;

    ASSERT(number < scenario_header_fields());
    scenario_plan_silent(&silent);
    silent.trace = TRACE_NONE; /* costs the least; a writer may say otherwise */
    silent.fast_crypto = true;
    if (number < 2 || !differs(field, &scenario->plan, &silent)) {
        return false;
    }
    for (size_t p = 0; p < PARTS_MAX; p++) {
        const struct part *part = &field->parts[p];
        memcpy((uint8_t *)&scenario->plan + part->at, (const uint8_t *)&silent + part->at, part_bytes(part->kind));
    }
    return true;
}

bool scenario_header_narrow(struct scenario *scenario, size_t number)
{
    const struct part *part = &fields[number].parts[0];
    uint64_t *range = (uint64_t *)(void *)((uint8_t *)&scenario->plan + part->at);

    ASSERT(number < scenario_header_fields());
    if (part->kind != PART_RANGE || range[0] == range[1]) {
        return false;
    }
    range[1] = range[0];
    return true;
}

/* --- Writing -------------------------------------------------------------------------------------------------------- */

void scenario_time_write(uint64_t time_ns, FILE *stream)
{
    static const struct { const char *unit; uint64_t ns; } units[] = { { "h", UINT64_C(3600000000000) }, { "min", UINT64_C(60000000000) },
        { "s", 1000000000 }, { "ms", 1000000 }, { "us", 1000 }, { "ns", 1 } };
    size_t i = time_ns == 0 ? 3 : 0;

    while (time_ns % units[i].ns != 0) { /* the last divides everything */
        i++;
    }
    fprintf(stream, "%llu%s", (unsigned long long)(time_ns / units[i].ns), units[i].unit);
}

static void write_range(const uint64_t *range, FILE *stream)
{
    scenario_time_write(range[0], stream);
    if (range[1] != range[0]) {
        fprintf(stream, " to ");
        scenario_time_write(range[1], stream);
    }
}

static void write_members(const struct member_set *members, FILE *stream)
{
    for (uint32_t i = 0; i < MEMBERS_MAX; i++) {
        if (member_set_has(members, i)) {
            fprintf(stream, " %u", i);
        }
    }
}

static void write_lies(uint64_t lies, FILE *stream)
{
    for (unsigned lie = 0; lie < LIE_COUNT; lie++) {
        if ((lies >> lie & 1) != 0) {
            fprintf(stream, " %s", lie_names[lie].word);
        }
    }
}

static void write_part(const struct part *part, const void *at, FILE *stream)
{
    if (part->kind == PART_NONE) {
        return;
    }
    if (part->kind == PART_MEMBERS) {
        write_members(at, stream);
        return;
    }
    if (part->kind == PART_LIES) {
        write_lies(*(const uint64_t *)at, stream);
        return;
    }
    fprintf(stream, " %s%s", part->label == NULL ? "" : part->label, part->label == NULL ? "" : " ");
    switch (part->kind) {
    case PART_U32: fprintf(stream, "%u", *(const uint32_t *)at); break;
    case PART_U64: fprintf(stream, "%llu", (unsigned long long)*(const uint64_t *)at); break;
    case PART_TIME: scenario_time_write(*(const uint64_t *)at, stream); break;
    case PART_MICROS: scenario_time_write(UINT64_C(1000) * *(const uint32_t *)at, stream); break;
    case PART_MILLIS: scenario_time_write(UINT64_C(1000000) * *(const uint32_t *)at, stream); break;
    case PART_RANGE: write_range(at, stream); break;
    case PART_PPM: fprintf(stream, "%u ppm", *(const uint32_t *)at); break;
    case PART_SWITCH: fprintf(stream, "%s", *(const bool *)at ? "on" : "off"); break;
    case PART_CRYPTO: fprintf(stream, "%s", *(const bool *)at ? "fast" : "real"); break;
    case PART_LEVEL: fprintf(stream, "%s", levels[*(const enum trace_level *)at]); break;
    case PART_MEMBERS:
    case PART_LIES:
    case PART_NONE: break;
    }
}

void scenario_header_write(const struct scenario *scenario, FILE *stream)
{
    struct world_plan silent;

    ASSERT(scenario->plan.members_count >= MEMBERS_MIN);
    scenario_plan_silent(&silent);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (i > 0 && !differs(&fields[i], &scenario->plan, &silent)) {
            continue;
        }
        fprintf(stream, "%s", fields[i].word);
        for (size_t p = 0; p < PARTS_MAX; p++) {
            write_part(&fields[i].parts[p], (const uint8_t *)&scenario->plan + fields[i].parts[p].at, stream);
        }
        fprintf(stream, "\n");
    }
}
