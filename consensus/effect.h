/* effect.h: everything that a replica wants done, in order. The driver carries it out after the step.
 *
 * Views point into the replica, into `bytes` of this object, or into the event; unless said otherwise they are good until the next step.
 * The driver encodes nothing: a SEND carries the frame body as head || tail. */
#ifndef WARD_CONSENSUS_EFFECT_H
#define WARD_CONSENSUS_EFFECT_H

#include "base/bytes.h"
#include "crypto/ed25519.h"
#include "wire/block.h"
#include "wire/code.h"
#include "wire/commit_proof.h"
#include "wire/member_set.h"
#include "wire/message.h"

#define EFFECTS_MAX 1024u              /* per step; asserted */
#define EFFECT_BYTES_MAX (2u << 20)    /* encoded heads per step; asserted */
#define APPEND_RECORDS_MAX 8u          /* in one group */
#define APPEND_PARTS_MAX 3u            /* runs of bytes in one record */
#define VERIFY_ITEMS_MAX 20992u        /* signatures of the largest block, five of each command, and a certificate */
#define REQUEST_BATCH_MAX 1024u        /* R1 */

enum effect_kind {
    EFFECT_SEND,
    EFFECT_APPEND,
    EFFECT_VERIFY,
    EFFECT_COMMIT,
    EFFECT_READ_RECORD,
    EFFECT_ADMIT,
    EFFECT_REFUSE,
    EFFECT_READ_DONE,
    EFFECT_PROOF,
    EFFECT_MARK,
    EFFECT_DRAINED,
    EFFECT_HALT,
    EFFECT_KIND_END
};

/* Kinds of records that the replica writes; the numbers are those of the log's format. */
enum replica_record {
    REPLICA_RECORD_BLOCK = 1,       /* header, then the QC that justified it (cert encoding; kind ROOT with a zero hash: none) */
    REPLICA_RECORD_PAYLOAD = 2,     /* the body of the block */
    REPLICA_RECORD_CERTIFICATE = 3, /* first byte says which: enum certificate_record (wire/cert.h); then its encoding */
    REPLICA_RECORD_CHECKPOINT = 5,  /* checkpoint_cert */
    REPLICA_RECORD_EVIDENCE = 7
};

/* The durable voting state, kept with every append. Source: protocol section 2; I6. */
struct voting_state {
    uint64_t epoch;
    int64_t timeout_view;      /* highest view timed out, -1 at the start */
    int64_t led_view;          /* highest view in which it proposed, -1 at the start */
    uint8_t vote_kind;         /* 0: none yet; else enum vote_kind of last_vote */
    struct rank vote;          /* rank of last_vote */
    struct hash32 vote_block;  /* hash of last_vote */
    struct rank high;          /* rank of high_qc */
    struct hash32 high_digest; /* name of its record; zero: the root */
    struct hash32 tc_digest;   /* name of the record of the TC by which it entered its newest view; zero: none */
    uint64_t committed_height;
};

struct append_record {
    uint8_t kind;     /* enum replica_record */
    bool detachable;
    uint64_t height;
    uint64_t view;
    struct hash32 hash;
    struct bytes parts[APPEND_PARTS_MAX]; /* the payload is their concatenation */
    uint32_t parts_count;
};

/* What the trace tells and the metrics count; see replica_counters. */
#define MARKS(X)                                                                                             \
    X(PROPOSED, "proposed")               /* a following block left; value = commands */                     \
    X(OPENED, "opened")                   /* an opening left */                                              \
    X(VOTED, "voted")                                                                                        \
    X(CERTIFIED, "certified")             /* the leader built a QC */                                        \
    X(ASKED_COMMIT, "asked_commit")       /* CERT left */                                                    \
    X(COMMITVOTED, "commitvoted")                                                                            \
    X(COMMITTED, "committed")             /* value = 1 by C1, 2 by C2, 3 by catch-up */                      \
    X(QUERIED, "queried")                 /* value = cause */                                                \
    X(TIMED_OUT, "timed_out")             /* own TIMEOUT; value = cause */                                   \
    X(ENTERED, "entered")                 /* a new view; value = 1 by TC, 2 by certificate, 3 at start */    \
    X(ABDICATED, "abdicated")                                                                                \
    X(REFUSED_PROPOSAL, "refused")        /* value = enum verdict */                                         \
    X(BAD_SIGNATURE, "bad_signature")     /* member = culprit */                                             \
    X(EQUIVOCATION, "equivocation")       /* member = culprit */                                             \
    X(FETCHED, "fetched")                 /* value = blocks in the bundle */                                 \
    X(SERVED, "served")                                                                                      \
    X(CHECKPOINTED, "checkpointed")                                                                          \
    X(REPAIRED, "repaired")             /* a block that our log had lost is appended again; member = who gave it */ \
    X(REJOINED, "rejoined")             /* its disk was lost, and it knows now what to abstain from: value = highest such view; member = who told (E5) */ \
    X(HEDGED, "hedged")                   /* a reserve checks a proposal itself (P1) */                      \
    X(QUIET, "quiet")                     /* no work is outstanding any more */

enum mark {
#define MARK_ENUM(name, word) MARK_##name,
    MARKS(MARK_ENUM)
#undef MARK_ENUM
    MARK_COUNT
};

/* One command of a block, for whoever executes it. */
struct block_command {
    uint32_t offset;         /* in the body */
    uint32_t envelope_bytes;
    uint32_t payload_bytes;
    struct hash32 id;
    uint32_t tokens;         /* the most that it can take from a bucket (app.h) */
};

enum halt_reason {
    HALT_CHECKPOINT_DIFFERS = 1, /* K1: our state is not the certified one; keep the data, stop */
    HALT_FORK = 2,               /* two commit proofs exclude each other: more than f members lied */
    HALT_ROLLED_BACK = 3         /* E4: somebody holds a signature of ours that our log does not know: never sign again */
};

struct effect {
    enum effect_kind kind;
    union {
        struct {
            struct member_set to;   /* may hold oneself: sign, then hand it back as a MESSAGE event */
            enum message_type type;
            uint64_t after_lsn;     /* leaves when the log is durable up to here; 0: now */
            bool sign;              /* put the signature over `digest` in the first MESSAGE_SIGNATURE_BYTES of the body */
            struct hash32 digest;
            struct bytes head, tail;
        } send;
        struct {
            uint64_t lsn;           /* one more than that of the append before; from 1 at each start */
            struct append_record records[APPEND_RECORDS_MAX]; /* one group: written with one position */
            uint32_t records_count; /* 0: the state alone */
            struct voting_state state; /* holds once all of the group is durable */
            bool urgent;            /* false: may wait until something else is written, or the clean stop */
            bool note;              /* the driver adds its note of damage that was made good (S5) */
            int64_t abstain_view;   /* from here on the log remembers that nothing may be signed at or below this view (E5); -1: it remembers what it did */
        } append;
        struct {
            uint32_t batch;         /* comes back in VERIFIED */
            const struct sig_item *items; /* they and what they point to stay as they are until VERIFIED */
            uint32_t count;
            bool apart;             /* of a source that sends bad ones: in no call with others */
        } verify;
        struct {
            const struct block_header *header; /* this and all below: until EXECUTED of this height */
            struct hash32 hash;
            struct bytes body;
            const struct block_command *commands; /* header->commands_count entries */
            bool roots;             /* a checkpoint block: EXECUTED must bring both roots */
        } commit;
        struct {
            uint64_t token;
            uint8_t kind;           /* enum replica_record */
            uint64_t height;
            struct hash32 hash;
        } read_record;              /* at most one is under way */
        struct {
            uint64_t token;
            struct hash32 id;       /* transaction id: by it the driver finds whom to send the receipt */
        } admit;
        struct {
            uint64_t token;         /* a request's, admitted or not */
            struct hash32 id;       /* zeros when the command could not be parsed */
            uint16_t code;          /* enum code, or enum refusal */
            uint32_t retry_after_ms; /* 0: the same bytes can never succeed */
        } refuse;
        struct {
            uint64_t token;
            bool ok;                /* false: no quorum answered in time */
            uint64_t height;        /* executed state to evaluate at */
        } read_done;
        struct {
            uint64_t token;
            bool ok;
            struct block_header header; /* of the block asked for */
            struct bytes proof;     /* encoded commit_proof */
        } proof;
        struct {
            enum mark mark;
            uint64_t view, height;
            uint32_t member;        /* whom it is about */
            uint64_t value;
        } mark;
        struct {
            enum halt_reason reason;
            uint64_t height;
            uint64_t view;          /* ROLLED_BACK: of the signature, */
            uint32_t member;        /* and who holds it */
        } halt;
    };
};

/* Refusals of consensus itself; they share the number space of enum code, below 100. Source: R1. */
enum refusal {
    REFUSAL_NONE = 0,
    REFUSAL_BUSY = 1,      /* the pool is full */
    REFUSAL_SHARE = 2,     /* the client or its organisation has too many requests waiting */
    REFUSAL_WAITED = 3,    /* not live for 30 s: an earlier nonce is missing; what waits for something else is refused with the code that says for what */
    REFUSAL_DRAINING = 4,  /* this replica stops: ask another */
    REFUSAL_BEHIND = 5,    /* this replica catches up: ask another */
    REFUSAL_RIVAL = 6,     /* another command with this nonce waits here; which of the two is executed is not decided yet */
    REFUSAL_DISK = 7       /* this replica's disk is nearly full: ask another, or wait until its operator made room */
};

struct effects {
    uint32_t count;
    uint32_t bytes_used;
    struct effect items[EFFECTS_MAX];
    uint8_t bytes[EFFECT_BYTES_MAX];
};

/* effects_reset empties it; replica_step does so first. */
void effects_reset(struct effects *effects);

/* effects_add gives a new effect of the kind. Needs: fewer than EFFECTS_MAX. */
struct effect *effects_add(struct effects *effects, enum effect_kind kind);

/* effects_room gives a writer over the bytes left; effects_take fixes what was written and gives its view. Needs: the writer did not fail. */
struct writer effects_room(struct effects *effects);
struct bytes effects_take(struct effects *effects, const struct writer *writer);

/* mark_word gives the trace word. Owns: a constant. */
const char *mark_word(enum mark mark);

#endif
