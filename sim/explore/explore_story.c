/* explore_story.c: a way through an exploration as text, and that text played again.
 *
 *     ward exploration 1
 *     liar 0 views 2 heights 1 variants 2 learns 0 over 0     `liar 4`: nobody
 *     r1 hears r0 proposes v0 0a on r 0/0 root
 *     r1 gives up
 *     # what is found there */
#include "sim/explore/explore_priv.h"

#include "base/assert.h"
#include "sim/explore/trial.h"

#include <stdlib.h>
#include <string.h>

#define STEPS_MAX 256u /* of one move */
#define HEAD "ward exploration 1\n"

/* --- Writing -------------------------------------------------------------------------------------------------------- */

static void tell(const struct explore *explore, FILE *stream, uint32_t mover, uint32_t line)
{
    if (line == COLUMN_EXPIRE) {
        fprintf(stream, "r%u gives up\n", explore->honest[mover]);
    } else {
        fprintf(stream, "r%u hears %s\n", explore->honest[mover], explore->script.lines[line].name);
    }
}

/* tell_way writes how a member comes from one column to another in a state. */
static void tell_way(struct explore *explore, FILE *stream, const uint32_t at[EXPLORE_MEMBERS], uint32_t mover, uint32_t to)
{
    struct moves_heard heard;
    uint32_t lines[STEPS_MAX];

    explore_heard(explore, at, mover, explore_scene(explore, at), &heard);
    uint32_t count = moves_path(&explore->tables[mover], &explore->columns[mover], at[mover], to, &heard, lines, STEPS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        tell(explore, stream, mover, lines[i]);
    }
}

/* way_to lists the states from the first one to this. Owns: the caller frees it. */
static uint32_t *way_to(const struct explore *explore, uint32_t state, uint32_t *count)
{
    uint32_t *way = calloc(explore->states[state].depth + 1, sizeof *way);

    ASSERT(way != NULL);
    *count = explore->states[state].depth + 1;
    for (uint32_t i = *count; i > 0; i--) {
        way[i - 1] = state;
        state = explore->states[state].parent;
    }
    return way;
}

static uint32_t mover_of(const struct explore_state *from, const struct explore_state *to)
{
    uint32_t mover = 0;

    while (mover + 1 < EXPLORE_MEMBERS && from->at[mover] == to->at[mover]) {
        mover++;
    }
    return mover;
}

/* tell_end writes what leads from the last state to what was found: a step of the mover, or silence in which it executes. */
static void tell_end(struct explore *explore, FILE *stream, const struct explore_state *state)
{
    uint32_t mover = explore->mover, line = explore->columns[mover].failed_line;
    struct columns *columns = &explore->columns[mover];
    struct moves_heard heard;

    if (columns->failed_line != COLUMN_NONE) {
        columns->broken[0] = '\0'; /* The walk goes the same steps again, but not that one. */
        tell_way(explore, stream, state->at, mover, columns->failed_column);
        tell(explore, stream, mover, line);
    } else if (explore->odd != 0) {
        explore_heard(explore, state->at, mover, explore_scene(explore, state->at), &heard);
        tell_way(explore, stream, state->at, mover, moves_find(&explore->tables[mover], columns, state->at[mover], &heard, explore->odd));
    }
}

bool explore_write(struct explore *explore, FILE *stream)
{
    const struct explore_plan *plan = &explore->plan;
    uint32_t count = 0, *way = way_to(explore, explore->state, &count);

    fprintf(stream, HEAD "liar %u views %u heights %u variants %u learns %u over %u\n", plan->liar == EXPLORE_NOBODY ? EXPLORE_MEMBERS : plan->liar, plan->views, plan->heights,
            plan->variants, plan->learns, plan->over);
    for (uint32_t i = 1; i < count; i++) {
        const struct explore_state *from = &explore->states[way[i - 1]], *to = &explore->states[way[i]];
        uint32_t mover = mover_of(from, to);
        tell_way(explore, stream, from->at, mover, to->at[mover]);
    }
    tell_end(explore, stream, &explore->states[explore->state]);
    fprintf(stream, "# %s\n", explore->result.failure.text);
    free(way);
    return fflush(stream) == 0 && ferror(stream) == 0;
}

/* --- Playing again -------------------------------------------------------------------------------------------------- */

const char *explore_plan_read(struct explore_plan *plan, const char *text)
{
    unsigned liar = 0, views = 0, heights = 0, variants = 0, learns = 0, over = 0;
    int used = 0;

    if (strncmp(text, HEAD, strlen(HEAD)) != 0) {
        return NULL;
    }
    text += strlen(HEAD);
    int fields = sscanf(text, "liar %1u views %1u heights %1u variants %1u learns %1u over %1u%n", &liar, &views, &heights, &variants, &learns, &over, &used);
    bool fits = fields == 6 && text[used] == '\n' && liar <= EXPLORE_MEMBERS && views >= 1 && views <= EXPLORE_VIEWS_MAX && heights >= 1 && heights <= 2 && variants >= 1 &&
                variants <= 3 && learns <= 1 && over <= 1;
    if (!fits) {
        return NULL;
    }
    *plan = (struct explore_plan){ .liar = liar == EXPLORE_MEMBERS ? EXPLORE_NOBODY : liar, .views = views, .heights = heights, .variants = variants, .learns = learns != 0, .over = over != 0 };
    return text + used + 1;
}

/* decide reads one line: who, and the place of what is heard. Gives: COLUMN_NONE for a line that nobody can hear here. */
static uint32_t decide(struct explore *explore, const uint32_t at[EXPLORE_MEMBERS], const char *text, size_t size, uint32_t *mover)
{
    const struct explore_scene *scene = explore_scene(explore, at);
    struct moves_heard heard;
    char name[256];

    *mover = EXPLORE_MEMBERS;
    if (size >= sizeof name || size < 9 || text[0] != 'r') {
        return COLUMN_NONE;
    }
    memcpy(name, text, size);
    name[size] = '\0';
    for (uint32_t i = 0; i < explore->honest_count; i++) {
        *mover = explore->honest[i] == (uint32_t)(name[1] - '0') ? i : *mover;
    }
    if (*mover == EXPLORE_MEMBERS) {
        return COLUMN_NONE;
    }
    if (strcmp(name + 2, " gives up") == 0) {
        return COLUMN_EXPIRE;
    }
    uint32_t line = strncmp(name + 2, " hears ", 7) == 0 ? script_find(&explore->script, name + 9) : SCRIPT_LINES_MAX;
    explore_heard(explore, at, *mover, scene, &heard);
    for (uint32_t i = 0; i < heard.count; i++) {
        if (heard.lines[i] == line) {
            return line;
        }
    }
    return COLUMN_NONE;
}

/* play takes the decisions one by one, as far as nothing is broken. Gives: as explore_replay. */
static uint32_t play(struct explore *explore, const char *decisions)
{
    uint32_t at[EXPLORE_MEMBERS] = { 0 }, number = 2;

    while (*decisions != '\0' && explore->result.failure.kind == FAILURE_NONE) {
        size_t size = strcspn(decisions, "\n");
        number++;
        if (size > 0 && decisions[0] != '#') {
            uint32_t line = decide(explore, at, decisions, size, &explore->mover);
            if (line == COLUMN_NONE) {
                return number;
            }
            struct columns *columns = &explore->columns[explore->mover];
            at[explore->mover] = columns_next(columns, at[explore->mover], line);
            const struct explore_scene *scene = explore_scene(explore, at);
            explore->result.steps++;
            (void)((columns->broken[0] == '\0' || explore_broke(explore, columns)) && explore_judge(explore, at, scene) &&
                   explore_agrees(explore, columns->all[at[explore->mover]].executed, scene));
        }
        decisions += size + (decisions[size] == '\n');
    }
    return 0;
}

struct replay {
    struct explore *explore;
    const char *decisions;
    uint32_t parted;
};

static void play_all(void *context)
{
    struct replay *replay = context;

    replay->parted = play(replay->explore, replay->decisions);
}

uint32_t explore_replay(struct explore *explore, const char *decisions)
{
    struct replay replay = { explore, decisions, 0 };
    int number = trial_play(play_all, &replay);

    if (number != 0) {
        oracle_fail(&explore->result.failure, FAILURE_SAFETY, "r%u stops by an assertion (signal %d)", explore->honest[explore->mover], number);
    }
    explore->result.end = explore->result.failure.kind == FAILURE_NONE ? EXPLORE_EXHAUSTED : EXPLORE_BROKEN;
    return replay.parted;
}
