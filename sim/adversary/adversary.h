/* adversary.h: the members that lie, under one plan: each with its key, and with sight of every message before it is delivered.
 *
 * The process of a liar is an honest one. What leaves it goes through the lies of the plan, separately for each receiver; what comes to it may be
 * held back; and at moments of its own the adversary sends what no process would. Each lie is a row of one table:
 *
 *     tell    changes one message of a liar on its way to one receiver
 *     act     sends something by itself, at each tick
 *     deafen  keeps a message, or a client, from a liar's process
 *
 * Every decision is drawn by name (choice.h), the lie being part of the name: a lie that is taken out of a plan leaves all others as they were. */
#ifndef WARD_SIM_ADVERSARY_ADVERSARY_H
#define WARD_SIM_ADVERSARY_ADVERSARY_H

#include "sim/world/cast.h"
#include "sim/oracle/facts.h"
#include "sim/world/guard.h"
#include "sim/world/naming.h"
#include "sim/world/network.h"
#include "wire/message.h"

/* name, what it does. The numbers enter draws: append only. */
#define LIES(X)                                                                                                                     \
    X(FORK, "fork", "the leader shows half of the members another chain, and its accomplices vote for both")                       \
    X(DOUBLE_VOTE, "double_vote", "votes for what it is asked to, and for another block at the same place")                        \
    X(VOTE_AFTER_TIMEOUT, "vote_after_timeout", "times a view out in which it goes on to vote")                                     \
    X(LOW_TIMEOUT, "low_timeout", "times out with the root for its high QC")                                                        \
    X(WITHHOLD, "withhold", "keeps its votes, or its timeouts, to itself")                                                          \
    X(LATE, "late", "sends votes, certificates and answers long after they are due")                                               \
    X(BAD_SIGNATURE, "bad_signature", "signs with a bit that is wrong")                                                             \
    X(REPLAY, "replay", "sends again what it or somebody else said before")                                                         \
    X(WRONG_EPOCH, "wrong_epoch", "signs for another epoch")                                                                        \
    X(MALFORMED, "malformed", "sends bytes that are changed, cut, grown or made up")                                                \
    X(EDIT, "edit", "changes a field and signs again")                                                                              \
    X(FAKE_CERT, "fake_cert", "shows certificates with a signer twice, of mixed votes, of another view, block or kind")            \
    X(OPEN_LOW, "open_low", "opens a view on less than the highest QC of its TC")                                                   \
    X(FALSE_CATCHUP, "false_catchup", "answers questions with blocks, proofs and heights that are not so, or not at all")           \
    X(FALSE_SNAPSHOT, "false_snapshot", "offers and serves snapshots that are not so")                                              \
    X(FALSE_CHECKPOINT, "false_checkpoint", "states another state root")                                                            \
    X(FLOOD, "flood", "votes, times out, proposes and asks for views and heights to come, by the hundred")                          \
    X(UNPROVOKED, "unprovoked", "times out and abdicates views in which nothing is wrong")                                         \
    X(PARTIAL, "partial", "some types of its messages never reach some members")                                                    \
    X(MUTE_LEADER, "mute_leader", "never proposes")                                                                                 \
    X(CENSOR, "censor", "hears nothing of the commands of half of the clients, nor what others ask it for them")                               \
    X(SLOW_LORIS, "slow_loris", "proposes just before the view would be over")                                                      \
    X(SPOIL, "spoil", "proposes commands that nobody signed, or that are used up, doubled or out of date")             \
    X(TEMPT, "tempt", "proposes another block at the place of one that has votes already")                                      \
    X(STRAY, "stray", "proposes a block that stands on another parent than the one whose certificate it shows")           \
    X(SWAP, "swap", "keeps its blocks from one member, and answers whoever asks for a single block with another one")        \
    X(PASS_OVER, "pass_over", "hears the commands of half of the clients, whoever passes them on, and of the others nothing") \
    X(EARLY_TC, "early_tc", "ends views with a TC whose QC nobody has seen, and shows no other QC beside a TC") \
    X(WISH, "wish", "asks everybody for any snapshot, again and again, and takes nothing of what it is offered") \
    X(PACK, "pack", "proposes a block of its parent's time, or puts bytes behind its last command")                                \
    X(REOPEN, "reopen", "opens its view a second time, on a higher QC, which nobody has seen")                               \
    X(STRANGER, "stranger", "shows certificates in which somebody who is no member stands in the place of the last signer")                                       \
    X(CRUMBS, "crumbs", "gives a chain block by block, each as late as an answer may be")                                           \
    X(TEASE, "tease", "offers a snapshot that somebody chose for ever, and gives nothing of it")

enum lie {
#define LIE_ENUM(name, word, text) LIE_##name,
    LIES(LIE_ENUM)
#undef LIE_ENUM
    LIE_COUNT
};

extern const struct naming lie_names[LIE_COUNT];

struct adversary_plan {
    struct member_set liars;
    uint64_t lies;       /* bit of each enum lie */
    uint32_t rate_ppm;   /* of the occasions of the lies that are not always told */
    uint64_t tick_ns;    /* between two moments of its own */
    uint64_t hold_ns;    /* LATE: at most; SLOW_LORIS: exactly */
};

#define ADVERSARY_VOTES 1024u
#define ADVERSARY_CERTS 48u
#define ADVERSARY_TIMEOUTS 256u
#define ADVERSARY_OLD 64u
#define ADVERSARY_OLD_BYTES 32768u
#define ADVERSARY_TCS 8u
#define ADVERSARY_BLOCKS 64u

struct overheard_vote {
    uint32_t member;
    struct message_vote vote;
};

struct overheard_timeout {
    uint32_t member;
    uint64_t epoch, view;
    struct rank rank;
    uint8_t signature[64];
};

struct overheard_block {
    uint64_t height;
    struct hash32 hash;
    struct block_header header;
};

struct overheard_bytes {
    uint32_t from;
    uint8_t type;
    size_t size;
    uint8_t bytes[ADVERSARY_OLD_BYTES];
};

/* The two-faced leader: while it is active, the members of `side` see a chain of their own. */
struct fork {
    bool active;
    uint32_t leader;
    struct member_set side;
    uint64_t key;                /* of the message that was looked at last: it is looked at once, whoever gets it */
    struct hash32 real;          /* newest block of the chain that the others see */
    struct ballot shadow;        /* newest block of the other one */
    struct block_header header;  /* likewise */
    bool ready;                  /* the side gets `cert` in place of the real one */
    struct cert cert;
};

/* One message of a liar on its way to one receiver. A lie may change all of it. */
struct telling {
    uint32_t from, to;
    uint8_t type;
    size_t size;     /* 0: nothing leaves */
    uint8_t *bytes;  /* FRAME_BYTES_MAX */
    uint64_t hold_ns;
    uint64_t view, height, again; /* its name: subject (subject.h), and how often this one was told to this receiver */
    uint64_t digest; /* of the bytes before any lie */
};

struct adversary {
    struct adversary_plan plan;
    const struct cast *cast;
    uint64_t seed;
    bool silent;             /* it has stopped lying */
    uint64_t next_ns, ticks;
    bool at_once;            /* something was overheard that serves a lie only now: it acts before anybody else gets it */
    uint64_t told[LIE_COUNT];
    void *context;           /* of send */
    void (*send)(void *context, uint64_t hold_ns, const struct sim_message *message, struct bytes body);
    void (*header)(void *context, const struct block_header *header); /* of a block that was made up */
    void (*spoiled)(void *context, const struct ballot *ballot);      /* nobody honest may vote so; following: in whatever view */
    uint64_t (*used)(void *context, const uint8_t account[32], uint64_t nonce); /* height of the block that holds that command, 0: none */
    struct facts repeats;    /* how often a name was told */
    struct guard decoded;
    struct message *message; /* scratch, in front of a guard */
    uint8_t *room, *other;   /* FRAME_BYTES_MAX each */
    struct overheard_vote votes[ADVERSARY_VOTES];
    struct overheard_timeout timeouts[ADVERSARY_TIMEOUTS];
    struct cert certs[ADVERSARY_CERTS];
    struct timeout_cert tcs[ADVERSARY_TCS];
    struct overheard_bytes old[ADVERSARY_OLD];
    struct overheard_block blocks[ADVERSARY_BLOCKS];
    uint64_t votes_count, timeouts_count, certs_count, tcs_count, old_count, blocks_count;
    struct hash32 offered[MEMBERS_MAX]; /* the newest snapshot that a member offered */
    uint64_t view, height;   /* highest that anybody spoke of who is honest */
    int64_t timed_out[MEMBERS_MAX]; /* of liars: highest view, -1: none */
    struct message_snapshot teaser; /* TEASE: the newest offer of a liar, */
    bool teases;             /* ... which stays what it is since somebody asked for more of it */
    uint64_t ended;          /* EARLY_TC: the view behind the last that it ended, or let be */
    struct fork fork;
};

/* adversary_open. Gives: NULL when nobody lies. Owns: the caller closes it; cast must outlive it. */
struct adversary *adversary_open(const struct cast *cast, uint64_t seed, const struct adversary_plan *plan);
void adversary_close(struct adversary *adversary);

/* adversary_is_liar. adversary may be NULL. */
bool adversary_is_liar(const struct adversary *adversary, uint32_t member);

/* adversary_hear takes in a message that somebody sends, decoded and as bytes. */
void adversary_hear(struct adversary *adversary, uint32_t from, const struct message *message, struct bytes body);

/* adversary_note_header remembers a block that was proposed to somebody, real or made up. */
void adversary_note_header(struct adversary *adversary, const struct block_header *header);

/* adversary_tell sends what a liar makes of its message for one receiver. Needs: adversary_is_liar(from). */
void adversary_tell(struct adversary *adversary, const struct sim_message *out, struct bytes head, struct bytes tail);

/* adversary_deafens tells whether a message, or the client of an actor, does not reach the process of a liar. */
bool adversary_deafens(struct adversary *adversary, const struct sim_message *message);
bool adversary_ignores(const struct adversary *adversary, uint32_t member, uint32_t actor);

/* adversary_sifts takes out of a message to a liar the commands that it does not want to hear of, or most of the blocks that it is asked for; what is left stays in its place. */
void adversary_sifts(struct adversary *adversary, struct sim_message *message);

/* adversary_due_ns gives when adversary_act is wanted, UINT64_MAX: never. adversary may be NULL. */
uint64_t adversary_due_ns(const struct adversary *adversary);
void adversary_act(struct adversary *adversary, uint64_t now_ns);

/* adversary_silence ends all lies. adversary may be NULL. */
void adversary_silence(struct adversary *adversary);

#endif
