/* expect.c: see expect.h. */
#include "ledger/expect.h"

#include "base/assert.h"
#include "ledger/key.h"
#include "wire/limits.h"

enum { SENDER_AT = 28, PATIENT_AT = ENVELOPE_HEADER_BYTES }; /* of the envelope's header; most bodies begin with the patient's account */

static void expect(const struct state_store *store, const struct state_key *key, enum state_expect step)
{
    ASSERT(key->size > 0);
    state_store_expect(store, bytes_of(key->bytes, key->size), step);
}

void expect_command(const struct state_store *store, struct bytes envelope, enum state_expect step)
{
    if (envelope.size < PATIENT_AT + ACCT_BYTES) {
        return;
    }
    const uint8_t *patient = envelope.data + PATIENT_AT;
    struct state_key sender = key_actor(envelope.data + SENDER_AT), record = key_patient(patient);
    expect(store, &sender, step);
    expect(store, &record, step);
    if (step != STATE_EXPECT_HINT) { /* one line of hints serves all keys of the patient */
        struct state_key peaks = key_audit_peaks(patient), grant = key_grant(patient, 1);
        expect(store, &peaks, step);
        expect(store, &grant, step);
    }
}
