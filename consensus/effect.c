/* effect.c: the list that one step fills; see effect.h. Encoded heads lie one behind the other in `bytes`. */
#include "consensus/effect.h"

#include "base/assert.h"

#include <stddef.h>
#include <string.h>

void effects_reset(struct effects *effects)
{
    effects->count = 0;
    effects->bytes_used = 0;
}

struct effect *effects_add(struct effects *effects, enum effect_kind kind)
{
    ASSERT(effects->count < EFFECTS_MAX);
    ASSERT(kind < EFFECT_KIND_END);
    struct effect *effect = &effects->items[effects->count++];
#ifdef WARD_DEBUG
    memset(effect, 0xa5, sizeof *effect); /* what is left unsaid is not by chance what the step before said: the sanitizers see it */
#endif
    effect->kind = kind;
    return effect;
}

struct writer effects_room(struct effects *effects)
{
    struct writer writer;

    ASSERT(effects->bytes_used <= EFFECT_BYTES_MAX);
    writer_init(&writer, effects->bytes + effects->bytes_used, EFFECT_BYTES_MAX - effects->bytes_used);
    return writer;
}

struct bytes effects_take(struct effects *effects, const struct writer *writer)
{
    ASSERT(!writer->failed);
    ASSERT(writer->data == effects->bytes + effects->bytes_used);
    effects->bytes_used += (uint32_t)writer->offset;
    return bytes_of(writer->data, writer->offset);
}

const char *mark_word(enum mark mark)
{
    static const char *const words[MARK_COUNT] = {
#define MARK_WORD(name, word) [MARK_##name] = word,
        MARKS(MARK_WORD)
#undef MARK_WORD
    };

    ASSERT(mark < MARK_COUNT);
    return words[mark];
}
