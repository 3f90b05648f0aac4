/* exit.c: the words of the exit codes. */
#include "base/exit.h"

#include <stddef.h>

const char *exit_text(int code)
{
    static const struct {
        int number;
        const char *text;
    } rows[] = {
#define EXIT_ROW(number, name, text) { number, text },
        EXITS(EXIT_ROW)
#undef EXIT_ROW
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].number == code) {
            return rows[i].text;
        }
    }
    return "unknown";
}
