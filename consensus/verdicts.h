/* verdicts.h: which signatures were found valid here, so that none is checked twice (V5): a bounded table of whole triples of key, digest and
 * signature. A hit compares all of their bytes, so it is as good as a check. Refusals are not kept: a stranger could make any number.
 *
 * A place is found by a seeded mix of digest and signature; two triples share it, and the newer displaces the older. So whoever aims at
 * another's place costs one more check, no more. */
#ifndef WARD_CONSENSUS_VERDICTS_H
#define WARD_CONSENSUS_VERDICTS_H

#include "base/arena.h"
#include "crypto/ed25519.h"

#include <stdbool.h>
#include <stdint.h>

#define VERDICTS_MIN 256u
#define VERDICTS_MAX 32768u

struct verdict_entry {
    uint8_t key[ED25519_KEY_BYTES], digest[ED25519_DIGEST_BYTES], signature[ED25519_SIGNATURE_BYTES];
};

struct verdicts {
    struct verdict_entry *entries; /* pairs: the newer one of a place first */
    bool *used;
    uint32_t places; /* a power of two */
    uint64_t seed;
    uint64_t hits, misses;
};

/* verdicts_take takes room for at least `count` triples, within VERDICTS_MIN .. VERDICTS_MAX. */
void verdicts_take(struct verdicts *verdicts, struct arena *arena, uint32_t count, uint64_t seed);

/* verdicts_add remembers a signature that was verified. Needs: it is valid. */
void verdicts_add(struct verdicts *verdicts, const struct sig_item *item);

/* verdicts_expect says that verdicts_has will soon be asked about this signature: it fetches the place into the cache. */
void verdicts_expect(const struct verdicts *verdicts, const struct sig_item *item);

/* verdicts_has tells whether exactly this signature was verified here, and counts the answer. */
bool verdicts_has(struct verdicts *verdicts, const struct sig_item *item);

/* verdicts_agree tells whether a verdict of now goes with what was found before: whatever way judged the signature, the same bytes have one verdict. It
 * counts nothing. Gives: true for what is not known here, and for whatever is valid. Source: I15. */
bool verdicts_agree(const struct verdicts *verdicts, const struct sig_item *item, bool verdict);

#endif
