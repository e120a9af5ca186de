/* SPDX-License-Identifier: MIT */
/* The folder belongs to the process that made it: a child leaves it alone. */
#include "cert_files.h"

#include "support.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATHS 32

static char folder[64];
static pid_t owner;

static int run(const char *program, const char *a, const char *b)
{
    pid_t pid = fork();
    int status = -1;

    if (pid == 0) {
        execlp(program, program, a, b, (char *)NULL);
        _exit(127);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

static void clean_up(void)
{
    if (getpid() == owner)
        (void)run("rm", "-r", folder);
}

static void make(void)
{
    snprintf(folder, sizeof(folder), "/tmp/weft-certs-XXXXXX");
    assert_non_null(mkdtemp(folder));
    owner = getpid();
    atexit(clean_up);
    CHECK(run(WEFT_MAKE_CERTS, folder, NULL) == 0, "see %s/log", folder);
}

const char *cert_path(const char *file)
{
    static char paths[PATHS][128];
    static unsigned next;
    char *path = paths[next++ % PATHS];

    if (!folder[0])
        make();
    snprintf(path, sizeof(paths[0]), "%s/%s", folder, file);
    return path;
}

const char *cert_copy(const char *file, const char *as)
{
    const char *path = cert_path(as);

    assert_int_equal(run("cp", cert_path(file), path), 0);
    return path;
}
