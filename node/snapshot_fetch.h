/* snapshot_fetch.h: gets a snapshot from several members at once, when the blocks behind the own state are gone from their logs (S3).
 *
 *     IDLE --wanted--> OFFERS --f + 1 equal, certified--> MANIFEST --checked--> (a slot that an earlier run began) RESUME --> CHUNKS --> HEAD --> INSTALL
 *                        ^                                    |                                                                 |
 *                        +---- no answer, other snapshots ----+----- nobody has it any more, or gives it for a while -----------+
 *
 * A certificate proves the state, so one liar cannot make us fetch another; the archive is vouched for by f + 1 members that name the same manifest. Each
 * chunk is checked by itself when it comes, from whomever; who lies or is silent is left for others. What is whole is on the disk, so a restart goes
 * on where it was. When all is here the superblock names it, and the owner starts the replica again from there. */
#ifndef WARD_NODE_SNAPSHOT_FETCH_H
#define WARD_NODE_SNAPSHOT_FETCH_H

#include "consensus/replica.h"
#include "node/ports.h"
#include "node/snapshots.h"
#include "wire/message.h"

#define SNAPSHOT_FETCH_BUFFERS 4u
#define SNAPSHOT_FETCH_OFFER_NS 500000000u     /* until offers are asked for again; twice as long after every 2n rounds, up to 8 s */
#define SNAPSHOT_FETCH_WAIT_NS 3000000000u     /* for a run; then its member is left alone for */
#define SNAPSHOT_FETCH_BACK_NS 10000000000u
#define SNAPSHOT_FETCH_STALL_NS 30000000000ull /* so long nothing right came: what is offered now is looked at */

enum snapshot_fetch_stage {
    SNAPSHOT_FETCH_IDLE,
    SNAPSHOT_FETCH_OFFERS,
    SNAPSHOT_FETCH_MANIFEST,
    SNAPSHOT_FETCH_BEGIN,   /* manifest, certificate and head are written */
    SNAPSHOT_FETCH_RESUME,  /* chunks of an earlier run are checked */
    SNAPSHOT_FETCH_CHUNKS,
    SNAPSHOT_FETCH_HEAD,
    SNAPSHOT_FETCH_INSTALL, /* waits for the superblock */
    SNAPSHOT_FETCH_DONE     /* start again */
};

struct snapshot_fetch_member {
    bool linked;
    bool offers;              /* the target, certified */
    struct message_snapshot_run manifest_run;
    uint32_t part_blocks;
    uint64_t offer_height;    /* of its newest offer, certificate verified; 0: none */
    struct hash32 offer_digest;
    bool asked;
    uint32_t chunk;           /* which; SNAPSHOT_CHUNKS_MAX: the manifest */
    uint64_t deadline_ns;     /* of the answer */
    uint64_t back_ns;         /* asked nothing before */
    enum left_why left;       /* why; LEFT_GONE: it has moved on to another snapshot */
};

/* A chunk that was checked and waits to be written. */
struct snapshot_fetch_buffer {
    bool used;
    uint32_t chunk;
    uint8_t *data;
};

struct snapshot_fetch {
    struct snapshots *snapshots;
    const struct driver_ports *ports;
    const struct config *epoch;
    struct hash32 chain_id;
    uint32_t self;
    struct snapshot_io io;
    struct snapshot_manifest manifest;
    enum snapshot_fetch_stage stage;
    const char *reason;          /* what is waited for, or why the last attempt ended; "" when nothing */
    uint64_t own_height;         /* snapshots below help nobody */
    struct snapshot_fetch_member members[MEMBERS_MAX];
    uint32_t next;               /* member that is asked next */
    struct snapshots_entry target;
    struct checkpoint_cert cert; /* of the target */
    struct checkpoint_cert *certs; /* of each member's newest offer */
    uint64_t offers_ns;          /* when offers are asked for again */
    uint64_t stall_ns;           /* when what was chosen is given up, unless something right comes before */
    uint32_t offers_tries;
    uint8_t have[SNAPSHOT_CHUNKS_MAX / 8];
    uint32_t have_count, checked;
    struct snapshot_place check_place;
    uint8_t step;                /* of SNAPSHOT_FETCH_BEGIN: what is written next */
    uint32_t writing;            /* buffer that the io writes; SNAPSHOT_FETCH_BUFFERS: none */
    struct snapshot_fetch_buffer buffers[SNAPSHOT_FETCH_BUFFERS];
    uint8_t *manifest_bytes;     /* of the target, as it came */
    struct message *message;     /* scratch */
    bool save_wanted;
    uint64_t chunks_fetched, chunks_resumed, chunks_wrong, timeouts;
};

void snapshot_fetch_take(struct snapshot_fetch *fetch, struct arena *arena, struct disk *disk, struct snapshots *snapshots, const struct driver_ports *ports,
                         const struct config *epoch, const struct hash32 *chain_id, uint32_t self);

/* snapshot_fetch_want tells whether the replica needs one, above which height, and who is linked. */
void snapshot_fetch_want(struct snapshot_fetch *fetch, bool wanted, uint64_t own_height, const struct member_set *links);

/* snapshot_fetch_answer takes a member's answer. Views are read during the call. Cost: the hashes of a chunk, or q signature checks of a new offer. */
void snapshot_fetch_answer(struct snapshot_fetch *fetch, uint32_t from, const struct message_snapshot *answer, uint64_t now_ns);

void snapshot_fetch_work(struct snapshot_fetch *fetch, uint64_t now_ns);
uint64_t snapshot_fetch_deadline_ns(const struct snapshot_fetch *fetch);

/* snapshot_fetch_left tells why a member is left for others; LEFT_NOT: it is not, or nothing is fetched. */
enum left_why snapshot_fetch_left(const struct snapshot_fetch *fetch, uint32_t member, uint64_t now_ns);

/* snapshot_fetch_saved: as snapshots_saved. */
void snapshot_fetch_saved(struct snapshot_fetch *fetch, const struct hash32 *digest, enum err err);

/* snapshot_fetch_fill: as snapshots_fill, when a fetched one is to be installed. */
void snapshot_fetch_fill(const struct snapshot_fetch *fetch, struct superblock *next);

/* snapshot_fetch_check asserts the invariants. Cost: linear in members and chunks. */
void snapshot_fetch_check(const struct snapshot_fetch *fetch);

#endif
