/* address.c: see address.h. Numeric forms are read here, so that no resolver is asked about them. */
#include "net/address.h"

#include "base/assert.h"
#include "base/thread.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#define HOST_MAX 253 /* RFC 1035, section 2.3.4, without the final dot */

static enum err wrong(const char **problem, const char *text)
{
    *problem = text;
    return ERR_INVALID;
}

static enum err parse_unix(struct address *address, const char *path, const char **problem)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&address->socket;
    size_t length = strlen(path);

    if (path[0] != '/') {
        return wrong(problem, "the path of a unix socket must begin with /");
    }
    if (length >= sizeof un->sun_path) {
        return wrong(problem, "the path of a unix socket is longer than 107 characters");
    }
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path, length + 1);
    address->kind = ADDRESS_UNIX;
    address->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
    return ERR_OK;
}

/* parse_port reads 1 to 5 digits that end the text. Gives: -1 when they are not a port. */
static int parse_port(const char *text)
{
    int port = 0;
    size_t digits = strlen(text);

    if (digits == 0 || digits > 5) {
        return -1;
    }
    for (size_t i = 0; i < digits; i++) {
        if (!isdigit((unsigned char)text[i])) {
            return -1;
        }
        port = port * 10 + (text[i] - '0');
    }
    return port <= 65535 ? port : -1;
}

static bool is_host_name(const char *host)
{
    size_t length = strlen(host);

    if (length == 0 || host[0] == '-' || host[0] == '.') {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (!isalnum((unsigned char)host[i]) && host[i] != '-' && host[i] != '.' && host[i] != '_') {
            return false;
        }
    }
    return true;
}

static bool is_v4_shaped(const char *host) { return strspn(host, "0123456789.") == strlen(host); }

static enum err parse_v6(struct address *address, const char *host, const char **problem)
{
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address->socket;

    if (inet_pton(AF_INET6, host, &in6->sin6_addr) != 1) {
        return wrong(problem, "what stands between [ and ] is not an IPv6 address");
    }
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(address->port);
    address->kind = ADDRESS_NUMERIC;
    address->size = sizeof *in6;
    return ERR_OK;
}

static enum err parse_host(struct address *address, const char *host, const char **problem)
{
    struct sockaddr_in *in = (struct sockaddr_in *)&address->socket;

    if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
        in->sin_port = htons(address->port);
        address->kind = ADDRESS_NUMERIC;
        address->size = sizeof *in;
        return ERR_OK;
    }
    if (strchr(host, ':') != NULL) {
        return wrong(problem, "an IPv6 address must stand between [ and ]");
    }
    if (is_v4_shaped(host) || !is_host_name(host)) {
        return wrong(problem, "the host is neither an IP address nor a host name");
    }
    address->kind = ADDRESS_NAME;
    return ERR_OK;
}

enum err address_parse(struct address *address, const char *text, const char **problem)
{
    char host[HOST_MAX + 1];
    const char *colon = strrchr(text, ':');

    memset(address, 0, sizeof *address);
    if (strlen(text) >= sizeof address->text) {
        return wrong(problem, "the address is too long");
    }
    memcpy(address->text, text, strlen(text) + 1);
    if (strncmp(text, "unix:", 5) == 0) {
        return parse_unix(address, text + 5, problem);
    }
    if (colon == NULL) {
        return wrong(problem, "the port is missing: write host:port or unix:/path");
    }
    int port = parse_port(colon + 1);
    if (port < 0) {
        return wrong(problem, "the port must be a number from 0 to 65535");
    }
    address->port = (uint16_t)port;
    size_t length = (size_t)(colon - text);
    bool bracketed = length >= 2 && text[0] == '[' && text[length - 1] == ']';
    const char *begin = bracketed ? text + 1 : text;
    length -= bracketed ? 2 : 0;
    if (length == 0 || length > HOST_MAX) {
        return wrong(problem, "the host is missing or longer than 253 characters");
    }
    memcpy(host, begin, length);
    host[length] = '\0';
    return bracketed ? parse_v6(address, host, problem) : parse_host(address, host, problem);
}

enum err address_resolve(const struct address *address, struct sockaddr_storage *socket, socklen_t *size)
{
    char host[HOST_MAX + 1];
    struct addrinfo *found = NULL, hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };

    if (address->kind == ADDRESS_NONE) {
        return ERR_NOT_FOUND;
    }
    if (address->kind != ADDRESS_NAME) {
        *socket = address->socket;
        *size = address->size;
        return ERR_OK;
    }
    const char *colon = strrchr(address->text, ':');
    ASSERT(colon != NULL);
    size_t length = (size_t)(colon - address->text);
    ASSERT(length <= HOST_MAX);
    memcpy(host, address->text, length);
    host[length] = '\0';
    memset(socket, 0, sizeof *socket);
    thread_heap_pause();
    bool known = getaddrinfo(host, colon + 1, &hints, &found) == 0 && found != NULL;
    if (known) {
        memcpy(socket, found->ai_addr, found->ai_addrlen);
        *size = found->ai_addrlen;
        freeaddrinfo(found);
    }
    thread_heap_resume();
    return known ? ERR_OK : ERR_NOT_FOUND;
}

/* host_of gives the host as the 16 bytes of an IPv6 address, IPv4 in its mapped form, zeros for anything else. Of an IPv6 address the network alone: its last 64
 * bits are whatever its owner likes. */
static void host_of(const struct sockaddr_storage *socket, uint8_t host[16])
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

    memset(host, 0, 16);
    if (socket->ss_family == AF_INET) {
        host[10] = host[11] = 0xff;
        memcpy(host + 12, &((const struct sockaddr_in *)socket)->sin_addr, 4);
    } else if (socket->ss_family == AF_INET6) {
        memcpy(host, &((const struct sockaddr_in6 *)socket)->sin6_addr, 16);
        if (memcmp(host, mapped, sizeof mapped) != 0) {
            memset(host + 8, 0, 8);
        }
    }
}

bool address_host_equal(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    uint8_t host_a[16], host_b[16];

    host_of(a, host_a);
    host_of(b, host_b);
    return (a->ss_family == AF_UNIX) == (b->ss_family == AF_UNIX) && memcmp(host_a, host_b, sizeof host_a) == 0;
}

uint64_t address_host_number(const struct sockaddr_storage *socket)
{
    uint8_t host[16];
    uint64_t high = 0, low = 0;

    if (socket->ss_family == AF_UNIX) {
        return UINT64_C(1) << 40;
    }
    host_of(socket, host);
    for (unsigned i = 0; i < 8; i++) {
        high = high << 8 | host[i];
        low = low << 8 | host[8 + i];
    }
    ASSERT(high == 0 || low == 0); /* a network of IPv6, or a mapped address of IPv4 */
    return high != 0 ? high : low & 0xffffffffffu;
}
