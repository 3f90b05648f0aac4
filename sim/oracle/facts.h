/* facts.h: what the simulator has seen and must not see otherwise: a growing table from 64-bit names to 64-bit values.
 *
 * Names and values are digests; that two of a run collide is less likely than a broken machine. A fact is never taken back. */
#ifndef WARD_SIM_ORACLE_FACTS_H
#define WARD_SIM_ORACLE_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fact {
    uint64_t name;
    uint64_t value; /* 0: free */
};

struct facts {
    struct fact *slots; /* a power of two */
    size_t size, count;
};

void facts_init(struct facts *facts);
void facts_close(struct facts *facts);

/* facts_keep notes a value unless the name has one already. Needs: value != 0. Gives: the value that holds. */
uint64_t facts_keep(struct facts *facts, uint64_t name, uint64_t value);

/* facts_join adds bits to the value of a name. Needs: bits != 0. Gives: all of them. */
uint64_t facts_join(struct facts *facts, uint64_t name, uint64_t bits);

/* facts_find gives the value of a name, 0 when there is none. */
uint64_t facts_find(const struct facts *facts, uint64_t name);

/* facts_count counts a name. Gives: how often it was counted before. A table either keeps or counts. */
uint64_t facts_count(struct facts *facts, uint64_t name);

/* fact_name gives the digest of a few numbers; fact_digest of bytes, never 0. */
uint64_t fact_name(uint64_t topic, uint64_t a, uint64_t b, uint64_t c);
uint64_t fact_digest(const void *data, size_t size);

#endif
