/* output.h: what `ward` prints. Results go to stdout, as text or, with --json, as one object that carries `schema`; messages go to stderr. */
#ifndef WARD_CLI_OUTPUT_H
#define WARD_CLI_OUTPUT_H

#include "cli/command.h"

#include <jansson.h>
#include <stdio.h>

/* output_result prints the object: with --json as it is, the schema "ward.<command>/1" in front; else as indented "name  value" lines.
 * Owns: takes the reference. NULL is what jansson gives when it has no memory. Gives: EXIT_FINE, or EXIT_RESOURCE when stdout cannot be written or memory lacks. */
int output_result(const struct args *args, json_t *result);

/* Whatever is printed for a reader may hold what others wrote: it is shown as plain.h says.
 *
 * output_fail says why a command ends: "ward: ..." on stderr, and with --json an object "ward.error/1" on stdout. Gives: code. */
__attribute__((format(printf, 3, 4))) int output_fail(const struct args *args, enum exit_code code, const char *format, ...);

/* output_note prints a message to stderr. */
__attribute__((format(printf, 1, 2))) void output_note(const char *format, ...);

/* output_text prints an object for a reader. Used by output_result. */
void output_text(FILE *stream, const json_t *value);

/* output_hex gives a JSON string of lower-case digits. */
json_t *output_hex(const void *data, size_t size);

#endif
