/* naming.h: a table of words, as scenarios and reports write them, and of what each means. Whoever has a list of kinds (lies, pairs, what a disk spoils) writes it once, as
 * X(NAME, word, text), and has an enum and such a table of it.
 *
 *     enum lie { LIES(...) };   const struct naming lie_names[LIE_COUNT] = { LIES(NAMING) }; */
#ifndef WARD_SIM_WORLD_NAMING_H
#define WARD_SIM_WORLD_NAMING_H

#include <stdint.h>

struct naming {
    const char *word, *text;
};

#define NAMING(name, word, text) { word, text },

/* naming_find gives the row of a word, `count` when there is none. */
uint32_t naming_find(const struct naming *names, uint32_t count, const char *word);

#endif
