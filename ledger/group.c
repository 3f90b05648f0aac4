/* group.c: see group.h.
 *
 * Invariants: resolved <= events_count <= GROUP_COMMANDS; no patient has two events of which the later is unresolved; an unresolved event's patient has a record
 * whose count says that it is there, whose root is zeros, and peaks whose newest is zeros. */
#include "ledger/group.h"

#include "base/assert.h"
#include "ledger/exec.h"
#include "ledger/key.h"

#include <stddef.h>
#include <string.h>

_Static_assert(offsetof(struct group_event, leaf) == offsetof(struct group_event, patient) + ACCT_BYTES, "one run of bytes");

static size_t peaks_number(uint64_t count)
{
    return (size_t)__builtin_popcountll(count);
}

/* Copies a tree, without the room for peaks that it does not have. */
static void peaks_copy(struct merkle_peaks *to, const struct merkle_peaks *from)
{
    ASSERT(peaks_number(from->count) <= MERKLE_DEPTH_MAX);
    to->count = from->count;
    memcpy(to->peaks, from->peaks, peaks_number(from->count) * sizeof from->peaks[0]);
}

uint32_t group_put_event(struct group *group, const uint8_t patient[ACCT_BYTES], uint64_t seq, const uint8_t bytes[AUDIT_EVENT_BYTES], const struct merkle_peaks *peaks)
{
    ASSERT(group->resolved <= group->events_count);
    if (group->events_count == GROUP_COMMANDS) {
        return GROUP_NONE;
    }
    ASSERT(peaks->count == seq); /* the events of a patient are numbered from 0 */
    ASSERT(!group_waits(group, patient));
    struct group_event *event = &group->events[group->events_count];
    memcpy(event->patient, patient, ACCT_BYTES);
    memcpy(event->bytes, bytes, AUDIT_EVENT_BYTES);
    event->seq = seq;
    peaks_copy(&event->peaks, peaks);
    return group->events_count++;
}

void group_drop_events(struct group *group, uint32_t count)
{
    group->events_count = group->events_count < count ? group->events_count : count;
    ASSERT(group->events_count <= GROUP_COMMANDS);
    group->resolved = group->resolved < group->events_count ? group->resolved : group->events_count;
}

bool group_waits(const struct group *group, const uint8_t patient[ACCT_BYTES])
{
    ASSERT(group->events_count <= GROUP_COMMANDS);
    for (uint32_t i = group->resolved; i < group->events_count; i++) {
        if (memcmp(group->events[i].patient, patient, ACCT_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

/* Completes what the command of an event wrote. */
static void write_state(struct state_store *store, const struct group_event *event, const struct hash32 *root)
{
    size_t newest = (peaks_number(event->peaks.count) - 1) * HASH_BYTES;
    struct state_key key;

    ASSERT(event->peaks.count == event->seq + 1); /* with this event, the newest of its patient */
    key_write_run(&key, KEY_PATIENT, event->patient);
    state_store_complete(store, bytes_of(key.bytes, key.size), PATIENT_AUDIT_ROOT_AT, bytes_of(root->bytes, HASH_BYTES));
    key_write_run(&key, KEY_AUDIT_PEAKS, event->patient);
    state_store_complete(store, bytes_of(key.bytes, key.size), newest, bytes_of(event->top.bytes, HASH_BYTES));
}

void group_resolve(struct group *group, struct state_store *store)
{
    uint32_t first = group->resolved, n = group->events_count - group->resolved;
    struct merkle_peaks *trees[GROUP_COMMANDS];
    struct bytes inputs[GROUP_COMMANDS];
    struct hash32 leaves[GROUP_COMMANDS], tops[GROUP_COMMANDS], roots[GROUP_COMMANDS];

    ASSERT(group->resolved <= group->events_count);
    ASSERT(n <= GROUP_COMMANDS);
    if (n == 0) {
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        trees[i] = &group->events[first + i].peaks;
        inputs[i] = bytes_of(group->events[first + i].bytes, AUDIT_EVENT_BYTES);
    }
    merkle_leaves(leaves, inputs, n);
    merkle_peaks_append_each(trees, leaves, tops, n);
    merkle_peaks_roots((const struct merkle_peaks *const *)trees, roots, n);
    for (uint32_t i = 0; i < n; i++) {
        group->events[first + i].leaf = leaves[i];
        group->events[first + i].top = tops[i];
        write_state(store, &group->events[first + i], &roots[i]);
    }
    group->resolved = group->events_count;
}

void group_put_receipt(struct group *group, const struct receipt *receipt, uint32_t event)
{
    ASSERT(group->receipts_count < GROUP_COMMANDS);
    ASSERT(event == GROUP_NONE || event < group->events_count);
    struct group_receipt *waiting = &group->receipts[group->receipts_count++];
    waiting->receipt = *receipt;
    waiting->event = event;
    waiting->listed = 0;
}

void group_list(struct group *group, const struct exec_event *events, uint32_t count)
{
    ASSERT(group->receipts_count > 0);
    struct group_receipt *waiting = &group->receipts[group->receipts_count - 1];
    uint8_t *at = waiting->list;

    ASSERT(count >= 2);
    ASSERT(count <= GROUP_LISTED_MAX);
    ASSERT(waiting->event == GROUP_NONE);
    for (uint32_t i = 0; i < count; i++) {
        memcpy(at, events[i].patient, ACCT_BYTES);
        memcpy(at + ACCT_BYTES, events[i].leaf.bytes, HASH_BYTES);
        at += GROUP_LISTED_BYTES;
    }
    waiting->listed = count;
}

/* What the digest of a receipt is made of, when it waits for one of that kind; else nothing. */
static struct bytes digest_input(const struct group *group, const struct group_receipt *waiting, bool lists)
{
    if (lists) {
        return bytes_of(waiting->list, (size_t)waiting->listed * GROUP_LISTED_BYTES);
    }
    return waiting->event == GROUP_NONE ? bytes_of(NULL, 0) : bytes_of(group->events[waiting->event].patient, GROUP_LISTED_BYTES);
}

/* make_digests hashes what is about as long together: single events, or lists. */
static void make_digests(struct group *group, bool lists)
{
    struct bytes inputs[GROUP_COMMANDS];
    struct hash32 digests[GROUP_COMMANDS];
    uint32_t of[GROUP_COMMANDS], n = 0;

    ASSERT(group->receipts_count <= GROUP_COMMANDS);
    for (uint32_t i = 0; i < group->receipts_count; i++) {
        struct bytes input = digest_input(group, &group->receipts[i], lists);
        if (input.size > 0) {
            inputs[n] = input;
            of[n++] = i;
        }
    }
    ASSERT(n <= group->receipts_count);
    if (n == 0) {
        return;
    }
    hash_many(digests, HASH_EVENTS, inputs, n);
    for (uint32_t i = 0; i < n; i++) {
        group->receipts[of[i]].receipt.events_digest = digests[i];
    }
}

void group_receipts(struct group *group, struct merkle_peaks *log, struct hash32 tops[GROUP_COMMANDS])
{
    uint8_t encoded[GROUP_COMMANDS][RECEIPT_BYTES];
    struct bytes inputs[GROUP_COMMANDS];
    struct hash32 leaves[GROUP_COMMANDS];
    uint32_t n = group->receipts_count;

    ASSERT(group->resolved == group->events_count);
    ASSERT(n <= GROUP_COMMANDS);
    if (n == 0) {
        return;
    }
    make_digests(group, false);
    make_digests(group, true);
    for (uint32_t i = 0; i < n; i++) {
        receipt_encode(&group->receipts[i].receipt, encoded[i]);
        inputs[i] = bytes_of(encoded[i], RECEIPT_BYTES);
    }
    merkle_leaves(leaves, inputs, n);
    merkle_peaks_append_run(log, leaves, tops, n);
}

void group_check(const struct group *group)
{
    ASSERT(group->resolved <= group->events_count);
    ASSERT(group->events_count <= GROUP_COMMANDS);
    ASSERT(group->receipts_count < GROUP_COMMANDS); /* a full one is settled at once */
}
