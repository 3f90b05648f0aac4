/* loop.h: the event loop: one thread that sleeps until the kernel has completed something or the caller's deadline has come.
 *
 * `struct loop` is an interface with two implementations: io_uring (net/loop_uring.h) and epoll (net/loop_posix.h). Both answer the same
 * calls with the same completions, and each is the other's oracle. Nothing in it ticks: a turn with no deadline and nothing under way sleeps for ever.
 *
 * Every operation names a `struct completion`; its `done` runs on the loop's thread inside loop_turn, with the result as the kernel gives
 * it (negative errno on failure). Operations marked *multishot* complete again and again while LOOP_MORE is set in the flags, and are over
 * with the first completion that lacks it. */
#ifndef WARD_NET_LOOP_H
#define WARD_NET_LOOP_H

#include "base/bytes.h"
#include "base/completion.h"
#include "base/err.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct io_uring;

#define LOOP_FOREVER UINT64_MAX /* as a deadline: none */
#define LOOP_MORE 2u            /* completion flag: the multishot operation goes on; equals IORING_CQE_F_MORE */

/* Receive buffers come in two groups, so that strangers cannot starve members. */
enum loop_group { LOOP_GROUP_MEMBERS, LOOP_GROUP_STRANGERS, LOOP_GROUP_COUNT };

/* Why a turn woke up. Whoever handles a completion says so with loop_note; the first cause noted in a turn counts. */
enum loop_cause {
    LOOP_CAUSE_DEADLINE, /* the caller's deadline came and nothing else */
    LOOP_CAUSE_MEMBER,   /* bytes or state of a link to a member */
    LOOP_CAUSE_STRANGER, /* an accept, a handshake, a client, a command of another member's client */
    LOOP_CAUSE_WORKER,   /* another thread signalled a struct loop_event */
    LOOP_CAUSE_SIGNAL,   /* SIGTERM or SIGINT */
    LOOP_CAUSE_OTHER,    /* nobody noted a cause: the disk */
    LOOP_CAUSE_COUNT
};

/* Counters since the loop was opened. */
struct loop_counters {
    uint64_t wakeups[LOOP_CAUSE_COUNT]; /* turns that came back, by cause */
    uint64_t enters;                    /* syscalls that submit or wait */
    uint64_t syscalls;                  /* other syscalls made by loop and net: socket, close, setsockopt, read of a signal */
    uint64_t submissions;               /* operations handed to the kernel, those of the disk included */
    uint64_t completions;               /* completions dispatched, but for quiet sends that were done at once */
    uint64_t starved;                   /* receives that met an empty buffer group */
};

struct loop;

/* A receive under way. The caller sets the first three fields. */
struct loop_receive {
    int fd;
    enum loop_group group;
    /* received is called with result > 0 and the bytes, which may be overwritten and are gone when it returns; with 0 when the other side
     * has finished; with a negative errno on failure. more = false: the receive has ended. */
    void (*received)(struct loop_receive *receive, int32_t result, uint8_t *data, bool more);
    /* The loop's own. Zero at first. */
    struct completion completion;
    struct loop *loop;
    struct loop_receive *next; /* among those that wait for buffers */
    bool active;               /* under way, in the kernel or waiting for buffers */
    bool waiting;              /* for buffers */
    bool stopping;
    bool single;               /* one request per receive instead of a series */
};

/* What an implementation provides; see the functions of the same name below. */
struct loop_ops {
    const char *name; /* "io_uring", "posix" */
    enum err (*turn)(struct loop *loop, uint64_t deadline_ns);
    void (*accept)(struct loop *loop, int fd, struct completion *completion);
    void (*connect)(struct loop *loop, int fd, const struct sockaddr *address, socklen_t size, struct completion *completion);
    void (*receive)(struct loop *loop, struct loop_receive *receive);
    void (*receive_stop)(struct loop *loop, struct loop_receive *receive);
    void (*send)(struct loop *loop, int fd, struct bytes bytes, struct completion *completion);
    void (*send_quiet)(struct loop *loop, int fd, struct bytes bytes, struct completion *completion);
    void (*read)(struct loop *loop, int fd, void *data, size_t size, struct completion *completion);
    void (*poll)(struct loop *loop, int fd, struct completion *completion);
    void (*cancel)(struct loop *loop, int fd);
    struct io_uring *(*ring)(struct loop *loop);
    void (*close)(struct loop *loop);
};

struct loop {
    const struct loop_ops *ops;
    struct loop_counters counters;
    bool noted; /* a cause was noted in this turn */
    bool hurried; /* the next turn comes back for quiet sends too */
};

/* loop_turn submits what is queued and sleeps until something completes or deadline_ns (CLOCK_MONOTONIC) has come, then runs the
 * completions that are there. A deadline in the past polls. Gives: ERR_OK, also when the deadline came. Fails: ERR_IO when the kernel
 * refuses to wait. Cost: one syscall. */
enum err loop_turn(struct loop *loop, uint64_t deadline_ns);

/* loop_note states the cause of the present wake-up; the first of a turn counts. */
void loop_note(struct loop *loop, enum loop_cause cause);

/* loop_accept takes connections from a listening socket. Multishot. Gives: a new close-on-exec descriptor as the result. */
void loop_accept(struct loop *loop, int fd, struct completion *completion);

/* loop_connect connects a socket. Gives: 0 or a negative errno. Owns: `address` must live until the completion. */
void loop_connect(struct loop *loop, int fd, const struct sockaddr *address, socklen_t size, struct completion *completion);

/* loop_receive receives from receive->fd into buffers of receive->group, again and again, until it ends: `received` says so by more = false.
 * An empty buffer group ends nothing: the loop starts again by itself when a quarter of the buffers are back.
 * Needs: fd, group and received are set; the receive is not under way. Owns: the receive must stay where it is until it ends. */
void loop_receive(struct loop *loop, struct loop_receive *receive);

/* loop_receive_stop asks a receive to end; bytes that the kernel has already taken may still come before. `received` is never called
 * from inside. Nothing happens when it is not under way. */
void loop_receive_stop(struct loop *loop, struct loop_receive *receive);

/* loop_send sends all bytes of a run; short sends are continued. Gives: the bytes sent or a negative errno. Owns: the
 * bytes must not change until the completion. */
void loop_send(struct loop *loop, int fd, struct bytes bytes, struct completion *completion);

/* loop_send_quiet sends bytes whose completion nobody waits for: when the socket takes them all, no turn comes back for that alone, unless loop_hurry was called; the
 * completion is there with the next turn that does. A turn saved for each turn that sends.
 * Gives: the bytes sent; fewer than asked or -EAGAIN, with a turn of its own, when the socket takes no more now; or another negative errno. Owns: as loop_send.
 * Needs: all that depends on a completion of all bytes can wait for the next event. */
void loop_send_quiet(struct loop *loop, int fd, struct bytes bytes, struct completion *completion);

/* loop_hurry makes the next turn come back for quiet sends too: something has come to depend on one. */
void loop_hurry(struct loop *loop);

/* loop_read reads once from a descriptor such as an eventfd. */
void loop_read(struct loop *loop, int fd, void *data, size_t size, struct completion *completion);

/* loop_poll completes once when the descriptor can be read. */
void loop_poll(struct loop *loop, int fd, struct completion *completion);

/* loop_cancel ends every operation on a descriptor but a receive that waits for buffers, which loop_receive_stop ends. Each completes as usual, most with -ECANCELED; close it after the last of them. */
void loop_cancel(struct loop *loop, int fd);

/* loop_ring gives the ring that the disk shares, NULL when the implementation has none. */
struct io_uring *loop_ring(struct loop *loop);

/* loop_close gives the kernel's resources back. Needs: the owners of all operations are gone or will not be asked again. */
void loop_close(struct loop *loop);

/* A wake-up from another thread. */
struct loop_event {
    struct completion completion;
    struct loop *loop;
    int fd;         /* an eventfd; -1 when closed */
    uint64_t count; /* signals since the last wake-up, written by the kernel */
    enum loop_cause cause; /* that it notes: LOOP_CAUSE_WORKER unless the owner says otherwise after opening */
    void (*fired)(struct loop_event *event, uint64_t count); /* on the loop's thread; `count` signals were folded into one wake-up */
};

/* loop_event_open makes the event and waits for it. Fails: ERR_IO. Owns: the event must stay where it is. */
enum err loop_event_open(struct loop *loop, struct loop_event *event, void (*fired)(struct loop_event *, uint64_t));

/* loop_event_signal wakes the loop. Cost: one syscall. Threads: any. */
void loop_event_signal(struct loop_event *event);

/* SIGTERM and SIGINT as events of the loop. */
struct loop_signals {
    struct completion completion;
    struct loop *loop;
    int fd;
    void (*fired)(struct loop_signals *signals, int number); /* on the loop's thread */
};

/* loop_signals_open blocks SIGTERM and SIGINT in this thread and receives them in the loop.
 * Needs: called before other threads start, so that they inherit the mask. Fails: ERR_IO. */
enum err loop_signals_open(struct loop *loop, struct loop_signals *signals, void (*fired)(struct loop_signals *, int));

#endif
