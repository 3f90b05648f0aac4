/* daemon_service.c: what the daemon owes to whoever runs it as a service: it gives up what it no longer needs, says that it serves, and is watched
 * while it works. */
#include "node/daemon_priv.h"

#include "base/clock.h"
#include "base/log.h"
#include "node/sandbox.h"

#include <stdio.h>

static void enter_sandbox(struct daemon *daemon)
{
    static struct log_event event = LOG_EVENT(LOG_WARN, "W-0206", "daemon.not_sandboxed");

    if (!daemon->boot.config.node.sandbox) {
        return;
    }
    daemon->sandboxed = sandbox_enter() == ERR_OK;
    if (!daemon->sandboxed) {
        log_write(&event, "reason=\"this kernel or processor has no filter of system calls\"");
    }
}

void daemon_service_begin(struct daemon *daemon)
{
    char status[128];

    (void)notify_open(&daemon->notify);
    enter_sandbox(daemon);
    snprintf(status, sizeof status, "member %u serves from height %llu, on %s", daemon->boot.self, (unsigned long long)daemon->driver.apply.height,
             daemon->loop->ops->name);
    notify_ready(&daemon->notify, status);
}

void daemon_service_turn(struct daemon *daemon)
{
    notify_work(&daemon->notify, driver_is_working(&daemon->driver), clock_mono_ns());
}
