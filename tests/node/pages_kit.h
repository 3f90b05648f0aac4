/* pages_kit.h: memory of which it can be told how much was touched. */
#ifndef WARD_TESTS_NODE_PAGES_KIT_H
#define WARD_TESTS_NODE_PAGES_KIT_H

#include "base/arena.h"

/* pages_arena gives an arena of `size` bytes of which nothing was touched yet. Owns: the process, until it ends. */
struct arena pages_arena(size_t size);

/* pages_touched gives how many pages of it were read or written since. */
size_t pages_touched(const struct arena *arena);

#endif
