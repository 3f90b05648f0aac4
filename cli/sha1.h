/* sha1.h: SHA-1, only because FHIR's Attachment.hash is one. Nothing in Ward trusts it: a document is bound by the salted commitment. */
#ifndef WARD_CLI_SHA1_H
#define WARD_CLI_SHA1_H

#include <stddef.h>
#include <stdint.h>

#define SHA1_BYTES 20

/* sha1 gives the digest of the data. Source: RFC 3174. */
void sha1(const void *data, size_t size, uint8_t digest[SHA1_BYTES]);

#endif
