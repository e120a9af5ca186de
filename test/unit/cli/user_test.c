/* SPDX-License-Identifier: MIT */
#include "apart.h"
#include "capture.h"
#include "cli/complain.h"
#include "cli/user.h"
#include "command_line.h"
#include "support.h"
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void test_find(void **state)
{
    static const struct {
        const char *text;
        uid_t uid;
        gid_t gid;
        const char *name;
    } cases[] = {
        {"root", 0, 0, "root"},
        {"0", 0, 0, "root"},
        {"root:54321", 0, 54321, "root"},
        {"0:0", 0, 0, "root"},
        {"54321:12345", 54321, 12345, ""},
        {"54321:root", 54321, 0, ""},
    };
    struct user user;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK(user_find(&user, cases[i].text), "%s", cases[i].text);
        CHECK(user.uid == cases[i].uid && user.gid == cases[i].gid, "%s: %u:%u",
              cases[i].text, user.uid, user.gid);
        CHECK(strcmp(user.name, cases[i].name) == 0, "%s", user.name);
        CHECK((user.home[0] == '/') == (cases[i].name[0] != '\0'), "%s",
              user.home);
    }
}

static void test_wrong(void **state)
{
    static const struct {
        const char *text, *about;
    } cases[] = {
        {"", "takes NAME"},
        {":", "takes NAME"},
        {":root", "takes NAME"},
        {"root:", "takes NAME"},
        {"no-such-user", "no user no-such-user"},
        {"no-such-user:root", "no user no-such-user"},
        {"root:no-such-group", "no group no-such-group"},
        {"54321", "a group must be given"},
        {"-1", "no user -1"},
        {"4294967295:0", "no user 4294967295"},
        {"4294967296:0", "no user 4294967296"},
        {"54321:4294967295", "no group 4294967295"},
        {"a-name-that-is-longer-than-any-user-of-any-system-has-ever-had-so-"
         "far",
         "takes NAME"},
    };
    struct user user;

    (void)state;
    complain_as("weft serve");
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool is_found;

        capture_begin(STDERR_FILENO);
        is_found = user_find(&user, cases[i].text);
        command_line_check(capture_end(), "weft serve", cases[i].about, i);
        CHECK(!is_found, "%s", cases[i].text);
    }
}

/* Of the user we are, everybody may become one; it changes nothing. */
static int become_same(const void *arg)
{
    struct user user = {.uid = getuid(), .gid = getgid()};

    (void)arg;
    return user_become(&user) && getuid() == user.uid ? 0 : 1;
}

static bool has_id(uid_t uid, gid_t gid)
{
    uid_t u[3];
    gid_t g[3];

    return !getresuid(&u[0], &u[1], &u[2]) && !getresgid(&g[0], &g[1], &g[2]) &&
           u[0] == uid && u[1] == uid && u[2] == uid && g[0] == gid &&
           g[1] == gid && g[2] == gid;
}

static bool says(const char *name, const char *value)
{
    const char *got = getenv(name);

    return value ? got && strcmp(got, value) == 0 : !got;
}

/* A number for the first thing that is not as it should be. */
static int become(const void *arg)
{
    const struct user *user = arg;
    const char *name = user->name[0] ? user->name : NULL;
    gid_t groups[64];
    int count;

    setenv("XDG_CACHE_HOME", "/of/another", 1);
    setenv("HOME", "/of/another", 1);
    setenv("USER", "root", 1);
    if (!user_become(user))
        return 1;
    if (!has_id(user->uid, user->gid))
        return 2;
    count = getgroups((int)COUNT(groups), groups);
    for (int i = 0; i < count; i++)
        if (groups[i] == 0)
            return 3;
    if (setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0)
        return 4;
    if (!says("HOME", user->home[0] ? user->home : NULL) ||
        !says("USER", name) || !says("LOGNAME", name) ||
        !says("XDG_CACHE_HOME", NULL))
        return 5;
    return user_become(user) ? 0 : 6; /* which it is now */
}

static int become_root(const void *arg)
{
    struct user user = {.uid = 0, .gid = 0, .name = "root"};

    (void)arg;
    if (geteuid() == 0 && setresuid(65534, 65534, 65534))
        return 2;
    return user_become(&user) ? 1 : 0;
}

static void test_become(void **state)
{
    static const char *const users[] = {"nobody", "nobody:12345",
                                        "54321:12345"};
    struct user user;

    (void)state;
    assert_int_equal(apart(become_same, NULL), 0);
    if (geteuid() != 0)
        return; /* nothing more can be done */
    for (size_t i = 0; i < COUNT(users); i++) {
        int got;

        CHECK(user_find(&user, users[i]), "%s", users[i]);
        got = apart(become, &user);
        CHECK(got == 0, "%s: %d", users[i], got);
    }
}

static void test_not_root(void **state)
{
    int got;

    (void)state;
    capture_begin(STDERR_FILENO);
    got = apart(become_root, NULL);
    command_line_check(capture_end(), "weft serve", "only root", 0);
    assert_int_equal(got, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_become),
        cmocka_unit_test(test_not_root),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
