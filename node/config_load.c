/* config_load.c: the YAML file, read by libcyaml against a schema that the option table generates. */
#include "node/config.h"

#include "base/assert.h"
#include "node/config_priv.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- Schema -------------------------------------------------------------------------------------------------------- */

/* What libcyaml fills: one text per option, NULL where the file says nothing. */
#define RAW_FIELD(section, name, ...) char *name;
#define RAW_SECTION(section, rows)                                                                                                                   \
    struct raw_##section {                                                                                                                           \
        rows(RAW_FIELD, RAW_FIELD, RAW_FIELD, RAW_FIELD)                                                                                             \
    };
#define RAW_MEMBER(section, rows) struct raw_##section *section;

CONFIG_SECTIONS(RAW_SECTION)

struct raw_peer {
    char *member;
    char *address;
};

struct raw_file {
    CONFIG_SECTIONS(RAW_MEMBER)
    struct raw_peer *peers;
    unsigned peers_count;
};

#define SCHEMA_FIELD(section, name, ...) CYAML_FIELD_STRING_PTR(#name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_##section, name, 0, CYAML_UNLIMITED),
#define SCHEMA_SECTION(section, rows)                                                                                                                \
    static const cyaml_schema_field_t schema_##section[] = { rows(SCHEMA_FIELD, SCHEMA_FIELD, SCHEMA_FIELD, SCHEMA_FIELD) CYAML_FIELD_END };
#define SCHEMA_MEMBER(section, rows) CYAML_FIELD_MAPPING_PTR(#section, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_file, section, schema_##section),

CONFIG_SECTIONS(SCHEMA_SECTION)

static const cyaml_schema_field_t schema_peer[] = {
    CYAML_FIELD_STRING_PTR("member", CYAML_FLAG_POINTER, struct raw_peer, member, 1, ORG_NAME_BYTES_MAX),
    CYAML_FIELD_STRING_PTR("address", CYAML_FLAG_POINTER, struct raw_peer, address, 1, CONFIG_ADDRESS_BYTES_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t schema_peer_value = { CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_peer, schema_peer) };
static const cyaml_schema_field_t schema_file[] = {
    CONFIG_SECTIONS(SCHEMA_MEMBER)
    CYAML_FIELD_SEQUENCE("peers", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_file, peers, &schema_peer_value, 0, MEMBERS_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t schema = { CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_file, schema_file) };

/* --- Problems with their line --------------------------------------------------------------------------------------- */

/* The file, its text and libcyaml's first words about it. */
struct load {
    const char *path;
    const char *text;
    char said[256];     /* libcyaml's first line */
    unsigned long line; /* of the innermost place that its backtrace names; 0: none */
};

__attribute__((format(printf, 3, 0))) static void listen_to(cyaml_log_t level, void *context, const char *format, va_list list)
{
    struct load *load = context;
    char line[256];

    (void)level;
    vsnprintf(line, sizeof line, format, list);
    line[strcspn(line, "\n")] = '\0';
    if (load->said[0] == '\0') {
        memcpy(load->said, line, sizeof load->said);
    }
    const char *place = strstr(line, "(line: ");
    if (place != NULL && load->line == 0) {
        (void)sscanf(place, "(line: %lu", &load->line);
    }
}

/* key_line gives the number of the first line from `from` on whose key is `key`, 0 when there is none. In a section (not NULL) the search
 * begins behind the section's own line. */
static unsigned long key_line(const char *text, const char *section, const char *key, unsigned long from)
{
    unsigned long number = 1;
    bool inside = section == NULL;

    for (const char *line = text; line != NULL && *line != '\0'; number++) {
        const char *word = line + strspn(line, " -");
        size_t length = strcspn(word, ":\n");
        const char *wanted = inside ? key : section;
        if (number >= from && length == strlen(wanted) && memcmp(word, wanted, length) == 0 && word[length] == ':') {
            if (inside) {
                return number;
            }
            inside = true;
        }
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    return 0;
}

static enum err problem_at(const struct load *load, unsigned long line, const char *sentence, struct config_problem *problem)
{
    if (line > 0) {
        snprintf(problem->text, sizeof problem->text, "%.200s:%lu: %.400s", load->path, line, sentence);
    } else {
        snprintf(problem->text, sizeof problem->text, "%.200s: %.400s", load->path, sentence);
    }
    return ERR_INVALID;
}

/* explain turns what libcyaml said into one sentence with its line. */
static enum err explain(const struct load *load, cyaml_err_t code, struct config_problem *problem)
{
    static const char unknown[] = "Load: Unexpected key: ";
    char sentence[400];

    if (strncmp(load->said, unknown, sizeof unknown - 1) == 0) {
        const char *key = load->said + sizeof unknown - 1;
        const char *near = node_config_nearest(key);
        snprintf(sentence, sizeof sentence, "unknown key %.100s%s%s", key, near == NULL ? "" : "; the nearest known key is ", near == NULL ? "" : near);
        unsigned long line = key_line(load->text, NULL, key, load->line == 0 ? 1 : load->line);
        return problem_at(load, line != 0 ? line : load->line, sentence, problem);
    }
    const char *said = strncmp(load->said, "Load: ", 6) == 0 ? load->said + 6 : load->said;
    snprintf(sentence, sizeof sentence, "%s%.200s", code == CYAML_OK ? "something would be passed over: " : "", said[0] != '\0' ? said : cyaml_strerror(code));
    return problem_at(load, load->line, sentence, problem);
}

/* --- Loading -------------------------------------------------------------------------------------------------------- */

static enum err read_text(char *text, size_t size, const char *path, struct config_problem *problem)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* A pipe that nobody writes must not hold us. */
    struct stat info;

    if (fd < 0) {
        enum err err = errno == EACCES ? ERR_PERMISSION : ERR_NOT_FOUND;
        snprintf(problem->text, sizeof problem->text, "%.200s: %s", path, strerror(errno));
        return err;
    }
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(fd);
        snprintf(problem->text, sizeof problem->text, "%.200s is not a regular file", path);
        return ERR_INVALID;
    }
    ssize_t got = read(fd, text, size);
    close(fd);
    if (got < 0) {
        snprintf(problem->text, sizeof problem->text, "%.200s cannot be read", path);
        return ERR_INVALID;
    }
    if ((size_t)got == size) {
        snprintf(problem->text, sizeof problem->text, "%.200s is longer than %zu bytes", path, size - 1);
        return ERR_FULL;
    }
    text[got] = '\0';
    if (strlen(text) != (size_t)got) { /* What stands behind it would be passed over without a word. */
        snprintf(problem->text, sizeof problem->text, "%.200s holds a byte of value 0, which no text does: it is damaged", path);
        return ERR_INVALID;
    }
    return ERR_OK;
}

/* take_option stores one text of the file, with the line in front of what is wrong with it. */
static enum err take_option(struct node_config *config, const struct load *load, const char *section, const char *name, const char *text,
                            struct config_problem *problem)
{
    struct config_problem inner;

    if (text == NULL) {
        return ERR_OK;
    }
    const struct node_option *option = option_find(section, name);
    ASSERT(option != NULL);
    if (option_store(config, option, text, &inner) == ERR_OK) {
        return ERR_OK;
    }
    return problem_at(load, key_line(load->text, section, name, 1), inner.text, problem);
}

/* take_<section> stores the options of one section. */
#define TAKE_FIELD(section, name, ...)                                                                                                               \
    if (err == ERR_OK) {                                                                                                                             \
        err = take_option(config, load, #section, #name, raw->name, problem);                                                                        \
    }
#define TAKE_SECTION(section, rows)                                                                                                                  \
    static enum err take_##section(struct node_config *config, const struct load *load, const struct raw_##section *raw, struct config_problem *problem) \
    {                                                                                                                                                \
        enum err err = ERR_OK;                                                                                                                       \
        rows(TAKE_FIELD, TAKE_FIELD, TAKE_FIELD, TAKE_FIELD) return err;                                                                             \
    }

CONFIG_SECTIONS(TAKE_SECTION)

static enum err take_file(struct node_config *config, const struct load *load, const struct raw_file *raw, struct config_problem *problem)
{
    enum err err = ERR_OK;

#define TAKE_MEMBER(section, rows)                                                                                                                   \
    if (err == ERR_OK && raw->section != NULL) {                                                                                                     \
        err = take_##section(config, load, raw->section, problem);                                                                                   \
    }
    CONFIG_SECTIONS(TAKE_MEMBER)
#undef TAKE_MEMBER
    config->peers_count = raw->peers_count;
    for (unsigned i = 0; i < raw->peers_count; i++) {
        snprintf(config->peers[i].member, sizeof config->peers[i].member, "%s", raw->peers[i].member);
        snprintf(config->peers[i].address, sizeof config->peers[i].address, "%s", raw->peers[i].address);
    }
    return err;
}

enum err node_config_load(struct node_config *config, const char *path, struct config_problem *problem)
{
    static char text[CONFIG_FILE_BYTES_MAX + 1];
    struct load load = { .path = path, .text = text };
    const cyaml_config_t cyaml = { .log_fn = listen_to, .log_ctx = &load, .mem_fn = cyaml_mem, .log_level = CYAML_LOG_WARNING, .flags = CYAML_CFG_DEFAULT };
    struct raw_file *raw = NULL;

    problem->text[0] = '\0';
    config_defaults(config);
    enum err err = read_text(text, sizeof text, path, problem);
    if (err != ERR_OK) {
        return err;
    }
    cyaml_err_t code = cyaml_load_data((const uint8_t *)text, strlen(text), &cyaml, &schema, (cyaml_data_t **)&raw, NULL);
    if (code != CYAML_OK) {
        return explain(&load, code, problem);
    }
    if (load.said[0] != '\0') { /* A warning. Of a file with several documents libcyaml takes the first, and says it ignores the others. */
        err = explain(&load, code, problem);
    } else if (raw != NULL) {
        err = take_file(config, &load, raw, problem);
    }
    if (raw != NULL) {
        cyaml_free(&cyaml, &schema, raw, 0);
    }
    if (err == ERR_OK) {
        err = config_environment(config, problem);
    }
    if (err == ERR_OK) {
        struct config_problem inner = { "" };
        err = config_agree(config, &inner);
        if (err != ERR_OK) {
            problem_at(&load, 0, inner.text, problem);
        }
    }
    return err;
}
