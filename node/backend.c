/* backend.c: see backend.h. */
#include "node/backend.h"

#include "base/assert.h"
#include "base/log.h"
#include "net/loop_posix.h"
#include "net/loop_uring.h"
#include "node/machine.h"

#include <string.h>

#define DESCRIPTORS_SPARE 128u /* files, listeners, events, and sockets that are being closed */

static uint32_t descriptors_max(const struct node_config *config)
{
    uint64_t most = 12 * (uint64_t)MEMBERS_MAX + config->limits.clients_max + config->limits.half_open_max + DESCRIPTORS_SPARE;

    ASSERT(most <= 65536);
    return (uint32_t)most;
}

void backend_take(struct backend *backend, struct arena *arena, const struct node_config *config)
{
    struct loop_uring_config uring = loop_uring_config_default();
    struct loop_posix_config posix = loop_posix_config_default();

    *backend = (struct backend){ 0 };
    posix.descriptors_max = descriptors_max(config);
    if (strcmp(config->io.backend, "posix") != 0) {
        backend->uring = loop_uring_take(arena, &uring);
    }
    if (strcmp(config->io.backend, "io_uring") != 0) {
        backend->posix = loop_posix_take(arena, &posix);
    }
}

/* What the warning and the error name. */
struct refusal {
    struct loop_uring_problem problem;
    struct machine machine;
    enum machine_blame blame;
    const char *seccomp;
    long long memlock_kib; /* -1: not told */
};

static void refusal_read(struct refusal *refusal)
{
    static const char *const modes[] = { "off", "strict", "filter" };

    machine_read(&refusal->machine, "");
    refusal->blame = machine_blame(&refusal->machine, refusal->problem.number);
    refusal->seccomp = refusal->machine.seccomp < 0 || refusal->machine.seccomp > 2 ? "not told" : modes[refusal->machine.seccomp];
    refusal->memlock_kib = refusal->machine.memlock_bytes < 0 ? -1 : (long long)(refusal->machine.memlock_bytes / 1024);
}

/* refuse_or_warn: what is said once when io_uring is not to be had. */
static enum exit_code refuse_or_warn(struct refusal *refusal, struct boot *boot, bool go_on)
{
    static struct log_event event = LOG_EVENT(LOG_WARN, "W-0202", "daemon.io_uring_refused");
    const struct loop_uring_problem *problem = &refusal->problem;

    refusal_read(refusal);
    if (!go_on) {
        return boot_fail(boot, EXIT_ENVIRONMENT,
                         "io_uring is not to be had: %s failed with errno %d (%s); kernel.io_uring_disabled is %lld (-1: no such sysctl), seccomp is %s, locked memory"
                         " up to %lld KiB. The %s forbids it: %s",
                         problem->step, problem->number, strerror(problem->number), (long long)refusal->machine.disabled, refusal->seccomp, refusal->memlock_kib,
                         machine_blame_name(refusal->blame), machine_remedy(refusal->blame));
    }
    log_write(&event, "backend=posix step=%s errno=%d error=%s io_uring_disabled=%lld seccomp=%s memlock_kib=%lld blame=%s remedy=%s", log_quote(problem->step).text,
              problem->number, log_quote(strerror(problem->number)).text, (long long)refusal->machine.disabled, log_quote(refusal->seccomp).text,
              refusal->memlock_kib, machine_blame_name(refusal->blame), log_quote(machine_remedy(refusal->blame)).text);
    return EXIT_FINE;
}

enum exit_code backend_open(struct backend *backend, struct boot *boot)
{
    struct refusal refusal = { 0 };

    ASSERT(backend->uring != NULL || backend->posix != NULL);
    if (backend->uring != NULL && loop_uring_open(backend->uring, &refusal.problem) == ERR_OK) {
        backend->loop = backend->uring;
        return EXIT_FINE;
    }
    enum exit_code code = backend->uring == NULL ? EXIT_FINE : refuse_or_warn(&refusal, boot, backend->posix != NULL);
    if (code != EXIT_FINE) {
        return code;
    }
    if (loop_posix_open(backend->posix) != ERR_OK) {
        return boot_fail(boot, EXIT_ENVIRONMENT, "no event loop is to be had: epoll_create1 failed");
    }
    backend->loop = backend->posix;
    return EXIT_FINE;
}
