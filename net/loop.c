/* loop.c: what every implementation of the loop shares: the table of operations, the cause of a wake-up, wake-ups from threads, signals. */
#include "net/loop.h"

#include "base/assert.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum err loop_turn(struct loop *loop, uint64_t deadline_ns)
{
    uint64_t completions = loop->counters.completions;

    loop->noted = false;
    enum err err = loop->ops->turn(loop, deadline_ns);
    loop->hurried = false;
    if (!loop->noted) {
        loop_note(loop, loop->counters.completions == completions ? LOOP_CAUSE_DEADLINE : LOOP_CAUSE_OTHER);
    }
    return err;
}

void loop_note(struct loop *loop, enum loop_cause cause)
{
    ASSERT(cause < LOOP_CAUSE_COUNT);
    if (!loop->noted) {
        loop->noted = true;
        loop->counters.wakeups[cause]++;
    }
}

void loop_accept(struct loop *loop, int fd, struct completion *completion) { loop->ops->accept(loop, fd, completion); }

void loop_connect(struct loop *loop, int fd, const struct sockaddr *address, socklen_t size, struct completion *completion)
{
    loop->ops->connect(loop, fd, address, size, completion);
}

void loop_receive(struct loop *loop, struct loop_receive *receive)
{
    ASSERT(!receive->active);
    ASSERT(receive->received != NULL);
    ASSERT(receive->group < LOOP_GROUP_COUNT);
    loop->ops->receive(loop, receive);
}

void loop_receive_stop(struct loop *loop, struct loop_receive *receive)
{
    if (receive->active && !receive->stopping) {
        loop->ops->receive_stop(loop, receive);
    }
}

void loop_send(struct loop *loop, int fd, struct bytes bytes, struct completion *completion)
{
    ASSERT(bytes.size > 0);
    loop->ops->send(loop, fd, bytes, completion);
}

void loop_send_quiet(struct loop *loop, int fd, struct bytes bytes, struct completion *completion)
{
    ASSERT(bytes.size > 0);
    ASSERT(bytes.size <= INT32_MAX);
    loop->ops->send_quiet(loop, fd, bytes, completion);
}

void loop_hurry(struct loop *loop) { loop->hurried = true; }

void loop_read(struct loop *loop, int fd, void *data, size_t size, struct completion *completion) { loop->ops->read(loop, fd, data, size, completion); }

void loop_poll(struct loop *loop, int fd, struct completion *completion) { loop->ops->poll(loop, fd, completion); }

void loop_cancel(struct loop *loop, int fd) { loop->ops->cancel(loop, fd); }

struct io_uring *loop_ring(struct loop *loop) { return loop->ops->ring(loop); }

void loop_close(struct loop *loop) { loop->ops->close(loop); }

/* --- Wake-ups from other threads ---------------------------------------------------------------------------------- */

static void event_wait(struct loop_event *event)
{
    loop_read(event->loop, event->fd, &event->count, sizeof event->count, &event->completion);
}

static void event_done(struct completion *completion, int32_t result, uint32_t flags)
{
    struct loop_event *event = (struct loop_event *)((char *)completion - offsetof(struct loop_event, completion));
    uint64_t count = event->count;

    (void)flags;
    if (result == -EINTR || result == -EAGAIN) {
        event_wait(event);
        return;
    }
    if (result != (int32_t)sizeof count) {
        return; /* Cancelled at the end. */
    }
    loop_note(event->loop, event->cause);
    event_wait(event); /* First, so that a signal given inside `fired` is not lost. */
    event->fired(event, count);
}

enum err loop_event_open(struct loop *loop, struct loop_event *event, void (*fired)(struct loop_event *, uint64_t))
{
    *event = (struct loop_event){ .completion = { event_done }, .loop = loop, .cause = LOOP_CAUSE_WORKER, .fired = fired };
    event->fd = eventfd(0, EFD_CLOEXEC); /* Blocking on purpose: the kernel then waits for the signal instead of answering EAGAIN. */
    if (event->fd < 0) {
        return ERR_IO;
    }
    event_wait(event);
    return ERR_OK;
}

void loop_event_signal(struct loop_event *event)
{
    uint64_t one = 1;
    ssize_t written = write(event->fd, &one, sizeof one);

    ASSERT(written == (ssize_t)sizeof one); /* An eventfd fails only when 2^64 - 2 signals wait. */
}

/* --- Signals ------------------------------------------------------------------------------------------------------ */

static void signals_done(struct completion *completion, int32_t result, uint32_t flags)
{
    struct loop_signals *signals = (struct loop_signals *)((char *)completion - offsetof(struct loop_signals, completion));
    struct signalfd_siginfo info;

    (void)flags;
    if (result < 0 && result != -EINTR) {
        return; /* Cancelled at the end. */
    }
    loop_note(signals->loop, LOOP_CAUSE_SIGNAL);
    signals->loop->counters.syscalls++;
    ssize_t size = read(signals->fd, &info, sizeof info);
    loop_poll(signals->loop, signals->fd, &signals->completion);
    if (size == (ssize_t)sizeof info) {
        signals->fired(signals, (int)info.ssi_signo);
    }
}

enum err loop_signals_open(struct loop *loop, struct loop_signals *signals, void (*fired)(struct loop_signals *, int))
{
    sigset_t set;

    *signals = (struct loop_signals){ .completion = { signals_done }, .loop = loop, .fired = fired, .fd = -1 };
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0) {
        return ERR_IO;
    }
    signals->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals->fd < 0) {
        return ERR_IO;
    }
    loop_poll(loop, signals->fd, &signals->completion);
    return ERR_OK;
}
