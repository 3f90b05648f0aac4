/* cmd_help.c: `help` and `version` of any program with a table of commands. */
#include "cli/cmd.h"

#include "cli/output.h"

#include <stdio.h>
#include <string.h>

/* named gives the row that the operands name, NULL when none does. */
static const struct command_spec *named(const struct args *args)
{
    char name[128];

    snprintf(name, sizeof name, "%.60s%s%.60s", args->operands[0], args->operands_count > 1 ? " " : "", args->operands_count > 1 ? args->operands[1] : "");
    for (const struct command_spec *spec = args->program->commands; spec->name != NULL; spec++) {
        if (strcmp(spec->name, name) == 0) {
            return spec;
        }
    }
    return NULL;
}

int cmd_help(const struct args *args)
{
    const struct command_spec *only = NULL;

    if (args->operands_count > 0) {
        only = named(args);
        if (only == NULL) {
            return output_fail(args, EXIT_USAGE, "no command %s; see `%s help`", args->operands[0], args->program->name);
        }
    }
    if (!args->json) {
        command_help(args->program, only);
        return EXIT_FINE;
    }
    json_t *commands = json_array();
    for (const struct command_spec *spec = only != NULL ? only : args->program->commands; spec->name != NULL; spec++) {
        json_array_append_new(commands, command_describe(spec));
        if (only != NULL) {
            break;
        }
    }
    return output_result(args, json_pack("{s:s, s:o}", "version", WARD_VERSION, "commands", commands));
}

int cmd_version(const struct args *args)
{
    if (!args->json) {
        printf("%s %s\n", args->program->name, WARD_VERSION);
        return EXIT_FINE;
    }
    return output_result(args, json_pack("{s:s, s:s, s:s}", "program", args->program->name, "version", WARD_VERSION, "compiler", __VERSION__));
}
