/* receipts.c: see receipts.h. */
#include "sim/oracle/receipts.h"

#include "base/assert.h"
#include "ledger/ledger.h"
#include "sim/oracle/oracle.h"
#include "wire/envelope.h"

#define UNSAFE(receipts, ...) oracle_fail((receipts)->failure, FAILURE_SAFETY, __VA_ARGS__)

void receipts_init(struct receipts *receipts, const struct hash32 *genesis, struct failure *failure)
{
    *receipts = (struct receipts){ .genesis = genesis, .failure = failure };
}

/* wanted gives the receipt that a command must have got, but for its two digests. Gives: false when it cannot be read. */
static bool wanted(const struct receipts *receipts, const struct apply_block *block, uint32_t i, struct receipt *receipt)
{
    struct bytes bytes = bytes_of(block->body.data + block->commands[i].offset, block->commands[i].envelope_bytes);
    struct envelope envelope;

    if (envelope_decode(&envelope, bytes) != CODE_OK) {
        return false;
    }
    *receipt = (struct receipt){ .height = block->header->height, .index = (uint16_t)i, .tx_id = envelope_tx_id(&envelope, receipts->genesis), .code = (enum code)block->codes[i],
        .time_ms = block->header->time_ms };
    return true;
}

static bool is_as(const struct receipt *found, const struct receipt *right)
{
    return found->height == right->height && found->index == right->index && found->code == right->code && found->time_ms == right->time_ms &&
           hash_equal(&found->tx_id, &right->tx_id);
}

void receipts_executed(struct receipts *receipts, const struct apply_block *block, const struct apply *apply)
{
    unsigned long long height = block->header->height;

    for (uint32_t i = 0; i < block->header->commands_count; i++) {
        const struct receipt *found = archive_receipt_at(&apply->archive, receipts->log.count);
        struct receipt right;
        if (found == NULL || !wanted(receipts, block, i, &right) || !is_as(found, &right)) {
            UNSAFE(receipts, "receipts: of command %u of block %llu there is none, or another one", i, height);
            return;
        }
        right.events_digest = found->events_digest;
        right.eval_digest = found->eval_digest;
        struct hash32 leaf = receipt_leaf(&right);
        (void)merkle_peaks_append(&receipts->log, &leaf);
    }
    struct hash32 root = ledger_receipts_root(apply->ledger), right = merkle_peaks_root(&receipts->log);
    if (ledger_receipts_count(apply->ledger) != receipts->log.count || !hash_equal(&root, &right)) {
        UNSAFE(receipts, "receipts: the root of the log after block %llu is not that of its receipts", height);
    }
}
