/* track.c: see track.h. */
#include "sim/world/track.h"

#include "base/assert.h"

#include <stdlib.h>

static struct track *in_use;

void track_init(struct track *track, uint32_t members_count, const char *title)
{
    *track = (struct track){ .members_count = members_count, .title = title };
}

void track_close(struct track *track)
{
    ASSERT(in_use != track);
    free(track->steps);
    *track = (struct track){ .count = 0 };
}

void track_use(struct track *track)
{
    in_use = track;
}

void track_note(const struct track_step *step)
{
    struct track *track = in_use;

    if (track == NULL) {
        return;
    }
    if (track->count == TRACK_STEPS_MAX) {
        track->cut = true;
        return;
    }
    if (track->count == track->capacity) {
        track->capacity = track->capacity == 0 ? 1024 : 2 * track->capacity;
        track->steps = realloc(track->steps, track->capacity * sizeof *track->steps);
        ASSERT(track->steps != NULL);
    }
    track->steps[track->count++] = *step;
}
