/* config.c: see config.h. Every scalar comes out of libcyaml as text and goes through one function, option_store, which the environment and
 * the flags use too: so a value is judged alike wherever it comes from, and each message can name the line. */
#include "node/config.h"

#include "base/assert.h"
#include "node/config_priv.h"
#include "node/endpoint.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- The table ---------------------------------------------------------------------------------------------------- */

#define QUOTE(text) #text
#define TEXT_ROW(s, n, longest, default_text, text) { QUOTE(s), #n, OPTION_TEXT, offsetof(struct node_config, s.n), 1, longest, default_text, NULL, text },
#define NUMBER_ROW(s, n, number, low, high, text) { QUOTE(s), #n, OPTION_NUMBER, offsetof(struct node_config, s.n), low, high, #number, NULL, text },
#define CHOICE_ROW(s, n, default_text, words, text) { QUOTE(s), #n, OPTION_CHOICE, offsetof(struct node_config, s.n), 0, 0, default_text, words, text },
#define SWITCH_ROW(s, n, default_text, text) { QUOTE(s), #n, OPTION_SWITCH, offsetof(struct node_config, s.n), 0, 0, default_text, NULL, text },
#define SECTION_ROWS(section, rows) rows(TEXT_ROW, NUMBER_ROW, CHOICE_ROW, SWITCH_ROW)

static const struct node_option options[] = { CONFIG_SECTIONS(SECTION_ROWS) };

enum { OPTIONS_COUNT = sizeof options / sizeof options[0] };

const struct node_option *node_config_options(size_t *count)
{
    *count = OPTIONS_COUNT;
    return options;
}

const struct node_option *option_find(const char *section, const char *name)
{
    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        if (strcmp(options[i].section, section) == 0 && strcmp(options[i].name, name) == 0) {
            return &options[i];
        }
    }
    return NULL;
}

/* --- One value ---------------------------------------------------------------------------------------------------- */

static bool word_among(const char *words, const char *text)
{
    size_t length = strlen(text);

    for (const char *word = words; word != NULL && length > 0;) {
        const char *end = strchr(word, '|');
        size_t size = end == NULL ? strlen(word) : (size_t)(end - word);
        if (size == length && memcmp(word, text, size) == 0) {
            return true;
        }
        word = end == NULL ? NULL : end + 1;
    }
    return false;
}

static bool number_of(const char *text, uint64_t *number)
{
    char *end;

    if (!isdigit((unsigned char)text[0]) || strlen(text) > 18) {
        return false;
    }
    *number = strtoull(text, &end, 10);
    return *end == '\0';
}

static enum err store_number(uint64_t *place, const struct node_option *option, const char *text, struct config_problem *problem)
{
    uint64_t number;

    if (!number_of(text, &number) || number < option->min || number > option->max) {
        snprintf(problem->text, sizeof problem->text, "%s.%s: %.80s is not a number from %llu to %llu", option->section, option->name, text,
                 (unsigned long long)option->min, (unsigned long long)option->max);
        return ERR_INVALID;
    }
    *place = number;
    return ERR_OK;
}

static enum err store_switch(bool *place, const struct node_option *option, const char *text, struct config_problem *problem)
{
    if (!word_among("true|false|yes|no", text)) {
        snprintf(problem->text, sizeof problem->text, "%s.%s: %.80s is neither true nor false", option->section, option->name, text);
        return ERR_INVALID;
    }
    *place = text[0] == 't' || text[0] == 'y';
    return ERR_OK;
}

enum err option_store(struct node_config *config, const struct node_option *option, const char *text, struct config_problem *problem)
{
    void *place = (char *)config + option->offset;

    switch (option->type) {
    case OPTION_NUMBER:
        return store_number(place, option, text, problem);
    case OPTION_SWITCH:
        return store_switch(place, option, text, problem);
    case OPTION_CHOICE:
        if (!word_among(option->choices, text)) {
            snprintf(problem->text, sizeof problem->text, "%s.%s: %.80s is not one of %s", option->section, option->name, text, option->choices);
            return ERR_INVALID;
        }
        snprintf(place, CONFIG_CHOICE_BYTES_MAX + 1, "%s", text);
        return ERR_OK;
    case OPTION_TEXT:
        if (strlen(text) < option->min || strlen(text) > option->max) {
            snprintf(problem->text, sizeof problem->text, "%s.%s: must have 1 to %llu bytes", option->section, option->name, (unsigned long long)option->max);
            return ERR_INVALID;
        }
        snprintf(place, option->max + 1, "%s", text);
        return ERR_OK;
    }
    return ERR_INVALID;
}

void node_config_text(const struct node_config *config, const struct node_option *option, char *out, size_t size)
{
    const void *place = (const char *)config + option->offset;

    switch (option->type) {
    case OPTION_NUMBER:
        snprintf(out, size, "%llu", (unsigned long long)*(const uint64_t *)place);
        break;
    case OPTION_SWITCH:
        snprintf(out, size, "%s", *(const bool *)place ? "true" : "false");
        break;
    case OPTION_CHOICE:
    case OPTION_TEXT:
        snprintf(out, size, "%s", (const char *)place);
        break;
    }
}

enum err node_config_set(struct node_config *config, const char *name, const char *text, struct config_problem *problem)
{
    char section[64];
    const char *dot = strchr(name, '.');
    const struct node_option *option = NULL;

    if (dot != NULL && (size_t)(dot - name) < sizeof section) {
        snprintf(section, sizeof section, "%.*s", (int)(dot - name), name);
        option = option_find(section, dot + 1);
    }
    if (option == NULL) {
        const char *near = node_config_nearest(dot == NULL ? name : dot + 1);
        snprintf(problem->text, sizeof problem->text, "no option %.80s%s%s", name, near == NULL ? "" : "; did you mean ", near == NULL ? "" : near);
        return ERR_INVALID;
    }
    return option_store(config, option, text, problem);
}

/* --- Defaults, environment, what must agree ------------------------------------------------------------------------ */

void config_defaults(struct node_config *config)
{
    struct config_problem problem;

    *config = (struct node_config){ 0 };
    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        if (options[i].value != NULL) {
            enum err err = option_store(config, &options[i], options[i].value, &problem);
            ASSERT(err == ERR_OK);
        }
    }
}

enum err config_environment(struct node_config *config, struct config_problem *problem)
{
    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        char name[128];
        snprintf(name, sizeof name, "WARD_%s_%s", options[i].section, options[i].name);
        for (char *c = name; *c != '\0'; c++) {
            *c = (char)toupper((unsigned char)*c);
        }
        const char *text = getenv(name);
        if (text == NULL) {
            continue;
        }
        struct config_problem inner;
        if (option_store(config, &options[i], text, &inner) != ERR_OK) {
            snprintf(problem->text, sizeof problem->text, "environment %s: %.400s", name, inner.text);
            return ERR_INVALID;
        }
    }
    return ERR_OK;
}

static bool is_power_of_two(uint64_t number)
{
    return number != 0 && (number & (number - 1)) == 0;
}

static bool is_fingerprint(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

/* config_place judges one endpoint; `name` is the option's. */
static enum err config_place(const char *name, enum endpoint_use use, const char *text, struct config_problem *problem)
{
    struct address address;
    const char *why = NULL;
    enum err err = endpoint_judge(&address, use, text, &why);

    if (err != ERR_OK) {
        snprintf(problem->text, sizeof problem->text, "%s \"%.300s\" cannot be used: %s", name, text, why);
    }
    return err;
}

static enum err config_places(const struct node_config *config, struct config_problem *problem)
{
    enum err err = config_place("node.listen", ENDPOINT_LISTEN, config->node.listen, problem);

    err = err == ERR_OK ? config_place("node.client_socket", ENDPOINT_TOOLS, config->node.client_socket, problem) : err;
    for (uint32_t i = 0; i < config->peers_count && err == ERR_OK; i++) {
        char name[ORG_NAME_BYTES_MAX + 32];
        snprintf(name, sizeof name, "peers: %s: the address", config->peers[i].member);
        err = config_place(name, ENDPOINT_MEMBER, config->peers[i].address, problem);
    }
    return err;
}

enum err config_agree(const struct node_config *config, struct config_problem *problem)
{
    const char *wrong = NULL;

    for (size_t i = 0; i < OPTIONS_COUNT; i++) {
        const char *place = (const char *)config + options[i].offset;
        if (options[i].value == NULL && place[0] == '\0') {
            snprintf(problem->text, sizeof problem->text, "%s.%s must be given: %s", options[i].section, options[i].name, options[i].help);
            return ERR_INVALID;
        }
    }
    if (!is_fingerprint(config->cluster.fingerprint)) {
        wrong = "cluster.fingerprint: must be 64 lower-case hexadecimal digits";
    } else if (!is_power_of_two(config->memory.history_blocks) || !is_power_of_two(config->memory.log_index_entries)) {
        wrong = "memory.history_blocks and memory.log_index_entries must be powers of two";
    } else if (config->limits.pool_client_commands > config->limits.pool_commands) {
        wrong = "limits.pool_client_commands is larger than limits.pool_commands";
    } else if (config->limits.half_open_per_host_max > config->limits.half_open_max) {
        wrong = "limits.half_open_per_host_max is larger than limits.half_open_max";
    } else if (config->node.data_dir[0] != '/') {
        wrong = "node.data_dir must begin with /: a relative path is another directory wherever wardd is started from";
    }
    if (wrong != NULL) {
        snprintf(problem->text, sizeof problem->text, "%s", wrong);
        return ERR_INVALID;
    }
    for (uint32_t i = 0; i < config->peers_count; i++) {
        for (uint32_t k = 0; k < i; k++) {
            if (strcmp(config->peers[i].member, config->peers[k].member) == 0) {
                snprintf(problem->text, sizeof problem->text, "peers: %s is named twice", config->peers[i].member);
                return ERR_INVALID;
            }
        }
    }
    return config_places(config, problem);
}

/* --- The nearest known name ---------------------------------------------------------------------------------------- */

enum { WORD_MAX = 40 };

/* distance gives how many letters must be changed, added or taken away to turn one word into the other. */
static size_t distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1], a_length = strlen(a), b_length = strlen(b);

    if (a_length > WORD_MAX || b_length > WORD_MAX) {
        return WORD_MAX;
    }
    for (size_t k = 0; k <= b_length; k++) {
        row[k] = k;
    }
    for (size_t i = 1; i <= a_length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t k = 1; k <= b_length; k++) {
            size_t change = diagonal + (a[i - 1] != b[k - 1]);
            size_t other = (row[k] < row[k - 1] ? row[k] : row[k - 1]) + 1;
            diagonal = row[k];
            row[k] = change < other ? change : other;
        }
    }
    return row[b_length];
}

const char *node_config_nearest(const char *word)
{
    static const char *const others[] = { "peers", "member", "address" };
    const char *best = NULL;
    size_t best_distance = strlen(word) / 2 + 1;

    for (size_t i = 0; i < 2 * OPTIONS_COUNT + sizeof others / sizeof others[0]; i++) {
        const char *name = i >= 2 * OPTIONS_COUNT ? others[i - 2 * OPTIONS_COUNT] : i % 2 == 0 ? options[i / 2].name : options[i / 2].section;
        size_t d = distance(word, name);
        if (d < best_distance) {
            best_distance = d;
            best = name;
        }
    }
    return best;
}
