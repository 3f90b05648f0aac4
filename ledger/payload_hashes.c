/* payload_hashes.c: see payload_hashes.h. */
#include "ledger/payload_hashes.h"

#include "base/assert.h"
#include "crypto/hash.h"
#include "ledger/command.h"
#include "wire/envelope.h"

#include <string.h>

enum { AT_ONCE = 32 }; /* hashes of one kind */

/* Runs of bytes and what their hashes must be. */
struct expected {
    enum hash_tag tag;
    bool holds; /* so far */
    uint32_t count;
    struct bytes inputs[AT_ONCE];
    struct hash32 hashes[AT_ONCE];
};

static void expected_settle(struct expected *expected)
{
    struct hash32 found[AT_ONCE];

    ASSERT(expected->count <= AT_ONCE);
    hash_many(found, expected->tag, expected->inputs, expected->count);
    expected->holds = expected->holds && memcmp(found, expected->hashes, expected->count * sizeof found[0]) == 0;
    expected->count = 0;
}

static void expected_add(struct expected *expected, struct bytes input, const uint8_t hash[HASH_BYTES])
{
    ASSERT(expected->count < AT_ONCE);
    expected->inputs[expected->count] = input;
    memcpy(expected->hashes[expected->count++].bytes, hash, HASH_BYTES);
    if (expected->count == AT_ONCE) {
        expected_settle(expected);
    }
}

/* The locators stand one after the other, in the order of the items. */
static void add_locators(struct expected *locators, const struct envelope *envelope, struct bytes payload)
{
    struct command_body body;
    size_t offset = 0;
    enum verdict verdict = command_body_decode(&body, envelope->type, envelope->body.data, envelope->body.size);

    ASSERT(verdict == VERDICT_OK); /* stateless_check has accepted it. */
    ASSERT(body.as.pointer_add.count <= POINTER_ADD_ITEMS_MAX);
    for (size_t i = 0; i < body.as.pointer_add.count; i++) {
        const struct pointer_add_item *item = &body.as.pointer_add.items[i];
        ASSERT(offset <= payload.size);
        if (item->locator_length > payload.size - offset) {
            return;
        }
        if (item->locator_length > 0) {
            expected_add(locators, bytes_of(payload.data + offset, item->locator_length), item->locator_hash.bytes);
        }
        offset += item->locator_length;
    }
}

enum code payload_hashes_check(const struct payload_of *commands, uint32_t count)
{
    struct expected wholes = { .tag = HASH_PAYLOAD, .holds = true }, locators = { .tag = HASH_LOCATOR, .holds = true };

    for (uint32_t i = 0; i < count; i++) {
        struct bytes payload = commands[i].payload;
        struct envelope envelope;
        if (payload.size == 0) {
            continue;
        }
        enum code code = envelope_decode(&envelope, commands[i].envelope);
        ASSERT(code == CODE_OK); /* stateless_check has accepted it. */
        ASSERT(payload.size == envelope.payload_bytes);
        expected_add(&wholes, payload, envelope.payload_hash);
        if (envelope.type == COMMAND_POINTER_ADD) {
            add_locators(&locators, &envelope, payload);
        }
    }
    expected_settle(&wholes);
    expected_settle(&locators);
    return wholes.holds && locators.holds ? CODE_OK : CODE_PAYLOAD_HASH;
}
