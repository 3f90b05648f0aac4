/* replica_serve.c: gives committed blocks to members that lack them, and proofs to whoever asks, from the log, one record at a time.
 *
 *     FETCH of a chain:  read the bodies that fit -> find a height with a proof, downwards from the last -> BUNDLE up to it, or GONE
 *     FETCH of a block:  read its body -> BUNDLE, or GONE
 *     PROVE of a height: find a proof, upwards from it -> headers between from the history -> PROOF
 *
 * R5: a proof is made when somebody asks. A proof of height h is the newest one, if it is near enough; else QC(h) from the record of block h + 1 and QC(h + 1) from that of h + 2, if
 * both are of one view; else the proof that was kept with block h when it came in a bundle. */
#include "consensus/replica_priv.h"

#include "base/assert.h"

#include <string.h>

#define PROVE_TRIES_MAX 16u
#define FETCH_INTERVAL_NS 2000000u /* bundles of one member: as fast as a log is read, no faster */
#define FETCH_BURST 64u
#define FETCH_TOKEN_BYTES 65536u /* a bundle costs one token for each so many bytes that it has beyond the first */

/* --- Asking ---------------------------------------------------------------------------------------------------------------------------------------- */

void replica_on_fetch(struct replica *r, uint32_t from, const struct message_fetch *fetch)
{
    if (from == r->self) {
        return;
    }
    r->peers[from].wants = true; /* The newest question replaces one that waits. */
    r->peers[from].fetch = *fetch;
}

static void proof_done(struct replica *r, uint64_t token, bool ok)
{
    struct effect *effect = effects_add(r->out, EFFECT_PROOF);
    const struct history_entry *entry = history_find(&r->history, r->serve.from);

    ASSERT(r->serve.prove);
    effect->proof.token = token;
    effect->proof.ok = ok && entry != NULL;
    effect->proof.header = entry != NULL ? entry->header : (struct block_header){ 0 };
    ASSERT(!effect->proof.ok || effect->proof.header.height == r->serve.from); /* R5 */
    ASSERT(!effect->proof.ok || r->serve.from <= r->history.high);             /* R5: of a committed block alone */
    effect->proof.proof = bytes_of(NULL, 0);
    if (effect->proof.ok) {
        struct writer writer = effects_room(r->out);
        commit_proof_encode(&r->serve.proof, &writer);
        effect->proof.proof = effects_take(r->out, &writer);
    }
}

void replica_on_prove(struct replica *r, uint64_t token, uint64_t height)
{
    struct serve *serve = &r->serve;

    ASSERT(serve->proves_count <= PROVES_MAX);
    if (serve->proves_count == PROVES_MAX) {
        struct effect *effect = effects_add(r->out, EFFECT_PROOF);
        memset(&effect->proof, 0, sizeof effect->proof);
        effect->proof.token = token;
        return;
    }
    serve->proves[serve->proves_count++] = (struct prove){ token, height };
}

/* --- Proofs --------------------------------------------------------------------------------------------------------------------------------------------- */

/* add_headers puts the headers of heights low + 1 .. high between. Gives: false when they are too many or gone. */
static bool add_headers(struct replica *r, uint64_t low, uint64_t high)
{
    struct writer writer;

    if (high < low || high - low > BUNDLE_HEADERS_MAX) {
        return false;
    }
    writer_init(&writer, r->serve.headers, (size_t)BUNDLE_HEADERS_MAX * BLOCK_HEADER_BYTES);
    for (uint64_t height = low + 1; height <= high; height++) {
        const struct history_entry *entry = history_find(&r->history, height);
        if (entry == NULL) {
            return false;
        }
        block_header_encode(&entry->header, &writer);
    }
    ASSERT(!writer.failed);
    r->serve.proof.headers_count = (uint32_t)(high - low);
    r->serve.proof.headers = bytes_of(r->serve.headers, writer.offset);
    return true;
}

/* prove_by_tip uses the newest proof, when at most BUNDLE_HEADERS_MAX headers lie between. */
static bool prove_by_tip(struct replica *r, uint64_t height)
{
    ASSERT(height <= r->history.high);
    if (!r->has_tip_proof || commit_proof_height(&r->tip_proof) < height) {
        return false;
    }
    commit_proof_copy(&r->serve.proof, &r->tip_proof);
    return add_headers(r, height, commit_proof_height(&r->tip_proof));
}

/* send_gone tells the asker that what it wants is not here; old: its next blocks left the log (S3). */
static void send_gone(struct replica *r, uint64_t height, bool old)
{
    ASSERT(!r->serve.prove); /* S2: somebody asked for blocks */
    r->msg.type = MESSAGE_GONE;
    r->msg.gone = (struct message_gone){ .old = old, .height = height };
    replica_send(r, member_set_one(r->serve.peer), 0, NULL);
    r->serve.stage = SERVE_IDLE;
}

/* stop ends what is served: whoever asked learns that it gets nothing. */
static void stop(struct replica *r)
{
    ASSERT(r->serve.prove || r->serve.peer != r->self);
    if (r->serve.prove) {
        proof_done(r, r->serve.token, false);
    } else {
        send_gone(r, r->serve.from, false);
    }
    r->serve.stage = SERVE_IDLE;
}

/* read_record asks for a record of a committed block, or goes on at once when the block is no longer known. */
static void read_record(struct replica *r, enum serve_stage stage, enum replica_record kind, uint64_t height)
{
    const struct history_entry *entry = history_find(&r->history, height);

    ASSERT(!r->serve.reading);
    if (entry == NULL) {
        stop(r);
        return;
    }
    struct effect *effect = effects_add(r->out, EFFECT_READ_RECORD);
    r->serve.stage = stage;
    r->serve.reading = true;
    effect->read_record.token = ++r->serve.read_token;
    effect->read_record.kind = (uint8_t)kind;
    effect->read_record.height = height;
    effect->read_record.hash = entry->hash;
}

static void send_bundle(struct replica *r)
{
    struct serve *serve = &r->serve;

    ASSERT(serve->blocks_count >= 1);
    ASSERT(serve->blocks_count <= BUNDLE_BLOCKS_MAX);
    ASSERT(!serve->sent_in_step);
    r->msg.type = MESSAGE_BUNDLE;
    r->msg.bundle.chain = serve->chain;
    r->msg.bundle.blocks_count = serve->blocks_count;
    r->msg.bundle.blocks = bytes_of(serve->buffer, serve->bytes);
    if (serve->chain) {
        r->msg.bundle.proof = serve->proof;
    }
    r->peers[serve->peer].fetch_ns += serve->bytes / FETCH_TOKEN_BYTES * (uint64_t)FETCH_INTERVAL_NS; /* S2, J7 */
    replica_mark(r, MARK_SERVED, serve->last, serve->peer, serve->blocks_count);
    replica_send(r, member_set_one(serve->peer), 0, NULL);
    serve->stage = SERVE_IDLE;
    serve->sent_in_step = true;
}

/* put_block adds a block to the bundle. Gives: false when it does not fit. */
static bool put_block(struct replica *r, const struct block_header *header, struct bytes body)
{
    struct serve *serve = &r->serve;
    struct writer writer;

    ASSERT(serve->blocks_count < BUNDLE_BLOCKS_MAX);
    ASSERT(serve->bytes <= BUNDLE_BYTES_MAX);
    ASSERT(!serve->sent_in_step);
    writer_init(&writer, serve->buffer + serve->bytes, BUNDLE_BYTES_MAX - serve->bytes);
    bundle_block_encode_head(header, (uint32_t)body.size, &writer);
    write_run(&writer, body.data, body.size);
    if (writer.failed) {
        return false;
    }
    serve->bytes += (uint32_t)writer.offset;
    serve->ends[serve->blocks_count++] = serve->bytes;
    serve->at++;
    return true;
}

/* proved goes on once serve.proof proves serve.at. */
static void proved(struct replica *r)
{
    struct serve *serve = &r->serve;

    ASSERT(!serve->reading);
    if (serve->prove) {
        bool ok = serve->at == serve->from || (serve->proof.headers_count == 0 && add_headers(r, serve->from, serve->at));
        proof_done(r, serve->token, ok);
        serve->stage = SERVE_IDLE;
        return;
    }
    ASSERT(serve->at >= serve->from);
    serve->blocks_count = (uint32_t)(serve->at - serve->from) + 1;
    ASSERT(serve->blocks_count <= BUNDLE_BLOCKS_MAX);
    serve->bytes = serve->ends[serve->blocks_count - 1];
    serve->last = serve->at;
    send_bundle(r);
}

/* bodies_done: as many bodies as fit are here. */
static void bodies_done(struct replica *r)
{
    struct serve *serve = &r->serve;

    ASSERT(serve->blocks_count <= BUNDLE_BLOCKS_MAX);
    if (serve->blocks_count == 0 && serve->chain && !serve->prove) {
        send_gone(r, serve->from, true); /* Its record left the log, or is damaged. */
        return;
    }
    if (serve->blocks_count == 0) {
        stop(r);
        return;
    }
    if (!serve->chain) {
        send_bundle(r);
        return;
    }
    serve->at = serve->from + serve->blocks_count - 1;
    if (prove_by_tip(r, serve->at)) {
        proved(r);
        return;
    }
    read_record(r, SERVE_CHILD, REPLICA_RECORD_BLOCK, serve->at + 1);
}

/* next_body reads the next body, or takes it from its slot. */
static void next_body(struct replica *r)
{
    struct serve *serve = &r->serve;

    ASSERT(!serve->reading);
    for (uint32_t i = 0; i <= BUNDLE_BLOCKS_MAX; i++) {
        if (serve->at > serve->last || serve->bytes >= BUNDLE_TARGET_BYTES) {
            break;
        }
        const struct history_entry *entry = history_find(&r->history, serve->at);
        struct block *block = entry != NULL ? blocks_find(&r->blocks, &entry->hash) : NULL;
        if (block == NULL || block->body_state != BODY_GOOD) {
            read_record(r, SERVE_BODY, REPLICA_RECORD_PAYLOAD, serve->at);
            return;
        }
        if (!put_block(r, &block->header, bytes_of(block->body, block->body_bytes))) {
            break;
        }
    }
    bodies_done(r);
}

/* next_proof tries the next height: downwards for a bundle, upwards for a PROVE. */
static void next_proof(struct replica *r)
{
    struct serve *serve = &r->serve;

    ASSERT(!serve->reading);
    serve->tries++;
    serve->at = serve->prove ? serve->at + 1 : serve->at - 1;
    if (serve->tries > PROVE_TRIES_MAX || serve->at < serve->from) {
        stop(r);
        return;
    }
    read_record(r, SERVE_CHILD, REPLICA_RECORD_BLOCK, serve->at + 1);
}

/* --- Records ------------------------------------------------------------------------------------------------------------------------------------------- */

/* read_justify reads a BLOCK record. Gives: false when it carries no QC of its parent. */
static bool read_justify(struct bytes bytes, struct block_header *header, struct cert *justify)
{
    struct reader reader;

    reader_init(&reader, bytes.data, bytes.size);
    return block_header_decode(header, &reader) == VERDICT_OK && cert_decode(justify, &reader) == VERDICT_OK && justify->ballot.kind != VOTE_ROOT;
}

static void on_child(struct replica *r, struct bytes bytes, bool found)
{
    struct serve *serve = &r->serve;

    ASSERT(serve->stage == SERVE_CHILD);
    serve->proof.headers_count = 0;
    serve->proof.headers = bytes_of(NULL, 0);
    if (found && read_justify(bytes, &serve->proof.child, &serve->proof.first)) {
        read_record(r, SERVE_GRANDCHILD, REPLICA_RECORD_BLOCK, serve->at + 2);
    } else {
        read_record(r, SERVE_PROOF, REPLICA_RECORD_CERTIFICATE, serve->at);
    }
}

static void on_grandchild(struct replica *r, struct bytes bytes, bool found)
{
    struct serve *serve = &r->serve;
    const struct history_entry *entry = history_find(&r->history, serve->at);
    struct block_header header;

    ASSERT(serve->stage == SERVE_GRANDCHILD);
    bool good = found && entry != NULL && read_justify(bytes, &header, &serve->proof.second) &&
                commit_proof_check(&serve->proof, &r->config.epoch, serve->at, &entry->hash) == VERDICT_OK;

    if (good) {
        proved(r);
    } else {
        read_record(r, SERVE_PROOF, REPLICA_RECORD_CERTIFICATE, serve->at);
    }
}

static void on_kept_proof(struct replica *r, struct bytes bytes, bool found)
{
    struct serve *serve = &r->serve;
    const struct history_entry *entry = history_find(&r->history, serve->at);
    struct reader reader;

    ASSERT(serve->stage == SERVE_PROOF);
    reader_init(&reader, bytes.data, bytes.size);
    bool good = found && entry != NULL && read_u8(&reader) == CERTIFICATE_PROOF && commit_proof_decode(&serve->proof, &reader) == VERDICT_OK &&
                commit_proof_check(&serve->proof, &r->config.epoch, serve->at, &entry->hash) == VERDICT_OK;
    if (!good || (serve->prove && serve->proof.headers_count > 0 && serve->at != serve->from)) {
        next_proof(r);
        return;
    }
    if (serve->proof.headers_count > 0) {
        memcpy(serve->headers, serve->proof.headers.data, serve->proof.headers.size);
        serve->proof.headers.data = serve->headers;
    }
    proved(r);
}

static void on_body(struct replica *r, struct bytes bytes, bool found)
{
    struct serve *serve = &r->serve;
    const struct history_entry *entry = history_find(&r->history, serve->at);

    ASSERT(serve->stage == SERVE_BODY);
    if (found && entry != NULL && put_block(r, &entry->header, bytes)) {
        next_body(r);
    } else {
        bodies_done(r);
    }
}

void replica_on_record(struct replica *r, const struct event *event)
{
    struct serve *serve = &r->serve;

    ASSERT(serve->reading);
    ASSERT(event->record.token == serve->read_token);
    serve->reading = false;
    switch (serve->stage) {
    case SERVE_CHILD:
        on_child(r, event->record.bytes, event->record.found);
        break;
    case SERVE_GRANDCHILD:
        on_grandchild(r, event->record.bytes, event->record.found);
        break;
    case SERVE_PROOF:
        on_kept_proof(r, event->record.bytes, event->record.found);
        break;
    case SERVE_BODY:
        on_body(r, event->record.bytes, event->record.found);
        break;
    case SERVE_IDLE:
        ASSERT(false);
    }
}

/* --- Beginning ----------------------------------------------------------------------------------------------------------------------------------------- */

static void begin_prove(struct replica *r)
{
    struct serve *serve = &r->serve;
    struct prove prove = serve->proves[0];

    ASSERT(serve->proves_count >= 1);
    ASSERT(serve->stage == SERVE_IDLE);
    serve->proves_count--;
    memmove(serve->proves, serve->proves + 1, serve->proves_count * sizeof serve->proves[0]);
    serve->prove = true;
    serve->token = prove.token;
    serve->from = prove.height;
    serve->at = prove.height;
    serve->tries = 0;
    if (prove.height > r->history.high || history_find(&r->history, prove.height) == NULL) {
        stop(r);
        return;
    }
    if (prove_by_tip(r, prove.height)) {
        proof_done(r, prove.token, true);
        serve->stage = SERVE_IDLE;
        return;
    }
    read_record(r, SERVE_CHILD, REPLICA_RECORD_BLOCK, serve->at + 1);
}

/* serve_single sends one block by name, from its slot or from the log. */
static void serve_single(struct replica *r, const struct message_fetch *fetch)
{
    struct serve *serve = &r->serve;
    struct block *block = blocks_find(&r->blocks, &fetch->hash);

    ASSERT(!serve->chain);
    if (block != NULL && !block->is_bundle && block->body_state == BODY_GOOD) {
        if (put_block(r, &block->header, bytes_of(block->body, block->body_bytes))) {
            send_bundle(r);
        }
        return;
    }
    if (!history_has(&r->history, fetch->height, &fetch->hash)) {
        stop(r);
        return;
    }
    serve->at = fetch->height;
    serve->last = fetch->height;
    read_record(r, SERVE_BODY, REPLICA_RECORD_PAYLOAD, fetch->height);
}

static void serve_chain(struct replica *r, const struct message_fetch *fetch)
{
    struct serve *serve = &r->serve;
    uint64_t last = fetch->from_height + BUNDLE_BLOCKS_MAX - 1;

    ASSERT(serve->chain);
    last = last > fetch->height ? fetch->height : last;
    last = last > r->history.high ? r->history.high : last;
    if (fetch->from_height != 0 && fetch->from_height <= last && history_find(&r->history, fetch->from_height) == NULL) {
        send_gone(r, fetch->from_height, true);
        return;
    }
    if (fetch->from_height == 0 || fetch->from_height > last) {
        replica_answer(r, serve->peer);
        send_gone(r, fetch->from_height, false); /* This replica is behind as well, or the chain has not come so far. */
        return;
    }
    serve->at = serve->from;
    serve->last = last;
    next_body(r);
}

static void begin_fetch(struct replica *r, uint32_t member)
{
    struct serve *serve = &r->serve;
    struct message_fetch *fetch = &r->peers[member].fetch;

    ASSERT(serve->stage == SERVE_IDLE); /* S2 */
    ASSERT(member != r->self);
    r->peers[member].wants = false;
    r->peers[member].rationed = false;
    serve->prove = false;
    serve->peer = member;
    serve->next_peer = (member + 1) % r->n;
    serve->chain = fetch->chain;
    serve->from = fetch->chain ? fetch->from_height : fetch->height;
    serve->tries = 0;
    serve->bytes = 0;
    serve->blocks_count = 0;
    if (fetch->chain) {
        serve_chain(r, fetch);
    } else {
        serve_single(r, fetch);
    }
}

/* may_serve: the member asks, and its bucket holds a token; otherwise the next step comes when it does. */
static bool may_serve(struct replica *r, uint32_t member)
{
    struct peer *peer = &r->peers[member];

    ASSERT(member < r->n);
    if (!peer->wants || replica_take_token(r, &peer->fetch_ns, FETCH_INTERVAL_NS, FETCH_BURST)) {
        return peer->wants;
    }
    r->counters.fetches_rationed += !peer->rationed;
    peer->rationed = true;
    replica_want(r, peer->fetch_ns - (FETCH_BURST - 1) * (uint64_t)FETCH_INTERVAL_NS);
    return false;
}

void replica_pump_serve(struct replica *r)
{
    struct serve *serve = &r->serve;
    bool waits = false;

    ASSERT(serve->proves_count <= PROVES_MAX);
    for (uint32_t i = 0; i < r->n && serve->stage == SERVE_IDLE && !serve->sent_in_step; i++) {
        uint32_t member = (serve->next_peer + i) % r->n;
        if (serve->proves_count > 0) {
            begin_prove(r);
        } else if (may_serve(r, member)) {
            begin_fetch(r, member);
        }
    }
    for (uint32_t i = 0; i < r->n; i++) {
        waits = waits || (r->peers[i].wants && r->peers[i].fetch_ns <= r->now.mono_ns);
    }
    if (serve->stage == SERVE_IDLE && (waits || serve->proves_count > 0)) {
        replica_want(r, r->now.mono_ns);
    }
}
