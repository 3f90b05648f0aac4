/* pool_priv.h: what the sources of the pool share. Everything is an array with indices; POOL_NONE is no index.
 *
 * Invariants (pool_check):
 *   A1 an item is in the chain of its (account, nonce); at most one of a chain is verified: the holder.
 *   A2 account.run >= account.executed, and every nonce in (executed, run] *counts*: it is in flight, or its holder is in good standing.
 *      run is within POOL_NONCE_WINDOW of executed. A holder in good standing is live iff its nonce is <= run.
 *   A3 a holder with an entry in flight is FLIGHT, another live one READY, all others WAITING.
 *   A4 UNVERIFIED items are in the queue of their payer; payers with a queue are in one of the three rings.
 *   A5 READY items are in the list of their origin, and origins with a list in the turn.
 *   A6 an item below or at the executed nonce is FLIGHT: its block is being executed.
 *   A8 each item, in whatever state, and each entry holds its debtor, whose debt is the tokens of its entries (flying) and of its READY items.
 *   A7 room is left for the answers of every token: outcomes + 2 x tokens not yet admitted + tokens admitted <= outcomes_max. */
#ifndef WARD_CONSENSUS_POOL_POOL_PRIV_H
#define WARD_CONSENSUS_POOL_POOL_PRIV_H

#include "base/assert.h"
#include "base/heap.h"
#include "consensus/pool/pool.h"
#include "consensus/slab.h"
#include "consensus/verdicts.h"

#include <string.h>

#define POOL_NONE UINT32_MAX
#define POOL_QUANTUM 4096u      /* R4: weight that an origin gets in its turn */
#define POOL_HEIGHTS_MAX 64u
#define POOL_MEMBER_COMMANDS_MIN 16u
#define POOL_OWNER_PAGES_MIN 8u /* one page per class, nearly: whatever its mix, an owner can hold something */
#define POOL_BYTES_PER_COMMAND 512u
#define POOL_JUDGE_NS 250000000ull /* how often commands without a token in their bucket are judged again */
#define POOL_JUDGE_MAX 32u      /* of those, and of others at each executed block */
#define POOL_TIME_MAX 64u       /* items that one call of pool_on_time ends */
#define POOL_MERGES_MAX 2048u   /* items that one take may find verified already */
#define POOL_RETRY_MS 100u
#define POOL_RETRY_WAITED_MS 1000u
#define POOL_FORGIVE_MAX 16u   /* suspects whose time is over, looked at before each batch, and doubted ones */
#define POOL_DOUBTS 256u        /* parties that are doubted at once; a further one displaces that whose time is over first */
#define POOL_RINGS 3u
#define POOL_SUSPECTS 256u      /* clients that are remembered as such; by number, so that a later one may displace an earlier */
#define POOL_FAR_SLACK_MS 30000u /* a member admitted it by its own clock */

enum pool_state {
    POOL_FREE = 0,
    POOL_UNVERIFIED,
    POOL_VERIFYING, /* in a batch */
    POOL_DOOMED,    /* in a batch, and nobody wants to know: freed when the batch ends */
    POOL_WAITING,
    POOL_READY,
    POOL_FLIGHT
};

/* Which list a link is of. An item is in at most one list of each. */
enum pool_link {
    LINK_AGE,   /* arrived (UNVERIFIED), live (READY, FLIGHT), parked (WAITING and not in good standing) */
    LINK_QUEUE, /* the queue of a payer (UNVERIFIED), the list of an origin (READY) */
    LINK_READY, /* all READY */
    LINK_OWN,   /* verified commands of own clients in good standing */
    LINK_COUNT
};

struct pool_list {
    uint32_t head, tail, count;
};

/* Records that nobody has: those given back, and those never used, whose memory is not touched before. */
struct pool_free {
    uint32_t first; /* given back last */
    uint32_t fresh; /* the first that was never used */
    uint32_t end;
};

struct pool_item {
    /* The first line of memory is what a walk along a chain looks at. */
    struct heap_node expiry; /* first: it is found by it */
    uint64_t nonce;
    uint32_t account;        /* index */
    uint32_t next;           /* in its chain */
    uint32_t payer;          /* who pays for the memory */
    uint32_t origin;
    uint16_t code;           /* of its standing */
    uint8_t state;           /* enum pool_state */
    uint8_t signatures_count;
    bool own;                /* of a client here: it is forwarded */
    bool live;               /* in the live list */
    bool listed;             /* in the list of own commands */
    bool stranger;           /* of an own client, and its sender may not send it (yet) */
    bool pays;               /* its debtor is its own account */
    uint32_t bytes;          /* of the command */
    uint32_t envelope_bytes;
    uint8_t *data;           /* command, then its signature records */
    struct hash32 id;
    uint64_t valid_until_ms;
    uint64_t since_ns;       /* arrived (UNVERIFIED), live since (READY, FLIGHT), waits since (WAITING) */
    uint64_t tokens[POOL_TOKENS_MAX]; /* oldest first; 0: none */
    uint32_t links[LINK_COUNT][2];
    uint32_t cost_ns;
    uint32_t debtor;         /* whose bucket pays, */
    uint32_t takes;          /* and how many at most */
};

struct pool_account {
    struct hash32 account;
    uint64_t sum; /* its hash: what a nonce is added to */
    uint64_t executed;
    uint64_t run;
    uint64_t flown; /* every nonce in (executed, flown] is in flight; found on demand */
    uint32_t items;
    uint32_t debtor; /* perhaps its record as one who pays: whose it is now must be looked at */
    uint32_t next; /* in its bucket, or free */
};

/* Commands, and the most that they take from a bucket. */
struct pool_debt {
    uint32_t commands, tokens;
};

/* An account that pays for commands held here or in flight. */
struct pool_debtor {
    struct hash32 account;
    int64_t spare_ms;     /* what its bucket allows before the next command, as the state said last, less what was executed since; < 0: nothing */
    uint64_t sum;         /* its hash */
    uint32_t interval_ms; /* of one token; 0: the state was not asked yet */
    uint32_t holds;       /* items and entries */
    struct pool_debt flying, ready; /* of entries, of READY items */
    uint32_t next;        /* in its bucket, or free */
};

struct pool_payer {
    uint32_t client;   /* number: the place of its connection, which a client of another party may get while this record stands; members: 0 */
    uint32_t commands; /* that it pays for; a client without one is free */
    size_t bytes;      /* of memory, likewise */
    uint32_t next;     /* in its bucket, or free */
    uint32_t ring_prev, ring_next;
    uint64_t party;            /* of a client: who shares its part with others */
    uint64_t suspect_until_ns; /* it sent a bad signature; 0: not that anybody knows */
    uint32_t ring;             /* that its queue is in */
    struct pool_list queue;
};

/* Payers whose queues are not empty, in turn. */
struct pool_ring {
    uint32_t turn;   /* whose it is; POOL_NONE: no queue */
    uint32_t payers;
    uint32_t queued; /* items in all of them */
};

/* A client that is remembered while it has nothing here. */
struct pool_suspect {
    uint32_t client;
    uint64_t party; /* another's client at the same place is not meant */
    uint64_t until_ns;
};

/* A party one of whose clients sent a bad signature. */
struct pool_doubt {
    uint64_t party;
    uint64_t until_ns;
};

#define ORIGINS_MAX (ORGANISATIONS_MAX + 1) /* of a command: an organisation, numbered from 1, or 0 for none */

struct pool_origin {
    struct pool_list ready;
    uint32_t commands;          /* verified ones held */
    uint32_t turn_prev, turn_next;
    uint64_t deficit;           /* weight that it may still take */
    uint64_t taken;             /* weight, in the choice of this serial */
    uint64_t taken_serial;
    uint64_t tally;             /* weight in a block being looked at; 0 else */
    bool granted;               /* has its quantum of this turn */
};

struct pool_entry { /* one command in flight */
    struct hash32 account, id;
    uint64_t nonce;
    uint32_t weight;
    uint32_t origin;
    uint32_t bucket_next;
    uint32_t below; /* the one recorded before, of the same height; or free */
    uint32_t debtor, tokens;
};

struct pool_height {
    uint64_t height;
    uint32_t top;      /* the one recorded last */
    uint32_t commands; /* 0: not in flight */
    uint64_t bytes, cost_ns;
};

struct pool_batch {
    bool open;
    bool mixed; /* commands of several payers */
    uint32_t commands, items_count;
    uint32_t commands_items[REQUEST_BATCH_MAX];
    struct sig_item items[REQUEST_BATCH_MAX * COMMAND_SIGNATURES_MAX];
};

/* What is kept of a signature, behind the bytes of its command. */
struct pool_signature { /* copied in and out: it need not be aligned */
    struct hash32 digest;
    uint32_t key, signature; /* offsets in the command */
    uint32_t refusal;
};

struct pool {
    struct pool_config config;
    struct app app;
    uint64_t keys[11]; /* of the hash of an account (8), nonce (2), constant */
    uint32_t items_max, own_max, member_max, origin_max, entries_max, outcomes_max;
    uint32_t item_buckets_count, entry_buckets_count; /* powers of two */
    size_t client_bytes_max; /* of memory, for one client */
    uint64_t time_ms; /* of the last executed block */
    bool draining;

    struct slab slab; /* owner 0: own clients; 1 + i: member i */
    struct pool_item *items;
    struct pool_account *accounts;
    struct pool_debtor *debtors;
    struct pool_payer *payers; /* members first, then clients */
    struct pool_origin *origins; /* ORIGINS_MAX */
    uint32_t origins_fresh;  /* the first that never had a verified command */
    struct pool_entry *entries;
    struct pool_outcome *outcomes; /* ring */
    uint32_t *item_buckets, *account_buckets, *debtor_buckets, *client_buckets, *entry_buckets;
    struct pool_batch *batches;
    struct pool_height heights[POOL_HEIGHTS_MAX];
    struct heap expiry;

    struct pool_free free_items, free_accounts, free_debtors, free_clients, free_entries;
    uint32_t own_commands; /* that own clients pay for */
    uint32_t strangers;    /* of these, items that are one */
    uint32_t held;         /* items in use */
    uint64_t held_bytes;
    uint32_t outcomes_head, outcomes_count;
    uint32_t tokens_new, tokens_admitted;
    struct pool_ring rings[POOL_RINGS]; /* sources that nothing is held against; those of doubted parties; suspects */
    struct pool_suspect suspects[POOL_SUSPECTS];
    struct pool_doubt doubts[POOL_DOUBTS];
    uint32_t doubts_count;
    uint64_t suspects_paid_ns; /* token bucket: when the next check of a suspect is paid for */
    struct verdicts known;     /* valid signatures */
    struct pool_status counted; /* its counters since the start */
    uint32_t origins_turn; /* likewise; no READY item */
    uint32_t origins_active;

    struct pool_list arrived, live, ready, own, parked_rate, parked;
    uint64_t ready_bytes;
    uint32_t verifying, waiting;
    uint32_t forward_next, broadcast_next; /* cursors in own and live */
    uint64_t judge_ns; /* when parked_rate is due */
    uint64_t parked_ns;   /* when parked is, */
    uint32_t parked_left; /* of which so many were not asked about since a block was executed */
    uint64_t selects;  /* choices made */
    uint64_t bypass_t1_ns;
    uint64_t bypasses[POOL_BYPASS_BLOCKS]; /* when the last such blocks were committed; oldest first; 0: none */
};

/* --- pool_table.c: lists, chains, memory of records ------------------------------------------------------------------ */

void list_init(struct pool_list *list);
void list_push(struct pool *pool, struct pool_list *list, enum pool_link link, uint32_t index);
void list_push_front(struct pool *pool, struct pool_list *list, enum pool_link link, uint32_t index);
void list_remove(struct pool *pool, struct pool_list *list, enum pool_link link, uint32_t index);
static inline uint32_t list_next(const struct pool *pool, enum pool_link link, uint32_t index)
{
    return pool->items[index].links[link][1];
}

/* pool_free_take gives a record: the one given back last, else one never used. The caller moves `first` on, if it was the former. */
uint32_t pool_free_take(struct pool_free *free);

/* pool_hash_account gives an account's sum of products, pool_bucket where a sum belongs among so many buckets, a power of two. */
static inline uint64_t pool_hash_account(const struct pool *pool, const struct hash32 *account)
{
    uint32_t words[HASH_BYTES / 4];
    uint64_t sum = pool->keys[10];

    memcpy(words, account->bytes, sizeof words);
    for (uint32_t i = 0; i < HASH_BYTES / 4; i++) {
        sum += pool->keys[i] * words[i];
    }
    return sum;
}

static inline uint32_t pool_bucket(uint64_t sum, uint32_t buckets)
{
    ASSERT(buckets > 0);
    ASSERT((buckets & (buckets - 1)) == 0);
    return (uint32_t)(sum >> 32) & (buckets - 1);
}

/* account_find gives the index of an account that has items, POOL_NONE otherwise. account_hold gives it, made if needed, and keeps it
 * until account_release, whatever becomes of its items. */
uint32_t account_find(const struct pool *pool, const struct hash32 *account);
uint32_t account_hold(struct pool *pool, const struct hash32 *account, uint64_t executed);
void account_release(struct pool *pool, uint32_t account);

/* chain_first gives the first item of (account, nonce), chain_next the one behind. holder_find gives the verified one. */
uint32_t chain_first(const struct pool *pool, uint32_t account, uint64_t nonce);
uint32_t chain_next(const struct pool *pool, uint32_t index);
uint32_t holder_find(const struct pool *pool, uint32_t account, uint64_t nonce);

/* pool_item_bytes gives what an item's run must hold: the command and what is kept of its signatures. */
size_t pool_item_bytes(const struct pool_item *item);

/* item_take puts a new, empty item into its chain; it holds the account and the payer. item_free gives it back. item_unchain takes it out
 * of its chain before. */
uint32_t item_take(struct pool *pool, uint32_t account, uint64_t nonce, uint32_t payer);
void item_unchain(struct pool *pool, uint32_t index);
void item_free(struct pool *pool, uint32_t index);

/* payer_of_client gives the record of a source's client, made if needed; payer_release lets it go when it pays for nothing. payer_owner gives
 * whose pages a payer uses. */
uint32_t payer_of_client(struct pool *pool, const struct pool_source *source);
void payer_release(struct pool *pool, uint32_t payer);
uint32_t payer_owner(const struct pool *pool, uint32_t payer);

/* table_expect fetches the buckets in which the account and the entry of (account, nonce) stand, step 0, and what they name, step 1. */
void table_expect(const struct pool *pool, const struct hash32 *account, uint64_t nonce, unsigned step);

/* entry_find gives what is in flight at (account, nonce), POOL_NONE otherwise. entry_of does for an account that has items. */
uint32_t entry_find(const struct pool *pool, const struct hash32 *account, uint64_t nonce);
uint32_t entry_of(const struct pool *pool, uint32_t account, uint64_t nonce);
uint32_t entry_take(struct pool *pool, const struct hash32 *account, uint64_t nonce);
void entry_free(struct pool *pool, uint32_t entry);

/* --- pool_state.c: lists that go with a state -------------------------------------------------------------------------- */

uint64_t pool_judge_time_ms(const struct pool *pool, struct now now);
struct command pool_command_of(const struct pool *pool, uint32_t index);

/* state_arm sets the deadline that belongs to the state. state_park and state_unpark keep WAITING items that are not in good standing at hand. */
void state_arm(struct pool *pool, struct now now, uint32_t index);
void state_park(struct pool *pool, struct now now, uint32_t index);
void state_unpark(struct pool *pool, uint32_t index);

/* The moves: into WAITING from none; live (WAITING becomes READY, FLIGHT stays) and not live any more (READY becomes WAITING); into FLIGHT
 * and out of it; out of the list of own commands; out of everything. */
void state_enter_waiting(struct pool *pool, struct now now, uint32_t index);
void state_live_on(struct pool *pool, struct now now, uint32_t index);
void state_unlive(struct pool *pool, struct now now, uint32_t index);
void state_to_flight(struct pool *pool, uint32_t index);
void state_from_flight(struct pool *pool, struct now now, uint32_t index);
void state_unlist(struct pool *pool, uint32_t index);
void state_leave(struct pool *pool, uint32_t index);

/* --- pool_run.c: what state an item is in ------------------------------------------------------------------------------ */

/* pool_settle_holder finds the state of an item that has just become a holder. */
void pool_settle_holder(struct pool *pool, struct now now, uint32_t index);

/* pool_extend carries the run of an account on as far as nonces count; pool_cut ends it below `nonce`, which counts no more. */
void pool_extend(struct pool *pool, struct now now, uint32_t account);
void pool_cut(struct pool *pool, struct now now, uint32_t account, uint64_t nonce);

/* pool_advance tells that nonces up to `executed` are executed: everything there is refused but what is in flight. Needs: the account is held. */
void pool_advance(struct pool *pool, struct now now, uint32_t account, uint64_t executed);
void pool_drop_used(struct pool *pool, struct now now, uint32_t account, uint64_t nonce);

/* pool_released moves what is held at a nonce whose entry is gone. */
void pool_released(struct pool *pool, struct now now, uint32_t account, uint64_t nonce);

/* pool_judge asks the state about a holder again, at a block time. Gives: whether it is in good standing. */
bool pool_judge(struct pool *pool, struct now now, uint32_t index, uint64_t time_ms);

/* pool_judge_some asks about the POOL_JUDGE_MAX of a list that were not asked about longest. Gives: how many of them are in good standing now. */
uint32_t pool_judge_some(struct pool *pool, struct now now, struct pool_list *list);

/* pool_judge_parked asks about the next of those that the state does not know, after a block was executed: a few at once, the others in time, each once. */
void pool_judge_parked(struct pool *pool, struct now now);
void pool_set_code(struct pool *pool, struct now now, uint32_t index, enum code code);

/* pool_end takes an item out and forgets its tokens; pool_refuse answers them first. */
void pool_end(struct pool *pool, uint32_t index);
void pool_refuse(struct pool *pool, struct now now, uint32_t index, uint16_t code, uint32_t retry_after_ms);

/* --- pool_answer.c: tokens and outcomes ---------------------------------------------------------------------------------- */

bool pool_can_answer(const struct pool *pool);
void pool_attach(struct pool *pool, uint32_t index, uint64_t token);
void pool_merge(struct pool *pool, uint32_t from, uint32_t to);
void pool_admit_tokens(struct pool *pool, uint32_t index);
void pool_refuse_tokens(struct pool *pool, uint32_t index, uint16_t code, uint32_t retry_after_ms);
void pool_forget_tokens(struct pool *pool, uint32_t index);
bool pool_is_verified_state(enum pool_state state);

/* pool_make_own marks an item as one of a client here. */
void pool_make_own(struct pool *pool, uint32_t index);

/* --- pool_debt.c: what is owed above the executed state ------------------------------------------------------------------- */

/* debtor_find gives the record of who pays for something of an account (POOL_NONE: of one without items), POOL_NONE when there is none. debtor_hold gives it, made if needed, and
 * keeps it until debtor_release. Cost: a comparison for an account that paid before, else a look-up. */
uint32_t debtor_find(const struct pool *pool, uint32_t account, const struct hash32 *payer);
uint32_t debtor_hold(struct pool *pool, uint32_t account, const struct hash32 *payer);
void debtor_release(struct pool *pool, uint32_t debtor);

/* debtor_learn takes over what the state says of the payer's bucket now. */
static inline void debtor_learn(struct pool *pool, uint32_t debtor, const struct command_standing *standing)
{
    struct pool_debtor *d = &pool->debtors[debtor];

    ASSERT(d->holds > 0);
    ASSERT((standing->spare_ms < 0) <= (standing->code != CODE_OK));
    if (standing->code == CODE_OK || standing->code == CODE_RATE) {
        d->spare_ms = standing->spare_ms;
        d->interval_ms = standing->interval_ms;
    }
}

static inline void debt_add(struct pool_debt *debt, uint32_t tokens)
{
    ASSERT(tokens >= 1);
    ASSERT(tokens <= COMMAND_TOKENS_MAX);
    debt->commands++;
    debt->tokens += tokens;
}

static inline void debt_remove(struct pool_debt *debt, uint32_t tokens)
{
    ASSERT(debt->commands > 0);
    ASSERT(debt->tokens >= tokens);
    debt->commands--;
    debt->tokens -= tokens;
}

/* debtor_allows tells whether a command may come behind so many tokens of its payer. debt_allows does for an item: a WAITING one behind all that is live or in flight, a
 * READY one behind what is in flight. */
static inline bool debtor_allows(const struct pool *pool, uint32_t debtor, uint64_t tokens)
{
    const struct pool_debtor *d = &pool->debtors[debtor];

    ASSERT(d->holds > 0);
    ASSERT(tokens <= UINT32_MAX);
    return (int64_t)(tokens * d->interval_ms) <= d->spare_ms;
}

bool debt_allows(const struct pool *pool, uint32_t index);

/* debt_judge adds to the standing of a command that comes what is before it: one token for each command of its payer that is live or in flight here, at least one for each
 * earlier nonce. So much it must wait for certainly. Needs: its account here, POOL_NONE: it has no items. */
void debt_judge(const struct pool *pool, uint32_t account, const struct command *command, struct command_standing *standing);

void debt_check(const struct pool *pool);

/* --- pool_flight.c --------------------------------------------------------------------------------------------------------- */

/* flight_record records a command in flight. Needs: as pool_inflight_add; its debtor, POOL_NONE: to be found. */
void flight_record(struct pool *pool, uint64_t height, const struct command *command, uint32_t origin, uint32_t debtor);

/* --- pool_select.c --------------------------------------------------------------------------------------------------------- */

void turn_enter(struct pool *pool, uint32_t origin);
void turn_leave(struct pool *pool, uint32_t origin);
uint64_t pool_weight(const struct pool *pool, uint32_t bytes, uint32_t cost_ns);

/* --- pool_verify.c --------------------------------------------------------------------------------------------------------- */

void pool_queue(struct pool *pool, uint32_t index);
void pool_unqueue(struct pool *pool, uint32_t index);

/* --- pool_suspect.c: sources of bad signatures, and whose turn it is ----------------------------------------------------------- */

#define RING_TRUSTED 0u
#define RING_DOUBTED 1u
#define RING_SUSPECTS 2u

/* ring_enter puts a payer whose queue is no longer empty behind all others of the ring where it belongs now; ring_leave takes it out. */
void ring_enter(struct pool *pool, uint64_t now_ns, uint32_t payer);
void ring_leave(struct pool *pool, uint32_t payer);

/* suspect_name records a bad signature of a payer: it is a suspect now, and its party doubted. suspect_recall tells a client's new record what is held against it. */
void suspect_name(struct pool *pool, struct now now, uint32_t payer);
void suspect_recall(const struct pool *pool, struct pool_payer *payer);

/* suspect_is_full: it is one, and has as much waiting as it may have. suspect_client_is_full tells of a source's client, which may have no record. */
bool suspect_is_full(const struct pool *pool, struct now now, uint32_t payer);
bool suspect_client_is_full(const struct pool *pool, struct now now, const struct pool_source *source);

/* suspect_forget gives up the places of parties whose time is over: as long as there is one, it is looked at whenever a queue begins. */
void suspect_forget(struct pool *pool, struct now now);

/* suspect_forgive moves the payer whose turn it is in a ring to where it belongs when its time there is over. Gives: whether it did. */
bool suspect_forgive(struct pool *pool, struct now now, uint32_t which);

/* suspect_due_ns gives when the ration of suspects allows the next batch; suspect_charge pays for one. */
uint64_t suspect_due_ns(const struct pool *pool);
void suspect_charge(struct pool *pool, struct now now, uint32_t checks);

/* payer_find gives the record of a source's client, POOL_NONE when it has none. A place that another party's client has now is another client. */
uint32_t payer_find(const struct pool *pool, const struct pool_source *source);

#endif
