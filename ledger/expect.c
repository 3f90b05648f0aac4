/* expect.c: see expect.h. */
#include "ledger/expect.h"

#include "base/assert.h"
#include "ledger/key.h"
#include "wire/limits.h"

enum { SENDER_AT = 28, PATIENT_AT = ENVELOPE_HEADER_BYTES }; /* of the envelope's header; most bodies begin with the patient's account */

/* What most commands about a patient write, and beside it one grant that they read and one pointer that they put: behind the last. */
static const enum key_kind written[] = { KEY_PATIENT, KEY_AUDIT_PEAKS, KEY_RELATION };

enum { WRITTEN_KINDS = sizeof written / sizeof written[0], PATHS_PER_COMMAND = WRITTEN_KINDS + 2 };

_Static_assert(EXPECT_PATHS_COMMANDS * PATHS_PER_COMMAND <= STATE_EXPECT_PATHS_MAX, "all ways are gone side by side");

static void expect(const struct state_store *store, const struct state_key *key, enum state_expect step)
{
    ASSERT(key->size > 0);
    ASSERT(step <= STATE_EXPECT_REST);
    state_store_expect(store, bytes_of(key->bytes, key->size), step);
}

void expect_command(const struct state_store *store, struct bytes envelope, enum state_expect step)
{
    if (envelope.size < PATIENT_AT + ACCT_BYTES) {
        return;
    }
    const uint8_t *patient = envelope.data + PATIENT_AT;
    struct state_key key;
    key_write_run(&key, KEY_ACTOR, envelope.data + SENDER_AT);
    expect(store, &key, step);
    key_write_run(&key, KEY_PATIENT, patient);
    expect(store, &key, step);
    if (step != STATE_EXPECT_HINT) { /* one line of hints serves all keys of the patient */
        key_write_run(&key, KEY_AUDIT_PEAKS, patient);
        expect(store, &key, step);
        key_write_seq(&key, KEY_GRANT, patient, 1);
        expect(store, &key, step);
    }
}

void expect_sender(const struct state_store *store, const uint8_t account[ACCT_BYTES], enum state_expect step)
{
    struct state_key key;

    ASSERT(step <= STATE_EXPECT_REST);
    key_write_run(&key, KEY_ACTOR, account);
    expect(store, &key, step);
}

void expect_paths(const struct state_store *store, const struct bytes *envelopes, uint32_t count)
{
    struct state_key keys[EXPECT_PATHS_COMMANDS * PATHS_PER_COMMAND];
    struct bytes views[EXPECT_PATHS_COMMANDS * PATHS_PER_COMMAND];
    const uint8_t *patients[EXPECT_PATHS_COMMANDS];
    uint32_t found = 0, paths = 0;

    ASSERT(count <= EXPECT_PATHS_COMMANDS);
    for (uint32_t i = 0; i < count; i++) {
        if (envelopes[i].size >= PATIENT_AT + ACCT_BYTES) {
            patients[found++] = envelopes[i].data + PATIENT_AT;
        }
    }
    for (uint32_t i = 0; i < found; i++) {
        key_write_seq(&keys[paths++], KEY_GRANT, patients[i], 1);
    }
    for (uint32_t i = 0; i < found; i++) {
        for (uint32_t k = 0; k < WRITTEN_KINDS; k++) {
            key_write_run(&keys[paths++], written[k], patients[i]);
        }
        key_write_seq(&keys[paths++], KEY_POINTER, patients[i], UINT32_MAX);
    }
    for (uint32_t i = 0; i < paths; i++) {
        views[i] = bytes_of(keys[i].bytes, keys[i].size);
    }
    ASSERT(paths == found * PATHS_PER_COMMAND);
    state_store_expect_paths(store, views, paths, found);
}
