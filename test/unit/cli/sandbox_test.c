/* SPDX-License-Identifier: MIT */
#include "apart.h"
#include "cli/sandbox.h"
#include "cli/sandbox_calls.h"
#include "support.h"
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ROOT_KEEPS (1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH)

static uint32_t capabilities(void)
{
    struct __user_cap_header_struct head = {.version =
                                                _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

    if (syscall(SYS_capget, &head, sets) != 0)
        return UINT32_MAX;
    return sets[0].permitted | sets[0].inheritable | sets[1].permitted |
           sets[1].inheritable | (sets[0].effective & ~sets[0].permitted);
}

/* A bit for each thing that is not as it should be. */
static int enter_and_look(const void *arg)
{
    uint32_t may = geteuid() == 0 ? ROOT_KEEPS : 0;
    struct sandbox_files files;
    int wrong = 0;

    (void)arg;
    if (!sandbox_files_begin(&files) ||
        !sandbox_files_allow(&files, SANDBOX_READ, "/usr") ||
        !sandbox_enter(&files))
        return 128;
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        wrong |= 1;
    if (capabilities() & ~may)
        wrong |= 2;
    if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != (sandbox_calls_can() ? 2 : 0))
        wrong |= 4;
    if (files.abi > 0 && apart_list("/etc") != EACCES)
        wrong |= 8;
    if (apart_list("/usr"))
        wrong |= 16;
    sandbox_files_end(&files);
    return wrong;
}

static void test_enter(void **state)
{
    (void)state;
    assert_int_equal(apart(enter_and_look, NULL), 0);
}

/* Where a thread may not give up what it never had, it says so. */
static int enter_bad(const void *arg)
{
    struct sandbox_files files = {.abi = 1, .rules = -1};

    (void)arg;
    return sandbox_enter(&files) ? 0 : errno;
}

static void test_fails(void **state)
{
    (void)state;
    assert_int_equal(apart(enter_bad, NULL), EBADF);
}

static void test_describe(void **state)
{
    const struct sandbox_files with = {.abi = 7}, without = {.abi = 0};
    char text[SANDBOX_TEXT];

    (void)state;
    sandbox_describe(&with, text);
    CHECK(strncmp(text, "no_new_privs, ", 14) == 0, "%s", text);
    CHECK(strstr(text, ", Landlock (version 7)"), "%s", text);
    CHECK(!strstr(text, ", seccomp") == !sandbox_calls_can(), "%s", text);
    CHECK(!strstr(text, "stay in reach"), "%s", text);
    sandbox_describe(&without, text);
    CHECK(!strstr(text, ", Landlock"), "%s", text);
    CHECK(strstr(text, "this kernel has no Landlock"), "%s", text);
    CHECK(strlen(text) + sizeof("1234567890") < SANDBOX_TEXT, "%s", text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_enter),
        cmocka_unit_test(test_fails),
        cmocka_unit_test(test_describe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
