/* client_priv.h: what the files of the client share. */
#ifndef WARD_CLI_CLIENT_PRIV_H
#define WARD_CLI_CLIENT_PRIV_H

#include "cli/client.h"

#include "net/dial.h"

struct client {
    struct client_config config;
    struct dial *dial; /* NULL: no connection */
    void *memory;      /* of the dial */
    uint32_t target;   /* the connected one, or the next to try */
    uint64_t id;       /* of the last call of client_call.c */
    struct client_welcome welcome;
    struct client_receipts receipts; /* the frame whose receipts are being given */
    struct reader items;
    uint32_t receipts_left;
    uint8_t body[16 + ENVELOPE_BYTES_MAX + PAYLOAD_BYTES_MAX];
};

/* client_left_ms gives the time until end_ns, at most UINT32_MAX; 0 when it is over. */
uint32_t client_left_ms(uint64_t end_ns);

#endif
