/* store_view.h: a data directory opened to be looked at: nothing is locked, repaired or changed, so it may be a copy, or that of a replica that runs. */
#ifndef WARD_CLI_STORE_VIEW_H
#define WARD_CLI_STORE_VIEW_H

#include "cli/command.h"
#include "storage/datadir.h"
#include "storage/disk_dir.h"
#include "storage/inspect.h"

struct store_view {
    struct datadir dir;
    struct disk_dir disk;
    struct arena arena;
    struct inspect_superblock superblock;
    bool open;
};

/* store_view_open opens the directory and reads the superblock; with `whole` it refuses a store of whose superblock no two copies agree.
 * Gives: EXIT_FINE, or the exit code after output_fail. Owns: the caller calls store_view_close in either case. */
int store_view_open(const struct args *args, struct store_view *view, const char *path, bool whole);

/* store_view_log walks the log; as often as one likes. Gives: as store_view_open. */
int store_view_log(const struct args *args, struct store_view *view, const struct inspect_sink *sink);

/* store_view_fail says why a part of the store cannot be read; a format of a newer version gets words of its own. Gives: the exit code. */
int store_view_fail(const struct args *args, const char *path, const char *part, enum err err);

void store_view_close(struct store_view *view);

#endif
