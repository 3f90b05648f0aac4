/* client.h: a tool's side of the client protocol: one connection at a time to one of several replicas, with any number of requests under way.
 *
 *     client_open --> WELCOME            client_submit, client_question ...   requests leave at once, by ids of the caller's
 *                                        client_next ....................... what came back, one event at a time, waiting or not
 *                                        client_reconnect .................. the next replica; what was outstanding must be sent again
 *
 *     client_ask, client_execute         one request from beginning to end: retries, resends (R3), goes on to the next replica
 *
 * Nothing is allocated after client_open. A load generator waits in poll(2) on client_fd; others wait in client_next. One thread per client. */
#ifndef WARD_CLI_CLIENT_H
#define WARD_CLI_CLIENT_H

#include "base/err.h"
#include "crypto/keys.h"
#include "net/address.h"
#include "wire/client.h"

#include <stdbool.h>
#include <stdint.h>

#define CLIENT_QUEUE_BYTES_DEFAULT (1u << 20) /* sent and not yet taken by the kernel */
#define CLIENT_RESEND_MS 250u                 /* R3: without an answer after it, the next replica is asked */

/* Where a replica is, and who it must prove to be. */
struct client_target {
    struct address address;
    uint8_t key[32]; /* the replica's transport key; not looked at for a UNIX socket */
    bool own;        /* a replica of this machine, whose word on nonces is enough (cli/nonce.h); the client does not look at it */
};

/* What became of the last target that was tried without success. */
struct client_failure {
    uint32_t target;
    int number; /* errno of the connection; 0: it was made, and broke */
};

struct client_config {
    struct client_target targets[MEMBERS_MAX]; /* asked in this order */
    uint32_t targets_count;                    /* 1 .. MEMBERS_MAX */
    const struct kx_keypair *key;              /* ours; NULL when every target is a UNIX socket */
    struct hash32 chain_id;                    /* hash of block 0; not looked at for a UNIX socket */
    struct hash32 genesis;                     /* the replica must serve this chain; zeros: whichever it serves */
    uint32_t queue_bytes;                      /* 0: CLIENT_QUEUE_BYTES_DEFAULT */
    struct client_failure *failure;            /* NULL, or where failures to connect are told; outlives the client */
};

struct client;

/* What came from the replica: an ADMITTED, REFUSED, ANSWER, BLOCK, or one receipt out of a RECEIPTS. */
struct client_event {
    enum client_type type;
    uint64_t id;             /* of the request; not of a BLOCK */
    uint16_t code;           /* REFUSED, ANSWER, RECEIPTS: numbers of wire/code.h, 0 = done */
    uint32_t retry_after_ms; /* REFUSED; 0: the same bytes can never succeed */
    uint64_t height;         /* RECEIPTS, ANSWER, BLOCK */
    uint64_t time_ms;        /* RECEIPTS, BLOCK: of the block */
    uint64_t age_ms;         /* ANSWER: of the state that was asked */
    uint32_t index;          /* RECEIPTS: place in the block */
    uint32_t commands_count; /* BLOCK */
    struct hash32 hash;      /* BLOCK */
    struct bytes answer;     /* ANSWER. View: until the next call that receives */
    bool resent;             /* client_execute: the command was sent more than once */
    bool taken;              /* client_execute: an earlier attempt may have been taken in: it was admitted, or got no answer; so a NONCE_LOW may mean that
                                the command is executed. While each attempt was refused, no replica has it */
};

/* client_open connects to the first target that answers, and waits for its WELCOME. Owns: the key must outlive the client.
 * Fails: ERR_NO_MEMORY; else what the last target gave: ERR_NOT_FOUND (name), ERR_PERMISSION, ERR_CLOSED (nobody listens, wrong key, another
 * chain), ERR_CONFLICT (another chain, it says), ERR_FORMAT, ERR_TIMEOUT, ERR_IO. */
enum err client_open(struct client **out, const struct client_config *config, uint32_t timeout_ms);
void client_close(struct client *client);

/* client_reconnect leaves the present replica and connects to the next that answers; what was outstanding gets no answer any more.
 * Fails: as client_open; the client is without a connection then, and every call but this and client_close gives ERR_CLOSED. */
enum err client_reconnect(struct client *client, uint32_t timeout_ms);

/* client_welcome gives what the present replica said of itself; client_target which target it is. */
const struct client_welcome *client_welcome(const struct client *client);
uint32_t client_target(const struct client *client);

/* client_peer gives the replica that said the last word. */
const struct client_target *client_peer(const struct client *client);

/* client_submit sends a command (envelope and payload). With timeout_ms 0 it never waits.
 * Needs: an id that is not outstanding; 1 .. ENVELOPE_BYTES_MAX + PAYLOAD_BYTES_MAX bytes. Fails: ERR_FULL (the queue stays full: receive, or
 * wait), ERR_CLOSED. Cost: two copies, at most one system call. The replica refuses more than CLIENT_OUTSTANDING_MAX at once. */
enum err client_submit(struct client *client, uint64_t id, struct bytes command, uint32_t timeout_ms);

/* A question: QUERY, with flags CLIENT_FLAG_GATED or 0; PROVE, STATUS with 0. */
struct client_call {
    enum client_type type;
    uint8_t flags;
    struct bytes question; /* at most CLIENT_GATED_BYTES_MAX bytes */
};

/* client_question sends a question. Needs: an id that is not outstanding. Fails: as client_submit. */
enum err client_question(struct client *client, uint64_t id, const struct client_call *call, uint32_t timeout_ms);

/* client_subscribe asks for a BLOCK for each block that is executed from now on. Fails: as client_submit. */
enum err client_subscribe(struct client *client, uint64_t from_height, uint32_t timeout_ms);

/* client_next gives the next event; timeout_ms 0 asks without waiting. It also sends what waits in the queue.
 * Fails: ERR_TIMEOUT (nothing came), ERR_CLOSED, ERR_FORMAT (the replica breaks the protocol); after the last two: client_reconnect. */
enum err client_next(struct client *client, struct client_event *event, uint32_t timeout_ms);

/* For a loop of the caller's own: poll client_fd for POLLIN, and for POLLOUT while client_wants_write; then call client_next with 0 until it
 * gives ERR_TIMEOUT. The descriptor changes with client_reconnect; -1 without a connection. */
int client_fd(const struct client *client);
bool client_wants_write(const struct client *client);

/* client_ask asks one question and waits for the ANSWER. While a replica refuses for now, is gone, or says nothing, it is asked again or the
 * next one is, until timeout_ms are over. Needs: nothing is outstanding.
 * Gives: *answer, of type CLIENT_ANSWER, or CLIENT_REFUSED for good. Fails: ERR_TIMEOUT, or as client_open when no target is left. */
enum err client_ask(struct client *client, const struct client_call *call, struct client_event *answer, uint32_t timeout_ms);

/* client_execute submits one command and waits for its receipt, resending it as R3 says. Needs: nothing is outstanding.
 * Gives: *receipt, of type CLIENT_RECEIPTS with its code, or CLIENT_REFUSED for good. Fails: as client_ask; the command may be executed all
 * the same: its receipt can be asked for by its id. With ERR_TIMEOUT *receipt is the last word: of type CLIENT_REFUSED, CLIENT_ADMITTED (its code says
 * why a replica had given the command back before, 0: none had), or 0 (none). A refusal for longer than the time that is left is told at once. */
enum err client_execute(struct client *client, struct bytes command, struct client_event *receipt, uint32_t timeout_ms);

#endif
