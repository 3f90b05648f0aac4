/* history.h: whether what clients wrote and read can be told as one story in which each operation takes effect at one moment between its beginning and its
 * end (linearizability), asked without a word of any replica.
 *
 *     time  ------------------------------------------------->
 *     write 3    |---------told---|
 *     read             |-----2-or-3-----|                     it overlaps the write
 *     read                              |--------3--------|   the write was told: 2 would be stale
 *
 * An account is a register that only counts: its k-th command makes k out of k - 1, and a read gives how many there were. Registers are linearizable when
 * each of them is (Herlihy, Wing 1990), and one that only counts is exactly when every read gives at least what any operation that ended before it began had
 * seen, and at most what was begun before it ended. Heights of blocks, which only grow, are held to the same for all accounts together. */
#ifndef WARD_SIM_ORACLE_HISTORY_H
#define WARD_SIM_ORACLE_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

struct history_account {
    uint64_t begun; /* number of the newest command that was sent */
    uint64_t seen;  /* highest number that a client was told, or read */
};

struct history {
    struct history_account *accounts;
    uint32_t accounts_count;
    uint64_t height; /* highest block that a client was told of */
};

/* A read under way. */
struct history_read {
    uint32_t account;
    uint64_t floor, height_floor; /* what was seen before it began */
};

/* history_init takes memory that history_close gives back. */
void history_init(struct history *history, uint32_t accounts_count);
void history_close(struct history *history);

/* A command begins when it is first sent, and ends when its client is told; height 0: told without a block. */
void history_begin_write(struct history *history, uint32_t account, uint64_t number);
void history_end_write(struct history *history, uint32_t account, uint64_t number, uint64_t height);

/* history_begin_read begins a read. history_end_read ends one that gave a number as of a height. Gives: NULL, or what is wrong with it. A read that failed
 * is never ended: it says nothing. */
struct history_read history_begin_read(const struct history *history, uint32_t account);
const char *history_end_read(struct history *history, const struct history_read *read, uint64_t number, uint64_t height);

#endif
