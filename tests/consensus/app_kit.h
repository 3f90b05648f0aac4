/* app_kit.h: a small state machine for tests of consensus: accounts by number, each with a nonce, an origin and a standing that tests set.
 *
 * A command is: 'K', number of signatures u8, payload length u16, cost in microseconds and, in its highest 8 bits, the tokens that it may take beyond one u32, nonce u64,
 * valid_until u64, account and, in its highest 16 bits, one more than who pays, 0: itself u32, filler length u32, salt u64, all little-endian; then the signatures, each key 32 and signature 64; then filler and payload. Its id covers the
 * first 40 bytes: as in the real envelope, the signatures are not part of it. A signature is good iff its first byte is 1. */
#ifndef WARD_TESTS_CONSENSUS_APP_KIT_H
#define WARD_TESTS_CONSENSUS_APP_KIT_H

#include "consensus/app.h"
#include "crypto/ed25519.h"

#define APP_KIT_ACCOUNTS 4096u
#define APP_KIT_HEAD_BYTES 40u
#define APP_KIT_SIGNATURE_BYTES 96u
#define APP_KIT_COMMAND_BYTES_MAX 16384u
#define APP_KIT_TIME UINT64_C(1780000000000)

struct app_kit_account {
    uint64_t nonce;  /* executed */
    uint32_t origin;
    enum code code;  /* of every command it sends */
    uint64_t wait_ms; /* with CODE_RATE: until it has tokens again */
    uint32_t interval_ms, burst; /* of its bucket; 0: it has none */
    uint64_t tat;     /* at this time its debt is paid */
};

struct app_kit {
    struct app_kit_account accounts[APP_KIT_ACCOUNTS];
    uint64_t time_ms;                    /* of the block that is executed */
    uint64_t parses, standings, nonces; /* calls */
};

struct app_kit_command {
    uint32_t account;
    uint64_t nonce;
    uint64_t salt;            /* two commands that differ here have different ids */
    uint64_t valid_until_ms;  /* 0: APP_KIT_TIME + 60 s */
    uint32_t cost_us;
    uint32_t signatures;      /* 0: one */
    uint32_t bad;             /* bit i: signature i is bad */
    uint32_t mark;            /* goes into the signatures: the same id, other bytes */
    uint32_t filler;          /* bytes */
    uint32_t payload;         /* bytes */
    uint32_t payer;           /* account, 0: itself */
    uint32_t more_tokens;     /* that it takes at most beyond one; when it executes it takes one, and of these what its nonce leaves */
};

/* app_kit_init makes every account known, in good standing, with nonce 0 and origin number mod 4 + 1. */
void app_kit_init(struct app_kit *kit);
struct app app_kit_app(struct app_kit *kit);

/* app_kit_make writes a command. Gives: its length. Needs: room for APP_KIT_COMMAND_BYTES_MAX. */
size_t app_kit_make(const struct app_kit_command *command, uint8_t *out);

/* app_kit_parse reads it back as consensus sees it. Needs: a command that app_kit_make wrote. */
struct command app_kit_parse(struct bytes bytes);

/* app_kit_verdicts judges signatures as the driver would. */
void app_kit_verdicts(const struct sig_item *items, uint32_t count, bool *verdicts);

/* app_kit_execute executes a command. Gives: OK when its nonce was the next, its account in good standing, and who pays had a token; nonce and tokens are consumed then. Else
 * why not, and nothing is. */
enum code app_kit_execute(struct app_kit *kit, struct bytes bytes);

/* app_kit_account_hash names an account as commands do. */
struct hash32 app_kit_account_hash(uint32_t account);

#endif
