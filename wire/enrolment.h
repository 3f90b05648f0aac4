/* enrolment.h: what a hospital hands out to take part: public keys, name and address, signed by every key that it names.
 *
 * Made on the hospital's own server; carries no secret. A payer, a research body or a regulator enrols in the same way, without a
 * replica. Little-endian, fixed size; layout in docs/wire.md. */
#ifndef WARD_WIRE_ENROLMENT_H
#define WARD_WIRE_ENROLMENT_H

#include "base/bytes.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "wire/limits.h"

#include <stdbool.h>
#include <stdint.h>

#define ENROLMENT_VERSION 1
#define ENROLMENT_SIGNED_BYTES 344 /* what the signatures cover */
#define ENROLMENT_BYTES (ENROLMENT_SIGNED_BYTES + 3 * ED25519_SIGNATURE_BYTES)
#define ENROLMENT_SIGNATURES_MAX 3

struct enrolment {
    uint8_t kind;                              /* kind of organisation, as the ledger numbers them, 1 .. 7 */
    bool has_replica;                          /* sign_key, transport_key and the replica's signature are present */
    uint16_t capabilities;                     /* capability bits that the ledger gives the organisation */
    char name[ORG_NAME_BYTES_MAX + 1];         /* 1 .. 48 printable ASCII, NUL after it */
    char endpoint[ORG_ENDPOINT_BYTES_MAX + 1]; /* host:port of the replica or of the custodian's service; may be empty */
    uint8_t admin_key[32];                     /* Ed25519 */
    uint8_t officer_key[32];                   /* Ed25519, another person's */
    uint8_t kx_key[32];                        /* X25519, to seal for the organisation */
    struct hash32 noise_commitment;            /* commitment to the noise key for research answers; zeros: none */
    uint8_t sign_key[32];                      /* the replica's, zeros without one */
    uint8_t transport_key[32];                 /* the replica's, zeros without one */
    uint8_t admin_signature[64];
    uint8_t officer_signature[64];
    uint8_t replica_signature[64]; /* zeros without a replica */
};

/* enrolment_digest gives what each of its keys signs: H(HASH_ENROL || the signed bytes). It proves possession of all of them together. */
struct hash32 enrolment_digest(const struct enrolment *enrolment);

/* enrolment_encode writes ENROLMENT_BYTES. Needs: a legal enrolment (names terminated). */
void enrolment_encode(const struct enrolment *enrolment, struct writer *writer);

/* enrolment_decode reads ENROLMENT_BYTES. Fails: the verdict; the enrolment is then undefined. Signatures are not looked at. */
enum verdict enrolment_decode(struct enrolment *enrolment, struct reader *reader);

/* enrolment_signatures gives the signatures that remain to be verified, and how many. Owns: items view the enrolment and the digest. */
size_t enrolment_signatures(const struct enrolment *enrolment, const struct hash32 *digest, struct sig_item items[ENROLMENT_SIGNATURES_MAX]);

#endif
