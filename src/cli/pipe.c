/* SPDX-License-Identifier: MIT */
/*
 * Two streams that hold each other back. Input is not read while the socket
 * takes nothing, and the socket is paused while output is behind, so that what
 * is held is one message, or HIGH bytes, in each direction.
 *
 * Descriptors stay as they are: to make a standard output non-blocking would
 * do so for every program that shares it. They are polled instead, and then
 * given no more than they certainly take.
 */
#include "cli/pipe.h"

#include "cli/interrupt.h"
#include "cli/lines.h"
#include "cli/link.h"
#include "cli/wait.h"
#include <errno.h>
#include <limits.h>
#include <unistd.h>

#define READ_SIZE ((size_t)64 * 1024)
#define HIGH ((size_t)64 * 1024)        /* bytes of output that wait */
#define BURST 16                        /* writes in a turn */
#define LINE_LIMIT ((uint64_t)16 << 20) /* that of a message, if not given */
#define PONG_MS 10000

/* How long the reader of the output has to take what has come, after a signal.
 */
#define LEAVE_MS 5000

static const char last_ping[] = "end of input";

/* After the end of input. */
enum stage {
    READING, /* there is more, or may be */
    SENT,    /* all is in the socket's buffer, the ping behind it */
    ASKED,   /* all is with the network: the timer runs until the pong */
    QUIET,   /* the pong has come: the timer runs while nothing else does */
};

struct piping {
    struct link link;
    const struct connect_options *options;
    struct pipe_ends ends;
    struct lines input;
    struct fifo output;
    struct show show;         /* to a terminal */
    struct weft_timer *timer; /* of ASKED and QUIET, and then of leaving */
    uint64_t line;            /* lines sent, for what is said of the next */
    enum stage stage;
    bool has_ended;       /* the input */
    bool is_held;         /* a send was BUSY */
    bool is_paused;       /* the socket */
    bool is_shown;        /* the output is a terminal */
    bool is_broken;       /* the output */
    bool is_leaving;      /* a signal came */
    bool has_told_binary; /* that binary messages are left out */
};

static struct piping *piping_of(struct link *link)
{
    return link->user;
}

/* ---- Output -------------------------------------------------------------- */

static void start_timer(struct piping *p);

/* A connection that is being closed must not be paused: its end would not be
 * seen. The timer has waited. */
static void hold_back(struct piping *p)
{
    bool is_behind = p->is_paused ? p->output.len > 0 : p->output.len > HIGH;

    if (p->is_paused == is_behind || !link_is_open(&p->link))
        return;
    p->is_paused = is_behind;
    if (is_behind) {
        weft_socket_pause(p->link.ws);
    } else {
        weft_socket_resume(p->link.ws);
        start_timer(p);
    }
}

/* Nobody reads what is written any more, which is how `head` says that it has
 * seen enough. */
static void break_off(struct piping *p)
{
    p->is_broken = true;
    fifo_release(&p->output);
    link_leave(&p->link, WEFT_CLOSE_NORMAL, NULL);
}

static void fail_output(struct piping *p)
{
    int number = errno;

    if (number == EINTR || number == EAGAIN)
        return;
    if (number != EPIPE)
        link_fail(&p->link, "standard output: %s", strerror(number));
    break_off(p);
}

/* Writes to a descriptor that is ready, each time as much as a ready pipe takes
 * without blocking. */
static void write_some(struct piping *p)
{
    unsigned writes = 0;

    do {
        size_t len = p->output.len < PIPE_BUF ? p->output.len : PIPE_BUF;
        ssize_t n = write(p->ends.out, fifo_bytes(&p->output), len);

        if (n < 0) {
            fail_output(p);
            return;
        }
        fifo_take(&p->output, (size_t)n);
    } while (p->output.len > 0 && ++writes < BURST &&
             wait_can_write(p->ends.out));
}

static void put_message(struct piping *p, const struct weft_message *msg)
{
    bool fits = fifo_add(&p->output, msg->data, msg->len);

    if (fits && !p->options->is_binary)
        fits = fifo_add(&p->output, &p->options->separator, 1);
    if (!fits)
        link_fail(&p->link, "no memory for a message of %zu bytes", msg->len);
    hold_back(p);
}

static void leave_out(struct piping *p, const struct weft_message *msg)
{
    if (!p->has_told_binary)
        show_line(&p->link.log, SHOW_NOTE,
                  "a binary message of %zu bytes is left out, as are others; "
                  "--binary writes them",
                  msg->len);
    p->has_told_binary = true;
}

/* ---- The end of input ---------------------------------------------------- */

static void start_timer(struct piping *p)
{
    if (p->is_leaving)
        return;
    if (p->stage == ASKED)
        weft_timer_start(p->timer, PONG_MS, 0);
    else if (p->stage == QUIET)
        weft_timer_start(p->timer, p->options->linger_ms, 0);
}

static void on_timer(void *arg)
{
    struct piping *p = arg;

    if (p->is_leaving && p->output.len == 0)
        return; /* the connection has a bound of its own */
    if (p->is_leaving) {
        link_fail(&p->link, "nobody took what came to standard output");
        break_off(p);
        return;
    }
    /* While the output is behind, nobody knows what has come. */
    if (!p->is_paused)
        link_leave(&p->link, WEFT_CLOSE_NORMAL, NULL);
}

/* All that was read has been sent: the server is asked whether it has it. */
static void ask(struct piping *p)
{
    if (p->options->linger_ms == OPTION_OFF)
        return;
    p->link.is_last = true;
    p->stage = SENT;
    if (weft_socket_ping(p->link.ws, last_ping, sizeof(last_ping) - 1) != 0)
        link_fail(&p->link, "no memory for a ping");
}

/* The timer must not run while a long upload does. */
static void look_after_end(struct piping *p)
{
    if (p->stage != SENT || !link_is_open(&p->link) ||
        weft_socket_buffered_amount(p->link.ws) > 0)
        return;
    p->stage = ASKED;
    start_timer(p);
}

/* ---- Input --------------------------------------------------------------- */

/* The next thing to send; false: there is none, or it cannot be. */
static bool next_message(struct piping *p, const char **data, size_t *len)
{
    enum lines_result result;

    if (p->options->is_binary) {
        *data = fifo_bytes(&p->input.fifo);
        *len = p->input.fifo.len;
        return *len > 0;
    }
    result = lines_next(&p->input, p->has_ended, data, len);
    if (result == LINES_TOO_LONG)
        link_fail(&p->link, "line %llu is longer than --message-limit allows",
                  (unsigned long long)p->line + 1);
    return result == LINES_LINE;
}

/* Sends one. false: not now, or never. */
static bool send_one(struct piping *p, const char *data, size_t len)
{
    enum weft_kind kind = p->options->is_binary ? WEFT_BINARY : WEFT_TEXT;
    int err = weft_socket_send(p->link.ws, kind, data, len);

    p->is_held = err == WEFT_ERR_BUSY;
    if (err == WEFT_ERR_INVALID)
        link_fail(&p->link, "line %llu is not UTF-8",
                  (unsigned long long)p->line + 1);
    else if (err && !p->is_held)
        link_fail(&p->link, "cannot send: %s", weft_strerror(err));
    if (err)
        return false;
    p->line++;
    if (p->options->is_binary)
        fifo_take(&p->input.fifo, len);
    else
        lines_take(&p->input);
    return true;
}

static void send_all(struct piping *p)
{
    const char *data;
    size_t len;

    while (link_is_open(&p->link) && !p->is_held &&
           next_message(p, &data, &len))
        if (!send_one(p, data, len))
            return;
    if (p->has_ended && p->stage == READING && !p->is_held &&
        link_is_open(&p->link))
        ask(p);
}

static void read_some(struct piping *p)
{
    char *room = fifo_room(&p->input.fifo, READ_SIZE);
    ssize_t n;

    if (!room) {
        link_fail(&p->link, "no memory for a line");
        return;
    }
    n = read(p->ends.in, room, READ_SIZE);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n < 0 && errno != EBADF)
        link_fail(&p->link, "standard input: %s", strerror(errno));
    if (n > 0)
        fifo_added(&p->input.fifo, (size_t)n);
    p->has_ended = n <= 0;
    send_all(p);
}

/* ---- What happens -------------------------------------------------------- */

static void on_opened(struct link *link)
{
    piping_of(link)->is_held = false;
    piping_of(link)->is_paused = false;
    if (link->options->verbose > 0)
        show_line(&link->log, SHOW_NOTE, "open");
}

static void on_message(struct link *link, const struct weft_message *msg)
{
    struct piping *p = piping_of(link);

    start_timer(p);
    if (p->is_broken)
        return;
    if (p->is_shown)
        show_message(&p->show, SHOW_CAME, msg);
    else if (msg->kind == WEFT_TEXT || p->options->is_binary)
        put_message(p, msg);
    else
        leave_out(p, msg);
}

static void on_control(struct link *link, const struct weft_message *msg)
{
    struct piping *p = piping_of(link);

    if (msg->kind != WEFT_PONG || !weft_message_equals(msg, last_ping) ||
        (p->stage != SENT && p->stage != ASKED))
        return;
    p->stage = QUIET;
    start_timer(p);
}

static void on_drained(struct link *link)
{
    piping_of(link)->is_held = false;
}

static void on_closed(struct link *link, const struct weft_closed *how)
{
    struct piping *p = piping_of(link);

    if (p->timer && !p->is_leaving)
        weft_timer_stop(p->timer);
    if (link->options->verbose > 0 && link->opened_ns > 0)
        show_closed(&link->log, how);
}

static const struct link_events events = {
    .opened = on_opened,
    .message = on_message,
    .control = on_control,
    .drained = on_drained,
    .closed = on_closed,
};

/* ---- From beginning to end ----------------------------------------------- */

static bool wants_input(const struct piping *p)
{
    return link_is_open(&p->link) && !p->has_ended && !p->is_held;
}

static void leave(struct piping *p)
{
    p->is_leaving = true;
    if (p->timer)
        weft_timer_start(p->timer, LEAVE_MS, 0);
    link_leave(&p->link, WEFT_CLOSE_NORMAL, NULL);
}

static void turn(struct piping *p)
{
    struct wait wait = {
        .in = wants_input(p) ? p->ends.in : -1,
        .out = p->is_broken ? -1 : p->ends.out,
        .wants_out = p->output.len > 0,
        .signals = p->ends.signals,
    };

    if (wait_turn(&wait, p->link.loop) != 0) {
        link_fail(&p->link, "cannot wait: %s", strerror(errno));
        p->link.has_ended = true;
        p->link.status = LINK_FAILED;
        break_off(p);
    }
    if (interrupt_take() > 0)
        leave(p);
    if (wait.out_broken && !p->is_broken)
        break_off(p);
    else if (wait.out_ready && p->output.len > 0)
        write_some(p);
    hold_back(p);
    send_all(p);
    if (wait.in_ready && wants_input(p))
        read_some(p);
    look_after_end(p);
}

static void set_up(struct piping *p)
{
    uint64_t limit = p->options->socket.message_limit;

    p->link.user = p;
    p->link.log = (struct show){
        .out = stderr,
        .has_color = connect_options_has_color(p->options, stderr),
        .has_times = p->options->has_times,
    };
    p->show = (struct show){
        .out = stdout,
        .has_times = p->options->has_times,
        .is_bare = true,
    };
    p->is_shown = isatty(p->ends.out);
    p->input.end = p->options->separator;
    p->input.limit = limit > 0 ? limit : LINE_LIMIT;
}

int pipe_run(const struct connect_options *options,
             const struct pipe_ends *ends)
{
    struct piping p = {
        .link = {.options = options, .events = &events},
        .options = options,
        .ends = *ends,
    };

    set_up(&p);
    if (link_begin(&p.link) &&
        weft_timer_new(&p.timer, p.link.loop, on_timer, &p) != 0)
        link_fail(&p.link, "no memory for a timer");
    while (!p.link.has_ended || p.output.len > 0)
        turn(&p);
    weft_timer_free(p.timer);
    link_release(&p.link);
    fifo_release(&p.input.fifo);
    fifo_release(&p.output);
    return p.link.has_failed ? LINK_FAILED : p.link.status;
}
