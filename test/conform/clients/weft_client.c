/* SPDX-License-Identifier: MIT */
/*
 * Sends weft_socket through the cases of conform --serve --client, whose lines
 * test/conform/guide.h describes. One loop, driven from a poll over it and
 * standard input; it ends at the end of its input, or when it has no memory.
 */
#include <weft/client.h>
#include <weft/deflate.h>

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PROTOCOLS_MAX 16

/* One case under way. */
struct visit {
    char id[32];
    char events[16];
    unsigned long messages;
    bool closes; /* it is to close when it is open */
    uint16_t code;
    char reason[128];
};

static void die(const char *what)
{
    fprintf(stderr, "weft_client: %s\n", what);
    exit(1);
}

static void note(struct visit *v, char event)
{
    size_t n = strlen(v->events);

    if (event == 'm' && n && v->events[n - 1] == 'm')
        return;
    if (n + 1 < sizeof(v->events))
        v->events[n] = event;
}

/* " name=" and the text, each byte of it as %XX. */
static void print_text(const char *name, const char *text, size_t len)
{
    printf(" %s=", name);
    for (size_t i = 0; i < len; i++)
        printf("%%%02x", (unsigned)(unsigned char)text[i]);
}

static void tell(const struct visit *v, const char *protocol,
                 const struct weft_closed *how)
{
    printf("%s events=%s messages=%lu code=%u clean=%d", v->id, v->events,
           v->messages, how->code, how->clean);
    print_text("protocol", protocol, strlen(protocol));
    print_text("reason", how->reason, how->reason_len);
    putchar('\n');
    fflush(stdout);
}

static void on_open(struct weft_socket *ws)
{
    struct visit *v = weft_socket_user(ws);

    note(v, 'o');
    if (v->closes && weft_socket_close(ws, v->code, v->reason))
        die("weft_socket_close refuses what a browser takes");
}

static void on_message(struct weft_socket *ws, const struct weft_message *msg)
{
    struct visit *v = weft_socket_user(ws);

    note(v, 'm');
    v->messages++;
    if (weft_socket_send(ws, msg->kind, msg->data, msg->len))
        die("weft_socket_send refuses an echo");
}

static void on_error(struct weft_socket *ws, int err, const char *why)
{
    (void)err;
    (void)why;
    note(weft_socket_user(ws), 'e');
}

static void on_close(struct weft_socket *ws, const struct weft_closed *how)
{
    struct visit *v = weft_socket_user(ws);

    note(v, 'c');
    tell(v, weft_socket_protocol(ws), how);
    weft_socket_free(ws);
    free(v);
}

/* "CODE:REASON", in which %XX is a byte. */
static void take_close(struct visit *v, const char *p)
{
    size_t n = 0;
    char *end;

    v->closes = true;
    v->code = (uint16_t)strtoul(p, &end, 10);
    for (p = end + 1; *p && n + 1 < sizeof(v->reason); n++) {
        unsigned byte;

        if (*p == '%' && sscanf(p + 1, "%2x", &byte) == 1) {
            v->reason[n] = (char)byte;
            p += 3;
        } else {
            v->reason[n] = *p++;
        }
    }
}

/* The number behind a name in a list with semicolons, or 0. */
static int term(const char *terms, const char *name)
{
    const char *p = strstr(terms, name);

    p = p ? p + strlen(name) : "";
    return *p == '=' ? (int)strtol(p + 1, NULL, 10) : 0;
}

/* What leads to an offer of these parameters. */
static void take_deflate(struct weft_deflate_opts *d, const char *terms)
{
    d->is_off = false;
    d->threshold = 1;
    d->has_takeover = !strstr(terms, "client_no_context_takeover");
    d->peer_takeover = !strstr(terms, "server_no_context_takeover");
    d->window_bits = term(terms, "client_max_window_bits");
    d->peer_window_bits = term(terms, "server_max_window_bits");
}

static void start(struct weft_loop *loop, char *line)
{
    static const struct weft_socket_events events = {
        .open = on_open,
        .message = on_message,
        .error = on_error,
        .close = on_close,
    };
    static const struct weft_closed never = {.reason = ""};
    struct visit *v = calloc(1, sizeof(*v));
    const char *protocols[PROTOCOLS_MAX + 1] = {NULL};
    struct weft_deflate_opts deflate = {.size = sizeof(deflate),
                                        .is_off = true};
    struct weft_socket_opts opts = {.size = sizeof(opts),
                                    .parallel =
                                        true, /* cases wait for nobody */
                                    .events = &events,
                                    .user = v,
                                    .protocols = protocols,
                                    .deflate = &deflate,
                                    .proxy = ""};
    char *rest = NULL, *id = strtok_r(line, " ", &rest);
    char *url = strtok_r(NULL, " ", &rest), *word;
    struct weft_socket *ws;
    size_t n = 0;

    if (!v || !url)
        die("no memory, or a line without a URL");
    snprintf(v->id, sizeof(v->id), "%s", id);
    while ((word = strtok_r(NULL, " ", &rest))) {
        if (strncmp(word, "protocol=", 9) == 0 && n < PROTOCOLS_MAX)
            protocols[n++] = word + 9;
        else if (strncmp(word, "close=", 6) == 0)
            take_close(v, word + 6);
        else if (strncmp(word, "deflate=", 8) == 0)
            take_deflate(&deflate, word + 8);
    }
    if (weft_socket_new(&ws, loop, url, &opts) == 0)
        return;
    tell(v, "", &never);
    free(v);
}

/* Reads what is there and starts a case for each whole line. Returns false at
 * the end. */
static bool read_lines(struct weft_loop *loop)
{
    static char buf[1 << 16];
    static size_t len;
    ssize_t n = read(STDIN_FILENO, buf + len, sizeof(buf) - len);
    char *at = buf, *end;

    if (n <= 0)
        return n < 0 && errno == EINTR;
    len += (size_t)n;
    while ((end = memchr(at, '\n', len - (size_t)(at - buf)))) {
        *end = '\0';
        start(loop, at);
        at = end + 1;
    }
    len -= (size_t)(at - buf);
    memmove(buf, at, len);
    return len < sizeof(buf);
}

int main(void)
{
    struct weft_loop *loop;
    struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
                            {.events = POLLIN}};
    bool more = true;

    if (weft_loop_new(&loop, NULL))
        die("no loop");
    fds[1].fd = weft_loop_fd(loop);
    puts("ready");
    fflush(stdout);
    while (more) {
        if (poll(fds, 2, weft_loop_timeout_ms(loop)) < 0 && errno != EINTR)
            die("poll fails");
        if (weft_loop_turn(loop, 0))
            die("weft_loop_turn fails");
        if (fds[0].revents)
            more = read_lines(loop);
    }
    weft_loop_free(loop);
    return 0;
}
