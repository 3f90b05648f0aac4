/* race.c: a planted fault. Two threads write to one place and nothing orders them; MODE=thread must report it. */
#include <pthread.h>

static volatile int count;

static void *count_on(void *nothing)
{
    count = count + 1;
    return nothing;
}

int main(void)
{
    pthread_t other;

    if (pthread_create(&other, NULL, count_on, NULL) != 0) {
        return 0;
    }
    (void)count_on(NULL);
    return pthread_join(other, NULL);
}
