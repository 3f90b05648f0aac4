/* boot_kit.c: see boot_kit.h. */
#include "tests/node/boot_kit.h"

#include "tests/cli/cli_kit.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char root[400];
static char fingerprint[65];
static char text[4096];

const char *boot_kit_config(uint32_t member)
{
    static char path[512];

    snprintf(path, sizeof path, "%s/m%u.yaml", root, member);
    return path;
}

static void make_text(uint32_t member)
{
    snprintf(text, sizeof text,
             "cluster:\n    name: kit\n    genesis_file: %s/genesis\n    fingerprint: \"%s\"\n"
             "node:\n    member: hospital-%u\n    listen: \"127.0.0.1:0\"\n    client_socket: %s/m%u.sock\n    data_dir: %s/m%u.data\n"
             "keys:\n    sign_file: %s/m%u/sign.key\n    transport_file: %s/m%u/transport.key\n"
             "io:\n    segment_mib: 1\n    unsafe_dev: true\nmemory:\n    archive_events: 1024\n    archive_receipts: 1024\n",
             root, fingerprint, member, root, member, root, member, root, member, root, member);
}

static void put_text(uint32_t member)
{
    FILE *file = fopen(boot_kit_config(member), "w");

    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

void boot_kit_write(uint32_t member, const char *from, const char *to)
{
    static char changed[sizeof text];
    size_t used = 0;
    bool found = false;

    make_text(member);
    for (const char *at = text; *at != '\0';) {
        if (strncmp(at, from, strlen(from)) == 0) {
            used += (size_t)snprintf(changed + used, sizeof changed - used, "%s", to);
            at += strlen(from);
            found = true;
        } else {
            changed[used++] = *at++;
        }
    }
    changed[used] = '\0';
    cr_assert(found, "\"%s\" is not in the configuration", from);
    memcpy(text, changed, used + 1);
    put_text(member);
}

void boot_kit_make(const char *directory)
{
    char line[512];

    crypto_start();
    snprintf(root, sizeof root, "%s", directory);
    for (uint32_t i = 0; i < BOOT_KIT_MEMBERS; i++) {
        snprintf(line, sizeof line, "ward key init %%s/m%u --for replica", i);
        cr_assert_eq(kit_run(root, line), EXIT_FINE);
        snprintf(line, sizeof line, "ward key enrol %%s/m%u --name hospital-%u --endpoint 127.0.0.1:%u --out %%s/m%u.enrol", i, i, 7400 + i, i);
        cr_assert_eq(kit_run(root, line), EXIT_FINE);
    }
    cr_assert_eq(kit_run(root, "ward genesis assemble --name kit --time-ms 1767225600000 --profile fast --out %s/genesis %s/m0.enrol %s/m1.enrol %s/m2.enrol %s/m3.enrol --json"),
                 EXIT_FINE);
    json_t *value = kit_json();
    snprintf(fingerprint, sizeof fingerprint, "%s", json_string_value(json_object_get(value, "fingerprint")));
    json_decref(value);
    for (uint32_t i = 0; i < BOOT_KIT_MEMBERS; i++) {
        make_text(i);
        put_text(i);
    }
}
