/* dial.c: see dial.h. Blocking by poll(2) on a non-blocking socket. What is sent is sealed when it is queued, so room is judged first: a record
 * that was sealed can not be taken back. */
#include "net/dial.h"

#include "base/assert.h"
#include "base/clock.h"
#include "net/tunnel.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ALIGN = 64, INPUT_BYTES = 64 << 10, RECORD_PLAIN = 16 << 10 };

struct dial {
    int fd;
    bool secure;       /* over the tunnel; false: a UNIX socket */
    bool first_sent;   /* the first record, which is small, has been made */
    bool broken;       /* of no use any more */
    struct tunnel tunnel;
    struct tunnel_span input; /* read and not yet looked at; lies in input_buffer */
    struct bytes plain;       /* plaintext and not yet looked at */
    struct frame_reader reader;
    uint8_t *input_buffer; /* INPUT_BYTES */
    uint8_t *out;
    size_t out_size;  /* capacity */
    size_t out_start; /* first byte not yet sent */
    size_t out_end;
};

/* --- Memory --------------------------------------------------------------------------------------------------------- */

static size_t aligned(size_t size)
{
    return (size + ALIGN - 1) / ALIGN * ALIGN;
}

/* out_bytes gives the room for queue_bytes_max of frames with the overhead of their records. */
static size_t out_bytes(const struct dial_config *config)
{
    size_t records = config->queue_bytes_max / TUNNEL_FIRST_PLAIN + 4;

    return config->queue_bytes_max + FRAME_HEADER_BYTES + records * CHANNEL_OVERHEAD;
}

size_t dial_footprint(const struct dial_config *config)
{
    return aligned(sizeof(struct dial)) + aligned(CHANNEL_RECORD_MAX) + aligned(FRAME_HEADER_BYTES + (size_t)config->frame_bytes_max) + aligned(INPUT_BYTES) +
           aligned(out_bytes(config));
}

static uint8_t *take(uint8_t **memory, size_t size)
{
    uint8_t *taken = *memory;

    *memory += aligned(size);
    return taken;
}

/* --- Waiting -------------------------------------------------------------------------------------------------------- */

static uint64_t end_of(uint32_t timeout_ms)
{
    return timeout_ms == 0 ? 0 : clock_mono_ns() + timeout_ms * UINT64_C(1000000);
}

/* wait_for waits until the socket is ready or the time is over. Fails: ERR_TIMEOUT. */
static enum err wait_for(int fd, short events, uint64_t end_ns)
{
    struct pollfd one = { .fd = fd, .events = events };
    uint64_t now_ns = end_ns == 0 ? 0 : clock_mono_ns();
    uint64_t left_ms = end_ns <= now_ns ? 0 : (end_ns - now_ns + 999999) / 1000000;
    int ready = poll(&one, 1, left_ms > INT32_MAX ? INT32_MAX : (int)left_ms);

    if (ready < 0) {
        return errno == EINTR ? ERR_OK : ERR_IO;
    }
    return ready > 0 ? ERR_OK : ERR_TIMEOUT;
}

/* --- Sending -------------------------------------------------------------------------------------------------------- */

/* push sends what the kernel takes now. Fails: ERR_CLOSED. */
static enum err push(struct dial *dial)
{
    while (dial->out_start < dial->out_end) {
        ssize_t sent = send(dial->fd, dial->out + dial->out_start, dial->out_end - dial->out_start, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent < 0) {
            dial->broken = errno != EAGAIN;
            return dial->broken ? ERR_CLOSED : ERR_OK;
        }
        dial->out_start += (size_t)sent;
    }
    dial->out_start = dial->out_end = 0;
    return ERR_OK;
}

/* sealed_bytes gives what a run of plaintext takes on the wire. */
static size_t sealed_bytes(const struct dial *dial, size_t size)
{
    if (!dial->secure) {
        return size;
    }
    size_t first = dial->first_sent || size <= TUNNEL_FIRST_PLAIN ? 0 : 1;
    return size + ((size + RECORD_PLAIN - 1) / RECORD_PLAIN + first + 1) * CHANNEL_OVERHEAD;
}

/* room_for makes room at the end of the queue. Gives: false when there is none yet. */
static bool room_for(struct dial *dial, size_t size)
{
    if (dial->out_start > 0 && dial->out_size - dial->out_end < size) {
        memmove(dial->out, dial->out + dial->out_start, dial->out_end - dial->out_start);
        dial->out_end -= dial->out_start;
        dial->out_start = 0;
    }
    return dial->out_size - dial->out_end >= size;
}

/* queue_run appends a run of bytes to the queue, in records when there is a tunnel. Needs: room. Fails: ERR_CLOSED, the nonces are used up. */
static enum err queue_run(struct dial *dial, const uint8_t *data, size_t size)
{
    if (!dial->secure) {
        memcpy(dial->out + dial->out_end, data, size);
        dial->out_end += size;
        return ERR_OK;
    }
    while (size > 0) {
        size_t most = dial->first_sent ? RECORD_PLAIN : TUNNEL_FIRST_PLAIN, part = size < most ? size : most;
        uint8_t *out = dial->out + dial->out_end;
        memcpy(out + CHANNEL_HEADER_BYTES, data, part);
        size_t made = tunnel_seal(&dial->tunnel, out, part);
        if (made == 0) {
            dial->broken = true;
            return ERR_CLOSED;
        }
        dial->first_sent = true;
        dial->out_end += made;
        data += part;
        size -= part;
    }
    return ERR_OK;
}

enum err dial_send(struct dial *dial, const struct frame *frame, uint32_t timeout_ms)
{
    uint8_t header[FRAME_HEADER_BYTES];
    size_t need = sealed_bytes(dial, FRAME_HEADER_BYTES) + sealed_bytes(dial, frame->body.size);
    uint64_t end_ns = end_of(timeout_ms);

    ASSERT(frame->header.length == frame->body.size);
    ASSERT(need <= dial->out_size);
    while (!dial->broken && !room_for(dial, need)) {
        enum err err = push(dial);
        if (err != ERR_OK) {
            return err;
        }
        if (!room_for(dial, need) && wait_for(dial->fd, POLLOUT, end_ns) == ERR_TIMEOUT) {
            return ERR_FULL;
        }
    }
    if (dial->broken) {
        return ERR_CLOSED;
    }
    frame_header_encode(&frame->header, header);
    enum err err = queue_run(dial, header, sizeof header);
    if (err == ERR_OK && frame->body.size > 0) {
        err = queue_run(dial, frame->body.data, frame->body.size);
    }
    return err == ERR_OK ? push(dial) : err;
}

enum err dial_flush(struct dial *dial, uint32_t timeout_ms)
{
    uint64_t end_ns = end_of(timeout_ms);
    enum err err = dial->broken ? ERR_CLOSED : push(dial);

    while (err == ERR_OK && dial->out_start < dial->out_end) {
        err = wait_for(dial->fd, POLLOUT, end_ns);
        err = err == ERR_OK ? push(dial) : err;
    }
    return err;
}

/* --- Receiving ------------------------------------------------------------------------------------------------------ */

/* pull reads what the kernel has. Fails: ERR_AGAIN, ERR_CLOSED. Needs: all input was looked at. */
static enum err pull(struct dial *dial)
{
    ASSERT(dial->input.size == 0);
    for (;;) {
        ssize_t got = recv(dial->fd, dial->input_buffer, INPUT_BYTES, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 && errno == EAGAIN) {
            return ERR_AGAIN;
        }
        if (got <= 0) {
            dial->broken = true;
            return ERR_CLOSED;
        }
        dial->input = (struct tunnel_span){ dial->input_buffer, (size_t)got };
        return ERR_OK;
    }
}

/* decrypt turns input into plaintext. Gives: ERR_OK with dial->plain; ERR_AGAIN when the input is used up. Fails: ERR_FORMAT. */
static enum err decrypt(struct dial *dial)
{
    if (!dial->secure) {
        if (dial->input.size == 0) {
            return ERR_AGAIN;
        }
        dial->plain = bytes_of(dial->input.data, dial->input.size);
        dial->input.size = 0;
        return ERR_OK;
    }
    switch (tunnel_receive(&dial->tunnel, &dial->input, &dial->plain)) {
    case TUNNEL_PLAIN:
        return ERR_OK;
    case TUNNEL_MORE:
        dial->input.size = 0;
        return ERR_AGAIN;
    case TUNNEL_READY:
    case TUNNEL_HELLO:
    case TUNNEL_BAD:
        break;
    }
    dial->broken = true;
    return ERR_FORMAT;
}

enum err dial_receive(struct dial *dial, struct frame *frame, uint32_t timeout_ms)
{
    uint64_t end_ns = end_of(timeout_ms);

    while (!dial->broken) {
        enum frame_result result = dial->plain.size == 0 ? FRAME_MORE : frame_reader_next(&dial->reader, &dial->plain, frame);
        if (result == FRAME_READY) {
            return ERR_OK;
        }
        if (result == FRAME_BAD) {
            dial->broken = true;
            return ERR_FORMAT;
        }
        dial->plain.size = 0;
        enum err err = decrypt(dial);
        if (err == ERR_AGAIN) {
            err = pull(dial);
        }
        if (err == ERR_AGAIN) {
            (void)push(dial); /* what waits to be sent may be what the other side waits for */
            err = wait_for(dial->fd, dial_wants_write(dial) ? POLLIN | POLLOUT : POLLIN, end_ns);
        }
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_CLOSED;
}

int dial_fd(const struct dial *dial)
{
    return dial->fd;
}

bool dial_wants_write(const struct dial *dial)
{
    return dial->out_start < dial->out_end;
}

/* --- Opening -------------------------------------------------------------------------------------------------------- */

static enum err connect_to(struct dial *dial, const struct address *address, uint64_t end_ns)
{
    struct sockaddr_storage socket_address;
    socklen_t size, code_size = sizeof(int);
    int code = 0, on = 1;

    enum err err = address_resolve(address, &socket_address, &size);
    if (err != ERR_OK) {
        return err;
    }
    dial->fd = socket(socket_address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (dial->fd < 0) {
        return ERR_IO;
    }
    if (dial->secure) {
        (void)setsockopt(dial->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    if (connect(dial->fd, (const struct sockaddr *)&socket_address, size) == 0) {
        return ERR_OK;
    }
    if (errno != EINPROGRESS) {
        return errno == EACCES || errno == EPERM ? ERR_PERMISSION : ERR_CLOSED;
    }
    err = wait_for(dial->fd, POLLOUT, end_ns);
    if (err == ERR_OK && (getsockopt(dial->fd, SOL_SOCKET, SO_ERROR, &code, &code_size) != 0 || code != 0)) {
        err = ERR_CLOSED;
    }
    errno = code;
    return err;
}

/* shake_hands sends the hello and waits for the second message. */
static enum err shake_hands(struct dial *dial, const struct dial_config *config, struct tunnel_span room, uint64_t end_ns)
{
    struct tunnel_identity identity = { .key = config->key, .chain_id = config->chain_id };
    uint8_t seed[32];
    struct bytes plain;

    ASSERT(config->key != NULL);
    random_fill(seed, sizeof seed);
    struct tunnel_call call = { .peer_key = config->remote_key, .psk = NULL, .seed = seed };
    bool good = tunnel_dial(&dial->tunnel, &identity, &call, room, dial->out);
    secret_wipe(seed, sizeof seed);
    if (!good) {
        return ERR_CLOSED;
    }
    dial->out_end = TUNNEL_HELLO_BYTES;
    enum err err = push(dial);
    while (err == ERR_OK) {
        err = pull(dial);
        if (err == ERR_AGAIN) {
            err = wait_for(dial->fd, POLLIN, end_ns);
            continue;
        }
        if (err != ERR_OK) {
            return err;
        }
        enum tunnel_event event = tunnel_receive(&dial->tunnel, &dial->input, &plain);
        if (event == TUNNEL_READY) {
            return ERR_OK;
        }
        dial->input.size = 0;
        err = event == TUNNEL_MORE ? ERR_OK : ERR_CLOSED;
    }
    return err;
}

enum err dial_open(struct dial **out, void *memory, const struct dial_config *config, uint32_t timeout_ms)
{
    uint8_t *next = memory;
    uint64_t end_ns = end_of(timeout_ms);
    struct dial *dial = (struct dial *)(void *)take(&next, sizeof *dial);

    *dial = (struct dial){ .fd = -1, .secure = config->address.kind != ADDRESS_UNIX };
    struct tunnel_span room = { take(&next, CHANNEL_RECORD_MAX), CHANNEL_RECORD_MAX };
    frame_reader_init(&dial->reader, take(&next, FRAME_HEADER_BYTES + (size_t)config->frame_bytes_max), config->frame_bytes_max);
    dial->input_buffer = take(&next, INPUT_BYTES);
    dial->out_size = out_bytes(config);
    dial->out = take(&next, dial->out_size);
    enum err err = connect_to(dial, &config->address, end_ns);
    int why = err == ERR_CLOSED || err == ERR_PERMISSION ? errno : 0;
    if (err == ERR_OK && dial->secure) {
        err = shake_hands(dial, config, room, end_ns);
    }
    if (err != ERR_OK) {
        dial_close(dial);
        errno = why;
        return err;
    }
    *out = dial;
    return ERR_OK;
}

void dial_close(struct dial *dial)
{
    if (dial->secure) {
        tunnel_close(&dial->tunnel);
    }
    if (dial->fd >= 0) {
        close(dial->fd);
        dial->fd = -1;
    }
    dial->broken = true;
}
