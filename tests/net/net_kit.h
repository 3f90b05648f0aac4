/* net_kit.h: what the tests of net share: memory taken as a daemon takes it, and a loop of either kind in it.
 *
 *     ON_EACH_BACKEND(suite, name)
 *     ParameterizedTest(enum kit_backend *backend, suite, name) { struct loop *loop = kit_loop_on(*backend, &config); ... }
 *
 * runs a test once on each. */
#ifndef WARD_TESTS_NET_NET_KIT_H
#define WARD_TESTS_NET_NET_KIT_H

#include "net/loop_posix.h"
#include "net/loop_uring.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

/* kit_memory gives zeroed memory aligned for an arena. It lives until the test's process ends. */
void *kit_memory(size_t size);

enum kit_backend { KIT_URING, KIT_POSIX, KIT_BACKENDS };

#define ON_EACH_BACKEND(suite, name)                                                                                                                 \
    ParameterizedTestParameters(suite, name)                                                                                                         \
    {                                                                                                                                                \
        static enum kit_backend backends[KIT_BACKENDS] = { KIT_URING, KIT_POSIX };                                                                   \
        return cr_make_param_array(enum kit_backend, backends, KIT_BACKENDS);                                                                        \
    }

/* kit_loop_on measures, takes and opens a loop of a kind, with the buffers of config. A test on io_uring is skipped, with the reason, where the
 * machine forbids io_uring. */
struct loop *kit_loop_on(enum kit_backend backend, const struct loop_uring_config *config);

/* kit_loop measures, takes and opens a loop; the test is skipped, with the reason, when the machine refuses. The arena behind it is sealed. */
struct loop *kit_loop(const struct loop_uring_config *config);

/* kit_turns runs turns until *done or `turns_max` turns are over, each at most 100 ms long. Gives: *done. */
bool kit_turns(struct loop *loop, const bool *done, unsigned turns_max);

#endif
