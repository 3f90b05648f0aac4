/* notify.c: see notify.h. A datagram that cannot be sent is lost: the manager's own time limits then act. */
#include "node/notify.h"

#include "base/assert.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void tell(struct notify *notify, const char *text)
{
    if (notify->fd >= 0) {
        ssize_t sent = sendto(notify->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&notify->to, notify->to_size);
        notify->sent += sent > 0;
    }
}

/* watchdog_us gives the time that the manager allows this very process; 0: no watchdog. */
static uint64_t watchdog_us(void)
{
    const char *time = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

    if (time == NULL || (pid != NULL && strtoll(pid, NULL, 10) != (long long)getpid())) {
        return 0;
    }
    return strtoull(time, NULL, 10);
}

bool notify_open(struct notify *notify)
{
    const char *path = getenv("NOTIFY_SOCKET");
    size_t length = path == NULL ? 0 : strlen(path);

    *notify = (struct notify){ .fd = -1, .to = { .sun_family = AF_UNIX } };
    if (length < 2 || length >= sizeof notify->to.sun_path || (path[0] != '/' && path[0] != '@')) {
        return false;
    }
    memcpy(notify->to.sun_path, path, length);
    notify->to.sun_path[0] = path[0] == '@' ? '\0' : path[0]; /* a name without a file */
    notify->to_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    notify->watchdog_us = watchdog_us();
    notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return notify->fd >= 0;
}

void notify_ready(struct notify *notify, const char *status)
{
    char text[400];

    snprintf(text, sizeof text, "READY=1\n%sSTATUS=%.300s", notify->watchdog_us > 0 ? "WATCHDOG_USEC=0\n" : "", status);
    tell(notify, text);
}

void notify_stopping(struct notify *notify) { tell(notify, "STOPPING=1"); }

void notify_work(struct notify *notify, bool outstanding, uint64_t now_ns)
{
    char text[64];

    if (notify->fd < 0 || notify->watchdog_us == 0) {
        return;
    }
    if (outstanding && !notify->armed) {
        snprintf(text, sizeof text, "WATCHDOG_USEC=%llu\nWATCHDOG=1", (unsigned long long)notify->watchdog_us);
        tell(notify, text);
        notify->said_ns = now_ns;
    } else if (outstanding && now_ns >= notify_deadline_ns(notify)) {
        tell(notify, "WATCHDOG=1");
        notify->said_ns = now_ns;
    } else if (!outstanding && notify->armed) {
        tell(notify, "WATCHDOG_USEC=0");
    }
    notify->armed = outstanding;
    ASSERT(!notify->armed || notify_deadline_ns(notify) > now_ns);
}

uint64_t notify_deadline_ns(const struct notify *notify)
{
    return notify->armed ? notify->said_ns + notify->watchdog_us * 1000u / 3 + 1 : UINT64_MAX;
}

void notify_close(struct notify *notify)
{
    if (notify->fd >= 0) {
        close(notify->fd);
    }
    notify->fd = -1;
}
