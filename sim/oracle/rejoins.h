/* rejoins.h: how a server comes back whose disk is lost (E5): it asks others, and abstains up to the highest view that any of them told it. What arrives is counted, not what it kept.
 *
 *     a HELLO that does not ask for as much itself, of a quorum of others     before it rejoins
 *     the view up to which it abstains                                        no lower than what any of these promised, and it signs in later ones alone */
#ifndef WARD_SIM_ORACLE_REJOINS_H
#define WARD_SIM_ORACLE_REJOINS_H

#include "sim/oracle/vows.h"
#include "wire/message.h"

struct failure;

/* One server, in one life. */
struct rejoins_seat {
    uint32_t life;
    struct member_set heard;
    uint64_t promised; /* the highest that was told */
};

struct rejoins {
    struct failure *failure;
    struct vows *vows;
    struct rejoins_seat *seats;
    uint32_t count, quorum;
};

/* rejoins_init. Owns: rejoins_close gives memory back; failure and vows must outlive it. */
void rejoins_init(struct rejoins *rejoins, uint32_t seats, uint32_t quorum, struct vows *vows, struct failure *failure);
void rejoins_close(struct rejoins *rejoins);

/* rejoins_heard: a HELLO of a member came to a server, in this life of it. rejoins_done: it says that it has rejoined, and abstains up to a view. */
void rejoins_heard(struct rejoins *rejoins, uint32_t seat, uint32_t life, uint32_t from, const struct message_hello *hello);
void rejoins_done(struct rejoins *rejoins, uint32_t seat, uint32_t life, uint64_t view);

#endif
