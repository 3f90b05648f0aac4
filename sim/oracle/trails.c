/* trails.c: see trails.h. */
#include "sim/oracle/trails.h"

#include "base/assert.h"
#include "ledger/audit.h"
#include "ledger/entity.h"
#include "ledger/key.h"
#include "ledger/ledger.h"
#include "sim/oracle/oracle.h"
#include "storage/state_store.h"

#include <stdlib.h>

#define EVENTS_MAX 4096u /* of one patient in one block */

void trails_init(struct trails *trails, const struct cast *cast, struct failure *failure)
{
    *trails = (struct trails){ .cast = cast, .failure = failure, .patients = calloc(cast_patients(&cast->plan), sizeof *trails->patients) };
    ASSERT(trails->patients != NULL);
}

void trails_close(struct trails *trails)
{
    free(trails->patients);
    *trails = (struct trails){ .cast = NULL };
}

static bool read_patient(const struct apply *apply, const uint8_t account[ACCT_BYTES], struct patient *patient)
{
    struct state_key key = key_patient(account);
    uint8_t value[PATIENT_BYTES];
    size_t size = 0;

    return state_store_get(ledger_store(apply->ledger), bytes_of(key.bytes, key.size), value, sizeof value, &size) && patient_decode(patient, value, size) == VERDICT_OK;
}

/* take_in adds the events that are new. */
static void take_in(struct trails_patient *known, const struct apply *apply, const uint8_t account[ACCT_BYTES], uint64_t count)
{
    for (uint32_t i = 0; i < EVENTS_MAX && known->events.count < count && !known->lost; i++) {
        const uint8_t *bytes = archive_find_event(&apply->archive, account, known->events.count);
        known->lost = bytes == NULL;
        if (bytes != NULL) {
            struct hash32 leaf = merkle_leaf(bytes, AUDIT_EVENT_BYTES);
            (void)merkle_peaks_append(&known->events, &leaf);
        }
    }
}

void trails_executed(struct trails *trails, uint64_t height, const struct apply *apply)
{
    for (uint32_t i = 0; i < cast_patients(&trails->cast->plan); i++) {
        struct trails_patient *known = &trails->patients[i];
        const uint8_t *account = cast_patient_account(trails->cast, i);
        struct patient patient;
        if (known->lost || !read_patient(apply, account, &patient) || patient.audit_count == known->events.count) {
            continue;
        }
        take_in(known, apply, account, patient.audit_count);
        struct hash32 root = merkle_peaks_root(&known->events);
        if (!known->lost && !hash_equal(&root, &patient.audit_root)) {
            oracle_fail(trails->failure, FAILURE_SAFETY, "audit: after block %llu the root of the trail of patient %u is not that of its %llu events", (unsigned long long)height, i,
                        (unsigned long long)patient.audit_count);
        }
    }
}
