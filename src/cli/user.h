/* SPDX-License-Identifier: MIT */
/* The user that the server becomes once it listens. */
#ifndef WEFT_CLI_USER_H
#define WEFT_CLI_USER_H

#include <stdbool.h>
#include <sys/types.h>

#define USER_NAME 64
#define USER_HOME 1024

struct user {
    uid_t uid;
    gid_t gid;
    char name[USER_NAME]; /* "": known by its number alone */
    char home[USER_HOME]; /* "": none */
};

/* Finds "name", "name:group", or the same in numbers. false after it has
 * complained. */
bool user_find(struct user *user, const char *text);

/* Becomes the user, for good, with its groups, and with its name and home in
 * the environment. Must be called while there is one thread. false after it has
 * complained; then the process is good for nothing but to end. */
bool user_become(const struct user *user);

#endif
