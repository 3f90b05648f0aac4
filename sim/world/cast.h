/* cast.h: who takes part in a virtual cluster: hospitals with a replica each, their record systems that send commands, and one patient for each
 * record system, who lets its hospital add pointers. Everybody has real keys, drawn by name from the seed.
 *
 * With consents on each record system has a practitioner beside it, each patient lets the next hospital read for treatment, and all of them send
 * commands (petition.h): senders are numbered systems first, then patients, then practitioners. Where somebody joins (`joins`), behind them come as many people whom no genesis knows, who register
 * as patients before they do anything else, and the admin of each hospital, who registers recruits, suspends and retires. Patients are numbered those of the genesis first, practitioners likewise:
 * behind them the recruits, who send nothing themselves.
 *
 * The genesis is written by wire/genesis.h and every command is signed, so replicas check exactly what they check in production. */
#ifndef WARD_SIM_WORLD_CAST_H
#define WARD_SIM_WORLD_CAST_H

#include "crypto/keys.h"
#include "ledger/params.h"
#include "wire/block.h"
#include "wire/config.h"
#include "wire/envelope.h"
#include "wire/genesis.h"

#define CAST_GENESIS_MS UINT64_C(1700000000000) /* time of block 0 */
#define CAST_COMMAND_BYTES_MAX 1024             /* a one-item POINTER_ADD with its payload */
#define CAST_ACTORS_MAX 512
#define CAST_VALID_MS 120000u                   /* of a command */
#define CAST_GRANT_MS (UINT64_C(4) * 365 * 86400000) /* of the grants in the genesis */

enum cast_role { CAST_SYSTEM, CAST_PATIENT, CAST_PRACTITIONER, CAST_NEWCOMER, CAST_ADMIN, CAST_ROLES };

#define CAST_NOBODY UINT32_MAX

struct cast_plan {
    uint64_t seed;
    uint32_t members_count; /* MEMBERS_MIN .. MEMBERS_MAX */
    uint32_t actors_count;  /* 1 .. CAST_ACTORS_MAX; actor i belongs to hospital i mod members_count + 1 */
    struct config_limits limits;
    bool mixed; /* commands of several kinds: a pointer, one that supersedes it, a status for that one, and again */
    bool consents; /* patients and practitioners send commands too */
    struct rate rate; /* of everybody; interval_ms 0: as the parameters have it */
    bool joins; /* needs consents: patients, and practitioners, are registered while it goes on */
    uint32_t tenure_ms; /* since the genesis; then the registration of each practitioner ends; 0: not while anything happens */
};

/* One record system, its patient and its practitioner; where somebody joins, who does beside them. */
struct cast_actor {
    struct sign_keypair key, patient_key, practitioner_key; /* the last with consents alone */
    struct sign_keypair newcomer_key, recruit_key;          /* where somebody joins */
    uint8_t newcomer[32], recruit[32];                      /* their accounts */
    uint8_t account[32];
    uint8_t patient[32];      /* account */
    uint8_t practitioner[32]; /* account */
    uint16_t organisation;
};

struct cast {
    struct cast_plan plan;
    struct sign_keypair *members; /* keys of the replicas */
    struct cast_actor *actors;
    struct sign_keypair *admins; /* of the hospitals */
    uint8_t (*admin_accounts)[32];
    uint8_t *genesis_bytes;
    struct genesis genesis;
    struct config config;       /* epoch 0 */
    struct block_header block0;
    struct hash32 chain_id;
};

/* A ticket as its requester knows it; an id of zeros: it knows none. */
struct cast_ticket {
    struct hash32 id;
    uint32_t patient;
    uint8_t recipient[32]; /* account of the requester */
};

/* One signed command. */
struct cast_command {
    struct hash32 id;
    struct cast_ticket ticket; /* that a disclosure may name */
    uint64_t nonce;
    uint64_t valid_until_ms;
    uint32_t size;
    uint8_t bytes[CAST_COMMAND_BYTES_MAX];
};

/* cast_make builds everybody. Owns: takes memory that cast_close gives back. */
void cast_make(struct cast *cast, const struct cast_plan *plan);
void cast_close(struct cast *cast);

/* cast_senders gives how many send commands; cast_role and cast_account what and who one of them is. cast_sender finds one by its account, cast_senders when there is none. */
uint32_t cast_senders(const struct cast_plan *plan);
enum cast_role cast_role(const struct cast_plan *plan, uint32_t sender);
const uint8_t *cast_account(const struct cast *cast, uint32_t sender);
uint32_t cast_sender(const struct cast *cast, const uint8_t account[32]);

/* cast_tenure_ends_ms gives when the registration of a practitioner ends: whoever asks for records in that name is refused from then on. */
uint64_t cast_tenure_ends_ms(const struct cast_plan *plan);

/* cast_organisation gives for whom a sender acts, 0: for itself. cast_own_patient gives the number of the patient that a sender is, CAST_NOBODY: it is none. */
uint16_t cast_organisation(const struct cast *cast, uint32_t sender);
uint32_t cast_own_patient(const struct cast_plan *plan, uint32_t sender);

/* cast_patients gives how many patients there are or will be, cast_patient_account the account of one. cast_patient finds one by its account, 0 when there is none. */
uint32_t cast_patients(const struct cast_plan *plan);
const uint8_t *cast_patient_account(const struct cast *cast, uint32_t patient);
uint32_t cast_patient(const struct cast *cast, const uint8_t account[32]);

/* cast_practitioners, cast_practitioner_account: likewise. cast_practitioner finds one by its account, CAST_NOBODY when it is none. */
uint32_t cast_practitioners(const struct cast_plan *plan);
const uint8_t *cast_practitioner_account(const struct cast *cast, uint32_t practitioner);
uint32_t cast_practitioner(const struct cast *cast, const uint8_t account[32]);

/* cast_sign makes a sender's command number `nonce`: a pointer for its patient, or what a mixed plan has in its place, accepted with code 0; with consents what it asks for,
 * whatever comes of it. Needs: nonce and valid_until_ms are set, and the ticket where one is known. */
void cast_sign(const struct cast *cast, uint32_t sender, struct cast_command *command);

#endif
