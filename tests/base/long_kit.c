/* long_kit.c: see long_kit.h. */
#include "tests/base/long_kit.h"

#include <stdlib.h>
#include <string.h>

bool is_long(void)
{
    const char *text = getenv("WARD_LONG");

    return text != NULL && strcmp(text, "1") == 0;
}

bool is_sanitized(void)
{
#ifdef WARD_DEBUG
    return true;
#else
    return false;
#endif
}

bool is_thread_build(void)
{
#ifdef __SANITIZE_THREAD__
    return true;
#else
    return false;
#endif
}

bool is_brief(void) { return is_sanitized() && !is_long(); }
