/* apply.c: see apply.h.
 *
 *     apply_begin -> execute ... execute -> end -> (fold ... fold ->) done
 *
 * Invariant: between begin and done nobody else reads the ledger's state through here but for questions that consensus asks of single
 * accounts, which hold for whole commands. */
#include "node/apply.h"

#include "base/assert.h"
#include "crypto/ed25519.h"
#include "ledger/expect.h"
#include "ledger/ledger.h"
#include "ledger/payload_hashes.h"
#include "ledger/stateless.h"

#include <string.h>

#define NAMED_AT_ONCE 16u
#define FOLD_HASHES 4096u /* of one slice: below a millisecond */

_Static_assert(ENVELOPE_SIGNATURES_MAX <= COMMAND_SIGNATURES_MAX, "consensus holds every signature of a command");

static void keep_event(void *context, const uint8_t patient[ACCT_BYTES], uint64_t seq, const uint8_t bytes[AUDIT_EVENT_BYTES], const struct hash32 *top)
{
    struct apply *apply = context;

    archive_add_event(&apply->archive, patient, seq, bytes, top);
}

static void expect_event(void *context, const uint8_t patient[ACCT_BYTES], uint64_t seq)
{
    const struct apply *apply = context;

    archive_expect_event(&apply->archive, patient, seq);
}

static void keep_receipt(void *context, uint64_t position, const struct receipt *receipt, const struct hash32 *top)
{
    struct apply *apply = context;

    archive_add_receipt(&apply->archive, position, receipt, top);
}

enum err apply_take(struct apply *apply, struct arena *arena, const struct genesis *genesis, const struct apply_config *config)
{
    struct params params;

    *apply = (struct apply){ .genesis = genesis };
    if (ledger_params(&params, genesis->params) != VERDICT_OK) {
        return ERR_INVALID;
    }
    size_t before = arena->used;
    apply->ledger = ledger_take(arena, &params);
    archive_init(&apply->archive, arena, &(struct archive_sizes){ config->archive_events, config->archive_receipts, config->archive_locators });
    apply->memory = bytes_of(arena->data == NULL ? NULL : arena->data + before, arena->used - before);
    apply->codes = arena_take(arena, BLOCK_COMMANDS_MAX, sizeof *apply->codes);
    if (apply->ledger != NULL) {
        ledger_set_sink(apply->ledger, &(struct ledger_sink){ .context = apply, .event = keep_event, .receipt = keep_receipt, .expect = expect_event });
    }
    return ERR_OK;
}

enum err apply_load_genesis(struct apply *apply)
{
    ASSERT(apply->ledger != NULL);
    apply->time_ms = apply->genesis->time_ms;
    return ledger_load_genesis(apply->ledger, apply->genesis) == VERDICT_OK ? ERR_OK : ERR_INVALID;
}

size_t apply_envelope_bytes(struct bytes bytes) { return envelope_size(bytes); }

/* check_stateless does everything that depends on the bytes and the chain alone, but for signatures and hashes of the payload. */
static enum code check_stateless(const struct apply *apply, struct bytes bytes, size_t envelope_bytes, struct envelope *envelope, struct command_body *body)
{
    enum code code = stateless_check(&apply->genesis->hash, bytes_of(bytes.data, envelope_bytes), envelope, body);

    if (code != CODE_OK) {
        return code;
    }
    if (envelope->payload_bytes > bytes.size - envelope_bytes) {
        return CODE_PAYLOAD_MISSING;
    }
    code = envelope_check_payload_bytes(envelope, envelope->payload_bytes);
    const uint8_t *key = code == CODE_OK ? envelope_new_key(envelope) : NULL;
    return key != NULL && !ed25519_key_is_strong(key) ? CODE_WEAK_KEY : code;
}

/* sign_digests gives the id and every digest of a command that has more than its sender's signature. */
static void sign_digests(const struct apply *apply, struct command *command)
{
    struct envelope envelope;
    struct envelope_signature signatures[ENVELOPE_SIGNATURES_MAX];
    enum code code = envelope_decode(&envelope, bytes_of(command->bytes.data, command->envelope_bytes));

    ASSERT(code == CODE_OK); /* app_scan has accepted it. */
    command->id = envelope_tx_id(&envelope, &apply->genesis->hash);
    command->signatures_count = envelope_signatures(&envelope, &apply->genesis->hash, &command->id, signatures);
    for (uint32_t i = 0; i < command->signatures_count; i++) {
        command->signatures[i] = (struct command_signature){ signatures[i].key, signatures[i].signature, signatures[i].digest, signatures[i].refusal };
    }
}

/* app_name hashes the commands with one signature side by side; others are rare. */
static void app_name(void *context, struct command *commands, uint32_t count)
{
    const struct apply *apply = context;
    struct bytes alone[NAMED_AT_ONCE];
    struct hash32 ids[NAMED_AT_ONCE];
    uint32_t at[NAMED_AT_ONCE], found = 0;

    for (uint32_t i = 0; i < count; i++) {
        if (commands[i].signatures_count == 1) {
            at[found] = i;
            alone[found++] = bytes_of(commands[i].bytes.data, commands[i].envelope_bytes);
        } else {
            sign_digests(apply, &commands[i]);
        }
        if (found == NAMED_AT_ONCE || i + 1 == count) {
            envelope_tx_ids(ids, alone, found, &apply->genesis->hash);
            for (uint32_t j = 0; j < found; j++) {
                commands[at[j]].id = commands[at[j]].signatures[0].digest = ids[j];
            }
            found = 0;
        }
    }
}

static enum code app_payloads(void *context, const struct command *commands, uint32_t count)
{
    struct payload_of payloads[NAMED_AT_ONCE];
    enum code code = CODE_OK;

    (void)context;
    for (uint32_t first = 0; first < count && code == CODE_OK; first += NAMED_AT_ONCE) {
        uint32_t n = count - first < NAMED_AT_ONCE ? count - first : NAMED_AT_ONCE;
        for (uint32_t i = 0; i < n; i++) {
            const struct command *command = &commands[first + i];
            payloads[i].envelope = bytes_of(command->bytes.data, command->envelope_bytes);
            payloads[i].payload = bytes_of(command->bytes.data + command->envelope_bytes, command->bytes.size - command->envelope_bytes);
        }
        code = payload_hashes_check(payloads, n);
    }
    return code;
}

/* fill writes what a command is to consensus, but for what app_name gives. */
static void fill(struct command *command, struct bytes bytes, uint32_t envelope_bytes, const struct envelope *envelope, uint32_t tokens)
{
    command->bytes = bytes;
    command->envelope_bytes = envelope_bytes;
    command->nonce = envelope->nonce;
    command->valid_until_ms = envelope->valid_until_ms;
    command->cost_ns = envelope_static_cost(envelope) * 1000;
    command->tokens = tokens;
    memcpy(command->account.bytes, envelope->sender, ACCOUNT_BYTES);
    memcpy(command->payer.bytes, envelope_payer(envelope), ACCOUNT_BYTES);
    command->signatures_count = envelope_signatures_count(envelope);
    command->signatures[0].key = envelope->key;
    command->signatures[0].signature = envelope->signature;
    command->signatures[0].refusal = CODE_SIG;
}

static enum code app_scan(void *context, struct bytes bytes, struct command *command)
{
    struct apply *apply = context;
    struct envelope envelope;
    struct command_body body;
    size_t envelope_bytes = apply_envelope_bytes(bytes);

    if (envelope_bytes == 0) {
        return CODE_LENGTH;
    }
    enum code code = check_stateless(apply, bytes, envelope_bytes, &envelope, &body);
    if (code == CODE_OK) {
        fill(command, bytes_of(bytes.data, envelope_bytes + envelope.payload_bytes), (uint32_t)envelope_bytes, &envelope, ledger_tokens_max(apply->ledger, &body));
    }
    return code;
}

static void app_recall(void *context, struct bytes bytes, uint32_t envelope_bytes, uint32_t tokens, struct command *command)
{
    struct envelope envelope;
    enum code code = envelope_decode(&envelope, bytes_of(bytes.data, envelope_bytes));

    (void)context;
    ASSERT(code == CODE_OK); /* app_scan has accepted it. */
    ASSERT(bytes.size == envelope_bytes + envelope.payload_bytes);
    fill(command, bytes, envelope_bytes, &envelope, tokens);
}

static void app_expect(void *context, const struct hash32 *account, unsigned step)
{
    const struct apply *apply = context;

    expect_sender(ledger_store(apply->ledger), account->bytes, step == 0 ? STATE_EXPECT_HINT : STATE_EXPECT_HEAD);
}

static void app_standing(void *context, const struct command *command, uint64_t time_ms, struct command_standing *standing)
{
    struct apply *apply = context;
    struct envelope envelope;
    struct ledger_standing found;
    enum code code = envelope_decode(&envelope, bytes_of(command->bytes.data, command->envelope_bytes));

    ASSERT(code == CODE_OK); /* A struct command is what app_scan made. */
    ledger_standing(apply->ledger, &envelope, time_ms, &found);
    *standing = (struct command_standing){ .nonce_executed = found.nonce_executed, .origin = found.org, .code = found.code,
                                              .interval_ms = found.interval_ms, .spare_ms = found.spare_ms };
}

static uint64_t app_nonce(void *context, const struct hash32 *account)
{
    struct apply *apply = context;

    return ledger_nonce(apply->ledger, account->bytes);
}

struct app apply_app(struct apply *apply)
{
    return (struct app){ .context = apply, .scan = app_scan, .recall = app_recall, .name = app_name, .payloads = app_payloads, .expect = app_expect, .standing = app_standing, .nonce = app_nonce };
}

void apply_begin(struct apply *apply, const struct effect *commit)
{
    ASSERT(!apply->busy);
    ASSERT(commit->kind == EFFECT_COMMIT);
    ASSERT(commit->commit.header->height == apply->height + 1);
    ASSERT(commit->commit.header->commands_count <= BLOCK_COMMANDS_MAX);
    apply->block = (struct apply_block){
        .header = commit->commit.header,
        .hash = commit->commit.hash,
        .body = commit->commit.body,
        .commands = commit->commit.commands,
        .codes = apply->codes,
        .roots = commit->commit.roots,
    };
    apply->next = 0;
    apply->busy = true;
    apply->folding = false;
    ledger_begin(apply->ledger, apply->block.header->height, apply->block.header->time_ms);
}

/* keep_locators puts the locators of the command that just succeeded into the archive. The payload is no longer there when it was erased. */
static void keep_locators(struct apply *apply, struct bytes payload)
{
    const struct pointer_add *added = ledger_pointers_added(apply->ledger, (uint32_t)payload.size);
    size_t at = 0;

    for (size_t i = 0; added != NULL && i < added->count; i++) {
        archive_expect_locator(&apply->archive, &added->items[i].locator_hash);
    }
    for (size_t i = 0; added != NULL && i < added->count; i++) {
        const struct pointer_add_item *item = &added->items[i];
        if (item->locator_length == LOCATOR_SEALED_BYTES && payload.size - at >= LOCATOR_SEALED_BYTES) {
            archive_add_locator(&apply->archive, &item->locator_hash, payload.data + at);
            at += LOCATOR_SEALED_BYTES;
        }
    }
}

/* expect_some fetches what the next few commands will read and write, all at once. */
static void expect_some(const struct apply *apply)
{
    struct bytes envelopes[EXPECT_COMMANDS];
    uint32_t left = apply->block.header->commands_count - apply->next;
    uint32_t count = left < EXPECT_COMMANDS ? left : EXPECT_COMMANDS;

    for (uint32_t i = 0; i < count; i++) {
        const struct block_command *command = &apply->block.commands[apply->next + i];
        ASSERT(command->offset + command->envelope_bytes <= apply->block.body.size);
        envelopes[i] = bytes_of(apply->block.body.data + command->offset, command->envelope_bytes);
    }
    expect_commands(ledger_store(apply->ledger), envelopes, count);
    for (uint32_t i = EXPECT_COMMANDS; i < left && i < 2 * EXPECT_COMMANDS; i++) { /* the next group's own bytes */
        const uint8_t *bytes = apply->block.body.data + apply->block.commands[apply->next + i].offset;
        __builtin_prefetch(bytes);
        __builtin_prefetch(bytes + ENVELOPE_HEADER_BYTES);
    }
}

static void execute_next(struct apply *apply)
{
    if (apply->next % EXPECT_COMMANDS == 0) {
        expect_some(apply);
    }
    const struct block_command *command = &apply->block.commands[apply->next];
    const uint8_t *bytes = apply->block.body.data + command->offset;
    archive_expect_receipt(&apply->archive, &command->id); /* it is kept with those of its group */
    enum code code = ledger_execute_next(apply->ledger, bytes_of(bytes, command->envelope_bytes), &command->id);

    if (code == CODE_OK && command->payload_bytes > 0) {
        keep_locators(apply, bytes_of(bytes + command->envelope_bytes, command->payload_bytes));
    }
    apply->codes[apply->next++] = (uint16_t)code;
    apply->executed++;
}

static const struct apply_block *finish(struct apply *apply)
{
    if (apply->block.roots) {
        apply->block.state_root = ledger_state_root(apply->ledger);
        apply->block.receipts_root = ledger_receipts_root(apply->ledger);
    }
    apply->busy = false;
    apply->height = apply->block.header->height;
    apply->time_ms = apply->block.header->time_ms;
    return &apply->block;
}

const struct apply_block *apply_step(struct apply *apply, uint32_t commands_max)
{
    uint32_t count = apply->block.header->commands_count;

    ASSERT(apply->busy);
    if (apply->folding) {
        return ledger_fold(apply->ledger, FOLD_HASHES) ? finish(apply) : NULL;
    }
    for (uint32_t i = 0; i < commands_max && apply->next < count; i++) {
        execute_next(apply);
    }
    ledger_settle(apply->ledger); /* between two slices others ask */
    if (apply->next < count) {
        return NULL;
    }
    ledger_end(apply->ledger);
    apply->folding = apply->block.roots;
    return apply->folding ? NULL : finish(apply);
}

void apply_check(const struct apply *apply)
{
    ASSERT(!apply->busy || apply->block.header->height == apply->height + 1); /* C4 */
    ASSERT(!apply->busy || apply->next <= apply->block.header->commands_count);
    ASSERT(!apply->folding || !apply->busy || apply->next == apply->block.header->commands_count); /* the root is of a whole block */
    ASSERT(!apply->folding || apply->block.roots);
    ASSERT(apply->busy || ledger_height(apply->ledger) == apply->height); /* C4 */
    ASSERT(apply->busy || !ledger_is_open(apply->ledger));
    ledger_check_state(apply->ledger);
}
