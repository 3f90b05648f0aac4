/* oracle.h: what must hold in every run, whatever the faults. It sees every message that leaves a replica, every block that is executed and
 * every start, and remembers all of it: also what replicas forget in a crash.
 *
 *   I1  one block at each height        I8   what was signed is covered by the log     I14  each (account, nonce) executes once
 *   I3  one vote at each (view, height) I9   an opening rests on the highest QC        I16  no empty block
 *   I4  one certified block at each     I11  exactly q members in a certificate        I17  a restarted leader starts no view again
 *   I6  promises never go back          I12  an epoch begins behind one END block      I18  what a client was told stays
 *   I7  no vote after a timeout         I13  equal state roots at equal heights
 *
 * I5 and I10 are in sim/oracle/lineage.h, I8 of each word that shows in sim/oracle/promises.h, T11 and E5 in sim/oracle/vows.h, what nobody shows in sim/oracle/held.h, signatures in certificates in sim/oracle/seals.h, I15 in sim/oracle/judges.h, I14 and what V5 says of commands in sim/oracle/commands.h, C1 and C2 of proofs in sim/oracle/proofs.h.
 *
 * I2 follows: the block of a height is remembered for ever, and every execution of it, also after a restart, is compared. */
#ifndef WARD_SIM_ORACLE_ORACLE_H
#define WARD_SIM_ORACLE_ORACLE_H

#include "node/apply.h"
#include "node/ports.h"
#include "sim/world/cast.h"
#include "sim/oracle/commands.h"
#include "sim/oracle/facts.h"
#include "sim/world/guard.h"
#include "sim/oracle/lineage.h"
#include "sim/oracle/promises.h"
#include "sim/oracle/quorums.h"
#include "sim/oracle/seals.h"
#include "sim/world/seats.h"
#include "sim/oracle/vows.h"
#include "storage/format.h"
#include "wire/message.h"

enum failure_kind { FAILURE_NONE, FAILURE_SAFETY, FAILURE_LIVENESS, FAILURE_EXPECTATION };

struct failure {
    enum failure_kind kind; /* of the first failure; later ones are not kept */
    char text[320];
};

/* What the server of a member has let out, over all its starts. */
struct oracle_member {
    struct rank vote;           /* newest VOTE on the network */
    uint64_t vote_digest;       /* 0: none yet */
    struct hash32 vote_block;
    int64_t timeout_view;       /* highest TIMEOUT on the network, -1: none */
    struct rank high;           /* highest QC that its votes and TIMEOUTs rest on */
    struct rank shown;          /* highest QC of a TC that it showed in this life */
    int64_t led_now, led_before; /* highest view in which it proposed in this life, and before */
    uint64_t executed_height;   /* in this life */
    bool wiped;                 /* it lost its disk: certificates may show votes that its log need not know */
    uint64_t term_view, term_height, term_blocks; /* the view in which it proposed last, the highest block there, and how many (L6) */
    bool excused;               /* its log lost a promise and cannot know it: it may contradict itself, until E4 finds out */
};

/* A block that somebody executed. */
struct oracle_block {
    struct hash32 hash;
    struct hash32 root;
    uint64_t time_ms;
    uint64_t commands; /* commands_digest */
    uint32_t executions;
};

struct oracle {
    const struct cast *cast;
    struct failure *failure;
    struct member_set liars; /* liars and twins: what they vote for proves nothing */
    const struct seats *seats; /* of a whole world; NULL: servers are members */
    struct oracle_member members[MEMBERS_MAX]; /* by seat */
    struct oracle_block *blocks; /* by height; [0] is the genesis */
    uint64_t height, capacity;   /* highest executed anywhere */
    uint64_t epoch;              /* of the highest executed block */
    bool epoch_ended;            /* that block is an END */
    struct facts ballots, certified, times, spoiled;
    struct facts repeats; /* how often a member said the same */
    struct commands commands;
    struct facts said_twice;     /* what twins voted for, by member and place */
    uint64_t conflicts;          /* votes of a twin for another block than its other server's */
    struct lineage lineage;
    struct quorums quorums;      /* of a whole world: oracle_watch */
    struct promises promises;    /* likewise; oracle_durable */
    struct vows vows;
    struct seals seals;
    bool (*verify)(void *context, const struct sig_item *item); /* likewise; NULL: signatures are not looked at */
    void *verify_context;
    uint8_t *frame;              /* FRAME_BYTES_MAX */
    struct guard decoded;
    struct message *message;     /* the newest that was sent, in front of a guard */
    bool readable;               /* ... decodes */
    uint64_t sent[MESSAGE_TYPE_END]; /* per receiver */
    uint64_t mending;            /* of the FETCHes: for a block that the asker executed, and its log lost (S5) */
    uint64_t wall_ms_now;        /* the earlier of what the clock of the newest sender said, and the true one; 0: nobody said */
    uint64_t wall_ms_most;       /* the latest that any clock said so far; 0: times are not looked at */
};

void oracle_init(struct oracle *oracle, const struct cast *cast, struct failure *failure);
void oracle_close(struct oracle *oracle);

/* oracle_watch lets it see a whole world: every vote from the beginning, so that what nobody can have said shows, and real signatures. From now on whoever
 * sends, executes, starts or ends is named by its seat. Owns: seats outlives it. */
void oracle_watch(struct oracle *oracle, const struct seats *seats, const struct member_set *liars, bool (*verify)(void *context, const struct sig_item *item), void *context);

/* oracle_durable lets it see what the log of each server holds at any moment. */
void oracle_durable(struct oracle *oracle, const struct capsule *(*durable)(void *context, uint32_t seat), bool (*holds)(void *context, uint32_t seat, const struct ballot *ballot), void *context);

/* oracle_clock takes in what the clock of a server says that is about to send, and what time it is: no honest member votes for a block of much later, or of long before both (V4). */
void oracle_clock(struct oracle *oracle, uint64_t wall_ms, uint64_t true_ms);

/* oracle_header takes in a header that somebody showed. */
void oracle_header(struct oracle *oracle, const struct block_header *header);

/* oracle_fail notes the first failure. */
__attribute__((format(printf, 3, 4))) void oracle_fail(struct failure *failure, enum failure_kind kind, const char *format, ...);

/* oracle_sent looks at a message that leaves a replica for `receivers` others. Gives: its bytes, and oracle->message decoded from them, until the next call;
 * empty when it cannot be read. */
struct bytes oracle_sent(struct oracle *oracle, uint32_t from, const struct port_message *message, uint32_t receivers);

/* oracle_lied looks at bytes of a liar for the header of a block alone: whoever votes for it knows where it stands. A decoder that writes more than
 * a message holds ends the run. */
void oracle_lied(struct oracle *oracle, uint8_t type, struct bytes body);

/* oracle_spoiled: no honest member may vote for this block: following in any view, opening in that of the ballot. */
void oracle_spoiled(struct oracle *oracle, const struct ballot *ballot);

/* oracle_executed looks at a block after its execution. Gives: true when it is the first execution of this height. */
bool oracle_executed(struct oracle *oracle, uint32_t member, const struct apply_block *block, const struct hash32 *state_root);

/* oracle_based looks at where a life begins that has a snapshot: what it took over must be what others executed. */
void oracle_based(struct oracle *oracle, uint32_t member, const struct block_header *header, const struct hash32 *state_root);

/* oracle_crashed: a life ends. oracle_started compares what recovery found with what the member ever said, and with what was durable. */
void oracle_crashed(struct oracle *oracle, uint32_t member);
void oracle_started(struct oracle *oracle, uint32_t member, const struct capsule *found, const struct capsule *promised);

/* oracle_spoilt looks at a start behind which the disk was spoilt: what the log does not know any more must be of views that it abstains from (T11); `silently`: a write went astray, and it
 * cannot know. Gives: true when something was lost; then it goes on as after a lost disk. */
bool oracle_spoilt(struct oracle *oracle, uint32_t member, const struct capsule *found, const struct capsule *promised, bool silently);

/* oracle_checkpoint looks at the certificate of a checkpoint that a member shows. */
void oracle_checkpoint(struct oracle *oracle, uint32_t from, const struct checkpoint_cert *cert);

/* oracle_wiped: a member lost its disk. Its log can no longer know what it said; that it contradicts itself is seen as before. */
void oracle_wiped(struct oracle *oracle, uint32_t member);

/* oracle_has_executed tells whether the command of an account with this nonce is in a block. */
bool oracle_has_executed(const struct oracle *oracle, const uint8_t account[32], uint64_t nonce);

/* oracle_messages gives the consensus messages so far, each receiver counted: without links, checkpoints and forwarded requests (N1). */
uint64_t oracle_messages(const struct oracle *oracle);

#endif
