/* cell.c: see cell.h. A step of a cell is one event and all that follows from it at once, in one fixed order: what is durable, own messages, verdicts, executions, records, then
 * whatever is due by now. */
#include "sim/explore/cell.h"

#include "base/assert.h"
#include "sim/explore/cell_priv.h"
#include "sim/world/stamp.h"

#include <string.h>

#define START_NS UINT64_C(1000000000)
#define ANSWER_NS UINT64_C(251000000) /* more than a quarter of any tau_0 that samples of at most 250 ms make */
#define FOLLOW_MAX 64u
#define FOLLOW_STEPS_MAX 1000u
#define EXPIRE_STEPS_MAX 200u
#define VERDICTS_MAX 64u
#define BODY_BYTES_MAX 16384u

/* One event that is still to come within the step. */
struct follow {
    struct event event;
    bool verdicts[VERDICTS_MAX];
    uint8_t body[BODY_BYTES_MAX];
};

/* Empty between steps, so no part of a state. */
static struct {
    struct follow queue[FOLLOW_MAX];
    uint32_t head, count;
    struct effects effects;
    struct message message;
    uint8_t frame[FRAME_BYTES_MAX];
} work;

static struct follow *follow_new(enum event_kind kind)
{
    ASSERT(work.count < FOLLOW_MAX);
    struct follow *follow = &work.queue[(work.head + work.count++) % FOLLOW_MAX];
    follow->event = (struct event){ .kind = kind };
    return follow;
}

static void follow_message(uint32_t from, uint8_t type, const void *body, size_t size)
{
    struct follow *follow = follow_new(EVENT_MESSAGE);

    ASSERT(size <= BODY_BYTES_MAX);
    memcpy(follow->body, body, size);
    follow->event.message.from = from;
    follow->event.message.type = type;
    follow->event.message.body = bytes_of(follow->body, size);
}

/* --- Effects -------------------------------------------------------------------------------------------------------- */

/* note_append keeps what is durable now. Source: I6. */
static void note_append(struct cell *cell, const struct effect *effect, struct cell_step *step)
{
    struct cell_inside *inside = cell->inside;
    const struct voting_state *was = &inside->logged, *is = &effect->append.state;
    bool back = is->timeout_view < was->timeout_view || is->led_view < was->led_view || rank_compare(is->vote, was->vote) < 0 || rank_compare(is->high, was->high) < 0 ||
                is->committed_height < was->committed_height;

    if (back) {
        cell_broken(step, "I6: r%u appends less than it promised before", cell->member);
    }
    inside->lsn = effect->append.lsn;
    inside->vote_lsn = rank_compare(is->vote, was->vote) != 0 || !hash_equal(&is->vote_block, &was->vote_block) ? inside->lsn : inside->vote_lsn;
    inside->timeout_lsn = is->timeout_view != was->timeout_view ? inside->lsn : inside->timeout_lsn;
    inside->high_lsn = rank_compare(is->high, was->high) != 0 ? inside->lsn : inside->high_lsn;
    inside->led_lsn = is->led_view != was->led_view ? inside->lsn : inside->led_lsn;
    inside->logged = *is;
}

/* give_block answers a FETCH at once: what somebody names, somebody has. */
static void give_block(const struct cell *cell, uint32_t peer, const struct message_fetch *fetch)
{
    static struct message bundle;
    uint8_t blocks[BUNDLE_BLOCK_HEAD_BYTES + SCRIPT_BODY_BYTES_MAX], body[BODY_BYTES_MAX];
    uint32_t place = fetch->chain ? SCRIPT_BLOCKS_MAX : script_block_of(cell->script, &fetch->hash);
    struct writer writer;

    if (place == SCRIPT_BLOCKS_MAX || cell->script->blocks[place].body_bytes == 0) {
        return;
    }
    const struct script_block *block = &cell->script->blocks[place];
    writer_init(&writer, blocks, sizeof blocks);
    bundle_block_encode_head(&block->header, block->body_bytes, &writer);
    write_run(&writer, block->body, block->body_bytes);
    ASSERT(!writer.failed);
    bundle.type = MESSAGE_BUNDLE;
    bundle.bundle = (struct message_bundle){ .blocks_count = 1, .blocks = bytes_of(blocks, writer.offset) };
    writer_init(&writer, body, sizeof body);
    message_encode(&bundle, &writer);
    ASSERT(!writer.failed);
    follow_message(peer, MESSAGE_BUNDLE, body, writer.offset);
}

/* is_of_script: messages by which agreement is reached. The others help who lags, or carry what everybody has. */
static bool is_of_script(uint8_t type)
{
    return type == MESSAGE_PROPOSE || type == MESSAGE_VOTE || type == MESSAGE_CERT || type == MESSAGE_COMMITVOTE || type == MESSAGE_COMMITQC ||
           type == MESSAGE_TIMEOUT || type == MESSAGE_TC || type == MESSAGE_ABDICATE || type == MESSAGE_QC;
}

static void note_said(struct cell_step *step, uint16_t line)
{
    for (uint32_t i = 0; i < step->said_count; i++) {
        if (step->said[i] == line) {
            return;
        }
    }
    ASSERT(step->said_count < CELL_LINES_MAX);
    step->said[step->said_count++] = line;
}

static void speak(struct cell *cell, const struct effect *effect, struct cell_step *step)
{
    uint32_t to = (uint32_t)effect->send.to.words[0], own = UINT32_C(1) << cell->member;
    size_t head = effect->send.head.size, size = head + effect->send.tail.size;

    ASSERT(size <= sizeof work.frame);
    memcpy(work.frame, effect->send.head.data, head);
    if (effect->send.tail.size > 0) {
        memcpy(work.frame + head, effect->send.tail.data, effect->send.tail.size);
    }
    if (effect->send.sign) {
        stamp_make(cell->script->cast->config.members[cell->member].sign_key, effect->send.digest.bytes, work.frame);
    }
    if (message_decode(&work.message, (uint8_t)effect->send.type, bytes_of(work.frame, size)) != VERDICT_OK) {
        cell_broken(step, "r%u sends a %s that no replica can read", cell->member, message_word(effect->send.type));
        return;
    }
    if (effect->send.type == MESSAGE_FETCH) {
        give_block(cell, (uint32_t)__builtin_ctz(to), &work.message.fetch);
    }
    if ((to & own) != 0) {
        follow_message(cell->member, (uint8_t)effect->send.type, work.frame, size);
    }
    if (is_of_script((uint8_t)effect->send.type) && cell_assay(cell, &work.message, effect->send.after_lsn, step)) {
        uint32_t all = (UINT32_C(1) << cell->members_count) - 1;
        to = effect->send.type == MESSAGE_TIMEOUT ? all : to; /* Said again to one, it counts as said to all. */
        note_said(step, (uint16_t)script_line(cell->script, cell->member, to & ~own, &work.message, bytes_of(work.frame, size)));
    }
}

static void execute(struct cell *cell, const struct effect *effect, struct cell_step *step)
{
    struct cell_inside *inside = cell->inside;
    uint32_t place = script_block(cell->script, effect->commit.header, effect->commit.body);
    uint64_t height = effect->commit.header->height;

    if (height != inside->height + 1) {
        cell_broken(step, "C4: r%u executes block %llu after block %llu", cell->member, (unsigned long long)height, (unsigned long long)inside->height);
    }
    inside->height = height;
    inside->executed |= UINT64_C(1) << place;
    inside->nonce += effect->commit.header->commands_count;
    struct follow *follow = follow_new(EVENT_EXECUTED);
    follow->event.executed.height = height;
    follow->event.executed.block = effect->commit.hash;
    if (effect->commit.roots) {
        follow->event.executed.state_root = follow->event.executed.receipts_root = hash_plain(&effect->commit.hash, HASH_BYTES);
    }
}

static void verify(const struct effect *effect)
{
    struct follow *follow = follow_new(EVENT_VERIFIED);

    ASSERT(effect->verify.count <= VERDICTS_MAX);
    for (uint32_t i = 0; i < effect->verify.count; i++) {
        follow->verdicts[i] = stamp_check(&effect->verify.items[i]);
    }
    follow->event.verified.batch = effect->verify.batch;
    follow->event.verified.verdicts = follow->verdicts;
    follow->event.verified.count = effect->verify.count;
}

static void carry_out(struct cell *cell, const struct effect *effect, struct cell_step *step)
{
    switch (effect->kind) {
    case EFFECT_SEND:
        speak(cell, effect, step);
        break;
    case EFFECT_APPEND:
        note_append(cell, effect, step);
        break;
    case EFFECT_VERIFY:
        verify(effect);
        break;
    case EFFECT_COMMIT:
        execute(cell, effect, step);
        break;
    case EFFECT_READ_RECORD:
        follow_new(EVENT_RECORD)->event.record.token = effect->read_record.token;
        break;
    case EFFECT_HALT:
        cell_broken(step, "I1: r%u halts", cell->member);
        break;
    case EFFECT_ADMIT:
    case EFFECT_REFUSE:
    case EFFECT_READ_DONE:
    case EFFECT_PROOF:
    case EFFECT_MARK:
    case EFFECT_DRAINED:
    case EFFECT_KIND_END:
        break;
    }
}

/* --- Steps ---------------------------------------------------------------------------------------------------------- */

static void one(struct cell *cell, const struct event *event, struct cell_step *step)
{
    struct cell_inside *inside = cell->inside;
    uint64_t lsn = inside->lsn;

    replica_step(cell->replica, (struct now){ inside->now_ns, cell->wall_ms }, event, &work.effects);
    replica_check(cell->replica);
    for (uint32_t i = 0; i < work.effects.count; i++) {
        carry_out(cell, &work.effects.items[i], step);
    }
    if (inside->lsn > lsn) {
        struct follow *follow = follow_new(EVENT_DURABLE);
        follow->event.durable.lsn = inside->lsn;
        follow->event.durable.duration_ns = 100000;
    }
}

/* settle does all that follows at this moment. */
static void settle(struct cell *cell, struct cell_step *step)
{
    for (uint32_t guard = 0; guard < FOLLOW_STEPS_MAX; guard++) {
        if (work.count > 0) {
            one(cell, &work.queue[work.head].event, step); /* Its place is not used again before it is done. */
            work.head = (work.head + 1) % FOLLOW_MAX;
            work.count--;
        } else if (replica_deadline_ns(cell->replica) <= cell->inside->now_ns) {
            one(cell, &(struct event){ .kind = EVENT_TIMER }, step);
        } else {
            return;
        }
    }
    work.count = 0;
    cell_broken(step, "r%u never comes to rest", cell->member);
}

/* pass lets so much time go by after a TIMEOUT that whoever was answered just before may be answered again (T7): no TIMEOUT is kept back by a ration. */
static void pass(struct cell *cell, int64_t timed_out, struct cell_step *step)
{
    if (cell->inside->timed_out > timed_out) {
        cell->inside->now_ns += ANSWER_NS;
        settle(cell, step);
    }
}

static void step_begin(struct cell_step *step)
{
    *step = (struct cell_step){ .said_count = 0 };
    work.head = work.count = 0; /* A step that production code stopped may have left something. */
}

void cell_hear(struct cell *cell, uint32_t line, struct cell_step *step)
{
    const struct script_line *said = &cell->script->lines[line];
    struct event event = { .kind = EVENT_MESSAGE, .message = { said->from, said->type, bytes_of(said->body, said->size) } };

    ASSERT(line < cell->script->lines_count);
    ASSERT(said->from != cell->member);
    int64_t timed_out = cell->inside->timed_out;
    step_begin(step);
    one(cell, &event, step);
    settle(cell, step);
    pass(cell, timed_out, step);
}

void cell_expire(struct cell *cell, struct cell_step *step)
{
    int64_t before = cell->inside->timed_out;

    step_begin(step);
    for (uint32_t i = 0; i < EXPIRE_STEPS_MAX && cell->inside->timed_out == before && step->broken[0] == '\0'; i++) {
        uint64_t deadline_ns = replica_deadline_ns(cell->replica);
        if (deadline_ns == UINT64_MAX) {
            return;
        }
        cell->inside->now_ns = deadline_ns > cell->inside->now_ns ? deadline_ns : cell->inside->now_ns;
        one(cell, &(struct event){ .kind = EVENT_TIMER }, step);
        settle(cell, step);
    }
    pass(cell, before, step);
    step->expired = cell->inside->timed_out > before;
}

/* --- Making --------------------------------------------------------------------------------------------------------- */

static void configure(const struct cell *cell, struct replica_config *config)
{
    replica_config_default(config);
    config->epoch = cell->script->cast->config;
    config->self = cell->member;
    config->genesis = cell->script->cast->block0;
    config->pool_commands = POOL_COMMANDS_MIN;
    config->history_blocks = 1024;
    config->blocks = 12;
    config->reserves = false;
    config->asks = false;
}

static void request(struct cell *cell, uint64_t nonce, struct cell_step *step)
{
    uint8_t bytes[SCRIPT_BODY_BYTES_MAX];
    size_t size = cell_command(cell->script->cast, nonce, bytes);

    one(cell, &(struct event){ .kind = EVENT_REQUEST, .request = { nonce, { 1, 1 }, bytes_of(bytes, size) } }, step);
    settle(cell, step);
}

void cell_request(struct cell *cell, uint64_t nonce, struct cell_step *step)
{
    step_begin(step);
    request(cell, nonce, step);
}

static void greet(struct cell *cell, uint32_t commands)
{
    one(cell, &(struct event){ .kind = EVENT_START }, &cell->begun);
    settle(cell, &cell->begun);
    for (uint32_t member = 0; member < cell->members_count; member++) {
        if (member != cell->member) {
            one(cell, &(struct event){ .kind = EVENT_LINK, .link = { member, true } }, &cell->begun);
            settle(cell, &cell->begun);
        }
    }
    for (uint64_t nonce = 1; nonce <= commands; nonce++) {
        request(cell, nonce, &cell->begun);
    }
}

void cell_open(struct cell *cell, struct script *script, uint32_t member, uint32_t commands, uint32_t ahead_ms)
{
    static struct replica_config config;
    size_t inside_bytes = (sizeof(struct cell_inside) + 63) / 64 * 64;

    *cell = (struct cell){ .script = script, .member = member, .members_count = script->cast->config.members_count,
        .wall_ms = CAST_GENESIS_MS + 1 + ahead_ms };
    ASSERT(cell->members_count <= 32);
    configure(cell, &config);
    cell_pages_take(cell, inside_bytes + replica_footprint(&config));
    cell->inside = (struct cell_inside *)cell->memory;
    cell->inside->now_ns = START_NS;
    cell->inside->timed_out = -1;
    cell->inside->logged.timeout_view = cell->inside->logged.led_view = -1;
    struct app app = cell_app(cell->inside);
    cell->replica = replica_init(cell->memory + inside_bytes, &config, &app);
    step_begin(&cell->begun);
    greet(cell, commands);
    cell_pages_base(cell);
}

void cell_close(struct cell *cell)
{
    cell_pages_give(cell);
    *cell = (struct cell){ 0 };
}
