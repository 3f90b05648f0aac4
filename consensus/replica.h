/* replica.h: one validator replica, sans-IO. Everything enters as an event and leaves as an effect; there is no clock, disk, socket, heap
 * or random number behind this header. Rules: docs/protocol.md.
 *
 * Life of a replica:
 *
 *     size = replica_footprint(&config)                memory is taken once, by the caller
 *     r = replica_init(memory, &config, &app)
 *     replica_restore_state(r, &state)                 what the newest durable capsule says; not called on an empty log
 *     replica_restore_base(r, &header, &cert, time)    with a snapshot: begin at its checkpoint
 *     replica_restore_record(r, kind, ..., out)        every record of the log, in order; carry out the effects (COMMIT: execute, then step
 *                                                      EXECUTED) before the next record
 *     replica_step(r, now, START, out)                 from here on the replica speaks
 *     loop: replica_step(r, now, event, out); carry out `out` in order; sleep until replica_deadline_ns(r)
 */
#ifndef WARD_CONSENSUS_REPLICA_H
#define WARD_CONSENSUS_REPLICA_H

#include "consensus/app.h"
#include "consensus/effect.h"
#include "consensus/event.h"
#include "consensus/pool/pool.h"
#include "wire/config.h"

struct replica_config {
    struct config epoch;           /* members, schedule, limits */
    uint32_t self;                 /* own member index */
    struct block_header genesis;   /* block 0; its hash is the chain id */
    uint64_t append_ns;            /* measured duration of a durable append, for the first timers; 0: unknown */
    uint32_t pool_commands;        /* commands that can wait here, 256 .. 262144 */
    uint32_t pool_client_max;      /* of one client; 64 */
    uint32_t history_blocks;       /* committed hashes kept for serving, a power of two, 1024 .. 2^20 */
    uint32_t blocks;               /* bodies held at once: unlinked, uncommitted, not yet executed; 12 .. 64 */
    bool reserves;                 /* P1: off duty it holds its votes back; as a leader it spares others' */
    uint8_t seed[16];              /* of in-memory tables only: nothing that leaves depends on it */
    bool asks;                     /* E4: nothing signed leaves before q - 1 others said what they hold of our key; false: they are not asked, nor heard */
    bool rejoins;                  /* E5: the disk of this key was lost, and the log knows nothing of what it signed; needs `asks` */
    bool abstain;                  /* storage lost a batch: sign nothing in views <= abstain_view of abstain_epoch */
    uint64_t abstain_epoch;
    int64_t abstain_view;
};

/* replica_config_default gives pools for one hospital server; the caller sets epoch, self, genesis and seed. */
void replica_config_default(struct replica_config *config);

struct replica;
struct body_ahead; /* body.h */

/* replica_footprint gives the bytes that replica_init needs for this configuration. */
size_t replica_footprint(const struct replica_config *config);

/* replica_searched gives the part of that memory which is read all over, a place here and a place there: the pool and its verdicts. It is worth large pages,
 * asked for before replica_init. */
struct bytes replica_searched(void *memory, const struct replica_config *config);

/* replica_init builds a replica that knows the genesis block and nothing else.
 * Needs: zeroed memory of replica_footprint(config) bytes aligned to 64; config.epoch passes config_check.
 * Owns: memory stays the caller's; config and app are copied, app->context must outlive the replica. */
struct replica *replica_init(void *memory, const struct replica_config *config, const struct app *app);

/* replica_restore_base begins at a certified block instead of the genesis: the app holds the state as of after it, and `cert`, whose signatures
 * are verified, proves it. What the log holds of earlier heights is passed over. Needs: behind replica_restore_state and before the first record; header is
 * of the certificate's block; checkpoint_ms is the time of the newest checkpoint block up to it (K1): its own, unless it is the tip of a chain that was silent. */
void replica_restore_base(struct replica *r, const struct block_header *header, const struct checkpoint_cert *cert, uint64_t checkpoint_ms);

/* replica_restore_state takes over the voting state of the newest durable append. Needs: before the first record and the first step. */
void replica_restore_state(struct replica *r, const struct voting_state *state);

/* replica_restore_record takes over one record that the replica once appended, in log order. Views are read during the call.
 * Gives: COMMIT effects for blocks that the log proves committed, in height order; the driver executes each and steps EXECUTED before the
 * next record. Fails: ERR_FORMAT when the record is not what the replica writes; the record is ignored. */
enum err replica_restore_record(struct replica *r, uint8_t kind, uint64_t height, uint64_t view, const struct hash32 *hash, struct bytes payload,
                                struct effects *out);

/* replica_restore_ahead is replica_restore_record for a PAYLOAD record whose body was read ahead of its turn. Verdict, effects and failures are the same. Needs: body_ahead_read
 * is over. Gives: the body's memory may have become the replica's, in exchange for its own. */
enum err replica_restore_ahead(struct replica *r, const struct hash32 *hash, struct body_ahead *ahead, struct effects *out);

/* replica_restore_again prepares for the records of the log to come once more from its beginning: blocks that did not link make room for those that do. Needs: before
 * the first step; what is committed is executed. */
void replica_restore_again(struct replica *r);

/* replica_restore_trail settles which blocks the log proves committed, once a whole reading of it is over. Gives: how many, when it was not known before. Needs: before the
 * first step. From then on each of these blocks is committed as soon as it is restored in its turn, and replica_restore_next names the one whose turn it is. Gives: false:
 * the log knows none. */
uint64_t replica_restore_trail(struct replica *r);
bool replica_restore_next(const struct replica *r, struct hash32 *hash);

/* replica_step handles one event. Gives: the effects, in the order in which they must be carried out.
 * Cost: bounded; see docs/protocol.md section 13. */
void replica_step(struct replica *r, struct now now, const struct event *event, struct effects *out);

/* replica_deadline_ns gives the next mono_ns at which a TIMER step is wanted; UINT64_MAX when nothing is waited for (N5). */
uint64_t replica_deadline_ns(const struct replica *r);

/* replica_check asserts every invariant that can be seen from inside. Cost: linear in what is held. */
void replica_check(const struct replica *r);

/* Why a replica that lags does not have its next blocks yet. */
enum catch_up {
    CATCH_UP_NONE,     /* nothing is missing */
    CATCH_UP_ASKED,    /* a member was asked and has time to answer */
    CATCH_UP_CHECKING, /* its bundle is with the verifiers */
    CATCH_UP_ROOM,     /* what came is executed first */
    CATCH_UP_NOBODY,   /* no member is linked */
    CATCH_UP_SNAPSHOT, /* f + 1 members have these blocks no more (S3) */
    CATCH_UP_GONE,     /* every linked member said that it has not this block, or not any more */
    CATCH_UP_GIVEN_UP, /* nobody gave them in as many tries as there are: a link or a newer proof is waited for */
    CATCH_UP_END
};

/* catch_up_text says it in words. */
const char *catch_up_text(enum catch_up why);

/* Why a member that was asked for blocks is left for others. */
enum left_why { LEFT_NOT, LEFT_SILENT, LEFT_WRONG, LEFT_GONE, LEFT_END };
const char *left_word(enum left_why why);

/* What `ward status` and the tests ask. */
struct replica_status {
    uint64_t epoch, view;
    uint32_t leader;
    bool leads;                  /* this replica leads the view and may propose */
    uint64_t committed_height, executed_height;
    struct hash32 committed_block;
    struct rank high;            /* of the high QC */
    struct rank tc_high;         /* of the QC in the newest TC that is held; (0, 0): there is none */
    int64_t timeout_view;
    uint64_t checkpoint_height;  /* newest certified */
    uint64_t checkpoint_ms;      /* time of the newest checkpoint block up to the committed height (K1) */
    uint64_t history_low;        /* lowest block that it can name to others */
    uint32_t pool_commands, pool_bytes;
    bool outstanding;            /* work is outstanding: timers run (Q1) */
    bool needs_view;             /* of it, what a leader must move: live requests, a certificate that is not committed, an own TIMEOUT */
    bool forgot;                 /* its disk was lost, and it does not know yet what its key signed (E5) */
    uint64_t heard;              /* others that told it; */
    uint64_t told_views;         /* the highest that they told, */
    uint32_t told_by;            /* and who did */
    int64_t limit_view;          /* it signs nothing at or below this view; -1: nothing to abstain from. Not while it forgot */
    bool catching_up;
    enum catch_up catch_up;      /* what is waited for meanwhile */
    uint32_t asked;              /* CATCH_UP_ASKED, CATCH_UP_CHECKING: of this member */
    bool draining;
    struct member_set linked;    /* members with a link */
    struct member_set missing;   /* members whose vote the leader still waits for */
    struct member_set rationed;  /* members whose question for blocks waits, because they were given as many as they get in a second (S2) */
    uint64_t timeout_ns;         /* tau_k as of now */
};
void replica_status(const struct replica *r, struct replica_status *status);

/* replica_tc gives the TC that led into the present view, once it is in the log; NULL: none did, or it is not. */
const struct timeout_cert *replica_tc(const struct replica *r);

/* replica_early_bodies gives how many blocks it holds that were proposed in a view beyond the next one and that nothing certifies: J7 wants none, for only the leader
 * of such a view bounds them. Cost: one pass over the slots. */
uint32_t replica_early_bodies(const struct replica *r);

/* What members make a replica hold at this moment, counted item by item (section 13). */
struct replica_shares {
    uint32_t checks[MEMBERS_MAX];   /* messages of each that are with the verifiers, client signatures of proposals apart; its own work under its own number */
    uint32_t commands[MEMBERS_MAX]; /* in the pool that each pays for */
    uint32_t client_commands;       /* that own clients do */
    uint32_t stranger_commands;     /* of these, of senders that the state did not know */
};

/* replica_shares counts them. Cost: one pass over jobs and pool. */
void replica_shares(const struct replica *r, struct replica_shares *shares);

/* replica_left tells why a member is left for others when blocks are fetched; LEFT_NOT: it is not. */
enum left_why replica_left(const struct replica *r, uint32_t member);

/* What signatures are checked for. */
enum checks_of { CHECKS_VOTES, CHECKS_CERTIFICATES, CHECKS_PROPOSALS, CHECKS_CLIENTS, CHECKS_END };

/* Counters since the start; deterministic. */
struct replica_counters {
    uint64_t received[MESSAGE_TYPE_END]; /* messages by type, own included */
    uint64_t sent[MESSAGE_TYPE_END];     /* per receiver, oneself not included */
    uint64_t malformed;                  /* messages that did not decode, or of no known type */
    uint64_t refused[VERDICT_COUNT];     /* messages refused after decoding, by verdict */
    uint64_t appends, appends_urgent;
    uint64_t signature_checks;           /* items given to VERIFY */
    uint64_t checks_by[CHECKS_END];      /* of these: votes that the leader counts; certificates, timeouts, proofs; commands of blocks; commands in the pool */
    uint64_t signature_checks_saved;     /* commands of a block that the pool had verified already */
    uint64_t signatures_bad;
    uint64_t signatures_made;
    uint64_t proposals_held;             /* P1: by this replica as a reserve */
    uint64_t hedges;                     /* of these, checked for want of a certificate */
    uint64_t blocks_committed, commands_committed;
    uint64_t blocks_repaired;            /* fetched or found again because our log had lost them (S5) */
    uint64_t commits_by[4];              /* as value of MARK_COMMITTED */
    uint64_t view_changes[CAUSE_END];    /* own TIMEOUTs by cause */
    uint64_t requests_admitted, requests_refused;
    uint64_t fetches_left[LEFT_END];     /* questions for blocks that a member did not answer well, by reason (S2) */
    uint64_t fetches_rationed;           /* questions of others for blocks that had to wait for a token (S2) */
    uint64_t marks[MARK_COUNT];
};
const struct replica_counters *replica_counters(const struct replica *r);

/* replica_pool_status tells what waits in the pool, and how its signatures were checked. */
void replica_pool_status(const struct replica *r, struct pool_status *status);

/* replica_tip_proof gives the newest CommitProof, or NULL while only the genesis is committed. Owns: good until the next step. */
const struct commit_proof *replica_tip_proof(const struct replica *r);

/* replica_wants_snapshot tells whether f + 1 members have said, lately, that the blocks behind the newest committed one are gone from their logs (S3). What
 * they said counts for some seconds: where no snapshot helps, blocks are asked for again. */
bool replica_wants_snapshot(const struct replica *r);

/* replica_committed gives the hash of the committed block at a height. Gives: false when it is above, or no longer here. */
bool replica_committed(const struct replica *r, uint64_t height, struct hash32 *hash);

/* replica_tell fills in the HELLO for a member, for whoever sends the first message of a link. */
void replica_tell(const struct replica *r, uint32_t to, struct message_hello *hello);

/* replica_may_sign: what is signed may leave; before that, others are still asked what they hold of our key (E4). */
bool replica_may_sign(const struct replica *r);

/* replica_has_rejoined: what to abstain from is known, and durable (E5); true for a replica that never forgot. */
bool replica_has_rejoined(const struct replica *r);

/* replica_digest folds what decides the replica's next words, while time stands still, into one hash: two replicas of equal digests that get the same events say
 * the same, but for which q members signed a certificate. Left out: times, counters, places in the log, what waits in the pool beside what is in flight,
 * and what steers answers and transfers alone. For those who explore every order of events.
 * Needs: between steps; no job is with the verifiers; all is durable; reserves and asks are off; at most 31 blocks in flight. Cost: a hash for each slot. */
struct hash32 replica_digest(const struct replica *r);

/* replica_repair_ended tells whether a block that REPAIR asked for is not to be had: nobody gave it, and nobody is asked any more. */
bool replica_repair_ended(const struct replica *r);

/* replica_checkpoint gives the newest checkpoint certificate that it holds (its own, received or restored), or NULL. State and receipt proofs
 * are made against its roots, so for each block that a checkpoint may name (the tip that K1 asks for included) the COMMIT effect asks
 * for roots. Owns: good until the next step. */
const struct checkpoint_cert *replica_checkpoint(const struct replica *r);

#endif
