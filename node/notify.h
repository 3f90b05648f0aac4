/* notify.h: what a service manager is told, by the protocol of sd_notify: one datagram of "NAME=value" lines to the socket of NOTIFY_SOCKET.
 *
 *     ready --> [work begins: watchdog armed, said again while work lasts --> work is done: watchdog disarmed] ... --> stopping
 *
 * The watchdog is armed only while work is outstanding: an idle replica sleeps and says nothing, and one that hangs in the middle of work is
 * restarted. Without NOTIFY_SOCKET nothing happens at all. */
#ifndef WARD_NODE_NOTIFY_H
#define WARD_NODE_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct notify {
    int fd; /* -1: nobody wants to be told */
    struct sockaddr_un to;
    socklen_t to_size;
    uint64_t watchdog_us; /* of WATCHDOG_USEC; 0: none is wanted */
    bool armed;
    uint64_t said_ns;     /* when the watchdog was last told that all is well */
    uint64_t sent;        /* datagrams */
};

/* notify_open reads the environment (NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID) and opens a socket. Gives: true when somebody wants to be told. */
bool notify_open(struct notify *notify);

/* notify_ready: the replica serves. The watchdog is disarmed until there is work. notify_stopping: it ends in order. `status` is one sentence. */
void notify_ready(struct notify *notify, const char *status);
void notify_stopping(struct notify *notify);

/* notify_work says whether work is outstanding; called in every turn. Cost: a comparison, and one datagram when that changes or a third of the watchdog's
 * time is over. */
void notify_work(struct notify *notify, bool outstanding, uint64_t now_ns);

/* notify_deadline_ns gives when notify_work is wanted next; UINT64_MAX while the watchdog is disarmed. */
uint64_t notify_deadline_ns(const struct notify *notify);

void notify_close(struct notify *notify);

#endif
