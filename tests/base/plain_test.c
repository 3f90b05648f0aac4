/* plain_test.c: no byte of others' text reaches a terminal as more than a letter. */
#include "base/plain.h"

#include <criterion/criterion.h>
#include <string.h>

Test(plain, what_would_steer_a_terminal_is_shown_and_all_else_is_as_it_was)
{
    static const struct { const char *text, *shown; } rows[] = {
        { "", "" },
        { "St. Mercy's, 3rd floor\\x", "St. Mercy's, 3rd floor\\x" },
        { "\x1b]0;owned\x07", "\\x1b]0;owned\\x07" },
        { "a\rb\nc\td\x7f", "a\\x0db\\x0ac\\x09d\\x7f" },
        { "Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x8f\xa5", "Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x8f\xa5" },
        { "\xc2\x9b" "31m", "\\u009b31m" },
        { "\xe2\x80\xae" "evil", "\\u202eevil" },
        { "\xe2\x80\xa8\xe2\x81\xa6\xd8\x9c", "\\u2028\\u2066\\u061c" },
        { "\x80\xff\xc0\xaf", "\\x80\\xff\\xc0\\xaf" },
        { "\xed\xa0\x80", "\\xed\\xa0\\x80" },
        { "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
        { "\xe0\x9f\xbf", "\\xe0\\x9f\\xbf" },
        { "\xe2\x82", "\\xe2\\x82" },
        { "\xf0\x9f\x8f", "\\xf0\\x9f\\x8f" },
    };
    char out[128];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(plain_copy(out, sizeof out, rows[i].text), strlen(rows[i].shown));
        cr_assert_str_eq(out, rows[i].shown, "row %zu", i);
    }
}

Test(plain, a_copy_is_cut_behind_a_whole_character)
{
    char out[16];

    for (size_t room = 1; room <= sizeof out; room++) {
        size_t used = plain_copy(out, room, "\xc3\xbc\x1b\xe2\x82\xac");
        cr_assert_lt(used, room);
        cr_assert_eq(used, strlen(out));
        cr_assert(used == 0 || used == 2 || used == 6 || used == 9, "%zu of %zu", used, room);
    }
}

/* Every byte on its own, and every pair behind each lead: what comes out has no control character in it. */
Test(plain, no_two_bytes_make_a_control_character)
{
    char out[64];

    for (unsigned a = 1; a < 256; a++) {
        for (unsigned b = 1; b < 256; b++) {
            const char text[3] = { (char)a, (char)b, 0 };
            (void)plain_copy(out, sizeof out, text);
            for (const char *c = out; *c != '\0'; c++) {
                cr_assert((unsigned char)*c >= 0x20 && *c != 0x7f, "%02x %02x", a, b);
                cr_assert(!((unsigned char)c[0] == 0xc2 && (unsigned char)c[1] < 0xa0), "%02x %02x", a, b);
            }
        }
    }
}

Test(plain, a_text_of_any_length_is_printed)
{
    static char text[100001], out[sizeof text];
    FILE *stream = tmpfile();

    memset(text, 'x', sizeof text - 1);
    text[70000] = '\x1b';
    cr_assert_not_null(stream);
    plain_print(stream, text);
    rewind(stream);
    cr_assert_eq(fread(out, 1, sizeof out - 1, stream), sizeof out - 1);
    cr_assert_eq(memcmp(out + 69999, "x\\x1bx", 6), 0);
    fclose(stream);
}
