/* config_priv.h: what the reader of the YAML file and the option table share. */
#ifndef WARD_NODE_CONFIG_PRIV_H
#define WARD_NODE_CONFIG_PRIV_H

#include "node/config.h"

/* option_find gives a row, NULL when there is none. */
const struct node_option *option_find(const char *section, const char *name);

/* option_store checks the text against the row and puts the value in its place. Fails: ERR_INVALID, nothing changed. */
enum err option_store(struct node_config *config, const struct node_option *option, const char *text, struct config_problem *problem);

/* config_defaults clears the configuration and fills in what has a default. */
void config_defaults(struct node_config *config);

/* config_environment applies WARD_SECTION_NAME variables. */
enum err config_environment(struct node_config *config, struct config_problem *problem);

/* config_agree checks that everything is given and that values fit each other. */
enum err config_agree(const struct node_config *config, struct config_problem *problem);

#endif
