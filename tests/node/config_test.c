/* config_test.c: every option has its default and its bounds; whatever is wrong with a file is told with line and the nearest known key. */
#include "node/config.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FINGERPRINT "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define GOOD "cluster:\n  name: city\n  genesis_file: city.genesis\n  fingerprint: " FINGERPRINT "\nnode:\n  member: Mercy\n"

static struct node_config config;
static struct config_problem problem;

static enum err load(const char *text)
{
    char path[] = "/tmp/ward-test-XXXXXX";
    int fd = mkstemp(path);

    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    enum err err = node_config_load(&config, path, &problem);
    unlink(path);
    return err;
}

Test(node_config, a_short_file_gets_every_default)
{
    size_t count;
    const struct node_option *options = node_config_options(&count);

    cr_assert_eq(load(GOOD), ERR_OK, "%s", problem.text);
    cr_assert_str_eq(config.cluster.name, "city");
    cr_assert_str_eq(config.node.member, "Mercy");
    for (size_t i = 0; i < count; i++) {
        char text[CONFIG_PATH_BYTES_MAX + 1];
        node_config_text(&config, &options[i], text, sizeof text);
        cr_assert(options[i].value == NULL || strcmp(text, options[i].value) == 0, "%s.%s is %s", options[i].section, options[i].name, text);
    }
    cr_assert_eq(config.limits.clients_max, 128);
    cr_assert_eq(config.io.unsafe_dev, false);
}

Test(node_config, what_the_file_says_is_taken)
{
    cr_assert_eq(load(GOOD "  profile: eco\nio: {unsafe_dev: true, segment_mib: 1}\nlimits:\n  clients_max: 7\npeers:\n  - member: North\n    address: 10.0.0.2:7400\n"
                           "  - {member: South, address: \"[::1]:7400\"}\n"), ERR_OK, "%s", problem.text);
    cr_assert_str_eq(config.node.profile, "eco");
    cr_assert(config.io.unsafe_dev);
    cr_assert_eq(config.io.segment_mib, 1);
    cr_assert_eq(config.limits.clients_max, 7);
    cr_assert_eq(config.peers_count, 2);
    cr_assert_str_eq(config.peers[1].address, "[::1]:7400");
}

Test(node_config, each_wrong_file_has_its_sentence)
{
    static const struct {
        const char *text;
        const char *says[3]; /* all of them stand in the message */
    } rows[] = {
        { GOOD "  liston: a:1\n", { ":7: ", "unknown key liston", "nearest known key is listen" } },
        { GOOD "limts:\n  clients_max: 7\n", { ":7: ", "unknown key limts", "limits" } },
        { GOOD "limits:\n  clients_max: 7\n  clients_maxx: 7\n", { ":9: ", "clients_maxx", "clients_max" } },
        { GOOD "limits:\n  clients_max: many\n", { ":8: ", "limits.clients_max", "1 to 4096" } },
        { GOOD "limits:\n  clients_max: 0\n", { ":8: ", "limits.clients_max", "1 to 4096" } },
        { GOOD "limits:\n  clients_max: 4097\n", { ":8: ", "limits.clients_max", "1 to 4096" } },
        { GOOD "limits:\n  clients_max: -1\n", { ":8: ", "limits.clients_max", "1 to 4096" } },
        { GOOD "  profile: slow\n", { ":7: ", "node.profile", "fast|balanced|eco" } },
        { GOOD "io:\n  unsafe_dev: maybe\n", { ":8: ", "io.unsafe_dev", "true nor false" } },
        { GOOD "node:\n  member: North\n", { ":6: ", "already seen", "node" } },
        { GOOD "peers:\n  - member: North\n", { "address", "", "" } },
        { GOOD "peers:\n  - {member: A, address: b:1}\n  - {member: A, address: c:1}\n", { "peers: A is named twice", "", "" } },
        { GOOD "memory:\n  history_blocks: 5000\n", { "powers of two", "", "" } },
        { GOOD "limits:\n  pool_commands: 256\n  pool_client_commands: 257\n", { "pool_client_commands", "", "" } },
        { GOOD "  listen: nonsense\n", { "node.listen \"nonsense\"", "port is missing", "" } },
        { GOOD "  listen: \"127.0.0.1:99999\"\n", { "node.listen", "0 to 65535", "" } },
        { GOOD "  client_socket: rel/sock\n", { "node.client_socket \"rel/sock\"", "begin with /", "" } },
        { GOOD "  data_dir: rel/data\n", { "node.data_dir", "begin with /", "" } },
        { GOOD "peers:\n  - {member: A, address: bad}\n", { "peers: A", "\"bad\"", "port is missing" } },
        { GOOD "peers:\n  - {member: A, address: \"a:0\"}\n", { "peers: A", "port 0", "" } },
        { "cluster:\n  name: city\n", { "cluster.genesis_file must be given", "", "" } },
        { "", { "must be given", "", "" } },
        { "cluster: [\n", { ":1: ", "", "" } },
        { "cluster: city\n", { ":1: ", "", "" } },
        { GOOD "---\nlimits:\n  clients_max: 7\n", { "passed over", "documents after first", "" } }, /* two files that were joined */
        { "cluster:\n  name: city\n  genesis_file: g\n  fingerprint: 00ff\nnode:\n  member: Mercy\n", { "cluster.fingerprint", "64", "" } },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(load(rows[i].text), ERR_INVALID, "%s", rows[i].text);
        for (size_t k = 0; k < 3; k++) {
            cr_assert(strstr(problem.text, rows[i].says[k]) != NULL, "row %zu: `%s` lacks `%s`", i, problem.text, rows[i].says[k]);
        }
    }
}

Test(node_config, environment_beats_the_file_and_is_checked_alike)
{
    setenv("WARD_LIMITS_CLIENTS_MAX", "9", 1);
    cr_assert_eq(load(GOOD "limits:\n  clients_max: 7\n"), ERR_OK);
    cr_assert_eq(config.limits.clients_max, 9);
    setenv("WARD_LIMITS_CLIENTS_MAX", "none", 1);
    cr_assert_eq(load(GOOD), ERR_INVALID);
    cr_assert(strstr(problem.text, "WARD_LIMITS_CLIENTS_MAX") != NULL);
}

Test(node_config, flags_beat_both)
{
    cr_assert_eq(load(GOOD), ERR_OK);
    cr_assert_eq(node_config_set(&config, "node.listen", "127.0.0.1:9", &problem), ERR_OK);
    cr_assert_str_eq(config.node.listen, "127.0.0.1:9");
    cr_assert_eq(node_config_set(&config, "node.lissten", "x", &problem), ERR_INVALID);
    cr_assert(strstr(problem.text, "listen") != NULL);
    cr_assert_eq(node_config_set(&config, "io.segment_mib", "129", &problem), ERR_INVALID);
    cr_assert_eq(config.io.segment_mib, 64);
}

/* A crash of the machine leaves zeros where a file was written last. */
Test(node_config, nothing_behind_a_zero_byte_is_passed_over)
{
    static const char text[] = GOOD "  listen: 10.0.0.1:7400\n\0  profile: eco\n";
    char path[] = "/tmp/ward-test-XXXXXX";
    int fd = mkstemp(path);

    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, sizeof text - 1), (ssize_t)sizeof text - 1);
    close(fd);
    cr_expect_eq(node_config_load(&config, path, &problem), ERR_INVALID);
    cr_expect_not_null(strstr(problem.text, "byte of value 0"), "%s", problem.text);
    unlink(path);
}

Test(node_config, files_that_cannot_be_read_are_told_apart)
{
    static char big[CONFIG_FILE_BYTES_MAX + 2];

    cr_assert_eq(node_config_load(&config, "/nowhere/ward.yaml", &problem), ERR_NOT_FOUND);
    memset(big, '#', sizeof big - 1);
    cr_assert_eq(load(big), ERR_FULL);
}

/* A read that waits for a writer is ended by the test's time. */
Test(node_config, what_is_no_regular_file_is_refused_at_once, .timeout = 10)
{
    char directory[] = "/tmp/ward-test-XXXXXX", path[64];

    cr_assert_not_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/pipe", directory);
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_assert_eq(node_config_load(&config, path, &problem), ERR_INVALID);
    cr_assert(strstr(problem.text, "not a regular file") != NULL);
    cr_assert_eq(node_config_load(&config, directory, &problem), ERR_INVALID);
    cr_assert(strstr(problem.text, "not a regular file") != NULL);
    cr_assert_eq(node_config_load(&config, "/dev/zero", &problem), ERR_INVALID);
    cr_assert(strstr(problem.text, "not a regular file") != NULL);
    unlink(path);
    rmdir(directory);
}

Test(node_config, near_words_are_found_and_far_ones_are_not)
{
    cr_assert_str_eq(node_config_nearest("data_dri"), "data_dir");
    cr_assert_str_eq(node_config_nearest("adress"), "address");
    cr_assert_null(node_config_nearest("zzzzzzzz"));
}
