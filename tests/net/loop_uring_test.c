/* loop_uring_test.c: the ring opens where an ordinary user may open it, says why where not, and loses nothing when buffers run out. */
#include "tests/net/net_kit.h"
#include "tests/net/seccomp_kit.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <liburing.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

struct sink {
    struct loop_receive receive;
    size_t bytes;
    int32_t result;
    bool mixed; /* a byte was not the one that was sent at its place */
    bool over;
};

static uint8_t pattern(size_t offset) { return (uint8_t)(offset * 131 + (offset >> 8)); }

static void sink_received(struct loop_receive *receive, int32_t result, uint8_t *data, bool more)
{
    struct sink *sink = (struct sink *)((char *)receive - offsetof(struct sink, receive));

    for (int32_t i = 0; i < result; i++) {
        sink->mixed |= data[i] != pattern(sink->bytes + (size_t)i);
    }
    sink->bytes += result > 0 ? (size_t)result : 0;
    sink->result = result;
    sink->over = !more;
}

/* pair gives two connected stream sockets. */
static void pair(bool tcp, int ends[2])
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t size = sizeof address;

    if (!tcp) {
        cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        return;
    }
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(bind(listener, (struct sockaddr *)&address, size), 0);
    cr_assert_eq(listen(listener, 1), 0);
    cr_assert_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    ends[1] = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(connect(ends[1], (struct sockaddr *)&address, size), 0);
    ends[0] = accept(listener, NULL, NULL);
    close(listener);
}

/* The other side has closed before the first byte is read, and the buffers end exactly with the bytes: the end must still be seen. */
static void receive_everything(bool tcp)
{
    static uint8_t data[65536];
    struct loop_uring_config config = { .entries = 64, .buffers_count = { 4, 4 }, .buffer_bytes = { 1024, 1024 } };
    struct loop *loop = kit_loop(&config);
    struct sink sink = { .receive = { .group = LOOP_GROUP_STRANGERS, .received = sink_received } };
    int ends[2];

    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = pattern(i);
    }
    pair(tcp, ends);
    cr_assert_eq(write(ends[1], data, sizeof data), (ssize_t)sizeof data);
    close(ends[1]);
    sink.receive.fd = ends[0];
    loop_receive(loop, &sink.receive);
    cr_assert(kit_turns(loop, &sink.over, 500));
    cr_assert_eq(sink.bytes, sizeof data);
    cr_assert_eq(sink.result, 0);
    cr_assert_not(sink.mixed);
    cr_assert(tcp ? loop->counters.starved > 0 : true, "sixteen rounds of four buffers cannot pass without meeting an empty group");
    loop_close(loop);
}

Test(loop_uring, loses_no_byte_of_tcp_when_the_buffer_group_runs_empty) { receive_everything(true); }
Test(loop_uring, loses_no_byte_of_a_unix_socket_that_was_closed_early) { receive_everything(false); }

/* A receive that its owner stops while what it meets is an empty group. */
struct stopper {
    struct sink sink; /* first: a receive of the one is a receive of the other */
    struct loop *loop;
};

static void stopper_received(struct loop_receive *receive, int32_t result, uint8_t *data, bool more)
{
    struct stopper *stopper = (struct stopper *)((char *)receive - offsetof(struct stopper, sink.receive));

    sink_received(receive, result, data, more);
    loop_receive_stop(stopper->loop, receive);
}

/* The last buffer and the word that there is none come together: to whom the receive was to end, that is its end and no failure of the stream. */
Test(loop_uring, a_receive_that_was_stopped_does_not_fail_for_want_of_buffers)
{
    static uint8_t data[65536];
    struct loop_uring_config config = { .entries = 64, .buffers_count = { 4, 4 }, .buffer_bytes = { 1024, 1024 } };
    struct loop *loop = kit_loop(&config);
    struct stopper stopper = { .sink.receive = { .group = LOOP_GROUP_STRANGERS, .received = stopper_received }, .loop = loop };
    int ends[2];

    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = pattern(i);
    }
    pair(true, ends);
    cr_assert_eq(write(ends[1], data, sizeof data), (ssize_t)sizeof data);
    stopper.sink.receive.fd = ends[0];
    loop_receive(loop, &stopper.sink.receive);
    cr_assert(kit_turns(loop, &stopper.sink.over, 50));
    cr_assert_eq(stopper.sink.result, -ECANCELED, "%d", stopper.sink.result);
    size_t before = stopper.sink.bytes;
    cr_assert_gt(before, 0);
    stopper.sink.over = false;
    stopper.sink.receive.received = sink_received; /* in peace: the rest is still there */
    loop_receive(loop, &stopper.sink.receive);
    for (unsigned i = 0; i < 200 && stopper.sink.bytes < sizeof data; i++) {
        (void)kit_turns(loop, &stopper.sink.over, 1);
    }
    cr_assert_eq(stopper.sink.bytes, sizeof data);
    cr_assert_not(stopper.sink.mixed);
    loop_close(loop);
}

struct send {
    struct completion done;
    int32_t result;
    uint32_t calls;
};

static void send_done(struct completion *completion, int32_t result, uint32_t flags)
{
    struct send *send = (struct send *)((char *)completion - offsetof(struct send, done));

    (void)flags;
    send->result = result;
    send->calls++;
}

/* A request that the kernel does not take ends what one call hands over, for want of memory as for want of permission; what was queued behind it goes with the next
 * call. A quiet send before it has failed, and said so, by then. */
Test(loop_uring, a_quiet_send_completes_once_when_the_kernel_takes_requests_in_parts)
{
    struct loop_uring_config config = loop_uring_config_default();
    struct loop *loop = kit_loop(&config);
    struct send failing = { { send_done }, 0, 0 }, fine = { { send_done }, 0, 0 };
    int broken[2], whole[2];

    pair(true, broken);
    pair(true, whole);
    cr_assert_eq(shutdown(broken[1], SHUT_WR), 0);
    loop_send_quiet(loop, broken[1], bytes_of("ward", 4), &failing.done);
    struct io_uring_sqe *sqe = io_uring_get_sqe(loop_ring(loop));
    io_uring_prep_nop(sqe); /* forbidden */
    io_uring_sqe_set_data(sqe, NULL);
    loop_send_quiet(loop, whole[1], bytes_of("ward", 4), &fine.done);
    for (unsigned i = 0; i < 5; i++) {
        cr_assert_eq(loop_turn(loop, 0), ERR_OK);
    }
    cr_assert_eq(failing.calls, 1, "%u", failing.calls);
    cr_assert_eq(failing.result, -EPIPE);
    cr_assert_eq(fine.calls, 1);
    cr_assert_eq(fine.result, 4);
    loop_close(loop);
}

/* More completions than the queue holds are kept by the kernel behind it, those of quiet sends among them. */
Test(loop_uring, a_quiet_send_completes_once_when_completions_overflow)
{
    enum { POLLS = 600 };
    static struct send polls[POLLS];
    struct loop_uring_config config = { .entries = 64, .buffers_count = { 4, 4 }, .buffer_bytes = { 1024, 1024 } };
    struct loop *loop = kit_loop(&config);
    struct send failing = { { send_done }, 0, 0 };
    int broken[2], readable[2];
    uint32_t over = 0;

    pair(true, broken);
    pair(true, readable);
    cr_assert_eq(write(readable[1], "ward", 4), 4);
    cr_assert_eq(shutdown(broken[1], SHUT_WR), 0);
    for (uint32_t i = 0; i < POLLS; i++) {
        polls[i].done.done = send_done;
        loop_poll(loop, readable[0], &polls[i].done);
    }
    loop_send_quiet(loop, broken[1], bytes_of("ward", 4), &failing.done);
    for (unsigned i = 0; i < 5; i++) {
        cr_assert_eq(loop_turn(loop, 0), ERR_OK);
    }
    for (uint32_t i = 0; i < POLLS; i++) {
        over += polls[i].calls;
    }
    cr_assert_eq(over, POLLS);
    cr_assert_eq(failing.calls, 1, "%u", failing.calls);
    cr_assert_eq(failing.result, -EPIPE);
    loop_close(loop);
}

static int open_default(struct loop_uring_problem *problem)
{
    struct loop_uring_config config = loop_uring_config_default();
    struct arena arena;

    arena_init_measure(&arena);
    (void)loop_uring_take(&arena, &config);
    size_t size = arena.used;
    arena_init(&arena, kit_memory(size), size);
    return (int)loop_uring_open(loop_uring_take(&arena, &config), problem);
}

static int open_unprivileged(void)
{
    struct loop_uring_problem problem;
    struct rlimit limit = { 8u << 20, 8u << 20 };

    if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0 || (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))) {
        return 77;
    }
    return open_default(&problem);
}

Test(loop_uring, opens_without_rights_and_with_8_mib_of_locked_memory) { cr_assert_eq(seccomp_kit_child(open_unprivileged), ERR_OK); }

/* The way in which container profiles forbid io_uring. */
static int open_forbidden(void)
{
    struct loop_uring_problem problem;

    if (seccomp_kit_deny(SYS_io_uring_setup, EPERM) != 0) {
        return 77;
    }
    int err = open_default(&problem);
    return err == ERR_PERMISSION && problem.number == EPERM && strcmp(problem.step, "io_uring_setup") == 0 && problem.disabled >= -1 ? 0 : 1;
}

Test(loop_uring, says_who_forbids_it) { cr_assert_eq(seccomp_kit_child(open_forbidden), 0); }

/* Every operation that the kernel knows, but for the eight that Ward uses: whoever takes the process over cannot open, splice or rename through the ring. All
 * other tests run on such rings too, so nothing that came after Linux 6.1 is needed. */
Test(loop_uring, carries_out_nothing_but_what_ward_uses)
{
    static const uint8_t used[] = { IORING_OP_ACCEPT, IORING_OP_CONNECT, IORING_OP_RECV, IORING_OP_SEND, IORING_OP_READ, IORING_OP_WRITE, IORING_OP_POLL_ADD, IORING_OP_ASYNC_CANCEL };
    struct loop_uring_config config = loop_uring_config_default();
    struct loop *loop = kit_loop(&config);
    struct io_uring *ring = loop_ring(loop);
    struct io_uring_cqe *cqe;

    for (unsigned op = 0; op < IORING_OP_LAST; op++) {
        cr_assert(op <= 48 || memchr(used, (int)op, sizeof used) == NULL, "48, a send without copies, is the newest of Linux 6.1");
        if (memchr(used, (int)op, sizeof used) != NULL) {
            continue;
        }
        struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
        io_uring_prep_rw((int)op, sqe, -1, NULL, 0, 0);
        cr_assert_eq(io_uring_submit_and_wait(ring, 1), 1);
        cr_assert_eq(io_uring_peek_cqe(ring, &cqe), 0);
        cr_assert_eq(cqe->res, -EACCES, "operation %u gives %d", op, cqe->res);
        io_uring_cqe_seen(ring, cqe);
    }
    cr_assert_eq(io_uring_register_eventfd(ring, 0), -EACCES, "and nothing can be registered any more");
    loop_close(loop);
}
