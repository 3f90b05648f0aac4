/* boot_kit.h: four members laid out with the operator's own tools, for tests of what a replica needs before its first step. */
#ifndef WARD_TESTS_NODE_BOOT_KIT_H
#define WARD_TESTS_NODE_BOOT_KIT_H

#include "node/boot.h"

#define BOOT_KIT_MEMBERS 4u

/* boot_kit_make lays out keys, genesis and one configuration per member below `directory`. The members are hospital-0 to hospital-3. */
void boot_kit_make(const char *directory);

/* boot_kit_config gives the path of a member's configuration. Owns: a static buffer. */
const char *boot_kit_config(uint32_t member);

/* boot_kit_write writes a member's configuration again, with `from` replaced by `to` everywhere. Needs: `from` occurs. */
void boot_kit_write(uint32_t member, const char *from, const char *to);

#endif
