/* endpoint.h: is this text a place where a replica can listen, be dialled, or serve its local tools?
 *
 * The one judge of it: asked before an endpoint is signed into an enrolment, before it is sealed in a genesis, when a configuration is checked, and when
 * a replica starts. What one of them takes, none of the others refuses. No name is resolved. */
#ifndef WARD_NODE_ENDPOINT_H
#define WARD_NODE_ENDPOINT_H

#include "net/address.h"
#include "node/config.h"
#include "wire/genesis.h"

enum endpoint_use {
    ENDPOINT_LISTEN, /* host:port of node.listen; with port 0 the kernel chooses */
    ENDPOINT_MEMBER, /* host:port that others dial: of an enrolment or of peers; port 1 .. 65535 */
    ENDPOINT_TOOLS   /* path of a UNIX socket, from the root */
};

/* endpoint_judge reads the text. Gives: *address. Fails: ERR_INVALID, *problem is then a constant sentence for the operator; *address is undefined. */
enum err endpoint_judge(struct address *address, enum endpoint_use use, const char *text, const char **problem);

/* endpoint_of gives where a member is: what the configuration's peers say, else its enrolment. Gives: the enrolment too. Owns: config or *enrolment. */
const char *endpoint_of(const struct node_config *config, const struct genesis *genesis, uint32_t organisation, struct enrolment *enrolment);

#endif
