/* group_test.c: what a group makes side by side is what one event and one receipt at a time give; who waits and who does not. Whole commands in groups are in
 * stream_test.c. */
#include "ledger/group.h"

#include "ledger/audit.h"
#include "ledger/key.h"
#include "base/arena.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct group group;
static struct state_store *store;

static struct state_store *take_store(void)
{
    struct state_limits limits = { .keys_max = 100, .cells_max = 2000, .journal_bytes = 1 << 16 };
    struct arena measure, arena;

    arena_init_measure(&measure);
    (void)state_store_init(&measure, &limits);
    void *memory = aligned_alloc(ARENA_ALIGN, measure.used);
    memset(memory, 0, measure.used);
    arena_init(&arena, memory, measure.used);
    return state_store_init(&arena, &limits);
}

static void put(enum key_kind kind, const uint8_t acct[ACCT_BYTES], const void *value, size_t size)
{
    struct state_key key;

    key_write_run(&key, kind, acct);
    cr_assert_eq(state_store_put(store, bytes_of(key.bytes, key.size), bytes_of(value, size)), ERR_OK);
}

static size_t get(enum key_kind kind, const uint8_t acct[ACCT_BYTES], uint8_t *value, size_t room)
{
    struct state_key key;
    size_t size;

    key_write_run(&key, kind, acct);
    cr_assert(state_store_get(store, bytes_of(key.bytes, key.size), value, room, &size));
    return size;
}

/* Patient `i` has i events; one more is put off, as audit_end does. Gives: the tree with it, made at once. */
static struct merkle_peaks put_off(uint32_t i, uint8_t acct[ACCT_BYTES], uint8_t bytes[AUDIT_EVENT_BYTES])
{
    struct merkle_peaks peaks = { 0 };
    uint8_t record[PATIENT_BYTES], value[PEAKS_BYTES_MAX];

    memset(acct, (int)(i + 1), ACCT_BYTES);
    memset(bytes, (int)(100 + i), AUDIT_EVENT_BYTES);
    memset(record, (int)(50 + i), sizeof record);
    for (uint32_t k = 0; k < i; k++) {
        struct hash32 leaf = merkle_leaf(&k, sizeof k);
        (void)merkle_peaks_append(&peaks, &leaf);
    }
    cr_assert_eq(group_put_event(&group, acct, i, bytes, &peaks), i);
    struct hash32 leaf = audit_leaf(bytes);
    (void)merkle_peaks_append(&peaks, &leaf);
    struct merkle_peaks blank = peaks;
    memset(&blank.peaks[__builtin_popcountll(blank.count) - 1], 0, HASH_BYTES);
    memset(record + PATIENT_AUDIT_ROOT_AT, 0, HASH_BYTES);
    put(KEY_PATIENT, acct, record, sizeof record);
    put(KEY_AUDIT_PEAKS, acct, value, peaks_encode(&blank, value));
    return peaks;
}

Test(group, resolving_completes_records_and_peaks)
{
    struct merkle_peaks expected[GROUP_COMMANDS];
    uint8_t accts[GROUP_COMMANDS][ACCT_BYTES], bytes[GROUP_COMMANDS][AUDIT_EVENT_BYTES], value[PEAKS_BYTES_MAX], peaks[PEAKS_BYTES_MAX], record[PATIENT_BYTES];

    store = take_store();
    for (uint32_t i = 0; i < GROUP_COMMANDS; i++) {
        expected[i] = put_off(i, accts[i], bytes[i]);
        cr_assert(group_waits(&group, accts[i]));
    }
    cr_assert_eq(group_put_event(&group, accts[0], 0, bytes[0], &(struct merkle_peaks){ 0 }), GROUP_NONE, "it is full");
    group_resolve(&group, store);
    for (uint32_t i = 0; i < GROUP_COMMANDS; i++) {
        struct hash32 root = merkle_peaks_root(&expected[i]);
        cr_assert_not(group_waits(&group, accts[i]));
        cr_assert_eq(get(KEY_PATIENT, accts[i], record, sizeof record), PATIENT_BYTES);
        for (uint32_t at = 0; at < PATIENT_BYTES; at++) {
            bool inside = at >= PATIENT_AUDIT_ROOT_AT && at < PATIENT_AUDIT_ROOT_AT + HASH_BYTES;
            cr_assert_eq(record[at], inside ? root.bytes[at - PATIENT_AUDIT_ROOT_AT] : 50 + i, "patient %u, byte %u", i, at);
        }
        size_t size = peaks_encode(&expected[i], peaks);
        cr_assert_eq(get(KEY_AUDIT_PEAKS, accts[i], value, sizeof value), size);
        cr_assert_arr_eq(value, peaks, size);
        struct hash32 leaf = audit_leaf(bytes[i]);
        cr_assert(hash_equal(&group.events[i].leaf, &leaf));
    }
}

Test(group, undoing_gives_back_what_a_group_completed_meanwhile)
{
    uint8_t acct[ACCT_BYTES], bytes[AUDIT_EVENT_BYTES], record[PATIENT_BYTES] = { 0 }, found[PATIENT_BYTES];

    store = take_store();
    struct merkle_peaks expected = put_off(0, acct, bytes);
    struct hash32 root = merkle_peaks_root(&expected);
    state_store_savepoint(store); /* of the next command, which meets the patient, changes it, and fails */
    group_resolve(&group, store);
    put(KEY_PATIENT, acct, record, sizeof record);
    state_store_undo(store);
    group_drop_events(&group, 1);
    cr_assert_eq(group.events_count, 1, "it belongs to the command before");
    cr_assert_eq(get(KEY_PATIENT, acct, found, sizeof found), PATIENT_BYTES);
    cr_assert_arr_eq(found + PATIENT_AUDIT_ROOT_AT, root.bytes, HASH_BYTES);
}

Test(group, dropped_events_wait_no_more)
{
    uint8_t acct[2][ACCT_BYTES], bytes[AUDIT_EVENT_BYTES];

    store = take_store();
    (void)put_off(0, acct[0], bytes);
    (void)put_off(1, acct[1], bytes);
    group_drop_events(&group, 1);
    cr_assert(group_waits(&group, acct[0]));
    cr_assert_not(group_waits(&group, acct[1]));
    group_resolve(&group, store);
    group_drop_events(&group, 0);
    cr_assert_eq(group.resolved, 0);
}

Test(group, receipts_are_those_of_one_at_a_time)
{
    struct merkle_peaks log = { 0 }, one = { 0 };
    uint8_t acct[ACCT_BYTES], bytes[AUDIT_EVENT_BYTES];
    struct hash32 tops[GROUP_COMMANDS];

    store = take_store();
    for (uint32_t i = 0; i + 1 < GROUP_COMMANDS; i++) {
        struct receipt receipt = { .height = 7, .index = (uint16_t)i, .time_ms = 9, .code = CODE_OK };
        bool event = i % 3 != 0;
        if (event) {
            group_drop_events(&group, i);
            while (group.events_count < i) { /* the number of an event is that of its place */
                (void)put_off(group.events_count, acct, bytes);
            }
            (void)put_off(i, acct, bytes);
        }
        group_put_receipt(&group, &receipt, event ? i : GROUP_NONE);
    }
    group_check(&group);
    group_resolve(&group, store);
    group_receipts(&group, &log, tops);
    for (uint32_t i = 0; i + 1 < GROUP_COMMANDS; i++) {
        struct receipt receipt = { .height = 7, .index = (uint16_t)i, .time_ms = 9, .code = CODE_OK };
        struct exec_event event;
        memcpy(event.patient, group.events[i].patient, ACCT_BYTES);
        event.leaf = audit_leaf(group.events[i].bytes);
        if (i % 3 != 0) {
            receipt.events_digest = audit_digest(&event, 1);
        }
        struct hash32 leaf = receipt_leaf(&receipt);
        struct hash32 top = merkle_peaks_append(&one, &leaf);
        cr_assert(hash_equal(&top, &tops[i]), "receipt %u", i);
        cr_assert(hash_equal(&group.receipts[i].receipt.events_digest, &receipt.events_digest));
    }
    cr_assert_eq(log.count, one.count);
    struct hash32 root = merkle_peaks_root(&log), expected = merkle_peaks_root(&one);
    cr_assert(hash_equal(&root, &expected));
}

Test(group, a_list_of_events_has_the_digest_that_it_has_alone)
{
    static struct exec_event events[GROUP_COMMANDS][GROUP_LISTED_MAX];
    struct merkle_peaks log = { 0 };
    struct hash32 tops[GROUP_COMMANDS];

    store = take_store();
    for (uint32_t i = 0; i < GROUP_COMMANDS; i++) {
        struct receipt receipt = { .height = 7, .index = (uint16_t)i, .time_ms = 9, .code = CODE_OK };
        uint32_t count = 2 + i % (GROUP_LISTED_MAX - 1); /* of all lengths that lists have */
        for (uint32_t j = 0; j < count; j++) {
            memset(events[i][j].patient, (int)(i + 1), ACCT_BYTES);
            memset(events[i][j].leaf.bytes, (int)(16 * i + j), HASH_BYTES);
        }
        group_put_receipt(&group, &receipt, GROUP_NONE);
        if (i % 4 != 3) { /* some have none */
            group_list(&group, events[i], count);
        }
    }
    group_receipts(&group, &log, tops);
    for (uint32_t i = 0; i < GROUP_COMMANDS; i++) {
        struct hash32 expected = i % 4 == 3 ? (struct hash32){ { 0 } } : audit_digest(events[i], 2 + i % (GROUP_LISTED_MAX - 1));
        cr_assert(hash_equal(&group.receipts[i].receipt.events_digest, &expected), "receipt %u", i);
    }
    cr_assert_eq(log.count, GROUP_COMMANDS);
}
