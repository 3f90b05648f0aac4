/* address_test.c: what an operator may write, what it becomes, and what is said about the rest. */
#include "net/address.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

Test(address, reads_every_form)
{
    static const struct {
        const char *text;
        enum address_kind kind;
        int family;
        uint16_t port;
    } rows[] = {
        { "127.0.0.1:7400", ADDRESS_NUMERIC, AF_INET, 7400 },
        { "0.0.0.0:0", ADDRESS_NUMERIC, AF_INET, 0 },
        { "[::1]:65535", ADDRESS_NUMERIC, AF_INET6, 65535 },
        { "[2001:db8::7]:7400", ADDRESS_NUMERIC, AF_INET6, 7400 },
        { "mercy.example:7400", ADDRESS_NAME, AF_UNSPEC, 7400 },
        { "localhost:1", ADDRESS_NAME, AF_UNSPEC, 1 },
        { "unix:/run/ward/ward.sock", ADDRESS_UNIX, AF_UNIX, 0 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct address address;
        const char *problem = NULL;
        cr_assert_eq(address_parse(&address, rows[i].text, &problem), ERR_OK, "%s: %s", rows[i].text, problem);
        cr_assert_eq(address.kind, rows[i].kind);
        cr_assert_eq(address.socket.ss_family, rows[i].family);
        cr_assert_eq(address.port, rows[i].port);
        cr_assert_str_eq(address.text, rows[i].text);
    }
}

Test(address, puts_host_port_and_path_into_the_socket)
{
    struct address address;
    const char *problem;

    cr_assert_eq(address_parse(&address, "10.1.2.3:513", &problem), ERR_OK);
    const struct sockaddr_in *in = (const struct sockaddr_in *)&address.socket;
    cr_assert_eq(in->sin_addr.s_addr, htonl(0x0a010203));
    cr_assert_eq(in->sin_port, htons(513));
    cr_assert_eq(address_parse(&address, "unix:/a/b", &problem), ERR_OK);
    cr_assert_str_eq(((const struct sockaddr_un *)&address.socket)->sun_path, "/a/b");
}

Test(address, says_what_is_wrong)
{
    static const struct {
        const char *text, *problem;
    } rows[] = {
        { "127.0.0.1", "the port is missing: write host:port or unix:/path" },
        { "127.0.0.1:", "the port must be a number from 0 to 65535" },
        { "127.0.0.1:65536", "the port must be a number from 0 to 65535" },
        { "127.0.0.1:12345678", "the port must be a number from 0 to 65535" },
        { "host:7x", "the port must be a number from 0 to 65535" },
        { ":7400", "the host is missing or longer than 253 characters" },
        { "[]:7400", "the host is missing or longer than 253 characters" },
        { "[::zz]:7400", "what stands between [ and ] is not an IPv6 address" },
        { "::1:7400", "an IPv6 address must stand between [ and ]" },
        { "256.1.1.1:7400", "the host is neither an IP address nor a host name" },
        { "1.2.3:7400", "the host is neither an IP address nor a host name" },
        { "a b:7400", "the host is neither an IP address nor a host name" },
        { "-a:7400", "the host is neither an IP address nor a host name" },
        { "unix:relative", "the path of a unix socket must begin with /" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct address address;
        const char *problem = NULL;
        cr_assert_eq(address_parse(&address, rows[i].text, &problem), ERR_INVALID, "%s", rows[i].text);
        cr_assert_str_eq(problem, rows[i].problem, "%s: %s", rows[i].text, problem);
    }
}

Test(address, refuses_paths_and_names_at_their_bounds)
{
    char text[400];
    struct address address;
    const char *problem;

    for (unsigned length = 107; length <= 108; length++) {
        memcpy(text, "unix:/", 6);
        memset(text + 6, 'a', length - 1);
        text[5 + length] = '\0';
        cr_assert_eq(address_parse(&address, text, &problem), length == 107 ? ERR_OK : ERR_INVALID);
    }
    for (unsigned length = 253; length <= 254; length++) {
        memset(text, 'a', length);
        memcpy(text + length, ":1", 3);
        cr_assert_eq(address_parse(&address, text, &problem), length == 253 ? ERR_OK : ERR_INVALID);
    }
    memset(text, 'a', 300);
    text[300] = '\0';
    cr_assert_eq(address_parse(&address, text, &problem), ERR_INVALID);
}

Test(address, resolves_the_loopback_name_and_no_nonsense)
{
    struct address address;
    struct sockaddr_storage socket, loopback;
    socklen_t size;
    const char *problem;

    cr_assert_eq(address_parse(&address, "127.0.0.1:7400", &problem), ERR_OK);
    loopback = address.socket;
    cr_assert_eq(address_resolve(&address, &socket, &size), ERR_OK);
    cr_assert_eq(size, sizeof(struct sockaddr_in));
    cr_assert_eq(address_parse(&address, "localhost:7400", &problem), ERR_OK);
    cr_assert_eq(address_resolve(&address, &socket, &size), ERR_OK);
    cr_assert(address_host_equal(&socket, &loopback) || socket.ss_family == AF_INET6);
    memset(&address, 0, sizeof address);
    cr_assert_eq(address_resolve(&address, &socket, &size), ERR_NOT_FOUND);
}

Test(address, compares_hosts_without_ports)
{
    static const struct {
        const char *a, *b;
        bool equal;
    } rows[] = {
        { "10.0.0.1:1", "10.0.0.1:2", true },
        { "10.0.0.1:1", "10.0.0.2:1", false },
        { "[::ffff:10.0.0.1]:1", "10.0.0.1:9", true },
        { "[::1]:1", "127.0.0.1:1", false },
        { "[2001:db8:1:2::7]:1", "[2001:db8:1:2:a:b:c:d]:1", true }, /* one subscriber has all of these */
        { "[2001:db8:1:2::7]:1", "[2001:db8:1:3::7]:1", false },
        { "[::ffff:10.0.0.1]:1", "[::ffff:10.0.0.2]:1", false },
        { "unix:/a", "unix:/b", true },
        { "unix:/a", "[::]:1", false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct address a, b;
        const char *problem;
        cr_assert_eq(address_parse(&a, rows[i].a, &problem), ERR_OK);
        cr_assert_eq(address_parse(&b, rows[i].b, &problem), ERR_OK);
        cr_assert_eq(address_host_equal(&a.socket, &b.socket), rows[i].equal, "%s %s", rows[i].a, rows[i].b);
        cr_assert_eq(address_host_number(&a.socket) == address_host_number(&b.socket), rows[i].equal, "%s %s", rows[i].a, rows[i].b);
    }
}
