/* replica_priv.h: what the files of the replica share. One struct, one step at a time.
 *
 *     event -> handler (changes state) -> pump (does what the state asks for) -> effects, deadline
 *
 * Handlers note what they learned; the pump is level-triggered: each of its parts looks at the state, does what is due and says when it
 * wants to be called again (replica_want). So nothing depends on the order in which things were learned. */
#ifndef WARD_CONSENSUS_REPLICA_PRIV_H
#define WARD_CONSENSUS_REPLICA_PRIV_H

#include "base/arena.h"
#include "consensus/blocks.h"
#include "consensus/duty.h"
#include "consensus/history.h"
#include "consensus/jobs.h"
#include "consensus/pacemaker.h"
#include "consensus/pool/pool.h"
#include "consensus/replica.h"
#include "consensus/safety.h"
#include "consensus/trail.h"
#include "consensus/vote_set.h"

#define KNOWN_CERTS 16u            /* verified certificates that are remembered */
#define DOUBT_BLOCKS 64u           /* L3: after a bad vote */
#define REPEATS_MAX 5u             /* Q1: what may be said again while nobody answers */
#define BLOCK_TARGET_COMMANDS 1024u /* L1 */
#define BLOCK_TARGET_BYTES (256u << 10)
#define BUNDLE_BLOCKS_MAX 16u
#define BUNDLE_BYTES_MAX (BLOCK_BYTES_MAX + 4096u) /* bodies and heads of one bundle */
#define BUNDLE_TARGET_BYTES (1u << 20) /* a bundle that has as much takes no further block */
#define CHECKPOINTS_KEPT 4u
#define READS_MAX 64u              /* reads that gate a release, at once */
#define PROVES_MAX 16u
#define SLOW_WRITES 8u             /* T10: durable writes in a row */
#define SLOW_WRITE_NS 100000000u
#define SLOW_WAIT_NS 600000000000ull /* 10 minutes, doubling */
#define FETCH_TRIES_MAX 64u        /* without progress, before it waits for new evidence */
#define AGAIN_INTERVAL_NS 50000000u /* statements that a member may have signed again: 20 in a second, */
#define AGAIN_BURST 8u              /* 8 at once */

enum entered { ENTERED_BY_TC = 1, ENTERED_BY_CERT = 2, ENTERED_AT_START = 3 };

/* What is known of another member. Nothing here is believed: it steers whom to ask. */
struct peer {
    bool linked;
    uint64_t abstains_below;    /* it says that it must sign nothing in the views below this (T4, E5) */
    uint64_t committed_height;  /* as it said */
    uint64_t greeted_ns;        /* when it was sent a HELLO last */
    uint64_t sought_height;     /* of this block it was asked whether it has it, */
    uint32_t sought;            /* so often; 0 .. REPEATS_MAX */
    uint64_t answer_ns;         /* it gets no answer to old messages before */
    bool has_timeout;           /* its highest TIMEOUT, verified */
    uint64_t timeout_view;
    struct rank timeout_rank;
    uint8_t timeout_signature[64];
    struct cert timeout_high;
    bool has_ckpt;              /* its newest CKPT; */
    bool ckpt_good;             /* its signature was verified */
    struct checkpoint ckpt;
    uint8_t ckpt_signature[64];
    bool wants;                 /* its FETCH waits to be served */
    bool rationed;              /* until a token comes: its bucket is empty (S2) */
    struct message_fetch fetch;
    uint64_t gone_height, gone_ns; /* from there on it has no blocks, as it said; until when that counts */
    bool gone_old;              /* because its log begins above */
    struct lack { struct hash32 block; uint64_t until_ns; } lacks[2]; /* this block it has not, as it said; until when that counts. For a fetch and for a repair (S5): neither forgets what the other was told */
    uint64_t put_back_ns;       /* it answered a fetch wrongly or not: others are asked before */
    enum left_why left;         /* why */
    uint64_t stray_ns, stray_wait_ns; /* T8 */
    uint64_t read_ns, fetch_ns, again_ns, hello_ns; /* token buckets: when the next one is paid for (section 13) */
    struct message_claim claims[2]; /* its newest VOTE and COMMITVOTE that came here, unverified; kind ROOT: none (E4) */
    bool equivocated;           /* evidence of it is in the log */
    uint64_t doubted_until;     /* height up to which its votes are verified by themselves (L3) */
};

/* What the leader of the view does. */
struct lead {
    bool active;          /* leads r->view and may propose */
    bool abdicated;
    bool in_flight;       /* a proposal waits for its QC */
    struct ballot target; /* what its votes are about */
    uint64_t proposed_ns;
    uint64_t led_lsn;     /* led_view of this term is durable from here on */
    struct vote_set votes;
    bool votes_job;
    uint64_t certified_ns;
    bool asked;           /* CERT of the newest QC left */
    uint64_t asked_ns;
    bool told;            /* the newest QC left for the reserves alone (P1) */
    struct duty_pace pace; /* of its proposals, in whatever view */
    struct ballot commit_target;
    struct vote_set commit_votes;
    bool commit_job;
    uint64_t blocks;      /* of this term (L6) */
};

struct opening {
    bool waiting;
    uint64_t view;
    struct rank tc_rank;
    struct ballot justify;
};

/* One fetch at a time, from one peer. */
struct fetch {
    bool active;
    bool checking;        /* a bundle is with the verifiers */
    uint32_t peer;
    bool chain;
    uint64_t height;      /* wanted */
    struct hash32 hash;
    uint64_t deadline_ns;
    uint64_t asked_ns;
    uint32_t tries;       /* without progress */
    uint32_t turn;        /* answers with little of the chain since nothing was missing: the next ones are of others */
    bool single_next;     /* chains and single blocks are asked for in turn */
    uint64_t evidence, evidence_view; /* height that was proved, and the view, when tries ran out */
    bool gives;           /* a single block came: */
    uint32_t giver;       /* from this member, which is asked first for the next one */
    enum catch_up why;    /* what is waited for, as of the newest step */
    uint8_t *proof;       /* of the bundle being checked, encoded: COMMIT_PROOF_BYTES_MAX */
    uint32_t proof_bytes;
    struct hash32 last;   /* highest block of that bundle */
};

/* What others hold of our signatures (E4). */
struct witness {
    bool open;                    /* enough others were heard: what is signed may leave */
    struct member_set heard;      /* whose HELLO came, with nothing beyond our log; none of those that forgot themselves */
    struct voting_state promised; /* as the log had it at the start */
    uint32_t claims_count;        /* with the verifiers */
    uint64_t enough_ns;           /* since when q - 1 others are heard, q of them where this replica forgot; 0: they are not */
    uint64_t asked_ns;
    uint32_t repeats;
    uint64_t told_views;          /* E5: highest `promised` of those heard, */
    uint32_t told_by;             /* and whose it is */
    uint64_t rejoined_lsn;        /* the append that carries what follows from it; 0: it is not known yet */
};

/* A committed block that our own log has lost, on its way back (S5). */
struct repair {
    bool wanted;
    bool asking;
    uint32_t peer;
    uint64_t height;
    struct hash32 hash;
    uint64_t deadline_ns;
    uint32_t tries;
    struct member_set renewed; /* whose links have begun the tries for this block anew: each does once */
    struct block *slot;   /* has the body until its append is carried out; NULL: none */
    bool slot_is_new;     /* of this step */
};

/* What is being read back from the log for somebody else: first a proof, then the bodies below it. */
enum serve_stage { SERVE_IDLE, SERVE_CHILD, SERVE_GRANDCHILD, SERVE_PROOF, SERVE_BODY };

struct serve {
    enum serve_stage stage;
    bool reading;
    bool chain;
    bool prove;           /* for a PROVE, not for a member */
    uint32_t peer, next_peer;
    uint64_t token;       /* of the PROVE */
    uint64_t read_token;
    uint64_t from, last;  /* heights of the bundle; PROVE: of the block asked for */
    uint64_t at;          /* height whose proof is tried, or whose body is read */
    uint32_t tries;
    uint32_t blocks_count, bytes;
    uint32_t ends[BUNDLE_BLOCKS_MAX]; /* of each block in the buffer */
    bool sent_in_step;    /* the buffer is read when the step is carried out: nothing new goes into it before */
    struct commit_proof proof;
    uint8_t *buffer;      /* BUNDLE_BYTES_MAX */
    uint8_t *headers;     /* BUNDLE_HEADERS_MAX headers of a proof */
    struct prove { uint64_t token, height; } proves[PROVES_MAX];
    uint32_t proves_count;
};

struct checkpoints {
    uint64_t block_height, block_time_ms; /* newest checkpoint block of the chain (K1) */
    struct { bool used; struct checkpoint value; } own[CHECKPOINTS_KEPT]; /* executed, by age */
    uint32_t own_next;
    bool has_cert;
    struct checkpoint_cert cert;  /* newest certified */
    bool has_pending;             /* certified, but not executed here yet */
    struct checkpoint pending;
    bool job;
    struct hash32 job_digest;
    uint64_t sent_ns;
    uint32_t repeats;
    uint64_t asked_ns;
    uint32_t ask_repeats;
};

struct quorum_read {
    bool used;
    uint64_t token, id;
    uint64_t deadline_ns;
    struct member_set answered;
    struct rank rank;     /* of the highest QC in the answers */
    struct hash32 block;
    uint64_t height;      /* to be committed and executed before the read may be evaluated */
    bool complete;
    bool settled;         /* all that a quorum knew is committed here: at `height` or below */
};

struct replica {
    struct replica_config config;
    struct app app;
    struct hash32 chain_id, config_digest;
    uint32_t n, faults, quorum, self;
    struct member_set others;
    struct effects *out;
    struct now now;
    bool started, halted, draining, drained;
    uint64_t deadline_ns;

    struct safety safety;
    uint64_t lsn, durable_lsn;
    uint64_t view;
    enum entered entered;
    struct cert high;            /* high_qc, verified; may be ahead of the log by less than a step */
    bool high_recorded;          /* its bytes are in the log */
    bool has_tc, tc_recorded;
    struct timeout_cert tc;      /* TC(view - 1) by which it entered the view, or the newest */
    struct cert known[KNOWN_CERTS];
    uint32_t known_next;
    struct rank committed_rank;  /* c of Q1 */
    bool has_tip_proof, has_pending_proof;
    struct commit_proof tip_proof;     /* of the newest committed block for which one is held */
    struct commit_proof pending_proof; /* verified, but its block is not linked yet */

    struct blocks blocks;
    struct history history;
    struct trail trail;          /* of the log, until the start */
    struct pool *pool;
    struct jobs jobs;
    struct pacemaker pacemaker;
    uint64_t executed_height;
    struct hash32 flight[64];    /* block in flight at height mod 64 */
    uint64_t flight_high;        /* highest height in flight; executed_height: none */

    struct peer *peers;          /* n */
    struct lead lead;
    uint32_t slow_writes;            /* of our own disk, in a row (T10) */
    uint64_t slow_ns, slow_wait_ns;  /* until when slowness is not said again */
    struct opening opening;
    struct duty duty;
    struct fetch fetch;
    struct serve serve;
    struct repair repair;
    struct witness witness;
    struct checkpoints checkpoints;
    struct quorum_read reads[READS_MAX];
    uint64_t reads_next;

    /* Timers. */
    uint64_t view_entered_ns, progress_ns, work_since_ns;
    bool work_certified;         /* a vote or certificate of rank > c is known, since work_since_ns */
    bool committed_in_view;
    uint64_t missed_ns;          /* when to ask missed_from for what was dropped; 0: nothing was */
    uint32_t missed_from;
    uint64_t queried_base_ns;    /* of the QUERY sent last */
    bool could_give_up;          /* nothing forbade a TIMEOUT of the present view when it was looked at last (T3) */
    uint64_t timeout_sent_ns;
    uint32_t timeout_repeats;  /* of what is bounded (Q1), answers to others among them; 0 .. REPEATS_MAX */
    uint64_t restored_blocks;  /* records of blocks that were read back */
    struct rank commitvoted;   /* highest that was commit-voted since the start */
    uint32_t timeout_backoff;  /* how often it was said to all, for the time until the next (T7); 0 .. BACKOFF_MAX */
    enum cause timeout_cause;
    bool arriving;               /* the step brings something from outside: more of it may come in the same turn */
    bool rides_in_step;          /* a vote left, or a reserve holds what came: commands may go along (R2) */
    uint64_t forwarded_ns;
    bool was_outstanding;
    uint64_t followed_blocks;    /* L6: certified in this view */

    struct message in, msg;      /* scratch: the message being handled, the one being sent */
    struct commit_proof proof;   /* scratch of a commit */
    struct replica_counters counters;
};

/* --- Output (replica_out.c) ---------------------------------------------------------------------------------------------------------- */

/* replica_want asks for a step at that time. */
void replica_want(struct replica *r, uint64_t at_ns);

/* replica_send sends r->msg. digest: NULL when it is not signed. Needs: tail of the message is stable until the next step. */
void replica_send(struct replica *r, struct member_set to, uint64_t after_lsn, const struct hash32 *digest);

/* An append is begun, gets its records, and is ended with the voting state as it then is. Gives: its position. The block comes before the
 * high QC, which its record may carry. */
struct effect *replica_append_begin(struct replica *r);
uint64_t replica_append_end(struct replica *r, struct effect *append, bool urgent);
void replica_add_block(struct replica *r, struct effect *append, struct block *block);
/* replica_add_again adds the records of a block that is in the log already, or was. */
void replica_add_again(struct replica *r, struct effect *append, const struct block *block);
void replica_add_high(struct replica *r, struct effect *append);
void replica_add_tc(struct replica *r, struct effect *append);
void replica_add_cert(struct replica *r, struct effect *append, const struct cert *cert);
void replica_add_proof(struct replica *r, struct effect *append, const struct commit_proof *proof, uint64_t height, const struct hash32 *hash);

void replica_mark(struct replica *r, enum mark mark, uint64_t height, uint32_t member, uint64_t value);
void replica_refuse(struct replica *r, enum verdict verdict);

/* replica_take_token charges a bucket that gains a token every interval_ns and holds `burst` of them. Gives: false when it is empty. */
bool replica_take_token(const struct replica *r, uint64_t *paid_ns, uint64_t interval_ns, uint64_t burst);

/* replica_may_sign_again rations what a member can make this replica sign a second time: that costs a signature for each frame (section 13). */
bool replica_may_sign_again(struct replica *r, uint32_t from);

/* replica_verify hands a job to the verifiers; one without signatures is judged at once. replica_on_verified: they are back (replica_verdicts.c). */
void replica_verify(struct replica *r, struct job *job);
void replica_on_verified(struct replica *r, const struct event *event);

uint32_t replica_leader(const struct replica *r, uint64_t view);
bool replica_is_leader(const struct replica *r);

/* replica_is_reserve: the member is off duty in the present view (P1). Always false where reserves are switched off. */
bool replica_is_reserve(const struct replica *r, uint32_t member);

/* --- Certificates, views (replica_cert.c) ---------------------------------------------------------------------------------------------- */

/* replica_known gives a verified certificate with this ballot, NULL when none is known; the root of the epoch is always known. */
const struct cert *replica_known(struct replica *r, const struct ballot *ballot);
enum verdict replica_check_qc(struct replica *r, const struct cert *cert);

/* replica_raise_committed looks at every known certificate again: more blocks are committed. */
void replica_raise_committed(struct replica *r);
void replica_accept_qc(struct replica *r, const struct cert *cert);
void replica_accept_commitqc(struct replica *r, const struct cert *cert);
void replica_accept_tc(struct replica *r, const struct timeout_cert *tc);
void replica_accept_proof(struct replica *r, const struct commit_proof *proof);
void replica_enter(struct replica *r, uint64_t view, enum entered how);
void replica_on_cert(struct replica *r, uint32_t from, const struct message *message);
void replica_on_tc(struct replica *r, uint32_t from, const struct timeout_cert *tc);
void replica_cert_verified(struct replica *r, struct job *job, const bool *verdicts);

/* --- Commit (replica_commit.c) ---------------------------------------------------------------------------------------------------------- */

/* replica_is_held: the block and all its ancestors down to the committed point are here, and every one that is not committed is in the log
 * (when `logged`). Gives: *missing, the first that is not, when it is not. */
struct missing { uint64_t height; struct hash32 hash; };
bool replica_is_held(struct replica *r, uint64_t height, const struct hash32 *hash, bool logged, struct missing *missing);

/* replica_fly puts the block and its uncommitted ancestors in flight in the pool. Gives: OK, or why the block itself is refused (V5). */
enum verdict replica_fly(struct replica *r, struct block *block, const struct block_sink *sink);
void replica_land(struct replica *r, uint64_t above_height);
/* replica_land_abandoned lands whatever flies above the highest certified block: a proposal whose view is over, or nobody's. */
void replica_land_abandoned(struct replica *r);
void replica_try_commit(struct replica *r);
/* replica_commit_trail commits the child of the newest committed block, which the log's own trail names. Needs: not started; its body is good. */
void replica_commit_trail(struct replica *r, struct block *block);
/* replica_keep_tip keeps the proof for others, if it is of the newest block here; one that proves more waits for those blocks. */
void replica_keep_tip(struct replica *r, const struct commit_proof *proof);
void replica_commit_bundle(struct replica *r, const struct commit_proof *proof, uint64_t height, const struct hash32 *hash);
void replica_on_executed(struct replica *r, const struct event *event);
/* replica_let_go frees a slot; what flies from there on upwards lands first. */
void replica_let_go(struct replica *r, struct block *block);
struct block *replica_room(struct replica *r, const struct block_header *header, const struct hash32 *hash);

/* replica_room_count gives how many blocks replica_room would find a slot for: free ones, and those of blocks that nothing held leads to. */
uint32_t replica_room_count(struct replica *r);
bool replica_parent_time(struct replica *r, const struct block_header *header, uint64_t *time_ms);

/* --- Proposals (replica_propose.c, replica_examine.c) ---------------------------------------------------------------------------------- */

void replica_on_propose(struct replica *r, uint32_t from, const struct message_propose *propose);
void replica_opening_verified(struct replica *r, struct job *job, const bool *verdicts);

/* replica_is_late tells whether a block's time is too long ago for a vote (V4): asked when its body is looked at, and again when the vote is cast. */
bool replica_is_late(const struct replica *r, const struct block *block);

/* replica_examine has whatever is not verified yet verified in one job: the QC that came with the proposal, if it is not known, and the body. */
void replica_examine(struct replica *r, struct block *block, uint32_t from, const struct cert *justify);
void replica_set_justify(struct block *block, const struct cert *justify);
/* replica_holds_back applies P1: a reserve leaves a proposal to those on duty until it has waited for its certificate long enough. */
bool replica_holds_back(struct replica *r, struct block *block);
void replica_proposal_verified(struct replica *r, struct job *job, const bool *verdicts);

/* --- Votes (replica_vote.c) ------------------------------------------------------------------------------------------------------------ */

void replica_pump_votes(struct replica *r);
void replica_resend_vote(struct replica *r);
void replica_commitvote(struct replica *r, const struct ballot *certified);

/* --- Leading (replica_lead.c) ---------------------------------------------------------------------------------------------------------- */

void replica_on_vote(struct replica *r, uint32_t from, const struct message_vote *vote);
void replica_votes_verified(struct replica *r, struct job *job, const bool *verdicts);
void replica_evidence_verified(struct replica *r, struct job *job, const bool *verdicts);
void replica_pump_lead(struct replica *r);

/* replica_disk.c. on_write: a durable write of ours took so long. on_mute: nothing may be signed, or again (T9). pump_disk: the leader gives up while its disk is nearly full, or slower than those of the others
 * (T9, T10). */
void replica_on_write(struct replica *r, uint64_t duration_ns);
void replica_on_mute(struct replica *r, bool on);
void replica_pump_disk(struct replica *r);
void replica_abdicate(struct replica *r);
void replica_lead_begin(struct replica *r);
void replica_nudge(struct replica *r, uint32_t to);

/* --- Time (replica_timeout.c) ---------------------------------------------------------------------------------------------------------- */

void replica_on_timeout(struct replica *r, uint32_t from, const struct message_timeout *timeout);
void replica_timeout_verified(struct replica *r, struct job *job, const bool *verdicts);
void replica_on_abdicate(struct replica *r, uint32_t from, const struct message_abdicate *abdicate);
void replica_abdicate_verified(struct replica *r, struct job *job, const bool *verdicts);
void replica_timeout(struct replica *r, uint64_t view, enum cause cause);

/* replica_pump_join: who may sign again joins those that gave the view up meanwhile (T3): they have said so, what they say again brings nothing new, and they may fall silent. Cost: a
 * comparison, while nothing changes. */
void replica_pump_join(struct replica *r);
void replica_resend_timeout(struct replica *r, struct member_set to);
void replica_repeat_anew(struct replica *r); /* T7: what is repeated begins again with tau_k, and its count with 0 */
void replica_pump_time(struct replica *r);
/* replica_stuck_base_ns: from when on the view makes no progress though it should; UINT64_MAX: nothing is expected of it. */
uint64_t replica_stuck_base_ns(const struct replica *r);
bool replica_needs_view(const struct replica *r);
bool replica_is_outstanding(const struct replica *r);

/* replica_restore_view takes the view of the last vote, when every record is read and before the first step (replica_restore.c). */
void replica_restore_view(struct replica *r);

/* --- Telling where one stands (replica_answer.c) ------------------------------------------------------------------------------------------- */

void replica_hello(struct replica *r, uint32_t to, bool asks);
/* replica_may_answer: true at most once per peer and half a base timer (T7). */
bool replica_may_answer(struct replica *r, uint32_t to);
void replica_answer(struct replica *r, uint32_t to);
void replica_send_answer(struct replica *r, uint32_t to); /* whoever asked replica_may_answer already */
void replica_query(struct replica *r, enum cause cause);

/* replica_missed notes that something of this member, which may prove more than is known here, could not be looked at: it came in a flood, as after a
 * pause. replica_pump_missed asks that member once the flood is over; else a silent chain would leave this replica behind (J6). */
void replica_missed(struct replica *r, uint32_t from);
void replica_pump_missed(struct replica *r);
void replica_on_hello(struct replica *r, uint32_t from, const struct message_hello *hello);
void replica_on_query(struct replica *r, uint32_t from, const struct message_query *query);
void replica_on_answer(struct replica *r, uint32_t from, const struct message_answer *answer);
void replica_answer_verified(struct replica *r, struct job *job, const bool *verdicts);
void replica_on_link(struct replica *r, uint32_t member, bool up);

/* --- Transfers (replica_fetch.c, replica_serve.c) --------------------------------------------------------------------------------------------- */

/* replica_choose_peer gives the first linked peer from `first` on (any number: modulo n) that did not say lately that it lacks this block (NULL: those after the newest
 * committed one); one that was not put back if there is any; own index: none. */
uint32_t replica_choose_peer(const struct replica *r, uint32_t first, const struct hash32 *block);

/* replica_choose_server gives whom to ask for a chain, in the order of the schedule backwards from the leader: reserves first (P1), the leader, for whom all wait, last. After `turn`
 * questions without progress it begins so much later. Else as replica_choose_peer. */
uint32_t replica_choose_server(const struct replica *r, uint32_t turn);

/* replica_note_gone keeps what a member said: of the blocks after the newest committed one (old: its log begins above them), of the block that is fetched, or of the one that is repaired. */
enum gone_of { GONE_BLOCK, GONE_REPAIR, GONE_CHAIN };
void replica_note_gone(struct replica *r, uint32_t from, enum gone_of of, bool old);

/* replica_want_expiry asks for a step when the first of those who said GONE may be asked again. Gives: false when nobody's word counts any more. */
bool replica_want_expiry(struct replica *r);

/* replica_fetch_wait_ns gives how long an answer is waited for after so many tries. */
uint64_t replica_fetch_wait_ns(uint32_t tries);
void replica_pump_fetch(struct replica *r);
void replica_on_gone(struct replica *r, uint32_t from, const struct message_gone *gone);
void replica_on_bundle(struct replica *r, uint32_t from, const struct message_bundle *bundle);
void replica_bundle_verified(struct replica *r, struct job *job, const bool *verdicts);
void replica_fetch_progress(struct replica *r);
void replica_on_fetch(struct replica *r, uint32_t from, const struct message_fetch *fetch);
void replica_on_prove(struct replica *r, uint64_t token, uint64_t height);
void replica_on_record(struct replica *r, const struct event *event);
void replica_pump_serve(struct replica *r);

/* --- Witness (replica_witness.c) ------------------------------------------------------------------------------------------------------------------ */

void replica_witness_vote(struct replica *r, uint32_t from, const struct message_vote *vote);
void replica_witness_cert(struct replica *r, const struct cert *cert);
void replica_witness_fill(const struct replica *r, uint32_t to, struct message_hello *hello);
void replica_witness_hello(struct replica *r, uint32_t from, const struct message_hello *hello);
void replica_claim_verified(struct replica *r, struct job *job, const bool *verdicts);
void replica_witness_start(struct replica *r);
/* replica_abstains: it must sign nothing in the present view, and knows so (T4, E5). */
bool replica_abstains(const struct replica *r);
void replica_pump_witness(struct replica *r);

/* --- Repair (replica_repair.c) -------------------------------------------------------------------------------------------------------------------- */

void replica_on_repair(struct replica *r, uint64_t height);
/* replica_repair_bundle takes a block that was asked for. Gives: false when it is not for a repair. */
bool replica_repair_bundle(struct replica *r, uint32_t from, const struct message_bundle *bundle);
/* replica_repair_gone goes on to the next member. Gives: false when the word is not for a repair. */
bool replica_repair_gone(struct replica *r, uint32_t from, const struct message_gone *gone);
void replica_pump_repair(struct replica *r);
void replica_repair_linked(struct replica *r, uint32_t member);

/* --- Checkpoints (replica_checkpoint.c) --------------------------------------------------------------------------------------------------- */

bool replica_is_checkpoint(const struct replica *r, const struct block_header *header);
void replica_checkpoint_executed(struct replica *r, const struct block_header *header, const struct event *event);
void replica_on_ckpt(struct replica *r, uint32_t from, const struct message_ckpt *ckpt);
void replica_ckpt_verified(struct replica *r, struct job *job, const bool *verdicts);
void replica_on_ckpt_ask(struct replica *r, uint32_t from, const struct message_ckpt_ask *ask);
void replica_on_ckpt_cert(struct replica *r, uint32_t from, const struct checkpoint_cert *cert);
void replica_ckpt_cert_verified(struct replica *r, struct job *job, const bool *verdicts);
void replica_accept_checkpoint(struct replica *r, const struct checkpoint_cert *cert, bool record);
void replica_pump_checkpoint(struct replica *r);
bool replica_checkpoint_is_open(const struct replica *r);

/* replica_straggler_is_sought: the chain is silent, and a linked member may lack its newest block. replica_pump_stragglers asks it where it stands (replica_straggler.c). Cost: at the leader of a silent
 * chain a look at each member, else nothing. */
bool replica_straggler_is_sought(const struct replica *r);
void replica_pump_stragglers(struct replica *r);

/* replica_checkpoint_agrees tells whether its own state at the newest certified checkpoint is the certified one; also true when it is not known (any more).
 * Cost: a look at CHECKPOINTS_KEPT statements. Source: I13. */
bool replica_checkpoint_agrees(const struct replica *r);
void replica_on_snapshot(struct replica *r);

/* --- Reads (replica_read.c), requests (replica_request.c) ---------------------------------------------------------------------------------- */

void replica_on_read_event(struct replica *r, uint64_t token);
void replica_on_read(struct replica *r, uint32_t from, const struct message_read *read);
void replica_on_read_answer(struct replica *r, uint32_t from, const struct message_read_answer *answer);
void replica_read_verified(struct replica *r, struct job *job, const bool *verdicts);
void replica_pump_reads(struct replica *r);

void replica_on_request(struct replica *r, const struct event *event);
void replica_take_commands(struct replica *r, uint32_t from, struct bytes commands);
bool replica_pool_verified(struct replica *r, uint32_t batch, const bool *verdicts, uint32_t count);
void replica_pump_pool(struct replica *r);
void replica_tell_outcomes(struct replica *r); /* refusals and admissions that were decided */
void replica_pump_forward(struct replica *r);

#endif
