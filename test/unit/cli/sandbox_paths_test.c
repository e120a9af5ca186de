/* SPDX-License-Identifier: MIT */
#include "apart.h"
#include "cli/sandbox_paths.h"
#include "support.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* What is allowed in a process of its own, and what is then tried there. */
struct plan {
    bool (*allow)(struct sandbox_files *files, const struct plan *plan);
    const char *command, *flags, *name, *value; /* a variable */
    const char *path;                           /* to be read */
};

static int try_plan(const void *arg)
{
    const struct plan *plan = arg;
    struct sandbox_files files;

    if (plan->name && setenv(plan->name, plan->value, 1))
        return 254;
    if (!sandbox_files_begin(&files) || !plan->allow(&files, plan) ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || !sandbox_files_enter(&files))
        return 253;
    return apart_read(plan->path);
}

static bool system_alone(struct sandbox_files *files, const struct plan *plan)
{
    (void)plan;
    return sandbox_allow_system(files);
}

static bool compiler(struct sandbox_files *files, const struct plan *plan)
{
    return sandbox_allow_compiler(files, plan->command, plan->flags);
}

static bool folder(struct sandbox_files *files, const struct plan *plan)
{
    return sandbox_allow_folder(files, SANDBOX_READ, plan->command);
}

static void test_system(void **state)
{
    static const struct {
        const char *path;
        bool is_allowed;
    } cases[] = {
        {"/usr/bin/env", true},
        {"/bin/sh", true},
        {"/etc/hosts", true},
        {"/etc/resolv.conf", true},
        {"/etc/ld.so.cache", true},
        {"/etc/ssl/certs", true},
        {"/dev/urandom", true},
        {"/proc/self/status", true},
        {"/proc/self/exe", true},
        {"/proc/meminfo", true},
        {"/etc", false},
        {"/etc/passwd", false},
        {"/etc/shadow", false},
        {"/etc/ssl/private", false},
        {"/", false},
        {"/proc", false},
        {"/proc/1/cmdline", false},
        {"/proc/kcore", false},
        {"/sys", false},
        {"/dev", false},
        {"/tmp", false},
        {"/home", false},
        {"/root", false},
        {"/var/log", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct plan plan = {.allow = system_alone, .path = cases[i].path};
        int got;

        if (access(cases[i].path, F_OK) != 0)
            continue; /* not on every machine */
        got = apart(try_plan, &plan);
        CHECK(got == (cases[i].is_allowed ? 0 : EACCES), "%s came to %d",
              cases[i].path, got);
    }
}

static void test_variables(void **state)
{
    const char *in = apart_write("in/file", "x", 0644);
    const char *out = apart_write("out/file", "x", 0644);
    char list[2 * PATH_MAX];
    const char *const values[] = {apart_path("in"), in, list};

    (void)state;
    snprintf(list, sizeof(list), ":%s:%s::/no/such", apart_path("no"),
             apart_path("in"));
    for (size_t i = 0; i < COUNT(values); i++) {
        struct plan plan = {.allow = system_alone,
                            .name = "CPATH",
                            .value = values[i],
                            .path = in};

        CHECK(apart(try_plan, &plan) == 0, "%s", values[i]);
        plan.path = out;
        CHECK(apart(try_plan, &plan) == EACCES, "%s", values[i]);
        plan.path = in;
        plan.name = "OTHER";
        CHECK(apart(try_plan, &plan) == EACCES, "%s", values[i]);
    }
}

/* A compiler with what is installed beside it, and a neighbour. */
static void install(const char *prefix)
{
    static const char *const files[] = {"bin/xcc", "bin/xld", "lib/crt.o",
                                        "include/x.h", "secret/key"};
    char name[64];

    for (size_t i = 0; i < COUNT(files); i++) {
        snprintf(name, sizeof(name), "%s/%s", prefix, files[i]);
        apart_write(name, "#!/bin/sh\n", 0755);
    }
}

static void check(const struct plan *plan, const char *path, bool is_allowed)
{
    struct plan own = *plan;
    int got;

    own.path = apart_path(path);
    got = apart(try_plan, &own);
    CHECK(got == (is_allowed ? 0 : EACCES), "%s with %s came to %d", path,
          own.command ? own.command : own.value, got);
}

static void test_compiler(void **state)
{
    char command[PATH_MAX], wrapped[PATH_MAX + 16], path[PATH_MAX];

    (void)state;
    install("opt");
    snprintf(command, sizeof(command), "%s", apart_path("opt/bin/xcc"));
    snprintf(wrapped, sizeof(wrapped), "env\t%s -c", command);
    snprintf(path, sizeof(path), "/none::%s", apart_path("opt/bin"));
    assert_int_equal(symlink(command, apart_path("link")), 0);
    {
        const struct plan plans[] = {
            {.allow = compiler, .command = command},
            {.allow = compiler, .command = wrapped},
            {.allow = compiler, .command = apart_path("link")},
            {.allow = compiler, .name = "CC", .value = command},
            {.allow = compiler, .command = "", .name = "CC", .value = command},
            {.allow = compiler,
             .command = "xcc",
             .name = "PATH",
             .value = path},
        };

        for (size_t i = 0; i < COUNT(plans); i++) {
            check(&plans[i], "opt/bin/xcc", true);
            check(&plans[i], "opt/bin/xld", true);
            check(&plans[i], "opt/lib/crt.o", true);
            check(&plans[i], "opt/include/x.h", true);
            check(&plans[i], "opt/secret/key", false);
        }
    }
}

/* A script in no folder of programs: it alone. None at all: no harm. */
static void test_lone_compiler(void **state)
{
    const char *command = apart_write("mine/cc.sh", "#!/bin/sh\n", 0755);
    struct plan plan = {.allow = compiler, .command = command};

    (void)state;
    apart_write("mine/key", "x", 0644);
    check(&plan, "mine/cc.sh", true);
    check(&plan, "mine/key", false);
    plan.command = "weft-no-such-compiler --with /flags";
    check(&plan, "mine/cc.sh", false);
    plan.command = apart_dir; /* a folder is no program */
    check(&plan, "mine/cc.sh", false);
}

static void test_flags(void **state)
{
    static const struct {
        const char *format;
        bool is_allowed;
    } cases[] = {
        {"-I%s", true},        {"-O2 -I %s -g", true},
        {"-L%s", true},        {"-isystem\t%s", true},
        {"-iquote %s", true},  {"-idirafter %s", true},
        {"-include %s", true}, {"--sysroot=%s", true},
        {"-B%s", true},        {"-Wl,-rpath,%s", true},
        {"-I/x -I%s", true},   {"-D%s", false},
        {"%s", false},         {"-O2 -I", false},
    };
    char flags[PATH_MAX + 32];

    (void)state;
    apart_write("inc/x.h", "x", 0644);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct plan plan = {.allow = compiler,
                            .command = "cc",
                            .flags = flags,
                            .path = apart_path("inc/x.h")};
        int want = cases[i].is_allowed ? 0 : EACCES;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(flags, sizeof(flags), cases[i].format, apart_path("inc"));
#pragma GCC diagnostic pop
        CHECK(apart(try_plan, &plan) == want, "%s", flags);
        plan.command = flags; /* those of the command count too */
        plan.flags = NULL;
        CHECK(apart(try_plan, &plan) == want, "%s in the command", flags);
    }
}

static void test_folder(void **state)
{
    char link[PATH_MAX];
    struct plan plan = {.allow = folder};

    (void)state;
    apart_write("real/file", "x", 0644);
    apart_write("real/other", "x", 0644);
    apart_write("links/other", "x", 0644);
    snprintf(link, sizeof(link), "%s", apart_path("links/file"));
    assert_int_equal(symlink("../real/file", link), 0);
    plan.command = link;
    check(&plan, "real/other", true);
    check(&plan, "links/other", false);
    plan.command = "/no/such/file";
    check(&plan, "real/other", false);
}

#define IN_DIR(test)                                                           \
    cmocka_unit_test_setup_teardown(test, apart_setup, apart_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_system),
        IN_DIR(test_variables),
        IN_DIR(test_compiler),
        IN_DIR(test_lone_compiler),
        IN_DIR(test_flags),
        IN_DIR(test_folder),
    };
    struct sandbox_files files;

    if (!sandbox_files_begin(&files) || files.abi == 0) {
        printf("this kernel has no Landlock\n");
        return 77;
    }
    sandbox_files_end(&files);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
