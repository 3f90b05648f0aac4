/* fhir.h: from a FHIR R4 bundle to pointers: one for each clinical resource, by the hospital that made it.
 *
 * A pointer says of a document only that it exists, its class, its confidentiality and its month; everything else is sealed in the locator or
 * stays in the hospital. Resources about persons, places and organisations (Patient, Practitioner, Organization, ...) give none. Not a
 * validator: a resource that lacks what a pointer needs is told, not guessed. Source: HL7 FHIR R4; class codes of the ledger. */
#ifndef WARD_CLI_FHIR_H
#define WARD_CLI_FHIR_H

#include "crypto/locator.h"
#include "ledger/command.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define FHIR_PROBLEM_BYTES 256
#define FHIR_ORGANISATIONS_MAX 1024
#define FHIR_ID_BYTES_MAX 64 /* R4, datatype id */
#define FHIR_NO_ORGANISATION UINT32_MAX

/* One clinical resource. Texts are views into the bundle; NULL: the resource does not say. */
struct fhir_resource {
    const char *type;
    const char *id;
    const char *loinc;
    const char *title;
    const char *start; /* date or time as the resource writes it */
    const char *end;
    uint32_t organisation; /* index in the bundle, or FHIR_NO_ORGANISATION */
    uint8_t record_class;  /* enum record_class */
    uint8_t conf;          /* enum confidentiality */
    uint16_t month;        /* 2000-01 = 1; 0: not said, or before */
    char *bytes;           /* canonical JSON: sorted keys, no spaces */
    size_t size;
};

/* Who provided an encounter. Texts are views into the bundle. */
struct fhir_encounter {
    const char *id;
    uint32_t provider; /* index of an organisation in the bundle, or FHIR_NO_ORGANISATION */
    uint32_t place;       /* in the bundle: of two with one id the first counts */
};

struct fhir_bundle {
    json_t *root;
    const char *patient; /* id of the one Patient */
    uint32_t organisations_count;
    const char *organisations[FHIR_ORGANISATIONS_MAX]; /* ids, in the order of the bundle */
    const char *organisation_names[FHIR_ORGANISATIONS_MAX];
    uint32_t resources_count;
    struct fhir_resource *resources; /* in the order of the bundle */
    uint32_t encounters_count;
    struct fhir_encounter *encounters; /* by id, then place */
    uint32_t skipped; /* entries that are no clinical resources */
};

/* fhir_load reads a bundle of type transaction, batch, collection, document or searchset about one patient.
 * Fails: ERR_NOT_FOUND, ERR_PERMISSION, ERR_IO, ERR_NO_MEMORY; ERR_INVALID when it is not such a bundle, or of more than FHIR_ORGANISATIONS_MAX
 * organisations; the problem says what.
 * Cost: linear in the bundle but for sorting its encounters. */
enum err fhir_load(struct fhir_bundle *bundle, const char *path, char problem[FHIR_PROBLEM_BYTES]);
void fhir_close(struct fhir_bundle *bundle);

/* fhir_keep_organisation leaves those resources alone that this organisation made. Gives: how many others there were; ERR_NOT_FOUND when the bundle
 * has no organisation of this id. */
enum err fhir_keep_organisation(struct fhir_bundle *bundle, const char *id, uint32_t *others);

/* fhir_organisations_named counts the organisations that made the resources; those that name none count as one more. */
uint32_t fhir_organisations_named(const struct fhir_bundle *bundle);

/* One pointer, ready for a command, and what its custodian must keep. */
struct fhir_pointer {
    struct pointer_add_item item;
    uint8_t salt[32];
    uint8_t sealed[LOCATOR_SEALED_BYTES]; /* goes beside the command */
};

/* fhir_pointer_make commits to the resource's bytes with a fresh salt and seals its locator to the patient. Needs: the recipient is the key that fhir_is_sealed says.
 * Gives: false when the patient's key has small order. Cost: three hashes over the bytes, two scalar multiplications. */
bool fhir_pointer_make(struct fhir_pointer *pointer, const struct fhir_resource *resource, const struct locator_recipient *recipient);

/* fhir_pointer_fill makes the item anew out of the resource and the pointer's salt and sealed locator. Cost: two hashes over the bytes. */
void fhir_pointer_fill(struct fhir_pointer *pointer, const struct fhir_resource *resource);

/* fhir_is_sealed: its locator goes to the patient's key that is never shared: class sealed, or very restricted. */
bool fhir_is_sealed(const struct fhir_resource *resource);

/* fhir_class_of gives the ledger's class of a resource, -1 when it is no clinical resource. */
int fhir_class_of(const json_t *resource);

/* fhir_month_of reads "2019-07-..." as a month count, 2000-01 = 1; 0 for NULL, earlier dates and what is no date. */
uint16_t fhir_month_of(const char *date);

#endif
