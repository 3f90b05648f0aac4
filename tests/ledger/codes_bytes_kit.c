/* codes_bytes_kit.c: see codes_bytes_kit.h. */
#include "tests/ledger/codes_bytes_kit.h"

#include <string.h>

static uint8_t payload[600];

static void set_byte(uint8_t *bytes, size_t at, uint8_t value)
{
    bytes[at] = value;
}

void spoil_version(uint8_t *bytes, size_t *size)
{
    (void)size;
    set_byte(bytes, 0, 2);
}

void spoil_chain(uint8_t *bytes, size_t *size)
{
    (void)size;
    bytes[4] ^= 1;
}

void spoil_type(uint8_t *bytes, size_t *size)
{
    (void)size;
    set_byte(bytes, 1, 5); /* KEY_ROTATE: not built */
}

void spoil_length(uint8_t *bytes, size_t *size)
{
    (void)bytes;
    *size -= 1;
}

void spoil_reserved(uint8_t *bytes, size_t *size)
{
    (void)size;
    set_byte(bytes, 131, 1);
}

void spoil_sig(uint8_t *bytes, size_t *size)
{
    bytes[*size - 40] ^= 1;
}

void spoil_cosig(uint8_t *bytes, size_t *size)
{
    bytes[*size - 64 - 40] ^= 1;
}

void spoil_cosig_set(uint8_t *bytes, size_t *size)
{
    memcpy(bytes + *size - 64 - ENVELOPE_COSIGNER_BYTES, bytes + 28, ACCT_BYTES); /* the sender's account */
}

void spoil_expired(uint8_t *bytes, size_t *size)
{
    (void)size;
    memset(bytes + 20, 0, 8);
}

void spoil_expiry_far(uint8_t *bytes, size_t *size)
{
    (void)size;
    set_byte(bytes, 20, 1);
}

void plain(struct attempt *attempt)
{
    attempt->command = codes_policy();
}

void malformed(struct attempt *attempt)
{
    attempt->command = codes_register_actor(50);
    attempt->command.body.as.actor_set.acct[0] ^= 1;
}

void cosigned(struct attempt *attempt)
{
    attempt->command = codes_policy();
    attempt->command.cosigners[0] = &codes_other;
}

static void with_payload(struct attempt *attempt)
{
    struct pointer_add_item *item = &attempt->command.body.as.pointer_add.items[0];

    memset(payload, 7, sizeof payload);
    attempt->command = codes_add();
    item->locator_length = 509;
    item->locator_hash = hash_one(HASH_LOCATOR, payload, 509);
    attempt->command.payload = bytes_of(payload, 509);
}

void payload_missing(struct attempt *attempt)
{
    with_payload(attempt);
    attempt->other_payload = true;
}

void payload_hash(struct attempt *attempt)
{
    static uint8_t other[509];

    with_payload(attempt);
    attempt->other_payload = true;
    attempt->sent = bytes_of(other, sizeof other);
}

void locator_hash(struct attempt *attempt)
{
    with_payload(attempt);
    attempt->command.body.as.pointer_add.items[0].locator_hash.bytes[0] ^= 1;
}

void payload_size(struct attempt *attempt)
{
    with_payload(attempt);
    attempt->other_payload = true;
    attempt->sent = bytes_of(payload, 510);
}

void pop(struct attempt *attempt)
{
    attempt->command = codes_register_actor(50);
    attempt->command.body.as.actor_set.pop[40] ^= 1;
}

/* The neutral point as a key, and the proof that is valid for it whatever the message. */
void weak_key(struct attempt *attempt)
{
    struct lab_party party = { .pair = { .public_key = { 1 } } };
    struct hash32 acct = account_derive(&codes_lab.genesis.hash, ACTOR_SYSTEM, party.pair.public_key);
    static const uint8_t proof[64] = { 1 };

    memcpy(party.acct, acct.bytes, ACCT_BYTES);
    attempt->command = lab_register(&codes_lab, LAB_ALDER, &party, ACTOR_SYSTEM, ROLE_NONE, 0);
    memcpy(attempt->command.body.as.actor_set.pop, proof, sizeof proof);
}
