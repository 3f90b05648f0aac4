/* session.c: see session.h.
 *
 * Invariant: outstanding of a session = open waiters of its client. A slot is found by the client's id with one pass over the list: it is
 * short, and ids are never used again, so nothing stale can match. */
#include "node/session.h"

#include "base/assert.h"

#include <string.h>

static void answer_release(struct payload *payload)
{
    struct session_answer *answer = (struct session_answer *)(void *)payload;

    answer->used = false;
}

uint32_t sessions_waiters_max(uint32_t clients_max)
{
    uint32_t count = 1;

    ASSERT(clients_max <= NET_CLIENTS_MAX);
    while (count < clients_max * CLIENT_OUTSTANDING_MAX) {
        count *= 2;
    }
    return count;
}

void sessions_take(struct sessions *sessions, struct arena *arena, const struct session_config *config, const struct session_ports *ports)
{
    *sessions = (struct sessions){ .config = *config, .ports = *ports };
    fair_take(&sessions->questions, arena, config->clients_max, SESSION_QUESTIONS_PER_SECOND_ALL, SESSION_QUESTIONS_BURST_ALL);
    sessions->list = arena_take(arena, config->clients_max, sizeof *sessions->list);
    waiters_init(&sessions->waiters, arena, config->waiters_max);
    sessions->block_receipts = arena_take(arena, config->waiters_max, sizeof *sessions->block_receipts);
    for (uint32_t i = 0; i < SESSION_ANSWERS_MAX; i++) {
        sessions->answers[i].data = arena_take(arena, 1, CLIENT_FRAME_BYTES_MAX);
    }
    for (uint32_t i = 0; i < config->clients_max; i++) {
        uint8_t *data = arena_take(arena, 1, CLIENT_FRAME_BYTES_MAX);
        if (sessions->list != NULL) {
            sessions->list[i].own.data = data;
        }
    }
}

/* reset makes a slot free, or a client's. */
static void reset(struct session *session, uint64_t client)
{
    ASSERT(!session->own.used); /* net lets go of what waits for a client before it says that it is gone */
    *session = (struct session){ .client = client, .own = { .data = session->own.data } };
}

static struct session *find(struct sessions *sessions, uint64_t client)
{
    for (uint32_t i = 0; i < sessions->config.clients_max; i++) {
        if (sessions->list[i].client == client) {
            return &sessions->list[i];
        }
    }
    return NULL;
}

bool sessions_client_up(struct sessions *sessions, uint64_t client, uint64_t party)
{
    struct session *session = find(sessions, 0);

    ASSERT(client != 0);
    if (session == NULL) {
        return false;
    }
    reset(session, client);
    session->party = party;
    throttle_init(&session->questions, SESSION_QUESTIONS_PER_SECOND, SESSION_QUESTIONS_BURST);
    return true;
}

void sessions_client_down(struct sessions *sessions, uint64_t client)
{
    struct session *session = find(sessions, client);

    if (session == NULL) {
        return;
    }
    if (session->outstanding > 0) {
        waiters_forget(&sessions->waiters, client);
    }
    gates_forget(&sessions->gates, client);
    reset(session, 0);
}

/* send_small sends a frame whose body fits the head. A client that does not read what it asked for is closed. */
static void send_small(struct sessions *sessions, uint64_t client, enum client_type type, const struct writer *writer)
{
    struct net_message message = { .type = (uint8_t)type, .version = CLIENT_PROTOCOL_VERSION, .head = bytes_of(writer->data, writer->offset) };

    ASSERT(!writer->failed);
    if (net_client_send(sessions->net, client, &message) == ERR_FULL) {
        net_client_close(sessions->net, client);
    }
}

static void send_refused(struct sessions *sessions, uint64_t client, uint64_t id, uint16_t code, uint32_t retry_after_ms)
{
    uint8_t body[16];
    struct writer writer;

    ASSERT(code < SESSION_CODES_MAX);
    sessions->counters.refused[code]++;
    writer_init(&writer, body, sizeof body);
    client_refused_encode(&(struct client_refused){ id, code, retry_after_ms }, &writer);
    send_small(sessions, client, CLIENT_REFUSED, &writer);
}

static enum verdict on_hello(struct sessions *sessions, struct session *session, struct bytes body)
{
    static const uint8_t any[CHAIN_TAG_BYTES] = { 0 };
    uint8_t bytes[64];
    struct client_hello hello;
    struct writer writer;
    enum verdict verdict = client_hello_decode(&hello, body);

    if (verdict != VERDICT_OK) {
        return verdict;
    }
    if (memcmp(hello.chain_tag, any, CHAIN_TAG_BYTES) != 0 && memcmp(hello.chain_tag, sessions->config.genesis.bytes, CHAIN_TAG_BYTES) != 0) {
        return VERDICT_EPOCH;
    }
    struct client_welcome welcome = { sessions->config.member, sessions->config.members_count, sessions->config.genesis, sessions->height };
    session->greeted = true;
    writer_init(&writer, bytes, sizeof bytes);
    client_welcome_encode(&welcome, &writer);
    send_small(sessions, session->client, CLIENT_WELCOME, &writer);
    return VERDICT_OK;
}

static enum verdict on_submit(struct sessions *sessions, struct session *session, struct bytes body)
{
    struct client_submit submit;
    enum verdict verdict = client_submit_decode(&submit, body);

    if (verdict != VERDICT_OK) {
        return verdict;
    }
    sessions->counters.submitted++;
    uint64_t token = 0;
    if (session->outstanding < CLIENT_OUTSTANDING_MAX) {
        token = waiters_open(&sessions->waiters, &(struct waiter){ session->client, submit.id });
    }
    if (token == 0) {
        send_refused(sessions, session->client, submit.id, REFUSAL_SHARE, 100);
        return VERDICT_OK;
    }
    session->outstanding++;
    struct requester who = { .party = session->party, .client = (uint32_t)(session - sessions->list) + 1 };
    driver_request(sessions->driver, token, &who, submit.command);
    return VERDICT_OK;
}

/* answer_room finds room for an answer to a client: of what all share, as far as its part goes, else what is its own. Clients that do not read what they
 * asked for hold no more than that. Gives: NULL when there is none, or the client is gone. */
static struct session_answer *answer_room(struct sessions *sessions, uint64_t client)
{
    struct session *session = find(sessions, client);
    struct session_answer *answer = session == NULL || session->own.used ? NULL : &session->own;
    uint32_t held = 0;

    ASSERT(client != 0);
    for (uint32_t i = 0; session != NULL && i < SESSION_ANSWERS_MAX; i++) {
        held += sessions->answers[i].used && sessions->answers[i].client == client;
    }
    for (uint32_t i = 0; session != NULL && i < SESSION_ANSWERS_MAX && held < SESSION_ANSWERS_CLIENT_MAX; i++) {
        if (!sessions->answers[i].used) {
            answer = &sessions->answers[i];
            break;
        }
    }
    return answer;
}

static struct session_answer *take_answer(struct sessions *sessions, uint64_t client)
{
    struct session_answer *answer = answer_room(sessions, client);

    if (answer != NULL) {
        answer->used = true;
        answer->client = client;
    }
    return answer;
}

/* send_answer sends `size` bytes of the answer's data behind the fixed fields. */
static void send_answer(struct sessions *sessions, uint64_t client, const struct client_answer *head, struct session_answer *answer, size_t size)
{
    uint8_t bytes[64];
    struct writer writer;

    writer_init(&writer, bytes, sizeof bytes);
    client_answer_encode(head, &writer);
    payload_init(&answer->payload, bytes_of(answer->data, size), answer_release);
    struct net_message message = { .type = CLIENT_ANSWER, .version = CLIENT_PROTOCOL_VERSION, .head = bytes_of(bytes, writer.offset), .body = &answer->payload };
    sessions->counters.answers++;
    if (net_client_send(sessions->net, client, &message) == ERR_FULL) {
        net_client_close(sessions->net, client);
    }
    payload_drop(&answer->payload);
}

static uint64_t age_of(const struct sessions *sessions)
{
    uint64_t wall_ms = sessions->driver->ports.now(sessions->driver->ports.context).wall_ms;

    return wall_ms > sessions->time_ms ? wall_ms - sessions->time_ms : 0;
}

/* charge counts a question by the time that it took: an evaluation over a full patient costs thirty times what others do. */
static void charge(struct sessions *sessions, struct session *session, uint64_t since_ns)
{
    uint64_t took = (sessions->driver->ports.now(sessions->driver->ports.context).mono_ns - since_ns) / SESSION_QUESTION_NS;
    uint32_t count = took < SESSION_QUESTION_COUNT_MAX ? (uint32_t)took : SESSION_QUESTION_COUNT_MAX;

    throttle_charge(&session->questions, count);
    fair_charge(&sessions->questions, session->party, count);
}

/* answer_now answers QUERY and STATUS from the executed state. */
static void answer_now(struct sessions *sessions, uint64_t client, enum client_type type, bool gated, const struct client_question *question)
{
    size_t size = 0, room = CLIENT_FRAME_BYTES_MAX - 64;
    struct session *session = find(sessions, client);
    uint64_t since_ns = sessions->driver->ports.now(sessions->driver->ports.context).mono_ns;

    if (session == NULL) {
        return; /* It left while its question waited. */
    }
    struct session_answer *answer = take_answer(sessions, client);
    if (answer == NULL) {
        send_refused(sessions, client, question->id, REFUSAL_BUSY, 100);
        return;
    }
    struct client_answer head = { .id = question->id, .height = sessions->height, .age_ms = age_of(sessions) };
    struct session_question asked = { question->question, gated };
    head.code = type == CLIENT_STATUS ? sessions->ports.status(sessions->ports.context, answer->data, room, &size)
                                      : sessions->ports.query(sessions->ports.context, &asked, answer->data, room, &size);
    ASSERT(size <= room);
    charge(sessions, session, since_ns);
    send_answer(sessions, client, &head, answer, size);
}

/* keep puts a question aside. Gives: NULL when there is no place and the client was told. Whoever lost its place to this one is told too. */
static struct gate *keep(struct sessions *sessions, const struct session *session, bool gated, const struct client_question *question)
{
    struct gate_owner owner = { session->client, session->party };
    struct gate_pushed pushed = { 0 };

    if (gates_of(&sessions->gates, session->client) >= GATES_CLIENT_MAX) {
        send_refused(sessions, session->client, question->id, REFUSAL_SHARE, 100);
        return NULL;
    }
    struct gate *gate = gates_keep(&sessions->gates, &owner, gated, question, &pushed);
    if (pushed.client != 0) {
        send_refused(sessions, pushed.client, pushed.id, REFUSAL_BUSY, 100);
    }
    if (gate == NULL) {
        send_refused(sessions, session->client, question->id, REFUSAL_BUSY, 100);
    }
    return gate;
}

/* is_between_blocks tells whether the executed state is that of a whole block. */
static bool is_between_blocks(const struct sessions *sessions)
{
    return !sessions->driver->apply.busy;
}

/* answer_kept answers a question that was put aside, or leaves it until the block is executed, or until its client has room for the answer: one read may
 * be for more questions than that. */
static void answer_kept(struct sessions *sessions, struct gate *gate)
{
    struct client_question question = { gate->id, bytes_of(gate->question, gate->size) };

    gate->wait = !is_between_blocks(sessions) ? GATE_BLOCK : answer_room(sessions, gate->owner.client) == NULL ? GATE_READY : GATE_NONE;
    if (gate->wait == GATE_NONE) {
        answer_now(sessions, gate->owner.client, CLIENT_QUERY, gate->gated, &question);
    }
}

/* may_ask counts a question. Gives: false when the client asks too much, or all of them do, and was told so. */
static bool may_ask(struct sessions *sessions, struct session *session, uint64_t id)
{
    uint64_t now_ns = sessions->driver->ports.now(sessions->driver->ports.context).mono_ns;

    if (!throttle_admit(&session->questions, now_ns)) {
        send_refused(sessions, session->client, id, REFUSAL_SHARE, 100);
        return false;
    }
    if (!fair_admit(&sessions->questions, session->party, now_ns)) {
        send_refused(sessions, session->client, id, REFUSAL_BUSY, 100);
        return false;
    }
    return true;
}

static enum verdict on_status(struct sessions *sessions, struct session *session, const struct client_question *question)
{
    answer_now(sessions, session->client, CLIENT_STATUS, false, question);
    return VERDICT_OK;
}

/* begin_read asks a quorum for all questions that wait for a turn, unless enough reads are under way. Needs: not called from within the driver. */
static void begin_read(struct sessions *sessions)
{
    uint64_t token = gates_begin_read(&sessions->gates);

    if (token != 0) {
        driver_read(sessions->driver, token);
    }
}

/* on_query answers at once, behind the block that is being executed, or, gated, once a quorum has been asked what is committed. */
static enum verdict on_query(struct sessions *sessions, struct session *session, bool gated, const struct client_question *question)
{
    if (question->question.size > CLIENT_GATED_BYTES_MAX) {
        return VERDICT_LENGTH;
    }
    if (!gated && is_between_blocks(sessions)) {
        answer_now(sessions, session->client, CLIENT_QUERY, false, question);
        return VERDICT_OK;
    }
    if (keep(sessions, session, gated, question) != NULL && gated) {
        begin_read(sessions);
    }
    return VERDICT_OK;
}

void sessions_read_done(struct sessions *sessions, uint64_t token, bool ok)
{
    for (uint32_t i = 0; i < GATES_MAX; i++) {
        struct gate *gate = &sessions->gates.list[i];
        if (gate->wait != GATE_READ || gate->read != token) {
            continue;
        }
        if (ok) {
            answer_kept(sessions, gate);
        } else {
            gate->wait = GATE_NONE;
            send_refused(sessions, gate->owner.client, gate->id, REFUSAL_BEHIND, 1000);
        }
    }
    gates_end_read(&sessions->gates, token);
}

static void answer_waiting(struct sessions *sessions)
{
    for (uint32_t i = 0; i < GATES_MAX; i++) {
        if (sessions->gates.list[i].wait == GATE_BLOCK) {
            answer_kept(sessions, &sessions->gates.list[i]);
        }
    }
}

/* begin_proof begins the proof of the next client that waits for one, in turn. Needs: not called from within the driver. */
static void begin_proof(struct sessions *sessions)
{
    uint32_t count = sessions->config.clients_max, first = sessions->prove_next;

    for (uint32_t i = 0; i < count && !sessions->proof.open; i++) { /* What the driver answers at once is not open any more. */
        uint32_t place = (first + i) % count;
        struct session *session = &sessions->list[place];
        if (session->client != 0 && session->prove.waits) {
            session->prove.waits = false;
            sessions->prove_next = (place + 1) % count;
            sessions->proof.open = true;
            sessions->proof.client = session->client;
            sessions->proof.id = session->prove.id;
            driver_prove(sessions->driver, 1, session->prove.height);
        }
    }
}

void sessions_work(struct sessions *sessions)
{
    for (uint32_t i = 0; i < GATES_MAX; i++) {
        if (sessions->gates.list[i].wait == GATE_READY) {
            answer_kept(sessions, &sessions->gates.list[i]);
        }
    }
    begin_read(sessions);
    begin_proof(sessions);
}

static enum verdict on_prove(struct sessions *sessions, struct session *session, const struct client_question *question)
{
    struct reader reader;

    reader_init(&reader, question->question.data, question->question.size);
    uint64_t height = read_u64_le(&reader);
    if (reader_end(&reader) != VERDICT_OK) {
        return reader_end(&reader);
    }
    if (session->prove.waits) {
        send_refused(sessions, session->client, question->id, REFUSAL_SHARE, 100);
        return VERDICT_OK;
    }
    session->prove = (struct session_prove){ true, question->id, height };
    begin_proof(sessions);
    return VERDICT_OK;
}

/* on_question reads what QUERY, PROVE and STATUS have in common. */
static enum verdict on_question(struct sessions *sessions, struct session *session, const struct frame *frame)
{
    struct client_question question;
    enum verdict verdict = client_question_decode(&question, frame->body);

    if (verdict != VERDICT_OK || !may_ask(sessions, session, question.id)) {
        return verdict;
    }
    if (frame->header.type == CLIENT_STATUS) {
        return on_status(sessions, session, &question);
    }
    if (frame->header.type == CLIENT_PROVE) {
        return on_prove(sessions, session, &question);
    }
    return on_query(sessions, session, frame->header.flags == CLIENT_FLAG_GATED, &question);
}

static enum verdict on_subscribe(struct session *session, struct bytes body)
{
    uint64_t from;
    enum verdict verdict = client_subscribe_decode(&from, body);

    session->subscribed = session->subscribed || verdict == VERDICT_OK;
    return verdict;
}

static enum verdict dispatch(struct sessions *sessions, struct session *session, const struct frame *frame)
{
    bool gated = frame->header.type == CLIENT_QUERY && frame->header.flags == CLIENT_FLAG_GATED;

    if (frame->header.version != CLIENT_PROTOCOL_VERSION) {
        return VERDICT_VERSION;
    }
    if (frame->header.flags != 0 && !gated) {
        return VERDICT_RESERVED;
    }
    if (!session->greeted) {
        return frame->header.type == CLIENT_HELLO ? on_hello(sessions, session, frame->body) : VERDICT_TYPE;
    }
    switch (frame->header.type) {
    case CLIENT_SUBMIT:
        return on_submit(sessions, session, frame->body);
    case CLIENT_QUERY:
    case CLIENT_STATUS:
    case CLIENT_PROVE:
        return on_question(sessions, session, frame);
    case CLIENT_SUBSCRIBE:
        return on_subscribe(session, frame->body);
    default:
        return VERDICT_TYPE; /* A stranger's number, not an enum's. */
    }
}

void sessions_client_frame(struct sessions *sessions, uint64_t client, const struct frame *frame)
{
    struct session *session = find(sessions, client);

    if (session == NULL) {
        return;
    }
    if (dispatch(sessions, session, frame) != VERDICT_OK) {
        sessions->counters.malformed++;
        net_client_close(sessions->net, client);
    }
}

void sessions_admitted(struct sessions *sessions, uint64_t token, const struct hash32 *tx_id)
{
    uint8_t body[16];
    struct waiter waiter;
    struct writer writer;

    if (!waiters_admit(&sessions->waiters, token, tx_id, &waiter)) {
        return;
    }
    sessions->counters.admitted++;
    writer_init(&writer, body, sizeof body);
    client_admitted_encode(waiter.request, &writer);
    send_small(sessions, waiter.client, CLIENT_ADMITTED, &writer);
}

static void finish_one(struct sessions *sessions, uint64_t client)
{
    struct session *session = find(sessions, client);

    if (session != NULL) {
        ASSERT(session->outstanding > 0);
        session->outstanding--;
    }
}

void sessions_refused(struct sessions *sessions, uint64_t token, uint16_t code, uint32_t retry_after_ms)
{
    struct waiter waiter;

    if (!waiters_close(&sessions->waiters, token, &waiter)) {
        return;
    }
    finish_one(sessions, waiter.client);
    send_refused(sessions, waiter.client, waiter.request, code, retry_after_ms);
}

/* collect puts the receipt of one command into the lists of all who wait for it. */
static void collect(struct sessions *sessions, const struct hash32 *tx_id, uint32_t index, uint16_t code)
{
    struct waiter waiter;

    while (sessions->waiters.count > 0 && waiters_take(&sessions->waiters, tx_id, &waiter)) {
        struct session *session = find(sessions, waiter.client);
        if (session == NULL) {
            continue;
        }
        ASSERT(session->outstanding > 0);
        ASSERT(sessions->block_receipts_count < sessions->config.waiters_max);
        session->outstanding--;
        struct session_receipt *receipt = &sessions->block_receipts[sessions->block_receipts_count++];
        *receipt = (struct session_receipt){ { waiter.request, index, code }, session->receipts };
        session->receipts = sessions->block_receipts_count;
        sessions->counters.receipts[code % SESSION_CODES_MAX]++;
    }
}

/* tell sends a client its receipts of the block, SESSION_RECEIPTS_FRAME at a time. */
static void tell(struct sessions *sessions, struct session *session, const struct apply_block *block)
{
    uint8_t body[CLIENT_RECEIPTS_HEAD_BYTES + SESSION_RECEIPTS_FRAME * CLIENT_RECEIPT_BYTES];
    uint32_t link = session->receipts;

    session->receipts = 0;
    while (link != 0) {
        struct writer items, head;
        uint32_t count = 0;
        writer_init(&items, body + CLIENT_RECEIPTS_HEAD_BYTES, sizeof body - CLIENT_RECEIPTS_HEAD_BYTES);
        for (; link != 0 && count < SESSION_RECEIPTS_FRAME; count++) {
            client_receipt_encode(&sessions->block_receipts[link - 1].receipt, &items);
            link = sessions->block_receipts[link - 1].next;
        }
        writer_init(&head, body, CLIENT_RECEIPTS_HEAD_BYTES);
        client_receipts_encode(&(struct client_receipts){ .height = block->header->height, .time_ms = block->header->time_ms, .count = count }, &head);
        head.offset += items.offset;
        head.size = sizeof body;
        send_small(sessions, session->client, CLIENT_RECEIPTS, &head);
    }
}

static void tell_block(struct sessions *sessions, const struct session *session, const struct apply_block *block)
{
    uint8_t body[64];
    struct writer writer;
    struct client_block told = { block->header->height, block->hash, block->header->time_ms, block->header->commands_count };

    writer_init(&writer, body, sizeof body);
    client_block_encode(&told, &writer);
    send_small(sessions, session->client, CLIENT_BLOCK, &writer);
}

bool sessions_has_work(struct sessions *sessions)
{
    for (uint32_t i = 0; i < GATES_MAX; i++) {
        const struct gate *gate = &sessions->gates.list[i];
        if (gate->wait == GATE_READY && answer_room(sessions, gate->owner.client) != NULL) {
            return true;
        }
    }
    return false;
}

void sessions_executed(struct sessions *sessions, const struct apply_block *block)
{
    sessions->height = block->header->height;
    sessions->time_ms = block->header->time_ms;
    sessions->block_receipts_count = 0;
    for (uint32_t i = 0; i < block->header->commands_count; i++) {
        collect(sessions, &block->commands[i].id, i, block->codes[i]);
    }
    for (uint32_t i = 0; i < sessions->config.clients_max; i++) {
        struct session *session = &sessions->list[i];
        if (session->client != 0 && session->receipts != 0) {
            tell(sessions, session, block);
        }
        if (session->client != 0 && session->subscribed) {
            tell_block(sessions, session, block);
        }
    }
    answer_waiting(sessions);
}

void sessions_proof(struct sessions *sessions, bool ok, const struct block_header *header, struct bytes proof)
{
    struct session_answer *answer = take_answer(sessions, sessions->proof.client); /* NULL too when the client has left */
    struct client_answer head = { .id = sessions->proof.id, .height = sessions->height, .age_ms = age_of(sessions), .code = ok ? 0 : REFUSAL_BEHIND };
    struct writer writer;

    ASSERT(sessions->proof.open);
    sessions->proof.open = false;
    if (answer == NULL) {
        send_refused(sessions, sessions->proof.client, head.id, REFUSAL_BUSY, 100);
        return;
    }
    writer_init(&writer, answer->data, CLIENT_FRAME_BYTES_MAX - 64);
    if (ok) {
        block_header_encode(header, &writer);
        write_run(&writer, proof.data, proof.size);
    }
    ASSERT(!writer.failed);
    send_answer(sessions, sessions->proof.client, &head, answer, writer.offset);
}
