/* tx_test.c: bodies from names and texts are what a replica decodes; wrong ones get a sentence; every signature of a command verifies. */
#include "cli/tx.h"

#include "cli/body.h"
#include "crypto/ed25519.h"

#include <criterion/criterion.h>
#include <string.h>

#define A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static char problem[BODY_PROBLEM_BYTES];

static enum err set_all(struct command_body *body, const struct body_spec *spec, const char *const *assignments)
{
    body_init(body, spec);
    for (; *assignments != NULL; assignments++) {
        enum err err = body_set(body, spec, *assignments, problem);
        if (err != ERR_OK) {
            return err;
        }
    }
    return body_check(body, spec, problem);
}

/* One legal body of each type. */
static const struct {
    const char *type;
    const char *set[12];
} good[] = {
    { "actor-set", { "kind=practitioner", "role=physician", "caps=publish,vouch", "acct=" A, "pk=" A, "kx_pk=" A, "valid_until=+365d" } },
    { "patient-register", { "kx_pk=" A, "sealed_kx_pk=" A, "default_policy=treating", "btg_policy=never", "flags=standing-write" } },
    { "pointer-add", { "patient=" A, "class=laboratory", "service_month=300", "content_commit=" A, "locator_hash=" A, "locator_length=509" } },
    { "pointer-decide", { "patient=" A, "approve=yes", "seqs=1,2,9" } },
    { "pointer-status", { "patient=" A, "op=hide", "seqs=3" } },
    { "grant", { "patient=" A, "grantee=org:3", "class_mask=all", "purposes=TREAT,HPAYMT", "expires=+30d" } },
    { "revoke", { "patient=" A, "seqs=1" } },
    { "access-request", { "patient=" A, "purpose=TREAT", "class_mask=medication,laboratory" } },
    { "disclose", { "ticket=" A, "patient=" A, "recipient=" A, "base_seq=1", "bitmap=" A, "mode=view", "bytes_log2=12" } },
    { "patient-set", { "patient=" A, "default_policy=deny" } },
};

Test(tx, a_body_of_each_type_is_made_from_words)
{
    struct command_body body;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        const struct body_spec *spec = body_spec_of(good[i].type);
        cr_assert_not_null(spec, "%s", good[i].type);
        cr_assert_eq(set_all(&body, spec, good[i].set), ERR_OK, "%s: %s", good[i].type, problem);
    }
    cr_assert_eq(set_all(&body, body_spec_of("grant"), good[5].set), ERR_OK);
    cr_assert_eq(body.as.grant.grantee[31], 3);
    cr_assert_eq(body.as.grant.gtype, GRANTEE_ORG, "whose number it is");
    cr_assert_eq(body.as.grant.purposes, 1u << PURPOSE_TREAT | 1u << PURPOSE_HPAYMT);
    cr_assert_eq(body.as.grant.class_mask, CLASS_MASK_ALL);
    cr_assert_eq(set_all(&body, body_spec_of("pointer-add"), good[2].set), ERR_OK);
    cr_assert_eq(body.as.pointer_add.count, 1);
    cr_assert_eq(body.as.pointer_add.items[0].record_class, CLASS_LABORATORY);
}

Test(tx, wrong_fields_get_a_sentence_and_never_stop_the_program)
{
    static const struct {
        const char *type, *set[4], *says;
    } rows[] = {
        { "grant", { "patient=12" }, "patient: 12" },
        { "grant", { "colour=red" }, "has no field colour" },
        { "grant", { "patient" }, "not name=value" },
        { "grant", { "effect=perhaps" }, "effect: perhaps" },
        { "grant", { "effect=9" }, "effect is missing or out of range" },
        { "grant", { "kind=research" }, "kind: research" },
        { "grant", { "custodian=65536" }, "custodian: 65536" },
        { "grant", { "class_mask=laboratory,nonsense" }, "class_mask" },
        { "grant", { "expires=+soon" }, "expires: +soon" },
        { "grant", { "grantee=org:70000" }, "grantee" },
        { "revoke", { "patient=" A }, "seqs is missing" },
        { "revoke", { "patient=" A, "seqs=" }, "seqs" },
        { "revoke", { "patient=" A, "seqs=2,1" }, "does not ascend" },
        { "revoke", { "patient=" A, "seqs=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17" }, "seqs" },
        { "pointer-add", { "patient=" A }, "needs 1 to 16 items" },
        { "pointer-status", { "patient=" A, "seqs=1" }, "op is missing" },
        { "actor-set", { "op=register" }, "kind is missing" },
        { "access-request", { "patient=" A, "want_ttl=0" }, "want_ttl is missing or out of range" },
        { "disclose", { "patient=" A, "base_seq=1", "mode=read", "bytes_log2=64" }, "bytes_log2" },
    };
    struct command_body body;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(set_all(&body, body_spec_of(rows[i].type), rows[i].set), ERR_INVALID, "row %zu", i);
        cr_assert(strstr(problem, rows[i].says) != NULL, "row %zu: `%s` lacks `%s`", i, problem, rows[i].says);
    }
    cr_assert_null(body_spec_of("nonsense"));
}

Test(tx, a_body_of_nothing_but_defaults_is_judged_without_a_stop)
{
    struct command_body body;

    for (const struct body_spec *spec = body_specs(); spec->name != NULL; spec++) {
        body_init(&body, spec);
        (void)body_check(&body, spec, problem);
    }
}

Test(tx, json_gives_the_same_body_as_words)
{
    struct command_body words, json;
    const struct body_spec *spec = body_spec_of("pointer-add");
    json_t *object = json_loads("{\"patient\":\"" A "\",\"items\":[{\"class\":\"laboratory\",\"service_month\":300,\"content_commit\":\"" A "\",\"locator_hash\":\"" A
                                "\",\"locator_length\":509}]}", 0, NULL);

    cr_assert_not_null(object);
    cr_assert_eq(set_all(&words, spec, good[2].set), ERR_OK);
    body_init(&json, spec);
    cr_assert_eq(body_set_json(&json, spec, object, problem), ERR_OK, "%s", problem);
    cr_assert_eq(memcmp(&words, &json, sizeof words), 0);
    json_decref(object);
    object = json_loads("{\"patient\":\"" A "\",\"seqs\":[1,2]}", 0, NULL);
    spec = body_spec_of("revoke");
    body_init(&json, spec);
    cr_assert_eq(body_set_json(&json, spec, object, problem), ERR_OK, "%s", problem);
    cr_assert_eq(json.as.revoke.count, 2);
    json_object_set_new(object, "items", json_array());
    cr_assert_eq(body_set_json(&json, spec, object, problem), ERR_INVALID);
    json_decref(object);
}

static void make_signer(struct tx_signer *signer, struct sign_keypair *pair, const struct hash32 *genesis, uint8_t kind, uint8_t fill)
{
    uint8_t seed[32];

    memset(seed, fill, sizeof seed);
    sign_keypair_from_seed(pair, seed);
    struct hash32 account = account_derive(genesis, kind, pair->public_key);
    memcpy(signer->account, account.bytes, ACCOUNT_BYTES);
    signer->key = pair;
}

/* Checks that the envelope decodes and each of its `count` signatures verifies. */
static void check_tx(const struct tx *tx, const struct hash32 *genesis, uint32_t payload_bytes, uint32_t count)
{
    struct envelope envelope;
    struct envelope_signature signatures[ENVELOPE_SIGNATURES_MAX];

    cr_assert_eq(envelope_decode(&envelope, bytes_of(tx->bytes, tx->size - payload_bytes)), CODE_OK);
    cr_assert_eq(envelope_check_chain(&envelope, genesis), CODE_OK);
    cr_assert_eq(envelope_check_payload(&envelope, bytes_of(tx->bytes + tx->size - payload_bytes, payload_bytes)), CODE_OK);
    struct hash32 id = envelope_tx_id(&envelope, genesis);
    cr_assert(hash_equal(&id, &tx->id));
    cr_assert_eq(envelope_signatures(&envelope, genesis, &id, signatures), count);
    for (uint32_t i = 0; i < count; i++) {
        struct sig_item item = { signatures[i].key, signatures[i].digest.bytes, signatures[i].signature };
        cr_assert(ed25519_verify(&item), "signature %u", i);
    }
}

Test(tx, sender_cosigners_in_any_order_and_payload_verify)
{
    struct hash32 genesis = hash_one(HASH_GENESIS, "g", 1);
    struct sign_keypair pairs[4];
    static struct tx tx;
    static uint8_t payload[PAYLOAD_BYTES_MAX];
    static struct tx_draft draft;

    for (int order = 0; order < 2; order++) {
        draft = (struct tx_draft){ .genesis = &genesis, .nonce = 1, .valid_until_ms = 1700000000000, .cosigners_count = 3 };
        make_signer(&draft.sender, &pairs[0], &genesis, ACCOUNT_SYSTEM, 1);
        for (uint32_t i = 0; i < 3; i++) {
            make_signer(&draft.cosigners[order == 0 ? i : 2 - i], &pairs[1 + i], &genesis, ACCOUNT_SYSTEM, (uint8_t)(2 + i));
        }
        draft.payload = bytes_of(payload, sizeof payload);
        cr_assert_eq(set_all(&draft.body, body_spec_of("pointer-add"), good[2].set), ERR_OK);
        tx_make(&tx, &draft);
        check_tx(&tx, &genesis, sizeof payload, 4);
    }
}

Test(tx, a_registration_proves_that_its_key_is_held)
{
    struct hash32 genesis = hash_one(HASH_GENESIS, "g", 1);
    struct sign_keypair admin, actor;
    struct tx_signer new_actor;
    static struct tx tx;
    static struct tx_draft draft;

    draft = (struct tx_draft){ .genesis = &genesis, .nonce = 1, .valid_until_ms = 1700000000000, .new_key = &actor };
    make_signer(&draft.sender, &admin, &genesis, ACCOUNT_SYSTEM, 1);
    struct hash32 account = account_of_org(ORG_KEY_ADMIN, 2);
    memcpy(draft.sender.account, account.bytes, ACCOUNT_BYTES);
    make_signer(&new_actor, &actor, &genesis, ACCOUNT_PRACTITIONER, 7);
    cr_assert_eq(set_all(&draft.body, body_spec_of("actor-set"), good[0].set), ERR_OK);
    memcpy(draft.body.as.actor_set.pk, actor.public_key, 32);
    memcpy(draft.body.as.actor_set.acct, new_actor.account, 32);
    tx_make(&tx, &draft);
    check_tx(&tx, &genesis, 0, 2);
}
