/* beside_kit.h: public data that is no part of the tree, where somebody has it. */
#ifndef WARD_TESTS_BASE_BESIDE_KIT_H
#define WARD_TESTS_BASE_BESIDE_KIT_H

#include <glob.h>

/* beside_find gives the files of that pattern in the folder that the environment variable names or, where it names none, in a folder called so beside the tree:
 * ../FOLDER, else ../ANY/FOLDER. Owns: the caller calls globfree. Fails: skips the running test when there is none; fails it when the variable names a folder without any. */
void beside_find(const char *variable, const char *folder, const char *pattern, glob_t *found);

#endif
