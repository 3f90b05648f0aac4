/* receipt.c: codec of the receipts log's leaves. */
#include "ledger/receipt.h"

#include "base/assert.h"
#include "crypto/merkle.h"

#include <string.h>

void receipt_encode(const struct receipt *receipt, uint8_t out[RECEIPT_BYTES])
{
    struct writer writer;

    writer_init(&writer, out, RECEIPT_BYTES);
    write_u64_be(&writer, receipt->height);
    write_u16_be(&writer, receipt->index);
    write_run(&writer, receipt->tx_id.bytes, HASH_BYTES);
    write_u16_be(&writer, (uint16_t)receipt->code);
    write_run(&writer, receipt->events_digest.bytes, HASH_BYTES);
    write_run(&writer, receipt->eval_digest.bytes, HASH_BYTES);
    write_u64_be(&writer, receipt->time_ms);
    ASSERT(!writer.failed);
    ASSERT(writer.offset == RECEIPT_BYTES);
}

enum verdict receipt_decode(struct receipt *receipt, const uint8_t *data, size_t size)
{
    struct reader reader;

    reader_init(&reader, data, size);
    receipt->height = read_u64_be(&reader);
    receipt->index = read_u16_be(&reader);
    read_copy(&reader, receipt->tx_id.bytes, HASH_BYTES);
    uint16_t code = read_u16_be(&reader);
    read_copy(&reader, receipt->events_digest.bytes, HASH_BYTES);
    read_copy(&reader, receipt->eval_digest.bytes, HASH_BYTES);
    receipt->time_ms = read_u64_be(&reader);
    enum verdict verdict = reader_end(&reader);
    if (verdict == VERDICT_OK && !code_is_known(code)) {
        verdict = VERDICT_RANGE;
    }
    receipt->code = verdict == VERDICT_OK ? (enum code)code : CODE_OK;
    return verdict;
}

struct hash32 receipt_leaf(const struct receipt *receipt)
{
    uint8_t bytes[RECEIPT_BYTES];

    receipt_encode(receipt, bytes);
    return merkle_leaf(bytes, sizeof bytes);
}
