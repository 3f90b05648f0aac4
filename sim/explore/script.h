/* script.h: everything that can be said in an exploration, each once, under a name that another run gives it too: blocks, ballots, lines.
 *
 *     block    0a          the first one that member 0 proposes on the root; 0a.1b: the second of member 1 on that one; root
 *     ballot   f 0/1 0a    following (o: opening, c: commit vote, r: root) at view 0, height 1, for block 0a
 *     line     r0 propose v0 0a on r 0/0 root
 *
 * Of two messages that differ in nothing but which q members signed a certificate, or which commands a cause carries, one is kept: replica_digest says
 * that nobody can tell them apart. Places are stable; a name belongs to one place. */
#ifndef WARD_SIM_EXPLORE_SCRIPT_H
#define WARD_SIM_EXPLORE_SCRIPT_H

#include "sim/world/cast.h"
#include "wire/message.h"

#define SCRIPT_BLOCKS_MAX 64u   /* a set of them is one number */
#define SCRIPT_BALLOTS_MAX 512u
#define SCRIPT_LINES_MAX 4096u
#define SCRIPT_BODY_BYTES_MAX 256u
#define SCRIPT_SHOWN_MAX 3u
#define SCRIPT_NONE UINT16_MAX

struct script_block {
    struct hash32 hash;
    struct block_header header;
    uint32_t body_bytes;
    uint8_t body[SCRIPT_BODY_BYTES_MAX];
    char label[48];
};

struct script_ballot {
    struct ballot ballot;
    uint32_t block;
    char name[80];
};

/* One message, and what it says. */
struct script_line {
    char name[240];
    uint32_t from;
    uint32_t to;       /* a bit for each other member that gets it; 0: it stays with its sender */
    uint8_t type;
    uint32_t size;
    uint8_t *body;
    uint16_t said;     /* ballot that it votes for, else SCRIPT_NONE */
    uint16_t wanted;   /* ballot that it asks votes for, else SCRIPT_NONE */
    uint16_t shown[SCRIPT_SHOWN_MAX]; /* ballots of the certificates in it */
    uint32_t shown_count;
    bool times_out, ends, abdicates; /* a TIMEOUT; it holds a TC; an ABDICATE: */
    uint64_t view;        /* that it gives up, or shows to be given up */
    uint16_t high;        /* ballot: stated by the TIMEOUT, or the highest of the TC */
};

struct script {
    const struct cast *cast;
    struct script_block blocks[SCRIPT_BLOCKS_MAX]; /* [0]: the root */
    struct script_ballot ballots[SCRIPT_BALLOTS_MAX]; /* [0]: of the root */
    struct script_line *lines;
    uint32_t blocks_count, ballots_count, lines_count;
    uint32_t places[2 * SCRIPT_LINES_MAX]; /* of lines, by name: one more than the place */
};

struct script_mark {
    uint32_t blocks, ballots, lines;
};

/* script_open begins with the root alone. Owns: takes memory that script_close gives back. */
void script_open(struct script *script, const struct cast *cast);
void script_close(struct script *script);

/* script_mark notes how much is there; script_rewind forgets what came later, so that names and places are those of a script that only ever held that much. */
struct script_mark script_mark(const struct script *script);
void script_rewind(struct script *script, struct script_mark mark);

/* script_block gives the place of a block; body: views its commands, or nothing when they are not known. */
uint32_t script_block(struct script *script, const struct block_header *header, struct bytes body);

/* script_block_of gives the place of the block of that hash, SCRIPT_BLOCKS_MAX when nobody made it. */
uint32_t script_block_of(const struct script *script, const struct hash32 *hash);

/* script_ballot gives the place of a ballot. */
uint16_t script_ballot(struct script *script, const struct ballot *ballot);

/* script_line gives the place of a message from a member to others. body: its encoding, signature included, of which the first of its name is kept. */
uint32_t script_line(struct script *script, uint32_t from, uint32_t to, const struct message *message, struct bytes body);

/* script_find gives the place of the line of that name, SCRIPT_LINES_MAX when there is none. */
uint32_t script_find(const struct script *script, const char *name);

#endif
