/* build_id.h: which build this is: the number that the linker gave the program. */
#ifndef WARD_SIM_BUILD_ID_H
#define WARD_SIM_BUILD_ID_H

/* build_id gives the first 16 hexadecimal digits of it, "none" when the linker gave none. Owns: a constant of the process. */
const char *build_id(void);

#endif
