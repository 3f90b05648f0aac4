/* fhir_pointer.c: the commitment to a resource and its sealed locator.
 *
 *     content of a locator   | version 1 | size u32 | SHA-256 32 | SHA-1 20 | salt 32 | eight texts: length u8, bytes |      at most 382 bytes
 *
 * The texts are reference, media type, LOINC code, title, start, end, label codes, author. A title that does not fit is cut between two characters; the reference
 * is always whole, because the record is found by it. Big-endian. */
#include "cli/fhir.h"

#include "base/assert.h"
#include "cli/sha1.h"
#include "crypto/hash.h"

#include <sodium/crypto_hash_sha256.h>
#include <stdio.h>
#include <string.h>

static const char media_type[] = "application/fhir+json";

/* The longest type that gives a pointer is MedicationAdministration; a time may have nanoseconds and a zone. */
enum { CONTENT_VERSION = 1, TYPE_MAX = 24, REFERENCE_MAX = TYPE_MAX + 1 + FHIR_ID_BYTES_MAX, LOINC_MAX = 12, TITLE_MAX = 80, TIME_MAX = 35, TEXTS = 8 };

_Static_assert(1 + 4 + crypto_hash_sha256_BYTES + SHA1_BYTES + 32 + TEXTS + REFERENCE_MAX + sizeof media_type - 1 + LOINC_MAX + TITLE_MAX + 2 * TIME_MAX <= LOCATOR_CONTENT_MAX,
               "the longest locator is sealed whole");

/* write_text writes what fits of a text, without half a character at its end. */
static void write_text(struct writer *writer, const char *text, size_t size_max)
{
    size_t size = text == NULL ? 0 : strlen(text);

    if (size > size_max) {
        size = size_max;
        while (size > 0 && ((uint8_t)text[size] & 0xc0) == 0x80) { /* the rest of a character of UTF-8 */
            size--;
        }
    }
    write_u8(writer, (uint8_t)size);
    write_run(writer, text, size);
}

/* locator_content writes the plaintext. Gives: its size. */
static size_t locator_content(uint8_t out[LOCATOR_CONTENT_MAX], const struct fhir_resource *resource, const uint8_t salt[32])
{
    uint8_t sha256[crypto_hash_sha256_BYTES], digest1[SHA1_BYTES];
    char reference[REFERENCE_MAX + 1];
    struct writer writer;

    crypto_hash_sha256(sha256, (const uint8_t *)resource->bytes, resource->size);
    sha1(resource->bytes, resource->size, digest1);
    int length = snprintf(reference, sizeof reference, "%s/%s", resource->type, resource->id);
    ASSERT(length > 0);
    ASSERT(length <= REFERENCE_MAX);
    writer_init(&writer, out, LOCATOR_CONTENT_MAX);
    write_u8(&writer, CONTENT_VERSION);
    write_u32_be(&writer, (uint32_t)resource->size);
    write_run(&writer, sha256, sizeof sha256);
    write_run(&writer, digest1, sizeof digest1);
    write_run(&writer, salt, 32);
    write_text(&writer, reference, REFERENCE_MAX);
    write_text(&writer, media_type, sizeof media_type - 1);
    write_text(&writer, resource->loinc, LOINC_MAX);
    write_text(&writer, resource->title, TITLE_MAX);
    write_text(&writer, resource->start, TIME_MAX);
    write_text(&writer, resource->end, TIME_MAX);
    write_text(&writer, NULL, 0);
    write_text(&writer, NULL, 0);
    ASSERT(!writer.failed);
    return writer.offset;
}

void fhir_pointer_fill(struct fhir_pointer *pointer, const struct fhir_resource *resource)
{
    pointer->item = (struct pointer_add_item){
        .record_class = resource->record_class,
        .conf = resource->conf,
        .service_month = resource->month,
        .content_commit = hash_salted(HASH_CONTENT, pointer->salt, resource->bytes, resource->size),
        .locator_hash = hash_one(HASH_LOCATOR, pointer->sealed, sizeof pointer->sealed),
        .locator_length = LOCATOR_SEALED_BYTES,
    };
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
    fhir_pointer_fill(pointer, resource);
    return sealed;
}
