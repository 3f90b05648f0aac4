/* endpoint_test.c: each use of an endpoint takes what can be used for it, and has a sentence for what cannot. */
#include "node/endpoint.h"

#include <criterion/criterion.h>
#include <string.h>

Test(endpoint, each_text_is_judged_for_its_use)
{
    static const struct {
        const char *text;
        const char *listen, *member, *tools; /* NULL: it can be used; else a part of the sentence */
    } rows[] = {
        { "127.0.0.1:7400", NULL, NULL, "begin with /" },
        { "[::]:7400", NULL, NULL, "begin with /" },
        { "ward.mercy.example:7400", NULL, NULL, "begin with /" },
        { "127.0.0.1:0", NULL, "port 0", "begin with /" },
        { "127.0.0.1:65535", NULL, NULL, "begin with /" },
        { "127.0.0.1:65536", "0 to 65535", "0 to 65535", "begin with /" },
        { "127.0.0.1:99999", "0 to 65535", "0 to 65535", "begin with /" },
        { "nonsense", "port is missing", "port is missing", "begin with /" },
        { "", "port is missing", "port is missing", "begin with /" },
        { ":99999", "0 to 65535", "0 to 65535", "begin with /" },
        { ":7400", "host is missing", "host is missing", "begin with /" },
        { "unix:/run/ward.sock", "over TCP", "over TCP", "begin with /" },
        { "/run/ward.sock", "port is missing", "port is missing", NULL },
        { "rel/sock", "port is missing", "port is missing", "begin with /" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *expected[] = { [ENDPOINT_LISTEN] = rows[i].listen, [ENDPOINT_MEMBER] = rows[i].member, [ENDPOINT_TOOLS] = rows[i].tools };
        for (enum endpoint_use use = ENDPOINT_LISTEN; use <= ENDPOINT_TOOLS; use++) {
            struct address address;
            const char *problem = "";
            enum err err = endpoint_judge(&address, use, rows[i].text, &problem);
            cr_assert_eq(err, expected[use] == NULL ? ERR_OK : ERR_INVALID, "%s for use %d: %s", rows[i].text, (int)use, problem);
            cr_assert(expected[use] == NULL || strstr(problem, expected[use]) != NULL, "%s for use %d: %s", rows[i].text, (int)use, problem);
        }
    }
}

Test(endpoint, a_path_that_is_too_long_for_a_socket_is_refused)
{
    char path[400];
    struct address address;
    const char *problem;

    memset(path, 'a', sizeof path - 1);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    cr_assert_eq(endpoint_judge(&address, ENDPOINT_TOOLS, path, &problem), ERR_INVALID);
    cr_assert_not_null(strstr(problem, "107"));
    path[107] = '\0';
    cr_assert_eq(endpoint_judge(&address, ENDPOINT_TOOLS, path, &problem), ERR_OK);
}
