/* world.h: a whole cluster under one seed: virtual servers, network, clients, time, and the oracle that watches.
 *
 * One order of events: the earliest time first; at equal times links, then messages in the order in which they were sent, then clients, then
 * servers by number. Nothing else decides, so a seed and a plan give one run, on every machine.
 *
 *     world_open -> world_run_to(until) , faults and requests by the functions below -> ... -> world_close
 *
 * After each step of a replica its own invariants are checked (replica_check), and every message and block is looked at (oracle.h). */
#ifndef WARD_SIM_WORLD_WORLD_H
#define WARD_SIM_WORLD_WORLD_H

#include "sim/adversary/adversary.h"
#include "sim/world/cast.h"
#include "sim/oracle/checkpoints.h"
#include "sim/oracle/consent.h"
#include "sim/oracle/givers.h"
#include "sim/world/host.h"
#include "sim/oracle/held.h"
#include "sim/oracle/joins.h"
#include "sim/oracle/judges.h"
#include "sim/world/network.h"
#include "sim/oracle/offers.h"
#include "sim/oracle/oracle.h"
#include "sim/oracle/patience.h"
#include "sim/oracle/rates.h"
#include "sim/oracle/receipts.h"
#include "sim/oracle/records.h"
#include "sim/oracle/rejoins.h"
#include "sim/oracle/shares.h"
#include "sim/oracle/trails.h"
#include "sim/oracle/wishes.h"
#include "sim/world/pairs.h"
#include "sim/world/readers.h"
#include "sim/world/seats.h"
#include "sim/world/trace.h"
#include "sim/world/workload.h"

struct ed25519_ctx;

struct world_plan {
    uint64_t seed;
    uint32_t members_count;
    uint32_t actors_count;
    struct config_limits limits;
    struct sim_network_faults network;
    struct sim_disk_faults disk;
    uint32_t segments_max;       /* of each disk */
    uint64_t snapshot_bytes, snapshot_blocks, keep_blocks; /* as in struct host_plan */
    uint64_t scrub_bytes_per_s;  /* of the scrubber of each server; 0: off */
    bool archive;
    uint64_t verify_ns_min, verify_ns_max;
    uint64_t notice_ns;          /* until a server learns that a link ended; twice that for a new one */
    uint32_t wall_offset_ms_max; /* clocks differ by at most this from the true time, drawn by name */
    uint32_t rate_ppm_max;       /* and run too fast or too slow by at most this, likewise; below a million */
    uint32_t check_every;        /* steps of a server between two driver_check */
    enum trace_level trace;
    bool reserves;               /* P1 at every replica */
    bool mixed;                  /* commands of several kinds (cast.h) */
    bool joins;          /* patients and practitioners are registered while it goes on (cast.h) */
    uint32_t tenure_ms; /* since the genesis, behind all that happens: then the registrations of practitioners end, which releases of a time to come must heed; 0: not */
    uint32_t rate_ms, rate_burst; /* how often each sender may act (ledger/params.h); 0: as nothing is said in the genesis */
    bool consents;               /* patients and practitioners send too, and the model of consent looks at what comes of it (consent.h) */
    bool fast_crypto;            /* signatures are stamps (stamp.h) */
    bool record_faults;          /* network.happened is kept */
    uint64_t reads_ns;           /* between two reads of clients; 0: nobody reads */
    struct sim_fault_list script; /* faults of single messages that happen in any case; outlives the world */
    struct adversary_plan adversary; /* nobody lies: no liars */
    struct member_set twins;     /* members in two places; none of them a liar */
    uint64_t twins_ns;           /* after which new sides are drawn; 0: never */
    bool twins_ask;              /* E4 is on at both servers of a twin: whichever starts again finds out, and must refuse to sign */
};

/* A change of a link on its way to a server. */
struct world_notice {
    uint64_t due_ns;
    uint32_t member, about; /* seats */
    bool up;
};

/* "When this server says that, crash it", or what else there is. */
enum world_action { ACTION_CRASH, ACTION_POWER, ACTION_FILL, ACTION_HEAL, ACTION_COUNT };
#define WORLD_ON_SNAPSHOT MARK_COUNT /* in place of a mark: it fetches a snapshot */

struct world_trigger {
    bool armed, fired;
    enum world_action action;
    uint32_t member;
    unsigned mark; /* enum mark, or WORLD_ON_SNAPSHOT */
};

struct world;

/* One member whose lies a test writes: each receiver gets of its messages what `tell` makes of them. tell may change the bytes, and their number
 * downwards; 0: nothing leaves. Lies that are drawn are in sim/adversary/adversary.h. */
struct world_liar {
    uint32_t member;
    void (*tell)(struct world *world, uint32_t to, uint8_t type, uint8_t *bytes, size_t *size); /* NULL: nobody lies */
    uint8_t *room; /* FRAME_BYTES_MAX, for the bytes */
};

#define WORLD_NOTICES_MAX (2u * MEMBERS_MAX * MEMBERS_MAX)
#define WORLD_TRIGGERS_MAX 16u

struct world {
    struct world_plan plan;
    uint64_t now_ns;
    struct cast cast;
    struct host_world host_world;
    struct seats seats;
    struct host *hosts; /* by seat */
    struct held *held;  /* likewise */
    struct member_set faulty;    /* members that may contradict themselves: liars and twins. What they say proves nothing, and they are at most f */
    uint64_t split_ns, splits;   /* when the next sides of twins are drawn, and how often that was done */
    bool twins_ended;            /* no second server runs any more */
    struct member_set returning; /* by seat: asked to stop before the faults ended, and started again when they have */
    struct sim_network network;
    struct workload workload;
    struct history history;
    struct readers readers;
    struct oracle oracle;
    struct records records;  /* without consents */
    struct consent consent;  /* with them */
    struct receipts receipts;
    struct rates rates;
    struct trails trails;
    struct joins joins;
    struct patience patience;
    struct shares shares;
    struct offers offers;
    struct givers givers;
    struct rejoins rejoins;
    struct wishes wishes;
    struct checkpoints_book checkpoints;
    struct facts fetched;    /* how often a server fetched a block in one life */
    struct trace trace;
    struct failure failure;
    struct facts verdicts;      /* of signatures: the same bytes give the same answer at every replica */
    struct judges judges;
    struct world_notice *notices; /* in the order of time */
    uint32_t notices_count;
    struct member_set *links;   /* as announced or about to be, by seat */
    struct world_trigger triggers[WORLD_TRIGGERS_MAX];
    uint32_t triggers_count;
    struct adversary *adversary; /* NULL: nobody lies */
    struct guard arrived;        /* where a message lies while its server looks at it */
    struct world_liar liar;      /* set after world_open */
    uint32_t lost_types[MEMBERS_MAX]; /* to a member: message types that never arrive, as bits */
    struct sim_message **waiting; /* messages for paused servers, in order of arrival */
    size_t waiting_count, waiting_capacity;
    uint64_t hash;              /* over all events */
    uint64_t events;
    uint64_t at_once;           /* events since time moved */
    uint64_t marks[MARK_COUNT];
    uint64_t mark_heights[MARK_COUNT]; /* highest so far: tells who is first */
    uint64_t crashes, restarts, partitions;
    uint64_t clock_steps, clogs, oneways, breaks, losses, rots, fills;
    uint64_t pairs[PAIR_COUNT];  /* how often they came about */
    uint64_t abstentions;        /* starts that found a promise lost, and abstain */
    uint64_t inquiries;          /* answers with a certificate, of which clients verified all */
    uint64_t proofs;             /* that clients got */
    uint64_t measured;           /* isolated commands whose cost was judged (frugal.h) */
    bool parted;                 /* something is cut or silent */
    uint64_t based;             /* lives that began with a snapshot */
};

/* world_plan_calm gives a plan without faults: four replicas, links of 1 ms, disks of 200 us, T = 0. */
void world_plan_calm(struct world_plan *plan);

/* world_open makes the cluster and starts every replica at time 0. Owns: takes memory that world_close gives back. */
void world_open(struct world *world, const struct world_plan *plan);
void world_close(struct world *world);

/* world_run_to lets everything happen up to until_ns. Gives: false when something is broken: world->failure tells. */
bool world_run_to(struct world *world, uint64_t until_ns);

/* world_run_until_rest runs until nothing is left to do and every client has its answer, at most until limit_ns. Gives: false when something is
 * broken, or when rest did not come: then the failure is one of liveness. */
bool world_run_until_rest(struct world *world, uint64_t limit_ns);

/* world_is_idle: no deadline, no message, no write, no check under way anywhere (N5, J4). */
bool world_is_idle(const struct world *world);

/* Servers are named by seat (seats.h), members by their numbers; without twins that is the same.
 *
 * Faults. A server that does not run cannot be crashed; one that runs cannot be started: such calls do nothing. One whose disk was spoilt such that it may never sign again is
 * started with a new store, as an operator does (E5). */
void world_crash(struct world *world, uint32_t member, bool power);
void world_boot(struct world *world, uint32_t member);
void world_wipe(struct world *world, uint32_t member); /* its disk is lost; needs that it is down */
void world_pause(struct world *world, uint32_t member);
void world_resume(struct world *world, uint32_t member);
void world_drain(struct world *world, uint32_t member);
void world_cut(struct world *world, uint32_t from, uint32_t to, bool cut);
void world_partition(struct world *world, const struct member_set *side); /* between the side and all others */
void world_heal(struct world *world);                                     /* every link, every message type */
void world_clog(struct world *world, uint32_t from, uint32_t to, uint64_t span_ns);   /* nothing arrives meanwhile; then all of it at once */
void world_oneway(struct world *world, const struct member_set *side);    /* nothing of this side reaches the others, and nobody is told; until heal */
void world_lose(struct world *world, uint32_t to, enum message_type type);

/* world_clock sets the wall clock of a server wrong by so much; 0: right again. */
void world_clock(struct world *world, uint32_t member, int64_t step_ms);

/* world_keep copies the disk of a server that is down; world_back puts the copy back, as an operator does who restores a backup. */
void world_keep(struct world *world, uint32_t member);
void world_back(struct world *world, uint32_t member);

/* world_rot flips a bit in a block as it lies on the medium of a server that runs. Gives: false when its log does not have it. */
bool world_rot(struct world *world, uint32_t member, uint64_t height);
void world_when(struct world *world, uint32_t member, unsigned mark, enum world_action action); /* once, in the step in which it says so */

/* world_rot_any is world_rot for one of the blocks that the server executed, if its log still has it. */
void world_rot_any(struct world *world, uint32_t member, uint64_t number);

/* world_spoil lets a disk do something of spoil.h to a server, if it runs and has something of that kind. */
void world_spoil(struct world *world, uint32_t member, enum spoil spoil, uint64_t number);

/* world_fill takes all room on a disk away, or gives it back. */
void world_fill(struct world *world, uint32_t member, bool full);

/* world_forget cuts the power of a server, which loses its disk and keeps its key (E5). */
void world_forget(struct world *world, uint32_t member);

/* world_calm ends every fault: a perfect network, healthy disks, everybody runs. Whoever was asked to stop and has not yet is started again when it has. */
void world_calm(struct world *world);

/* world_read_all lets every server that is sound and runs answer a read, at most until limit_ns. Gives: false when something is broken, or one does not: then the
 * failure is one of liveness. Needs: a calm network. */
bool world_read_all(struct world *world, uint64_t limit_ns);

/* world_submit lets clients send commands now. */
void world_submit(struct world *world, uint32_t count, uint32_t target, bool sticky);

/* world_split lets a side see the second server of a twin, and all others the first. */
void world_split(struct world *world, uint32_t member, const struct member_set *side);

/* world_silence ends all lies, and the second server of each twin. world_outlasts runs while the liars lie, until every client has its answer and all that are honest and run have executed
 * all blocks, at most until limit_ns. Gives: false when something is broken, or when that did not come: then the failure is one of liveness. */
void world_silence(struct world *world);
bool world_outlasts(struct world *world, uint64_t limit_ns);

/* world_check_end tells whether all replicas that run are equal and every client has its answer; else it fails. */
bool world_check_end(struct world *world);

/* What reports ask. executed: lowest or highest over those that run; UINT64_MAX when none does. */
uint64_t world_executed_min(const struct world *world);
uint64_t world_executed_max(const struct world *world);

#endif
