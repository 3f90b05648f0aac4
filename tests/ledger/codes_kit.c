/* codes_kit.c: see codes_kit.h. */
#include "tests/ledger/codes_kit.h"

#include "ledger/bucket.h"
#include "ledger/sender.h"

#include <criterion/criterion.h>
#include <string.h>

struct lab codes_lab;
struct lab_party codes_system, codes_nurse, codes_foreign, codes_doctor, codes_agent, codes_payer, codes_patient, codes_other;

static uint32_t salt;

static struct exec *state(void)
{
    return ledger_exec(codes_lab.ledger);
}

void codes_must(struct lab_command command)
{
    enum code code = lab_send(&codes_lab, &command);

    cr_assert_eq(code, CODE_OK, "preparing: %s", code_name(code));
}

void codes_start(void (*tune)(struct params *params))
{
    struct params params = params_default();

    params.state_keys_max = 2000;
    params.state_cells_max = 8000;
    if (tune != NULL) {
        tune(&params);
    }
    lab_start(&codes_lab, &params, NULL, 0);
    codes_system = lab_actor(&codes_lab, LAB_ALDER, ACTOR_SYSTEM, ROLE_NONE, CAP_PUBLISH | CAP_VOUCH, 1);
    codes_nurse = lab_actor(&codes_lab, LAB_ALDER, ACTOR_PRACTITIONER, ROLE_NURSE, 0, 2);
    codes_foreign = lab_actor(&codes_lab, LAB_BIRCH, ACTOR_SYSTEM, ROLE_NONE, CAP_PUBLISH, 3);
    codes_doctor = lab_actor(&codes_lab, LAB_CEDAR, ACTOR_PRACTITIONER, ROLE_PHYSICIAN, 0, 4);
    codes_agent = lab_actor(&codes_lab, LAB_PAYER, ACTOR_PAYER_AGENT, ROLE_NONE, 0, 5);
    codes_payer = lab_actor(&codes_lab, LAB_PAYER, ACTOR_SYSTEM, ROLE_NONE, CAP_VOUCH, 6);
    codes_patient = lab_patient(&codes_lab, &codes_system, POLICY_DENY, 0, 1);
    codes_other = lab_patient(&codes_lab, &codes_system, POLICY_DENY, 0, 2);
    struct lab_command add = codes_add();
    add.cosigners[0] = &codes_patient;
    codes_must(add);
    codes_must(codes_grant());
}

void codes_set_actor(const struct lab_party *party, enum actor_status status, uint64_t valid_until)
{
    struct actor actor;

    cr_assert(exec_get_actor(state(), party->acct, &actor));
    actor.status = (uint8_t)status;
    actor.valid_until = valid_until;
    cr_assert_eq(exec_put_actor(state(), party->acct, &actor), CODE_OK);
}

void codes_set_org(uint16_t id, enum org_status status, uint16_t caps)
{
    struct org org;

    cr_assert(exec_get_org(state(), id, &org));
    org.status = (uint8_t)status;
    org.caps = caps;
    cr_assert_eq(exec_put_org(state(), id, &org), CODE_OK);
}

void codes_set_patient_status(enum patient_status status)
{
    struct patient patient;

    cr_assert(exec_get_patient(state(), codes_patient.acct, &patient));
    patient.status = (uint8_t)status;
    cr_assert_eq(exec_put_patient(state(), codes_patient.acct, &patient), CODE_OK);
}

/* --- The proof ----------------------------------------------------------------------------------------------------- */

/* Gives the sender of the twin the nonce and the bucket that the command takes. */
static void pay(struct exec *exec, const struct attempt *attempt)
{
    const struct lab_party *sender = attempt->command.sender;
    struct signer signer;
    uint8_t key[KEY_BYTES];
    struct org org;

    cr_assert(sender_find(exec, sender->acct, &signer, key));
    uint64_t nonce = sender_nonce(exec, &signer) + 1;
    uint64_t tat = bucket_charge(sender_tat(exec, &signer), codes_lab.time_ms, attempt->tokens == 0 ? 1 : attempt->tokens, sender_rate(exec->params, &signer));
    switch (signer.kind) {
    case SIGNER_ORG:
        cr_assert(exec_get_org(exec, signer.org, &org));
        *(signer.org_key == ORG_KEY_ADMIN ? &org.nonce : &org.officer_nonce) = nonce;
        org.bucket = tat;
        cr_assert_eq(exec_put_org(exec, signer.org, &org), CODE_OK);
        break;
    case SIGNER_ACTOR:
        signer.actor.nonce = nonce;
        signer.actor.bucket = tat;
        cr_assert_eq(exec_put_actor(exec, signer.acct, &signer.actor), CODE_OK);
        break;
    case SIGNER_PATIENT:
        signer.patient.nonce = nonce;
        signer.patient.bucket = tat;
        cr_assert_eq(exec_put_patient(exec, signer.acct, &signer.patient), CODE_OK);
        break;
    }
}

/* The chain's record must differ by the longer receipts log alone; then it is copied. */
static void copy_chain(struct exec *exec)
{
    struct state_key key = key_chain();
    uint8_t ours[CHAIN_BYTES_MAX], theirs[CHAIN_BYTES_MAX];
    struct chain chain, twin;
    int size = exec_get(state(), &key, ours, sizeof ours), twin_size = exec_get(exec, &key, theirs, sizeof theirs);

    cr_assert_eq(chain_decode(&chain, ours, (size_t)size), VERDICT_OK);
    cr_assert_eq(chain_decode(&twin, theirs, (size_t)twin_size), VERDICT_OK);
    cr_assert_eq(chain.height, twin.height);
    cr_assert_eq(chain.time, twin.time);
    cr_assert_eq(chain.actors, twin.actors);
    cr_assert_eq(chain.patients, twin.patients);
    cr_assert_eq(chain.pointers, twin.pointers);
    cr_assert_eq(chain.grants, twin.grants);
    cr_assert_eq(chain.tickets, twin.tickets);
    cr_assert_eq(chain.orgs, twin.orgs);
    cr_assert_gt(chain.receipts.count, twin.receipts.count);
    cr_assert_eq(exec_put(exec, &key, ours, (size_t)size), CODE_OK);
}

/* The one event of a denial: the patient's count, root and peaks. */
static void copy_audit(struct exec *exec)
{
    struct state_key key;
    uint8_t peaks[PEAKS_BYTES_MAX];
    struct patient ours, twin;

    key_write_run(&key, KEY_AUDIT_PEAKS, codes_patient.acct);
    cr_assert(exec_get_patient(state(), codes_patient.acct, &ours));
    cr_assert(exec_get_patient(exec, codes_patient.acct, &twin));
    cr_assert_eq(ours.audit_count, twin.audit_count + 1);
    twin.audit_count = ours.audit_count;
    twin.audit_root = ours.audit_root;
    cr_assert_eq(exec_put_patient(exec, codes_patient.acct, &twin), CODE_OK);
    int size = exec_get(state(), &key, peaks, sizeof peaks);
    cr_assert_eq(exec_put(exec, &key, peaks, (size_t)size), CODE_OK);
}

static void prove(struct ledger *twin, const struct attempt *attempt, enum outcome outcome, const char *what)
{
    ledger_begin(twin, codes_lab.height, codes_lab.time_ms);
    ledger_end(twin);
    struct exec *exec = ledger_exec(twin);
    if (outcome == OUT_PAID || outcome == OUT_DENIED) {
        pay(exec, attempt);
    }
    if (outcome == OUT_DENIED) {
        copy_audit(exec);
    }
    copy_chain(exec);
    struct hash32 ours = lab_root(&codes_lab), theirs = ledger_state_root(twin);
    cr_assert(hash_equal(&ours, &theirs), "%s: something else changed", what);
}

/* Signs, spoils, admits and executes. Gives: the code. *twin: the state before, NULL when it was refused. */
static enum code carry_out(struct attempt *attempt, struct ledger **twin)
{
    uint8_t bytes[ENVELOPE_BYTES_MAX];
    size_t size = lab_sign(&codes_lab, &attempt->command, bytes);

    if (attempt->spoil != NULL) {
        attempt->spoil(bytes, &size);
    }
    struct bytes block[2] = { bytes_of(bytes, size), bytes_of(bytes, size) };
    struct hash32 before = lab_root(&codes_lab);
    enum code code = lab_admit(&codes_lab, block[0], attempt->other_payload ? attempt->sent : attempt->command.payload);
    if (code != CODE_OK) {
        struct hash32 after = lab_root(&codes_lab);
        cr_assert(hash_equal(&before, &after));
        *twin = NULL;
        return code;
    }
    *twin = lab_twin(&codes_lab);
    code = lab_execute(&codes_lab, block, 1);
    cr_assert(code == CODE_OK || hash_is_zero(&codes_lab.receipt.events_digest), "a failure emits nothing");
    return code;
}

/* The same command twice in a block leaves what it leaves once, but for the second receipt. */
static void try_twice(struct attempt *attempt, enum code code)
{
    uint8_t bytes[ENVELOPE_BYTES_MAX];
    struct bytes one = bytes_of(bytes, lab_sign(&codes_lab, &attempt->command, bytes)), two[2] = { one, one };
    struct ledger *twin = lab_twin(&codes_lab);

    cr_assert_eq(lab_execute(&codes_lab, two, 2), code);
    ledger_begin(twin, codes_lab.height, codes_lab.time_ms);
    (void)ledger_execute(twin, one, NULL);
    ledger_end(twin);
    copy_chain(ledger_exec(twin));
    struct hash32 ours = lab_root(&codes_lab), theirs = ledger_state_root(twin);
    cr_assert(hash_equal(&ours, &theirs));
}

void codes_try(struct attempt *attempt, enum code code, enum outcome outcome, const char *what)
{
    struct ledger *twin = NULL;

    if (attempt->twice) {
        try_twice(attempt, code);
        return;
    }
    enum code got = carry_out(attempt, &twin);
    cr_assert_eq(got, code, "%s: %s, not %s", what, code_name(got), code_name(code));
    cr_assert_eq(twin == NULL, outcome == OUT_REFUSED, "%s: %s", what, twin == NULL ? "refused" : "entered a block");
    cr_assert_eq(code_is_refusal(code), outcome == OUT_REFUSED, "%s: the table says otherwise", what);
    if (twin != NULL) {
        prove(twin, attempt, outcome, what);
    }
}

void codes_reason(struct attempt *attempt, enum reason reason, const char *what)
{
    struct ledger *twin = NULL;
    struct audit_event event;
    bool denied = reason >= REASON_EXPLICIT;
    uint32_t events = codes_lab.events_count;
    enum code got = carry_out(attempt, &twin);

    cr_assert_eq(got, CODE_OK, "%s: %s", what, code_name(got));
    cr_assert_eq(codes_lab.events_count, events + 1);
    cr_assert_eq(audit_event_decode(&event, codes_lab.events[events].bytes, AUDIT_EVENT_BYTES), VERDICT_OK);
    cr_assert_eq(event.type, denied ? EVENT_ACCESS_DENIED : EVENT_ACCESS_PERMITTED, "%s", what);
    cr_assert_eq(event.result, reason, "%s: %s, not %s", what, reason_name(event.result), reason_name(reason));
    if (denied) {
        prove(twin, attempt, OUT_DENIED, what);
    }
}

/* --- Commands ------------------------------------------------------------------------------------------------------ */

struct lab_command codes_register_actor(uint32_t number)
{
    struct lab_party party = lab_party_of(&codes_lab, ACTOR_SYSTEM, number);

    return lab_register(&codes_lab, LAB_ALDER, &party, ACTOR_SYSTEM, ROLE_NONE, 0);
}

struct lab_command codes_register_patient(struct lab_party *patient, uint32_t number)
{
    *patient = lab_party_of(&codes_lab, ACCOUNT_PATIENT, number);
    return (struct lab_command){ .sender = patient, .cosigners = { &codes_system }, .body = { .type = COMMAND_PATIENT_REGISTER } };
}

struct lab_command codes_add(void)
{
    struct lab_command command = { .sender = &codes_system, .body = { .type = COMMAND_POINTER_ADD } };
    struct pointer_add *body = &command.body.as.pointer_add;

    memcpy(body->patient, codes_patient.acct, ACCT_BYTES);
    body->kx_epoch = 1;
    body->count = 1;
    salt++;
    body->items[0] = (struct pointer_add_item){ .record_class = CLASS_VITALS, .content_commit = hash_one(HASH_CONTENT, &salt, sizeof salt) };
    return command;
}

struct lab_command codes_decide(uint32_t seq)
{
    struct lab_command command = { .sender = &codes_patient, .body = { .type = COMMAND_POINTER_DECIDE } };
    struct pointer_decide *body = &command.body.as.pointer_decide;

    *body = (struct pointer_decide){ .approve = 1, .count = 1, .seqs = { seq } };
    memcpy(body->patient, codes_patient.acct, ACCT_BYTES);
    return command;
}

struct lab_command codes_status(uint8_t op, uint32_t seq)
{
    struct lab_command command = { .sender = op >= POINTER_HIDE ? &codes_patient : &codes_system, .body = { .type = COMMAND_POINTER_STATUS } };
    struct pointer_set_status *body = &command.body.as.pointer_set_status;

    *body = (struct pointer_set_status){ .op = op, .count = 1, .seqs = { seq } };
    memcpy(body->patient, codes_patient.acct, ACCT_BYTES);
    return command;
}

struct lab_command codes_grant(void)
{
    struct lab_command command = { .sender = &codes_patient, .body = { .type = COMMAND_GRANT } };
    struct grant_body *body = &command.body.as.grant;

    *body = (struct grant_body){ .effect = EFFECT_PERMIT, .kind = GRANT_READ, .gtype = GRANTEE_ORG, .conf_max = CONF_RESTRICTED, .class_mask = CLASS_MASK_ALL,
        .purposes = 1u << PURPOSE_TREAT, .expires = codes_lab.time_ms + UINT64_C(31536000000), .kx_epoch = 1 };
    memcpy(body->patient, codes_patient.acct, ACCT_BYTES);
    body->grantee[ACCT_BYTES - 1] = LAB_CEDAR;
    return command;
}

struct lab_command codes_revoke(uint32_t seq)
{
    struct lab_command command = { .sender = &codes_patient, .body = { .type = COMMAND_REVOKE } };
    struct revoke *body = &command.body.as.revoke;

    *body = (struct revoke){ .count = 1, .seqs = { seq } };
    memcpy(body->patient, codes_patient.acct, ACCT_BYTES);
    return command;
}

struct lab_command codes_request(void)
{
    struct lab_command command = { .sender = &codes_doctor, .body = { .type = COMMAND_ACCESS_REQUEST } };
    struct access_request *body = &command.body.as.access_request;

    *body = (struct access_request){ .purpose = PURPOSE_TREAT, .class_mask = CLASS_MASK_ALL, .base_seq = 1, .want_ttl = 3600 };
    memcpy(body->patient, codes_patient.acct, ACCT_BYTES);
    return command;
}

struct lab_command codes_file(void)
{
    struct lab_command command = { .sender = &codes_system, .body = { .type = COMMAND_DISCLOSE } };
    struct disclose *body = &command.body.as.disclose;

    body->count = 1;
    body->items[0] = (struct disclose_item){ .base_seq = 1, .bitmap = { 1 }, .mode = DISCLOSE_OFFLINE };
    memcpy(body->items[0].patient, codes_patient.acct, ACCT_BYTES);
    return command;
}

struct lab_command codes_policy(void)
{
    struct lab_command command = { .sender = &codes_patient, .body = { .type = COMMAND_PATIENT_SET } };

    command.body.as.patient_set = (struct patient_set){ .default_policy = POLICY_TREATING, .op = PATIENT_SET_POLICY };
    memcpy(command.body.as.patient_set.patient, codes_patient.acct, ACCT_BYTES);
    return command;
}
