/* command.h: the shape of a subcommand, and the command line read against it.
 *
 * All subcommands of `ward` are rows of one table (cli/command_table.c); `ward-bench` has one of its own. From a row come --help, `ward help --json`, the parser and its messages,
 * so the four cannot differ. A subcommand's function gets `struct args` and asks it by the names of the table. */
#ifndef WARD_CLI_COMMAND_H
#define WARD_CLI_COMMAND_H

#include "base/exit.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARGS_VALUES_MAX 256   /* flags given on one command line, repeats included */
#define ARGS_OPERANDS_MAX 1100 /* operands: as many enrolment files as organisations, and some */
#define COMMAND_FLAGS_MAX 32
#define COMMAND_EXITS_MAX 10
#define MESSAGE_BYTES_MAX 512

enum flag_type {
    FLAG_SWITCH,   /* present or not */
    FLAG_TEXT,     /* any text */
    FLAG_PATH,     /* a file or directory */
    FLAG_NUMBER,   /* decimal, min .. max */
    FLAG_DURATION, /* 500ms, 30s, 5m, 2h, 7d; kept in ms, min .. max */
    FLAG_CHOICE,   /* one of the words of `choices` */
    FLAG_HEX       /* hexadecimal digits, min .. max bytes */
};

struct flag_spec {
    const char *name; /* without the two dashes; NULL ends a list */
    enum flag_type type;
    const char *value;   /* default, as it would be typed; NULL: none */
    const char *choices; /* "a|b|c" */
    uint64_t min;
    uint64_t max;  /* 0: no bound */
    bool required;
    bool repeats;
    const char *help; /* what it means, with its unit */
};

struct operand_spec {
    const char *name; /* NULL: takes none */
    uint32_t min;
    uint32_t max;
    const char *help;
};

struct args;

/* A program is a table of commands with a name in front. */
struct command_program {
    const char *name;    /* as typed: "ward" */
    const char *schema;  /* what schemas begin with: "ward" */
    const char *summary; /* one line */
    const struct command_spec *commands;
};

struct command_spec {
    const char *name;    /* "key init": one or two words; NULL ends the table */
    const char *summary; /* one line */
    struct operand_spec operand;
    const struct flag_spec *flags; /* without --json and --help, which every command has */
    const char *example;
    uint8_t exits[COMMAND_EXITS_MAX]; /* enum exit_code besides 0 and 2, ended by 0 */
    int (*run)(const struct args *args); /* gives an enum exit_code */
};

struct args_value {
    const struct flag_spec *flag;
    const char *text;
    uint64_t number; /* of a number or a duration */
};

/* A command line that fits its row. Views into argv. */
struct args {
    const struct command_program *program;
    const struct command_spec *spec;
    bool json;
    bool help;
    uint32_t values_count;
    struct args_value values[ARGS_VALUES_MAX];
    uint32_t operands_count;
    const char *operands[ARGS_OPERANDS_MAX];
};

/* command_table is the one table of `ward`, command_ward the program around it. */
extern const struct command_spec command_table[];
extern const struct command_program command_ward;

/* command_parse finds the row that the words name and reads the rest against it.
 * Gives: EXIT_FINE, or EXIT_USAGE with a sentence in `message`; spec is then the row, or NULL when no row fits. */
int command_parse(struct args *args, const struct command_program *program, int argc, char *const *argv, char message[MESSAGE_BYTES_MAX]);

/* command_explain prints help: of the row of this name, of the group of rows whose first word it is, of all rows with "". With --json one object
 * "<schema>.help/1". Gives: the exit code. */
int command_explain(const struct args *args, const char *name);

/* command_describe gives a row as a JSON object. Owns: the caller. */
json_t *command_describe(const struct command_spec *spec);

/* command_main is a whole program: parses, runs, gives the exit code; EXIT_RESOURCE when what it printed cannot be written. */
int command_main(const struct command_program *program, int argc, char *const *argv);

/* Access by the names of the table. Needs: the row has such a flag (asserted).
 * args_text gives the last value given or the default, NULL when there is neither. */
const char *args_text(const struct args *args, const char *name);
bool args_has(const struct args *args, const char *name);              /* given on the command line */
uint64_t args_number(const struct args *args, const char *name);       /* 0 when neither given nor default */
const char *args_repeat(const struct args *args, const char *name, uint32_t index); /* the index-th given value, NULL beyond the last */

/* duration_parse reads "500ms", "30s", "5m", "2h", "7d", or a bare number of seconds. Gives: false when the text is nothing like it. */
bool duration_parse(const char *text, uint64_t *ms);

#endif
