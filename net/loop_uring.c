/* loop_uring.c: the loop on io_uring.
 *
 * One ring, used by the thread that opened it. The user data of a request is the address of its completion; 0 marks requests whose outcome
 * nobody awaits (cancellations). Submitting and waiting is one syscall.
 *
 * A quiet send may not wait (MSG_DONTWAIT), so it is over as soon as the kernel has taken the request, and it posts a completion only when it fails or falls short. Once all
 * requests are taken, each quiet send without a completion has sent all its bytes.
 *
 * The trap of provided buffers: a multishot receive that meets an empty group ends with ENOBUFS, even without data, and would do so
 * again at once if it were started again at once. Such a receive waits in a list until the completion queue is drained and a quarter of the
 * group is back.
 *
 * The trap of multishot receive on UNIX sockets: when the other side closed before its last bytes were read, some kernels (6.18 is one) take the
 * socket for empty after these bytes and wait for a wake-up that never comes. UNIX sockets are therefore received from one request at a time. */
#include "net/loop_uring.h"

#include "base/assert.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE_BYTES 4096u
#define COMPLETIONS_PER_ENTRY 8u
#define SUBMIT_TRIES 1000u
#define QUIET_MAX 128u /* quiet sends in one turn; further ones are sent like any other */

_Static_assert(LOOP_MORE == IORING_CQE_F_MORE, "completions pass the kernel's flags on");

struct uring_group {
    struct io_uring_buf_ring *ring; /* page-aligned, count entries */
    uint8_t *data;                  /* count x bytes */
    uint32_t count, bytes;
    uint32_t held;                  /* buffers that the kernel has given to us and that are not back */
    struct loop_receive *waiting;   /* receives that met an empty group */
};

/* A quiet send since the last turn. */
struct uring_quiet {
    struct completion *completion;
    int32_t bytes;
    bool told; /* it posted a completion */
};

struct loop_uring {
    struct loop loop; /* first: a struct loop * is a struct loop_uring * */
    struct loop_uring_config config;
    struct io_uring ring;
    struct uring_group groups[LOOP_GROUP_COUNT];
    struct uring_quiet quiet[QUIET_MAX];
    uint32_t quiet_count;
};

_Static_assert(offsetof(struct loop_uring, loop) == 0, "one address for both");

static struct loop_uring *uring_of(struct loop *loop) { return (struct loop_uring *)loop; }

/* --- Requests ----------------------------------------------------------------------------------------------------- */

/* uring_request gives an empty submission entry; a full queue is handed to the kernel first. */
static struct io_uring_sqe *uring_request(struct loop_uring *uring)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(&uring->ring);

    for (unsigned tries = 0; sqe == NULL && tries < SUBMIT_TRIES; tries++) { /* Only a kernel out of memory makes the loop go round twice. */
        int submitted = io_uring_submit(&uring->ring);
        uring->loop.counters.enters++;
        uring->loop.counters.submissions += submitted > 0 ? (uint64_t)submitted : 0;
        sqe = io_uring_get_sqe(&uring->ring);
    }
    if (sqe == NULL) {
        fprintf(stderr, "ward: the kernel takes no more requests: out of memory\n");
        abort();
    }
    return sqe;
}

/* The preparing functions of liburing clear the user data in some versions and not in others, so it is set after them. */
static void uring_finish(struct io_uring_sqe *sqe, struct completion *completion) { io_uring_sqe_set_data(sqe, completion); }

static void uring_accept(struct loop *loop, int fd, struct completion *completion)
{
    struct io_uring_sqe *sqe = uring_request(uring_of(loop));

    io_uring_prep_multishot_accept(sqe, fd, NULL, NULL, SOCK_CLOEXEC);
    uring_finish(sqe, completion);
}

static void uring_connect(struct loop *loop, int fd, const struct sockaddr *address, socklen_t size, struct completion *completion)
{
    struct io_uring_sqe *sqe = uring_request(uring_of(loop));

    io_uring_prep_connect(sqe, fd, address, size);
    uring_finish(sqe, completion);
}

static void uring_send(struct loop *loop, int fd, struct bytes bytes, struct completion *completion)
{
    struct io_uring_sqe *sqe = uring_request(uring_of(loop));

    io_uring_prep_send(sqe, fd, bytes.data, bytes.size, MSG_NOSIGNAL | MSG_WAITALL);
    uring_finish(sqe, completion);
}

static void uring_send_quiet(struct loop *loop, int fd, struct bytes bytes, struct completion *completion)
{
    struct loop_uring *uring = uring_of(loop);

    if (uring->quiet_count == QUIET_MAX) {
        uring_send(loop, fd, bytes, completion);
        return;
    }
    struct io_uring_sqe *sqe = uring_request(uring);
    io_uring_prep_send(sqe, fd, bytes.data, bytes.size, MSG_NOSIGNAL | MSG_WAITALL | MSG_DONTWAIT);
    uring_finish(sqe, completion);
    sqe->flags |= IOSQE_CQE_SKIP_SUCCESS; /* A short send counts as failed: MSG_WAITALL. */
    uring->quiet[uring->quiet_count++] = (struct uring_quiet){ completion, (int32_t)bytes.size, false };
}

static void uring_read(struct loop *loop, int fd, void *data, size_t size, struct completion *completion)
{
    struct io_uring_sqe *sqe = uring_request(uring_of(loop));

    io_uring_prep_read(sqe, fd, data, (unsigned)size, 0);
    uring_finish(sqe, completion);
}

static void uring_poll(struct loop *loop, int fd, struct completion *completion)
{
    struct io_uring_sqe *sqe = uring_request(uring_of(loop));

    io_uring_prep_poll_add(sqe, fd, POLLIN);
    uring_finish(sqe, completion);
}

static void uring_cancel(struct loop *loop, int fd)
{
    struct io_uring_sqe *sqe = uring_request(uring_of(loop));

    io_uring_prep_cancel_fd(sqe, fd, IORING_ASYNC_CANCEL_ALL);
    uring_finish(sqe, NULL);
    sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
}

static struct io_uring *uring_ring(struct loop *loop) { return &uring_of(loop)->ring; }

/* --- Receiving ---------------------------------------------------------------------------------------------------- */

static void receive_arm(struct loop_uring *uring, struct loop_receive *receive)
{
    struct io_uring_sqe *sqe = uring_request(uring);

    if (receive->single) {
        io_uring_prep_recv(sqe, receive->fd, NULL, 0, 0);
    } else {
        io_uring_prep_recv_multishot(sqe, receive->fd, NULL, 0, 0);
    }
    sqe->ioprio |= IORING_RECVSEND_POLL_FIRST; /* An idle socket is the usual case: do not try in vain. */
    sqe->buf_group = (uint16_t)receive->group;
    sqe->flags |= IOSQE_BUFFER_SELECT;
    uring_finish(sqe, &receive->completion);
}

static void receive_end(struct loop_receive *receive, int32_t result)
{
    receive->active = false;
    receive->stopping = false;
    receive->received(receive, result, NULL, false);
}

static void receive_wait(struct loop_uring *uring, struct loop_receive *receive)
{
    struct uring_group *group = &uring->groups[receive->group];

    uring->loop.counters.starved++;
    receive->waiting = true;
    receive->next = group->waiting;
    group->waiting = receive;
}

static uint32_t group_mask(const struct uring_group *group) { return group->count - 1; }

static void group_give(struct uring_group *group, uint32_t index)
{
    io_uring_buf_ring_add(group->ring, group->data + (size_t)index * group->bytes, group->bytes, (uint16_t)index, (int)group_mask(group), 0);
    io_uring_buf_ring_advance(group->ring, 1);
}

/* receive_data hands one buffer's bytes to the owner and gives the buffer back. */
static void receive_data(struct loop_uring *uring, struct loop_receive *receive, int32_t result, uint32_t flags)
{
    struct uring_group *group = &uring->groups[receive->group]; /* The owner may reuse `receive` inside the callback. */
    uint32_t index = flags >> IORING_CQE_BUFFER_SHIFT;
    bool over = (flags & IORING_CQE_F_MORE) == 0;
    bool end = over && receive->stopping;

    ASSERT(index < group->count);
    ASSERT((uint32_t)result <= group->bytes);
    if (over && !end) {
        receive_arm(uring, receive); /* The kernel ended the series for reasons of its own; the stream goes on. */
    }
    if (end) {
        receive->active = false;
        receive->stopping = false;
    }
    group->held++;
    receive->received(receive, result, group->data + (size_t)index * group->bytes, !end);
    group->held--;
    group_give(group, index);
}

static void receive_done(struct completion *completion, int32_t result, uint32_t flags)
{
    struct loop_receive *receive = (struct loop_receive *)((char *)completion - offsetof(struct loop_receive, completion));
    struct loop_uring *uring = uring_of(receive->loop);

    if (result > 0) {
        ASSERT((flags & IORING_CQE_F_BUFFER) != 0);
        receive_data(uring, receive, result, flags);
        return;
    }
    if ((flags & IORING_CQE_F_BUFFER) != 0) {
        group_give(&uring->groups[receive->group], flags >> IORING_CQE_BUFFER_SHIFT);
    }
    if ((flags & IORING_CQE_F_MORE) != 0) {
        return;
    }
    if (result != -ENOBUFS && result != -EINTR) {
        receive_end(receive, result);
    } else if (receive->stopping) {
        receive_end(receive, -ECANCELED); /* Nothing failed but what was to end. */
    } else if (result == -ENOBUFS) {
        receive_wait(uring, receive);
    } else {
        receive_arm(uring, receive);
    }
}

static bool is_unix(int fd)
{
    int domain = AF_UNSPEC;
    socklen_t size = sizeof domain;

    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

static void uring_receive(struct loop *loop, struct loop_receive *receive)
{
    receive->completion.done = receive_done;
    receive->loop = loop;
    receive->next = NULL;
    receive->active = true;
    receive->waiting = false;
    receive->stopping = false;
    receive->single = is_unix(receive->fd);
    loop->counters.syscalls++;
    receive_arm(uring_of(loop), receive);
}

static void uring_receive_stop(struct loop *loop, struct loop_receive *receive)
{
    receive->stopping = true;
    if (!receive->waiting) {
        struct io_uring_sqe *sqe = uring_request(uring_of(loop));
        io_uring_prep_cancel(sqe, &receive->completion, 0);
        uring_finish(sqe, NULL);
        sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
    }
}

/* group_serve_waiting starts the receives that met an empty group, once a quarter of it is back, and ends those that were stopped meanwhile.
 * Gives: true when an owner was told something, so that the turn must not sleep. */
static bool group_serve_waiting(struct loop_uring *uring, struct uring_group *group)
{
    struct loop_receive *receive = group->waiting;
    bool told = false;

    if (receive == NULL || group->count - group->held < group->count / 4) {
        return false;
    }
    group->waiting = NULL;
    while (receive != NULL) { /* At most one entry per connection. */
        struct loop_receive *next = receive->next;
        receive->waiting = false;
        if (receive->stopping) {
            receive_end(receive, -ECANCELED);
            told = true;
        } else {
            receive_arm(uring, receive);
        }
        receive = next;
    }
    return told;
}

/* --- The turn ----------------------------------------------------------------------------------------------------- */

static int uring_wait(struct loop_uring *uring, uint64_t deadline_ns)
{
    struct io_uring_cqe *cqe;
    struct __kernel_timespec wait = { 0 };
    uint64_t now_ns = deadline_ns == LOOP_FOREVER ? 0 : clock_mono_ns();
    unsigned queued = io_uring_sq_ready(&uring->ring);

    if (deadline_ns > now_ns && deadline_ns != LOOP_FOREVER) {
        wait.tv_sec = (long long)((deadline_ns - now_ns) / 1000000000u);
        wait.tv_nsec = (long long)((deadline_ns - now_ns) % 1000000000u);
    }
    uring->loop.counters.enters += queued > 0 || io_uring_cq_ready(&uring->ring) == 0;
    int code = io_uring_submit_and_wait_timeout(&uring->ring, &cqe, 1, deadline_ns == LOOP_FOREVER ? NULL : &wait, NULL);
    uring->loop.counters.submissions += queued - io_uring_sq_ready(&uring->ring);
    return code;
}

/* uring_note_quiet marks the quiet sends that posted a completion: theirs is dispatched like any other. */
static void uring_note_quiet(struct loop_uring *uring)
{
    struct io_uring_cqe *cqe;
    unsigned head;

    io_uring_for_each_cqe(&uring->ring, head, cqe) {
        for (uint32_t i = 0; i < uring->quiet_count && cqe->user_data != 0; i++) {
            uring->quiet[i].told = uring->quiet[i].told || uring->quiet[i].completion == io_uring_cqe_get_data(cqe);
        }
    }
}

/* uring_drop_told forgets the quiet sends whose completion is dispatched in this turn. */
static void uring_drop_told(struct loop_uring *uring)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < uring->quiet_count; i++) {
        if (!uring->quiet[i].told) {
            uring->quiet[kept++] = uring->quiet[i];
        }
    }
    uring->quiet_count = kept;
}

/* uring_complete_quiet calls back for the quiet sends that are over without a completion, once the kernel has taken all requests and shows all completions. */
static void uring_complete_quiet(struct loop_uring *uring)
{
    struct uring_quiet over[QUIET_MAX]; /* callbacks may begin new ones */

    uring_note_quiet(uring);
    uring_drop_told(uring);
    uint32_t count = uring->quiet_count;
    ASSERT(count <= QUIET_MAX);
    if (count == 0 || io_uring_sq_ready(&uring->ring) > 0 || io_uring_cq_has_overflow(&uring->ring)) {
        return;
    }
    memcpy(over, uring->quiet, count * sizeof over[0]);
    uring->quiet_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        over[i].completion->done(over[i].completion, over[i].bytes, 0);
    }
}

/* uring_dispatch calls back for the completions that are there now; what comes meanwhile belongs to the next turn. */
static void uring_dispatch(struct loop_uring *uring)
{
    unsigned ready = io_uring_cq_ready(&uring->ring);
    struct io_uring_cqe *cqe;

    for (unsigned i = 0; i < ready && io_uring_peek_cqe(&uring->ring, &cqe) == 0; i++) {
        struct completion *completion = io_uring_cqe_get_data(cqe);
        int32_t result = cqe->res;
        uint32_t flags = cqe->flags;
        io_uring_cqe_seen(&uring->ring, cqe);
        if (completion != NULL) {
            uring->loop.counters.completions++;
            completion->done(completion, result, flags);
        }
    }
}

static enum err uring_turn(struct loop *loop, uint64_t deadline_ns)
{
    struct loop_uring *uring = uring_of(loop);
    bool told = false;

    for (unsigned i = 0; i < LOOP_GROUP_COUNT && io_uring_cq_ready(&uring->ring) == 0; i++) {
        told |= group_serve_waiting(uring, &uring->groups[i]);
    }
    bool hurried = loop->hurried && uring->quiet_count > 0;
    int code = uring_wait(uring, told || hurried ? 0 : deadline_ns);
    if (code < 0 && code != -ETIME && code != -EINTR && code != -EBUSY && code != -EAGAIN) {
        return ERR_IO;
    }
    uring_complete_quiet(uring);
    uring_dispatch(uring);
    return ERR_OK;
}

/* --- Start and end ------------------------------------------------------------------------------------------------ */

static void uring_close(struct loop *loop) { io_uring_queue_exit(&uring_of(loop)->ring); }

static const struct loop_ops uring_ops = {
    .name = "io_uring",
    .turn = uring_turn,
    .accept = uring_accept,
    .connect = uring_connect,
    .receive = uring_receive,
    .receive_stop = uring_receive_stop,
    .send = uring_send,
    .send_quiet = uring_send_quiet,
    .read = uring_read,
    .poll = uring_poll,
    .cancel = uring_cancel,
    .ring = uring_ring,
    .close = uring_close,
};

struct loop_uring_config loop_uring_config_default(void)
{
    return (struct loop_uring_config){ .entries = 256, .buffers_count = { 32, 64 }, .buffer_bytes = { 16384, 4096 } };
}

static bool is_power_of_two(uint32_t value) { return value != 0 && (value & (value - 1)) == 0; }

static void config_check(const struct loop_uring_config *config)
{
    ASSERT(is_power_of_two(config->entries));
    ASSERT(config->entries >= 64);
    ASSERT(config->entries <= 4096);
    for (unsigned i = 0; i < LOOP_GROUP_COUNT; i++) {
        ASSERT(is_power_of_two(config->buffers_count[i]));
        ASSERT(config->buffers_count[i] >= 4);
        ASSERT(config->buffers_count[i] <= 1024);
        ASSERT(config->buffer_bytes[i] % 64 == 0);
        ASSERT(config->buffer_bytes[i] >= 1024);
        ASSERT(config->buffer_bytes[i] <= 65536);
    }
}

struct loop *loop_uring_take(struct arena *arena, const struct loop_uring_config *config)
{
    config_check(config);
    struct loop_uring *uring = arena_take(arena, 1, sizeof *uring);
    for (unsigned i = 0; i < LOOP_GROUP_COUNT; i++) {
        uint32_t count = config->buffers_count[i], bytes = config->buffer_bytes[i];
        uint8_t *ring = arena_take(arena, 1, count * sizeof(struct io_uring_buf) + PAGE_BYTES);
        uint8_t *data = arena_take(arena, count, bytes);
        if (uring != NULL) {
            uintptr_t aligned = ((uintptr_t)ring + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
            uring->groups[i] = (struct uring_group){ .ring = (struct io_uring_buf_ring *)aligned, .data = data, .count = count, .bytes = bytes };
        }
    }
    if (uring == NULL) {
        return NULL;
    }
    uring->config = *config;
    uring->loop.ops = &uring_ops;
    return &uring->loop;
}

/* uring_setup makes the ring, disabled, with the most frugal flags that this kernel accepts. Gives: 0 or a negative errno. */
static int uring_setup(struct loop_uring *uring)
{
    static const uint32_t flags[] = {
        IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
        IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN,
        IORING_SETUP_COOP_TASKRUN,
        0,
    };
    int code = -EINVAL;

    for (unsigned i = 0; i < sizeof flags / sizeof flags[0] && code == -EINVAL; i++) {
        struct io_uring_params params = { .flags = flags[i] | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | IORING_SETUP_R_DISABLED, .cq_entries = uring->config.entries * COMPLETIONS_PER_ENTRY };
        code = io_uring_queue_init_params(uring->config.entries, &uring->ring, &params);
    }
    return code;
}

/* uring_probe asks for every operation and feature that Ward uses. IORING_OP_SEND_ZC is not used: it is the witness for multishot receive,
 * which came with it and has no operation code of its own. Storage's operations are asked for as well, so that one place answers. */
static bool uring_probe(struct io_uring *ring)
{
    static const uint8_t needed[] = { IORING_OP_ACCEPT, IORING_OP_CONNECT, IORING_OP_RECV, IORING_OP_SEND, IORING_OP_READ, IORING_OP_WRITE, IORING_OP_POLL_ADD,
                                      IORING_OP_ASYNC_CANCEL, IORING_OP_FSYNC, IORING_OP_SEND_ZC };
    static const uint32_t features = IORING_FEAT_EXT_ARG | IORING_FEAT_NODROP | IORING_FEAT_CQE_SKIP;
    union { /* the head ends in an array without a size; the bytes give it 256 elements */
        struct io_uring_probe head;
        uint8_t room[sizeof(struct io_uring_probe) + 256 * sizeof(struct io_uring_probe_op)];
    } probe;

    memset(&probe, 0, sizeof probe);
    if ((ring->features & features) != features || io_uring_register_probe(ring, &probe.head, 256) != 0) {
        return false;
    }
    for (unsigned i = 0; i < sizeof needed; i++) {
        if (needed[i] > probe.head.last_op || (probe.head.ops[needed[i]].flags & IO_URING_OP_SUPPORTED) == 0) {
            return false;
        }
    }
    return true;
}

static int uring_give_buffers(struct loop_uring *uring)
{
    for (unsigned i = 0; i < LOOP_GROUP_COUNT; i++) {
        struct uring_group *group = &uring->groups[i];
        struct io_uring_buf_reg reg = { .ring_addr = (uintptr_t)group->ring, .ring_entries = group->count, .bgid = (uint16_t)i };
        int code = io_uring_register_buf_ring(&uring->ring, &reg, 0);
        if (code != 0) {
            return code;
        }
        io_uring_buf_ring_init(group->ring);
        for (uint32_t index = 0; index < group->count; index++) {
            group_give(group, index);
        }
    }
    return 0;
}

/* The only operations that this ring will ever carry out, those of the disk included. All of them are older than Linux 6.1. Whoever needs another
 * one adds it here; until then the kernel answers it with -EACCES. */
static const uint8_t operations_allowed[] = { IORING_OP_ACCEPT, IORING_OP_CONNECT, IORING_OP_RECV, IORING_OP_SEND, IORING_OP_READ, IORING_OP_WRITE, IORING_OP_POLL_ADD,
                                              IORING_OP_ASYNC_CANCEL };

enum { OPERATIONS_ALLOWED = sizeof operations_allowed };

/* uring_restrict forbids every other operation, every other flag of a request and every registration, for good, and enables the ring. liburing 2.3
 * of Debian does not export the two calls, so they are made directly. Gives: 0 or a negative errno. */
static int uring_restrict(struct io_uring *ring)
{
    struct io_uring_restriction rules[OPERATIONS_ALLOWED + 1];

    memset(rules, 0, sizeof rules);
    for (unsigned i = 0; i < OPERATIONS_ALLOWED; i++) {
        rules[i].opcode = IORING_RESTRICTION_SQE_OP;
        rules[i].sqe_op = operations_allowed[i];
    }
    rules[OPERATIONS_ALLOWED].opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED;
    rules[OPERATIONS_ALLOWED].sqe_flags = IOSQE_BUFFER_SELECT | IOSQE_CQE_SKIP_SUCCESS;
    if (syscall(SYS_io_uring_register, ring->ring_fd, IORING_REGISTER_RESTRICTIONS, rules, OPERATIONS_ALLOWED + 1) != 0) {
        return -errno;
    }
    return syscall(SYS_io_uring_register, ring->ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0) == 0 ? 0 : -errno;
}

static int sysctl_io_uring_disabled(void)
{
    char text[16] = "";
    int fd = open("/proc/sys/kernel/io_uring_disabled", O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return -1;
    }
    ssize_t size = read(fd, text, sizeof text - 1);
    close(fd);
    return size <= 0 ? -1 : (int)strtol(text, NULL, 10);
}

static enum err problem_is(struct loop_uring_problem *problem, const char *step, int code)
{
    *problem = (struct loop_uring_problem){ .number = -code, .step = step, .disabled = sysctl_io_uring_disabled() };
    switch (-code) {
    case EPERM:
    case EACCES: return ERR_PERMISSION;
    case ENOMEM: return ERR_NO_MEMORY;
    default: return ERR_UNSUPPORTED;
    }
}

enum err loop_uring_open(struct loop *loop, struct loop_uring_problem *problem)
{
    struct loop_uring *uring = uring_of(loop);
    int code = uring_setup(uring);

    if (code < 0) {
        return problem_is(problem, "io_uring_setup", code);
    }
    if (!uring_probe(&uring->ring)) {
        io_uring_queue_exit(&uring->ring);
        return problem_is(problem, "probe", -EOPNOTSUPP);
    }
    code = uring_give_buffers(uring);
    if (code != 0) {
        io_uring_queue_exit(&uring->ring);
        return problem_is(problem, "buffer ring", code);
    }
    (void)io_uring_register_ring_fd(&uring->ring); /* Saves a look-up per syscall; a kernel that has no such thing loses nothing. */
    code = uring_restrict(&uring->ring);
    if (code != 0) {
        io_uring_queue_exit(&uring->ring);
        return problem_is(problem, "restrictions", code);
    }
    return ERR_OK;
}
