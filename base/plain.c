/* plain.c: see plain.h. */
#include "base/plain.h"

#include "base/assert.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { PIECE_BYTES = 8 }; /* the longest is an escape such as \u202e, with its NUL */

/* lead_size gives how many bytes a character has whose first byte this is; 0: none begins so. */
static size_t lead_size(uint8_t byte)
{
    if (byte < 0x80) {
        return 1;
    }
    if (byte < 0xc2) {
        return 0; /* the rest of another, or longer than it need be */
    }
    return byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : byte < 0xf5 ? 4 : 0;
}

/* decode reads the character at `text`. Gives: its bytes, 0 when it is none (RFC 3629: no surrogates, nothing longer than it need be). */
static size_t decode(const char *text, uint32_t *point)
{
    static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
    static const uint8_t mask[5] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    size_t size = lead_size((uint8_t)text[0]);

    *point = (uint8_t)text[0] & mask[size];
    for (size_t i = 1; i < size; i++) {
        if (((uint8_t)text[i] & 0xc0) != 0x80) {
            return 0; /* the NUL at the end is no such byte */
        }
        *point = *point << 6 | ((uint8_t)text[i] & 0x3f);
    }
    bool surrogate = *point >= 0xd800 && *point <= 0xdfff;
    return size == 0 || *point < least[size] || *point > 0x10ffff || surrogate ? 0 : size;
}

/* steers: a control character, a separator of lines, or one that turns the direction of writing. */
static bool steers(uint32_t point)
{
    bool control = point < 0x20 || (point >= 0x7f && point < 0xa0);
    bool turns = (point >= 0x200e && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069) || point == 0x061c;

    return control || turns;
}

/* piece_take writes the next character or escape of a text, with a NUL, and moves on. Gives: its bytes. Needs: the text has not ended. */
static size_t piece_take(const char **text, char piece[PIECE_BYTES])
{
    uint32_t point;
    size_t size = decode(*text, &point);
    int written = 0;

    ASSERT(**text != '\0');
    if (size == 0 || point < 0x80) {
        written = size == 0 || steers(point) ? snprintf(piece, PIECE_BYTES, "\\x%02x", (unsigned)(uint8_t)**text) : snprintf(piece, PIECE_BYTES, "%c", **text);
    } else if (steers(point)) {
        written = snprintf(piece, PIECE_BYTES, "\\u%04x", (unsigned)point);
    } else {
        memcpy(piece, *text, size);
        piece[size] = '\0';
        written = (int)size;
    }
    *text += size == 0 ? 1 : size;
    ASSERT(written > 0);
    ASSERT(written < PIECE_BYTES);
    return (size_t)written;
}

size_t plain_copy(char *out, size_t room, const char *text)
{
    char piece[PIECE_BYTES];
    size_t used = 0;

    ASSERT(room >= 1);
    while (*text != '\0') { /* Each round takes a character. */
        size_t size = piece_take(&text, piece);
        if (used + size >= room) {
            break;
        }
        memcpy(out + used, piece, size);
        used += size;
    }
    out[used] = '\0';
    return used;
}

void plain_print(FILE *stream, const char *text)
{
    char piece[PIECE_BYTES];

    while (*text != '\0') { /* Each round takes a character. */
        (void)piece_take(&text, piece);
        fputs(piece, stream);
    }
}
