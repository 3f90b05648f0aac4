/* cert.h: certificates: q distinct members of an epoch said the same.
 *
 *     struct cert             QC and COMMITQC: q signatures over one ballot
 *     struct timeout_cert     TC: q times (member, rank, signature), and the QC of the highest of these ranks
 *     struct checkpoint_cert  q signatures over one checkpoint
 *
 * Decoders check form alone. *_check adds what can be said without a key: exactly q members, all of the epoch. *_items gives the signatures
 * that remain to be verified. Signatures stand in the order of member indexes. */
#ifndef WARD_WIRE_CERT_H
#define WARD_WIRE_CERT_H

#include "crypto/ed25519.h"
#include "wire/config.h"
#include "wire/member_set.h"
#include "wire/vote.h"

#define QUORUM_MAX 86 /* config_quorum(MEMBERS_MAX) */

/* Who signed, and the signatures in the order of member indexes. */
struct signers {
    struct member_set members;
    uint8_t signatures[QUORUM_MAX][64]; /* as many as members */
};

struct cert {
    struct ballot ballot; /* kind ROOT: no signers; the ballot names the root of the epoch */
    struct signers signers;
};

struct timeout_cert {
    uint64_t epoch;
    uint64_t view;                 /* the view that is over */
    struct signers signers;
    struct rank ranks[QUORUM_MAX]; /* of each signer's high QC, in the same order */
    struct cert high;              /* a QC (or root) of the highest of the ranks */
};

struct checkpoint_cert {
    struct checkpoint checkpoint;
    struct signers signers;
};

/* Which of them a certificate record of the log holds: its first byte. The numbers are on disk. */
enum certificate_record {
    CERTIFICATE_QC = 1,   /* a high QC, or a COMMITQC; the record is named by cert_digest */
    CERTIFICATE_TC = 2,   /* named by timeout_cert_digest */
    CERTIFICATE_PROOF = 3 /* a CommitProof (wire/commit_proof.h), named by the block that it proves */
};

#define SIGNERS_BYTES_MAX (MEMBER_BITMAP_BYTES + QUORUM_MAX * 64)
#define CERT_BYTES_MAX (BALLOT_BYTES + SIGNERS_BYTES_MAX)
#define TIMEOUT_CERT_BYTES_MAX (16 + SIGNERS_BYTES_MAX + QUORUM_MAX * 16 + CERT_BYTES_MAX)
#define CHECKPOINT_CERT_BYTES_MAX (CHECKPOINT_BYTES + SIGNERS_BYTES_MAX)

/* signers_add puts a member's signature in its place. Needs: not there yet; fewer than QUORUM_MAX. Cost: moves those behind it. */
void signers_add(struct signers *signers, uint32_t member, const uint8_t signature[64]);

/* cert_copy, timeout_cert_copy copy only the signatures in use. */
void cert_copy(struct cert *to, const struct cert *from);
void timeout_cert_copy(struct timeout_cert *to, const struct timeout_cert *from);

/* cert_root gives the certificate of an epoch's root: rank (0, height), no signatures. */
void cert_root(struct cert *cert, uint64_t epoch, uint64_t height, const struct hash32 *block);

void cert_encode(const struct cert *cert, struct writer *writer);
enum verdict cert_decode(struct cert *cert, struct reader *reader);
void timeout_cert_encode(const struct timeout_cert *cert, struct writer *writer);
enum verdict timeout_cert_decode(struct timeout_cert *cert, struct reader *reader);
void checkpoint_cert_encode(const struct checkpoint_cert *cert, struct writer *writer);
enum verdict checkpoint_cert_decode(struct checkpoint_cert *cert, struct reader *reader);

/* cert_check tells whether exactly config_quorum members, all of the epoch, signed. Fails: EPOCH, MEMBER, QUORUM. A root is not for this
 * function: whoever accepts one compares it with the root he knows. */
enum verdict cert_check(const struct cert *cert, const struct config *config);

/* timeout_cert_check adds: high is of rank max(ranks), of a view <= view, of this epoch, and passes cert_check unless it is a root.
 * Source: T2. */
enum verdict timeout_cert_check(const struct timeout_cert *cert, const struct config *config);
enum verdict checkpoint_cert_check(const struct checkpoint_cert *cert, const struct config *config);

/* cert_items writes one item per signer. Needs: cert_check passed. `digest` takes the one digest they signed and must outlive the items,
 * as must cert and config. Gives: how many. */
uint32_t cert_items(const struct cert *cert, const struct config *config, const struct hash32 *chain_id, struct hash32 *digest, struct sig_item *items);
/* timeout_cert_items: likewise, without the signatures of `high`; each signer has a digest of its own. */
uint32_t timeout_cert_items(const struct timeout_cert *cert, const struct config *config, const struct hash32 *chain_id, struct hash32 digests[QUORUM_MAX], struct sig_item *items);
uint32_t checkpoint_cert_items(const struct checkpoint_cert *cert, const struct config *config, const struct hash32 *chain_id, struct hash32 *digest, struct sig_item *items);

/* Digests that name a certificate in the log: H(HASH_FOLD || fields in the order of the encoding). Cost: one hash over the encoding. */
struct hash32 cert_digest(const struct cert *cert);
struct hash32 timeout_cert_digest(const struct timeout_cert *cert);

#endif
