/* net_kit.h: what the tests of net share: memory taken as a daemon takes it, and a loop in it. */
#ifndef WARD_TESTS_NET_NET_KIT_H
#define WARD_TESTS_NET_NET_KIT_H

#include "net/loop_uring.h"

/* kit_memory gives zeroed memory aligned for an arena. It lives until the test's process ends. */
void *kit_memory(size_t size);

/* kit_loop measures, takes and opens a loop; the test fails when the machine refuses. The arena behind it is sealed. */
struct loop *kit_loop(const struct loop_uring_config *config);

/* kit_turns runs turns until *done or `turns_max` turns are over, each at most 100 ms long. Gives: *done. */
bool kit_turns(struct loop *loop, const bool *done, unsigned turns_max);

#endif
