/* net_client.c: clients: local tools on the UNIX socket, and remote ones with a key of their own.
 *
 * An id is the slot and, above it, how many clients there were before: an id that is not the slot's present one is nobody's. */
#include "net/net_priv.h"

#include "base/assert.h"
#include "base/clock.h"

#include <string.h>

static struct net_client *find(struct net *net, uint64_t id)
{
    uint64_t slot = id % NET_CLIENT_SLOTS;

    return id != 0 && slot < net->config.clients_max && net->clients[slot].id == id ? &net->clients[slot] : NULL;
}

uint32_t client_key_count(const struct net *net, const uint8_t key[32])
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < net->clients_high; i++) {
        const struct net_client *client = &net->clients[i];
        count += client->id != 0 && !client->info.local && memcmp(client->info.key, key, 32) == 0;
    }
    return count;
}

/* is_room_for_remote: an eighth of the places, at least one, is for local tools: whoever looks after a replica that is beset must get in. */
static bool is_room_for_remote(const struct net *net)
{
    uint32_t remote = 0, kept = net->config.clients_max / 8;

    for (uint32_t i = 0; i < net->clients_high; i++) {
        remote += net->clients[i].id != 0 && !net->clients[i].info.local;
    }
    kept = net->config.listen_local.kind == ADDRESS_NONE ? 0 : kept == 0 ? 1 : kept;
    return remote + kept < net->config.clients_max;
}

/* count_party gives the remote clients of a party. */
static uint32_t count_party(const struct net *net, uint64_t party)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < net->clients_high; i++) {
        count += net->clients[i].id != 0 && !net->clients[i].info.local && net->clients[i].info.party == party;
    }
    return count;
}

/* recount tells all remote clients of a party how many they are. */
static void recount(struct net *net, uint64_t party)
{
    uint32_t count = count_party(net, party);

    for (uint32_t i = 0; i < net->clients_high; i++) {
        struct net_client *client = &net->clients[i];
        client->same = client->id != 0 && !client->info.local && client->info.party == party ? count : client->same;
    }
}

/* find_idlest gives whose place a newcomer may have: of the parties with most connections, the client that has been silent longest. Gives: NULL when that party has
 * no more than the newcomer's would, unless it has been silent for NET_IDLE_NS. Whoever holds all places so holds them from itself alone. Cost: one pass, for
 * strangers have it done as often as they like. */
static struct net_client *find_idlest(struct net *net, uint64_t newcomer, uint64_t now_ns)
{
    struct net_client *idlest = NULL;
    uint32_t most = 0, own = count_party(net, newcomer) + 1;

    for (uint32_t i = 0; i < net->clients_high; i++) {
        struct net_client *client = &net->clients[i];
        uint32_t count = client->id == 0 || client->info.local || client->peer.conn == NULL ? 0 : client->same;
        if (count > most || (count == most && count > 0 && client->active_ns < idlest->active_ns)) {
            idlest = client;
            most = count;
        }
    }
    bool idle = idlest != NULL && now_ns - idlest->active_ns >= NET_IDLE_NS;
    return most > own || idle ? idlest : NULL;
}

/* make_room closes a remote client for another, if one may go. */
static void make_room(struct net *net, uint64_t newcomer)
{
    struct net_client *client = find_idlest(net, newcomer, clock_mono_ns());

    if (client != NULL) {
        net->counters.clients_idled++;
        conn_fail(client->peer.conn, NET_IDLE);
    }
}

static struct net_client *take_slot(struct net *net, const struct net_client_info *info)
{
    for (uint32_t i = 0; i < net->config.clients_max; i++) {
        struct net_client *client = &net->clients[i];
        if (client->id == 0) {
            client->id = ++net->client_serial * NET_CLIENT_SLOTS + i;
            client->info = *info;
            client->leaving = false;
            client->active_ns = clock_mono_ns();
            net->clients_high = i + 1 > net->clients_high ? i + 1 : net->clients_high;
            return client;
        }
    }
    return NULL;
}

bool client_begin(struct net_conn *conn, const struct net_client_info *info)
{
    struct net *net = conn->net;

    if (!info->local && client_key_count(net, info->key) < net->config.clients_per_key_max && !is_room_for_remote(net)) {
        make_room(net, info->party);
    }
    bool too_many = !info->local && (client_key_count(net, info->key) >= net->config.clients_per_key_max || !is_room_for_remote(net));
    struct net_client *client = too_many ? NULL : take_slot(net, info);

    if (client == NULL || !conn_attach(conn, net->client_bodies, net->client_bodies_count)) {
        if (client != NULL) {
            client->id = 0;
        }
        net->counters.strangers_refused++;
        conn_close(conn);
        return false;
    }
    conn_deadline(conn, 0);
    conn->state = CONN_UP;
    conn->peer = &client->peer;
    client->peer.conn = conn;
    recount(net, info->party);
    ASSERT(client->peer.queue.bytes == 0);
    if (net->handlers.client_up(net->handlers.context, client->id, info)) {
        return true;
    }
    client->peer.conn = NULL;
    client->id = 0;
    recount(net, info->party);
    conn_close(conn);
    return false;
}

void client_gone(struct net *net, uint32_t slot, enum net_reason reason)
{
    struct net_client *client = &net->clients[slot];
    uint64_t id = client->id;

    ASSERT(client->peer.conn == NULL);
    client->id = 0;
    recount(net, client->info.party);
    while (net->clients_high > 0 && net->clients[net->clients_high - 1].id == 0) {
        net->clients_high--;
    }
    net->handlers.client_down(net->handlers.context, id, reason);
}

enum err net_client_send(struct net *net, uint64_t id, const struct net_message *message)
{
    struct net_client *client = find(net, id);

    ASSERT(message->head.size <= NET_HEAD_BYTES_MAX);
    if (client == NULL || client->peer.conn == NULL || client->peer.doomed || client->leaving) {
        return ERR_CLOSED;
    }
    enum err err = send_queue_add(&client->peer.queue, message);
    client->active_ns = err == ERR_OK ? clock_mono_ns() : client->active_ns;
    net->counters.frames_out += err == ERR_OK;
    net->counters.sends_dropped += err != ERR_OK;
    return err;
}

size_t net_client_queued_bytes(const struct net *net, uint64_t id)
{
    uint64_t slot = id % NET_CLIENT_SLOTS;
    bool there = id != 0 && slot < net->config.clients_max && net->clients[slot].id == id;

    return there ? net->clients[slot].peer.queue.bytes : 0;
}

void net_client_close(struct net *net, uint64_t id)
{
    struct net_client *client = find(net, id);

    if (client == NULL || client->peer.conn == NULL || client->leaving) {
        return;
    }
    client->leaving = true;
    client->peer.paused = true;
    net->pending = true;
    conn_sync(client->peer.conn);
    conn_deadline(client->peer.conn, clock_mono_ns() + net->config.handshake_timeout_ms * UINT64_C(1000000));
}
