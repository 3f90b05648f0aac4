/* config.h: the configuration of one wardd, from a YAML file through libcyaml.
 *
 * Flags beat environment beats file beats default. An unknown key is an error with file, line and the nearest known key. The option table
 * (node/config_options.h) is the only place where an option is named. Not chain data: that is wire/config.h, which every member shares. */
#ifndef WARD_NODE_CONFIG_H
#define WARD_NODE_CONFIG_H

#include "base/err.h"
#include "node/config_options.h"
#include "wire/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_FILE_BYTES_MAX 65536
#define CONFIG_CHOICE_BYTES_MAX 15
#define CONFIG_PROBLEM_BYTES_MAX 640

#define CONFIG_TEXT_FIELD(section, name, longest, value, help) char name[(longest) + 1];
#define CONFIG_NUMBER_FIELD(section, name, value, min, max, help) uint64_t name;
#define CONFIG_CHOICE_FIELD(section, name, value, words, help) char name[CONFIG_CHOICE_BYTES_MAX + 1];
#define CONFIG_SWITCH_FIELD(section, name, value, help) bool name;
#define CONFIG_SECTION_FIELD(section, rows)                                                                                                          \
    struct {                                                                                                                                         \
        rows(CONFIG_TEXT_FIELD, CONFIG_NUMBER_FIELD, CONFIG_CHOICE_FIELD, CONFIG_SWITCH_FIELD)                                                       \
    } section;

/* Where another replica is, when that differs from its enrolment. */
struct node_peer {
    char member[ORG_NAME_BYTES_MAX + 1];
    char address[CONFIG_ADDRESS_BYTES_MAX + 1];
};

/* The configuration; fields as in node/config_options.h, such as config.node.listen. */
struct node_config {
    CONFIG_SECTIONS(CONFIG_SECTION_FIELD)
    uint32_t peers_count;
    struct node_peer peers[MEMBERS_MAX];
};

#undef CONFIG_TEXT_FIELD
#undef CONFIG_NUMBER_FIELD
#undef CONFIG_CHOICE_FIELD
#undef CONFIG_SWITCH_FIELD
#undef CONFIG_SECTION_FIELD

enum node_option_type { OPTION_TEXT, OPTION_NUMBER, OPTION_CHOICE, OPTION_SWITCH };

/* One row of the table. */
struct node_option {
    const char *section;
    const char *name;
    enum node_option_type type;
    size_t offset; /* in struct node_config */
    uint64_t min;
    uint64_t max;        /* longest text in bytes */
    const char *value;   /* default as text; NULL: must be given */
    const char *choices; /* "a|b" */
    const char *help;
};

/* Why a configuration is refused: "FILE:LINE: sentence". */
struct config_problem {
    char text[CONFIG_PROBLEM_BYTES_MAX];
};

/* node_config_load reads the file, then the environment (WARD_SECTION_NAME), fills in the defaults and checks everything that can be checked
 * without the genesis. Fails: ERR_NOT_FOUND, ERR_PERMISSION, ERR_FULL (longer than CONFIG_FILE_BYTES_MAX), ERR_INVALID; the problem says what and where.
 * Cost: libcyaml takes heap memory during the call and gives it back. */
enum err node_config_load(struct node_config *config, const char *path, struct config_problem *problem);

/* node_config_set overrides one option, named "section.name", by text. Fails: ERR_INVALID, the problem says why; the value stays as it was. */
enum err node_config_set(struct node_config *config, const char *name, const char *text, struct config_problem *problem);

/* node_config_options gives the table and its length. */
const struct node_option *node_config_options(size_t *count);

/* node_config_text writes the value of an option as it would stand in the file. */
void node_config_text(const struct node_config *config, const struct node_option *option, char *out, size_t size);

/* node_config_nearest gives the known name (section or section.name's last part) that is nearest to a word, NULL when none is near. */
const char *node_config_nearest(const char *word);

#endif
