/* ledger.h: the state machine as the node sees it: committed commands in, receipts and roots out.
 *
 *     ledger = ledger_take(arena, params)                memory for the capacities of the genesis, once
 *     ledger_load_genesis(ledger, genesis)               the state of block 0
 *     for each committed block, in height order:
 *         ledger_begin(ledger, height, time)
 *         ledger_execute(ledger, envelope, tx_id)        once for each command, in order; may be spread over many events
 *         ledger_end(ledger)
 *     at a checkpoint: while (!ledger_fold(ledger, n)) ; then ledger_state_root, ledger_receipts_root
 *
 * Execution reads header, body and what was executed before: never a payload, a clock or an address, so equal blocks give equal roots.
 * Signatures are not looked at: whoever calls has verified them. Between begin and end the state is that of half a block: nobody else
 * reads it then. */
#ifndef WARD_LEDGER_LEDGER_H
#define WARD_LEDGER_LEDGER_H

#include "base/arena.h"
#include "base/bytes.h"
#include "crypto/hash.h"
#include "ledger/exec.h"
#include "ledger/params.h"
#include "ledger/receipt.h"
#include "storage/state_store.h"
#include "wire/envelope.h"
#include "wire/genesis.h"

#include <stdbool.h>
#include <stdint.h>

struct ledger;

/* Who is told of what execution adds to the archive, in order, at the latest by ledger_settle. Any function may be NULL. */
struct ledger_sink {
    void *context;
    /* event: number `seq` of this patient's audit trail, as its leaf in the audit tree, and that leaf's top (crypto/merkle_log.h). Called after its
     * command was kept. */
    void (*event)(void *context, const uint8_t patient[ACCT_BYTES], uint64_t seq, const uint8_t bytes[AUDIT_EVENT_BYTES], const struct hash32 *top);
    /* receipt: leaf `position` of the receipts log, and that leaf's top. */
    void (*receipt)(void *context, uint64_t position, const struct receipt *receipt, const struct hash32 *top);
    /* expect: `event` comes soon for this number of this trail. Nothing but time depends on it. */
    void (*expect)(void *context, const uint8_t patient[ACCT_BYTES], uint64_t seq);
};

/* How a command stands in the executed state. */
struct ledger_standing {
    enum code code;          /* OK, or why it cannot execute now: 200, 219, 116, and of a registration 208, 219, 116, or what its vouchers lack: 201 to 206 */
    uint64_t nonce_executed; /* of the sender, 0 when there is none yet */
    uint16_t org;            /* whose share of a block it takes: the sender's organisation; of a patient, the one that vouched */
    uint32_t interval_ms;    /* of the bucket of who pays: what one token is in time */
    int64_t spare_ms;        /* of the same, how far its debt may grow before 116; negative: it is RATE, and may try again after so long. Both 0 without one */
};

/* ledger_params reads the parameters of a genesis. Fails: the verdict of params_decode. */
enum verdict ledger_params(struct params *params, const uint8_t bytes[PARAMS_BYTES]);

/* ledger_take takes all memory for these parameters; untouched parts cost nothing. Gives: NULL from a measuring arena.
 * Needs: params_check passed. */
struct ledger *ledger_take(struct arena *arena, const struct params *params);

/* ledger_set_sink names who is told. Owns: the context must outlive the ledger. */
void ledger_set_sink(struct ledger *ledger, const struct ledger_sink *sink);

/* ledger_load_genesis forgets everything and builds the state of block 0. Needs: the parameters are the genesis's own.
 * Fails: a verdict, when an entity is not one, or they contradict each other or exceed a capacity (genesis_load.h); the ledger is empty then. */
enum verdict ledger_load_genesis(struct ledger *ledger, const struct genesis *genesis);

/* ledger_restore_begin forgets everything, to take over a state that somebody else has executed: every pair of it by ledger_restore_pair, in
 * ascending order of the keys, then ledger_restore_end. Values are not judged: whoever calls compares ledger_state_root with a certified root
 * before anything else is done with the ledger. */
void ledger_restore_begin(struct ledger *ledger, const struct hash32 *genesis);

/* ledger_restore_pair gives: OK, TYPE (no key of ours), ORDER, LENGTH (too long, or no room), or the codec's verdict on the chain's record.
 * Any input is safe. Fails: the ledger is of no use until the next beginning. */
enum verdict ledger_restore_pair(struct ledger *ledger, struct bytes key, struct bytes value);

/* ledger_restore_end gives: OK, SHORT without a chain's record, CONFLICT when the parameters are not those the memory was taken for. */
enum verdict ledger_restore_end(struct ledger *ledger);

/* ledger_check does every stateless check of a command but those of signatures, keys and payload: form, chain, time, body.
 * Gives: *envelope and *body when OK, else a refusal. time_ms: of the block, or max(last block's, wall) at admission. Any input is safe. */
enum code ledger_check(const struct ledger *ledger, struct bytes bytes, uint64_t time_ms, struct envelope *envelope, struct command_body *body);

/* ledger_begin starts a block. Needs: no block is open; height is one more than the last; time_ms is later. */
void ledger_begin(struct ledger *ledger, uint64_t height, uint64_t time_ms);

/* ledger_execute executes the next command of the open block. tx_id: as computed when it was admitted; NULL: it is computed.
 * Gives: its receipt, good until the next call. Any bytes are safe: what no correct proposer includes gets its code and changes nothing.
 * Cost: bounded by envelope_static_cost, besides two entries of the due queue for each entity that the command made. */
const struct receipt *ledger_execute(struct ledger *ledger, struct bytes envelope, const struct hash32 *tx_id);

/* ledger_execute_next does the same for one of several: what it adds to the logs may be put off until ledger_settle, which makes the hashes of up to sixteen
 * commands side by side and tells the sink. Gives: the receipt's code. Needs: ledger_settle before anything else is asked of the ledger than the next command or
 * ledger_end. Cost: as ledger_execute; together, the hashes of the logs take about a third. */
enum code ledger_execute_next(struct ledger *ledger, struct bytes envelope, const struct hash32 *tx_id);
void ledger_settle(struct ledger *ledger);

/* ledger_pointers_added gives the body of the command that was executed last, for whoever keeps its locators: it need not be decoded again. Gives: NULL when that was
 * another type, or its payload has not so many bytes. Needs: its code was OK; no other command was executed since. Owns: good until the next one. */
const struct pointer_add *ledger_pointers_added(const struct ledger *ledger, uint32_t payload_bytes);

/* ledger_end works off up to 64 due entries and closes the block. */
void ledger_end(struct ledger *ledger);

/* ledger_is_open tells whether a block is open. */
bool ledger_is_open(const struct ledger *ledger);

/* ledger_height, ledger_time: of the last closed block. */
uint64_t ledger_height(const struct ledger *ledger);
uint64_t ledger_time(const struct ledger *ledger);

/* ledger_fold computes up to `hashes_max` of the state's missing hashes (about 0.2 us each). Gives: true when the root is ready. */
bool ledger_fold(struct ledger *ledger, uint32_t hashes_max);

/* ledger_state_root folds what is missing and gives the root. Needs: no block is open. */
struct hash32 ledger_state_root(struct ledger *ledger);

/* ledger_receipts_root gives the root of the receipts log, ledger_receipts_count its length. Cost: at most 63 nodes. */
struct hash32 ledger_receipts_root(const struct ledger *ledger);
uint64_t ledger_receipts_count(const struct ledger *ledger);

/* ledger_nonce gives the executed nonce of an account, 0 when there is none. Cost: one or two lookups. */
uint64_t ledger_nonce(const struct ledger *ledger, const uint8_t account[ACCT_BYTES]);

/* ledger_tokens_max gives the most that a command of this body takes from its payer's bucket, in whatever state it executes. */
uint32_t ledger_tokens_max(const struct ledger *ledger, const struct command_body *body);

/* ledger_standing judges a checked command as of block time time_ms. Nonces and expiry are the caller's. Cost: a few lookups. */
void ledger_standing(const struct ledger *ledger, const struct envelope *envelope, uint64_t time_ms, struct ledger_standing *standing);

/* ledger_exec gives the reading side of the state, for queries: exec_get_*. Needs: no block is open while it is used. */
struct exec *ledger_exec(struct ledger *ledger);

/* ledger_store gives the state itself, for pins and proofs. */
struct state_store *ledger_store(struct ledger *ledger);

/* ledger_check_state asserts what holds between two commands: of the chain's counters, of the block that is open, and of the store. Cost: a few comparisons. */
void ledger_check_state(const struct ledger *ledger);

#endif
