/* golden_dir_kit.h: the data directory of this version that is kept in tests/golden/v1, for this version and all later ones to read. */
#ifndef WARD_TESTS_STORAGE_GOLDEN_DIR_KIT_H
#define WARD_TESTS_STORAGE_GOLDEN_DIR_KIT_H

#include <stdint.h>

#define GOLDEN_SEGMENT_BYTES 65536u
#define GOLDEN_SEGMENTS 4u
#define GOLDEN_RECORDS 24u /* blocks of heights 1 to 24; each byte of a payload is the height */

/* golden_dir_restore makes a data directory of the golden files. Needs: path is an empty directory. */
void golden_dir_restore(const char *path);

/* golden_dir_file gives the path of the golden file of a segment, of the superblock with 0. Owns: a static buffer. */
const char *golden_dir_file(uint32_t segment);

#endif
