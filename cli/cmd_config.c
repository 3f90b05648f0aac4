/* cmd_config.c: `ward config`: checks a configuration with everything it points to, shows what is in force, explains the options. */
#include "cli/cmd.h"

#include "cli/file.h"
#include "cli/output.h"
#include "cli/reach.h"
#include "node/config.h"
#include "node/identity.h"
#include "node/secret.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { VALUE_BYTES = CONFIG_PATH_BYTES_MAX + 1 };

static int exit_of(enum err err)
{
    return err == ERR_PERMISSION ? EXIT_PERMISSION : err == ERR_NO_MEMORY ? EXIT_RESOURCE : EXIT_CONFIGURATION;
}

static int load(const struct args *args, struct node_config *config)
{
    struct config_problem problem;
    enum err err = node_config_load(config, args->operands[0], &problem);

    return err == ERR_OK ? EXIT_FINE : output_fail(args, (enum exit_code)exit_of(err), "%s", problem.text);
}

/* --- check --------------------------------------------------------------------------------------------------------- */

static int check_keys(const struct args *args, const struct node_config *config, const struct identity *identity, const struct config *epoch)
{
    struct config_problem problem;
    void *pages;

    if (secret_take(&pages, 2 * sizeof(struct keyfile)) != ERR_OK) {
        return output_fail(args, EXIT_RESOURCE, "no memory can be locked for keys; raise the limit (ulimit -l)");
    }
    struct keyfile *keys = pages;
    enum err err = identity_keys(identity, epoch, config, &keys[0], &keys[1], &problem);
    secret_give(pages, 2 * sizeof(struct keyfile));
    return err == ERR_OK ? EXIT_FINE : output_fail(args, (enum exit_code)exit_of(err), "%s", problem.text);
}

/* check_directory refuses what stands in the place of the data directory. One that is missing yet is made by `wardd --init`. */
static int check_directory(const struct args *args, const struct node_config *config)
{
    const char *path = config->node.data_dir;
    struct stat status;

    if (stat(path, &status) == 0) {
        return S_ISDIR(status.st_mode) ? EXIT_FINE : output_fail(args, EXIT_CONFIGURATION, "node.data_dir: %s: it is not a directory", path);
    }
    return errno == ENOENT ? EXIT_FINE : output_fail(args, (enum exit_code)file_exit(file_err(errno)), "node.data_dir: %s: %s", path, strerror(errno));
}

/* check_files follows the configuration to genesis and keys. */
static int check_files(const struct args *args, const struct node_config *config, json_t *result)
{
    struct file file;
    struct genesis genesis;
    static struct config epoch;
    struct identity identity;
    struct config_problem problem;

    enum err err = file_read(&file, config->cluster.genesis_file);
    if (err != ERR_OK) {
        return output_fail(args, (enum exit_code)file_exit(err), "cluster.genesis_file: %s: %s", config->cluster.genesis_file, file_problem(err));
    }
    enum verdict verdict = genesis_decode(&genesis, file.data, file.size);
    int code = verdict == VERDICT_OK ? EXIT_FINE
                                     : output_fail(args, reach_genesis_exit(&file), "cluster.genesis_file: %s is not a genesis: %s", config->cluster.genesis_file,
                                                   verdict_name(verdict));
    if (code == EXIT_FINE) {
        err = identity_find(&identity, &epoch, config, &genesis, &problem);
        code = err == ERR_OK ? EXIT_FINE : output_fail(args, EXIT_CONFIGURATION, "%s", problem.text);
    }
    if (code == EXIT_FINE) {
        json_object_set_new(result, "member_index", json_integer(identity.member));
        json_object_set_new(result, "members", json_integer(epoch.members_count));
        code = check_keys(args, config, &identity, &epoch);
    }
    file_close(&file);
    return code;
}

int cmd_config_check(const struct args *args)
{
    static struct node_config config;
    int code = load(args, &config);

    if (code != EXIT_FINE) {
        return code;
    }
    json_t *result = json_pack("{s:s, s:s, s:s}", "file", args->operands[0], "cluster", config.cluster.name, "member", config.node.member);
    if (!args_has(args, "syntax")) {
        code = check_directory(args, &config);
        code = code == EXIT_FINE ? check_files(args, &config, result) : code;
    }
    if (code != EXIT_FINE) {
        json_decref(result);
        return code;
    }
    json_object_set_new(result, "good", json_true());
    return output_result(args, result);
}

/* --- show ---------------------------------------------------------------------------------------------------------- */

int cmd_config_show(const struct args *args)
{
    static struct node_config config;
    size_t count;
    const struct node_option *options = node_config_options(&count);
    int code = load(args, &config);

    if (code != EXIT_FINE) {
        return code;
    }
    json_t *result = json_object(), *section = NULL;
    for (size_t i = 0; i < count; i++) {
        char text[VALUE_BYTES];
        if (i == 0 || strcmp(options[i].section, options[i - 1].section) != 0) {
            section = json_object();
            json_object_set_new(result, options[i].section, section);
        }
        node_config_text(&config, &options[i], text, sizeof text);
        json_object_set_new(section, options[i].name, json_string(text));
    }
    json_t *peers = json_array();
    for (uint32_t i = 0; i < config.peers_count; i++) {
        json_array_append_new(peers, json_pack("{s:s, s:s}", "member", config.peers[i].member, "address", config.peers[i].address));
    }
    json_object_set_new(result, "peers", peers);
    return output_result(args, result);
}

/* --- explain ------------------------------------------------------------------------------------------------------- */

static void print_bounds(const struct node_option *option)
{
    switch (option->type) {
    case OPTION_NUMBER:
        printf("    # %llu to %llu; default %s\n", (unsigned long long)option->min, (unsigned long long)option->max, option->value);
        break;
    case OPTION_CHOICE:
        printf("    # one of %s; default %s\n", option->choices, option->value);
        break;
    case OPTION_SWITCH:
        printf("    # true or false; default %s\n", option->value);
        break;
    case OPTION_TEXT:
        printf(option->value == NULL ? "    # must be given\n" : "    # default %s\n", option->value);
        break;
    }
}

/* print_yaml prints a file with every option; what has a default stands there with it, what must be given as a comment to fill in. */
static void print_yaml(const struct node_option *options, size_t count)
{
    printf("# Configuration of one wardd, with every option. Made by `ward config explain --yaml`; a number has its unit at the end of its name.\n"
           "# The environment (WARD_SECTION_NAME, such as WARD_NODE_LISTEN) beats this file. An unknown key is an error.\n");
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(options[i].section, options[i - 1].section) != 0) {
            printf("\n%s:\n", options[i].section);
        }
        printf("    # %s\n", options[i].help);
        print_bounds(&options[i]);
        if (options[i].value == NULL) {
            printf("    %s: REPLACE\n", options[i].name);
        } else {
            printf(strchr(options[i].value, '[') != NULL ? "    %s: \"%s\"\n" : "    %s: %s\n", options[i].name, options[i].value);
        }
    }
    printf("\n# Where other replicas are, when that differs from their enrolments:\n# peers:\n#     - member: North\n#       address: 10.0.0.2:7400\n");
}

/* option_is gives true for a row that the operand names: a section, a name, or section.name. */
static bool option_is(const struct node_option *option, const char *operand)
{
    char whole[128];

    snprintf(whole, sizeof whole, "%s.%s", option->section, option->name);
    return strcmp(operand, whole) == 0 || strcmp(operand, option->section) == 0 || strcmp(operand, option->name) == 0;
}

int cmd_config_explain(const struct args *args)
{
    size_t count;
    const struct node_option *options = node_config_options(&count);

    if (args_has(args, "yaml") && !args->json) {
        print_yaml(options, count);
        return EXIT_FINE;
    }
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++) {
        if (args->operands_count == 1 && !option_is(&options[i], args->operands[0])) {
            continue;
        }
        json_t *row = json_pack("{s:s++, s:s?, s:s?, s:s}", "option", options[i].section, ".", options[i].name, "default", options[i].value, "choices",
                                options[i].choices, "meaning", options[i].help);
        if (options[i].type == OPTION_NUMBER) {
            json_object_set_new(row, "min", json_integer((json_int_t)options[i].min));
            json_object_set_new(row, "max", json_integer((json_int_t)options[i].max));
        }
        json_array_append_new(rows, row);
    }
    if (json_array_size(rows) == 0) {
        const char *near = node_config_nearest(args->operands[0]);
        json_decref(rows);
        return output_fail(args, EXIT_USAGE, "no option %s%s%s", args->operands[0], near == NULL ? "" : "; did you mean ", near == NULL ? "" : near);
    }
    return output_result(args, json_pack("{s:o}", "options", rows));
}
