/* query.c: questions about the ledger, put by clients. */
#include "node/daemon.h"

uint16_t daemon_query(void *context, struct bytes question, uint8_t *out, size_t room, size_t *size)
{
    (void)context;
    (void)question;
    (void)out;
    (void)room;
    *size = 0;
    return REFUSAL_BUSY; /* This build answers none. */
}
