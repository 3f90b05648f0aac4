/* address.h: where a peer or a client socket is: "10.1.2.3:7400", "[2001:db8::1]:7400", "ward.clinic.example:7400" or "unix:/run/ward/ward.sock". */
#ifndef WARD_NET_ADDRESS_H
#define WARD_NET_ADDRESS_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define ADDRESS_TEXT_MAX 272 /* a name of 253 characters, brackets, colon, port and the final NUL */

enum address_kind {
    ADDRESS_NONE,    /* nowhere: never dialled, never listened on */
    ADDRESS_NUMERIC, /* IPv4 or IPv6; `socket` is complete */
    ADDRESS_NAME,    /* a host name: `socket` must be found by address_resolve, again at each reconnect */
    ADDRESS_UNIX     /* `socket` is complete */
};

struct address {
    enum address_kind kind;
    uint16_t port;                  /* 0 (listen only: the kernel chooses) .. 65535; 0 for unix */
    socklen_t size;                 /* of socket; 0 for a name */
    struct sockaddr_storage socket;
    char text[ADDRESS_TEXT_MAX];    /* as the operator wrote it */
};

/* address_parse reads the text. Fails: ERR_INVALID; *problem then is a constant sentence for the operator, such as "the port is missing". */
enum err address_parse(struct address *address, const char *text, const char **problem);

/* address_resolve asks the system's resolver for the first socket address of a name; the other kinds give their own.
 * Fails: ERR_NOT_FOUND. Cost: blocks for as long as the resolver does, and libc takes memory: never on the loop's thread. */
enum err address_resolve(const struct address *address, struct sockaddr_storage *socket, socklen_t *size);

/* address_host_equal compares hosts and ignores ports; an IPv4 address in an IPv6 one is the same host. IPv6 addresses of
 * one network of 64 bits are the same host: one subscriber has all of them. Two unix sockets are the same host. */
bool address_host_equal(const struct sockaddr_storage *a, const struct sockaddr_storage *b);

/* address_host_number gives a host as a number: equal for equal hosts, different for others. Up to 2^40 it is that of no network of IPv6 that is in use. */
uint64_t address_host_number(const struct sockaddr_storage *socket);

#endif
