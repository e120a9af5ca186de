/* SPDX-License-Identifier: MIT */
/* A program runs one command, so that who speaks is known once for all. The
 * line is built first, and written at once: several programs may share a
 * standard error. */
#include "cli/complain.h"

#include <stdarg.h>
#include <stdio.h>

#define LINE_SIZE 4096

static const char *speaker = "weft";

void complain_as(const char *command)
{
    speaker = command;
}

void complain(const char *format, ...)
{
    char line[LINE_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    fprintf(stderr, "%s: %s\n", speaker, line);
}
