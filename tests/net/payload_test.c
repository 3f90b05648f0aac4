/* payload_test.c: shared bytes are given back exactly once, by the last holder. */
#include "net/payload.h"

#include <criterion/criterion.h>
#include <signal.h>

static unsigned released;

static void release(struct payload *payload)
{
    cr_assert_eq(payload->references, 0);
    released++;
}

Test(payload, is_released_once_by_the_last_holder)
{
    struct payload payload;

    payload_init(&payload, bytes_of("block", 5), release);
    payload_hold(&payload);
    payload_hold(&payload);
    payload_drop(&payload);
    payload_drop(&payload);
    cr_assert_eq(released, 0);
    payload_drop(&payload);
    cr_assert_eq(released, 1);
}

Test(payload, may_have_nobody_to_tell)
{
    struct payload payload;

    payload_init(&payload, bytes_of(NULL, 0), NULL);
    payload_drop(&payload);
    cr_assert_eq(payload.references, 0);
}

Test(payload, stops_the_process_when_dropped_once_too_often, .signal = SIGABRT)
{
    struct payload payload;

    payload_init(&payload, bytes_of(NULL, 0), NULL);
    payload_drop(&payload);
    payload_drop(&payload);
}
