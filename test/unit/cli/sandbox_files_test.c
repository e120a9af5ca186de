/* SPDX-License-Identifier: MIT */
#include "apart.h"
#include "cli/sandbox_files.h"
#include "support.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* What can be done, in the folder "in"; one letter each. */
static int attempt(char what)
{
    const char *file = apart_path("in/file"), *fresh = apart_path("in/new");
    char *const args[] = {strdup("true"), NULL};
    int ret = 0;

    switch (what) {
    case 'r':
        return apart_read(file);
    case 'l':
        return apart_list(apart_path("in"));
    case 'x':
        ret = execv(apart_path("in/true"), args);
        break;
    case 'w':
        return apart_make(file);
    case 't':
        ret = truncate(file, 0);
        break;
    case 'm':
        return apart_make(fresh);
    case 'd':
        ret = mkdir(fresh, 0700);
        break;
    case 's':
        ret = symlink("file", fresh);
        break;
    case 'f':
        ret = mkfifo(fresh, 0600);
        break;
    case 'u':
        ret = unlink(file);
        break;
    case 'e':
        ret = rmdir(apart_path("in/empty"));
        break;
    case 'o': /* of the others: in the folder beside it */
        return apart_read(apart_path("out/file"));
    default:
        return 254;
    }
    return ret < 0 ? errno : 0;
}

#define ALL "rlxwtmdsfueo"

struct
try {
    int access; /* -1: the folder is not allowed at all */
    const char *path;
    char what;
};

static bool enter(struct sandbox_files *files)
{
    return sandbox_files_allow(files, SANDBOX_RUN, "/usr") &&
           sandbox_files_allow(files, SANDBOX_RUN, "/lib") &&
           sandbox_files_allow(files, SANDBOX_RUN, "/lib64") &&
           sandbox_files_allow(files, SANDBOX_READ, "/etc/ld.so.cache") &&
           sandbox_files_allow(files, SANDBOX_READ, "/no/such/file") &&
           prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           sandbox_files_enter(files);
}

static int enter_and_try(const void *arg)
{
    const struct try *try = arg;
    struct sandbox_files files;
    int ret;

    if (!sandbox_files_begin(&files))
        return 253;
    if (try->access >= 0 &&
        !sandbox_files_allow(&files, (enum sandbox_access)try->access,
                             try->path))
        return 252;
    if (!enter(&files))
        return 251;
    ret = attempt(try->what);
    sandbox_files_end(&files);
    return ret;
}

static void copy_true(void)
{
    char block[65536];
    FILE *from = fopen("/bin/true", "re"), *to;
    size_t n;

    apart_write("in/true", "", 0755);
    to = fopen(apart_path("in/true"), "we");
    CHECK(from && to, "%s", "/bin/true");
    while ((n = fread(block, 1, sizeof(block), from)) > 0)
        fwrite(block, 1, n, to);
    fclose(from);
    fclose(to);
}

static void prepare(void)
{
    static const char *const made[] = {"in/new", "in/file"};

    for (size_t i = 0; i < COUNT(made); i++)
        remove(apart_path(made[i]));
    apart_write("in/file", "text", 0644);
    apart_write("out/file", "text", 0644);
    apart_mkdir("in/empty");
}

/* On the folder, and on the file in it. */
static void test_rights(void **state)
{
    static const struct {
        int access;
        const char *path, *may;
    } cases[] = {
        {-1, "in", ""},
        {SANDBOX_READ, "in", "rl"},
        {SANDBOX_RUN, "in", "rlx"},
        {SANDBOX_DEVICE, "in", "rlwt"},
        {SANDBOX_WRITE, "in", "rlwtmdsfue"},
        {SANDBOX_APPEND, "in", "wm"},
        {SANDBOX_UNLINK, "in", "u"},
        {SANDBOX_RMDIR, "in", "e"},
        {SANDBOX_READ, "in/file", "r"},
        {SANDBOX_DEVICE, "in/file", "rwt"},
        {SANDBOX_WRITE, "in/file", "rwt"},
        {SANDBOX_APPEND, "in/file", "w"},
        {SANDBOX_UNLINK, "in/file", ""},
    };

    (void)state;
    copy_true();
    for (size_t i = 0; i < COUNT(cases); i++)
        for (const char *what = ALL; *what; what++) {
            struct try try = {cases[i].access, apart_path(cases[i].path),
                              *what};
            int want = strchr(cases[i].may, *what) ? 0 : EACCES, got;

            prepare();
            got = apart(enter_and_try, &try);
            CHECK(got == want, "%zu: '%c' came to %d", i, *what, got);
        }
}

static int list_by_link(const void *path)
{
    struct sandbox_files files;

    if (!sandbox_files_begin(&files) ||
        !sandbox_files_allow(&files, SANDBOX_READ, path) || !enter(&files))
        return 253;
    return apart_list(apart_path("in")) ? 1 : apart_read(path) != 0;
}

static void test_link(void **state)
{
    (void)state;
    prepare();
    assert_int_equal(symlink("in", apart_path("link")), 0);
    assert_int_equal(apart(list_by_link, apart_path("link")), 0);
}

/* Files in /proc come and go in the kernel; the rule is to stay. */
static int read_proc(const void *arg)
{
    struct sandbox_files files;
    int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

    (void)arg;
    if (!sandbox_files_begin(&files) ||
        !sandbox_files_allow(&files, SANDBOX_READ, "/proc/self") ||
        !enter(&files))
        return 253;
    if (fd >= 0 && write(fd, "2", 1) != 1)
        return 254; /* only root may */
    return apart_read("/proc/self/maps");
}

static void test_proc(void **state)
{
    (void)state;
    assert_int_equal(apart(read_proc, NULL), 0);
}

/* Files that are no files, and pipes by their names in /dev. */
static int allow_odd(const void *arg)
{
    struct sandbox_files files;
    char path[32];
    int fds[2];

    (void)arg;
    if (pipe(fds) || !sandbox_files_begin(&files))
        return 253;
    snprintf(path, sizeof(path), "/dev/fd/%d", fds[1]);
    if (!sandbox_files_allow(&files, SANDBOX_APPEND, path) ||
        !sandbox_files_allow(&files, SANDBOX_DEVICE, "/dev/null") ||
        !enter(&files))
        return 252;
    return apart_make("/dev/null");
}

static void test_odd(void **state)
{
    (void)state;
    assert_int_equal(apart(allow_odd, NULL), 0);
}

/* Since version 6, no signals leave it; but they reach its own. */
static int send_signals(const void *arg)
{
    struct sandbox_files files;

    (void)arg;
    if (!sandbox_files_begin(&files) || !enter(&files) || kill(getpid(), 0))
        return 253;
    return kill(getppid(), 0) ? errno : 0;
}

static void test_signals(void **state)
{
    struct sandbox_files files;
    int abi;

    (void)state;
    assert_true(sandbox_files_begin(&files));
    abi = files.abi;
    sandbox_files_end(&files);
    assert_int_equal(apart(send_signals, NULL), abi >= 6 ? EPERM : 0);
}

/* What a kernel without Landlock comes to. */
static void test_none(void **state)
{
    struct sandbox_files none = {0};

    (void)state;
    assert_true(sandbox_files_allow(&none, SANDBOX_READ, "/"));
    assert_true(sandbox_files_enter(&none));
    sandbox_files_end(&none);
    assert_int_equal(fcntl(STDIN_FILENO, F_GETFD), 0);
}

#define IN_DIR(test)                                                           \
    cmocka_unit_test_setup_teardown(test, apart_setup, apart_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(test_rights),
        IN_DIR(test_link),
        cmocka_unit_test(test_proc),
        cmocka_unit_test(test_odd),
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_none),
    };
    struct sandbox_files files;

    if (!sandbox_files_begin(&files) || files.abi < 3) {
        printf("this kernel has no Landlock, or an old one\n");
        return 77;
    }
    sandbox_files_end(&files);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
