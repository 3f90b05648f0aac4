/* entity_fuzz.c: the records of the ledger's state, as a client receives them with a proof and a snapshot carries them, and the genesis parameters. The first byte is the
 * kind of the entity. */
#include "ledger/entity.h"

#include "ledger/params.h"
#include "ledger/receipt.h"
#include "tests/fuzz/fuzz.h"

static uint8_t again[CHAIN_BYTES_MAX + PEAKS_BYTES_MAX + ORG_BYTES];

/* Each function decodes one kind, and demands that encoding gives the same bytes. */
#define FIXED(noun, size_of)                                                           \
    static void try_##noun(const uint8_t *data, size_t size)                           \
    {                                                                                  \
        struct noun noun;                                                              \
        if (noun##_decode(&noun, data, size) == VERDICT_OK) {                          \
            CHECK(size == (size_of));                                                  \
            noun##_encode(&noun, again);                                               \
            CHECK(memcmp(again, data, size) == 0);                                     \
        }                                                                              \
    }
FIXED(org, ORG_BYTES)
FIXED(actor, ACTOR_BYTES)
FIXED(patient, PATIENT_BYTES)
FIXED(pointer, POINTER_BYTES)
FIXED(grant, GRANT_BYTES)
FIXED(ticket, TICKET_BYTES)
FIXED(relation, RELATION_BYTES)
FIXED(audit_event, AUDIT_EVENT_BYTES)
FIXED(params, PARAMS_BYTES)
FIXED(receipt, RECEIPT_BYTES)

static void try_chain(const uint8_t *data, size_t size)
{
    struct chain chain;

    if (chain_decode(&chain, data, size) == VERDICT_OK) {
        CHECK(chain_encode(&chain, again) == size);
        CHECK(memcmp(again, data, size) == 0);
    }
}

static void try_peaks(const uint8_t *data, size_t size)
{
    struct merkle_peaks peaks;

    if (size >= 8 && peaks_decode(&peaks, (uint64_t)data[0] << 8 | data[1], data + 8, size - 8) == VERDICT_OK) {
        CHECK(peaks_encode(&peaks, again) == size - 8);
        CHECK(memcmp(again, data + 8, size - 8) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const tries[])(const uint8_t *data, size_t size) = {
        try_org, try_actor, try_patient, try_pointer, try_grant, try_ticket, try_relation, try_audit_event, try_chain, try_peaks, try_params,
    };

    if (size > 0 && data[0] == 0xff) {
        try_receipt(data + 1, size - 1); /* Came later: the other kinds keep their bytes in the corpus. */
    } else if (size > 0) {
        tries[data[0] % (sizeof tries / sizeof tries[0])](data + 1, size - 1);
    }
    return 0;
}
