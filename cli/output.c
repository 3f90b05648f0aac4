/* output.c: see output.h. The text form is derived from the JSON form, so that both say the same. */
#include "cli/output.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/plain.h"

#include <stdarg.h>
#include <string.h>

enum { DEPTH_MAX = 8, HEX_BYTES_MAX = 8192, MESSAGE_BYTES = 1024, NAME_WIDTH = 18, NAME_BYTES = 256, DIGITS = 12 /* of a real number: without the tail that binary fractions have */ };

/* One open object or array of the walk. */
struct level {
    const json_t *node;
    void *iter;   /* of an object */
    size_t index; /* of an array */
    bool dashed;  /* the first line of this object stands behind a dash that is printed already */
};

static void print_scalar(FILE *stream, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        plain_print(stream, json_string_value(value));
        fputc('\n', stream);
        break;
    case JSON_INTEGER:
        fprintf(stream, "%lld\n", (long long)json_integer_value(value));
        break;
    case JSON_REAL:
        fprintf(stream, "%.6g\n", json_real_value(value));
        break;
    case JSON_TRUE:
        fputs("yes\n", stream);
        break;
    case JSON_FALSE:
        fputs("no\n", stream);
        break;
    case JSON_NULL:
        fputs("-\n", stream);
        break;
    case JSON_OBJECT:
    case JSON_ARRAY:
        break;
    }
}

static bool is_scalar(const json_t *value)
{
    return !json_is_object(value) && !json_is_array(value);
}

static void indent(FILE *stream, size_t depth)
{
    fprintf(stream, "%*s", (int)(2 * depth), "");
}

/* next_child advances a level. Gives: the child and, in an object, its name; NULL at the end. */
static const json_t *next_child(struct level *level, const char **name)
{
    *name = NULL;
    if (json_is_array(level->node)) {
        return json_array_get(level->node, level->index++);
    }
    level->iter = level->iter == NULL ? json_object_iter((json_t *)(uintptr_t)level->node)
                                      : json_object_iter_next((json_t *)(uintptr_t)level->node, level->iter);
    if (level->iter == NULL) {
        return NULL;
    }
    *name = json_object_iter_key(level->iter);
    return json_object_iter_value(level->iter);
}

/* print_line prints one child at this depth. Gives: true when it is a container whose own lines follow. */
static bool print_line(FILE *stream, const char *name, const json_t *child, size_t depth, bool dashed)
{
    char plain[NAME_BYTES];

    if (!dashed) {
        indent(stream, depth);
    }
    if (name == NULL) {
        fputs("- ", stream);
    } else if (is_scalar(child)) {
        (void)plain_copy(plain, sizeof plain, name);
        fprintf(stream, "%-*s  ", NAME_WIDTH, plain);
    } else {
        plain_print(stream, name);
        fputs(":\n", stream);
    }
    if (is_scalar(child)) {
        print_scalar(stream, child);
        return false;
    }
    return true;
}

void output_text(FILE *stream, const json_t *value)
{
    struct level levels[DEPTH_MAX] = { { .node = value } };
    size_t depth = 1;

    while (depth > 0) {
        struct level *level = &levels[depth - 1];
        const char *name;
        const json_t *child = next_child(level, &name);
        if (child == NULL) {
            depth--;
            continue;
        }
        bool descend = print_line(stream, name, child, depth - 1, level->dashed);
        level->dashed = false;
        if (descend) {
            ASSERT(depth < DEPTH_MAX);
            levels[depth++] = (struct level){ .node = child, .dashed = name == NULL };
        }
    }
}

static int print_json(const json_t *value)
{
    if (json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(DIGITS)) != 0 || fputc('\n', stdout) == EOF || fflush(stdout) != 0) {
        return EXIT_RESOURCE;
    }
    return EXIT_FINE;
}

/* schema_of gives "ward.key.init/1" for "key init". */
static json_t *schema_of(const struct args *args)
{
    char name[64];

    snprintf(name, sizeof name, "%s", args->spec->name);
    for (char *c = name; *c != '\0'; c++) {
        *c = *c == ' ' ? '.' : *c;
    }
    return json_sprintf("%s.%s/1", args->program->schema, name);
}

int output_result(const struct args *args, json_t *result)
{
    int code = EXIT_FINE;

    if (result == NULL) {
        return output_fail(args, EXIT_RESOURCE, "out of memory");
    }
    ASSERT(json_is_object(result));
    if (args->json) {
        json_t *whole = json_object();
        json_object_set_new(whole, "schema", schema_of(args));
        json_object_update_missing(whole, result); /* No figure of a replica takes the place of the schema. */
        code = print_json(whole);
        json_decref(whole);
    } else {
        output_text(stdout, result);
        code = fflush(stdout) == 0 ? EXIT_FINE : EXIT_RESOURCE;
    }
    json_decref(result);
    return code;
}

int output_fail(const struct args *args, enum exit_code code, const char *format, ...)
{
    char raw[MESSAGE_BYTES], message[MESSAGE_BYTES * 4];
    va_list list;

    va_start(list, format);
    vsnprintf(raw, sizeof raw, format, list);
    va_end(list);
    (void)plain_copy(message, sizeof message, raw); /* It may name what others wrote. */
    fprintf(stderr, "%s: %s\n", args == NULL ? "ward" : args->program->name, message);
    if (args != NULL && args->json) {
        json_t *error = json_pack("{s:s, s:s?, s:i, s:s}", "schema", "ward.error/1", "command", args->spec == NULL ? NULL : args->spec->name, "exit",
                                  (int)code, "message", message);
        if (error != NULL) {
            (void)print_json(error);
            json_decref(error);
        }
    }
    return (int)code;
}

void output_note(const char *format, ...)
{
    char raw[MESSAGE_BYTES];
    va_list list;

    va_start(list, format);
    vsnprintf(raw, sizeof raw, format, list);
    va_end(list);
    plain_print(stderr, raw);
    fputc('\n', stderr);
}

json_t *output_hex(const void *data, size_t size)
{
    char text[2 * HEX_BYTES_MAX + 1];

    ASSERT(size <= HEX_BYTES_MAX);
    hex_encode(data, size, text);
    return json_string(text);
}
