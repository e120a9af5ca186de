/* SPDX-License-Identifier: MIT */
/*
 * Of /etc, /proc and /dev single files and folders are allowed, never all:
 * there lie passwords, keys and other processes. Links need no rule where they
 * lie, only where they lead. What a name here stands for differs between
 * distributions, and what does not exist is passed over.
 */
#include "cli/sandbox_paths.h"

#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
    enum sandbox_access access;
    const char *path;
} system_paths[] = {
    /* programs, libraries, headers; the last two where all is in a store */
    {SANDBOX_RUN, "/usr"},
    {SANDBOX_RUN, "/bin"},
    {SANDBOX_RUN, "/sbin"},
    {SANDBOX_RUN, "/lib"},
    {SANDBOX_RUN, "/lib32"},
    {SANDBOX_RUN, "/lib64"},
    {SANDBOX_RUN, "/libx32"},
    {SANDBOX_RUN, "/nix/store"},
    {SANDBOX_RUN, "/gnu/store"},
    /* where libraries are: for the loader and the linker */
    {SANDBOX_READ, "/etc/ld.so.cache"},
    {SANDBOX_READ, "/etc/ld.so.conf"},
    {SANDBOX_READ, "/etc/ld.so.conf.d"},
    {SANDBOX_READ, "/etc/ld.so.preload"},
    /* names of hosts and services */
    {SANDBOX_READ, "/etc/gai.conf"},
    {SANDBOX_READ, "/etc/host.conf"},
    {SANDBOX_READ, "/etc/hosts"},
    {SANDBOX_READ, "/etc/nsswitch.conf"},
    {SANDBOX_READ, "/etc/protocols"},
    {SANDBOX_READ, "/etc/resolv.conf"},
    {SANDBOX_READ, "/etc/services"},
    {SANDBOX_READ, "/run/NetworkManager/resolv.conf"},
    {SANDBOX_READ, "/run/resolvconf"},
    {SANDBOX_READ, "/run/systemd/resolve"},
    /* the time zone */
    {SANDBOX_READ, "/etc/localtime"},
    {SANDBOX_READ, "/etc/timezone"},
    /* certificates of authorities, but no keys */
    {SANDBOX_READ, "/etc/ca-certificates"},
    {SANDBOX_READ, "/etc/crypto-policies"},
    {SANDBOX_READ, "/etc/pki/ca-trust"},
    {SANDBOX_READ, "/etc/pki/tls/cert.pem"},
    {SANDBOX_READ, "/etc/pki/tls/certs"},
    {SANDBOX_READ, "/etc/pki/tls/openssl.cnf"},
    {SANDBOX_READ, "/etc/ssl/cert.pem"},
    {SANDBOX_READ, "/etc/ssl/certs"},
    {SANDBOX_READ, "/etc/ssl/openssl.cnf"},
    /* devices that hold nothing */
    {SANDBOX_DEVICE, "/dev/full"},
    {SANDBOX_DEVICE, "/dev/null"},
    {SANDBOX_DEVICE, "/dev/zero"},
    {SANDBOX_READ, "/dev/random"},
    {SANDBOX_READ, "/dev/urandom"},
    /* this process and the size of the machine, which libc and allocators
     * look at */
    {SANDBOX_READ, "/proc/self"},
    {SANDBOX_READ, "/proc/cpuinfo"},
    {SANDBOX_READ, "/proc/meminfo"},
    {SANDBOX_READ, "/proc/stat"},
    {SANDBOX_READ, "/sys/devices/system/cpu"},
    {SANDBOX_READ, "/sys/devices/system/node"},
};

/* Variables that name files or folders, several with colons between them. */
static const char *const variables[] = {
    "COMPILER_PATH",   "CPATH",         "C_INCLUDE_PATH",
    "LD_LIBRARY_PATH", "LIBRARY_PATH",  "OPENSSL_CONF",
    "SSL_CERT_DIR",    "SSL_CERT_FILE", "WEFT_INCLUDE",
};

/* Options of compilers that name files or folders, also in the next word. */
static const char *const options[] = {
    "-I",       "-L",         "-B",         "-isystem",    "-iquote",
    "-include", "-idirafter", "--sysroot=", "-Wl,-rpath,",
};

/* What a compiler in /some/where/bin needs of /some/where, without what else
 * may lie there: it could be somebody's home. */
static const char *const beside[] = {
    "lib", "lib32", "lib64", "libexec", "include", "share",
};

/* ---- Words --------------------------------------------------------------- */

/* The next word of *text, up to one of the ends, in word; false when there is
 * none left. What is longer than a path can be is cut: it leads nowhere. */
static bool next_word(const char **text, const char *ends, char word[PATH_MAX])
{
    const char *begin = *text + strspn(*text, ends);
    size_t len = strcspn(begin, ends);

    *text = begin + len;
    snprintf(word, PATH_MAX, "%.*s", (int)(len < PATH_MAX ? len : PATH_MAX),
             begin);
    return len > 0;
}

/* ---- The system ---------------------------------------------------------- */

static bool allow_variable(struct sandbox_files *files, const char *name)
{
    const char *text = getenv(name);
    char path[PATH_MAX];
    bool is_allowed = true;

    while (text && is_allowed && next_word(&text, ":", path))
        is_allowed = sandbox_files_allow(files, SANDBOX_READ, path);
    return is_allowed;
}

/* The program, for those who look up where in it a fault was, and the headers
 * beside it, where handlers find theirs: see beside_program in
 * src/handler/so/compiler.c. */
static bool allow_program(struct sandbox_files *files)
{
    char path[PATH_MAX], include[PATH_MAX + 32];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
    char *slash;

    if (n < 0)
        return true;
    path[n] = '\0';
    if (!sandbox_files_allow(files, SANDBOX_READ, path))
        return false;
    slash = strrchr(path, '/');
    if (!slash)
        return true;
    *slash = '\0';
    snprintf(include, sizeof(include), "%s/../include/weft", path);
    return sandbox_files_allow(files, SANDBOX_READ, include);
}

bool sandbox_allow_system(struct sandbox_files *files)
{
    bool is_allowed = allow_program(files);

    for (size_t i = 0; i < COUNT(system_paths) && is_allowed; i++)
        is_allowed = sandbox_files_allow(files, system_paths[i].access,
                                         system_paths[i].path);
    for (size_t i = 0; i < COUNT(variables) && is_allowed; i++)
        is_allowed = allow_variable(files, variables[i]);
    return is_allowed;
}

/* ---- The compiler -------------------------------------------------------- */

static bool is_program(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
           access(path, X_OK) == 0;
}

/* Where a program of that name is, links followed. false: nowhere. */
static bool find_program(const char *name, char whole[PATH_MAX])
{
    const char *path = getenv("PATH");
    char folder[PATH_MAX], candidate[2 * PATH_MAX];

    if (strchr(name, '/'))
        return is_program(name) && realpath(name, whole);
    while (path && next_word(&path, ":", folder)) {
        snprintf(candidate, sizeof(candidate), "%s/%s", folder, name);
        if (is_program(candidate))
            return realpath(candidate, whole);
    }
    return false;
}

static bool allow_program_of(struct sandbox_files *files, char *whole)
{
    char *slash = strrchr(whole, '/'), path[PATH_MAX + 32];
    bool is_allowed = sandbox_files_allow(files, SANDBOX_RUN, whole);

    *slash = '\0';
    slash = strrchr(whole, '/');
    if (!is_allowed || !slash || strcmp(slash, "/bin") != 0)
        return is_allowed;
    is_allowed = sandbox_files_allow(files, SANDBOX_RUN, whole);
    *slash = '\0';
    for (size_t i = 0; i < COUNT(beside) && is_allowed; i++) {
        snprintf(path, sizeof(path), "%s/%s", whole, beside[i]);
        is_allowed = sandbox_files_allow(files, SANDBOX_RUN, path);
    }
    return is_allowed;
}

/* The compiler and what runs it or is run by it: "ccache gcc". */
static bool allow_command(struct sandbox_files *files, const char *command)
{
    char word[PATH_MAX], whole[PATH_MAX];
    bool is_allowed = true;

    while (is_allowed && next_word(&command, " \t", word))
        if (word[0] != '-' && find_program(word, whole))
            is_allowed = allow_program_of(files, whole);
    return is_allowed;
}

/* What follows an option that names a file or folder, "" when that is the next
 * word; NULL for other words. */
static const char *path_in(const char *word)
{
    for (size_t i = 0; i < COUNT(options); i++)
        if (strncmp(word, options[i], strlen(options[i])) == 0)
            return word + strlen(options[i]);
    return NULL;
}

static bool allow_flags(struct sandbox_files *files, const char *flags)
{
    char word[PATH_MAX];
    const char *path;
    bool is_allowed = true;

    while (is_allowed && next_word(&flags, " \t", word)) {
        path = path_in(word);
        if (path && !path[0] && next_word(&flags, " \t", word))
            path = word;
        if (path)
            is_allowed = sandbox_files_allow(files, SANDBOX_READ, path);
    }
    return is_allowed;
}

bool sandbox_allow_compiler(struct sandbox_files *files, const char *command,
                            const char *flags)
{
    if (!command || !command[0])
        command = getenv("CC");
    if (!command || !command[0])
        command = "cc";
    return allow_command(files, command) && allow_flags(files, command) &&
           (!flags || allow_flags(files, flags));
}

bool sandbox_allow_folder(struct sandbox_files *files,
                          enum sandbox_access access, const char *file)
{
    char whole[PATH_MAX];

    if (!realpath(file, whole))
        return true;
    *strrchr(whole, '/') = '\0';
    return sandbox_files_allow(files, access, whole[0] ? whole : "/");
}
