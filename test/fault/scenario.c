/* SPDX-License-Identifier: MIT */
/*
 * The client says all it has to say and then listens until the stream ends, so
 * that no fault can leave it waiting. All of it fits into the sockets' buffers.
 * It speaks in small parts and gives the server a turn after each, so that
 * there are many calls that can fail.
 */
#include "scenario.h"

#include "base/sizes.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BIG ((size_t)WEFT_SIZE(100 * 1024, 2000))
#define FRAGMENTS 4

static void on_message(struct weft_conn *conn, const struct weft_message *msg)
{
    /* A peer is not to hear the next echo without this one. */
    if (weft_send(conn, msg->kind, msg->data, msg->len) != 0 &&
        weft_close(conn, WEFT_CLOSE_INTERNAL, "no memory") != 0)
        weft_abort(conn);
}

static const struct weft_handler echo = {
    .size = sizeof(echo),
    .message = on_message,
};

void scenario_open(struct scenario *sc)
{
    *sc = (struct scenario){.serve = serve_new(), .what = "nothing"};
    serve_open_at(sc->serve, "/echo", &echo);
    serve_run(sc->serve);
    client_join(&sc->bystander, sc->serve, "/echo");
    serve_turn(sc->serve);
}

void scenario_close(struct scenario *sc)
{
    scenario_check(sc);
    client_close(&sc->bystander);
    serve_close(sc->serve);
}

/* ---- The bystander ------------------------------------------------------- */

/* What was said before has been dealt with, so that only this is spared. */
static void bystander_echoes(struct scenario *sc)
{
    serve_turn(sc->serve);
    if (sc->spare)
        sc->spare(sc->serve, true);
    client_text(&sc->bystander, "undisturbed");
    client_expect(&sc->bystander, "text:undisturbed");
    if (sc->spare)
        sc->spare(sc->serve, false);
}

/* ---- What is said -------------------------------------------------------- */

static uint8_t *big_payload(void)
{
    uint8_t *p = malloc(BIG);

    assert_non_null(p);
    for (size_t i = 0; i < BIG; i++)
        p[i] = (uint8_t)(i ^ i >> 8);
    return p;
}

/* Sends what is in out in two parts, each for a turn of its own; the other side
 * may have gone. */
static void say(struct scenario *sc, struct client *c, struct bytes *out)
{
    size_t half = out->len / 2;

    if (client_try(c, out->data, half)) {
        serve_turn(sc->serve);
        (void)client_try(c, out->data + half, out->len - half);
    }
    bystander_echoes(sc);
    out->len = 0;
}

static void say_frame(struct scenario *sc, struct client *c, unsigned first,
                      const void *payload, size_t len)
{
    struct bytes out = {0};

    wire_add_frame(&out, WEFT_SERVER, first, payload, len);
    say(sc, c, &out);
    bytes_release(&out);
}

static void say_big_message(struct scenario *sc, struct client *c)
{
    const size_t len = BIG / FRAGMENTS;
    uint8_t *p = big_payload();

    for (size_t i = 0; i < FRAGMENTS; i++) {
        unsigned opcode = i == 0 ? 0x02 : 0x00;
        unsigned fin = i == FRAGMENTS - 1 ? 0x80 : 0x00;

        say_frame(sc, c, fin | opcode, p + i * len, len);
    }
    free(p);
}

static void say_all(struct scenario *sc, struct client *c)
{
    const char *request = handshake("/echo", "");
    struct bytes out = {0};

    bytes_add(&out, request, strlen(request));
    say(sc, c, &out);
    bytes_release(&out);
    say_frame(sc, c, 0x81, "Hello", 5);
    say_big_message(sc, c);
    say_frame(sc, c, 0x89, "ping", 4);
    say_frame(sc, c, 0x88, "\x03\xe8", 2);
    client_finish(c);
}

/* ---- What is heard ------------------------------------------------------- */

/* All that comes until the stream ends, in whichever way. */
static void listen_to_end(struct client *c, struct bytes *heard)
{
    uint8_t buf[65536];
    ssize_t n;

    while ((n = recv(c->fd, buf, sizeof(buf), 0)) > 0)
        bytes_add(heard, buf, (size_t)n);
    CHECK(n == 0 || errno == ECONNRESET || errno == EPIPE, "%s",
          strerror(errno));
}

/* The length of the frames that came whole. */
static size_t whole_frames(const uint8_t *in, size_t len)
{
    struct wire_frame frame;
    size_t at = 0, used;

    while ((used = wire_read(&frame, in + at, len - at)) > 0) {
        free(frame.payload);
        at += used;
    }
    return at;
}

static void add_expected(struct bytes *words)
{
    uint8_t *p = big_payload();

    text_add(words, "text:Hello binary:");
    text_add_payload(words, p, BIG);
    text_add(words, " pong:ping close:1000");
    free(p);
}

/* Whether heard is all of want. It may also be the words want begins with, and
 * a close frame of 1011 behind them; all else fails the test. */
static bool compare(const struct scenario *sc, const char *heard,
                    const char *want)
{
    size_t same = 0, word = 0;

    if (!strcmp(heard, want))
        return true;
    for (; heard[same] && heard[same] == want[same]; same++)
        if (want[same] == ' ')
            word = same + 1;
    if (!heard[same] && (same == 0 || want[same] == ' ')) {
        CHECK(!sc->is_told, "%s: no close frame behind \"%s\"", sc->what,
              heard);
        return false;
    }
    CHECK(!strncmp(heard + word, "close:1011", 10), "%s: \"%s\" was heard",
          sc->what, heard);
    return false;
}

static bool judge(const struct scenario *sc, const struct bytes *heard)
{
    const char *text = (const char *)heard->data;
    const char *end = NULL;
    struct bytes words = {0}, want = {0};
    size_t head;
    bool is_all;

    if (heard->len > 0)
        end = memmem(text, heard->len, "\r\n\r\n", 4);
    if (!end) /* the connection ended before an answer */
        return false;
    head = (size_t)(end - text) + 4;
    if (strncmp(text, "HTTP/1.1 101 ", 13) != 0) {
        CHECK(!strncmp(text, "HTTP/1.1 5", 10), "%s: answered \"%.40s\"",
              sc->what, text);
        return false;
    }
    text_add(&words, "%s", "");
    wire_describe(&words, WEFT_SERVER, heard->data + head,
                  whole_frames(heard->data + head, heard->len - head));
    add_expected(&want);
    is_all = compare(sc, text_of(&words), text_of(&want));
    bytes_release(&words);
    bytes_release(&want);
    return is_all;
}

bool scenario_talk(struct scenario *sc)
{
    struct bytes heard = {0};
    struct client c;
    bool is_all;

    client_open(&c, sc->serve);
    say_all(sc, &c);
    listen_to_end(&c, &heard);
    client_close(&c);
    is_all = judge(sc, &heard);
    bytes_release(&heard);
    return is_all;
}

void scenario_check(struct scenario *sc)
{
    SERVE_UNTIL(sc->serve, serve_connections(sc->serve) == 1);
    bystander_echoes(sc);
}
