/* cluster_kit.h: a few replicas of consensus/ alone, for tests of single rules: perfect log, fake signatures, messages in one queue that a test
 * can look at, hold and drop. The simulator runs whole replicas with disks; this one is for stories of ten lines. */
#ifndef WARD_TESTS_CONSENSUS_CLUSTER_KIT_H
#define WARD_TESTS_CONSENSUS_CLUSTER_KIT_H

#include "consensus/replica.h"
#include "tests/consensus/app_kit.h"

#define CLUSTER_MEMBERS_MAX 100u
#define CLUSTER_QUEUE_MAX 32768u
#define CLUSTER_LOG_MAX 4096u

struct cluster_message {
    uint32_t from, to;
    uint8_t type;
    uint32_t size;
    uint8_t *body;
};

/* One record of the perfect log. */
struct cluster_record {
    uint8_t kind;
    uint64_t height, view;
    struct hash32 hash;
    uint32_t size;
    uint8_t *payload;
};

struct cluster_node {
    struct replica *replica;
    void *memory;
    struct app_kit *app;
    bool down;
    bool strays;              /* what it executes comes to another state */
    bool disk_stands;         /* appends are not reported as durable */
    uint64_t write_ns;        /* what each durable write is said to have taken */
    bool abstains;            /* from the next restart on it signs nothing up to this view: its disk lost a batch */
    int64_t abstain_view;
    bool rejoins;             /* from the next restart on: its disk was lost (E5); with `asks` */
    bool asks;                /* from the next restart on it asks what others hold of its key (E4) */
    uint64_t lsn, durable;
    struct voting_state state; /* of the newest append */
    bool has_state;
    struct cluster_record log[CLUSTER_LOG_MAX];
    uint32_t log_count;
    struct { struct effect effect; uint8_t *head, *tail; } held[256]; /* sends that wait for the log */
    uint32_t held_count;
    uint64_t executed;
    bool lags;            /* it tells its replica of a block only when the next one is executed */
    struct event untold;  /* of that block; height 0: none */
    struct hash32 chain[1024]; /* hash of each executed block */
    uint32_t commands[1024];   /* and its commands */
    uint32_t admitted, refused, refused_code, retry_after_ms, drained, halted;
    struct { bool done, ok; uint64_t height; } read;
    struct { bool done, ok; struct block_header header; uint8_t bytes[65536]; uint32_t size; } proof;
};

struct cluster_kit {
    uint32_t n;
    struct config config;
    bool reserves;       /* P1; only cluster_kit_start_reserves switches it on */
    struct block_header genesis;
    uint64_t now_ns, wall_ms;
    struct cluster_node nodes[CLUSTER_MEMBERS_MAX];
    struct cluster_message queue[CLUSTER_QUEUE_MAX];
    uint32_t head, count;
    struct effects *effects;
    bool (*drop)(const struct cluster_message *message); /* NULL: nothing is lost */
    void (*tamper)(struct cluster_message *message);     /* changes bytes on their way; NULL: nobody does */
    bool cut[CLUSTER_MEMBERS_MAX][CLUSTER_MEMBERS_MAX];
    uint64_t sent[MESSAGE_TYPE_END];
};

/* cluster_kit_start makes n replicas, all linked, and starts them. batch_us: T. */
void cluster_kit_start(struct cluster_kit *kit, uint32_t n, uint32_t batch_us);

/* cluster_kit_start_reserves does so with reserves: those off duty hold their votes back (P1). */
void cluster_kit_start_reserves(struct cluster_kit *kit, uint32_t n, uint32_t batch_us);

/* cluster_kit_start_with does so under other limits. */
void cluster_kit_start_with(struct cluster_kit *kit, uint32_t n, void (*set)(struct config_limits *limits));
void cluster_kit_close(struct cluster_kit *kit);

/* cluster_kit_run lets everything happen until nothing is left or `for_ns` of virtual time are over. */
void cluster_kit_run(struct cluster_kit *kit, uint64_t for_ns);

/* cluster_kit_quiet runs until no message is in flight and no deadline is left. Gives: false when that takes more than for_ns. */
bool cluster_kit_quiet(struct cluster_kit *kit, uint64_t for_ns);

/* cluster_kit_request hands a command of an account with that nonce to a replica. */
void cluster_kit_request(struct cluster_kit *kit, uint32_t node, uint32_t account, uint64_t nonce);

/* cluster_kit_crash stops a replica: what it appended survives, messages that waited for the log are gone. cluster_kit_restart restores it from its log and starts it. */
void cluster_kit_crash(struct cluster_kit *kit, uint32_t node);
void cluster_kit_restart(struct cluster_kit *kit, uint32_t node);

/* cluster_kit_inject puts a message into the queue as if `from` had sent it. A signed one needs its fake signature: cluster_kit_sign. */
void cluster_kit_inject(struct cluster_kit *kit, uint32_t from, uint32_t to, const struct message *message);
void cluster_kit_sign(const struct cluster_kit *kit, uint32_t member, const struct hash32 *digest, uint8_t signature[64]);

/* cluster_kit_step hands one event to a replica, now. */
void cluster_kit_step(struct cluster_kit *kit, uint32_t node, const struct event *event);

/* cluster_kit_agree asserts that all that run executed the same blocks up to the lowest of them. Gives: that height. */
uint64_t cluster_kit_agree(const struct cluster_kit *kit);

#endif
