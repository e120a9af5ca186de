/* SPDX-License-Identifier: MIT */
/* Calls that would do no harm if they were let through: their arguments make no
 * sense, or they only ask. */
#include "apart.h"
#include "cli/sandbox_calls.h"
#include "support.h"
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NONE (-1L)
#define SELF (-2L) /* stands for the own process */

static const struct call {
    const char *name;
    int want; /* inside; 0: the same as outside */
    long number, args[5];
} calls[] = {
    {"mount", EPERM, SYS_mount, {NONE, NONE, NONE, 0, NONE}},
    {"umount", EPERM, SYS_umount2, {NONE, 0}},
    {"chroot", EPERM, SYS_chroot, {NONE}},
    {"pivot_root", EPERM, SYS_pivot_root, {NONE, NONE}},
    {"open_tree", EPERM, SYS_open_tree, {NONE, NONE, 0}},
    {"fsopen", EPERM, SYS_fsopen, {NONE, 0}},
    {"swapon", EPERM, SYS_swapon, {NONE, 0}},
    {"quotactl", EPERM, SYS_quotactl, {NONE, NONE, 0, 0}},
    {"open_by_handle_at", EPERM, SYS_open_by_handle_at, {NONE, NONE, 0}},
    {"setns", EPERM, SYS_setns, {NONE, 0}},
    {"unshare", EPERM, SYS_unshare, {CLONE_FS}},
    {"init_module", EPERM, SYS_init_module, {NONE, 0, NONE}},
    {"finit_module", EPERM, SYS_finit_module, {NONE, NONE, 0}},
    {"delete_module", EPERM, SYS_delete_module, {NONE, 0}},
    {"reboot", EPERM, SYS_reboot, {0, 0, 0, 0}},
    {"bpf", EPERM, SYS_bpf, {NONE, NONE, 0}},
    {"perf_event_open", EPERM, SYS_perf_event_open, {NONE, 0, NONE, NONE, 0}},
    {"syslog", EPERM, SYS_syslog, {NONE, 0, 0}},
    {"acct", EPERM, SYS_acct, {NONE}},
    {"process_vm_readv", EPERM, SYS_process_vm_readv, {SELF, 0, 0, 0, 0}},
    {"process_vm_writev", EPERM, SYS_process_vm_writev, {SELF, 0, 0, 0, 0}},
    {"kcmp", EPERM, SYS_kcmp, {SELF, SELF, 1, 0, 0}},
    {"add_key", EPERM, SYS_add_key, {NONE, NONE, 0, 0, 0}},
    {"keyctl", EPERM, SYS_keyctl, {NONE, 0, 0, 0, 0}},
    {"userfaultfd", EPERM, SYS_userfaultfd, {NONE}},
    {"clock_settime", EPERM, SYS_clock_settime, {NONE, NONE}},
    {"sethostname", EPERM, SYS_sethostname, {NONE, NONE}},
    {"vhangup", EPERM, SYS_vhangup, {0}},
    {"personality", EPERM, SYS_personality, {ADDR_NO_RANDOMIZE}},
    {"personality, asked for", 0, SYS_personality, {0xffffffff}},
    {"clone into a namespace", EPERM, SYS_clone, {CLONE_NEWNS | CLONE_FS, 0}},
    {"clone3", ENOSYS, SYS_clone3, {NONE, 0}},
    {"TIOCSTI", EPERM, SYS_ioctl, {NONE, TIOCSTI, 0}},
    {"TIOCSTI with more", EPERM, SYS_ioctl, {NONE, 1L << 32 | TIOCSTI, 0}},
    {"another ioctl", 0, SYS_ioctl, {NONE, FIONREAD, 0}},
    {"io_uring_setup", 0, SYS_io_uring_setup, {0, NONE}},
    {"openat", 0, SYS_openat, {NONE, NONE, 0}},
    {"socket", 0, SYS_socket, {NONE, 0, 0}},
#if defined(__x86_64__)
    {"iopl", EPERM, SYS_iopl, {NONE}},
    {"ioperm", EPERM, SYS_ioperm, {NONE, NONE, 0}},
    {"modify_ldt", EPERM, SYS_modify_ldt, {NONE, 0, 0}},
    {"getpid of x32", EPERM, 0x40000000 | SYS_getpid, {0}},
#endif
};

static int make_call(const void *arg)
{
    const struct call *call = arg;
    long a[5];

    for (size_t i = 0; i < COUNT(a); i++)
        a[i] = call->args[i] == SELF ? (long)getpid() : call->args[i];
    errno = 0;
    return syscall(call->number, a[0], a[1], a[2], a[3], a[4]) < 0 ? errno : 0;
}

static bool enter(void)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && sandbox_calls_enter();
}

static int make_call_inside(const void *arg)
{
    return enter() ? make_call(arg) : 254;
}

static void test_calls(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(calls); i++) {
        /* Outside, this would hang up the terminal, or end its session. */
        bool is_safe = calls[i].number != SYS_vhangup;
        int outside = is_safe ? apart(make_call, &calls[i]) : 0;
        int inside = apart(make_call_inside, &calls[i]);
        int want = calls[i].want ? calls[i].want : outside;

        CHECK(inside == want, "%s: %d, outside %d", calls[i].name, inside,
              outside);
        /* Root may do all of it: it was the filter that did not let it. */
        CHECK(geteuid() != 0 || !calls[i].want || outside != inside,
              "%s is refused outside too", calls[i].name);
    }
}

#if defined(__x86_64__)
/* getpid by the way that programs of 32 bits take. */
static int call_i386(const void *arg)
{
    int ret;

    (void)arg;
    if (!enter())
        return 254;
    __asm__ volatile("int $0x80" : "=a"(ret) : "a"(20) : "memory", "cc");
    return ret == -EPERM ? EPERM : 0;
}

static void test_i386(void **state)
{
    (void)state;
    assert_int_equal(apart(call_i386, NULL), EPERM);
}
#endif

/* Programs can be started, and their programs are bound too. */
static int start_program(const void *arg)
{
    int status;
    pid_t pid;

    (void)arg;
    if (!enter())
        return 254;
    pid = fork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", "exec /bin/true", NULL);
        _exit(253);
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
        return 252;
    return WEXITSTATUS(status);
}

static void test_start_program(void **state)
{
    (void)state;
    assert_int_equal(apart(start_program, NULL), 0);
}

/* It is good for nothing without no_new_privs, and says so. */
static int enter_without(const void *arg)
{
    (void)arg;
    if (setresuid(65534, 65534, 65534)) /* root may, without */
        return 254;
    return sandbox_calls_enter() ? 0 : errno;
}

static void test_without(void **state)
{
    (void)state;
    if (geteuid() == 0)
        assert_int_equal(apart(enter_without, NULL), EACCES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls),
#if defined(__x86_64__)
        cmocka_unit_test(test_i386),
#endif
        cmocka_unit_test(test_start_program),
        cmocka_unit_test(test_without),
    };

    if (!sandbox_calls_can()) {
        printf("no seccomp: the build has no libseccomp, or the kernel none\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
