/* sender.c: who signed, whether they may, and what it costs them. Reads the state; changes nonce and bucket only. */
#include "ledger/sender.h"

#include "base/assert.h"
#include "ledger/bucket.h"
#include "ledger/consent.h"
#include "ledger/subject.h"

#include <string.h>

bool sender_find(const struct exec *exec, const uint8_t acct[ACCT_BYTES], struct signer *signer, uint8_t key[KEY_BYTES])
{
    struct org org;

    memcpy(signer->acct, acct, ACCT_BYTES);
    signer->org_key = account_org_key(acct, &signer->org);
    if (signer->org_key != ORG_KEY_NONE) {
        signer->kind = SIGNER_ORG;
        if (!exec_get_org(exec, signer->org, &org)) {
            return false;
        }
        memcpy(key, signer->org_key == ORG_KEY_ADMIN ? org.admin_pk : org.officer_pk, KEY_BYTES);
        return true;
    }
    if (exec_get_actor(exec, acct, &signer->actor)) {
        signer->kind = SIGNER_ACTOR;
        signer->org = signer->actor.org;
        ASSERT(signer->actor.org > 0);
        memcpy(key, signer->actor.pk, KEY_BYTES);
        return true;
    }
    signer->kind = SIGNER_PATIENT;
    if (!exec_get_patient(exec, acct, &signer->patient)) {
        return false;
    }
    memcpy(key, signer->patient.pk, KEY_BYTES);
    return true;
}

static bool find_org(const struct exec *exec, const struct signer *signer, struct org *org)
{
    ASSERT(signer->kind != SIGNER_PATIENT);
    bool found = exec_get_org(exec, signer->org, org);

    ASSERT(found); /* organisations never leave the state */
    return found;
}

uint64_t sender_nonce(const struct exec *exec, const struct signer *signer)
{
    struct org org;

    switch (signer->kind) {
    case SIGNER_ORG:
        (void)find_org(exec, signer, &org);
        return signer->org_key == ORG_KEY_ADMIN ? org.nonce : org.officer_nonce;
    case SIGNER_ACTOR:
        return signer->actor.nonce;
    case SIGNER_PATIENT:
        return signer->patient.nonce;
    }
    ASSERT(false);
    return 0;
}

uint64_t sender_tat(const struct exec *exec, const struct signer *signer)
{
    struct org org;

    switch (signer->kind) {
    case SIGNER_ORG:
        (void)find_org(exec, signer, &org);
        return org.bucket;
    case SIGNER_ACTOR:
        return signer->actor.bucket;
    case SIGNER_PATIENT:
        return signer->patient.bucket;
    }
    ASSERT(false);
    return 0;
}

const struct rate *sender_rate(const struct params *params, const struct signer *signer)
{
    ASSERT(signer->kind >= SIGNER_ORG);
    ASSERT(signer->kind <= SIGNER_PATIENT);
    if (signer->kind == SIGNER_PATIENT) {
        return &params->rate_patient;
    }
    return signer->kind == SIGNER_ACTOR && signer->actor.kind == ACTOR_SYSTEM ? &params->rate_system : &params->rate_practitioner;
}

/* Work is counted in pairs of a pointer and a grant that are matched. To read a pointer or a grant and take it into the digest counts as eight of them. */
enum { PAIRS_PER_TOKEN = 4096, PAIRS_TO_READ = 8, GRANTS_MAX = 256 };

_Static_assert(1 + TICKET_PAGE * GRANTS_MAX / PAIRS_PER_TOKEN == 17, "a request for access");
_Static_assert(1 + DISCLOSE_ITEMS_MAX * (TICKET_PAGE + PAIRS_TO_READ) * (GRANTS_MAX + PAIRS_TO_READ) / PAIRS_PER_TOKEN == 392,
               "COMMAND_TOKENS_MAX of consensus/app.h: 256 grants of a patient are live at most");

/* request_tokens gives what looking at so many pointers under so many grants costs. */
static uint32_t request_tokens(uint32_t pointers, uint32_t grants)
{
    ASSERT(pointers <= TICKET_PAGE);
    ASSERT(grants <= GRANTS_MAX);
    return 1 + pointers * grants / PAIRS_PER_TOKEN;
}

/* item_pairs gives the work of judging one item of a DISCLOSE. Without a ticket nothing is evaluated, its pointers are looked up all the same. */
static uint32_t item_pairs(const struct disclose_item *item, uint32_t grants)
{
    uint32_t pointers = 0;

    ASSERT(grants <= GRANTS_MAX);
    for (uint32_t bit = 0; bit < TICKET_PAGE; bit++) {
        pointers += bitmap_has(item->bitmap, bit);
    }
    return (pointers + PAIRS_TO_READ) * ((hash_is_zero(&item->ticket) ? 0 : grants) + PAIRS_TO_READ);
}

uint32_t sender_tokens_max(const struct params *params, const struct command_body *body)
{
    uint32_t pairs = 0;

    if (body->type == COMMAND_ACCESS_REQUEST) {
        uint32_t count = body->as.access_request.count;
        return request_tokens(count > 0 ? count : TICKET_PAGE, params->grants_live_max);
    }
    for (uint32_t i = 0; body->type == COMMAND_DISCLOSE && i < body->as.disclose.count; i++) {
        pairs += item_pairs(&body->as.disclose.items[i], params->grants_live_max);
    }
    return 1 + pairs / PAIRS_PER_TOKEN;
}

static uint32_t tokens_of_request(const struct exec *exec)
{
    const struct access_request *body = &exec->command.as.access_request;
    struct patient patient;

    if (!exec_get_patient(exec, body->patient, &patient)) {
        return 1;
    }
    uint32_t pointers = body->count;
    if (pointers == 0 && body->base_seq <= patient.ptr_count) {
        pointers = patient.ptr_count - body->base_seq + 1;
    }
    pointers = pointers > TICKET_PAGE ? TICKET_PAGE : pointers;
    return request_tokens(pointers, patient.active_grants);
}

static uint32_t tokens_of_disclose(const struct exec *exec)
{
    const struct disclose *body = &exec->command.as.disclose;
    uint32_t pairs = 0;

    ASSERT(body->count <= DISCLOSE_ITEMS_MAX);
    for (uint32_t i = 0; i < body->count; i++) {
        struct patient patient;
        bool known = exec_get_patient(exec, body->items[i].patient, &patient);
        pairs += item_pairs(&body->items[i], known ? patient.active_grants : 0);
    }
    return 1 + pairs / PAIRS_PER_TOKEN;
}

uint32_t sender_tokens(const struct exec *exec)
{
    uint32_t tokens = 1;

    if (exec->envelope->type == COMMAND_ACCESS_REQUEST) {
        tokens = tokens_of_request(exec);
    } else if (exec->envelope->type == COMMAND_DISCLOSE) {
        tokens = tokens_of_disclose(exec);
    }
    ASSERT(tokens >= 1);
    ASSERT(tokens <= sender_tokens_max(exec->params, &exec->command)); /* so the cost is bounded whatever the state holds */
    return tokens;
}

/* A patient registers under the account that its first key gives, with nonce 1; nobody else can have that account. */
static enum code check_registration(struct exec *exec, bool in_block)
{
    const struct envelope *envelope = exec->envelope;
    struct hash32 derived = account_derive(exec->genesis, ACCOUNT_PATIENT, envelope->key);

    ASSERT(envelope->type == COMMAND_PATIENT_REGISTER);
    ASSERT(envelope->cosigners_count <= ENVELOPE_COSIGNERS_MAX);
    memset(&exec->sender, 0, sizeof exec->sender);
    exec->sender.kind = SIGNER_PATIENT;
    memcpy(exec->sender.acct, envelope->sender, ACCT_BYTES);
    memcpy(exec->sender.patient.pk, envelope->key, KEY_BYTES);
    if (memcmp(derived.bytes, envelope->sender, ACCT_BYTES) != 0) {
        return CODE_KEY_NOT_CURRENT;
    }
    if (in_block) {
        return CODE_DUPLICATE;
    }
    if (envelope->nonce != 1) {
        return envelope->nonce < 1 ? CODE_NONCE_LOW : CODE_NONCE_GAP;
    }
    return CODE_OK;
}

enum code sender_check(struct exec *exec, bool in_block)
{
    const struct envelope *envelope = exec->envelope;
    uint8_t key[KEY_BYTES];

    ASSERT(exec->envelope != NULL);
    if (envelope->type == COMMAND_PATIENT_REGISTER) {
        return check_registration(exec, in_block);
    }
    if (!sender_find(exec, envelope->sender, &exec->sender, key)) {
        return CODE_SENDER_UNKNOWN;
    }
    if (memcmp(key, envelope->key, KEY_BYTES) != 0) {
        return CODE_KEY_NOT_CURRENT;
    }
    if (in_block) {
        return CODE_DUPLICATE;
    }
    uint64_t nonce = sender_nonce(exec, &exec->sender);
    if (envelope->nonce != nonce + 1) {
        return envelope->nonce <= nonce ? CODE_NONCE_LOW : CODE_NONCE_GAP;
    }
    uint64_t tat = sender_tat(exec, &exec->sender);
    return bucket_allows(tat, exec->time_ms, sender_rate(exec->params, &exec->sender)) ? CODE_OK : CODE_RATE;
}

/* Values of the same length in a key that exists: the store cannot be too full for them. */
static void must_fit(enum code code)
{
    ASSERT(code == CODE_OK);
}

void sender_consume(struct exec *exec)
{
    struct signer *sender = &exec->sender;
    const struct rate *rate = sender_rate(exec->params, sender);
    struct org org;

    if (exec->envelope->type == COMMAND_PATIENT_REGISTER) {
        return;
    }
    uint64_t tat = bucket_charge(sender_tat(exec, sender), exec->time_ms, sender_tokens(exec), rate);
    ASSERT(tat > exec->time_ms); /* every command costs something */
    switch (sender->kind) {
    case SIGNER_ORG:
        (void)find_org(exec, sender, &org);
        ASSERT(exec->envelope->nonce == (sender->org_key == ORG_KEY_ADMIN ? org.nonce : org.officer_nonce) + 1); /* I14 */
        org.bucket = tat;
        *(sender->org_key == ORG_KEY_ADMIN ? &org.nonce : &org.officer_nonce) = exec->envelope->nonce;
        must_fit(exec_put_org(exec, sender->org, &org));
        break;
    case SIGNER_ACTOR:
        ASSERT(exec->envelope->nonce == sender->actor.nonce + 1); /* I14: each nonce once, in order */
        sender->actor.bucket = tat;
        sender->actor.nonce = exec->envelope->nonce;
        must_fit(exec_put_actor(exec, sender->acct, &sender->actor));
        break;
    case SIGNER_PATIENT:
        ASSERT(exec->envelope->nonce == sender->patient.nonce + 1); /* I14 */
        sender->patient.bucket = tat;
        sender->patient.nonce = exec->envelope->nonce;
        must_fit(exec_put_patient(exec, sender->acct, &sender->patient));
        break;
    }
}

enum code sender_charge(struct exec *exec, const uint8_t acct[ACCT_BYTES])
{
    struct signer signer = { .kind = SIGNER_ACTOR };

    ASSERT(exec->envelope != NULL);
    bool found = exec_get_actor(exec, acct, &signer.actor);
    ASSERT(found);
    ASSERT(signer.actor.kind == ACTOR_SYSTEM); /* who vouches was judged before */
    const struct rate *rate = sender_rate(exec->params, &signer);
    if (!bucket_allows(signer.actor.bucket, exec->time_ms, rate)) {
        return CODE_RATE;
    }
    signer.actor.bucket = bucket_charge(signer.actor.bucket, exec->time_ms, 1, rate);
    ASSERT(signer.actor.bucket > exec->time_ms);
    return exec_put_actor(exec, acct, &signer.actor);
}

/* --- Standing ----------------------------------------------------------------------------------------------------- */

/* Of whom good standing is asked: of whoever files a disclosure only that the registration is not over. */
enum standing_demand { STANDING_WHOLE, STANDING_FILES };

/* 201, 202, 206: is this signer in good standing at that time? A patient always is; what its status forbids is a matter of the subject. */
static enum code check_good(const struct exec *exec, uint64_t time_ms, const struct signer *signer, enum standing_demand demand, struct org *org)
{
    bool whole = demand == STANDING_WHOLE;

    ASSERT(signer->kind >= SIGNER_ORG);
    ASSERT(signer->kind <= SIGNER_PATIENT);
    if (signer->kind == SIGNER_PATIENT) {
        return CODE_OK;
    }
    if (whole && signer->kind == SIGNER_ACTOR && signer->actor.status != ACTOR_ACTIVE) {
        return CODE_SENDER_SUSPENDED;
    }
    if (signer->kind == SIGNER_ACTOR && time_ms >= signer->actor.valid_until) {
        return CODE_SENDER_EXPIRED;
    }
    (void)find_org(exec, signer, org);
    return !whole || org->status == ORG_ACTIVE ? CODE_OK : CODE_ORG_SUSPENDED;
}

/* 203, 204 of the cosigner that vouches for a patient: a system with caps.VOUCH of a hospital or clinic. */
static enum code check_voucher(const struct signer *signer, const struct org *org)
{
    if (signer->kind != SIGNER_ACTOR || signer->actor.kind != ACTOR_SYSTEM) {
        return CODE_ROLE; /* a patient has no organisation to look at */
    }
    ASSERT(org->kind >= ORG_HOSPITAL);
    if (org->kind != ORG_HOSPITAL && org->kind != ORG_CLINIC) {
        return CODE_ROLE;
    }
    return (signer->actor.caps & CAP_VOUCH) != 0 ? CODE_OK : CODE_CAP;
}

/* 219, 205, 201, 202, 206. */
static enum code find_cosigner(const struct exec *exec, uint64_t time_ms, const struct cosigner *cosigner, struct signer *signer, struct org *org)
{
    uint8_t key[KEY_BYTES];

    if (!sender_find(exec, cosigner->account, signer, key)) {
        return signer->kind == SIGNER_ORG ? CODE_ORG_UNKNOWN : CODE_KEY_NOT_CURRENT;
    }
    if (memcmp(key, cosigner->key, KEY_BYTES) != 0) {
        return CODE_KEY_NOT_CURRENT;
    }
    return check_good(exec, time_ms, signer, STANDING_WHOLE, org);
}

static enum code check_cosigner(const struct exec *exec, const struct cosigner *cosigner, struct signer *signer)
{
    struct org org;

    ASSERT(exec->envelope != NULL);
    enum code code = find_cosigner(exec, exec->time_ms, cosigner, signer, &org);
    return code == CODE_OK && exec->envelope->type == COMMAND_PATIENT_REGISTER ? check_voucher(signer, &org) : code;
}

enum code sender_check_vouchers(const struct exec *exec, const struct envelope *envelope, uint64_t time_ms)
{
    enum code code = CODE_OK;
    struct signer signer;
    struct org org;

    ASSERT(envelope->type == COMMAND_PATIENT_REGISTER);
    ASSERT(envelope->cosigners_count <= ENVELOPE_COSIGNERS_MAX);
    for (uint32_t i = 0; code == CODE_OK && i < envelope->cosigners_count; i++) {
        code = find_cosigner(exec, time_ms, &envelope->cosigners[i], &signer, &org);
        code = code == CODE_OK ? check_voucher(&signer, &org) : code;
    }
    return code;
}

enum code sender_check_cosigners(struct exec *exec)
{
    const struct envelope *envelope = exec->envelope;
    enum code code = CODE_OK;

    ASSERT(envelope->cosigners_count <= ENVELOPE_COSIGNERS_MAX);
    exec->cosigners_count = 0;
    for (uint32_t i = 0; code == CODE_OK && i < envelope->cosigners_count; i++) {
        code = check_cosigner(exec, &envelope->cosigners[i], &exec->cosigners[i]);
        exec->cosigners_count = i + 1;
    }
    ASSERT(code != CODE_OK || exec->cosigners_count == envelope->cosigners_count);
    return code;
}

static bool is_actor_of_kind(const struct signer *signer, enum actor_kind kind)
{
    ASSERT(signer->kind >= SIGNER_ORG);
    return signer->kind == SIGNER_ACTOR && signer->actor.kind == kind;
}

/* Whether this kind of signer may send this type at all, for this patient. */
static bool may_send(const struct exec *exec)
{
    const struct signer *sender = &exec->sender;
    const uint8_t *patient = command_body_patient(&exec->command);
    bool own = sender->kind == SIGNER_PATIENT && patient != NULL && memcmp(patient, sender->acct, ACCT_BYTES) == 0;
    bool cares = is_actor_of_kind(sender, ACTOR_SYSTEM) || is_actor_of_kind(sender, ACTOR_PRACTITIONER);
    uint8_t op = exec->command.as.pointer_set_status.op;

    ASSERT(exec->envelope->type == (uint8_t)exec->command.type);
    switch ((enum command_type)exec->envelope->type) {
    case COMMAND_ACTOR_SET:
        return sender->kind == SIGNER_ORG && sender->org_key == ORG_KEY_ADMIN;
    case COMMAND_PATIENT_REGISTER:
    case COMMAND_REVOKE:
        return true; /* a REVOKE is judged grant by grant */
    case COMMAND_POINTER_ADD:
        return cares;
    case COMMAND_POINTER_STATUS:
        return op == POINTER_HIDE || op == POINTER_UNHIDE ? own : cares;
    case COMMAND_POINTER_DECIDE:
    case COMMAND_GRANT:
    case COMMAND_PATIENT_SET:
        return own;
    case COMMAND_ACCESS_REQUEST:
        return sender->kind != SIGNER_ORG;
    case COMMAND_DISCLOSE:
        return is_actor_of_kind(sender, ACTOR_SYSTEM);
    }
    return false;
}

enum code sender_check_standing(struct exec *exec)
{
    bool files = exec->envelope->type == COMMAND_DISCLOSE; /* what happened is not rejected because a system was suspended since */

    ASSERT(exec->envelope != NULL);
    if (exec->envelope->type == COMMAND_PATIENT_REGISTER) {
        return CODE_OK;
    }
    enum code code = check_good(exec, exec->time_ms, &exec->sender, files ? STANDING_FILES : STANDING_WHOLE, &exec->sender_org);
    if (code != CODE_OK) {
        return code;
    }
    if (!may_send(exec)) {
        return CODE_ROLE;
    }
    code = subject_on_behalf(exec, NULL);
    if (code != CODE_OK || exec->envelope->type != COMMAND_POINTER_ADD) {
        return code;
    }
    return (exec->sender_org.caps & CAP_PUBLISH) != 0 ? CODE_OK : CODE_CAP;
}
