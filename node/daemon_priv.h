/* daemon_priv.h: what the files of the daemon share. */
#ifndef WARD_NODE_DAEMON_PRIV_H
#define WARD_NODE_DAEMON_PRIV_H

#include "node/daemon.h"

#define MEMBER_FRAME_VERSION 1u /* of frames between members */

/* daemon_ports gives the driver's world (node/daemon_ports.c). */
struct driver_ports daemon_ports(struct daemon *daemon);

/* daemon_handlers gives net's handlers (node/daemon_net.c). */
struct net_handlers daemon_handlers(struct daemon *daemon);

/* daemon_net_config describes who we are and whom we know. Fails: an exit code with boot.problem: an address that is none. */
enum exit_code daemon_net_config(struct daemon *daemon, struct net_config *config);

/* daemon_service_begin: the daemon serves: it enters the sandbox and tells the service manager. daemon_service_turn keeps the watchdog informed (node/daemon_service.c). */
void daemon_service_begin(struct daemon *daemon);
void daemon_service_turn(struct daemon *daemon);

/* daemon_collect hands finished signature checks to the driver. */
void daemon_collect(struct daemon *daemon);

#endif
