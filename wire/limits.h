/* limits.h: the bounds that every decoder and every pool shares. A bound that execution can see is a genesis parameter; these are the
 * hard ones that no genesis may exceed. */
#ifndef WARD_WIRE_LIMITS_H
#define WARD_WIRE_LIMITS_H

#define MEMBERS_MIN 4   /* n = 3f + 1 with f = 1 */
#define MEMBERS_MAX 128 /* width of a voter bitmap; 31 in production, 100 in tests */
#define MEMBER_BITMAP_BYTES (MEMBERS_MAX / 8)
#define ORGANISATIONS_MAX 1024
#define CHAIN_NAME_BYTES_MAX 48 /* printable ASCII */
#define ORG_NAME_BYTES_MAX 48
#define ORG_ENDPOINT_BYTES_MAX 96

#define ENVELOPE_HEADER_BYTES 132
#define ENVELOPE_BODY_BYTES_MAX 4096
#define ENVELOPE_COSIGNERS_MAX 3
#define ENVELOPE_COSIGNER_BYTES 128
#define ENVELOPE_BYTES_MAX (ENVELOPE_HEADER_BYTES + ENVELOPE_BODY_BYTES_MAX + ENVELOPE_COSIGNERS_MAX * ENVELOPE_COSIGNER_BYTES + 64)
#define PAYLOAD_BYTES_MAX 8192 /* of one command, detachable */

#define BLOCK_COMMANDS_MAX 4096
#define BLOCK_BYTES_DEFAULT (1u << 20)            /* commands of one block, payloads included */
#define BLOCK_BYTES_MAX (4u << 20)
#define BUNDLE_HEADERS_MAX 256                    /* headers in one CommitProof */
#define FRAME_BYTES_MAX (BLOCK_BYTES_MAX + 65536) /* largest peer frame, header included */
#define CLIENT_FRAME_BYTES_MAX (256u << 10)       /* largest client frame, header included */
#define CLIENT_OUTSTANDING_MAX 256                /* requests of one connection without an answer */

_Static_assert(ENVELOPE_BYTES_MAX == 4676, "the bound that the ledger's documents state");

#endif
