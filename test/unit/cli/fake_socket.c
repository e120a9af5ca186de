/* SPDX-License-Identifier: MIT */
#include "fake_socket.h"
#include "support.h"
#include <stdio.h>
#include <stdlib.h>

struct weft_socket {
    struct weft_loop *loop;
    struct weft_socket_opts opts;
    enum weft_ready_state state;
    size_t number; /* of this one among all */
};

struct fake fake;
static struct weft_socket *current;

/* Something that the server does later. */
struct act {
    size_t number; /* of the socket that it is done to */
    enum { OPEN, MESSAGE, CLOSE, DRAIN } what;
    enum weft_kind kind;
    uint16_t code;
    size_t len;
    char data[];
};

void fake_reset(void)
{
    memset(&fake, 0, sizeof(fake));
}

struct weft_socket *fake_socket(void)
{
    return current;
}

static void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void note(const char *format, ...)
{
    size_t len = strlen(fake.sent);
    va_list args;

    va_start(args, format);
    vsnprintf(fake.sent + len, sizeof(fake.sent) - len, format, args);
    va_end(args);
}

/* ---- What the server does ------------------------------------------------ */

static void later(int what, enum weft_kind kind, const void *data, size_t len);

void fake_close(uint16_t code, const char *reason)
{
    struct weft_closed how = {
        .code = code,
        .clean = code != WEFT_CLOSE_ABNORMAL,
        .err = code != WEFT_CLOSE_ABNORMAL ? 0
               : fake.is_deaf              ? WEFT_ERR_TIMEOUT
                                           : WEFT_ERR_EOF,
        .reason = reason ? reason : "",
        .reason_len = reason ? strlen(reason) : 0,
    };

    current->state = WEFT_CLOSED;
    current->opts.events->close(current, &how);
}

void fake_message(enum weft_kind kind, const void *data, size_t len)
{
    struct weft_message msg = {kind, data, len};

    if (kind == WEFT_PING || kind == WEFT_PONG)
        current->opts.events->control(current, &msg);
    else
        current->opts.events->message(current, &msg);
    if (kind == WEFT_PONG && fake.behind_pong)
        fake.behind_pong();
}

static void refuse(void)
{
    current->state = WEFT_CLOSED;
    if (fake.tls_why)
        current->opts.events->error(current, WEFT_ERR_TLS, fake.tls_why);
    else
        current->opts.events->error(current, WEFT_ERR_REFUSED,
                                    "the server answered 403 Forbidden\033");
    fake_close(WEFT_CLOSE_ABNORMAL, NULL);
}

static void open_now(void)
{
    static const char request[] = "GET / HTTP/1.1\r\n\r\n";

    if (fake.has_tls && current->opts.events->request)
        current->opts.events->request(current, request, sizeof(request) - 1);
    if (fake.refuses || fake.tls_why) {
        refuse();
        return;
    }
    current->state = WEFT_OPEN;
    current->opts.events->open(current);
    if (fake.greets)
        later(MESSAGE, WEFT_TEXT, fake.greets, strlen(fake.greets));
    if (fake.says_bye)
        later(CLOSE, WEFT_TEXT, NULL, fake.bye_code);
}

static void run(void *arg)
{
    struct act *act = arg;
    bool is_for = current && current->number == act->number;

    if (is_for && act->what == MESSAGE && fake.is_paused) {
        if (fake.while_paused)
            fake.while_paused();
        later(MESSAGE, act->kind, act->data, act->len);
    } else if (is_for && act->what == OPEN) {
        if (current->state == WEFT_CONNECTING)
            open_now();
    } else if (is_for && act->what == MESSAGE) {
        if (current->state == WEFT_OPEN)
            fake_message(act->kind, act->data, act->len);
    } else if (is_for && act->what == DRAIN) {
        current->opts.events->drain(current);
    } else if (is_for) {
        fake_close(act->code, NULL);
    }
    free(act);
}

/* Of a close, len is the code. */
static void later(int what, enum weft_kind kind, const void *data, size_t len)
{
    struct act *act = malloc(sizeof(*act) + (data ? len : 0));

    assert_non_null(act);
    act->number = current->number;
    act->what = what;
    act->kind = kind;
    act->code = (uint16_t)len;
    act->len = len;
    if (data)
        memcpy(act->data, data, len);
    assert_int_equal(weft_loop_post(current->loop, run, act), 0);
}

/* ---- The interface ------------------------------------------------------- */

int weft_socket_new(struct weft_socket **out, struct weft_loop *loop,
                    const char *url, const struct weft_socket_opts *opts)
{
    fake.url = url;
    if (fake.new_result) {
        if (opts->why)
            *opts->why = fake.new_result == WEFT_ERR_INVALID ? "a bad URL" : "";
        return fake.new_result;
    }
    assert_null(current);
    current = calloc(1, sizeof(*current));
    assert_non_null(current);
    current->loop = loop;
    current->opts = *opts;
    current->number = ++fake.sockets;
    fake.live++;
    fake.is_paused = false;
    later(OPEN, WEFT_TEXT, NULL, 0);
    *out = current;
    return 0;
}

void weft_socket_free(struct weft_socket *ws)
{
    if (!ws)
        return;
    assert_ptr_equal(ws, current);
    fake.live--;
    free(ws);
    current = NULL;
}

enum weft_ready_state weft_socket_ready_state(const struct weft_socket *ws)
{
    return ws->state;
}

const char *weft_socket_url(const struct weft_socket *ws)
{
    return ws ? "ws://fake/" : "";
}

const char *weft_socket_protocol(const struct weft_socket *ws)
{
    return ws->opts.protocols ? ws->opts.protocols[0] : "";
}

const char *weft_socket_extensions(const struct weft_socket *ws)
{
    (void)ws;
    return "";
}

const char *weft_socket_tls(const struct weft_socket *ws, char *text,
                            size_t size)
{
    (void)ws;
    snprintf(text, size, "%s", fake.has_tls ? "TLSv1.3 A" : "");
    return text;
}

const char *weft_socket_peer_subject(const struct weft_socket *ws, char *text,
                                     size_t size)
{
    (void)ws;
    snprintf(text, size, "%s", fake.has_tls ? "CN=a\033" : "");
    return text;
}

uint64_t weft_socket_buffered_amount(const struct weft_socket *ws)
{
    (void)ws;
    return 0;
}

int weft_socket_send(struct weft_socket *ws, enum weft_kind kind,
                     const void *data, size_t len)
{
    if (kind == WEFT_TEXT && memchr(data, 0xff, len))
        return WEFT_ERR_INVALID;
    if (fake.busy_after > 0 && ++fake.messages > fake.busy_after) {
        fake.messages = 0;
        later(DRAIN, kind, NULL, 0);
        return WEFT_ERR_BUSY;
    }
    note("%s %.*s;", kind == WEFT_TEXT ? "text" : "binary",
         (int)(len < 40 ? len : 40), (const char *)data);
    if (fake.echoes && ws->state == WEFT_OPEN)
        later(MESSAGE, kind, data, len);
    return 0;
}

int weft_socket_ping(struct weft_socket *ws, const void *data, size_t len)
{
    if (ws->state != WEFT_OPEN || len > 125)
        return WEFT_ERR_USAGE;
    note("ping %.*s;", (int)len, (const char *)data);
    if (fake.breaks_at_ping)
        later(CLOSE, WEFT_PING, NULL, WEFT_CLOSE_ABNORMAL);
    else if (!fake.ignores_pings)
        later(MESSAGE, WEFT_PONG, data, len);
    return 0;
}

int weft_socket_close(struct weft_socket *ws, uint16_t code, const char *reason)
{
    if ((code != 0 && code != 1000 && code < 3000) || code > 4999)
        return WEFT_ERR_INVALID;
    if (ws->state == WEFT_CLOSING || ws->state == WEFT_CLOSED)
        return 0;
    note("close %u %s;", code, reason ? reason : "");
    fake.is_paused = false;
    if (!fake.ignores_close)
        later(CLOSE, WEFT_TEXT, NULL,
              fake.is_deaf || ws->state == WEFT_CONNECTING ? WEFT_CLOSE_ABNORMAL
              : code == 0 ? WEFT_CLOSE_NO_STATUS
                          : code);
    ws->state = WEFT_CLOSING;
    return 0;
}

struct weft_loop *weft_socket_loop(const struct weft_socket *ws)
{
    return ws->loop;
}

void *weft_socket_user(const struct weft_socket *ws)
{
    return ws->opts.user;
}

void weft_socket_pause(struct weft_socket *ws)
{
    assert_int_equal(ws->state, WEFT_OPEN);
    fake.is_paused = true;
    fake.pauses++;
}

void weft_socket_resume(struct weft_socket *ws)
{
    (void)ws;
    fake.is_paused = false;
}
