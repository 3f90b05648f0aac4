/* stock.c: see stock.h. */
#include "cli/stock.h"

#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

/* put signs one command into its place. */
static void put(struct stock *stock, const struct population *population, const struct population_work *work, uint64_t number, struct tx *tx)
{
    population_sign(population, work, number, tx);
    ASSERT(tx->size == stock->size);
    memcpy(stock->bytes + number * stock->size, tx->bytes, tx->size);
    stock->ids[number] = tx->id;
}

enum err stock_make(struct stock *stock, const struct population *population, const struct population_work *work, uint64_t count)
{
    return stock_make_some(stock, population, work, count, count);
}

enum err stock_make_some(struct stock *stock, const struct population *population, const struct population_work *work, uint64_t count, uint64_t ready)
{
    struct tx *tx = malloc(sizeof *tx);

    ASSERT(ready >= 1);
    ASSERT(ready <= count);
    *stock = (struct stock){ .orgs = population->plan.orgs, .count = count };
    stock->ids = calloc(count, sizeof *stock->ids);
    if (tx != NULL) {
        population_sign(population, work, 0, tx);
        stock->size = tx->size;
        stock->bytes = malloc(count * stock->size);
    }
    if (stock->ids == NULL || stock->bytes == NULL) {
        free(tx);
        stock_close(stock);
        return ERR_NO_MEMORY;
    }
    for (uint64_t number = 0; number < ready; number++) {
        put(stock, population, work, number, tx);
    }
    free(tx);
    return ERR_OK;
}

enum err stock_renew(struct stock *stock, const struct population *population, const struct population_work *work, struct stock_span span)
{
    struct tx *tx = malloc(sizeof *tx);

    for (uint64_t number = span.first; tx != NULL && number < span.end && number < stock->count; number++) {
        put(stock, population, work, number, tx);
    }
    bool good = tx != NULL;
    free(tx);
    return good ? ERR_OK : ERR_NO_MEMORY;
}

void stock_close(struct stock *stock)
{
    free(stock->bytes);
    free(stock->ids);
    *stock = (struct stock){ .bytes = NULL };
}

struct bytes stock_command(const struct stock *stock, uint64_t number)
{
    ASSERT(number < stock->count);
    return bytes_of(stock->bytes + number * stock->size, stock->size);
}

uint32_t stock_home(const struct stock *stock, uint64_t number)
{
    return (uint32_t)(number % stock->orgs);
}
