/* seals.h: whether the signatures in a certificate that a replica shows are good, each certificate once. Whoever passes on what it did not verify, or put
 * together from what it did not verify, shows here (I11, S4). */
#ifndef WARD_SIM_ORACLE_SEALS_H
#define WARD_SIM_ORACLE_SEALS_H

#include "sim/oracle/facts.h"
#include "wire/cert.h"

struct seals {
    const struct config *config;
    struct hash32 chain_id;
    struct facts seen; /* digest of ballot and signers -> 1 good, 2 bad */
    bool (*verify)(void *context, const struct sig_item *item); /* NULL: everything is good */
    void *context;
};

void seals_init(struct seals *seals, const struct config *config, const struct hash32 *chain_id);
void seals_close(struct seals *seals);

/* Gives: false when a signature is bad. Needs: no more signers than a quorum has members. Cost: a verification for each signer, the first time. */
bool seals_cert(struct seals *seals, const struct cert *cert);
bool seals_tc(struct seals *seals, const struct timeout_cert *tc);
bool seals_checkpoint(struct seals *seals, const struct checkpoint_cert *cert);

#endif
