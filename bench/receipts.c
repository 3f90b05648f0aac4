/* receipts.c: see receipts.h. */
#include "bench/receipts.h"

#include "base/assert.h"
#include "cli/client.h"
#include "ledger/query_check.h"

#include <stdio.h>
#include <stdlib.h>

enum { OPEN_MS = 5000, ASK_MS = 5000 };

struct look {
    struct client *client;
    struct arena arena;
    struct query_check *check;
    struct receipts_found *found;
};

static enum err take_check(struct look *look)
{
    arena_init_measure(&look->arena);
    (void)query_check_take(&look->arena);
    size_t size = look->arena.used;
    void *memory = aligned_alloc(ARENA_ALIGN, size);
    if (memory == NULL) {
        return ERR_NO_MEMORY;
    }
    arena_init(&look->arena, memory, size);
    look->check = query_check_take(&look->arena);
    return ERR_OK;
}

static enum err open_client(struct look *look, const struct cluster *cluster, uint32_t member)
{
    static struct client_config config; /* 50 KB: not on the stack */
    char path[CLUSTER_PATH_BYTES + 64], address[CLUSTER_PATH_BYTES + 80];
    const char *problem;

    cluster_socket(cluster, member, path);
    snprintf(address, sizeof address, "unix:%s", path);
    config = (struct client_config){ .targets_count = 1, .genesis = cluster->genesis.hash };
    enum err err = address_parse(&config.targets[0].address, address, &problem);
    return err == ERR_OK ? client_open(&look->client, &config, OPEN_MS) : err;
}

/* ask_one asks for one receipt. Gives: *there, and *receipt if it is. */
static enum err ask_one(struct look *look, const struct hash32 *id, bool *there, struct receipt *receipt)
{
    static uint8_t question[QUERY_BYTES_MAX];
    static struct query_facts facts;
    struct query query = { .kind = QUERY_RECEIPT, .id = *id };
    struct client_event answer;
    struct writer writer;

    writer_init(&writer, question, sizeof question);
    query_encode(&query, &writer);
    struct client_call call = { .type = CLIENT_QUERY, .question = bytes_of(question, writer.offset) };
    enum err err = client_ask(look->client, &call, &answer, ASK_MS);
    if (err != ERR_OK) {
        return err;
    }
    *there = answer.type == CLIENT_ANSWER && answer.code == 0;
    if (*there && query_check(look->check, &query, answer.answer, &facts) != VERDICT_OK) {
        look->found->wrong++;
        *there = false;
    }
    if (*there) {
        *receipt = facts.receipt;
    }
    return ERR_OK;
}

/* judge compares what was acknowledged with what is there. */
static void judge(struct look *look, struct load *load, uint64_t number, bool there, const struct receipt *receipt)
{
    const struct tally_entry *entry = &load->tally.entries[number];

    if (entry->state == TALLY_LOST) {
        tally_found(&load->tally, number, there, there ? (uint16_t)receipt->code : 0);
    } else if (!there) {
        look->found->missing++;
    } else if (receipt->height != entry->height || receipt->index != entry->index || (uint16_t)receipt->code != entry->code) {
        look->found->different++;
    } else {
        look->found->found++;
    }
}

static enum err look_all(struct look *look, struct load *load, uint64_t every)
{
    enum err err = ERR_OK;

    for (uint64_t i = 0; i < load->tally.high && err == ERR_OK; i++) {
        uint8_t state = load->tally.entries[i].state;
        struct receipt receipt = { .height = 0 };
        bool there = false;
        if (state != TALLY_LOST && (state != TALLY_DONE || i % every != 0)) {
            continue;
        }
        err = ask_one(look, &load->config.stock->ids[i], &there, &receipt);
        if (err == ERR_OK) {
            judge(look, load, i, there, &receipt);
        }
    }
    return err;
}

enum err receipts_look(const struct cluster *cluster, uint32_t member, struct load *load, uint64_t every, struct receipts_found *found)
{
    struct look look = { .found = found };

    ASSERT(every > 0);
    *found = (struct receipts_found){ 0 };
    enum err err = take_check(&look);
    if (err == ERR_OK) {
        err = open_client(&look, cluster, member);
    }
    if (err == ERR_OK) {
        err = look_all(&look, load, every);
        client_close(look.client);
    }
    free(look.arena.data);
    return err;
}
