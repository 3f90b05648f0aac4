/* gates.h: the questions of clients that wait: gated ones for a read of a quorum (Q5), any for the end of the block that is being executed (C4).
 *
 *     gated --> TURN --read begins--> READ --done-----+--> answered, or READY while its client has no room for an answer
 *     other ----------------------------> BLOCK --executed--^
 *
 * One read serves all questions that were there before it began, so a few reads at once are enough for any number of questions. Of the places no party has more
 * than a part while others want some: when all are taken, one that has fewer takes the newest of the one that has most. */
#ifndef WARD_NODE_GATES_H
#define WARD_NODE_GATES_H

#include "base/bytes.h"
#include "wire/client.h"

#include <stdbool.h>
#include <stdint.h>

#define GATES_MAX 64u        /* questions that wait at once; more are refused as busy */
#define GATES_CLIENT_MAX 16u /* of these, from one client */
#define GATES_READS_MAX 4u   /* reads of a quorum at once */

enum gate_wait { GATE_NONE, GATE_TURN, GATE_READ, GATE_BLOCK, GATE_READY };

/* Who asks: the connection, and the party that shares its part with others (fair.h). */
struct gate_owner {
    uint64_t client, party;
};

struct gate {
    enum gate_wait wait;
    bool gated;
    struct gate_owner owner;
    uint64_t id;     /* the client's, of the question */
    uint64_t serial; /* in the order of coming */
    uint64_t read;   /* the read that it waits for */
    uint16_t size;
    uint8_t question[CLIENT_GATED_BYTES_MAX];
};

struct gates {
    struct gate list[GATES_MAX];
    uint64_t reads[GATES_READS_MAX]; /* under way, by token; 0: none */
    uint64_t serial, read_serial;
    uint64_t pushed;                 /* questions that had to go for those of others */
};

/* Which question had to go, for whom it must be told. client 0: none. */
struct gate_pushed {
    uint64_t client, id;
};

/* gates_of gives how many questions of a client wait. */
uint32_t gates_of(const struct gates *gates, uint64_t client);

/* gates_keep puts a question aside: a gated one waits for a turn, another for the block. Needs: its size within the bound.
 * Gives: its place, and in *pushed the question whose place it took; NULL when all places are taken and no party has two more than this one. */
struct gate *gates_keep(struct gates *gates, const struct gate_owner *owner, bool gated, const struct client_question *question, struct gate_pushed *pushed);

/* gates_forget frees the places of a client that is gone. */
void gates_forget(struct gates *gates, uint64_t client);

/* gates_begin_read begins a read for all questions that wait for a turn. Gives: its token, which the caller hands to the driver; 0: none waits, or enough are under way. */
uint64_t gates_begin_read(struct gates *gates);

/* gates_end_read ends it. Needs: it is under way. The questions that wait for it still do: GATE_READ with its token. */
void gates_end_read(struct gates *gates, uint64_t token);

/* gates_check asserts what holds between two calls. */
void gates_check(const struct gates *gates);

#endif
