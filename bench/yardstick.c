/* yardstick.c: see yardstick.h. */
#include "bench/yardstick.h"

#include "base/assert.h"
#include "base/clock.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BLOCKS = 256 /* of each file; then the first is written again */, REPEATS_MAX = 1001, PATH_BYTES = 512 };

static _Alignas(YARDSTICK_FLUSH_BYTES) const uint8_t zeros[YARDSTICK_FLUSH_BYTES];

static int u64_order(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

/* --- Flushes --------------------------------------------------------------------------------------------------------- */

/* prepare fills a file with zeros and makes them durable, so that a later write changes data alone. Gives: the descriptor, or -1. */
static int prepare(const char *path)
{
    int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_DIRECT | O_CLOEXEC, 0600);
    bool good = file >= 0;

    for (uint32_t i = 0; good && i < BLOCKS; i++) {
        good = pwrite(file, zeros, sizeof zeros, (off_t)i * YARDSTICK_FLUSH_BYTES) == (ssize_t)sizeof zeros;
    }
    if (good && fsync(file) == 0) {
        return file;
    }
    if (file >= 0) {
        close(file);
    }
    return -1;
}

enum err yardstick_open(struct yardstick *yardstick, const char *directory, uint32_t writers)
{
    char path[PATH_BYTES];

    ASSERT(writers >= 1);
    ASSERT(writers <= YARDSTICK_WRITERS_MAX);
    *yardstick = (struct yardstick){ .writers = writers };
    for (uint32_t i = 0; i < writers; i++) {
        yardstick->files[i] = -1;
    }
    if (io_uring_queue_init(YARDSTICK_WRITERS_MAX + 1, &yardstick->ring, 0) != 0) {
        yardstick->writers = 0;
        return ERR_IO;
    }
    for (uint32_t i = 0; i < writers; i++) {
        int length = snprintf(path, sizeof path, "%s/yardstick-%u", directory, i);
        yardstick->files[i] = length > 0 && (size_t)length < sizeof path ? prepare(path) : -1;
        if (yardstick->files[i] < 0) {
            yardstick_close(yardstick);
            return ERR_IO;
        }
    }
    return ERR_OK;
}

void yardstick_close(struct yardstick *yardstick)
{
    for (uint32_t i = 0; i < yardstick->writers; i++) {
        if (yardstick->files[i] >= 0) {
            close(yardstick->files[i]);
        }
        yardstick->files[i] = -1;
    }
    if (yardstick->writers > 0) {
        io_uring_queue_exit(&yardstick->ring);
    }
    yardstick->writers = 0;
}

/* submit_all hands one write for each writer to the kernel, all at once. Gives: false when the ring takes them not. */
static bool submit_all(struct yardstick *yardstick)
{
    uint64_t at = yardstick->round++ % BLOCKS * YARDSTICK_FLUSH_BYTES;

    for (uint32_t i = 0; i < yardstick->writers; i++) {
        struct io_uring_sqe *sqe = io_uring_get_sqe(&yardstick->ring);
        if (sqe == NULL) {
            return false;
        }
        io_uring_prep_write(sqe, yardstick->files[i], zeros, sizeof zeros, at);
        sqe->rw_flags = RWF_DSYNC;
    }
    return io_uring_submit(&yardstick->ring) == (int)yardstick->writers;
}

enum err yardstick_flush(struct yardstick *yardstick, uint32_t enough, uint64_t *took_ns)
{
    struct io_uring_cqe *cqe;
    uint64_t begin_ns = clock_mono_ns();

    ASSERT(enough >= 1);
    ASSERT(enough <= yardstick->writers);
    bool good = submit_all(yardstick);
    for (uint32_t i = 0; i < yardstick->writers && good; i++) {
        good = io_uring_wait_cqe(&yardstick->ring, &cqe) == 0 && cqe->res == (int)sizeof zeros;
        if (i + 1 == enough) {
            *took_ns = clock_mono_ns() - begin_ns;
        }
        io_uring_cqe_seen(&yardstick->ring, cqe);
    }
    return good ? ERR_OK : ERR_IO;
}

/* --- Links ----------------------------------------------------------------------------------------------------------- */

/* echo gives back each byte until the other side closes. */
static void *echo(void *context)
{
    int socket = *(const int *)context;
    uint8_t byte;

    while (recv(socket, &byte, 1, 0) == 1 && send(socket, &byte, 1, MSG_NOSIGNAL) == 1) {
    }
    return NULL;
}

/* connect_pair makes a TCP connection of loopback with itself. Gives: false without one; nothing stays open. */
static bool connect_pair(int pair[2])
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    pair[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = listener >= 0 && pair[0] >= 0 && bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, 1) == 0 &&
                getsockname(listener, (struct sockaddr *)&address, &size) == 0 && connect(pair[0], (struct sockaddr *)&address, size) == 0;
    pair[1] = good ? accept4(listener, NULL, NULL, SOCK_CLOEXEC) : -1;
    for (int i = 0; i < 2 && pair[1] >= 0; i++) {
        setsockopt(pair[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    if (pair[1] < 0 && pair[0] >= 0) {
        close(pair[0]);
    }
    if (listener >= 0) {
        close(listener);
    }
    return pair[1] >= 0;
}

static bool ping(int socket, uint64_t *took_ns)
{
    uint64_t begin_ns = clock_mono_ns();
    uint8_t byte = 0;
    bool good = send(socket, &byte, 1, MSG_NOSIGNAL) == 1 && recv(socket, &byte, 1, 0) == 1;

    *took_ns = (clock_mono_ns() - begin_ns) / 2;
    return good;
}

enum err yardstick_link(uint32_t repeats, uint64_t *took_ns)
{
    uint64_t times[REPEATS_MAX];
    pthread_t thread;
    int pair[2];

    ASSERT(repeats >= 1);
    ASSERT(repeats <= REPEATS_MAX);
    if (!connect_pair(pair)) {
        return ERR_IO;
    }
    bool good = pthread_create(&thread, NULL, echo, &pair[1]) == 0, made = good;
    for (uint32_t i = 0; good && i < repeats; i++) {
        good = ping(pair[0], &times[i]);
    }
    close(pair[0]);
    if (made) {
        pthread_join(thread, NULL);
    }
    close(pair[1]);
    qsort(times, good ? repeats : 0, sizeof times[0], u64_order);
    *took_ns = good ? times[repeats / 2] : 0;
    return good ? ERR_OK : ERR_IO;
}
