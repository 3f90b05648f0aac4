/* twins.c: see twins.h. Every decision is drawn by its name: round, what it is about, of whom. Bounded: rounds, lines, and what waits. */
#include "sim/explore/twins.h"

#include "base/assert.h"
#include "sim/explore/census.h"
#include "sim/explore/trial.h"
#include "sim/world/choice.h"
#include "sim/world/stamp.h"

#include <stdlib.h>
#include <string.h>

/* What a decision of a round is about. */
enum { ABOUT_TWICE, ABOUT_SIDES, ABOUT_SIDE, ABOUT_ORDER, ABOUT_CUT, ABOUT_CUT_AT, ABOUT_LOSS, ABOUT_PATIENCE };

#define TWINS_WAITING 2u
#define ROUND_MS 10u
#define AHEAD_MS 5u
#define LOSS_PPM 150000u    /* of what nobody heard in a round: never heard */
#define CUT_PPM 700000u     /* of rounds end before all is heard */
#define CUT_LINES 20u
#define PATIENT_PPM 250000u /* of seats do not give up at the end of a round */

static uint64_t draw(const struct twins *twins, uint64_t about, uint64_t whom, uint64_t which)
{
    return choice_draw(twins->seed, &(struct choice){ CHOICE_ROUND, { twins->round, about, whom, which } });
}

static bool happens(const struct twins *twins, uint64_t about, uint64_t whom, uint64_t which, uint32_t ppm)
{
    return choice_happens(twins->seed, &(struct choice){ CHOICE_ROUND, { twins->round, about, whom, which } }, ppm);
}

/* --- Seats ---------------------------------------------------------------------------------------------------------- */

static bool is_twice(const struct twins *twins, uint32_t seat)
{
    return (twins->twice >> twins->at[seat]->member & 1) != 0;
}

static uint64_t view_of(const struct twins *twins, uint32_t seat)
{
    struct replica_status status;

    replica_status(twins->at[seat]->replica, &status);
    return status.view;
}

#define TELL(...) (void)(twins->story != NULL && fprintf(twins->story, __VA_ARGS__))

static const char *mark_of(uint32_t seat)
{
    return seat < TWINS_MEMBERS ? "" : "'";
}

/* --- What must hold ------------------------------------------------------------------------------------------------- */

#define UNSAFE(...) oracle_fail(&twins->result->failure, FAILURE_SAFETY, __VA_ARGS__)

static bool is_broken(const struct twins *twins)
{
    return twins->result->failure.kind != FAILURE_NONE;
}

/* believed: with one member twice every seat runs honest code within the bounds, and none may be led astray; with one too many those who are once are what counts. */
static bool is_believed(const struct twins *twins, uint32_t seat)
{
    return !twins->over || !is_twice(twins, seat);
}

/* judge_chains compares what seats have executed. Source: I1. */
static void judge_chains(struct twins *twins)
{
    uint32_t at[TWINS_COMMANDS + 1] = { 0 };

    for (uint32_t seat = 0; seat < twins->seats; seat++) {
        uint64_t blocks = is_believed(twins, seat) ? twins->at[seat]->inside->executed : 0;
        for (; blocks != 0; blocks &= blocks - 1) {
            uint32_t block = (uint32_t)__builtin_ctzll(blocks);
            uint64_t height = twins->script.blocks[block].header.height;
            ASSERT(height >= 1);
            ASSERT(height <= TWINS_COMMANDS);
            if (at[height] != 0 && at[height] != block) {
                UNSAFE("I1: r%u%s executes block %s, another has %s at that height", twins->at[seat]->member, mark_of(seat), twins->script.blocks[block].label,
                       twins->script.blocks[at[height]].label);
            }
            at[height] = block;
        }
    }
}

/* judge_census looks at what can be certified by what honest members said. */
static void judge_census(struct twins *twins)
{
    static struct census census;
    struct census_voices voices = { .liars = 1, .views = CENSUS_VIEWS_MAX };

    for (uint32_t seat = 0; seat < TWINS_MEMBERS; seat++) {
        if (!is_twice(twins, seat)) {
            voices.said[voices.count] = twins->said[seat];
            voices.said_count[voices.count++] = twins->said_count[seat];
        }
    }
    census_take(&census, &twins->script, &voices);
    census_conclude(&census, &twins->script);
    if (census.broken[0] != '\0') {
        UNSAFE("%s", census.broken);
    }
    for (uint32_t seat = 0; seat < twins->seats; seat++) {
        if ((twins->at[seat]->inside->executed & ~census.committed) != 0) {
            UNSAFE("C1, C2: r%u%s executes what no quorum can have committed", twins->at[seat]->member, mark_of(seat));
        }
        for (uint32_t i = 0; i < twins->said_count[seat]; i++) {
            const struct script_line *line = &twins->script.lines[twins->said[seat][i]];
            if (!census_stands(&census, &twins->script, line)) {
                UNSAFE("I11, T2: no quorum can have said what is shown by: %s", line->name);
            }
        }
    }
}

/* count_conflicts counts what a second seat voted for against the first one. */
static uint32_t count_conflicts(const struct twins *twins, uint32_t second)
{
    uint32_t first = twins->at[second]->member, count = 0;

    for (uint32_t i = 0; i < twins->said_count[first]; i++) {
        for (uint32_t k = 0; k < twins->said_count[second]; k++) {
            uint16_t one = twins->script.lines[twins->said[first][i]].said, two = twins->script.lines[twins->said[second][k]].said;
            if (one == SCRIPT_NONE || two == SCRIPT_NONE) {
                continue;
            }
            const struct ballot *a = &twins->script.ballots[one].ballot, *b = &twins->script.ballots[two].ballot;
            count += a->kind == b->kind && rank_compare(a->rank, b->rank) == 0 && !hash_equal(&a->block, &b->block);
        }
    }
    return count;
}

/* --- Saying and hearing --------------------------------------------------------------------------------------------- */

static void wait_for(struct twins *twins, struct twins_wait wait)
{
    bool now = twins->sides[wait.from] == twins->sides[wait.to];
    uint32_t *count = now ? &twins->waits_count : &twins->later_count;

    wait.order = draw(twins, ABOUT_ORDER, (uint64_t)wait.from << 8 | wait.to, wait.line);
    ASSERT(*count < TWINS_WAITS_MAX);
    (now ? twins->waits : twins->later)[(*count)++] = wait;
}

/* has_said: what is said again is in the air already. */
static bool has_said(const struct twins *twins, uint32_t seat, uint16_t line)
{
    for (uint32_t i = 0; i < twins->said_count[seat]; i++) {
        if (twins->said[seat][i] == line) {
            return true;
        }
    }
    return false;
}

/* say puts what a seat said before those whom it is for; its own member's other seat is not among them. */
static void say(struct twins *twins, uint32_t seat, const struct cell_step *step)
{
    if (step->broken[0] != '\0') {
        UNSAFE("%s", step->broken);
    }
    for (uint32_t i = 0; i < step->said_count; i++) {
        uint16_t line = step->said[i];
        if (has_said(twins, seat, line)) {
            continue;
        }
        ASSERT(twins->said_count[seat] < TWINS_SAID_MAX);
        twins->said[seat][twins->said_count[seat]++] = line;
        for (uint32_t to = 0; to < twins->seats; to++) {
            if ((twins->script.lines[line].to >> twins->at[to]->member & 1) != 0) {
                wait_for(twins, (struct twins_wait){ .line = line, .from = (uint8_t)seat, .to = (uint8_t)to });
            }
        }
    }
}

static struct twins_wait take_first(struct twins *twins)
{
    uint32_t first = 0;

    for (uint32_t i = 1; i < twins->waits_count; i++) {
        first = twins->waits[i].order < twins->waits[first].order ? i : first;
    }
    struct twins_wait wait = twins->waits[first];
    twins->waits[first] = twins->waits[--twins->waits_count];
    return wait;
}

static void hear(struct twins *twins, const struct twins_wait *wait)
{
    struct cell *cell = twins->at[wait->to];
    uint64_t executed = cell->inside->executed;
    struct cell_step step;

    TELL("r%u%s hears %s\n", cell->member, mark_of(wait->to), twins->script.lines[wait->line].name);
    twins->mover = wait->to;
    cell_hear(cell, wait->line, &step);
    twins->result->heard++;
    if (cell->inside->executed != executed) {
        judge_chains(twins);
    }
    say(twins, wait->to, &step);
}

/* bring hands every seat the next command where fewer than two wait for some honest member: who has nothing to do gives no view up. */
static void bring(struct twins *twins)
{
    uint64_t height = 0;
    struct cell_step step;

    for (uint32_t seat = 0; seat < twins->seats; seat++) {
        height = twins->at[seat]->inside->height > height ? twins->at[seat]->inside->height : height;
    }
    if (twins->commands == TWINS_COMMANDS || twins->commands >= height + TWINS_WAITING) {
        return;
    }
    twins->commands++;
    TELL("command %u comes\n", twins->commands);
    for (uint32_t seat = 0; seat < twins->seats; seat++) {
        twins->mover = seat;
        cell_request(twins->at[seat], twins->commands, &step);
        say(twins, seat, &step);
    }
}

/* --- Rounds --------------------------------------------------------------------------------------------------------- */

/* set_clocks lets time go on from round to round; a second seat is ahead, so what it proposes is another block. */
static void set_clocks(struct twins *twins)
{
    for (uint32_t seat = 0; seat < twins->seats; seat++) {
        twins->at[seat]->wall_ms = CAST_GENESIS_MS + 1 + (uint64_t)twins->round * ROUND_MS + seat / TWINS_MEMBERS * AHEAD_MS;
    }
}

/* take_sides draws who is on which side, on one to three of them; what waited is heard on the new ones, or is lost. */
static void take_sides(struct twins *twins)
{
    static const uint8_t sides[] = { 1, 2, 2, 3 };
    uint64_t count = sides[draw(twins, ABOUT_SIDES, 0, 0) % sizeof sides];
    uint32_t waited = twins->later_count;

    TELL("round %u:", twins->round);
    set_clocks(twins);
    for (uint32_t seat = 0; seat < twins->seats; seat++) {
        twins->sides[seat] = (uint8_t)(draw(twins, ABOUT_SIDE, seat, 0) % count);
        TELL(" r%u%s on side %u%s", twins->at[seat]->member, mark_of(seat), twins->sides[seat], seat + 1 < twins->seats ? "," : "\n");
    }
    memmove(twins->later + waited, twins->waits, twins->waits_count * sizeof *twins->waits); /* not heard in the round before */
    waited += twins->waits_count;
    ASSERT(waited <= TWINS_WAITS_MAX);
    twins->waits_count = twins->later_count = 0;
    for (uint32_t i = 0; i < waited; i++) {
        struct twins_wait wait = twins->later[i];
        if (!happens(twins, ABOUT_LOSS, (uint64_t)wait.from << 8 | wait.to, wait.line, LOSS_PPM)) {
            wait_for(twins, wait);
        }
    }
}

static bool has_arrived(const struct twins *twins)
{
    for (uint32_t seat = 0; seat < TWINS_MEMBERS; seat++) {
        if (!is_twice(twins, seat) && view_of(twins, seat) >= TWINS_VIEWS) {
            return true;
        }
    }
    return false;
}

static void hear_all(struct twins *twins)
{
    uint32_t most = happens(twins, ABOUT_CUT, 0, 0, CUT_PPM) ? (uint32_t)(draw(twins, ABOUT_CUT_AT, 0, 0) % CUT_LINES) : UINT32_MAX;

    for (uint32_t i = 0; i < most && twins->waits_count > 0 && !is_broken(twins); i++) {
        struct twins_wait wait = take_first(twins);
        hear(twins, &wait);
    }
}

/* lose_patience lets most of those who have not given their view up do so. */
static void lose_patience(struct twins *twins)
{
    for (uint32_t seat = 0; seat < twins->seats && !is_broken(twins); seat++) {
        struct cell *cell = twins->at[seat];
        bool may = cell->inside->timed_out < (int64_t)view_of(twins, seat);
        struct cell_step step;
        if (!may || happens(twins, ABOUT_PATIENCE, seat, 0, PATIENT_PPM)) {
            continue;
        }
        twins->mover = seat;
        cell_expire(cell, &step);
        twins->result->given_up += step.expired;
        if (step.expired) {
            TELL("r%u%s gives up\n", cell->member, mark_of(seat));
        }
        say(twins, seat, &step);
    }
}

/* seat_all draws who is twice, and seats everybody. */
static void seat_all(struct twins *twins)
{
    uint32_t first = (uint32_t)(draw(twins, ABOUT_TWICE, 0, 0) % TWINS_MEMBERS);

    twins->twice = 0;
    twins->seats = TWINS_MEMBERS;
    for (uint32_t member = 0; member < TWINS_MEMBERS; member++) {
        twins->at[member] = &twins->cells[member];
    }
    for (uint32_t i = 0; i < (twins->over ? 2u : 1u); i++) {
        uint32_t member = (first + i) % TWINS_MEMBERS;
        twins->twice |= UINT32_C(1) << member;
        twins->at[twins->seats++] = &twins->cells[TWINS_MEMBERS + member];
    }
    for (uint32_t seat = 0; seat < twins->seats; seat++) {
        cell_load(twins->at[seat], twins->images[twins->at[seat] - twins->cells]);
    }
}

static void begin(struct twins *twins)
{
    script_rewind(&twins->script, twins->mark);
    twins->waits_count = twins->later_count = 0;
    twins->commands = TWINS_WAITING;
    memset(twins->said_count, 0, sizeof twins->said_count);
    memset(twins->sides, 0, sizeof twins->sides);
    seat_all(twins);
    for (uint32_t seat = 0; seat < twins->seats; seat++) {
        say(twins, seat, &twins->at[seat]->begun);
    }
}

static void sum_up(struct twins *twins)
{
    struct twins_result *result = twins->result;

    result->rounds = twins->round;
    for (uint32_t seat = 0; seat < twins->seats; seat++) {
        uint64_t view = view_of(twins, seat), height = twins->at[seat]->inside->height;
        bool counts = !is_twice(twins, seat);
        result->view = counts && view > result->view ? view : result->view;
        result->height = counts && height > result->height ? height : result->height;
        result->conflicts += seat < TWINS_MEMBERS ? 0 : count_conflicts(twins, seat);
    }
}

static void play(void *context)
{
    struct twins *twins = context;

    begin(twins);
    for (twins->round = 0; twins->round < TWINS_ROUNDS_MAX && !is_broken(twins) && !has_arrived(twins); twins->round++) {
        take_sides(twins);
        bring(twins);
        hear_all(twins);
        lose_patience(twins);
    }
    sum_up(twins);
    if (!twins->over && !is_broken(twins)) {
        judge_census(twins);
    }
}

void twins_play(struct twins *twins, uint64_t seed, FILE *story, struct twins_result *result)
{
    *result = (struct twins_result){ .rounds = 0 };
    twins->seed = seed;
    twins->story = story;
    twins->round = 0;
    twins->result = result;
    int number = trial_play(play, twins);
    if (number != 0) {
        UNSAFE("r%u%s stops by an assertion (signal %d)", twins->at[twins->mover]->member, mark_of(twins->mover), number);
    }
}

/* --- Making --------------------------------------------------------------------------------------------------------- */

void twins_open(struct twins *twins, bool over)
{
    struct cast_plan cast = { .seed = 1, .members_count = TWINS_MEMBERS, .actors_count = 1, .limits = config_limits_default() };

    cast.limits.batch_us = 0;
    cast.limits.block_commands_max = 1;
    cast.limits.block_bytes_max = 65536;
    memset(twins, 0, sizeof *twins);
    twins->over = over;
    stamp_use(true);
    cast_make(&twins->cast, &cast);
    script_open(&twins->script, &twins->cast);
    for (uint32_t i = 0; i < TWINS_CELLS; i++) {
        cell_open(&twins->cells[i], &twins->script, i % TWINS_MEMBERS, TWINS_WAITING, i / TWINS_MEMBERS * AHEAD_MS);
        twins->images[i] = cell_save(&twins->cells[i]);
    }
    twins->mark = script_mark(&twins->script);
}

void twins_close(struct twins *twins)
{
    for (uint32_t i = 0; i < TWINS_CELLS; i++) {
        cell_close(&twins->cells[i]);
        free(twins->images[i]);
    }
    script_close(&twins->script);
    cast_close(&twins->cast);
    stamp_use(false);
}
