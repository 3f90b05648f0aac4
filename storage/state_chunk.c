/* state_chunk.c: see state_chunk.h.
 *
 * D1 The parts lie side by side and cover all pairs so far; part i and all behind it lie below one node, whose bit is parts[i].bit.
 * D2 parts_split parts from the left are in chunks; the bytes of the others lie at the end of the buffer, in order, and are `waiting`.
 * D3 Between two calls waiting <= bytes_max: as soon as it were more, the parent of the leftmost whole part is too large, so that part is a
 *    chunk, and everything above it is split. */
#include "storage/state_chunk.h"

#include "base/assert.h"
#include "storage/state_store_priv.h"

#include <string.h>

/* --- Pairs -------------------------------------------------------------------------------------------------------- */

bool state_pair_read(struct reader *reader, struct state_entry *entry)
{
    if (reader_left(reader) == 0) {
        return false;
    }
    size_t key_bytes = read_u8(reader);
    size_t value_bytes = read_u16_le(reader);
    const uint8_t *key = read_run(reader, key_bytes);
    const uint8_t *value = read_run(reader, value_bytes);

    *entry = (struct state_entry){ .key = bytes_of(key, key_bytes), .value = bytes_of(value, value_bytes) };
    return !reader->failed && key_bytes >= 1 && key_bytes <= STATE_KEY_BYTES_MAX && value_bytes <= STATE_VALUE_BYTES_MAX;
}

static uint32_t pair_write(uint8_t *out, struct bytes key, struct bytes value)
{
    struct writer writer;

    ASSERT(key.size >= 1);
    ASSERT(key.size <= STATE_KEY_BYTES_MAX);
    ASSERT(value.size <= STATE_VALUE_BYTES_MAX);
    writer_init(&writer, out, STATE_CHUNK_PAIR_BYTES_MAX);
    write_u8(&writer, (uint8_t)key.size);
    write_u16_le(&writer, (uint16_t)value.size);
    write_run(&writer, key.data, key.size);
    write_run(&writer, value.data, value.size);
    ASSERT(!writer.failed);
    return (uint32_t)writer.offset;
}

/* --- Cutting ------------------------------------------------------------------------------------------------------ */

void state_chunker_init(struct state_chunker *chunker, struct arena *arena, uint32_t bytes_max)
{
    ASSERT(bytes_max >= STATE_CHUNK_BYTES_MIN);
    ASSERT(bytes_max <= STATE_CHUNK_BYTES_MAX);
    *chunker = (struct state_chunker){ .bytes_max = bytes_max };
    chunker->data = arena_take(arena, 2 * (size_t)bytes_max + STATE_CHUNK_PAIR_BYTES_MAX, 1);
}

void state_chunker_begin(struct state_chunker *chunker)
{
    ASSERT(chunker->bytes_max >= STATE_CHUNK_BYTES_MIN);
    chunker->ready_at = chunker->used = chunker->waiting = 0;
    chunker->last_key_bytes = 0;
    chunker->parts_count = chunker->parts_split = 0;
    chunker->ready_first = chunker->ready_count = 0;
}

/* Makes a chunk of the leftmost whole part. */
static void part_close(struct state_chunker *chunker)
{
    struct chunk_part *part = &chunker->parts[chunker->parts_split];

    ASSERT(chunker->parts_split < chunker->parts_count);
    ASSERT(part->whole);
    ASSERT(chunker->ready_first + chunker->ready_count < STATE_CHUNK_PARTS_MAX);
    chunker->ready[chunker->ready_first + chunker->ready_count++] =
        (struct state_chunk){ .hash = part->hash, .bit = (uint16_t)part->first_bit, .pairs = part->pairs, .bytes = part->bytes };
    part->whole = false;
    chunker->parts_split++;
    chunker->waiting -= part->bytes;
}

/* Joins the two parts on the right: nothing more comes between them and their parent. */
static void parts_join(struct state_chunker *chunker)
{
    struct chunk_part *left = &chunker->parts[chunker->parts_count - 2], *right = left + 1;

    ASSERT(chunker->parts_count >= 2);
    if (left->whole) {
        ASSERT(right->whole);
        ASSERT(left->bytes + right->bytes <= chunker->bytes_max); /* D3 */
        left->pairs += right->pairs;
        left->bytes += right->bytes;
    } else if (right->whole) {
        part_close(chunker);
    }
    left->hash = node_hash(left->bit, &left->hash, &right->hash);
    chunker->parts_count--;
    chunker->parts_split = chunker->parts_split < chunker->parts_count ? chunker->parts_split : chunker->parts_count;
}

/* Makes room for a pair: what was taken goes, when the end is near. */
static void room_make(struct state_chunker *chunker)
{
    uint32_t capacity = 2 * chunker->bytes_max + STATE_CHUNK_PAIR_BYTES_MAX;

    ASSERT(chunker->ready_count == 0);
    ASSERT(chunker->ready_at + chunker->waiting == chunker->used);
    chunker->ready_first = 0;
    if (capacity - chunker->used < STATE_CHUNK_PAIR_BYTES_MAX) {
        memmove(chunker->data, chunker->data + chunker->ready_at, chunker->waiting);
        chunker->ready_at = 0;
        chunker->used = chunker->waiting;
    }
    ASSERT(capacity - chunker->used >= STATE_CHUNK_PAIR_BYTES_MAX);
}

/* Joins what the next pair is not below of. Gives: the bit in which its key leaves the last one. */
static uint32_t last_leave(struct state_chunker *chunker, struct bytes key)
{
    uint32_t bit = key_differ(bytes_of(chunker->last_key, chunker->last_key_bytes), key);

    ASSERT(bit != BIT_NONE);
    ASSERT(key_bit(key.data, key.size, bit) == 1);
    while (chunker->parts_count >= 2 && chunker->parts[chunker->parts_count - 2].bit > bit) {
        parts_join(chunker);
    }
    chunker->parts[chunker->parts_count - 1].bit = bit;
    return bit;
}

void state_chunker_add(struct state_chunker *chunker, struct bytes key, struct bytes value)
{
    room_make(chunker);
    uint32_t bit = chunker->last_key_bytes == 0 ? 0 : last_leave(chunker, key);
    uint32_t bytes = pair_write(chunker->data + chunker->used, key, value);

    ASSERT(chunker->parts_count < STATE_CHUNK_PARTS_MAX);
    chunker->parts[chunker->parts_count++] =
        (struct chunk_part){ .hash = pair_hash(key, value), .bit = BIT_NONE, .first_bit = bit, .pairs = 1, .bytes = bytes, .whole = true };
    chunker->used += bytes;
    chunker->waiting += bytes;
    chunker->last_key_bytes = (uint8_t)key.size;
    memcpy(chunker->last_key, key.data, key.size);
    while (chunker->waiting > chunker->bytes_max) { /* each turn closes a part; one alone is not too large */
        part_close(chunker);
    }
}

struct hash32 state_chunker_end(struct state_chunker *chunker)
{
    while (chunker->parts_count >= 2) {
        parts_join(chunker);
    }
    if (chunker->parts_count == 0) {
        return (struct hash32){ { 0 } };
    }
    if (chunker->parts[0].whole) {
        part_close(chunker);
    }
    ASSERT(chunker->waiting == 0);
    ASSERT(chunker->parts_count == 1);
    return chunker->parts[0].hash;
}

bool state_chunker_next(struct state_chunker *chunker, struct state_chunk *chunk, struct bytes *bytes)
{
    if (chunker->ready_count == 0) {
        return false;
    }
    *chunk = chunker->ready[chunker->ready_first++];
    ASSERT(chunk->pairs >= 1);
    ASSERT(chunk->bytes <= chunker->bytes_max);
    *bytes = bytes_of(chunker->data + chunker->ready_at, chunk->bytes);
    chunker->ready_count--;
    chunker->ready_at += chunk->bytes;
    ASSERT(chunker->ready_at <= chunker->used - chunker->waiting);
    return true;
}

/* --- Putting together --------------------------------------------------------------------------------------------- */

void state_fold_begin(struct state_fold *fold)
{
    fold->count = 0;
    fold->any = false;
    memset(&fold->last, 0, sizeof fold->last);
}

/* Closes every node whose bit lies beyond `bit`. */
static void fold_down_to(struct state_fold *fold, uint32_t bit)
{
    ASSERT(fold->any || fold->count == 0);
    while (fold->count > 0 && (bit == BIT_NONE || fold->open[fold->count - 1].bit > bit)) {
        fold->count--;
        fold->last = node_hash(fold->open[fold->count].bit, &fold->open[fold->count].hash, &fold->last);
    }
}

bool state_fold_add(struct state_fold *fold, uint32_t bit, const struct hash32 *hash)
{
    if (fold->any) {
        if (bit >= STATE_PROOF_DEPTH_MAX) {
            return false;
        }
        fold_down_to(fold, bit);
        if (fold->count > 0 && fold->open[fold->count - 1].bit == bit) {
            return false; /* three children of one node */
        }
        ASSERT(fold->count < STATE_PROOF_DEPTH_MAX); /* bits ascend */
        fold->open[fold->count].bit = bit;
        fold->open[fold->count].hash = fold->last;
        fold->count++;
    }
    fold->any = true;
    fold->last = *hash;
    return true;
}

struct hash32 state_fold_end(struct state_fold *fold)
{
    fold_down_to(fold, BIT_NONE);
    ASSERT(fold->count == 0);
    return fold->last;
}

enum verdict state_chunk_check(struct bytes bytes, struct hash32 *hash, uint32_t *pairs)
{
    struct state_fold fold;
    struct state_entry entry, last = { 0 };
    struct reader reader;

    reader_init(&reader, bytes.data, bytes.size);
    state_fold_begin(&fold);
    for (*pairs = 0; reader_left(&reader) > 0; *pairs += 1) { /* bounded: each pair takes bytes */
        if (!state_pair_read(&reader, &entry)) {
            return reader.failed ? VERDICT_SHORT : VERDICT_LENGTH;
        }
        uint32_t bit = *pairs == 0 ? 0 : key_differ(last.key, entry.key);
        if (*pairs > 0 && (bit == BIT_NONE || key_bit(entry.key.data, entry.key.size, bit) == 0)) {
            return VERDICT_ORDER;
        }
        struct hash32 leaf = pair_hash(entry.key, entry.value);
        bool fits = state_fold_add(&fold, bit, &leaf);
        ASSERT(fits); /* ascending keys */
        last = entry;
    }
    *hash = state_fold_end(&fold);
    return *pairs == 0 ? VERDICT_SHORT : VERDICT_OK;
}
