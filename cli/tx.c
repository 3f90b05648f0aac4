/* tx.c: see tx.h. */
#include "cli/tx.h"

#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

enum { SIGNATURE_BYTES = 64 };

static int signer_order(const void *a, const void *b)
{
    return memcmp(((const struct tx_signer *)a)->account, ((const struct tx_signer *)b)->account, ACCOUNT_BYTES);
}

static struct bytes encode_body(const struct command_body *command, uint8_t room[ENVELOPE_BODY_BYTES_MAX])
{
    struct writer writer;

    writer_init(&writer, room, ENVELOPE_BODY_BYTES_MAX);
    command_body_encode(command, &writer);
    ASSERT(!writer.failed);
    return bytes_of(room, writer.offset);
}

/* prove_possession lets the new key sign that it belongs to this registration. */
static void prove_possession(struct tx_draft *draft, struct envelope *envelope, uint8_t room[ENVELOPE_BODY_BYTES_MAX])
{
    ASSERT(draft->body.type == COMMAND_ACTOR_SET);
    struct hash32 digest = envelope_pop_digest(envelope, draft->genesis);
    sign_digest(draft->new_key, &digest, draft->body.as.actor_set.pop);
    envelope->body = encode_body(&draft->body, room);
}

void tx_make(struct tx *tx, struct tx_draft *draft)
{
    uint8_t room[ENVELOPE_BODY_BYTES_MAX], signatures[1 + ENVELOPE_COSIGNERS_MAX][SIGNATURE_BYTES];
    struct hash32 payload_hash = { { 0 } };
    struct writer writer;

    ASSERT(draft->cosigners_count <= ENVELOPE_COSIGNERS_MAX);
    ASSERT(draft->payload.size <= PAYLOAD_BYTES_MAX);
    qsort(draft->cosigners, draft->cosigners_count, sizeof draft->cosigners[0], signer_order);
    if (draft->payload.size > 0) {
        payload_hash = hash_one(HASH_PAYLOAD, draft->payload.data, draft->payload.size);
    }
    struct envelope envelope = {
        .type = (uint8_t)draft->body.type,
        .flags = draft->payload.size > 0 ? ENVELOPE_FLAG_PAYLOAD : 0,
        .nonce = draft->nonce,
        .valid_until_ms = draft->valid_until_ms,
        .sender = draft->sender.account,
        .key = draft->sender.key->public_key,
        .payload_hash = payload_hash.bytes,
        .payload_bytes = (uint32_t)draft->payload.size,
        .body = encode_body(&draft->body, room),
        .cosigners_count = draft->cosigners_count,
        .signature = signatures[0],
    };
    struct reader tag;
    reader_init(&tag, draft->genesis->bytes, 8);
    envelope.chain_tag = read_u64_be(&tag);
    for (uint32_t i = 0; i < draft->cosigners_count; i++) {
        envelope.cosigners[i] = (struct cosigner){ draft->cosigners[i].account, draft->cosigners[i].key->public_key, signatures[1 + i] };
    }
    if (draft->new_key != NULL) {
        prove_possession(draft, &envelope, room);
    }
    tx->nonce = draft->nonce;
    tx->id = envelope_tx_id(&envelope, draft->genesis);
    sign_digest(draft->sender.key, &tx->id, signatures[0]);
    for (uint32_t i = 0; i < draft->cosigners_count; i++) {
        struct hash32 digest = envelope_cosign_digest(&tx->id, draft->cosigners[i].account);
        sign_digest(draft->cosigners[i].key, &digest, signatures[1 + i]);
    }
    writer_init(&writer, tx->bytes, sizeof tx->bytes);
    envelope_encode(&envelope, &writer);
    write_run(&writer, draft->payload.data, draft->payload.size);
    ASSERT(!writer.failed);
    tx->size = (uint32_t)writer.offset;
}
