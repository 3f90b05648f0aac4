/* race.c: a planted fault. Linked into wardd, two threads write to one place and nothing orders them, as soon as the sandbox is entered. */
#include "node/sandbox.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

enum err __real_sandbox_enter(void);
enum err __wrap_sandbox_enter(void);

static atomic_bool inside;
static volatile int count;

static void *count_on(void *nothing)
{
    while (!atomic_load(&inside)) {
        usleep(1000);
    }
    for (;;) { /* until the process ends */
        count = count + 1;
        usleep(1000);
    }
    return nothing;
}

__attribute__((constructor)) static void start(void)
{
    pthread_t thread;

    (void)!pthread_create(&thread, NULL, count_on, NULL);
    (void)!pthread_create(&thread, NULL, count_on, NULL);
}

enum err __wrap_sandbox_enter(void)
{
    enum err err = __real_sandbox_enter();

    atomic_store(&inside, err == ERR_OK);
    return err;
}
