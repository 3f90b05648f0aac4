/* store.h: the data directory of a replica, opened: lock, superblock, disk. Made once by an explicit act of the operator, never by the way:
 * a replica that finds no store where its key was used before has lost its memory of what it signed.
 *
 * A signing key has one store at a time, and its file names it by instance id; the store carries the same id (E4). So a store that was left behind, or
 * copied key in hand, is not taken for the one that knows what the key signed:
 *
 *     --init     key of no store   -> store made, durable -> key names it
 *     --rejoin   key of any store  -> another store made, marked: it must ask the others first (E5) -> key names it, and none before
 *     start      the store that the key names
 *
 * A crash between the two steps leaves a store that nobody used and a key that does not name it: the same command again ends what it began. */
#ifndef WARD_NODE_STORE_H
#define WARD_NODE_STORE_H

#include "net/loop.h"
#include "node/boot.h"
#include "storage/disk_dir.h"
#include "storage/disk_queue_posix.h"
#include "storage/disk_queue_uring.h"
#include "storage/superblock.h"

#define STORE_POOL_SEGMENTS 2u /* zero-filled in reserve */

enum store_act { STORE_OPEN, STORE_INIT, STORE_REJOIN };

struct store {
    enum store_act act;
    struct datadir dir;
    struct disk_dir disk;
    struct disk_queue_uring uring; /* one of the two is in use: the one that goes with the loop */
    struct disk_queue_posix posix;
    struct loop_event finished;    /* threads of the disk signal it */
    struct superblock_store superblocks;
    bool fresh; /* made by this process: there is no version yet */
};

/* store_enter opens the directory and, unless the act is STORE_OPEN, makes an empty store in it. Fails: an exit code with boot->problem; STORE_INIT of a
 * key that names a store already is EXIT_REFUSED, before anything is made.
 * Takes the lock; nothing else is written unless a store is made. */
enum exit_code store_enter(struct store *store, struct boot *boot, enum store_act act);

/* store_take takes buffers and connects the disk to the loop: to its ring, or through a thread when it has none. Called twice with one code
 * path: a measuring arena (loop NULL; then it lets go again), and the real one. Fails: an exit code with boot->problem. */
enum exit_code store_take(struct store *store, struct boot *boot, struct arena *arena, struct loop *loop);

/* store_load reads the superblock; for a new store it writes the first version through the loop. It refuses a directory of another chain, member or
 * key. STORE_INIT and STORE_REJOIN end with a key that names the store. Fails: an exit code with boot->problem. Blocks. */
enum exit_code store_load(struct store *store, struct boot *boot, struct loop *loop);

/* store_save writes a new version: called at checkpoints and at a clean stop. done may be NULL; while one is under way another is refused
 * with ERR_AGAIN. */
enum err store_save(struct store *store, const struct superblock *next, void (*done)(void *context, enum err err), void *context);

/* store_leave stops the background thread and lets go of the lock. */
void store_leave(struct store *store);

#endif
