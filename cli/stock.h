/* stock.h: commands signed before they are needed, so that a load generator spends nothing on them while it measures. */
#ifndef WARD_CLI_STOCK_H
#define WARD_CLI_STOCK_H

#include "cli/population.h"

#include <stdint.h>

struct stock {
    uint64_t count;
    uint32_t size;        /* bytes of one command with its payload; all are alike */
    uint32_t orgs;
    uint8_t *bytes;       /* count x size */
    struct hash32 *ids;   /* transaction ids */
};

/* stock_make signs commands 0 .. count - 1 of a population. Needs: count >= 1. Fails: ERR_NO_MEMORY. Cost: count signatures. */
enum err stock_make(struct stock *stock, const struct population *population, const struct population_work *work, uint64_t count);
void stock_close(struct stock *stock);

/* stock_make_some is stock_make for commands of which only the first `ready` are signed; stock_renew signs the others. Needs: 1 <= ready <= count; no other is sent before. Fails: ERR_NO_MEMORY. */
enum err stock_make_some(struct stock *stock, const struct population *population, const struct population_work *work, uint64_t count, uint64_t ready);

/* stock_span: commands `first` .. `end` - 1. */
struct stock_span {
    uint64_t first, end;
};

/* stock_renew signs a span of commands (those beyond the last are not there) anew, so that they live longer. Needs: the population and work that it was made with, but for the time; none of them
 * has been sent, nor is before it was signed. Fails: ERR_NO_MEMORY: nothing was changed. Threads: any, under that condition. */
enum err stock_renew(struct stock *stock, const struct population *population, const struct population_work *work, struct stock_span span);

/* stock_command gives a command as SUBMIT carries it. */
struct bytes stock_command(const struct stock *stock, uint64_t number);

/* stock_home gives the replica of the hospital that sends it. */
uint32_t stock_home(const struct stock *stock, uint64_t number);

#endif
