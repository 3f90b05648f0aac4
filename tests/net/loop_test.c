/* loop_test.c: the loop sleeps until something happens, says what it was, and carries bytes. */
#include "net/loop.h"

#include "base/clock.h"
#include "tests/net/net_kit.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

static struct loop *fresh(enum kit_backend backend)
{
    struct loop_uring_config config = { .entries = 64, .buffers_count = { 8, 8 }, .buffer_bytes = { 4096, 4096 } };

    return kit_loop_on(backend, &config);
}

static uint64_t wakeups(const struct loop *loop)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < LOOP_CAUSE_COUNT; i++) {
        sum += loop->counters.wakeups[i];
    }
    return sum;
}

ON_EACH_BACKEND(loop, wakes_at_the_deadline_and_not_before)
ParameterizedTest(enum kit_backend *backend, loop, wakes_at_the_deadline_and_not_before)
{
    struct loop *loop = fresh(*backend);
    uint64_t deadline_ns = clock_mono_ns() + 30000000;

    cr_assert_eq(loop_turn(loop, deadline_ns), ERR_OK);
    cr_assert_geq(clock_mono_ns(), deadline_ns);
    cr_assert_eq(loop->counters.wakeups[LOOP_CAUSE_DEADLINE], 1);
    cr_assert_eq(loop_turn(loop, 1), ERR_OK);
    cr_assert_eq(loop->counters.wakeups[LOOP_CAUSE_DEADLINE], 2);
    cr_assert_eq(loop->counters.enters, 2);
}

static struct loop_event event;
static uint64_t fired_count;
static bool fired;

static void on_event(struct loop_event *unused, uint64_t count)
{
    (void)unused;
    fired = true;
    fired_count += count;
}

static void *signal_later(void *nothing)
{
    usleep(200000);
    loop_event_signal(&event);
    return nothing;
}

ON_EACH_BACKEND(loop, sleeps_for_ever_until_another_thread_wakes_it)
ParameterizedTest(enum kit_backend *backend, loop, sleeps_for_ever_until_another_thread_wakes_it)
{
    struct loop *loop = fresh(*backend);
    pthread_t thread;

    cr_assert_eq(loop_event_open(loop, &event, on_event), ERR_OK);
    cr_assert_eq(pthread_create(&thread, NULL, signal_later, NULL), 0);
    cr_assert_eq(loop_turn(loop, LOOP_FOREVER), ERR_OK);
    cr_assert(fired);
    cr_assert_eq(fired_count, 1);
    cr_assert_eq(wakeups(loop), 1);
    cr_assert_eq(loop->counters.wakeups[LOOP_CAUSE_WORKER], 1);
    pthread_join(thread, NULL);
}

ON_EACH_BACKEND(loop, folds_many_signals_into_one_wakeup_and_loses_none)
ParameterizedTest(enum kit_backend *backend, loop, folds_many_signals_into_one_wakeup_and_loses_none)
{
    struct loop *loop = fresh(*backend);

    cr_assert_eq(loop_event_open(loop, &event, on_event), ERR_OK);
    for (unsigned i = 0; i < 5; i++) {
        loop_event_signal(&event);
    }
    cr_assert_eq(loop_turn(loop, LOOP_FOREVER), ERR_OK);
    cr_assert_eq(fired_count, 5);
    loop_event_signal(&event);
    cr_assert_eq(loop_turn(loop, LOOP_FOREVER), ERR_OK);
    cr_assert_eq(fired_count, 6);
}

static int signal_number;

static void on_signal(struct loop_signals *unused, int number)
{
    (void)unused;
    signal_number = number;
}

ON_EACH_BACKEND(loop, receives_termination_as_an_event)
ParameterizedTest(enum kit_backend *backend, loop, receives_termination_as_an_event)
{
    static const int numbers[] = { SIGTERM, SIGINT, SIGTERM };
    struct loop_signals signals;
    struct loop *loop = fresh(*backend);

    cr_assert_eq(loop_signals_open(loop, &signals, on_signal), ERR_OK);
    for (size_t i = 0; i < 3; i++) {
        signal_number = 0;
        cr_assert_eq(kill(getpid(), numbers[i]), 0);
        cr_assert_eq(loop_turn(loop, LOOP_FOREVER), ERR_OK);
        cr_assert_eq(signal_number, numbers[i]);
    }
    cr_assert_eq(loop->counters.wakeups[LOOP_CAUSE_SIGNAL], 3);
}

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
    char data[64];
    size_t size;
    int32_t result;
    bool some, over;
};

static void on_received(struct loop_receive *receive, int32_t result, uint8_t *data, bool more)
{
    struct sink *sink = (struct sink *)receive;

    if (result > 0 && sink->size + (size_t)result <= sizeof sink->data) {
        memcpy(sink->data + sink->size, data, (size_t)result);
        sink->size += (size_t)result;
        sink->some = true;
    }
    sink->result = result;
    sink->over = !more;
}

ON_EACH_BACKEND(loop, connects_accepts_and_carries_bytes_over_unix_and_tcp)
ParameterizedTest(enum kit_backend *backend, loop, connects_accepts_and_carries_bytes_over_unix_and_tcp)
{
    struct sockaddr_un path = { .sun_family = AF_UNIX };
    struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };

    snprintf(path.sun_path, sizeof path.sun_path, "/tmp/ward-loop-test-%d.sock", getpid());
    for (unsigned tcp = 0; tcp < 2; tcp++) {
        struct loop *loop = fresh(*backend);
        struct sockaddr *address = tcp ? (struct sockaddr *)&any : (struct sockaddr *)&path;
        socklen_t size = tcp ? sizeof any : sizeof path;
        struct result accepted = { .completion = { on_result } }, connected = accepted, sent = accepted;
        struct sink sink = { .receive = { .received = on_received } };
        int listener = socket(address->sa_family, SOCK_STREAM, 0), caller = socket(address->sa_family, SOCK_STREAM, 0);
        cr_assert_eq(bind(listener, address, size), 0);
        cr_assert_eq(listen(listener, 4), 0);
        cr_assert_eq(getsockname(listener, address, &size), 0);
        loop_accept(loop, listener, &accepted.completion);
        loop_connect(loop, caller, address, size, &connected.completion);
        cr_assert(kit_turns(loop, &connected.done, 5));
        cr_assert_eq(connected.value, 0);
        cr_assert(kit_turns(loop, &accepted.done, 5));
        sink.receive.fd = accepted.value;
        loop_receive(loop, &sink.receive);
        loop_send(loop, caller, bytes_of("hello", 5), &sent.completion);
        cr_assert(kit_turns(loop, &sink.some, 5));
        cr_assert(kit_turns(loop, &sent.done, 5));
        cr_assert_eq(sent.value, 5);
        cr_assert_eq(memcmp(sink.data, "hello", 5), 0);
        close(caller);
        cr_assert(kit_turns(loop, &sink.over, 5));
        cr_assert_eq(sink.result, 0);
        loop_close(loop);
    }
    unlink(path.sun_path);
}

ON_EACH_BACKEND(loop, cancels_what_waits_on_a_descriptor)
ParameterizedTest(enum kit_backend *backend, loop, cancels_what_waits_on_a_descriptor)
{
    struct loop *loop = fresh(*backend);
    struct result polled = { .completion = { on_result } };
    struct sink sink = { .receive = { .received = on_received } };
    int ends[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    sink.receive.fd = ends[0];
    loop_receive(loop, &sink.receive);
    loop_poll(loop, ends[0], &polled.completion);
    cr_assert_eq(loop_turn(loop, 1), ERR_OK);
    loop_cancel(loop, ends[0]);
    cr_assert(kit_turns(loop, &sink.over, 5));
    cr_assert(kit_turns(loop, &polled.done, 5));
    cr_assert_eq(sink.result, -ECANCELED);
    cr_assert_eq(polled.value, -ECANCELED);
}

ON_EACH_BACKEND(loop, stops_and_restarts_a_receive_without_losing_bytes)
ParameterizedTest(enum kit_backend *backend, loop, stops_and_restarts_a_receive_without_losing_bytes)
{
    struct loop *loop = fresh(*backend);
    struct sink sink = { .receive = { .received = on_received } };
    int ends[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    sink.receive.fd = ends[0];
    loop_receive_stop(loop, &sink.receive); /* Nothing is under way. */
    loop_receive(loop, &sink.receive);
    cr_assert_eq(write(ends[1], "one", 3), 3);
    cr_assert(kit_turns(loop, &sink.some, 5));
    loop_receive_stop(loop, &sink.receive);
    cr_assert(kit_turns(loop, &sink.over, 5));
    sink.over = false;
    cr_assert_eq(write(ends[1], "two", 3), 3);
    cr_assert_eq(loop_turn(loop, clock_mono_ns() + 20000000), ERR_OK);
    cr_assert_eq(sink.size, 3, "a stopped receive must leave the bytes in the socket");
    sink.some = false;
    loop_receive(loop, &sink.receive);
    cr_assert(kit_turns(loop, &sink.some, 5));
    cr_assert_eq(memcmp(sink.data, "onetwo", 6), 0);
}

/* An established connection without traffic costs no wake-up: the loop sleeps through until the thread's signal. */
ON_EACH_BACKEND(loop, has_no_wakeup_while_an_armed_connection_is_idle)
ParameterizedTest(enum kit_backend *backend, loop, has_no_wakeup_while_an_armed_connection_is_idle)
{
    struct loop *loop = fresh(*backend);
    struct sink sink = { .receive = { .received = on_received } };
    pthread_t thread;
    int ends[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    sink.receive.fd = ends[0];
    loop_receive(loop, &sink.receive);
    cr_assert_eq(loop_event_open(loop, &event, on_event), ERR_OK);
    cr_assert_eq(pthread_create(&thread, NULL, signal_later, NULL), 0);
    while (!fired) {
        cr_assert_eq(loop_turn(loop, LOOP_FOREVER), ERR_OK);
    }
    cr_assert_eq(wakeups(loop), 1);
    pthread_join(thread, NULL);
}

/* --- Quiet sends ------------------------------------------------------------------------------------------------------ */

/* tcp_pair gives two ends of a connection with small buffers. */
static void tcp_pair(int ends[2])
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), small = 16384;

    cr_assert_eq(bind(listener, (struct sockaddr *)&address, size), 0);
    cr_assert_eq(listen(listener, 1), 0);
    cr_assert_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    ends[1] = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
    cr_assert_eq(connect(ends[1], (struct sockaddr *)&address, size), 0);
    ends[0] = accept(listener, NULL, NULL);
    close(listener);
}

ON_EACH_BACKEND(loop, does_not_come_back_for_a_quiet_send_alone)
ParameterizedTest(enum kit_backend *backend, loop, does_not_come_back_for_a_quiet_send_alone)
{
    struct loop *loop = fresh(*backend);
    struct result sent[3] = { { { on_result }, 0, false }, { { on_result }, 0, false }, { { on_result }, 0, false } };
    uint64_t deadline_ns = clock_mono_ns() + 30000000;
    char bytes[9];
    int ends[2];

    tcp_pair(ends);
    for (unsigned i = 0; i < 3; i++) {
        loop_send_quiet(loop, ends[1], bytes_of("one", 3), &sent[i].completion);
    }
    cr_assert_eq(loop_turn(loop, deadline_ns), ERR_OK);
    cr_assert_geq(clock_mono_ns(), deadline_ns, "the deadline ended the sleep");
    cr_assert_eq(wakeups(loop), 1);
    cr_assert_eq(loop->counters.wakeups[LOOP_CAUSE_DEADLINE], 1);
    for (unsigned i = 0; i < 3; i++) {
        cr_assert(sent[i].done, "and with it the completion is there");
        cr_assert_eq(sent[i].value, 3);
    }
    cr_assert_eq(recv(ends[0], bytes, sizeof bytes, MSG_WAITALL), 9);
    cr_assert_eq(memcmp(bytes, "oneoneone", 9), 0);
}

ON_EACH_BACKEND(loop, comes_back_for_a_quiet_send_that_something_depends_on)
ParameterizedTest(enum kit_backend *backend, loop, comes_back_for_a_quiet_send_that_something_depends_on)
{
    struct loop *loop = fresh(*backend);
    struct result sent = { .completion = { on_result } };
    uint64_t deadline_ns = clock_mono_ns() + UINT64_C(20000000000);
    int ends[2];

    tcp_pair(ends);
    loop_send_quiet(loop, ends[1], bytes_of("one", 3), &sent.completion);
    loop_hurry(loop);
    cr_assert_eq(loop_turn(loop, deadline_ns), ERR_OK);
    cr_assert_lt(clock_mono_ns(), deadline_ns);
    cr_assert(sent.done);
    cr_assert_eq(sent.value, 3);
    deadline_ns = clock_mono_ns() + 30000000;
    cr_assert_eq(loop_turn(loop, deadline_ns), ERR_OK);
    cr_assert_geq(clock_mono_ns(), deadline_ns, "once only");
}

ON_EACH_BACKEND(loop, sleeps_on_after_a_quiet_send_until_the_next_event)
ParameterizedTest(enum kit_backend *backend, loop, sleeps_on_after_a_quiet_send_until_the_next_event)
{
    struct loop *loop = fresh(*backend);
    struct result sent = { .completion = { on_result } };
    pthread_t thread;
    int ends[2];

    tcp_pair(ends);
    cr_assert_eq(loop_event_open(loop, &event, on_event), ERR_OK);
    cr_assert_eq(loop_turn(loop, 1), ERR_OK);
    loop_send_quiet(loop, ends[1], bytes_of("one", 3), &sent.completion);
    cr_assert_eq(pthread_create(&thread, NULL, signal_later, NULL), 0);
    cr_assert_eq(loop_turn(loop, LOOP_FOREVER), ERR_OK);
    cr_assert(fired, "one turn for both");
    cr_assert(sent.done);
    cr_assert_eq(loop->counters.wakeups[LOOP_CAUSE_WORKER], 1);
    pthread_join(thread, NULL);
}

/* read_some takes what is there. */
static size_t read_some(int fd, uint8_t *got, size_t room)
{
    ssize_t size = recv(fd, got, room, MSG_DONTWAIT);

    return size > 0 ? (size_t)size : 0;
}

/* The socket takes a part: the owner learns it at once, and how much, and sends the rest; or the loop goes on by itself. No byte is lost, none comes twice. */
ON_EACH_BACKEND(loop, tells_at_once_when_a_quiet_send_does_not_fit)
ParameterizedTest(enum kit_backend *backend, loop, tells_at_once_when_a_quiet_send_does_not_fit)
{
    static uint8_t data[4u << 20], got[sizeof data];
    struct loop *loop = fresh(*backend);
    struct result sent = { .completion = { on_result } };
    uint64_t far_ns = clock_mono_ns() + UINT64_C(20000000000);
    size_t seen = 0, done = 0;
    int ends[2];

    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 131 + (i >> 8));
    }
    tcp_pair(ends);
    loop_send_quiet(loop, ends[1], bytes_of(data, sizeof data), &sent.completion);
    if (*backend == KIT_URING) {
        cr_assert_eq(loop_turn(loop, far_ns), ERR_OK);
        cr_assert_lt(clock_mono_ns(), far_ns, "it ends the sleep");
        cr_assert(sent.done);
        cr_assert(sent.value == -EAGAIN || (sent.value > 0 && sent.value < (int32_t)sizeof data), "%d", sent.value);
        done = sent.value > 0 ? (size_t)sent.value : 0;
        sent.done = false;
        loop_send(loop, ends[1], bytes_of(data + done, sizeof data - done), &sent.completion);
    }
    for (unsigned turns = 0; seen < sizeof data && turns < 100000; turns++) {
        cr_assert_eq(loop_turn(loop, clock_mono_ns() + 200000), ERR_OK);
        seen += read_some(ends[0], got + seen, sizeof got - seen);
    }
    cr_assert_eq(seen, sizeof data);
    cr_assert(kit_turns(loop, &sent.done, 5));
    cr_assert_eq((size_t)sent.value, sizeof data - done);
    cr_assert_eq(memcmp(got, data, sizeof data), 0);
    cr_assert_eq(read_some(ends[0], got, sizeof got), 0);
}

ON_EACH_BACKEND(loop, tells_at_once_when_a_quiet_send_fails)
ParameterizedTest(enum kit_backend *backend, loop, tells_at_once_when_a_quiet_send_fails)
{
    struct loop *loop = fresh(*backend);
    struct result sent = { .completion = { on_result } };
    uint64_t far_ns = clock_mono_ns() + UINT64_C(20000000000);
    int ends[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    close(ends[0]);
    loop_send_quiet(loop, ends[1], bytes_of("one", 3), &sent.completion);
    cr_assert_eq(loop_turn(loop, far_ns), ERR_OK);
    cr_assert_lt(clock_mono_ns(), far_ns);
    cr_assert(sent.done);
    cr_assert_eq(sent.value, -EPIPE);
}
