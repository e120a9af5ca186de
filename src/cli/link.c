/* SPDX-License-Identifier: MIT */
/*
 * One socket at a time. It is freed in its close event, and then one of three
 * things holds: the timer runs until the next attempt, the link has ended, or
 * a new socket is there already.
 */
#include "cli/link.h"

#include "cli/complain.h"
#include "cli/printable.h"
#include <stdarg.h>
#include <stdlib.h>
#include <sys/random.h>

#define NS_PER_MS UINT64_C(1000000)

static struct link *link_of(const struct weft_socket *ws)
{
    return weft_socket_user(ws);
}

static void end(struct link *link, int status)
{
    weft_timer_stop(link->timer);
    link->has_ended = true;
    link->status = link->has_failed ? LINK_FAILED : status;
}

/* ---- What is said -------------------------------------------------------- */

/* One line that begins with the URL; the text may be another machine's. */
static void tell(const struct link *link, const char *what)
{
    char line[2 * LINK_WHY_SIZE * 4];
    FILE *out;

    if (link->log.before)
        link->log.before(link->log.user);
    memset(line, 0, sizeof(line));
    out = fmemopen(line, sizeof(line) - 1, "w");
    if (!out)
        return;
    printable_put(out, what, strlen(what), false);
    fclose(out);
    complain("%s: %s", link->options->url, line);
}

void link_fail(struct link *link, const char *format, ...)
{
    char what[LINK_WHY_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    if (!link->has_failed)
        tell(link, what);
    link->has_failed = true;
    link_leave(link, 0, NULL);
}

/* ---- Events of the socket ------------------------------------------------ */

static void send_once_open(struct link *link)
{
    const struct option_list *texts = &link->options->once_open;

    for (size_t i = 0; i < texts->count && !link->is_leaving; i++) {
        const struct weft_message msg = {
            .kind = WEFT_TEXT,
            .data = texts->items[i],
            .len = strlen(texts->items[i]),
        };
        int err = weft_socket_send(link->ws, msg.kind, msg.data, msg.len);

        if (!err && link->events->sent)
            link->events->sent(link, &msg);
        if (err)
            link_fail(link, "--once-open: %s",
                      err == WEFT_ERR_INVALID ? "the text is not UTF-8"
                                              : weft_strerror(err));
    }
}

static void on_open(struct weft_socket *ws)
{
    struct link *link = link_of(ws);

    link->opened_ns = weft_loop_now(link->loop);
    if (link->events->opened)
        link->events->opened(link);
    send_once_open(link);
}

static void on_message(struct weft_socket *ws, const struct weft_message *msg)
{
    struct link *link = link_of(ws);

    if (link->events->message)
        link->events->message(link, msg);
    link->messages++;
    if (link->messages == link->options->max_messages)
        link_leave(link, WEFT_CLOSE_NORMAL, NULL);
}

static void on_control(struct weft_socket *ws, const struct weft_message *msg)
{
    struct link *link = link_of(ws);

    if (link->events->control)
        link->events->control(link, msg);
}

static void on_drain(struct weft_socket *ws)
{
    struct link *link = link_of(ws);

    link->events->drained(link);
}

/* What may help somebody whose server has a certificate of its own making. */
static const char *hint_for(const struct link *link, int err, const char *why)
{
    const struct weft_socket_opts *opts = &link->options->socket;

    if (err != WEFT_ERR_TLS || opts->ca_file || opts->is_insecure ||
        !strstr(why, "the server's certificate"))
        return "";
    return "; --ca-file FILE says whom to trust, --insecure trusts anybody";
}

static void on_error(struct weft_socket *ws, int err, const char *why)
{
    struct link *link = link_of(ws);

    if (!why || !*why)
        why = weft_strerror(err);
    snprintf(link->why, sizeof(link->why), "%s%s", why,
             hint_for(link, err, why));
}

static void show_tls(struct link *link, const struct weft_socket *ws)
{
    char tls[128], subject[512], line[sizeof(tls) + sizeof(subject) + 2];

    weft_socket_tls(ws, tls, sizeof(tls));
    weft_socket_peer_subject(ws, subject, sizeof(subject));
    snprintf(line, sizeof(line), "%s%s%s", tls, *subject ? ", " : "", subject);
    show_head(&link->log, SHOW_NOTE, line, strlen(line));
}

static void on_request(struct weft_socket *ws, const char *head, size_t len)
{
    show_tls(link_of(ws), ws);
    show_head(&link_of(ws)->log, SHOW_SENT, head, len);
}

static void on_response(struct weft_socket *ws, const char *head, size_t len)
{
    show_head(&link_of(ws)->log, SHOW_CAME, head, len);
}

static void on_frame(struct weft_socket *ws,
                     const struct weft_frame_info *frame)
{
    show_frame(&link_of(ws)->log, frame);
}

/* ---- The end, or the next attempt ---------------------------------------- */

static void attempt(struct link *link);

static void on_timer(void *arg)
{
    attempt(arg);
}

static bool may_try_again(const struct link *link, bool is_normal)
{
    return link->options->reconnects && !link->is_leaving && !link->is_last &&
           !is_normal && link->retry.failures < link->options->reconnect_limit;
}

static void try_again(struct link *link, const char *why)
{
    char line[LINK_WHY_SIZE + 64];
    uint64_t random = 0, wait_ms;

    /* Without random bytes all clients come back together, no worse. */
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
        random = UINT64_MAX;
    wait_ms = retry_wait_ms(&link->retry, random);
    snprintf(line, sizeof(line), "%s; trying again in %u.%u s", why,
             (unsigned)(wait_ms / 1000), (unsigned)(wait_ms % 1000 / 100));
    tell(link, line);
    weft_timer_start(link->timer, wait_ms, 0);
}

/* Why it ended where a person should know, or "". */
static const char *reason_of(struct link *link, const struct weft_closed *how)
{
    size_t len = how->reason_len;

    if (link->why[0])
        return link->why;
    if (how->err == WEFT_ERR_TIMEOUT) /* without an error event before it */
        return "the server did not answer the close frame in time";
    if (!how->clean)
        return weft_strerror(how->err ? how->err : WEFT_ERR_EOF);
    if (link->is_leaving || how->code == WEFT_CLOSE_NORMAL ||
        how->code == WEFT_CLOSE_NO_STATUS)
        return "";
    snprintf(link->why, sizeof(link->why), "the server closed with %u %s%s%.*s",
             how->code, show_meaning(how->code), len > 0 ? ", " : "", (int)len,
             len > 0 ? how->reason : "");
    return link->why;
}

static void on_close(struct weft_socket *ws, const struct weft_closed *how)
{
    struct link *link = link_of(ws);
    uint64_t now = weft_loop_now(link->loop);
    const char *why = reason_of(link, how);

    if (link->opened_ns > 0)
        retry_lasted(&link->retry, (now - link->opened_ns) / NS_PER_MS);
    if (link->events->closed)
        link->events->closed(link, how);
    if (may_try_again(link, how->clean && how->code == WEFT_CLOSE_NORMAL)) {
        try_again(link, *why ? why : "the server closed");
    } else {
        if (*why)
            tell(link, why);
        end(link, how->clean ? 0 : LINK_FAILED);
    }
    weft_socket_free(ws);
    link->ws = NULL;
}

static void fill_events(struct link *link)
{
    link->socket_events = (struct weft_socket_events){
        .open = on_open,
        .message = on_message,
        .control = on_control,
        .drain = on_drain,
        .error = on_error,
        .close = on_close,
        .request = link->options->verbose > 0 ? on_request : NULL,
        .response = link->options->verbose > 0 ? on_response : NULL,
        .frame = link->options->verbose > 1 ? on_frame : NULL,
    };
}

static void attempt(struct link *link)
{
    struct weft_socket_opts opts = link->options->socket;
    const char *why = "";
    int err;

    opts.user = link;
    opts.why = &why;
    opts.events = &link->socket_events;
    link->opened_ns = 0;
    link->why[0] = '\0';
    err = weft_socket_new(&link->ws, link->loop, link->options->url, &opts);
    if (err == 0)
        return;
    link->ws = NULL;
    tell(link, *why ? why : weft_strerror(err));
    end(link, err == WEFT_ERR_INVALID || err == WEFT_ERR_USAGE ? LINK_BAD_USAGE
                                                               : LINK_FAILED);
}

/* ---- For whoever uses it ------------------------------------------------- */

bool link_begin(struct link *link)
{
    int err = weft_loop_new(&link->loop, NULL);

    if (err == 0)
        err = weft_timer_new(&link->timer, link->loop, on_timer, link);
    if (err) {
        tell(link, weft_strerror(err));
        link->has_ended = true;
        link->status = LINK_FAILED;
        return false;
    }
    fill_events(link);
    attempt(link);
    return !link->has_ended;
}

void link_release(struct link *link)
{
    weft_socket_free(link->ws);
    weft_timer_free(link->timer);
    weft_loop_free(link->loop);
    link->ws = NULL;
    link->timer = NULL;
    link->loop = NULL;
}

bool link_is_open(const struct link *link)
{
    return link->ws && weft_socket_ready_state(link->ws) == WEFT_OPEN;
}

bool link_leave(struct link *link, uint16_t code, const char *reason)
{
    if (link->ws && weft_socket_close(link->ws, code, reason) != 0)
        return false;
    link->is_leaving = true;
    if (!link->ws && !link->has_ended)
        end(link, LINK_FAILED);
    return true;
}
