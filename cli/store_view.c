/* store_view.c: see store_view.h. */
#include "cli/store_view.h"

#include "cli/output.h"

#include <stdlib.h>
#include <string.h>

static enum exit_code exit_of(enum err err)
{
    bool named_wrong = err == ERR_NOT_FOUND || err == ERR_INVALID;

    if (err == ERR_CONFLICT) { /* as a start ends */
        return EXIT_REFUSED;
    }
    return err == ERR_PERMISSION ? EXIT_PERMISSION : named_wrong ? EXIT_CONFIGURATION : err == ERR_VERSION || err == ERR_FORMAT ? EXIT_INTEGRITY : EXIT_RESOURCE;
}

static bool take_memory(struct store_view *view)
{
    size_t bytes = inspect_footprint() + 260 * (size_t)DISK_BLOCK; /* and the disk's zeros, which a reader does not need but takes */
    void *memory = aligned_alloc(ARENA_ALIGN, bytes + ARENA_ALIGN - bytes % ARENA_ALIGN);

    if (memory != NULL) {
        memset(memory, 0, bytes);
        arena_init(&view->arena, memory, bytes);
    }
    return memory != NULL;
}

int store_view_fail(const struct args *args, const char *path, const char *part, enum err err)
{
    if (err == ERR_VERSION) {
        return output_fail(args, EXIT_INTEGRITY, "%s: %s was written by a newer version of Ward than this one, which reads format %u: use that version; nothing was changed", path, part,
                           FORMAT_VERSION);
    }
    return output_fail(args, exit_of(err), "%s: %s cannot be read: %s", path, part, err_name(err));
}

int store_view_open(const struct args *args, struct store_view *view, const char *path, bool whole)
{
    *view = (struct store_view){ 0 };
    if (!take_memory(view)) {
        return output_fail(args, EXIT_RESOURCE, "no memory to look at a store");
    }
    enum err err = datadir_open_read(&view->dir, path);
    if (err != ERR_OK) {
        return output_fail(args, exit_of(err), "%s: %s", path, view->dir.reason);
    }
    view->open = true;
    err = disk_dir_init(&view->disk, &view->arena, &view->dir, SEGMENT_BYTES_DEFAULT, 0);
    if (err == ERR_OK) {
        err = inspect_superblock(&view->disk.disk, &view->arena, &view->superblock);
    }
    if (err != ERR_OK) {
        return store_view_fail(args, path, "the superblock", err);
    }
    if (whole && view->superblock.chosen_err == ERR_VERSION) {
        return store_view_fail(args, path, "the superblock", ERR_VERSION);
    }
    if (whole && view->superblock.chosen_err != ERR_OK) {
        return output_fail(args, EXIT_INTEGRITY, "%s: no two copies of the superblock agree: `ward inspect superblock` shows each", path);
    }
    view->disk.segment_bytes = view->superblock.chosen_err == ERR_OK ? view->superblock.chosen.segment_bytes : SEGMENT_BYTES_DEFAULT;
    return EXIT_FINE;
}

int store_view_log(const struct args *args, struct store_view *view, const struct inspect_sink *sink)
{
    size_t used = view->arena.used;
    enum err err = inspect_log(&view->disk.disk, &view->arena, &view->superblock.chosen, sink);

    view->arena.used = used; /* The next walk takes the same memory. */
    return err == ERR_OK ? (int)EXIT_FINE : store_view_fail(args, "this directory", "the log", err);
}

void store_view_close(struct store_view *view)
{
    if (view->open) {
        disk_dir_close(&view->disk);
        datadir_close(&view->dir);
    }
    free(view->arena.data);
    *view = (struct store_view){ 0 };
}
