/* envelope_fuzz.c: a client's command: envelope, body and payload. What decodes has one encoding, and every question about it has an answer. */
#include "wire/envelope.h"

#include "ledger/command.h"
#include "ledger/payload_hashes.h"
#include "tests/fuzz/fuzz.h"

static uint8_t again[FUZZ_BYTES_MAX];

static void body_is_canonical(const struct envelope *envelope)
{
    struct command_body body;
    struct writer writer;

    enum verdict verdict = command_body_decode(&body, envelope->type, envelope->body.data, envelope->body.size);
    CHECK((command_body_refusal(verdict) == CODE_OK) == (verdict == VERDICT_OK));
    if (verdict != VERDICT_OK) {
        return;
    }
    writer_init(&writer, again, sizeof again);
    command_body_encode(&body, &writer);
    check_same_bytes(&writer, envelope->body.data, envelope->body.size);
    const uint8_t *patient = command_body_patient(&body);
    const uint8_t *on_behalf = command_body_on_behalf(&body);
    CHECK(patient == NULL || patient != on_behalf);
}

/* What is hashed side by side, locators of pointers included, is judged as one payload alone; and no payload is good whose own hash is not. */
static void payloads_agree(const struct envelope *envelope, struct bytes bytes, struct bytes payload)
{
    struct payload_of pair[2] = { { bytes, payload }, { bytes, payload } };
    struct command_body body;

    if (envelope_check_payload_bytes(envelope, payload.size) != CODE_OK ||
        command_body_decode(&body, envelope->type, envelope->body.data, envelope->body.size) != VERDICT_OK) {
        return;
    }
    enum code whole = envelope_check_payload(envelope, payload), both = payload_hashes_check(pair, 2);
    CHECK(both == payload_hashes_check(pair, 1));
    CHECK(both != CODE_OK || whole == CODE_OK);
    CHECK(both == whole || envelope->type == COMMAND_POINTER_ADD);
}

/* Two side by side have the id of one alone. */
static void ids_agree(const struct envelope *envelope, struct bytes bytes, const struct hash32 *genesis)
{
    struct bytes pair[2] = { bytes, bytes };
    struct hash32 ids[2], alone = envelope_tx_id(envelope, genesis);

    if (envelope->cosigners_count == 0) {
        envelope_tx_ids(ids, pair, 2, genesis);
        CHECK(hash_equal(&ids[0], &alone));
        CHECK(hash_equal(&ids[1], &alone));
    }
}

static void questions_have_answers(const struct envelope *envelope, struct bytes bytes)
{
    struct hash32 genesis = { { 1, 2, 3 } };
    struct envelope_signature signatures[ENVELOPE_SIGNATURES_MAX];

    ids_agree(envelope, bytes, &genesis);
    struct hash32 id = envelope_tx_id(envelope, &genesis);
    uint32_t count = envelope_signatures(envelope, &genesis, &id, signatures);
    CHECK(count >= 1 + envelope->cosigners_count);
    CHECK(count <= ENVELOPE_SIGNATURES_MAX);
    CHECK(envelope_static_cost(envelope) > 0);
    CHECK(envelope_items(envelope) <= UINT8_MAX);
    CHECK(command_shape_of(envelope->type) != NULL);
    (void)envelope_new_key(envelope);
    (void)envelope_check_chain(envelope, &genesis);
    (void)envelope_check_time(envelope, envelope->nonce);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct envelope envelope;
    struct writer writer;

    if (size < 2) {
        return 0;
    }
    /* The first two bytes say how much of the rest is the payload that came beside. */
    size_t payload = ((size_t)data[0] << 8 | data[1]) % (size - 1);
    struct bytes bytes = bytes_of(data + 2, size - 2 - payload);

    if (envelope_decode(&envelope, bytes) != CODE_OK) {
        return 0;
    }
    writer_init(&writer, again, sizeof again);
    envelope_encode(&envelope, &writer);
    check_same_bytes(&writer, bytes.data, bytes.size);
    payloads_agree(&envelope, bytes, bytes_of(data + size - payload, payload));
    questions_have_answers(&envelope, bytes);
    body_is_canonical(&envelope);
    return 0;
}
