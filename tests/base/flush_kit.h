/* flush_kit.h: sees what the whole test program flushes with fsync. One watch in a process. */
#ifndef WARD_TESTS_BASE_FLUSH_KIT_H
#define WARD_TESTS_BASE_FLUSH_KIT_H

/* flush_watch counts from now on the flushes of this directory, and those of regular files while `name` is there; NULL: none. Needs: the directory is there. */
void flush_watch(const char *directory, const char *name);

/* flush_directories gives how often the directory was flushed; flush_named how often a regular file was while the name was there. */
unsigned flush_directories(void);
unsigned flush_named(void);

#endif
