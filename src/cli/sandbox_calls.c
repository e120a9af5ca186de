/* SPDX-License-Identifier: MIT */
/*
 * A list of what is refused, not of what is allowed: handlers are programs of
 * other people, with libraries of their own. Refused is what administers the
 * machine, reaches into other processes, or leads to parts of the kernel that
 * no server of the network needs and in which faults have been found again and
 * again. It fails with EPERM, as it would without the right to it; nothing is
 * killed.
 *
 * io_uring is left alone: the event loop can be made of it. Its operations
 * are bound by Landlock all the same.
 */
#include "cli/sandbox_calls.h"

#ifdef WEFT_HAVE_SECCOMP

#include <errno.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The leak checker of the sanitizers stops the other threads with ptrace. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif

/* Names that this machine or libseccomp does not have are passed over. */
static const char *const refused[] = {
    /* file systems */
    "mount", "umount", "umount2", "mount_setattr", "move_mount", "open_tree",
    "fsopen", "fsconfig", "fsmount", "fspick", "pivot_root", "chroot",
    "quotactl", "quotactl_fd", "swapon", "swapoff", "fanotify_init", "sysfs",
    "lookup_dcookie", "nfsservctl", "uselib",
    /* around the checks of paths */
    "open_by_handle_at",
    /* namespaces; clone has rules of its own */
    "setns", "unshare",
    /* the kernel itself */
    "init_module", "finit_module", "delete_module", "create_module",
    "query_module", "get_kernel_syms", "kexec_load", "kexec_file_load",
    "reboot", "bpf", "perf_event_open", "syslog", "_sysctl", "acct",
/* other processes */
#ifndef IS_SANITIZED
    "ptrace",
#endif
    "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp",
    "pidfd_getfd",
    /* keys of the kernel */
    "add_key", "request_key", "keyctl",
    /* by which a fault in the kernel is made into a hold on it */
    "userfaultfd",
    /* the machine */
    "settimeofday", "stime", "clock_settime", "clock_settime64",
    "clock_adjtime", "clock_adjtime64", "adjtimex", "sethostname",
    "setdomainname", "iopl", "ioperm", "vhangup", "vm86", "vm86old",
    "modify_ldt"};

static const uint64_t namespaces[] = {
    CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
    CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET};

/* On the terminal: input in the name of who sits there. */
static const unsigned terminal[] = {TIOCSTI, TIOCLINUX};

/* Landlock has no rule for modes, and root may change those of all its files:
 * one that others run as root would outlive the sandbox. Writing takes these
 * bits away again, so to make a file with them is of no use. */
static const struct {
    const char *name;
    unsigned mode; /* which argument it is */
} modes[] = {{"chmod", 1}, {"fchmod", 1}, {"fchmodat", 2}, {"fchmodat2", 2}};
static const uint64_t set_ids[] = {S_ISUID, S_ISGID};

/* s390 has the first two arguments of clone the other way round. */
#if defined(__s390__)
#define CLONE_FLAGS 1
#else
#define CLONE_FLAGS 0
#endif

/* What these return is 0 or -errno. */
static int refuse_names(scmp_filter_ctx filter)
{
    int err = 0;

    for (size_t i = 0; i < COUNT(refused) && !err; i++) {
        int number = seccomp_syscall_resolve_name(refused[i]);

        if (number != __NR_SCMP_ERROR)
            err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);
    }
    return err;
}

/* libseccomp may be older than the last of them. */
static int number_of(const char *name)
{
    int number = seccomp_syscall_resolve_name(name);

#ifdef SYS_fchmodat2
    if (number == __NR_SCMP_ERROR && strcmp(name, "fchmodat2") == 0)
        number = SYS_fchmodat2;
#endif
    return number;
}

static int refuse_set_ids(scmp_filter_ctx filter)
{
    int err = 0;

    for (size_t i = 0; i < COUNT(modes) * COUNT(set_ids) && !err; i++) {
        uint64_t bit = set_ids[i % COUNT(set_ids)];
        int number = number_of(modes[i / COUNT(set_ids)].name);
        unsigned arg = modes[i / COUNT(set_ids)].mode;

        if (number != __NR_SCMP_ERROR)
            err =
                seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 1,
                                 SCMP_CMP64(arg, SCMP_CMP_MASKED_EQ, bit, bit));
    }
    return err;
}

static int refuse_arguments(scmp_filter_ctx filter)
{
    const uint32_t refuse = SCMP_ACT_ERRNO(EPERM);
    int err = 0;

    for (size_t i = 0; i < COUNT(namespaces) && !err; i++)
        err = seccomp_rule_add(filter, refuse, SCMP_SYS(clone), 1,
                               SCMP_CMP64(CLONE_FLAGS, SCMP_CMP_MASKED_EQ,
                                          namespaces[i], namespaces[i]));
    /* The kernel looks at the lower half alone. */
    for (size_t i = 0; i < COUNT(terminal) && !err; i++)
        err = seccomp_rule_add(
            filter, refuse, SCMP_SYS(ioctl), 1,
            SCMP_A1_64(SCMP_CMP_MASKED_EQ, UINT32_MAX, terminal[i]));
    /* All ones only ask which it is. */
    if (!err)
        err = seccomp_rule_add(filter, refuse, SCMP_SYS(personality), 1,
                               SCMP_A0_64(SCMP_CMP_NE, UINT32_MAX));
    return err;
}

/* The flags of clone3 are in memory, where no filter sees them. As if the
 * kernel had no clone3: then clone is taken. */
static int refuse_clone3(scmp_filter_ctx filter)
{
    int number = seccomp_syscall_resolve_name("clone3");

    return number == __NR_SCMP_ERROR
               ? 0
               : seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), number, 0);
}

static int fill(scmp_filter_ctx filter)
{
    int err;

    /* Calls by the numbers of another architecture, as of 32-bit programs,
     * would pass all rules by. */
    err = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH,
                           SCMP_ACT_ERRNO(EPERM));
    /* The caller has set it already. */
    if (!err)
        err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
    if (!err)
        err = refuse_names(filter);
    if (!err)
        err = refuse_arguments(filter);
    if (!err)
        err = refuse_set_ids(filter);
    if (!err)
        err = refuse_clone3(filter);
    /* What libseccomp can do from 2.5 on: a tree and not a list, and the
     * kernel's own errors. */
    seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1);
    return err;
}

bool sandbox_calls_can(void)
{
    /* -1 only when the kernel was built without it. */
    return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
}

bool sandbox_calls_enter(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int err = filter ? fill(filter) : -ENOMEM;

    if (!err)
        err = seccomp_load(filter);
    if (filter)
        seccomp_release(filter);
    errno = -err;
    return !err;
}

#else

bool sandbox_calls_can(void)
{
    return false;
}

bool sandbox_calls_enter(void)
{
    return true;
}

#endif
