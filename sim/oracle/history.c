/* history.c: see history.h. Invariant: seen <= begun, for every account. */
#include "sim/oracle/history.h"

#include "base/assert.h"

#include <stdlib.h>

void history_init(struct history *history, uint32_t accounts_count)
{
    ASSERT(accounts_count > 0);
    *history = (struct history){ .accounts = calloc(accounts_count, sizeof *history->accounts), .accounts_count = accounts_count };
    ASSERT(history->accounts != NULL);
}

void history_close(struct history *history)
{
    free(history->accounts);
    *history = (struct history){ 0 };
}

void history_begin_write(struct history *history, uint32_t account, uint64_t number)
{
    struct history_account *at = &history->accounts[account];

    ASSERT(account < history->accounts_count);
    at->begun = number > at->begun ? number : at->begun;
}

static void see(struct history *history, uint32_t account, uint64_t number, uint64_t height)
{
    struct history_account *at = &history->accounts[account];

    at->seen = number > at->seen ? number : at->seen;
    history->height = height > history->height ? height : history->height;
}

void history_end_write(struct history *history, uint32_t account, uint64_t number, uint64_t height)
{
    ASSERT(account < history->accounts_count);
    ASSERT(number <= history->accounts[account].begun);
    see(history, account, number, height);
}

struct history_read history_begin_read(const struct history *history, uint32_t account)
{
    ASSERT(account < history->accounts_count);
    return (struct history_read){ account, history->accounts[account].seen, history->height };
}

const char *history_end_read(struct history *history, const struct history_read *read, uint64_t number, uint64_t height)
{
    const struct history_account *at = &history->accounts[read->account];

    ASSERT(read->account < history->accounts_count);
    if (number < read->floor) {
        return "it misses a command that a client had been told of, or had read, before it began";
    }
    if (number > at->begun) {
        return "it knows of a command that nobody has sent";
    }
    if (height < read->height_floor) {
        return "it is of an older block than a client had been told of before it began";
    }
    see(history, read->account, number, height);
    return NULL;
}
