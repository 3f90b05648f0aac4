/* err.c: names of the codes, in the order of the enums. */
#include "base/err.h"

#include "base/assert.h"

static const char *const err_names[] = {
    [ERR_OK] = "ok",
    [ERR_AGAIN] = "again",
    [ERR_FULL] = "full",
    [ERR_NOT_FOUND] = "not_found",
    [ERR_EXISTS] = "exists",
    [ERR_INVALID] = "invalid",
    [ERR_FORMAT] = "format",
    [ERR_VERSION] = "version",
    [ERR_IO] = "io",
    [ERR_NO_SPACE] = "no_space",
    [ERR_NO_MEMORY] = "no_memory",
    [ERR_CLOSED] = "closed",
    [ERR_TIMEOUT] = "timeout",
    [ERR_PERMISSION] = "permission",
    [ERR_UNSUPPORTED] = "unsupported",
    [ERR_CONFLICT] = "conflict",
};

static const char *const verdict_names[] = {
    [VERDICT_OK] = "ok",
    [VERDICT_SHORT] = "short",
    [VERDICT_TRAILING] = "trailing",
    [VERDICT_TYPE] = "type",
    [VERDICT_VERSION] = "version",
    [VERDICT_RESERVED] = "reserved",
    [VERDICT_RANGE] = "range",
    [VERDICT_LENGTH] = "length",
    [VERDICT_ORDER] = "order",
    [VERDICT_MEMBER] = "member",
    [VERDICT_QUORUM] = "quorum",
    [VERDICT_HASH] = "hash",
    [VERDICT_SIGNATURE] = "signature",
    [VERDICT_EPOCH] = "epoch",
    [VERDICT_STALE] = "stale",
    [VERDICT_EARLY] = "early",
    [VERDICT_CONFLICT] = "conflict",
};

_Static_assert(sizeof err_names / sizeof err_names[0] == ERR_COUNT, "every err has a name");
_Static_assert(sizeof verdict_names / sizeof verdict_names[0] == VERDICT_COUNT, "every verdict has a name");

const char *err_name(enum err err)
{
    ASSERT(err < ERR_COUNT);
    return err_names[err];
}

const char *verdict_name(enum verdict verdict)
{
    ASSERT(verdict < VERDICT_COUNT);
    return verdict_names[verdict];
}
