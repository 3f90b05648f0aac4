/* envelope.h: the signed command: layout, stateless checks, transaction id, the signatures that remain to be verified.
 *
 *   off  size                                    off  size
 *     0    1  version = 1                         60   32  sender public key
 *     1    1  type                                92   32  payload_hash (0 = none)
 *     2    2  flags: b0 payload, rest 0          124    4  payload_len <= 8192
 *     4    8  chain tag (genesis hash prefix)    128    2  body_len <= 4096
 *    12    8  nonce                              130    1  cosigners 0..3
 *    20    8  valid_until, ms                    131    1  0
 *    28   32  sender account
 *   then body, cosigners x {account 32, key 32, signature 64} in order of account, the sender's signature 64. Big-endian.
 *
 * The payload travels beside the command: execution, receipts and roots never read it. Everything here is decided without state;
 * what the body *means* is the ledger's, but its length and the number of its items are checked here, because the cost of a block
 * and the proof of possession depend on them. Source: docs/wire.md, Command. */
#ifndef WARD_WIRE_ENVELOPE_H
#define WARD_WIRE_ENVELOPE_H

#include "base/bytes.h"
#include "crypto/hash.h"
#include "wire/account.h"
#include "wire/code.h"
#include "wire/limits.h"

#include <stdbool.h>
#include <stdint.h>

#define ENVELOPE_VERSION 1
#define ENVELOPE_FLAG_PAYLOAD 1u
#define ENVELOPE_VALID_MS_MAX 600000u /* valid_until lies in (T, T + this] */
#define ENVELOPE_SIGNATURES_MAX (1 + ENVELOPE_COSIGNERS_MAX + 1)

/* The command types that are built. Every other number is refused with TYPE. */
enum command_type {
    COMMAND_ACTOR_SET = 3,
    COMMAND_PATIENT_REGISTER = 4,
    COMMAND_POINTER_ADD = 8,
    COMMAND_POINTER_DECIDE = 9,
    COMMAND_POINTER_STATUS = 10,
    COMMAND_GRANT = 11,
    COMMAND_REVOKE = 12,
    COMMAND_ACCESS_REQUEST = 13,
    COMMAND_DISCLOSE = 14,
    COMMAND_PATIENT_SET = 19
};
#define COMMAND_TYPE_MAX 19

/* The shape of a body: `head_bytes`, then n items of `item_bytes`; n is the byte at `count_offset`. item_bytes 0: no items. */
struct command_shape {
    uint16_t head_bytes;   /* 0: the type does not exist */
    uint8_t count_offset;  /* of n within the head */
    uint8_t items_min;
    uint8_t items_max;
    uint8_t item_bytes;
    uint16_t cost_us;      /* static cost of the head on the reference core */
    uint16_t cost_item_us; /* and of each item */
};

struct cosigner {
    const uint8_t *account;   /* 32 bytes */
    const uint8_t *key;       /* 32 bytes */
    const uint8_t *signature; /* 64 bytes; NULL in a draft */
};

/* A view of an envelope: all pointers lead into the caller's bytes, which must outlive it. */
struct envelope {
    uint8_t type; /* enum command_type */
    uint16_t flags;
    uint64_t chain_tag;
    uint64_t nonce;          /* 1 .. */
    uint64_t valid_until_ms; /* block time */
    const uint8_t *sender;   /* 32 bytes: account */
    const uint8_t *key;      /* 32 bytes: the sender's current public key */
    const uint8_t *payload_hash; /* 32 bytes, zeros without a payload */
    uint32_t payload_bytes;      /* 0 without a payload */
    struct bytes body;
    uint32_t cosigners_count;
    struct cosigner cosigners[ENVELOPE_COSIGNERS_MAX];
    const uint8_t *signature; /* 64 bytes; NULL in a draft */
};

/* One signature that remains to be verified, and the refusal that follows when it is not valid: SIG, COSIG or POP. */
struct envelope_signature {
    const uint8_t *key; /* 32 bytes */
    struct hash32 digest;
    const uint8_t *signature; /* 64 bytes */
    enum code refusal;
};

/* envelope_size gives the length of the envelope at the front of `bytes`, from its own fields; 0 when they are not there, or it would be longer than
 * bytes or than ENVELOPE_BYTES_MAX. Any input is safe. */
size_t envelope_size(struct bytes bytes);

/* envelope_decode reads one whole envelope and checks its form: layout, known type, body length and items, reserved bits, order of
 * cosigners, presence of a payload. Gives: OK, or 100, 101, 103, 104, 105, 108, 114, 115. Any input is safe.
 * Fails: *envelope is undefined unless OK. Cost: no hash. */
enum code envelope_decode(struct envelope *envelope, struct bytes bytes);

/* envelope_check_chain tells whether the envelope was made for this chain: OK or CHAIN (102). */
enum code envelope_check_chain(const struct envelope *envelope, const struct hash32 *genesis);

/* envelope_check_time tells whether valid_until lies in (time_ms, time_ms + 600,000]: OK, EXPIRED (111) or EXPIRY_FAR (112).
 * At admission time_ms is the last block's time or the wall clock, whichever is later; in a block it is the block's own. */
enum code envelope_check_time(const struct envelope *envelope, uint64_t time_ms);

/* envelope_check_payload compares the detached payload with what was signed: OK, 113, 114 or 115. Any input is safe.
 * Cost: one hash of the payload. envelope_check_payload_bytes compares the length alone: OK, 113 or 114. */
enum code envelope_check_payload(const struct envelope *envelope, struct bytes payload);
enum code envelope_check_payload_bytes(const struct envelope *envelope, size_t payload_bytes);

/* envelope_tx_id gives the transaction id, which is the digest that the sender signs:
 * H("WARD/tx/v1" || genesis || header || body || each cosigner's account and key). Signatures may still be missing. Cost: one hash. */
struct hash32 envelope_tx_id(const struct envelope *envelope, const struct hash32 *genesis);

/* envelope_tx_ids gives the same for n envelopes at once, from their bytes as envelope_decode accepted them. Needs: none has a cosigner.
 * Cost: one hash each, side by side. */
void envelope_tx_ids(struct hash32 *ids, const struct bytes *envelopes, size_t n, const struct hash32 *genesis);

/* envelope_cosign_digest gives what a cosigner signs: H("WARD/co/v1" || tx_id || own account). */
struct hash32 envelope_cosign_digest(const struct hash32 *tx_id, const uint8_t account[ACCOUNT_BYTES]);

/* envelope_pop_digest gives what the holder of a new actor's key signs:
 * H("WARD/pop/v1" || genesis || type || organisation || kind || account || key || kx key). Needs: an ACTOR_SET body of full length. */
struct hash32 envelope_pop_digest(const struct envelope *envelope, const struct hash32 *genesis);

/* envelope_signatures lists every signature of the envelope: the sender's first, then the cosigners', then a proof of possession.
 * Gives: how many. Needs: no draft. Cost: one hash for each but the first. */
uint32_t envelope_signatures(const struct envelope *envelope, const struct hash32 *genesis, const struct hash32 *tx_id,
                             struct envelope_signature out[ENVELOPE_SIGNATURES_MAX]);

/* envelope_signatures_count gives how many envelope_signatures would list. Cost: no hash. */
uint32_t envelope_signatures_count(const struct envelope *envelope);

/* envelope_new_key gives the key that this command would bring into the registry, or NULL. It must be canonical and torsion-free
 * (ed25519_key_is_strong), else the command is refused with WEAK_KEY (212): a stateless check, left to who may do curve arithmetic. */
const uint8_t *envelope_new_key(const struct envelope *envelope);

/* envelope_payer gives the account whose bucket pays: the sender's, of a registration its first cosigner's. View. */
const uint8_t *envelope_payer(const struct envelope *envelope);

/* envelope_static_cost gives the time in microseconds that executing the command may take at most on the reference core, from type and
 * number of items alone. The sum over a block is bounded by C_max (protocol rule V5). */
uint32_t envelope_static_cost(const struct envelope *envelope);

/* envelope_items gives n, the number of items in the body; 0 where the type has none. */
uint32_t envelope_items(const struct envelope *envelope);

/* envelope_encode writes the envelope. Needs: no draft; lengths within bounds. Fails: the writer fails when it is too small. */
void envelope_encode(const struct envelope *envelope, struct writer *writer);

/* command_shape_of gives the shape of a type's body, NULL when the type is not built. */
const struct command_shape *command_shape_of(uint8_t type);

/* command_type_name gives the upper-case name of a type, "UNKNOWN" for others. Owns: a constant. */
const char *command_type_name(uint8_t type);

#endif
