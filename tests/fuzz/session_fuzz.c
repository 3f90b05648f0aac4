/* session_fuzz.c: what a client sends over its socket, through the connection, the frames and the session behind them. Whatever the bytes are, each frame
 * that comes back is one that a client can read, and when the client is gone nothing of it is left.
 *
 * Input: byte 0 says what the replica does meanwhile (bit 0: it executes a block; bit 1: it admits commands, else it refuses them; bit 2: reads of a
 * quorum fail; bit 3: what was admitted is in the next block; bit 4: proofs of commits are found); the rest is the stream of the client. */
#include "base/clock.h"
#include "crypto/keys.h"
#include "net/loop_posix.h"
#include "net/net.h"
#include "node/session.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { TURNS = 6, CLIENTS = 4, WAITERS = 64 };

static struct sessions sessions;
static struct driver driver; /* stopped: it takes nothing, and answers by its ports at once */
static struct net *net;
static struct loop *loop;
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static uint8_t manner;
static uint32_t clients;
static uint64_t now_ns = 1000000000;
static struct block_command admitted[WAITERS]; /* since the last block */
static uint32_t admitted_count;

static struct now port_now(void *context)
{
    (void)context;
    return (struct now){ now_ns, 1780000000000 };
}

static void port_refused(void *context, uint64_t token, const struct hash32 *id, uint16_t code, uint32_t retry_after_ms)
{
    (void)context, (void)id; /* of a driver that is stopped: zeros */
    if ((manner & 2) != 0) {
        struct block_command *command = &admitted[admitted_count++];
        CHECK(admitted_count <= WAITERS);
        *command = (struct block_command){ .id = hash_one(HASH_COMMITMENT, &token, sizeof token) };
        sessions_admitted(&sessions, token, &command->id);
    } else {
        sessions_refused(&sessions, token, code, retry_after_ms);
    }
}

static void port_read_done(void *context, uint64_t token, bool ok, uint64_t height)
{
    (void)context, (void)ok, (void)height;
    sessions_read_done(&sessions, token, (manner & 4) == 0);
}

static void port_proof(void *context, uint64_t token, bool found, const struct block_header *header, struct bytes proof)
{
    (void)context, (void)token;
    sessions_proof(&sessions, found || (manner & 16) != 0, header, proof);
}

static uint16_t port_query(void *context, const struct session_question *question, uint8_t *out, size_t room, size_t *size)
{
    (void)context;
    *size = question->question.size < room ? question->question.size : room;
    memcpy(out, question->question.data, *size);
    return 0;
}

static uint16_t port_status(void *context, uint8_t *out, size_t room, size_t *size)
{
    (void)context, (void)room;
    memcpy(out, "up yes\n", 7);
    *size = 7;
    return 0;
}

static bool client_up(void *context, uint64_t client, const struct net_client_info *info)
{
    (void)context;
    clients++;
    return sessions_client_up(&sessions, client, info->party);
}

static void client_down(void *context, uint64_t client, enum net_reason reason)
{
    (void)context, (void)reason;
    clients--;
    sessions_client_down(&sessions, client);
}

static void client_frame(void *context, uint64_t client, const struct frame *frame)
{
    (void)context;
    sessions_client_frame(&sessions, client, frame);
}

static void take(struct arena *arena, const struct net_config *config)
{
    struct session_config session = { .clients_max = CLIENTS, .waiters_max = WAITERS, .members_count = 4, .genesis = { { 7 } } };
    struct session_ports ports = { NULL, port_query, port_status };
    struct loop_posix_config loop_config = loop_posix_config_default();

    sessions_take(&sessions, arena, &session, &ports);
    net = net_take(arena, config);
    loop = loop_posix_take(arena, &loop_config);
}

static void *memory_of(size_t size)
{
    void *memory = aligned_alloc(ARENA_ALIGN, (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN);

    CHECK(memory != NULL);
    return memset(memory, 0, size);
}

static void remove_socket(void)
{
    unlink(address.sun_path);
}

static void start(void)
{
    static const struct net_handlers handlers = { .client_up = client_up, .client_down = client_down, .client_frame = client_frame };
    static const uint8_t seed[32] = { 1 };
    static struct kx_keypair key;
    struct net_config config;
    struct arena arena;
    const char *problem = NULL;
    char text[sizeof address.sun_path + 8];

    crypto_start();
    kx_keypair_from_seed(&key, seed);
    snprintf(address.sun_path, sizeof address.sun_path, "/tmp/ward-session-fuzz-%d", (int)getpid());
    snprintf(text, sizeof text, "unix:%s", address.sun_path);
    net_config_default(&config);
    config.key = &key;
    config.own_index = NET_NOT_MEMBER;
    config.client_frame_bytes_max = CLIENT_FRAME_BYTES_MAX;
    config.client_queue_bytes_max = 1 << 20;
    config.clients_max = CLIENTS;
    CHECK(address_parse(&config.listen_local, text, &problem) == ERR_OK);
    arena_init_measure(&arena);
    take(&arena, &config);
    size_t size = arena.used;
    arena_init(&arena, memory_of(size), size);
    take(&arena, &config);
    CHECK(loop_posix_open(loop) == ERR_OK);
    driver.ports = (struct driver_ports){ .now = port_now, .refused = port_refused, .read_done = port_read_done, .proof = port_proof };
    driver.stopped = true;
    sessions.net = net;
    sessions.driver = &driver;
    CHECK(net_start(net, loop, &handlers, &problem) == ERR_OK);
    CHECK(atexit(remove_socket) == 0);
}

static void turn(uint32_t times)
{
    for (uint32_t i = 0; i < times; i++) {
        CHECK(loop_turn(loop, clock_mono_ns()) == ERR_OK);
        if (sessions_has_work(&sessions) || i + 1 < times) { /* the last turn leaves what waits to whoever turns next */
            sessions_work(&sessions);
        }
        net_step(net, clock_mono_ns());
    }
}

/* check_reply demands that a client can read a frame of the replica. */
static void check_reply(const struct frame *frame)
{
    struct client_welcome welcome;
    struct client_refused refused;
    struct client_receipts receipts;
    struct client_answer answer;
    struct client_block block;
    uint64_t id;

    switch (frame->header.type) {
    case CLIENT_WELCOME: CHECK(client_welcome_decode(&welcome, frame->body) == VERDICT_OK); break;
    case CLIENT_ADMITTED: CHECK(client_admitted_decode(&id, frame->body) == VERDICT_OK); break;
    case CLIENT_REFUSED: CHECK(client_refused_decode(&refused, frame->body) == VERDICT_OK); break;
    case CLIENT_RECEIPTS: CHECK(client_receipts_decode(&receipts, frame->body) == VERDICT_OK); break;
    case CLIENT_ANSWER: CHECK(client_answer_decode(&answer, frame->body) == VERDICT_OK); break;
    case CLIENT_BLOCK: CHECK(client_block_decode(&block, frame->body) == VERDICT_OK); break;
    default: CHECK(false);
    }
}

static void read_replies(int fd)
{
    static uint8_t bytes[1 << 16], room[FRAME_HEADER_BYTES + CLIENT_FRAME_BYTES_MAX];
    struct frame_reader reader;
    struct frame frame;
    ssize_t got;

    frame_reader_init(&reader, room, CLIENT_FRAME_BYTES_MAX);
    while ((got = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
        struct bytes piece = bytes_of(bytes, (size_t)got);
        enum frame_result result;
        while ((result = frame_reader_next(&reader, &piece, &frame)) == FRAME_READY) {
            check_reply(&frame);
        }
        CHECK(result == FRAME_MORE);
    }
}

/* execute tells the sessions of a block, with what they sent or with nothing. */
static void execute(void)
{
    static const uint16_t codes[WAITERS] = { 0 };
    struct block_header header = { .height = 9, .time_ms = 9, .commands_count = (manner & 8) != 0 ? admitted_count : 0 };

    sessions_executed(&sessions, &(struct apply_block){ .header = &header, .commands = admitted, .codes = codes });
    admitted_count = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (net == NULL) {
        start();
    }
    if (size < 1) {
        return 0;
    }
    manner = data[0];
    now_ns += UINT64_C(100000000000); /* Every bucket is full. */
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    CHECK(fd >= 0);
    CHECK(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    driver.apply.busy = (manner & 1) != 0;
    (void)!write(fd, data + 1, size - 1); /* A prefix, when the socket takes no more. */
    turn(TURNS);
    driver.apply.busy = false;
    execute();
    turn(2);
    read_replies(fd);
    close(fd);
    for (uint32_t i = 0; i < 100 && clients > 0; i++) {
        turn(1);
    }
    CHECK(clients == 0);
    return 0;
}
