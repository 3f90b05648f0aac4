/* trial.c: whether an engine computes what the portable code and libsodium compute. It runs at each start, so it takes each way through the engine, not each value: every
 * shape of table that a keyset makes, few items and many, short and long sums, points of small and of mixed order. Values at their bounds are for the tests.
 *
 * Where the logarithms of all points are known, what must come out is known without much work:
 *
 *     tables     R = (s - k a) B, so S B - k A must compare equal with R, and with nothing else
 *     sums       the entries of tables, each times a coefficient; what the logarithms foretell of B must cancel all but B itself */
#include "crypto/ed25519/engine.h"

#include "base/assert.h"
#include "crypto/ed25519/ref/verify.h"

#include <pthread.h>
#include <sodium/crypto_core_ed25519.h>
#include <sodium/crypto_hash_sha512.h>
#include <sodium/crypto_scalarmult_ed25519.h>
#include <sodium/crypto_sign_ed25519.h>
#include <string.h>
#include <sys/mman.h>

enum {
    CASES = 23,                         /* prime, so that each meets each lane */
    ITEMS = 4 * ENGINE_LANES_MAX + 1,   /* several groups, and a rest of one */
    COMBED = 11,                        /* items judged by tables, again and again */
    BASE_WIDTH = 10,
    SHAPES = 3,
    WIDE = COMB_ENTRIES(6, 1), NARROW = COMB_ENTRIES(4, 1), STEPPED = COMB_ENTRIES(6, 4),
    BUCKETS = ((1 << (ENGINE_WIDTH_MAX - 1)) + 1) * ENGINE_LANES_MAX,
    TERMS = 256
};

/* The encodings of small order that ZIP-215 accepts: first byte, all between, last byte; then the four of order eight. */
static const uint8_t few[][3] = {
    { 0x01, 0x00, 0x00 }, { 0x01, 0x00, 0x80 }, /* order 1, and x = 0 with the sign */
    { 0xec, 0xff, 0x7f }, { 0xec, 0xff, 0xff }, /* order 2, likewise */
    { 0x00, 0x00, 0x00 }, { 0x00, 0x00, 0x80 }, /* order 4 */
    { 0xed, 0xff, 0x7f }, { 0xed, 0xff, 0xff }, /* order 4: y = p */
    { 0xee, 0xff, 0x7f }, { 0xee, 0xff, 0xff }, /* order 1: y = p + 1 */
};
enum { FEW = sizeof few / sizeof few[0] };
static const uint8_t eighth[2][POINT_BYTES] = {
    { 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a },
    { 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 },
};

/* The last of CASES and the last of ITEMS are valid, so that the equation of a batch depends on them. */
enum kind {
    HONEST, /* by key a; bit 8 `flip` + b of the 96 bytes R || A || S is flipped where b is not 0 */
    SMALL,  /* A and R are small points a and b, S = 0: valid, whatever k is */
    MIXED   /* small points a and b are added to A and R; S is too large by `flip` */
};

static const struct trial_case {
    enum kind kind;
    uint8_t a, b, flip;
} cases[CASES] = {
    { HONEST, 0, 0, 0 },  { SMALL, 10, 11, 0 }, { HONEST, 1, 0, 0 },   { MIXED, 10, 0, 0 }, { HONEST, 2, 4, 65 }, { SMALL, 6, 13, 0 },
    { HONEST, 0, 3, 7 },  { MIXED, 0, 12, 0 },  { SMALL, 1, 10, 0 },   { HONEST, 2, 0, 0 },  { MIXED, 11, 13, 0 }, { HONEST, 1, 2, 90 },
    { SMALL, 12, 3, 0 },  { MIXED, 13, 4, 1 },  { HONEST, 0, 7, 40 },  { SMALL, 9, 8, 0 },   { HONEST, 1, 6, 31 }, { SMALL, 13, 7, 0 },
    { HONEST, 2, 0, 0 },  { MIXED, 2, 5, 0 },   { HONEST, 0, 5, 12 },  { SMALL, 11, 2, 0 },  { HONEST, 1, 0, 0 },
};

struct trial {
    uint8_t key[CASES][ED25519_KEY_BYTES];
    uint8_t digest[CASES][ED25519_DIGEST_BYTES];
    uint8_t signature[CASES][ED25519_SIGNATURE_BYTES];
    struct scalar k[CASES], s[CASES];
    bool expected[CASES];
    struct engine_entry a[ITEMS], r[ITEMS]; /* item i is case i % CASES */
    bool a_ok[ITEMS], r_ok[ITEMS];
    struct engine_entry base[ENGINE_BASE_MULTIPLES + 1];

    struct scalar secret;       /* of the key of the tables */
    struct scalar combed_k[COMBED], combed_s[COMBED];
    uint8_t combed_r[COMBED][POINT_BYTES];
    struct engine_entry table[WIDE + NARROW + STEPPED];
    struct engine_entry wide[COMB_ENTRIES(BASE_WIDTH, 1)]; /* of B: the digits that are asked for, no others */

    struct engine_term term[TERMS];
    struct engine_entry point[TERMS];
    size_t terms, long_terms;
    struct scalar_sum total;    /* logarithm of the terms so far */
    _Alignas(64) uint8_t buckets[BUCKETS * ENGINE_SUM_BYTES];
};

/* --- Signatures ------------------------------------------------------------------------------------------------------------------ */

static void small_point(uint8_t out[POINT_BYTES], unsigned number)
{
    if (number < FEW) {
        memset(out, few[number][1], POINT_BYTES);
        out[0] = few[number][0];
        out[POINT_BYTES - 1] = few[number][2];
        return;
    }
    memcpy(out, eighth[(number - FEW) / 2], POINT_BYTES);
    out[POINT_BYTES - 1] ^= (uint8_t)((number - FEW) % 2 << 7);
}

/* Pseudo-random bytes below L, by number. */
static void scalar_bytes(uint8_t out[SCALAR_BYTES], unsigned number)
{
    uint8_t hash[crypto_hash_sha512_BYTES], input = (uint8_t)number;

    (void)crypto_hash_sha512(hash, &input, 1); /* cannot fail */
    crypto_core_ed25519_scalar_reduce(out, hash);
}

static struct scalar scalar_read(const uint8_t bytes[SCALAR_BYTES])
{
    struct scalar out;
    bool ok = scalar_from_bytes(&out, bytes);

    ASSERT(ok);
    return out;
}

static void scalar_write(uint8_t out[SCALAR_BYTES], const struct scalar *scalar)
{
    for (unsigned i = 0; i < SCALAR_BYTES; i++) {
        out[i] = (uint8_t)(scalar->limb[i / 8] >> 8 * (i % 8));
    }
}

static void hash_of(uint8_t hash[crypto_hash_sha512_BYTES], const struct trial *trial, size_t i)
{
    crypto_hash_sha512_state state;

    crypto_hash_sha512_init(&state);
    crypto_hash_sha512_update(&state, trial->signature[i], POINT_BYTES);
    crypto_hash_sha512_update(&state, trial->key[i], ED25519_KEY_BYTES);
    crypto_hash_sha512_update(&state, trial->digest[i], ED25519_DIGEST_BYTES);
    crypto_hash_sha512_final(&state, hash);
}

static void sign_honest(struct trial *trial, size_t i)
{
    uint8_t seed[crypto_sign_ed25519_SEEDBYTES] = { cases[i].a };
    uint8_t secret[crypto_sign_ed25519_SECRETKEYBYTES];
    uint8_t flip = cases[i].flip, bit = (uint8_t)(1 << cases[i].b % 8);

    (void)crypto_sign_ed25519_seed_keypair(trial->key[i], secret, seed); /* neither can fail */
    (void)crypto_sign_ed25519_detached(trial->signature[i], NULL, trial->digest[i], sizeof trial->digest[i], secret);
    if (cases[i].b != 0) {
        *(flip < 32 ? &trial->signature[i][flip] : flip < 64 ? &trial->key[i][flip - 32] : &trial->signature[i][flip - 32]) ^= bit;
    }
}

/* out := scalar B + small point. */
static bool encode_mixed(uint8_t out[POINT_BYTES], const uint8_t scalar[SCALAR_BYTES], unsigned small)
{
    uint8_t point[POINT_BYTES], torsion[POINT_BYTES];

    small_point(torsion, small);
    return crypto_scalarmult_ed25519_base_noclamp(point, scalar) == 0 && crypto_core_ed25519_add(out, point, torsion) == 0;
}

static bool sign_mixed(struct trial *trial, size_t i)
{
    uint8_t secret[SCALAR_BYTES], nonce[SCALAR_BYTES], k[SCALAR_BYTES], hash[crypto_hash_sha512_BYTES], error[SCALAR_BYTES] = { cases[i].flip };

    scalar_bytes(secret, 200);
    scalar_bytes(nonce, (unsigned)(201 + i));
    if (!encode_mixed(trial->key[i], secret, cases[i].a) || !encode_mixed(trial->signature[i], nonce, cases[i].b)) {
        return false;
    }
    hash_of(hash, trial, i);
    crypto_core_ed25519_scalar_reduce(k, hash);
    crypto_core_ed25519_scalar_mul(k, k, secret);
    crypto_core_ed25519_scalar_add(k, k, nonce);
    crypto_core_ed25519_scalar_add(trial->signature[i] + POINT_BYTES, k, error);
    return true;
}

/* Gives: false when an S is not below L, or libsodium cannot add points: what follows would prove nothing. */
static bool trial_sign(struct trial *trial)
{
    bool made = true;

    for (size_t i = 0; i < CASES; i++) {
        uint8_t hash[crypto_hash_sha512_BYTES];

        memset(trial->digest[i], (int)i, sizeof trial->digest[i]);
        memset(trial->signature[i], 0, sizeof trial->signature[i]);
        if (cases[i].kind == HONEST) {
            sign_honest(trial, i);
        } else if (cases[i].kind == MIXED) {
            made = sign_mixed(trial, i) && made;
        } else {
            small_point(trial->key[i], cases[i].a);
            small_point(trial->signature[i], cases[i].b);
        }
        hash_of(hash, trial, i);
        scalar_from_wide(&trial->k[i], hash);
        made = scalar_from_bytes(&trial->s[i], trial->signature[i] + POINT_BYTES) && made;
        trial->expected[i] = ref_verify_reduced(trial->key[i], trial->signature[i], &trial->k[i]);
    }
    return made;
}

/* --- What is read ---------------------------------------------------------------------------------------------------------------- */

static bool trial_challenge(struct trial *trial, const struct engine *engine)
{
    struct sig_item item[ITEMS];
    struct scalar k[ITEMS];
    bool agree = true;

    for (size_t i = 0; i < ITEMS; i++) {
        item[i] = (struct sig_item){ trial->key[i % CASES], trial->digest[i % CASES], trial->signature[i % CASES] };
    }
    for (size_t n = 3; n <= ITEMS; n += ITEMS - 3) {
        engine->challenge(k, item, n);
        for (size_t i = 0; i < n; i++) {
            agree = agree && memcmp(&k[i], &trial->k[i % CASES], sizeof k[i]) == 0;
        }
    }
    return agree;
}

/* Gives: whether the same encodings are points. Which points, sums and checks will tell. */
static bool trial_points(struct trial *trial, const struct engine *engine)
{
    const uint8_t *key[ITEMS], *r[ITEMS];
    bool agree = true;

    for (size_t i = 0; i < ITEMS; i++) {
        key[i] = trial->key[i % CASES];
        r[i] = trial->signature[i % CASES];
    }
    engine->decode(trial->a, trial->a_ok, key, ITEMS);
    engine->decode(trial->r, trial->r_ok, r, ITEMS);
    for (size_t i = 0; i < ITEMS; i++) {
        struct point point;

        if (i < CASES) {
            agree = agree && point_decode(&point, key[i]) == trial->a_ok[i] && point_decode(&point, r[i]) == trial->r_ok[i];
        } else {
            agree = agree && trial->a_ok[i] == trial->a_ok[i - CASES] && trial->r_ok[i] == trial->r_ok[i - CASES];
        }
    }
    return agree;
}

/* --- One by one ------------------------------------------------------------------------------------------------------------------ */

/* Gives: whether doublings lead to the expected verdicts: by the rule, and by comparison where nobody added torsion. */
static bool trial_pairs(struct trial *trial, const struct engine *engine)
{
    struct engine_sum sums[CASES], scratch[CASES + ENGINE_LANES_MAX];
    struct engine_pair pair[CASES];
    const struct engine_sum *sum_at[CASES];
    const struct engine_entry *r_at[CASES];
    const uint8_t *r[CASES];
    bool equal[CASES], small[CASES], agree = true;

    for (size_t i = 0; i < CASES; i++) {
        pair[i] = (struct engine_pair){ &trial->a[i], &trial->k[i], &trial->s[i] };
        sum_at[i] = &sums[i];
        r_at[i] = &trial->r[i];
        r[i] = trial->signature[i];
    }
    engine_base(trial->base, engine);
    engine->pairs(sums, pair, CASES, trial->base);
    engine->match(equal, sums, r, CASES, scratch);
    engine->settle(small, sum_at, r_at, CASES);
    for (size_t i = 0; i < CASES; i++) {
        bool settled = trial->r_ok[i] && small[i] == trial->expected[i];

        agree = agree && (!trial->a_ok[i] || !trial->r_ok[i] || settled);
        agree = agree && (!trial->a_ok[i] || (cases[i].kind == HONEST ? equal[i] == trial->expected[i] : !equal[i] || trial->expected[i]));
    }
    return agree;
}

static struct engine_comb shape(const struct trial *trial, unsigned number)
{
    const struct engine_comb shapes[SHAPES] = { { trial->table, 6, 1 }, { trial->table + WIDE, 4, 1 }, { trial->table + WIDE + NARROW, 6, 4 } };

    return shapes[number];
}

/* The window of ten bits that is asked of the table of B: after recoding, with a carry or without, digits of size 0 .. 4, 511 and 512. */
static uint64_t sparse_digit(unsigned number)
{
    static const uint16_t digits[] = { 1, 511, 0, 3, 1021, 2, 512, 1023, 511 };

    return digits[number % (sizeof digits / sizeof digits[0])];
}

/* The table of B, for these digits; its first row is the engine's own, whole. */
static void build_wide(struct trial *trial, const struct engine *engine)
{
    enum { DIGITS = 6, ROWS = COMB_ROWS(BASE_WIDTH, 1) };
    static const unsigned digit[DIGITS] = { 1, 2, 3, 4, 511, 512 };
    struct point row, multiple[DIGITS];
    struct point_affine affine[DIGITS];

    point_base(&row);
    engine->multiples(trial->wide, &row, 1, (size_t)1 << (BASE_WIDTH - 1));
    for (unsigned r = 0; r < ROWS; r++) {
        multiple[0] = row;
        for (unsigned i = 1; i < 4; i++) {
            point_add(&multiple[i], &multiple[i - 1], &row);
        }
        point_double_times(&multiple[5], &row, BASE_WIDTH - 1);
        point_subtract(&multiple[4], &multiple[5], &row);
        point_double_times(&row, &multiple[5], 1);
        point_normalize(affine, multiple, DIGITS);
        for (unsigned i = 0; i < DIGITS && r > 0; i++) {
            engine->pack(&trial->wide[((size_t)r << (BASE_WIDTH - 1)) + digit[i] - 1], &affine[i]);
        }
    }
}

/* Items S B - k A of known logarithm. */
static bool draw_combed(struct trial *trial)
{
    uint8_t secret[SCALAR_BYTES], k[SCALAR_BYTES], s[SCALAR_BYTES], log[SCALAR_BYTES];
    bool made = true;

    scalar_bytes(secret, 100);
    trial->secret = scalar_read(secret);
    for (unsigned i = 0; i < COMBED; i++) {
        struct scalar sparse = { { 0 } };

        for (unsigned at = 0; at < 250; at++) { /* the window above is zero but for a carry */
            uint64_t bit = sparse_digit(i * 5 + at / BASE_WIDTH * (i + 1)) >> at % BASE_WIDTH & 1;
            sparse.limb[at / 64] |= bit << at % 64;
        }
        scalar_bytes(k, 101 + i);
        trial->combed_k[i] = scalar_read(k);
        trial->combed_s[i] = sparse;
        scalar_write(s, &sparse);
        crypto_core_ed25519_scalar_mul(log, k, secret);
        crypto_core_ed25519_scalar_sub(log, s, log);
        made = made && crypto_scalarmult_ed25519_base_noclamp(trial->combed_r[i], log) == 0;
    }
    return made;
}

/* Gives: whether n sums, from tables of the shape or, with SHAPES, of one after the other, compare equal with R, and with nothing else. */
static bool direct_agrees(const struct trial *trial, const struct engine *engine, size_t n, unsigned number)
{
    struct engine_sum sums[ITEMS], scratch[ITEMS + ENGINE_LANES_MAX];
    struct engine_direct direct[ITEMS];
    uint8_t encoded[ITEMS][POINT_BYTES];
    const uint8_t *encoded_at[ITEMS];
    bool equal[ITEMS], agree = true;

    for (size_t i = 0; i < n; i++) {
        size_t item = (n + i) % COMBED;

        direct[i] = (struct engine_direct){ shape(trial, number < SHAPES ? number : (unsigned)(i * SHAPES / n)), &trial->combed_k[item], &trial->combed_s[item] };
        memcpy(encoded[i], trial->combed_r[item], POINT_BYTES);
        encoded_at[i] = encoded[i];
    }
    engine->direct(sums, direct, n, (struct engine_comb){ trial->wide, BASE_WIDTH, 1 });
    for (unsigned turn = 0; turn < 3; turn++) { /* as it is, with the other sign of x, with another y */
        engine->match(equal, sums, encoded_at, n, scratch);
        for (size_t i = 0; i < n; i++) {
            agree = agree && equal[i] == (turn == 0);
            encoded[i][POINT_BYTES - 1] ^= turn == 0 || i % 2 == 0 ? 0x80 : 0;
            encoded[i][i % POINT_BYTES] ^= turn == 0 ? 0 : 1;
        }
    }
    return agree;
}

static bool trial_direct(struct trial *trial, const struct engine *engine)
{
    static const size_t counts[] = { 1, 2, 3, 8 };
    struct scalar zero = { { 0 } };
    struct point key;
    bool agree = draw_combed(trial);

    point_base(&key);
    point_multiply_add(&key, &zero, &key, &trial->secret);
    build_wide(trial, engine);
    for (unsigned i = 0; i < SHAPES; i++) {
        struct engine_comb comb = shape(trial, i);

        engine_comb_build(trial->table + (comb.entry - trial->table), engine, &key, comb.width, comb.steps);
        for (unsigned j = 0; j < sizeof counts / sizeof counts[0]; j++) {
            agree = agree && direct_agrees(trial, engine, counts[j], i);
        }
    }
    return agree && direct_agrees(trial, engine, CASES, SHAPES) && direct_agrees(trial, engine, ITEMS, SHAPES);
}

/* --- Sums ------------------------------------------------------------------------------------------------------------------------ */

/* The coefficient of a term, by number. */
static void coefficient(uint64_t magnitude[2], uint64_t number)
{
    magnitude[0] = (2 * number + 1) * UINT64_C(0x9e3779b97f4a7c15);
    magnitude[1] = (2 * number + 1) * UINT64_C(0xd1342543de82ef95) >> 1;
}

/* Two places come first, for B. */
static void terms_begin(struct trial *trial)
{
    trial->terms = 2;
    trial->long_terms = 0;
    trial->total = (struct scalar_sum){ { 0 } };
}

static void terms_put(struct trial *trial, const struct engine_entry *point, const uint64_t limb[4], bool minus)
{
    ASSERT(trial->terms < TERMS);
    trial->point[trial->terms] = *point;
    trial->term[trial->terms++] = (struct engine_term){ { limb[0], limb[1], limb[2], limb[3] }, minus };
}

/* Adds a short term: coefficient times an entry that is log B. */
static void terms_known(struct trial *trial, const struct engine_entry *point, const struct scalar *log)
{
    uint64_t z[4] = { 0 };
    bool minus = trial->terms % 2 == 1;

    coefficient(z, trial->terms);
    terms_put(trial, point, z, minus);
    scalar_sum_add(&trial->total, z, minus, log);
}

/* Subtracts from the terms what they should be of B, and once B more. Gives: whether -B is left, and something of small order at most. */
static bool terms_agree(struct trial *trial, const struct engine *engine, unsigned width)
{
    const uint64_t one[2] = { 1, 0 };
    const struct scalar unit = { { 1 } };
    size_t first = trial->long_terms > 0 ? 1 : 0;
    struct engine_terms terms = { trial->term + first, trial->point + first, trial->long_terms > 0 ? 1 + trial->long_terms : 0, trial->terms - first, width, trial->buckets };
    struct scalar all;
    struct point base, sum;
    const uint64_t *word = all.limb;

    scalar_sum_add(&trial->total, one, false, &unit);
    scalar_sum_reduce(&all, &trial->total);
    trial->point[0] = trial->base[ENGINE_BASE_MULTIPLES];
    trial->point[1] = trial->base[0];
    trial->term[0] = (struct engine_term){ { word[1] >> 63 | word[2] << 1, word[2] >> 63 | word[3] << 1 }, true };
    trial->term[1] = (struct engine_term){ { word[0], word[1] << 1 >> 1 }, true };
    if (first == 1) {
        trial->term[1] = (struct engine_term){ { word[0], word[1], word[2], word[3] }, true };
    }
    engine->sum(&sum, &terms);
    point_base(&base);
    point_add(&sum, &sum, &base);
    return point_is_small(&sum);
}

/* The equation of a batch over the valid items, with a long term for each key. */
static bool batch_agrees(struct trial *trial, const struct engine *engine, unsigned width)
{
    terms_begin(trial);
    for (size_t i = 0; i < ITEMS; i++) {
        if (trial->expected[i % CASES]) {
            struct scalar_sum product = { { 0 } };
            struct scalar zk;
            uint64_t z[2];

            coefficient(z, i);
            scalar_sum_add(&product, z, i % 2 == 1, &trial->k[i % CASES]);
            scalar_sum_add(&trial->total, z, i % 2 == 0, &trial->s[i % CASES]);
            scalar_sum_reduce(&zk, &product);
            terms_put(trial, &trial->a[i], zk.limb, true);
            trial->long_terms++;
        }
    }
    for (size_t i = 0; i < ITEMS; i++) {
        if (trial->expected[i % CASES]) {
            uint64_t z[4] = { 0 };

            coefficient(z, i);
            terms_put(trial, &trial->r[i], z, i % 2 == 0);
        }
    }
    return terms_agree(trial, engine, width);
}

static struct scalar times(const struct scalar *a, uint64_t multiple)
{
    const uint64_t magnitude[2] = { multiple, 0 };
    struct scalar_sum sum = { { 0 } };
    struct scalar out;

    scalar_sum_add(&sum, magnitude, false, a);
    scalar_sum_reduce(&out, &sum);
    return out;
}

/* The entries of tables, all terms short: of each row the last, of the last row all, every stride-th of these. */
static bool tables_agree(struct trial *trial, const struct engine *engine, unsigned width, unsigned stride)
{
    const struct scalar unit = { { 1 } }, last = { { 1 << (BASE_WIDTH - 1) } };
    size_t seen = 0;

    terms_begin(trial);
    terms_known(trial, &trial->wide[0], &unit);
    terms_known(trial, &trial->wide[last.limb[0] - 1], &last);
    for (unsigned i = 0; i < SHAPES; i++) {
        struct engine_comb comb = shape(trial, i);
        struct scalar row = trial->secret;
        unsigned rows = COMB_ROWS(comb.width, comb.steps), top = 1u << (comb.width - 1);

        for (unsigned r = 0; r < rows; r++) {
            for (unsigned d = r + 1 < rows ? top : 1; d <= top; d++) {
                if (seen++ % stride == 0) {
                    struct scalar log = times(&row, d);
                    terms_known(trial, &comb.entry[((size_t)r << (comb.width - 1)) + d - 1], &log);
                }
            }
            row = times(&row, UINT64_C(1) << comb.width * comb.steps);
        }
    }
    return terms_agree(trial, engine, width);
}

static bool trial_sums(struct trial *trial, const struct engine *engine)
{
    static const struct {
        unsigned width, stride; /* 0: a batch */
    } sums[] = { { 7, 2 }, { 4, 0 }, { 5, 23 }, { 6, 0 }, { 8, 29 }, { ENGINE_WIDTH_MAX, 31 } };
    bool agree = true;

    for (unsigned i = 0; i < sizeof sums / sizeof sums[0] && agree; i++) {
        agree = sums[i].stride == 0 ? batch_agrees(trial, engine, sums[i].width) : tables_agree(trial, engine, sums[i].width, sums[i].stride);
    }
    return agree;
}

/* --- The trial ------------------------------------------------------------------------------------------------------------------- */

#define PAGE_MAX ((uintptr_t)65536) /* the largest page of any processor that Ward runs on */

/* Too much for the stack of a thread, and needed once: whole pages, which go back when the trial is over. */
static uint8_t memory[sizeof(struct trial) + 2 * PAGE_MAX];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* Gives: zeroed pages, so that nothing of an earlier trial stands where an engine should have written. */
static struct trial *trial_pages(void)
{
    uintptr_t begin = ((uintptr_t)memory + PAGE_MAX - 1) / PAGE_MAX * PAGE_MAX;
    size_t size = (sizeof(struct trial) + PAGE_MAX - 1) / PAGE_MAX * PAGE_MAX;
    int code = madvise((void *)begin, size, MADV_DONTNEED);

    ASSERT(code == 0);
    return (struct trial *)begin;
}

enum err engine_trial(const struct engine *engine)
{
    pthread_mutex_lock(&mutex);
    struct trial *trial = trial_pages();
    bool agrees = trial_sign(trial) && trial_challenge(trial, engine) && trial_points(trial, engine) && trial_pairs(trial, engine) && trial_direct(trial, engine)
                  && trial_sums(trial, engine);
    (void)trial_pages();
    pthread_mutex_unlock(&mutex);
    return agrees ? ERR_OK : ERR_CONFLICT;
}
