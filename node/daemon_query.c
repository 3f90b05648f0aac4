/* daemon_query.c: the ledger's questions as the daemon hears them. */
#include "node/daemon.h"

#include "base/clock.h"

uint16_t daemon_query(void *context, const struct session_question *question, uint8_t *out, size_t room, size_t *size)
{
    struct daemon *daemon = context;
    struct query_call call = { question->question, question->gated, clock_wall_ms() };

    queries_certified(&daemon->queries, replica_checkpoint(daemon->driver.replica));
    return queries_answer(&daemon->queries, &call, out, room, size);
}
