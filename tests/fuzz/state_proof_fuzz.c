/* state_proof_fuzz.c: no bytes prove a falsehood about a state. A small store with a known root is asked what it holds; whatever bytes the check
 * accepts under that root, present or absent, one key or all of a prefix, must say what the store says.
 *
 * Input: question u8, key length u8, key, then the proof. question bit 0: a prefix, not a key; bit 1: the proof is an honest one, and the
 * bytes are changes (position u16, mask u8) of it. */
#include "storage/state_store.h"

#include "tests/fuzz/fuzz.h"

enum { PAIRS = 24, PROOF_MAX = 1 << 16, MEMORY = 1 << 22 };

static struct state_store *store;
static struct hash32 root;

static void pair_of(uint32_t i, uint8_t key[3], uint8_t value[8])
{
    key[0] = (uint8_t)(i / 8);
    key[1] = (uint8_t)(i % 8 * 29);
    key[2] = (uint8_t)(i + 1);
    memset(value, (int)(i + 1), 8);
}

static void fill_store(void)
{
    static _Alignas(ARENA_ALIGN) uint8_t memory[MEMORY];
    const struct state_limits limits = { .keys_max = 64, .cells_max = 256, .journal_bytes = 4096 };
    struct arena arena;

    arena_init(&arena, memory, sizeof memory);
    store = state_store_init(&arena, &limits);
    for (uint32_t i = 0; i < PAIRS; i++) {
        uint8_t key[3], value[8];
        pair_of(i, key, value);
        CHECK(state_store_put(store, bytes_of(key, sizeof key), bytes_of(value, sizeof value)) == ERR_OK);
    }
    root = state_store_root(store);
}

static void same_as_store(const struct state_entry *entry)
{
    uint8_t value[STATE_VALUE_BYTES_MAX];
    size_t size = 0;

    CHECK(state_store_get(store, entry->key, value, sizeof value, &size));
    CHECK(size == entry->value.size);
    CHECK(memcmp(value, entry->value.data, size) == 0);
}

static void ask_key(struct bytes key, struct bytes bytes)
{
    uint8_t value[STATE_VALUE_BYTES_MAX];
    struct state_proof proof;
    struct state_entry entry;
    size_t size = 0;

    if (key.size == 0 || state_proof_check_key(&proof, bytes, &root, key) != VERDICT_OK) {
        return;
    }
    bool present = state_store_get(store, key, value, sizeof value, &size);
    CHECK((proof.kind == STATE_PROOF_PRESENT) == present);
    CHECK(state_proof_next(&proof, &entry) == present);
    if (present) {
        CHECK(entry.key.size == key.size);
        CHECK(memcmp(entry.key.data, key.data, key.size) == 0);
        same_as_store(&entry);
    }
}

static void ask_prefix(struct bytes prefix, struct bytes bytes)
{
    struct state_proof proof;
    struct state_entry entry, expected;
    struct state_cursor cursor;

    if (state_proof_check_prefix(&proof, bytes, &root, prefix) != VERDICT_OK) {
        return;
    }
    state_cursor_init(&cursor, prefix, STATE_PIN_NONE);
    for (uint32_t i = 0; i <= PAIRS; i++) {
        bool more = state_cursor_next(store, &cursor, &expected);
        CHECK(state_proof_next(&proof, &entry) == more);
        if (!more) {
            break;
        }
        CHECK(entry.key.size == expected.key.size);
        CHECK(memcmp(entry.key.data, expected.key.data, entry.key.size) == 0);
        same_as_store(&entry);
    }
}

/* honest writes the true proof and changes it. Gives: its bytes. */
static struct bytes honest(bool is_prefix, struct bytes key, struct reader *changes, uint8_t room[PROOF_MAX])
{
    struct writer writer;

    writer_init(&writer, room, PROOF_MAX);
    enum err err = is_prefix ? state_store_prove_prefix(store, STATE_PIN_NONE, key, &writer) : state_store_prove_key(store, STATE_PIN_NONE, key, &writer);
    CHECK(err == ERR_OK);
    while (reader_left(changes) >= 3) { /* ends: each change takes bytes */
        size_t place = read_u16_le(changes);
        room[place % writer.offset] ^= read_u8(changes);
    }
    return bytes_of(room, writer.offset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t room[PROOF_MAX];
    struct reader input;

    if (store == NULL) {
        fill_store();
    }
    reader_init(&input, data, size);
    uint8_t question = read_u8(&input);
    size_t key_bytes = read_u8(&input);
    struct bytes key = bytes_of(read_run(&input, key_bytes), key_bytes);
    bool is_prefix = (question & 1) != 0;
    if (input.failed || key_bytes > STATE_KEY_BYTES_MAX || (!is_prefix && key_bytes == 0)) {
        return 0;
    }
    size_t left = reader_left(&input);
    struct bytes bytes = (question & 2) != 0 ? honest(is_prefix, key, &input, room) : bytes_of(data + size - left, left);
    if (is_prefix) {
        ask_prefix(key, bytes);
    } else {
        ask_key(key, bytes);
    }
    return 0;
}
