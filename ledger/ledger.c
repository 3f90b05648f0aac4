/* ledger.c: blocks in, receipts and roots out.
 *
 * A1 A failed sender check changes nothing at all. A later failure changes nonce and bucket of the sender, and of a PATIENT_REGISTER nothing.
 * A2 What a handler changed is kept as a whole or undone as a whole, with the chain's counters and its events.
 * A3 Every command of a block has one receipt, in order, whatever its bytes. */
#include "ledger/ledger.h"

#include "base/assert.h"
#include "crypto/merkle.h"
#include "ledger/audit.h"
#include "ledger/bucket.h"
#include "ledger/genesis_load.h"
#include "ledger/group.h"
#include "ledger/registry.h"
#include "ledger/sender.h"
#include "ledger/stateless.h"

#include <stddef.h>
#include <string.h>

enum { CHAIN_SAVED_BYTES = offsetof(struct chain, receipts) + offsetof(struct merkle_peaks, peaks) };
enum { JOURNAL_BYTES = 1 << 20, DUE_PER_CREATION = 2, DUE_PER_BLOCK = 64, DUE_AGAIN_MS = 3600000, SEEN_SLOTS = 4 * BLOCK_COMMANDS_MAX };

_Static_assert(PARAMS_BYTES == GENESIS_PARAMS_BYTES, "the genesis carries them whole");
_Static_assert((SEEN_SLOTS & (SEEN_SLOTS - 1)) == 0, "a power of two");

struct ledger {
    struct params params;
    struct hash32 genesis;
    struct chain chain;       /* of the last closed block; while one is open, its working copy */
    struct chain chain_saved; /* as of the savepoint, without the peaks of the receipts, which no command changes before it is settled */
    struct exec exec;
    struct ledger_sink sink;
    struct exec_orgs orgs;    /* of the open block */
    struct group group;       /* what the last commands add to the logs, not hashed yet */
    uint32_t group_saved;     /* events in it as of the savepoint */
    uint32_t keys_saved, cells_saved; /* of the state as of the savepoint */
    uint64_t receipts_begin;  /* receipts before the open block */
    struct envelope envelope;
    struct state_key restored; /* the last pair's key; size 0 before the first */
    uint32_t index; /* commands executed in the open block */
    bool open;
    uint16_t seen[SEEN_SLOTS]; /* 0: empty; else 1 + index into ids: tx_ids of the open block, open addressing */
    struct hash32 ids[BLOCK_COMMANDS_MAX];
    uint16_t taken[BLOCK_COMMANDS_MAX]; /* the slots of seen that are not empty: most blocks are small, and the table is 32 KiB */
    uint32_t taken_count;
};

enum verdict ledger_params(struct params *params, const uint8_t bytes[PARAMS_BYTES])
{
    return params_decode(params, bytes, PARAMS_BYTES);
}

struct ledger *ledger_take(struct arena *arena, const struct params *params)
{
    struct state_limits limits = { .keys_max = params->state_keys_max, .cells_max = params->state_cells_max, .journal_bytes = JOURNAL_BYTES };

    ASSERT(params_check(params) == VERDICT_OK);
    ASSERT(params->state_cells_max >= params->state_keys_max);
    struct ledger *ledger = arena_take(arena, 1, sizeof *ledger);
    struct state_store *store = state_store_init(arena, &limits);
    if (ledger == NULL) {
        return NULL;
    }
    ledger->params = *params;
    ledger->exec.store = store;
    ledger->exec.genesis = &ledger->genesis;
    ledger->exec.params = &ledger->params;
    ledger->exec.chain = &ledger->chain;
    ledger->exec.group = &ledger->group;
    return ledger;
}

void ledger_set_sink(struct ledger *ledger, const struct ledger_sink *sink)
{
    ASSERT(!ledger->open);
    ledger->sink = *sink;
}

/* The chain's own record grows by 32 bytes whenever the log's length gains a bit, however full the state is. */
static void put_chain(struct ledger *ledger)
{
    uint8_t bytes[CHAIN_BYTES_MAX];
    struct state_key key = key_chain();
    size_t size = chain_encode(&ledger->chain, bytes);

    ASSERT(size >= CHAIN_FIXED_BYTES);
    ASSERT(size <= CHAIN_BYTES_MAX);
    state_store_put_always(ledger->exec.store, bytes_of(key.bytes, key.size), bytes_of(bytes, size));
}

enum verdict ledger_load_genesis(struct ledger *ledger, const struct genesis *genesis)
{
    ASSERT(!ledger->open);
    ASSERT(ledger->group.receipts_count == 0);
    state_store_clear(ledger->exec.store);
    memset(&ledger->chain, 0, sizeof ledger->chain);
    ledger->genesis = genesis->hash;
    ledger->chain.time = genesis->time_ms;
    ledger->exec.envelope = NULL;
    ledger->exec.height = 0;
    ledger->exec.due_next_ms = 0;
    ledger->exec.time_ms = genesis->time_ms;
    enum verdict verdict = genesis_load(&ledger->exec, genesis);
    if (verdict == VERDICT_OK) {
        put_chain(ledger);
    } else {
        state_store_clear(ledger->exec.store);
    }
    return verdict;
}

/* --- Restoring ------------------------------------------------------------------------------------------------------ */

void ledger_restore_begin(struct ledger *ledger, const struct hash32 *genesis)
{
    ASSERT(!ledger->open);
    ASSERT(ledger->group.receipts_count == 0);
    state_store_clear(ledger->exec.store);
    memset(&ledger->chain, 0, sizeof ledger->chain);
    ledger->restored.size = 0;
    ledger->exec.due_next_ms = 0;
    ledger->genesis = *genesis;
    ledger->exec.envelope = NULL;
}

/* Tells whether the key comes after the one before. */
static bool ascends(const struct state_key *last, struct bytes key)
{
    size_t common = last->size < key.size ? last->size : key.size;
    int order = memcmp(last->bytes, key.data, common);

    ASSERT(last->size <= STATE_KEY_MAX);
    return order < 0 || (order == 0 && last->size < key.size);
}

enum verdict ledger_restore_pair(struct ledger *ledger, struct bytes key, struct bytes value)
{
    ASSERT(!ledger->open);
    if (!key_is_well_formed(key.data, key.size)) {
        return VERDICT_TYPE;
    }
    if (!ascends(&ledger->restored, key)) {
        return VERDICT_ORDER;
    }
    ledger->restored.size = (uint8_t)key.size;
    memcpy(ledger->restored.bytes, key.data, key.size);
    if (key.data[0] == KEY_CHAIN) { /* its place; it is written when there is no other pair left that could lack the room */
        enum verdict verdict = chain_decode(&ledger->chain, value.data, value.size);
        value.size = 0;
        if (verdict != VERDICT_OK) {
            return verdict;
        }
    }
    bool fits = value.size <= STATE_VALUE_BYTES_MAX && state_store_put(ledger->exec.store, key, value) == ERR_OK;
    return fits ? VERDICT_OK : VERDICT_LENGTH;
}

enum verdict ledger_restore_end(struct ledger *ledger)
{
    uint8_t ours[PARAMS_BYTES], theirs[STATE_VALUE_BYTES_MAX];
    struct state_key params = key_params(), chain = key_chain();

    ASSERT(!ledger->open);
    ASSERT(ledger->exec.envelope == NULL);
    ASSERT(ledger->group.receipts_count == 0);
    params_encode(&ledger->params, ours);
    if (exec_get(&ledger->exec, &chain, theirs, sizeof theirs) < 0) {
        return VERDICT_SHORT;
    }
    int size = exec_get(&ledger->exec, &params, theirs, sizeof theirs);
    if (size != PARAMS_BYTES || memcmp(ours, theirs, PARAMS_BYTES) != 0) {
        return VERDICT_CONFLICT;
    }
    ledger->exec.height = ledger->chain.height;
    ledger->exec.time_ms = ledger->chain.time;
    put_chain(ledger);
    return VERDICT_OK;
}

/* --- Checks without state ------------------------------------------------------------------------------------------ */

enum code ledger_check(const struct ledger *ledger, struct bytes bytes, uint64_t time_ms, struct envelope *envelope, struct command_body *body)
{
    enum code code = stateless_check(&ledger->genesis, bytes, envelope, body);

    return code == CODE_OK ? envelope_check_time(envelope, time_ms) : code;
}

/* --- Blocks -------------------------------------------------------------------------------------------------------- */

bool ledger_is_open(const struct ledger *ledger)
{
    return ledger->open;
}

uint64_t ledger_height(const struct ledger *ledger)
{
    return ledger->chain.height;
}

uint64_t ledger_time(const struct ledger *ledger)
{
    return ledger->chain.time;
}

static void forget_seen(struct ledger *ledger)
{
    ASSERT(ledger->taken_count <= BLOCK_COMMANDS_MAX);
    for (uint32_t i = 0; i < ledger->taken_count; i++) {
        ASSERT(ledger->seen[ledger->taken[i]] != 0);
        ledger->seen[ledger->taken[i]] = 0;
    }
    ledger->taken_count = 0;
}

void ledger_begin(struct ledger *ledger, uint64_t height, uint64_t time_ms)
{
    ASSERT(!ledger->open);
    ASSERT(height == ledger->chain.height + 1);
    ASSERT(time_ms > ledger->chain.time);
    ASSERT(ledger->exec.chain == &ledger->chain);
    ASSERT(ledger->group.receipts_count == 0);
    ASSERT(ledger->group.events_count == 0);
    ledger->open = true;
    ledger->index = 0;
    ledger->receipts_begin = ledger->chain.receipts.count;
    ledger->exec.height = height;
    ledger->exec.time_ms = time_ms;
    forget_seen(ledger);
    ledger->exec.orgs = &ledger->orgs;
    exec_forget_orgs(&ledger->exec); /* a genesis or a snapshot may have come since */
}

/* Tells whether the block had this id already, and remembers it. */
static bool seen_before(struct ledger *ledger, const struct hash32 *id)
{
    uint32_t slot = (uint32_t)(id->bytes[0] | id->bytes[1] << 8) % SEEN_SLOTS;

    for (uint32_t i = 0; i < SEEN_SLOTS && ledger->seen[slot] != 0; i++) {
        if (hash_equal(&ledger->ids[ledger->seen[slot] - 1], id)) {
            return true;
        }
        slot = (slot + 1) % SEEN_SLOTS;
    }
    ASSERT(ledger->seen[slot] == 0); /* four slots for each command of a block */
    ASSERT(ledger->index < BLOCK_COMMANDS_MAX);
    ledger->ids[ledger->index] = *id;
    ledger->seen[slot] = (uint16_t)(ledger->index + 1);
    ledger->taken[ledger->taken_count++] = (uint16_t)slot;
    return false;
}

void ledger_settle(struct ledger *ledger)
{
    struct group *group = &ledger->group;
    const struct ledger_sink *sink = &ledger->sink;
    struct hash32 tops[GROUP_COMMANDS];
    uint64_t position = ledger->chain.receipts.count;

    ASSERT(group->receipts_count <= GROUP_COMMANDS);
    for (uint32_t i = 0; i < group->events_count && sink->expect != NULL; i++) {
        sink->expect(sink->context, group->events[i].patient, group->events[i].seq);
    }
    group_resolve(group, ledger->exec.store);
    for (uint32_t i = 0; i < group->events_count && sink->event != NULL; i++) {
        const struct group_event *event = &group->events[i];
        sink->event(sink->context, event->patient, event->seq, event->bytes, &event->top);
    }
    group_receipts(group, &ledger->chain.receipts, tops);
    for (uint32_t i = 0; i < group->receipts_count && sink->receipt != NULL; i++) {
        sink->receipt(sink->context, position + i, &group->receipts[i].receipt, &tops[i]);
    }
    ASSERT(ledger->chain.receipts.count == position + group->receipts_count); /* A3 */
    group->events_count = group->resolved = group->receipts_count = 0;
}

/* Hands on the events of a command that is kept. One alone that waits in the group goes with it; before others goes what came before them. */
static void give_events(struct ledger *ledger)
{
    struct exec *exec = &ledger->exec;

    ASSERT(exec->events_count <= EXEC_EVENTS_MAX);
    if (exec->events_count == 0 || (exec->events_count == 1 && exec->events[0].put_off != GROUP_NONE)) {
        return;
    }
    uint32_t first = exec->events[0].put_off != GROUP_NONE ? 1 : 0; /* only the first can have been put off */
    for (uint32_t i = first; i < exec->events_count && ledger->sink.expect != NULL; i++) {
        ledger->sink.expect(ledger->sink.context, exec->events[i].patient, exec->events[i].seq);
    }
    group_resolve(&ledger->group, exec->store);
    if (first == 1) {
        exec->events[0].leaf = ledger->group.events[exec->events[0].put_off].leaf;
        exec->events[0].put_off = GROUP_NONE;
    }
    if (ledger->group.events_count > 0) { /* else only receipts wait, which go on waiting for company */
        ledger_settle(ledger);
    }
    for (uint32_t i = first; i < exec->events_count && ledger->sink.event != NULL; i++) {
        const struct exec_event *out = &exec->events[i];
        ASSERT(out->put_off == GROUP_NONE);
        ledger->sink.event(ledger->sink.context, out->patient, out->seq, out->bytes, &out->top);
    }
}

/* What a savepoint began ends here: kept or undone as a whole (A2). */
static void settle(struct ledger *ledger, bool keep)
{
    ASSERT(ledger->open);
    ASSERT(keep || ledger->chain_saved.receipts.count == ledger->chain.receipts.count); /* A3: undoing takes no receipt back */
    if (keep) {
        state_store_keep(ledger->exec.store);
        give_events(ledger);
        return;
    }
    state_store_undo(ledger->exec.store);
    ASSERT(state_store_keys(ledger->exec.store) == ledger->keys_saved);
    ASSERT(state_store_cells(ledger->exec.store) == ledger->cells_saved);
    exec_forget_orgs(&ledger->exec);
    group_drop_events(&ledger->group, ledger->group_saved);
    memcpy(&ledger->chain, &ledger->chain_saved, CHAIN_SAVED_BYTES);
    ledger->exec.events_count = 0;
    memset(&ledger->exec.eval_digest, 0, sizeof ledger->exec.eval_digest);
}

static void save(struct ledger *ledger)
{
    ASSERT(ledger->open); /* A2: what is kept or undone belongs to a command or a due entry of a block */
    ASSERT(ledger->group.events_count <= GROUP_COMMANDS);
    state_store_savepoint(ledger->exec.store);
    ledger->keys_saved = state_store_keys(ledger->exec.store);
    ledger->cells_saved = state_store_cells(ledger->exec.store);
    ledger->group_saved = ledger->group.events_count;
    memcpy(&ledger->chain_saved, &ledger->chain, CHAIN_SAVED_BYTES);
    ledger->exec.events_count = 0;
    ledger->exec.creations = 0;
    memset(&ledger->exec.eval_digest, 0, sizeof ledger->exec.eval_digest);
}

/* Cosigners, standing, handler. Needs: a savepoint is open. */
static enum code handle(struct exec *exec)
{
    enum code (*handler)(struct exec *exec) = exec_handler(exec->envelope->type);

    ASSERT(exec->envelope != NULL);
    ASSERT(exec->group != NULL);
    if (exec->envelope->type != COMMAND_POINTER_ADD) { /* others may look at the state by other ways than exec_get */
        group_resolve(exec->group, exec->store);
    }
    enum code code = sender_check_cosigners(exec);

    if (code == CODE_OK) {
        code = sender_check_standing(exec);
    }
    if (code != CODE_OK) {
        return code;
    }
    return handler == NULL ? CODE_TYPE : handler(exec);
}

static enum code execute(struct ledger *ledger, struct bytes bytes, const struct hash32 *tx_id)
{
    struct exec *exec = &ledger->exec;
    enum code code = ledger_check(ledger, bytes, exec->time_ms, &ledger->envelope, &exec->command);

    ASSERT(ledger->open);
    memset(&exec->tx_id, 0, sizeof exec->tx_id);
    if (code != CODE_OK) {
        return code;
    }
    exec->envelope = &ledger->envelope;
    exec->index = ledger->index;
    exec->tx_id = tx_id != NULL ? *tx_id : envelope_tx_id(exec->envelope, exec->genesis);
    code = sender_check(exec, seen_before(ledger, &exec->tx_id));
    if (code != CODE_OK) {
        return code;
    }
    sender_consume(exec);
    save(ledger);
    code = handle(exec);
    settle(ledger, code == CODE_OK);
    return code;
}

/* Works off one entry. One whose work does not fit the state comes back later; it takes the room of the one before, so there is always some. */
static void work_off(struct ledger *ledger, const struct due_entry *due, struct bytes key)
{
    enum code (*handler)(struct exec *exec, struct bytes key) = exec_due_handler((uint8_t)due->kind);
    struct state_key again = { .size = (uint8_t)key.size };
    enum err err = state_store_remove(ledger->exec.store, key);

    ASSERT(err == ERR_OK);
    ASSERT(handler != NULL);
    ASSERT(due->time <= ledger->exec.time_ms); /* nothing is worked off before its time */
    ASSERT(key.size <= STATE_KEY_MAX);
    save(ledger);
    bool done = handler(&ledger->exec, key) == CODE_OK;
    settle(ledger, done);
    if (!done) {
        memcpy(again.bytes, key.data, key.size);
        key_due_later(&again, ledger->exec.time_ms + DUE_AGAIN_MS);
        err = state_store_put(ledger->exec.store, bytes_of(again.bytes, again.size), bytes_of(NULL, 0));
        ASSERT(err == ERR_OK);
    }
}

/* Works off up to `max` entries of the due queue whose time has come. */
static void work_off_due(struct ledger *ledger, uint32_t max)
{
    const uint8_t prefix = KEY_DUE;
    struct exec *exec = &ledger->exec;
    struct state_cursor cursor;
    struct state_entry entry;

    ASSERT(ledger->open);
    ASSERT(max <= DUE_PER_BLOCK || max <= DUE_PER_CREATION * exec->creations);
    if (exec->due_next_ms > exec->time_ms) {
        return;
    }
    exec->envelope = NULL;
    exec->due_next_ms = UINT64_MAX; /* what the entries' work makes due is gathered here: it may lie before the cursor */
    state_cursor_init(&cursor, bytes_of(&prefix, 1), STATE_PIN_NONE);
    for (uint32_t i = 0; i < max; i++) {
        bool more = state_cursor_next(exec->store, &cursor, &entry);
        struct due_entry due = more ? key_due_parse(entry.key.data, entry.key.size) : (struct due_entry){ .time = UINT64_MAX };
        if (due.time > exec->time_ms) {
            exec->due_next_ms = due.time < exec->due_next_ms ? due.time : exec->due_next_ms;
            return;
        }
        work_off(ledger, &due, entry.key);
    }
    exec->due_next_ms = 0;
}

enum code ledger_execute_next(struct ledger *ledger, struct bytes envelope, const struct hash32 *tx_id)
{
    struct exec *exec = &ledger->exec;
    uint32_t event = GROUP_NONE;

    ASSERT(ledger->open);
    ASSERT(ledger->index < BLOCK_COMMANDS_MAX);
    ASSERT(exec->height == ledger->chain.height + 1); /* C4 */
    exec->events_count = 0;
    memset(&exec->eval_digest, 0, sizeof exec->eval_digest);
    enum code code = execute(ledger, envelope, tx_id);
    ASSERT(code == CODE_OK || exec->events_count == 0); /* A2: what is refused is in nobody's trail */
    struct receipt receipt = { .height = exec->height, .index = (uint16_t)ledger->index, .tx_id = exec->tx_id, .code = code, .eval_digest = exec->eval_digest,
        .time_ms = exec->time_ms };
    bool listed = exec->events_count >= 2 && exec->events_count <= GROUP_LISTED_MAX;
    if (exec->events_count == 1 && exec->events[0].put_off != GROUP_NONE) {
        event = exec->events[0].put_off;
    } else if (!listed) {
        receipt.events_digest = audit_digest(exec->events, exec->events_count);
    }
    group_put_receipt(&ledger->group, &receipt, event);
    if (listed) {
        group_list(&ledger->group, exec->events, exec->events_count);
    }
    ledger->index++;
    ASSERT(ledger->chain.receipts.count + ledger->group.receipts_count == ledger->receipts_begin + ledger->index); /* A3 */
    if (code == CODE_OK) {
        work_off_due(ledger, DUE_PER_CREATION * exec->creations);
    }
    if (ledger->group.receipts_count == GROUP_COMMANDS) {
        ledger_settle(ledger);
    }
    return code;
}

const struct receipt *ledger_execute(struct ledger *ledger, struct bytes envelope, const struct hash32 *tx_id)
{
    ASSERT(ledger->open);
    ledger_settle(ledger);
    (void)ledger_execute_next(ledger, envelope, tx_id);
    ledger_settle(ledger);
    return &ledger->group.receipts[0].receipt;
}

const struct pointer_add *ledger_pointers_added(const struct ledger *ledger, uint32_t payload_bytes)
{
    const struct envelope *envelope = &ledger->envelope; /* not exec.envelope: due entries may have been worked off since */

    ASSERT(ledger->open);
    ASSERT(ledger->index > 0);
    ASSERT(envelope->type != COMMAND_POINTER_ADD || ledger->exec.command.type == COMMAND_POINTER_ADD);
    return envelope->type == COMMAND_POINTER_ADD && envelope->payload_bytes == payload_bytes ? &ledger->exec.command.as.pointer_add : NULL;
}

void ledger_end(struct ledger *ledger)
{
    ASSERT(ledger->open);
    work_off_due(ledger, DUE_PER_BLOCK);
    ledger_settle(ledger);
    ASSERT(ledger->exec.height == ledger->chain.height + 1); /* C4: in height order, each once */
    ASSERT(ledger->exec.time_ms > ledger->chain.time);
    ASSERT(ledger->chain.receipts.count == ledger->receipts_begin + ledger->index); /* A3 */
    ledger->chain.height = ledger->exec.height;
    ledger->chain.time = ledger->exec.time_ms;
    put_chain(ledger);
    ledger->open = false;
    ledger->exec.orgs = NULL;
}

/* --- Roots --------------------------------------------------------------------------------------------------------- */

bool ledger_fold(struct ledger *ledger, uint32_t hashes_max)
{
    return state_store_fold(ledger->exec.store, hashes_max);
}

struct hash32 ledger_state_root(struct ledger *ledger)
{
    ASSERT(!ledger->open);
    ASSERT(ledger->group.receipts_count == 0);
    return state_store_root(ledger->exec.store);
}

struct hash32 ledger_receipts_root(const struct ledger *ledger)
{
    ASSERT(ledger->group.receipts_count == 0);
    return merkle_peaks_root(&ledger->chain.receipts);
}

uint64_t ledger_receipts_count(const struct ledger *ledger)
{
    ASSERT(ledger->group.receipts_count == 0);
    return ledger->chain.receipts.count;
}

/* --- Questions ----------------------------------------------------------------------------------------------------- */

uint64_t ledger_nonce(const struct ledger *ledger, const uint8_t account[ACCT_BYTES])
{
    struct signer signer;
    uint8_t key[KEY_BYTES];

    return sender_find(&ledger->exec, account, &signer, key) ? sender_nonce(&ledger->exec, &signer) : 0;
}

uint32_t ledger_tokens_max(const struct ledger *ledger, const struct command_body *body)
{
    return sender_tokens_max(&ledger->params, body);
}

/* Of a signer with this account and key: does it exist, and does its bucket allow it? */
static void judge(const struct ledger *ledger, const uint8_t *account, const uint8_t *key, uint64_t time_ms, struct ledger_standing *standing)
{
    struct signer signer;
    uint8_t current[KEY_BYTES];

    ASSERT(standing->code == CODE_OK);
    if (!sender_find(&ledger->exec, account, &signer, current)) {
        standing->code = CODE_SENDER_UNKNOWN;
        return;
    }
    standing->org = signer.kind == SIGNER_PATIENT ? signer.patient.vouchers[0] : signer.org;
    standing->nonce_executed = sender_nonce(&ledger->exec, &signer);
    const struct rate *rate = sender_rate(&ledger->params, &signer);
    standing->interval_ms = rate->interval_ms;
    standing->spare_ms = bucket_spare_ms(sender_tat(&ledger->exec, &signer), time_ms, rate);
    standing->code = standing->spare_ms >= 0 ? CODE_OK : CODE_RATE;
    if (memcmp(current, key, KEY_BYTES) != 0) {
        standing->code = CODE_KEY_NOT_CURRENT;
    }
}

/* Would the registration of a patient whose first voucher is of that organisation succeed, but for tokens? */
static enum code judge_registration(const struct ledger *ledger, const struct envelope *envelope, uint64_t time_ms, uint16_t voucher)
{
    struct command_body body;
    enum code code = sender_check_vouchers(&ledger->exec, envelope, time_ms);

    if (code != CODE_OK) {
        return code;
    }
    enum verdict verdict = command_body_decode(&body, envelope->type, envelope->body.data, envelope->body.size);
    ASSERT(verdict == VERDICT_OK); /* every stateless check has accepted it */
    ASSERT(voucher > 0); /* who vouches is of an organisation */
    return registry_check_patient(&ledger->exec, envelope, &body.as.patient_register, voucher);
}

void ledger_standing(const struct ledger *ledger, const struct envelope *envelope, uint64_t time_ms, struct ledger_standing *standing)
{
    *standing = (struct ledger_standing){ .code = CODE_OK };
    if (envelope->type != COMMAND_PATIENT_REGISTER) {
        judge(ledger, envelope->sender, envelope->key, time_ms, standing);
        return;
    }
    struct hash32 derived = account_derive(&ledger->genesis, ACCOUNT_PATIENT, envelope->key);
    if (memcmp(derived.bytes, envelope->sender, ACCT_BYTES) != 0) {
        standing->code = CODE_KEY_NOT_CURRENT;
    } else if (envelope->cosigners_count == 0) {
        standing->code = CODE_VOUCH_MISSING;
    } else {
        judge(ledger, envelope->cosigners[0].account, envelope->cosigners[0].key, time_ms, standing);
    }
    if (standing->code == CODE_OK || standing->code == CODE_RATE) { /* one that fails costs nobody anything, so it must not come into a block */
        enum code code = judge_registration(ledger, envelope, time_ms, (uint16_t)standing->org);
        standing->code = code == CODE_OK ? standing->code : code;
    }
    standing->nonce_executed = ledger_nonce(ledger, envelope->sender);
}

struct exec *ledger_exec(struct ledger *ledger)
{
    ASSERT(!ledger->open);
    ASSERT(ledger->group.receipts_count == 0);
    return &ledger->exec;
}

struct state_store *ledger_store(struct ledger *ledger)
{
    return ledger->exec.store;
}

/* Live entities stay within the capacities of the genesis, so that no replica differs when full. */
static void check_capacities(const struct chain *chain, const struct params *params)
{
    ASSERT(chain->actors <= params->actors_max);
    ASSERT(chain->patients <= params->patients_max);
    ASSERT(chain->pointers <= params->pointers_max);
    ASSERT(chain->grants <= params->grants_max);
    ASSERT(chain->tickets <= params->tickets_max);
    ASSERT(chain->orgs <= ORGANISATIONS_MAX);
}

void ledger_check_state(const struct ledger *ledger)
{
    const struct exec *exec = &ledger->exec;

    ASSERT(ledger->index <= BLOCK_COMMANDS_MAX);
    ASSERT(!ledger->open || exec->height == ledger->chain.height + 1); /* C4 */
    ASSERT(!ledger->open || exec->time_ms > ledger->chain.time);
    ASSERT(ledger->open || exec->height == ledger->chain.height); /* C4: a closed block is the newest */
    ASSERT(!ledger->open || ledger->chain.receipts.count + ledger->group.receipts_count == ledger->receipts_begin + ledger->index); /* A3 */
    group_check(&ledger->group);
    ASSERT(exec->events_count <= EXEC_EVENTS_MAX);
    ASSERT(exec->chain == &ledger->chain);
    check_capacities(&ledger->chain, &ledger->params);
    state_store_check(exec->store);
}
