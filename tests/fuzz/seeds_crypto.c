/* seeds_crypto.c: see seeds_crypto.h. The shapes are those in the comments of batch_fuzz.c, verify_model_fuzz.c and field_fuzz.h. */
#include "tests/fuzz/seeds_crypto.h"

#include "tests/fuzz/fuzz.h"

#include <stdio.h>

static uint8_t room[4096];

/* n items of the pool from `first` on; every `broken`-th gets a bit flipped, none if 0. */
static void batch_seed(void (*save)(const char *, const char *, const struct writer *), uint8_t shape, uint8_t n, uint8_t first, uint8_t broken)
{
    struct writer writer;
    char name[48];

    writer_init(&writer, room, sizeof room);
    write_u8(&writer, n);
    write_u8(&writer, shape);
    for (uint8_t i = 0; i < n; i++) {
        write_u8(&writer, (uint8_t)(first + i));
        write_u8(&writer, (uint8_t)(7 * i));
        write_u8(&writer, broken != 0 && i % broken == broken - 1 ? (uint8_t)(1 << i % 8) : 0);
    }
    snprintf(name, sizeof name, "batch-%u-%u-%u-%u", shape, n, first, broken);
    save("batch", name, &writer);
}

static void batch_seeds(void (*save)(const char *, const char *, const struct writer *))
{
    static const uint8_t sizes[] = { 1, 3, 8, 21, 33, 64, 70 };

    for (uint8_t i = 0; i < sizeof sizes; i++) {
        batch_seed(save, (uint8_t)(0x6f | (i % 2 == 0 ? 0x10 : 0)), sizes[i], 0, 0); /* all are valid while honest ones last */
        batch_seed(save, (uint8_t)(0x60 + 5 * i), sizes[i], 16, 0);
        batch_seed(save, (uint8_t)(0x5f - i), sizes[i], 0, 5);
        batch_seed(save, (uint8_t)(0x6f - 4 * (i % 4)), sizes[i], 24, 0); /* errors that cancel */
        batch_seed(save, (uint8_t)(0x1f - 4 * (i % 4)), sizes[i], 8, 11);
    }
}

static void model_seeds(void (*save)(const char *, const char *, const struct writer *))
{
    struct writer writer;
    char name[32];

    for (unsigned choice = 0; choice < 256; choice += choice < 8 ? 1 : 29) {
        for (uint8_t torsion = 0; torsion < 64; torsion += 21) {
            writer_init(&writer, room, sizeof room);
            write_u8(&writer, (uint8_t)choice);
            for (uint8_t i = 0; i < 128; i++) { /* no error; key and R are small points with y = 1 */
                write_u8(&writer, i == 32 || i == 64 ? 1 : 0);
            }
            write_u8(&writer, torsion);
            snprintf(name, sizeof name, "model-%u-%u", choice, torsion);
            save("verify_model", name, &writer);
        }
    }
}

/* Each operation with all limbs at their largest, and with a mixture, in several shapes. */
static void field_seeds(void (*save)(const char *, const char *, const struct writer *), const char *target)
{
    static const uint8_t shapes[] = { 0x00, 0x05, 0x0b, 0x0f, 0x10, 0x2b, 0x4f, 0xff };
    struct writer writer;
    char name[32];

    for (uint8_t operation = 0; operation < 14; operation++) {
        for (uint8_t i = 0; i < sizeof shapes; i++) {
            writer_init(&writer, room, sizeof room);
            write_u8(&writer, operation);
            write_u8(&writer, shapes[i]);
            for (unsigned j = 0; j < 200; j++) { /* 1: the largest limb, 2: the least; else by the byte */
                write_u8(&writer, i % 2 == 0 ? (uint8_t)(1 + i / 2 % 2) : (uint8_t)(j * j + 3 * i));
            }
            snprintf(name, sizeof name, "%u-%u", operation, shapes[i]);
            save(target, name, &writer);
        }
    }
}

void crypto_seeds(void (*save)(const char *target, const char *name, const struct writer *writer))
{
    batch_seeds(save);
    model_seeds(save);
    field_seeds(save, "field_ref");
    field_seeds(save, "field_avx2");
    field_seeds(save, "field_ifma");
}
