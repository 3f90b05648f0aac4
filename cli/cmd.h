/* cmd.h: the functions behind the rows of the command table, one file cli/cmd_<name>.c per noun. Each gives an enum exit_code. */
#ifndef WARD_CLI_CMD_H
#define WARD_CLI_CMD_H

#include "cli/command.h"

int cmd_help(const struct args *args);
int cmd_version(const struct args *args);
int cmd_doctor(const struct args *args);
int cmd_key_init(const struct args *args);
int cmd_key_show(const struct args *args);
int cmd_key_enrol(const struct args *args);
int cmd_config_check(const struct args *args);
int cmd_config_show(const struct args *args);
int cmd_config_explain(const struct args *args);
int cmd_genesis_assemble(const struct args *args);
int cmd_genesis_show(const struct args *args);
int cmd_genesis_verify(const struct args *args);
int cmd_status(const struct args *args);
int cmd_submit(const struct args *args);
int cmd_import_fhir(const struct args *args);
int cmd_inspect_superblock(const struct args *args);
int cmd_inspect_damage(const struct args *args);
int cmd_inspect_log(const struct args *args);
int cmd_inspect_block(const struct args *args);
int cmd_inspect_state(const struct args *args);
int cmd_get(const struct args *args);
int cmd_audit(const struct args *args);
int cmd_verify(const struct args *args);
int cmd_demo(const struct args *args);

#endif
