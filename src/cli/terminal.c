/* SPDX-License-Identifier: MIT */
/*
 * The prompt waits for keys, and everything else happens while it waits. What
 * is printed goes through a struct show whose before hides the line. When the
 * link is to end, the prompt goes first: how it ends is told on a terminal that
 * is as it was found.
 */
#include "cli/terminal.h"

#include "cli/history.h"
#include "cli/interrupt.h"
#include "cli/link.h"
#include "cli/prompt.h"
#include "cli/typed.h"
#include "cli/wait.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_LIMIT ((uint64_t)16 << 20) /* that of a message, if not given */

struct terminal {
    struct link link;
    struct show show;
    struct prompt *prompt; /* NULL while there is none */
    int signals;
};

static struct terminal *terminal_of(struct link *link)
{
    return link->user;
}

static void before_show(void *user)
{
    struct terminal *t = user;

    if (t->prompt)
        prompt_hide(t->prompt);
}

/* ---- What happens -------------------------------------------------------- */

static void on_opened(struct link *link)
{
    const char *protocol = weft_socket_protocol(link->ws);
    const char *extensions = weft_socket_extensions(link->ws);

    show_line(&terminal_of(link)->show, SHOW_NOTE, "open: %s%s%s%s%s",
              weft_socket_url(link->ws), *protocol ? ", protocol " : "",
              protocol, *extensions ? ", extensions " : "", extensions);
}

static void on_sent(struct link *link, const struct weft_message *msg)
{
    show_message(&terminal_of(link)->show, SHOW_SENT, msg);
}

static void on_message(struct link *link, const struct weft_message *msg)
{
    show_message(&terminal_of(link)->show, SHOW_CAME, msg);
}

/* What never was open does not close; why it failed is told by the link. */
static void on_closed(struct link *link, const struct weft_closed *how)
{
    if (link->opened_ns > 0)
        show_closed(&terminal_of(link)->show, how);
}

static void on_drained(struct link *link)
{
    show_line(&terminal_of(link)->show, SHOW_NOTE,
              "the server takes messages again");
}

static const struct link_events events = {
    .opened = on_opened,
    .sent = on_sent,
    .message = on_message,
    .control = on_message,
    .drained = on_drained,
    .closed = on_closed,
};

static void leave(struct terminal *t)
{
    link_leave(&t->link, WEFT_CLOSE_NORMAL, NULL);
}

static void take_signal(struct terminal *t)
{
    switch (interrupt_take()) {
    case 0:
        break;
    case SIGWINCH:
        if (t->prompt)
            prompt_resize(t->prompt);
        break;
    case SIGTSTP:
        if (t->prompt)
            prompt_suspend(t->prompt);
        else
            raise(SIGSTOP);
        break;
    default:
        leave(t);
    }
}

/* One turn of everything; whether a key can be read. */
static bool turn(struct terminal *t, int in)
{
    struct wait wait = {.in = in, .out = -1, .signals = t->signals};

    if (wait_turn(&wait, t->link.loop) != 0) {
        link_fail(&t->link, "cannot wait: %s", strerror(errno));
        t->link.has_ended = true;
    }
    take_signal(t);
    return wait.in_ready;
}

/* For the prompt. */
static bool wait_for_key(void *user)
{
    struct terminal *t = user;

    while (!t->link.has_ended && !t->link.is_leaving) {
        prompt_draw(t->prompt);
        if (turn(t, STDIN_FILENO) && !t->link.has_ended && !t->link.is_leaving)
            return true;
    }
    return false;
}

/* ---- What is typed ------------------------------------------------------- */

/* Says why something was not sent, or shows it. */
static void show_sent(struct terminal *t, int err,
                      const struct weft_message *msg)
{
    if (err == WEFT_ERR_BUSY)
        show_line(&t->show, SHOW_PROBLEM,
                  "not sent: the server reads too slowly, too much waits");
    else if (err == WEFT_ERR_USAGE && msg->kind == WEFT_PING)
        show_line(&t->show, SHOW_PROBLEM,
                  "not sent: a ping has 125 bytes at most");
    else if (err)
        show_line(&t->show, SHOW_PROBLEM, "not sent: %s", weft_strerror(err));
    else if (!t->prompt->keeps_lines || msg->kind != WEFT_TEXT)
        show_message(&t->show, SHOW_SENT, msg);
}

static void send_message(struct terminal *t, enum weft_kind kind,
                         const char *data, size_t len)
{
    const struct weft_message msg = {.kind = kind, .data = data, .len = len};

    if (!link_is_open(&t->link))
        show_line(&t->show, SHOW_PROBLEM, "not sent: there is no connection");
    else if (kind == WEFT_PING)
        show_sent(t, weft_socket_ping(t->link.ws, data, len), &msg);
    else
        show_sent(t, weft_socket_send(t->link.ws, kind, data, len), &msg);
}

/* The number of bytes read, which is less than size at the end of a file; -1
 * for an error. */
static ssize_t read_all(int fd, char *data, size_t size)
{
    size_t len = 0;
    ssize_t n = 1;

    while (len < size && n != 0) {
        n = read(fd, data + len, size - len);
        if (n < 0 && errno != EINTR)
            return -1;
        len += n > 0 ? (size_t)n : 0;
    }
    return (ssize_t)len;
}

/* The content of a file of at most limit bytes; NULL, and *why, if it cannot
 * be had. The caller frees it. */
static char *read_file(const char *path, uint64_t limit, size_t *len,
                       const char **why)
{
    /* A FIFO would be waited for. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;
    char *data = NULL;
    ssize_t n;

    if (fd < 0 || fstat(fd, &st) != 0) {
        *why = strerror(errno);
    } else if (!S_ISREG(st.st_mode)) {
        *why = "not a file";
    } else if ((uint64_t)st.st_size > limit) {
        *why = "larger than --message-limit allows";
    } else if (!(data = malloc((size_t)st.st_size + 1))) {
        *why = "no memory";
    } else if ((n = read_all(fd, data, (size_t)st.st_size)) < 0) {
        *why = strerror(errno);
        free(data);
        data = NULL;
    } else {
        *len = (size_t)n;
    }
    if (fd >= 0)
        close(fd);
    return data;
}

/* What a shell would make of "~/file". */
static const char *at_home(char whole[PATH_MAX], const char *path)
{
    const char *home = getenv("HOME");
    int len;

    if (strncmp(path, "~/", 2) != 0 || !home)
        return path;
    len = snprintf(whole, PATH_MAX, "%s%s", home, path + 1);
    return len < PATH_MAX ? whole : path;
}

static void send_file(struct terminal *t, const char *path)
{
    uint64_t limit = t->link.options->socket.message_limit;
    const char *why = "";
    char whole[PATH_MAX];
    size_t len;
    char *data = read_file(at_home(whole, path), limit > 0 ? limit : FILE_LIMIT,
                           &len, &why);

    if (data)
        send_message(t, WEFT_BINARY, data, len);
    else
        show_line(&t->show, SHOW_PROBLEM, "%s: %s", path, why);
    free(data);
}

static void close_with(struct terminal *t, const struct typed *typed)
{
    uint16_t code = typed->code <= UINT16_MAX ? (uint16_t)typed->code : 1;
    const char *reason = *typed->text ? typed->text : NULL;

    /* A code of 0 would mean none to the library. */
    if (code == 0 || !link_leave(&t->link, code, reason))
        show_line(&t->show, SHOW_PROBLEM,
                  "a client may close with 1000 or 3000 to 4999, and a reason "
                  "of up to 123 bytes");
}

static void show_help(struct terminal *t)
{
    for (const char *const *line = typed_help; **line; line++)
        show_line(&t->show, SHOW_NOTE, "%s", *line);
}

static void obey(struct terminal *t, const char *line)
{
    struct typed typed;

    typed_parse(&typed, line);
    switch (typed.kind) {
    case TYPED_TEXT:
        send_message(t, WEFT_TEXT, typed.text, strlen(typed.text));
        break;
    case TYPED_PING:
        send_message(t, WEFT_PING, typed.text, strlen(typed.text));
        break;
    case TYPED_BINARY:
        send_file(t, typed.text);
        break;
    case TYPED_CLOSE:
        close_with(t, &typed);
        break;
    case TYPED_HELP:
        show_help(t);
        break;
    case TYPED_QUIT:
        leave(t);
        break;
    case TYPED_WRONG:
        show_line(&t->show, SHOW_PROBLEM, "%s", typed.text);
        break;
    }
}

/* ---- From beginning to end ----------------------------------------------- */

/* Lines are read from the first time that the connection is open; the prompt
 * stays while it is made again. */
static void read_lines(struct terminal *t)
{
    const char *line;

    while (!t->link.has_ended && !t->link.is_leaving && !link_is_open(&t->link))
        turn(t, -1);
    while (!t->link.has_ended && !t->link.is_leaving &&
           (line = prompt_read(t->prompt)))
        obey(t, line);
}

static void set_up(struct terminal *t, const struct connect_options *options)
{
    t->link.options = options;
    t->link.events = &events;
    t->link.user = t;
    t->show = (struct show){
        .out = stdout,
        .has_color = connect_options_has_color(options, stdout),
        .has_times = options->has_times,
        .before = before_show,
        .user = t,
    };
    t->link.log = t->show;
    t->link.log.out = stderr;
    t->link.log.has_color = connect_options_has_color(options, stderr);
}

static void run(struct terminal *t, const char *history)
{
    const struct prompt_opts opts = {
        .in = STDIN_FILENO,
        .out = stdout,
        .history = history,
        .wait = wait_for_key,
        .user = t,
    };

    t->prompt = prompt_new(&opts);
    if (!t->prompt) {
        link_fail(&t->link, "the terminal cannot be used");
    } else {
        read_lines(t);
        prompt_free(t->prompt);
        t->prompt = NULL;
    }
    leave(t);
    while (!t->link.has_ended)
        turn(t, -1);
}

int terminal_run(const struct connect_options *options, int signals)
{
    struct terminal t = {.signals = signals};
    char path[HISTORY_PATH_SIZE];

    set_up(&t, options);
    if (link_begin(&t.link))
        run(&t, history_path(path) ? path : NULL);
    link_release(&t.link);
    return t.link.has_failed ? LINK_FAILED : t.link.status;
}
