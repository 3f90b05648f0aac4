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
