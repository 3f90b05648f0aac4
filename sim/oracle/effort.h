/* effort.h: what a server does because of the bytes that came to it, kept as an account from outside: section 13 of docs/protocol.md says that the work which a received byte causes
 * is bounded, whoever sent it.
 *
 *     came in: messages of members, commands of clients      ->      signatures verified, bytes hashed, messages answered and sent, bytes written
 *
 * A life of a server is one account; what its start reads from its disk is no part of it. Bytes of liars and of strangers count like all others: what they may cause is within the same bounds. */
#ifndef WARD_SIM_ORACLE_EFFORT_H
#define WARD_SIM_ORACLE_EFFORT_H

#include "node/driver.h"
#include "sim/oracle/oracle.h"

struct effort {
    uint64_t messages, requests;  /* that came, in this life */
    uint64_t bytes;               /* of them */
    uint64_t moments;             /* beside them at which there was something to do: a deadline, a verdict, a disk, a link, a read */
    uint64_t sent, sent_bytes;    /* each receiver counted */
    uint64_t proposed;            /* bytes of its own proposals but for the bodies, which came */
    uint64_t heard[MEMBERS_MAX];  /* messages of each member */
    uint64_t answers[MEMBERS_MAX]; /* what only an answer is, to it */
    uint64_t hashed;              /* bytes */
    uint64_t hashed_before;       /* as of the moment at which it went on */
    uint64_t heap, heap_before;   /* how often it took memory; as hashed */
    uint64_t payload_before, checks_before; /* of its log and its replica, when its life began */
    bool running;
};

/* effort_begin opens the account of a life. Needs: recovered, started. */
void effort_begin(struct effort *effort, const struct driver *driver);

/* effort_run: production code runs from now on; effort_pause: it does not, the simulator does. Both may be said again. */
void effort_run(struct effort *effort);
void effort_pause(struct effort *effort);

/* effort_message, effort_request, effort_moment: something came, or is due. */
void effort_message(struct effort *effort, uint32_t from, size_t bytes);
void effort_request(struct effort *effort, size_t bytes);
void effort_moment(struct effort *effort);

/* effort_sent: something left. */
void effort_sent(struct effort *effort, const struct port_message *message);

/* What production counted itself. */
struct effort_done {
    uint32_t seat, members;
    uint64_t checks;        /* signatures given to verifiers */
    uint64_t payload_bytes; /* given to the log */
    uint64_t snapshots;     /* made, failed, or begun and given up */
};

/* effort_look compares the account with its bounds:
 *
 *     signatures <= those that came: one for each 64 bytes    answers to a member <= messages of it      messages sent <= one to each for each reason there was
 *     appended   <= what came, and what it proposed itself   hashed  <= 16 for each byte that came
 *
 * and no memory (J7), and something for a life's beginning, and for each snapshot that it made. Gives: false and the first failure when one is passed. */
bool effort_look(const struct effort *effort, const struct effort_done *done, struct failure *failure);

#endif
