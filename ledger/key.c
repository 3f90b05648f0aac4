/* key.c: see key.h. Every builder writes the kind's byte and then its fields, the longer ones through one writer. */
#include "ledger/key.h"

#include "base/assert.h"
#include "base/bytes.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are turned round");
_Static_assert((int)ACCT_BYTES == (int)HASH_BYTES, "accounts, keys and hashes have one length");
_Static_assert((int)KEY_BYTES == (int)HASH_BYTES, "accounts, keys and hashes have one length");

static struct writer key_begin(struct state_key *key, enum key_kind kind)
{
    struct writer writer;

    memset(key, 0, sizeof *key);
    writer_init(&writer, key->bytes, sizeof key->bytes);
    write_u8(&writer, (uint8_t)kind);
    return writer;
}

static void key_end(struct state_key *key, const struct writer *writer)
{
    ASSERT(!writer->failed);
    ASSERT(writer->offset >= 1);
    ASSERT(writer->offset <= STATE_KEY_MAX);
    key->size = (uint8_t)writer->offset;
}

/* The keys that every command needs a dozen of, in straight code. */
void key_write_run(struct state_key *key, enum key_kind kind, const uint8_t run[HASH_BYTES])
{
    key->size = 1 + HASH_BYTES;
    key->bytes[0] = (uint8_t)kind;
    memcpy(key->bytes + 1, run, HASH_BYTES);
    memset(key->bytes + 1 + HASH_BYTES, 0, sizeof key->bytes - 1 - HASH_BYTES);
}

void key_write_seq(struct state_key *key, enum key_kind kind, const uint8_t acct[ACCT_BYTES], uint32_t seq)
{
    uint32_t big = __builtin_bswap32(seq);

    key_write_run(key, kind, acct);
    memcpy(key->bytes + 1 + HASH_BYTES, &big, sizeof big);
    key->size = 1 + HASH_BYTES + sizeof big;
}

void key_write_org(struct state_key *key, enum key_kind kind, const uint8_t acct[ACCT_BYTES], uint16_t org)
{
    uint16_t big = __builtin_bswap16(org);

    key_write_run(key, kind, acct);
    memcpy(key->bytes + 1 + HASH_BYTES, &big, sizeof big);
    key->size = 1 + HASH_BYTES + sizeof big;
}

static struct state_key key_of_kind(enum key_kind kind)
{
    ASSERT(kind == KEY_CHAIN || kind == KEY_PARAMS);
    return (struct state_key){ .size = 1, .bytes = { (uint8_t)kind } };
}

struct state_key key_chain(void)
{
    return key_of_kind(KEY_CHAIN);
}

struct state_key key_params(void)
{
    return key_of_kind(KEY_PARAMS);
}

struct state_key key_org(uint16_t org)
{
    struct state_key key;
    struct writer writer = key_begin(&key, KEY_ORG);

    write_u16_be(&writer, org);
    key_end(&key, &writer);
    ASSERT(key_is_well_formed(key.bytes, key.size));
    return key;
}

struct state_key key_actor(const uint8_t acct[ACCT_BYTES])
{
    struct state_key key;

    key_write_run(&key, KEY_ACTOR, acct);
    ASSERT(key_is_well_formed(key.bytes, key.size));
    return key;
}

struct state_key key_patient(const uint8_t acct[ACCT_BYTES])
{
    struct state_key key;

    key_write_run(&key, KEY_PATIENT, acct);
    ASSERT(key_is_well_formed(key.bytes, key.size));
    return key;
}

struct state_key key_pointer(const uint8_t acct[ACCT_BYTES], uint32_t seq)
{
    struct state_key key;

    ASSERT(seq > 0);
    key_write_seq(&key, KEY_POINTER, acct, seq);
    ASSERT(key_is_well_formed(key.bytes, key.size));
    return key;
}

struct state_key key_grant(const uint8_t acct[ACCT_BYTES], uint32_t seq)
{
    struct state_key key;

    ASSERT(seq > 0);
    key_write_seq(&key, KEY_GRANT, acct, seq);
    ASSERT(key_is_well_formed(key.bytes, key.size));
    return key;
}

struct state_key key_ticket(const struct hash32 *id)
{
    struct state_key key;

    key_write_run(&key, KEY_TICKET, id->bytes);
    ASSERT(key_is_well_formed(key.bytes, key.size));
    return key;
}

struct state_key key_key_use(const uint8_t pk[KEY_BYTES])
{
    struct state_key key;

    key_write_run(&key, KEY_KEY_USE, pk);
    ASSERT(key_is_well_formed(key.bytes, key.size));
    return key;
}

struct state_key key_prefix(enum key_kind kind, const uint8_t acct[ACCT_BYTES])
{
    struct state_key key;

    ASSERT(kind == KEY_POINTER || kind == KEY_GRANT || kind == KEY_RELATION || kind == KEY_TICKET_INDEX);
    key_write_run(&key, kind, acct);
    return key;
}

struct state_key key_prefix_org(enum key_kind kind, const uint8_t acct[ACCT_BYTES], uint16_t org)
{
    struct state_key key;

    ASSERT(kind == KEY_RELATION || kind == KEY_TICKET_INDEX);
    key_write_org(&key, kind, acct, org);
    return key;
}

struct state_key key_relation(const uint8_t acct[ACCT_BYTES], uint16_t org)
{
    return key_prefix_org(KEY_RELATION, acct, org);
}

static void place_write(struct writer *writer, const struct ticket_place *place)
{
    write_run(writer, place->patient, ACCT_BYTES);
    write_u16_be(writer, place->org);
    write_u64_be(writer, place->height);
    write_u16_be(writer, place->index);
}

struct state_key key_ticket_index(const struct ticket_place *place)
{
    struct state_key key;
    struct writer writer = key_begin(&key, KEY_TICKET_INDEX);

    place_write(&writer, place);
    key_end(&key, &writer);
    ASSERT(key_is_well_formed(key.bytes, key.size));
    return key;
}

static struct writer due_begin(struct state_key *key, uint64_t time, enum due_kind kind)
{
    struct writer writer = key_begin(key, KEY_DUE);

    ASSERT(kind >= DUE_POINTER_EXPIRES);
    write_u64_be(&writer, time);
    write_u8(&writer, (uint8_t)kind);
    return writer;
}

static struct state_key due_of_seq(enum due_kind kind, uint64_t time, const uint8_t acct[ACCT_BYTES], uint32_t seq)
{
    struct state_key key;
    struct writer writer = due_begin(&key, time, kind);

    ASSERT(seq > 0);
    write_run(&writer, acct, ACCT_BYTES);
    write_u32_be(&writer, seq);
    key_end(&key, &writer);
    ASSERT(key_is_well_formed(key.bytes, key.size));
    return key;
}

struct state_key key_due_pointer(enum due_kind kind, uint64_t time, const uint8_t acct[ACCT_BYTES], uint32_t seq)
{
    bool pointer = kind == DUE_POINTER_EXPIRES || kind == DUE_POINTER_LEAVES;

    ASSERT(pointer);
    return due_of_seq(kind, time, acct, seq);
}

struct state_key key_due_grant(uint64_t time, const uint8_t acct[ACCT_BYTES], uint32_t seq)
{
    ASSERT(seq > 0);
    ASSERT(time > 0);
    return due_of_seq(DUE_GRANT_EXPIRES, time, acct, seq);
}

struct state_key key_due_ticket(uint64_t time, const struct ticket_place *place)
{
    struct state_key key;
    struct writer writer = due_begin(&key, time, DUE_TICKET_LEAVES);

    ASSERT(time > 0);
    place_write(&writer, place);
    key_end(&key, &writer);
    ASSERT(key.size == STATE_KEY_MAX);
    ASSERT(key_is_well_formed(key.bytes, key.size));
    return key;
}

uint32_t key_seq(const uint8_t *key, size_t size)
{
    struct reader reader;

    ASSERT(size == 1 + ACCT_BYTES + 4);
    ASSERT(key[0] == KEY_POINTER || key[0] == KEY_GRANT);
    reader_init(&reader, key + 1 + ACCT_BYTES, 4);
    return read_u32_be(&reader);
}

static struct ticket_place place_read(struct reader *reader)
{
    struct ticket_place place;

    ASSERT(!reader->failed);
    memset(&place, 0, sizeof place);
    read_copy(reader, place.patient, ACCT_BYTES);
    place.org = read_u16_be(reader);
    place.height = read_u64_be(reader);
    place.index = read_u16_be(reader);
    return place;
}

struct ticket_place key_ticket_place(const uint8_t *key, size_t size)
{
    struct reader reader;

    ASSERT(size > 1);
    ASSERT(key[0] == KEY_TICKET_INDEX);
    reader_init(&reader, key + 1, size - 1);
    struct ticket_place place = place_read(&reader);
    ASSERT(reader_end(&reader) == VERDICT_OK);
    ASSERT(place.height > 0); /* no ticket is older than the first block */
    return place;
}

void key_due_later(struct state_key *key, uint64_t time)
{
    struct writer writer;

    ASSERT(key->bytes[0] == KEY_DUE);
    ASSERT(key_is_well_formed(key->bytes, key->size));
    writer_init(&writer, key->bytes + 1, sizeof time);
    write_u64_be(&writer, time);
    ASSERT(!writer.failed);
}

struct due_entry key_due_parse(const uint8_t *key, size_t size)
{
    struct due_entry entry;
    struct reader reader;

    memset(&entry, 0, sizeof entry);
    reader_init(&reader, key, size);
    uint8_t first = read_u8(&reader);
    ASSERT(first == KEY_DUE);
    ASSERT(key_is_well_formed(key, size)); /* only whole keys come into the state */
    entry.time = read_u64_be(&reader);
    entry.kind = (enum due_kind)read_u8(&reader);
    if (entry.kind == DUE_TICKET_LEAVES) {
        entry.place = place_read(&reader);
        memcpy(entry.acct, entry.place.patient, ACCT_BYTES);
    } else {
        read_copy(&reader, entry.acct, ACCT_BYTES);
        entry.seq = read_u32_be(&reader);
    }
    ASSERT(reader_end(&reader) == VERDICT_OK);
    return entry;
}

/* The length of a due entry's key: time, due kind, then what the kind names. */
static size_t due_size(uint8_t due_kind)
{
    const size_t head = 1 + 8 + 1;

    switch (due_kind) {
    case DUE_POINTER_EXPIRES:
    case DUE_POINTER_LEAVES:
    case DUE_GRANT_EXPIRES:
        return head + ACCT_BYTES + 4;
    case DUE_TICKET_LEAVES:
        return head + ACCT_BYTES + 2 + 8 + 2;
    default: /* a number from a stranger, not an enum */
        return 0;
    }
}

bool key_is_well_formed(const uint8_t *key, size_t size)
{
    if (size == 0) {
        return false;
    }
    switch (key[0]) {
    case KEY_CHAIN:
    case KEY_PARAMS:
        return size == 1;
    case KEY_ORG:
        return size == 1 + 2;
    case KEY_ACTOR:
    case KEY_PATIENT:
    case KEY_TICKET:
    case KEY_AUDIT_PEAKS:
    case KEY_KEY_USE:
        return size == 1 + ACCT_BYTES;
    case KEY_POINTER:
    case KEY_GRANT:
        return size == 1 + ACCT_BYTES + 4;
    case KEY_RELATION:
        return size == 1 + ACCT_BYTES + 2;
    case KEY_TICKET_INDEX:
        return size == 1 + ACCT_BYTES + 2 + 8 + 2;
    case KEY_DUE:
        return size > 9 && size == due_size(key[9]);
    default: /* a number from a stranger, not an enum */
        return false;
    }
}

struct state_key key_prefix_page(const uint8_t acct[ACCT_BYTES], uint32_t seq)
{
    struct state_key key = key_pointer(acct, seq);

    ASSERT(key.size > 1);
    ASSERT(key.bytes[0] == KEY_POINTER);
    ASSERT(seq > 0);
    key.bytes[--key.size] = 0;
    return key;
}
