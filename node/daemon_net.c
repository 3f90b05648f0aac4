/* daemon_net.c: net's handlers in the daemon, and whom net shall know. */
#include "node/daemon_priv.h"

#include "base/assert.h"
#include "base/log.h"
#include "crypto/keys.h"
#include "node/endpoint.h"

#include <string.h>

static uint32_t on_hello(void *context, uint32_t member, struct frame_header *header, uint8_t body[NET_HELLO_BYTES_MAX])
{
    struct daemon *daemon = context;
    struct message message = { .type = MESSAGE_HELLO };
    struct writer writer;

    replica_tell(daemon->driver.replica, member, &message.hello);
    *header = (struct frame_header){ .type = MESSAGE_HELLO, .version = MEMBER_FRAME_VERSION };
    writer_init(&writer, body, NET_HELLO_BYTES_MAX);
    message_encode(&message, &writer);
    ASSERT(!writer.failed);
    return (uint32_t)writer.offset;
}

static void on_link_up(void *context, uint32_t member)
{
    static struct log_event event = LOG_EVENT(LOG_INFO, NULL, "net.link_up");
    struct daemon *daemon = context;

    log_write(&event, "member=%u", member);
    driver_link(&daemon->driver, member, true);
}

static void on_link_down(void *context, uint32_t member, enum net_reason reason)
{
    static struct log_event event = LOG_EVENT(LOG_WARN, "W-0301", "net.link_down");
    struct daemon *daemon = context;

    log_write(&event, "member=%u reason=%s", member, net_reason_name(reason));
    driver_link(&daemon->driver, member, false);
}

static void on_frame(void *context, uint32_t member, const struct frame *frame)
{
    struct daemon *daemon = context;

    if (frame->header.version != MEMBER_FRAME_VERSION || frame->header.flags != 0) {
        net_drop(daemon->net, member); /* A program of another time: what it says must not be guessed at. */
        return;
    }
    loop_note(daemon->loop, frame->header.type == MESSAGE_FORWARD ? LOOP_CAUSE_STRANGER : LOOP_CAUSE_MEMBER); /* what clients of others sent */
    driver_message(&daemon->driver, member, frame->header.type, frame->body);
}

static bool on_client_up(void *context, uint64_t client, const struct net_client_info *info)
{
    struct daemon *daemon = context;

    return sessions_client_up(&daemon->sessions, client, info->party);
}

static void on_client_down(void *context, uint64_t client, enum net_reason reason)
{
    struct daemon *daemon = context;

    (void)reason;
    sessions_client_down(&daemon->sessions, client);
}

static void on_client_frame(void *context, uint64_t client, const struct frame *frame)
{
    struct daemon *daemon = context;

    sessions_client_frame(&daemon->sessions, client, frame);
}

struct net_handlers daemon_handlers(struct daemon *daemon)
{
    return (struct net_handlers){
        .context = daemon,
        .hello = on_hello,
        .link_up = on_link_up,
        .link_down = on_link_down,
        .frame = on_frame,
        .client_up = on_client_up,
        .client_down = on_client_down,
        .client_frame = on_client_frame,
    };
}

static enum exit_code member_addresses(struct daemon *daemon)
{
    const struct boot *boot = &daemon->boot;

    for (uint32_t i = 0; i < boot->epoch.members_count; i++) {
        struct enrolment enrolment;
        const char *problem = NULL;
        const char *text = boot_address(boot, i, &enrolment);
        memcpy(daemon->members[i].key, boot->epoch.members[i].transport_key, 32);
        if (i != boot->self && endpoint_judge(&daemon->members[i].address, ENDPOINT_MEMBER, text, &problem) != ERR_OK) {
            return boot_fail(&daemon->boot, EXIT_CONFIGURATION, "the address \"%s\" of member \"%s\" cannot be used: %s", text, enrolment.name, problem);
        }
    }
    return EXIT_FINE;
}

static void limits_of(const struct boot *boot, struct net_config *config)
{
    config->member_frame_bytes_max = boot->epoch.limits.block_bytes_max + (FRAME_BYTES_MAX - BLOCK_BYTES_MAX);
    config->member_queue_bytes_max = (uint32_t)boot->config.limits.member_queue_kib << 10;
    config->clients_max = (uint32_t)boot->config.limits.clients_max;
    config->clients_per_key_max = (uint32_t)boot->config.limits.clients_per_key_max;
    config->client_frame_bytes_max = CLIENT_FRAME_BYTES_MAX;
    config->client_queue_bytes_max = (uint32_t)boot->config.limits.client_queue_kib << 10;
    config->remote_clients = boot->config.limits.remote_clients;
    config->half_open_max = (uint32_t)boot->config.limits.half_open_max;
    config->half_open_per_host_max = (uint32_t)boot->config.limits.half_open_per_host_max;
    config->handshakes_per_second = (uint32_t)boot->config.limits.handshakes_per_second;
    config->handshake_timeout_ms = (uint32_t)boot->config.limits.handshake_timeout_ms;
}

enum exit_code daemon_net_config(struct daemon *daemon, struct net_config *config)
{
    struct boot *boot = &daemon->boot;
    const char *problem = NULL;

    net_config_default(config);
    limits_of(boot, config);
    config->chain_id = boot->chain_id;
    config->key = &boot->keys->transport.pair.kx;
    config->own_index = boot->self;
    config->members_count = boot->epoch.members_count;
    config->members = daemon->members;
    random_fill(&config->seed, sizeof config->seed);
    if (endpoint_judge(&config->listen, ENDPOINT_LISTEN, boot->config.node.listen, &problem) != ERR_OK) {
        return boot_fail(boot, EXIT_CONFIGURATION, "node.listen \"%s\" cannot be used: %s", boot->config.node.listen, problem);
    }
    if (endpoint_judge(&config->listen_local, ENDPOINT_TOOLS, boot->config.node.client_socket, &problem) != ERR_OK) {
        return boot_fail(boot, EXIT_CONFIGURATION, "node.client_socket \"%s\" cannot be used: %s", boot->config.node.client_socket, problem);
    }
    return member_addresses(daemon);
}
