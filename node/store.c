/* store.c: see store.h. */
#include "node/store.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/clock.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static enum exit_code code_of(enum err err)
{
    switch (err) {
    case ERR_UNSUPPORTED:
        return EXIT_ENVIRONMENT;
    case ERR_CONFLICT:
    case ERR_NOT_FOUND:
    case ERR_EXISTS:
        return EXIT_REFUSED;
    case ERR_INVALID:
        return EXIT_CONFIGURATION;
    case ERR_PERMISSION:
        return EXIT_PERMISSION;
    case ERR_FORMAT:
    case ERR_VERSION:
        return EXIT_INTEGRITY;
    case ERR_OK:
    case ERR_AGAIN:
    case ERR_FULL:
    case ERR_IO:
    case ERR_NO_SPACE:
    case ERR_NO_MEMORY:
    case ERR_CLOSED:
    case ERR_TIMEOUT:
    case ERR_COUNT:
        return EXIT_RESOURCE;
    }
    return EXIT_RESOURCE;
}

/* refuse_store says why none is made in a directory that has one. */
static enum exit_code refuse_store(struct boot *boot, enum store_act act)
{
    return boot_fail(boot, EXIT_REFUSED, "%s holds a store already; `wardd --%s` never overwrites one", boot->config.node.data_dir, act == STORE_INIT ? "init" : "rejoin");
}

/* make_store makes an empty store. One that is there may be what a command like this one left when it was cut short: store_load looks at it. */
static enum exit_code make_store(struct store *store, struct boot *boot)
{
    char id[2 * sizeof boot->store + 1];
    const char *path = boot->config.node.data_dir;

    if (datadir_has_store(&store->dir)) {
        return store->act == STORE_INIT && boot->bound ? refuse_store(boot, store->act) : EXIT_FINE;
    }
    if (store->act == STORE_INIT && boot->bound) {
        hex_encode(boot->store, sizeof boot->store, id);
        return boot_fail(boot, EXIT_REFUSED,
                         "the key %s has a store already, of instance %s, and it is not in %s: a key has one. If that store still exists, start it; if it is lost,"
                         " `wardd --rejoin` makes another; a new member needs a new key",
                         boot->config.keys.sign_file, id, path);
    }
    enum err err = datadir_format(&store->dir);
    store->fresh = err == ERR_OK;
    return err == ERR_OK ? EXIT_FINE : boot_fail(boot, code_of(err), "%s: %s", path, store->dir.reason);
}

enum exit_code store_enter(struct store *store, struct boot *boot, enum store_act act)
{
    const char *path = boot->config.node.data_dir;
    *store = (struct store){ .act = act };
    enum err err = datadir_open(&store->dir, path, act != STORE_OPEN, boot->config.io.unsafe_dev);

    if (err == ERR_NOT_FOUND) {
        return boot_fail(boot, EXIT_REFUSED,
                    "%s holds no store (%s). A first start says so with `wardd --init`. If this replica ran before, its store is lost and with it the"
                    " memory of what it signed: `wardd --rejoin` makes a new one, which asks the other members what this key must not sign",
                    path, store->dir.reason);
    }
    if (err != ERR_OK) {
        return boot_fail(boot, code_of(err), "%s: %s", path, store->dir.reason);
    }
    enum exit_code code = act == STORE_OPEN ? EXIT_FINE : make_store(store, boot);
    if (code != EXIT_FINE) {
        datadir_close(&store->dir);
    }
    return code;
}

static void finished_wake(void *context) { loop_event_signal(context); }

static void finished_fired(struct loop_event *event, uint64_t count)
{
    struct store *store = (struct store *)(void *)((char *)event - offsetof(struct store, finished));

    (void)count;
    disk_dir_collect(&store->disk);
}

/* connect_loop gives the disk the queue that goes with the loop, and the loop an ear for the disk's threads. */
static enum exit_code connect_loop(struct store *store, struct boot *boot, struct loop *loop)
{
    struct disk_waker waker = { finished_wake, &store->finished };

    if (loop_event_open(loop, &store->finished, finished_fired) != ERR_OK) {
        return boot_fail(boot, EXIT_RESOURCE, "no descriptor for the disk's threads");
    }
    store->finished.cause = LOOP_CAUSE_OTHER;
    struct io_uring *ring = loop_ring(loop);
    struct disk_queue *queue = ring == NULL ? disk_queue_posix_open(&store->posix, waker) : disk_queue_uring_open(&store->uring, ring);
    enum err err = queue == NULL ? ERR_NO_MEMORY : disk_dir_start(&store->disk, queue, waker);
    return err == ERR_OK ? EXIT_FINE : boot_fail(boot, EXIT_RESOURCE, "no thread for the disk: %s", err_name(err));
}

enum exit_code store_take(struct store *store, struct boot *boot, struct arena *arena, struct loop *loop)
{
    uint32_t segment_bytes = (uint32_t)boot->config.io.segment_mib << 20;
    bool measuring = arena->data == NULL;
    enum err err = disk_dir_init(&store->disk, arena, &store->dir, segment_bytes, STORE_POOL_SEGMENTS);

    if (err != ERR_OK) {
        return boot_fail(boot, code_of(err), "%s: the store cannot be opened: %s", boot->config.node.data_dir, err_name(err));
    }
    superblock_store_init(&store->superblocks, arena, &store->disk.disk);
    if (measuring) {
        disk_dir_close(&store->disk);
        return EXIT_FINE;
    }
    return connect_loop(store, boot, loop);
}

struct save_wait {
    bool done;
    enum err err;
};

static void save_done(void *context, enum err err)
{
    struct save_wait *wait = context;

    wait->done = true;
    wait->err = err;
}

static enum exit_code write_first(struct store *store, struct boot *boot, struct loop *loop)
{
    struct hash32 config = config_hash(&boot->epoch);
    struct superblock first = superblock_first(&boot->genesis.hash, boot->self, (uint32_t)boot->config.io.segment_mib << 20, &config);
    struct save_wait wait = { 0 };

    first.features_required = store->act == STORE_REJOIN ? SUPERBLOCK_REJOINS : 0;
    enum err err = datadir_instance(first.instance);
    if (err == ERR_OK) {
        err = superblock_store_write(&store->superblocks, &first, save_done, &wait);
    }
    uint64_t end_ns = clock_mono_ns() + 60000000000u;
    while (err == ERR_OK && !wait.done && clock_mono_ns() < end_ns) {
        err = loop_turn(loop, end_ns);
    }
    if (err == ERR_OK) {
        err = wait.done ? wait.err : ERR_TIMEOUT;
    }
    return err == ERR_OK ? EXIT_FINE : boot_fail(boot, EXIT_RESOURCE, "the first superblock cannot be written: %s", err_name(err));
}

static enum exit_code read_superblock(struct store *store, struct boot *boot)
{
    enum err err = superblock_store_open(&store->superblocks);
    const struct superblock *found = &store->superblocks.current;

    if (err == ERR_VERSION) {
        return boot_fail(boot, EXIT_INTEGRITY, "%s was written by a newer version of Ward than this one, which reads format %u: use that version; nothing was changed",
                         boot->config.node.data_dir, FORMAT_VERSION);
    }
    if (err != ERR_OK) {
        return boot_fail(boot, code_of(err), "%s: no two copies of the superblock agree (%s): keep the directory, this replica must not vote with it. `ward inspect superblock` shows"
                         " the copies; when none can be had back, move the directory away and make a new store with `wardd --rejoin`", boot->config.node.data_dir,
                    err_name(err));
    }
    if (!hash_equal(&found->cluster, &boot->genesis.hash)) {
        return boot_fail(boot, EXIT_REFUSED, "%s belongs to another chain", boot->config.node.data_dir);
    }
    if (found->replica != boot->self) {
        return boot_fail(boot, EXIT_REFUSED, "%s belongs to member %u, this is member %u", boot->config.node.data_dir, found->replica, boot->self);
    }
    if (found->segment_bytes != (uint32_t)boot->config.io.segment_mib << 20) {
        return boot_fail(boot, EXIT_CONFIGURATION, "io.segment_mib is fixed when a store is made: it is %u here", found->segment_bytes >> 20);
    }
    return EXIT_FINE;
}

/* name_store lets the key name the store that was made. */
static enum exit_code name_store(struct store *store, struct boot *boot)
{
    char problem[KEYFILE_PROBLEM_MAX] = "", id[2 * sizeof boot->store + 1];
    const uint8_t *instance = store->superblocks.current.instance;
    enum err err = keyfile_bind(boot->config.keys.sign_file, instance, problem);

    hex_encode(instance, sizeof boot->store, id);
    if (err == ERR_UNSUPPORTED) {
        return boot_fail(boot, EXIT_CONFIGURATION, "the store is made; one thing is left to do: %.300s, so write `store: %s` below `keys:` in the configuration", problem, id);
    }
    enum exit_code code = err == ERR_PERMISSION ? EXIT_PERMISSION : EXIT_RESOURCE;
    return err == ERR_OK ? EXIT_FINE : boot_fail(boot, code, "the store is made, but the key does not name it: %.300s; the same command again ends this", problem);
}

/* check_store compares the store with the one that the key names. */
static enum exit_code check_store(const struct store *store, struct boot *boot)
{
    char own[2 * sizeof boot->store + 1], id[2 * sizeof boot->store + 1];
    const uint8_t *instance = store->superblocks.current.instance;
    const char *path = boot->config.node.data_dir, *key = boot->config.keys.sign_file;

    hex_encode(instance, sizeof boot->store, id);
    hex_encode(boot->store, sizeof boot->store, own);
    if (!boot->bound) {
        return boot_fail(boot, EXIT_REFUSED,
                         "the key %s names no store, so nothing says that %s, of instance %s, knows all that it signed. If `wardd --init` was cut short, run it again; if this"
                         " is the key's only store, write `store %s` as the last line of its file (for a credential, `store: %s` below `keys:` in the configuration)",
                         key, path, id, id, id);
    }
    if (memcmp(instance, boot->store, sizeof boot->store) != 0) {
        return boot_fail(boot, EXIT_REFUSED, "%s is the store of instance %s; the key %s belongs to that of instance %s, and does not sign with another", path, id, key, own);
    }
    return EXIT_FINE;
}

/* is_unused: the store is as the command made it, and nobody has run with it. */
static bool is_unused(const struct store *store)
{
    const struct superblock *found = &store->superblocks.current;
    bool marked = (found->features_required & SUPERBLOCK_REJOINS) != 0;

    return found->sequence == 1 && found->durable_floor == 0 && !found->clean && marked == (store->act == STORE_REJOIN);
}

enum exit_code store_load(struct store *store, struct boot *boot, struct loop *loop)
{
    enum exit_code code = store->fresh ? write_first(store, boot, loop) : read_superblock(store, boot);

    if (code != EXIT_FINE) {
        return code;
    }
    if (store->act == STORE_OPEN) {
        return check_store(store, boot);
    }
    return store->fresh || is_unused(store) ? name_store(store, boot) : refuse_store(boot, store->act);
}

enum err store_save(struct store *store, const struct superblock *next, void (*done)(void *context, enum err err), void *context)
{
    if (superblock_store_is_busy(&store->superblocks)) {
        return ERR_AGAIN;
    }
    return superblock_store_write(&store->superblocks, next, done, context);
}

void store_leave(struct store *store)
{
    disk_dir_close(&store->disk);
    datadir_close(&store->dir);
}
