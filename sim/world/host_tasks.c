/* host_tasks.c: who runs what the driver would leave to other threads: as a rule nobody, until it is awaited, so that one seed gives one run. */
#include "sim/world/host.h"

#include "base/assert.h"

static void port_task(void *context, struct task *task)
{
    const struct host *host = context;

    ASSERT(task->state == TASK_IDLE);
    if (host->crew != NULL) {
        host->crew->task(host->crew->context, task);
    } else {
        task->state = TASK_WAITING;
    }
}

static void port_await(void *context, struct task *task)
{
    const struct host *host = context;

    if (host->crew != NULL) {
        host->crew->await(host->crew->context, task);
        return;
    }
    ASSERT(task->state == TASK_WAITING);
    task->run(task);
    task->state = TASK_IDLE;
}

void host_tasks(const struct host *host, struct driver_ports *ports)
{
    ports->task = host->unaided ? NULL : port_task;
    ports->await = host->unaided ? NULL : port_await;
}
