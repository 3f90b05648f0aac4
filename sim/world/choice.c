/* choice.c: see choice.h. One XXH3 over the name, little-endian, seeded with the seed. */
#include "sim/world/choice.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "sim/world/xxh.h"

#include <string.h>

static uint64_t (*listening)(const struct choice_made *made);

void choice_listen(uint64_t (*listener)(const struct choice_made *made))
{
    listening = listener;
}

uint64_t choice_settle(const struct choice_made *made)
{
    return listening == NULL ? made->value : listening(made);
}

uint64_t choice_draw(uint64_t seed, const struct choice *choice)
{
    uint8_t name[48];
    struct writer writer;

    writer_init(&writer, name, sizeof name);
    write_u64_le(&writer, (uint64_t)choice->topic);
    for (unsigned i = 0; i < 5; i++) {
        write_u64_le(&writer, choice->at[i]);
    }
    ASSERT(writer.offset == sizeof name);
    struct choice_made made = { .topic = choice->topic, .value = XXH3_64bits_withSeed(name, sizeof name, seed) };
    made.at[0] = seed;
    memcpy(made.at + 1, choice->at, sizeof choice->at);
    return choice_settle(&made);
}

uint64_t choice_below(uint64_t seed, const struct choice *choice, uint64_t bound)
{
    ASSERT(bound > 0);
    return (uint64_t)(((unsigned __int128)choice_draw(seed, choice) * bound) >> 64);
}

bool choice_happens(uint64_t seed, const struct choice *choice, uint32_t ppm)
{
    return ppm > 0 && choice_below(seed, choice, 1000000) < ppm;
}
