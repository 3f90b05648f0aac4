/* commit_proof.h: the proof that a block is committed; one type for clients, followers, catch-up and auditors.
 *
 *     by C2:  COMMITQC(b')
 *     by C1:  QC(v, h', b'), the header of its child b'', and a *following* QC(v, h' + 1, b'') of the same view
 *
 * b' is the proved block b or a descendant; then the headers of heights b + 1 .. b' stand between, at most BUNDLE_HEADERS_MAX, lowest first. */
#ifndef WARD_WIRE_COMMIT_PROOF_H
#define WARD_WIRE_COMMIT_PROOF_H

#include "wire/block.h"
#include "wire/cert.h"

struct commit_proof {
    struct cert first;         /* COMMITQC (kind COMMIT), or QC of b' */
    struct block_header child; /* by C1 only: header of b'' */
    struct cert second;        /* by C1 only: following QC of b'' */
    uint32_t headers_count;    /* 0: b is b' */
    struct bytes headers;      /* headers_count x BLOCK_HEADER_BYTES. View */
};

#define COMMIT_PROOF_BYTES_MAX (4 + 2 * CERT_BYTES_MAX + BLOCK_HEADER_BYTES + BUNDLE_HEADERS_MAX * BLOCK_HEADER_BYTES)

/* commit_proof_copy copies all but the headers between: the copy proves b' itself. */
void commit_proof_copy(struct commit_proof *to, const struct commit_proof *from);

/* commit_proof_height, commit_proof_rank: of b', the block that the certificates name. */
uint64_t commit_proof_height(const struct commit_proof *proof);
struct rank commit_proof_rank(const struct commit_proof *proof);

void commit_proof_encode(const struct commit_proof *proof, struct writer *writer);
enum verdict commit_proof_decode(struct commit_proof *proof, struct reader *reader);

/* commit_proof_check tells whether the proof, once its signatures are verified, proves block `hash` at `height`: certificates of this epoch with
 * q members each, C1 or C2, and the chain of headers. Source: C1, C2, S1. Cost: one hash per header. */
enum verdict commit_proof_check(const struct commit_proof *proof, const struct config *config, uint64_t height, const struct hash32 *hash);

/* commit_proof_items gives what remains to be verified: q or 2 q signatures. digests: two. Needs: commit_proof_check passed. */
uint32_t commit_proof_items(const struct commit_proof *proof, const struct config *config, const struct hash32 *chain_id, struct hash32 digests[2], struct sig_item *items);

#endif
