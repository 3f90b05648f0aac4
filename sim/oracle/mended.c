/* mended.c: see mended.h. */
#include "sim/oracle/mended.h"

#include "base/assert.h"
#include "crypto/merkle.h"
#include "wire/envelope.h"

#define UNSAFE(oracle, ...) oracle_fail((oracle)->failure, FAILURE_SAFETY, __VA_ARGS__)

/* is_of: these are the commands that the header names. */
static bool is_of(const struct block_header *header, struct bytes body)
{
    static struct hash32 leaves[BLOCK_COMMANDS_MAX];
    size_t at = 0;

    if (header->commands_count > BLOCK_COMMANDS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < header->commands_count; i++) {
        struct bytes rest = bytes_of(body.data + at, body.size - at);
        struct envelope envelope;
        size_t size = envelope_size(rest);
        if (size == 0 || size > rest.size || envelope_decode(&envelope, bytes_of(rest.data, size)) != CODE_OK || envelope.payload_bytes > rest.size - size) {
            return false;
        }
        leaves[i] = merkle_leaf(rest.data, size);
        at += size + envelope.payload_bytes;
    }
    struct hash32 root = merkle_root(leaves, header->commands_count);
    return at == body.size && hash_equal(&root, &header->payload_root);
}

void mended_look(struct oracle *oracle, uint32_t member, const struct mended *mended)
{
    unsigned long long height = mended->height;
    struct block_header header;
    struct reader reader;

    ASSERT(height <= oracle->height);
    if (mended->header.size == 0 || mended->body.size == 0) {
        return;
    }
    reader_init(&reader, mended->header.data, mended->header.size);
    bool reads = block_header_decode(&header, &reader) == VERDICT_OK;
    struct hash32 hash = reads ? block_hash(&header) : (struct hash32){ { 0 } };
    if (!hash_equal(&hash, &oracle->blocks[height].hash)) {
        UNSAFE(oracle, "S5: r%u mended block %llu with another one", member, height);
    } else if (!is_of(&header, mended->body)) {
        UNSAFE(oracle, "S5: r%u mended block %llu with other commands", member, height);
    }
}
