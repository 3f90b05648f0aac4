/* judges.h: all ways to verify a signature, held against each other (I15).
 *
 * A run judges each signature once: by the tables of its key, as a replica judges what members say, or item by item with libsodium first where the key has
 * no table yet. A share of them is kept and judged again together: each by the portable full rule and by libsodium, all in one random linear combination, and
 * all by the fastest path of this machine without tables. The verdicts must be the same. */
#ifndef WARD_SIM_ORACLE_JUDGES_H
#define WARD_SIM_ORACLE_JUDGES_H

#include "crypto/ed25519.h"

#define JUDGES_TOGETHER 8u /* signatures that are judged together */
#define JUDGES_SHARE 8u    /* one of so many is kept */

#define JUDGES_BUILD 16u   /* after so many verdicts without a table one is made */

struct judges {
    struct ed25519_keyset *keyset; /* members, and who signs most beside them */
    struct ed25519_ctx *tables;    /* by these */
    struct ed25519_ctx *single;    /* libsodium first */
    struct ed25519_ctx *fast;
    void *memory;                  /* of the keyset */
    uint64_t without;              /* verdicts on keys that had no table */
    uint8_t bytes[JUDGES_TOGETHER][128]; /* key, digest, signature */
    bool verdicts[JUDGES_TOGETHER];
    uint32_t count;
    uint64_t heard, compared;
};

/* judges_open names the members, whose tables come first. Needs: `keys` holds 32 bytes for each of them; count <= ED25519_MEMBERS_MAX. */
void judges_open(struct judges *judges, const uint8_t *keys, uint32_t count);
void judges_close(struct judges *judges);

/* judges_verdict gives the verdict that a run goes by. */
bool judges_verdict(struct judges *judges, const struct sig_item *item);

/* judges_compare keeps a share of the verdicts it is told and compares them with all other ways. Gives: false when one differs. */
bool judges_compare(struct judges *judges, const struct sig_item *item, bool verdict);

#endif
