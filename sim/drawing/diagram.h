/* diagram.h: a run as a picture: one lifeline for each replica, time downwards, an arrow for each message, a sign for each step that matters.
 *
 *            r0        r1        r2
 *     10.0   P1 ------> |         |       moments are as far apart as they can be read, not as far as they were
 *            |  `-----------------> V1
 *     12.1   V1         |         |
 *
 * The picture depends on nothing but the run: the same bytes for the same events. */
#ifndef WARD_SIM_DRAWING_DIAGRAM_H
#define WARD_SIM_DRAWING_DIAGRAM_H

#include "sim/scenario/record.h"

#define DIAGRAM_EVENTS_MAX 2000000u

enum diagram_kind { DIAGRAM_EVENT, DIAGRAM_MESSAGE, DIAGRAM_LOST };

struct diagram_step {
    enum diagram_kind kind;
    struct record_event event;  /* of an EVENT */
    uint64_t now_ns, sent_ns;   /* of a message: when it arrived or would have, and when it left */
    uint32_t from, to;
    uint8_t type;
    uint64_t view, height;
};

struct diagram {
    uint32_t members_count;
    const char *title;  /* one line */
    struct diagram_step *steps;
    size_t count, capacity;
    bool cut;           /* there were more than DIAGRAM_EVENTS_MAX */
};

void diagram_init(struct diagram *diagram, uint32_t members_count, const char *title);
void diagram_close(struct diagram *diagram);

/* diagram_use lets a diagram see what happens from now on; NULL: none does. One for the process, as for records. */
void diagram_use(struct diagram *diagram);

/* diagram_note adds a step to the diagram in use, if there is one. */
void diagram_note(const struct diagram_step *step);

/* diagram_svg draws a page. Gives: false when the stream cannot be written. */
bool diagram_svg(const struct diagram *diagram, FILE *stream);

/* diagram_page writes an HTML page that steps through: data, script and style in one file, nothing from elsewhere. */
bool diagram_page(const struct diagram *diagram, FILE *stream);

/* diagram_sign gives the sign of a mark ("P" for proposed, ...), NULL for marks that are not drawn. diagram_is_main tells whether messages of a type carry
 * the protocol on (proposals, votes, certificates, timeouts); others are drawn faintly. */
const char *diagram_sign(enum mark mark);
bool diagram_is_main(uint8_t type);

#endif
