/* resolver_test.c: names are answered on the loop's thread, one at a time. */
#include "net/resolver.h"

#include "base/clock.h"
#include "tests/net/net_kit.h"

#include <criterion/criterion.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

static struct resolver resolver;
static struct loop *loop;
static bool answered;
static enum err answer;
static uint32_t token;
static uint16_t port;

static void on_answer(void *context, uint32_t asked, enum err err, const struct sockaddr_storage *socket, socklen_t size)
{
    cr_assert_eq(context, &resolver);
    answered = true;
    answer = err;
    token = asked;
    if (err == ERR_OK) {
        cr_assert_geq(size, sizeof(struct sockaddr_in));
        port = socket->ss_family == AF_INET ? ntohs(((const struct sockaddr_in *)(const void *)socket)->sin_port)
                                            : ntohs(((const struct sockaddr_in6 *)(const void *)socket)->sin6_port);
    }
}

static void begin(void)
{
    struct loop_uring_config config = loop_uring_config_default();

    loop = kit_loop(&config);
    resolver = (struct resolver){ .answered = on_answer, .context = &resolver };
    cr_assert_eq(resolver_start(&resolver, loop), ERR_OK);
}

static void ask(uint32_t number, const char *text)
{
    struct address address;
    const char *problem;

    cr_assert_eq(address_parse(&address, text, &problem), ERR_OK);
    cr_assert(resolver_ask(&resolver, number, &address));
    cr_assert_not(resolver_ask(&resolver, number + 1, &address)); /* One at a time. */
    answered = false;
    cr_assert(kit_turns(loop, &answered, 100));
    cr_assert_eq(token, number);
}

Test(resolver, finds_this_host_and_asks_again)
{
    begin();
    ask(7, "localhost:7400");
    cr_assert_eq(answer, ERR_OK);
    cr_assert_eq(port, 7400);
    ask(8, "localhost:7401");
    cr_assert_eq(port, 7401);
    resolver_stop(&resolver);
}

Test(resolver, stops_while_it_sleeps)
{
    begin();
    resolver_stop(&resolver);
    cr_assert_not(resolver.runs);
    resolver_stop(&resolver);
}

/* --- A name server that does not answer ------------------------------------------------------------------------------ */

static bool alone(void) { return unshare(CLONE_NEWNS | CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET) == 0; }

/* give_address brings the interface of the new network up. A name is asked about only where an interface has an address of more than this host. */
static bool give_address(void)
{
    struct ifreq request = { .ifr_name = "lo" };
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000001) };
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    memcpy(&request.ifr_addr, &address, sizeof address);
    bool given = ioctl(fd, SIOCSIFADDR, &request) == 0;
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    given = ioctl(fd, SIOCSIFFLAGS, &request) == 0 && given;
    close(fd);
    return given;
}

/* name_server gives a socket to which this process sends what it wants to know of names, -1 when the machine does not allow that. */
static int name_server(void)
{
    static const char conf[] = "nameserver 10.0.0.1\noptions timeout:30 attempts:5\n";
    char path[] = "/tmp/ward-resolv-XXXXXX";
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = htonl(0x0a000001) };
    struct timeval patience = { .tv_sec = 10 };

    if (!alone() || !give_address()) {
        return -1;
    }
    int file = mkstemp(path), fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool ready = write(file, conf, sizeof conf - 1) == (ssize_t)(sizeof conf - 1) && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
                 mount(path, "/etc/resolv.conf", NULL, MS_BIND, NULL) == 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
                 setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0;
    close(file);
    unlink(path);
    return ready ? fd : -1;
}

/* An operator's SIGTERM ends a replica within 2 s, whatever the name server does: the question is left to itself. */
Test(resolver, stops_while_a_name_server_is_silent)
{
    struct address address;
    const char *problem;
    char question[512];
    int fd = name_server();

    if (fd < 0) {
        cr_skip_test("no network and mounts of one's own here");
    }
    for (uint32_t i = 0; i < 2; i++) {
        begin();
        cr_assert_eq(address_parse(&address, "nobody.example:7400", &problem), ERR_OK);
        answered = false;
        cr_assert(resolver_ask(&resolver, 1, &address));
        if (recv(fd, question, sizeof question, 0) <= 0) {
            resolver_stop(&resolver);
            cr_skip_test("names are not asked of a name server here");
        }
        uint64_t begin_ns = clock_mono_ns();
        resolver_stop(&resolver);
        cr_assert_lt(clock_mono_ns() - begin_ns, UINT64_C(10000000000), "the question itself takes minutes");
        cr_assert_not(resolver.runs);
        cr_assert_not(answered);
        memset(&resolver, 0xa5, sizeof resolver); /* Nothing of it is touched any more, */
    }
    begin(); /* ... and names are found again while the others still wait. */
    ask(9, "localhost:7400");
    cr_assert_eq(answer, ERR_OK);
    resolver_stop(&resolver);
}
