/* replica_kit.h: a replica as a tool sees it, on a UNIX socket, whose answers the test decides. */
#ifndef WARD_TESTS_CLI_REPLICA_KIT_H
#define WARD_TESTS_CLI_REPLICA_KIT_H

#include "net/frame.h"
#include "wire/client.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct fake_replica;

/* Told of every frame but HELLO. Gives: false to close the connection. It runs on the replica's thread. */
typedef bool fake_handler(struct fake_replica *replica, const struct frame *frame);

struct fake_replica {
    char path[64];
    struct hash32 genesis;
    uint16_t member;
    fake_handler *handler;
    void *context;    /* the test's */
    uint64_t height;  /* of its receipts; 0: 7 */
    bool mute;        /* does not even greet */
    int listener, fd; /* fd: of the present connection */
    atomic_uint connections, frames; /* frames: without HELLO */
    pthread_t thread;
};

/* fake_start listens on a fresh path. Needs: genesis, member, handler, context and mute are set. */
void fake_start(struct fake_replica *replica);

/* fake_stop ends it; the socket's path is gone. */
void fake_stop(struct fake_replica *replica);

/* Answers, for handlers. */
void fake_send(struct fake_replica *replica, enum client_type type, const void *body, size_t size);
void fake_admit(struct fake_replica *replica, uint64_t id);
void fake_refuse(struct fake_replica *replica, uint64_t id, uint16_t code, uint32_t retry_after_ms);
void fake_answer(struct fake_replica *replica, const struct client_answer *answer);
void fake_receipts(struct fake_replica *replica, const struct client_receipt *receipts, uint32_t count);

#endif
