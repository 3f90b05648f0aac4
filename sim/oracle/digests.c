/* digests.c: see digests.h. Numbers enter a hash big-endian, eight bytes each. */
#include "sim/oracle/digests.h"

#include "base/assert.h"

#define TEXT_BYTES_MAX 256u

struct text {
    struct writer writer;
    uint8_t bytes[TEXT_BYTES_MAX];
};

static void put(struct text *text, uint64_t number)
{
    write_u64_be(&text->writer, number);
}

static void begin(struct text *text, const char *tag, const struct hash32 *chain_id, uint64_t epoch)
{
    writer_init(&text->writer, text->bytes, sizeof text->bytes);
    for (const char *at = tag; *at != '\0'; at++) {
        write_u8(&text->writer, (uint8_t)*at);
    }
    write_run(&text->writer, chain_id->bytes, HASH_BYTES);
    put(text, epoch);
}

static struct hash32 end(const struct text *text)
{
    ASSERT(!text->writer.failed);
    return hash_plain(text->bytes, text->writer.offset);
}

static void put_ballot(struct text *text, const struct hash32 *chain_id, const struct ballot *ballot)
{
    static const char *const tags[VOTE_KIND_END] = { "", "WARD/vote/opening", "WARD/vote/follow", "WARD/vote/commit" };

    begin(text, tags[ballot->kind], chain_id, ballot->epoch);
    put(text, ballot->rank.view);
    put(text, ballot->rank.height);
    write_run(&text->writer, ballot->block.bytes, HASH_BYTES);
}

static void put_checkpoint(struct text *text, const struct hash32 *chain_id, const struct checkpoint *checkpoint)
{
    begin(text, "WARD/checkpoint", chain_id, checkpoint->epoch);
    put(text, checkpoint->height);
    write_run(&text->writer, checkpoint->block.bytes, HASH_BYTES);
    write_run(&text->writer, checkpoint->state_root.bytes, HASH_BYTES);
    write_run(&text->writer, checkpoint->receipts_root.bytes, HASH_BYTES);
    write_run(&text->writer, checkpoint->config_hash.bytes, HASH_BYTES);
}

const uint8_t *digests_of(const struct message *message, const struct hash32 *chain_id, struct hash32 *digest)
{
    const uint8_t *signature = NULL;
    struct text text;

    if (message->type == MESSAGE_VOTE || message->type == MESSAGE_COMMITVOTE) {
        put_ballot(&text, chain_id, &message->vote.ballot);
        signature = message->vote.signature;
    } else if (message->type == MESSAGE_TIMEOUT) {
        begin(&text, "WARD/timeout", chain_id, message->timeout.epoch);
        put(&text, message->timeout.view);
        put(&text, message->timeout.high.ballot.rank.view);
        put(&text, message->timeout.high.ballot.rank.height);
        signature = message->timeout.signature;
    } else if (message->type == MESSAGE_ABDICATE) {
        begin(&text, "WARD/abdicate", chain_id, message->abdicate.epoch);
        put(&text, message->abdicate.view);
        signature = message->abdicate.signature;
    } else if (message->type == MESSAGE_CKPT) {
        put_checkpoint(&text, chain_id, &message->ckpt.checkpoint);
        signature = message->ckpt.signature;
    } else {
        return NULL;
    }
    *digest = end(&text);
    return signature;
}
