/* stamp.h: signatures that cost next to nothing: a keyed hash that only the simulator can make.
 *
 *     production object --sign_digest-----> __wrap_sign_digest -----> stamps in use?  stamp : __real_sign_digest
 *     production object --ed25519_verify--> __wrap_ed25519_verify --> stamps in use?  compare : __real_ed25519_verify
 *
 * The linker sends the two calls here (--wrap, in the Makefile, for ward-sim and the unit tests alone): the objects of production are the same bytes
 * as in wardd, which is linked without it and does not contain this file. A stamp depends on public key and digest; nobody in a simulated world can
 * make one but by sign_digest with the key pair. Keys themselves are real. One process plays one world at a time, so there is one switch. */
#ifndef WARD_SIM_WORLD_STAMP_H
#define WARD_SIM_WORLD_STAMP_H

#include "crypto/ed25519.h"
#include "crypto/keys.h"

/* stamp_use says what signatures are from now on: stamps, or real ones again. */
void stamp_use(bool on);

/* stamp_in_use tells which. */
bool stamp_in_use(void);

/* stamp_make gives the stamp of a key for a digest; stamp_check tells whether this is one. Cost: two hashes of 96 bytes. */
void stamp_make(const uint8_t key[ED25519_KEY_BYTES], const uint8_t digest[ED25519_DIGEST_BYTES], uint8_t stamp[ED25519_SIGNATURE_BYTES]);
bool stamp_check(const struct sig_item *item);

/* What the linker calls in place of the production functions, and those themselves. */
void __wrap_sign_digest(const struct sign_keypair *pair, const struct hash32 *digest, uint8_t signature[64]);
void __real_sign_digest(const struct sign_keypair *pair, const struct hash32 *digest, uint8_t signature[64]);
bool __wrap_ed25519_verify(const struct sig_item *item);
bool __real_ed25519_verify(const struct sig_item *item);

#endif
