/* SPDX-License-Identifier: MIT */
/*
 * What goes to the server's log about handler files. Every line names its
 * file: those of the compiler that begin with the path of the source do so
 * already.
 */
#include "handler/so/handlers.h"
#include <stdio.h>
#include <weft/server.h>

/* Lines of one file; a broken header can give thousands. */
#define LINES_MAX 100

static bool contains(const struct weft_crew_words *words, const char *part)
{
    return words->len > 0 &&
           memmem(words->text, words->len, part, strlen(part));
}

/* Whether the line begins with the path of the source, or of another file in
 * the folder. */
static bool names_file(const struct weft_handlers *h, const char *line,
                       size_t len)
{
    size_t dir_len = strlen(h->dir);

    return len > dir_len && strncmp(line, h->dir, dir_len) == 0 &&
           line[dir_len] == '/';
}

void weft_report_words(struct weft_handlers *h, enum weft_log_level level,
                       const char *name, const struct weft_crew_words *words)
{
    unsigned lines = 0;
    size_t at = 0, n;

    while (at < words->len && lines++ < LINES_MAX) {
        const char *line = words->text + at;
        const char *end = memchr(line, '\n', words->len - at);

        n = end ? (size_t)(end - line) : words->len - at;
        at += n + 1;
        if (names_file(h, line, n))
            weft_server_log(h->srv, level, "%.*s", (int)n, line);
        else if (n > 0)
            weft_server_log(h->srv, level, "%s: %.*s", name, (int)n, line);
    }
    if (at < words->len || words->is_cut)
        weft_server_log(h->srv, level, "%s: and more that is not shown", name);
}

void weft_report_hint(struct weft_handlers *h,
                      const struct weft_crew_words *words)
{
    if (contains(words, "weft/handler.h") && !h->compiler.include)
        weft_server_log(h->srv, WEFT_LOG_ERROR,
                        "weft/handler.h was not found: say where it is with "
                        "--include-dir or $WEFT_INCLUDE");
    else if (contains(words, "stdint.h: ") || contains(words, "crti.o"))
        weft_server_log(h->srv, WEFT_LOG_ERROR,
                        "the files of the C library for development seem to "
                        "be missing: apt-get install libc6-dev");
}

static void tell_compiler(struct weft_handlers *h)
{
    if (h->told_compiler)
        return;
    h->told_compiler = true;
    weft_server_log(h->srv, WEFT_LOG_ERROR,
                    "handlers cannot be compiled, for there is no program "
                    "%s: install one (apt-get install gcc libc6-dev), or name "
                    "another with --cc or $CC",
                    h->compiler.command.word[0]);
}

void weft_report_failure(struct weft_handlers *h,
                         const struct weft_roster_entry *entry, int err,
                         const char *why)
{
    if (err == WEFT_ERR_MISSING && entry->is_source)
        tell_compiler(h);
    weft_server_log(
        h->srv, WEFT_LOG_ERROR, "%s: %s; %s %s", entry->name, why, entry->path,
        entry->is_served ? "keeps the code it has" : "is not served");
}
