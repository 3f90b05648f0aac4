/* driver.h: turns the effects of a replica into IO, and what happens into its events.
 *
 *     events --> replica_step --> effects --> log, network, verifiers, ledger, clients
 *                     ^                            |
 *                     +---- DURABLE, VERIFIED, EXECUTED, RECORD, own messages
 *
 * The driver owns the order of things: a send waits in the outbox until the log covers it, is then signed and leaves; blocks execute in
 * slices between events; nothing is signed after the log failed. Sans-IO itself: disk, network, clock and threads are behind
 * `struct disk` and `struct driver_ports`, so the simulator runs these very object files.
 *
 * One thread. The owner calls:
 *
 *     driver_start once after recovery; driver_message, driver_request, ... when something happens; driver_work whenever it returns true
 *     or its deadline has come; driver_flush once per turn. */
#ifndef WARD_NODE_DRIVER_H
#define WARD_NODE_DRIVER_H

#include "consensus/replica.h"
#include "crypto/keys.h"
#include "node/ahead.h"
#include "node/apply.h"
#include "node/outbox.h"
#include "node/ports.h"
#include "node/repair.h"
#include "node/scrub.h"
#include "node/snapshot_fetch.h"
#include "node/snapshot_serve.h"
#include "node/snapshots.h"
#include "storage/recovery.h"
#include "storage/segment_log.h"

#define DRIVER_SLICE_NS 2000000u     /* C4: the longest stretch of execution between two events */
#define DRIVER_SLICE_COMMANDS 16u    /* commands between two looks at the clock */
#define DRIVER_COMMITS_MAX 64u       /* committed blocks that wait for execution; the replica holds no more bodies */
#define DRIVER_RECORD_BYTES (BLOCK_BYTES_MAX + (64u << 10)) /* the largest record that is read back */

/* What is kept of log and snapshots. */
struct driver_retention {
    uint64_t due_bytes, due_blocks; /* a snapshot is due: node/snapshots.h; due_bytes 0: never */
    uint32_t chunk_bytes_max;       /* of snapshots, made or fetched: STATE_CHUNK_BYTES_MIN to STATE_CHUNK_BYTES_MAX, also where none is ever due */
    bool archive;                   /* nothing of the log goes */
    uint64_t keep_blocks;           /* below the tip, for members that lag */
    uint64_t scrub_bytes_per_s;     /* read again in the background, while there is work; 0: never */
};

struct driver_config {
    struct replica_config replica;
    struct segment_log_config log; /* callbacks are set by the driver */
    struct apply_config apply;
    struct driver_retention retention;
    const struct genesis *genesis; /* must outlive the driver */
    struct views *views;           /* of whoever answers questions (node/query.h), for snapshots that are wished for; must outlive the driver */
    const struct sign_keypair *key; /* the replica's; in secret memory, must outlive the driver */
};

struct driver_counters {
    uint64_t events, effects;
    uint64_t signatures_made;
    uint64_t messages_sent;    /* per receiver */
    uint64_t events_dropped;   /* messages and requests that came while the log had no room */
    uint64_t slices;           /* of execution */
    uint64_t snapshot_malformed; /* messages about snapshots that did not decode */
    uint64_t segments_retired;
    uint64_t records_refused;  /* at start: records that the replica did not understand */
    uint64_t bodies_ahead;     /* at start: bodies that were handed to other threads before their turn */
};

struct driver {
    struct driver_config config;
    struct driver_ports ports;
    struct replica *replica; /* built in driver_recover, in replica_memory */
    void *replica_memory;
    struct bytes searched; /* of it, what is read all over: worth large pages */
    struct apply apply;
    struct segment_log log;
    struct snapshots snapshots;
    struct snapshot_serve snapshot_serve;
    struct snapshot_fetch snapshot_fetch;
    struct message *snapshot_message; /* scratch */
    uint64_t carried_lsn;   /* of effects: what counts is behind the snapshot once this is durable; 0: nothing to do (K2) */
    bool has_base;          /* this run began with a snapshot: */
    struct snapshots_base base;
    uint32_t first_segment; /* oldest that counts; the superblock says so */
    uint32_t first_wanted;  /* ... as it shall be; >= first_segment */
    uint32_t retire_next;   /* segments from here up to first_segment are to be taken out of use */
    bool save_wanted;       /* the superblock is behind: the owner saves it */
    uint64_t limit_epoch;   /* the view limit that the superblock holds, or was asked to hold: */
    uint64_t limit_view;    /* it outlives the newest batches, whatever becomes of them (T11) */
    bool rejoins;           /* the superblock says that the key's store was lost, and what follows from it is not durable yet (E5) */
    struct repair repair;
    struct scrub scrub;
    struct ahead ahead;
    struct outbox outbox;
    struct effects *effects;
    uint32_t effect_next;   /* first effect not carried out; < effects->count only while stalled */
    bool stalled;           /* the log had no room: wait for DURABLE */
    bool stopped;           /* halted or failed: carry out nothing more */
    bool failed;            /* a write failed, and the owner knows */
    bool started;           /* behind driver_start: what is executed now is new */
    bool stepping;          /* inside a step: no other may begin */
    uint64_t lsn_base;      /* position of the log when this run began; effects count from 1 */
    uint64_t lsn_durable;   /* of effects */
    uint64_t durable_seen;  /* of effects: told to the replica */
    uint64_t durable_ns;    /* duration of the newest durable write */
    struct effect commits[DRIVER_COMMITS_MAX]; /* ring: COMMIT effects that wait */
    uint32_t commits_head, commits_count;
    struct log_read read;
    uint64_t read_token;
    bool reading;           /* a READ_RECORD is under way */
    bool read_waits;        /* ... and waits for another reading to end */
    uint64_t read_height;
    bool read_done;         /* its answer waits to be told */
    bool read_found;
    uint32_t read_bytes;
    uint8_t *read_buffer;   /* DRIVER_RECORD_BYTES */
    bool urgent;            /* something appended must not wait for the next write */
    bool drain_wanted, drain_told;
    bool mute, mute_told;   /* as wanted; as the replica knows it */
    uint16_t refuse_code;   /* clients are refused with it; 0: they are not */
    uint32_t refuse_ms;
    struct member_set links, links_told; /* as they are; as the replica knows them */
    struct driver_counters counters;
};

/* driver_take takes all memory of replica, log, ledger and outbox. Fails: ERR_INVALID (parameters of the genesis). */
enum err driver_take(struct driver *driver, struct arena *arena, struct disk *disk, const struct driver_config *config, const struct driver_ports *ports);

/* driver_recover builds the state from genesis and log: reads the store, restores the replica, executes what the log proves committed.
 * Gives: *outcome, which says whether the replica may sign; on SIGN_NEVER the caller must not start. Fails: as recovery_run; ERR_INVALID: the
 * genesis is not one; ERR_CONFLICT too when what was replayed is not what the log has certified: ports.halted was told why. Blocks: this is start-up. */
enum err driver_recover(struct driver *driver, const struct superblock *superblock, struct recovery_outcome *outcome);

/* driver_start lets the replica speak. Needs: driver_recover succeeded. */
void driver_start(struct driver *driver, const uint8_t instance[16], const struct recovery_outcome *outcome);

/* What happens. Views are read during the call. */
void driver_message(struct driver *driver, uint32_t from, uint8_t type, struct bytes body);
void driver_request(struct driver *driver, uint64_t token, const struct requester *who, struct bytes command);
/* driver_verified. Needs: not stalled (driver_is_stalled): a verdict must not be lost. */
void driver_verified(struct driver *driver, uint32_t batch, const bool *verdicts, uint32_t count);
void driver_link(struct driver *driver, uint32_t member, bool up);
void driver_read(struct driver *driver, uint64_t token);
void driver_prove(struct driver *driver, uint64_t token, uint64_t height);
void driver_drain(struct driver *driver);

/* driver_mute makes the replica sign no vote, or vote again (T9). driver_refuse refuses requests of clients with a code (enum refusal) and a time after
 * which to try again; REFUSAL_NONE: no longer. */
void driver_mute(struct driver *driver, bool on);
void driver_refuse(struct driver *driver, uint16_t code, uint32_t retry_after_ms);

/* driver_fail ends signing for good, as a log that cannot write does: for a write beside the log that failed. Tells the owner once. */
void driver_fail(struct driver *driver, enum err err);

/* driver_damage tells of a piece of damage of the log that somebody found: it is made good, and nobody reads it any more. What is known is passed over. */
void driver_damage(struct driver *driver, const struct recovery_damage *damage);

/* driver_must_restart: a snapshot from others is installed. The owner ends this replica without more ado and starts it again: it begins there. */
bool driver_must_restart(const struct driver *driver);

/* driver_fill writes what the driver knows into the next version of the superblock; driver_saved tells how it went with it. */
void driver_fill(const struct driver *driver, struct superblock *next, bool clean);
void driver_saved(struct driver *driver, const struct superblock *saved, enum err err);

/* driver_work does what waits inside: tells of durability and of what was read back, lets messages leave, executes one slice, fires the
 * deadline. Gives: true when more waits and the owner should not sleep. */
bool driver_work(struct driver *driver);

/* driver_flush starts the log's next write. Once per turn, after everything else. */
void driver_flush(struct driver *driver);

/* driver_deadline_ns gives when driver_work is wanted next; 0: at once; UINT64_MAX: not until something happens. */
uint64_t driver_deadline_ns(const struct driver *driver);

/* driver_is_stalled: the log has no room; verdicts must wait, messages and requests are dropped. */
bool driver_is_stalled(const struct driver *driver);

/* driver_outbox_rests: no message waits for the log; one may wait for what others hold of our key (E4). */
bool driver_outbox_rests(const struct driver *driver);

/* driver_is_working: something is due, is being written, read or executed, or a message waits for the log. Unlike driver_is_idle it does not count records that
 * wait for the next write because nobody waits for them. */
bool driver_is_working(const struct driver *driver);

/* driver_is_idle: nothing is under way in log, outbox or execution. */
bool driver_is_idle(const struct driver *driver);

/* driver_check asserts every invariant of driver, replica and log that can be seen between two calls. Needs: driver_start was called. Cost: linear in what is held. */
void driver_check(const struct driver *driver);

#endif
