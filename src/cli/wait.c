/* SPDX-License-Identifier: MIT */
/* The loop is one descriptor among others here. A signal interrupts poll, and
 * its byte is there to be read in the next wait. */
#include "cli/wait.h"

#include <errno.h>
#include <poll.h>

enum { IN, OUT, LOOP, SIGNALS, COUNT };

/* A descriptor that only ever breaks is asked for no event. */
static short out_events(const struct wait *wait)
{
    return wait->wants_out ? POLLOUT : 0;
}

int wait_turn(struct wait *wait, struct weft_loop *loop)
{
    struct pollfd fds[COUNT] = {
        [IN] = {.fd = wait->in, .events = POLLIN},
        [OUT] = {.fd = wait->out, .events = out_events(wait)},
        [LOOP] = {.fd = weft_loop_fd(loop), .events = POLLIN},
        [SIGNALS] = {.fd = wait->signals, .events = POLLIN},
    };
    int ready = poll(fds, COUNT, weft_loop_timeout_ms(loop));

    wait->in_ready = wait->out_ready = wait->out_broken = false;
    if (ready < 0)
        return errno == EINTR ? 0 : WEFT_ERR_SYSTEM;
    wait->in_ready = fds[IN].revents != 0;
    wait->out_ready = wait->wants_out && fds[OUT].revents != 0;
    wait->out_broken = (fds[OUT].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
    return weft_loop_turn(loop, 0);
}

bool wait_can_write(int fd)
{
    struct pollfd fds[] = {{.fd = fd, .events = POLLOUT}};

    return poll(fds, 1, 0) == 1;
}
