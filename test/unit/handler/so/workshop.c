/* SPDX-License-Identifier: MIT */
#include "workshop.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Counts its runs, then does what cc does. */
#define COUNTING "echo x >>\"$(dirname \"$0\")/runs\"\nexec cc \"$@\""

char workshop_dir[PATH_MAX], workshop_cache[PATH_MAX];
char workshop_compiler[PATH_MAX];
struct weft_handlers_opts workshop_opts;

int workshop_setup(void **state)
{
    if (tree_setup(state))
        return -1;
    fake_server_reset();
    tree_mkdir("h");
    snprintf(workshop_dir, PATH_MAX, "%s", tree_path("h"));
    snprintf(workshop_cache, PATH_MAX, "%s", tree_path("cache"));
    snprintf(workshop_compiler, PATH_MAX, "%s", tree_script("cc.sh", COUNTING));
    workshop_opts = (struct weft_handlers_opts){
        .size = sizeof(workshop_opts),
        .cache = workshop_cache,
        .compiler = workshop_compiler,
        .include = SOURCE_ROOT "/include",
        .cflags = "-O0 -g0",
    };
    return 0;
}

int workshop_teardown(void **state)
{
    fake_server_reset();
    return tree_teardown(state);
}

struct weft_handlers *workshop_open(void)
{
    struct weft_handlers *handlers;
    int err = weft_handlers_open(&handlers, fake_server(), workshop_dir,
                                 &workshop_opts);

    CHECK(err == 0, "%d", err);
    return handlers;
}

size_t workshop_runs(void)
{
    char *text = tree_has("runs") ? tree_read("runs") : NULL;
    size_t n = text ? strlen(text) / 2 : 0;

    free(text);
    return n;
}

const char *workshop_paths(const struct weft_handlers *handlers)
{
    static char text[512];
    const char *path;

    text[0] = '\0';
    for (size_t i = 0; (path = weft_handlers_path(handlers, i)); i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
                 i ? " " : "", path);
    return text;
}

void workshop_object(const char *name, const char *text)
{
    char line[4 * PATH_MAX];

    tree_write("object.c", text);
    snprintf(line, sizeof(line),
             "cc -shared -fPIC -I '" SOURCE_ROOT "/include' -o '%s' '%s'",
             tree_path("%s", name), tree_path("object.c"));
    CHECK(system(line) == 0, "%s", text);
}
