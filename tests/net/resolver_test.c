/* resolver_test.c: names are answered on the loop's thread, one at a time. */
#include "net/resolver.h"

#include "base/clock.h"
#include "tests/net/net_kit.h"

#include <criterion/criterion.h>
#include <netinet/in.h>

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
