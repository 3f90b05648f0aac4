/* disk_queue_posix.c: see disk_queue_posix.h.
 *
 * Invariants: a request is in one place: waiting, in the hands of the thread, or finished; waiting_count + finished_count <=
 * DISK_REQUESTS_MAX; completions run on the loop's thread alone, outside of the mutex. */
#include "storage/disk_queue_posix.h"

#include "base/assert.h"
#include "base/thread.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

_Static_assert(offsetof(struct disk_queue_posix, queue) == 0, "one address for both");

static struct disk_queue_posix *posix_of(struct disk_queue *queue) { return (struct disk_queue_posix *)(void *)queue; }

static enum err posix_start(struct disk_queue *base, int fd, bool write, struct disk_request *request)
{
    struct disk_queue_posix *queue = posix_of(base);

    ASSERT(request->completion.done != NULL); /* somebody hears of its end */
    pthread_mutex_lock(&queue->mutex);
    ASSERT(queue->waiting_count + queue->finished_count < DISK_REQUESTS_MAX);
    ASSERT(!queue->stop);
    queue->waiting[queue->waiting_count++] = (struct disk_queue_entry){ .request = request, .fd = fd, .write = write };
    pthread_cond_signal(&queue->work);
    pthread_mutex_unlock(&queue->mutex);
    return ERR_OK;
}

/* entry_take takes the oldest write, or the oldest read when no write waits. Needs: the mutex; something waits. */
static struct disk_queue_entry entry_take(struct disk_queue_posix *queue)
{
    uint32_t at = 0;

    ASSERT(queue->waiting_count > 0);
    while (at < queue->waiting_count && !queue->waiting[at].write) {
        at++;
    }
    at = at == queue->waiting_count ? 0 : at;
    ASSERT(at < queue->waiting_count);
    struct disk_queue_entry entry = queue->waiting[at];
    queue->waiting_count--;
    ASSERT(entry.write || at == 0); /* of reads the oldest */
    memmove(&queue->waiting[at], &queue->waiting[at + 1], (queue->waiting_count - at) * sizeof entry);
    return entry;
}

/* entry_run moves the bytes. Gives: as the kernel gives it, a negative errno on failure. */
static int32_t entry_run(const struct disk_queue_entry *entry)
{
    const struct disk_request *request = entry->request;
    struct iovec part = { .iov_base = request->data, .iov_len = request->bytes };
    ssize_t moved = entry->write ? pwritev2(entry->fd, &part, 1, (off_t)request->offset, RWF_DSYNC) : pread(entry->fd, request->data, request->bytes, (off_t)request->offset);

    return moved < 0 ? -errno : (int32_t)moved;
}

static void *posix_run(void *context)
{
    struct disk_queue_posix *queue = context;

    pthread_mutex_lock(&queue->mutex);
    for (;;) { /* until posix_close */
        while (!queue->stop && queue->waiting_count == 0) {
            pthread_cond_wait(&queue->work, &queue->mutex);
        }
        if (queue->waiting_count == 0) {
            break;
        }
        struct disk_queue_entry entry = entry_take(queue);
        pthread_mutex_unlock(&queue->mutex);
        entry.result = entry_run(&entry);
        pthread_mutex_lock(&queue->mutex);
        ASSERT(queue->finished_count < DISK_REQUESTS_MAX);
        queue->finished[queue->finished_count++] = entry;
        pthread_mutex_unlock(&queue->mutex);
        queue->waker.wake(queue->waker.context);
        pthread_mutex_lock(&queue->mutex);
    }
    pthread_mutex_unlock(&queue->mutex);
    return NULL;
}

static void posix_collect(struct disk_queue *base)
{
    struct disk_queue_posix *queue = posix_of(base);
    struct disk_queue_entry finished[DISK_REQUESTS_MAX];

    pthread_mutex_lock(&queue->mutex);
    uint32_t count = queue->finished_count;
    ASSERT(count <= DISK_REQUESTS_MAX);
    memcpy(finished, queue->finished, count * sizeof finished[0]);
    queue->finished_count = 0;
    pthread_mutex_unlock(&queue->mutex);
    for (uint32_t i = 0; i < count; i++) {
        struct completion *completion = &finished[i].request->completion;
        completion->done(completion, finished[i].result, 0);
    }
}

static void posix_close(struct disk_queue *base)
{
    struct disk_queue_posix *queue = posix_of(base);

    pthread_mutex_lock(&queue->mutex);
    ASSERT(!queue->stop);
    queue->stop = true;
    pthread_cond_signal(&queue->work);
    pthread_mutex_unlock(&queue->mutex);
    pthread_join(queue->thread, NULL);
    ASSERT(queue->waiting_count == 0); /* what was begun is carried out, whoever still hears of it */
}

struct disk_queue *disk_queue_posix_open(struct disk_queue_posix *queue, struct disk_waker waker)
{
    static const struct disk_queue_ops ops = { .name = "posix", .start = posix_start, .collect = posix_collect, .close = posix_close };

    ASSERT(waker.wake != NULL);
    *queue = (struct disk_queue_posix){ .queue = { &ops }, .waker = waker };
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_cond_init(&queue->work, NULL);
    return thread_start(&queue->thread, posix_run, queue) ? &queue->queue : NULL;
}
