/* cli_kit.h: runs `ward` inside the test's own process and catches what it prints. */
#ifndef WARD_TESTS_CLI_CLI_KIT_H
#define WARD_TESTS_CLI_CLI_KIT_H

#include <jansson.h>

#define KIT_WORDS_MAX 64

/* kit_run runs `ward` with the words of a line, separated by single spaces; a word may not contain one. %s in the line is replaced by `directory`,
 * each time. Gives: the exit code. Standard output goes to a file that kit_output and kit_json read. */
int kit_run(const char *directory, const char *line);

/* kit_output gives what the last run printed. Owns: a static buffer. */
const char *kit_output(void);

/* kit_json gives it parsed. Needs: it is one JSON object. Owns: the caller. */
json_t *kit_json(void);

/* kit_directory makes a fresh directory for this test process; it is removed when the process ends. Owns: a static buffer. */
const char *kit_directory(void);

/* kit_write writes a file of that name into the directory. Gives: its path, in a static buffer. */
const char *kit_write(const char *name, const char *text);

#endif
