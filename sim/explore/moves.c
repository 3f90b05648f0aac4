/* moves.c: see moves.h. Invariant: seen[column] == round marks the columns of the present walk alone. */
#include "sim/explore/moves.h"

#include "base/assert.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define ROWS_FIRST 4096u
#define LISTS_FIRST 65536u
#define SCRATCH_FIRST 4096u

void moves_open(struct moves_table *table, bool plain)
{
    *table = (struct moves_table){ .plain = plain, .rows_size = ROWS_FIRST, .columns_size = LISTS_FIRST, .scratch_size = SCRATCH_FIRST };
    table->rows = calloc(table->rows_size, sizeof *table->rows);
    table->columns = calloc(table->columns_size, sizeof *table->columns);
    table->silent = calloc(table->scratch_size, sizeof *table->silent);
    table->seen = calloc(table->scratch_size, sizeof *table->seen);
    table->found = calloc(table->scratch_size, sizeof *table->found);
    table->other = calloc(table->scratch_size, sizeof *table->other);
    ASSERT(table->rows != NULL);
    ASSERT(table->columns != NULL);
    ASSERT(table->silent != NULL);
    ASSERT(table->seen != NULL);
    ASSERT(table->found != NULL);
    ASSERT(table->other != NULL);
}

void moves_close(struct moves_table *table)
{
    free(table->rows);
    free(table->columns);
    free(table->silent);
    free(table->seen);
    free(table->found);
    free(table->other);
    *table = (struct moves_table){ 0 };
}

static uint32_t *grown(uint32_t *list, uint32_t before, uint32_t after)
{
    list = realloc(list, after * sizeof *list);
    ASSERT(list != NULL);
    memset(list + before, 0, (after - before) * sizeof *list);
    return list;
}

/* room sees to it that every column has its place in the scratch lists. */
static void room(struct moves_table *table, const struct columns *columns)
{
    uint32_t size = table->scratch_size;

    while (columns->count + 1 >= size) {
        size *= 2;
    }
    if (size > table->scratch_size) {
        table->silent = grown(table->silent, table->scratch_size, size);
        table->seen = grown(table->seen, table->scratch_size, size);
        table->found = grown(table->found, table->scratch_size, size);
        table->other = grown(table->other, table->scratch_size, size);
        table->scratch_size = size;
    }
}

/* --- Walks ---------------------------------------------------------------------------------------------------------- */

static bool speaks(const struct columns *columns, uint32_t from, uint32_t to)
{
    return columns->all[to].said_count != columns->all[from].said_count;
}

static uint32_t line_at(const struct columns *columns, uint32_t column, const struct moves_heard *heard, uint32_t place)
{
    if (place < heard->count) {
        return heard->lines[place];
    }
    const struct column *at = &columns->all[column];
    return at->view < heard->last_view && !at->gave_up ? COLUMN_EXPIRE : COLUMN_NONE;
}

/* visit adds a column to a list once in this round. */
static void visit(struct moves_table *table, uint32_t *list, uint32_t *count, uint32_t column)
{
    if (table->seen[column] != table->round) {
        table->seen[column] = table->round;
        list[(*count)++] = column;
    }
}

/* walk lists in `silent` every column that silence leads to from one, and in `found`, unless NULL is wanted, those that a word leads to. Gives: how many silent
 * ones; *found_count. */
static uint32_t walk(struct moves_table *table, struct columns *columns, uint32_t from, const struct moves_heard *heard, bool words, uint32_t *found_count)
{
    uint32_t count = 0;

    table->round++;
    *found_count = 0;
    room(table, columns);
    visit(table, table->silent, &count, from);
    for (uint32_t at = 0; at < count; at++) {
        uint32_t column = table->silent[at];
        for (uint32_t place = 0; place <= heard->count && columns->broken[0] == '\0'; place++) {
            uint32_t line = line_at(columns, column, heard, place);
            uint32_t to = line == COLUMN_NONE ? column : columns_next(columns, column, line);
            room(table, columns);
            if (!speaks(columns, column, to)) {
                visit(table, table->silent, &count, to);
            } else if (words) {
                visit(table, table->found, found_count, to);
            }
        }
    }
    table->silent_max = count > table->silent_max ? count : table->silent_max;
    return count;
}

/* steps lists in `other` where single lines lead to. Gives: how many. */
static uint32_t steps(struct moves_table *table, struct columns *columns, uint32_t from, const struct moves_heard *heard)
{
    uint32_t count = 0;

    table->round++;
    room(table, columns);
    for (uint32_t place = 0; place <= heard->count && columns->broken[0] == '\0'; place++) {
        uint32_t line = line_at(columns, from, heard, place);
        uint32_t to = line == COLUMN_NONE ? from : columns_next(columns, from, line);
        room(table, columns);
        if (to != from) {
            visit(table, table->other, &count, to);
        }
    }
    return count;
}

static bool says_the_same(const struct columns *columns, uint32_t a, uint32_t b)
{
    const struct column *one = &columns->all[a], *two = &columns->all[b];

    return one->said_count == two->said_count && memcmp(one->said, two->said, one->said_count * sizeof one->said[0]) == 0;
}

/* thin leaves out what is reached by silence from another one with the same words. Gives: how many are left in `other`. */
static uint32_t thin(struct moves_table *table, struct columns *columns, const struct moves_heard *heard, uint32_t count)
{
    uint32_t left = count, none = 0;

    memcpy(table->other, table->found, count * sizeof *table->other);
    for (uint32_t i = 0; i < left; i++) {
        uint32_t one = table->other[i], kept = 0, place = 0, twins = 0;
        for (uint32_t k = 0; k < left; k++) {
            twins += says_the_same(columns, one, table->other[k]);
        }
        if (twins < 2) {
            continue;
        }
        (void)walk(table, columns, one, heard, false, &none);
        for (uint32_t k = 0; k < left; k++) {
            bool out = table->other[k] != one && table->seen[table->other[k]] == table->round && says_the_same(columns, one, table->other[k]);
            place += !out && k < i;
            if (!out) {
                table->other[kept++] = table->other[k];
            }
        }
        left = kept;
        i = place;
    }
    return left;
}

/* --- The table ------------------------------------------------------------------------------------------------------ */

static struct moves_row *row_of(const struct moves_table *table, const uint64_t name[2])
{
    uint32_t at = (uint32_t)name[0] & (table->rows_size - 1);

    while (table->rows[at].used && memcmp(table->rows[at].name, name, sizeof table->rows[at].name) != 0) {
        at = (at + 1) & (table->rows_size - 1);
    }
    return &table->rows[at];
}

static void grow_rows(struct moves_table *table)
{
    struct moves_row *old = table->rows;
    uint32_t size = table->rows_size;

    table->rows_size *= 2;
    table->rows = calloc(table->rows_size, sizeof *table->rows);
    ASSERT(table->rows != NULL);
    for (uint32_t i = 0; i < size; i++) {
        if (old[i].used) {
            *row_of(table, old[i].name) = old[i];
        }
    }
    free(old);
}

/* name_of folds column and lines as one text: a seed beside a short text may cancel it out. */
static void name_of(uint32_t from, const struct moves_heard *heard, uint64_t name[2])
{
    uint16_t text[MOVES_LINES_MAX + 2] = { (uint16_t)from, (uint16_t)(from >> 16) };

    memcpy(text + 2, heard->lines, heard->count * sizeof heard->lines[0]);
    XXH128_hash_t hash = XXH3_128bits(text, (heard->count + 2) * sizeof text[0]);
    name[0] = hash.low64;
    name[1] = hash.high64;
}

static uint64_t executed_by(const struct moves_table *table, const struct columns *columns, uint32_t silent)
{
    uint64_t blocks = 0;

    for (uint32_t i = 0; i < silent; i++) {
        blocks |= columns->all[table->silent[i]].executed;
    }
    return blocks;
}

static void list(struct moves_table *table, struct moves_row *row, uint32_t count)
{
    while (table->columns_count + count > table->columns_size) {
        table->columns = grown(table->columns, table->columns_size, 2 * table->columns_size);
        table->columns_size *= 2;
    }
    row->begin = table->columns_count;
    row->count = count;
    memcpy(table->columns + row->begin, table->other, count * sizeof *table->other);
    table->columns_count += count;
}

struct moves moves_of(struct moves_table *table, struct columns *columns, uint32_t from, const struct moves_heard *heard)
{
    uint32_t found = 0;
    uint64_t name[2];

    name_of(from, heard, name);
    struct moves_row *row = row_of(table, name);
    if (!row->used) {
        *row = (struct moves_row){ .name = { name[0], name[1] }, .executed = columns->all[from].executed, .used = true };
        if (table->plain) {
            list(table, row, steps(table, columns, from, heard));
        } else {
            row->executed = executed_by(table, columns, walk(table, columns, from, heard, true, &found));
            list(table, row, thin(table, columns, heard, found));
        }
        if (2 * ++table->rows_count > table->rows_size) {
            grow_rows(table);
            row = row_of(table, name);
        }
    }
    return (struct moves){ table->columns + row->begin, row->count, row->executed };
}

/* --- Paths ---------------------------------------------------------------------------------------------------------- */

/* trace walks again and notes by which column and line each silent one was first reached. Gives: the place of the silent column from which `to` is reached by *line. */
static uint32_t trace(struct moves_table *table, struct columns *columns, uint32_t from, uint32_t to, const struct moves_heard *heard, uint32_t *by, uint32_t *lines, uint32_t *line)
{
    uint32_t count = 0;

    table->round++;
    visit(table, table->silent, &count, from);
    for (uint32_t at = 0; at < count; at++) {
        uint32_t column = table->silent[at];
        for (uint32_t place = 0; place <= heard->count; place++) {
            *line = line_at(columns, column, heard, place);
            uint32_t next = *line == COLUMN_NONE ? column : columns_next(columns, column, *line);
            room(table, columns);
            uint32_t before = count;
            if (next == to && next != column) {
                return at;
            }
            if (!speaks(columns, column, next)) {
                visit(table, table->silent, &count, next);
            }
            if (count > before) {
                by[before] = at;
                lines[before] = *line;
            }
        }
    }
    return COLUMN_NONE;
}

uint32_t moves_path(struct moves_table *table, struct columns *columns, uint32_t from, uint32_t to, const struct moves_heard *heard, uint32_t *lines, uint32_t most)
{
    uint32_t *by = calloc(columns->count + 1, sizeof *by), *reached = calloc(columns->count + 1, sizeof *reached);
    uint32_t last = 0, count = 0;

    ASSERT(by != NULL);
    ASSERT(reached != NULL);
    room(table, columns);
    uint32_t at = trace(table, columns, from, to, heard, by, reached, &last);
    for (uint32_t place = at; at != COLUMN_NONE && place != 0; place = by[place]) {
        count++;
    }
    ASSERT(count < most);
    if (at != COLUMN_NONE) {
        lines[count] = last;
        for (uint32_t place = at, k = count; place != 0; place = by[place]) {
            lines[--k] = reached[place];
        }
        count++;
    }
    free(by);
    free(reached);
    return count;
}

uint32_t moves_find(struct moves_table *table, struct columns *columns, uint32_t from, const struct moves_heard *heard, uint64_t blocks)
{
    uint32_t none = 0, count = walk(table, columns, from, heard, false, &none);

    for (uint32_t i = 0; i < count; i++) {
        if ((columns->all[table->silent[i]].executed & blocks) != 0) {
            return table->silent[i];
        }
    }
    return COLUMN_NONE;
}
