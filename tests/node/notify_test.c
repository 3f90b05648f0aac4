/* notify_test.c: a socket of the test's own stands in for the service manager. */
#include "node/notify.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)

static struct notify notify;
static int manager;

static void listen_at(const char *name)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    size_t length = strlen(name);

    memcpy(to.sun_path, name, length);
    to.sun_path[0] = name[0] == '@' ? '\0' : name[0];
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(manager, (struct sockaddr *)&to, (socklen_t)(sizeof to.sun_family + length)), 0);
    setenv("NOTIFY_SOCKET", name, 1);
    setenv("WATCHDOG_USEC", "30000000", 1);
    unsetenv("WATCHDOG_PID");
}

/* heard gives the next datagram, "" when there is none. */
static const char *heard(void)
{
    static char text[512];
    ssize_t size = recv(manager, text, sizeof text - 1, MSG_DONTWAIT);

    text[size > 0 ? size : 0] = '\0';
    return text;
}

static void start(void)
{
    char name[64];

    snprintf(name, sizeof name, "@ward-notify-test-%d", (int)getpid());
    listen_at(name);
    cr_assert(notify_open(&notify));
}

Test(notify, says_when_it_serves_and_when_it_ends, .init = start)
{
    notify_ready(&notify, "serving at height 7");
    cr_assert_str_eq(heard(), "READY=1\nWATCHDOG_USEC=0\nSTATUS=serving at height 7");
    notify_stopping(&notify);
    cr_assert_str_eq(heard(), "STOPPING=1");
    notify_close(&notify);
}

Test(notify, the_watchdog_is_armed_only_while_work_is_outstanding, .init = start)
{
    uint64_t now_ns = SECOND;

    for (int i = 0; i < 100; i++) { /* an idle night */
        notify_work(&notify, false, now_ns += 60 * SECOND);
    }
    cr_assert_str_eq(heard(), "");
    cr_assert_eq(notify_deadline_ns(&notify), UINT64_MAX);
    notify_work(&notify, true, now_ns);
    cr_assert_str_eq(heard(), "WATCHDOG_USEC=30000000\nWATCHDOG=1");
    for (int i = 0; i < 1000; i++) { /* a thousand turns in a second say nothing more */
        notify_work(&notify, true, now_ns += SECOND / 1000);
    }
    cr_assert_str_eq(heard(), "");
    cr_assert_leq(notify_deadline_ns(&notify), now_ns + 10 * SECOND);
    now_ns = notify_deadline_ns(&notify);
    notify_work(&notify, true, now_ns);
    cr_assert_str_eq(heard(), "WATCHDOG=1");
    notify_work(&notify, false, now_ns);
    cr_assert_str_eq(heard(), "WATCHDOG_USEC=0");
    cr_assert_eq(notify_deadline_ns(&notify), UINT64_MAX);
    cr_assert_eq(notify.sent, 3);
    notify_close(&notify);
}

Test(notify, a_watchdog_for_another_process_is_none_of_ours, .init = start)
{
    setenv("WATCHDOG_PID", "1", 1);
    cr_assert(notify_open(&notify));
    notify_ready(&notify, "x");
    cr_assert_str_eq(heard(), "READY=1\nSTATUS=x");
    notify_work(&notify, true, SECOND);
    cr_assert_str_eq(heard(), "");
    cr_assert_eq(notify_deadline_ns(&notify), UINT64_MAX);
}

Test(notify, without_a_manager_nothing_happens)
{
    static const char *const names[] = { "", "@", "relative", "/nobody/listens/here" };

    unsetenv("NOTIFY_SOCKET");
    cr_assert_not(notify_open(&notify));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        setenv("NOTIFY_SOCKET", names[i], 1);
        cr_assert_eq(notify_open(&notify), names[i][0] == '/');
        notify_ready(&notify, "x");
        notify_work(&notify, true, SECOND);
        cr_assert_eq(notify.sent, 0);
        notify_close(&notify);
    }
}

Test(notify, a_socket_with_a_file_is_reached_as_well)
{
    char name[64];

    snprintf(name, sizeof name, "/tmp/ward-notify-%d.sock", (int)getpid());
    listen_at(name);
    cr_assert(notify_open(&notify));
    notify_stopping(&notify);
    cr_assert_str_eq(heard(), "STOPPING=1");
    unlink(name);
}
