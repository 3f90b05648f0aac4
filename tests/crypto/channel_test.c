/* channel_test.c: records arrive once, whole and in order, or the channel is closed. */
#include "crypto/channel.h"

#include "tests/crypto/handshake_kit.h"
#include "tests/crypto/signature_vectors_kit.h"

#include <criterion/criterion.h>
#include <string.h>

enum { PLAIN_BYTES = 40, RECORD_BYTES = PLAIN_BYTES + CHANNEL_OVERHEAD };

TestSuite(channel, .init = crypto_start);

/* ends[0] is the initiator's. */
static void channels_init(struct channel ends[2])
{
    struct handshake_pair pair;
    struct handshake_keys keys;

    pair_init(&pair, HANDSHAKE_IK);
    cr_assert_eq(pair_exchange(&pair), VERDICT_OK);
    handshake_split(&pair.initiator, &keys);
    channel_init(&ends[0], &keys);
    handshake_split(&pair.responder, &keys);
    channel_init(&ends[1], &keys);
}

static size_t seal_number(struct channel *channel, uint64_t number, uint8_t record[RECORD_BYTES])
{
    uint8_t plain[PLAIN_BYTES];

    bytes_by_number(number, plain, sizeof plain);
    return channel_seal(channel, bytes_of(plain, sizeof plain), record);
}

static void assert_opens(struct channel *channel, uint64_t number, const uint8_t record[RECORD_BYTES])
{
    uint8_t plain[PLAIN_BYTES], opened[PLAIN_BYTES];

    bytes_by_number(number, plain, sizeof plain);
    cr_assert_eq(channel_open(channel, bytes_of(record, RECORD_BYTES), opened), VERDICT_OK, "record %lu", (unsigned long)number);
    cr_assert_arr_eq(opened, plain, sizeof plain);
}

static void assert_closed(struct channel *channel)
{
    uint8_t record[RECORD_BYTES];

    cr_assert(channel->closed);
    cr_assert(bytes_are_zero(channel->send.key, sizeof channel->send.key));
    cr_assert(bytes_are_zero(channel->receive.key, sizeof channel->receive.key));
    cr_assert_eq(seal_number(channel, 0, record), 0);
}

Test(channel, records_of_every_size_pass_in_both_directions)
{
    static const size_t sizes[] = { 0, 1, 8, 15, 16, 17, 255, 4096, CHANNEL_PLAINTEXT_MAX - 1, CHANNEL_PLAINTEXT_MAX };
    static uint8_t plain[CHANNEL_PLAINTEXT_MAX], record[CHANNEL_RECORD_MAX], opened[CHANNEL_PLAINTEXT_MAX];
    struct channel ends[2];

    channels_init(ends);
    bytes_by_number(1, plain, sizeof plain);
    for (size_t i = 0; i < 2 * (sizeof sizes / sizeof sizes[0]); i++) {
        size_t size = sizes[i / 2];
        struct channel *sender = &ends[i % 2], *receiver = &ends[1 - i % 2];

        cr_assert_eq(channel_seal(sender, bytes_of(plain, size), record), size + CHANNEL_OVERHEAD);
        cr_assert_eq(channel_record_bytes(record), size + CHANNEL_OVERHEAD);
        cr_assert_eq(channel_open(receiver, bytes_of(record, size + CHANNEL_OVERHEAD), opened), VERDICT_OK);
        cr_assert_arr_eq(opened, plain, size);
    }
}

Test(channel, record_is_sealed_and_opened_in_place)
{
    uint8_t record[RECORD_BYTES], plain[PLAIN_BYTES];
    struct channel ends[2];

    channels_init(ends);
    bytes_by_number(1, plain, sizeof plain);
    memcpy(record + CHANNEL_HEADER_BYTES, plain, sizeof plain);
    cr_assert_eq(channel_seal(&ends[0], bytes_of(record + CHANNEL_HEADER_BYTES, sizeof plain), record), RECORD_BYTES);
    cr_assert_eq(channel_open(&ends[1], bytes_of(record, RECORD_BYTES), record + CHANNEL_HEADER_BYTES), VERDICT_OK);
    cr_assert_arr_eq(record + CHANNEL_HEADER_BYTES, plain, sizeof plain);
}

/* A flip in the length makes the record another size than it says; every other flip breaks the tag. */
Test(channel, each_flipped_bit_closes_for_good)
{
    uint8_t good[RECORD_BYTES], record[RECORD_BYTES], opened[PLAIN_BYTES];
    struct channel start[2];

    channels_init(start);
    cr_assert_eq(seal_number(&start[0], 1, good), RECORD_BYTES);
    for (size_t bit = 0; bit < 8 * RECORD_BYTES; bit++) {
        struct channel receiver = start[1];

        memcpy(record, good, sizeof record);
        record[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_assert_eq(channel_open(&receiver, bytes_of(record, sizeof record), opened), bit < 16 ? VERDICT_LENGTH : VERDICT_SIGNATURE);
        assert_closed(&receiver);
        cr_assert_eq(channel_open(&receiver, bytes_of(good, sizeof good), opened), VERDICT_STALE, "the good record comes too late");
    }
}

/* The length is authenticated, so a record cannot be cut to one that a changed header announces. */
Test(channel, each_truncation_with_a_fitting_header_is_refused)
{
    uint8_t good[RECORD_BYTES], record[RECORD_BYTES], opened[PLAIN_BYTES];
    struct channel start[2];

    channels_init(start);
    cr_assert_eq(seal_number(&start[0], 1, good), RECORD_BYTES);
    for (size_t size = 0; size < RECORD_BYTES; size++) {
        struct channel receiver = start[1];

        memcpy(record, good, sizeof record);
        if (size >= CHANNEL_OVERHEAD) {
            record[0] = (uint8_t)(size - CHANNEL_HEADER_BYTES);
        }
        cr_assert_eq(channel_open(&receiver, bytes_of(record, size), opened), size < CHANNEL_OVERHEAD ? VERDICT_SHORT : VERDICT_SIGNATURE);
        assert_closed(&receiver);
    }
}

Test(channel, header_shorter_than_a_tag_begins_no_record)
{
    for (unsigned length = 0; length <= NOISE_MESSAGE_MAX; length++) {
        const uint8_t header[CHANNEL_HEADER_BYTES] = { (uint8_t)length, (uint8_t)(length >> 8) };
        cr_assert_eq(channel_record_bytes(header), length < NOISE_TAG_BYTES ? 0 : length + CHANNEL_HEADER_BYTES);
    }
}

Test(channel, record_lost_repeated_or_reflected_closes)
{
    uint8_t first[RECORD_BYTES], second[RECORD_BYTES], opened[PLAIN_BYTES];
    struct channel start[2];

    channels_init(start);
    cr_assert_eq(seal_number(&start[0], 1, first), RECORD_BYTES);
    cr_assert_eq(seal_number(&start[0], 2, second), RECORD_BYTES);
    struct channel receiver = start[1];
    cr_assert_eq(channel_open(&receiver, bytes_of(second, sizeof second), opened), VERDICT_SIGNATURE, "lost");
    assert_closed(&receiver);
    receiver = start[1];
    assert_opens(&receiver, 1, first);
    cr_assert_eq(channel_open(&receiver, bytes_of(first, sizeof first), opened), VERDICT_SIGNATURE, "repeated");
    assert_closed(&receiver);
    receiver = start[0];
    cr_assert_eq(channel_open(&receiver, bytes_of(first, sizeof first), opened), VERDICT_SIGNATURE, "reflected to its sender");
    assert_closed(&receiver);
}

Test(channel, each_direction_changes_its_key_after_65536_records_alone)
{
    struct channel ends[2];
    uint8_t record[RECORD_BYTES], first_key[32], second_key[32];
    uint64_t number = 0;

    channels_init(ends);
    memcpy(first_key, ends[0].send.key, sizeof first_key);
    memcpy(second_key, ends[0].receive.key, sizeof second_key);
    for (; number < CHANNEL_REKEY_RECORDS - 1; number++) {
        cr_assert_eq(seal_number(&ends[0], number % 8, record), RECORD_BYTES);
        assert_opens(&ends[1], number % 8, record);
    }
    cr_assert_arr_eq(ends[0].send.key, first_key, 32, "65535 records under the first key");
    for (int i = 0; i < 3; i++, number++) {
        cr_assert_eq(seal_number(&ends[0], number % 8, record), RECORD_BYTES);
        assert_opens(&ends[1], number % 8, record);
        cr_assert_arr_neq(ends[0].send.key, first_key, 32);
    }
    cr_assert_arr_eq(ends[0].send.key, ends[1].receive.key, 32);
    cr_assert_arr_eq(ends[0].receive.key, second_key, 32, "the other direction counts for itself");
    cr_assert_eq(ends[0].send.nonce, number, "and the nonce goes on");
}

/* A peer that forgets to change the key is not understood. */
Test(channel, record_under_the_old_key_closes)
{
    struct channel ends[2];
    uint8_t record[RECORD_BYTES], opened[PLAIN_BYTES];

    channels_init(ends);
    ends[0].send.nonce = CHANNEL_REKEY_RECORDS - 1;
    ends[1].receive.nonce = CHANNEL_REKEY_RECORDS - 1;
    struct noise_cipher old = ends[0].send;
    cr_assert_eq(seal_number(&ends[0], 1, record), RECORD_BYTES);
    assert_opens(&ends[1], 1, record);
    old.nonce = CHANNEL_REKEY_RECORDS;
    ends[0].send = old;
    cr_assert_eq(seal_number(&ends[0], 2, record), RECORD_BYTES);
    cr_assert_eq(channel_open(&ends[1], bytes_of(record, sizeof record), opened), VERDICT_SIGNATURE);
    assert_closed(&ends[1]);
}

Test(channel, last_nonce_closes_instead_of_wrapping)
{
    struct channel ends[2];
    uint8_t record[RECORD_BYTES], opened[PLAIN_BYTES];

    channels_init(ends);
    ends[0].send.nonce = UINT64_MAX - 1;
    ends[1].receive.nonce = UINT64_MAX - 1;
    cr_assert_eq(seal_number(&ends[0], 1, record), RECORD_BYTES);
    assert_opens(&ends[1], 1, record);
    cr_assert_eq(seal_number(&ends[0], 2, record), 0);
    assert_closed(&ends[0]);
    cr_assert_eq(channel_open(&ends[1], bytes_of(record, sizeof record), opened), VERDICT_STALE);
    assert_closed(&ends[1]);
}
