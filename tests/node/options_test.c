/* options_test.c: what wardd's command line may say. */
#include "node/options.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct options options;

static enum exit_code parse(char *const *argv)
{
    int argc = 0;

    while (argv[argc] != NULL) {
        argc++;
    }
    return options_parse(&options, argc, argv);
}

#define PARSE(...) parse((char *const[]){ (char *)"wardd", __VA_ARGS__, NULL })

Test(options, the_configuration_is_named_in_either_form)
{
    cr_assert_eq(PARSE((char *)"--config", (char *)"a.yaml"), EXIT_FINE);
    cr_assert_str_eq(options.config_path, "a.yaml");
    cr_assert_not(options.create);
    cr_assert_not(options.unsafe_dev);
    cr_assert_eq(PARSE((char *)"--config=b.yaml", (char *)"--init", (char *)"--unsafe-dev"), EXIT_FINE);
    cr_assert_str_eq(options.config_path, "b.yaml");
    cr_assert(options.create);
    cr_assert(options.unsafe_dev);
}

Test(options, help_and_version_need_no_configuration)
{
    cr_assert_eq(PARSE((char *)"--help"), EXIT_FINE);
    cr_assert(options.help);
    cr_assert_eq(PARSE((char *)"--version"), EXIT_FINE);
    cr_assert(options.version);
    cr_assert_not_null(strstr(options_usage(), "--init"));
}

Test(options, usage_names_each_exit_code_that_wardd_can_end_with)
{
    static const struct { int code; const char *says; } rows[] = {
        { EXIT_FINE, " 0 stopped" },       { EXIT_USAGE, " 2 command line" }, { EXIT_CONFIGURATION, " 3 configuration" }, { EXIT_REFUSED, " 5 refused" },
        { EXIT_INTEGRITY, " 6 integrity" }, { EXIT_ENVIRONMENT, " 7 this machine" }, { EXIT_RESOURCE, " 8 disk" },        { EXIT_PERMISSION, " 9 permission" },
        { EXIT_AGAIN, " 10 a snapshot" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_not_null(strstr(options_usage(), rows[i].says), "%s", rows[i].says);
        cr_assert_eq(strtol(rows[i].says, NULL, 10), rows[i].code, "%s", rows[i].says);
    }
}

Test(options, anything_else_is_refused_with_the_word)
{
    static const struct { char *const words[6]; const char *about; } rows[] = {
        { { (char *)"wardd", (char *)"--config", (char *)"a", (char *)"--config", (char *)"b", NULL }, "--config" },
        { { (char *)"wardd", (char *)"--config=a", (char *)"--config=b", NULL }, "--config=b" },
        { { (char *)"wardd", NULL }, "--config FILE" },
        { { (char *)"wardd", (char *)"--config", NULL }, "--config" },
        { { (char *)"wardd", (char *)"--config=", NULL }, "--config=" },
        { { (char *)"wardd", (char *)"--config", (char *)"", NULL }, "--config" },
        { { (char *)"wardd", (char *)"--inti", NULL }, "--inti" },
        { { (char *)"wardd", (char *)"a.yaml", NULL }, "a.yaml" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(parse(rows[i].words), EXIT_USAGE);
        cr_assert_str_eq(options.word, rows[i].about);
        cr_assert_not_null(options.problem);
    }
}
