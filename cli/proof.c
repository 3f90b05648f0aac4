/* proof.c: see proof.h. */
#include "cli/proof.h"

#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t magic[8] = { 'W', 'A', 'R', 'D', 'P', 'R', 'F', '\n' };

enum { CLAIM_AT = 10, COUNT_AT = 44 };

/* read_item reads one item. Gives: false when its type is none; what is cut fails the reader. */
static bool read_item(struct reader *reader, struct proof_item *item)
{
    uint8_t type = read_u8(reader);
    uint32_t question = read_u32_le(reader);
    item->question = bytes_of(read_run(reader, question), question);
    uint32_t answer = read_u32_le(reader);
    item->answer = bytes_of(read_run(reader, answer), answer);
    item->type = (enum proof_type)type;
    return type == PROOF_QUERY || type == PROOF_HEADER;
}

enum verdict proof_decode(struct proof *proof, struct bytes bytes)
{
    struct proof_item item;
    struct reader reader;

    *proof = (struct proof){ 0 };
    reader_init(&reader, bytes.data, bytes.size);
    const uint8_t *head = read_run(&reader, sizeof magic);
    if (head == NULL || memcmp(head, magic, sizeof magic) != 0) {
        return VERDICT_TYPE;
    }
    uint16_t version = read_u16_le(&reader), claim = read_u16_le(&reader);
    read_copy(&reader, proof->genesis.bytes, HASH_BYTES);
    proof->items_count = read_u32_le(&reader);
    if (reader.failed) {
        return VERDICT_SHORT;
    }
    if (version != PROOF_VERSION) {
        return VERDICT_VERSION;
    }
    if (claim >= PROOF_CLAIM_END || proof->items_count == 0 || proof->items_count > PROOF_ITEMS_MAX) {
        return VERDICT_RANGE;
    }
    proof->claim = (enum proof_claim)claim;
    proof->items = reader;
    for (uint32_t i = 0; i < proof->items_count; i++) {
        bool known = read_item(&reader, &item);
        if (reader.failed || !known) {
            return reader.failed ? VERDICT_SHORT : VERDICT_TYPE;
        }
    }
    return reader_end(&reader);
}

bool proof_next(struct proof *proof, struct proof_item *item)
{
    if (reader_left(&proof->items) == 0) {
        return false;
    }
    bool known = read_item(&proof->items, item);
    ASSERT(known); /* proof_decode has seen it */
    ASSERT(!proof->items.failed);
    return true;
}

/* --- Writing -------------------------------------------------------------------------------------------------------- */

static void append(struct proof_draft *draft, const void *data, size_t size)
{
    while (!draft->failed && draft->room - draft->size < size) {
        size_t room = draft->room == 0 ? 1 << 16 : draft->room * 2;
        uint8_t *grown = realloc(draft->data, room);
        draft->failed = grown == NULL;
        draft->data = grown == NULL ? draft->data : grown;
        draft->room = grown == NULL ? draft->room : room;
    }
    if (!draft->failed && size > 0) {
        memcpy(draft->data + draft->size, data, size);
        draft->size += size;
    }
}

static void append_run(struct proof_draft *draft, struct bytes run)
{
    uint8_t length[4];
    struct writer writer;

    ASSERT(run.size <= UINT32_MAX);
    writer_init(&writer, length, sizeof length);
    write_u32_le(&writer, (uint32_t)run.size);
    append(draft, length, sizeof length);
    append(draft, run.data, run.size);
}

void proof_begin(struct proof_draft *draft, const struct hash32 *genesis)
{
    uint8_t head[PROOF_HEAD_BYTES];
    struct writer writer;

    *draft = (struct proof_draft){ 0 };
    writer_init(&writer, head, sizeof head);
    write_run(&writer, magic, sizeof magic);
    write_u16_le(&writer, PROOF_VERSION);
    write_u16_le(&writer, PROOF_ANSWERS);
    write_run(&writer, genesis->bytes, HASH_BYTES);
    write_u32_le(&writer, 0);
    ASSERT(writer.offset == PROOF_HEAD_BYTES);
    append(draft, head, sizeof head);
}

void proof_add(struct proof_draft *draft, const struct proof_item *item)
{
    uint8_t type = (uint8_t)item->type;

    draft->failed = draft->failed || draft->items_count == PROOF_ITEMS_MAX;
    append(draft, &type, 1);
    append_run(draft, item->question);
    append_run(draft, item->answer);
    draft->items_count++;
}

struct bytes proof_end(struct proof_draft *draft, enum proof_claim claim)
{
    struct writer writer;

    if (draft->failed) {
        return bytes_of(NULL, 0);
    }
    writer_init(&writer, draft->data + CLAIM_AT, 2);
    write_u16_le(&writer, (uint16_t)claim);
    writer_init(&writer, draft->data + COUNT_AT, 4);
    write_u32_le(&writer, draft->items_count);
    return bytes_of(draft->data, draft->size);
}

void proof_close(struct proof_draft *draft)
{
    free(draft->data);
    *draft = (struct proof_draft){ 0 };
}
