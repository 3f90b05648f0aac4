/* genesis_test.c: the genesis is the same whatever the order of its inputs; each altered byte of an enrolment or a genesis is noticed. */
#include "base/bytes.h"
#include "cli/command.h"
#include "cli/file.h"
#include "cli/genesis_build.h"
#include "cli/population.h"
#include "node/keyfile.h"
#include "tests/cli/cli_kit.h"
#include "wire/genesis.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const names[] = { "Mercy", "North", "South", "Clinic" };

/* Four replicas and a payer, keys and enrolments. */
static void make_enrolments(void)
{
    char line[512];

    for (int i = 0; i < 4; i++) {
        snprintf(line, sizeof line, "ward key init %%s/%s --for replica", names[i]);
        cr_assert_eq(kit_run(kit_directory(), line), EXIT_FINE);
        snprintf(line, sizeof line, "ward key enrol %%s/%s --name %s --endpoint 127.0.0.1:%d --out %%s/%s.enrol", names[i], names[i], 7400 + i, names[i]);
        cr_assert_eq(kit_run(kit_directory(), line), EXIT_FINE);
    }
    cr_assert_eq(kit_run(kit_directory(), "ward key init %s/Payer --for organisation"), EXIT_FINE);
    cr_assert_eq(kit_run(kit_directory(), "ward key enrol %s/Payer --name Payer --kind payer --capabilities none --out %s/Payer.enrol"), EXIT_FINE);
}

static void read_file(struct file *file, const char *name)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", kit_directory(), name);
    cr_assert_eq(file_read(file, path), ERR_OK);
}

static void write_file(const char *name, const struct file *file)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", kit_directory(), name);
    cr_assert_eq(file_write(path, file->data, file->size, 0644, false), ERR_OK);
}

/* sign_again gives an enrolment another endpoint and signs it with the keys of that name, as a tool of somebody else's might. */
static void sign_again(const char *name, const char *endpoint)
{
    static struct keyfile keys[3];
    static const enum keyfile_kind kinds[3] = { KEYFILE_ADMIN, KEYFILE_OFFICER, KEYFILE_SIGN };
    char path[512], problem[KEYFILE_PROBLEM_MAX];
    struct file file;
    struct reader reader;
    struct writer writer;
    struct enrolment enrolment;

    snprintf(path, sizeof path, "%s.enrol", name);
    read_file(&file, path);
    reader_init(&reader, file.data, file.size);
    cr_assert_eq(enrolment_decode(&enrolment, &reader), VERDICT_OK);
    snprintf(enrolment.endpoint, sizeof enrolment.endpoint, "%s", endpoint);
    struct hash32 digest = enrolment_digest(&enrolment);
    uint8_t *signatures[3] = { enrolment.admin_signature, enrolment.officer_signature, enrolment.replica_signature };
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s/%s.key", kit_directory(), name, keyfile_kind_name(kinds[i]));
        cr_assert_eq(keyfile_load(&keys[i], kinds[i], path, problem), ERR_OK, "%s", problem);
        sign_digest(&keys[i].pair.sign, &digest, signatures[i]);
    }
    writer_init(&writer, file.data, file.size);
    enrolment_encode(&enrolment, &writer);
    cr_assert_not(writer.failed);
    write_file("typo.enrol", &file);
    file_close(&file);
}

#define ASSEMBLE "ward genesis assemble --name city --time-ms 1767225600000 --out %s/"

Test(cli_genesis, order_of_inputs_leaves_no_trace)
{
    struct file a, b;

    make_enrolments();
    cr_assert_eq(kit_run(kit_directory(), ASSEMBLE "a %s/Mercy.enrol %s/North.enrol %s/South.enrol %s/Clinic.enrol %s/Payer.enrol"), EXIT_FINE);
    cr_assert_eq(kit_run(kit_directory(), ASSEMBLE "b %s/Payer.enrol %s/South.enrol %s/Clinic.enrol %s/Mercy.enrol %s/North.enrol --json"), EXIT_FINE);
    json_t *value = kit_json();
    cr_assert_eq(json_integer_value(json_object_get(value, "members")), 4);
    cr_assert_eq(json_integer_value(json_object_get(value, "quorum")), 3);
    cr_assert_eq(json_array_size(json_object_get(value, "organisations")), 5);
    read_file(&a, "a");
    read_file(&b, "b");
    cr_assert_eq(a.size, b.size);
    cr_assert_eq(memcmp(a.data, b.data, a.size), 0);
    file_close(&a);
    file_close(&b);
    char line[512];
    snprintf(line, sizeof line, "ward genesis verify %%s/a --fingerprint %s", json_string_value(json_object_get(value, "fingerprint")));
    cr_assert_eq(kit_run(kit_directory(), line), EXIT_FINE);
    line[strlen(line) - 1] = line[strlen(line) - 1] == '0' ? '1' : '0';
    cr_assert_eq(kit_run(kit_directory(), line), EXIT_INTEGRITY);
    json_decref(value);
}

Test(cli_genesis, a_file_that_is_there_is_not_overwritten)
{
    struct file file = { (uint8_t *)(uintptr_t)"precious", 8 };

    make_enrolments();
    write_file("a", &file);
    cr_assert_eq(kit_run(kit_directory(), ASSEMBLE "a %s/Mercy.enrol %s/North.enrol %s/South.enrol %s/Clinic.enrol"), EXIT_REFUSED);
    read_file(&file, "a");
    cr_assert_str_eq((const char *)file.data, "precious");
    file_close(&file);
}

Test(cli_genesis, an_altered_enrolment_is_refused)
{
    struct file file;

    make_enrolments();
    read_file(&file, "Payer.enrol");
    /* One byte of each field: version, kind, flags, capabilities, name, endpoint, keys, the three signatures. */
    static const size_t places[] = { 0, 2, 3, 4, 7, 56, 155, 190, 222, 254, 290, 320, 344, 380, 410, 470, 480 };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        file.data[places[i]] ^= 1;
        write_file("bad.enrol", &file);
        cr_assert_eq(kit_run(kit_directory(), ASSEMBLE "g %s/Mercy.enrol %s/North.enrol %s/South.enrol %s/Clinic.enrol %s/bad.enrol"), EXIT_INTEGRITY, "byte %zu",
                     places[i]);
        file.data[places[i]] ^= 1;
    }
    file.size--;
    write_file("bad.enrol", &file);
    cr_assert_eq(kit_run(kit_directory(), ASSEMBLE "g %s/Mercy.enrol %s/North.enrol %s/South.enrol %s/bad.enrol"), EXIT_INTEGRITY);
    file_close(&file);
}

/* The same file has the same exit code, whichever command reads it: wardd ends with 6 too (tests/e2e/boundaries.sh). */
Test(cli_genesis, what_is_cut_is_damaged_and_what_is_empty_is_a_wrong_input_to_every_command)
{
    static const char *const lines[] = { "ward genesis show %s/g", "ward genesis verify %s/g", "ward key show %s --genesis %s/g", "ward status --genesis %s/g --socket %s/none",
                                         "ward verify %s/none --genesis %s/g", "ward config check %s/g.yaml" };
    struct file file;
    char yaml[512];

    make_enrolments();
    cr_assert_eq(kit_run(kit_directory(), ASSEMBLE "g %s/Mercy.enrol %s/North.enrol %s/South.enrol %s/Clinic.enrol"), EXIT_FINE);
    snprintf(yaml, sizeof yaml, "cluster:\n  name: city\n  genesis_file: %s/g\n  fingerprint: 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
                                "node:\n  member: Mercy\n", kit_directory());
    (void)kit_write("g.yaml", yaml);
    read_file(&file, "g");
    for (int empty = 0; empty < 2; empty++) {
        file.size = empty ? 0 : file.size - 1;
        write_file("g", &file);
        for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
            int code = kit_run(kit_directory(), lines[i]);
            cr_expect_eq(code, empty ? EXIT_CONFIGURATION : EXIT_INTEGRITY, "%s: %d", lines[i], code);
        }
    }
    file_close(&file);
}

Test(cli_genesis, verify_notices_a_signature_that_was_altered_afterwards)
{
    struct file file;

    make_enrolments();
    cr_assert_eq(kit_run(kit_directory(), ASSEMBLE "g %s/Mercy.enrol %s/North.enrol %s/South.enrol %s/Clinic.enrol"), EXIT_FINE);
    read_file(&file, "g");
    cr_assert_eq(kit_run(kit_directory(), "ward genesis verify %s/g"), EXIT_FINE);
    file.data[file.size - 5] ^= 1; /* the last replica's signature lies in front of the entities' count */
    write_file("g", &file);
    cr_assert_eq(kit_run(kit_directory(), "ward genesis verify %s/g"), EXIT_INTEGRITY);
    cr_assert_eq(kit_run(kit_directory(), "ward genesis show %s/g"), EXIT_FINE, "show judges the form alone");
    file.size--;
    write_file("g", &file);
    cr_assert_eq(kit_run(kit_directory(), "ward genesis show %s/g"), EXIT_INTEGRITY);
    file_close(&file);
}

Test(cli_genesis, too_few_replicas_and_equal_names_are_refused)
{
    make_enrolments();
    cr_assert_eq(kit_run(kit_directory(), ASSEMBLE "g %s/Mercy.enrol %s/North.enrol %s/South.enrol"), EXIT_USAGE);
    cr_assert_eq(kit_run(kit_directory(), ASSEMBLE "g %s/Mercy.enrol %s/North.enrol %s/South.enrol %s/Payer.enrol"), EXIT_CONFIGURATION);
    cr_assert_eq(kit_run(kit_directory(), ASSEMBLE "g %s/Mercy.enrol %s/North.enrol %s/South.enrol %s/Clinic.enrol %s/Clinic.enrol"), EXIT_CONFIGURATION);
    cr_assert_eq(kit_run(kit_directory(), ASSEMBLE "g %s/Mercy.enrol %s/North.enrol %s/South.enrol %s/none.enrol"), EXIT_CONFIGURATION);
}

Test(cli_genesis, an_endpoint_that_nobody_can_dial_is_not_sealed)
{
    static const char *const endpoints[] = { "nonsense", "127.0.0.1:99999", ":99999", "127.0.0.1:0", "unix:/run/ward.sock" };

    make_enrolments();
    for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
        sign_again("Clinic", endpoints[i]);
        cr_assert_eq(kit_run(kit_directory(), ASSEMBLE "g %s/Mercy.enrol %s/North.enrol %s/South.enrol %s/typo.enrol"), EXIT_CONFIGURATION, "%s", endpoints[i]);
    }
    sign_again("Clinic", "");
    cr_assert_eq(kit_run(kit_directory(), ASSEMBLE "g %s/Mercy.enrol %s/North.enrol %s/South.enrol %s/typo.enrol"), EXIT_FINE, "the configurations name it then");
}

/* put_genesis writes a genesis in which the Clinic has this endpoint, whatever a tool would say to it. Gives: its fingerprint. */
static const char *put_genesis(const char *endpoint)
{
    static const char *const files[] = { "Mercy.enrol", "North.enrol", "South.enrol", "typo.enrol" };
    static char digits[2 * HASH_BYTES + 1];
    struct enrolment enrolments[4];
    char problem[GENESIS_PROBLEM_BYTES];
    struct file file;
    struct reader reader;
    struct genesis genesis;
    struct genesis_plan plan = { .chain_name = "city", .time_ms = 1767225600000, .limits = config_limits_default(), .params = params_default(), .enrolments = enrolments,
                                 .enrolments_count = 4 };

    sign_again("Clinic", endpoint);
    for (size_t i = 0; i < 4; i++) {
        read_file(&file, files[i]);
        reader_init(&reader, file.data, file.size);
        cr_assert_eq(enrolment_decode(&enrolments[i], &reader), VERDICT_OK);
        file_close(&file);
    }
    cr_assert_eq(genesis_build(&file, &plan, problem), ERR_OK, "%s", problem);
    cr_assert_eq(genesis_decode(&genesis, file.data, file.size), VERDICT_OK);
    hex_encode(genesis.hash.bytes, HASH_BYTES, digits);
    write_file("g", &file);
    file_close(&file);
    return digits;
}

Test(cli_genesis, a_sealed_endpoint_that_nobody_can_dial_is_noticed_unless_peers_name_another)
{
    static const struct {
        const char *endpoint, *listen, *socket, *peer;
        int verify, check;
    } rows[] = {
        { "127.0.0.1:7403", "[::]:7400", "/run/ward.sock", "10.0.0.1:7400", EXIT_FINE, EXIT_FINE },
        { "nonsense", "[::]:7400", "/run/ward.sock", "10.0.0.1:7400", EXIT_CONFIGURATION, EXIT_FINE },
        { "nonsense", "[::]:7400", "/run/ward.sock", NULL, EXIT_CONFIGURATION, EXIT_CONFIGURATION },
        { "", "[::]:7400", "/run/ward.sock", NULL, EXIT_FINE, EXIT_CONFIGURATION },
        { "127.0.0.1:7403", "nonsense", "/run/ward.sock", NULL, EXIT_FINE, EXIT_CONFIGURATION },
        { "127.0.0.1:7403", "127.0.0.1:99999", "/run/ward.sock", NULL, EXIT_FINE, EXIT_CONFIGURATION },
        { "127.0.0.1:7403", "[::]:7400", "rel/sock", NULL, EXIT_FINE, EXIT_CONFIGURATION },
        { "127.0.0.1:7403", "[::]:7400", "/run/ward.sock", "bad", EXIT_FINE, EXIT_CONFIGURATION },
    };
    char text[2048], peers[128];

    make_enrolments();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *fingerprint = put_genesis(rows[i].endpoint), *directory = kit_directory();
        snprintf(peers, sizeof peers, "peers: [{member: Clinic, address: \"%s\"}]\n", rows[i].peer);
        snprintf(text, sizeof text,
                 "cluster: {name: city, genesis_file: %s/g, fingerprint: %s}\nnode: {member: Mercy, profile: any, listen: \"%s\", client_socket: %s}\n"
                 "keys: {sign_file: %s/Mercy/sign.key, transport_file: %s/Mercy/transport.key}\n%s",
                 directory, fingerprint, rows[i].listen, rows[i].socket, directory, directory, rows[i].peer == NULL ? "" : peers);
        kit_write("ward.yaml", text);
        cr_assert_eq(kit_run(directory, "ward genesis verify %s/g"), rows[i].verify, "row %zu", i);
        cr_assert_eq(kit_run(directory, "ward config check %s/ward.yaml"), rows[i].check, "row %zu", i);
    }
}

/* put_entities writes initial entities of the four hospitals, last first, into the file "entities"; the last one less `cut` bytes. Gives: how many. */
static uint32_t put_entities(size_t cut)
{
    static uint8_t bytes[1 << 16];
    const struct population_plan plan = { .orgs = 4, .actors = 8, .patients = 8, .seed = 7, .time_ms = 1767225600000 };
    struct population population;
    struct writer writer;

    cr_assert_eq(population_make(&population, &plan), ERR_OK);
    writer_init(&writer, bytes, sizeof bytes);
    for (uint32_t i = population.entities_count; i > 0; i--) {
        genesis_write_entity(&population.entities[i - 1], &writer);
    }
    cr_assert_not(writer.failed);
    struct file file = { bytes, writer.offset - cut };
    write_file("entities", &file);
    uint32_t count = population.entities_count;
    population_close(&population);
    return count;
}

#define ASSEMBLE_ENTITIES ASSEMBLE "g --entities %s/entities %s/Mercy.enrol %s/North.enrol %s/South.enrol %s/Clinic.enrol --json"

Test(cli_genesis, initial_entities_are_sorted_and_kept)
{
    make_enrolments();
    uint32_t count = put_entities(0);
    cr_assert_eq(kit_run(kit_directory(), ASSEMBLE_ENTITIES), EXIT_FINE);
    json_t *value = kit_json();
    cr_assert_eq(json_integer_value(json_object_get(value, "entities")), count);
    json_decref(value);
    cr_assert_eq(kit_run(kit_directory(), "ward genesis verify %s/g"), EXIT_FINE);
    (void)put_entities(1);
    cr_assert_eq(kit_run(kit_directory(), ASSEMBLE_ENTITIES), EXIT_INTEGRITY);
}

Test(cli_genesis, what_no_replica_starts_with_is_not_assembled_and_not_called_good)
{
    static const uint8_t entities[] = { 2, 1, 0, 'b', 'b', 'x', 1, 0, 0, 'a' };
    struct file file = { (uint8_t *)(uintptr_t)entities, sizeof entities };
    static struct enrolment enrolments[4];
    static struct genesis_entity two[2] = { { { (const uint8_t *)"a", 1 }, { (const uint8_t *)"", 0 } }, { { (const uint8_t *)"bb", 2 }, { (const uint8_t *)"x", 1 } } };
    struct genesis_plan plan = { .chain_name = "city", .time_ms = 1767225600000, .limits = config_limits_default(), .params = params_default(), .enrolments = enrolments,
        .enrolments_count = 4, .entities = two, .entities_count = 2 };
    char problem[GENESIS_PROBLEM_BYTES], name[64];

    make_enrolments();
    write_file("entities", &file);
    cr_assert_eq(kit_run(kit_directory(), ASSEMBLE_ENTITIES), EXIT_INTEGRITY);
    json_t *value = kit_json();
    cr_assert_not_null(strstr(json_string_value(json_object_get(value, "message")), "neither an actor nor a patient nor a grant"));
    json_decref(value);
    for (uint32_t i = 0; i < 4; i++) {
        struct reader reader;
        snprintf(name, sizeof name, "%s.enrol", names[i]);
        read_file(&file, name);
        reader_init(&reader, file.data, file.size);
        cr_assert_eq(enrolment_decode(&enrolments[i], &reader), VERDICT_OK);
        file_close(&file);
    }
    cr_assert_eq(genesis_build(&file, &plan, problem), ERR_OK, "%s", problem);
    write_file("g", &file);
    file_close(&file);
    cr_assert_eq(kit_run(kit_directory(), "ward genesis show %s/g"), EXIT_FINE, "it is well formed");
    cr_assert_eq(kit_run(kit_directory(), "ward genesis verify %s/g"), EXIT_INTEGRITY);
}

/* use_up leaves this process no memory that it has not got yet, not even of the allocator's own. */
static void use_up(void)
{
    const struct rlimit none = { 0, 0 };

    if (setrlimit(RLIMIT_AS, &none) != 0) {
        _exit(2);
    }
    for (size_t size = 1 << 20; size > 0; size /= 2) {
        for (void *more = malloc(size); more != NULL; more = malloc(size)) { /* Bounded by what the heap holds. */
            memset(more, 1, size); /* or the compiler leaves it out */
        }
    }
}

/* The judgement must not hang on what memory is left; a process that has none is told by its end. */
Test(cli_genesis, keys_are_judged_without_memory)
{
    static char problem[GENESIS_PROBLEM_BYTES];
    static struct genesis genesis;
    struct file file;
    int status = 0;

#ifdef __SANITIZE_ADDRESS__
    cr_skip_test("the allocator of the sanitizer ends a process that has no memory");
#endif
    make_enrolments();
    cr_assert_eq(kit_run(kit_directory(), ASSEMBLE "a %s/Mercy.enrol %s/North.enrol %s/South.enrol %s/Clinic.enrol %s/Payer.enrol"), EXIT_FINE);
    read_file(&file, "a");
    cr_assert_eq(genesis_decode(&genesis, file.data, file.size), VERDICT_OK);
    cr_assert_eq(genesis_judge(&genesis, problem), VERDICT_OK, "%s", problem); /* What is made once is made now. */
    pid_t child = fork();
    if (child == 0) {
        use_up();
        _exit(genesis_judge(&genesis, problem) == VERDICT_OK ? 0 : 1);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
    file_close(&file);
}

Test(cli_genesis, configuration_is_checked_against_genesis_and_keys)
{
    char text[2048];

    make_enrolments();
    cr_assert_eq(kit_run(kit_directory(), ASSEMBLE "g %s/Mercy.enrol %s/North.enrol %s/South.enrol %s/Clinic.enrol %s/Payer.enrol --json"), EXIT_FINE);
    json_t *value = kit_json();
    const char *directory = kit_directory(), *fingerprint = json_string_value(json_object_get(value, "fingerprint"));
    static const struct {
        const char *chain, *member, *keys, *profile, *peer;
        int code;
    } rows[] = {
        { "city", "Mercy", "Mercy", "balanced", "North", EXIT_FINE },   { "city", "Mercy", "Mercy", "any", "North", EXIT_FINE },
        { "town", "Mercy", "Mercy", "any", "North", EXIT_CONFIGURATION }, { "city", "Mercy", "North", "any", "North", EXIT_CONFIGURATION },
        { "city", "Payer", "Mercy", "any", "North", EXIT_CONFIGURATION }, { "city", "Nobody", "Mercy", "any", "North", EXIT_CONFIGURATION },
        { "city", "Mercy", "Mercy", "eco", "North", EXIT_CONFIGURATION }, { "city", "Mercy", "Mercy", "any", "Payer", EXIT_CONFIGURATION },
        { "city", "Mercy", "Absent", "any", "North", EXIT_CONFIGURATION },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(text, sizeof text,
                 "cluster: {name: %s, genesis_file: %s/g, fingerprint: %s}\nnode: {member: %s, profile: %s}\nkeys: {sign_file: %s/%s/sign.key, transport_file: "
                 "%s/%s/transport.key}\npeers: [{member: %s, address: \"10.0.0.1:7400\"}]\n",
                 rows[i].chain, directory, fingerprint, rows[i].member, rows[i].profile, directory, rows[i].keys, directory, rows[i].keys, rows[i].peer);
        kit_write("ward.yaml", text);
        cr_assert_eq(kit_run(directory, "ward config check %s/ward.yaml"), rows[i].code, "row %zu", i);
    }
    json_decref(value);
}
