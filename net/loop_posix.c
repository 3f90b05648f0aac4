/* loop_posix.c: the loop on epoll.
 *
 * An operation is an entry of a pool. It lies in one of three places:
 *
 *     free --start--> attached to its descriptor, the kernel is asked for readiness --ready--> done, back to free
 *                \--could be done at once, failed, cancelled--> finished --next turn--> done, back to free
 *
 * Sends and connects are tried at once; everything else waits for readiness first, because an idle descriptor is the usual case. No
 * completion runs inside the call that starts or ends an operation, only inside a turn.
 *
 * Invariants:
 * 1. the kernel is asked for exactly what the attached operations of a descriptor wait for, and for nothing when there are none: a
 *    descriptor that is broken and unattended would otherwise wake the loop for ever;
 * 2. an event carries the generation of its registration, so one that was read for a descriptor that has been closed since is dropped;
 * 3. descriptors with only single-shot reads and polls are registered EPOLLONESHOT: the kernel forgets what it asked for by itself. */
#include "net/loop_posix.h"

#include "base/assert.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS_MAX 64 /* taken from the kernel in one turn */
#define ACCEPTS_MAX 16 /* of one listener in one turn */
#define OPERATIONS_PER_DESCRIPTOR 2u
#define OPERATIONS_SPARE 64u

enum operation_kind { OPERATION_ACCEPT, OPERATION_CONNECT, OPERATION_RECEIVE, OPERATION_SEND, OPERATION_READ, OPERATION_POLL };

struct operation {
    enum operation_kind kind;
    int fd;
    struct completion *completion; /* NULL for a receive */
    struct loop_receive *receive;  /* of a receive */
    uint8_t *data;                 /* of a read or a send */
    size_t size, moved;
    int32_t result;                /* of a finished one */
    bool quiet;                    /* finished, and no turn comes back for it */
    struct operation *next;        /* of the descriptor, of the finished, of the free */
};

struct descriptor {
    struct operation *attached;
    uint32_t events;     /* the kernel is asked for; 0: for nothing */
    uint32_t generation; /* of the registration */
    bool registered;     /* the kernel knows the descriptor, even if it is asked for nothing */
};

struct loop_posix {
    struct loop loop; /* first: a struct loop * is a struct loop_posix * */
    struct loop_posix_config config;
    int epoll;
    bool coarse; /* this kernel has no epoll_pwait2: deadlines are rounded up to milliseconds */
    struct descriptor *descriptors;
    struct operation *operations, *free;
    struct operation *finished, **finished_end;
    uint32_t loud; /* of the finished, those for which a turn comes back */
    uint8_t *buffers[LOOP_GROUP_COUNT];
};

_Static_assert(offsetof(struct loop_posix, loop) == 0, "one address for both");

static struct loop_posix *posix_of(struct loop *loop) { return (struct loop_posix *)loop; }

/* --- Operations --------------------------------------------------------------------------------------------------- */

static struct operation *operation_take(struct loop_posix *posix, enum operation_kind kind, int fd, struct completion *completion)
{
    struct operation *operation = posix->free;

    ASSERT(fd >= 0);
    ASSERT(operation != NULL); /* A descriptor has at most one receive and one send or connect. */
    posix->free = operation->next;
    posix->loop.counters.submissions++;
    *operation = (struct operation){ .kind = kind, .fd = fd, .completion = completion };
    return operation;
}

static void operation_free(struct loop_posix *posix, struct operation *operation)
{
    operation->next = posix->free;
    posix->free = operation;
}

/* finish leaves the completion of a detached operation to the next turn. */
static void finish(struct loop_posix *posix, struct operation *operation, int32_t result)
{
    operation->result = result;
    operation->next = NULL;
    *posix->finished_end = operation;
    posix->finished_end = &operation->next;
    posix->loud += operation->quiet ? 0 : 1;
}

static void finish_all(struct loop_posix *posix, struct descriptor *descriptor, int32_t result)
{
    struct operation *operation = descriptor->attached;

    descriptor->attached = NULL;
    while (operation != NULL) { /* At most OPERATIONS_PER_DESCRIPTOR but for a few. */
        struct operation *next = operation->next;
        finish(posix, operation, result);
        operation = next;
    }
}

/* --- What the kernel is asked for --------------------------------------------------------------------------------- */

static bool is_single(enum operation_kind kind) { return kind == OPERATION_READ || kind == OPERATION_POLL; }

static bool is_out(enum operation_kind kind) { return kind == OPERATION_CONNECT || kind == OPERATION_SEND; }

static uint32_t events_of(const struct descriptor *descriptor)
{
    uint32_t events = 0;
    bool single = true;

    for (const struct operation *operation = descriptor->attached; operation != NULL; operation = operation->next) {
        events |= is_out(operation->kind) ? EPOLLOUT : EPOLLIN;
        single = single && is_single(operation->kind);
    }
    return events == 0 || !single ? events : events | EPOLLONESHOT;
}

/* register_events tells the kernel. Gives: 0 or an errno. A descriptor that was closed meanwhile has left the kernel's list by itself. */
static int register_events(struct loop_posix *posix, int fd, struct descriptor *descriptor, uint32_t events)
{
    struct epoll_event event = { .events = events };
    int first = descriptor->registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, second = descriptor->registered ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

    posix->loop.counters.syscalls++;
    descriptor->registered = events != 0;
    if (events == 0) {
        (void)epoll_ctl(posix->epoll, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    descriptor->generation++;
    event.data.u64 = (uint64_t)descriptor->generation << 32 | (uint32_t)fd;
    int code = epoll_ctl(posix->epoll, first, fd, &event) == 0 ? 0 : errno;
    if (code == ENOENT || code == EEXIST) {
        posix->loop.counters.syscalls++;
        code = epoll_ctl(posix->epoll, second, fd, &event) == 0 ? 0 : errno;
    }
    return code;
}

/* settle makes invariant 1 true again after operations came or went. What the kernel refuses to watch ends with its errno. */
static void settle(struct loop_posix *posix, int fd)
{
    struct descriptor *descriptor = &posix->descriptors[fd];
    uint32_t events = events_of(descriptor);

    if (events == descriptor->events) {
        return;
    }
    int code = register_events(posix, fd, descriptor, events);
    descriptor->events = events;
    if (code != 0) {
        descriptor->events = 0;
        descriptor->registered = false;
        finish_all(posix, descriptor, -code);
    }
}

/* attach makes an operation wait for its descriptor. */
static void attach(struct loop_posix *posix, struct operation *operation)
{
    if ((uint32_t)operation->fd >= posix->config.descriptors_max) {
        finish(posix, operation, -EMFILE);
        return;
    }
    struct descriptor *descriptor = &posix->descriptors[operation->fd];
    operation->next = descriptor->attached;
    descriptor->attached = operation;
    settle(posix, operation->fd);
}

/* detach takes an operation off its descriptor. */
static void detach(struct loop_posix *posix, struct operation *operation)
{
    struct operation **place = &posix->descriptors[operation->fd].attached;

    while (*place != operation) {
        ASSERT(*place != NULL);
        place = &(*place)->next;
    }
    *place = operation->next;
    settle(posix, operation->fd);
}

/* --- The interface ------------------------------------------------------------------------------------------------ */

/* make_nonblocking makes a descriptor answer EAGAIN where it would block: accept and connect have no flag for that. */
static void make_nonblocking(struct loop_posix *posix, int fd)
{
    int flags = fcntl(fd, F_GETFL);

    posix->loop.counters.syscalls += 2;
    (void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

static void posix_accept(struct loop *loop, int fd, struct completion *completion)
{
    make_nonblocking(posix_of(loop), fd);
    attach(posix_of(loop), operation_take(posix_of(loop), OPERATION_ACCEPT, fd, completion));
}

static void posix_connect(struct loop *loop, int fd, const struct sockaddr *address, socklen_t size, struct completion *completion)
{
    struct operation *operation = operation_take(posix_of(loop), OPERATION_CONNECT, fd, completion);

    make_nonblocking(posix_of(loop), fd);
    loop->counters.syscalls++;
    int code = connect(fd, address, size) == 0 ? 0 : errno;
    if (code == EINPROGRESS) {
        attach(posix_of(loop), operation);
    } else {
        finish(posix_of(loop), operation, -code);
    }
}

/* send_some sends what the socket takes. Gives: true when the operation is over, with its result. */
static bool send_some(struct loop_posix *posix, struct operation *operation, int32_t *result)
{
    while (operation->moved < operation->size) { /* Each round sends something, or is the last. */
        posix->loop.counters.syscalls++;
        ssize_t sent = send(operation->fd, operation->data + operation->moved, operation->size - operation->moved, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
            return false;
        }
        if (sent < 0) {
            *result = -errno;
            return true;
        }
        operation->moved += (size_t)sent;
    }
    *result = (int32_t)operation->moved;
    return true;
}

/* send_begin sends at once what the socket takes; what it does not take now goes on as any other send does. */
static void send_begin(struct loop_posix *posix, int fd, struct bytes bytes, struct completion *completion, bool quiet)
{
    struct operation *operation = operation_take(posix, OPERATION_SEND, fd, completion);
    int32_t result;

    ASSERT(bytes.size <= INT32_MAX);
    operation->data = (uint8_t *)(uintptr_t)bytes.data; /* Only read. */
    operation->size = bytes.size;
    if (send_some(posix, operation, &result)) {
        operation->quiet = quiet && result > 0;
        finish(posix, operation, result);
    } else {
        attach(posix, operation);
    }
}

static void posix_send(struct loop *loop, int fd, struct bytes bytes, struct completion *completion) { send_begin(posix_of(loop), fd, bytes, completion, false); }

static void posix_send_quiet(struct loop *loop, int fd, struct bytes bytes, struct completion *completion) { send_begin(posix_of(loop), fd, bytes, completion, true); }

static void posix_read(struct loop *loop, int fd, void *data, size_t size, struct completion *completion)
{
    struct operation *operation = operation_take(posix_of(loop), OPERATION_READ, fd, completion);

    operation->data = data;
    operation->size = size;
    attach(posix_of(loop), operation);
}

static void posix_poll(struct loop *loop, int fd, struct completion *completion)
{
    attach(posix_of(loop), operation_take(posix_of(loop), OPERATION_POLL, fd, completion));
}

static void posix_receive(struct loop *loop, struct loop_receive *receive)
{
    struct operation *operation = operation_take(posix_of(loop), OPERATION_RECEIVE, receive->fd, NULL);

    operation->receive = receive;
    receive->loop = loop;
    receive->active = true;
    receive->stopping = false;
    attach(posix_of(loop), operation);
}

static void posix_receive_stop(struct loop *loop, struct loop_receive *receive)
{
    struct loop_posix *posix = posix_of(loop);
    struct operation *operation = (uint32_t)receive->fd < posix->config.descriptors_max ? posix->descriptors[receive->fd].attached : NULL;

    receive->stopping = true;
    while (operation != NULL && operation->receive != receive) {
        operation = operation->next;
    }
    if (operation != NULL) { /* Otherwise its end is on the way already. */
        detach(posix, operation);
        finish(posix, operation, -ECANCELED);
    }
}

static void posix_cancel(struct loop *loop, int fd)
{
    struct loop_posix *posix = posix_of(loop);

    if ((uint32_t)fd < posix->config.descriptors_max) {
        finish_all(posix, &posix->descriptors[fd], -ECANCELED);
        settle(posix, fd);
    }
}

static struct io_uring *posix_ring(struct loop *loop)
{
    (void)loop;
    return NULL;
}

/* --- The turn ----------------------------------------------------------------------------------------------------- */

static void complete(struct loop_posix *posix, struct operation *operation, int32_t result)
{
    struct loop_receive *receive = operation->receive;
    struct completion *completion = operation->completion;

    operation_free(posix, operation);
    posix->loop.counters.completions += operation->quiet ? 0 : 1;
    if (receive == NULL) {
        completion->done(completion, result, 0);
        return;
    }
    receive->active = false;
    receive->stopping = false;
    receive->received(receive, result, NULL, false);
}

/* complete_finished runs the completions that were waiting when the turn began; what they finish belongs to the next turn. */
static void complete_finished(struct loop_posix *posix)
{
    struct operation *operation = posix->finished;

    posix->finished = NULL;
    posix->finished_end = &posix->finished;
    posix->loud = 0;
    while (operation != NULL) { /* At most as many as the pool has. */
        struct operation *next = operation->next;
        complete(posix, operation, operation->result);
        operation = next;
    }
}

/* serve_receive hands over what one call gives; the kernel says again when there is more. */
static void serve_receive(struct loop_posix *posix, struct operation *operation)
{
    struct loop_receive *receive = operation->receive;
    uint8_t *data = posix->buffers[receive->group];

    posix->loop.counters.syscalls++;
    ssize_t size = recv(operation->fd, data, posix->config.buffer_bytes[receive->group], MSG_DONTWAIT);
    if (size > 0) {
        posix->loop.counters.completions++;
        receive->received(receive, (int32_t)size, data, true);
    } else if (size == 0 || (errno != EAGAIN && errno != EINTR)) {
        int32_t result = size == 0 ? 0 : -errno;
        detach(posix, operation);
        complete(posix, operation, result);
    }
}

static bool is_attached(const struct loop_posix *posix, int fd, const struct operation *operation)
{
    const struct operation *at = posix->descriptors[fd].attached;

    while (at != NULL && at != operation) {
        at = at->next;
    }
    return at != NULL;
}

/* serve_accept takes what waits, until its owner has had enough of it. */
static void serve_accept(struct loop_posix *posix, struct operation *operation)
{
    int listener = operation->fd;

    for (unsigned i = 0; i < ACCEPTS_MAX && is_attached(posix, listener, operation); i++) {
        posix->loop.counters.syscalls++;
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        int32_t result = fd >= 0 ? fd : -errno;
        if (result == -EAGAIN) {
            return;
        }
        if (result >= 0) {
            posix->loop.counters.completions++;
            operation->completion->done(operation->completion, result, LOOP_MORE);
        } else if (result != -EINTR && result != -ECONNABORTED) {
            detach(posix, operation);
            complete(posix, operation, result);
        }
    }
}

static int32_t connect_result(struct loop_posix *posix, int fd)
{
    int code = 0;
    socklen_t size = sizeof code;

    posix->loop.counters.syscalls++;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) == 0 ? -code : -errno;
}

static int32_t read_result(struct loop_posix *posix, const struct operation *operation)
{
    posix->loop.counters.syscalls++;
    ssize_t size = read(operation->fd, operation->data, operation->size);
    return size < 0 ? -errno : (int32_t)size;
}

/* serve_one does what the readiness of its descriptor allows; afterwards the operation may be gone. */
static void serve_one(struct loop_posix *posix, struct operation *operation)
{
    int32_t result = POLLIN;

    switch (operation->kind) {
    case OPERATION_ACCEPT: serve_accept(posix, operation); return;
    case OPERATION_RECEIVE: serve_receive(posix, operation); return;
    case OPERATION_SEND:
        if (!send_some(posix, operation, &result)) {
            return;
        }
        break;
    case OPERATION_CONNECT: result = connect_result(posix, operation->fd); break;
    case OPERATION_READ: result = read_result(posix, operation); break;
    case OPERATION_POLL: break;
    }
    detach(posix, operation);
    complete(posix, operation, result);
}

/* find gives the next operation of a descriptor that waits for one of the events; NULL when there is none. */
static struct operation *find(const struct descriptor *descriptor, bool out)
{
    struct operation *operation = descriptor->attached;

    while (operation != NULL && is_out(operation->kind) != out) {
        operation = operation->next;
    }
    return operation;
}

/* serve serves at most one operation in each direction: completions may change whatever they like. */
static void serve(struct loop_posix *posix, const struct epoll_event *event)
{
    uint32_t fd = (uint32_t)event->data.u64, generation = (uint32_t)(event->data.u64 >> 32);
    struct descriptor *descriptor = &posix->descriptors[fd];
    const uint32_t broken = EPOLLERR | EPOLLHUP;

    ASSERT(fd < posix->config.descriptors_max);
    if (descriptor->generation != generation || descriptor->events == 0) {
        return;
    }
    if ((descriptor->events & EPOLLONESHOT) != 0) {
        descriptor->events = 0; /* The kernel has forgotten it. */
    }
    struct operation *operation = (event->events & (EPOLLOUT | broken)) != 0 ? find(descriptor, true) : NULL;
    if (operation != NULL) {
        serve_one(posix, operation);
    }
    operation = descriptor->generation == generation && (event->events & (EPOLLIN | broken)) != 0 ? find(descriptor, false) : NULL;
    if (operation != NULL) {
        serve_one(posix, operation);
    }
}

static int wait_coarse(struct loop_posix *posix, struct epoll_event *events, const struct timespec *wait)
{
    int64_t ms = wait == NULL ? -1 : (int64_t)wait->tv_sec * 1000 + (wait->tv_nsec + 999999) / 1000000;

    return epoll_wait(posix->epoll, events, EVENTS_MAX, ms > INT32_MAX ? INT32_MAX : (int)ms);
}

static int wait_for(struct loop_posix *posix, struct epoll_event *events, uint64_t deadline_ns)
{
    uint64_t now_ns = deadline_ns == LOOP_FOREVER ? 0 : clock_mono_ns(), left_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
    struct timespec wait = { .tv_sec = (time_t)(left_ns / 1000000000u), .tv_nsec = (long)(left_ns % 1000000000u) };
    const struct timespec *bound = deadline_ns == LOOP_FOREVER ? NULL : &wait;

    posix->loop.counters.enters++;
    if (!posix->coarse) {
        int count = epoll_pwait2(posix->epoll, events, EVENTS_MAX, bound, NULL);
        if (count >= 0 || (errno != ENOSYS && errno != EPERM)) { /* An old kernel, or a profile of seccomp from before it. */
            return count;
        }
        posix->coarse = true;
    }
    return wait_coarse(posix, events, bound);
}

static enum err posix_turn(struct loop *loop, uint64_t deadline_ns)
{
    struct loop_posix *posix = posix_of(loop);
    struct epoll_event events[EVENTS_MAX];
    int count = wait_for(posix, events, posix->loud == 0 && !(loop->hurried && posix->finished != NULL) ? deadline_ns : 0);

    if (count < 0 && errno != EINTR) {
        return ERR_IO;
    }
    complete_finished(posix);
    for (int i = 0; i < count; i++) {
        serve(posix, &events[i]);
    }
    return ERR_OK;
}

/* --- Start and end ------------------------------------------------------------------------------------------------ */

static void posix_close(struct loop *loop)
{
    close(posix_of(loop)->epoll);
    posix_of(loop)->epoll = -1;
}

static const struct loop_ops posix_ops = {
    .name = "posix",
    .turn = posix_turn,
    .accept = posix_accept,
    .connect = posix_connect,
    .receive = posix_receive,
    .receive_stop = posix_receive_stop,
    .send = posix_send,
    .send_quiet = posix_send_quiet,
    .read = posix_read,
    .poll = posix_poll,
    .cancel = posix_cancel,
    .ring = posix_ring,
    .close = posix_close,
};

struct loop_posix_config loop_posix_config_default(void) { return (struct loop_posix_config){ .descriptors_max = 1024, .buffer_bytes = { 16384, 4096 } }; }

struct loop *loop_posix_take(struct arena *arena, const struct loop_posix_config *config)
{
    uint32_t count = config->descriptors_max * OPERATIONS_PER_DESCRIPTOR + OPERATIONS_SPARE;

    ASSERT(config->descriptors_max >= 64);
    ASSERT(config->descriptors_max <= 65536);
    struct loop_posix *posix = arena_take(arena, 1, sizeof *posix);
    struct descriptor *descriptors = arena_take(arena, config->descriptors_max, sizeof *descriptors);
    struct operation *operations = arena_take(arena, count, sizeof *operations);
    for (unsigned i = 0; i < LOOP_GROUP_COUNT; i++) {
        ASSERT(config->buffer_bytes[i] >= 1024);
        uint8_t *buffer = arena_take(arena, config->buffer_bytes[i], 1);
        if (posix != NULL) {
            posix->buffers[i] = buffer;
        }
    }
    if (posix == NULL) {
        return NULL;
    }
    posix->loop.ops = &posix_ops;
    posix->config = *config;
    posix->descriptors = descriptors;
    posix->operations = operations;
    posix->finished_end = &posix->finished;
    posix->epoll = -1;
    for (uint32_t i = 0; i < count; i++) {
        operation_free(posix, &operations[i]);
    }
    return &posix->loop;
}

enum err loop_posix_open(struct loop *loop)
{
    posix_of(loop)->epoll = epoll_create1(EPOLL_CLOEXEC);
    return posix_of(loop)->epoll >= 0 ? ERR_OK : ERR_IO;
}
