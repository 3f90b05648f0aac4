/* tally.h: what became of each command of a load: sent, resent, answered once. Pure: the time is told.
 *
 *     UNSENT --sent--> WAITING --admitted--> ADMITTED --receipt--> DONE
 *                         |  \                  |                    ^
 *                         |   \--refused, later-+--> PAUSED --sent---|---> WAITING
 *                         |                     |                    |
 *                         +--refused for good---+--> REFUSED         |
 *                         +--nonce used, sent before--> LOST --------+
 *
 * D1 A command has one receipt: a second one must say the same height, place and code, or it is a contradiction.
 * D2 A command is sent again when its connection ended, when nobody answered for 250 ms (R3), when an admitted one has no receipt after 2 s, and when
 *    a refusal named a time. Sending again is safe: account and nonce are the same. It goes to the next replica, but after a refusal that is about
 *    the queue and not about the replica to the same one.
 * D3 LOST: the nonce was used by a command that we had sent before, most likely by this very one, whose receipt went down with a connection. Whoever
 *    counts must ask a replica for the receipt.
 * D4 A refusal that is about the moment says nothing about an earlier sending: when we gave a command up after many of them, its receipt still counts. */
#ifndef WARD_CLI_TALLY_H
#define WARD_CLI_TALLY_H

#include "base/histogram.h"
#include "wire/client.h"

#include <stdbool.h>
#include <stdint.h>

#define TALLY_ANSWER_NS 250000000u   /* R3 */
#define TALLY_RECEIPT_NS 2000000000u /* an admitted command without receipt */
#define TALLY_PAUSE_MS_MIN 20u       /* after a refusal that names no time but is not for good */
#define TALLY_SENDS_MAX 100u         /* then the last refusal counts */
#define TALLY_CODES 1024u
#define TALLY_NEVER UINT64_MAX

enum tally_state { TALLY_UNSENT, TALLY_WAITING, TALLY_ADMITTED, TALLY_PAUSED, TALLY_LOST, TALLY_DONE, TALLY_REFUSED, TALLY_STATES };

struct tally_entry {
    uint64_t intended_ns; /* when it was to be sent first */
    uint64_t due_ns;      /* when to send it again; TALLY_NEVER */
    uint64_t height;      /* DONE: of its block */
    uint32_t index;       /* DONE: in its block */
    uint32_t connection;  /* of the newest sending */
    uint16_t code;        /* DONE, REFUSED */
    uint8_t state;        /* enum tally_state */
    uint8_t sends;
    uint8_t turn;         /* how many replicas after its home it is sent to */
};

struct tally {
    struct tally_entry *entries;
    uint64_t count;      /* of entries */
    uint64_t low, high;  /* entries below low are finished, those from high on unsent */
    uint64_t states[TALLY_STATES]; /* entries in each state */
    uint64_t committed[TALLY_CODES]; /* DONE, by code */
    uint64_t refused[TALLY_CODES];   /* REFUSED, by code */
    uint64_t resends, pauses;
    uint64_t repeats;        /* receipts that came again and said the same */
    uint64_t contradictions; /* D1 broken */
    uint64_t measure_from_ns, measure_to_ns; /* commands intended in [from, to) count in latency, lateness, measured */
    uint64_t measured;       /* of these, DONE with code 0 */
    uint64_t answered_ns;    /* when the last of these was; 0: none */
    struct histogram latency;  /* ns from the intended time to the receipt; code 0 only */
    struct histogram lateness; /* ns from the intended time to the first sending */
    uint64_t commit_ns;      /* of the newest receipt; 0: none */
    uint64_t gap_ns;         /* longest time between two receipts since tally_gap_start */
    uint64_t gap_end_ns;     /* when that gap ended */
};

/* tally_init begins with unsent commands. Owns: entries, `count` of them, stay the caller's. */
void tally_init(struct tally *tally, struct tally_entry *entries, uint64_t count);

/* tally_measure says which commands count in latency, lateness and measured: those intended in [from_ns, to_ns). What was counted is forgotten. */
void tally_measure(struct tally *tally, uint64_t from_ns, uint64_t to_ns);

/* tally_intend fixes when a command is to be sent first. Needs: UNSENT. */
void tally_intend(struct tally *tally, uint64_t number, uint64_t intended_ns);

/* tally_sent: the command went out, for the first time or again. Needs: it is intended; UNSENT ones go out in order. */
void tally_sent(struct tally *tally, uint64_t number, uint32_t connection, uint64_t now_ns);

/* tally_turn gives how many replicas after its home a command is to go when it is sent now. */
uint32_t tally_turn(const struct tally *tally, uint64_t number);

/* What comes back. Numbers that were never sent are ignored: a stranger's answer changes nothing. */
void tally_admitted(struct tally *tally, uint64_t number, uint64_t now_ns);
void tally_refused(struct tally *tally, uint64_t number, const struct client_refused *refusal, uint64_t now_ns);
void tally_receipt(struct tally *tally, uint64_t number, const struct client_receipt *receipt, uint64_t height, uint64_t now_ns);

/* tally_broken: a connection ended; whatever was sent over it last and has no answer is due at once. Cost: one pass over the open ones. */
void tally_broken(struct tally *tally, uint32_t connection, uint64_t now_ns);

/* tally_due finds a sent command that is to go out again, from *cursor on, and moves the cursor behind it. Begin a pass with *cursor = 0.
 * Gives: its number, or TALLY_NEVER at the end of the pass. */
uint64_t tally_due(const struct tally *tally, uint64_t *cursor, uint64_t now_ns);

/* tally_open gives how many were sent and have no final answer; LOST ones are not among them. */
uint64_t tally_open(const struct tally *tally);

/* tally_found: a replica was asked for the receipt of a LOST command. found false: there is none, it is counted as refused with 109. */
void tally_found(struct tally *tally, uint64_t number, bool found, uint16_t code);

/* tally_gap_start forgets gaps so far; the time since the newest receipt counts in the next one. tally_gap gives the longest until now, the
 * open one included. */
void tally_gap_start(struct tally *tally, uint64_t now_ns);
uint64_t tally_gap(const struct tally *tally, uint64_t now_ns);

/* tally_complete tells whether each sent command has exactly one final answer and none contradicted another. */
bool tally_complete(const struct tally *tally);

#endif
