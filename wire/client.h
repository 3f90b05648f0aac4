/* client.h: what clients and replicas say to each other. Frame types from 0x40 on; types below are between replicas (wire/message.h).
 *
 *   client                         replica
 *   HELLO(version, chain tag)  ->
 *                              <-  WELCOME(member, n, genesis hash, height)     or the connection ends
 *   SUBMIT(id, command)        ->
 *                              <-  ADMITTED(id) | REFUSED(id, code, retry after)
 *                              <-  RECEIPTS(height, time, {id, index, code}...)  after commit and execution
 *   QUERY(id, question)        ->
 *                              <-  ANSWER(id, code, height, age, bytes)
 *   PROVE(id, height)          ->
 *                              <-  ANSWER(...)
 *   STATUS(id)                 ->
 *                              <-  ANSWER(...): text lines "name value"
 *   SUBSCRIBE(from height)     ->
 *                              <-  BLOCK(height, hash, time, commands), one per committed block
 *
 * Ids are the client's, unique among its outstanding requests (at most CLIENT_OUTSTANDING_MAX). Little-endian; layouts in docs/wire.md.
 * Decoders take a whole frame body and demand all of it. */
#ifndef WARD_WIRE_CLIENT_H
#define WARD_WIRE_CLIENT_H

#include "base/bytes.h"
#include "crypto/hash.h"
#include "wire/limits.h"

#include <stdint.h>

#define CLIENT_PROTOCOL_VERSION 1
#define CHAIN_TAG_BYTES 8
#define CLIENT_FLAG_GATED 0x01u     /* of a QUERY frame: answer only after a read of a quorum (Q5); for whatever releases a record */
#define CLIENT_GATED_BYTES_MAX 1024 /* of a gated question */

enum client_type {
    CLIENT_HELLO = 0x40,
    CLIENT_WELCOME = 0x41,
    CLIENT_SUBMIT = 0x42,
    CLIENT_ADMITTED = 0x43,
    CLIENT_REFUSED = 0x44,
    CLIENT_RECEIPTS = 0x45,
    CLIENT_PROVE = 0x46,
    CLIENT_QUERY = 0x47,
    CLIENT_ANSWER = 0x48,
    CLIENT_STATUS = 0x49,
    CLIENT_SUBSCRIBE = 0x4a,
    CLIENT_BLOCK = 0x4b,
};

struct client_hello {
    uint8_t chain_tag[CHAIN_TAG_BYTES]; /* first bytes of the genesis hash; zeros: tell me */
};

struct client_welcome {
    uint16_t member;        /* index of the replica that answers */
    uint16_t members_count; /* n */
    struct hash32 genesis;
    uint64_t height;        /* highest executed block */
};

struct client_submit {
    uint64_t id;
    struct bytes command; /* envelope, then its payload if it has one. View. 1 .. ENVELOPE_BYTES_MAX + PAYLOAD_BYTES_MAX bytes */
};

struct client_refused {
    uint64_t id;
    uint16_t code;           /* numbers of wire/code.h */
    uint32_t retry_after_ms; /* 0: the same bytes can never succeed */
};

#define CLIENT_RECEIPT_BYTES 16
#define CLIENT_RECEIPTS_HEAD_BYTES 20

struct client_receipt {
    uint64_t id;
    uint32_t index; /* place in the block, from 0 */
    uint16_t code;  /* 0: executed */
};

struct client_receipts {
    uint64_t height;
    uint64_t time_ms; /* block time */
    uint32_t count;
    struct bytes items; /* count x CLIENT_RECEIPT_BYTES, read by client_receipt_next. View */
};

struct client_question {
    uint64_t id;
    struct bytes question; /* QUERY: the ledger's question; PROVE: a height, u64; STATUS: empty. View */
};

struct client_answer {
    uint64_t id;
    uint16_t code;       /* 0, or why there is no answer */
    uint64_t height;     /* state that was asked */
    uint64_t age_ms;     /* since that block's time by the replica's clock */
    struct bytes answer; /* View */
};

struct client_block {
    uint64_t height;
    struct hash32 hash;
    uint64_t time_ms;
    uint32_t commands_count;
};

void client_hello_encode(const struct client_hello *hello, struct writer *writer);
enum verdict client_hello_decode(struct client_hello *hello, struct bytes body);
void client_welcome_encode(const struct client_welcome *welcome, struct writer *writer);
enum verdict client_welcome_decode(struct client_welcome *welcome, struct bytes body);
void client_submit_encode(const struct client_submit *submit, struct writer *writer);
enum verdict client_submit_decode(struct client_submit *submit, struct bytes body);
void client_admitted_encode(uint64_t id, struct writer *writer);
enum verdict client_admitted_decode(uint64_t *id, struct bytes body);
void client_refused_encode(const struct client_refused *refused, struct writer *writer);
enum verdict client_refused_decode(struct client_refused *refused, struct bytes body);
/* client_receipts_encode writes the head; the caller then writes count receipts with client_receipt_encode. */
void client_receipts_encode(const struct client_receipts *receipts, struct writer *writer);
void client_receipt_encode(const struct client_receipt *receipt, struct writer *writer);
enum verdict client_receipts_decode(struct client_receipts *receipts, struct bytes body);
/* client_receipt_next reads one receipt. Needs: the reader stands in the items of decoded receipts; at most count calls. */
void client_receipt_next(struct reader *items, struct client_receipt *receipt);
/* One shape for QUERY, PROVE and STATUS. */
void client_question_encode(const struct client_question *question, struct writer *writer);
enum verdict client_question_decode(struct client_question *question, struct bytes body);
void client_answer_encode(const struct client_answer *answer, struct writer *writer);
enum verdict client_answer_decode(struct client_answer *answer, struct bytes body);
void client_subscribe_encode(uint64_t from_height, struct writer *writer);
enum verdict client_subscribe_decode(uint64_t *from_height, struct bytes body);
void client_block_encode(const struct client_block *block, struct writer *writer);
enum verdict client_block_decode(struct client_block *block, struct bytes body);

#endif
