/* cell.h: one honest replica of the production core that can be put back to any state it had.
 *
 *     cell_open -> ( cell_load image -> cell_hear | cell_expire -> cell_save )* -> cell_close
 *
 * Core, state machine and log position lie in one run of pages at one address, so an image of them is the state. Only pages that were ever written are looked
 * at: each is guarded until its first write. A step is done when nothing is left to do at that moment: its signatures are checked, its appends durable, its blocks
 * executed, its messages to itself heard, a block that it fetches is there. Time stands still but in cell_expire. */
#ifndef WARD_SIM_EXPLORE_CELL_H
#define WARD_SIM_EXPLORE_CELL_H

#include "consensus/replica.h"
#include "sim/explore/script.h"

#define CELL_LINES_MAX 24u  /* said in one step */
#define CELL_TEXT_BYTES 200u

/* What a step leaves behind. */
struct cell_step {
    uint16_t said[CELL_LINES_MAX]; /* places of lines, each once, in order */
    uint32_t said_count;
    bool expired;                  /* of cell_expire: a TIMEOUT left */
    char broken[CELL_TEXT_BYTES];  /* the rule that this member breaks by itself; empty: none */
};

/* What belongs to the state beside the core: of the pages, like everything in it. */
struct cell_inside {
    uint64_t now_ns;
    uint64_t lsn;
    struct voting_state logged; /* of the newest append, and where its parts last changed */
    uint64_t vote_lsn, timeout_lsn, high_lsn, led_lsn;
    uint64_t nonce;             /* of the one account */
    uint64_t executed;          /* blocks, by their places in the script */
    uint64_t height;
    bool has_voted;
    struct ballot voted;        /* the newest vote that left */
    int64_t timed_out;
    struct rank stated;         /* by the newest TIMEOUT */
};

/* A state that was kept. */
struct cell_image;

struct cell {
    struct script *script;
    uint32_t member, members_count;
    uint64_t wall_ms;       /* stands still unless somebody sets it; no part of an image */
    uint8_t *memory, *base; /* `pages` of them; base: as they were when it began */
    size_t pages;
    uint8_t *touched;       /* a byte for each page */
    struct cell_inside *inside;
    struct replica *replica;
    struct cell_step begun; /* what it said before anybody spoke to it */
};

/* cell_open makes the replica of a member, linked to all others, with `commands` of one client in its pool; its wall clock is
 * ahead_ms ahead. Owns: cell_close gives back what it takes. */
void cell_open(struct cell *cell, struct script *script, uint32_t member, uint32_t commands, uint32_t ahead_ms);
void cell_close(struct cell *cell);

/* cell_save keeps the present state; free gives it back. cell_load puts it back. */
struct cell_image *cell_save(const struct cell *cell);
void cell_load(struct cell *cell, const struct cell_image *image);

/* cell_hear hands it a line. cell_expire lets time pass until it gives its view up, or has nothing to wait for. */
void cell_hear(struct cell *cell, uint32_t line, struct cell_step *step);
void cell_expire(struct cell *cell, struct cell_step *step);

/* cell_request hands it command number `nonce` of the one client. */
void cell_request(struct cell *cell, uint64_t nonce, struct cell_step *step);

/* cell_command writes command number `nonce` of the one client. Gives: its length, <= SCRIPT_BODY_BYTES_MAX. */
size_t cell_command(const struct cast *cast, uint64_t nonce, uint8_t *out);

#endif
