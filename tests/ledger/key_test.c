/* key_test.c: keys sort as numbers do, belong to one patient by prefix, and none is a prefix of another. */
#include "ledger/key.h"

#include "tests/storage/pinned_kit.h"

#include <criterion/criterion.h>
#include <string.h>

static const uint8_t acct[ACCT_BYTES] = { 0xAA, 1, 2, 3 };

static struct state_key audit_peaks(void)
{
    struct state_key key;

    key_write_run(&key, KEY_AUDIT_PEAKS, acct);
    return key;
}

Test(key, pointers_sort_by_sequence_number)
{
    struct state_key small = key_pointer(acct, 255);
    struct state_key large = key_pointer(acct, 256);

    cr_assert_lt(memcmp(small.bytes, large.bytes, small.size), 0);
    cr_assert_eq(key_seq(large.bytes, large.size), 256);
}

Test(key, due_entries_sort_by_time_before_anything_else)
{
    struct ticket_place place = { .org = 1 };
    struct state_key early = key_due_ticket(5, &place);
    struct state_key late = key_due_pointer(DUE_POINTER_EXPIRES, 6, acct, 1);

    cr_assert_lt(memcmp(early.bytes, late.bytes, late.size), 0);
}

Test(key, no_key_is_a_prefix_of_another)
{
    const struct hash32 hash = { { 0xAA, 1, 2, 3 } };
    struct ticket_place place = { .org = 1, .height = 2, .index = 3 };
    struct state_key keys[] = {
        key_chain(), key_params(), key_org(1), key_actor(acct), key_patient(acct), key_pointer(acct, 1), key_grant(acct, 1), key_ticket(&hash),
        audit_peaks(), key_key_use(acct), key_relation(acct, 1), key_ticket_index(&place), key_due_pointer(DUE_POINTER_EXPIRES, 1, acct, 1),
        key_due_pointer(DUE_POINTER_LEAVES, 1, acct, 1), key_due_grant(1, acct, 1), key_due_ticket(1, &place),
    };
    size_t count = sizeof keys / sizeof keys[0];

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            size_t size = keys[i].size < keys[j].size ? keys[i].size : keys[j].size;
            cr_assert(i == j || memcmp(keys[i].bytes, keys[j].bytes, size) != 0, "%zu and %zu", i, j);
        }
    }
}

Test(key, prefixes_select_one_patient)
{
    struct state_key prefix = key_prefix(KEY_GRANT, acct);
    struct state_key key = key_grant(acct, 77);
    struct state_key pair = key_prefix_org(KEY_TICKET_INDEX, acct, 9);
    struct ticket_place place = { .org = 9 };

    memcpy(place.patient, acct, sizeof acct);
    struct state_key index = key_ticket_index(&place);
    cr_assert_eq(memcmp(prefix.bytes, key.bytes, prefix.size), 0);
    cr_assert_eq(memcmp(pair.bytes, index.bytes, pair.size), 0);
}

Test(key, due_entries_come_apart_as_they_were_built)
{
    struct ticket_place place = { .org = 9, .height = 77, .index = 3 };

    memcpy(place.patient, acct, sizeof acct);
    struct state_key ticket = key_due_ticket(5, &place);
    struct state_key grant = key_due_grant(6, acct, 0x01020304);
    struct due_entry entry = key_due_parse(ticket.bytes, ticket.size);
    cr_assert_eq(entry.kind, DUE_TICKET_LEAVES);
    cr_assert_eq(entry.time, 5);
    cr_assert_eq(entry.place.org, 9);
    cr_assert_eq(entry.place.height, 77);
    cr_assert_eq(entry.place.index, 3);
    cr_assert_eq(memcmp(entry.place.patient, acct, sizeof acct), 0);
    struct state_key index = key_ticket_index(&place);
    struct ticket_place back = key_ticket_place(index.bytes, index.size);
    cr_assert_eq(memcmp(back.patient, acct, sizeof acct), 0);
    cr_assert_eq(back.org, 9);
    cr_assert_eq(back.height, 77);
    cr_assert_eq(back.index, 3);
    key_due_later(&ticket, 500);
    struct state_key later = key_due_ticket(500, &place);
    cr_assert_eq(ticket.size, later.size);
    cr_assert_eq(memcmp(ticket.bytes, later.bytes, later.size), 0);
    entry = key_due_parse(grant.bytes, grant.size);
    cr_assert_eq(entry.kind, DUE_GRANT_EXPIRES);
    cr_assert_eq(entry.seq, 0x01020304);
    cr_assert_eq(memcmp(entry.acct, acct, sizeof acct), 0);
}

Test(key, a_page_prefix_covers_256_pointers)
{
    struct state_key prefix = key_prefix_page(acct, 0x1234);
    struct state_key first = key_pointer(acct, 0x1200);
    struct state_key last = key_pointer(acct, 0x12ff);
    struct state_key next = key_pointer(acct, 0x1300);

    cr_assert_eq(memcmp(prefix.bytes, first.bytes, prefix.size), 0);
    cr_assert_eq(memcmp(prefix.bytes, last.bytes, prefix.size), 0);
    cr_assert_neq(memcmp(prefix.bytes, next.bytes, prefix.size), 0);
}

Test(key, of_every_kind_keeps_its_bytes)
{
    uint8_t of[ACCT_BYTES];
    struct hash32 id;
    struct ticket_place place = { .org = 0x0102, .height = 0x030405060708, .index = 0x090a };
    const uint64_t time = 0x0b0c0d0e0f10;
    const uint32_t seq = 0x11121314;

    pinned_kit_fill(of, sizeof of);
    memset(id.bytes, 0x77, sizeof id.bytes);
    memcpy(place.patient, of, sizeof of);
    const struct { const char *name; struct state_key key; const char *pinned; } rows[] = {
        { "chain", key_chain(), "1 03170a2e7597b7b7" },
        { "params", key_params(), "1 ee155ace9c402920" },
        { "org", key_org(0x0102), "3 45d56eec6be1e81c" },
        { "actor", key_actor(of), "33 27a111220832e3dc" },
        { "patient", key_patient(of), "33 245c999e938e2be7" },
        { "pointer", key_pointer(of, seq), "37 b1435c0897d6f51d" },
        { "grant", key_grant(of, seq), "37 a79f33d945f6653a" },
        { "ticket", key_ticket(&id), "33 7a98fa8337523c2e" },
        { "audit peaks", audit_peaks(), "33 23fd0e081588ab97" },
        { "key use", key_key_use(of), "33 070f7ed2dd4fc09e" },
        { "relation", key_relation(of, 0x0102), "35 241c66da564b6554" },
        { "ticket index", key_ticket_index(&place), "45 e466ac22cc5ce977" },
        { "pointer expires", key_due_pointer(DUE_POINTER_EXPIRES, time, of, seq), "46 5963e92bde4f23dc" },
        { "pointer leaves", key_due_pointer(DUE_POINTER_LEAVES, time, of, seq), "46 4a3782b83b86415a" },
        { "grant expires", key_due_grant(time, of, seq), "46 8b1ec9f84b940f80" },
        { "ticket leaves", key_due_ticket(time, &place), "54 ebe37047d95faf7e" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pinned_kit_check(rows[i].name, rows[i].key.bytes, rows[i].key.size, rows[i].pinned);
    }
}

Test(key, only_keys_of_a_known_kind_and_length_are_well_formed)
{
    struct ticket_place place = { .org = 9, .height = 77, .index = 3 };
    struct hash32 id = { { 1 } };
    struct state_key keys[] = { key_chain(), key_params(), key_org(1), key_actor(acct), key_patient(acct), key_pointer(acct, 1), key_grant(acct, 1),
        key_ticket(&id), audit_peaks(), key_key_use(acct), key_relation(acct, 2), key_ticket_index(&place),
        key_due_pointer(DUE_POINTER_EXPIRES, 5, acct, 1), key_due_pointer(DUE_POINTER_LEAVES, 5, acct, 1), key_due_grant(5, acct, 1), key_due_ticket(5, &place) };
    uint8_t bytes[STATE_KEY_MAX + 1] = { 0 };

    cr_assert_not(key_is_well_formed(bytes, 0));
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        memcpy(bytes, keys[i].bytes, keys[i].size);
        cr_assert(key_is_well_formed(bytes, keys[i].size), "key %zu", i);
        cr_assert_not(key_is_well_formed(bytes, keys[i].size + 1u), "key %zu and a byte more", i);
        cr_assert_not(key_is_well_formed(bytes, keys[i].size - 1u), "key %zu but a byte", i);
    }
    bytes[0] = 0x07;
    cr_assert_not(key_is_well_formed(bytes, 33), "a kind that is not built");
    bytes[0] = KEY_DUE;
    bytes[9] = 5;
    cr_assert_not(key_is_well_formed(bytes, 46), "a due kind that is not built");
}
