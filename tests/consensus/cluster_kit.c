/* cluster_kit.c: see cluster_kit.h. */
#include "tests/consensus/cluster_kit.h"

#include "crypto/hash.h"
#include "tests/wire/message_kit.h"

#include <criterion/criterion.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static void fake_sign(const uint8_t *key, const uint8_t *digest, uint8_t signature[64])
{
    uint8_t both[64];

    memcpy(both, key, 32);
    memcpy(both + 32, digest, 32);
    struct hash32 hash = hash_plain(both, sizeof both);
    memset(signature, 0x5a, 64);
    memcpy(signature, hash.bytes, 32);
}

void cluster_kit_sign(const struct cluster_kit *kit, uint32_t member, const struct hash32 *digest, uint8_t signature[64])
{
    fake_sign(kit->config.members[member].sign_key, digest->bytes, signature);
}

static bool is_member_key(const struct cluster_kit *kit, const uint8_t *key)
{
    for (uint32_t i = 0; i < kit->n; i++) {
        if (memcmp(kit->config.members[i].sign_key, key, 32) == 0) {
            return true;
        }
    }
    return false;
}

static void verify(const struct cluster_kit *kit, const struct sig_item *items, uint32_t count, bool *verdicts)
{
    for (uint32_t i = 0; i < count; i++) {
        uint8_t expected[64];
        if (!is_member_key(kit, items[i].key)) {
            app_kit_verdicts(&items[i], 1, &verdicts[i]);
            continue;
        }
        fake_sign(items[i].key, items[i].digest, expected);
        verdicts[i] = memcmp(expected, items[i].signature, 64) == 0;
    }
}

static uint8_t *copy(const void *data, size_t size)
{
    uint8_t *to = malloc(size + 1);

    cr_assert_not_null(to);
    if (size > 0) {
        memcpy(to, data, size);
    }
    return to;
}

static void enqueue(struct cluster_kit *kit, uint32_t from, uint32_t to, uint8_t type, struct bytes head, struct bytes tail)
{
    cr_assert_lt(kit->count, CLUSTER_QUEUE_MAX);
    struct cluster_message *message = &kit->queue[(kit->head + kit->count++) % CLUSTER_QUEUE_MAX];
    *message = (struct cluster_message){ from, to, type, (uint32_t)(head.size + tail.size), malloc(head.size + tail.size + 1) };
    memcpy(message->body, head.data, head.size);
    if (tail.size > 0) {
        memcpy(message->body + head.size, tail.data, tail.size);
    }
    if (from != to) {
        kit->sent[type]++;
    }
}

/* release_send signs and lets leave. */
static void release_send(struct cluster_kit *kit, uint32_t node, const struct effect *effect)
{
    uint8_t *head = copy(effect->send.head.data, effect->send.head.size);

    if (effect->send.sign) {
        cluster_kit_sign(kit, node, &effect->send.digest, head);
    }
    for (uint32_t to = 0; to < kit->n; to++) {
        if (member_set_has(&effect->send.to, to)) {
            enqueue(kit, node, to, (uint8_t)effect->send.type, bytes_of(head, effect->send.head.size), effect->send.tail);
        }
    }
    free(head);
}

static void hold(struct cluster_node *node, const struct effect *effect)
{
    cr_assert_lt(node->held_count, 256);
    node->held[node->held_count].effect = *effect;
    node->held[node->held_count].head = copy(effect->send.head.data, effect->send.head.size);
    node->held[node->held_count].tail = copy(effect->send.tail.data, effect->send.tail.size);
    node->held_count++;
}

static void append(struct cluster_node *node, const struct effect *effect)
{
    cr_assert_eq(effect->append.lsn, node->lsn + 1);
    node->lsn = effect->append.lsn;
    node->state = effect->append.state;
    node->has_state = true;
    if (effect->append.abstain_view >= 0) { /* as the log keeps it */
        node->abstains = true;
        node->abstain_view = effect->append.abstain_view;
    }
    for (uint32_t i = 0; i < effect->append.records_count; i++) {
        const struct append_record *from = &effect->append.records[i];
        cr_assert_lt(node->log_count, CLUSTER_LOG_MAX);
        struct cluster_record *to = &node->log[node->log_count++];
        *to = (struct cluster_record){ from->kind, from->height, from->view, from->hash, 0, NULL };
        for (uint32_t part = 0; part < from->parts_count; part++) {
            to->payload = realloc(to->payload, to->size + from->parts[part].size + 1);
            memcpy(to->payload + to->size, from->parts[part].data, from->parts[part].size);
            to->size += (uint32_t)from->parts[part].size;
        }
    }
}

/* What a step leaves to be done by further steps. */
struct follow_up {
    struct { uint32_t batch; uint32_t count; bool verdicts[VERIFY_ITEMS_MAX]; } jobs[16];
    uint32_t jobs_count;
    struct event executed[64];
    uint32_t executed_count;
    struct event record;
    bool has_record;
};

static void execute(struct cluster_node *node, const struct effect *effect, struct follow_up *next)
{
    uint64_t height = effect->commit.header->height;

    cr_assert_eq(height, node->executed + 1, "blocks execute in order, each once");
    cr_assert_lt(height, 1024);
    for (uint32_t i = 0; i < effect->commit.header->commands_count; i++) {
        const struct block_command *command = &effect->commit.commands[i];
        app_kit_execute(node->app, bytes_of(effect->commit.body.data + command->offset, command->envelope_bytes + command->payload_bytes));
    }
    node->executed = height;
    node->chain[height] = effect->commit.hash;
    node->commands[height] = effect->commit.header->commands_count;
    struct event executed, *event = &executed;
    *event = (struct event){ .kind = EVENT_EXECUTED, .executed = { .height = height, .block = effect->commit.hash } };
    if (effect->commit.roots) {
        event->executed.state_root = hash_plain(&effect->commit.hash, 32);
        event->executed.state_root.bytes[0] ^= node->strays;
        event->executed.receipts_root = hash_plain(&event->executed.state_root, 32);
    }
    if (node->untold.executed.height > 0) {
        next->executed[next->executed_count++] = node->untold;
        node->untold.executed.height = 0;
    }
    if (node->lags) {
        node->untold = executed;
    } else {
        next->executed[next->executed_count++] = executed;
    }
}

static void read_record(struct cluster_node *node, const struct effect *effect, struct follow_up *next)
{
    next->has_record = true;
    next->record = (struct event){ .kind = EVENT_RECORD, .record = { .token = effect->read_record.token } };
    for (uint32_t i = node->log_count; i > 0; i--) {
        struct cluster_record *record = &node->log[i - 1];
        if (record->kind == effect->read_record.kind && hash_equal(&record->hash, &effect->read_record.hash)) {
            next->record.record.found = true;
            next->record.record.bytes = bytes_of(record->payload, record->size);
            return;
        }
    }
}

static void proof(struct cluster_node *node, const struct effect *effect)
{
    node->proof.done = true;
    node->proof.ok = effect->proof.ok;
    node->proof.header = effect->proof.header;
    node->proof.size = (uint32_t)effect->proof.proof.size;
    cr_assert_leq(effect->proof.proof.size, sizeof node->proof.bytes);
    if (node->proof.size > 0) {
        memcpy(node->proof.bytes, effect->proof.proof.data, node->proof.size);
    }
}

static void carry_out(struct cluster_kit *kit, uint32_t number, struct follow_up *next)
{
    struct cluster_node *node = &kit->nodes[number];

    for (uint32_t i = 0; i < kit->effects->count; i++) {
        const struct effect *effect = &kit->effects->items[i];
        switch (effect->kind) {
        case EFFECT_SEND:
            if (effect->send.after_lsn > node->durable) {
                hold(node, effect);
            } else {
                release_send(kit, number, effect);
            }
            break;
        case EFFECT_APPEND:
            append(node, effect);
            break;
        case EFFECT_VERIFY:
            cr_assert_lt(next->jobs_count, 16);
            cr_assert(!effect->verify.apart, "nobody here sent a bad signature");
            next->jobs[next->jobs_count].batch = effect->verify.batch;
            next->jobs[next->jobs_count].count = effect->verify.count;
            verify(kit, effect->verify.items, effect->verify.count, next->jobs[next->jobs_count].verdicts);
            next->jobs_count++;
            break;
        case EFFECT_COMMIT:
            execute(node, effect, next);
            break;
        case EFFECT_READ_RECORD:
            read_record(node, effect, next);
            break;
        case EFFECT_ADMIT:
            node->admitted++;
            break;
        case EFFECT_REFUSE:
            node->refused++;
            node->refused_code = effect->refuse.code;
            node->retry_after_ms = effect->refuse.retry_after_ms;
            break;
        case EFFECT_READ_DONE:
            node->read.done = true;
            node->read.ok = effect->read_done.ok;
            node->read.height = effect->read_done.height;
            break;
        case EFFECT_PROOF:
            proof(node, effect);
            break;
        case EFFECT_DRAINED:
            node->drained++;
            break;
        case EFFECT_HALT:
            node->halted++;
            break;
        case EFFECT_MARK:
        case EFFECT_KIND_END:
            break;
        }
    }
}

static void one_step(struct cluster_kit *kit, uint32_t number, const struct event *event, struct follow_up *next)
{
    struct now now = { kit->now_ns, kit->wall_ms + kit->now_ns / 1000000 };

    replica_step(kit->nodes[number].replica, now, event, kit->effects);
    carry_out(kit, number, next);
    replica_check(kit->nodes[number].replica);
}

static void make_durable(struct cluster_kit *kit, uint32_t number)
{
    struct cluster_node *node = &kit->nodes[number];

    node->durable = node->lsn;
    for (uint32_t i = 0; i < node->held_count; i++) {
        struct effect *effect = &node->held[i].effect;
        effect->send.head.data = node->held[i].head;
        effect->send.tail.data = node->held[i].tail;
        release_send(kit, number, effect);
        free(node->held[i].head);
        free(node->held[i].tail);
    }
    node->held_count = 0;
}

/* follow carries on until nothing is left: verdicts, executions, records, durability. */
static void follow(struct cluster_kit *kit, uint32_t number, struct follow_up *next)
{
    struct cluster_node *node = &kit->nodes[number];

    for (uint32_t guard = 0; guard < 10000; guard++) {
        if (next->jobs_count > 0) {
            uint32_t last = --next->jobs_count, count = next->jobs[last].count;
            bool *verdicts = malloc(count);
            memcpy(verdicts, next->jobs[last].verdicts, count);
            one_step(kit, number, &(struct event){ .kind = EVENT_VERIFIED, .verified = { next->jobs[last].batch, verdicts, count } }, next);
            free(verdicts);
        } else if (next->executed_count > 0) {
            struct event event = next->executed[0];
            memmove(next->executed, next->executed + 1, --next->executed_count * sizeof event);
            one_step(kit, number, &event, next);
        } else if (next->has_record) {
            struct event event = next->record;
            next->has_record = false;
            one_step(kit, number, &event, next);
        } else if (node->durable < node->lsn && !node->disk_stands) {
            make_durable(kit, number);
            one_step(kit, number, &(struct event){ .kind = EVENT_DURABLE, .durable = { node->durable, node->write_ns == 0 ? 100000 : node->write_ns } }, next);
        } else {
            return;
        }
    }
    cr_assert_fail("a replica never comes to rest");
}

void cluster_kit_step(struct cluster_kit *kit, uint32_t node, const struct event *event)
{
    struct follow_up *next = calloc(1, sizeof *next);

    one_step(kit, node, event, next);
    follow(kit, node, next);
    free(next);
}

static void make_replica(struct cluster_kit *kit, uint32_t number)
{
    struct cluster_node *node = &kit->nodes[number];
    struct replica_config config;

    replica_config_default(&config);
    config.epoch = kit->config;
    config.self = number;
    config.genesis = kit->genesis;
    config.pool_commands = 1024;
    config.history_blocks = 1024;
    config.reserves = kit->reserves;
    config.asks = node->asks;
    config.rejoins = node->rejoins;
    config.abstain = node->abstains;
    config.abstain_view = node->abstain_view;
    node->app = calloc(1, sizeof *node->app);
    app_kit_init(node->app);
    struct app app = app_kit_app(node->app);
    node->memory = calloc(1, replica_footprint(&config) + 64); /* Untouched pages cost nothing, which a hundred members need. */
    node->replica = replica_init((void *)(((uintptr_t)node->memory + 63) & ~(uintptr_t)63), &config, &app);
}

static uint32_t start_batch_us;
static bool start_reserves;

static void set_batch(struct config_limits *limits)
{
    limits->batch_us = start_batch_us;
}

void cluster_kit_start(struct cluster_kit *kit, uint32_t n, uint32_t batch_us)
{
    start_batch_us = batch_us;
    cluster_kit_start_with(kit, n, set_batch);
}

void cluster_kit_start_reserves(struct cluster_kit *kit, uint32_t n, uint32_t batch_us)
{
    start_reserves = true;
    cluster_kit_start(kit, n, batch_us);
    start_reserves = false;
}

void cluster_kit_start_with(struct cluster_kit *kit, uint32_t n, void (*set)(struct config_limits *limits))
{
    memset(kit, 0, offsetof(struct cluster_kit, nodes));
    memset(kit->nodes, 0, n * sizeof kit->nodes[0]);
    memset(&kit->queue, 0, sizeof *kit - offsetof(struct cluster_kit, queue));
    kit->n = n;
    kit->reserves = start_reserves;
    kit->wall_ms = APP_KIT_TIME;
    kit->now_ns = 1000000000;
    kit_config(&kit->config, n);
    kit->config.limits.block_bytes_max = 65536;
    set(&kit->config.limits);
    struct hash32 genesis = kit_hash(3);
    kit->genesis = block_genesis(&genesis, APP_KIT_TIME - 1000);
    kit->effects = calloc(1, sizeof *kit->effects);
    for (uint32_t i = 0; i < n; i++) {
        make_replica(kit, i);
    }
    for (uint32_t i = 0; i < n; i++) {
        cluster_kit_step(kit, i, &(struct event){ .kind = EVENT_START });
    }
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < n; j++) {
            if (i != j) {
                cluster_kit_step(kit, i, &(struct event){ .kind = EVENT_LINK, .link = { j, true } });
            }
        }
    }
}

static void close_node(struct cluster_node *node)
{
    free(node->memory);
    free(node->app);
    for (uint32_t i = 0; i < node->held_count; i++) {
        free(node->held[i].head);
        free(node->held[i].tail);
    }
    node->held_count = 0;
    node->memory = NULL;
    node->app = NULL;
    node->replica = NULL;
}

void cluster_kit_close(struct cluster_kit *kit)
{
    for (uint32_t i = 0; i < kit->n; i++) {
        close_node(&kit->nodes[i]);
        for (uint32_t j = 0; j < kit->nodes[i].log_count; j++) {
            free(kit->nodes[i].log[j].payload);
        }
    }
    for (; kit->count > 0; kit->count--, kit->head++) {
        free(kit->queue[kit->head % CLUSTER_QUEUE_MAX].body);
    }
    free(kit->effects);
}

/* deliver hands over the oldest message. */
static void deliver(struct cluster_kit *kit)
{
    struct cluster_message message = kit->queue[kit->head % CLUSTER_QUEUE_MAX];

    kit->head++;
    kit->count--;
    bool lost = kit->nodes[message.to].down || (message.from != message.to && (kit->cut[message.from][message.to] || (kit->drop != NULL && kit->drop(&message))));
    if (!lost) {
        if (kit->tamper != NULL && message.from != message.to) {
            kit->tamper(&message);
        }
        struct event event = { .kind = EVENT_MESSAGE, .message = { message.from, message.type, bytes_of(message.body, message.size) } };
        cluster_kit_step(kit, message.to, &event);
    }
    free(message.body);
}

static uint64_t next_deadline(const struct cluster_kit *kit)
{
    uint64_t next = UINT64_MAX;

    for (uint32_t i = 0; i < kit->n; i++) {
        uint64_t deadline = kit->nodes[i].down ? UINT64_MAX : replica_deadline_ns(kit->nodes[i].replica);
        next = deadline < next ? deadline : next;
    }
    return next;
}

static bool run_until(struct cluster_kit *kit, uint64_t end_ns)
{
    for (uint32_t guard = 0; guard < 1000000; guard++) {
        if (kit->count > 0) {
            kit->now_ns += 200000 / kit->n; /* One queue stands for n(n-1) links. */
            deliver(kit);
            continue;
        }
        uint64_t next = next_deadline(kit);
        if (next == UINT64_MAX) {
            return true;
        }
        if (next > end_ns) {
            return false;
        }
        kit->now_ns = next > kit->now_ns ? next : kit->now_ns;
        for (uint32_t i = 0; i < kit->n; i++) {
            if (!kit->nodes[i].down && replica_deadline_ns(kit->nodes[i].replica) <= kit->now_ns) {
                cluster_kit_step(kit, i, &(struct event){ .kind = EVENT_TIMER });
            }
        }
    }
    cr_assert_fail("the cluster never comes to rest");
    return false;
}

void cluster_kit_run(struct cluster_kit *kit, uint64_t for_ns)
{
    uint64_t end_ns = kit->now_ns + for_ns;

    (void)run_until(kit, end_ns);
    kit->now_ns = kit->now_ns > end_ns ? kit->now_ns : end_ns;
}

bool cluster_kit_quiet(struct cluster_kit *kit, uint64_t for_ns)
{
    return run_until(kit, kit->now_ns + for_ns);
}

void cluster_kit_request(struct cluster_kit *kit, uint32_t node, uint32_t account, uint64_t nonce)
{
    static uint8_t bytes[APP_KIT_COMMAND_BYTES_MAX];
    uint64_t now_ms = kit->wall_ms + kit->now_ns / 1000000;
    size_t size = app_kit_make(&(struct app_kit_command){ .account = account, .nonce = nonce, .valid_until_ms = now_ms + 300000 }, bytes);

    cluster_kit_step(kit, node, &(struct event){ .kind = EVENT_REQUEST, .request = { 1 + nonce + (uint64_t)account * 1000, { 1, 1 }, bytes_of(bytes, size) } });
}

void cluster_kit_crash(struct cluster_kit *kit, uint32_t number)
{
    kit->nodes[number].down = true;
    for (uint32_t i = 0; i < kit->n; i++) {
        if (i != number && !kit->nodes[i].down) {
            cluster_kit_step(kit, i, &(struct event){ .kind = EVENT_LINK, .link = { number, false } });
        }
    }
}

void cluster_kit_restart(struct cluster_kit *kit, uint32_t number)
{
    struct cluster_node *node = &kit->nodes[number];
    struct follow_up *next = calloc(1, sizeof *next);

    close_node(node);
    make_replica(kit, number);
    node->executed = 0;
    if (node->has_state) {
        replica_restore_state(node->replica, &node->state);
    }
    node->lsn = 0;
    node->durable = 0;
    for (uint32_t i = 0; i < node->log_count; i++) {
        const struct cluster_record *record = &node->log[i];
        effects_reset(kit->effects);
        enum err err = replica_restore_record(node->replica, record->kind, record->height, record->view, &record->hash, bytes_of(record->payload, record->size), kit->effects);
        cr_assert_eq(err, ERR_OK);
        carry_out(kit, number, next);
        follow(kit, number, next);
    }
    free(next);
    node->down = false;
    cluster_kit_step(kit, number, &(struct event){ .kind = EVENT_START });
    for (uint32_t i = 0; i < kit->n; i++) {
        if (i != number && !kit->nodes[i].down) {
            cluster_kit_step(kit, i, &(struct event){ .kind = EVENT_LINK, .link = { number, true } });
            cluster_kit_step(kit, number, &(struct event){ .kind = EVENT_LINK, .link = { i, true } });
        }
    }
}

void cluster_kit_inject(struct cluster_kit *kit, uint32_t from, uint32_t to, const struct message *message)
{
    static uint8_t bytes[1u << 20];
    struct writer writer;

    writer_init(&writer, bytes, sizeof bytes);
    message_encode(message, &writer);
    cr_assert_not(writer.failed);
    enqueue(kit, from, to, (uint8_t)message->type, bytes_of(bytes, writer.offset), bytes_of(NULL, 0));
}

uint64_t cluster_kit_agree(const struct cluster_kit *kit)
{
    const struct cluster_node *first = NULL;
    uint64_t low = UINT64_MAX;

    for (uint32_t i = 0; i < kit->n; i++) {
        const struct cluster_node *node = &kit->nodes[i];
        if (node->down) {
            continue;
        }
        first = first == NULL ? node : first;
        low = node->executed < low ? node->executed : low;
        for (uint64_t height = 1; height <= node->executed && height <= first->executed; height++) {
            cr_assert(hash_equal(&node->chain[height], &first->chain[height]), "I1: two replicas differ at height %llu", (unsigned long long)height);
        }
    }
    return low;
}
