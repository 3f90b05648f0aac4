/* host.h: one virtual server: a disk that outlives every crash, and on it the production replica: driver, consensus, ledger, segment log.
 *
 *     DOWN --host_start--> UP <--pause/resume--> PAUSED
 *      ^                    |
 *      +---- host_crash ----+      drops the memory of the process; the disk decides what a cut write becomes
 *      +---- clean stop ----+      host_drain, then by itself
 *
 * A start is what wardd does: superblock, recovery, driver_recover, driver_start. Time is the world's; nothing here waits. */
#ifndef WARD_SIM_WORLD_HOST_H
#define WARD_SIM_WORLD_HOST_H

#include "node/driver.h"
#include "node/query.h"
#include "sim/world/cast.h"
#include "sim/world/disk.h"
#include "sim/world/spoil.h"
#include "sim/oracle/effort.h"
#include "storage/space.h"

#define HOST_JOBS_MAX 640u /* as many as the daemon's verify pool takes */
#define HOST_POOL_COMMANDS 1024u
#define HOST_LOG_BYTES (1u << 20) /* a segment */

#define HOST_WALL_RATE_MAX 500 /* ppm: what NTP slews at most */

enum host_state { HOST_DOWN, HOST_UP, HOST_PAUSED };

/* What a server needs of the world around it. No function may call back into the host. */
struct host_world {
    void *context;
    uint64_t (*now_ns)(void *context);
    bool (*verify)(void *context, const struct sig_item *item);
    void (*send)(void *context, uint32_t member, const struct port_message *message);
    void (*mark)(void *context, uint32_t member, enum mark mark, uint64_t view, uint64_t height, uint32_t about, uint64_t value);
    void (*executed)(void *context, uint32_t member, const struct apply_block *block, const struct hash32 *state_root);
    void (*admitted)(void *context, uint32_t member, uint64_t token);
    void (*refused)(void *context, uint32_t member, uint64_t token, uint16_t code, uint32_t retry_after_ms);
    void (*broken)(void *context, uint32_t member, const char *what); /* it halted, or cannot start or write */
    void (*based)(void *context, uint32_t member, const struct block_header *header, const struct hash32 *state_root); /* it began with a snapshot; may be NULL */
    void (*read_done)(void *context, uint32_t member, uint64_t token, bool ok, uint64_t height); /* of host_read; may be NULL where nobody reads */
    void (*proved)(void *context, uint32_t member, const struct block_header *header, struct bytes proof); /* of host_prove; likewise */
};

struct host_plan {
    uint64_t seed;
    uint32_t member;             /* its number in the world; its place and key too, unless */
    bool is_second;              /* ... it is the second server of a twin (seats.h): */
    uint32_t twin;               /* whose key and place it has */
    int64_t wall_offset_ms;      /* of its clock */
    int32_t rate_ppm;            /* by which its clocks run too fast, or too slow: of the wall clock at most HOST_WALL_RATE_MAX, for it is disciplined */
    uint64_t verify_ns_min, verify_ns_max; /* until the verdicts of a job are there */
    struct sim_disk_faults disk;
    uint32_t segments_max;
    uint64_t snapshot_bytes, snapshot_blocks; /* a snapshot is due; 0: never */
    uint64_t keep_blocks;        /* of the log, below the tip */
    uint64_t scrub_bytes_per_s;  /* read again behind writes; 0: never */
    bool archive;                /* nothing of the log goes */
    bool reserves;               /* P1 */
    bool alone;                  /* nobody is asked what he holds of its key (E4): there are no others, or its key lies */
};

/* A verification under way. */
struct host_job {
    uint64_t due_ns;
    uint64_t number;
    uint32_t batch, count;
    const struct sig_item *items;
};

/* Threads of a test. */
struct host_crew {
    void (*task)(void *context, struct task *task);
    void (*await)(void *context, struct task *task);
    void *context;
};

struct host {
    struct host_plan plan;
    const struct cast *cast;
    const struct host_world *world;
    enum host_state state;
    uint32_t boots, wipes;
    bool aged;        /* its disk was put back to an earlier state, or it is a twin: E4 must find out */
    bool rolled_back; /* ... and did */
    bool lying; /* of the disk: it may lose what it called durable */
    struct sim_disk disk;
    uint8_t *disk_memory;
    uint8_t *disk_copy; /* NULL: none was made */
    size_t disk_bytes;
    uint8_t *memory; /* of the process; NULL while down */
    size_t memory_bytes; /* 0: not measured yet; whoever changes what a life takes, as `unaided` does, puts it back to that */
    struct superblock_store superblocks;
    struct driver driver;
    struct queries queries;           /* answers clients, as the daemon's do */
    struct recovery_outcome recovery; /* of the newest start */
    struct capsule promised;          /* newest capsule that was durable when the process ended */
    struct host_job jobs[HOST_JOBS_MAX];
    uint32_t jobs_count;
    uint64_t jobs_made;
    bool base_told;                   /* in this life */
    bool starting;                    /* inside host_start: executed blocks are old ones */
    bool failed;                      /* a write of its log failed: the process ends, and is started again */
    bool drain_wanted, drained, cleaning, clean;
    uint64_t requests_dropped;
    int64_t wall_step_ms; /* by which its wall clock was set wrong */
    bool full;            /* there is no room on its disk */
    enum space_level level;
    uint64_t look_ns;     /* when it looks for room again; UINT64_MAX: not before the log asks in vain */
    uint64_t rotten;      /* blocks that were made to rot */
    bool spoilt;          /* its disk is one of the f that may do worse than that (spoil.h) */
    uint64_t spoils[SPOIL_COUNT];
    uint64_t writes_forgiven; /* of those that went astray, which were on a disk that is gone */
    uint64_t due_ns;   /* what host_due_ns found out, */
    bool due_known;    /* ... unless something happened to it since */
    uint64_t wakeups;  /* moments at which the process had something to do, over all its lives (N4) */
    uint64_t woken_ns; /* the last of them */
    uint64_t clocks;   /* of them, those for a deadline alone: no message, no verdict, nothing of its disk */
    struct effort effort; /* of this life */
    const struct host_crew *crew; /* who reads bodies ahead at a start, for tests of that; NULL: they are read when their turn comes, */
    bool unaided;                 /* ... or not held back at all */
};

/* host_open makes the server with an empty store. Owns: cast and world must outlive it; host_close gives the memory back. */
void host_open(struct host *host, const struct cast *cast, const struct host_world *world, const struct host_plan *plan);
void host_close(struct host *host);

/* host_wipe gives the server a new, empty disk with a store of its own instance, as `wardd --rejoin` makes one: the same key without its memory (E5). Needs: down. */
void host_wipe(struct host *host);

/* host_start starts the process. Needs: down. Gives: false when the replica may never sign again or its log cannot be read. */
bool host_start(struct host *host);

/* host_crash ends the process without a word. power: cuts the power too, so that unflushed sectors are old, new or worse. Needs: not down. */
void host_crash(struct host *host, bool power);

/* host_keep copies the disk; host_back puts the copy back. Needs: down. Gives: false when there is no copy. */
void host_keep(struct host *host);
bool host_back(struct host *host);

/* host_rot flips a bit of the commands of a block on the medium. Needs: not down. Gives: false when the log does not have it. */
bool host_rot(struct host *host, uint64_t height);

/* host_forgets: a write of this disk went astray, so its log may lack what it promised and not know it. */
bool host_forgets(const struct host *host);

/* host_fill takes all room on the disk away, or gives it back. host_space_turn looks for room when it is time to, and acts as the keeper of the daemon does.
 * Needs: up. */
void host_fill(struct host *host, bool full);
void host_space_turn(struct host *host, uint64_t now_ns);

void host_pause(struct host *host);
void host_resume(struct host *host);

/* host_drain asks for an orderly stop; the host is down with a clean mark when it is done. */
void host_drain(struct host *host);

/* host_medium copies a record as it lies on the medium. Gives: its bytes; 0 when the log does not know it whole, or it is larger than `most`. Needs: not down. */
size_t host_medium(struct host *host, uint8_t kind, const struct hash32 *hash, uint8_t *out, size_t most);

/* host_clock sets the wall clock wrong by so much, or right again. */
void host_clock(struct host *host, int64_t step_ms);

/* host_link tells of a link that came or went. */
void host_link(struct host *host, uint32_t member, bool up);

/* host_read asks a quorum for a read (Q5); read_done follows, unless the process ends. Needs: up. */
void host_read(struct host *host, uint64_t token);

/* host_prove asks for a proof of a block, as a client does (R5); `proved` follows when it can be given. Needs: up. */
void host_prove(struct host *host, uint64_t height);

/* host_question lets a client ask for state; gated: a quorum was asked before. Needs: up, and no block is half executed. Gives: 0 and *size bytes in out, else why not. */
uint16_t host_question(struct host *host, struct bytes question, bool gated, uint8_t *out, size_t room, size_t *size);

/* host_tasks fills in who runs tasks. */
void host_tasks(const struct host *host, struct driver_ports *ports);

/* host_nonce gives the executed nonce of an account. Needs: not down. */
uint64_t host_nonce(const struct host *host, const uint8_t account[32]);

/* host_message, host_request deliver. Needs: up. */
void host_message(struct host *host, uint32_t from, uint8_t type, struct bytes body);
void host_request(struct host *host, uint64_t token, uint32_t client, struct bytes command);

/* host_due_ns gives when host_work is wanted; UINT64_MAX: not until something happens. Cost: nothing until something happens again. */
uint64_t host_due_ns(struct host *host);

/* host_work does all that is due now. Gives: false when it does not come to rest: the replica spins. */
bool host_work(struct host *host);

/* host_wall_ms gives what its clock says. */
uint64_t host_wall_ms(const struct host *host);

/* host_is_idle: no deadline, nothing in flight (Q1, N5). True while down. */
bool host_is_idle(const struct host *host);

/* host_flushes gives the durable writes since the store was made. */
uint64_t host_flushes(const struct host *host);

#endif
