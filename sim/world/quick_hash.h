/* quick_hash.h: H in a world of stamps (stamp.h): the functions of crypto/hash.h, with the characters of the tag in front of the fields, over XXH3 with a secret seed.
 *
 *     production object --hash_one--> __wrap_hash_one --> stamps in use?  quick : __real_hash_one      and so on for all that makes a hash
 *
 * The linker sends the calls here for ward-sim and the unit tests alone; the objects of production are the same bytes as in wardd. 128 bits decide, the
 * other half of a hash follows from them: enough that two inputs of a simulated world never meet, and nobody there looks for two that do. What real
 * hashes cost, and their lanes, is looked at by the seeds of real crypto.
 *
 * A hash depends on the bytes alone, not on the pieces in which these come: of runs of 240 bytes each is folded into the seed of the next. */
#ifndef WARD_SIM_WORLD_QUICK_HASH_H
#define WARD_SIM_WORLD_QUICK_HASH_H

#include "crypto/hash.h"

/* What the linker calls in place of the production functions, and those themselves. */
#define QUICK_HASH_CALLS(X)                                                                                                                          \
    X(void, hash_init, (struct hasher * hasher, enum hash_tag tag))                                                                                  \
    X(void, hash_plain_init, (struct hasher * hasher))                                                                                               \
    X(void, hash_update, (struct hasher * hasher, const void *data, size_t size))                                                                    \
    X(void, hash_update_u8, (struct hasher * hasher, uint8_t value))                                                                                 \
    X(void, hash_update_u16, (struct hasher * hasher, uint16_t value))                                                                               \
    X(void, hash_update_u32, (struct hasher * hasher, uint32_t value))                                                                               \
    X(void, hash_update_u64, (struct hasher * hasher, uint64_t value))                                                                               \
    X(struct hash32, hash_final, (struct hasher * hasher))                                                                                           \
    X(struct hash32, hash_one, (enum hash_tag tag, const void *data, size_t size))                                                                   \
    X(struct hash32, hash_salted, (enum hash_tag tag, const uint8_t salt[32], const void *data, size_t size))                                        \
    X(struct hash32, hash_plain, (const void *data, size_t size))                                                                                    \
    X(void, hash_many, (struct hash32 * out, enum hash_tag tag, const struct bytes *inputs, size_t n))                                               \
    X(void, hash_many_after, (struct hash32 * out, enum hash_tag tag, const struct hash32 *first, const struct bytes *inputs, size_t n))             \
    X(void, hash_plain_many, (struct hash32 * out, uint8_t prefix, const struct bytes *inputs, size_t n))

#define QUICK_HASH_DECLARE(result, name, arguments)                                                                                                  \
    result __wrap_##name arguments;                                                                                                                  \
    result __real_##name arguments;
QUICK_HASH_CALLS(QUICK_HASH_DECLARE)
#undef QUICK_HASH_DECLARE

/* quick_hash_bytes gives how many bytes were hashed so far by whoever calls through the linker, quick or real; each hash counts as HASH_BLOCK bytes more. */
#define QUICK_HASH_BLOCK 128u
uint64_t quick_hash_bytes(void);

#endif
