/* err.h: the two kinds of failure that are not our own mistake.
 *
 * `enum err` is the world's: disk, memory, peers gone. The caller must look at it and go on.
 * `enum verdict` is about a stranger's bytes: counted, answered or dropped; never asserted, never logged per message. */
#ifndef WARD_BASE_ERR_H
#define WARD_BASE_ERR_H

enum err {
    ERR_OK = 0,
    ERR_AGAIN,       /* not now; try when the condition that the function names has changed */
    ERR_FULL,        /* a bounded place is full */
    ERR_NOT_FOUND,   /* the thing asked for is not there */
    ERR_EXISTS,      /* it is there already */
    ERR_INVALID,     /* an argument that an operator or a file gave is wrong */
    ERR_FORMAT,      /* bytes that we wrote ourselves are not what they must be */
    ERR_VERSION,     /* a format newer than this build */
    ERR_IO,          /* the kernel reported a failed read, write, flush or socket call */
    ERR_NO_SPACE,    /* disk full */
    ERR_NO_MEMORY,   /* memory could not be taken at start */
    ERR_CLOSED,      /* the other side is gone */
    ERR_TIMEOUT,     /* the time that the caller gave is over */
    ERR_PERMISSION,  /* the operating system or a file mode forbids it */
    ERR_UNSUPPORTED, /* the machine cannot do it */
    ERR_CONFLICT,    /* two things that must agree differ: identity, genesis, configuration */
    ERR_COUNT
};

enum verdict {
    VERDICT_OK = 0,
    VERDICT_SHORT,     /* the bytes end before the object does */
    VERDICT_TRAILING,  /* bytes are left after the object */
    VERDICT_TYPE,      /* unknown type or kind */
    VERDICT_VERSION,   /* unknown version */
    VERDICT_RESERVED,  /* a reserved bit or a padding byte is set */
    VERDICT_RANGE,     /* a field is outside its legal range */
    VERDICT_LENGTH,    /* a length field is over its bound or contradicts the content */
    VERDICT_ORDER,     /* elements are not in canonical order, or repeated */
    VERDICT_MEMBER,    /* names a member that does not exist, or twice the same */
    VERDICT_QUORUM,    /* fewer signers than the rule asks for */
    VERDICT_HASH,      /* a digest does not match what it covers */
    VERDICT_SIGNATURE, /* a signature is not valid */
    VERDICT_EPOCH,     /* of another epoch, chain or genesis */
    VERDICT_STALE,     /* of a view, height or sequence that is over */
    VERDICT_EARLY,     /* of a view, height or sequence beyond the bound that is kept */
    VERDICT_CONFLICT,  /* contradicts what the same sender said before */
    VERDICT_COUNT
};

/* err_name gives the code as a lower-case word, such as "no_space".
 * Needs: err < ERR_COUNT. Owns: a constant. */
const char *err_name(enum err err);

/* verdict_name gives the verdict as a lower-case word, such as "trailing".
 * Needs: verdict < VERDICT_COUNT. Owns: a constant. */
const char *verdict_name(enum verdict verdict);

#endif
