/* SPDX-License-Identifier: MIT */
/*
 * The command is split at spaces, as make does with $CC, and no shell ever
 * sees it. The user's flags come last, so that they win.
 *
 * The id holds what makes an object another one besides the contents of the
 * files: version, command, flags, include folder and kind of machine, the last
 * because home folders are shared between machines.
 */
#include "handler/so/compiler.h"
#include "base/mem.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <weft/version.h>

static const char *const fixed[] = {"-shared", "-fPIC", "-O2", "-g", "-Wall"};
#define FIXED (sizeof(fixed) / sizeof(fixed[0]))

/* 0, NOMEM, or LIMIT for too many words. */
static int split(struct weft_words *words, const struct weft_mem *mem,
                 const char *text)
{
    char *at;

    words->size = strlen(text) + 1;
    words->text = weft_strdup(mem, text);
    if (!words->text)
        return WEFT_ERR_NOMEM;
    for (at = words->text + strspn(words->text, " \t"); *at;
         at += strspn(at, " \t")) {
        if (words->count == WEFT_COMPILER_WORDS)
            return WEFT_ERR_LIMIT;
        words->word[words->count++] = at;
        at += strcspn(at, " \t");
        if (*at)
            *at++ = '\0';
    }
    return 0;
}

static bool has_header(const char *include)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s/weft/handler.h", include);

    return n > 0 && (size_t)n < sizeof(path) && access(path, R_OK) == 0;
}

/* The include folder beside the program's own: prefix/include for prefix/bin,
 * and the source tree's for a program in a build folder. */
static bool beside_program(char path[PATH_MAX])
{
    char program[PATH_MAX], whole[PATH_MAX + 16];
    ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);
    char *slash;

    if (n < 0)
        return false;
    program[n] = '\0';
    slash = strrchr(program, '/');
    if (!slash)
        return false;
    *slash = '\0';
    snprintf(whole, sizeof(whole), "%s/../include", program);
    return realpath(whole, path) && has_header(path);
}

static int find_include(struct weft_compiler *cc, const char *include)
{
    const char *env = getenv("WEFT_INCLUDE");
    char path[PATH_MAX];

    if (!include && env && env[0])
        include = env;
    if (!include && beside_program(path))
        include = path;
    if (!include)
        return 0;
    cc->include = weft_strdup(cc->mem, include);
    return cc->include ? 0 : WEFT_ERR_NOMEM;
}

static void add_words(struct weft_digest *d, const struct weft_words *words)
{
    weft_digest_add(d, &words->count, sizeof(words->count));
    for (size_t i = 0; i < words->count; i++)
        weft_digest_add_text(d, words->word[i]);
}

static void make_id(struct weft_compiler *cc)
{
    struct utsname machine;

    weft_digest_init(&cc->id);
    weft_digest_add_text(&cc->id, WEFT_VERSION);
    weft_digest_add_text(&cc->id,
                         uname(&machine) == 0 ? machine.machine : "unknown");
    add_words(&cc->id, &cc->command);
    for (size_t i = 0; i < FIXED; i++)
        weft_digest_add_text(&cc->id, fixed[i]);
    weft_digest_add_text(&cc->id, cc->include ? cc->include : "");
    add_words(&cc->id, &cc->flags);
}

static bool is_blank(const char *text)
{
    return !text || !text[strspn(text, " \t")];
}

int weft_compiler_init(struct weft_compiler *cc, const struct weft_mem *mem,
                       const struct weft_compiler_opts *opts)
{
    const char *command = opts->command;
    int err;

    *cc = (struct weft_compiler){.mem = mem};
    if (is_blank(command))
        command = getenv("CC");
    if (is_blank(command))
        command = "cc";
    err = split(&cc->command, mem, command);
    if (!err)
        err = split(&cc->flags, mem, opts->flags ? opts->flags : "");
    if (!err)
        err = find_include(cc, opts->include);
    if (err)
        weft_compiler_release(cc);
    else
        make_id(cc);
    return err;
}

void weft_compiler_release(struct weft_compiler *cc)
{
    if (!cc->mem)
        return;
    weft_free(cc->mem, cc->command.text, cc->command.size);
    weft_free(cc->mem, cc->flags.text, cc->flags.size);
    weft_strfree(cc->mem, cc->include);
    *cc = (struct weft_compiler){0};
}

void weft_compiler_args(const struct weft_compiler *cc,
                        const struct weft_compiler_files *files,
                        const char *args[WEFT_COMPILER_ARGS])
{
    size_t n = 0;

    for (size_t i = 0; i < cc->command.count; i++)
        args[n++] = cc->command.word[i];
    for (size_t i = 0; i < FIXED; i++)
        args[n++] = fixed[i];
    if (cc->include) {
        args[n++] = "-I";
        args[n++] = cc->include;
    }
    args[n++] = "-MD"; /* system headers too: an upgrade must be noticed */
    args[n++] = "-MT";
    args[n++] = "object";
    args[n++] = "-MF";
    args[n++] = files->rule;
    args[n++] = "-o";
    args[n++] = files->object;
    args[n++] = files->source;
    /* Behind the source: libraries must follow what needs them. */
    for (size_t i = 0; i < cc->flags.count; i++)
        args[n++] = cc->flags.word[i];
    args[n] = NULL;
}
