/* cmd_inspect_chain.c: `ward inspect block` and `ward inspect state`: the chain in a data directory, and the state that follows from it, offline. */
#include "cli/cmd.h"

#include "cli/body.h"
#include "cli/describe.h"
#include "cli/log_chain.h"
#include "cli/output.h"
#include "cli/reach.h"
#include "ledger/ledger.h"

#include <string.h>
#include <sys/mman.h>

/* --- block ------------------------------------------------------------------------------------------------------------ */

struct look {
    const struct hash32 *genesis;
    json_t *result; /* NULL: not found yet */
};

static const char *type_name(uint8_t type)
{
    for (const struct body_spec *spec = body_specs(); spec->name != NULL; spec++) {
        if ((uint8_t)spec->type == type) {
            return spec->name;
        }
    }
    return "unknown";
}

/* describe_command gives one command; *size becomes what it takes of the body, 0 when it cannot be read. */
static json_t *describe_command(struct bytes bytes, const struct hash32 *genesis, size_t *size)
{
    struct envelope envelope;
    size_t own = envelope_size(bytes);
    json_t *object = json_object();

    *size = 0;
    if (own == 0 || envelope_decode(&envelope, bytes_of(bytes.data, own)) != CODE_OK) {
        json_object_set_new(object, "type", json_string("unreadable"));
        return object;
    }
    struct hash32 id = envelope_tx_id(&envelope, genesis);
    *size = own + envelope.payload_bytes;
    json_object_set_new(object, "transaction", output_hex(id.bytes, HASH_BYTES));
    json_object_set_new(object, "type", json_string(type_name(envelope.type)));
    json_object_set_new(object, "sender", output_hex(envelope.sender, ACCOUNT_BYTES));
    json_object_set_new(object, "nonce", json_integer((json_int_t)envelope.nonce));
    json_object_set_new(object, "bytes", json_integer((json_int_t)*size));
    return object;
}

static bool look_at(void *context, const struct block_header *header, const struct hash32 *hash, struct bytes body)
{
    struct look *look = context;
    json_t *commands = json_array();
    size_t at = 0, size = 1;

    for (uint32_t i = 0; i < header->commands_count && at < body.size && size > 0; i++) {
        json_array_append_new(commands, describe_command(bytes_of(body.data + at, body.size - at), look->genesis, &size));
        at += size;
    }
    look->result = describe_header(header);
    json_object_set_new(look->result, "hash", output_hex(hash->bytes, HASH_BYTES));
    json_object_set_new(look->result, "body_bytes", json_integer((json_int_t)body.size));
    json_object_set_new(look->result, "commands", commands);
    return false; /* One is enough. */
}

/* below says why a log begins where it does. */
static const char *below(const struct log_chain *chain) { return chain->low > 1 ? "; a snapshot has taken the place of those below" : ""; }

static int show_block(const struct args *args, struct store_view *view, const struct log_chain *chain)
{
    struct look look = { .genesis = &view->superblock.chosen.cluster };
    struct log_chain_visitor visitor = { &look, look_at };
    uint64_t height = args_has(args, "height") ? args_number(args, "height") : chain->committed_height, reached = 0;

    if (height == 0 || height < chain->low || height > chain->height) {
        return output_fail(args, EXIT_NO, "the log holds blocks of heights %llu to %llu%s", (unsigned long long)chain->low, (unsigned long long)chain->height, below(chain));
    }
    int code = log_chain_walk(args, view, chain, height, &visitor, &reached);
    if (code == EXIT_FINE && look.result == NULL) {
        return output_fail(args, EXIT_INTEGRITY, "the body of block %llu is not in the log", (unsigned long long)height);
    }
    if (code != EXIT_FINE) {
        return code;
    }
    json_object_set_new(look.result, "known_committed", json_boolean(height <= chain->committed_height));
    return output_result(args, look.result);
}

/* with_chain opens the directory, reads the chain, and does the rest. */
static int with_chain(const struct args *args, int (*rest)(const struct args *, struct store_view *, const struct log_chain *))
{
    struct store_view view;
    struct log_chain chain = { .count = 0 };
    int code = store_view_open(args, &view, args->operands[0], true);

    if (code == EXIT_FINE) {
        code = log_chain_read(args, &view, &chain);
    }
    if (code == EXIT_FINE) {
        code = rest(args, &view, &chain);
    }
    log_chain_close(&chain);
    store_view_close(&view);
    return code;
}

int cmd_inspect_block(const struct args *args) { return with_chain(args, show_block); }

/* --- state ------------------------------------------------------------------------------------------------------------ */

struct replay {
    struct ledger *ledger;
    uint64_t until; /* height */
    bool broken;
};

static bool execute(void *context, const struct block_header *header, const struct hash32 *hash, struct bytes body)
{
    struct replay *replay = context;
    struct envelope envelope;
    size_t at = 0;

    (void)hash;
    ledger_begin(replay->ledger, header->height, header->time_ms);
    for (uint32_t i = 0; i < header->commands_count && !replay->broken; i++) {
        struct bytes left = bytes_of(body.data + at, body.size - at);
        size_t size = envelope_size(left);
        replay->broken = size == 0 || envelope_decode(&envelope, bytes_of(left.data, size)) != CODE_OK || size + envelope.payload_bytes > left.size;
        if (!replay->broken) {
            (void)ledger_execute(replay->ledger, bytes_of(left.data, size), NULL);
            at += size + envelope.payload_bytes;
        }
    }
    ledger_end(replay->ledger);
    return !replay->broken && header->height < replay->until;
}

/* take_ledger takes memory for the genesis's capacities; pages that are not touched cost nothing. Gives: NULL when there is none, or the genesis is wrong. */
static struct ledger *take_ledger(const struct genesis *genesis)
{
    struct params params;
    struct arena arena;

    if (ledger_params(&params, genesis->params) != VERDICT_OK) {
        return NULL;
    }
    arena_init_measure(&arena);
    (void)ledger_take(&arena, &params);
    size_t size = arena.used;
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        return NULL;
    }
    arena_init(&arena, memory, size);
    struct ledger *ledger = ledger_take(&arena, &params);
    return ledger_load_genesis(ledger, genesis) == VERDICT_OK ? ledger : NULL;
}

static int tell_state(const struct args *args, const struct log_chain *chain, struct ledger *ledger)
{
    struct hash32 state = ledger_state_root(ledger), receipts = ledger_receipts_root(ledger);
    json_t *result = json_object();

    json_object_set_new(result, "height", json_integer((json_int_t)ledger_height(ledger)));
    json_object_set_new(result, "committed_height", json_integer((json_int_t)chain->committed_height));
    json_object_set_new(result, "time_ms", json_integer((json_int_t)ledger_time(ledger)));
    json_object_set_new(result, "state_root", output_hex(state.bytes, HASH_BYTES));
    json_object_set_new(result, "receipts", json_integer((json_int_t)ledger_receipts_count(ledger)));
    json_object_set_new(result, "receipts_root", output_hex(receipts.bytes, HASH_BYTES));
    return output_result(args, result);
}

static int replay_chain(const struct args *args, struct store_view *view, const struct log_chain *chain, const struct genesis *genesis)
{
    struct replay replay = { .ledger = take_ledger(genesis), .until = args_has(args, "height") ? args_number(args, "height") : chain->committed_height };
    struct log_chain_visitor visitor = { &replay, execute };
    uint64_t reached = 0;

    if (replay.ledger == NULL) {
        return output_fail(args, EXIT_RESOURCE, "no memory for the state, or the genesis has parameters outside of their bounds");
    }
    if (replay.until > chain->height || (replay.until > 0 && chain->low > 1)) {
        return output_fail(args, EXIT_NO, "the state is executed from the first block on, and the log holds blocks of heights %llu to %llu%s", (unsigned long long)chain->low,
                           (unsigned long long)chain->height, below(chain));
    }
    int code = replay.until == 0 ? (int)EXIT_FINE : log_chain_walk(args, view, chain, 1, &visitor, &reached);
    if (code == EXIT_FINE && (replay.broken || reached < replay.until)) {
        return output_fail(args, EXIT_INTEGRITY, "block %llu cannot be executed: its body is missing or cannot be read", (unsigned long long)reached + !replay.broken);
    }
    return code == EXIT_FINE ? tell_state(args, chain, replay.ledger) : code;
}

static int show_state(const struct args *args, struct store_view *view, const struct log_chain *chain)
{
    static struct reach reach; /* only its genesis is used */
    int code = reach_genesis(args, &reach);

    if (code == EXIT_FINE && !hash_equal(&reach.genesis.hash, &view->superblock.chosen.cluster)) {
        code = output_fail(args, EXIT_CONFIGURATION, "the store belongs to another genesis");
    }
    if (code == EXIT_FINE) {
        code = replay_chain(args, view, chain, &reach.genesis);
    }
    reach_close(&reach);
    return code;
}

int cmd_inspect_state(const struct args *args) { return with_chain(args, show_state); }
