/* tamper_test.c: no bit of a record can be changed on the way without the receiver's channel seeing it. */
#include "sim/world/tamper.h"

#include "crypto/channel.h"

#include <criterion/criterion.h>
#include <string.h>

Test(tamper, every_bit_of_a_record_counts)
{
    uint8_t message[40];

    memset(message, 7, sizeof message);
    for (uint64_t bit = 0; bit < (sizeof message + CHANNEL_OVERHEAD) * 8; bit++) {
        cr_assert_neq(tamper_record(5, bytes_of(message, sizeof message), bit), VERDICT_OK, "bit %llu", (unsigned long long)bit);
    }
}

Test(tamper, takes_messages_of_any_size)
{
    static uint8_t message[100000];

    cr_assert_neq(tamper_record(6, bytes_of(message, 0), 3), VERDICT_OK);
    cr_assert_neq(tamper_record(6, bytes_of(message, sizeof message), UINT64_MAX), VERDICT_OK);
}
