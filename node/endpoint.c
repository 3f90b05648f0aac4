/* endpoint.c: see endpoint.h. net/address.h reads any address; what each use excludes is added here. */
#include "node/endpoint.h"

#include "base/assert.h"

#include <stdio.h>
#include <string.h>

static enum err judge_path(struct address *address, const char *path, const char **problem)
{
    char text[ADDRESS_TEXT_MAX];

    if ((size_t)snprintf(text, sizeof text, "unix:%s", path) >= sizeof text) {
        *problem = "the path of a unix socket is longer than 107 characters";
        return ERR_INVALID;
    }
    return address_parse(address, text, problem);
}

enum err endpoint_judge(struct address *address, enum endpoint_use use, const char *text, const char **problem)
{
    ASSERT(text != NULL);
    if (use == ENDPOINT_TOOLS) {
        return judge_path(address, text, problem);
    }
    enum err err = address_parse(address, text, problem);
    if (err != ERR_OK) {
        return err;
    }
    ASSERT(address->kind != ADDRESS_NONE);
    if (address->kind == ADDRESS_UNIX) {
        *problem = "members reach each other over TCP: write host:port";
        return ERR_INVALID;
    }
    if (use == ENDPOINT_MEMBER && address->port == 0) {
        *problem = "nobody can be reached at port 0";
        return ERR_INVALID;
    }
    return ERR_OK;
}

const char *endpoint_of(const struct node_config *config, const struct genesis *genesis, uint32_t organisation, struct enrolment *enrolment)
{
    ASSERT(organisation >= 1);
    ASSERT(organisation <= genesis->enrolments_count);
    genesis_enrolment(genesis, organisation, enrolment);
    for (uint32_t i = 0; i < config->peers_count; i++) {
        if (strcmp(config->peers[i].member, enrolment->name) == 0) {
            return config->peers[i].address;
        }
    }
    return enrolment->endpoint;
}
