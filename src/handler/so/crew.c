/* SPDX-License-Identifier: MIT */
/*
 * Each member of the crew runs one compiler at a time and takes the next source
 * when it has ended. One poll waits for all of them, for the stop, and for the
 * times at which a compiler is slow or has taken too long.
 *
 * A file that a run leaves behind is published by weft_build_settle or removed
 * here; nothing stays under a temporary name, however the run ends.
 */
#include "handler/so/crew.h"
#include "base/mem.h"
#include "handler/so/clock.h"
#include "handler/so/compile.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Runs for a source that keeps changing while it is compiled. */
#define TRIES 5

/* Descriptors to wait for: the stop, and two for each compiler. */
#define FDS (1 + 2 * WEFT_CREW_SIZE)

/* The longest wait in one piece. */
#define MINUTE_MS 60000

struct member {
    struct weft_build *build; /* NULL: has nothing to do */
    struct weft_compile run;
    struct weft_build_files files;
    uint64_t begun_ms; /* by the monotonic clock */
    unsigned tries;
    bool is_slow; /* slow was called */
};

struct crew {
    const struct weft_crew_opts *opts;
    struct member members[WEFT_CREW_SIZE];
    struct weft_build *const *next; /* left of them wait */
    size_t left;
};

/* Makes the names for a run's files, and takes the file system's time. */
static int make_files(const struct weft_builder *b,
                      struct weft_build_files *files)
{
    int fd = weft_cache_temp(b->cache, files->object);
    struct stat st;
    int err;

    if (fd < 0)
        return fd;
    err = fstat(fd, &st) ? WEFT_ERR_SYSTEM : 0;
    close(fd);
    if (!err)
        files->started = st.st_ctim;
    /* "weft-tmp-abcdef.so" and "weft-tmp-abcdef.d" */
    snprintf(files->rule, sizeof(files->rule), "%.*s.d",
             (int)(strlen(files->object) - strlen(".so")), files->object);
    return err;
}

static void remove_files(const struct weft_builder *b,
                         const struct weft_build_files *files)
{
    weft_cache_remove(b->cache, files->object);
    weft_cache_remove(b->cache, files->rule);
}

/* Starts the compiler for the member's source. */
static int spawn(const struct weft_builder *b, struct member *m)
{
    const char *args[WEFT_COMPILER_ARGS];
    char *source = weft_build_path(b, m->build->name);
    char *object = weft_cache_path(b->cache, m->files.object);
    char *rule = weft_cache_path(b->cache, m->files.rule);
    int err = WEFT_ERR_NOMEM;

    if (source && object && rule) {
        struct weft_compiler_files files = {source, object, rule};

        weft_compiler_args(b->compiler, &files, args);
        err = weft_compile_start(&m->run, b->mem, args);
    }
    weft_strfree(b->mem, source);
    weft_strfree(b->cache->mem, object);
    weft_strfree(b->cache->mem, rule);
    return err;
}

static int begin(const struct crew *crew, struct member *m)
{
    const struct weft_builder *b = crew->opts->builder;
    int err = make_files(b, &m->files);

    if (err)
        return weft_build_fail(m->build, err, "no file can be made in %s",
                               b->cache->path);
    m->begun_ms = weft_clock_ms();
    m->is_slow = false;
    m->tries++;
    err = spawn(b, m);
    if (!err)
        return 0;
    return weft_build_fail(m->build, err, "%s cannot be run: %s",
                           b->compiler->command.word[0], weft_strerror(err));
}

/* Clears up after a run; the compiler, if it still runs, is ended first. */
static void tidy(const struct crew *crew, struct member *m)
{
    weft_compile_release(&m->run);
    remove_files(crew->opts->builder, &m->files);
}

/* Hands the member's source over to the caller. */
static void finish(const struct crew *crew, struct member *m)
{
    struct weft_crew_words words = {(const char *)m->run.text.data,
                                    m->run.text.len, m->run.is_cut};

    crew->opts->done(crew->opts->arg, m->build, &words);
    tidy(crew, m);
    *m = (struct member){0};
}

/* Gives the member sources until the compiler runs for one. */
static void employ(struct crew *crew, struct member *m)
{
    while (!m->build && crew->left > 0) {
        m->build = *crew->next++;
        crew->left--;
        if (begin(crew, m))
            finish(crew, m);
    }
}

/* The compiler of this member has ended. */
static void end(const struct crew *crew, struct member *m)
{
    const struct weft_builder *b = crew->opts->builder;
    char why[200];
    int err = 0;

    if (!weft_compile_succeeded(&m->run, why, sizeof(why)))
        weft_build_fail(m->build, WEFT_ERR_INVALID, "%s", why);
    else
        err = weft_build_settle(b, m->build, &m->files);
    if (err == WEFT_ERR_BUSY && m->tries < TRIES) {
        tidy(crew, m);
        if (!begin(crew, m))
            return;
    } else if (err == WEFT_ERR_BUSY) {
        weft_build_fail(m->build, err, "it changes while it is compiled");
    }
    finish(crew, m);
}

/* Looks after a member. */
static void attend(const struct crew *crew, struct member *m)
{
    const struct weft_crew_opts *opts = crew->opts;
    uint64_t age_ms = weft_clock_ms() - m->begun_ms;
    int ret;

    if (!m->build)
        return;
    ret = weft_compile_read(&m->run);
    if (ret > 0) {
        end(crew, m);
        return;
    }
    if (ret == 0 && age_ms < opts->limit_ms) {
        if (age_ms >= opts->slow_ms && !m->is_slow) {
            m->is_slow = true;
            opts->slow(opts->arg, m->build);
        }
        return;
    }
    if (ret < 0)
        weft_build_fail(m->build, ret, "%s", weft_strerror(ret));
    else
        weft_build_fail(m->build, WEFT_ERR_TIMEOUT,
                        "the compiler took more than %u s and was stopped",
                        (unsigned)(opts->limit_ms / 1000));
    finish(crew, m);
}

/* When something becomes due for a member that is at work. */
static uint64_t due_ms(const struct weft_crew_opts *opts,
                       const struct member *m)
{
    uint64_t age = opts->limit_ms;

    if (!m->is_slow && opts->slow_ms < age)
        age = opts->slow_ms;
    return m->begun_ms + age;
}

/* How long nothing can become due, for poll. */
static int patience_ms(const struct crew *crew)
{
    uint64_t now = weft_clock_ms(), least = now + MINUTE_MS;

    for (size_t i = 0; i < WEFT_CREW_SIZE; i++) {
        const struct member *m = &crew->members[i];

        if (m->build && due_ms(crew->opts, m) < least)
            least = due_ms(crew->opts, m);
    }
    return least > now ? (int)(least - now) : 0;
}

/* Waits until something is to be done. 1; 0 when nobody is at work; GONE. */
static int await(const struct crew *crew)
{
    struct pollfd fds[FDS] = {{.fd = crew->opts->stop, .events = POLLIN}};
    nfds_t n = 1;

    for (size_t i = 0; i < WEFT_CREW_SIZE; i++) {
        const struct member *m = &crew->members[i];

        if (!m->build)
            continue;
        fds[n++] = (struct pollfd){.fd = m->run.exited, .events = POLLIN};
        fds[n++] = (struct pollfd){.fd = m->run.output, .events = POLLIN};
    }
    if (n == 1)
        return 0;
    if (poll(fds, n, patience_ms(crew)) < 0 && errno != EINTR)
        return WEFT_ERR_SYSTEM;
    return fds[0].revents ? WEFT_ERR_GONE : 1;
}

/* Ends what still runs, after a stop. */
static void dismiss(struct crew *crew)
{
    for (size_t i = 0; i < WEFT_CREW_SIZE; i++) {
        struct member *m = &crew->members[i];

        if (m->build)
            tidy(crew, m);
    }
}

int weft_crew_run(const struct weft_crew_opts *opts,
                  struct weft_build *const builds[], size_t count)
{
    struct crew crew = {.opts = opts, .next = builds, .left = count};
    int ret;

    do {
        for (size_t i = 0; i < WEFT_CREW_SIZE; i++)
            employ(&crew, &crew.members[i]);
        ret = await(&crew);
        for (size_t i = 0; i < WEFT_CREW_SIZE && ret > 0; i++)
            attend(&crew, &crew.members[i]);
    } while (ret > 0);
    dismiss(&crew);
    return ret;
}
