/* swarm_priv.h: what the files that draw a story share. */
#ifndef WARD_SIM_CAMPAIGN_SWARM_PRIV_H
#define WARD_SIM_CAMPAIGN_SWARM_PRIV_H

#include "sim/world/choice.h"
#include "sim/campaign/swarm.h"

/* Names of what a seed decides about itself. The numbers enter the draw: append only. */
enum swarm_question {
    ASK_REPLICAS = 1, ASK_BATCH, ASK_DELAY, ASK_SPREAD, ASK_DROP, ASK_DUPLICATE, ASK_STRAGGLE, ASK_DISK, ASK_CLOCKS, ASK_CALM, ASK_COMMANDS,
    ASK_RATE, ASK_CRASHES, ASK_PARTITIONS, ASK_PAUSES, ASK_BLACKOUT, ASK_DRAINS, ASK_CHECKPOINT, ASK_SEGMENT_TEAR,
    ASK_ARMED, ASK_SLOW, ASK_LOST, ASK_CUTS, ASK_RESERVES, ASK_SNAPSHOT, ASK_KEEP,
    ASK_LIARS, ASK_LIES, ASK_LIE_RATE, ASK_LIE_TICK, ASK_LIE_HOLD, ASK_SCRUB, ASK_WRITES, ASK_TWINS, ASK_TWINS_SPLIT, ASK_DRIFT, ASK_CLOCK_STEPS, ASK_ASTRAY,
    ASK_CORRUPT, ASK_BANDWIDTH, ASK_CLOGS, ASK_ONEWAYS, ASK_LOSS, ASK_ROT, ASK_FILLS, ASK_PAIR, ASK_READS, ASK_MIXED, ASK_CONSENTS,
    ASK_SECOND, ASK_STREAM, ASK_SPARSE, ASK_SPOIL, ASK_SWAP, ASK_PASS_OVER, ASK_CUT, ASK_EARLY_TC, ASK_TENURE, ASK_WISH, ASK_PACK, ASK_REOPEN, ASK_STRANGER, ASK_CRUMBS, ASK_TEASE, ASK_JOINS,
    ASK_IMPOSE, ASK_COSTLY
};

/* swarm_ask gives a number below bound that is a seed's answer to a question. */
uint64_t swarm_ask(uint64_t seed, enum swarm_question question, uint64_t bound);
uint32_t swarm_one_of(uint64_t seed, enum swarm_question question, const uint32_t *values, size_t count);

#define ONE_OF(seed, question, ...)                                                                          \
    swarm_one_of(seed, question, (const uint32_t[]){ __VA_ARGS__ }, sizeof(const uint32_t[]){ __VA_ARGS__ } / sizeof(uint32_t))

/* swarm_add puts an event into the story; events are sorted at the end. Gives: it, to be completed at once. */
struct swarm_event *swarm_add(struct swarm_story *story, uint64_t at_ns, enum swarm_act act, uint32_t member);

/* swarm_time, swarm_while draw when the which-th fault of a kind begins and how long it lasts. */
uint64_t swarm_time(const struct swarm_story *story, enum choice_topic topic, uint64_t what, uint64_t number);
uint64_t swarm_while(const struct swarm_story *story, uint64_t what, uint64_t number);

/* swarm_second draws the second act: a stream of commands, and faults of every kind, but fewer and farther apart. Needs: the first one is drawn, and none was added.
 * Events are not in order afterwards. */
void swarm_second(struct swarm_story *story);

/* Faults of one kind: `count` of them within the act that is being drawn, and what ends them. */
void swarm_draw_pairs(struct swarm_story *story, enum swarm_act begin, enum swarm_act end, uint64_t count);
void swarm_draw_partitions(struct swarm_story *story, enum swarm_act begin, uint64_t count);
void swarm_draw_clogs(struct swarm_story *story, uint64_t count);
void swarm_draw_valued(struct swarm_story *story, enum swarm_act begin, enum swarm_act end, uint64_t count);
void swarm_draw_rot(struct swarm_story *story, uint64_t count);
void swarm_draw_fills(struct swarm_story *story, uint64_t count);
void swarm_draw_spoils(struct swarm_story *story, uint64_t count);

/* swarm_faulty gives those that lie or are twins. swarm_sound gives the first member from `first` on that is none of them, nor the other one. */
struct member_set swarm_faulty(const struct world_plan *plan);
uint32_t swarm_sound(const struct swarm_story *story, uint32_t first, uint32_t other);

/* swarm_disks draws what befalls disks beside everything else: one is lost, one rots, one is spoilt, some are full for a while. swarm_pair draws two faults that meet. */
void swarm_disks(struct swarm_story *story);
void swarm_pair(struct swarm_story *story);

#endif
