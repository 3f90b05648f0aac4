/* message_types.c: what is fixed for each type of message: its word, whether it is signed, and which of its bytes come last; see message.h. */
#include "wire/message.h"

bool message_is_signed(enum message_type type)
{
    static const bool is_signed[MESSAGE_TYPE_END] = {
#define MESSAGE_SIGNED(number, name, value, word) [number] = value,
        MESSAGE_TYPES(MESSAGE_SIGNED)
#undef MESSAGE_SIGNED
    };
    return type < MESSAGE_TYPE_END && is_signed[type];
}

const char *message_word(unsigned type)
{
    static const char *const words[MESSAGE_TYPE_END] = {
#define MESSAGE_WORD(number, name, value, word) [number] = word,
        MESSAGE_TYPES(MESSAGE_WORD)
#undef MESSAGE_WORD
    };
    return type < MESSAGE_TYPE_END && words[type] != NULL ? words[type] : "unknown";
}

struct bytes message_tail(const struct message *message)
{
    switch (message->type) {
    case MESSAGE_PROPOSE:
        return message->propose.opening ? bytes_of(NULL, 0) : message->propose.body;
    case MESSAGE_TIMEOUT:
        return message->timeout.commands;
    case MESSAGE_QUERY:
        return message->query.commands;
    case MESSAGE_BUNDLE:
        return message->bundle.blocks;
    case MESSAGE_FORWARD:
        return message->forward.commands;
    case MESSAGE_SNAPSHOT:
        return message->snapshot.bytes;
    case MESSAGE_GONE:
    case MESSAGE_SNAPSHOT_ASK:
    case MESSAGE_NONE:
    case MESSAGE_HELLO:
    case MESSAGE_VOTE:
    case MESSAGE_CERT:
    case MESSAGE_COMMITVOTE:
    case MESSAGE_COMMITQC:
    case MESSAGE_TC:
    case MESSAGE_ABDICATE:
    case MESSAGE_ANSWER:
    case MESSAGE_READ:
    case MESSAGE_READ_ANSWER:
    case MESSAGE_FETCH:
    case MESSAGE_CKPT:
    case MESSAGE_CKPT_ASK:
    case MESSAGE_CKPT_CERT:
    case MESSAGE_QC:
    case MESSAGE_TYPE_END:
        break;
    }
    return bytes_of(NULL, 0);
}
