/* quick_hash.c: see quick_hash.h. */
#include "sim/world/quick_hash.h"

#include "base/assert.h"
#include "sim/world/stamp.h"
#include "sim/world/xxh.h"

#include <endian.h>
#include <string.h>

#define RUN_BYTES 240u /* as much as XXH3 takes in one go */
#define SECRET UINT64_C(0x6f6e6c7920746865) /* as in stamp.c: nothing outside knows it */

/* A hash under way. The newest run waits until there are bytes behind it, so that it does not matter whether more come. */
struct quick {
    uint64_t seed;
    size_t filled;
    uint8_t run[RUN_BYTES];
};

_Static_assert(sizeof(struct hasher) >= sizeof(struct quick), "the opaque state holds this one as well");
_Static_assert(_Alignof(struct hasher) >= _Alignof(struct quick), "and is aligned for it");

static struct quick *quick_of(struct hasher *hasher)
{
    return (struct quick *)(void *)hasher->opaque;
}

/* next_seed folds a whole run with bytes behind it into the seed of what follows. */
static uint64_t next_seed(uint64_t seed, const uint8_t *run)
{
    return XXH3_64bits_withSeed(run, RUN_BYTES, seed) + 1;
}

static struct hash32 finish(uint64_t seed, const void *data, size_t size)
{
    XXH128_hash_t hash = XXH3_128bits_withSeed(data, size, seed);
    const uint64_t words[4] = { htole64(hash.low64), htole64(hash.high64), htole64((hash.low64 ^ hash.high64 >> 7) * UINT64_C(0xbf58476d1ce4e5b9)),
        htole64((hash.high64 ^ hash.low64 >> 9) * UINT64_C(0x94d049bb133111eb)) };
    struct hash32 out;

    memcpy(out.bytes, words, sizeof out.bytes);
    return out;
}

/* whole hashes bytes that lie together. */
static struct hash32 whole(const uint8_t *data, size_t size)
{
    uint64_t seed = SECRET;

    for (; size > RUN_BYTES; data += RUN_BYTES, size -= RUN_BYTES) {
        seed = next_seed(seed, data);
    }
    return finish(seed, data, size);
}

static void begin(struct quick *quick)
{
    quick->seed = SECRET;
    quick->filled = 0;
}

static void add(struct quick *quick, const uint8_t *data, size_t size)
{
    while (size > 0) {
        if (quick->filled == RUN_BYTES) {
            quick->seed = next_seed(quick->seed, quick->run);
            quick->filled = 0;
        }
        size_t part = size < RUN_BYTES - quick->filled ? size : RUN_BYTES - quick->filled;
        memcpy(quick->run + quick->filled, data, part);
        quick->filled += part;
        data += part;
        size -= part;
    }
}

static void begin_tag(struct quick *quick, enum hash_tag tag)
{
    const char *text = hash_tag_text(tag);

    begin(quick);
    add(quick, (const uint8_t *)text, strlen(text));
}

/* ended adds the last bytes and gives the hash. */
static struct hash32 ended(struct quick *quick, struct bytes last)
{
    add(quick, last.data, last.size);
    return finish(quick->seed, quick->run, quick->filled);
}

static struct hash32 tagged(enum hash_tag tag, struct bytes first, struct bytes last)
{
    struct quick quick;

    begin_tag(&quick, tag);
    add(&quick, first.data, first.size);
    return ended(&quick, last);
}

/* --- How much --------------------------------------------------------------------------------------------------------- */

static _Thread_local uint64_t hashed; /* as in heap.c */

static void count(size_t bytes) { hashed += bytes; }

static void count_one(size_t bytes) { hashed += bytes + QUICK_HASH_BLOCK; }

static void count_many(const struct bytes *inputs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        count_one(inputs[i].size);
    }
}

uint64_t quick_hash_bytes(void) { return hashed; }

/* --- What the linker calls ------------------------------------------------------------------------------------------ */

void __wrap_hash_init(struct hasher *hasher, enum hash_tag tag)
{
    count_one(0);
    if (stamp_in_use()) {
        begin_tag(quick_of(hasher), tag);
    } else {
        __real_hash_init(hasher, tag);
    }
}

void __wrap_hash_plain_init(struct hasher *hasher)
{
    count_one(0);
    if (stamp_in_use()) {
        begin(quick_of(hasher));
    } else {
        __real_hash_plain_init(hasher);
    }
}

void __wrap_hash_update(struct hasher *hasher, const void *data, size_t size)
{
    count(size);
    if (stamp_in_use()) {
        add(quick_of(hasher), data, size);
    } else {
        __real_hash_update(hasher, data, size);
    }
}

/* Integers enter a hash big-endian. */
static void update_number(struct hasher *hasher, uint64_t value, size_t size)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(value >> 8 * (size - 1 - i));
    }
    __wrap_hash_update(hasher, bytes, size);
}

void __wrap_hash_update_u8(struct hasher *hasher, uint8_t value) { update_number(hasher, value, 1); }
void __wrap_hash_update_u16(struct hasher *hasher, uint16_t value) { update_number(hasher, value, 2); }
void __wrap_hash_update_u32(struct hasher *hasher, uint32_t value) { update_number(hasher, value, 4); }
void __wrap_hash_update_u64(struct hasher *hasher, uint64_t value) { update_number(hasher, value, 8); }

struct hash32 __wrap_hash_final(struct hasher *hasher)
{
    const struct quick *quick = quick_of(hasher);

    return stamp_in_use() ? finish(quick->seed, quick->run, quick->filled) : __real_hash_final(hasher);
}

struct hash32 __wrap_hash_one(enum hash_tag tag, const void *data, size_t size)
{
    count_one(size);
    return stamp_in_use() ? tagged(tag, bytes_of(NULL, 0), bytes_of(data, size)) : __real_hash_one(tag, data, size);
}

struct hash32 __wrap_hash_salted(enum hash_tag tag, const uint8_t salt[32], const void *data, size_t size)
{
    count_one(HASH_BYTES + size);
    return stamp_in_use() ? tagged(tag, bytes_of(salt, 32), bytes_of(data, size)) : __real_hash_salted(tag, salt, data, size);
}

struct hash32 __wrap_hash_plain(const void *data, size_t size)
{
    count_one(size);
    return stamp_in_use() ? whole(data, size) : __real_hash_plain(data, size);
}

void __wrap_hash_many(struct hash32 *out, enum hash_tag tag, const struct bytes *inputs, size_t n)
{
    count_many(inputs, n);
    if (!stamp_in_use()) {
        __real_hash_many(out, tag, inputs, n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        out[i] = tagged(tag, bytes_of(NULL, 0), inputs[i]);
    }
}

void __wrap_hash_many_after(struct hash32 *out, enum hash_tag tag, const struct hash32 *first, const struct bytes *inputs, size_t n)
{
    count_many(inputs, n);
    if (!stamp_in_use()) {
        __real_hash_many_after(out, tag, first, inputs, n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        out[i] = tagged(tag, bytes_of(first->bytes, HASH_BYTES), inputs[i]);
    }
}

void __wrap_hash_plain_many(struct hash32 *out, uint8_t prefix, const struct bytes *inputs, size_t n)
{
    count_many(inputs, n);
    if (!stamp_in_use()) {
        __real_hash_plain_many(out, prefix, inputs, n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        struct quick quick;
        begin(&quick);
        add(&quick, &prefix, 1);
        out[i] = ended(&quick, inputs[i]);
    }
}
