/* sysfile.h: small files in which the kernel says what it is and what it allows (/proc, /sys), of this machine or of a recorded tree.
 *
 * `root` stands before every path: "" for this machine, a directory of recorded files in tests. No allocation. */
#ifndef WARD_BASE_SYSFILE_H
#define WARD_BASE_SYSFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYSFILE_LINE_BYTES 1024
#define SYSFILE_PATH_BYTES 2048

/* sysfile_read reads the first size - 1 bytes of root || path as text. Gives: the bytes read; -1 when it cannot be opened or read. Cost: three syscalls
 * and one per page of the file. */
long sysfile_read(const char *root, const char *path, char *text, size_t size);

/* sysfile_line gives the first line, of root || path's first 64 KiB, that begins with `prefix`, without its end; cut at the size.
 * Gives: false when there is none. */
bool sysfile_line(const char *root, const char *path, const char *prefix, char line[SYSFILE_LINE_BYTES]);

/* sysfile_number gives the decimal number that follows `prefix` and white space. Gives: false when there is no such line or no number in it. */
bool sysfile_number(const char *root, const char *path, const char *prefix, int64_t *number);

#endif
