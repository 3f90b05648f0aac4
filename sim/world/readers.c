/* readers.c: see readers.h. Invariant: count is the number of reads that were begun, and a token the number of its read. */
#include "sim/world/readers.h"

#include "base/assert.h"
#include "sim/oracle/quorums.h"
#include "sim/world/choice.h"

void readers_init(struct readers *readers, struct history *history, struct failure *failure, uint64_t seed, uint64_t interval_ns, uint32_t members_count,
                  const struct member_set *unsound)
{
    *readers = (struct readers){ .history = history, .failure = failure, .seed = seed, .interval_ns = interval_ns, .members_count = members_count, .unsound = *unsound,
        .next_ns = interval_ns == 0 ? UINT64_MAX : interval_ns };
    ASSERT(members_count > 0);
}

uint64_t readers_due_ns(const struct readers *readers)
{
    return readers->next_ns;
}

void readers_stop(struct readers *readers)
{
    readers->next_ns = UINT64_MAX;
}

static struct reading *find(struct readers *readers, uint64_t token)
{
    for (uint32_t i = 0; i < READERS_OPEN_MAX; i++) {
        if (readers->open[i].token == token) {
            return &readers->open[i];
        }
    }
    return NULL;
}

uint64_t readers_ask(struct readers *readers, uint32_t member, uint32_t account)
{
    struct reading *free_one = find(readers, 0);

    if (free_one == NULL) {
        return 0;
    }
    *free_one = (struct reading){ ++readers->count, member, UINT64_MAX, member_set_one(member), history_begin_read(readers->history, account) };
    return free_one->token;
}

bool readers_take(struct readers *readers, uint64_t now_ns, uint64_t *token, uint32_t *member)
{
    uint64_t occasion = now_ns / readers->interval_ns;
    struct choice whom = { CHOICE_READ, { occasion } }, about = { CHOICE_READ, { occasion, 1 } };
    uint32_t account = (uint32_t)choice_below(readers->seed, &about, readers->history->accounts_count);

    ASSERT(readers->next_ns <= now_ns);
    readers->next_ns = now_ns + readers->interval_ns;
    *member = (uint32_t)choice_below(readers->seed, &whom, readers->members_count);
    *token = member_set_has(&readers->unsound, *member) ? 0 : readers_ask(readers, *member, account);
    return *token != 0;
}

void readers_began(struct readers *readers, uint64_t token, uint64_t now_ns)
{
    struct reading *reading = find(readers, token);

    ASSERT(token > 0);
    if (reading != NULL) {
        reading->began_ns = now_ns;
    }
}

void readers_heard(struct readers *readers, uint32_t member, uint32_t from, uint64_t given_ns)
{
    ASSERT(from < readers->members_count);
    for (uint32_t i = 0; i < READERS_OPEN_MAX; i++) {
        struct reading *reading = &readers->open[i];
        if (reading->token != 0 && reading->member == member && given_ns >= reading->began_ns) {
            member_set_add(&reading->gave, from);
        }
    }
}

/* look_at_answers: whoever answered before the read began may not know what a client knew by then (Q5). */
static void look_at_answers(const struct readers *readers, const struct reading *reading)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < readers->members_count; i++) {
        count += member_set_has(&reading->gave, i) || member_set_has(&readers->unsound, i) ? 1 : 0;
    }
    if (reading->began_ns != UINT64_MAX && count < quorums_size(readers->members_count)) {
        oracle_fail(readers->failure, FAILURE_SAFETY, "Q5: r%u answers a read on the word of %u members, of which others spoke before it began", reading->member, count);
    }
}

uint32_t readers_account(const struct readers *readers, uint64_t token)
{
    for (uint32_t i = 0; i < READERS_OPEN_MAX; i++) {
        if (readers->open[i].token == token) {
            return readers->open[i].read.account;
        }
    }
    ASSERT(token == 0); /* no answer without a question */
    return 0;
}

void readers_done(struct readers *readers, uint64_t token, bool ok, uint64_t number, uint64_t height)
{
    struct reading *reading = find(readers, token);

    ASSERT(token > 0);
    ASSERT(reading != NULL);
    readers->answered += ok ? 1 : 0;
    readers->refused += ok ? 0 : 1;
    if (ok) {
        look_at_answers(readers, reading);
    }
    reading->token = 0;
    const char *wrong = ok ? history_end_read(readers->history, &reading->read, number, height) : NULL;
    if (wrong != NULL) {
        oracle_fail(readers->failure, FAILURE_SAFETY, "Q5: r%u answers a read with %llu as of block %llu: %s", reading->member, (unsigned long long)number,
                    (unsigned long long)height, wrong);
    }
}

void readers_lost(struct readers *readers, uint32_t member)
{
    for (uint32_t i = 0; i < READERS_OPEN_MAX; i++) {
        if (readers->open[i].token != 0 && readers->open[i].member == member) {
            readers->open[i].token = 0;
            readers->lost++;
        }
    }
}

uint32_t readers_open(const struct readers *readers)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < READERS_OPEN_MAX; i++) {
        count += readers->open[i].token != 0 ? 1 : 0;
    }
    return count;
}
