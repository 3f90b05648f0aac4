/* stateless.c: see stateless.h. */
#include "ledger/stateless.h"

#include "base/assert.h"
#include "wire/account.h"

#include <string.h>

/* An actor's account is what its first key gives; anything else would let an admin take a name that is not the actor's. */
static bool account_is_derived(const struct hash32 *genesis, const struct actor_set *body)
{
    struct hash32 derived = account_derive(genesis, body->kind, body->pk);

    ASSERT(body->op == ACTOR_REGISTER);
    return memcmp(derived.bytes, body->acct, ACCT_BYTES) == 0;
}

enum code stateless_check(const struct hash32 *genesis, struct bytes bytes, struct envelope *envelope, struct command_body *body)
{
    enum code code = envelope_decode(envelope, bytes);

    if (code == CODE_OK) {
        code = envelope_check_chain(envelope, genesis);
    }
    if (code == CODE_OK) {
        code = command_body_refusal(command_body_decode(body, envelope->type, envelope->body.data, envelope->body.size));
    }
    if (code != CODE_OK || envelope->type != COMMAND_ACTOR_SET || body->as.actor_set.op != ACTOR_REGISTER) {
        return code;
    }
    return account_is_derived(genesis, &body->as.actor_set) ? CODE_OK : CODE_MALFORMED;
}

/* The locators stand in the payload one after the other, in the order of the items. Lengths that do not add up are execution's to judge
 * (306): they depend on the signed fields alone. */
static enum code check_locators(const struct pointer_add *body, struct bytes payload)
{
    size_t offset = 0;

    ASSERT(body->count <= POINTER_ADD_ITEMS_MAX);
    for (size_t i = 0; i < body->count; i++) {
        const struct pointer_add_item *item = &body->items[i];
        ASSERT(offset <= payload.size);

        if (item->locator_length > payload.size - offset) {
            return CODE_OK;
        }
        struct hash32 hash = hash_one(HASH_LOCATOR, payload.data + offset, item->locator_length);
        if (item->locator_length > 0 && !hash_equal(&hash, &item->locator_hash)) {
            return CODE_PAYLOAD_HASH;
        }
        offset += item->locator_length;
    }
    return CODE_OK;
}

enum code stateless_check_payload(const struct envelope *envelope, const struct command_body *body, struct bytes payload)
{
    enum code code = envelope_check_payload(envelope, payload);

    ASSERT((uint8_t)body->type == envelope->type);
    if (code != CODE_OK || envelope->type != COMMAND_POINTER_ADD || payload.size == 0) {
        return code;
    }
    ASSERT(body->as.pointer_add.count <= POINTER_ADD_ITEMS_MAX);
    return check_locators(&body->as.pointer_add, payload);
}
