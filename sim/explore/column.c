/* column.c: see column.h. Invariant: an edge is never changed; the tables are at most half full. */
#include "sim/explore/column.h"

#include "base/assert.h"
#include "sim/oracle/facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST 1024u
#define TWIN_SHARE 61u /* one of so many ways to a known column is kept */
#define STALE_MAX 6u   /* fewer than any ration of the core allows at once */

/* --- Columns -------------------------------------------------------------------------------------------------------- */

static bool is_same(const struct column *a, const struct column *b)
{
    return hash_equal(&a->digest, &b->digest) && a->executed == b->executed && a->said_count == b->said_count &&
           memcmp(a->said, b->said, a->said_count * sizeof a->said[0]) == 0;
}

static uint64_t name_of(const struct column *column)
{
    return fact_name(fact_digest(column->digest.bytes, HASH_BYTES), fact_digest(column->said, column->said_count * sizeof column->said[0]), column->executed, 0);
}

/* place_of gives the place of a column, or the free one where it belongs. */
static uint32_t *place_of(const struct columns *columns, const struct column *column)
{
    uint32_t mask = columns->places_count - 1, at = (uint32_t)name_of(column) & mask;

    while (columns->places[at] != 0 && !is_same(&columns->all[columns->places[at] - 1], column)) {
        at = (at + 1) & mask;
    }
    return &columns->places[at];
}

static void grow_places(struct columns *columns)
{
    columns->places_count *= 2;
    free(columns->places);
    columns->places = calloc(columns->places_count, sizeof *columns->places);
    ASSERT(columns->places != NULL);
    for (uint32_t i = 0; i < columns->count; i++) {
        *place_of(columns, &columns->all[i]) = i + 1;
    }
}

/* say adds a line to what was said. */
static void say(struct column *column, uint16_t line)
{
    uint32_t at = column->said_count;

    for (uint32_t i = 0; i < column->said_count; i++) {
        if (column->said[i] == line) {
            return;
        }
    }
    ASSERT(column->said_count < COLUMN_SAID_MAX);
    for (; at > 0 && column->said[at - 1] > line; at--) {
        column->said[at] = column->said[at - 1];
    }
    column->said[at] = line;
    column->said_count++;
}

/* look gives the column that the cell is in now: of what was said before, and in this step. */
static struct column look(const struct columns *columns, const struct column *before, const struct cell_step *step)
{
    struct column now = { .digest = replica_digest(columns->cell.replica), .executed = columns->cell.inside->executed };
    struct replica_status status;

    if (before != NULL) {
        memcpy(now.said, before->said, before->said_count * sizeof now.said[0]);
        now.said_count = before->said_count;
    }
    for (uint32_t i = 0; i < step->said_count; i++) {
        say(&now, step->said[i]);
    }
    replica_status(columns->cell.replica, &status);
    now.view = (uint32_t)status.view;
    now.gave_up = status.timeout_view >= (int64_t)status.view;
    return now;
}

static void keep_twin(struct columns *columns, uint32_t column)
{
    if (columns->merges++ % TWIN_SHARE == 0 && columns->twins_count < columns->twins_max) {
        columns->twins[columns->twins_count++] = (struct column_twin){ column, cell_save(&columns->cell) };
    }
}

/* keep gives the number of a column, the present state of the cell; a new one is kept. */
static uint32_t keep(struct columns *columns, struct column *now, bool twin)
{
    uint32_t *place = place_of(columns, now);

    if (*place != 0) {
        if (twin) {
            keep_twin(columns, *place - 1);
        }
        return *place - 1;
    }
    if (columns->count == columns->capacity) {
        columns->capacity *= 2;
        columns->all = realloc(columns->all, columns->capacity * sizeof *columns->all);
        ASSERT(columns->all != NULL);
    }
    now->image = cell_save(&columns->cell);
    columns->all[columns->count] = *now;
    *place = ++columns->count;
    if (2 * columns->count > columns->places_count) {
        grow_places(columns);
    }
    return columns->count - 1;
}

/* --- Steps ---------------------------------------------------------------------------------------------------------- */

static struct column_edge *edge_of(const struct columns *columns, uint32_t from, uint32_t line)
{
    uint32_t mask = columns->edges_size - 1, at = (uint32_t)fact_name(from, line, 0, 0) & mask;

    while (columns->edges[at].line != 0 && (columns->edges[at].from != from || columns->edges[at].line != line + 1)) {
        at = (at + 1) & mask;
    }
    return &columns->edges[at];
}

static void grow_edges(struct columns *columns)
{
    struct column_edge *old = columns->edges;
    uint32_t size = columns->edges_size;

    columns->edges_size *= 2;
    columns->edges = calloc(columns->edges_size, sizeof *columns->edges);
    ASSERT(columns->edges != NULL);
    for (uint32_t i = 0; i < size; i++) {
        if (old[i].line != 0) {
            *edge_of(columns, old[i].from, old[i].line - 1) = old[i];
        }
    }
    free(old);
}

/* put_back brings the cell into a column. After a step that led nowhere it is there still; but what is rationed must not run out. */
static void put_back(struct columns *columns, uint32_t column)
{
    if (columns->loaded != column || columns->stale >= STALE_MAX) {
        cell_load(&columns->cell, columns->all[column].image);
        columns->stale = 0;
    }
    columns->loaded = COLUMN_NONE;
}

/* take lets the cell hear a line, or lets its time run out. */
static void take(struct columns *columns, uint32_t line, struct cell_step *step)
{
    if (line == COLUMN_EXPIRE) {
        cell_expire(&columns->cell, step);
    } else {
        cell_hear(&columns->cell, line, step);
    }
}

static void fail(struct columns *columns, uint32_t column, uint32_t line, const char *text)
{
    if (columns->broken[0] == '\0') {
        columns->failed_column = column;
        columns->failed_line = line;
        snprintf(columns->broken, sizeof columns->broken, "%s", text);
    }
}

uint32_t columns_next(struct columns *columns, uint32_t from, uint32_t line)
{
    const struct column_edge *known = edge_of(columns, from, line);
    struct cell_step step;

    ASSERT(from < columns->count);
    if (known->line != 0) {
        return known->to;
    }
    if (columns->broken[0] == '\0') { /* where production code stops, if it does */
        columns->failed_column = from;
        columns->failed_line = line;
    }
    put_back(columns, from);
    take(columns, line, &step);
    columns->failed_line = columns->broken[0] == '\0' ? COLUMN_NONE : columns->failed_line;
    if (step.broken[0] != '\0') {
        fail(columns, from, line, step.broken);
        return from;
    }
    struct column now = look(columns, &columns->all[from], &step);
    uint32_t to = keep(columns, &now, true);
    columns->loaded = line == COLUMN_EXPIRE ? COLUMN_NONE : to;
    columns->stale = to == from ? columns->stale + 1 : 0;
    *edge_of(columns, from, line) = (struct column_edge){ from, line + 1, to };
    if (2 * ++columns->edges_count > columns->edges_size) {
        grow_edges(columns);
    }
    return to;
}

/* audit takes one step again from a twin. */
static void audit(struct columns *columns, const struct column_twin *twin, const struct column_edge *edge)
{
    struct cell_step step;
    char text[CELL_TEXT_BYTES];

    cell_load(&columns->cell, twin->image);
    columns->loaded = COLUMN_NONE;
    take(columns, edge->line - 1, &step);
    struct column now = look(columns, &columns->all[edge->from], &step);
    if (step.broken[0] != '\0' || !is_same(&now, &columns->all[edge->to])) {
        snprintf(text, sizeof text, "two states of r%u with one digest part", columns->cell.member);
        fail(columns, edge->from, edge->line - 1, text);
    }
}

uint64_t columns_audit(struct columns *columns)
{
    uint64_t compared = 0;
    uint32_t *first = calloc(columns->count + 1, sizeof *first), *next = calloc(columns->twins_count + 1, sizeof *next);

    ASSERT(first != NULL);
    ASSERT(next != NULL);
    for (uint32_t i = 0; i < columns->twins_count; i++) { /* chains of the twins of each column, by one more than their places */
        next[i] = first[columns->twins[i].column];
        first[columns->twins[i].column] = i + 1;
    }
    for (uint32_t i = 0; i < columns->edges_size; i++) {
        const struct column_edge *edge = &columns->edges[i];
        for (uint32_t twin = edge->line == 0 ? 0 : first[edge->from]; twin != 0 && columns->broken[0] == '\0'; twin = next[twin - 1]) {
            audit(columns, &columns->twins[twin - 1], edge);
            compared++;
        }
    }
    free(first);
    free(next);
    return compared;
}

/* --- Making --------------------------------------------------------------------------------------------------------- */

void columns_open(struct columns *columns, struct script *script, uint32_t member, uint32_t commands, uint32_t twins_max)
{
    *columns = (struct columns){ .capacity = FIRST, .places_count = 2 * FIRST, .edges_size = 4 * FIRST, .twins_max = twins_max, .failed_line = COLUMN_NONE, .loaded = COLUMN_NONE };
    columns->all = calloc(columns->capacity, sizeof *columns->all);
    columns->places = calloc(columns->places_count, sizeof *columns->places);
    columns->edges = calloc(columns->edges_size, sizeof *columns->edges);
    columns->twins = calloc(twins_max + 1, sizeof *columns->twins);
    ASSERT(columns->all != NULL);
    ASSERT(columns->places != NULL);
    ASSERT(columns->edges != NULL);
    ASSERT(columns->twins != NULL);
    cell_open(&columns->cell, script, member, commands, 0);
    struct column now = look(columns, NULL, &columns->cell.begun);
    (void)keep(columns, &now, false);
    if (columns->cell.begun.broken[0] != '\0') {
        fail(columns, 0, COLUMN_EXPIRE, columns->cell.begun.broken);
    }
}

void columns_close(struct columns *columns)
{
    for (uint32_t i = 0; i < columns->count; i++) {
        free(columns->all[i].image);
    }
    for (uint32_t i = 0; i < columns->twins_count; i++) {
        free(columns->twins[i].image);
    }
    free(columns->all);
    free(columns->places);
    free(columns->edges);
    free(columns->twins);
    cell_close(&columns->cell);
    *columns = (struct columns){ 0 };
}
