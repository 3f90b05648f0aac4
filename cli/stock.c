/* stock.c: see stock.h. */
#include "cli/stock.h"

#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

enum err stock_make(struct stock *stock, const struct population *population, const struct population_work *work, uint64_t count)
{
    struct tx *tx = malloc(sizeof *tx);

    ASSERT(count >= 1);
    *stock = (struct stock){ .orgs = population->plan.orgs };
    stock->ids = calloc(count, sizeof *stock->ids);
    for (uint64_t number = 0; tx != NULL && stock->ids != NULL && number < count; number++) {
        population_sign(population, work, number, tx);
        if (number == 0) {
            stock->size = tx->size;
            stock->bytes = malloc(count * stock->size);
        }
        if (stock->bytes == NULL) {
            break;
        }
        ASSERT(tx->size == stock->size);
        memcpy(stock->bytes + number * stock->size, tx->bytes, tx->size);
        stock->ids[number] = tx->id;
        stock->count++;
    }
    free(tx);
    if (stock->count < count) {
        stock_close(stock);
        return ERR_NO_MEMORY;
    }
    return ERR_OK;
}

enum err stock_renew(struct stock *stock, const struct population *population, const struct population_work *work, uint64_t first)
{
    struct tx *tx = malloc(sizeof *tx);

    for (uint64_t number = first; tx != NULL && number < stock->count; number++) {
        population_sign(population, work, number, tx);
        ASSERT(tx->size == stock->size);
        memcpy(stock->bytes + number * stock->size, tx->bytes, tx->size);
        stock->ids[number] = tx->id;
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
