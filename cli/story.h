/* story.h: what hospitals, caregivers and patients do in `ward demo`, by signed commands and questions like anybody's.
 *
 *   hospital 1 .. c   hold records of Ada; each has a system that may publish, hospital 1 vouches for Ada, hospital 2 for Ben
 *   last hospital     Dr. Elsewhere, whom Ada grants to read
 *   a clinic          no replica; Dr. Stranger, whom nobody grants anything
 *
 * Each function does one scene, waits for receipts and tells whether all of it was as it should be; story->problem says what was not. What Ada's
 * audit trail must say in the end is written down as it happens. */
#ifndef WARD_CLI_STORY_H
#define WARD_CLI_STORY_H

#include "cli/bed.h"
#include "cli/client.h"
#include "cli/fhir.h"
#include "cli/tx.h"

#include <stdbool.h>

#define STORY_CUSTODIANS_MAX 3u
#define STORY_RESOURCES_MAX 120u /* so that one event of the audit trail names them all */
#define STORY_EXPECTED_MAX 512u
#define STORY_PENDING_MAX 8u     /* pointers of one custodian that may wait for the patient */

struct story_person {
    uint8_t account[ACCOUNT_BYTES];
    struct sign_keypair key;
    struct kx_keypair kx, sealed_kx;
    uint64_t nonce; /* the last one used */
};

/* What one command must have left in Ada's audit trail. */
struct story_expected {
    uint8_t type;        /* enum event_type */
    struct hash32 ref;   /* transaction id; of a disclosure the ticket */
    uint32_t count;
};

/* One pointer of Ada. */
struct story_record {
    uint32_t hospital; /* from 0 */
    struct hash32 content_commit;
};

/* A request for access and what came of it. */
struct story_request {
    struct hash32 id;
    bool permitted;      /* there is a ticket */
    uint32_t pointers;   /* that it names */
    uint32_t first;      /* the lowest of them */
    uint8_t bitmap[32];
};

struct story {
    struct bed *bed;
    struct client *client;
    struct fhir_bundle *bundle;
    struct tx tx;          /* of the newest command */
    uint32_t custodians;   /* hospitals 1 .. custodians */
    uint16_t elsewhere_org, stranger_org;
    struct story_person admins[MEMBERS_MAX + CLUSTER_EXTRA_MAX];
    struct story_person systems[STORY_CUSTODIANS_MAX];
    struct story_person elsewhere, stranger, ada, ben;
    uint32_t pointers;     /* of Ada, so far */
    uint32_t current;      /* of these */
    uint32_t pending;
    struct story_record records[STORY_RESOURCES_MAX + 1]; /* by sequence number */
    bool writes[STORY_CUSTODIANS_MAX]; /* Ada lets this hospital write */
    uint32_t grants;       /* of Ada, so far */
    uint32_t read_grant;   /* number of the one for Dr. Elsewhere */
    struct story_request seen, refused, ben_refused;
    struct story_expected expected[STORY_EXPECTED_MAX];
    uint32_t expected_count;
    uint64_t committed;    /* commands with code 0 */
    uint64_t rejected[1024]; /* others, by code */
    bool released, revoked_denied, disclosed, audit_complete;
    char problem[256];
};

/* story_open connects to all replicas. Owns: bed and bundle must outlive it. Fails: false. */
bool story_open(struct story *story, struct bed *bed, struct fhir_bundle *bundle);
void story_close(struct story *story);

/* Scenes, in this order. */
bool story_register(struct story *story); /* caregivers by their organisations, the patients with a voucher */
bool story_records(struct story *story);  /* the bundle becomes pointers; Ada approves, and lets the others write */
bool story_access(struct story *story);   /* Dr. Elsewhere is permitted, Dr. Stranger denied, of Ben nobody knows anything */
bool story_release(struct story *story);  /* a hospital asks whether it may hand a document out, does so, and files it */
bool story_revoke(struct story *story);   /* Ada takes the grant back: the next release is refused though the ticket lives */
bool story_audit(struct story *story);    /* Ada reads her trail: proved complete, and everything is in it */

/* story_find_receipt asks for the receipt of a transaction. Gives: false when there is none; else *code. */
bool story_find_receipt(struct story *story, const struct hash32 *id, uint16_t *code);

/* For the scenes. story_send signs and executes one command of a person; story_fail notes why a scene failed. Give false on failure. */
bool story_send(struct story *story, struct story_person *person, struct tx_draft *draft);
__attribute__((format(printf, 2, 3))) bool story_fail(struct story *story, const char *format, ...);

/* story_expect notes what Ada's trail must say of the newest command. */
void story_expect(struct story *story, uint8_t type, const struct hash32 *ref, uint32_t count);

#endif
