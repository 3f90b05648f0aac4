/* build_id.c: see build_id.h. Reads the note of the running program that the linker wrote. */
#include "sim/build_id.h"

#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#define DIGITS 16u

static char text[DIGITS + 1] = "none";

/* read_notes looks through one segment of notes. Gives: true when the number is found. */
static int read_notes(const uint8_t *at, size_t size)
{
    while (size >= sizeof(ElfW(Nhdr))) {
        ElfW(Nhdr) head;
        memcpy(&head, at, sizeof head);
        size_t name = (head.n_namesz + 3u) & ~(size_t)3, whole = sizeof head + name + ((head.n_descsz + 3u) & ~(size_t)3);
        if (whole > size) {
            return 0;
        }
        if (head.n_type == NT_GNU_BUILD_ID && head.n_descsz >= DIGITS / 2) {
            for (size_t i = 0; i < DIGITS / 2; i++) {
                snprintf(text + 2 * i, 3, "%02x", at[sizeof head + name + i]);
            }
            return 1;
        }
        at += whole;
        size -= whole;
    }
    return 0;
}

static int look(struct dl_phdr_info *object, size_t bytes, void *context)
{
    (void)bytes, (void)context;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type == PT_NOTE && read_notes((const uint8_t *)object->dlpi_addr + part->p_vaddr, part->p_memsz)) {
            return 1;
        }
    }
    return 1; /* the program is the first object; libraries have numbers of their own */
}

const char *build_id(void)
{
    dl_iterate_phdr(look, NULL);
    return text;
}
