/* store_kit.h: a store on a simulated disk that can be written to, cut and opened again, and a model of what must be in it.
 *
 * Group i (from 1) is one append: block record i of a size drawn from i and, for every third group, a certificate; its capsule says that i
 * was voted for and that i - 1 is the highest certificate. So the model is one number: how many groups there are. */
#ifndef WARD_TESTS_STORAGE_STORE_KIT_H
#define WARD_TESTS_STORAGE_STORE_KIT_H

#include "sim/world/disk.h"
#include "storage/recovery.h"
#include "storage/segment_log.h"
#include "storage/superblock.h"

#define STORE_SEEN_MAX 4096u

struct store_seen {
    uint8_t kind;
    uint64_t height;
    struct hash32 hash;
    uint64_t batch;
    bool intact; /* its bytes are what the model says */
};

struct store_config {
    uint64_t seed;
    uint32_t segment_bytes;
    uint32_t segments_max;
    uint32_t queue_batches;
    uint32_t batch_bytes_max; /* 0: the most */
    uint32_t size_max;        /* largest payload of a block record */
    uint32_t scan_blocks;     /* read at once by recovery; 0: the most */
    struct sim_disk_faults faults;
};

struct store {
    struct store_config config;
    struct arena arena;
    size_t arena_mark; /* what is above belongs to the process, below to the machine */
    struct sim_disk disk;
    struct superblock_store superblocks;
    struct segment_log log;
    struct recovery_outcome outcome;
    struct capsule capsule;
    uint64_t now_ns;
    uint64_t appended;     /* groups taken by the log, over all lives */
    uint64_t acknowledged; /* groups reported durable */
    uint64_t lsn_base;     /* lsn minus group number in this life */
    uint64_t durable_calls;
    enum err failed; /* what the log told */
    struct store_seen seen[STORE_SEEN_MAX];
    uint32_t seen_count;
    uint32_t seen_again; /* by another reading, which must deliver the same */
    uint64_t scanned_again;
    uint32_t recoveries, peeks; /* of these, how often the end of the log was enough */
};

extern const uint8_t store_instance[16];

/* store_open makes disk and superblock and boots an empty log. */
struct store *store_open(const struct store_config *config);
void store_close(struct store *store);

/* store_boot starts the process: superblock, recovery, log. Gives: what recovery_run gave. */
enum err store_boot(struct store *store);

/* store_recover is store_boot without starting the log. Unless the disk may give other bytes each time, it reads the log once more and compares. */
enum err store_recover(struct store *store);
void store_start(struct store *store);

/* store_append appends the next group; no kick. */
enum err store_append(struct store *store);

/* store_step lets at most one due time pass. Gives: false when nothing is under way. */
bool store_step(struct store *store);

/* store_run kicks and steps until all is durable. */
void store_run(struct store *store);

/* store_floor writes a superblock that says that batches up to `batch` are durable. */
void store_floor(struct store *store, uint64_t batch);

/* store_groups_seen counts the groups 1, 2, ... that recovery delivered whole and in order, and stops the test when anything else was
 * delivered, or a group twice, or with wrong bytes. */
uint64_t store_groups_seen(const struct store *store);

/* store_hash names block (or certificate) i. */
struct hash32 store_hash(uint8_t kind, uint64_t i);

/* store_payload_bytes gives the size of block i; store_payload writes it. */
uint32_t store_payload_bytes(const struct store *store, uint64_t i);
void store_payload(uint64_t i, uint8_t *out, uint32_t bytes);

/* store_has_certificate says whether group i carries one. */
bool store_has_certificate(uint64_t i);

#endif
