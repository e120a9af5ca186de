/* SPDX-License-Identifier: MIT */
#include "typist.h"
#include "support.h"
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define SEEN_MAX 65536
#define ROWS 24
#define COLUMNS 80
#define BOUND_MS 20000

static int master;
static pid_t child;
static char seen[SEEN_MAX + 1];
static size_t seen_len, waited; /* what was waited for ends there */

void typist_begin(int (*fn)(void), const char *term)
{
    struct winsize size = {.ws_row = ROWS, .ws_col = COLUMNS};

    seen_len = waited = 0;
    seen[0] = '\0';
    fflush(NULL);
    child = forkpty(&master, NULL, NULL, &size);
    CHECK(child >= 0, "forkpty: %d", errno);
    if (child > 0)
        return;
    setenv("TERM", term, 1);
    exit(fn());
}

void typist_type(const char *text)
{
    size_t len = strlen(text);

    CHECK(write(master, text, len) == (ssize_t)len, "typing: %d", errno);
}

/* false: nothing came within the bound, or never will. */
static bool read_more(void)
{
    struct pollfd fds[] = {{.fd = master, .events = POLLIN}};
    ssize_t n;

    if (poll(fds, 1, BOUND_MS) != 1)
        return false;
    n = read(master, seen + seen_len, SEEN_MAX - seen_len);
    if (n <= 0)
        return false;
    seen_len += (size_t)n;
    seen[seen_len] = '\0';
    return true;
}

const char *typist_wait(const char *text)
{
    const char *found;

    while (!(found = strstr(seen + waited, text)))
        CHECK(read_more(), "'%s' did not appear: %s", text, seen + waited);
    waited = (size_t)(found - seen) + strlen(text);
    return seen;
}

bool typist_lacks(const char *text)
{
    return !strstr(seen, text);
}

/* ---- A terminal ---------------------------------------------------------- */

static char cells[ROWS][COLUMNS + 1];
static size_t row, column;

static void put(char c)
{
    if (column == COLUMNS) {
        column = 0;
        row += row < ROWS - 1;
    }
    cells[row][column++] = c;
}

static void clear_from(size_t from_row, size_t from_column)
{
    memset(cells[from_row] + from_column, ' ', COLUMNS - from_column);
    for (size_t r = from_row + 1; r < ROWS; r++)
        memset(cells[r], ' ', COLUMNS);
}

/* Obeys a control sequence; returns its length behind the escape. */
static size_t obey(const char *text)
{
    size_t len = strspn(text + 1, "0123456789;?") + 1;
    size_t n = (size_t)strtoul(text + 1, NULL, 10);

    n = n > 0 ? n : 1;
    if (text[len] == 'A')
        row -= n < row ? n : row;
    else if (text[len] == 'C')
        column += n;
    else if (text[len] == 'D')
        column -= n < column ? n : column;
    else if (text[len] == 'J')
        clear_from(row, column);
    else if (text[len] == 'K')
        memset(cells[row] + column, ' ', COLUMNS - column);
    else if (text[len] == 'P')
        memmove(cells[row] + column, cells[row] + column + n,
                COLUMNS - column - n);
    else if (text[len] == '@')
        memmove(cells[row] + column + n, cells[row] + column,
                COLUMNS - column - n);
    return len + 1;
}

const char *typist_screen(void)
{
    static char text[ROWS * (COLUMNS + 1) + 1];
    size_t len = 0;

    row = column = 0;
    clear_from(0, 0);
    for (const char *p = seen; *p; p++) {
        if (*p == '\r')
            column = 0;
        else if (*p == '\n')
            row += row < ROWS - 1;
        else if (*p == '\b')
            column -= column > 0;
        else if (*p == '\033' && p[1] == '[')
            p += obey(p + 1);
        else if ((unsigned char)*p >= 0x20)
            put(*p);
    }
    for (size_t r = 0; r < ROWS; r++) {
        size_t width = COLUMNS;

        while (width > 0 && cells[r][width - 1] == ' ')
            width--;
        memcpy(text + len, cells[r], width);
        len += width;
        text[len++] = '\n';
    }
    while (len > 0 && text[len - 1] == '\n')
        len--;
    text[len] = '\0';
    return text;
}

/* ---- The end ------------------------------------------------------------- */

pid_t typist_pid(void)
{
    return child;
}

bool typist_is_cooked(void)
{
    struct termios now;

    CHECK(tcgetattr(master, &now) == 0, "tcgetattr: %d", errno);
    return (now.c_lflag & ICANON) && (now.c_lflag & ECHO);
}

int typist_end(void)
{
    int status;

    while (read_more())
        ;
    CHECK(waitpid(child, &status, 0) == child, "waitpid: %d", errno);
    close(master);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1 - WTERMSIG(status);
}
