/* words.h: the words that people type and read for the ledger's numbers: one table for both directions. */
#ifndef WARD_CLI_WORDS_H
#define WARD_CLI_WORDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct word {
    const char *text; /* NULL ends a table */
    uint32_t number;
};

extern const struct word words_org_kind[];
extern const struct word words_org_status[];
extern const struct word words_capability[];   /* bits by number */
extern const struct word words_actor_kind[];
extern const struct word words_actor_role[];
extern const struct word words_actor_status[];
extern const struct word words_patient_status[];
extern const struct word words_policy[];
extern const struct word words_btg_policy[];
extern const struct word words_class[];
extern const struct word words_confidentiality[];
extern const struct word words_purpose[];
extern const struct word words_pointer_status[];
extern const struct word words_pointer_basis[];
extern const struct word words_effect[];
extern const struct word words_grant_kind[];
extern const struct word words_grantee[];
extern const struct word words_grant_status[];
extern const struct word words_event[];
extern const struct word words_disclose_mode[];

/* word_number finds a word. Gives: false when it is not in the table. */
bool word_number(const struct word *words, const char *text, uint32_t *number);

/* word_text gives the word of a number, "unknown" when it has none. Owns: a constant. */
const char *word_text(const struct word *words, uint32_t number);

/* word_mask reads "a,b,c" into bits 1 << number; "all" gives `all`, "none" gives 0. Gives: false for a word that is not in the table. */
bool word_mask(const struct word *words, const char *text, uint32_t all, uint32_t *mask);

/* word_list gives the words of the bits set. Owns: the caller. */
json_t *word_list(const struct word *words, uint32_t mask);

/* word_choices writes "a|b|c" for messages. Needs: room for it in `out`. */
void word_choices(const struct word *words, char *out, uint32_t size);

#endif
