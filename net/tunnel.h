/* tunnel.h: one secure session over a stream of bytes: the handshake, then records. Sans-IO: bytes in, bytes out.
 *
 *     dialler                                              listener
 *     tunnel_dial  | -- hello: tag 16, first message 96 -> |  TUNNEL_HELLO: tunnel_hello_check, tunnel_accept, who is it?
 *     TUNNEL_READY | <-------------- second message 48 --- |  tunnel_answer
 *                  | -- record, record ... --------------> |  TUNNEL_PLAIN
 *     TUNNEL_PLAIN | <-------------- record, record ... -- |
 *
 * Neither side believes in the other before its first valid record: a hello can be replayed by anybody who saw it. That record has at most
 * TUNNEL_FIRST_PLAIN bytes of plaintext in each direction, so that a half-open session needs little memory.
 * The prologue is "WARD", the transport's version and the chain id: a session between two chains cannot come about.
 * Source: docs/wire.md, Transport. */
#ifndef WARD_NET_TUNNEL_H
#define WARD_NET_TUNNEL_H

#include "base/bytes.h"
#include "crypto/channel.h"
#include "crypto/handshake.h"
#include "crypto/hash.h"
#include "crypto/keys.h"

#define TUNNEL_VERSION 1u
#define TUNNEL_HELLO_BYTES HANDSHAKE_HELLO_BYTES
#define TUNNEL_SECOND_BYTES HANDSHAKE_SECOND_BYTES
#define TUNNEL_FIRST_PLAIN 4096u
#define TUNNEL_ROOM_MIN (TUNNEL_FIRST_PLAIN + CHANNEL_OVERHEAD)

enum tunnel_state {
    TUNNEL_LISTENING, /* waits for a hello */
    TUNNEL_CALLED,    /* a hello is here, nothing of it is believed */
    TUNNEL_KNOWN,     /* the caller's key is known; tunnel_answer is next */
    TUNNEL_DIALLING,  /* a hello was made; waits for the second message */
    TUNNEL_OPEN,      /* keys are there */
    TUNNEL_OVER       /* failed or closed; secrets are wiped */
};

/* Who we are: the same for every tunnel of a process. */
struct tunnel_identity {
    const struct kx_keypair *key; /* Owns: the caller's */
    struct hash32 chain_id;
};

/* A run of bytes that may be overwritten. */
struct tunnel_span {
    uint8_t *data;
    size_t size;
};

struct tunnel {
    enum tunnel_state state;
    bool proved;                    /* a valid record has come */
    enum handshake_pattern pattern; /* known from TUNNEL_CALLED or TUNNEL_DIALLING on, once the hello's tag was right */
    uint8_t peer_key[32];           /* of the other side; a listener's from TUNNEL_KNOWN on */
    struct handshake handshake;
    struct channel channel;
    struct tunnel_span room;        /* what has come in part is kept here */
    uint32_t held;                  /* bytes in the room */
};

/* Whom a dialler calls. */
struct tunnel_call {
    const uint8_t *peer_key; /* 32 bytes */
    const uint8_t *psk;      /* 32 bytes shared by the pair, or NULL */
    const uint8_t *seed;     /* 32 bytes from random_fill, fresh */
};

enum tunnel_event {
    TUNNEL_MORE,  /* the input is used up */
    TUNNEL_HELLO, /* a listener has a complete hello */
    TUNNEL_READY, /* a dialler has keys: it may send */
    TUNNEL_PLAIN, /* *plain is the plaintext of one record, possibly empty */
    TUNNEL_BAD    /* what came is not what must come; the tunnel is over: close without a word */
};

/* tunnel_dial begins as the calling side. Needs: a room of at least TUNNEL_ROOM_MIN bytes. Gives: a hello and true; false when the peer's
 * key is of small order, so that nobody can have it. Cost: three scalar multiplications. */
bool tunnel_dial(struct tunnel *tunnel, const struct tunnel_identity *identity, const struct tunnel_call *call, struct tunnel_span room, uint8_t hello[TUNNEL_HELLO_BYTES]);

/* tunnel_listen begins as the called side. Needs: a room of at least TUNNEL_ROOM_MIN bytes. Cost: nothing. */
void tunnel_listen(struct tunnel *tunnel, struct tunnel_span room);

/* tunnel_receive takes bytes from the front of *input, which it may overwrite. Any bytes are safe.
 * Needs: state LISTENING, DIALLING or OPEN. Gives: one event; ask again while it is READY or PLAIN. *plain holds until the next call
 * or until the input is gone. Cost: READY two Diffie-Hellman, PLAIN one pass, and one copy of what came in pieces. */
enum tunnel_event tunnel_receive(struct tunnel *tunnel, struct tunnel_span *input, struct bytes *plain);

/* tunnel_hello_check tells whether the hello is for us, by its tag. Needs: state CALLED. Cost: two to four hashes, no Diffie-Hellman. */
bool tunnel_hello_check(struct tunnel *tunnel, const struct tunnel_identity *identity);

/* tunnel_accept reads the first message. Needs: a hello that tunnel_hello_check found good; seed of 32 bytes from random_fill, fresh.
 * Gives: true, and tunnel->peer_key and pattern are known; false ends the tunnel. Cost: three scalar multiplications. */
bool tunnel_accept(struct tunnel *tunnel, const struct tunnel_identity *identity, const uint8_t seed[32]);

/* tunnel_answer makes the second message; the tunnel is then open. Needs: state KNOWN; psk exactly when the pattern is HANDSHAKE_IKPSK2.
 * Gives: true; false ends the tunnel. Cost: two scalar multiplications. */
bool tunnel_answer(struct tunnel *tunnel, const uint8_t *psk, uint8_t second[TUNNEL_SECOND_BYTES]);

/* tunnel_seal makes one record in place. Needs: state OPEN; size <= CHANNEL_PLAINTEXT_MAX bytes of plaintext (none makes a record that ends the other side) at out + CHANNEL_HEADER_BYTES, room for
 * size + CHANNEL_OVERHEAD at out. Gives: the record's size; 0 when the session's nonces are used up. Cost: one pass. */
size_t tunnel_seal(struct tunnel *tunnel, uint8_t *out, size_t size);

/* tunnel_move gives the tunnel another room and takes along what is held. Needs: it fits. Gives: nothing; the room's size now bounds a record. */
void tunnel_move(struct tunnel *tunnel, struct tunnel_span room);

/* tunnel_close wipes all secrets. */
void tunnel_close(struct tunnel *tunnel);

#endif
