/* command.c: reads a command line against a row of the table, prints help from the same row. */
#include "cli/command.h"

#include "base/assert.h"
#include "cli/output.h"
#include "crypto/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct flag_spec common_flags[] = {
    { .name = "json", .type = FLAG_SWITCH, .help = "print one JSON object that carries `schema`, and nothing else" },
    { .name = "help", .type = FLAG_SWITCH, .help = "print this help" },
    { .name = NULL },
};

/* --- Reading ------------------------------------------------------------------------------------------------------ */

bool duration_parse(const char *text, uint64_t *ms)
{
    static const struct {
        const char *unit;
        uint64_t ms;
    } units[] = { { "", 1000 }, { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 } };
    char *end;

    if (text[0] < '0' || text[0] > '9' || strlen(text) > 12) {
        return false;
    }
    unsigned long long number = strtoull(text, &end, 10);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(end, units[i].unit) == 0) {
            *ms = number * units[i].ms;
            return true;
        }
    }
    return false;
}

static bool number_parse(const char *text, uint64_t *number)
{
    char *end;

    if (text[0] < '0' || text[0] > '9' || strlen(text) > 19) {
        return false;
    }
    *number = strtoull(text, &end, 10);
    return *end == '\0';
}

static bool choice_fits(const char *choices, const char *text)
{
    size_t length = strlen(text);
    const char *word = choices;

    while (word != NULL && length > 0) {
        const char *end = strchr(word, '|');
        size_t size = end == NULL ? strlen(word) : (size_t)(end - word);
        if (size == length && memcmp(word, text, size) == 0) {
            return true;
        }
        word = end == NULL ? NULL : end + 1;
    }
    return false;
}

static bool hex_fits(const struct flag_spec *flag, const char *text)
{
    size_t length = strlen(text);

    return length % 2 == 0 && strspn(text, "0123456789abcdef") == length && length / 2 >= flag->min && (flag->max == 0 || length / 2 <= flag->max);
}

/* value_check reads one value. Gives: NULL, or what is wrong with it. */
static const char *value_check(const struct flag_spec *flag, const char *text, uint64_t *number)
{
    *number = 0;
    switch (flag->type) {
    case FLAG_SWITCH:
        return NULL;
    case FLAG_TEXT:
    case FLAG_PATH:
        return text[0] == '\0' ? "is empty" : NULL;
    case FLAG_CHOICE:
        return choice_fits(flag->choices, text) ? NULL : "is not one of the choices";
    case FLAG_HEX:
        return hex_fits(flag, text) ? NULL : "is not the right number of lower-case hexadecimal digits";
    case FLAG_NUMBER:
        if (!number_parse(text, number)) {
            return "is not a number";
        }
        break;
    case FLAG_DURATION:
        if (!duration_parse(text, number)) {
            return "is not a duration such as 500ms, 30s, 5m or 30 (seconds)";
        }
        break;
    }
    return *number < flag->min || (flag->max != 0 && *number > flag->max) ? "is out of range" : NULL;
}

/* amount_text writes a number, or a duration in the largest unit that divides it. */
static void amount_text(const struct flag_spec *flag, uint64_t amount, char *out, size_t size)
{
    static const struct { const char *unit; uint64_t ms; } units[] = { { "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 } };
    size_t i = 0;

    if (flag->type != FLAG_DURATION) {
        snprintf(out, size, "%llu", (unsigned long long)amount);
        return;
    }
    while (amount % units[i].ms != 0 || (amount == 0 && units[i].ms != 1)) { /* Every number of milliseconds is divided by one. */
        i++;
    }
    snprintf(out, size, "%llu%s", (unsigned long long)(amount / units[i].ms), units[i].unit);
}

enum { RANGE_BYTES = 96 };

/* range_text says what a number, a duration or hexadecimal digits are bounded by; nothing when they are not. */
static void range_text(const struct flag_spec *flag, char out[RANGE_BYTES])
{
    char least[32], most[32];

    out[0] = '\0';
    if (flag->type == FLAG_HEX && flag->min == flag->max && flag->min > 0) {
        snprintf(out, RANGE_BYTES, "%llu digits", 2 * (unsigned long long)flag->min);
    }
    if (flag->type != FLAG_NUMBER && flag->type != FLAG_DURATION) {
        return;
    }
    amount_text(flag, flag->min, least, sizeof least);
    amount_text(flag, flag->max, most, sizeof most);
    if (flag->max != 0) {
        snprintf(out, RANGE_BYTES, "%s to %s", least, most);
    } else if (flag->min != 0) {
        snprintf(out, RANGE_BYTES, "%s or more", least);
    }
}

static const struct flag_spec *flag_in(const struct flag_spec *flags, const char *name, size_t length)
{
    for (; flags != NULL && flags->name != NULL; flags++) {
        if (strlen(flags->name) == length && memcmp(flags->name, name, length) == 0) {
            return flags;
        }
    }
    return NULL;
}

static const struct flag_spec *flag_find(const struct command_spec *spec, const char *name, size_t length)
{
    const struct flag_spec *flag = flag_in(spec->flags, name, length);

    return flag != NULL ? flag : flag_in(common_flags, name, length);
}

/* refuse_value says what is wrong with a value, and what would be right. */
static int refuse_value(const struct flag_spec *flag, const char *text, const char *problem, char message[MESSAGE_BYTES_MAX])
{
    char range[RANGE_BYTES];

    range_text(flag, range);
    const char *right = flag->choices != NULL ? flag->choices : range;
    snprintf(message, MESSAGE_BYTES_MAX, "--%s %s%s%.80s%s%s%s", flag->name, problem, text[0] == '\0' ? "" : ": ", text, right[0] == '\0' ? "" : " (", right, right[0] == '\0' ? "" : ")");
    return EXIT_USAGE;
}

/* read_flag reads argv[*at], which begins with two dashes, and its value. */
static int read_flag(struct args *args, int argc, char *const *argv, int *at, char message[MESSAGE_BYTES_MAX])
{
    const char *name = argv[*at] + 2;
    const char *equals = strchr(name, '=');
    const struct flag_spec *flag = flag_find(args->spec, name, equals == NULL ? strlen(name) : (size_t)(equals - name));

    if (flag == NULL) {
        snprintf(message, MESSAGE_BYTES_MAX, "`%s %s` has no %s; see `%s %s --help`", args->program->name, args->spec->name, argv[*at],
                 args->program->name, args->spec->name);
        return EXIT_USAGE;
    }
    struct args_value value = { .flag = flag };
    if (flag->type == FLAG_SWITCH) {
        if (equals != NULL) {
            snprintf(message, MESSAGE_BYTES_MAX, "--%s takes no value", flag->name);
            return EXIT_USAGE;
        }
    } else if (equals != NULL) {
        value.text = equals + 1;
    } else if (*at + 1 < argc) {
        value.text = argv[++*at];
    } else {
        snprintf(message, MESSAGE_BYTES_MAX, "--%s needs a value", flag->name);
        return EXIT_USAGE;
    }
    const char *problem = value_check(flag, value.text, &value.number);
    if (problem != NULL) {
        return refuse_value(flag, value.text, problem, message);
    }
    if (args->values_count == ARGS_VALUES_MAX || (!flag->repeats && args_has(args, flag->name))) {
        snprintf(message, MESSAGE_BYTES_MAX, "--%s is given too often", flag->name);
        return EXIT_USAGE;
    }
    args->json = args->json || strcmp(flag->name, "json") == 0;
    args->help = args->help || strcmp(flag->name, "help") == 0;
    args->values[args->values_count++] = value;
    return EXIT_FINE;
}

/* is_named: the row has this name, or is one of the group of this name; "" names them all. */
static bool is_named(const struct command_spec *spec, const char *name)
{
    size_t length = strlen(name);

    return length == 0 || (strncmp(spec->name, name, length) == 0 && (spec->name[length] == '\0' || spec->name[length] == ' '));
}

/* named counts the rows that is_named finds. Gives: *first, NULL when there is none. */
static size_t named(const struct command_program *program, const char *name, const struct command_spec **first)
{
    size_t count = 0;

    *first = NULL;
    for (const struct command_spec *spec = program->commands; spec->name != NULL; spec++) {
        if (is_named(spec, name)) {
            *first = count == 0 ? spec : *first;
            count++;
        }
    }
    return count;
}

/* spec_find matches the first one or two words. Gives: how many words the row took, 0 when there is no such row. */
static int spec_find(struct args *args, int argc, char *const *argv)
{
    for (int words = argc >= 3 ? 2 : 1; words >= 1 && argc >= 2; words--) {
        char name[128];
        snprintf(name, sizeof name, words == 2 ? "%.60s %.60s" : "%.60s", argv[1], words == 2 ? argv[2] : "");
        for (const struct command_spec *spec = args->program->commands; spec->name != NULL; spec++) {
            if (strcmp(spec->name, name) == 0) {
                args->spec = spec;
                return words;
            }
        }
    }
    args->spec = NULL;
    return 0;
}

static int check_complete(const struct args *args, char message[MESSAGE_BYTES_MAX])
{
    const struct operand_spec *operand = &args->spec->operand;

    for (const struct flag_spec *flag = args->spec->flags; flag != NULL && flag->name != NULL; flag++) {
        if (flag->required && !args_has(args, flag->name)) {
            snprintf(message, MESSAGE_BYTES_MAX, "`%s %s` needs --%s", args->program->name, args->spec->name, flag->name);
            return EXIT_USAGE;
        }
    }
    if (args->operands_count < operand->min) {
        char count[64] = "";
        if (operand->min > 1) {
            snprintf(count, sizeof count, "at least %u, not %u, of ", (unsigned)operand->min, (unsigned)args->operands_count);
        }
        snprintf(message, MESSAGE_BYTES_MAX, "`%s %s` needs %s%s: %s", args->program->name, args->spec->name, count, operand->name, operand->help);
        return EXIT_USAGE;
    }
    return EXIT_FINE;
}

static bool asks_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* asks_about_group: `key --help`: no row is named, but the first word of some, and help is all that is asked for. */
static bool asks_about_group(struct args *args, int argc, char *const *argv)
{
    const struct command_spec *first;

    for (int i = 2; i < argc; i++) {
        args->json = args->json || strcmp(argv[i], "--json") == 0;
        args->help = args->help || asks_help(argv[i]);
        if (!asks_help(argv[i]) && strncmp(argv[i], "--", 2) != 0) {
            args->help = false;
            return false;
        }
    }
    return args->help && named(args->program, argv[1], &first) > 0;
}

/* refuse_command says that no row has the words' name, and which rows there are of the group that the first word names. */
static int refuse_command(const struct command_program *program, int argc, char *const *argv, char message[MESSAGE_BYTES_MAX])
{
    const struct command_spec *first;

    if (argc < 2) {
        snprintf(message, MESSAGE_BYTES_MAX, "which command? see `%s help`", program->name);
        return EXIT_USAGE;
    }
    if (named(program, argv[1], &first) == 0) {
        snprintf(message, MESSAGE_BYTES_MAX, "no command %.60s; see `%s help`", argv[1], program->name);
        return EXIT_USAGE;
    }
    bool more = argc >= 3 && argv[2][0] != '-';
    size_t used = (size_t)snprintf(message, MESSAGE_BYTES_MAX, more ? "no command %.60s %.60s, but " : "%.60s%s alone is no command; there is ", argv[1], more ? argv[2] : "");
    for (const struct command_spec *spec = first; spec->name != NULL && used < MESSAGE_BYTES_MAX; spec++) {
        if (is_named(spec, argv[1])) {
            used += (size_t)snprintf(message + used, MESSAGE_BYTES_MAX - used, "%s`%s %s`", spec == first ? "" : ", ", program->name, spec->name);
        }
    }
    return EXIT_USAGE;
}

int command_parse(struct args *args, const struct command_program *program, int argc, char *const *argv, char message[MESSAGE_BYTES_MAX])
{
    *args = (struct args){ .program = program };
    message[0] = '\0';
    int words = spec_find(args, argc, argv);
    if (words == 0 && asks_about_group(args, argc, argv)) {
        return EXIT_FINE;
    }
    if (words == 0) {
        return refuse_command(program, argc, argv, message);
    }
    bool flags_over = false;
    for (int at = 1 + words; at < argc; at++) {
        if (!flags_over && strcmp(argv[at], "--") == 0) {
            flags_over = true;
        } else if (!flags_over && asks_help(argv[at])) {
            args->help = true;
        } else if (!flags_over && strncmp(argv[at], "--", 2) == 0) {
            int code = read_flag(args, argc, argv, &at, message);
            if (code != EXIT_FINE) {
                return code;
            }
        } else if (args->operands_count == args->spec->operand.max || args->operands_count == ARGS_OPERANDS_MAX) {
            snprintf(message, MESSAGE_BYTES_MAX, "`%s %s` does not know what to do with %.80s", program->name, args->spec->name, argv[at]);
            return EXIT_USAGE;
        } else {
            args->operands[args->operands_count++] = argv[at];
        }
    }
    return args->help ? EXIT_FINE : check_complete(args, message);
}

/* --- Access ------------------------------------------------------------------------------------------------------- */

static const struct args_value *value_last(const struct args *args, const char *name)
{
    const struct args_value *last = NULL;

    ASSERT(flag_find(args->spec, name, strlen(name)) != NULL);
    for (uint32_t i = 0; i < args->values_count; i++) {
        if (strcmp(args->values[i].flag->name, name) == 0) {
            last = &args->values[i];
        }
    }
    return last;
}

const char *args_text(const struct args *args, const char *name)
{
    const struct args_value *value = value_last(args, name);

    return value != NULL ? value->text : flag_find(args->spec, name, strlen(name))->value;
}

bool args_has(const struct args *args, const char *name)
{
    return value_last(args, name) != NULL;
}

uint64_t args_number(const struct args *args, const char *name)
{
    const struct args_value *value = value_last(args, name);
    const struct flag_spec *flag = flag_find(args->spec, name, strlen(name));
    uint64_t number = 0;

    if (value != NULL) {
        return value->number;
    }
    if (flag->value != NULL) {
        const char *problem = value_check(flag, flag->value, &number);
        ASSERT(problem == NULL);
    }
    return number;
}

const char *args_repeat(const struct args *args, const char *name, uint32_t index)
{
    ASSERT(flag_find(args->spec, name, strlen(name)) != NULL);
    for (uint32_t i = 0; i < args->values_count; i++) {
        if (strcmp(args->values[i].flag->name, name) == 0 && index-- == 0) {
            return args->values[i].text;
        }
    }
    return NULL;
}

/* --- Help --------------------------------------------------------------------------------------------------------- */

static const char *flag_type_name(enum flag_type type)
{
    switch (type) {
    case FLAG_SWITCH:
        return "switch";
    case FLAG_TEXT:
        return "text";
    case FLAG_PATH:
        return "path";
    case FLAG_NUMBER:
        return "number";
    case FLAG_DURATION:
        return "duration";
    case FLAG_CHOICE:
        return "choice";
    case FLAG_HEX:
        return "hex";
    }
    return "unknown";
}

static void help_flag(const struct flag_spec *flag)
{
    char head[64], range[RANGE_BYTES];

    range_text(flag, range);
    snprintf(head, sizeof head, flag->type == FLAG_SWITCH ? "--%s" : "--%s %s", flag->name, flag->choices != NULL ? "WORD" : flag_type_name(flag->type));
    printf("    %-24s %s%s%s%s%s%s", head, flag->help, flag->required ? "; required" : "", flag->repeats ? "; may be repeated" : "", range[0] != '\0' ? "; " : "", range,
           flag->choices != NULL ? "; one of " : "");
    printf("%s%s%s\n", flag->choices != NULL ? flag->choices : "", flag->value != NULL ? "; default " : "", flag->value != NULL ? flag->value : "");
}

/* may_end_with: done and a wrong command line are ends of every command. */
static bool may_end_with(const struct command_spec *spec, int code)
{
    bool may = code == EXIT_FINE || code == EXIT_USAGE;

    for (size_t i = 0; i < COMMAND_EXITS_MAX && spec->exits[i] != 0; i++) {
        may = may || (int)spec->exits[i] == code;
    }
    return may;
}

static void help_one(const struct command_program *program, const struct command_spec *spec)
{
    printf("%s %s", program->name, spec->name);
    if (spec->operand.name != NULL) {
        printf(spec->operand.min > 0 ? " %s%s" : " [%s%s]", spec->operand.name, spec->operand.max > 1 ? "..." : "");
    }
    printf(" [flags]\n\n    %s\n", spec->summary);
    if (spec->operand.name != NULL) {
        printf("\n    %-24s %s\n", spec->operand.name, spec->operand.help);
    }
    printf("\nFlags\n");
    for (const struct flag_spec *flag = spec->flags; flag != NULL && flag->name != NULL; flag++) {
        help_flag(flag);
    }
    for (const struct flag_spec *flag = common_flags; flag->name != NULL; flag++) {
        help_flag(flag);
    }
    printf("\nExample\n    %s\n\nExit codes\n", spec->example);
    for (int code = EXIT_FINE; code <= EXIT_LAST; code++) {
        if (may_end_with(spec, code)) {
            printf("    %-4d %s\n", code, exit_text(code));
        }
    }
}

static json_t *describe_flag(const struct flag_spec *flag)
{
    return json_pack("{s:s, s:s, s:s?, s:s?, s:I, s:I, s:b, s:b, s:s}", "name", flag->name, "type", flag_type_name(flag->type), "default", flag->value,
                     "choices", flag->choices, "min", (json_int_t)flag->min, "max", (json_int_t)flag->max, "required", flag->required, "repeats",
                     flag->repeats, "help", flag->help);
}

json_t *command_describe(const struct command_spec *spec)
{
    json_t *flags = json_array(), *exits = json_array();

    for (const struct flag_spec *flag = spec->flags; flag != NULL && flag->name != NULL; flag++) {
        json_array_append_new(flags, describe_flag(flag));
    }
    for (const struct flag_spec *flag = common_flags; flag->name != NULL; flag++) {
        json_array_append_new(flags, describe_flag(flag));
    }
    for (int code = EXIT_FINE; code <= EXIT_LAST; code++) {
        if (may_end_with(spec, code)) {
            json_array_append_new(exits, json_pack("{s:i, s:s}", "code", code, "text", exit_text(code)));
        }
    }
    json_t *operand = spec->operand.name == NULL ? json_null()
                                                 : json_pack("{s:s, s:i, s:i, s:s}", "name", spec->operand.name, "min", (int)spec->operand.min, "max",
                                                             (int)spec->operand.max, "help", spec->operand.help);
    return json_pack("{s:s, s:s, s:o, s:o, s:s, s:o}", "name", spec->name, "summary", spec->summary, "operand", operand, "flags", flags, "example",
                     spec->example, "exits", exits);
}

static void explain_in_words(const struct command_program *program, const char *name)
{
    printf("%s: %s\n\n", program->name, program->summary);
    for (const struct command_spec *spec = program->commands; spec->name != NULL; spec++) {
        if (is_named(spec, name)) {
            printf("    %s %-18s %s\n", program->name, spec->name, spec->summary);
        }
    }
    printf("\n`%s COMMAND --help` explains one; `%s help --json` gives all of this to a program; `%s --version` the version.\n", program->name,
           program->name, program->name);
}

int command_explain(const struct args *args, const char *name)
{
    const struct command_spec *first;
    size_t count = named(args->program, name, &first);

    if (count == 0) {
        return output_fail(args, EXIT_USAGE, "no command %.120s; see `%s help`", name, args->program->name);
    }
    if (args->json) {
        json_t *commands = json_array();
        for (const struct command_spec *spec = first; spec->name != NULL; spec++) {
            if (is_named(spec, name)) {
                json_array_append_new(commands, command_describe(spec));
            }
        }
        struct args help = *args; /* whichever way it was asked for, it is an answer of `help` */
        named(args->program, "help", &help.spec);
        return output_result(&help, json_pack("{s:s, s:o}", "version", WARD_VERSION, "commands", commands));
    }
    if (count == 1) {
        help_one(args->program, first);
    } else {
        explain_in_words(args->program, name);
    }
    return EXIT_FINE;
}

/* --- Main --------------------------------------------------------------------------------------------------------- */

/* rewrite turns --version, --help and -h into the commands of that name. */
static const char *rewrite(const char *word)
{
    if (strcmp(word, "--version") == 0) {
        return "version";
    }
    return asks_help(word) ? "help" : word;
}

/* all_written gives EXIT_FINE when everything that was printed has left this process, also what nobody flushed. */
static int all_written(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) {
        return EXIT_FINE;
    }
    output_note("standard output cannot be written");
    return EXIT_RESOURCE;
}

/* check_words refuses what no JSON can hold, before anything is done whose result could then not be told. */
static int check_words(int argc, char *const *argv, char message[MESSAGE_BYTES_MAX])
{
    for (int i = 1; i < argc; i++) {
        json_t *text = json_string(argv[i]);
        if (text == NULL) {
            snprintf(message, MESSAGE_BYTES_MAX, "word %d of the command line is not UTF-8, as all results are: %.80s", i, argv[i]);
            return EXIT_USAGE;
        }
        json_decref(text);
    }
    return EXIT_FINE;
}

int command_main(const struct command_program *program, int argc, char *const *argv)
{
    static struct args args;
    char message[MESSAGE_BYTES_MAX];
    char **words = calloc((size_t)argc + 1, sizeof *words);

    if (words == NULL) {
        return EXIT_RESOURCE;
    }
    crypto_start();
    for (int i = 0; i < argc; i++) {
        words[i] = argv[i];
    }
    if (argc >= 2) {
        words[1] = (char *)(uintptr_t)rewrite(argv[1]);
    }
    int code = command_parse(&args, program, argc, words, message);
    code = code == EXIT_FINE ? check_words(argc, argv, message) : code;
    if (code != EXIT_FINE) {
        for (int i = 1; i < argc; i++) {
            args.json = args.json || strcmp(argv[i], "--json") == 0;
        }
        code = output_fail(&args, (enum exit_code)code, "%s", message);
    } else if (args.help) {
        code = command_explain(&args, args.spec != NULL ? args.spec->name : words[1]);
    } else {
        code = args.spec->run(&args);
    }
    free(words);
    return code == EXIT_FINE ? all_written() : code;
}
