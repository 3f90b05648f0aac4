/* host_test.c: a server alone: it starts from its disk, keeps nothing else over a crash, and stops cleanly when asked. */
#include "sim/world/host.h"

#include <criterion/criterion.h>
#include <string.h>

#define MS UINT64_C(1000000)

static struct cast cast;
static struct host host;
static uint64_t now_ns;
static uint32_t sent, broken;

static uint64_t on_now(void *context) { (void)context; return now_ns; }
static bool on_verify(void *context, const struct sig_item *item) { (void)context; return ed25519_verify(item); }
static void on_send(void *context, uint32_t member, const struct port_message *message) { (void)context, (void)member, (void)message; sent++; }
static void on_mark(void *context, uint32_t member, enum mark mark, uint64_t view, uint64_t height, uint32_t about, uint64_t value)
{
    (void)context, (void)member, (void)mark, (void)view, (void)height, (void)about, (void)value;
}
static void on_executed(void *context, uint32_t member, const struct apply_block *block, const struct hash32 *root)
{
    (void)context, (void)member, (void)block, (void)root;
}
static void on_admitted(void *context, uint32_t member, uint64_t token) { (void)context, (void)member, (void)token; }
static void on_refused(void *context, uint32_t member, uint64_t token, uint16_t code, uint32_t retry_after_ms)
{
    (void)context, (void)member, (void)token, (void)code, (void)retry_after_ms;
}
static void on_broken(void *context, uint32_t member, const char *what) { (void)context, (void)member, (void)what; broken++; }

static const struct host_world calm = { NULL, on_now, on_verify, on_send, on_mark, on_executed, on_admitted, on_refused, on_broken, NULL, NULL, NULL };

static void setup(void)
{
    struct cast_plan plan = { .seed = 3, .members_count = 4, .actors_count = 2, .limits = config_limits_default() };
    struct host_plan host_plan = { .seed = 3, .member = 1, .verify_ns_max = 1000, .segments_max = 8, .disk = { .delay_ns_max = 100000 } };

    crypto_start();
    plan.limits.block_bytes_max = 65536;
    cast_make(&cast, &plan);
    host_open(&host, &cast, &calm, &host_plan);
    now_ns = 0;
    sent = broken = 0;
}

static void teardown(void)
{
    host_close(&host);
    cast_close(&cast);
}

TestSuite(host, .init = setup, .fini = teardown);

static void run_until(uint64_t end_ns)
{
    for (uint32_t i = 0; i < 100000 && host_due_ns(&host) <= end_ns; i++) {
        now_ns = host_due_ns(&host) > now_ns ? host_due_ns(&host) : now_ns;
        cr_assert(host_work(&host));
    }
    now_ns = end_ns;
}

Test(host, starts_idle_and_stays_idle_N5)
{
    cr_assert(host_start(&host));
    host_work(&host);
    run_until(10 * MS);
    cr_assert(host_is_idle(&host));
    cr_assert_eq(host_due_ns(&host), UINT64_MAX);
}

Test(host, comes_back_after_any_crash)
{
    for (uint32_t i = 0; i < 8; i++) {
        cr_assert(host_start(&host), "start %u", i);
        host_work(&host);
        run_until(now_ns + i * 40000);
        host_crash(&host, i % 2 == 1);
        cr_assert_null(host.memory);
        cr_assert_eq(host_due_ns(&host), UINT64_MAX);
        cr_assert(host_is_idle(&host));
    }
    cr_assert_eq(host.boots, 8);
    cr_assert_eq(broken, 0);
}

Test(host, stops_with_a_clean_mark_when_asked)
{
    cr_assert(host_start(&host));
    host_work(&host);
    run_until(10 * MS);
    host_drain(&host);
    host_work(&host);
    run_until(3000 * MS);
    cr_assert_eq(host.state, HOST_DOWN);
    cr_assert(host_start(&host));
    cr_assert(host.superblocks.current.clean);
}

Test(host, a_paused_one_does_nothing)
{
    cr_assert(host_start(&host));
    host_pause(&host);
    cr_assert_eq(host_due_ns(&host), UINT64_MAX);
    cr_assert(host_work(&host));
    host_resume(&host);
    run_until(10 * MS);
    cr_assert(host_is_idle(&host));
}
