/* SPDX-License-Identifier: MIT */
/*
 * Names before numbers, as chown has it. Groups go before the user, who could
 * not change them any more. That there is no way back is tried and not
 * believed: what is left undone here would be noticed by an attacker only.
 */
#include "cli/user.h"

#include "cli/complain.h"
#include "cli/number.h"
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* (uid_t)-1 and (gid_t)-1 mean "leave it" to the kernel. */
static bool parse_id(uint32_t *id, const char *text)
{
    uint64_t value;

    if (!number_parse(&value, text) || value >= UINT32_MAX)
        return false;
    *id = (uint32_t)value;
    return true;
}

static bool find_group(gid_t *gid, const char *text)
{
    const struct group *group = getgrnam(text);
    uint32_t id;

    if (group) {
        *gid = group->gr_gid;
        return true;
    }
    if (!parse_id(&id, text)) {
        complain("--user: there is no group %s", text);
        return false;
    }
    *gid = id;
    return true;
}

/* Whether it has room. */
static bool copy_text(char *out, size_t size, const char *text)
{
    return (size_t)snprintf(out, size, "%s", text) < size;
}

/* What stands before the colon. */
static bool find_name(struct user *user, const char *text, bool has_group)
{
    const struct passwd *entry = getpwnam(text);
    uint32_t id;
    bool is_number = !entry && parse_id(&id, text);

    if (is_number)
        entry = getpwuid(id);
    if (!entry && is_number && has_group) {
        user->uid = id;
        return true;
    }
    if (!entry) {
        complain("--user: there is no user %s%s", text,
                 is_number ? ", so a group must be given too: NUMBER:GROUP"
                           : "");
        return false;
    }
    user->uid = entry->pw_uid;
    user->gid = entry->pw_gid;
    if (copy_text(user->name, sizeof(user->name), entry->pw_name) &&
        copy_text(user->home, sizeof(user->home), entry->pw_dir))
        return true;
    complain("--user: the name or the home of %s is too long", text);
    return false;
}

bool user_find(struct user *user, const char *text)
{
    const char *colon = strchr(text, ':');
    size_t len = colon ? (size_t)(colon - text) : strlen(text);
    char name[USER_NAME];

    *user = (struct user){0};
    if (len == 0 || len >= sizeof(name) || (colon && !colon[1])) {
        complain("--user takes NAME or NAME:GROUP, not '%s'", text);
        return false;
    }
    memcpy(name, text, len);
    name[len] = '\0';
    return find_name(user, name, colon) &&
           (!colon || find_group(&user->gid, colon + 1));
}

static bool is_already(const struct user *user)
{
    uid_t real, effective, saved;
    gid_t group[3];

    return getresuid(&real, &effective, &saved) == 0 &&
           getresgid(&group[0], &group[1], &group[2]) == 0 &&
           real == user->uid && effective == user->uid && saved == user->uid &&
           group[0] == user->gid && group[1] == user->gid &&
           group[2] == user->gid;
}

/* Whether a way back to root is left. */
static bool can_return(const struct user *user)
{
    return user->uid != 0 &&
           (setuid(0) == 0 || seteuid(0) == 0 || setreuid(0, 0) == 0 ||
            (user->gid != 0 && (setgid(0) == 0 || setegid(0) == 0)));
}

static bool change(const struct user *user)
{
    int err = user->name[0] ? initgroups(user->name, user->gid)
                            : setgroups(1, &user->gid);

    return err == 0 && setresgid(user->gid, user->gid, user->gid) == 0 &&
           setresuid(user->uid, user->uid, user->uid) == 0;
}

static void set_or_clear(const char *name, const char *value)
{
    if (!value[0] || setenv(name, value, 1) != 0)
        unsetenv(name);
}

/* Programs and libraries find the user's files by these. */
static void set_environment(const struct user *user)
{
    set_or_clear("HOME", user->home);
    set_or_clear("USER", user->name);
    set_or_clear("LOGNAME", user->name);
    unsetenv("XDG_CACHE_HOME"); /* of whoever started us */
}

bool user_become(const struct user *user)
{
    if (geteuid() != 0 && is_already(user))
        return true;
    if (geteuid() != 0) {
        complain("--user: only root can become another user");
        return false;
    }
    if (!change(user)) {
        complain("--user: cannot become user %u: %s", (unsigned)user->uid,
                 strerror(errno));
        return false;
    }
    if (!is_already(user) || can_return(user)) {
        complain("--user: could become root again, which must not be");
        return false;
    }
    set_environment(user);
    return true;
}
