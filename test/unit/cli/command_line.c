/* SPDX-License-Identifier: MIT */
#include "command_line.h"
#include "support.h"
#include <stdio.h>
#include <sys/wait.h>

void command_line_fill(struct command_line *line, const char *name,
                       const char *const *args)
{
    snprintf(line->text[0], sizeof(line->text[0]), "%s", name);
    line->argv[0] = line->text[0];
    for (line->argc = 1; args[line->argc - 1]; line->argc++) {
        char *text = line->text[line->argc];

        snprintf(text, sizeof(line->text[0]), "%s", args[line->argc - 1]);
        line->argv[line->argc] = text;
    }
    line->argv[line->argc] = NULL;
}

void command_line_check(const char *said, const char *command,
                        const char *about, size_t which)
{
    size_t len = strlen(command);
    const char *end = strchr(said, '\n');

    CHECK(strncmp(said, command, len) == 0 && said[len] == ':', "%zu: %s",
          which, said);
    CHECK(strstr(said, about), "%zu: %s", which, said);
    CHECK(end && !end[1], "%zu is not one line: %s", which, said);
}

int command_line_wait(pid_t pid)
{
    int status;

    CHECK(waitpid(pid, &status, 0) == pid, "process %d", (int)pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1 - WTERMSIG(status);
}
