/* sha1.c: see sha1.h. */
#include "cli/sha1.h"

#include <string.h>

enum { BLOCK = 64, WORDS = 80 };

static uint32_t rotate(uint32_t x, unsigned bits)
{
    return x << bits | x >> (32 - bits);
}

static uint32_t mix(unsigned t, uint32_t b, uint32_t c, uint32_t d)
{
    if (t < 20) {
        return ((b & c) | (~b & d)) + UINT32_C(0x5a827999);
    }
    if (t < 40) {
        return (b ^ c ^ d) + UINT32_C(0x6ed9eba1);
    }
    if (t < 60) {
        return ((b & c) | (b & d) | (c & d)) + UINT32_C(0x8f1bbcdc);
    }
    return (b ^ c ^ d) + UINT32_C(0xca62c1d6);
}

static void compress(uint32_t state[5], const uint8_t block[BLOCK])
{
    uint32_t w[WORDS], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];

    for (unsigned t = 0; t < 16; t++) {
        w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 | (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
    }
    for (unsigned t = 16; t < WORDS; t++) {
        w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    }
    for (unsigned t = 0; t < WORDS; t++) {
        uint32_t next = rotate(a, 5) + mix(t, b, c, d) + e + w[t];
        e = d;
        d = c;
        c = rotate(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

void sha1(const void *data, size_t size, uint8_t digest[SHA1_BYTES])
{
    uint32_t state[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
    const uint8_t *bytes = data;
    uint8_t tail[2 * BLOCK] = { 0 };
    size_t whole = size / BLOCK * BLOCK, rest = size - whole;
    size_t tail_size = rest + 9 <= BLOCK ? BLOCK : 2 * BLOCK;
    uint64_t bits = (uint64_t)size * 8;

    for (size_t at = 0; at < whole; at += BLOCK) {
        compress(state, bytes + at);
    }
    if (rest > 0) {
        memcpy(tail, bytes + whole, rest);
    }
    tail[rest] = 0x80;
    for (size_t i = 0; i < 8; i++) {
        tail[tail_size - 1 - i] = (uint8_t)(bits >> (8 * i));
    }
    for (size_t at = 0; at < tail_size; at += BLOCK) {
        compress(state, tail + at);
    }
    for (size_t i = 0; i < SHA1_BYTES; i++) {
        digest[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
    }
}
