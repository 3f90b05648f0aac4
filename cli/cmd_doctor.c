/* cmd_doctor.c: `ward doctor`: one line for each thing that a replica needs of its machine: status, id, evidence, and what to do. */
#include "cli/cmd.h"
#include "base/plain.h"
#include "cli/doctor.h"
#include "cli/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum doctor_profile profile_of(const char *word)
{
    return strcmp(word, "bench") == 0 ? DOCTOR_BENCH : strcmp(word, "ci") == 0 ? DOCTOR_CI : DOCTOR_VALIDATOR;
}

/* load_config reads the configuration that was named, which must be good, or the usual one, which may be missing. */
static int load_config(const struct args *args, struct doctor_facts *facts)
{
    struct config_problem problem = { "" };
    char path[2 * CONFIG_PATH_BYTES_MAX];

    snprintf(path, sizeof path, "%s%s", args_has(args, "config") ? "" : facts->root, args_text(args, "config"));
    enum err err = node_config_load(&facts->config, path, &problem);
    facts->has_config = err == ERR_OK;
    snprintf(facts->config_problem, sizeof facts->config_problem, "%s", problem.text);
    if (err == ERR_OK || (err == ERR_NOT_FOUND && !args_has(args, "config"))) {
        return EXIT_FINE;
    }
    return output_fail(args, err == ERR_PERMISSION ? EXIT_PERMISSION : EXIT_CONFIGURATION, "%s", problem.text);
}

/* open_record refuses a recorded machine that is not there; one that holds little gets its lines. */
static int open_record(const struct args *args, const char *root)
{
    struct stat info;

    if (stat(root, &info) != 0) {
        return output_fail(args, errno == EACCES ? EXIT_PERMISSION : EXIT_CONFIGURATION, "%s: %s", root, strerror(errno));
    }
    return S_ISDIR(info.st_mode) ? EXIT_FINE : output_fail(args, EXIT_CONFIGURATION, "%s: not a directory", root);
}

static json_t *describe(const struct doctor_finding *finding)
{
    char evidence[4 * sizeof finding->evidence], fix[4 * sizeof finding->fix];

    (void)plain_copy(evidence, sizeof evidence, finding->evidence); /* With --sysroot it may be another machine's. */
    (void)plain_copy(fix, sizeof fix, finding->fix);
    return json_pack("{s:s, s:s, s:s, s:s, s:s?}", "id", finding->id, "name", finding->name, "status", doctor_status_name(finding->status), "evidence", evidence,
                     "fix", fix[0] == '\0' ? NULL : fix);
}

static int print_text(const struct doctor_finding *findings, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        printf("%-8s %s  %-16s ", doctor_status_name(findings[i].status), findings[i].id, findings[i].name);
        plain_print(stdout, findings[i].evidence);
        if (findings[i].fix[0] != '\0' && findings[i].status != DOCTOR_OK) {
            printf("\n%35s", "-> ");
            plain_print(stdout, findings[i].fix);
        }
        putchar('\n');
    }
    return fflush(stdout) == 0 ? EXIT_FINE : EXIT_RESOURCE;
}

int cmd_doctor(const struct args *args)
{
    static struct doctor_facts facts;
    static struct doctor_finding findings[DOCTOR_FINDINGS_MAX];
    const char *root = args_text(args, "sysroot"), *profile = args_text(args, "profile");

    facts = (struct doctor_facts){ 0 };
    snprintf(facts.root, sizeof facts.root, "%s", root == NULL ? "" : root);
    int code = root == NULL ? EXIT_FINE : open_record(args, root);
    code = code == EXIT_FINE ? load_config(args, &facts) : code;
    if (code != EXIT_FINE) {
        return code;
    }
    snprintf(facts.data_dir, sizeof facts.data_dir, "%s", args_has(args, "data") ? args_text(args, "data") : facts.config.node.data_dir);
    if (root == NULL) {
        doctor_measure(&facts);
    } else {
        doctor_recall(&facts);
    }
    uint32_t count = doctor_judge(&facts, profile_of(profile), findings);
    code = doctor_exit(findings, count);
    if (!args->json) {
        int printed = print_text(findings, count);
        return printed == EXIT_FINE ? code : printed;
    }
    json_t *checks = json_array();
    for (uint32_t i = 0; i < count; i++) {
        json_array_append_new(checks, describe(&findings[i]));
    }
    int printed = output_result(args, json_pack("{s:s, s:s, s:b, s:o}", "profile", profile, "machine", root == NULL ? "this" : root, "good", code == EXIT_FINE, "checks", checks));
    return printed == EXIT_FINE ? code : printed;
}
