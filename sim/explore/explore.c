/* explore.c: see explore.h. Breadth first, so what is found is as few moves away as can be. Invariant: states[i].parent < i, but for the first. */
#include "sim/explore/explore.h"

#include "base/assert.h"
#include "sim/explore/explore_priv.h"
#include "sim/explore/trial.h"
#include "sim/oracle/facts.h"
#include "sim/world/stamp.h"

#include <stdlib.h>
#include <string.h>

#define STATES_FIRST 4096u
#define SCENES_FIRST 256u
#define TWINS_MAX 400u
#define STOP_EVERY 256u

/* --- What is said --------------------------------------------------------------------------------------------------- */

static struct explore_scene *scene_place(const struct explore *explore, uint64_t name)
{
    uint32_t at = (uint32_t)name & (explore->scenes_size - 1);

    while (explore->scenes[at].used && explore->scenes[at].census.name != name) {
        at = (at + 1) & (explore->scenes_size - 1);
    }
    return &explore->scenes[at];
}

static void grow_scenes(struct explore *explore)
{
    struct explore_scene *old = explore->scenes;
    uint32_t size = explore->scenes_size;

    explore->scenes_size *= 2;
    explore->scenes = calloc(explore->scenes_size, sizeof *explore->scenes);
    ASSERT(explore->scenes != NULL);
    for (uint32_t i = 0; i < size; i++) {
        if (old[i].used) {
            *scene_place(explore, old[i].census.name) = old[i];
        }
    }
    free(old);
}

static void make_scene(struct explore *explore, struct explore_scene *scene, const struct census *census)
{
    uint16_t lines[LIAR_LINES_MAX];

    *scene = (struct explore_scene){ .census = *census, .used = true };
    census_conclude(&scene->census, &explore->script);
    if (explore->plan.liar != EXPLORE_NOBODY) {
        scene->lines_count = liar_lines(&explore->liar, &scene->census, lines);
    }
    scene->lines = malloc(sizeof lines);
    ASSERT(scene->lines != NULL);
    memcpy(scene->lines, lines, scene->lines_count * sizeof lines[0]);
    explore->result.scenes++;
    explore->result.committing += scene->census.committed != 1;
}

const struct explore_scene *explore_scene(struct explore *explore, const uint32_t at[EXPLORE_MEMBERS])
{
    struct census_voices voices = { .count = explore->honest_count, .liars = EXPLORE_MEMBERS - explore->honest_count, .views = explore->plan.views };
    struct census census;

    for (uint32_t i = 0; i < explore->honest_count; i++) {
        voices.said[i] = explore->columns[i].all[at[i]].said;
        voices.said_count[i] = explore->columns[i].all[at[i]].said_count;
    }
    census_take(&census, &explore->script, &voices);
    struct explore_scene *scene = scene_place(explore, census.name);
    if (!scene->used) {
        make_scene(explore, scene, &census);
        if (2 * ++explore->scenes_count > explore->scenes_size) {
            grow_scenes(explore);
            scene = scene_place(explore, census.name);
        }
    }
    return scene;
}

/* hear adds a line that a member gets. That the last view is given up is not heard: no view is beyond it. */
static void hear(struct moves_heard *heard, const struct script *script, uint16_t line, uint32_t member)
{
    const struct script_line *said = &script->lines[line];
    bool beyond = (said->times_out || said->ends || said->abdicates) && said->view >= heard->last_view;

    if ((said->to >> member & 1) != 0 && !beyond) {
        ASSERT(heard->count < MOVES_LINES_MAX);
        heard->lines[heard->count++] = line;
    }
}

void explore_heard(const struct explore *explore, const uint32_t at[EXPLORE_MEMBERS], uint32_t mover, const struct explore_scene *scene, struct moves_heard *heard)
{
    uint32_t member = explore->honest[mover];

    heard->count = 0;
    heard->last_view = explore->plan.views - 1;
    for (uint32_t i = 0; i < explore->honest_count; i++) {
        const struct column *column = &explore->columns[i].all[at[i]];
        for (uint32_t k = 0; k < column->said_count && i != mover; k++) {
            hear(heard, &explore->script, column->said[k], member);
        }
    }
    for (uint32_t i = 0; i < scene->lines_count; i++) {
        hear(heard, &explore->script, scene->lines[i], member);
    }
}

/* --- What must hold ------------------------------------------------------------------------------------------------- */

#define UNSAFE(...) (oracle_fail(&explore->result.failure, FAILURE_SAFETY, __VA_ARGS__), false)

bool explore_broke(struct explore *explore, const struct columns *columns)
{
    return UNSAFE("%s", columns->broken);
}

bool explore_agrees(struct explore *explore, uint64_t executed, const struct explore_scene *scene)
{
    uint64_t odd = executed & ~scene->census.committed;

    explore->odd = odd;
    return odd == 0 || UNSAFE("C1, C2: r%u executes block %s, but no quorum can have committed it", explore->honest[explore->mover],
                              explore->script.blocks[__builtin_ctzll(odd)].label);
}

bool explore_judge(struct explore *explore, const uint32_t at[EXPLORE_MEMBERS], const struct explore_scene *scene)
{
    if (scene->census.broken[0] != '\0') {
        return UNSAFE("%s", scene->census.broken);
    }
    for (uint32_t i = 0; i < explore->honest_count; i++) {
        const struct column *column = &explore->columns[i].all[at[i]];
        for (uint32_t k = 0; k < column->said_count; k++) {
            const struct script_line *line = &explore->script.lines[column->said[k]];
            if (!census_stands(&scene->census, &explore->script, line)) {
                return UNSAFE("I11, T2: no quorum can have said what is shown by: %s", line->name);
            }
        }
    }
    return true;
}

/* --- States --------------------------------------------------------------------------------------------------------- */

static uint32_t *place_of(const struct explore *explore, const uint32_t at[EXPLORE_MEMBERS])
{
    uint32_t mask = explore->places_size - 1, place = (uint32_t)fact_name(at[0], at[1], at[2], at[3]) & mask;

    while (explore->places[place] != 0 && memcmp(explore->states[explore->places[place] - 1].at, at, sizeof explore->states[0].at) != 0) {
        place = (place + 1) & mask;
    }
    return &explore->places[place];
}

static void grow_states(struct explore *explore)
{
    explore->states_size *= 2;
    explore->places_size = 2 * explore->states_size;
    explore->states = realloc(explore->states, explore->states_size * sizeof *explore->states);
    free(explore->places);
    explore->places = calloc(explore->places_size, sizeof *explore->places);
    ASSERT(explore->states != NULL);
    ASSERT(explore->places != NULL);
    for (uint32_t i = 0; i < explore->states_count; i++) {
        *place_of(explore, explore->states[i].at) = i + 1;
    }
}

/* reach adds a state unless it is known. */
static void reach(struct explore *explore, const uint32_t at[EXPLORE_MEMBERS], uint32_t parent, uint32_t depth)
{
    uint32_t *place = place_of(explore, at);

    if (*place != 0) {
        return;
    }
    struct explore_state *state = &explore->states[explore->states_count];
    *state = (struct explore_state){ .parent = parent, .depth = depth };
    memcpy(state->at, at, sizeof state->at);
    *place = ++explore->states_count;
    explore->result.depth = depth;
    explore->result.layers[depth < EXPLORE_LAYERS ? depth : EXPLORE_LAYERS - 1]++;
    if (explore->states_count == explore->states_size) {
        grow_states(explore);
    }
}

/* move takes every move of one member. Gives: false when a rule is broken. */
static bool move(struct explore *explore, const struct explore_state *state, uint32_t mover, const struct explore_scene *scene)
{
    struct columns *columns = &explore->columns[mover];
    struct moves_heard heard;
    uint32_t next[EXPLORE_MEMBERS];

    explore->mover = mover;
    explore_heard(explore, state->at, mover, scene, &heard);
    struct moves moves = moves_of(&explore->tables[mover], columns, state->at[mover], &heard);
    if (columns->broken[0] != '\0') {
        return explore_broke(explore, columns);
    }
    if (!explore_agrees(explore, moves.executed, scene)) {
        return false;
    }
    memcpy(next, state->at, sizeof next);
    for (uint32_t i = 0; i < moves.count; i++) {
        next[mover] = moves.to[i];
        reach(explore, next, explore->state, state->depth + 1);
        explore->result.steps++;
    }
    return true;
}

/* note_speech counts what the members have said so far, whatever else they know. */
static void note_speech(struct explore *explore, const uint32_t at[EXPLORE_MEMBERS])
{
    uint64_t names[EXPLORE_MEMBERS] = { 0 };

    for (uint32_t i = 0; i < explore->honest_count; i++) {
        const struct column *column = &explore->columns[i].all[at[i]];
        names[i] = fact_digest(column->said, column->said_count * sizeof column->said[0]);
    }
    (void)facts_keep(&explore->speeches, fact_name(names[0], names[1], names[2], names[3]), 1);
}

/* expand takes every move from one state. */
static bool expand(struct explore *explore)
{
    struct explore_state state = explore->states[explore->state];
    const struct explore_scene *scene = explore_scene(explore, state.at);

    note_speech(explore, state.at);
    bool well = explore_judge(explore, state.at, scene);
    for (uint32_t mover = 0; mover < explore->honest_count && well; mover++) {
        well = move(explore, &state, mover, scene);
    }
    return well;
}

static bool is_enough(struct explore *explore)
{
    const struct explore_plan *plan = &explore->plan;

    if (explore->states_count > plan->states_max) {
        explore->result.end = EXPLORE_CUT_STATES;
        return true;
    }
    if (plan->stop != NULL && explore->state % STOP_EVERY == 0 && plan->stop(plan->stop_context)) {
        explore->result.end = EXPLORE_CUT_STOP;
        return true;
    }
    return false;
}

/* --- Running -------------------------------------------------------------------------------------------------------- */

/* search ends when there is no further state, or a rule is broken. */
static void search(struct explore *explore)
{
    static const uint32_t first[EXPLORE_MEMBERS] = { 0 };

    reach(explore, first, 0, 0);
    for (explore->state = 0; explore->state < explore->states_count && !is_enough(explore); explore->state++) {
        if (!expand(explore)) {
            explore->result.end = EXPLORE_BROKEN;
            return;
        }
    }
}

static void audit(struct explore *explore)
{
    for (uint32_t i = 0; i < explore->honest_count && explore->result.end != EXPLORE_BROKEN; i++) {
        explore->mover = i;
        explore->result.audited += columns_audit(&explore->columns[i]);
        if (explore->columns[i].broken[0] != '\0') {
            oracle_fail(&explore->result.failure, FAILURE_EXPECTATION, "%s", explore->columns[i].broken);
            explore->result.end = EXPLORE_BROKEN;
        }
    }
}

static void sum_up(struct explore *explore)
{
    struct explore_result *result = &explore->result;

    result->states = explore->states_count;
    result->seen = explore->state;
    result->speeches = explore->speeches.count;
    result->lines = explore->script.lines_count;
    result->blocks = explore->script.blocks_count;
    for (uint32_t i = 0; i < explore->honest_count; i++) {
        result->columns += explore->columns[i].count;
        result->core_steps += explore->columns[i].edges_count;
        result->merges += explore->columns[i].merges;
        result->silent_max = explore->tables[i].silent_max > result->silent_max ? explore->tables[i].silent_max : result->silent_max;
    }
}

static void search_and_audit(void *context)
{
    search(context);
    audit(context);
}

void explore_run(struct explore *explore)
{
    int number = trial_play(search_and_audit, explore);

    if (number != 0) { /* What it was to hear is noted. */
        explore->result.end = EXPLORE_BROKEN;
        oracle_fail(&explore->result.failure, FAILURE_SAFETY, "r%u stops by an assertion (signal %d)", explore->honest[explore->mover], number);
    }
    sum_up(explore);
}

static struct config_limits limits_of(void)
{
    struct config_limits limits = config_limits_default();

    limits.batch_us = 0;
    limits.block_commands_max = 1;
    limits.block_bytes_max = 65536;
    return limits;
}

uint32_t explore_accomplice(const struct explore_plan *plan)
{
    return !plan->over || plan->liar == EXPLORE_NOBODY ? EXPLORE_NOBODY : plan->liar == EXPLORE_MEMBERS - 1 ? EXPLORE_MEMBERS - 2 : EXPLORE_MEMBERS - 1;
}

void explore_open(struct explore *explore, const struct explore_plan *plan)
{
    struct cast_plan cast = { .seed = 1, .members_count = EXPLORE_MEMBERS, .actors_count = 1, .limits = limits_of() };

    ASSERT(plan->views >= 1);
    ASSERT(plan->views <= EXPLORE_VIEWS_MAX);
    ASSERT(plan->heights <= 2);
    *explore = (struct explore){ .plan = *plan, .states_size = STATES_FIRST, .scenes_size = SCENES_FIRST };
    stamp_use(true);
    cast_make(&explore->cast, &cast);
    script_open(&explore->script, &explore->cast);
    facts_init(&explore->speeches);
    explore->liar = (struct liar){ &explore->script, plan->liar, EXPLORE_MEMBERS, plan->views, plan->heights, plan->variants, plan->learns };
    explore->scenes = calloc(explore->scenes_size, sizeof *explore->scenes);
    ASSERT(explore->scenes != NULL);
    explore->states_size /= 2;
    grow_states(explore);
    for (uint32_t member = 0; member < EXPLORE_MEMBERS; member++) {
        if (member == plan->liar || member == explore_accomplice(plan)) {
            continue;
        }
        uint32_t place = explore->honest_count++;
        explore->honest[place] = member;
        columns_open(&explore->columns[place], &explore->script, member, plan->heights, TWINS_MAX);
        moves_open(&explore->tables[place], plan->plain);
    }
}

void explore_close(struct explore *explore)
{
    for (uint32_t i = 0; i < explore->honest_count; i++) {
        columns_close(&explore->columns[i]);
        moves_close(&explore->tables[i]);
    }
    for (uint32_t i = 0; i < explore->scenes_size; i++) {
        free(explore->scenes[i].lines);
    }
    free(explore->scenes);
    free(explore->states);
    free(explore->places);
    facts_close(&explore->speeches);
    script_close(&explore->script);
    cast_close(&explore->cast);
    stamp_use(false);
    *explore = (struct explore){ 0 };
}
