/* story.c: see story.h. Who takes part, and what they send; the questions are in story_ask.c. */
#include "cli/story.h"

#include "base/assert.h"
#include "base/clock.h"
#include "cli/story_priv.h"
#include "ledger/entity.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define YEAR_MS (UINT64_C(365) * 86400000)
#define LIFE_MS UINT64_C(300000) /* of a command */

enum { EXECUTE_MS = 15000, CONNECT_MS = 5000, TICKET_S = 3600 };

bool story_fail(struct story *story, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(story->problem, sizeof story->problem, format, arguments);
    va_end(arguments);
    return false;
}

void story_expect(struct story *story, uint8_t type, const struct hash32 *ref, uint32_t count)
{
    ASSERT(story->expected_count < STORY_EXPECTED_MAX);
    story->expected[story->expected_count++] = (struct story_expected){ type, *ref, count };
}

/* --- People ---------------------------------------------------------------------------------------------------------- */

/* person_make gives fresh keys and the account that the first of them names. */
static void person_make(struct story *story, struct story_person *person, uint8_t kind)
{
    uint8_t seeds[3][32];

    random_fill(seeds, sizeof seeds);
    *person = (struct story_person){ .nonce = 0 };
    sign_keypair_from_seed(&person->key, seeds[0]);
    kx_keypair_from_seed(&person->kx, seeds[1]);
    kx_keypair_from_seed(&person->sealed_kx, seeds[2]);
    secret_wipe(seeds, sizeof seeds);
    struct hash32 account = account_derive(&story->bed->cluster.genesis.hash, kind, person->key.public_key);
    memcpy(person->account, account.bytes, ACCOUNT_BYTES);
}

static void admin_make(struct story *story, uint32_t place)
{
    struct cluster_org *org = &story->bed->cluster.orgs[place];
    struct hash32 account = account_of_org(ORG_KEY_ADMIN, org->id);

    story->admins[place] = (struct story_person){ .key = org->admin, .kx = org->kx };
    memcpy(story->admins[place].account, account.bytes, ACCOUNT_BYTES);
}

bool story_open(struct story *story, struct bed *bed, struct fhir_bundle *bundle)
{
    static struct client_config config;
    uint32_t replicas = bed->cluster.plan.replicas;
    const char *problem;

    ASSERT(bed->cluster.plan.extra >= 1);
    memset(story, 0, sizeof *story);
    story->bed = bed;
    story->bundle = bundle;
    story->custodians = replicas - 1 < STORY_CUSTODIANS_MAX ? replicas - 1 : STORY_CUSTODIANS_MAX;
    story->elsewhere_org = (uint16_t)replicas;
    story->stranger_org = (uint16_t)(replicas + 1);
    for (uint32_t i = 0; i < bed->cluster.orgs_count; i++) {
        admin_make(story, i);
    }
    config = (struct client_config){ .targets_count = replicas, .genesis = bed->cluster.genesis.hash };
    for (uint32_t i = 0; i < replicas; i++) {
        char address[LOAD_SOCKET_BYTES + 8];
        snprintf(address, sizeof address, "unix:%s", bed->sockets[i]);
        enum err err = address_parse(&config.targets[i].address, address, &problem);
        ASSERT(err == ERR_OK);
    }
    enum err err = client_open(&story->client, &config, CONNECT_MS);
    return err == ERR_OK || story_fail(story, "no replica answers: %s", err_name(err));
}

void story_close(struct story *story)
{
    if (story->client != NULL) {
        client_close(story->client);
        story->client = NULL;
    }
}

/* --- Sending --------------------------------------------------------------------------------------------------------- */

static struct tx_signer signer_of(const struct story_person *person)
{
    struct tx_signer signer = { .key = &person->key };

    memcpy(signer.account, person->account, ACCOUNT_BYTES);
    return signer;
}

bool story_send(struct story *story, struct story_person *person, struct tx_draft *draft)
{
    struct client_event event;
    uint16_t code = 0;

    draft->genesis = &story->bed->cluster.genesis.hash;
    draft->sender = signer_of(person);
    draft->nonce = person->nonce + 1;
    draft->valid_until_ms = clock_wall_ms() + LIFE_MS;
    tx_make(&story->tx, draft);
    enum err err = client_execute(story->client, bytes_of(story->tx.bytes, story->tx.size), &event, EXECUTE_MS);
    if (err != ERR_OK) {
        return story_fail(story, "no answer to a command: %s", err_name(err));
    }
    code = event.code;
    if (event.type == CLIENT_REFUSED && event.taken && code == CODE_NONCE_LOW && !story_find_receipt(story, &story->tx.id, &code)) {
        code = CODE_NONCE_LOW; /* sent twice, executed never: somebody else has the nonce */
    }
    person->nonce++;
    if (code != CODE_OK) {
        story->rejected[code % 1024]++;
        return story_fail(story, "command of type %u: %u %s", draft->body.type, code, code_text((enum code)code));
    }
    story->committed++;
    return true;
}

/* --- Registering ----------------------------------------------------------------------------------------------------- */

static bool register_actor(struct story *story, uint16_t org, struct story_person *person, const struct actor_set *what)
{
    struct tx_draft draft = { .new_key = &person->key };
    struct actor_set *body = &draft.body.as.actor_set;

    person_make(story, person, what->kind);
    draft.body.type = COMMAND_ACTOR_SET;
    *body = *what;
    body->op = ACTOR_REGISTER;
    body->valid_until = clock_wall_ms() + YEAR_MS;
    memcpy(body->acct, person->account, ACCT_BYTES);
    memcpy(body->pk, person->key.public_key, KEY_BYTES);
    memcpy(body->kx_pk, person->kx.public_key, KEY_BYTES);
    return story_send(story, &story->admins[org - 1], &draft);
}

static bool register_patient(struct story *story, struct story_person *person, const struct story_person *voucher, uint8_t flags)
{
    struct tx_draft draft = { .cosigners_count = 1, .cosigners = { signer_of(voucher) } };
    struct patient_register *body = &draft.body.as.patient_register;

    person_make(story, person, ACCOUNT_PATIENT);
    draft.body.type = COMMAND_PATIENT_REGISTER;
    memcpy(body->kx_pk, person->kx.public_key, KEY_BYTES);
    memcpy(body->sealed_kx_pk, person->sealed_kx.public_key, KEY_BYTES);
    body->default_policy = POLICY_DENY;
    body->btg_policy = BTG_NEVER;
    body->flags = flags;
    return story_send(story, person, &draft);
}

bool story_register(struct story *story)
{
    static const struct actor_set system = { .kind = ACTOR_SYSTEM, .caps = CAP_PUBLISH | CAP_VOUCH };
    static const struct actor_set physician = { .kind = ACTOR_PRACTITIONER, .role = ROLE_PHYSICIAN };

    for (uint32_t i = 0; i < story->custodians; i++) {
        if (!register_actor(story, (uint16_t)(i + 1), &story->systems[i], &system)) {
            return false;
        }
    }
    if (!register_actor(story, story->elsewhere_org, &story->elsewhere, &physician) || !register_actor(story, story->stranger_org, &story->stranger, &physician)) {
        return false;
    }
    if (!register_patient(story, &story->ada, &story->systems[0], REGISTER_STANDING_WRITE)) {
        return false;
    }
    story->writes[0] = true;
    story->grants = 1;
    story_expect(story, EVENT_REGISTERED, &story->tx.id, 1);
    story_expect(story, EVENT_GRANT, &story->tx.id, 1);
    return register_patient(story, &story->ben, &story->systems[1], 0);
}

/* --- Records --------------------------------------------------------------------------------------------------------- */

/* A command in the making: pointers of one hospital, and the locators beside it. */
struct chunk {
    struct tx_draft draft;
    uint8_t payload[PAYLOAD_BYTES_MAX];
    uint32_t pending; /* of its items */
    uint32_t seqs[POINTER_SEQS_MAX]; /* of the pending ones */
};

/* comes_in tells whether a pointer is current at once. The ledger decides; this only foresees it. */
static bool comes_in(const struct story *story, uint32_t hospital, const struct pointer_add_item *item)
{
    return story->writes[hospital] && item->record_class != CLASS_SEALED && item->conf <= CONF_RESTRICTED;
}

static bool chunk_add(struct story *story, struct chunk *chunk, uint32_t hospital, const struct fhir_resource *resource)
{
    struct pointer_add *body = &chunk->draft.body.as.pointer_add;
    struct locator_recipient recipient = { .kx_epoch = 1 };
    struct fhir_pointer pointer;

    memcpy(recipient.public_key, fhir_is_sealed(resource) ? story->ada.sealed_kx.public_key : story->ada.kx.public_key, 32);
    if (!fhir_pointer_make(&pointer, resource, &recipient)) {
        return story_fail(story, "%s/%s cannot be sealed", resource->type, resource->id);
    }
    memcpy(chunk->payload + (size_t)body->count * LOCATOR_SEALED_BYTES, pointer.sealed, LOCATOR_SEALED_BYTES);
    body->items[body->count++] = pointer.item;
    uint32_t seq = story->pointers + body->count;
    story->records[seq] = (struct story_record){ hospital, pointer.item.content_commit };
    if (!comes_in(story, hospital, &pointer.item)) {
        chunk->seqs[chunk->pending++] = seq;
    }
    return true;
}

/* approve lets Ada decide on what waits for her. */
static bool approve(struct story *story, const struct chunk *chunk)
{
    struct tx_draft draft = { .body.type = COMMAND_POINTER_DECIDE };
    struct pointer_decide *body = &draft.body.as.pointer_decide;

    if (chunk->pending == 0) {
        return true;
    }
    memcpy(body->patient, story->ada.account, ACCT_BYTES);
    body->approve = 1;
    body->count = (uint8_t)chunk->pending;
    memcpy(body->seqs, chunk->seqs, chunk->pending * sizeof chunk->seqs[0]);
    if (!story_send(story, &story->ada, &draft)) {
        return false;
    }
    story->current += chunk->pending;
    story_expect(story, EVENT_POINTER_APPROVED, &story->tx.id, chunk->pending);
    return true;
}

static bool publish(struct story *story, struct chunk *chunk, uint32_t hospital)
{
    struct pointer_add *body = &chunk->draft.body.as.pointer_add;

    chunk->draft.body.type = COMMAND_POINTER_ADD;
    chunk->draft.payload = bytes_of(chunk->payload, (size_t)body->count * LOCATOR_SEALED_BYTES);
    memcpy(body->patient, story->ada.account, ACCT_BYTES);
    body->kx_epoch = 1;
    if (!story_send(story, &story->systems[hospital], &chunk->draft)) {
        return false;
    }
    story->pointers += body->count;
    story->current += body->count - chunk->pending;
    if (chunk->pending > 0) {
        story_expect(story, EVENT_POINTER_PROPOSED, &story->tx.id, chunk->pending);
    }
    if (chunk->pending < body->count) {
        story_expect(story, EVENT_POINTER_APPROVED, &story->tx.id, body->count - chunk->pending);
    }
    return approve(story, chunk);
}

/* let_write grants a hospital to write from now on. */
static bool let_write(struct story *story, uint32_t hospital)
{
    struct tx_draft draft = { .body.type = COMMAND_GRANT };
    struct grant_body *body = &draft.body.as.grant;

    if (story->writes[hospital]) {
        return true;
    }
    *body = (struct grant_body){ .effect = EFFECT_PERMIT, .kind = GRANT_WRITE, .gtype = GRANTEE_ORG, .conf_max = CONF_RESTRICTED,
        .class_mask = CLASS_MASK_ALL, .expires = clock_wall_ms() + YEAR_MS, .wrap_kind = WRAP_NONE, .kx_epoch = 1 };
    memcpy(body->patient, story->ada.account, ACCT_BYTES);
    body->grantee[ACCT_BYTES - 1] = (uint8_t)(hospital + 1);
    if (!story_send(story, &story->ada, &draft)) {
        return false;
    }
    story->writes[hospital] = true;
    story->grants++;
    story_expect(story, EVENT_GRANT, &story->tx.id, 1);
    return true;
}

/* hospital_of gives the hospital that made a resource: those of the bundle go round the hospitals of the cluster. */
static uint32_t hospital_of(const struct story *story, const struct fhir_resource *resource)
{
    return resource->organisation == FHIR_NO_ORGANISATION ? 0 : resource->organisation % story->custodians;
}

/* publish_all sends everything of one hospital. What waits for Ada never exceeds what the ledger lets wait: then she decides. */
static bool publish_all(struct story *story, uint32_t hospital, uint32_t resources)
{
    static struct chunk chunk;
    const struct pointer_add *body = &chunk.draft.body.as.pointer_add;
    bool good = true;

    memset(&chunk, 0, sizeof chunk);
    for (uint32_t i = 0; good && i < resources; i++) {
        const struct fhir_resource *resource = &story->bundle->resources[i];
        if (hospital_of(story, resource) != hospital) {
            continue;
        }
        good = chunk_add(story, &chunk, hospital, resource);
        if (good && (body->count == POINTER_ADD_ITEMS_MAX || chunk.pending == STORY_PENDING_MAX)) {
            good = publish(story, &chunk, hospital) && let_write(story, hospital);
            memset(&chunk, 0, sizeof chunk);
        }
    }
    return good && (body->count == 0 || publish(story, &chunk, hospital));
}

bool story_records(struct story *story)
{
    uint32_t resources = story->bundle->resources_count < STORY_RESOURCES_MAX ? story->bundle->resources_count : STORY_RESOURCES_MAX;

    for (uint32_t i = 0; i < story->custodians; i++) {
        if (!publish_all(story, i, resources)) {
            return false;
        }
    }
    if (story->current == 0) {
        return story_fail(story, "the bundle has no clinical resource");
    }
    return true;
}

/* --- Access ---------------------------------------------------------------------------------------------------------- */

/* let_read grants Dr. Elsewhere to read everything but what is sealed, for treatment. */
static bool let_read(struct story *story)
{
    struct tx_draft draft = { .body.type = COMMAND_GRANT };
    struct grant_body *body = &draft.body.as.grant;

    *body = (struct grant_body){ .effect = EFFECT_PERMIT, .kind = GRANT_READ, .gtype = GRANTEE_ACTOR, .conf_max = CONF_RESTRICTED,
        .class_mask = CLASS_MASK_ALL, .purposes = 1u << PURPOSE_TREAT, .expires = clock_wall_ms() + YEAR_MS, .wrap_kind = WRAP_NONE, .kx_epoch = 1 };
    memcpy(body->patient, story->ada.account, ACCT_BYTES);
    memcpy(body->grantee, story->elsewhere.account, ACCT_BYTES);
    if (!story_send(story, &story->ada, &draft)) {
        return false;
    }
    story->read_grant = ++story->grants;
    story_expect(story, EVENT_GRANT, &story->tx.id, 1);
    return true;
}

/* ask sends a request for all that a patient has. What was decided is asked for afterwards: a receipt says only that it was. */
static bool ask(struct story *story, struct story_person *asker, const struct story_person *patient, struct story_request *request)
{
    struct tx_draft draft = { .body.type = COMMAND_ACCESS_REQUEST };
    struct access_request *body = &draft.body.as.access_request;
    static const char reason[] = "a second opinion";
    uint8_t salt[32];

    random_fill(salt, sizeof salt);
    memcpy(body->patient, patient->account, ACCT_BYTES);
    body->purpose = PURPOSE_TREAT;
    body->class_mask = CLASS_MASK_ALL;
    body->base_seq = 1;
    body->want_ttl = TICKET_S;
    body->reason_commit = hash_salted(HASH_COMMITMENT, salt, reason, sizeof reason - 1);
    if (!story_send(story, asker, &draft)) {
        return false;
    }
    request->id = story->tx.id;
    return true;
}

bool story_access(struct story *story)
{
    if (!let_read(story) || !ask(story, &story->elsewhere, &story->ada, &story->seen) || !story_ask_ticket(story, &story->elsewhere, &story->seen)) {
        return false;
    }
    story_expect(story, story->seen.permitted ? EVENT_ACCESS_PERMITTED : EVENT_ACCESS_DENIED, &story->seen.id, 1);
    if (!ask(story, &story->stranger, &story->ada, &story->refused) || !story_ask_ticket(story, &story->stranger, &story->refused)) {
        return false;
    }
    story_expect(story, EVENT_ACCESS_DENIED, &story->refused.id, 1);
    if (!ask(story, &story->elsewhere, &story->ben, &story->ben_refused) || !story_ask_ticket(story, &story->elsewhere, &story->ben_refused)) {
        return false;
    }
    if (!story->seen.permitted) {
        return story_fail(story, "whom Ada granted to read was denied");
    }
    return !story->refused.permitted && !story->ben_refused.permitted ? true : story_fail(story, "whom nobody granted anything was permitted");
}

/* --- Release and revocation -------------------------------------------------------------------------------------------- */

/* file tells the ledger that the document was handed out: by the system of its custodian. */
static bool file_disclosure(struct story *story)
{
    struct tx_draft draft = { .body.type = COMMAND_DISCLOSE };
    struct disclose *body = &draft.body.as.disclose;
    struct disclose_item *item = &body->items[0];
    const struct story_record *record = &story->records[story->seen.first];

    body->count = 1;
    item->ticket = story->seen.id;
    memcpy(item->patient, story->ada.account, ACCT_BYTES);
    memcpy(item->recipient, story->elsewhere.account, ACCT_BYTES);
    item->base_seq = story->seen.first;
    item->bitmap[0] = 1;
    item->mode = DISCLOSE_VIEW;
    item->bytes_log2 = 12;
    item->checked_height = 1;
    item->doc_root = record->content_commit;
    if (!story_send(story, &story->systems[record->hospital], &draft)) {
        return false;
    }
    story->disclosed = true;
    story_expect(story, EVENT_DISCLOSED, &story->seen.id, 1);
    return true;
}

bool story_release(struct story *story)
{
    if (!story_ask_release(story, &story->released)) {
        return false;
    }
    return story->released ? file_disclosure(story) : story_fail(story, "a release under a good ticket was refused");
}

bool story_revoke(struct story *story)
{
    struct tx_draft draft = { .body.type = COMMAND_REVOKE };
    struct revoke *body = &draft.body.as.revoke;
    bool permitted;

    memcpy(body->patient, story->ada.account, ACCT_BYTES);
    body->count = 1;
    body->seqs[0] = story->read_grant;
    if (!story_send(story, &story->ada, &draft)) {
        return false;
    }
    story_expect(story, EVENT_REVOKE, &story->tx.id, 1);
    if (!story_ask_release(story, &permitted)) {
        return false;
    }
    story->revoked_denied = !permitted;
    return story->revoked_denied ? true : story_fail(story, "a release was permitted after the grant was revoked");
}
