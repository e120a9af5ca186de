/* SPDX-License-Identifier: MIT */
#include "liar.h"

#include "tls/crypto.h"
#include "ws/handshake.h"
#include "ws/mask.h"
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BOUND_S 20
#define TIME_MAX_NS UINT64_C(20000000000)

/* ---- The server ---------------------------------------------------------- */

static void *run(void *arg)
{
    struct liar *liar = arg;
    const struct timeval bound = {.tv_sec = BOUND_S};
    int fd;

    while ((fd = accept(liar->fd, NULL, NULL)) >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof(bound));
        liar->visits++;
        liar->talk(liar, fd);
        close(fd);
    }
    return NULL;
}

void liar_open(struct liar *liar, void (*talk)(struct liar *liar, int fd),
               const void *user)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);

    *liar = (struct liar){.talk = talk, .user = user};
    liar->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(liar->fd >= 0);
    assert_int_equal(bind(liar->fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(liar->fd, 64), 0);
    assert_int_equal(getsockname(liar->fd, (struct sockaddr *)&at, &len), 0);
    liar->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&liar->thread, NULL, run, liar), 0);
}

void liar_close(struct liar *liar)
{
    /* Ends accept, which closing would not. */
    shutdown(liar->fd, SHUT_RDWR);
    pthread_join(liar->thread, NULL);
    close(liar->fd);
}

static void say(int fd, const void *p, size_t len)
{
    if (send(fd, p, len, MSG_NOSIGNAL) < 0)
        return;
}

void liar_say(int fd, const char *hex)
{
    uint8_t raw[512];

    say(fd, raw, unhex(raw, hex));
}

void liar_say_text(int fd, const char *text)
{
    say(fd, text, strlen(text));
}

void liar_agree(int fd, const char *fields)
{
    char text[2048] = "", answer[1024], accept[WEFT_ACCEPT_LEN + 1];
    struct weft_slice key;
    size_t len = 0;

    while (!strstr(text, "\r\n\r\n")) {
        ssize_t n = recv(fd, text + len, 1, 0);

        if (n <= 0 || len == sizeof(text) - 2)
            return;
        text[++len] = '\0';
    }
    key.ptr = strstr(text, "Key: ") + strlen("Key: ");
    key.len = WEFT_KEY_LEN;
    if (weft_handshake_accept(weft_sha1, key, accept) != 0)
        return;
    snprintf(answer, sizeof(answer),
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
             "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s\r\n",
             accept, fields);
    liar_say_text(fd, answer);
}

static bool read_all(int fd, uint8_t *out, size_t len)
{
    return len == 0 || recv(fd, out, len, MSG_WAITALL) == (ssize_t)len;
}

int liar_hear(int fd, uint8_t *out, size_t *len)
{
    uint8_t head[2], key[4];

    if (!read_all(fd, head, 2) || (head[1] & 127) > 125)
        return -1;
    *len = head[1] & 127;
    if (!read_all(fd, key, 4) || !read_all(fd, out, *len))
        return -1;
    weft_mask(out, out, *len, weft_mask_key(key));
    return head[0];
}

void liar_frame(int fd, uint8_t first, const void *p, size_t len)
{
    uint8_t frame[127] = {first, (uint8_t)len};

    if (len > 0)
        memcpy(frame + 2, p, len);
    say(fd, frame, 2 + len);
}

void liar_echo(int fd, size_t n)
{
    uint8_t payload[200];
    size_t len;
    int first;

    while ((first = liar_hear(fd, payload, &len)) > 0) {
        if (first == 0x88 || n > 0)
            liar_frame(fd, (uint8_t)first, payload, len);
        if (first == 0x88)
            return;
        n -= n > 0;
    }
}

void liar_wait(int fd)
{
    char some[4096];

    while (recv(fd, some, sizeof(some), 0) > 0)
        ;
}

/* ---- The load ------------------------------------------------------------ */

static void on_fault(void *user, const char *text)
{
    struct ran *ran = user;

    snprintf(ran->told[ran->told_count % COUNT(ran->told)], LOAD_WHY, "%s",
             text);
    ran->told_count++;
}

struct ran *ran_new(unsigned port)
{
    struct ran *ran = calloc(1, sizeof(*ran));

    assert_non_null(ran);
    snprintf(ran->url, sizeof(ran->url), "ws://127.0.0.1:%u/", port);
    ran->opts = (struct load_opts){
        .url = ran->url,
        .connections = 1,
        .depth = 1,
        .size = 20,
        .time_ns = 20000000,
        .timeout_ns = UINT64_C(20000000000),
        .threads = 1,
        .stop_fd = -1,
        .tell = on_fault,
        .user = ran,
    };
    return ran;
}

/* Whether nothing was wrong with it but that the time was too short. */
static bool is_too_short(const struct ran *ran)
{
    return ran->err == 0 && ran->told_count == 0 && !ran->result.was_stopped &&
           ran->opts.work != LOAD_IDLE && ran->result.messages == 0;
}

void ran_run(struct ran *ran)
{
    do {
        ran->err = load_run(&ran->result, &ran->opts, ran->why);
        ran->opts.time_ns *= 4;
    } while (is_too_short(ran) && ran->opts.time_ns < TIME_MAX_NS);
}

void ran_free(struct ran *ran)
{
    free(ran);
}

void ran_check_told(const struct ran *ran, const char *what, const char *words)
{
    for (size_t i = 0; i < ran->told_count && i < COUNT(ran->told); i++)
        if (strstr(ran->told[i], words))
            return;
    CHECK(false, "%s: nothing of '%s'; the first of %zu: %s", what, words,
          ran->told_count, ran->told[0]);
}
