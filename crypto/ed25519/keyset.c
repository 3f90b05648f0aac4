/* keyset.c: tables of known keys, read by many threads while one makes another.
 *
 * The tables that can be found stand in an index. There are two indices; `turn` tells by its parity which one counts. Whoever looks announces it in the
 * count of readers of that index. A builder changes only the other index, and only tables that the index in force does not name, and only
 * when nobody reads the other index any more; then it turns. Invariants:
 *
 *   1. index[turn % 2] and the tables it names do not change while that turn lasts, nor later while readers[turn % 2] > 0.
 *   2. `building` is held by whoever writes anything but `readers`, `pending` and counts of uses; `noting`, by whoever reads or writes those.
 *   3. A slot that neither index names, nor the builder, is free.
 *
 *       set_members -> pending -> build: | drop what has no claim, turn |  later: | fill a free slot, turn |
 */
#include "crypto/ed25519/keyset_priv.h"

#include "base/assert.h"
#include "base/arena.h"
#include "crypto/ed25519/key_cache.h"

#include <stdatomic.h>
#include <string.h>

#define BASE_WIDTH 10u
#define WIDE_WIDTH 6u
#define NARROW_WIDTH 4u
#define HOT_STEPS 4u       /* of the tables of hot keys, which are wide: a quarter of the memory, and 18 doublings */
#define SLOTS_MAX KEYSET_SLOTS_MAX
#define INDEX_PLACES 4096u /* over twice as many as slots */
#define NO_SLOT KEYSET_NO_SLOT
#define USES_SETS 1024u    /* keys without tables that are watched: sets of four */
#define USES_WAYS 4u
#define USES_MIN 64u       /* uses from which on a table pays: it costs what some sixty checks in batches of over a hundred save, or twenty in small ones */
#define USES_AGE 65536u    /* notes after which all counts are halved */

_Static_assert(INDEX_PLACES > 2 * SLOTS_MAX, "probing ends soon");
_Static_assert(SLOTS_MAX < NO_SLOT, "numbers of slots");

struct slot {
    uint8_t key[ED25519_KEY_BYTES];
    struct engine_entry *entry;
    unsigned width, steps;
    uint32_t uses; /* since the table was made, and those for which it was made; halved like all counts */
};

struct use {
    uint8_t key[ED25519_KEY_BYTES];
    uint32_t count; /* 0: free */
};

struct index {
    uint16_t place[INDEX_PLACES]; /* number of a slot, or NO_SLOT */
};

/* The members that the next build begins with. */
struct pending {
    atomic_flag busy;
    bool changed;
    uint32_t count;
    uint8_t key[ED25519_MEMBERS_MAX][ED25519_KEY_BYTES];
};

struct ed25519_keyset {
    struct ed25519_keyset_config config;
    const struct engine *engine;
    uint64_t secret[2]; /* spreads the index; keys of accepted signatures only ever come here */
    struct engine_entry *base, *member_area, *hot_area;

    atomic_uint turn;
    atomic_uint readers[2];
    struct index index[2];
    struct slot slot[SLOTS_MAX]; /* members_max for members, then hot_max */

    atomic_flag building;
    uint32_t members_count;
    unsigned members_width;
    uint8_t member[ED25519_MEMBERS_MAX][ED25519_KEY_BYTES];
    bool member_is_point[ED25519_MEMBERS_MAX];
    struct pending pending;

    atomic_flag noting;
    uint32_t notes; /* since the counts were halved */
    struct use use[USES_SETS * USES_WAYS];
    _Atomic uint64_t tables_built, tables_dropped;
};

/* --- Memory ------------------------------------------------------------------------------------------------------------------------ */

static unsigned width_of(uint32_t members)
{
    return members <= ED25519_WIDE_MEMBERS ? WIDE_WIDTH : NARROW_WIDTH;
}

/* The entries that the tables of up to members_max members take: all narrow, or as many wide ones as may be. */
static size_t member_entries(uint32_t members_max)
{
    size_t narrow = members_max * COMB_ENTRIES(NARROW_WIDTH, 1);
    size_t wide = (members_max < ED25519_WIDE_MEMBERS ? members_max : ED25519_WIDE_MEMBERS) * COMB_ENTRIES(WIDE_WIDTH, 1);

    return narrow > wide ? narrow : wide;
}

static struct ed25519_keyset *take(struct arena *arena, const struct ed25519_keyset_config *config, struct engine_entry *area[3])
{
    ASSERT(config->members_max <= ED25519_MEMBERS_MAX);
    ASSERT(config->hot_max <= ED25519_HOT_MAX);
    struct ed25519_keyset *keyset = arena_take(arena, 1, sizeof *keyset);
    area[0] = arena_take(arena, COMB_ENTRIES(BASE_WIDTH, 1), sizeof(struct engine_entry));
    area[1] = arena_take(arena, member_entries(config->members_max), sizeof(struct engine_entry));
    area[2] = arena_take(arena, config->hot_max * COMB_ENTRIES(WIDE_WIDTH, HOT_STEPS), sizeof(struct engine_entry));
    return keyset;
}

size_t ed25519_keyset_footprint(const struct ed25519_keyset_config *config)
{
    struct engine_entry *area[3];
    struct arena arena;

    arena_init_measure(&arena);
    (void)take(&arena, config, area);
    return arena.used;
}

static void index_clear(struct index *index)
{
    memset(index->place, 0xff, sizeof index->place);
}

struct ed25519_keyset *ed25519_keyset_init(void *memory, const struct ed25519_keyset_config *config)
{
    struct engine_entry *area[3];
    struct ed25519_keyset *keyset;
    struct arena arena;
    struct point base;

    ASSERT((uintptr_t)memory % ARENA_ALIGN == 0);
    arena_init(&arena, memory, ed25519_keyset_footprint(config));
    keyset = take(&arena, config, area);
    memset(keyset, 0, sizeof *keyset);
    keyset->config = *config;
    keyset->engine = engine_of(config->backend);
    ASSERT(keyset->engine != NULL);
    keyset->base = area[0];
    keyset->member_area = area[1];
    keyset->hot_area = area[2];
    keyset->members_width = WIDE_WIDTH;
    keyset->secret[0] = UINT64_C(0x243f6a8885a308d3);
    keyset->secret[1] = UINT64_C(0x13198a2e03707344);
    atomic_flag_clear(&keyset->building);
    atomic_flag_clear(&keyset->noting);
    atomic_flag_clear(&keyset->pending.busy);
    index_clear(&keyset->index[0]);
    index_clear(&keyset->index[1]);
    point_base(&base);
    engine_comb_build(keyset->base, keyset->engine, &base, BASE_WIDTH, 1);
    return keyset;
}

struct engine_comb keyset_base(const struct ed25519_keyset *keyset)
{
    return (struct engine_comb){ keyset->base, BASE_WIDTH, 1 };
}

/* --- Looking up -------------------------------------------------------------------------------------------------------------------- */

unsigned keyset_turn(struct ed25519_keyset *keyset)
{
    return atomic_load(&keyset->turn);
}

bool keyset_announce(struct ed25519_keyset *keyset, unsigned turn)
{
    atomic_fetch_add(&keyset->readers[turn % 2], 1);
    if (keyset_turn(keyset) == turn) {
        return true;
    }
    atomic_fetch_sub(&keyset->readers[turn % 2], 1); /* a builder may have begun with this index before it could see us */
    return false;
}

unsigned keyset_enter(struct ed25519_keyset *keyset)
{
    unsigned turn = keyset_turn(keyset);

    while (!keyset_announce(keyset, turn)) { /* ends: each further round means that a builder has finished a table in between */
        turn = keyset_turn(keyset);
    }
    return turn % 2;
}

void keyset_leave(struct ed25519_keyset *keyset, unsigned mark)
{
    unsigned before = atomic_fetch_sub(&keyset->readers[mark], 1);

    ASSERT(before > 0);
}

/* Gives: the slot of a key in an index, NO_SLOT when it is not there. */
static uint16_t index_find(const struct ed25519_keyset *keyset, const struct index *index, const uint8_t key[ED25519_KEY_BYTES])
{
    uint32_t place = (uint32_t)key_hash(key, keyset->secret) % INDEX_PLACES;

    while (index->place[place] != NO_SLOT) { /* ends: fewer slots than places */
        if (memcmp(keyset->slot[index->place[place]].key, key, ED25519_KEY_BYTES) == 0) {
            return index->place[place];
        }
        place = (place + 1) % INDEX_PLACES;
    }
    return NO_SLOT;
}

uint16_t keyset_find(const struct ed25519_keyset *keyset, unsigned mark, const uint8_t key[ED25519_KEY_BYTES], struct engine_comb *comb)
{
    uint16_t slot = index_find(keyset, &keyset->index[mark], key);

    *comb = (struct engine_comb){ NULL, 0, 0 };
    if (slot != NO_SLOT) {
        *comb = (struct engine_comb){ keyset->slot[slot].entry, keyset->slot[slot].width, keyset->slot[slot].steps };
    }
    return slot;
}

bool ed25519_keyset_has(struct ed25519_keyset *keyset, const uint8_t key[ED25519_KEY_BYTES])
{
    unsigned mark = keyset_enter(keyset);
    bool has = index_find(keyset, &keyset->index[mark], key) != NO_SLOT;

    keyset_leave(keyset, mark);
    return has;
}

/* --- Uses -------------------------------------------------------------------------------------------------------------------------- */

static struct use *use_set(struct ed25519_keyset *keyset, const uint8_t key[ED25519_KEY_BYTES])
{
    return &keyset->use[(key_hash(key, keyset->secret) >> 32) % USES_SETS * USES_WAYS];
}

/* Counts a use; a key that has no place wears down the least used one of its set until that is free. */
static void use_count(struct use *set, const uint8_t key[ED25519_KEY_BYTES])
{
    struct use *least = set;

    for (uint32_t i = 0; i < USES_WAYS; i++) {
        if (set[i].count > 0 && memcmp(set[i].key, key, ED25519_KEY_BYTES) == 0) {
            set[i].count++;
            return;
        }
        least = set[i].count < least->count ? &set[i] : least;
    }
    if (least->count > 0) {
        least->count--;
        return;
    }
    memcpy(least->key, key, ED25519_KEY_BYTES);
    least->count = 1;
}

bool keyset_note_begin(struct ed25519_keyset *keyset)
{
    return keyset->config.hot_max > 0 && !atomic_flag_test_and_set(&keyset->noting); /* when another thread counts: some uses more or less decide nothing */
}

static void uses_age(struct ed25519_keyset *keyset)
{
    keyset->notes = 0;
    for (uint32_t i = 0; i < USES_SETS * USES_WAYS; i++) {
        keyset->use[i].count /= 2;
    }
    for (uint32_t i = 0; i < SLOTS_MAX; i++) {
        keyset->slot[i].uses /= 2;
    }
}

void keyset_note(struct ed25519_keyset *keyset, uint16_t slot, const uint8_t key[ED25519_KEY_BYTES])
{
    if (slot == NO_SLOT) {
        use_count(use_set(keyset, key), key);
    } else {
        ASSERT(slot < SLOTS_MAX);
        keyset->slot[slot].uses++;
    }
    if (++keyset->notes == USES_AGE) {
        uses_age(keyset);
    }
}

void keyset_note_end(struct ed25519_keyset *keyset)
{
    atomic_flag_clear(&keyset->noting);
}

void ed25519_keyset_note(struct ed25519_keyset *keyset, const uint8_t key[ED25519_KEY_BYTES])
{
    if (keyset_note_begin(keyset)) {
        unsigned mark = keyset_enter(keyset);

        keyset_note(keyset, index_find(keyset, &keyset->index[mark], key), key);
        keyset_leave(keyset, mark);
        keyset_note_end(keyset);
    }
}

/* --- Building ---------------------------------------------------------------------------------------------------------------------- */

void ed25519_keyset_set_members(struct ed25519_keyset *keyset, const uint8_t *keys, uint32_t n)
{
    struct pending *pending = &keyset->pending;

    ASSERT(n <= keyset->config.members_max);
    while (atomic_flag_test_and_set(&pending->busy)) { /* ends: it is held for a copy of a few kilobytes */
    }
    memcpy(pending->key, keys, (size_t)n * ED25519_KEY_BYTES);
    pending->count = n;
    pending->changed = true;
    atomic_flag_clear(&pending->busy);
}

/* Takes over the members of a new epoch, if there are any. */
static void adopt_members(struct ed25519_keyset *keyset)
{
    struct pending *pending = &keyset->pending;

    if (atomic_flag_test_and_set(&pending->busy)) {
        return; /* the next build comes to it */
    }
    if (pending->changed) {
        pending->changed = false;
        memcpy(keyset->member, pending->key, (size_t)pending->count * ED25519_KEY_BYTES);
        memset(keyset->member_is_point, true, sizeof keyset->member_is_point);
        keyset->members_count = pending->count;
        keyset->members_width = width_of(pending->count);
    }
    atomic_flag_clear(&pending->busy);
}

static bool is_member(const struct ed25519_keyset *keyset, const uint8_t key[ED25519_KEY_BYTES])
{
    for (uint32_t i = 0; i < keyset->members_count; i++) {
        if (memcmp(keyset->member[i], key, ED25519_KEY_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_hot_slot(const struct ed25519_keyset *keyset, uint16_t slot)
{
    return slot >= keyset->config.members_max;
}

/* Whether a table that can be found has lost its claim: its key is no member any more, has become one, or its width is not the members'. */
static bool is_stale(const struct ed25519_keyset *keyset, uint16_t slot)
{
    const struct slot *at = &keyset->slot[slot];

    if (is_hot_slot(keyset, slot)) {
        return is_member(keyset, at->key);
    }
    return at->width != keyset->members_width || !is_member(keyset, at->key);
}

static void index_put(struct ed25519_keyset *keyset, struct index *index, uint16_t slot)
{
    uint32_t place = (uint32_t)key_hash(keyset->slot[slot].key, keyset->secret) % INDEX_PLACES;

    while (index->place[place] != NO_SLOT) {
        place = (place + 1) % INDEX_PLACES;
    }
    index->place[place] = slot;
}

/* What the builder works with: the index in force, and the one to become it. */
struct build {
    struct ed25519_keyset *keyset;
    const struct index *now;
    struct index *next;
    bool used[SLOTS_MAX]; /* named by `now` */
};

/* Writes the slots in use, but for `without`, into the next index. */
static void build_carry(struct build *build, uint16_t without)
{
    index_clear(build->next);
    for (uint16_t slot = 0; slot < SLOTS_MAX; slot++) {
        if (build->used[slot] && slot != without) {
            index_put(build->keyset, build->next, slot);
        }
    }
}

static void build_turn(struct build *build)
{
    atomic_fetch_add(&build->keyset->turn, 1);
}

/* Leaves out all stale tables. Gives: whether there were any. */
static bool build_drop_stale(struct build *build)
{
    uint64_t dropped = 0;

    for (uint16_t slot = 0; slot < SLOTS_MAX; slot++) {
        if (build->used[slot] && is_stale(build->keyset, slot)) {
            build->used[slot] = false;
            dropped++;
        }
    }
    if (dropped == 0) {
        return false;
    }
    build_carry(build, NO_SLOT);
    build_turn(build);
    atomic_fetch_add(&build->keyset->tables_dropped, dropped);
    return true;
}

/* Gives a slot its key, its place and the shape of its table. */
static void slot_shape(struct ed25519_keyset *keyset, uint16_t slot, const uint8_t key[ED25519_KEY_BYTES])
{
    struct slot *at = &keyset->slot[slot];
    bool hot = is_hot_slot(keyset, slot);

    memcpy(at->key, key, ED25519_KEY_BYTES);
    at->width = hot ? WIDE_WIDTH : keyset->members_width;
    at->steps = hot ? HOT_STEPS : 1;
    at->entry = hot ? keyset->hot_area + (slot - keyset->config.members_max) * COMB_ENTRIES(WIDE_WIDTH, HOT_STEPS) : keyset->member_area + slot * COMB_ENTRIES(at->width, 1);
}

/* Makes the table of a key in a free slot. Gives: false when the key is no point. */
static bool build_table(struct build *build, uint16_t slot, const uint8_t key[ED25519_KEY_BYTES])
{
    struct ed25519_keyset *keyset = build->keyset;
    const struct slot *at = &keyset->slot[slot];
    struct point point;

    ASSERT(!build->used[slot]);
    if (!point_decode(&point, key)) {
        return false;
    }
    slot_shape(keyset, slot, key);
    engine_comb_build(at->entry, keyset->engine, &point, at->width, at->steps);
    build->used[slot] = true;
    build_carry(build, NO_SLOT);
    build_turn(build);
    atomic_fetch_add(&keyset->tables_built, 1);
    return true;
}

/* Gives: the first free slot of a range, NO_SLOT when all are used. */
static uint16_t free_slot(const struct build *build, uint32_t from, uint32_t to)
{
    for (uint32_t slot = from; slot < to; slot++) {
        if (!build->used[slot]) {
            return (uint16_t)slot;
        }
    }
    return NO_SLOT;
}

static bool build_member(struct build *build)
{
    struct ed25519_keyset *keyset = build->keyset;

    for (uint32_t i = 0; i < keyset->members_count; i++) {
        if (keyset->member_is_point[i] && index_find(keyset, build->now, keyset->member[i]) == NO_SLOT) {
            uint16_t slot = free_slot(build, 0, keyset->members_count);
            ASSERT(slot != NO_SLOT);
            keyset->member_is_point[i] = build_table(build, slot, keyset->member[i]);
            return keyset->member_is_point[i];
        }
    }
    return false;
}

/* Finds the watched key that is used most. Gives: its count, NULL when none deserves a table. Needs: `noting` is held. */
static struct use *hottest(const struct build *build)
{
    struct ed25519_keyset *keyset = build->keyset;
    struct use *most = NULL;

    for (uint32_t i = 0; i < USES_SETS * USES_WAYS; i++) {
        struct use *use = &keyset->use[i];
        if (use->count >= USES_MIN && (most == NULL || use->count > most->count) && index_find(keyset, build->now, use->key) == NO_SLOT && !is_member(keyset, use->key)) {
            most = use;
        }
    }
    return most;
}

/* Finds the hot table that is used least. Needs: `noting` is held; all hot slots are used. */
static uint16_t coldest(const struct ed25519_keyset *keyset)
{
    uint32_t from = keyset->config.members_max;
    uint16_t cold = (uint16_t)from;

    for (uint32_t slot = from; slot < from + keyset->config.hot_max; slot++) {
        cold = keyset->slot[slot].uses < keyset->slot[cold].uses ? (uint16_t)slot : cold;
    }
    return cold;
}

/* What build_hot decided while it held `noting`. */
struct hot_choice {
    uint8_t key[ED25519_KEY_BYTES];
    uint16_t slot; /* to be filled, or NO_SLOT */
    uint16_t cold; /* to be given up first, or NO_SLOT */
};

/* Chooses the key that is used most, and a free slot for it; without one, the slot of a key that is used less than half as much. A key that gets a slot takes its count
 * along. Needs: `noting` is held. */
static struct hot_choice choose_hot(const struct build *build)
{
    struct ed25519_keyset *keyset = build->keyset;
    uint32_t from = keyset->config.members_max;
    struct hot_choice choice = { .slot = NO_SLOT, .cold = NO_SLOT };
    struct use *use = hottest(build);

    if (use == NULL) {
        return choice;
    }
    choice.slot = free_slot(build, from, from + keyset->config.hot_max);
    if (choice.slot != NO_SLOT) {
        memcpy(choice.key, use->key, sizeof choice.key);
        keyset->slot[choice.slot].uses = use->count;
        use->count = 0;
    } else if (use->count / 2 > keyset->slot[coldest(keyset)].uses) {
        choice.cold = coldest(keyset);
    }
    return choice;
}

/* Makes the table of the key that is used most; when there is no place, first gives up another. */
static bool build_hot(struct build *build)
{
    struct ed25519_keyset *keyset = build->keyset;
    struct hot_choice choice;

    if (!keyset_note_begin(keyset)) {
        return false;
    }
    choice = choose_hot(build);
    keyset_note_end(keyset);
    if (choice.slot != NO_SLOT) {
        return build_table(build, choice.slot, choice.key);
    }
    if (choice.cold == NO_SLOT) {
        return false;
    }
    build_carry(build, choice.cold);
    build_turn(build);
    atomic_fetch_add(&keyset->tables_dropped, 1);
    return true;
}

/* Needs: `building` is held. */
static bool build_step(struct ed25519_keyset *keyset)
{
    unsigned turn = atomic_load(&keyset->turn);
    struct build build = { .keyset = keyset, .now = &keyset->index[turn % 2], .next = &keyset->index[(turn + 1) % 2] };

    if (atomic_load(&keyset->readers[(turn + 1) % 2]) != 0) {
        return false; /* somebody still looks at what the last turn replaced */
    }
    for (uint32_t place = 0; place < INDEX_PLACES; place++) {
        if (build.now->place[place] != NO_SLOT) {
            build.used[build.now->place[place]] = true;
        }
    }
    adopt_members(keyset);
    return build_drop_stale(&build) || build_member(&build) || build_hot(&build);
}

bool ed25519_keyset_build(struct ed25519_keyset *keyset)
{
    bool built;

    if (atomic_flag_test_and_set(&keyset->building)) {
        return false;
    }
    built = build_step(keyset);
    atomic_flag_clear(&keyset->building);
    return built;
}

struct ed25519_keyset_counters ed25519_keyset_counters(struct ed25519_keyset *keyset)
{
    struct ed25519_keyset_counters counters = { .tables_built = atomic_load(&keyset->tables_built), .tables_dropped = atomic_load(&keyset->tables_dropped) };
    unsigned mark = keyset_enter(keyset);

    for (uint32_t place = 0; place < INDEX_PLACES; place++) {
        uint16_t slot = keyset->index[mark].place[place];
        if (slot != NO_SLOT) {
            counters.members_ready += is_hot_slot(keyset, slot) ? 0 : 1;
            counters.hot_ready += is_hot_slot(keyset, slot) ? 1 : 0;
        }
    }
    keyset_leave(keyset, mark);
    return counters;
}
