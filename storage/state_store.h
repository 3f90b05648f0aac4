/* state_store.h: the state in memory: an authenticated map from keys to values, with proofs.
 *
 * A compressed binary radix tree over the raw keys. Bit b of a key is bit 7 - b mod 8 of its byte b / 8 (the highest first); bits beyond
 * the end are zero. An inner node names the first bit in which the keys below it differ. The content alone decides the shape.
 *
 *   leaf  = H("WARD/leaf" || key length u16 || key || value)          the length makes the pair unambiguous
 *   node  = H("WARD/node" || bit u16 || left || right)                left: the bit is 0
 *   root  = the hash of the topmost, 32 zeros when nothing is stored
 *
 * Capacity is counted in keys and in cells of 128 bytes, by content alone, so that no replica is full before another. A quarter more is
 * in reserve for copies: while a view is pinned, a node that it can see is copied before it is changed. When the reserve ends, the oldest
 * pin is dropped, never a put refused. Pure: the caller brings the memory; single-threaded. */
#ifndef WARD_STORAGE_STATE_STORE_H
#define WARD_STORAGE_STATE_STORE_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/err.h"
#include "crypto/hash.h"

#include <stdbool.h>
#include <stdint.h>

#define STATE_KEY_BYTES_MAX 64
#define STATE_VALUE_BYTES_MAX 2304
#define STATE_CELL_BYTES 128
#define STATE_PROOF_DEPTH_MAX (STATE_KEY_BYTES_MAX * 8)
#define STATE_EXTRA_CELLS 32
#define STATE_PIN_NONE UINT32_MAX
#define STATE_PINS_MAX 7

struct state_limits {
    uint32_t keys_max;     /* keys in the store, 1 .. 2^30 */
    uint32_t cells_max;    /* cells in use, >= keys_max .. 2^30; a pair needs state_cells(key, value) */
    uint32_t journal_bytes; /* what one savepoint can undo, in bytes; a put that does not fit is refused */
};

struct state_store;

/* One pair as found. Views: into the cursor or the caller's buffer. */
struct state_entry {
    struct bytes key;
    struct bytes value;
};

/* Walks the pairs whose keys begin with a prefix, in ascending order. Any change of the store in between is allowed. */
struct state_cursor {
    uint8_t key[STATE_KEY_BYTES_MAX]; /* of the last pair given; before the first: the prefix */
    uint8_t value[STATE_VALUE_BYTES_MAX];
    uint8_t key_bytes;
    uint8_t prefix_bytes;
    bool started;
    bool ended;
    uint32_t view; /* a pin, or STATE_PIN_NONE for the newest state */
};

/* --- Life --------------------------------------------------------------------------------------------------------- */

/* state_store_init takes all memory that the limits can ever need. Gives: NULL from a measuring arena. */
struct state_store *state_store_init(struct arena *arena, const struct state_limits *limits);

/* state_store_clear forgets every pair and every pin. */
void state_store_clear(struct state_store *store);

/* state_cells gives the cells that a pair takes. */
uint32_t state_cells(size_t key_bytes, size_t value_bytes);

/* --- Reading ------------------------------------------------------------------------------------------------------ */

/* state_store_get copies the value of a key. Gives: true and *value_bytes, or false when there is none.
 * Needs: room for STATE_VALUE_BYTES_MAX, or for the longest value that this key can have. Any key is safe. Cost: the depth. */
bool state_store_get(const struct state_store *store, struct bytes key, void *value, size_t room, size_t *value_bytes);

/* state_store_expect says that a key will soon be looked for, in two steps with other work in between: each fetches into the cache what the step before
 * found. Changes nothing; any key, and any step at any time, is safe. */
enum state_expect { STATE_EXPECT_HINT, STATE_EXPECT_HEAD };
void state_store_expect(const struct state_store *store, struct bytes key, enum state_expect step);

/* state_store_expect_paths says that keys that begin with these will soon be put or changed, and the first `looked_for` of them be looked for alone: it fetches
 * the leaf to which each key's hint leads, all its cells, and the nodes on the way to each other leaf that will be changed, and that leaf. All hints are followed
 * and all ways are gone side by side, so that their misses of the cache overlap. Changes nothing; any keys are safe. Needs: count <= STATE_EXPECT_PATHS_MAX.
 * Cost: the depth for each, but for what was changed since the last fold: that is found at once. */
#define STATE_EXPECT_PATHS_MAX 96u
void state_store_expect_paths(const struct state_store *store, const struct bytes *keys, uint32_t count, uint32_t looked_for);

/* state_cursor_init sets out before the first key with the prefix (which may be empty). view: a pin or STATE_PIN_NONE. */
void state_cursor_init(struct state_cursor *cursor, struct bytes prefix, uint32_t view);

/* state_cursor_next gives the next pair; false at the end, or when the pin was dropped. Owns: the entry lives until the next call. */
bool state_cursor_next(const struct state_store *store, struct state_cursor *cursor, struct state_entry *entry);

/* --- Writing ------------------------------------------------------------------------------------------------------ */

/* state_store_put sets the value of a key. Needs: 1 <= key <= STATE_KEY_BYTES_MAX, value <= STATE_VALUE_BYTES_MAX bytes; no key in
 * the store equals this one but for zero bytes at the end. Fails: ERR_FULL when keys, cells or the journal are used up; nothing has
 * changed then. */
enum err state_store_put(struct state_store *store, struct bytes key, struct bytes value);

/* state_store_put_always does the same for the few pairs of the system itself, which must never be refused: it may use up to
 * STATE_EXTRA_CELLS beyond the limit. Needs: the key is in the store; no savepoint is open; all such pairs together have no more cells. */
void state_store_put_always(struct state_store *store, struct bytes key, struct bytes value);

/* state_store_complete overwrites bytes within a value that was put since the last fold, whatever savepoint stands: what was put is completed, so undoing a later
 * change gives the completed value. Needs: the key is in the store, the value is that long, nobody has folded or pinned since. Cost: a look-up. */
void state_store_complete(struct state_store *store, struct bytes key, size_t offset, struct bytes bytes);

/* state_store_remove deletes a key. Fails: ERR_NOT_FOUND; ERR_FULL when the journal is used up. Nothing has changed then. */
enum err state_store_remove(struct state_store *store, struct bytes key);

/* state_store_savepoint begins a change that can be undone; it ends the one before. */
void state_store_savepoint(struct state_store *store);

/* state_store_undo restores every pair to what it was at the savepoint. Cost: as the changes themselves. */
void state_store_undo(struct state_store *store);

/* state_store_keep ends the savepoint without undoing. */
void state_store_keep(struct state_store *store);

/* --- Root --------------------------------------------------------------------------------------------------------- */

/* state_store_fold computes up to `hashes_max` of the missing hashes. Gives: true when none is missing any more. */
bool state_store_fold(struct state_store *store, uint32_t hashes_max);

/* state_store_dirty gives an upper bound of the hashes that are missing. */
uint32_t state_store_dirty(const struct state_store *store);

/* state_store_root gives the root, folding what is missing. Cost: one hash per dirty leaf and node. */
struct hash32 state_store_root(struct state_store *store);

/* state_store_keys, state_store_cells give what is in use, against the limits. */
uint32_t state_store_keys(const struct state_store *store);
uint32_t state_store_cells(const struct state_store *store);

/* --- Pinned views ------------------------------------------------------------------------------------------------- */

/* state_store_pin keeps the present state readable under a number below STATE_PINS_MAX; what was pinned there is dropped.
 * Needs: no savepoint is open. Cost: the fold. */
void state_store_pin(struct state_store *store, uint32_t pin);

/* state_store_pin_as keeps under one number what is pinned under another; what was pinned there is dropped. Gives: false, and nothing has changed, when that one does not stand.
 * Needs: no savepoint is open. Cost: no fold, and no page more than that pin holds. */
bool state_store_pin_as(struct state_store *store, uint32_t pin, uint32_t as);

/* state_store_unpin drops a pin; no effect when there is none. */
void state_store_unpin(struct state_store *store, uint32_t pin);

/* state_store_pinned tells whether the pin still stands, and gives its root. */
bool state_store_pinned(const struct state_store *store, uint32_t pin, struct hash32 *root);

/* --- Proofs ------------------------------------------------------------------------------------------------------- */

/* Little-endian:  u8 kind (1 key present, 2 key absent, 3 prefix: all pairs, 4 prefix: none)
 *                 u16 steps, steps x { u16 bit, sibling hash 32 }    from the top of the tree down, bits ascending
 *                 u32 pairs, pairs x { u8 key length, u16 value length, key, value }    ascending keys
 * Present: the pair itself. Absent and empty prefix: the pair that the search ends at, or no pair and no step in an empty tree.
 * A prefix's pairs are all of them: the tree above them is rebuilt from the pairs alone. */
enum state_proof_kind { STATE_PROOF_PRESENT = 1, STATE_PROOF_ABSENT = 2, STATE_PROOF_PREFIX = 3, STATE_PROOF_PREFIX_EMPTY = 4 };

/* state_store_prove_key writes the proof that a key has its value, or has none. view: a pin or STATE_PIN_NONE.
 * Fails: ERR_FULL when the writer is too small; ERR_NOT_FOUND when the pin was dropped. Cost: the depth; with STATE_PIN_NONE the fold. */
enum err state_store_prove_key(struct state_store *store, uint32_t view, struct bytes key, struct writer *writer);

/* state_store_prove_prefix writes the proof of all pairs whose keys begin with the prefix. Fails: as above. */
enum err state_store_prove_prefix(struct state_store *store, uint32_t view, struct bytes prefix, struct writer *writer);

/* A checked proof: its pairs, one after the other. Views into the proof's bytes. */
struct state_proof {
    enum state_proof_kind kind;
    uint32_t pairs_count; /* 1 when present; a prefix's number of pairs; 0 when absent or empty */
    struct reader pairs;  /* read by state_proof_next */
};

/* state_proof_check_key tells whether the bytes prove, under `root`, that `key` has a value or none. Any input is safe.
 * Gives: OK and *proof; SHORT, TRAILING, TYPE, LENGTH, ORDER, or HASH when it proves something else. Cost: a hash per step. */
enum verdict state_proof_check_key(struct state_proof *proof, struct bytes bytes, const struct hash32 *root, struct bytes key);

/* state_proof_check_prefix does the same for all keys that begin with `prefix`. */
enum verdict state_proof_check_prefix(struct state_proof *proof, struct bytes bytes, const struct hash32 *root, struct bytes prefix);

/* state_proof_next gives the next pair of a checked proof; false at the end. */
bool state_proof_next(struct state_proof *proof, struct state_entry *entry);

/* state_store_check asserts that counts, pins and free lists fit together. state_store_check_tree walks the newest state as well: M1 to M4 of state_store.c.
 * Cost: the former a few comparisons, the latter one pass over all nodes and leaves. */
void state_store_check(const struct state_store *store);
void state_store_check_tree(const struct state_store *store);

#endif
