/* history_test.c: what can be told as one story passes, and every way in which a read can be wrong is named. The last test compares with a judge that tries
 * all orders. */
#include "sim/oracle/history.h"

#include <criterion/criterion.h>
#include <string.h>

static struct history history;

static void setup(void) { history_init(&history, 2); }
static void teardown(void) { history_close(&history); }

TestSuite(history, .init = setup, .fini = teardown);

Test(history, a_read_beside_a_write_may_see_it_or_not)
{
    history_begin_write(&history, 0, 1);
    struct history_read a = history_begin_read(&history, 0), b = history_begin_read(&history, 0);
    cr_assert_null(history_end_read(&history, &a, 0, 1));
    cr_assert_null(history_end_read(&history, &b, 1, 1));
}

Test(history, a_read_behind_a_write_that_was_told_must_see_it)
{
    history_begin_write(&history, 0, 1);
    history_end_write(&history, 0, 1, 4);
    struct history_read stale = history_begin_read(&history, 0), good = stale;
    cr_assert_not_null(strstr(history_end_read(&history, &stale, 0, 4), "misses"));
    cr_assert_null(history_end_read(&history, &good, 1, 4));
}

Test(history, what_was_read_is_not_unread)
{
    history_begin_write(&history, 0, 1);
    struct history_read first = history_begin_read(&history, 0);
    cr_assert_null(history_end_read(&history, &first, 1, 2)); /* the write was told to nobody yet */
    struct history_read second = history_begin_read(&history, 0);
    cr_assert_not_null(history_end_read(&history, &second, 0, 2));
}

Test(history, nobody_reads_what_nobody_sent)
{
    struct history_read read = history_begin_read(&history, 0);
    cr_assert_not_null(strstr(history_end_read(&history, &read, 1, 1), "nobody has sent"));
}

Test(history, of_all_accounts_has_one_height)
{
    history_begin_write(&history, 0, 1);
    history_end_write(&history, 0, 1, 9);
    struct history_read other = history_begin_read(&history, 1);
    cr_assert_not_null(strstr(history_end_read(&history, &other, 0, 8), "older block"));
    struct history_read good = history_begin_read(&history, 1);
    cr_assert_null(history_end_read(&history, &good, 0, 9));
}

/* --- Against all orders ------------------------------------------------------------------------------------------- */

#define OPERATIONS 5u

struct operation {
    bool write;
    uint32_t begin, end;
    uint64_t value; /* of a write: its number */
};

/* can_follow places operation after operation, each only when no other that is left ended before it began. */
static bool has_order(const struct operation *operations, unsigned done, uint64_t count)
{
    struct frame { unsigned done, next; uint64_t count; } stack[OPERATIONS + 1];
    unsigned depth = 0;

    stack[0] = (struct frame){ done, 0, count };
    for (unsigned turn = 0; turn < 100000; turn++) {
        struct frame *at = &stack[depth];
        if (at->done == (1u << OPERATIONS) - 1) {
            return true;
        }
        if (at->next == OPERATIONS) {
            if (depth == 0) {
                return false;
            }
            depth--;
            continue;
        }
        unsigned i = at->next++;
        bool free_now = (at->done >> i & 1) == 0;
        for (unsigned k = 0; k < OPERATIONS; k++) {
            free_now = free_now && ((at->done >> k & 1) != 0 || operations[k].end >= operations[i].begin);
        }
        bool fits = operations[i].write ? operations[i].value == at->count + 1 : operations[i].value == at->count;
        if (free_now && fits) {
            stack[depth + 1] = (struct frame){ at->done | 1u << i, 0, at->count + (operations[i].write ? 1 : 0) };
            depth++;
        }
    }
    cr_assert_fail("the search is bounded");
    return false;
}

/* accepts tells the operations to the history in the order of time; at equal times beginnings come first. */
static bool accepts(const struct operation *operations)
{
    struct history_read reads[OPERATIONS];
    bool well = true;

    history_init(&history, 1);
    for (uint32_t time = 0; time < 16; time++) {
        for (unsigned i = 0; i < OPERATIONS; i++) {
            if (operations[i].begin == time && operations[i].write) {
                history_begin_write(&history, 0, operations[i].value);
            } else if (operations[i].begin == time) {
                reads[i] = history_begin_read(&history, 0);
            }
        }
        for (unsigned i = 0; i < OPERATIONS; i++) {
            if (operations[i].end == time && operations[i].write) {
                history_end_write(&history, 0, operations[i].value, 0);
            } else if (operations[i].end == time) {
                well = well && history_end_read(&history, &reads[i], operations[i].value, 0) == NULL;
            }
        }
    }
    history_close(&history);
    return well;
}

Test(history, agrees_with_a_search_through_all_orders)
{
    uint64_t state = 88172645463325252u;
    uint32_t good = 0, bad = 0;

    history_close(&history);
    for (uint32_t round = 0; round < 4000; round++) {
        struct operation operations[OPERATIONS];
        uint32_t before = 0;
        for (unsigned i = 0; i < OPERATIONS; i++) {
            state ^= state << 13, state ^= state >> 7, state ^= state << 17;
            operations[i] = (struct operation){ i < 2, (uint32_t)(state % 8), 0, i < 2 ? i + 1 : state / 8 % 3 };
            /* Commands of an account begin in the order of their numbers, and so are they told. */
            operations[i].begin = i == 1 && operations[i].begin < operations[0].begin ? operations[0].begin : operations[i].begin;
            operations[i].end = operations[i].begin + (uint32_t)(state / 64 % 8);
            operations[i].end = i == 1 && operations[i].end < before ? before : operations[i].end;
            before = operations[i].end;
        }
        bool possible = has_order(operations, 0, 0);
        cr_assert_eq(accepts(operations), possible, "round %u", round);
        good += possible;
        bad += !possible;
    }
    cr_assert(good > 200 && bad > 200);
    history_init(&history, 2);
}
