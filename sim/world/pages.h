/* pages.h: memory of virtual servers and their disks, given back and taken again. Most of a megabyte-sized reserve is never touched; what was touched is
 * known to the kernel, and is cleared when the memory is taken again: that costs a tenth of new pages.
 *
 * One process plays one world at a time; nothing here is for threads. */
#ifndef WARD_SIM_WORLD_PAGES_H
#define WARD_SIM_WORLD_PAGES_H

#include <stddef.h>
#include <stdint.h>

/* pages_take gives memory that reads as zeros. Needs: size > 0. Owns: pages_give takes it back. */
uint8_t *pages_take(size_t size);
void pages_give(uint8_t *pages, size_t size);

#endif
