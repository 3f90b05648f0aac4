/* envelope_test.c: the command envelope has one encoding; each stateless refusal has an input that produces it. */
#include "wire/envelope.h"

#include "tests/storage/pinned_kit.h"

#include <criterion/criterion.h>
#include <string.h>

enum { PLAIN_BODY = 35, PLAIN_BYTES = ENVELOPE_HEADER_BYTES + PLAIN_BODY + 64 };

static const struct hash32 genesis = { { 9, 8, 7, 6, 5, 4, 3, 2, 1 } };
static uint8_t bytes[ENVELOPE_BYTES_MAX + 1];
static uint8_t body[ENVELOPE_BODY_BYTES_MAX + 1];
static uint8_t fields[16][64]; /* accounts, keys, signatures: row i is filled with i + 1 */

static struct envelope draft(uint8_t type, size_t body_bytes, unsigned cosigners)
{
    for (unsigned i = 0; i < 16; i++) {
        memset(fields[i], (int)i + 1, sizeof fields[i]);
    }
    memset(fields[15], 0, sizeof fields[15]);
    struct envelope envelope = { .type = type, .chain_tag = 0x0908070605040302, .nonce = 7, .valid_until_ms = 1000, .sender = fields[0],
        .key = fields[1], .payload_hash = fields[15], .body = bytes_of(body, body_bytes), .cosigners_count = cosigners, .signature = fields[2] };
    for (unsigned i = 0; i < cosigners; i++) {
        envelope.cosigners[i] = (struct cosigner){ fields[3 + 3 * i], fields[4 + 3 * i], fields[5 + 3 * i] };
    }
    return envelope;
}

static size_t encode(const struct envelope *envelope)
{
    struct writer writer;
    writer_init(&writer, bytes, sizeof bytes);
    envelope_encode(envelope, &writer);
    cr_assert_not(writer.failed);
    return writer.offset;
}

Test(envelope, every_type_round_trips_at_both_bounds_of_its_items)
{
    for (unsigned type = 0; type < 256; type++) {
        const struct command_shape *shape = command_shape_of((uint8_t)type);
        for (unsigned full = 0; shape != NULL && full < 2; full++) {
            unsigned items = full ? shape->items_max : shape->items_min;
            memset(body, 0x5a, sizeof body);
            body[shape->count_offset] = (uint8_t)items;
            struct envelope in = draft((uint8_t)type, shape->head_bytes + items * shape->item_bytes, full ? 3 : 0), out;
            size_t size = encode(&in);
            cr_assert_leq(size, ENVELOPE_BYTES_MAX);
            cr_assert_eq(envelope_decode(&out, bytes_of(bytes, size)), CODE_OK, "type %u items %u", type, items);
            uint8_t copy[ENVELOPE_BYTES_MAX];
            memcpy(copy, bytes, size);
            cr_assert_eq(envelope_decode(&out, bytes_of(copy, size)), CODE_OK);
            memset(bytes, 0, sizeof bytes);
            cr_assert_eq(encode(&out), size);
            cr_assert_arr_eq(bytes, copy, size);
            cr_assert_eq(envelope_items(&out), shape->item_bytes ? items : 0);
            cr_assert_gt(envelope_static_cost(&out), 0);
            cr_assert_str_neq(command_type_name((uint8_t)type), "UNKNOWN");
        }
    }
}

Test(envelope, its_bytes_and_everything_that_is_signed_keep_their_bytes)
{
    for (size_t i = 0; i < sizeof body; i++) {
        body[i] = (uint8_t)(i * 7 + 1);
    }
    struct envelope in = draft(COMMAND_PATIENT_SET, PLAIN_BODY, 2), actor = draft(COMMAND_ACTOR_SET, 205, 0);
    in.flags = ENVELOPE_FLAG_PAYLOAD;
    in.payload_hash = fields[13];
    in.payload_bytes = 0x0102;
    struct hash32 id = envelope_tx_id(&in, &genesis), cosign = envelope_cosign_digest(&id, fields[3]), pop = envelope_pop_digest(&actor, &genesis);

    pinned_kit_check("envelope", bytes, encode(&in), "487 d784e6859bcd7208");
    pinned_kit_check("transaction id", id.bytes, HASH_BYTES, "32 5fd0ca4753f1b408");
    pinned_kit_check("cosigner's digest", cosign.bytes, HASH_BYTES, "32 41c0938d445a01a2");
    pinned_kit_check("proof of possession", pop.bytes, HASH_BYTES, "32 3a5d8bbc4731c429");
}

Test(envelope, every_truncation_and_every_extra_byte_is_refused)
{
    struct envelope in = draft(COMMAND_PATIENT_SET, PLAIN_BODY, 2), out;
    size_t size = encode(&in);

    for (size_t cut = 0; cut < size; cut++) {
        cr_assert_neq(envelope_decode(&out, bytes_of(bytes, cut)), CODE_OK);
    }
    cr_assert_eq(envelope_decode(&out, bytes_of(bytes, size + 1)), CODE_LENGTH);
    cr_assert_eq(envelope_decode(&out, bytes_of(NULL, 0)), CODE_MALFORMED);
}

Test(envelope, every_flipped_bit_is_refused_or_changes_the_id_or_a_signature)
{
    struct envelope in = draft(COMMAND_PATIENT_SET, PLAIN_BODY, 2), out;
    size_t size = encode(&in);
    struct hash32 id = envelope_tx_id(&in, &genesis);

    for (size_t bit = 0; bit < size * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (envelope_decode(&out, bytes_of(bytes, size)) == CODE_OK) {
            struct hash32 other = envelope_tx_id(&out, &genesis);
            bool in_signature = bit / 8 >= size - 64 || (bit / 8 >= ENVELOPE_HEADER_BYTES + PLAIN_BODY && (bit / 8 - ENVELOPE_HEADER_BYTES - PLAIN_BODY) % 128 >= 64);
            cr_assert_eq(hash_equal(&id, &other), in_signature, "bit %zu", bit);
        }
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

struct refusal {
    size_t offset;
    uint8_t value;
    enum code code;
};

Test(envelope, each_wrong_header_byte_has_its_code)
{
    static const struct refusal table[] = {
        { 0, 0, CODE_VERSION },    { 0, 2, CODE_VERSION },     { 1, 0, CODE_TYPE },      { 1, 5, CODE_TYPE },     { 1, 20, CODE_TYPE },
        { 1, 255, CODE_TYPE },     { 1, 4, CODE_LENGTH },      { 2, 1, CODE_RESERVED },  { 3, 2, CODE_RESERVED }, { 3, 1, CODE_PAYLOAD_HASH },
        { 92, 1, CODE_RESERVED },  { 127, 1, CODE_RESERVED },  { 128, 16, CODE_LENGTH }, { 129, 34, CODE_LENGTH }, { 130, 4, CODE_LENGTH },
        { 130, 1, CODE_LENGTH },   { 131, 1, CODE_RESERVED },
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct envelope in = draft(COMMAND_PATIENT_SET, PLAIN_BODY, 0), out;
        size_t size = encode(&in);
        bytes[table[i].offset] = table[i].value;
        cr_assert_eq(envelope_decode(&out, bytes_of(bytes, size)), table[i].code, "row %zu", i);
    }
}

Test(envelope, items_outside_their_range_are_refused_with_LENGTH)
{
    for (unsigned type = 0; type <= COMMAND_TYPE_MAX; type++) {
        const struct command_shape *shape = command_shape_of((uint8_t)type);
        if (shape == NULL || shape->item_bytes == 0) {
            continue;
        }
        struct envelope out;
        unsigned wrong[] = { shape->items_max + 1u, shape->items_min - 1u };
        for (unsigned i = 0; i < (shape->items_min > 0 ? 2u : 1u); i++) {
            size_t size = shape->head_bytes + wrong[i] * shape->item_bytes;
            body[shape->count_offset] = (uint8_t)wrong[i];
            if (size > ENVELOPE_BODY_BYTES_MAX) {
                continue; /* refused by the bound of the body already */
            }
            struct envelope in = draft((uint8_t)type, size, 0);
            cr_assert_eq(envelope_decode(&out, bytes_of(bytes, encode(&in))), CODE_LENGTH);
        }
    }
}

Test(envelope, cosigners_are_ascending_distinct_and_not_the_sender)
{
    struct envelope in = draft(COMMAND_PATIENT_SET, PLAIN_BODY, 2), out;
    const uint8_t *low = in.cosigners[0].account, *high = in.cosigners[1].account;
    const uint8_t *wrong[][2] = { { high, low }, { low, low }, { low, in.sender }, { in.sender, low } };

    cr_assert_eq(envelope_decode(&out, bytes_of(bytes, encode(&in))), CODE_OK);
    for (unsigned i = 0; i < 4; i++) {
        in.cosigners[0].account = wrong[i][0];
        in.cosigners[1].account = wrong[i][1];
        cr_assert_eq(envelope_decode(&out, bytes_of(bytes, encode(&in))), CODE_COSIG_SET, "row %u", i);
    }
}

Test(envelope, chain_and_time_are_checked_at_both_bounds)
{
    struct envelope in = draft(COMMAND_PATIENT_SET, PLAIN_BODY, 0);
    struct hash32 other = genesis;

    cr_assert_eq(envelope_check_chain(&in, &genesis), CODE_OK);
    other.bytes[7] ^= 1;
    cr_assert_eq(envelope_check_chain(&in, &other), CODE_CHAIN);
    in.valid_until_ms = 5000000;
    cr_assert_eq(envelope_check_time(&in, 5000000), CODE_EXPIRED);
    cr_assert_eq(envelope_check_time(&in, 4999999), CODE_OK);
    cr_assert_eq(envelope_check_time(&in, 4400000), CODE_OK);
    cr_assert_eq(envelope_check_time(&in, 4399999), CODE_EXPIRY_FAR);
    in.valid_until_ms = UINT64_MAX;
    cr_assert_eq(envelope_check_time(&in, 0), CODE_EXPIRY_FAR);
}

Test(envelope, payload_must_be_the_signed_one)
{
    uint8_t payload[PAYLOAD_BYTES_MAX + 1] = { 1, 2, 3 };
    struct envelope in = draft(COMMAND_PATIENT_SET, PLAIN_BODY, 0), out;
    struct hash32 hash = hash_one(HASH_PAYLOAD, payload, 100);

    cr_assert_eq(envelope_check_payload(&in, bytes_of(NULL, 0)), CODE_OK);
    cr_assert_eq(envelope_check_payload(&in, bytes_of(payload, 1)), CODE_PAYLOAD_SIZE);
    in.flags = ENVELOPE_FLAG_PAYLOAD;
    in.payload_hash = hash.bytes;
    in.payload_bytes = 100;
    cr_assert_eq(envelope_decode(&out, bytes_of(bytes, encode(&in))), CODE_OK);
    cr_assert_eq(envelope_check_payload(&out, bytes_of(payload, 100)), CODE_OK);
    cr_assert_eq(envelope_check_payload(&out, bytes_of(NULL, 0)), CODE_PAYLOAD_MISSING);
    cr_assert_eq(envelope_check_payload(&out, bytes_of(payload, 99)), CODE_PAYLOAD_SIZE);
    payload[50] ^= 1;
    cr_assert_eq(envelope_check_payload(&out, bytes_of(payload, 100)), CODE_PAYLOAD_HASH);
    in.payload_bytes = 0;
    cr_assert_eq(envelope_decode(&out, bytes_of(bytes, encode(&in))), CODE_PAYLOAD_SIZE);
    in.payload_bytes = PAYLOAD_BYTES_MAX + 1;
    cr_assert_eq(envelope_decode(&out, bytes_of(bytes, encode(&in))), CODE_PAYLOAD_SIZE);
}

Test(envelope, signatures_are_listed_with_the_refusal_they_lead_to)
{
    struct envelope_signature list[ENVELOPE_SIGNATURES_MAX];
    memset(body, 1, sizeof body); /* op 1: register */
    struct envelope in = draft(COMMAND_ACTOR_SET, 205, 3);
    struct hash32 id = envelope_tx_id(&in, &genesis);
    static const enum code codes[] = { CODE_SIG, CODE_COSIG, CODE_COSIG, CODE_COSIG, CODE_POP };

    cr_assert_eq(envelope_signatures(&in, &genesis, &id, list), 5);
    for (unsigned i = 0; i < 5; i++) {
        cr_assert_eq(list[i].refusal, codes[i]);
        for (unsigned j = 0; j < i; j++) {
            cr_assert_not(hash_equal(&list[i].digest, &list[j].digest));
        }
    }
    cr_assert(hash_equal(&list[0].digest, &id));
    cr_assert_eq(envelope_new_key(&in), body + 37);
    body[0] = 3; /* suspend brings no key */
    cr_assert_eq(envelope_signatures(&in, &genesis, &id, list), 4);
    cr_assert_null(envelope_new_key(&in));
    struct envelope patient = draft(COMMAND_PATIENT_REGISTER, 67, 0);
    cr_assert_eq(envelope_new_key(&patient), patient.key);
}

Test(envelope, ids_of_many_are_those_of_each_from_its_bytes)
{
    enum { MANY = 19 };
    static uint8_t copies[MANY][PLAIN_BYTES + 16];
    struct bytes views[MANY];
    struct hash32 ids[MANY];

    for (unsigned i = 0; i < MANY; i++) {
        struct envelope envelope = draft(COMMAND_PATIENT_SET, PLAIN_BODY, 0);
        envelope.nonce = 1 + i;
        envelope.flags = (uint16_t)(i % 2 == 0 ? 0 : ENVELOPE_FLAG_PAYLOAD);
        envelope.payload_hash = i % 2 == 0 ? fields[15] : fields[4];
        envelope.payload_bytes = i % 2 == 0 ? 0 : i;
        size_t size = encode(&envelope);
        memcpy(copies[i], bytes, size);
        views[i] = bytes_of(copies[i], size);
    }
    for (size_t n = 0; n <= MANY; n++) {
        envelope_tx_ids(ids, views, n, &genesis);
        for (size_t i = 0; i < n; i++) {
            struct envelope read;
            cr_assert_eq(envelope_decode(&read, views[i]), CODE_OK);
            struct hash32 expected = envelope_tx_id(&read, &genesis);
            cr_assert(hash_equal(&ids[i], &expected), "envelope %zu of %zu", i, n);
        }
    }
}

Test(envelope, swapping_a_cosigner_or_the_genesis_changes_the_id)
{
    struct envelope in = draft(COMMAND_PATIENT_SET, PLAIN_BODY, 1);
    struct hash32 id = envelope_tx_id(&in, &genesis), other_genesis = genesis;

    other_genesis.bytes[31] = 1;
    struct hash32 other = envelope_tx_id(&in, &other_genesis);
    cr_assert_not(hash_equal(&id, &other));
    in.cosigners[0].key = fields[9];
    other = envelope_tx_id(&in, &genesis);
    cr_assert_not(hash_equal(&id, &other));
    in.cosigners_count = 0;
    other = envelope_tx_id(&in, &genesis);
    cr_assert_not(hash_equal(&id, &other));
}
