/* SPDX-License-Identifier: MIT */
/* `weft connect`: options, descriptors and signals; then a prompt where there
 * is somebody to type and to read, and a pipe otherwise. */
#include "cli/connect.h"

#include "cli/complain.h"
#include "cli/connect_options.h"
#include "cli/interrupt.h"
#include "cli/link.h"
#include "cli/pipe.h"
#include "cli/terminal.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* A standard descriptor that is closed would be given to the connection. */
static bool open_standard(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
            return false;
    return true;
}

int connect_main(int argc, char **argv)
{
    static struct connect_options options;
    bool has_terminal;
    int signals, status;

    if (!open_standard())
        return LINK_FAILED;
    switch (connect_options_parse(&options, argc, argv)) {
    case OPTIONS_HELP:
        return 0;
    case OPTIONS_BAD:
        return LINK_BAD_USAGE;
    case OPTIONS_RUN:
        break;
    }
    has_terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    signals = interrupt_begin(has_terminal);
    if (signals < 0) {
        complain("cannot start: %s", strerror(errno));
        return LINK_FAILED;
    }
    if (has_terminal) {
        status = terminal_run(&options, signals);
    } else {
        const struct pipe_ends ends = {STDIN_FILENO, STDOUT_FILENO, signals};

        status = pipe_run(&options, &ends);
    }
    interrupt_end();
    return status;
}
