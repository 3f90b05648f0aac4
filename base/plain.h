/* plain.h: text that others wrote, for a terminal: whatever would steer it, or reorder what is read, is shown as an escape.
 *
 *     ESC -> \x1b     a byte that is no UTF-8 -> \xff     U+009B, U+202E -> \u009b, \u202e     all else -> as it is
 *
 * A line feed is an escape as well: nobody else's text makes lines of its own. A backslash stays: this is for reading, not for reading back. */
#ifndef WARD_BASE_PLAIN_H
#define WARD_BASE_PLAIN_H

#include <stddef.h>
#include <stdio.h>

/* plain_copy copies a text; what does not fit is cut off behind a whole character or escape. Gives: the bytes written, the NUL behind them apart: valid UTF-8.
 * Needs: room >= 1. */
size_t plain_copy(char *out, size_t room, const char *text);

/* plain_print prints a text of any length. */
void plain_print(FILE *stream, const char *text);

#endif
