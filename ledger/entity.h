/* entity.h: what the ledger's state consists of: one struct, one canonical encoding and one key per kind of entity.
 *
 * Values are fixed records, big-endian (layout.h); keys begin with the kind's byte and sort by memcmp, so that everything of one patient
 * is one run of keys. Kinds, statuses and operations are numbered from 1 in the order of docs/wire.md and docs/ledger.md, so a zeroed record is never legal;
 * classes, confidentiality, purposes and policies have their own numbers from 0. Times are block times in ms since 1970 (UTC), 0 = not
 * set. Months count from January 2000 = 1; 0 = undisclosed or open. Organisation ids and sequence numbers start at 1; 0 = any or none.
 * Nothing here is medical data or names a natural person. */
#ifndef WARD_LEDGER_ENTITY_H
#define WARD_LEDGER_ENTITY_H

#include "base/err.h"
#include "crypto/hash.h"
#include "crypto/merkle.h"
#include "wire/account.h"
#include "wire/code.h"
#include "wire/limits.h"

#include <stddef.h>
#include <stdint.h>

/* --- Numbers ------------------------------------------------------------------------------------------------------ */

enum org_kind { ORG_HOSPITAL = 1, ORG_CLINIC, ORG_PAYER, ORG_RESEARCH, ORG_REGULATOR, ORG_PUBLIC_HEALTH, ORG_LAB_PHARMACY };
enum org_status { ORG_ACTIVE = 1, ORG_SUSPENDED };

/* The kind is part of the account's name. */
enum actor_kind {
    ACTOR_PRACTITIONER = ACCOUNT_PRACTITIONER,
    ACTOR_SYSTEM = ACCOUNT_SYSTEM,
    ACTOR_PAYER_AGENT = ACCOUNT_PAYER_AGENT,
    ACTOR_RESEARCHER = ACCOUNT_RESEARCHER,
    ACTOR_AUDITOR = ACCOUNT_AUDITOR,
    ACTOR_PERSON = ACCOUNT_PERSON
};
enum actor_role { ROLE_NONE = 0, ROLE_PHYSICIAN, ROLE_NURSE, ROLE_PHARMACIST, ROLE_EMERGENCY };
enum actor_status { ACTOR_ACTIVE = 1, ACTOR_SUSPENDED, ACTOR_RETIRED };

/* Capabilities, of organisations and of actors alike (bits). */
enum { CAP_PUBLISH = 1 << 0, CAP_VOUCH = 1 << 1, CAP_BTG = 1 << 2, CAPS_ALL = CAP_PUBLISH | CAP_VOUCH | CAP_BTG };

enum patient_status { PATIENT_ACTIVE = 1, PATIENT_LOCKED, PATIENT_DECEASED, PATIENT_ERASED };
enum default_policy { POLICY_DENY = 0, POLICY_BREAK_GLASS, POLICY_TREATING, POLICY_ANY_HOSPITAL };
enum btg_policy { BTG_UP_TO_RESTRICTED = 0, BTG_NORMAL_ONLY, BTG_NEVER };
enum { PATIENT_COMPARTMENT = 1 << 0, PATIENT_FLAGS_ALL = PATIENT_COMPARTMENT };

enum confidentiality { CONF_NORMAL = 0, CONF_RESTRICTED, CONF_VERY_RESTRICTED };

enum record_class {
    CLASS_SEALED = 0,
    CLASS_SUMMARY,
    CLASS_MEDICATION,
    CLASS_ALLERGY,
    CLASS_PROBLEM,
    CLASS_IMMUNISATION,
    CLASS_LABORATORY,
    CLASS_VITALS,
    CLASS_IMAGING,
    CLASS_ENCOUNTER,
    CLASS_EMERGENCY,
    CLASS_PROCEDURE,
    CLASS_CARE_PLAN,
    CLASS_REFERRAL,
    CLASS_CLAIM,
    CLASS_DEVICE,
    CLASS_GENOMICS,
    CLASS_CONSENT_FORM,
    CLASS_OTHER = 31
};
#define CLASS_MASK_KNOWN 0x8003FFFFu                       /* the classes that exist */
#define CLASS_MASK_ALL (CLASS_MASK_KNOWN & ~(uint32_t)1)   /* "all": class 0 must always be named on its own */

enum purpose {
    PURPOSE_TREAT = 0,
    PURPOSE_ETREAT,
    PURPOSE_HPAYMT,
    PURPOSE_HOPERAT,
    PURPOSE_HRESCH,
    PURPOSE_PUBHLTH,
    PURPOSE_PATRQT,
    PURPOSE_BTG,
    PURPOSE_COVERAGE,
    PURPOSE_FAMRQT,
    PURPOSE_HLEGAL,
    PURPOSE_COUNT,
    PURPOSE_NONE = 255 /* in audit events only */
};

enum pointer_status {
    POINTER_PENDING = 1,
    POINTER_CURRENT,
    POINTER_SUPERSEDED,
    POINTER_HIDDEN,
    POINTER_ERROR,
    POINTER_WITHDRAWN,
    POINTER_REFUSED,
    POINTER_EXPIRED,
    POINTER_ERASED
};
enum pointer_basis { BASIS_NONE = 0, BASIS_COSIGNED, BASIS_APPROVED, BASIS_STANDING };

enum grant_effect { EFFECT_PERMIT = 1, EFFECT_DENY };
enum grant_kind { GRANT_READ = 1, GRANT_WRITE, GRANT_RESEARCH };
enum grant_type { GRANTEE_ACTOR = 1, GRANTEE_ORG, GRANTEE_ORG_KIND, GRANTEE_ANY_CUSTODIAN };
enum grant_status { GRANT_ACTIVE = 1, GRANT_ENDED };
enum { GRANT_HISTORY = 1 << 0, GRANT_SEALED = 1 << 1, GRANT_FLAGS_ALL = GRANT_HISTORY | GRANT_SEALED };
enum wrap_kind { WRAP_NONE = 0, WRAP_EPOCH, WRAP_RECORD };

/* SUBJECT_SIGNED: the subject itself was sender or cosigner of the request, so permits to it count at release too. */
enum { TICKET_ENDED = 1 << 0, TICKET_SUBJECT_SIGNED = 1 << 1, TICKET_FLAGS_ALL = TICKET_ENDED | TICKET_SUBJECT_SIGNED };

enum event_type {
    EVENT_REGISTERED = 1,
    EVENT_KEY_ROTATED,
    EVENT_RECOVERY,
    EVENT_DELEGATE,
    EVENT_POINTER_PROPOSED,
    EVENT_POINTER_APPROVED,
    EVENT_POINTER_REFUSED,
    EVENT_POINTER_SUPERSEDED,
    EVENT_POINTER_RETRACTED, /* error or withdrawn */
    EVENT_POINTER_HIDDEN,    /* or shown again */
    EVENT_GRANT,
    EVENT_REVOKE,
    EVENT_ACCESS_PERMITTED,
    EVENT_ACCESS_DENIED,
    EVENT_DISCLOSED,
    EVENT_BTG_OPENED,
    EVENT_BTG_REVIEWED,
    EVENT_DISPUTED,
    EVENT_ERASED,
    EVENT_RESEARCH,
    EVENT_POLICY,
    EVENT_DISCLOSED_OFFLINE
};

/* --- Sizes of the encodings ---------------------------------------------------------------------------------------- */

enum {
    ACCT_BYTES = ACCOUNT_BYTES,
    KEY_BYTES = 32,
    TICKET_PAGE = 256, /* pointers that one ticket covers */
    BITMAP_BYTES = TICKET_PAGE / 8,
    CHAIN_FIXED_BYTES = 48, /* followed by the peaks of the receipt tree */
    ORG_BYTES = 356,
    ACTOR_BYTES = 140,
    PATIENT_BYTES = 244,
    PATIENT_AUDIT_ROOT_AT = 132,
    POINTER_BYTES = 144,
    GRANT_BYTES = 196,
    TICKET_BYTES = 208,
    RELATION_BYTES = 8,
    AUDIT_EVENT_BYTES = 152,
    PEAKS_BYTES_MAX = 32 * MERKLE_DEPTH_MAX,
    CHAIN_BYTES_MAX = CHAIN_FIXED_BYTES + PEAKS_BYTES_MAX,
    ENTITY_BYTES_MAX = CHAIN_BYTES_MAX
};

_Static_assert(ORG_BYTES == 4 + (1 + 48) + (1 + 96) + 4 * 32 + 1 + 32 + 8 + 8 + 2 + 2 + 8 + 8 + 8 + 1, "Org");
_Static_assert(ACTOR_BYTES == 8 + 3 * 32 + 4 + 4 * 8, "Actor");
_Static_assert(PATIENT_AUDIT_ROOT_AT == 4 + 32 + 4 + 2 * 32 + 4 + 4 + 4 + 4 + 4 + 8, "before the root");
_Static_assert(PATIENT_BYTES == 4 + 32 + 4 + 2 * 32 + 4 + 4 + 4 + 4 + 4 + 8 + 32 + 2 + 8 + 32 + 8 + 4 + 3 * 8 + 2, "Patient");
_Static_assert(POINTER_BYTES == 6 + 3 * 32 + 2 + 2 + 3 * 4 + 3 * 8 + 2, "Pointer");
_Static_assert(GRANT_BYTES == 4 + 32 + 8 + 4 + 4 + 4 + 16 + 8 + 2 + 4 + 2 + 3 * 32 + 8 + 4, "Grant");
_Static_assert(TICKET_BYTES == 3 * 32 + 8 + 8 + 32 + 3 * 8 + 8 + 32, "Ticket");
_Static_assert(AUDIT_EVENT_BYTES == 8 + 4 + 16 + 2 * 32 + 4 + 8 + 32 + 16, "AuditEvent");

/* --- Structs ------------------------------------------------------------------------------------------------------- */

/* Chain (0x00): where the chain stands. The receipt tree's peaks follow the fixed part, one hash per bit of the count. */
struct chain {
    uint64_t height;              /* of the last executed block */
    uint64_t time;                /* T of that block, ms */
    uint32_t actors;              /* live entries, against the genesis capacities */
    uint32_t patients;
    uint32_t pointers;
    uint32_t grants;
    uint32_t tickets;
    uint16_t orgs;
    struct merkle_peaks receipts; /* right edge of the cumulative receipts log; last, so that the rest can be saved without it */
};

/* Org (0x02, id): an organisation. Text is printable ASCII; bytes beyond its length are zero. */
struct org {
    uint8_t kind;   /* enum org_kind */
    uint8_t status; /* enum org_status */
    uint16_t caps;
    uint8_t name_length; /* 1..48 */
    uint8_t name[ORG_NAME_BYTES_MAX];
    uint8_t endpoint_length; /* 0..96 */
    uint8_t endpoint[ORG_ENDPOINT_BYTES_MAX];
    uint8_t admin_pk[KEY_BYTES];
    uint8_t officer_pk[KEY_BYTES];
    uint8_t kx_pk[KEY_BYTES];
    uint8_t noise_commit[32];
    uint8_t replica_index; /* 255: runs no replica */
    uint8_t replica_pk[KEY_BYTES];
    uint64_t credits;
    uint64_t bucket; /* tat, ms */
    uint16_t btg_open;
    uint16_t btg_overdue;
    uint64_t nonce;         /* of the admin */
    uint64_t officer_nonce;
    uint64_t joined;
};

/* Actor (0x03, acct): who signs for an organisation. */
struct actor {
    uint8_t kind;   /* enum actor_kind */
    uint8_t role;   /* enum actor_role */
    uint16_t org;   /* >= 1 */
    uint8_t status; /* enum actor_status */
    uint16_t caps;
    uint8_t pk[KEY_BYTES];
    uint8_t kx_pk[KEY_BYTES];
    uint8_t attest_commit[32];
    uint16_t sponsor_org; /* of a researcher; else 0 */
    uint64_t valid_until; /* ms; the first instant at which the actor is expired */
    uint64_t nonce;
    uint64_t bucket;
    uint64_t registered;
};

/* Patient (0x04, acct): one compartment of one person. */
struct patient {
    uint8_t status;         /* enum patient_status */
    uint8_t default_policy; /* enum default_policy */
    uint8_t btg_policy;     /* enum btg_policy */
    uint8_t flags;
    uint8_t pk[KEY_BYTES];
    uint32_t kx_epoch; /* >= 1 */
    uint8_t kx_pk[KEY_BYTES];
    uint8_t sealed_kx_pk[KEY_BYTES];
    uint16_t vouchers[2]; /* organisations; the second may be 0 */
    uint32_t ptr_count;   /* sequence numbers ever given to pointers */
    uint16_t current;     /* pointers in status current */
    uint16_t pending;     /* pointers in status pending */
    uint32_t grant_count; /* sequence numbers ever given to grants */
    uint16_t active_grants;
    uint16_t delegates;
    uint64_t audit_count;
    struct hash32 audit_root; /* of the audit tree over audit_count events */
    uint16_t research_home;
    uint64_t eps_spent;
    uint8_t recovery_pk[KEY_BYTES];
    uint64_t ready_time;
    uint32_t votes;
    uint64_t nonce;
    uint64_t bucket;
    uint64_t created;
};

/* Pointer (0x05, acct, seq): that a document exists, where, and of which kind. */
struct pointer {
    uint16_t custodian; /* organisation that holds the document */
    uint8_t record_class;
    uint8_t conf;   /* enum confidentiality */
    uint8_t status; /* enum pointer_status */
    uint8_t basis;  /* enum pointer_basis */
    uint8_t author[ACCT_BYTES];
    struct hash32 content_commit;
    struct hash32 locator_hash;
    uint16_t locator_length;
    uint16_t service_month;
    uint32_t supersedes;
    uint32_t superseded_by;
    uint32_t grant_ref; /* the standing write grant it came in under */
    uint64_t added_height;
    uint64_t added_time;
    uint64_t decided_time; /* of the last change of status */
};

/* Grant (0x06, acct, seq): a permission or a prohibition by the patient. */
struct grant {
    uint8_t effect;   /* enum grant_effect */
    uint8_t kind;     /* enum grant_kind */
    uint8_t gtype;    /* enum grant_type */
    uint8_t conf_max; /* enum confidentiality */
    uint8_t grantee[ACCT_BYTES]; /* an organisation's id or kind stands right-aligned; any-custodian: zeros */
    uint32_t class_mask;
    uint32_t purposes;
    uint16_t custodian; /* 0: any */
    uint16_t flags;
    uint32_t ptr_seq; /* 0: any */
    uint16_t from_month;
    uint16_t to_month;
    uint64_t not_before;
    uint64_t expires;
    uint32_t max_uses; /* 0: without limit */
    uint32_t uses;
    uint8_t status; /* enum grant_status */
    uint8_t wrap_kind;
    uint32_t kx_epoch;
    uint8_t granted_by[ACCT_BYTES];
    struct hash32 wraps_hash;
    struct hash32 form_commit;
    uint64_t created;
    uint32_t ended; /* seconds after created; 0 while active */
};

/* Ticket (0x08, tx_id of its request): what one permitted request may fetch. */
struct ticket {
    uint8_t patient[ACCT_BYTES];
    uint8_t requester[ACCT_BYTES];
    uint8_t on_behalf[ACCT_BYTES]; /* zeros: the requester itself */
    uint16_t org;                  /* of the requester; 0 for the patient itself */
    uint8_t purpose;
    uint8_t flags;
    uint16_t reason; /* enum reason (wire/code.h) of its lowest permitted pointer */
    uint32_t grant;  /* the one grant with max_uses that it counted, or 0 */
    uint32_t base_seq;
    uint8_t bitmap[BITMAP_BYTES]; /* bit i of byte i/8 (lowest first): pointer base_seq + i */
    uint64_t time;
    uint64_t expires;
    uint64_t review_due;
    uint32_t review;
    uint32_t disclosed; /* disclosures filed under it */
    struct hash32 reason_commit;
};

/* Relation (0x0F, acct, org): how many pointers a custodian has with a patient. */
struct relation {
    uint16_t current;
    uint16_t pending;
};

/* AuditEvent: one leaf of the patient's audit tree; in the archive, not in the state. */
struct audit_event {
    uint64_t seq;    /* from 0: the index of its leaf */
    uint8_t type;    /* enum event_type */
    uint8_t result;  /* enum reason for accesses, of disclosures see ledger/disclose.h, else the operation or 0 */
    uint8_t purpose; /* enum purpose, PURPOSE_NONE */
    uint8_t conf;    /* enum confidentiality of the pointer, 255 = none */
    uint64_t time;
    uint64_t height;
    uint8_t actor[ACCT_BYTES];
    uint8_t on_behalf[ACCT_BYTES];
    uint16_t org;
    uint32_t ptr;
    uint32_t grant;
    struct hash32 ref; /* tx_id, ticket or document root, by type */
    uint8_t extra[16];
};

/* --- Codecs -------------------------------------------------------------------------------------------------------- */

/* <entity>_encode writes the canonical value. Needs: every field is legal.
 * <entity>_decode reads a value that must be canonical and fill the bytes exactly.
 * Gives: OK, SHORT, TRAILING, RANGE, RESERVED (padding, unknown flag bits) or LENGTH (text); the struct is undefined unless OK. */
void org_encode(const struct org *org, uint8_t out[ORG_BYTES]);
enum verdict org_decode(struct org *org, const uint8_t *data, size_t size);
void actor_encode(const struct actor *actor, uint8_t out[ACTOR_BYTES]);
enum verdict actor_decode(struct actor *actor, const uint8_t *data, size_t size);
void patient_encode(const struct patient *patient, uint8_t out[PATIENT_BYTES]);
enum verdict patient_decode(struct patient *patient, const uint8_t *data, size_t size);
void pointer_encode(const struct pointer *pointer, uint8_t out[POINTER_BYTES]);
enum verdict pointer_decode(struct pointer *pointer, const uint8_t *data, size_t size);
void grant_encode(const struct grant *grant, uint8_t out[GRANT_BYTES]);
enum verdict grant_decode(struct grant *grant, const uint8_t *data, size_t size);
void ticket_encode(const struct ticket *ticket, uint8_t out[TICKET_BYTES]);
enum verdict ticket_decode(struct ticket *ticket, const uint8_t *data, size_t size);
void relation_encode(const struct relation *relation, uint8_t out[RELATION_BYTES]);
enum verdict relation_decode(struct relation *relation, const uint8_t *data, size_t size);
void audit_event_encode(const struct audit_event *event, uint8_t out[AUDIT_EVENT_BYTES]);
enum verdict audit_event_decode(struct audit_event *event, const uint8_t *data, size_t size);

/* chain_encode and peaks_encode give the bytes written: the fixed part and 32 for each set bit of the count. */
size_t chain_encode(const struct chain *chain, uint8_t out[CHAIN_BYTES_MAX]);
enum verdict chain_decode(struct chain *chain, const uint8_t *data, size_t size);
size_t peaks_encode(const struct merkle_peaks *peaks, uint8_t out[PEAKS_BYTES_MAX]);

/* peaks_decode reads an AuditPeaks value (0x0D, acct), whose count stands in the Patient; peaks beyond that count stay as they
 * are. Gives: OK or LENGTH. */
enum verdict peaks_decode(struct merkle_peaks *peaks, uint64_t count, const uint8_t *data, size_t size);

#endif
