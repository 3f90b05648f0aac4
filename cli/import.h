/* import.h: an import of a FHIR bundle under way. For cmd_import.c, which publishes, and import_resume.c, which settles what an earlier run left. */
#ifndef WARD_CLI_IMPORT_H
#define WARD_CLI_IMPORT_H

#include "cli/custody.h"
#include "cli/file.h"
#include "cli/send.h"

struct import {
    const struct args *args;
    struct send send;
    struct fhir_bundle bundle;
    uint8_t patient[ACCOUNT_BYTES];
    struct locator_recipient recipient, sealed_recipient; /* the patient's key that grants may share, and the one that none shares; proved */
    uint32_t below;      /* pointers that the patient had, at least */
    json_t *custody;
    int lock;            /* on the custody file; -1: not held */
    json_t *commands;    /* of the result */
    uint32_t elsewhere;  /* resources that another organisation made */
    uint32_t present, accepted, rejected; /* pointers: of an earlier run, of this one, not taken */
    struct tx_draft draft;
    struct tx tx;
    struct fhir_pointer pointers[POINTER_ADD_ITEMS_MAX];
    uint8_t payload[PAYLOAD_BYTES_MAX];
};

/* The resources of one command. */
struct import_batch {
    uint32_t index; /* of the command in the custody file */
    const struct fhir_resource *resources;
    uint32_t count; /* 1 .. POINTER_ADD_ITEMS_MAX */
};

/* What became of a command that an earlier run left. */
enum import_state {
    IMPORT_PRESENT, /* its pointers are on the ledger */
    IMPORT_ABSENT,  /* they are not, and that command can never put them there: they are to be published */
    IMPORT_SENT     /* the command was sent once more, and there is a last word on it */
};

/* import_check tells whether the custody file is of this import. Gives: EXIT_FINE, or the exit code after output_fail. */
int import_check(struct import *import);

/* import_settle finds out what became of the batch's command in the custody file, and has it executed if it still may be: as the same command under the same nonce, so that
 * never two of it are. Needs: import_check. Gives: EXIT_FINE with *state, and *receipt and import->tx.id when it is IMPORT_SENT; or the exit code after output_fail. */
int import_settle(struct import *import, const struct import_batch *batch, enum import_state *state, struct client_event *receipt);

/* import_prove proves that an executed command of the custody file was executed as it says, and adds it to the proof. Gives: as import_check. */
int import_prove(struct import *import, const struct import_batch *batch);

/* import_draft makes the draft of a command of import->pointers. import_save writes the custody file. import_ask_certified asks a certified checkpoint, waiting for one. Gives: as import_check. */
int import_draft(struct import *import, uint32_t count);
int import_save(struct import *import);
int import_ask_certified(struct import *import, struct query *query, uint16_t *refusal);

#endif
