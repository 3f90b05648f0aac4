/* commands.c: see commands.h. */
#include "sim/oracle/commands.h"

#include "base/assert.h"
#include "sim/oracle/oracle.h"
#include "wire/envelope.h"

enum topic { TOPIC_NONCE = 1 };

#define VALID_MS_MAX 600000u /* of a command, behind the time of its block */

#define UNSAFE(commands, ...) oracle_fail((commands)->failure, FAILURE_SAFETY, __VA_ARGS__)

void commands_init(struct commands *commands, const struct cast *cast, struct failure *failure)
{
    *commands = (struct commands){ .cast = cast, .failure = failure };
    facts_init(&commands->nonces);
}

void commands_close(struct commands *commands)
{
    facts_close(&commands->nonces);
    *commands = (struct commands){ .count = 0 };
}

static uint64_t nonce_name(const uint8_t account[32], uint64_t nonce)
{
    return fact_name(TOPIC_NONCE, fact_digest(account, 32), nonce, 0);
}

uint64_t commands_height(const struct commands *commands, const uint8_t account[32], uint64_t nonce)
{
    return facts_find(&commands->nonces, nonce_name(account, nonce));
}

static struct bytes bytes_at(const struct apply_block *block, uint32_t i)
{
    return bytes_of(block->body.data + block->commands[i].offset, block->commands[i].envelope_bytes);
}

uint64_t commands_digest(const struct apply_block *block)
{
    uint64_t digest = 1;

    for (uint32_t i = 0; i < block->header->commands_count; i++) {
        struct bytes bytes = bytes_at(block, i);
        digest = fact_name(digest, i, bytes.size, fact_digest(bytes.data, bytes.size));
    }
    return digest | 1;
}

bool commands_are_all(const struct apply_block *block)
{
    uint32_t count = block->header->commands_count;
    const struct block_command *last = count > 0 ? &block->commands[count - 1] : NULL;

    return last == NULL || (size_t)last->offset + last->envelope_bytes + last->payload_bytes == block->body.size;
}

/* note_signatures: nobody executes what was not signed, whoever proposed it (V5). */
static void note_signatures(struct commands *commands, const struct apply_block *block, uint32_t i, const struct envelope *envelope)
{
    struct envelope_signature signatures[ENVELOPE_SIGNATURES_MAX];
    struct hash32 id = envelope_tx_id(envelope, &commands->cast->genesis.hash);

    if (commands->verify == NULL) {
        return;
    }
    uint32_t count = envelope_signatures(envelope, &commands->cast->genesis.hash, &id, signatures);
    for (uint32_t k = 0; k < count; k++) {
        struct sig_item item = { .key = signatures[k].key, .digest = signatures[k].digest.bytes, .signature = signatures[k].signature };
        if (!commands->verify(commands->verify_context, &item)) {
            UNSAFE(commands, "V5: command %u of block %llu was not signed by whom it names", i, (unsigned long long)block->header->height);
        }
    }
}

/* note_nonce: the nonces of an account are executed one after the other, each once. */
static void note_nonce(struct commands *commands, const struct apply_block *block, uint32_t i, const struct envelope *envelope)
{
    uint64_t height = block->header->height;

    if (commands_height(commands, envelope->sender, envelope->nonce) != 0) {
        UNSAFE(commands, "I14: a command of block %llu was executed before", (unsigned long long)height);
    }
    if (envelope->nonce > 1 && commands_height(commands, envelope->sender, envelope->nonce - 1) == 0) {
        UNSAFE(commands, "V5: command %u of block %llu leaves a nonce out", i, (unsigned long long)height);
    }
    (void)facts_keep(&commands->nonces, nonce_name(envelope->sender, envelope->nonce), height);
}

static void note_command(struct commands *commands, const struct apply_block *block, uint32_t i, const struct envelope *envelope)
{
    unsigned long long height = block->header->height;
    uint64_t time_ms = block->header->time_ms;

    if (block->codes[i] != CODE_OK && !commands->cast->plan.consents) {
        UNSAFE(commands, "V5: command %u of block %llu fails with %s", i, height, code_name(block->codes[i]));
    }
    if (envelope->valid_until_ms <= time_ms || envelope->valid_until_ms > time_ms + VALID_MS_MAX) {
        UNSAFE(commands, "V5: command %u of block %llu is out of date", i, height);
    }
    note_nonce(commands, block, i, envelope);
    note_signatures(commands, block, i, envelope);
}

void commands_executed(struct commands *commands, const struct apply_block *block)
{
    for (uint32_t i = 0; i < block->header->commands_count; i++) {
        struct envelope envelope;
        if (envelope_decode(&envelope, bytes_at(block, i)) != CODE_OK) {
            UNSAFE(commands, "V4: command %u of block %llu is malformed", i, (unsigned long long)block->header->height);
            return;
        }
        note_command(commands, block, i, &envelope);
        commands->count++;
    }
}
