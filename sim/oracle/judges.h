/* judges.h: all ways to verify a signature, held against each other (I15).
 *
 * A run judges each signature once, item by item with libsodium first. A share of them is kept and judged again together: each by the portable
 * full rule, all in one random linear combination, and all by the fastest path of this machine. The verdicts must be the same. */
#ifndef WARD_SIM_ORACLE_JUDGES_H
#define WARD_SIM_ORACLE_JUDGES_H

#include "crypto/ed25519.h"

#define JUDGES_TOGETHER 8u /* signatures that are judged together */
#define JUDGES_SHARE 8u    /* one of so many is kept */

struct judges {
    struct ed25519_ctx *single; /* libsodium first: what a run goes by */
    struct ed25519_ctx *fast;
    uint8_t bytes[JUDGES_TOGETHER][128]; /* key, digest, signature */
    bool verdicts[JUDGES_TOGETHER];
    uint32_t count;
    uint64_t heard, compared;
};

void judges_open(struct judges *judges);
void judges_close(struct judges *judges);

/* judges_verdict gives the verdict by the first way. */
bool judges_verdict(struct judges *judges, const struct sig_item *item);

/* judges_compare keeps a share of the verdicts it is told and compares them with all other ways. Gives: false when one differs. */
bool judges_compare(struct judges *judges, const struct sig_item *item, bool verdict);

#endif
