/* pool.h: the commands that wait here for a block: admission, fair shares, the choice for a block, and what is in flight above the
 * executed state. Sans-IO; no heap; deterministic: tables are seeded, outcomes never depend on the seed. Rules: R1-R4, V5, L1, Q1-Q4.
 *
 *     pool_add --> UNVERIFIED --take--> VERIFYING --verified--> WAITING <------> READY <------> IN FLIGHT --executed--> gone
 *                      |                    |                     |   live, in    |   in a block     |
 *                      +--------------------+---------------------+   order of    +------------------+
 *                      refused: signature, expired, nonce used, 30 s not live      its nonces
 *
 * READY or IN FLIGHT is *live* (Q1). WAITING: an earlier nonce is missing, or the state does not allow it now (no such sender, no token
 * left in the bucket of who pays behind what is live or in flight); it is judged again when its account is in an executed block, and otherwise a few at a time.
 *
 * Who pays. Memory is divided for good: half belongs to own clients, the other half in equal parts to the members, so nobody can fill what
 * is another's (section 13). Within the first half a client has `client_max` places, and senders that the state does not know have an eighth of
 * all places together; among verified commands one origin has half of all. Whose share is full of commands that wait for an earlier nonce is not
 * locked out from sending that one: it displaces the highest that waits of the same account and source, which is refused with SHARE.
 *
 * Equal and rival commands. A command is found by (account, nonce). The same id again: its token is attached, and both are answered; an
 * item holds POOL_TOKENS_MAX tokens, a further one displaces the oldest, which is refused with SHARE. (Its owner may ask again; a client
 * that reconnects must not be locked out by the tokens it lost.) Signatures are not part of the id, so an unverified item answers for
 * another only if all bytes are equal; others are judged on their own, one per source, and the first that verifies takes the others'
 * place: those of its id join it, those of another id are refused with RIVAL: which of the two is executed is not decided before a block is, and only then is a nonce low.
 *
 * Answers come out of pool_next_outcome, in order. After each call below the owner takes as many as it likes; while any is left,
 * pool_deadline_ns is 0. */
#ifndef WARD_CONSENSUS_POOL_POOL_H
#define WARD_CONSENSUS_POOL_POOL_H

#include "consensus/app.h"
#include "consensus/effect.h"
#include "consensus/event.h"
#include "wire/limits.h"

#define POOL_COMMANDS_MIN 256u
#define POOL_COMMANDS_MAX 262144u
#define POOL_NONCE_WINDOW 64u         /* nonces ahead of the executed one that may wait; beyond: NONCE_GAP */
#define POOL_WAIT_NS 30000000000ull   /* R1: a command that is not live waits no longer */
#define POOL_BATCHES 4u               /* of signatures under way at once: two of anybody's, one of the doubted, one of suspects' */
#define POOL_BATCHES_COMMON 2u        /* of these; the others are judged in no call with anything else */
#define POOL_SECOND_BATCH 256u        /* as many wait before a second batch begins beside the first */
#define POOL_SUSPECT_NS 2000000000ull /* R1: for so long after a bad signature its source is rationed */
#define POOL_DOUBTED_BATCH 64u        /* commands of doubted parties in one batch: for known keys no sum is needed */
#define POOL_SUSPECT_BATCH 16u        /* commands of suspects in one batch */
#define POOL_SUSPECT_PLACES 16u       /* commands of one suspect that wait for their check */
#define POOL_SUSPECT_CHECKS 256u      /* signatures of all suspects together that are checked in a second */
#define POOL_TOKENS_MAX 2u            /* clients that one command answers */
#define POOL_COST_NS_MAX 50000000ull  /* V5: C_max, static cost of one block */
#define POOL_BYPASS_BLOCKS 3u         /* Q4 */
#define POOL_COMMAND_BYTES_MAX (ENVELOPE_BYTES_MAX + PAYLOAD_BYTES_MAX)

struct pool_config {
    uint32_t commands;           /* that can be held, POOL_COMMANDS_MIN .. POOL_COMMANDS_MAX */
    uint32_t client_max;         /* of one client, >= 1 */
    uint32_t members_count;      /* MEMBERS_MIN .. MEMBERS_MAX */
    uint32_t blocks;             /* heights that can be in flight at once, 1 .. 64 */
    uint32_t block_bytes_max;    /* limits of the epoch */
    uint32_t block_commands_max;
    uint8_t seed[16];            /* of the tables */
};

struct pool;

/* pool_footprint gives the bytes that pool_init needs. */
size_t pool_footprint(const struct pool_config *config);

/* pool_init builds an empty pool. Needs: zeroed memory of that size, aligned to 64; ranges as above. Owns: memory stays the caller's; config and
 * app are copied, app->context must outlive the pool. */
struct pool *pool_init(void *memory, const struct pool_config *config, const struct app *app);

/* --- Admission (R1, R3) -------------------------------------------------------------------------------------------- */

/* Whence a command comes. */
struct pool_source {
    uint64_t token;  /* of a client's request, answered by outcomes; 0: from a member, which gets no answer */
    uint32_t client; /* its number, when token != 0, */
    uint64_t party;  /* and who shares its part with others (event.h) */
    uint32_t member; /* its index, when token == 0 */
};

struct pool_answer {
    uint16_t code;           /* OK: taken; outcomes follow. Else enum code or enum refusal, at once, and no outcome follows */
    uint32_t retry_after_ms; /* as in REFUSE */
    struct hash32 id;        /* zeros when it could not be parsed */
    size_t bytes;            /* length of the command at the front; 0 when it could not be parsed */
};

/* pool_add takes the command at the front of `bytes`. A client's must be all of it (LENGTH), a member's may have others behind it.
 * Gives: what to answer at once. Nobody needs to be told about a member's command, whatever the code.
 * Fails: any code of parse; EXPIRED, EXPIRY_FAR (at the later of last block time and wall), NONCE_LOW, NONCE_GAP; RATE, when its token comes only after POOL_WAIT_NS; BUSY, SHARE, DRAINING, RIVAL.
 * Cost: one parse, one standing, one copy; O(1) else; POOL_NONCE_WINDOW look-ups where a share is full. */
struct pool_answer pool_add(struct pool *pool, struct now now, const struct pool_source *source, struct bytes bytes);

/* pool_drain refuses everything from clients that comes after it. What is inside stays. */
void pool_drain(struct pool *pool);

/* --- Signatures (R1) ------------------------------------------------------------------------------------------------ */

/* pool_verify_due_ns gives when the next batch should be taken: 0 when commands wait and nothing is under way, or POOL_SECOND_BATCH wait beside
 * one batch; a time when suspects wait alone, whose ration must be paid for; UINT64_MAX when the end of a batch must come first. So what waits
 * when the verifiers come free is the next batch, and nothing waits for company. */
uint64_t pool_verify_due_ns(const struct pool *pool);

/* pool_verify_take begins a batch of up to REQUEST_BATCH_MAX commands, taken in turn from each client and member that has some. A source of a bad
 * signature is a suspect for POOL_SUSPECT_NS: its commands are in batches of suspects alone, POOL_SUSPECT_CHECKS signatures in a second, so that it can neither
 * spoil the batches of others nor use up the verifiers. For as long its party is doubted: commands of its other clients are in batches of the doubted alone, small ones,
 * and rationed by nothing, so that more connections spoil no more of the common batches than one does. Commands whose signatures are all known here need no check: they get their outcome at once.
 * Gives: its number, 0 .. POOL_BATCHES - 1, with items and count (<= REQUEST_BATCH_MAX x COMMAND_SIGNATURES_MAX); false when none is due. Owns:
 * items and all they point to stay until pool_verified. */
bool pool_verify_take(struct pool *pool, struct now now, uint32_t *batch, const struct sig_item **items, uint32_t *count);

/* pool_verified ends a batch. Gives: outcomes ADMIT, or REFUSE with the code that parse gave the first signature which is not valid (SIG,
 * COSIG, POP). Needs: the batch is under way; count as taken. Cost: O(1) per command. */
void pool_verified(struct pool *pool, struct now now, uint32_t batch, const bool *verdicts, uint32_t count);

/* pool_has_verified tells whether this very command was verified here, byte for byte or signature by signature, as part of a block: it needs no second
 * check (V5). */
bool pool_has_verified(struct pool *pool, const struct command *command);

/* pool_note_valid tells of a signature of a command that was verified elsewhere, as part of a block. */
void pool_note_valid(struct pool *pool, const struct sig_item *item);

/* pool_agrees tells whether a verdict of now goes with what the pool knows of this very signature. Source: I15. */
bool pool_agrees(const struct pool *pool, const struct sig_item *item, bool verdict);

/* pool_is_rationed tells whether a member is a suspect with as much waiting as it may have: nothing more of it need be read. */
bool pool_is_rationed(const struct pool *pool, struct now now, uint32_t member);

/* --- Answers -------------------------------------------------------------------------------------------------------- */

struct pool_outcome {
    uint64_t token;
    struct hash32 id;
    bool admitted;           /* else refused */
    uint16_t code;           /* of a refusal */
    uint32_t retry_after_ms;
};

/* pool_next_outcome takes the oldest answer. Gives: false when there is none. */
bool pool_next_outcome(struct pool *pool, struct pool_outcome *outcome);

/* --- In flight (V5) ------------------------------------------------------------------------------------------------- */

enum pool_flight {
    POOL_FLIGHT_OK,
    POOL_FLIGHT_DUPLICATE, /* its (account, nonce) is in flight already, in this block or another */
    POOL_FLIGHT_STALE      /* its nonce is not above the executed one */
};

/* pool_expect says that a command will soon come to pool_inflight_add and pool_has_verified: step 0, then step 1 with other work in between. It fetches what
 * these look up into the cache, and changes nothing. Any command, and any step at any time, is safe. */
void pool_expect(const struct pool *pool, const struct command *command, unsigned step);

/* pool_inflight_add records one command of a block that is linked above the executed state, in block order. It is recorded whatever the
 * verdict is: a committed block must be executed all the same; a refused one is taken out by pool_inflight_remove.
 * One block per height: whoever changes to another block of a height removes the first. Every block passes here before it executes.
 * Needs: at most config.blocks heights, block_commands_max commands each. Cost: O(1), a standing when the command is not held here. */
enum pool_flight pool_inflight_add(struct pool *pool, struct now now, uint64_t height, const struct command *command);

/* pool_inflight_remove forgets the block of a height: it was abandoned or refused. Its commands that are held here become READY again, at
 * the front. Nothing happens when the height is not in flight. Remove from the highest height down. */
void pool_inflight_remove(struct pool *pool, struct now now, uint64_t height);

/* pool_executed tells that the block of this height, in flight until now, is executed at its time. Its commands are forgotten (the
 * receipt answers whoever was admitted; who was not is refused with NONCE_LOW), and so is everything of their accounts up to the executed nonce, refused with NONCE_LOW. A height that is not in
 * flight only moves the time. Cost: O(its commands), one nonce lookup for each account held. */
void pool_executed(struct pool *pool, struct now now, uint64_t height, uint64_t time_ms);

/* --- Choosing for a block (L1, R4, V5) ------------------------------------------------------------------------------- */

struct pool_ready {
    uint32_t commands;  /* READY: what a block could take now */
    uint64_t bytes;
    uint64_t oldest_ns; /* when the oldest of them became live; UINT64_MAX: none */
};

struct pool_ready pool_ready(const struct pool *pool);

struct pool_chosen {
    uint32_t commands;
    uint32_t bytes;
    uint64_t cost_ns;
};

/* pool_select chooses commands for the block of `height` at block time time_ms, and records them in flight at it. By deficit round robin
 * over origins: each in turn the same number of bytes (or, where more, the same part of the block's commands or cost), FIFO
 * within one; so none has more than half of a block while others wait. Nonces of an account in order, behind those in flight, and of a payer no more than it has tokens behind these. Each command is judged
 * again: not in good standing: WAITING; over: refused with EXPIRED.
 * Gives: the body (room for block_bytes_max) and its index (room for block_commands_max). Needs: nothing is in flight at `height`; nothing above.
 * Cost: O(chosen + judged away), one standing and one copy each. */
struct pool_chosen pool_select(struct pool *pool, struct now now, uint64_t height, uint64_t time_ms, uint8_t *body, struct block_command *commands);

/* --- Liveness (Q1-Q4) ------------------------------------------------------------------------------------------------ */

/* pool_live_count gives the number of live requests: READY and IN FLIGHT. */
uint32_t pool_live_count(const struct pool *pool);

/* pool_live_oldest_ns gives when the oldest live request became live; UINT64_MAX: none. */
uint64_t pool_live_oldest_ns(const struct pool *pool);

/* pool_live_write writes whole commands, the oldest live first, while they fit: the cause of a TIMEOUT or QUERY, what a new leader gets.
 * (Whoever receives a cause gives each command to pool_add: it is outstanding work there once it is live, which a forged one never is.)
 * Gives: bytes written. Needs: room >= POOL_COMMAND_BYTES_MAX, here and below. Cost: O(written). */
size_t pool_live_write(const struct pool *pool, uint8_t *out, size_t room);

/* pool_forward_next writes verified commands of own clients that were not forwarded since the last reset, oldest first, while they fit (R2).
 * Gives: bytes written; 0: none is left. pool_forward_waiting tells the same beforehand. pool_forward_reset begins anew: the leader changed. */
size_t pool_forward_next(struct pool *pool, uint8_t *out, size_t room);
bool pool_forward_waiting(struct pool *pool);
void pool_forward_reset(struct pool *pool);

/* pool_broadcast_next writes live requests that are not in flight, became live at or before `until_ns` and were not broadcast since the last
 * reset (t1, Q3). pool_broadcast_from_ns gives when the next of them became live; UINT64_MAX: none. */
size_t pool_broadcast_next(struct pool *pool, uint64_t until_ns, uint8_t *out, size_t room);
uint64_t pool_broadcast_from_ns(struct pool *pool);
void pool_broadcast_reset(struct pool *pool);

/* pool_committed tells that the block of a height, in flight, is committed now: one that passed over the requests which wait (Q4). Call it
 * before pool_executed. Cost: O(1); O(its commands) only when the block is full and a request has waited t1. */
void pool_committed(struct pool *pool, struct now now, uint64_t height, uint64_t t1_ns);

/* pool_is_bypassed tells whether the oldest READY request was known for t1 while POOL_BYPASS_BLOCKS blocks were committed that had room, or gave
 * other origins more than their share. pool_bypassed_reset forgets these blocks: the leader changed. */
bool pool_is_bypassed(const struct pool *pool);
void pool_bypassed_reset(struct pool *pool);

/* --- Time, state ------------------------------------------------------------------------------------------------------ */

/* pool_deadline_ns gives when pool_on_time is due: a command expires, has waited its 30 s, or is to be judged again; 0 while outcomes are
 * left; UINT64_MAX: never. Batches of signatures have their own deadline. */
uint64_t pool_deadline_ns(const struct pool *pool);

/* pool_on_time refuses what is over and judges again what waits. Cost: O(due), bounded per call; it asks again at once when more is due. */
void pool_on_time(struct pool *pool, struct now now);

struct pool_status {
    uint32_t commands;   /* held, in whatever state */
    uint32_t bytes;      /* of these commands */
    uint32_t unverified; /* UNVERIFIED and VERIFYING */
    uint32_t waiting;
    uint32_t live;
    uint32_t outcomes;   /* not yet taken */
    /* Since the start. */
    uint64_t batches;          /* of signatures */
    uint64_t batches_spoilt;   /* of the common ones, with commands of several sources and a bad signature */
    uint64_t doubted_batches;  /* of doubted parties */
    uint64_t doubted_spoilt;   /* of these, as above */
    uint64_t doubted_checks;   /* signatures in them */
    uint64_t parties_doubted;  /* parties that became so */
    uint64_t suspects_named;   /* sources that became suspects */
    uint64_t suspect_checks;   /* signatures of suspects given to be checked */
    uint64_t suspects_refused; /* commands of suspects that were refused unread */
    uint64_t known_commands;   /* that needed no check: all their signatures were known */
};
struct pool_status pool_status(const struct pool *pool);

/* pool_count counts the items that each member pays for (MEMBERS_MAX places), that clients do, and of these the strangers. Cost: a pass over the items. */
void pool_count(const struct pool *pool, uint32_t *of_members, uint32_t *of_clients, uint32_t *strangers);

/* pool_check asserts every invariant. Cost: linear in what is held. */
void pool_check(const struct pool *pool);

#endif
