/* expect.c: see expect.h. */
#include "ledger/expect.h"

#include "base/assert.h"
#include "ledger/key.h"
#include "wire/limits.h"

enum { SENDER_AT = 28, PATIENT_AT = ENVELOPE_HEADER_BYTES }; /* of the envelope's header; most bodies begin with the patient's account */

/* What most commands about a patient write, and beside it their sender and one grant, which they look for, and one pointer that they put: behind the last. */
static const enum key_kind written[] = { KEY_PATIENT, KEY_AUDIT_PEAKS, KEY_RELATION };

enum { WRITTEN_KINDS = sizeof written / sizeof written[0], LOOKED_FOR = 2, KEYS_PER_COMMAND = LOOKED_FOR + WRITTEN_KINDS + 1 };

_Static_assert(EXPECT_COMMANDS * KEYS_PER_COMMAND <= STATE_EXPECT_PATHS_MAX, "all are followed side by side");

void expect_sender(const struct state_store *store, const uint8_t account[ACCT_BYTES], enum state_expect step)
{
    struct state_key key;

    ASSERT(step <= STATE_EXPECT_HEAD);
    key_write_run(&key, KEY_ACTOR, account);
    ASSERT(key.size > 0);
    state_store_expect(store, bytes_of(key.bytes, key.size), step);
}

void expect_commands(const struct state_store *store, const struct bytes *envelopes, uint32_t count)
{
    struct state_key keys[EXPECT_COMMANDS * KEYS_PER_COMMAND];
    struct bytes views[EXPECT_COMMANDS * KEYS_PER_COMMAND];
    const uint8_t *bytes[EXPECT_COMMANDS];
    uint32_t found = 0, total = 0;

    ASSERT(count <= EXPECT_COMMANDS);
    for (uint32_t i = 0; i < count; i++) {
        if (envelopes[i].size >= PATIENT_AT + ACCT_BYTES) {
            bytes[found++] = envelopes[i].data;
        }
    }
    for (uint32_t i = 0; i < found; i++) {
        key_write_run(&keys[total++], KEY_ACTOR, bytes[i] + SENDER_AT);
        key_write_seq(&keys[total++], KEY_GRANT, bytes[i] + PATIENT_AT, 1);
    }
    for (uint32_t i = 0; i < found; i++) {
        for (uint32_t k = 0; k < WRITTEN_KINDS; k++) {
            key_write_run(&keys[total++], written[k], bytes[i] + PATIENT_AT);
        }
        key_write_seq(&keys[total++], KEY_POINTER, bytes[i] + PATIENT_AT, UINT32_MAX);
    }
    for (uint32_t i = 0; i < total; i++) {
        views[i] = bytes_of(keys[i].bytes, keys[i].size);
    }
    ASSERT(total == found * KEYS_PER_COMMAND);
    state_store_expect_paths(store, views, total, found * LOOKED_FOR);
}
