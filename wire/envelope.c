/* envelope.c: codec and stateless checks of the signed command. */
#include "wire/envelope.h"

#include "base/assert.h"

#include <string.h>

enum {
    SIGNATURE_BYTES = 64,
    /* Within an ACTOR_SET body. */
    ACTOR_OP = 0,
    ACTOR_KIND = 1,
    ACTOR_ACCOUNT = 5,
    ACTOR_KEY = 37,
    ACTOR_KX_KEY = 69,
    ACTOR_POP = 101,
    ACTOR_BYTES = 205,
    ACTOR_OP_REGISTER = 1
};

_Static_assert(ACTOR_POP + SIGNATURE_BYTES + 8 + 32 == ACTOR_BYTES, "proof, valid_until and attest_commit end the body");
_Static_assert(ENVELOPE_HEADER_BYTES == 1 + 1 + 2 + 8 + 8 + 8 + 32 + 32 + 32 + 4 + 2 + 1 + 1, "header layout, see decode_header");
_Static_assert(ENVELOPE_COSIGNER_BYTES == ACCOUNT_BYTES + 32 + SIGNATURE_BYTES, "a cosigner's account, key and signature");

/* Costs are upper bounds for a full patient (256 live grants), so that no legal block outlasts a view timer. */
static const struct command_shape shapes[COMMAND_TYPE_MAX + 1] = {
    [COMMAND_ACTOR_SET] = { .head_bytes = ACTOR_BYTES, .cost_us = 40 },
    [COMMAND_PATIENT_REGISTER] = { .head_bytes = 67, .cost_us = 40 },
    [COMMAND_POINTER_ADD] = { .head_bytes = 69, .count_offset = 68, .items_min = 1, .items_max = 16, .item_bytes = 74, .cost_us = 20, .cost_item_us = 20 },
    [COMMAND_POINTER_DECIDE] = { .head_bytes = 34, .count_offset = 33, .items_min = 1, .items_max = 32, .item_bytes = 4, .cost_us = 20, .cost_item_us = 15 },
    [COMMAND_POINTER_STATUS] = { .head_bytes = 34, .count_offset = 33, .items_min = 1, .items_max = 32, .item_bytes = 4, .cost_us = 20, .cost_item_us = 15 },
    [COMMAND_GRANT] = { .head_bytes = 145, .cost_us = 80 },
    [COMMAND_REVOKE] = { .head_bytes = 33, .count_offset = 32, .items_min = 1, .items_max = 16, .item_bytes = 4, .cost_us = 20, .cost_item_us = 15 },
    [COMMAND_ACCESS_REQUEST] = { .head_bytes = 114, .count_offset = 113, .items_max = 16, .item_bytes = 4, .cost_us = 800 },
    [COMMAND_DISCLOSE] = { .head_bytes = 1, .count_offset = 0, .items_min = 1, .items_max = 23, .item_bytes = 174, .cost_us = 20, .cost_item_us = 400 },
    [COMMAND_PATIENT_SET] = { .head_bytes = 35, .cost_us = 30 },
};

const struct command_shape *command_shape_of(uint8_t type)
{
    return type <= COMMAND_TYPE_MAX && shapes[type].head_bytes > 0 ? &shapes[type] : NULL;
}

const char *command_type_name(uint8_t type)
{
    static const char *const names[COMMAND_TYPE_MAX + 1] = {
        [COMMAND_ACTOR_SET] = "ACTOR_SET",           [COMMAND_PATIENT_REGISTER] = "PATIENT_REGISTER",
        [COMMAND_POINTER_ADD] = "POINTER_ADD",       [COMMAND_POINTER_DECIDE] = "POINTER_DECIDE",
        [COMMAND_POINTER_STATUS] = "POINTER_STATUS", [COMMAND_GRANT] = "GRANT",
        [COMMAND_REVOKE] = "REVOKE",                 [COMMAND_ACCESS_REQUEST] = "ACCESS_REQUEST",
        [COMMAND_DISCLOSE] = "DISCLOSE",             [COMMAND_PATIENT_SET] = "PATIENT_SET",
    };

    return type <= COMMAND_TYPE_MAX && names[type] != NULL ? names[type] : "UNKNOWN";
}

uint32_t envelope_items(const struct envelope *envelope)
{
    const struct command_shape *shape = command_shape_of(envelope->type);

    ASSERT(shape != NULL);
    ASSERT(envelope->body.size >= shape->head_bytes);
    return shape->item_bytes == 0 ? 0 : envelope->body.data[shape->count_offset];
}

/* 104 unless the body has exactly the length that its type and its number of items ask for. */
static enum code check_body(const struct command_shape *shape, struct bytes body)
{
    if (body.size < shape->head_bytes) {
        return CODE_LENGTH;
    }
    size_t items = shape->item_bytes == 0 ? 0 : body.data[shape->count_offset];
    if (items < shape->items_min || items > shape->items_max) {
        return CODE_LENGTH;
    }
    return body.size == shape->head_bytes + items * shape->item_bytes ? CODE_OK : CODE_LENGTH;
}

/* 108 unless the cosigners are in strictly ascending order of account and none is the sender. */
static enum code check_cosigners(const struct envelope *envelope)
{
    for (uint32_t i = 0; i < envelope->cosigners_count; i++) {
        const uint8_t *account = envelope->cosigners[i].account;
        if (memcmp(account, envelope->sender, ACCOUNT_BYTES) == 0) {
            return CODE_COSIG_SET;
        }
        if (i > 0 && memcmp(envelope->cosigners[i - 1].account, account, ACCOUNT_BYTES) >= 0) {
            return CODE_COSIG_SET;
        }
    }
    return CODE_OK;
}

/* Flag, hash and length of the payload must say the same. */
static enum code check_payload_fields(const struct envelope *envelope)
{
    bool has_hash = !bytes_are_zero(envelope->payload_hash, HASH_BYTES);

    if ((envelope->flags & ENVELOPE_FLAG_PAYLOAD) == 0) {
        return has_hash || envelope->payload_bytes != 0 ? CODE_RESERVED : CODE_OK;
    }
    if (!has_hash) {
        return CODE_PAYLOAD_HASH;
    }
    return envelope->payload_bytes == 0 || envelope->payload_bytes > PAYLOAD_BYTES_MAX ? CODE_PAYLOAD_SIZE : CODE_OK;
}

/* What follows the header: body, cosigners, signature, and not a byte more. */
static enum code decode_tail(struct envelope *envelope, struct bytes bytes)
{
    if (bytes.size != ENVELOPE_HEADER_BYTES + envelope->body.size + envelope->cosigners_count * (size_t)ENVELOPE_COSIGNER_BYTES + SIGNATURE_BYTES) {
        return CODE_LENGTH;
    }
    const uint8_t *at = envelope->body.data + envelope->body.size;
    for (uint32_t i = 0; i < envelope->cosigners_count; i++, at += ENVELOPE_COSIGNER_BYTES) {
        envelope->cosigners[i] = (struct cosigner){ at, at + ACCOUNT_BYTES, at + ACCOUNT_BYTES + 32 };
    }
    envelope->signature = at;
    ASSERT(at + SIGNATURE_BYTES == bytes.data + bytes.size);
    return CODE_OK;
}

size_t envelope_size(struct bytes bytes)
{
    if (bytes.size < ENVELOPE_HEADER_BYTES) {
        return 0;
    }
    size_t body = (size_t)bytes.data[128] << 8 | bytes.data[129], cosigners = bytes.data[130];
    size_t size = ENVELOPE_HEADER_BYTES + body + cosigners * ENVELOPE_COSIGNER_BYTES + SIGNATURE_BYTES;
    return size <= bytes.size && size <= ENVELOPE_BYTES_MAX ? size : 0;
}

static uint64_t load_u64_be(const uint8_t *from)
{
    uint64_t value;

    memcpy(&value, from, sizeof value);
    return __builtin_bswap64(value);
}

/* Reads the header by its fixed places: it is done several times for each command. Gives: whether version and reserved byte are right. */
static enum code decode_header(struct envelope *envelope, const uint8_t *header)
{
    envelope->type = header[1];
    envelope->flags = (uint16_t)(header[2] << 8 | header[3]);
    envelope->chain_tag = load_u64_be(header + 4);
    envelope->nonce = load_u64_be(header + 12);
    envelope->valid_until_ms = load_u64_be(header + 20);
    envelope->sender = header + 28;
    envelope->key = header + 60;
    envelope->payload_hash = header + 92;
    envelope->payload_bytes = (uint32_t)(load_u64_be(header + 124) >> 32);
    envelope->body = bytes_of(header + ENVELOPE_HEADER_BYTES, (size_t)header[128] << 8 | header[129]);
    envelope->cosigners_count = header[130];
    return header[0] != ENVELOPE_VERSION ? CODE_VERSION : header[131] != 0 ? CODE_RESERVED : CODE_OK;
}

enum code envelope_decode(struct envelope *envelope, struct bytes bytes)
{
    if (bytes.size < ENVELOPE_HEADER_BYTES || bytes.data == NULL) {
        return CODE_MALFORMED;
    }
    enum code code = decode_header(envelope, bytes.data);
    const struct command_shape *shape = command_shape_of(envelope->type);
    if (code == CODE_VERSION) {
        return CODE_VERSION;
    }
    if (shape == NULL) {
        return CODE_TYPE;
    }
    if (envelope->body.size > ENVELOPE_BODY_BYTES_MAX || envelope->cosigners_count > ENVELOPE_COSIGNERS_MAX || decode_tail(envelope, bytes) != CODE_OK ||
        check_body(shape, envelope->body) != CODE_OK) {
        return CODE_LENGTH;
    }
    if ((envelope->flags & ~ENVELOPE_FLAG_PAYLOAD) != 0 || code == CODE_RESERVED) {
        return CODE_RESERVED;
    }
    code = check_cosigners(envelope);
    return code != CODE_OK ? code : check_payload_fields(envelope);
}

enum code envelope_check_chain(const struct envelope *envelope, const struct hash32 *genesis)
{
    struct reader reader;

    reader_init(&reader, genesis->bytes, HASH_BYTES);
    return envelope->chain_tag == read_u64_be(&reader) ? CODE_OK : CODE_CHAIN;
}

enum code envelope_check_time(const struct envelope *envelope, uint64_t time_ms)
{
    if (envelope->valid_until_ms <= time_ms) {
        return CODE_EXPIRED;
    }
    return envelope->valid_until_ms - time_ms > ENVELOPE_VALID_MS_MAX ? CODE_EXPIRY_FAR : CODE_OK;
}

enum code envelope_check_payload_bytes(const struct envelope *envelope, size_t payload_bytes)
{
    bool wanted = (envelope->flags & ENVELOPE_FLAG_PAYLOAD) != 0;

    if (wanted && payload_bytes == 0) {
        return CODE_PAYLOAD_MISSING;
    }
    return payload_bytes == envelope->payload_bytes ? CODE_OK : CODE_PAYLOAD_SIZE;
}

enum code envelope_check_payload(const struct envelope *envelope, struct bytes payload)
{
    enum code code = envelope_check_payload_bytes(envelope, payload.size);

    if (code != CODE_OK || (envelope->flags & ENVELOPE_FLAG_PAYLOAD) == 0) {
        return code;
    }
    struct hash32 hash = hash_one(HASH_PAYLOAD, payload.data, payload.size);
    return memcmp(hash.bytes, envelope->payload_hash, HASH_BYTES) == 0 ? CODE_OK : CODE_PAYLOAD_HASH;
}

static void encode_header(const struct envelope *envelope, struct writer *writer)
{
    ASSERT(envelope->body.size <= ENVELOPE_BODY_BYTES_MAX);
    ASSERT(envelope->cosigners_count <= ENVELOPE_COSIGNERS_MAX);
    write_u8(writer, ENVELOPE_VERSION);
    write_u8(writer, envelope->type);
    write_u16_be(writer, envelope->flags);
    write_u64_be(writer, envelope->chain_tag);
    write_u64_be(writer, envelope->nonce);
    write_u64_be(writer, envelope->valid_until_ms);
    write_run(writer, envelope->sender, ACCOUNT_BYTES);
    write_run(writer, envelope->key, 32);
    write_run(writer, envelope->payload_hash, HASH_BYTES);
    write_u32_be(writer, envelope->payload_bytes);
    write_u16_be(writer, (uint16_t)envelope->body.size);
    write_u8(writer, (uint8_t)envelope->cosigners_count);
    write_u8(writer, 0);
}

struct hash32 envelope_tx_id(const struct envelope *envelope, const struct hash32 *genesis)
{
    uint8_t header[ENVELOPE_HEADER_BYTES];
    struct writer writer;
    struct hasher hasher;

    writer_init(&writer, header, sizeof header);
    encode_header(envelope, &writer);
    ASSERT(!writer.failed);
    hash_init(&hasher, HASH_TX);
    hash_update(&hasher, genesis->bytes, HASH_BYTES);
    hash_update(&hasher, header, sizeof header);
    hash_update(&hasher, envelope->body.data, envelope->body.size);
    for (uint32_t i = 0; i < envelope->cosigners_count; i++) {
        hash_update(&hasher, envelope->cosigners[i].account, ACCOUNT_BYTES);
        hash_update(&hasher, envelope->cosigners[i].key, 32);
    }
    return hash_final(&hasher);
}

/* Without cosigners, header and body stand in front of the signature just as they are signed: every byte of the header that encode_header does not take
 * from a field has the one value that envelope_decode accepts. */
void envelope_tx_ids(struct hash32 *ids, const struct bytes *envelopes, size_t n, const struct hash32 *genesis)
{
    enum { GROUP = 16 };
    struct bytes inputs[GROUP];

    for (size_t first = 0; first < n; first += GROUP) {
        size_t count = n - first < GROUP ? n - first : GROUP;

        for (size_t i = 0; i < count; i++) {
            ASSERT(envelopes[first + i].size >= ENVELOPE_HEADER_BYTES + SIGNATURE_BYTES);
            inputs[i] = bytes_of(envelopes[first + i].data, envelopes[first + i].size - SIGNATURE_BYTES);
        }
        hash_many_after(ids + first, HASH_TX, genesis, inputs, count);
    }
}

struct hash32 envelope_cosign_digest(const struct hash32 *tx_id, const uint8_t account[ACCOUNT_BYTES])
{
    struct hasher hasher;

    hash_init(&hasher, HASH_COSIGN);
    hash_update(&hasher, tx_id->bytes, HASH_BYTES);
    hash_update(&hasher, account, ACCOUNT_BYTES);
    return hash_final(&hasher);
}

struct hash32 envelope_pop_digest(const struct envelope *envelope, const struct hash32 *genesis)
{
    const uint8_t *body = envelope->body.data;
    struct hasher hasher;
    uint16_t organisation = 0;

    ASSERT(envelope->type == COMMAND_ACTOR_SET);
    ASSERT(envelope->body.size == ACTOR_BYTES);
    (void)account_org_key(envelope->sender, &organisation);
    hash_init(&hasher, HASH_POP);
    hash_update(&hasher, genesis->bytes, HASH_BYTES);
    hash_update_u8(&hasher, envelope->type);
    hash_update_u16(&hasher, organisation);
    hash_update_u8(&hasher, body[ACTOR_KIND]);
    hash_update(&hasher, body + ACTOR_ACCOUNT, ACCOUNT_BYTES);
    hash_update(&hasher, body + ACTOR_KEY, 32);
    hash_update(&hasher, body + ACTOR_KX_KEY, 32);
    return hash_final(&hasher);
}

static bool is_registration(const struct envelope *envelope)
{
    return envelope->type == COMMAND_ACTOR_SET && envelope->body.data[ACTOR_OP] == ACTOR_OP_REGISTER;
}

uint32_t envelope_signatures(const struct envelope *envelope, const struct hash32 *genesis, const struct hash32 *tx_id,
                             struct envelope_signature out[ENVELOPE_SIGNATURES_MAX])
{
    uint32_t count = 0;

    ASSERT(envelope->signature != NULL);
    out[count++] = (struct envelope_signature){ envelope->key, *tx_id, envelope->signature, CODE_SIG };
    for (uint32_t i = 0; i < envelope->cosigners_count; i++) {
        const struct cosigner *cosigner = &envelope->cosigners[i];
        ASSERT(cosigner->signature != NULL);
        out[count++] = (struct envelope_signature){ cosigner->key, envelope_cosign_digest(tx_id, cosigner->account), cosigner->signature, CODE_COSIG };
    }
    if (is_registration(envelope)) {
        const uint8_t *body = envelope->body.data;
        out[count++] = (struct envelope_signature){ body + ACTOR_KEY, envelope_pop_digest(envelope, genesis), body + ACTOR_POP, CODE_POP };
    }
    ASSERT(count <= ENVELOPE_SIGNATURES_MAX);
    ASSERT(count == envelope_signatures_count(envelope));
    return count;
}

uint32_t envelope_signatures_count(const struct envelope *envelope)
{
    return 1 + envelope->cosigners_count + (is_registration(envelope) ? 1 : 0);
}

const uint8_t *envelope_new_key(const struct envelope *envelope)
{
    if (envelope->type == COMMAND_PATIENT_REGISTER) {
        return envelope->key;
    }
    return is_registration(envelope) ? envelope->body.data + ACTOR_KEY : NULL;
}

const uint8_t *envelope_payer(const struct envelope *envelope)
{
    return envelope->type == COMMAND_PATIENT_REGISTER && envelope->cosigners_count > 0 ? envelope->cosigners[0].account : envelope->sender;
}

uint32_t envelope_static_cost(const struct envelope *envelope)
{
    const struct command_shape *shape = command_shape_of(envelope->type);

    ASSERT(shape != NULL);
    return shape->cost_us + envelope_items(envelope) * shape->cost_item_us;
}

void envelope_encode(const struct envelope *envelope, struct writer *writer)
{
    ASSERT(envelope->signature != NULL);
    encode_header(envelope, writer);
    write_run(writer, envelope->body.data, envelope->body.size);
    for (uint32_t i = 0; i < envelope->cosigners_count; i++) {
        const struct cosigner *cosigner = &envelope->cosigners[i];
        ASSERT(cosigner->signature != NULL);
        write_run(writer, cosigner->account, ACCOUNT_BYTES);
        write_run(writer, cosigner->key, 32);
        write_run(writer, cosigner->signature, SIGNATURE_BYTES);
    }
    write_run(writer, envelope->signature, SIGNATURE_BYTES);
}
