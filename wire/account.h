/* account.h: what an account is called: 32 bytes that survive every change of key.
 *
 *   a person or a system   H("WARD/acct" || genesis || kind || initial key)
 *   an organisation's key  29 x 0x00 || 1 (admin) or 2 (officer) || organisation u16, big-endian
 *
 * Both forms are decided without state, so that nobody can take an account whose first key is not theirs. */
#ifndef WARD_WIRE_ACCOUNT_H
#define WARD_WIRE_ACCOUNT_H

#include "crypto/hash.h"

#include <stdbool.h>
#include <stdint.h>

#define ACCOUNT_BYTES 32

/* The kind is part of the account's name. The first six are kinds of actors. */
enum account_kind {
    ACCOUNT_PRACTITIONER = 1,
    ACCOUNT_SYSTEM = 2, /* a record system of an organisation */
    ACCOUNT_PAYER_AGENT = 3,
    ACCOUNT_RESEARCHER = 4,
    ACCOUNT_AUDITOR = 5,
    ACCOUNT_PERSON = 6,
    ACCOUNT_PATIENT = 16 /* a compartment */
};

/* Which of an organisation's two keys. */
enum org_key {
    ORG_KEY_NONE = 0,
    ORG_KEY_ADMIN = 1,
    ORG_KEY_OFFICER = 2
};

/* account_derive gives the account whose first key is `key`. Cost: one hash. */
struct hash32 account_derive(const struct hash32 *genesis, uint8_t kind, const uint8_t key[32]);

/* account_of_org gives the account of an organisation's key. Needs: which is not NONE; organisation > 0. */
struct hash32 account_of_org(enum org_key which, uint16_t organisation);

/* account_org_key tells whose key an account of the second form is, NONE for every other account. Gives: *organisation, 0 with NONE. */
enum org_key account_org_key(const uint8_t account[ACCOUNT_BYTES], uint16_t *organisation);

#endif
