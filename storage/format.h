/* format.h: what the bytes of a data directory mean: constants, record kinds and the structures that the codecs read and write.
 *
 * docs/disk.md is the same in words and offsets; golden files in tests/vectors/disk/ pin it. Everything is little-endian and lies in
 * blocks of 4 KiB. XXH3 guards against disks only: whatever a peer sends is checked against a digest in the certified chain. */
#ifndef WARD_STORAGE_FORMAT_H
#define WARD_STORAGE_FORMAT_H

#include "base/bytes.h"
#include "crypto/hash.h"

#include <stdbool.h>
#include <stdint.h>

#define FORMAT_VERSION 1u

#define DISK_BLOCK 4096u                                     /* unit of every write, and of alignment in memory */
#define DISK_SECTOR 512u                                     /* what a power cut leaves whole */
#define DISK_SECTORS_PER_BLOCK (DISK_BLOCK / DISK_SECTOR)    /* 8 */
#define SUPERBLOCK_COPIES 4u                                 /* one block each */
#define SEGMENT_HEAD_BLOCKS 2u                               /* the same header block twice */
#define SEGMENT_BYTES_DEFAULT (64u << 20)                    /* what wardd uses */
#define SEGMENT_BYTES_MIN (16u * DISK_BLOCK)                 /* tests */
#define SEGMENT_BYTES_MAX (128u << 20)                       /* the seal of a segment fits one batch */
#define BATCH_HEAD_BYTES 256u                                /* lies within one sector */
#define BATCH_BLOCKS_MAX 256u                                /* 1 MiB */
#define BATCH_TABLE_BYTES ((BATCH_BLOCKS_MAX - 1u) * 8u)     /* one sum per block but the first */
#define RECORD_HEAD_BYTES 80u
#define SEAL_HEAD_BYTES 48u
#define SEAL_ENTRY_BYTES 16u

_Static_assert(BATCH_HEAD_BYTES <= DISK_SECTOR, "a power cut leaves a batch header whole or zero");
_Static_assert(BATCH_HEAD_BYTES + BATCH_TABLE_BYTES + RECORD_HEAD_BYTES < DISK_BLOCK, "the first block of a batch has room for records");
_Static_assert(SEGMENT_BYTES_MAX / DISK_BLOCK * SEAL_ENTRY_BYTES < BATCH_BLOCKS_MAX * DISK_BLOCK - DISK_BLOCK, "a seal fits one batch");

/* Kinds of records. The numbers are on disk. A kind from RECORD_SKIPPABLE on that a build does not know is skipped; any other unknown
 * kind is refused, because its meaning could be a vote. */
enum record_kind {
    RECORD_BLOCK = 1,       /* block header and what justifies it */
    RECORD_PAYLOAD = 2,     /* the commands of a block; detachable */
    RECORD_CERTIFICATE = 3, /* QC, COMMITQC, TC or CommitProof; hash = its digest */
    RECORD_TIMEOUT = 4,     /* an own TIMEOUT as it was signed */
    RECORD_CHECKPOINT = 5,  /* a checkpoint and its certificate */
    RECORD_EPOCH = 6,       /* a configuration that an END block opened */
    RECORD_EVIDENCE = 7,    /* two signatures of one member that exclude each other */
    RECORD_SEAL = 8,        /* table of the batches of an earlier segment; written by the log itself */
    RECORD_STATE = 9,       /* no bytes: carries a changed capsule and nothing else */
    RECORD_KIND_END,
    RECORD_SKIPPABLE = 0x80,
    RECORD_REPAIR = 0x80 /* damage that was made good: storage/repair_note.h */
};

/* Flags of a record. */
#define RECORD_FLAG_DETACHABLE 0x01u /* its bytes may be erased later: sums of batch and seal take the payload's sum in their place */
#define RECORD_FLAG_ERASED 0x02u     /* they were: the payload is zeros, and that is not rot */
#define RECORD_FLAGS_ALL 0x03u

/* The safety capsule: the voting state, in the header of every batch. The newest valid batch alone restores it. */
struct capsule {
    uint64_t epoch;
    int64_t timeout_view; /* highest view timed out in this epoch; -1: none */
    int64_t led_view;     /* highest view in which this replica proposed; -1: none */
    uint64_t vote_view;   /* of the last vote; 0 when vote_kind is 0 */
    uint64_t vote_height;
    struct hash32 vote_hash;
    uint8_t vote_kind;  /* 0: has not voted in this epoch; else as the core numbers its kinds, 1 to 255 */
    uint64_t high_view; /* rank of the highest certificate accepted */
    uint64_t high_height;
    struct hash32 high_digest; /* hash of its RECORD_CERTIFICATE; zero: the root of the epoch */
    struct hash32 tc_digest;   /* hash of the record of the TC that led into the newest view; zero: none */
    uint64_t committed_height;
    /* Kept by the log; segment_log_append ignores what the caller puts here. */
    uint64_t limit_epoch;   /* nothing was or will be signed above (limit_epoch, limit_view) before a higher limit is durable; */
    uint64_t limit_view;    /* limit_epoch - epoch is 0 to 65,535 */
    uint64_t abstain_epoch; /* sign no VOTE, COMMITVOTE or TIMEOUT at or below (abstain_epoch, abstain_view): */
    int64_t abstain_view;   /* a lost batch may hold one. -1: nothing to abstain from; abstain_epoch - epoch is 0 to 65,535 */
};

/* Where a fragment of a record lies. */
struct record_place {
    uint32_t segment; /* from 1 */
    uint32_t block;   /* first block of its batch, counted in the segment */
    uint32_t offset;  /* of its header, in bytes from the start of the batch */
    uint32_t bytes;   /* of its payload in this batch */
};

/* The header of a record, or of one fragment of it: a record larger than a batch goes on as the first record of the next one. */
struct record_head {
    uint8_t kind;         /* enum record_kind or skippable */
    uint8_t flags;        /* RECORD_FLAG_* */
    uint32_t bytes;       /* payload bytes in this batch */
    uint32_t bytes_total; /* payload bytes of the whole record */
    uint32_t bytes_before; /* payload bytes in earlier fragments; 0: this is the first */
    uint64_t height;
    uint64_t view;
    struct hash32 hash;   /* names the object: block hash, digest of a certificate */
    uint64_t payload_sum; /* XXH3-64 of the payload bytes in this batch, as they were before an erasure */
};

/* The header of a batch. */
struct batch_head {
    uint64_t number;       /* dense over the life of the log, from 1 */
    uint64_t durable_upto; /* highest batch that was durable when this one was built, < number */
    uint64_t lsn;          /* highest log position that is complete with this batch */
    uint64_t previous;     /* chain value of the batch before; 0 when that batch is lost */
    uint64_t body_sum;     /* XXH3-64 over the record headers, ERASED cleared: the payloads enter by their sums */
    uint64_t first_sum;    /* block sum of the rest of the first block */
    uint32_t segment;
    uint32_t body_bytes; /* bytes of records, a multiple of 8 */
    uint16_t blocks;     /* 1 to BATCH_BLOCKS_MAX */
    uint16_t records;    /* record headers in the body */
    struct capsule capsule;
};

/* The header of a segment. */
struct segment_head {
    uint32_t segment;      /* number, from 1 */
    uint32_t segment_bytes;
    uint64_t first_batch;  /* number of the batch that follows the header */
    uint64_t salt;         /* segment_salt(instance, segment) */
    uint64_t previous;     /* chain value of the last batch of the segment before */
    uint8_t instance[16];  /* of the store */
    uint8_t seal[16];      /* XXH3-128 of the seal that the first batch carries */
};

/* What a seal says of its segment, in front of its table. */
struct seal_head {
    uint32_t segment;     /* 0: there is none yet */
    uint32_t batches;     /* entries that follow */
    uint32_t blocks_used; /* header included; what lies behind is void */
    uint8_t torn;         /* 1: ended by a crash, not by being full */
    uint64_t first_batch;
    uint64_t last_batch;  /* numbers need not be dense after a loss */
    uint64_t last_chain;
};

struct seal_entry {
    uint32_t block;  /* first block of the batch */
    uint32_t blocks;
    uint64_t chain;  /* covers header, record headers and, through these, payloads; an erasure leaves it as it is */
};

/* record_kind_name gives a lower-case word, "unknown" for what this build does not know. */
const char *record_kind_name(uint8_t kind);

/* segment_salt gives the seed of all header sums of a segment. It follows from the random instance id, so that losing both header
 * blocks of a segment does not make its batches unreadable. */
uint64_t segment_salt(const uint8_t instance[16], uint32_t segment);

/* capsule_init gives the capsule of a replica that has done nothing in epoch 0. */
void capsule_init(struct capsule *capsule);

/* capsule_view_max gives the highest view in which something may have been signed under this capsule. */
uint64_t capsule_view_max(const struct capsule *capsule);

/* capsule_follows says whether `next` may come after `previous`: epoch, timeout_view, led_view, last vote, high rank and committed
 * height never go back (within an epoch, all but the last two of which a new epoch starts afresh). Source: I6. */
bool capsule_follows(const struct capsule *next, const struct capsule *previous);

/* capsule_equal compares field by field. */
bool capsule_equal(const struct capsule *a, const struct capsule *b);

#endif
