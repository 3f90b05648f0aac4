/* message_priv.h: what the files of the message codec share: an encoder and a decoder for each type whose layout is not that of a noun of its own
 * (docs/wire.md). Encoders write the head: all but trailing bytes. Decoders read everything, check form alone and may leave the reader failed, which
 * message_decode sees; any bytes are safe. `commit`: the type that carries it says that its ballots are of the commit kind, or that they are not. */
#ifndef WARD_WIRE_MESSAGE_PRIV_H
#define WARD_WIRE_MESSAGE_PRIV_H

#include "wire/message.h"

/* message_tail_decode reads trailing bytes behind their length u32: a view. Fails: VERDICT_LENGTH beyond size_max. */
enum verdict message_tail_decode(struct bytes *tail, uint32_t size_max, struct reader *reader);

/* message_flags_decode reads a byte of flags in which only the bits of `mask` may be set. */
enum verdict message_flags_decode(uint8_t *flags, uint8_t mask, struct reader *reader);

/* message_numbers_check tells whether both are numbers that the wire allows. */
enum verdict message_numbers_check(uint64_t a, uint64_t b);

/* --- What agreement is made of (message_agree.c) ------------------------------------------------------------------------------------------ */

void message_propose_encode(const struct message_propose *propose, struct writer *writer);
enum verdict message_propose_decode(struct message_propose *propose, struct reader *reader);
void message_vote_encode(const struct message_vote *vote, struct writer *writer);
enum verdict message_vote_decode(struct message_vote *vote, bool commit, struct reader *reader);
enum verdict message_cert_decode(struct cert *cert, bool commit, struct reader *reader);
void message_timeout_encode(const struct message_timeout *timeout, struct writer *writer);
enum verdict message_timeout_decode(struct message_timeout *timeout, struct reader *reader);
void message_abdicate_encode(const struct message_abdicate *abdicate, struct writer *writer);
enum verdict message_abdicate_decode(struct message_abdicate *abdicate, struct reader *reader);
void message_query_encode(const struct message_query *query, struct writer *writer);
enum verdict message_query_decode(struct message_query *query, struct reader *reader);
void message_answer_encode(const struct message_answer *answer, struct writer *writer);
enum verdict message_answer_decode(struct message_answer *answer, struct reader *reader);
void message_read_answer_encode(const struct message_read_answer *answer, struct writer *writer);
enum verdict message_read_answer_decode(struct message_read_answer *answer, struct reader *reader);

/* --- Where each stands, and catching up (message_catchup.c) -------------------------------------------------------------------------------- */

void message_hello_encode(const struct message_hello *hello, struct writer *writer);
enum verdict message_hello_decode(struct message_hello *hello, struct reader *reader);
void message_fetch_encode(const struct message_fetch *fetch, struct writer *writer);
enum verdict message_fetch_decode(struct message_fetch *fetch, struct reader *reader);
void message_bundle_encode(const struct message_bundle *bundle, struct writer *writer);
enum verdict message_bundle_decode(struct message_bundle *bundle, struct reader *reader);
void message_gone_encode(const struct message_gone *gone, struct writer *writer);
enum verdict message_gone_decode(struct message_gone *gone, struct reader *reader);
void message_ckpt_encode(const struct message_ckpt *ckpt, struct writer *writer);
enum verdict message_ckpt_decode(struct message_ckpt *ckpt, struct reader *reader);
void message_ckpt_ask_encode(const struct message_ckpt_ask *ask, struct writer *writer);
enum verdict message_ckpt_ask_decode(struct message_ckpt_ask *ask, struct reader *reader);
void message_snapshot_ask_encode(const struct message_snapshot_ask *ask, struct writer *writer);
enum verdict message_snapshot_ask_decode(struct message_snapshot_ask *ask, struct reader *reader);
void message_snapshot_encode(const struct message_snapshot *snapshot, struct writer *writer);
enum verdict message_snapshot_decode(struct message_snapshot *snapshot, struct reader *reader);

#endif
