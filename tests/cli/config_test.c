/* config_test.c: the example file is the table's; `ward config` gives each wrong file its exit code. */
#include "cli/command.h"
#include "tests/cli/cli_kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

Test(cli_config, example_file_is_what_explain_prints)
{
    static char text[65536];
    FILE *file = fopen("configs/ward.yaml", "r");

    cr_assert_not_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    cr_assert_eq(kit_run("", "ward config explain --yaml"), EXIT_FINE);
    cr_assert_str_eq(kit_output(), text, "run: ward config explain --yaml >configs/ward.yaml");
}

Test(cli_config, explain_finds_sections_and_options)
{
    cr_assert_eq(kit_run("", "ward config explain limits.clients_max --json"), EXIT_FINE);
    json_t *value = kit_json();
    cr_assert_str_eq(json_string_value(json_object_get(value, "schema")), "ward.config.explain/1");
    cr_assert_eq(json_array_size(json_object_get(value, "options")), 1);
    json_decref(value);
    cr_assert_eq(kit_run("", "ward config explain nonsense"), EXIT_USAGE);
}

Test(cli_config, show_and_check_judge_the_file)
{
    kit_write("good.yaml", "cluster:\n  name: city\n  genesis_file: /nowhere/city.genesis\n"
                           "  fingerprint: 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\nnode:\n  member: Mercy\n");
    kit_write("bad.yaml", "cluster:\n  nam: city\n");
    cr_assert_eq(kit_run(kit_directory(), "ward config show %s/good.yaml --json"), EXIT_FINE);
    json_t *value = kit_json();
    cr_assert_str_eq(json_string_value(json_object_get(json_object_get(value, "cluster"), "name")), "city");
    json_decref(value);
    cr_assert_eq(kit_run(kit_directory(), "ward config check %s/good.yaml --syntax"), EXIT_FINE);
    cr_assert_eq(kit_run(kit_directory(), "ward config check %s/good.yaml"), EXIT_CONFIGURATION, "there is no genesis");
    cr_assert_eq(kit_run(kit_directory(), "ward config check %s/bad.yaml"), EXIT_CONFIGURATION);
    cr_assert_eq(kit_run(kit_directory(), "ward config check %s/none.yaml"), EXIT_CONFIGURATION);
    char text[1024];
    snprintf(text, sizeof text, "cluster:\n  name: city\n  genesis_file: /nowhere/city.genesis\n  fingerprint: 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
             "node:\n  member: Mercy\n  data_dir: %s/bad.yaml\n", kit_directory());
    kit_write("file.yaml", text);
    cr_assert_eq(kit_run(kit_directory(), "ward config check %s/file.yaml --json"), EXIT_CONFIGURATION);
    value = kit_json();
    cr_assert_not_null(strstr(json_string_value(json_object_get(value, "message")), "node.data_dir"), "%s", kit_output());
    json_decref(value);
}
