/* codes_test.c: every code of the ledger, each produced by a command, each with the proof of what it left behind (codes_kit.h).
 *
 * A row names what is wrong with a command that is right otherwise. The list of what must have a row stands at the end; tools/tidy.d/codes
 * compares the rows with the codes that the sources name. */
#include "tests/ledger/codes_bytes_kit.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>

enum { DAY_MS = 86400000 };

/* --- 109 to 118, 200, 219: the sender ------------------------------------------------------------------------------- */

static void nonce_low(struct attempt *attempt)
{
    attempt->command = codes_policy();
    codes_patient.nonce--;
}

static void nonce_gap(struct attempt *attempt)
{
    attempt->command = codes_policy();
    codes_patient.nonce++;
}

static void slow(struct params *params)
{
    params->rate_practitioner = (struct rate){ .interval_ms = DAY_MS, .burst = 1 };
}

/* An empty bucket is one token behind its burst: the third command in a row is too many. */
static void rate(struct attempt *attempt)
{
    codes_must(codes_request());
    codes_must(codes_request());
    attempt->command = codes_request();
}

static void voucher_rate(struct attempt *attempt)
{
    static struct lab_party party;

    attempt->command = codes_register_patient(&party, 50);
    struct actor actor;
    cr_assert(exec_get_actor(ledger_exec(codes_lab.ledger), codes_system.acct, &actor));
    actor.bucket = codes_lab.time_ms + DAY_MS;
    cr_assert_eq(exec_put_actor(ledger_exec(codes_lab.ledger), codes_system.acct, &actor), CODE_OK);
}

static void duplicate(struct attempt *attempt)
{
    attempt->command = codes_policy();
    attempt->twice = true;
}

static void unknown(struct attempt *attempt)
{
    static struct lab_party stranger;

    stranger = lab_party_of(&codes_lab, ACTOR_PRACTITIONER, 99);
    attempt->command = codes_request();
    attempt->command.sender = &stranger;
}

/* The account of one, the key of another; its signature is valid for that key. */
static struct lab_party *forged(const struct lab_party *account, const struct lab_party *key)
{
    static struct lab_party thief;

    thief = *account;
    thief.pair = key->pair;
    return &thief;
}

static void key_not_current(struct attempt *attempt)
{
    attempt->command = codes_policy();
    attempt->command.sender = forged(&codes_patient, &codes_other);
}

static void cosigner_key_not_current(struct attempt *attempt)
{
    attempt->command = codes_add();
    attempt->command.cosigners[0] = forged(&codes_patient, &codes_other);
}

static void registration_of_anothers_account(struct attempt *attempt)
{
    attempt->command = codes_register_patient(&codes_other, 50);
    attempt->command.sender = forged(&codes_patient, &codes_other);
    attempt->command.sender->nonce = 0;
}

/* The capacities are what the world takes already; a ticket is taken here. */
static void full(struct params *params)
{
    params->actors_max = 6;
    params->patients_max = 2;
    params->pointers_max = 1;
    params->grants_max = 1;
    params->tickets_max = 1;
}

static void actors_full(struct attempt *attempt)
{
    attempt->command = codes_register_actor(50);
}

static void patients_full(struct attempt *attempt)
{
    static struct lab_party party;

    attempt->command = codes_register_patient(&party, 50);
}

static void pointers_full(struct attempt *attempt)
{
    attempt->command = codes_add();
}

static void grants_full(struct attempt *attempt)
{
    attempt->command = codes_grant();
}

static void tickets_full(struct attempt *attempt)
{
    codes_must(codes_request());
    attempt->command = codes_request();
}

static void state_full(struct attempt *attempt)
{
    enum code code = CODE_OK;

    for (uint32_t i = 0; code == CODE_OK; i++) {
        struct hash32 hash = hash_one(HASH_COMMITMENT, &i, sizeof i);
        struct state_key key = key_key_use(hash.bytes);
        code = exec_put(ledger_exec(codes_lab.ledger), &key, hash.bytes, ACCT_BYTES);
    }
    attempt->command = codes_register_actor(50);
}

/* --- 201 to 218: standing and registry ------------------------------------------------------------------------------ */

static void suspended(struct attempt *attempt)
{
    codes_set_actor(&codes_doctor, ACTOR_SUSPENDED, UINT64_MAX);
    attempt->command = codes_request();
}

static void expired(struct attempt *attempt)
{
    codes_set_actor(&codes_doctor, ACTOR_ACTIVE, codes_lab.time_ms + 1000);
    attempt->command = codes_request();
}

static void org_suspended(struct attempt *attempt)
{
    codes_set_org(LAB_CEDAR, ORG_SUSPENDED, CAP_PUBLISH);
    attempt->command = codes_request();
}

/* A command that is right, but for a cosigner in bad standing. */
static void cosigner_suspended(struct attempt *attempt)
{
    attempt->command = codes_policy();
    attempt->command.cosigners[0] = &codes_foreign;
    codes_set_actor(&codes_foreign, ACTOR_RETIRED, UINT64_MAX);
}

static void cosigner_expired(struct attempt *attempt)
{
    attempt->command = codes_policy();
    attempt->command.cosigners[0] = &codes_foreign;
    codes_set_actor(&codes_foreign, ACTOR_ACTIVE, codes_lab.time_ms + 1000);
}

static void cosigner_org_suspended(struct attempt *attempt)
{
    attempt->command = codes_policy();
    attempt->command.cosigners[0] = &codes_foreign;
    codes_set_org(LAB_BIRCH, ORG_SUSPENDED, CAPS_ALL);
}

static void cosigner_org_unknown(struct attempt *attempt)
{
    static struct lab_party nobody;

    nobody = codes_lab.admins[LAB_ALDER];
    nobody.acct[ACCT_BYTES - 1] = 77;
    attempt->command = codes_policy();
    attempt->command.cosigners[0] = &nobody;
}

static void role(struct attempt *attempt)
{
    attempt->command = codes_policy();
    attempt->command.sender = &codes_other;
}

static void role_on_behalf(struct attempt *attempt)
{
    attempt->command = codes_request();
    memcpy(attempt->command.body.as.access_request.on_behalf, codes_nurse.acct, ACCT_BYTES);
}

static void role_revoke(struct attempt *attempt)
{
    attempt->command = codes_revoke(1);
    attempt->command.sender = &codes_foreign;
}

static void role_voucher(struct attempt *attempt)
{
    static struct lab_party party;

    attempt->command = codes_register_patient(&party, 50);
    attempt->command.cosigners[0] = &codes_payer;
}

static void cap(struct attempt *attempt)
{
    codes_set_org(LAB_ALDER, ORG_ACTIVE, CAP_VOUCH);
    attempt->command = codes_add();
}

static void cap_voucher(struct attempt *attempt)
{
    static struct lab_party party;

    attempt->command = codes_register_patient(&party, 50);
    attempt->command.cosigners[0] = &codes_foreign;
}

static void cap_grantee(struct attempt *attempt)
{
    attempt->command = codes_grant();
    attempt->command.body.as.grant.kind = GRANT_WRITE;
    attempt->command.body.as.grant.purposes = 0;
    attempt->command.body.as.grant.grantee[ACCT_BYTES - 1] = LAB_PAYER;
}

static void actor_exists(struct attempt *attempt)
{
    attempt->command = codes_register_actor(1);
}

static void patient_exists(struct attempt *attempt)
{
    codes_patient.nonce = 0;
    attempt->command = codes_register_patient(&codes_patient, 1);
}

static void vouch_missing(struct attempt *attempt)
{
    static struct lab_party party;

    attempt->command = codes_register_patient(&party, 50);
    attempt->command.cosigners[0] = NULL;
}

static void key_reuse(struct attempt *attempt)
{
    struct lab_party party = { .pair = codes_lab.officers[LAB_DUNE].pair };
    struct hash32 acct = account_derive(&codes_lab.genesis.hash, ACTOR_SYSTEM, party.pair.public_key);

    memcpy(party.acct, acct.bytes, ACCT_BYTES);
    attempt->command = lab_register(&codes_lab, LAB_ALDER, &party, ACTOR_SYSTEM, ROLE_NONE, 0);
}

static void suspends_with_role(struct attempt *attempt)
{
    attempt->command = lab_end(&codes_lab, LAB_CEDAR, &codes_doctor, ACTOR_SUSPEND);
    attempt->command.body.as.actor_set.role = ROLE_PHYSICIAN;
}

static void not_owner(struct attempt *attempt)
{
    attempt->command = lab_end(&codes_lab, LAB_ALDER, &codes_doctor, ACTOR_SUSPEND);
}

/* --- 300 to 316: subject and pointers ------------------------------------------------------------------------------- */

static void patient_unknown(struct attempt *attempt)
{
    attempt->command = codes_request();
    memset(attempt->command.body.as.access_request.patient, 9, ACCT_BYTES);
}

static void locked(struct attempt *attempt)
{
    codes_set_patient_status(PATIENT_LOCKED);
    attempt->command = codes_add();
}

static void erased(struct attempt *attempt)
{
    codes_set_patient_status(PATIENT_ERASED);
    attempt->command = codes_add();
}

static struct pointer_add_item *adding(struct attempt *attempt)
{
    attempt->command = codes_add();
    return &attempt->command.body.as.pointer_add.items[0];
}

static void record_class(struct attempt *attempt)
{
    adding(attempt)->record_class = CLASS_CONSENT_FORM + 1;
}

static void request_class(struct attempt *attempt)
{
    attempt->command = codes_request();
    attempt->command.body.as.access_request.class_mask = 1u << 30;
}

static void conf(struct attempt *attempt)
{
    adding(attempt)->conf = CONF_VERY_RESTRICTED + 1;
}

static void month(struct attempt *attempt)
{
    adding(attempt)->service_month = 1000;
}

static void locator_size(struct attempt *attempt)
{
    adding(attempt)->locator_length = 509; /* and no payload */
}

static void commit_zero(struct attempt *attempt)
{
    memset(&adding(attempt)->content_commit, 0, HASH_BYTES);
}

static void ptr_unknown(struct attempt *attempt)
{
    attempt->command = codes_decide(77);
}

static void ptr_state(struct attempt *attempt)
{
    attempt->command = codes_decide(1);
}

static void not_custodian(struct attempt *attempt)
{
    attempt->command = codes_status(POINTER_SET_ERROR, 1);
    attempt->command.sender = &codes_foreign;
}

static void files_for_another(struct attempt *attempt)
{
    attempt->command = codes_file();
    attempt->command.sender = &codes_foreign;
}

static void supersede_target(struct attempt *attempt)
{
    struct pointer_add_item *items = adding(attempt);

    items[1] = (struct pointer_add_item){ .record_class = items[0].record_class, .content_commit = { { 0x42 } }, .supersedes = 1 };
    items[0].supersedes = 1;
    attempt->command.body.as.pointer_add.count = 2;
}

static void supersede_custodian(struct attempt *attempt)
{
    adding(attempt)->supersedes = 1;
    attempt->command.sender = &codes_foreign;
}

static void one_pointer(struct params *params)
{
    params->pointers_lifetime_max = 1;
}

static void one_pending(struct params *params)
{
    params->pending_org_max = 1;
}

static void limit_pending(struct attempt *attempt)
{
    codes_must(codes_add());
    attempt->command = codes_add();
}

static void pending_expired(struct attempt *attempt)
{
    codes_must(codes_add());
    codes_lab.time_ms += codes_lab.params.pending_ms;
    attempt->command = codes_decide(2);
}

static void dup_commit(struct attempt *attempt)
{
    struct pointer_add_item *items = adding(attempt);

    attempt->command.body.as.pointer_add.count = 2;
    items[1] = items[0];
}

/* --- 400 to 410: grants --------------------------------------------------------------------------------------------- */

static struct grant_body *granting(struct attempt *attempt)
{
    attempt->command = codes_grant();
    return &attempt->command.body.as.grant;
}

static void scope_empty(struct attempt *attempt)
{
    granting(attempt)->class_mask = 0;
}

static void purpose(struct attempt *attempt)
{
    granting(attempt)->purposes = 0;
}

static void period(struct attempt *attempt)
{
    struct grant_body *body = granting(attempt);

    body->not_before = body->expires;
}

static void period_long(struct attempt *attempt)
{
    granting(attempt)->expires = codes_lab.time_ms + codes_lab.params.grant_ms_max + 1001;
}

static void grantee(struct attempt *attempt)
{
    granting(attempt)->grantee[ACCT_BYTES - 1] = 77;
}

static void grant_unknown(struct attempt *attempt)
{
    attempt->command = codes_revoke(77);
}

static void grant_state(struct attempt *attempt)
{
    codes_lab.time_ms += UINT64_C(31536000000);
    attempt->command = codes_revoke(1);
}

static void one_grant(struct params *params)
{
    params->grants_live_max = 1;
}

static void wraps(struct attempt *attempt)
{
    granting(attempt)->wrap_kind = WRAP_EPOCH;
}

static void grant_epoch(struct attempt *attempt)
{
    granting(attempt)->kx_epoch = 2;
}

static void add_epoch(struct attempt *attempt)
{
    attempt->command = codes_add();
    attempt->command.body.as.pointer_add.kx_epoch = 2;
}

struct row {
    enum code code;
    enum outcome outcome;
    const char *what;
    void (*prepare)(struct attempt *attempt);
    void (*spoil)(uint8_t *bytes, size_t *size);
    void (*tune)(struct params *params);
};

#define ROW(number, left, text, ...) { .code = CODE_##number, .outcome = OUT_##left, .what = text, .prepare = __VA_ARGS__ }

static const struct row rows[] = {
    ROW(MALFORMED, REFUSED, "an account that its key does not give", malformed),
    ROW(VERSION, REFUSED, "version 2", plain, .spoil = spoil_version),
    ROW(CHAIN, REFUSED, "another chain's tag", plain, .spoil = spoil_chain),
    ROW(TYPE, REFUSED, "a type that is not built", plain, .spoil = spoil_type),
    ROW(LENGTH, REFUSED, "a byte too short", plain, .spoil = spoil_length),
    ROW(RESERVED, REFUSED, "the reserved byte", plain, .spoil = spoil_reserved),
    ROW(RESERVED, REFUSED, "a suspension that says more than whom", suspends_with_role),
    ROW(SIG, REFUSED, "the sender's signature", plain, .spoil = spoil_sig),
    ROW(COSIG, REFUSED, "a cosigner's signature", cosigned, .spoil = spoil_cosig),
    ROW(COSIG_SET, REFUSED, "the sender cosigns", cosigned, .spoil = spoil_cosig_set),
    ROW(EXPIRED, REFUSED, "valid until long ago", plain, .spoil = spoil_expired),
    ROW(EXPIRY_FAR, REFUSED, "valid for ever", plain, .spoil = spoil_expiry_far),
    ROW(PAYLOAD_MISSING, REFUSED, "no payload comes", payload_missing),
    ROW(PAYLOAD_HASH, REFUSED, "another payload comes", payload_hash),
    ROW(PAYLOAD_HASH, REFUSED, "a locator that its item does not name", locator_hash),
    ROW(PAYLOAD_SIZE, REFUSED, "a payload with a byte more", payload_size),
    ROW(POP, REFUSED, "a proof of possession", pop),
    ROW(WEAK_KEY, REFUSED, "a key of small order", weak_key),

    ROW(NONCE_LOW, NOTHING, "a nonce again", nonce_low),
    ROW(NONCE_GAP, NOTHING, "a nonce left out", nonce_gap),
    ROW(RATE, NOTHING, "the third in a row", rate, .tune = slow),
    ROW(RATE, NOTHING, "a registration whose voucher has no token", voucher_rate, .tune = slow),
    ROW(DUPLICATE, NOTHING, "twice in a block", duplicate),
    ROW(SENDER_UNKNOWN, NOTHING, "nobody", unknown),
    ROW(KEY_NOT_CURRENT, NOTHING, "a forged sender", key_not_current),
    ROW(KEY_NOT_CURRENT, NOTHING, "a registration of another's account", registration_of_anothers_account),
    ROW(KEY_NOT_CURRENT, PAID, "a forged cosigner", cosigner_key_not_current),
    ROW(CAPACITY, PAID, "actors", actors_full, .tune = full),
    ROW(CAPACITY, NOTHING, "patients", patients_full, .tune = full),
    ROW(CAPACITY, PAID, "pointers", pointers_full, .tune = full),
    ROW(CAPACITY, PAID, "grants", grants_full, .tune = full),
    ROW(CAPACITY, PAID, "tickets", tickets_full, .tune = full),
    ROW(CAPACITY, PAID, "the state's nodes", state_full),

    ROW(SENDER_SUSPENDED, PAID, "a suspended sender", suspended),
    ROW(SENDER_SUSPENDED, PAID, "a retired cosigner", cosigner_suspended),
    ROW(SENDER_EXPIRED, PAID, "an expired sender", expired),
    ROW(SENDER_EXPIRED, PAID, "an expired cosigner", cosigner_expired),
    ROW(ROLE, PAID, "another patient's policy", role),
    ROW(ROLE, PAID, "on behalf of another organisation's nurse", role_on_behalf),
    ROW(ROLE, PAID, "a stranger revokes", role_revoke),
    ROW(ROLE, NOTHING, "a payer vouches", role_voucher),
    ROW(CAP, PAID, "an organisation that does not publish", cap),
    ROW(CAP, NOTHING, "a system that does not vouch", cap_voucher),
    ROW(CAP, PAID, "a write grant to who does not publish", cap_grantee),
    ROW(ORG_UNKNOWN, PAID, "a cosigner of no organisation", cosigner_org_unknown),
    ROW(ORG_SUSPENDED, PAID, "a suspended organisation", org_suspended),
    ROW(ORG_SUSPENDED, PAID, "a cosigner's suspended organisation", cosigner_org_suspended),
    ROW(EXISTS, PAID, "an actor again", actor_exists),
    ROW(EXISTS, NOTHING, "a patient again", patient_exists),
    ROW(VOUCH_MISSING, NOTHING, "nobody vouches", vouch_missing),
    ROW(KEY_REUSE, PAID, "an officer's key", key_reuse),
    ROW(NOT_OWNER, PAID, "another organisation's actor", not_owner),

    ROW(PATIENT_UNKNOWN, PAID, "no such patient", patient_unknown),
    ROW(PATIENT_LOCKED, PAID, "locked", locked),
    ROW(PATIENT_ERASED, PAID, "erased", erased),
    ROW(CLASS, PAID, "a class that is none", record_class),
    ROW(CLASS, PAID, "a question for a class that is none", request_class),
    ROW(CONF, PAID, "confidentiality", conf),
    ROW(MONTH, PAID, "a month to come", month),
    ROW(LOCATOR_SIZE, PAID, "a locator without a payload", locator_size),
    ROW(COMMIT_ZERO, PAID, "no commitment", commit_zero),
    ROW(PTR_UNKNOWN, PAID, "no such pointer", ptr_unknown),
    ROW(PTR_STATE, PAID, "decided already", ptr_state),
    ROW(NOT_CUSTODIAN, PAID, "another's pointer", not_custodian),
    ROW(NOT_CUSTODIAN, PAID, "a disclosure of another's pointer", files_for_another),
    ROW(SUPERSEDE_TARGET, PAID, "superseded a moment ago", supersede_target),
    ROW(SUPERSEDE_CUSTODIAN, PAID, "another's to supersede", supersede_custodian),
    ROW(LIMIT_POINTERS, PAID, "one more than in a lifetime", pointers_full, .tune = one_pointer),
    ROW(LIMIT_PENDING, PAID, "one more than may wait", limit_pending, .tune = one_pending),
    ROW(PENDING_EXPIRED, PAID, "waited for a month", pending_expired),
    ROW(DUP_COMMIT, PAID, "the same commitment twice", dup_commit),

    ROW(SCOPE_EMPTY, PAID, "no class", scope_empty),
    ROW(PURPOSE, PAID, "no purpose", purpose),
    ROW(PERIOD, PAID, "over before it begins", period),
    ROW(PERIOD_LONG, PAID, "longer than five years", period_long),
    ROW(GRANTEE, PAID, "nobody", grantee),
    ROW(GRANT_UNKNOWN, PAID, "no such grant", grant_unknown),
    ROW(GRANT_STATE, PAID, "over by itself", grant_state),
    ROW(LIMIT_GRANTS, PAID, "one more than may live", grants_full, .tune = one_grant),
    ROW(WRAPS, PAID, "epoch secrets", wraps),
    ROW(EPOCH_STALE, PAID, "a grant for another epoch", grant_epoch),
    ROW(EPOCH_STALE, PAID, "a pointer for another epoch", add_epoch),
};

enum { ROWS = sizeof rows / sizeof rows[0] };

ParameterizedTestParameters(codes, each_leaves_behind_what_it_must_and_nothing_else)
{
    static uint32_t numbers[ROWS];

    for (uint32_t i = 0; i < ROWS; i++) {
        numbers[i] = i;
    }
    return cr_make_param_array(uint32_t, numbers, ROWS);
}

ParameterizedTest(uint32_t *number, codes, each_leaves_behind_what_it_must_and_nothing_else)
{
    const struct row *row = &rows[*number];
    struct attempt attempt = { .spoil = row->spoil };
    char what[128];

    snprintf(what, sizeof what, "row %u, %s (%s)", *number, code_name(row->code), row->what);
    codes_start(row->tune);
    row->prepare(&attempt);
    codes_try(&attempt, row->code, row->outcome, what);
}

/* --- Completeness --------------------------------------------------------------------------------------------------- */

Test(codes, none_of_the_ledger_lacks_a_row)
{
    static const uint16_t codes[] = { 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 200, 201, 202,
        203, 204, 205, 206, 207, 208, 210, 211, 212, 218, 219, 300, 303, 304, 305, 306, 307, 308, 309, 310, 311, 312, 313, 314, 315, 316, 400, 401,
        402, 403, 404, 405, 406, 407, 409, 410 };

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        bool found = false;
        for (size_t k = 0; k < ROWS; k++) {
            found = found || (unsigned)rows[k].code == codes[i];
        }
        cr_assert(found, "%u %s has no row", codes[i], code_name(codes[i]));
    }
}
