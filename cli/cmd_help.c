/* cmd_help.c: `help` and `version` of any program with a table of commands. */
#include "cli/cmd.h"

#include "cli/output.h"

#include <stdio.h>

int cmd_help(const struct args *args)
{
    char name[128] = "";

    if (args->operands_count > 0) {
        snprintf(name, sizeof name, "%.60s%s%.60s", args->operands[0], args->operands_count > 1 ? " " : "", args->operands_count > 1 ? args->operands[1] : "");
    }
    return command_explain(args, name);
}

int cmd_version(const struct args *args)
{
    if (!args->json) {
        printf("%s %s\n", args->program->name, WARD_VERSION);
        return EXIT_FINE;
    }
    return output_result(args, json_pack("{s:s, s:s, s:s}", "program", args->program->name, "version", WARD_VERSION, "compiler", __VERSION__));
}
