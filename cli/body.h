/* body.h: bodies of commands from names and texts: what `ward submit` and JSON files say, by one table of fields per command type. */
#ifndef WARD_CLI_BODY_H
#define WARD_CLI_BODY_H

#include "ledger/command.h"

#include <jansson.h>
#include <stdbool.h>

#define BODY_PROBLEM_BYTES 320

enum field_kind {
    FIELD_WORD8,  /* u8: a word of the table, or a number */
    FIELD_U8,
    FIELD_U16,
    FIELD_U32,
    FIELD_TIME64, /* Unix ms, or "+30d" from now */
    FIELD_U64,
    FIELD_MASK16, /* list of words as bits, or a number */
    FIELD_MASK32,
    FIELD_HEX32,  /* 64 hexadecimal digits */
    FIELD_PARTY,  /* 64 hexadecimal digits, or "org:3": an organisation's id, right-aligned */
    FIELD_SEQS    /* "1,2,3": u32 array with the count in the u8 `count` */
};

/* One field of a body. */
struct field {
    const char *name; /* NULL ends a list */
    enum field_kind kind;
    size_t offset; /* from the body's struct, or from the item's */
    size_t count;  /* FIELD_SEQS: offset of the count; FIELD_PARTY: of the type of party */
    uint32_t max;  /* FIELD_SEQS: elements */
    const struct word *words;
    uint32_t all; /* bits that "all" means */
    uint32_t least, most; /* of FIELD_U8 and FIELD_U32; most 0: no bound */
    const char *help;
};

/* What a command type is made of. */
struct body_spec {
    const char *name; /* "grant"; NULL ends the table */
    enum command_type type;
    size_t offset;              /* of the body's struct in struct command_body */
    const struct field *fields;
    const struct field *item;   /* fields of one item; NULL: none */
    size_t items_offset, items_count, item_bytes; /* from the body's struct */
    uint32_t items_max;
    const char *summary;
};

/* body_specs gives the table; body_spec_of the row of a name, NULL when there is none. */
const struct body_spec *body_specs(void);
const struct body_spec *body_spec_of(const char *name);

/* body_init gives a body of this type with the defaults a person expects: TREAT, all classes, month ranges open, policy deny. */
void body_init(struct command_body *body, const struct body_spec *spec);

/* body_set sets "name=value" of the body, or of its first item. Fails: ERR_INVALID with a sentence. */
enum err body_set(struct command_body *body, const struct body_spec *spec, const char *assignment, char problem[BODY_PROBLEM_BYTES]);

/* body_set_json sets every member of an object: texts, numbers, lists of numbers, and "items", a list of objects. Fails: as body_set. */
enum err body_set_json(struct command_body *body, const struct body_spec *spec, const json_t *object, char problem[BODY_PROBLEM_BYTES]);

/* body_check looks at every field, encodes the body and decodes it as a replica does. Fails: ERR_INVALID. */
enum err body_check(const struct command_body *body, const struct body_spec *spec, char problem[BODY_PROBLEM_BYTES]);

#endif
