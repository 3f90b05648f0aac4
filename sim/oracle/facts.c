/* facts.c: see facts.h. Linear probing, at most half full. */
#include "sim/oracle/facts.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "sim/world/heap.h"
#include "sim/world/xxh.h"

#include <stdlib.h>

#define FACTS_FIRST 1024u

void facts_init(struct facts *facts)
{
    *facts = (struct facts){ .slots = calloc(FACTS_FIRST, sizeof *facts->slots), .size = FACTS_FIRST };
    ASSERT(facts->slots != NULL);
}

void facts_close(struct facts *facts)
{
    free(facts->slots);
    *facts = (struct facts){ 0 };
}

/* slot_of gives the slot of a name, or the free one where it belongs. Bounded: half of the slots are free. */
static struct fact *slot_of(const struct facts *facts, uint64_t name)
{
    size_t at = name & (facts->size - 1);

    while (facts->slots[at].value != 0 && facts->slots[at].name != name) {
        at = (at + 1) & (facts->size - 1);
    }
    return &facts->slots[at];
}

static void grow(struct facts *facts)
{
    struct facts larger = { .slots = calloc(facts->size * 2, sizeof *facts->slots), .size = facts->size * 2, .count = facts->count };

    heap_disregard();
    ASSERT(larger.slots != NULL);
    for (size_t i = 0; i < facts->size; i++) {
        if (facts->slots[i].value != 0) {
            *slot_of(&larger, facts->slots[i].name) = facts->slots[i];
        }
    }
    free(facts->slots);
    *facts = larger;
}

/* slot_for makes room and gives the slot of a name. */
static struct fact *slot_for(struct facts *facts, uint64_t name)
{
    if (2 * (facts->count + 1) > facts->size) {
        grow(facts);
    }
    return slot_of(facts, name);
}

uint64_t facts_keep(struct facts *facts, uint64_t name, uint64_t value)
{
    ASSERT(value != 0);
    struct fact *slot = slot_for(facts, name);
    if (slot->value == 0) {
        *slot = (struct fact){ name, value };
        facts->count++;
    }
    return slot->value;
}

uint64_t facts_count(struct facts *facts, uint64_t name)
{
    struct fact *slot = slot_for(facts, name);

    facts->count += slot->value == 0;
    slot->name = name;
    return slot->value++;
}

uint64_t facts_join(struct facts *facts, uint64_t name, uint64_t bits)
{
    ASSERT(bits != 0);
    struct fact *slot = slot_for(facts, name);
    facts->count += slot->value == 0;
    slot->name = name;
    slot->value |= bits;
    return slot->value;
}

uint64_t facts_find(const struct facts *facts, uint64_t name)
{
    return slot_of(facts, name)->value;
}

uint64_t fact_name(uint64_t topic, uint64_t a, uint64_t b, uint64_t c)
{
    uint8_t bytes[32];
    struct writer writer;

    writer_init(&writer, bytes, sizeof bytes);
    write_u64_le(&writer, topic);
    write_u64_le(&writer, a);
    write_u64_le(&writer, b);
    write_u64_le(&writer, c);
    return XXH3_64bits(bytes, sizeof bytes);
}

uint64_t fact_digest(const void *data, size_t size)
{
    return XXH3_64bits(data, size) | 1;
}
