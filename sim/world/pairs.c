/* pairs.c: see pairs.h. */
#include "sim/world/pairs.h"

#include "base/assert.h"

static const char *const words[PAIR_COUNT] = {
#define PAIR_WORD(name, word, text) word,
    PAIRS(PAIR_WORD)
#undef PAIR_WORD
};

static const char *const texts[PAIR_COUNT] = {
#define PAIR_TEXT(name, word, text) text,
    PAIRS(PAIR_TEXT)
#undef PAIR_TEXT
};

const char *pair_word(enum pair pair)
{
    ASSERT(pair < PAIR_COUNT);
    return words[pair];
}

const char *pair_text(enum pair pair)
{
    ASSERT(pair < PAIR_COUNT);
    return texts[pair];
}
