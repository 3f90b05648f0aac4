/* replica_kit.c: see replica_kit.h. */
#include "tests/cli/replica_kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void fake_send(struct fake_replica *replica, enum client_type type, const void *body, size_t size)
{
    uint8_t header[FRAME_HEADER_BYTES];
    struct frame_header fields = { (uint8_t)type, 0, CLIENT_PROTOCOL_VERSION, (uint32_t)size };

    frame_header_encode(&fields, header);
    (void)send(replica->fd, header, sizeof header, MSG_NOSIGNAL);
    for (size_t sent = 0; sent < size;) {
        ssize_t part = send(replica->fd, (const uint8_t *)body + sent, size - sent, MSG_NOSIGNAL);
        if (part <= 0) {
            return;
        }
        sent += (size_t)part;
    }
}

void fake_admit(struct fake_replica *replica, uint64_t id)
{
    uint8_t body[16];
    struct writer writer;

    writer_init(&writer, body, sizeof body);
    client_admitted_encode(id, &writer);
    fake_send(replica, CLIENT_ADMITTED, body, writer.offset);
}

void fake_refuse(struct fake_replica *replica, uint64_t id, uint16_t code, uint32_t retry_after_ms)
{
    uint8_t body[16];
    struct writer writer;

    writer_init(&writer, body, sizeof body);
    client_refused_encode(&(struct client_refused){ id, code, retry_after_ms }, &writer);
    fake_send(replica, CLIENT_REFUSED, body, writer.offset);
}

void fake_answer(struct fake_replica *replica, const struct client_answer *answer)
{
    uint8_t *body = malloc(CLIENT_FRAME_BYTES_MAX);
    struct writer writer;

    writer_init(&writer, body, CLIENT_FRAME_BYTES_MAX);
    client_answer_encode(answer, &writer);
    fake_send(replica, CLIENT_ANSWER, body, writer.offset);
    free(body);
}

void fake_receipts(struct fake_replica *replica, const struct client_receipt *receipts, uint32_t count)
{
    uint8_t body[CLIENT_RECEIPTS_HEAD_BYTES + 64 * CLIENT_RECEIPT_BYTES];
    struct writer writer;

    writer_init(&writer, body, sizeof body);
    client_receipts_encode(&(struct client_receipts){ .height = replica->height == 0 ? 7 : replica->height, .time_ms = 7000, .count = count }, &writer);
    for (uint32_t i = 0; i < count; i++) {
        client_receipt_encode(&receipts[i], &writer);
    }
    fake_send(replica, CLIENT_RECEIPTS, body, writer.offset);
}

static void greet(struct fake_replica *replica)
{
    uint8_t body[64];
    struct writer writer;

    writer_init(&writer, body, sizeof body);
    client_welcome_encode(&(struct client_welcome){ replica->member, 4, replica->genesis, 6 }, &writer);
    fake_send(replica, CLIENT_WELCOME, body, writer.offset);
}

static bool handle(struct fake_replica *replica, const struct frame *frame)
{
    if (replica->mute) {
        return true;
    }
    if (frame->header.type == CLIENT_HELLO) {
        greet(replica);
        return true;
    }
    atomic_fetch_add(&replica->frames, 1);
    return replica->handler(replica, frame);
}

static void serve(struct fake_replica *replica)
{
    static const size_t room = FRAME_HEADER_BYTES + CLIENT_FRAME_BYTES_MAX;
    uint8_t *data = malloc(room), input[4096];
    struct frame_reader reader;
    ssize_t got;
    bool open = true;

    frame_reader_init(&reader, data, CLIENT_FRAME_BYTES_MAX);
    while (open && (got = read(replica->fd, input, sizeof input)) > 0) {
        struct bytes rest = bytes_of(input, (size_t)got);
        struct frame frame;
        while (open && frame_reader_next(&reader, &rest, &frame) == FRAME_READY) {
            open = handle(replica, &frame);
        }
    }
    free(data);
}

static void *run(void *context)
{
    struct fake_replica *replica = context;
    int fd;

    while ((fd = accept(replica->listener, NULL, NULL)) >= 0) {
        replica->fd = fd;
        atomic_fetch_add(&replica->connections, 1);
        serve(replica);
        close(fd);
    }
    return NULL;
}

void fake_start(struct fake_replica *replica)
{
    static unsigned count;
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    snprintf(replica->path, sizeof replica->path, "/tmp/ward-fake-%d-%u", (int)getpid(), count++);
    unlink(replica->path);
    memcpy(address.sun_path, replica->path, sizeof replica->path);
    replica->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    cr_assert_eq(bind(replica->listener, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(listen(replica->listener, 4), 0);
    cr_assert_eq(pthread_create(&replica->thread, NULL, run, replica), 0);
}

void fake_stop(struct fake_replica *replica)
{
    shutdown(replica->listener, SHUT_RDWR);
    pthread_join(replica->thread, NULL);
    close(replica->listener);
    unlink(replica->path);
}
