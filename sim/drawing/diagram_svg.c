/* diagram_svg.c: draws a diagram as one SVG page. Whole numbers alone, so that the bytes are the same everywhere. */
#include "sim/drawing/diagram.h"

#include "base/assert.h"
#include "sim/world/world_priv.h"

#include <stdlib.h>
#include <string.h>

enum { LEFT = 96, TOP = 92, BOTTOM = 24, COLUMN_MIN = 60, PAGE = 1000, ROW_MIN = 9, ROW_LABEL = 12, ROW_STEP = 15, SIGN_HALF = 6 };

/* A moment: everything at one time is drawn at one height. */
struct row {
    uint64_t now_ns;
    uint32_t y;
    bool labelled; /* a sign stands here */
};

struct drawing {
    const struct track *track;
    FILE *stream;
    struct row *rows;
    size_t rows_count;
    uint32_t column, width, height;
};

/* --- Moments -------------------------------------------------------------------------------------------------------- */

static bool is_drawn(const struct track_step *step)
{
    bool mark = step->kind == TRACK_EVENT && step->event.topic == WORLD_TOPIC_MARK;

    return step->kind != TRACK_EVENT || step->event.topic == WORLD_TOPIC_STATE || (mark && diagram_sign((enum mark)(step->event.a & 0xffff)) != NULL);
}

static uint64_t time_of(const struct track_step *step)
{
    return step->kind == TRACK_EVENT ? step->event.now_ns : step->now_ns;
}

static int by_time(const void *a, const void *b)
{
    const struct row *left = a, *right = b;

    return left->now_ns < right->now_ns ? -1 : left->now_ns > right->now_ns;
}

static void add_row(struct drawing *drawing, uint64_t now_ns, bool labelled)
{
    drawing->rows[drawing->rows_count++] = (struct row){ .now_ns = now_ns, .labelled = labelled };
}

/* merge makes one row of all that are of one time. */
static void merge(struct drawing *drawing)
{
    size_t kept = 0;

    for (size_t i = 0; i < drawing->rows_count; i++) {
        if (kept > 0 && drawing->rows[kept - 1].now_ns == drawing->rows[i].now_ns) {
            drawing->rows[kept - 1].labelled = drawing->rows[kept - 1].labelled || drawing->rows[i].labelled;
        } else {
            drawing->rows[kept++] = drawing->rows[i];
        }
    }
    drawing->rows_count = kept;
}

/* place gives each moment its height: further down for longer pauses, but never by much. */
static void place(struct drawing *drawing)
{
    uint32_t y = TOP;

    for (size_t i = 0; i < drawing->rows_count; i++) {
        struct row *row = &drawing->rows[i];
        uint64_t gap_ns = i == 0 ? 0 : row->now_ns - drawing->rows[i - 1].now_ns;
        uint32_t more = gap_ns >= 50000000 ? 24 : gap_ns >= 5000000 ? 12 : gap_ns >= 500000 ? 4 : 0;
        y += (row->labelled ? ROW_STEP : ROW_MIN) + more;
        row->y = y;
    }
    drawing->height = y + BOTTOM;
}

static void find_rows(struct drawing *drawing)
{
    const struct track *track = drawing->track;

    drawing->rows = calloc(2 * track->count + 1, sizeof *drawing->rows);
    ASSERT(drawing->rows != NULL);
    for (size_t i = 0; i < track->count; i++) {
        const struct track_step *step = &track->steps[i];
        if (is_drawn(step)) {
            add_row(drawing, time_of(step), step->kind == TRACK_EVENT);
        }
        if (step->kind != TRACK_EVENT) {
            add_row(drawing, step->sent_ns, false);
        }
    }
    qsort(drawing->rows, drawing->rows_count, sizeof drawing->rows[0], by_time);
    merge(drawing);
    place(drawing);
}

static uint32_t y_of(const struct drawing *drawing, uint64_t now_ns)
{
    struct row key = { .now_ns = now_ns };
    const struct row *row = bsearch(&key, drawing->rows, drawing->rows_count, sizeof key, by_time);

    ASSERT(row != NULL);
    return row->y;
}

static uint32_t x_of(const struct drawing *drawing, uint64_t member)
{
    return LEFT + (uint32_t)member * drawing->column + drawing->column / 2;
}

/* --- Frame ---------------------------------------------------------------------------------------------------------- */

static void put_text(FILE *stream, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '<' || *text == '&' || *text == '>') {
            fprintf(stream, "&#%d;", *text);
        } else {
            fputc((unsigned char)*text < ' ' ? ' ' : *text, stream);
        }
    }
}

static const char style[] =
    "<style>text{font:10px sans-serif;fill:#222}.t{font-size:9px;fill:#777;text-anchor:end}.h{font:bold 13px sans-serif}.r{font:bold 12px sans-serif;text-anchor:middle}\n"
    ".l{stroke:#bbb}.d{stroke:#d33;stroke-dasharray:2 3}.z{stroke:#e9a23b;stroke-width:3}path,line{fill:none;stroke-width:1}\n"
    ".propose{stroke:#1f6fb5}.vote{stroke:#2c9a4b}.cert,.qc{stroke:#8650b8}.commitvote{stroke:#66b57c}.commitqc{stroke:#8650b8}.timeout{stroke:#d9541e}.tc,.abdicate{stroke:#b8301e}\n"
    ".faint{stroke:#ccc;stroke-dasharray:1 2}.lost{stroke:#d33;stroke-dasharray:4 2}.s{stroke:#333;fill:#fff}.s text,.k{font:bold 9px sans-serif;text-anchor:middle}\n"
    ".C{fill:#dff2e2}.T,.X{fill:#fbdcd2}.P,.O{fill:#dbe9f7}.Q,.K{fill:#ece0f6}</style>\n";

static const char legend[] =
    "P proposes  O opens a view  V votes  Q certifies  W commit-votes  C commits  T times out  E enters a view  F fetched  K checkpoint  R refuses  X crash  (number: height; T, E, O: view)";

static const char arrows[] = "blue: proposal  green: vote  violet: certificate  red: timeout  grey, dotted: other  red, dashed: lost  orange lifeline: paused  dotted lifeline: down";

static void draw_frame(const struct drawing *drawing)
{
    FILE *stream = drawing->stream;

    fprintf(stream, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" viewBox=\"0 0 %u %u\">\n", drawing->width, drawing->height, drawing->width, drawing->height);
    fputs(style, stream);
    fprintf(stream, "<rect width=\"%u\" height=\"%u\" fill=\"#fff\"/>\n<text class=\"h\" x=\"12\" y=\"20\">", drawing->width, drawing->height);
    put_text(stream, drawing->track->title);
    fprintf(stream, "</text>\n<text x=\"12\" y=\"38\">%s</text>\n<text x=\"12\" y=\"52\">%s</text>\n", legend, arrows);
    for (uint32_t i = 0; i < drawing->track->members_count; i++) {
        fprintf(stream, "<text class=\"r\" x=\"%u\" y=\"%u\">r%u</text>\n", x_of(drawing, i), TOP - 12, i);
    }
}

/* draw_times labels moments, as far apart as labels can be read. */
static void draw_times(const struct drawing *drawing)
{
    uint32_t free_from = 0;

    for (size_t i = 0; i < drawing->rows_count; i++) {
        const struct row *row = &drawing->rows[i];
        if (row->y < free_from) {
            continue;
        }
        fprintf(drawing->stream, "<text class=\"t\" x=\"%u\" y=\"%u\">%llu.%03llu ms</text>\n", LEFT - 20, row->y + 3, (unsigned long long)(row->now_ns / 1000000),
                (unsigned long long)(row->now_ns / 1000 % 1000));
        free_from = row->y + ROW_LABEL;
    }
}

/* --- Lifelines ------------------------------------------------------------------------------------------------------ */

enum life { LIFE_UP, LIFE_DOWN, LIFE_PAUSED };

static enum life life_after(enum life life, uint64_t change)
{
    switch (change) {
    case WORLD_CHANGE_CRASH:
    case WORLD_CHANGE_POWER:
    case WORLD_CHANGE_END: return LIFE_DOWN;
    case WORLD_CHANGE_START:
    case WORLD_CHANGE_RESUME: return LIFE_UP;
    case WORLD_CHANGE_PAUSE: return LIFE_PAUSED;
    default: return life;
    }
}

static void draw_life(const struct drawing *drawing, uint32_t member, uint32_t from, uint32_t to, enum life life)
{
    static const char *const classes[] = { "l", "d", "z" };

    if (to > from) {
        fprintf(drawing->stream, "<line class=\"%s\" x1=\"%u\" y1=\"%u\" x2=\"%u\" y2=\"%u\"/>\n", classes[life], x_of(drawing, member), from, x_of(drawing, member), to);
    }
}

static void draw_lifeline(const struct drawing *drawing, uint32_t member)
{
    enum life life = LIFE_UP;
    uint32_t from = TOP;

    for (size_t i = 0; i < drawing->track->count; i++) {
        const struct record_event *event = &drawing->track->steps[i].event;
        if (drawing->track->steps[i].kind != TRACK_EVENT || event->topic != WORLD_TOPIC_STATE || (event->a & 0xffffffff) != member) {
            continue;
        }
        enum life next = life_after(life, event->a >> 32);
        if (next != life) {
            uint32_t y = y_of(drawing, event->now_ns);
            draw_life(drawing, member, from, y, life);
            from = y;
            life = next;
        }
    }
    draw_life(drawing, member, from, drawing->height - BOTTOM / 2, life);
}

/* --- Messages and signs --------------------------------------------------------------------------------------------- */

static void draw_message(const struct drawing *drawing, const struct track_step *step)
{
    const char *class = step->kind == TRACK_LOST ? "lost" : diagram_is_main(step->type) ? message_word(step->type) : "faint";
    uint32_t x1 = x_of(drawing, step->from), x2 = x_of(drawing, step->to), y1 = y_of(drawing, step->sent_ns), y2 = y_of(drawing, step->now_ns);

    if (step->kind == TRACK_LOST) { /* ends half way */
        x2 = (x1 + x2) / 2;
    }
    fprintf(drawing->stream, "<g><title>%s r%u to r%u, view %llu, height %llu</title><path class=\"%s\" d=\"M%u %uL%u %u\"/>", message_word(step->type), step->from,
            step->to, (unsigned long long)step->view, (unsigned long long)step->height, class, x1, y1, x2, y2);
    if (step->kind == TRACK_LOST) {
        fprintf(drawing->stream, "<text class=\"k\" x=\"%u\" y=\"%u\" style=\"fill:#d33\">x</text></g>\n", x2, y2 + 3);
        return;
    }
    uint32_t back = x2 > x1 ? x2 - 5 : x2 + 5;
    fprintf(drawing->stream, "<path class=\"%s\" d=\"M%u %uL%u %uL%u %u\"/></g>\n", class, back, y2 - 4, x2, y2, back, y2 + 1);
}

/* draw_sign draws what a replica does at a moment; the n-th at one moment stands beside the others. */
static void draw_sign(const struct drawing *drawing, const struct record_event *event, uint32_t number)
{
    bool mark = event->topic == WORLD_TOPIC_MARK;
    uint64_t member = mark ? event->a >> 16 : event->a & 0xffffffff, change = event->a >> 32;
    const char *sign = mark ? diagram_sign((enum mark)(event->a & 0xffff)) : NULL;
    char text[32], what[192];

    if (mark) {
        bool view = strchr("TEOA", sign[0]) != NULL;
        snprintf(text, sizeof text, "%s%llu", sign, (unsigned long long)(view ? event->b >> 32 : event->b & 0xffffffff));
    } else {
        bool ends = life_after(LIFE_UP, change) == LIFE_DOWN;
        sign = ends ? "X" : "S";
        snprintf(text, sizeof text, "%s", ends ? "X" : change == WORLD_CHANGE_PAUSE ? "II" : change == WORLD_CHANGE_RESUME ? "I>" : "S");
    }
    uint32_t half = SIGN_HALF + 3 * (uint32_t)(strlen(text) - 1), x = x_of(drawing, member) + number * 26, y = y_of(drawing, event->now_ns);
    record_text(event, what, sizeof what);
    fprintf(drawing->stream, "<g class=\"s\"><title>%s</title><rect class=\"%s\" x=\"%u\" y=\"%u\" width=\"%u\" height=\"12\" rx=\"3\"/><text x=\"%u\" y=\"%u\" style=\"stroke:none\">%s</text></g>\n",
            what, sign, x - half, y - 6, 2 * half, x, y + 3, text);
}

static bool has_sign(const struct track_step *step)
{
    bool state = step->kind == TRACK_EVENT && step->event.topic == WORLD_TOPIC_STATE;

    return step->kind == TRACK_EVENT && is_drawn(step) && (!state || (step->event.a >> 32 != WORLD_CHANGE_CUT && step->event.a >> 32 != WORLD_CHANGE_END));
}

static uint64_t member_of(const struct record_event *event)
{
    return event->topic == WORLD_TOPIC_MARK ? event->a >> 16 : event->a & 0xffffffff;
}

static void draw_signs(const struct drawing *drawing)
{
    uint64_t last_ns[MEMBERS_MAX];
    uint32_t number[MEMBERS_MAX] = { 0 };

    memset(last_ns, 0xff, sizeof last_ns);
    for (size_t i = 0; i < drawing->track->count; i++) {
        const struct track_step *step = &drawing->track->steps[i];
        uint64_t member = has_sign(step) ? member_of(&step->event) : MEMBERS_MAX;
        if (member >= drawing->track->members_count) {
            continue;
        }
        number[member] = last_ns[member] == step->event.now_ns ? number[member] + 1 : 0;
        last_ns[member] = step->event.now_ns;
        draw_sign(drawing, &step->event, number[member]);
    }
}

bool diagram_svg(const struct track *track, FILE *stream)
{
    struct drawing drawing = { .track = track, .stream = stream };
    uint32_t column = (PAGE - LEFT) / track->members_count;

    drawing.column = column > COLUMN_MIN ? column : COLUMN_MIN;
    drawing.width = LEFT + track->members_count * drawing.column;
    find_rows(&drawing);
    draw_frame(&drawing);
    draw_times(&drawing);
    for (uint32_t i = 0; i < track->members_count; i++) {
        draw_lifeline(&drawing, i);
    }
    for (size_t i = 0; i < track->count; i++) {
        if (track->steps[i].kind != TRACK_EVENT) {
            draw_message(&drawing, &track->steps[i]);
        }
    }
    draw_signs(&drawing);
    fputs("</svg>\n", stream);
    free(drawing.rows);
    return fflush(stream) == 0 && !ferror(stream);
}
