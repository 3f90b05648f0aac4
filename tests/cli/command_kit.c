/* command_kit.c: see cli_kit.h. */
#include "tests/cli/cli_kit.h"

#include "cli/command.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char directory_path[64];
static char output[1 << 20];

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

static void remove_directory(void)
{
    nftw(directory_path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *kit_directory(void)
{
    if (directory_path[0] == '\0') {
        snprintf(directory_path, sizeof directory_path, "/tmp/ward-test-XXXXXX");
        cr_assert_not_null(mkdtemp(directory_path));
        atexit(remove_directory);
    }
    return directory_path;
}

const char *kit_write(const char *name, const char *text)
{
    static char path[512];

    snprintf(path, sizeof path, "%s/%s", kit_directory(), name);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
    return path;
}

/* expand replaces each %s of the line. */
static void expand(char *out, size_t size, const char *line, const char *directory)
{
    size_t used = 0;

    for (const char *c = line; *c != '\0'; c++) {
        if (c[0] == '%' && c[1] == 's') {
            used += (size_t)snprintf(out + used, size - used, "%s", directory);
            c++;
        } else {
            out[used++] = *c;
        }
        cr_assert_lt(used, size);
    }
    out[used] = '\0';
}

int kit_run(const char *directory, const char *line)
{
    char text[4096];
    char *words[KIT_WORDS_MAX + 1] = { NULL };
    int count = 0;

    expand(text, sizeof text, line, directory);
    for (char *word = strtok(text, " "); word != NULL && count < KIT_WORDS_MAX; word = strtok(NULL, " ")) {
        words[count++] = word;
    }
    fflush(stdout);
    FILE *caught = tmpfile();
    int saved = dup(STDOUT_FILENO);
    cr_assert_not_null(caught);
    dup2(fileno(caught), STDOUT_FILENO);
    int code = command_main(&command_ward, count, words);
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    rewind(caught);
    size_t size = fread(output, 1, sizeof output - 1, caught);
    output[size] = '\0';
    fclose(caught);
    return code;
}

const char *kit_output(void)
{
    return output;
}

json_t *kit_json(void)
{
    json_error_t error;
    json_t *value = json_loads(output, 0, &error);

    cr_assert_not_null(value, "not JSON (%s): %s", error.text, output);
    return value;
}
