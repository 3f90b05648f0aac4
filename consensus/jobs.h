/* jobs.h: signatures on their way to the verifiers, with everything that is needed to go on when the verdicts come back.
 *
 * A job holds copies: of certificates, of votes. So the message it came from, and the state it was for, may be gone when it returns.
 * Small jobs are counted by sender, so that no member can fill what belongs to another (section 13); the two large ones hold the client
 * signatures of a block. Whoever sent a bad signature is rationed for a while: each of its messages would cost a quorum of checks. */
#ifndef WARD_CONSENSUS_JOBS_H
#define WARD_CONSENSUS_JOBS_H

#include "base/arena.h"
#include "consensus/blocks.h"
#include "consensus/effect.h"
#include "wire/message.h"

#define JOBS_OF_MEMBER_MAX 4u /* small jobs of one sender under way at once */
#define JOBS_LARGE 2u
#define JOBS_SUSPECT_NS 2000000000u  /* so long is a sender of a bad signature rationed */
#define JOBS_SUSPECT_STEP_NS 20000000u /* to one job in so long */
#define JOB_ITEMS_SMALL (5u * QUORUM_MAX + 1u) /* a proof, a QC, a TC with its QC, a signature */
#define JOB_DIGESTS_SMALL (QUORUM_MAX + 8u)
#define JOB_BATCH_MAX 0x7fffffffu /* highest name of a job's batch: the bit above it is for batches of others */

enum job_kind {
    JOB_FREE,
    JOB_PROPOSAL,
    JOB_OPENING,
    JOB_VOTES,
    JOB_COMMITVOTES,
    JOB_CERT,       /* CERT, COMMITQC, QC */
    JOB_TIMEOUT,
    JOB_TC,
    JOB_ABDICATE,
    JOB_ANSWER,
    JOB_READ_ANSWER,
    JOB_BUNDLE,
    JOB_CKPT_VOTES,
    JOB_CKPT_CERT,
    JOB_EVIDENCE,   /* two votes of one member for one rank */
    JOB_CLAIM       /* a signature of ours that somebody holds */
};

/* Which signatures of a job: each part is judged by itself. */
enum job_part { PART_SINGLES, PART_CERT, PART_TC, PART_TC_HIGH, PART_PROOF, PART_COMMANDS, PART_COUNT };

struct job {
    enum job_kind kind;
    uint32_t from;   /* member that caused it; own index for our own work */
    uint32_t serial; /* tells a reused slot from the one that was asked */
    bool large;
    uint32_t begin[PART_COUNT], size[PART_COUNT]; /* of each part in items */
    uint32_t items_count, digests_count;
    struct sig_item *items;
    struct hash32 *digests;
    /* What it is about; which of these hold depends on the kind. */
    bool has_cert, has_tc, has_proof;
    bool asks;                      /* CERT: for a commit vote */
    bool has_commands;              /* PROPOSAL: all signatures of the body that are not known here are in it */
    uint64_t view;
    uint64_t id;                    /* READ_ANSWER */
    struct block *block;            /* PROPOSAL */
    struct hash32 block_hash;       /* of it */
    struct member_set members;      /* VOTES, COMMITVOTES, CKPT_VOTES: whose signatures, in order */
    struct member_set known;        /* CKPT_VOTES: of these, what was verified before and is no item */
    uint8_t signatures[MEMBERS_MAX][64];
    struct cert cert;               /* justify, QC, high QC */
    struct timeout_cert tc;
    struct commit_proof proof;      /* without headers between */
    struct ballot ballots[2];       /* EVIDENCE; their signatures are the first two */
    struct rank rank;               /* TIMEOUT: as its sender signed it */
    enum cause cause;               /* TIMEOUT */
    uint8_t signature[64];          /* TIMEOUT, ABDICATE */
    struct checkpoint_cert checkpoint;
};

struct jobs {
    struct job *slots; /* small ones first, then JOBS_LARGE */
    uint32_t count, small_count;
    uint32_t of_member[MEMBERS_MAX];
    uint32_t serial;
    uint64_t now_ns;
    struct jobs_ration { uint64_t until_ns, paid_ns; } rations[MEMBERS_MAX];
};

/* jobs_take takes room for an epoch of members_count members. */
void jobs_take(struct jobs *jobs, struct arena *arena, uint32_t members_count);

/* jobs_time tells the time, at the beginning of each step. jobs_suspect records that a member sent a bad signature. */
void jobs_time(struct jobs *jobs, uint64_t now_ns);
void jobs_suspect(struct jobs *jobs, uint32_t member);

/* job_new gives an empty job. Gives: NULL when the sender has JOBS_OF_MEMBER_MAX under way or has used up its ration, or for a large one when both are. */
struct job *job_new(struct jobs *jobs, enum job_kind kind, uint32_t from, bool large);

/* job_add adds one signature to a part; the digest is copied, key and signature must stay until the job is done. Parts are filled one
 * after the other. Needs: room. */
void job_add(struct job *job, enum job_part part, const uint8_t *key, const struct hash32 *digest, const uint8_t *signature);

/* job_has_room tells whether `count` more signatures fit. */
bool job_has_room(const struct job *job, uint32_t count);

/* job_add_cert, job_add_tc, job_add_proof copy a certificate into the job and add its signatures. A root adds none. Needs: its check passed. high: a certificate of the
 * ballot of the TC's own that is verified, or is verified in this very job: it takes the place of that, whose signatures nobody looks at; NULL: there is none. */
void job_add_cert(struct job *job, const struct cert *cert, const struct config *config, const struct hash32 *chain_id);
void job_add_tc(struct job *job, const struct timeout_cert *tc, const struct cert *high, const struct config *config, const struct hash32 *chain_id);
void job_add_proof(struct job *job, const struct commit_proof *proof, const struct config *config, const struct hash32 *chain_id);

/* jobs_find_cert gives the JOB_CERT of this member that verifies the very same certificate, NULL when none does. Cost: a look at each small place. */
struct job *jobs_find_cert(struct jobs *jobs, uint32_t from, const struct cert *cert);

/* job_batch names the job in a VERIFY effect, at most JOB_BATCH_MAX however many there were before it; job_of_batch finds it again, NULL when it is none of ours. */
uint32_t job_batch(const struct jobs *jobs, const struct job *job);
struct job *job_of_batch(struct jobs *jobs, uint32_t batch);

/* job_part_is_good: every signature of the part is valid; true for an empty part. */
bool job_part_is_good(const struct job *job, enum job_part part, const bool *verdicts);

/* jobs_check asserts the invariant, and that the parts of each job are its items. */
void jobs_check(const struct jobs *jobs);

/* job_release frees the slot. */
void job_release(struct jobs *jobs, struct job *job);

#endif
