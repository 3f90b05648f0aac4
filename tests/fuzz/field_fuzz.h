/* field_fuzz.h: the arithmetic of one backend's kernel.h against the big-integer model, with limbs at the bounds that its contract allows.
 *
 * Included once by a target, after its kernel.h. The target defines, for its own representation:
 *     FUZZ_LIMBS                      limbs of an element
 *     FUZZ_ROOM                       units that a subtraction costs besides those it gives, where limbs have no signs
 *     FUZZ_UNITS                      units that an operand may have at most, where a backend takes fewer than the contract allows
 *     fuzz_bit(i)                     limb i stands for 2^fuzz_bit(i)
 *     fuzz_most(i), fuzz_least(i)     the bounds of limb i in one unit, themselves allowed
 *     fuzz_put(a, lane, i, value)     writes a limb
 *     fuzz_get(a, lane, i)            reads one
 *     fuzz_can_run()                  whether this machine has the instructions
 *
 * Input: operation u8, shape u8, then limbs. Shape: bits 0, 1 the units of the first operand less one (as far as the operation takes them), bits 2, 3
 * those of the second, bit 4: the output is the first operand, bit 5: it is the second; some operations read it in another way. A limb is a byte,
 * which chooses 0, the largest, the least, those next to it, a power of two, or the next eight bytes' value. */
#ifndef WARD_TESTS_FUZZ_FIELD_FUZZ_H
#define WARD_TESTS_FUZZ_FIELD_FUZZ_H

#include "tests/crypto/zip215_model_kit.h"
#include "tests/fuzz/fuzz.h"

struct fuzz_input {
    const uint8_t *data;
    size_t size;
};

static uint8_t next_byte(struct fuzz_input *input)
{
    if (input->size == 0) {
        return 0;
    }
    input->size--;
    return *input->data++;
}

static int64_t next_limb(struct fuzz_input *input, int64_t least, int64_t most)
{
    uint8_t choice = next_byte(input);
    uint64_t value = 0;

    switch (choice & 7) {
    case 0:
        return 0;
    case 1:
        return most;
    case 2:
        return least;
    case 3:
        return most - (choice >> 3);
    case 4:
        return least + (choice >> 3);
    case 5:
        return (int64_t)((UINT64_C(1) << (choice >> 3) << 22) % (uint64_t)most);
    default:
        for (int i = 0; i < 8; i++) {
            value = value << 8 | next_byte(input);
        }
        return least + (int64_t)(value % (uint64_t)(most - least + 1));
    }
}

/* Units from 1 to `most`, as far as the backend takes them. */
static unsigned units_of(unsigned choice, unsigned most)
{
    return 1 + choice % (most < FUZZ_UNITS ? most : FUZZ_UNITS);
}

static struct lanes next_lanes(struct fuzz_input *input, unsigned units)
{
    struct lanes out;

    memset(&out, 0, sizeof out);
    for (unsigned lane = 0; lane < LANES; lane++) {
        for (unsigned i = 0; i < FUZZ_LIMBS; i++) {
            fuzz_put(&out, lane, i, next_limb(input, units * fuzz_least(i), units * fuzz_most(i)));
        }
    }
    return out;
}

/* The value of a lane, by the model's arithmetic. */
static struct model_number value_of(const struct lanes *a, unsigned lane)
{
    struct model_number out = model_number_of(0);

    for (unsigned i = 0; i < FUZZ_LIMBS; i++) {
        int64_t limb = fuzz_get(a, lane, i);
        uint64_t size = limb < 0 ? (uint64_t)-limb : (uint64_t)limb;
        struct model_number number = { { (uint32_t)size, (uint32_t)(size >> 32) } }, power = { { 0 } };
        power.word[fuzz_bit(i) / 32] = UINT32_C(1) << fuzz_bit(i) % 32;
        number = model_multiply(number, power);
        out = limb < 0 ? model_subtract(out, number) : model_add(out, number);
    }
    return out;
}

static void check_value(const struct lanes *a, unsigned lane, struct model_number expected)
{
    struct model_number value = value_of(a, lane);

    CHECK(model_number_equal(&value, &expected));
}

static void check_units(const struct lanes *a, unsigned units)
{
    for (unsigned lane = 0; lane < LANES; lane++) {
        for (unsigned i = 0; i < FUZZ_LIMBS; i++) {
            CHECK(fuzz_get(a, lane, i) <= units * fuzz_most(i));
            CHECK(fuzz_get(a, lane, i) >= units * fuzz_least(i));
        }
    }
}

/* --- Operations --------------------------------------------------------------------------------------------------------- */

enum operation { ADD, SUBTRACT, CARRY, EASE, MULTIPLY, SQUARE, SQUARE_TIMES, SQUARE_PAIR, SELECT, ASK, BYTES, LANE, ENTRY, BUCKET, OPERATIONS };

/* The operands of one operation, and where its result goes. */
struct operands {
    struct lanes a, b;
    struct model_number left[LANES], right[LANES]; /* their values before it */
    struct lanes other;
    struct lanes *out; /* a, b, or other */
    unsigned a_units, b_units;
};

static void read_operands(struct operands *operands, struct fuzz_input *input, uint8_t shape, unsigned a_max, unsigned b_max)
{
    operands->a_units = units_of(shape & 3, a_max);
    operands->b_units = units_of(shape >> 2 & 3, b_max);
    operands->a = next_lanes(input, operands->a_units);
    operands->b = next_lanes(input, operands->b_units);
    memset(&operands->other, 0, sizeof operands->other);
    operands->out = (shape & 0x10) != 0 ? &operands->a : (shape & 0x20) != 0 ? &operands->b : &operands->other;
    for (unsigned lane = 0; lane < LANES; lane++) {
        operands->left[lane] = value_of(&operands->a, lane);
        operands->right[lane] = value_of(&operands->b, lane);
    }
}

static void check_sums(enum operation operation, struct fuzz_input *input, uint8_t shape)
{
    struct operands o;

    read_operands(&o, input, shape, operation == ADD ? 3 : 2, operation == ADD ? 3 : 1);
    if (operation == ADD) {
        lanes_add(o.out, &o.a, &o.b);
    } else {
        lanes_subtract(o.out, &o.a, &o.b);
    }
    check_units(o.out, operation == ADD ? o.a_units + o.b_units : o.a_units + 1 + FUZZ_ROOM);
    for (unsigned lane = 0; lane < LANES; lane++) {
        check_value(o.out, lane, operation == ADD ? model_add(o.left[lane], o.right[lane]) : model_subtract(o.left[lane], o.right[lane]));
    }
}

static void check_carry(enum operation operation, struct fuzz_input *input, uint8_t shape)
{
    unsigned units = units_of(shape & 7, operation == CARRY ? 6 : 3 + FUZZ_ROOM);
    struct lanes a = next_lanes(input, units), out;

    memset(&out, 0, sizeof out);
    if (operation == CARRY) {
        lanes_carry(&out, &a);
    } else {
        lanes_ease(&out, &a);
    }
    check_units(&out, operation == CARRY ? 1 : units);
    for (unsigned lane = 0; lane < LANES; lane++) {
        check_value(&out, lane, value_of(&a, lane));
    }
}

/* One factor is eased, or of one unit; which of them changes nothing. */
static void check_products(enum operation operation, struct fuzz_input *input, uint8_t shape)
{
    struct operands o;

    read_operands(&o, input, shape, 3 + FUZZ_ROOM, 3 + FUZZ_ROOM);
    if (operation == SQUARE) {
        lanes_ease(&o.a, &o.a);
        lanes_square(o.out, &o.a);
    } else {
        lanes_ease(&o.b, &o.b);
        lanes_multiply(o.out, (shape & 0x40) != 0 ? &o.b : &o.a, (shape & 0x40) != 0 ? &o.a : &o.b);
    }
    check_units(o.out, 1);
    for (unsigned lane = 0; lane < LANES; lane++) {
        check_value(o.out, lane, model_multiply(o.left[lane], operation == MULTIPLY ? o.right[lane] : o.left[lane]));
    }
}

static struct model_number squared(struct model_number a, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        a = model_multiply(a, a);
    }
    return a;
}

static void check_chains(enum operation operation, struct fuzz_input *input, uint8_t shape)
{
    unsigned times = 1 + (shape >> 4) % 12;
    struct operands o;

    read_operands(&o, input, 0, 1, 1);
    if (operation == SQUARE_TIMES) {
        lanes_square_times(&o.a, times);
    } else {
        lanes_square_times_pair(&o.a, &o.b, times);
        check_units(&o.b, 1);
    }
    check_units(&o.a, 1);
    for (unsigned lane = 0; lane < LANES; lane++) {
        check_value(&o.a, lane, squared(o.left[lane], times));
        check_value(&o.b, lane, operation == SQUARE_TIMES ? o.right[lane] : squared(o.right[lane], times));
    }
}

static void check_select(struct fuzz_input *input, uint8_t shape)
{
    uint32_t bits = next_byte(input);
    struct operands o;

    read_operands(&o, input, shape, 4, 4);
    lanes_select(o.out, bits, &o.a, &o.b);
    for (unsigned lane = 0; lane < LANES; lane++) {
        check_value(o.out, lane, (bits >> lane & 1) != 0 ? o.left[lane] : o.right[lane]);
    }
}

/* Zero is asked of a - a as well, of two representations of a. */
static void check_questions(struct fuzz_input *input, uint8_t shape)
{
    struct model_number zero = model_number_of(0);
    uint8_t bytes[LANES][FIELD_BYTES];
    struct operands o;
    uint32_t zeros = 0, odds = 0;

    read_operands(&o, input, shape & 0x0f, 4, 1);
    if ((shape & 0x40) != 0) {
        lanes_carry(&o.a, &o.b);
        lanes_subtract(&o.a, &o.b, &o.a);
        for (unsigned lane = 0; lane < LANES; lane++) {
            o.left[lane] = zero;
        }
    }
    for (unsigned lane = 0; lane < LANES; lane++) {
        zeros |= (uint32_t)model_number_equal(&o.left[lane], &zero) << lane;
        odds |= (o.left[lane].word[0] & 1) << lane;
    }
    CHECK(lanes_zero_bits(&o.a) == zeros);
    CHECK(lanes_odd_bits(&o.a) == odds);
    lanes_to_bytes(bytes, &o.a);
    for (unsigned lane = 0; lane < LANES; lane++) {
        struct model_number read = model_number_read(bytes[lane]);
        CHECK(model_number_equal(&read, &o.left[lane]));
    }
}

/* Any 32 bytes; the first lane's may be all ones but for the lowest, so that the values from p on are met. */
static void check_bytes(struct fuzz_input *input, uint8_t shape)
{
    uint8_t bytes[LANES][FIELD_BYTES + 1];
    const uint8_t *unaligned[LANES];
    struct lanes out;

    memset(&out, 0, sizeof out);
    for (unsigned lane = 0; lane < LANES; lane++) {
        bool high = (shape >> lane & 1) != 0;
        unaligned[lane] = bytes[lane] + 1;
        memset(bytes[lane], high ? 0xff : 0, sizeof bytes[lane]);
        for (unsigned i = 0; i < (high ? 1 : FIELD_BYTES); i++) {
            bytes[lane][1 + i] = next_byte(input);
        }
    }
    lanes_from_bytes(&out, unaligned);
    check_units(&out, 1);
    for (unsigned lane = 0; lane < LANES; lane++) {
        struct model_number number = model_number_read(unaligned[lane]);
        number.word[7] &= 0x7fffffff;
        check_value(&out, lane, model_add(number, model_number_of(0)));
    }
}

/* --- One lane, and memory ------------------------------------------------------------------------------------------------ */

static void check_lane(struct fuzz_input *input, uint8_t shape)
{
    unsigned units = units_of(shape & 3, 4), from = (shape >> 2 & 7) % LANES, to = (shape >> 5 & 7) % LANES;
    struct lanes a = next_lanes(input, units), b = next_lanes(input, 1), copies;
    struct model_number value = value_of(&a, from), before[LANES];
    struct field field;

    for (unsigned lane = 0; lane < LANES; lane++) {
        before[lane] = value_of(&b, lane);
    }
    lanes_get(&field, &a, from);
    field_check(&field, FIELD_TIGHT_LIMIT);
    lanes_put(&b, to, &field);
    lanes_broadcast(&copies, &field);
    check_units(&b, 1);
    check_units(&copies, 1);
    for (unsigned lane = 0; lane < LANES; lane++) {
        check_value(&copies, lane, value);
        check_value(&b, lane, lane == to ? value : before[lane]);
    }
}

/* An addend in one lane has the values of `from` of another, negated or not: sum and difference swapped. */
static void check_affine(const struct lanes_affine *have, unsigned lane, const struct lanes_affine *from, unsigned from_lane, bool minus)
{
    struct model_number sum = value_of(&from->sum, from_lane), difference = value_of(&from->difference, from_lane), product = value_of(&from->product, from_lane);

    check_value(&have->sum, lane, minus ? difference : sum);
    check_value(&have->difference, lane, minus ? sum : difference);
    check_value(&have->product, lane, minus ? model_subtract(model_number_of(0), product) : product);
}

/* Entries are written lane by lane, read in any order, and negated or not. */
static void check_entry(struct fuzz_input *input, uint8_t shape)
{
    struct lanes_entry entry[LANES];
    struct lanes_entry *write[LANES];
    const struct lanes_entry *read[LANES];
    struct lanes_affine in = { .sum = next_lanes(input, 1), .difference = next_lanes(input, 1), .product = next_lanes(input, 1) }, out;

    for (unsigned lane = 0; lane < LANES; lane++) {
        write[lane] = &entry[lane];
        read[lane] = &entry[(lane * (1 + (shape & 7)) + (shape >> 3 & 7)) % LANES];
    }
    lanes_entry_scatter(write, &in);
    lanes_entry_gather(&out, read, shape);
    check_units(&out.product, 1 + FUZZ_ROOM);
    for (unsigned lane = 0; lane < LANES; lane++) {
        check_affine(&out, lane, &in, (unsigned)(read[lane] - entry), (shape >> lane & 1) != 0);
    }
    lanes_entry_broadcast(&out, &entry[0], shape);
    check_units(&out.product, 1 + FUZZ_ROOM);
    for (unsigned lane = 0; lane < LANES; lane++) {
        check_affine(&out, lane, &in, 0, (shape >> lane & 1) != 0);
    }
}

static void check_bucket(struct fuzz_input *input, uint8_t shape)
{
    struct lanes_bucket bucket[LANES];
    struct lanes_bucket *write[LANES];
    const struct lanes_bucket *read[LANES];
    struct lanes_point in, out;
    struct lanes *from[4] = { &in.x, &in.y, &in.z, &in.t }, *to[4] = { &out.x, &out.y, &out.z, &out.t };

    for (unsigned lane = 0; lane < LANES; lane++) {
        write[lane] = &bucket[lane];
        read[lane] = &bucket[(lane + shape) % LANES];
    }
    for (unsigned i = 0; i < 4; i++) {
        *from[i] = next_lanes(input, 1);
    }
    lanes_bucket_scatter(write, &in);
    lanes_bucket_gather(&out, read);
    for (unsigned i = 0; i < 4; i++) {
        for (unsigned lane = 0; lane < LANES; lane++) {
            check_value(to[i], lane, value_of(from[i], (lane + shape) % LANES));
        }
    }
}

static void check_operation(enum operation operation, struct fuzz_input *input, uint8_t shape)
{
    switch (operation) {
    case ADD:
    case SUBTRACT:
        check_sums(operation, input, shape);
        break;
    case CARRY:
    case EASE:
        check_carry(operation, input, shape);
        break;
    case MULTIPLY:
    case SQUARE:
        check_products(operation, input, shape);
        break;
    case SQUARE_TIMES:
    case SQUARE_PAIR:
        check_chains(operation, input, shape);
        break;
    case SELECT:
        check_select(input, shape);
        break;
    case ASK:
        check_questions(input, shape);
        break;
    case BYTES:
        check_bytes(input, shape);
        break;
    case LANE:
        check_lane(input, shape);
        break;
    case ENTRY:
        check_entry(input, shape);
        break;
    case BUCKET:
        check_bucket(input, shape);
        break;
    case OPERATIONS:
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = { data, size };
    enum operation operation = next_byte(&input) % OPERATIONS;
    uint8_t shape = next_byte(&input);

    if (fuzz_can_run()) {
        check_operation(operation, &input, shape);
    }
    return 0;
}

#endif
