/* nonce.h: what replicas say of a sender's nonces, and whose word is enough.
 *
 * A nonce that is too high, or a NONCE_LOW that is not true, makes a sender sign the same thing twice under two nonces; who lied keeps both and has both
 * executed. So a word counts when it is
 *
 *   - of a replica of one's own: a UNIX socket of this machine. Who can lie there decides what this machine releases, too;
 *   - of f + 1 members, of which one is honest: as many --replica as that are to be named;
 *   - proved: a certified checkpoint says how far the sender's nonces have come. It takes up to twenty seconds. Whose command took a nonce nothing proves. */
#ifndef WARD_CLI_NONCE_H
#define WARD_CLI_NONCE_H

#include "cli/ask.h"

/* nonce_ask finds the nonce of the sender's next command. Needs: a key. Gives: EXIT_FINE with *next, or the exit code after output_fail. */
int nonce_ask(struct ask *ask, uint64_t *next);

/* What became of a command whose nonce is used. */
enum nonce_fate {
    NONCE_EXECUTED, /* it was executed: there is a receipt */
    NONCE_ANOTHER,  /* another command of the sender has its nonce: this one can never be executed */
    NONCE_UNTOLD    /* too few replicas say so to tell */
};

/* nonce_trace finds out what became of the transaction `id`, of this nonce. Gives: as nonce_ask, with *fate, and *receipt of one that was executed, by one replica's word. */
int nonce_trace(struct ask *ask, const struct hash32 *id, uint64_t nonce, enum nonce_fate *fate, struct client_event *receipt);

/* nonce_proved asks a certified checkpoint how far the sender's nonces have come, without waiting. Gives: as nonce_ask, with *executed, the newest nonce that
 * is proved to be used, 0 for none, and *time_ms of that state, 0 when there is no certified one yet. Needs: --genesis. */
int nonce_proved(struct ask *ask, uint64_t *executed, uint64_t *time_ms);

/* nonce_prove waits until a certified checkpoint proves that the sender's nonce is used. Gives: as nonce_ask, with ask->checker of that answer; EXIT_UNREACHABLE when none came in time. */
int nonce_prove(struct ask *ask, uint64_t nonce);

#endif
