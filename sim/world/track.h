/* track.h: what happens in a world, kept step by step for whoever draws it (sim/drawing/diagram.h). One track of the process is in use, as for records. */
#ifndef WARD_SIM_WORLD_TRACK_H
#define WARD_SIM_WORLD_TRACK_H

#include "sim/scenario/record.h"

#define TRACK_STEPS_MAX 2000000u

enum track_kind { TRACK_EVENT, TRACK_MESSAGE, TRACK_LOST };

struct track_step {
    enum track_kind kind;
    struct record_event event;  /* of an EVENT */
    uint64_t now_ns, sent_ns;   /* of a message: when it arrived or would have, and when it left */
    uint32_t from, to;
    uint8_t type;
    uint64_t view, height;
};

struct track {
    uint32_t members_count;
    const char *title;  /* one line */
    struct track_step *steps;
    size_t count, capacity;
    bool cut;           /* there were more than TRACK_STEPS_MAX */
};

void track_init(struct track *track, uint32_t members_count, const char *title);
void track_close(struct track *track);

/* track_use lets a track take what happens from now on; NULL: none does. One for the process, as for records. */
void track_use(struct track *track);

/* track_note adds a step to the track in use, if there is one. */
void track_note(const struct track_step *step);

#endif
