/* fhir_fuzz.c: a file that calls itself a FHIR bundle. What is taken from it is whole: each resource has a type, an id, a class and canonical bytes
 * that are JSON again, and becomes a pointer. Input: the file. */
#include "cli/fhir.h"

#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static void check_resource(const struct fhir_bundle *bundle, const struct fhir_resource *resource)
{
    CHECK(resource->type != NULL && resource->id != NULL && resource->title != NULL);
    CHECK(resource->organisation < bundle->organisations_count || resource->organisation == FHIR_NO_ORGANISATION);
    CHECK(resource->size == strlen(resource->bytes));
    CHECK(resource->month == fhir_month_of(resource->start));
    json_t *again = json_loadb(resource->bytes, resource->size, JSON_REJECT_DUPLICATES, NULL);
    CHECK(again != NULL);
    CHECK(fhir_class_of(again) == resource->record_class);
    char *bytes = json_dumps(again, JSON_COMPACT | JSON_SORT_KEYS);
    CHECK(bytes != NULL && strcmp(bytes, resource->bytes) == 0);
    free(bytes);
    json_decref(again);
}

static void check_pointer(const struct fhir_resource *resource)
{
    static const uint8_t seed[32] = { 7 };
    static struct fhir_pointer pointer;
    struct kx_keypair pair;
    struct locator_recipient recipient = { .kx_epoch = 1 };

    kx_keypair_from_seed(&pair, seed);
    memcpy(recipient.public_key, pair.public_key, sizeof recipient.public_key);
    CHECK(fhir_pointer_make(&pointer, resource, &recipient));
    CHECK(pointer.item.record_class == resource->record_class);
}

/* What one organisation made and what others made is all there was. */
static void check_organisations(struct fhir_bundle *bundle)
{
    uint32_t all = bundle->resources_count, others = 0;

    CHECK(fhir_organisations_named(bundle) <= all);
    CHECK(fhir_keep_organisation(bundle, "", &others) == ERR_NOT_FOUND || bundle->organisations_count > 0);
    CHECK(bundle->resources_count + others == all);
    if (others == 0 && bundle->organisations_count > 0) {
        CHECK(fhir_keep_organisation(bundle, bundle->organisations[0], &others) == ERR_OK);
        CHECK(bundle->resources_count + others == all);
        CHECK(fhir_organisations_named(bundle) <= 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fhir_bundle bundle;
    char path[64], problem[FHIR_PROBLEM_BYTES];
    int fd = memfd_create("bundle", MFD_CLOEXEC);

    crypto_start();
    CHECK(fd >= 0);
    CHECK(write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    enum err err = fhir_load(&bundle, path, problem);
    CHECK((err == ERR_OK) == (problem[0] == '\0'));
    if (err == ERR_OK) {
        for (uint32_t i = 0; i < bundle.resources_count; i++) {
            check_resource(&bundle, &bundle.resources[i]);
        }
        if (bundle.resources_count > 0) {
            check_pointer(&bundle.resources[0]);
        }
        check_organisations(&bundle);
        fhir_close(&bundle);
    } else {
        CHECK(bundle.root == NULL && bundle.resources == NULL);
    }
    close(fd);
    return 0;
}
