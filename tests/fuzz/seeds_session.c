/* seeds_session.c: see seeds_session.h. The first byte of each is that of session_fuzz.c. */
#include "tests/fuzz/seeds_session.h"

#include "net/frame.h"
#include "tests/fuzz/fuzz.h"
#include "wire/client.h"

enum { FLOOD = 70, COMMAND_BYTES = 120 };

static uint8_t room[1 << 16], body[2048], filled[2048];

static void frame_put(struct writer *writer, const struct frame_header *header, const uint8_t *bytes)
{
    uint8_t head[FRAME_HEADER_BYTES];

    frame_header_encode(header, head);
    write_run(writer, head, sizeof head);
    write_run(writer, bytes, header->length);
}

/* One frame of a client: the body is what `inner` holds. */
static void client_put(struct writer *writer, enum client_type type, const struct writer *inner)
{
    CHECK(!inner->failed);
    frame_put(writer, &(struct frame_header){ .type = (uint8_t)type, .version = CLIENT_PROTOCOL_VERSION, .length = (uint32_t)inner->offset }, inner->data);
}

static struct writer begin(uint8_t manner, uint8_t tag)
{
    struct writer writer, inner;

    writer_init(&writer, room, sizeof room);
    write_u8(&writer, manner);
    writer_init(&inner, body, sizeof body);
    client_hello_encode(&(struct client_hello){ .chain_tag = { tag } }, &inner);
    client_put(&writer, CLIENT_HELLO, &inner);
    return writer;
}

static void submit_put(struct writer *writer, uint64_t id)
{
    struct writer inner;

    writer_init(&inner, body, sizeof body);
    client_submit_encode(&(struct client_submit){ id, bytes_of(filled, COMMAND_BYTES) }, &inner);
    client_put(writer, CLIENT_SUBMIT, &inner);
}

static void question_put(struct writer *writer, enum client_type type, uint64_t id, uint32_t bytes)
{
    struct writer inner;

    writer_init(&inner, body, sizeof body);
    client_question_encode(&(struct client_question){ id, bytes_of(filled, bytes) }, &inner);
    client_put(writer, type, &inner);
}

/* What a client may do, once each, and often: more requests than there are waiters, more questions than are answered at once. */
static void right_seeds(void (*save)(const char *, const char *, const struct writer *))
{
    struct writer writer = begin(2 | 8 | 16, 7), inner;

    writer_init(&inner, body, sizeof body);
    client_subscribe_encode(1, &inner);
    client_put(&writer, CLIENT_SUBSCRIBE, &inner);
    for (uint64_t id = 1; id <= 3; id++) {
        submit_put(&writer, id);
    }
    question_put(&writer, CLIENT_QUERY, 4, 20);
    question_put(&writer, CLIENT_STATUS, 5, 0);
    question_put(&writer, CLIENT_PROVE, 6, 8);
    save("session", "each", &writer);
    writer = begin(2 | 8, 0);
    for (uint64_t id = 1; id <= FLOOD; id++) {
        submit_put(&writer, id);
    }
    save("session", "many-submits", &writer);
    for (uint8_t manner = 0; manner < 2; manner++) {
        writer = begin(manner, 0);
        for (uint64_t id = 1; id <= FLOOD; id++) {
            question_put(&writer, CLIENT_QUERY, id, 3);
        }
        save("session", manner == 0 ? "many-questions" : "many-questions-kept", &writer);
    }
}

/* What closes the connection: behind a right HELLO, a frame that is wrong in one way. */
static void wrong_seeds(void (*save)(const char *, const char *, const struct writer *))
{
    static const struct {
        const char *name;
        struct frame_header header;
    } rows[] = {
        { "wrong-version", { CLIENT_STATUS, 0, CLIENT_PROTOCOL_VERSION + 1, 8 } },
        { "wrong-flags", { CLIENT_STATUS, 1, CLIENT_PROTOCOL_VERSION, 8 } },
        { "wrong-type", { CLIENT_WELCOME, 0, CLIENT_PROTOCOL_VERSION, 8 } },
        { "short-submit", { CLIENT_SUBMIT, 0, CLIENT_PROTOCOL_VERSION, 7 } },
        { "short-question", { CLIENT_QUERY, 0, CLIENT_PROTOCOL_VERSION, 7 } },
        { "short-subscribe", { CLIENT_SUBSCRIBE, 0, CLIENT_PROTOCOL_VERSION, 7 } },
    };
    struct writer writer;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        writer = begin(0, 0);
        frame_put(&writer, &rows[i].header, filled);
        save("session", rows[i].name, &writer);
    }
    writer = begin(0, 0);
    question_put(&writer, CLIENT_QUERY, 1, CLIENT_GATED_BYTES_MAX + 1);
    save("session", "long-question", &writer);
    writer = begin(0, 0);
    question_put(&writer, CLIENT_PROVE, 1, 7);
    save("session", "short-proof", &writer);
    writer = begin(0, 8);
    save("session", "other-chain", &writer);
    writer_init(&writer, room, sizeof room);
    write_u8(&writer, 0);
    frame_put(&writer, &(struct frame_header){ CLIENT_HELLO, 0, CLIENT_PROTOCOL_VERSION, 7 }, filled);
    save("session", "short-hello", &writer);
    writer_init(&writer, room, sizeof room);
    write_u8(&writer, 0);
    submit_put(&writer, 1);
    save("session", "no-hello", &writer);
}

void session_seeds(void (*save)(const char *target, const char *name, const struct writer *writer))
{
    for (size_t i = 0; i < sizeof filled; i++) {
        filled[i] = (uint8_t)(i * 7 + 11);
    }
    right_seeds(save);
    wrong_seeds(save);
}
