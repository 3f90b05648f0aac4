/* message.h: what replicas say to each other. The body of a peer frame; its type is in the frame's head. Types from 0x40 on are for
 * clients (wire/client.h). Little-endian; layouts in docs/wire.md.
 *
 * A message that its sender signs begins with the signature (MESSAGE_SIGNATURE_BYTES), so that the driver can fill it in when the log is
 * durable and the message leaves. All other messages rest on the authenticated link.
 * Decoders take a whole body, demand all of it and check form alone; views point into it. */
#ifndef WARD_WIRE_MESSAGE_H
#define WARD_WIRE_MESSAGE_H

#include "wire/block.h"
#include "wire/cert.h"
#include "wire/commit_proof.h"

#define MESSAGE_SIGNATURE_BYTES 64
#define MESSAGE_CAUSE_BYTES_MAX 65536   /* live requests that ride on a TIMEOUT or QUERY */
#define MESSAGE_FORWARD_BYTES_MAX 262144

/* number, name, whether it is signed, trace word */
#define MESSAGE_TYPES(X)                                                                              \
    X(1, HELLO, false, "hello")             /* first on every link */                                 \
    X(2, PROPOSE, false, "propose")         /* opening or following */                                \
    X(3, VOTE, true, "vote")                /* ballot of the opening or following kind */             \
    X(4, CERT, false, "cert")               /* QC alone: please commit-vote */                        \
    X(5, COMMITVOTE, true, "commitvote")    /* ballot of the commit kind */                           \
    X(6, COMMITQC, false, "commitqc")                                                                 \
    X(7, TIMEOUT, true, "timeout")                                                                    \
    X(8, TC, false, "tc")                                                                             \
    X(9, ABDICATE, true, "abdicate")                                                                  \
    X(10, QUERY, false, "query")                                                                      \
    X(11, ANSWER, false, "answer")          /* newest CommitProof, QC, TC */                          \
    X(12, READ, false, "read")                                                                        \
    X(13, READ_ANSWER, false, "read_answer")                                                          \
    X(14, FETCH, false, "fetch")                                                                      \
    X(15, BUNDLE, false, "bundle")                                                                    \
    X(16, CKPT, true, "ckpt")                                                                         \
    X(17, CKPT_ASK, false, "ckpt_ask")                                                                \
    X(18, CKPT_CERT, false, "ckpt_cert")                                                              \
    X(19, FORWARD, false, "forward")        /* commands for the leader, or for everybody (Q3) */      \
    X(20, QC, false, "qc")                  /* QC alone, for reserves: nothing is asked (P1) */ \
    X(21, GONE, false, "gone")              /* what a FETCH asked for is not here, or not any more */      \
    X(22, SNAPSHOT_ASK, false, "snapshot_ask") /* for an offer, or for a run of bytes of a snapshot */      \
    X(23, SNAPSHOT, false, "snapshot")      /* the answer */

enum message_type {
    MESSAGE_NONE = 0,
#define MESSAGE_TYPE_ENUM(number, name, is_signed, word) MESSAGE_##name = number,
    MESSAGE_TYPES(MESSAGE_TYPE_ENUM)
#undef MESSAGE_TYPE_ENUM
    MESSAGE_TYPE_END
};

/* Why the sender is stuck. Source: Q2. */
enum cause {
    CAUSE_NONE = 0,
    CAUSE_REQUEST = 1,     /* live requests, in `commands` */
    CAUSE_CERTIFICATE = 2, /* the high QC that the message names is above everything committed */
    CAUSE_CHANGE = 3,      /* a passed membership change */
    CAUSE_ABDICATED = 4,   /* the leader gave the view up */
    CAUSE_JOIN = 5,        /* f + 1 others timed out (T3) */
    CAUSE_END
};

#define HELLO_CLAIMS_MAX 3u /* a vote, a commit vote, a TIMEOUT */

/* A signature of the receiver that the sender holds (E4). */
struct message_claim {
    bool timeout;          /* else a VOTE or COMMITVOTE: */
    struct ballot ballot;  /* timeout: rank is that of the high QC in it, kind ROOT, block zeros */
    uint64_t view;         /* timeout only */
    uint8_t signature[64];
};

struct message_hello {
    uint64_t epoch;
    uint64_t committed_height;
    uint64_t view;
    struct rank high;
    bool abstains; /* signs nothing for now; its leader ends the view (T4) */
    bool asks;     /* wants a HELLO back: it signs nothing before it knows what others hold of its key (E4) */
    bool forgot;   /* its disk is lost: it does not know itself what its key signed, and `promised` says nothing (E5) */
    uint64_t promised; /* it signs nothing any more in the views below this: the highest is timed out, or is abstained from; 0: none is (E5) */
    uint32_t claims_count;
    struct message_claim claims[HELLO_CLAIMS_MAX];
};

struct message_propose {
    uint64_t view;
    bool opening;
    struct block_header header; /* following only */
    uint32_t pace_us;           /* following only: median time from a proposal to its certificate, as its leader measured it; 0: not yet (P1) */
    struct bytes body;          /* following only: the commands. View */
    struct cert justify;
    struct timeout_cert tc;     /* opening only */
};

struct message_vote { /* VOTE, COMMITVOTE */
    uint8_t signature[64];
    struct ballot ballot;
};

struct message_timeout {
    uint8_t signature[64];
    uint64_t epoch;
    uint64_t view;
    struct cert high;
    enum cause cause;
    struct bytes commands; /* the sender's live requests, one after the other; <= MESSAGE_CAUSE_BYTES_MAX. View */
};

struct message_abdicate {
    uint8_t signature[64];
    uint64_t epoch;
    uint64_t view;
};

struct message_query {
    uint64_t epoch;
    uint64_t view;
    uint64_t committed_height;
    struct rank high;
    enum cause cause;
    bool abstains;
    struct bytes commands; /* as in TIMEOUT */
};

struct message_answer {
    uint64_t committed_height;
    bool has_proof, has_high, has_tc;
    struct commit_proof proof; /* of the newest committed block */
    struct cert high;
    struct timeout_cert tc;
};

struct message_read {
    uint64_t id; /* the asker's; comes back in the answer */
};

struct message_read_answer {
    uint64_t id;
    bool has_proof; /* false: nothing but the root is committed */
    struct commit_proof proof;
    struct cert high;
};

struct message_fetch {
    bool chain;         /* committed blocks from from_height on, with a proof of the last; else the one block of this name */
    uint64_t height;    /* of the block wanted; chain: as far as known */
    struct hash32 hash; /* of the block wanted; chain: zeros */
    uint64_t from_height; /* chain only */
};

struct message_bundle {
    bool chain;
    uint32_t blocks_count;
    struct bytes blocks; /* of consecutive heights, lowest first, read by bundle_block_next. View */
    struct commit_proof proof; /* chain only: of the last */
};

struct message_ckpt {
    uint8_t signature[64];
    struct checkpoint checkpoint;
};

struct message_ckpt_ask {
    uint64_t height;
    struct hash32 hash;
};

struct message_gone {
    bool old;        /* of a chain: its log begins above; else it is not there for another reason */
    uint64_t height; /* of the block that the asker wanted, or of the first one */
};

/* Where a run of bytes of a snapshot lies at the member that has it. */
struct message_snapshot_run {
    uint32_t part, block, bytes;
};

struct message_snapshot_ask {
    uint64_t height;  /* of the snapshot; 0: an offer of the newest is wanted */
    struct message_snapshot_run run; /* no bytes: an offer is wanted */
};

#define MESSAGE_SNAPSHOT_BYTES_MAX (1u << 20)

struct message_snapshot {
    uint64_t height;                 /* 0: there is none, or none of that height any more */
    bool offer;
    struct message_snapshot_run run; /* offer: where the manifest lies */
    struct hash32 digest;            /* offer: of the manifest */
    uint32_t part_blocks;            /* offer: length of a part */
    struct checkpoint_cert cert;     /* offer, unless height is 0 */
    struct bytes bytes;              /* no offer: run.bytes of them. View */
};

struct message_forward {
    struct bytes commands; /* one after the other; <= MESSAGE_FORWARD_BYTES_MAX. View */
};

struct message {
    enum message_type type;
    union {
        struct message_hello hello;
        struct message_propose propose;
        struct message_vote vote; /* VOTE, COMMITVOTE */
        struct cert cert;         /* CERT, COMMITQC, QC */
        struct message_timeout timeout;
        struct timeout_cert tc;
        struct message_abdicate abdicate;
        struct message_query query;
        struct message_answer answer;
        struct message_read read;
        struct message_read_answer read_answer;
        struct message_fetch fetch;
        struct message_bundle bundle;
        struct message_ckpt ckpt;
        struct message_ckpt_ask ckpt_ask;
        struct checkpoint_cert ckpt_cert;
        struct message_forward forward;
        struct message_gone gone;
        struct message_snapshot_ask snapshot_ask;
        struct message_snapshot snapshot;
    };
};

/* Everything but the trailing bytes (body of a PROPOSE, blocks of a BUNDLE, commands) fits here. */
#define MESSAGE_HEAD_BYTES_MAX (64 + 4096 + COMMIT_PROOF_BYTES_MAX + CERT_BYTES_MAX + TIMEOUT_CERT_BYTES_MAX)

/* message_encode_head writes all of a message but its trailing bytes view, whose length it does write; message_tail gives that view.
 * The body of the frame is head || tail. Signatures are written as they stand. */
void message_encode_head(const struct message *message, struct writer *writer);
struct bytes message_tail(const struct message *message);

/* message_encode writes head and tail. */
void message_encode(const struct message *message, struct writer *writer);

/* message_decode reads a whole frame body of a type. Any input is safe. Fails: TYPE, SHORT, TRAILING, RANGE, LENGTH, ... */
enum verdict message_decode(struct message *message, uint8_t type, struct bytes body);

/* message_is_signed tells whether the body begins with the sender's signature. */
bool message_is_signed(enum message_type type);

/* message_word gives the trace word of a type, "unknown" otherwise. Owns: a constant. */
const char *message_word(unsigned type);

/* One block inside a bundle: header, u32 length, body. */
struct bundle_block {
    struct block_header header;
    struct bytes body; /* View */
};
#define BUNDLE_BLOCK_HEAD_BYTES (BLOCK_HEADER_BYTES + 4)
void bundle_block_encode_head(const struct block_header *header, uint32_t body_bytes, struct writer *writer);
enum verdict bundle_block_next(struct reader *blocks, struct bundle_block *block);

#endif
