/* audit.c: see audit.h.
 *
 * Invariants: peaks.count + open_count = patient.audit_count between calls; audit_root = root(peaks) whenever the record is in the state and not in a group. */
#include "ledger/audit.h"

#include "base/assert.h"
#include "ledger/group.h"

#include <string.h>

void audit_begin(struct audit_trail *trail, const struct exec *exec, const uint8_t acct[ACCT_BYTES], const struct patient *patient)
{
    uint8_t value[PEAKS_BYTES_MAX];
    struct state_key key;

    key_write_run(&key, KEY_AUDIT_PEAKS, acct);
    memcpy(trail->acct, acct, ACCT_BYTES);
    trail->patient = *patient;
    trail->peaks.count = 0; /* it says which of the peaks count */
    trail->open_first = trail->open_count = 0;
    if (patient->audit_count == 0) {
        return;
    }
    int size = exec_get(exec, &key, value, sizeof value);
    ASSERT(size > 0);
    enum verdict verdict = peaks_decode(&trail->peaks, patient->audit_count, value, (size_t)size);
    ASSERT(verdict == VERDICT_OK);
    ASSERT(trail->peaks.count == patient->audit_count);
}

struct audit_event audit_event_of(const struct exec *exec, enum event_type type)
{
    struct audit_event event;

    ASSERT(exec->height > 0);
    ASSERT(exec->time_ms > 0);
    memset(&event, 0, sizeof event);
    event.type = (uint8_t)type;
    event.purpose = PURPOSE_NONE;
    event.conf = UINT8_MAX;
    event.time = exec->time_ms;
    event.height = exec->height;
    if (exec->envelope == NULL) {
        return event;
    }
    const uint8_t *on_behalf = command_body_on_behalf(&exec->command);
    memcpy(event.actor, exec->sender.acct, ACCT_BYTES);
    event.org = exec->sender.org;
    event.ref = exec->tx_id;
    if (on_behalf != NULL) {
        memcpy(event.on_behalf, on_behalf, ACCT_BYTES);
    }
    return event;
}

struct hash32 audit_leaf(const uint8_t event[AUDIT_EVENT_BYTES])
{
    return merkle_leaf(event, AUDIT_EVENT_BYTES);
}

/* hash_open makes the leaves and tops of the events that are open, side by side. */
static void hash_open(struct audit_trail *trail, struct exec *exec)
{
    struct exec_event *events = exec->events + trail->open_first;

    ASSERT(trail->open_count == 0 || trail->open_first + trail->open_count <= exec->events_count);
    for (uint32_t done = 0; done < trail->open_count; done += MERKLE_SIDE_MAX) {
        uint32_t n = trail->open_count - done < MERKLE_SIDE_MAX ? trail->open_count - done : MERKLE_SIDE_MAX;
        struct bytes inputs[MERKLE_SIDE_MAX];
        struct hash32 leaves[MERKLE_SIDE_MAX], tops[MERKLE_SIDE_MAX];
        for (uint32_t i = 0; i < n; i++) {
            inputs[i] = bytes_of(events[done + i].bytes, AUDIT_EVENT_BYTES);
        }
        merkle_leaves(leaves, inputs, n);
        merkle_peaks_append_run(&trail->peaks, leaves, tops, n);
        for (uint32_t i = 0; i < n; i++) {
            events[done + i].leaf = leaves[i];
            events[done + i].top = tops[i];
        }
    }
    trail->open_count = 0;
    ASSERT(trail->peaks.count == trail->patient.audit_count);
}

void audit_emit(struct audit_trail *trail, struct exec *exec, const struct audit_event *event)
{
    struct audit_event numbered = *event;

    ASSERT(exec->events_count < EXEC_EVENTS_MAX);
    ASSERT(trail->peaks.count + trail->open_count == trail->patient.audit_count);
    if (trail->open_count > 0 && trail->open_first + trail->open_count != exec->events_count) { /* another trail's event lies between */
        hash_open(trail, exec);
    }
    trail->open_first = trail->open_count == 0 ? exec->events_count : trail->open_first;
    trail->open_count++;
    struct exec_event *out = &exec->events[exec->events_count++];
    out->seq = numbered.seq = trail->patient.audit_count++;
    out->put_off = GROUP_NONE;
    memcpy(out->patient, trail->acct, ACCT_BYTES);
    audit_event_encode(&numbered, out->bytes);
}

enum { EVENT_SPAN = 128 }; /* pointers that the bits of `extra` can name */
_Static_assert(sizeof(((struct audit_event *)0)->extra) * 8 == EVENT_SPAN, "one bit for each");
_Static_assert(TICKET_PAGE == 2 * EVENT_SPAN, "so two events name a page");

void audit_emit_pointers(struct audit_trail *trail, struct exec *exec, const struct audit_event *event, uint32_t base_seq,
                         const uint8_t bitmap[BITMAP_BYTES])
{
    struct audit_event part = *event;
    bool open = false; /* an event is being filled */
    uint32_t first = 0;

    ASSERT(!bytes_are_zero(bitmap, BITMAP_BYTES));
    ASSERT(trail->peaks.count == trail->patient.audit_count);
    for (uint32_t bit = 0; bit < TICKET_PAGE; bit++) {
        if (!bitmap_has(bitmap, bit)) {
            continue;
        }
        if (open && bit - first >= EVENT_SPAN) {
            audit_emit(trail, exec, &part);
            open = false;
        }
        if (!open) {
            part = *event;
            part.ptr = base_seq + bit;
            first = bit;
            open = true;
        }
        bitmap_set(part.extra, bit - first);
    }
    audit_emit(trail, exec, &part);
}

/* put_off tries to leave the hashes of the trail's one event to the group. */
static bool put_off(struct audit_trail *trail, struct exec *exec)
{
    if (exec->group == NULL || trail->open_count != 1 || exec->events_count != 1) {
        return false;
    }
    struct exec_event *event = &exec->events[0];
    ASSERT(trail->open_first == 0);
    ASSERT(event->put_off == GROUP_NONE);
    event->put_off = group_put_event(exec->group, trail->acct, event->seq, event->bytes, &trail->peaks);
    return event->put_off != GROUP_NONE;
}

/* peaks_after gives the peaks as the group will find them: those of one more leaf, the newest of zeros. */
static void peaks_after(struct merkle_peaks *peaks)
{
    peaks->count++;
    memset(&peaks->peaks[__builtin_popcountll(peaks->count) - 1], 0, sizeof peaks->peaks[0]);
}

enum code audit_end(struct audit_trail *trail, struct exec *exec)
{
    uint8_t value[PEAKS_BYTES_MAX];
    struct state_key key;
    bool later = put_off(trail, exec);

    key_write_run(&key, KEY_AUDIT_PEAKS, trail->acct);
    if (later) {
        peaks_after(&trail->peaks);
        trail->open_count = 0;
    } else {
        hash_open(trail, exec);
    }
    ASSERT(trail->peaks.count == trail->patient.audit_count);
    ASSERT(trail->patient.status != 0);
    ASSERT(trail->patient.current <= trail->patient.ptr_count);
    ASSERT(trail->patient.pending <= trail->patient.ptr_count);
    ASSERT(trail->patient.active_grants <= trail->patient.grant_count);
    trail->patient.audit_root = later ? (struct hash32){ { 0 } } : merkle_peaks_root(&trail->peaks);
    enum code code = exec_put_patient(exec, trail->acct, &trail->patient);
    if (code != CODE_OK || trail->peaks.count == 0) {
        return code;
    }
    size_t size = peaks_encode(&trail->peaks, value);
    return exec_put(exec, &key, value, size);
}

struct hash32 audit_digest(const struct exec_event *events, uint32_t count)
{
    struct hash32 digest = { { 0 } };
    struct hasher hasher;

    ASSERT(count <= EXEC_EVENTS_MAX);
    if (count == 0) {
        return digest;
    }
    hash_init(&hasher, HASH_EVENTS);
    for (uint32_t i = 0; i < count; i++) {
        hash_update(&hasher, events[i].patient, ACCT_BYTES);
        hash_update(&hasher, events[i].leaf.bytes, HASH_BYTES);
    }
    return hash_final(&hasher);
}
