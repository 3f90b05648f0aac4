/* fhir_pointer.c: the commitment to a resource and its sealed locator.
 *
 *     content of a locator   | version 1 | size u32 | SHA-256 32 | SHA-1 20 | salt 32 | eight texts: length u8, bytes |      at most 382 bytes
 *
 * The texts are reference, media type, LOINC code, title, start, end, label codes, author; a title that does not fit is cut. Big-endian. */
#include "cli/fhir.h"

#include "base/assert.h"
#include "cli/sha1.h"
#include "crypto/hash.h"

#include <sodium/crypto_hash_sha256.h>
#include <stdio.h>
#include <string.h>

enum { CONTENT_VERSION = 1, TEXT_MAX = 64, TITLE_MAX = 80 };

static void write_text(struct writer *writer, const char *text, size_t size_max)
{
    size_t size = text == NULL ? 0 : strlen(text);

    size = size > size_max ? size_max : size;
    write_u8(writer, (uint8_t)size);
    write_run(writer, text, size);
}

/* locator_content writes the plaintext. Gives: its size. */
static size_t locator_content(uint8_t out[LOCATOR_CONTENT_MAX], const struct fhir_resource *resource, const uint8_t salt[32])
{
    uint8_t sha256[crypto_hash_sha256_BYTES], digest1[SHA1_BYTES];
    char reference[TEXT_MAX + 1];
    struct writer writer;

    crypto_hash_sha256(sha256, (const uint8_t *)resource->bytes, resource->size);
    sha1(resource->bytes, resource->size, digest1);
    snprintf(reference, sizeof reference, "%.20s/%.40s", resource->type, resource->id);
    writer_init(&writer, out, LOCATOR_CONTENT_MAX);
    write_u8(&writer, CONTENT_VERSION);
    write_u32_be(&writer, (uint32_t)resource->size);
    write_run(&writer, sha256, sizeof sha256);
    write_run(&writer, digest1, sizeof digest1);
    write_run(&writer, salt, 32);
    write_text(&writer, reference, TEXT_MAX);
    write_text(&writer, "application/fhir+json", TEXT_MAX);
    write_text(&writer, resource->loinc, 12);
    write_text(&writer, resource->title, TITLE_MAX);
    write_text(&writer, resource->start, 30);
    write_text(&writer, resource->end, 30);
    write_text(&writer, NULL, 0);
    write_text(&writer, NULL, 0);
    ASSERT(!writer.failed);
    return writer.offset;
}

bool fhir_pointer_make(struct fhir_pointer *pointer, const struct fhir_resource *resource, const struct locator_recipient *recipient)
{
    uint8_t content[LOCATOR_CONTENT_MAX];
    struct locator_entropy entropy;

    random_fill(pointer->salt, sizeof pointer->salt);
    random_fill(&entropy, sizeof entropy);
    size_t size = locator_content(content, resource, pointer->salt);
    bool sealed = locator_seal(pointer->sealed, bytes_of(content, size), recipient, &entropy);
    secret_wipe(&entropy, sizeof entropy);
    secret_wipe(content, sizeof content);
    pointer->item = (struct pointer_add_item){
        .record_class = resource->record_class,
        .conf = resource->conf,
        .service_month = resource->month,
        .content_commit = hash_salted(HASH_CONTENT, pointer->salt, resource->bytes, resource->size),
        .locator_hash = hash_one(HASH_LOCATOR, pointer->sealed, sizeof pointer->sealed),
        .locator_length = LOCATOR_SEALED_BYTES,
    };
    return sealed;
}
