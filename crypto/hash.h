/* hash.h: H, the one cryptographic hash of Ward: BLAKE2b-256 with a domain tag in front.
 *
 * H(tag || fields) is the hash of the tag's ASCII characters, without a terminator, followed by the fields. Every tag in use is listed
 * in HASH_TAGS; no tag is a prefix of another (tested), so no two uses can produce the same input.
 * Signatures are always over such a digest. Pure: no IO, no allocation. */
#ifndef WARD_CRYPTO_HASH_H
#define WARD_CRYPTO_HASH_H

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_BYTES 32

struct hash32 {
    uint8_t bytes[HASH_BYTES];
};

/* Every domain of H. A tag that is not here does not exist; the numbers are not on any wire. */
#define HASH_TAGS(X)                                                                                                                                 \
    X(HASH_TX, "WARD/tx/v1")                   /* command digest = transaction id */                                                                 \
    X(HASH_COSIGN, "WARD/co/v1")               /* what a cosigner signs */                                                                           \
    X(HASH_POP, "WARD/pop/v1")                 /* proof of possession of an actor's or patient's key */                                              \
    X(HASH_ACCT, "WARD/acct")                  /* account from genesis, kind and initial key */                                                      \
    X(HASH_PTR, "WARD/ptr")                    /* pointer id from account and sequence */                                                            \
    X(HASH_CONTENT, "WARD/content")            /* salted commitment to a document's bytes */                                                         \
    X(HASH_LOCATOR, "WARD/locator")            /* locator_hash of a sealed locator */                                                                \
    X(HASH_COMMITMENT, "WARD/commitment")      /* other salted commitments: reason, form, evidence, statement */                                     \
    X(HASH_PAYLOAD, "WARD/payload")            /* payload_hash of an envelope */                                                                     \
    X(HASH_EVENTS, "WARD/digest/events")       /* the events digest in a receipt's leaf */                                                           \
    X(HASH_EVAL, "WARD/digest/eval")           /* the evaluation inputs digest in a receipt's leaf */                                                \
    X(HASH_STATE_LEAF, "WARD/leaf")            /* state tree leaf: key, value */                                                                     \
    X(HASH_STATE_NODE, "WARD/node")            /* state tree node: bit, left, right */                                                               \
    X(HASH_GENESIS, "WARD/genesis/v1")         /* canonical genesis */                                                                               \
    X(HASH_BLOCK, "WARD/block/v1")             /* block header */                                                                                    \
    X(HASH_CONFIG, "WARD/config/v1")           /* an epoch's configuration */                                                                        \
    X(HASH_VOTE_OPENING, "WARD/vote/opening")  /* VOTE of the opening kind */                                                                        \
    X(HASH_VOTE_FOLLOWING, "WARD/vote/follow") /* VOTE of the following kind */                                                                      \
    X(HASH_COMMITVOTE, "WARD/vote/commit")     /* COMMITVOTE */                                                                                      \
    X(HASH_TIMEOUT, "WARD/timeout")            /* TIMEOUT */                                                                                         \
    X(HASH_ABDICATE, "WARD/abdicate")          /* ABDICATE */                                                                                        \
    X(HASH_CKPT, "WARD/checkpoint")            /* CKPT */                                                                                            \
    X(HASH_ENROL, "WARD/enrol/v1")             /* a hospital's enrolment file */                                                                     \
    X(HASH_QUERY, "WARD/query/v1")             /* a signed client query */                                                                           \
    X(HASH_RELEASE, "WARD/release/v1")         /* a signed fetch of a document under a ticket */                                                     \
    X(HASH_HELLO, "WARD/hello")                /* tag over the first handshake message */                                                            \
    X(HASH_SNAPSHOT, "WARD/snapshot/list")     /* manifest of a snapshot */                                                                          \
    X(HASH_SNAPSHOT_CHUNK, "WARD/snapshot/chunk") /* a chunk of the archive in a snapshot */                                                         \
    X(HASH_FOLD, "WARD/fold")                  /* digest over a list of digests */

enum hash_tag {
#define HASH_TAG_ENUM(name, text) name,
    HASH_TAGS(HASH_TAG_ENUM)
#undef HASH_TAG_ENUM
    HASH_TAG_COUNT
};

/* A hash under way. The content is libsodium's. */
struct hasher {
    _Alignas(64) uint8_t opaque[384];
};

/* hash_init begins H with the characters of the tag. Cost: no compression yet. */
void hash_init(struct hasher *hasher, enum hash_tag tag);
void hash_update(struct hasher *hasher, const void *data, size_t size);
void hash_update_u8(struct hasher *hasher, uint8_t value);
/* Integers enter a hash big-endian, whatever the format around them. */
void hash_update_u16(struct hasher *hasher, uint16_t value);
void hash_update_u32(struct hasher *hasher, uint32_t value);
void hash_update_u64(struct hasher *hasher, uint64_t value);

/* hash_final gives the digest; the hasher must be initialised again before the next use. */
struct hash32 hash_final(struct hasher *hasher);

/* hash_one gives H(tag || data). Cost: one compression per 128 bytes. */
struct hash32 hash_one(enum hash_tag tag, const void *data, size_t size);

/* hash_salted gives H(tag || salt || data), the form of every commitment: without the salt it can be neither linked nor guessed.
 * Needs: tag is HASH_CONTENT or HASH_COMMITMENT; the salt is 32 random bytes, used for nothing else. */
struct hash32 hash_salted(enum hash_tag tag, const uint8_t salt[32], const void *data, size_t size);

/* hash_plain gives BLAKE2b-256 of the data without a tag: for the Merkle tree alone, which brings its own prefixes.
 * hash_plain_init begins the same over several runs. */
struct hash32 hash_plain(const void *data, size_t size);
void hash_plain_init(struct hasher *hasher);

/* hash_many gives out[i] = H(tag || inputs[i]); hash_plain_many gives out[i] = BLAKE2b-256(prefix || inputs[i]). The hashes are those of hash_one,
 * computed side by side where the processor can: it pays from two inputs on, when they lie within one block of each other in length.
 * Needs: inputs of any sizes; n may be 0; `out` is none of the inputs. Cost: as hash_one for each, about a third of it in company. */
void hash_many(struct hash32 *out, enum hash_tag tag, const struct bytes *inputs, size_t n);
void hash_plain_many(struct hash32 *out, uint8_t prefix, const struct bytes *inputs, size_t n);

/* hash_many_after gives out[i] = H(tag || first || inputs[i]), as hash_many does. */
void hash_many_after(struct hash32 *out, enum hash_tag tag, const struct hash32 *first, const struct bytes *inputs, size_t n);

/* Which instructions hash_many uses. The hashes are the same. */
enum hash_lanes {
    HASH_LANES_NONE,   /* one after the other */
    HASH_LANES_AVX2,   /* four at a time */
    HASH_LANES_AVX512, /* eight at a time */
    HASH_LANES_MODEL   /* the source of AVX512 in plain C; slow, for tests */
};

/* hash_lanes_use chooses them for the whole process, after a comparison with the portable hash. crypto_start calls it; before, there are none.
 * Needs: the processor has the instructions; no other thread is hashing. Gives: false, and no lanes, when they hash wrongly. */
bool hash_lanes_use(enum hash_lanes lanes);

/* hash_tag_text gives the characters of a tag. */
const char *hash_tag_text(enum hash_tag tag);

bool hash_equal(const struct hash32 *a, const struct hash32 *b);
bool hash_is_zero(const struct hash32 *hash);

#endif
