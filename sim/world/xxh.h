/* xxh.h: xxHash, put in place. What the simulator hashes (names, sectors, stamps) mostly has a fixed length, so that a hash is a few instructions where it is asked for instead of a call. */
#ifndef WARD_SIM_WORLD_XXH_H
#define WARD_SIM_WORLD_XXH_H

#define XXH_INLINE_ALL
#include <xxhash.h>

#endif
