/* SPDX-License-Identifier: MIT */
/*
 * Which rights the options of a server leave it. What they name stays in reach:
 * handlers and pages to be read, compiled handlers and logs to be written,
 * sockets to be removed. Whoever adds an option that names a file which is
 * opened later adds it to allow_named.
 *
 * The folder for compiled handlers must be known and made by now, for inside
 * nothing can be made outside it. Compilers have their temporary files there
 * too, as has whatever else goes by $TMPDIR.
 */
#include "cli/confine.h"

#include "cli/complain.h"
#include "cli/sandbox.h"
#include "cli/sandbox_paths.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- The user ------------------------------------------------------------ */

/* A log is opened again, as this user, when it was moved away. */
static void check_log(struct weft_server *server, const char *option,
                      const char *path)
{
    if (path && strcmp(path, "-") != 0 && access(path, W_OK) != 0)
        weft_server_log(server, WEFT_LOG_WARN,
                        "%s: the user may not open %s again, so it must not be "
                        "moved away: %s",
                        option, path, strerror(errno));
}

/* So are certificates and keys. */
static void check_readable(struct weft_server *server, const char *option,
                           const char *path)
{
    if (path && access(path, R_OK) != 0)
        weft_server_log(server, WEFT_LOG_WARN,
                        "%s: the user may not read %s again, so SIGHUP will "
                        "not renew it: %s",
                        option, path, strerror(errno));
}

static void check_tls(struct weft_server *server, const struct serve_tls *tls)
{
    for (size_t i = 0; i < tls->certificates.count; i++) {
        check_readable(server, "-c", tls->certificates.items[i]);
        check_readable(server, "-k", tls->keys.items[i]); /* or NULL */
    }
    check_readable(server, "--tls-client-ca", tls->client_ca);
}

static bool become_user(const struct serve_options *options,
                        struct weft_server *server)
{
    if (!options->has_user)
        return true;
    if (!user_become(&options->user))
        return false;
    check_log(server, "--access-log", options->access_log);
    check_log(server, "--error-log", options->error_log);
    check_tls(server, &options->tls);
    return true;
}

/* ---- The folder for compiled handlers ------------------------------------ */

/* "" in confine->cache where none lasts: that is no reason not to start. */
static bool find_cache(struct confine *confine,
                       const struct serve_options *options)
{
    const char *cache = options->handlers.cache;
    int err =
        weft_handlers_cache_dir(confine->cache, sizeof(confine->cache), cache);

    if (!err)
        return true;
    confine->cache[0] = '\0';
    if (!cache)
        return true;
    if (err == WEFT_ERR_DENIED)
        complain("the cache folder %s must belong to the user the server runs "
                 "as, and nobody else may be able to write to it: handlers are "
                 "loaded from there",
                 cache);
    else
        complain("--cache-dir: %s cannot be made or opened", cache);
    return false;
}

/* None lasts, so weft_handlers_open makes one below $TMPDIR: one is made in
 * which it may. */
static bool allow_temp(struct confine *confine, struct sandbox_files *files)
{
    const char *base = getenv("TMPDIR");
    char path[PATH_MAX];
    int len;

    if (!base || base[0] != '/')
        base = "/tmp";
    len = snprintf(path, sizeof(path), "%s/weft-XXXXXX", base);
    if (len < 0 || (size_t)len >= sizeof(path) || !mkdtemp(path))
        return true; /* weft_handlers_open fails in the same way, and says it */
    memcpy(confine->temp, path, (size_t)len + 1);
    return setenv("TMPDIR", path, 1) == 0 &&
           sandbox_files_allow(files, SANDBOX_WRITE, path) &&
           sandbox_allow_folder(files, SANDBOX_RMDIR, path);
}

static bool allow_cache(struct confine *confine, struct sandbox_files *files)
{
    if (!confine->cache[0])
        return allow_temp(confine, files);
    return setenv("TMPDIR", confine->cache, 1) == 0 &&
           sandbox_files_allow(files, SANDBOX_WRITE, confine->cache);
}

/* ---- What the options name ----------------------------------------------- */

static bool allow_list(struct sandbox_files *files, enum sandbox_access access,
                       const struct option_list *list)
{
    bool is_allowed = true;

    for (size_t i = 0; i < list->count && is_allowed; i++)
        is_allowed = sandbox_files_allow(files, access, list->items[i]);
    return is_allowed;
}

/* A file that was moved away is made anew, so its folder is needed. Others,
 * such as pipes and terminals, stay. */
static bool allow_log(struct sandbox_files *files, const char *path)
{
    struct stat st;

    if (!path || strcmp(path, "-") == 0 || stat(path, &st) != 0)
        return true;
    return S_ISREG(st.st_mode)
               ? sandbox_allow_folder(files, SANDBOX_APPEND, path)
               : sandbox_files_allow(files, SANDBOX_APPEND, path);
}

/* Sockets are removed at the end. */
static bool allow_sockets(struct sandbox_files *files,
                          const struct option_list *addresses)
{
    bool is_allowed = true;

    for (size_t i = 0; i < addresses->count && is_allowed; i++)
        if (strncmp(addresses->items[i], "unix:", 5) == 0)
            is_allowed = sandbox_allow_folder(files, SANDBOX_UNLINK,
                                              addresses->items[i] + 5);
    return is_allowed;
}

static bool allow_path(struct sandbox_files *files, const char *path)
{
    return !path || sandbox_files_allow(files, SANDBOX_READ, path);
}

/* Whether a folder may hold far more than what was named there: one below the
 * root, such as /etc, or a home. */
static bool is_wide(const char *folder)
{
    const char *home = getenv("HOME");

    return !strchr(folder + 1, '/') || (home && strcmp(folder, home) == 0);
}

/* What takes the place of a certificate must be readable too: its folder is
 * allowed, its links followed, unless that would be too much. */
static bool allow_renewed(struct sandbox_files *files,
                          struct weft_server *server, const char *file)
{
    char whole[PATH_MAX], *slash;

    if (!file || !realpath(file, whole))
        return true;
    slash = strrchr(whole, '/');
    *slash = '\0';
    if (slash > whole && !is_wide(whole))
        return sandbox_files_allow(files, SANDBOX_READ, whole);
    weft_server_log(server, WEFT_LOG_WARN,
                    "%s: a file that takes its place cannot be read, as the "
                    "sandbox keeps %s closed: give certificates a folder of "
                    "their own",
                    file, slash > whole ? whole : "/");
    return sandbox_files_allow(files, SANDBOX_READ, file);
}

static bool allow_tls(struct sandbox_files *files, struct weft_server *server,
                      const struct serve_tls *tls)
{
    bool is_allowed = allow_renewed(files, server, tls->client_ca);

    for (size_t i = 0; i < tls->certificates.count && is_allowed; i++)
        is_allowed = allow_renewed(files, server, tls->certificates.items[i]) &&
                     allow_renewed(files, server, tls->keys.items[i]);
    return is_allowed;
}

static bool allow_named(struct sandbox_files *files,
                        const struct serve_options *options)
{
    return allow_path(files, options->handlers_dir) &&
           allow_path(files, options->server.document_root) &&
           allow_path(files, options->handlers.include) &&
           allow_list(files, SANDBOX_READ, &options->readable) &&
           allow_list(files, SANDBOX_WRITE, &options->writable) &&
           allow_list(files, SANDBOX_DEVICE, &options->writable) &&
           allow_log(files, options->access_log) &&
           allow_log(files, options->error_log) &&
           allow_sockets(files, &options->addresses);
}

static bool allow_handlers(struct confine *confine, struct sandbox_files *files,
                           const struct serve_options *options)
{
    return !options->handlers_dir ||
           (allow_cache(confine, files) &&
            sandbox_allow_compiler(files, options->handlers.compiler,
                                   options->handlers.cflags));
}

/* ---- All of it ----------------------------------------------------------- */

static bool enter(struct confine *confine, const struct serve_options *options,
                  struct weft_server *server)
{
    struct sandbox_files *files = &confine->files;

    if (sandbox_files_begin(files) && sandbox_allow_system(files) &&
        allow_handlers(confine, files, options) &&
        allow_named(files, options) &&
        allow_tls(files, server, &options->tls) && sandbox_enter(files))
        return true;
    complain("cannot enter the sandbox: %s; --no-sandbox goes without it",
             strerror(errno));
    return false;
}

bool confine_begin(struct confine *confine, const struct serve_options *options,
                   struct weft_server *server)
{
    *confine = (struct confine){0};
    return become_user(options, server) &&
           (!options->handlers_dir || find_cache(confine, options)) &&
           (!options->has_sandbox || enter(confine, options, server));
}

void confine_tell(const struct confine *confine,
                  const struct serve_options *options,
                  struct weft_server *server)
{
    char text[SANDBOX_TEXT] = "none (--no-sandbox)";

    if (options->has_sandbox)
        sandbox_describe(&confine->files, text);
    weft_server_log(server, WEFT_LOG_INFO, "sandbox: %s", text);
    if (!options->has_user && geteuid() == 0)
        weft_server_log(server, WEFT_LOG_INFO,
                        "running as root; --user NAME gives that up once the "
                        "server listens");
}

void confine_end(struct confine *confine)
{
    if (confine->temp[0])
        rmdir(confine->temp); /* whoever used it has emptied it */
    confine->temp[0] = '\0';
    sandbox_files_end(&confine->files);
}
