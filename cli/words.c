/* words.c: see words.h. The numbers are the ledger's and never change. */
#include "cli/words.h"

#include <stdio.h>
#include <string.h>

const struct word words_org_kind[] = { { "hospital", 1 }, { "clinic", 2 }, { "payer", 3 }, { "research", 4 }, { "regulator", 5 }, { "public-health", 6 }, { "lab", 7 }, { NULL, 0 } };
const struct word words_org_status[] = { { "active", 1 }, { "suspended", 2 }, { NULL, 0 } };
const struct word words_capability[] = { { "publish", 0 }, { "vouch", 1 }, { "btg", 2 }, { NULL, 0 } };
const struct word words_actor_kind[] = { { "practitioner", 1 }, { "system", 2 }, { "payer-agent", 3 }, { "researcher", 4 }, { "auditor", 5 }, { "person", 6 }, { NULL, 0 } };
const struct word words_actor_role[] = { { "none", 0 }, { "physician", 1 }, { "nurse", 2 }, { "pharmacist", 3 }, { "emergency", 4 }, { NULL, 0 } };
const struct word words_actor_status[] = { { "active", 1 }, { "suspended", 2 }, { "retired", 3 }, { NULL, 0 } };
const struct word words_patient_status[] = { { "active", 1 }, { "locked", 2 }, { "deceased", 3 }, { "erased", 4 }, { NULL, 0 } };
const struct word words_policy[] = { { "deny", 0 }, { "break-glass", 1 }, { "treating", 2 }, { "any-hospital", 3 }, { NULL, 0 } };
const struct word words_btg_policy[] = { { "restricted", 0 }, { "normal", 1 }, { "never", 2 }, { NULL, 0 } };
const struct word words_class[] = { { "sealed", 0 }, { "summary", 1 }, { "medication", 2 }, { "allergy", 3 }, { "problem", 4 }, { "immunisation", 5 }, { "laboratory", 6 },
    { "vitals", 7 }, { "imaging", 8 }, { "encounter", 9 }, { "emergency", 10 }, { "procedure", 11 }, { "care-plan", 12 }, { "referral", 13 }, { "claim", 14 },
    { "device", 15 }, { "genomics", 16 }, { "consent-form", 17 }, { "other", 31 }, { NULL, 0 } };
const struct word words_confidentiality[] = { { "normal", 0 }, { "restricted", 1 }, { "very-restricted", 2 }, { NULL, 0 } };
const struct word words_purpose[] = { { "TREAT", 0 }, { "ETREAT", 1 }, { "HPAYMT", 2 }, { "HOPERAT", 3 }, { "HRESCH", 4 }, { "PUBHLTH", 5 }, { "PATRQT", 6 }, { "BTG", 7 },
    { "COVERAGE", 8 }, { "FAMRQT", 9 }, { "HLEGAL", 10 }, { "none", 255 }, { NULL, 0 } };
const struct word words_pointer_status[] = { { "pending", 1 }, { "current", 2 }, { "superseded", 3 }, { "hidden", 4 }, { "error", 5 }, { "withdrawn", 6 }, { "refused", 7 },
    { "expired", 8 }, { "erased", 9 }, { NULL, 0 } };
const struct word words_pointer_basis[] = { { "none", 0 }, { "cosigned", 1 }, { "approved", 2 }, { "standing", 3 }, { NULL, 0 } };
const struct word words_effect[] = { { "permit", 1 }, { "deny", 2 }, { NULL, 0 } };
const struct word words_grant_kind[] = { { "read", 1 }, { "write", 2 }, { "research", 3 }, { NULL, 0 } };
const struct word words_grantee[] = { { "actor", 1 }, { "org", 2 }, { "org-kind", 3 }, { "any-custodian", 4 }, { NULL, 0 } };
const struct word words_grant_status[] = { { "active", 1 }, { "ended", 2 }, { NULL, 0 } };
const struct word words_event[] = { { "registered", 1 }, { "key-rotated", 2 }, { "recovery", 3 }, { "delegate", 4 }, { "pointer-proposed", 5 }, { "pointer-approved", 6 },
    { "pointer-refused", 7 }, { "pointer-superseded", 8 }, { "pointer-retracted", 9 }, { "pointer-hidden", 10 }, { "grant", 11 }, { "revoke", 12 },
    { "access-permitted", 13 }, { "access-denied", 14 }, { "disclosed", 15 }, { "btg-opened", 16 }, { "btg-reviewed", 17 }, { "disputed", 18 }, { "erased", 19 },
    { "research-counted", 20 }, { "policy-changed", 21 }, { "disclosed-offline", 22 }, { NULL, 0 } };
const struct word words_disclose_mode[] = { { "read", 1 }, { "view", 2 }, { "export", 3 }, { "offline", 4 }, { NULL, 0 } };

static bool word_find(const struct word *words, const char *text, size_t length, uint32_t *number)
{
    for (; words->text != NULL; words++) {
        if (strlen(words->text) == length && memcmp(words->text, text, length) == 0) {
            *number = words->number;
            return true;
        }
    }
    return false;
}

bool word_number(const struct word *words, const char *text, uint32_t *number)
{
    return word_find(words, text, strlen(text), number);
}

const char *word_text(const struct word *words, uint32_t number)
{
    for (; words->text != NULL; words++) {
        if (words->number == number) {
            return words->text;
        }
    }
    return "unknown";
}

bool word_mask(const struct word *words, const char *text, uint32_t all, uint32_t *mask)
{
    *mask = 0;
    if (strcmp(text, "none") == 0) {
        return true;
    }
    if (strcmp(text, "all") == 0) {
        *mask = all;
        return true;
    }
    for (const char *word = text; word != NULL;) {
        const char *end = strchr(word, ',');
        uint32_t number;
        if (!word_find(words, word, end == NULL ? strlen(word) : (size_t)(end - word), &number) || number > 31) {
            return false;
        }
        *mask |= UINT32_C(1) << number;
        word = end == NULL ? NULL : end + 1;
    }
    return true;
}

json_t *word_list(const struct word *words, uint32_t mask)
{
    json_t *list = json_array();

    for (; words->text != NULL; words++) {
        if (words->number < 32 && (mask >> words->number & 1) != 0) {
            json_array_append_new(list, json_string(words->text));
        }
    }
    return list;
}

void word_choices(const struct word *words, char *out, uint32_t size)
{
    uint32_t used = 0;

    out[0] = '\0';
    for (; words->text != NULL && used < size; words++) {
        int put = snprintf(out + used, size - used, used == 0 ? "%s" : ", %s", words->text);
        used += put < 0 ? 0 : (uint32_t)put;
    }
}
