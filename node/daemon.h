/* daemon.h: wardd: one replica, wired to the real world.
 *
 *     kernel --> loop --> net --> driver --> net --> loop --> kernel
 *                  |       \--> sessions --/
 *                  +--> disk --> log --> driver
 *                  +--> verify threads --> driver
 *
 * One thread does all but the checking of signatures and the preparation of segments. A turn: wait, hand over what happened, let the
 * driver work, start the next write, send. Without work there is no deadline, and the process sleeps for ever. */
#ifndef WARD_NODE_DAEMON_H
#define WARD_NODE_DAEMON_H

#include "base/thread.h"
#include "net/net.h"
#include "node/backend.h"
#include "node/boot.h"
#include "node/driver.h"
#include "node/keeper.h"
#include "node/notify.h"
#include "node/options.h"
#include "node/payloads.h"
#include "node/query.h"
#include "node/session.h"
#include "node/store.h"
#include "node/verify_pool.h"

#define DAEMON_DRAIN_NS 1200000000u /* an orderly stop waits no longer for the others */
#define DAEMON_MARK_NS 400000000u   /* and then no longer for its own disk */
#define DAEMON_DIAL_NS 20000000000u /* once this replica serves, every member is called until it answers; when votes may leave, no longer than this */
#define DAEMON_WORK_MAX 16u         /* rounds of checks within a turn; between them other events must be heard */

struct daemon {
    struct boot boot;
    struct store store;
    bool store_open;
    struct arena arena;
    size_t arena_bytes;
    struct backend backend;
    struct loop *loop;               /* the one of the backend that is in use; NULL while memory is measured */
    struct loop_event verified;      /* verify threads signal it */
    struct loop_signals signals;
    struct net *net;
    struct net_member members[MEMBERS_MAX]; /* for net_take */
    struct sessions sessions;
    struct queries queries;
    struct payloads payloads;
    struct driver driver;
    struct keeper keeper;
    struct notify notify;
    bool sandboxed;                  /* system calls are filtered */
    struct verify_pool verify;
    enum ed25519_backend crypto_backend;
    bool *verdicts;                  /* VERIFY_JOBS_MAX x VERIFY_POOL_ITEMS_MAX */
    bool verify_slots[VERIFY_JOBS_MAX]; /* in use */
    uint64_t drain_end_ns;           /* 0: not draining */
    bool drained;
    bool bound;                      /* the names to listen on are taken */
    bool speaking;                   /* net is up: what is executed now is news */
    bool clean_started, clean_done;
    bool base_told;                  /* queries know where a snapshot began */
    bool save_wanted;                /* a checkpoint is certified: the superblock shall say so */
    bool stop;
    bool again;                      /* open and run once more: a snapshot from others is installed */
    enum exit_code code;
    uint64_t start_ns;
    uint64_t serving_ns;             /* the log is read: from here on others are spoken to */
    struct thread_heap heap_sealed;  /* taken from the heap before the seal */
    bool heap_told;                  /* the allocator tells */
    struct recovery_outcome recovery;
    uint64_t stuck_ns;               /* when this replica first gave up on a view with the work that is outstanding; 0: it did not, or there is none */
};

/* daemon_open brings everything up to the point before the first word to others. With `create` or `rejoin` it makes the store. Fails: the exit code
 * with daemon->boot.problem. */
enum exit_code daemon_open(struct daemon *daemon, const struct options *options);

/* daemon_run serves until a signal or a failure. Gives: the exit code; boot.problem says why when it is not EXIT_FINE. */
enum exit_code daemon_run(struct daemon *daemon);

/* daemon_is_calling: members are called whatever there is to say, for a while after this replica began to serve, however long its log took to read,
 * and for as long as its votes may not leave. */
bool daemon_is_calling(const struct daemon *daemon, bool may_sign, uint64_t now_ns);

/* daemon_close gives everything back and wipes the keys. Needs: daemon_open was called, with whatever result. */
void daemon_close(struct daemon *daemon);

/* daemon_query answers the ledger's questions (node/query.h). */
uint16_t daemon_query(void *context, const struct session_question *question, uint8_t *out, size_t room, size_t *size);

/* daemon_status writes one "name value" line per figure (node/status.c). */
uint16_t daemon_status(void *context, uint8_t *out, size_t room, size_t *size);

#endif
