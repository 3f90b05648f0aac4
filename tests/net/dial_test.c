/* dial_test.c: frames of any size come through a UNIX socket and through the secure channel; what is wrong ends with its error, in time. */
#include "net/dial.h"

#include "net/tunnel.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FRAME_MAX (200u << 10)

/* An echo: gives back every byte that the dialler sends, in records of its own on a secure channel. */
struct echo {
    int listener;
    bool secure;
    bool mute; /* accept and say nothing */
    struct kx_keypair key;
    struct hash32 chain_id;
    pthread_t thread;
    char path[64];
    uint16_t port;
};

static void send_all(int fd, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
        if (sent <= 0) {
            return;
        }
        data += sent;
        size -= (size_t)sent;
    }
}

static void echo_event(struct echo *echo, struct tunnel *tunnel, int fd, enum tunnel_event event, struct bytes plain)
{
    static uint8_t record[CHANNEL_RECORD_MAX], second[TUNNEL_SECOND_BYTES];
    struct tunnel_identity identity = { &echo->key, echo->chain_id };
    uint8_t seed[32];

    if (event == TUNNEL_HELLO) {
        random_fill(seed, sizeof seed);
        if (tunnel_hello_check(tunnel, &identity) && tunnel_accept(tunnel, &identity, seed) && tunnel_answer(tunnel, NULL, second)) {
            send_all(fd, second, sizeof second);
        } else {
            shutdown(fd, SHUT_RDWR);
        }
    } else if (event == TUNNEL_PLAIN) {
        memcpy(record + CHANNEL_HEADER_BYTES, plain.data, plain.size);
        send_all(fd, record, tunnel_seal(tunnel, record, plain.size));
    }
}

static void echo_serve(struct echo *echo, int fd)
{
    static uint8_t buffer[4096], room[CHANNEL_RECORD_MAX];
    struct tunnel tunnel;
    ssize_t got;

    tunnel_listen(&tunnel, (struct tunnel_span){ room, sizeof room });
    while ((got = read(fd, buffer, sizeof buffer)) > 0) {
        struct tunnel_span input = { buffer, (size_t)got };
        if (echo->mute) {
            continue;
        }
        if (!echo->secure) {
            send_all(fd, buffer, (size_t)got);
            continue;
        }
        for (enum tunnel_event event = TUNNEL_PLAIN; event != TUNNEL_MORE && event != TUNNEL_BAD && tunnel.state != TUNNEL_OVER;) {
            struct bytes plain = { NULL, 0 };
            event = tunnel_receive(&tunnel, &input, &plain);
            echo_event(echo, &tunnel, fd, event, plain);
        }
    }
}

static void *echo_run(void *context)
{
    struct echo *echo = context;
    int fd = accept(echo->listener, NULL, NULL);

    if (fd >= 0) {
        echo_serve(echo, fd);
        close(fd);
    }
    return NULL;
}

static void echo_start(struct echo *echo, bool secure)
{
    struct sockaddr_un local = { .sun_family = AF_UNIX };
    struct sockaddr_in remote = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof remote;
    uint8_t seed[32] = { 7 };

    crypto_start();
    *echo = (struct echo){ .secure = secure };
    kx_keypair_from_seed(&echo->key, seed);
    snprintf(echo->path, sizeof echo->path, "/tmp/ward-dial-%d", (int)getpid());
    unlink(echo->path);
    memcpy(local.sun_path, echo->path, sizeof echo->path);
    echo->listener = socket(secure ? AF_INET : AF_UNIX, SOCK_STREAM, 0);
    cr_assert_eq(bind(echo->listener, secure ? (struct sockaddr *)&remote : (struct sockaddr *)&local, secure ? sizeof remote : sizeof local), 0);
    cr_assert_eq(listen(echo->listener, 1), 0);
    if (secure) {
        cr_assert_eq(getsockname(echo->listener, (struct sockaddr *)&remote, &size), 0);
        echo->port = ntohs(remote.sin_port);
    }
    cr_assert_eq(pthread_create(&echo->thread, NULL, echo_run, echo), 0);
}

static struct kx_keypair own;

static struct dial_config config_for(const struct echo *echo)
{
    struct dial_config config = { .frame_bytes_max = FRAME_MAX, .queue_bytes_max = 2 * FRAME_MAX, .chain_id = echo->chain_id, .key = &own };
    uint8_t seed[32] = { 9 };
    const char *problem;
    char text[96];

    kx_keypair_from_seed(&own, seed);
    memcpy(config.remote_key, echo->key.public_key, 32);
    if (echo->secure) {
        snprintf(text, sizeof text, "127.0.0.1:%u", echo->port);
    } else {
        snprintf(text, sizeof text, "unix:%s", echo->path);
    }
    cr_assert_eq(address_parse(&config.address, text, &problem), ERR_OK, "%s", problem);
    return config;
}

static void *memory_for(const struct dial_config *config)
{
    return aligned_alloc(64, (dial_footprint(config) + 63) / 64 * 64);
}

static void frames_come_back(bool secure)
{
    static const size_t sizes[] = { 0, 1, 7, 4000, 4096, 4097, 16384, 16385, 65535, 65536, FRAME_MAX };
    static uint8_t body[FRAME_MAX];
    static struct echo echo;
    struct dial *dial;
    struct frame frame;

    echo_start(&echo, secure);
    struct dial_config config = config_for(&echo);
    void *memory = memory_for(&config);
    cr_assert_eq(dial_open(&dial, memory, &config, 5000), ERR_OK);
    cr_assert_eq(dial_receive(dial, &frame, 0), ERR_TIMEOUT);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        memset(body, (int)i + 1, sizes[i]);
        struct frame sent = { { 0x42, 0, 1, (uint32_t)sizes[i] }, bytes_of(body, sizes[i]) };
        cr_assert_eq(dial_send(dial, &sent, 5000), ERR_OK);
        cr_assert_eq(dial_receive(dial, &frame, 5000), ERR_OK, "size %zu", sizes[i]);
        cr_assert_eq(frame.body.size, sizes[i]);
        cr_assert(sizes[i] == 0 || memcmp(frame.body.data, body, sizes[i]) == 0);
    }
    for (uint32_t i = 0; i < 20; i++) {
        struct frame sent = { { 0x42, 0, 1, 2000 }, bytes_of(body, 2000) };
        cr_assert_eq(dial_send(dial, &sent, 5000), ERR_OK);
    }
    cr_assert_eq(dial_flush(dial, 5000), ERR_OK);
    for (uint32_t i = 0; i < 20; i++) {
        cr_assert_eq(dial_receive(dial, &frame, 5000), ERR_OK);
        cr_assert_eq(frame.body.size, 2000);
    }
    dial_close(dial);
    pthread_join(echo.thread, NULL);
    close(echo.listener);
    unlink(echo.path);
    free(memory);
}

Test(dial, frames_of_any_size_come_back_over_a_unix_socket, .timeout = 60)
{
    frames_come_back(false);
}

Test(dial, frames_of_any_size_come_back_over_the_secure_channel, .timeout = 60)
{
    frames_come_back(true);
}

Test(dial, another_key_or_chain_is_closed_without_a_word, .timeout = 60)
{
    static struct echo echo;

    for (int wrong = 0; wrong < 2; wrong++) {
        struct dial *dial;
        echo_start(&echo, true);
        struct dial_config config = config_for(&echo);
        uint8_t seed[32] = { 11 };
        struct kx_keypair other;
        kx_keypair_from_seed(&other, seed);
        if (wrong == 0) {
            memcpy(config.remote_key, other.public_key, 32);
        } else {
            config.chain_id.bytes[0] ^= 1;
        }
        void *memory = memory_for(&config);
        cr_assert_eq(dial_open(&dial, memory, &config, 5000), ERR_CLOSED);
        pthread_join(echo.thread, NULL);
        close(echo.listener);
        free(memory);
    }
}

Test(dial, a_frame_beyond_the_bound_and_silence_have_their_errors, .timeout = 60)
{
    static struct echo echo;
    static uint8_t body[2000];
    struct dial *dial;
    struct frame frame;

    echo_start(&echo, false);
    struct dial_config config = config_for(&echo);
    config.frame_bytes_max = 1999;
    void *memory = memory_for(&config);
    cr_assert_eq(dial_open(&dial, memory, &config, 5000), ERR_OK);
    cr_assert_eq(dial_receive(dial, &frame, 10), ERR_TIMEOUT);
    struct frame sent = { { 0x42, 0, 1, sizeof body }, bytes_of(body, sizeof body) };
    cr_assert_eq(dial_send(dial, &sent, 5000), ERR_OK);
    cr_assert_eq(dial_receive(dial, &frame, 5000), ERR_FORMAT);
    cr_assert_eq(dial_receive(dial, &frame, 5000), ERR_CLOSED, "of no use any more");
    dial_close(dial);
    pthread_join(echo.thread, NULL);
    close(echo.listener);
    cr_assert_eq(dial_open(&dial, memory, &config, 5000), ERR_CLOSED, "nobody listens");
    unlink(echo.path);
    cr_assert_eq(dial_open(&dial, memory, &config, 5000), ERR_CLOSED, "no such socket");
    free(memory);
}

Test(dial, a_mute_listener_is_left_in_time, .timeout = 60)
{
    static struct echo echo;
    struct dial *dial;

    echo_start(&echo, true);
    echo.mute = true;
    struct dial_config config = config_for(&echo);
    void *memory = memory_for(&config);
    cr_assert_eq(dial_open(&dial, memory, &config, 50), ERR_TIMEOUT);
    pthread_join(echo.thread, NULL);
    close(echo.listener);
    free(memory);
}
