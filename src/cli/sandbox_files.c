/* SPDX-License-Identifier: MIT */
/*
 * A rule holds for the file or folder that the path led to when the rule was
 * made, and for all below it: one that later takes its place has none. Going
 * through folders, looking at what a file is, and what is open already need no
 * right at all.
 *
 * In /proc the file itself goes when the kernel has not used it for a while,
 * and another one comes in its place, which has no rule. It stays as long as
 * somebody holds it open.
 *
 * The kernel's header may be older than the kernel. What it lacks is defined
 * here; these numbers are the kernel's interface and never change. What the
 * kernel lacks is not asked of it.
 */
#include "cli/sandbox_files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/magic.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define TRUNCATE (UINT64_C(1) << 14)  /* since version 3 */
#define IOCTL_DEV (UINT64_C(1) << 15) /* since version 5 */

/* Since version 6: no signals to processes outside, no connections to their
 * sockets with abstract names, by which other services can be told to act. */
#define SCOPE_ABSTRACT_UNIX_SOCKET (UINT64_C(1) << 0)
#define SCOPE_SIGNAL (UINT64_C(1) << 1)

/* struct landlock_ruleset_attr, as far as it is known here. */
struct attributes {
    uint64_t files, network, scopes;
};

#define LIST (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define CHANGE                                                                 \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |           \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |            \
     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |              \
     LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM |              \
     LANDLOCK_ACCESS_FS_REFER | TRUNCATE)
#define DEVICES (LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK)

static const uint64_t rights[] = {
    [SANDBOX_READ] = LIST,
    [SANDBOX_RUN] = LIST | LANDLOCK_ACCESS_FS_EXECUTE,
    [SANDBOX_DEVICE] =
        LIST | LANDLOCK_ACCESS_FS_WRITE_FILE | TRUNCATE | IOCTL_DEV,
    [SANDBOX_WRITE] = LIST | CHANGE,
    [SANDBOX_APPEND] =
        LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG,
    [SANDBOX_UNLINK] = LANDLOCK_ACCESS_FS_REMOVE_FILE,
    [SANDBOX_RMDIR] = LANDLOCK_ACCESS_FS_REMOVE_DIR,
};

/* Those that a rule for a single file may give. */
#define OF_FILES                                                               \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |               \
     LANDLOCK_ACCESS_FS_WRITE_FILE | TRUNCATE | IOCTL_DEV)

/* All rights that a version of Landlock knows. */
static uint64_t known(int abi)
{
    uint64_t all = LIST | LANDLOCK_ACCESS_FS_EXECUTE | CHANGE | DEVICES;

    if (abi < 2)
        all &= ~(uint64_t)LANDLOCK_ACCESS_FS_REFER;
    if (abi < 3)
        all &= ~TRUNCATE;
    if (abi >= 5)
        all |= IOCTL_DEV;
    return all;
}

/* The version; 0 when there is none, because the kernel is too old, was built
 * or started without it, or is kept from us by another sandbox. */
static int version(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
                       LANDLOCK_CREATE_RULESET_VERSION);

    return abi < 0 ? 0 : (int)abi;
}

bool sandbox_files_begin(struct sandbox_files *files)
{
    struct attributes attr = {0};
    size_t size = sizeof(attr.files);

    *files = (struct sandbox_files){.abi = version(), .rules = -1};
    if (files->abi == 0)
        return true;
    attr.files = known(files->abi);
    if (files->abi >= 6) {
        attr.scopes = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
        size = sizeof(attr);
    }
    /* Its descriptor is closed on exec. */
    files->rules = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
    return files->rules >= 0;
}

static bool add_rule(const struct sandbox_files *files, uint64_t allowed,
                     int fd)
{
    struct landlock_path_beneath_attr rule = {.parent_fd = fd};
    struct stat st;

    if (fstat(fd, &st))
        return false;
    if (!S_ISDIR(st.st_mode))
        allowed &= OF_FILES;
    rule.allowed_access = allowed & known(files->abi);
    if (rule.allowed_access == 0)
        return true;
    if (syscall(SYS_landlock_add_rule, files->rules, LANDLOCK_RULE_PATH_BENEATH,
                &rule, 0) == 0)
        return true;
    /* A pipe or a socket, by /dev/stderr or the like: those need no rule. */
    return errno == EBADFD;
}

/* Holds a file that would go otherwise. false: it is not of that kind. */
static bool hold(struct sandbox_files *files, int fd)
{
    struct statfs fs;

    if (fstatfs(fd, &fs) || fs.f_type != PROC_SUPER_MAGIC ||
        files->held_count == SANDBOX_HELD)
        return false;
    files->held[files->held_count++] = fd;
    return true;
}

bool sandbox_files_allow(struct sandbox_files *files,
                         enum sandbox_access access, const char *path)
{
    bool is_allowed;
    int fd, error;

    if (files->abi == 0)
        return true;
    fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0) /* what cannot even be found needs no right */
        return errno != EMFILE && errno != ENFILE && errno != ENOMEM;
    is_allowed = add_rule(files, rights[access], fd);
    error = errno;
    if (!hold(files, fd))
        close(fd);
    errno = error;
    return is_allowed;
}

bool sandbox_files_enter(struct sandbox_files *files)
{
    if (files->abi == 0)
        return true;
    if (syscall(SYS_landlock_restrict_self, files->rules, 0) != 0)
        return false;
    close(files->rules);
    files->rules = -1;
    return true;
}

void sandbox_files_end(struct sandbox_files *files)
{
    if (files->abi > 0 && files->rules >= 0)
        close(files->rules);
    for (size_t i = 0; i < files->held_count; i++)
        close(files->held[i]);
    *files = (struct sandbox_files){0};
}
