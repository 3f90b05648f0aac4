/* loop_posix_test.c: what epoll could get wrong and io_uring cannot. What both must do alike is in loop_test.c and net_test.c. */
#include "net/loop_posix.h"

#include "base/clock.h"
#include "tests/net/net_kit.h"
#include "tests/net/seccomp_kit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct result {
    struct completion completion;
    int32_t value;
    bool done;
};

static void on_result(struct completion *completion, int32_t value, uint32_t flags)
{
    struct result *result = (struct result *)completion;

    (void)flags;
    result->value = value;
    result->done = true;
}

struct sink {
    struct loop_receive receive;
    size_t bytes;
    int32_t result;
    bool over;
};

static void on_received(struct loop_receive *receive, int32_t result, uint8_t *data, bool more)
{
    struct sink *sink = (struct sink *)receive;

    (void)data;
    sink->bytes += result > 0 ? (size_t)result : 0;
    sink->result = result;
    sink->over = !more;
}

static struct loop *fresh(void)
{
    struct loop_uring_config config = loop_uring_config_default();

    return kit_loop_on(KIT_POSIX, &config);
}

/* A descriptor with nothing under way is taken off the list: its hang-up would be reported for ever. */
Test(loop_posix, a_broken_descriptor_that_nobody_waits_for_wakes_nobody)
{
    struct loop *loop = fresh();
    struct sink sink = { .receive = { .received = on_received } };
    int ends[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    sink.receive.fd = ends[0];
    loop_receive(loop, &sink.receive);
    cr_assert_eq(loop_turn(loop, 1), ERR_OK);
    loop_receive_stop(loop, &sink.receive);
    cr_assert(kit_turns(loop, &sink.over, 5));
    close(ends[1]);
    uint64_t before = loop->counters.enters, end_ns = clock_mono_ns() + 50000000;
    cr_assert_eq(loop_turn(loop, end_ns), ERR_OK);
    cr_assert_geq(clock_mono_ns(), end_ns);
    cr_assert_eq(loop->counters.enters, before + 1);
}

/* The same for an eventfd that was read and not asked again, and for the poll of one. */
Test(loop_posix, what_was_read_once_is_not_asked_again)
{
    struct loop *loop = fresh();
    struct result polled = { .completion = { on_result } };
    int ends[2];

    cr_assert_eq(pipe(ends), 0);
    loop_poll(loop, ends[0], &polled.completion);
    cr_assert_eq(write(ends[1], "x", 1), 1);
    cr_assert(kit_turns(loop, &polled.done, 5));
    uint64_t end_ns = clock_mono_ns() + 50000000;
    cr_assert_eq(loop_turn(loop, end_ns), ERR_OK);
    cr_assert_geq(clock_mono_ns(), end_ns, "the byte is still there, but nobody asks for it");
    polled.done = false;
    loop_poll(loop, ends[0], &polled.completion);
    cr_assert(kit_turns(loop, &polled.done, 5), "and asking again works");
}

/* An event of a descriptor that was closed meanwhile must not reach the next owner of its number. */
Test(loop_posix, a_number_that_is_used_again_gets_no_old_event)
{
    struct loop *loop = fresh();
    struct result old = { .completion = { on_result } }, new = old;
    int first[2], second[2];

    for (int round = 0; round < 3; round++) {
        cr_assert_eq(pipe(first), 0);
        old.done = new.done = false;
        loop_poll(loop, first[0], &old.completion);
        cr_assert_eq(write(first[1], "x", 1), 1);
        cr_assert(kit_turns(loop, &old.done, 5));
        close(first[0]);
        close(first[1]);
        cr_assert_eq(pipe(second), 0);
        cr_assert_eq(second[0], first[0], "the kernel gives the lowest number");
        loop_poll(loop, second[0], &new.completion);
        cr_assert_eq(loop_turn(loop, clock_mono_ns() + 5000000), ERR_OK);
        cr_assert_not(new.done);
        cr_assert_eq(write(second[1], "x", 1), 1);
        cr_assert(kit_turns(loop, &new.done, 5));
        close(second[0]);
        close(second[1]);
    }
}

/* Far more than the socket's buffer: the send goes on whenever the reader has made room. */
Test(loop_posix, a_send_that_does_not_fit_goes_on_until_all_is_sent)
{
    static uint8_t data[4u << 20];
    struct loop *loop = fresh();
    struct result sent = { .completion = { on_result } };
    struct sink sink = { .receive = { .received = on_received } };
    int ends[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    loop_send(loop, ends[1], bytes_of(data, sizeof data), &sent.completion);
    cr_assert_eq(loop_turn(loop, clock_mono_ns() + 5000000), ERR_OK);
    cr_assert_not(sent.done);
    sink.receive.fd = ends[0];
    loop_receive(loop, &sink.receive);
    cr_assert(kit_turns(loop, &sent.done, 5000));
    cr_assert_eq(sent.value, (int32_t)sizeof data);
    for (int i = 0; i < 5000 && sink.bytes < sizeof data; i++) {
        cr_assert_eq(loop_turn(loop, clock_mono_ns() + 5000000), ERR_OK);
    }
    cr_assert_eq(sink.bytes, sizeof data);
}

Test(loop_posix, a_send_into_a_closed_socket_fails_without_a_signal)
{
    struct loop *loop = fresh();
    struct result sent = { .completion = { on_result } };
    int ends[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    close(ends[0]);
    loop_send(loop, ends[1], bytes_of("x", 1), &sent.completion);
    cr_assert_not(sent.done, "no completion runs inside the call");
    cr_assert(kit_turns(loop, &sent.done, 5));
    cr_assert_eq(sent.value, -EPIPE);
}

Test(loop_posix, a_connection_that_is_refused_says_so)
{
    struct loop *loop = fresh();
    struct result connected = { .completion = { on_result } };
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t size = sizeof address;
    int taken = socket(AF_INET, SOCK_STREAM, 0), caller = socket(AF_INET, SOCK_STREAM, 0);

    cr_assert_eq(bind(taken, (struct sockaddr *)&address, size), 0); /* Bound, but nobody listens. */
    cr_assert_eq(getsockname(taken, (struct sockaddr *)&address, &size), 0);
    loop_connect(loop, caller, (struct sockaddr *)&address, size, &connected.completion);
    cr_assert(kit_turns(loop, &connected.done, 5));
    cr_assert_eq(connected.value, -ECONNREFUSED);
}

Test(loop_posix, a_number_beyond_the_table_and_a_file_that_cannot_be_watched_are_refused)
{
    struct loop *loop = fresh();
    struct result far = { .completion = { on_result } }, file = far;
    struct sink sink = { .receive = { .received = on_received } };
    uint8_t byte;

    sink.receive.fd = fcntl(0, F_DUPFD, 2000);
    if (sink.receive.fd >= 0) { /* Else this shell allows fewer descriptors than the table has. */
        loop_receive(loop, &sink.receive);
        cr_assert(kit_turns(loop, &sink.over, 5));
        cr_assert_eq(sink.result, -EMFILE);
        loop_receive_stop(loop, &sink.receive);
        loop_cancel(loop, sink.receive.fd);
    }
    loop_read(loop, open("/proc/self/exe", O_RDONLY), &byte, 1, &file.completion);
    cr_assert(kit_turns(loop, &file.done, 5));
    cr_assert_eq(file.value, -EPERM);
}

/* Linux before 5.11, and seccomp profiles of that time. */
static int wait_without_pwait2(void)
{
    struct loop *loop = fresh();
    uint64_t end_ns = clock_mono_ns() + 20500000;

    if (seccomp_kit_deny(SYS_epoll_pwait2, ENOSYS) != 0) {
        return 77;
    }
    return loop_turn(loop, end_ns) == ERR_OK && clock_mono_ns() >= end_ns && loop->counters.wakeups[LOOP_CAUSE_DEADLINE] == 1 ? 0 : 1;
}

Test(loop_posix, never_wakes_early_on_a_kernel_that_counts_in_milliseconds) { cr_assert_eq(seccomp_kit_child(wait_without_pwait2), 0); }
