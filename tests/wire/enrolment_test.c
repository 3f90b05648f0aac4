/* enrolment_test.c: an enrolment is signed by every key that it names, and has one encoding. */
#include "wire/enrolment.h"

#include "crypto/keys.h"
#include "tests/storage/pinned_kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static void sign_all(struct enrolment *enrolment, const uint8_t seeds[3])
{
    struct sign_keypair pairs[3];
    uint8_t *const keys[3] = { enrolment->admin_key, enrolment->officer_key, enrolment->sign_key };
    uint8_t *const signatures[3] = { enrolment->admin_signature, enrolment->officer_signature, enrolment->replica_signature };

    for (size_t i = 0; i < 3; i++) {
        uint8_t seed[32] = { seeds[i] };
        sign_keypair_from_seed(&pairs[i], seed);
        memcpy(keys[i], pairs[i].public_key, 32);
    }
    struct hash32 digest = enrolment_digest(enrolment);
    for (size_t i = 0; i < 3; i++) {
        sign_digest(&pairs[i], &digest, signatures[i]);
    }
}

static struct enrolment good(void)
{
    struct enrolment enrolment = { .kind = 1, .has_replica = true, .name = "Mercy", .endpoint = "mercy.example:7000" };

    crypto_start();
    enrolment.transport_key[0] = 9;
    sign_all(&enrolment, (const uint8_t[3]){ 1, 2, 3 });
    return enrolment;
}

Test(enrolment, round_trips_through_its_fixed_size)
{
    struct enrolment in = good(), out;
    uint8_t first[ENROLMENT_BYTES], second[ENROLMENT_BYTES];
    struct writer writer;
    struct reader reader;

    writer_init(&writer, first, sizeof first);
    enrolment_encode(&in, &writer);
    cr_assert_eq(writer.offset, ENROLMENT_BYTES);
    for (size_t cut = 0; cut < ENROLMENT_BYTES; cut++) {
        reader_init(&reader, first, cut);
        cr_assert_eq(enrolment_decode(&out, &reader), VERDICT_SHORT);
    }
    for (size_t i = 0; i < ENROLMENT_BYTES; i++) {
        first[i] ^= 0x81;
        reader_init(&reader, first, sizeof first);
        if (enrolment_decode(&out, &reader) == VERDICT_OK) {
            writer_init(&writer, second, sizeof second);
            enrolment_encode(&out, &writer);
            cr_assert_eq(memcmp(first, second, sizeof first), 0, "byte %zu", i);
        }
        first[i] ^= 0x81;
    }
}

Test(enrolment, file_and_digest_keep_their_bytes)
{
    struct enrolment enrolment;
    uint8_t bytes[ENROLMENT_BYTES];
    struct writer writer;

    pinned_kit_fill(&enrolment, sizeof enrolment);
    enrolment.kind = 7;
    enrolment.has_replica = true;
    enrolment.capabilities = 5;
    (void)snprintf(enrolment.name, sizeof enrolment.name, "Mercy");
    (void)snprintf(enrolment.endpoint, sizeof enrolment.endpoint, "mercy.example:7000");
    struct hash32 digest = enrolment_digest(&enrolment);
    writer_init(&writer, bytes, sizeof bytes);
    enrolment_encode(&enrolment, &writer);
    pinned_kit_check("enrolment", bytes, writer.offset, "536 b3660bb1d67adbea");
    pinned_kit_check("what its keys sign", digest.bytes, HASH_BYTES, "32 04e82cae34a3a488");
}

Test(enrolment, names_three_signatures_over_everything_that_it_says)
{
    struct enrolment enrolment = good(), changed = enrolment;
    struct hash32 digest = enrolment_digest(&enrolment), other;
    struct sig_item items[ENROLMENT_SIGNATURES_MAX];

    cr_assert_eq(enrolment_signatures(&enrolment, &digest, items), 3);
    cr_assert_eq(items[2].key, enrolment.sign_key);
    changed.transport_key[5] ^= 1;
    other = enrolment_digest(&changed);
    cr_assert(!hash_equal(&digest, &other), "the transport key is bound by the digest");
    changed = enrolment;
    changed.has_replica = false;
    cr_assert_eq(enrolment_signatures(&changed, &digest, items), 2);
}
