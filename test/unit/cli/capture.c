/* SPDX-License-Identifier: MIT */
#include "capture.h"
#include "support.h"
#include <stdio.h>
#include <unistd.h>

static FILE *file;
static int captured, before;

void capture_begin(int fd)
{
    fflush(NULL);
    file = tmpfile();
    captured = fd;
    before = dup(fd);
    CHECK(file && before >= 0 && dup2(fileno(file), fd) == fd, "%d", fd);
}

const char *capture_end(void)
{
    static char text[65536];
    size_t len;

    fflush(NULL);
    dup2(before, captured);
    close(before);
    rewind(file);
    len = fread(text, 1, sizeof(text) - 1, file);
    text[len] = '\0';
    fclose(file);
    return text;
}
