/* world_priv.h: what the files of the world share. */
#ifndef WARD_SIM_WORLD_WORLD_PRIV_H
#define WARD_SIM_WORLD_WORLD_PRIV_H

#include "sim/world/world.h"

/* What enters the hash of a run. The numbers stand in records: never reuse one. */
enum world_topic { WORLD_TOPIC_ARRIVED = 2, WORLD_TOPIC_MARK, WORLD_TOPIC_EXECUTED, WORLD_TOPIC_STATE };

/* What becomes of a server. Likewise. */
enum world_change {
    WORLD_CHANGE_CRASH = 1, WORLD_CHANGE_POWER, WORLD_CHANGE_START, WORLD_CHANGE_PAUSE, WORLD_CHANGE_RESUME, WORLD_CHANGE_DRAIN, WORLD_CHANGE_CUT,
    WORLD_CHANGE_END, WORLD_CHANGE_WIPE, WORLD_CHANGE_ROT, WORLD_CHANGE_BACK, WORLD_CHANGE_SPLIT,
    WORLD_CHANGE_CLOCK, WORLD_CHANGE_BREAK, WORLD_CHANGE_CLOG, WORLD_CHANGE_MUTE, WORLD_CHANGE_FULL,
    WORLD_CHANGE_ROOM, WORLD_CHANGE_SPOIL
};

/* world_next_ns gives when something happens next, UINT64_MAX: never. */
uint64_t world_next_ns(struct world *world);

/* world_begin_read hands a read to its server, or ends it when that does not run. */
void world_begin_read(struct world *world, uint64_t token, uint32_t member);

/* world_note lets an event into the hash of the run. */
void world_note(struct world *world, uint64_t topic, uint64_t a, uint64_t b);

/* world_settle lets a server do what is due, checks it, and carries out what its marks triggered. */
void world_settle(struct world *world, uint32_t member);

/* world_deliver hands a message that arrived to its server, or keeps it while that is paused. Owns: takes the message. */
void world_deliver(struct world *world, struct sim_message *message);

/* world_tampered: a message arrived with a wrong bit. The channel of the receiver closes, and both ends make the connection again. Owns: takes the message. */
void world_tampered(struct world *world, struct sim_message *message);

/* What meets when this happens (pairs.h). world_pairs_crash: right before the process of a server ends; _start: right behind its start; _snapshot: behind each of its steps. world_pairs_view:
 * the pair comes about while a view is given up. */
void world_pairs_crash(struct world *world, uint32_t server);
void world_pairs_start(struct world *world, uint32_t server);
void world_pairs_snapshot(struct world *world, uint32_t server);
void world_pairs_heal(struct world *world);
void world_pairs_view(struct world *world, enum pair pair);
void world_pairs_rot(struct world *world);
void world_pairs_loss(struct world *world, uint32_t server);

/* world_look: a server keeps nothing that only others bound (J7). Needs: it is up. */
void world_look(struct world *world, uint32_t member);

/* world_ended: the process of a server is gone. */
void world_ended(struct world *world, uint32_t member);

/* world_take_read begins a read that is due. Gives: false when none is. The other two are what a server calls when it was answered, or a proof was made. */
bool world_take_read(struct world *world);
void world_on_read(void *context, uint32_t member, uint64_t token, bool ok, uint64_t height);
void world_on_proof(void *context, uint32_t member, const struct block_header *header, struct bytes proof);

/* world_durable gives what the log of a server holds now, or held when its process ended; nothing is said of a disk that lies. world_holds tells whether it has the block of a vote whole, unless its state stands at or above it (it may have begun with a snapshot); true of a disk of which something
 * may be lost. */
const struct capsule *world_durable(void *context, uint32_t seat);
bool world_holds(void *context, uint32_t seat, const struct ballot *ballot);

/* world_look_held looks at what a server holds, whether it shows it or not (held.h). */
void world_look_held(struct world *world, uint32_t member);

/* What a server owes (world_duties.c): its marks, what it asks others for, as world->oracle.message has it, and messages that come to it are noted; world_duties_look looks at what it has promised by them, world_duties_mended at a block that
 * it appended again, once it has read that back. Needs: it is up. */
void world_duties_open(struct world *world);
void world_duties_close(struct world *world);
void world_duties_mark(struct world *world, uint32_t member, const struct trace_mark *told);
void world_duties_sent(struct world *world, uint32_t member, const struct port_message *message);
void world_duties_arrived(struct world *world, const struct sim_message *message);
void world_duties_look(struct world *world, uint32_t member);
void world_duties_mended(struct world *world, uint32_t member);

#endif
