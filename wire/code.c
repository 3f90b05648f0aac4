/* code.c: names and classes of result codes, from the one table. */
#include "wire/code.h"

const char *code_name(unsigned number)
{
    switch (number) {
#define CODE_NAME(value, name, text) case value: return #name;
        CODES(CODE_NAME)
#undef CODE_NAME
    default: return "UNKNOWN";
    }
}

const char *code_text(unsigned number)
{
    switch (number) {
#define CODE_TEXT(value, name, text) case value: return text;
        CODES(CODE_TEXT)
#undef CODE_TEXT
    default: return "unknown code";
    }
}

const char *reason_name(unsigned number)
{
    switch (number) {
#define REASON_NAME(value, name, text) case value: return #name;
        REASONS(REASON_NAME)
#undef REASON_NAME
    default: return "UNKNOWN";
    }
}

const char *reason_text(unsigned number)
{
    switch (number) {
#define REASON_TEXT(value, name, text) case value: return text;
        REASONS(REASON_TEXT)
#undef REASON_TEXT
    default: return "unknown reason";
    }
}

bool code_is_known(unsigned number)
{
    switch (number) {
#define CODE_KNOWN(value, name, text) case value:
        CODES(CODE_KNOWN)
#undef CODE_KNOWN
        return true;
    default: return false;
    }
}

bool code_is_refusal(enum code code)
{
    unsigned number = (unsigned)code;

    return (number >= CODE_MALFORMED && number <= CODE_COSIG_SET) || (number >= CODE_EXPIRED && number <= CODE_PAYLOAD_SIZE) ||
           number == CODE_POP || number == CODE_WEAK_KEY;
}

bool code_is_sender(enum code code)
{
    return code == CODE_NONCE_LOW || code == CODE_NONCE_GAP || code == CODE_RATE || code == CODE_DUPLICATE || code == CODE_SENDER_UNKNOWN ||
           code == CODE_KEY_NOT_CURRENT;
}
