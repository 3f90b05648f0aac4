/* enrolment.c: see enrolment.h. One encoding: names are padded with zeros, what a missing replica would fill is zero. */
#include "wire/enrolment.h"

#include "base/assert.h"

#include <string.h>

#define FLAG_REPLICA 1u

static size_t text_length(const char *text, size_t size_max)
{
    size_t length = 0;

    while (length < size_max && text[length] != '\0') {
        length++;
    }
    return length;
}

static void write_text(struct writer *writer, const char *text, size_t size_max)
{
    size_t length = text_length(text, size_max + 1);

    ASSERT(length <= size_max);
    write_u8(writer, (uint8_t)length);
    write_run(writer, text, length);
    write_zeros(writer, size_max - length);
}

/* read_text reads a length and a zero-padded run of printable ASCII. Gives: false when it is not canonical. */
static bool read_text(struct reader *reader, char *text, size_t size_max)
{
    size_t length = read_u8(reader);
    const uint8_t *run = read_run(reader, size_max);

    if (run == NULL || length > size_max || !bytes_are_zero(run + length, size_max - length)) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (run[i] < 0x20 || run[i] > 0x7e) {
            return false;
        }
    }
    memcpy(text, run, length);
    text[length] = '\0';
    return true;
}

static void encode_signed(const struct enrolment *enrolment, struct writer *writer)
{
    write_u16_le(writer, ENROLMENT_VERSION);
    write_u8(writer, enrolment->kind);
    write_u8(writer, enrolment->has_replica ? FLAG_REPLICA : 0);
    write_u16_le(writer, enrolment->capabilities);
    write_text(writer, enrolment->name, ORG_NAME_BYTES_MAX);
    write_text(writer, enrolment->endpoint, ORG_ENDPOINT_BYTES_MAX);
    write_run(writer, enrolment->admin_key, 32);
    write_run(writer, enrolment->officer_key, 32);
    write_run(writer, enrolment->kx_key, 32);
    write_run(writer, enrolment->noise_commitment.bytes, 32);
    write_run(writer, enrolment->sign_key, 32);
    write_run(writer, enrolment->transport_key, 32);
}

struct hash32 enrolment_digest(const struct enrolment *enrolment)
{
    uint8_t bytes[ENROLMENT_SIGNED_BYTES];
    struct writer writer;

    writer_init(&writer, bytes, sizeof bytes);
    encode_signed(enrolment, &writer);
    ASSERT(!writer.failed);
    ASSERT(writer.offset == sizeof bytes);
    return hash_one(HASH_ENROL, bytes, sizeof bytes);
}

void enrolment_encode(const struct enrolment *enrolment, struct writer *writer)
{
    encode_signed(enrolment, writer);
    write_run(writer, enrolment->admin_signature, 64);
    write_run(writer, enrolment->officer_signature, 64);
    write_run(writer, enrolment->replica_signature, 64);
}

static bool replica_fields_agree(const struct enrolment *enrolment)
{
    if (enrolment->has_replica) {
        return !bytes_are_zero(enrolment->sign_key, 32) && !bytes_are_zero(enrolment->transport_key, 32);
    }
    return bytes_are_zero(enrolment->sign_key, 32) && bytes_are_zero(enrolment->transport_key, 32) && bytes_are_zero(enrolment->replica_signature, 64);
}

static void decode_keys(struct enrolment *enrolment, struct reader *reader)
{
    read_copy(reader, enrolment->admin_key, 32);
    read_copy(reader, enrolment->officer_key, 32);
    read_copy(reader, enrolment->kx_key, 32);
    read_copy(reader, enrolment->noise_commitment.bytes, 32);
    read_copy(reader, enrolment->sign_key, 32);
    read_copy(reader, enrolment->transport_key, 32);
    read_copy(reader, enrolment->admin_signature, 64);
    read_copy(reader, enrolment->officer_signature, 64);
    read_copy(reader, enrolment->replica_signature, 64);
}

enum verdict enrolment_decode(struct enrolment *enrolment, struct reader *reader)
{
    *enrolment = (struct enrolment){ 0 };
    if (reader_left(reader) < ENROLMENT_BYTES) {
        return VERDICT_SHORT;
    }
    if (read_u16_le(reader) != ENROLMENT_VERSION) {
        return VERDICT_VERSION;
    }
    enrolment->kind = read_u8(reader);
    uint8_t flags = read_u8(reader);
    enrolment->capabilities = read_u16_le(reader);
    if ((flags & ~FLAG_REPLICA) != 0) {
        return VERDICT_RESERVED;
    }
    enrolment->has_replica = flags == FLAG_REPLICA;
    if (!read_text(reader, enrolment->name, ORG_NAME_BYTES_MAX) || !read_text(reader, enrolment->endpoint, ORG_ENDPOINT_BYTES_MAX)) {
        return VERDICT_RANGE;
    }
    decode_keys(enrolment, reader);
    if (enrolment->kind < 1 || enrolment->kind > 7 || enrolment->name[0] == '\0' || !replica_fields_agree(enrolment)) {
        return VERDICT_RANGE;
    }
    return VERDICT_OK;
}

size_t enrolment_signatures(const struct enrolment *enrolment, const struct hash32 *digest, struct sig_item items[ENROLMENT_SIGNATURES_MAX])
{
    items[0] = (struct sig_item){ enrolment->admin_key, digest->bytes, enrolment->admin_signature };
    items[1] = (struct sig_item){ enrolment->officer_key, digest->bytes, enrolment->officer_signature };
    items[2] = (struct sig_item){ enrolment->sign_key, digest->bytes, enrolment->replica_signature };
    return enrolment->has_replica ? 3 : 2;
}
