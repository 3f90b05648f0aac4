/* send.h: one signed command from its body to its receipt: who signs, with which nonce, and what became of it. For `ward submit` and `ward import-fhir`.
 *
 *     send_open -> send_sign (tx) -> send_execute (receipt) -> ... -> send_prove (proof of it, if one is wanted) -> send_close
 *
 * Whoever sends is whoever asks (cli/ask.h): --key, --as, --org. The nonce is asked for once and counted on from there; it is asked for anew when somebody else
 * used it meanwhile. Whose word on nonces counts: cli/nonce.h. */
#ifndef WARD_CLI_SEND_H
#define WARD_CLI_SEND_H

#include "cli/nonce.h"
#include "cli/tx.h"

#define SEND_FLAGS SEND_FLAGS_WITHIN("10s")
#define SEND_FLAGS_WITHIN(time)                                                                                                                          \
    ASK_FLAGS_WITHIN(time),                                                                                                                              \
    { .name = "nonce", .type = FLAG_NUMBER, .max = WIRE_NUMBER_MAX, .help = "number of the command among those of its sender; asked for when not given" }, \
    { .name = "valid-for", .type = FLAG_DURATION, .value = "5m", .min = 1000, .max = 600000, .help = "until when the command may be executed, from now" }

struct send {
    struct ask ask;
    bool certified;    /* the receipt is to be certified */
    bool nonce_known;
    bool nonce_asked;  /* a replica said it: another command of the same sender may take it first */
    uint64_t nonce;    /* of the next command */
};

/* send_open reads the flags, loads the key, connects. Needs: the row has SEND_FLAGS. Gives: as ask_open; --key must be there. Owns: send_close in either case. */
int send_open(const struct args *args, struct send *send);
void send_close(struct send *send);

/* send_sign completes and signs a draft: chain, sender, nonce, end of validity. Needs: body, cosigners, new_key and payload are set.
 * Gives: EXIT_FINE with *tx, or the exit code after output_fail. */
int send_sign(struct send *send, struct tx_draft *draft, struct tx *tx);

/* send_sign_as does the same with this nonce and this end of validity: the same draft gives the same transaction. */
void send_sign_as(struct send *send, struct tx_draft *draft, uint64_t nonce, uint64_t valid_until_ms, struct tx *tx);

/* send_ask_again lets the next command's nonce be asked for anew, unless it was given. */
void send_ask_again(struct send *send);

/* send_execute submits it and waits for its receipt, resending as R3 says. Gives: EXIT_FINE with *receipt (CLIENT_RECEIPTS, or CLIENT_REFUSED for
 * good), or the exit code after output_fail: EXIT_NO too when its nonce is used and nobody whose word is enough can tell by which command. A command with a
 * receipt uses up its nonce. */
int send_execute(struct send *send, const struct tx *tx, struct client_event *receipt);

/* send_lost_race tells whether a refused command's nonce was asked for and went to another command of the same sender, so that this one can never be
 * executed and may be signed anew (send_execute has asked those whose word is enough); the nonce will be asked for again. */
bool send_lost_race(struct send *send, const struct client_event *receipt);

/* send_run signs and executes a draft, anew with another nonce while it loses the race, SEND_TRIES times at most. Gives: as send_execute. */
#define SEND_TRIES 8u
int send_run(struct send *send, struct tx_draft *draft, struct tx *tx, struct client_event *receipt);

/* send_describe gives {transaction, nonce, code, name, text, height, index} of a command. Owns: the caller. */
json_t *send_describe(const struct send *send, const struct tx *tx, const struct client_event *receipt);

/* send_prove asks for the receipt of the transaction from a certified checkpoint when --certified or --out wants it, and adds it to the proof. Gives: as ask_query, with the
 * proved place in the block; EXIT_INTEGRITY when what is proved is not what was told. */
int send_prove(struct send *send, const struct hash32 *id, struct client_event *receipt);

#endif
