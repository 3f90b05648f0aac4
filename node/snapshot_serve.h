/* snapshot_serve.h: gives offers and runs of bytes of its snapshots to members that ask, one at a time, within a budget of bytes per second.
 *
 * Whoever asks names the run (it has the manifest), so nothing is kept here but one question for each member. The answer is whatever lies there: the asker
 * checks it. A question for no bytes is answered with an offer, unless what was read is no certificate of that snapshot: I11 holds of what a disk gives, too. A question for a snapshot that is no longer here is answered with height 0. */
#ifndef WARD_NODE_SNAPSHOT_SERVE_H
#define WARD_NODE_SNAPSHOT_SERVE_H

#include "node/ports.h"
#include "node/snapshots.h"
#include "wire/message.h"

#define SNAPSHOT_SERVE_BYTES_PER_S (24u << 20) /* to all together: a few hundredths of a core, and of a disk */
#define SNAPSHOT_SERVE_BURST (2u << 20)
#define SNAPSHOT_SERVE_READ_BYTES (64u << 10)  /* what a reading costs at least: 384 in a second, however little is sent of it */
#define SNAPSHOT_SERVE_TELL_NS 1000000000u     /* between two certificates that are told to all */

struct snapshot_serve {
    const struct snapshots *snapshots;
    const struct driver_ports *ports;
    struct snapshot_io io;
    struct {
        bool waits;
        struct message_snapshot_ask ask;
        uint32_t offers;          /* so often it asked for any, and has taken nothing since */
        uint64_t offered_height;  /* of the newest one meanwhile; 0: there was none */
    } members[MEMBERS_MAX];
    uint32_t members_count, next; /* whose turn it is */
    uint32_t asker;               /* of the reading under way */
    struct snapshots_entry entry; /* which it is of */
    bool offer;
    bool ready;                   /* it is done: to be sent */
    enum err err;
    uint64_t paid_ns;             /* until when the bytes that left are paid for */
    uint64_t tell_ns;             /* no certificate is told before */
    struct message *message;      /* scratch */
    uint8_t *head;                /* MESSAGE_HEAD_BYTES_MAX */
    bool wished;                  /* news for the owner, who takes it back: a member asked for any offer again and again, and took nothing (S3) */
    uint64_t offers, runs, bytes, refused;
};

void snapshot_serve_take(struct snapshot_serve *serve, struct arena *arena, struct disk *disk, const struct snapshots *snapshots, const struct driver_ports *ports, uint32_t members);

/* snapshot_serve_ask takes a member's question; a newer one replaces one that waits. */
void snapshot_serve_ask(struct snapshot_serve *serve, uint32_t from, const struct message_snapshot_ask *ask);

/* snapshot_serve_work sends what was read and begins the next reading when the budget allows. snapshot_serve_deadline_ns: when it is wanted. */
void snapshot_serve_work(struct snapshot_serve *serve, uint64_t now_ns);
uint64_t snapshot_serve_deadline_ns(const struct snapshot_serve *serve);

/* snapshot_serve_tell tells all other members of the newest checkpoint certificate, paid for like an answer: with a wish, so that those whose newest one is older make the same snapshot.
 * No effect within SNAPSHOT_SERVE_TELL_NS of the one before: a wish comes once in 2n rounds from whoever means it. */
void snapshot_serve_tell(struct snapshot_serve *serve, uint32_t self, const struct checkpoint_cert *cert, uint64_t now_ns);

/* snapshot_serve_wait says in a word why a member's question waits: "rationed" by the budget, or for its "turn" behind what is being read. Gives: NULL when none of it waits. */
const char *snapshot_serve_wait(const struct snapshot_serve *serve, uint32_t member, uint64_t now_ns);

#endif
