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

#include "sim/world/track.h"

/* diagram_svg draws a page. Gives: false when the stream cannot be written. */
bool diagram_svg(const struct track *track, FILE *stream);

/* diagram_page writes an HTML page that steps through: data, script and style in one file, nothing from elsewhere. */
bool diagram_page(const struct track *track, FILE *stream);

/* diagram_sign gives the sign of a mark ("P" for proposed, ...), NULL for marks that are not drawn. diagram_is_main tells whether messages of a type carry
 * the protocol on (proposals, votes, certificates, timeouts); others are drawn faintly. */
const char *diagram_sign(enum mark mark);
bool diagram_is_main(uint8_t type);

#endif
