/* golden_kit.h: golden files of the disk formats: rows of 32 bytes, "offset hex", rows of zeros left out, last line the size. */
#ifndef WARD_TESTS_STORAGE_GOLDEN_KIT_H
#define WARD_TESTS_STORAGE_GOLDEN_KIT_H

#include <stddef.h>
#include <stdint.h>

/* golden_check compares the bytes with tests/vectors/disk/<name>.hex. With WARD_GOLDEN=write in the environment it writes the file
 * instead and fails the test, so that a run that passes has always compared. */
void golden_check(const char *name, const uint8_t *data, size_t size);

/* golden_check_at does so with a file of that path. */
void golden_check_at(const char *path, const uint8_t *data, size_t size);

/* golden_load gives the bytes of a golden file. Owns: the caller frees them. */
uint8_t *golden_load(const char *path, size_t *size);

#endif
