/* SPDX-License-Identifier: MIT */
/*
 * What has come waits in c->in until it is asked for, so that an answer and
 * the frames behind it may come in one piece or in many. The server's own
 * struct is looked at for nothing but its addresses.
 */
#include "client.h"

#include "serve.h"
#include "server/server.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define BOUND_S 20 /* of every wait */

/* ---- Connecting ---------------------------------------------------------- */

static void client_init(struct client *c, int family)
{
    const struct timeval bound = {.tv_sec = BOUND_S};

    *c = (struct client){.fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    CHECK(c->fd >= 0, "%s", strerror(errno));
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof(bound));
    setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof(bound));
}

void client_open_slow(struct client *c, struct serve *s)
{
    const struct weft_address *to = &s->srv->listeners[0].address;
    const int least = 2048;

    client_init(c, to->sa.ss_family);
    setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
    CHECK(connect(c->fd, (const struct sockaddr *)&to->sa, to->len) == 0, "%s",
          strerror(errno));
}

void client_open_at(struct client *c, struct serve *s, size_t i)
{
    const struct weft_address *to = &s->srv->listeners[i].address;

    client_init(c, to->sa.ss_family);
    CHECK(connect(c->fd, (const struct sockaddr *)&to->sa, to->len) == 0, "%s",
          strerror(errno));
}

void client_open(struct client *c, struct serve *s)
{
    client_open_at(c, s, 0);
}

bool client_can_connect(struct serve *s)
{
    const struct weft_address *to = &s->srv->listeners[0].address;
    struct client c;
    bool can;

    client_init(&c, to->sa.ss_family);
    can = connect(c.fd, (const struct sockaddr *)&to->sa, to->len) == 0;
    client_close(&c);
    return can;
}

void client_open_from(struct client *c, struct serve *s, unsigned host)
{
    const struct weft_address *to = &s->srv->listeners[0].address;
    struct sockaddr_in from = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(UINT32_C(0x7f000000) | host),
    };

    client_init(c, AF_INET);
    CHECK(bind(c->fd, (struct sockaddr *)&from, sizeof(from)) == 0, "%s",
          strerror(errno));
    CHECK(connect(c->fd, (const struct sockaddr *)&to->sa, to->len) == 0, "%s",
          strerror(errno));
}

void client_close(struct client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    bytes_release(&c->in);
    bytes_release(&c->head);
    bytes_release(&c->body);
}

void client_reset(struct client *c)
{
    const struct linger at_once = {.l_onoff = 1};

    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    client_close(c);
}

void client_finish(struct client *c)
{
    shutdown(c->fd, SHUT_WR);
}

/* ---- Bytes --------------------------------------------------------------- */

bool client_try(struct client *c, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;

    while (len > 0) {
        ssize_t n = send(c->fd, p, len, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

void client_send(struct client *c, const void *bytes, size_t len)
{
    CHECK(client_try(c, bytes, len), "%s", strerror(errno));
}

void client_say(struct client *c, const char *text)
{
    client_send(c, text, strlen(text));
}

/* Takes more in: how much; 0 at the end, -1 after a reset. */
static ssize_t receive(struct client *c)
{
    uint8_t buf[65536];
    ssize_t n = recv(c->fd, buf, sizeof(buf), 0);

    CHECK(n >= 0 || errno == ECONNRESET || errno == EPIPE,
          "nothing came: %s; before: \"%.*s\"", strerror(errno),
          (int)(c->in.len - c->at), (const char *)c->in.data + c->at);
    if (n > 0)
        bytes_add(&c->in, buf, (size_t)n);
    return n;
}

/* What has not been looked at, begun anew when there is nothing. */
static const uint8_t *unread(struct client *c, size_t *len)
{
    if (c->at == c->in.len)
        c->at = c->in.len = 0;
    *len = c->in.len - c->at;
    return *len > 0 ? c->in.data + c->at : NULL;
}

bool client_ended(struct client *c)
{
    size_t len;
    const uint8_t *p = unread(c, &len);
    ssize_t n;

    CHECK(len == 0, "%.*s", (int)len, (const char *)p);
    n = receive(c);
    CHECK(n <= 0, "%.*s", (int)n, (const char *)c->in.data);
    return n == 0;
}

void client_await_end(struct client *c)
{
    c->at = c->in.len;
    while (receive(c) > 0)
        c->in.len = c->at = 0;
}

/* ---- HTTP ---------------------------------------------------------------- */

static void read_head(struct client *c)
{
    const uint8_t *p, *end;
    size_t len;

    while (p = unread(c, &len),
           !(end = len > 0 ? memmem(p, len, "\r\n\r\n", 4) : NULL))
        CHECK(receive(c) > 0, "the head ends early: %.*s", (int)len,
              (const char *)p);
    len = (size_t)(end - p) + 4;
    c->head.len = 0;
    bytes_add(&c->head, p, len);
    bytes_add(&c->head, "", 1);
    c->head.len--;
    c->at += len;
}

static void read_body(struct client *c, size_t want)
{
    const uint8_t *p;
    size_t len;

    while (p = unread(c, &len), len < want)
        CHECK(receive(c) > 0, "the body ends after %zu of %zu", len, want);
    bytes_add(&c->body, p, want);
    c->at += want;
}

static int status_of(const struct client *c)
{
    const char *head = text_of(&c->head);
    unsigned long status = strtoul(head + 9, NULL, 10);

    CHECK(strncmp(head, "HTTP/1.1 ", 9) == 0, "%s", head);
    return (int)status;
}

int client_answer_head(struct client *c)
{
    c->body.len = 0;
    read_head(c);
    return status_of(c);
}

int client_answer(struct client *c)
{
    int status = client_answer_head(c);
    const char *len = client_field(c, "Content-Length");

    CHECK(client_fields(c, "Content-Length") <= 1, "%s", text_of(&c->head));
    CHECK(client_fields(c, "Content-Type") <= 1, "%s", text_of(&c->head));
    if (len)
        read_body(c, strtoul(len, NULL, 10));
    bytes_add(&c->body, "", 1);
    c->body.len--;
    return status;
}

/* The value of the field in this line, or NULL if it is another one. */
static const char *value_in(const char *line, const char *name)
{
    size_t len = strlen(name);

    if (strncasecmp(line, name, len) != 0 || line[len] != ':')
        return NULL;
    line += len + 1;
    return line + strspn(line, " \t");
}

static const char *next_line(const char *line)
{
    const char *end = strstr(line, "\r\n");

    return end ? end + 2 : NULL;
}

const char *client_field(const struct client *c, const char *name)
{
    static char copy[512];
    const char *line = text_of(&c->head), *value;

    while ((line = next_line(line))) {
        value = value_in(line, name);
        if (!value)
            continue;
        snprintf(copy, sizeof(copy), "%.*s", (int)strcspn(value, "\r"), value);
        return copy;
    }
    return NULL;
}

size_t client_fields(const struct client *c, const char *name)
{
    const char *line = text_of(&c->head);
    size_t n = 0;

    while ((line = next_line(line)))
        n += value_in(line, name) != NULL;
    return n;
}

const char *client_body(const struct client *c)
{
    return text_of(&c->body);
}

int client_get(struct client *c, const char *path, const char *fields)
{
    char request[10240];

    snprintf(request, sizeof(request),
             "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", path, fields);
    client_say(c, request);
    return client_answer(c);
}

/* ---- WebSocket ----------------------------------------------------------- */

/* The key and its answer are those of RFC 6455 section 1.3. */
const char *handshake(const char *path, const char *fields)
{
    static char request[10240];

    snprintf(request, sizeof(request),
             "GET %s HTTP/1.1\r\n"
             "Host: localhost\r\n"
             "Upgrade: websocket\r\n"
             "Connection: Upgrade\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
             "Sec-WebSocket-Version: 13\r\n%s\r\n",
             path, fields);
    return request;
}

int client_upgrade(struct client *c, const char *path, const char *fields)
{
    int status;

    client_say(c, handshake(path, fields));
    status = client_answer(c);
    if (status == 101) {
        const char *accept = client_field(c, "Sec-WebSocket-Accept");

        CHECK(accept && !strcmp(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "%s",
              text_of(&c->head));
    }
    return status;
}

void client_join(struct client *c, struct serve *s, const char *path)
{
    int status;

    client_open(c, s);
    status = client_upgrade(c, path, "");
    CHECK(status == 101, "%s%s", text_of(&c->head), client_body(c));
}

void client_frame(struct client *c, unsigned opcode, const void *payload,
                  size_t len)
{
    struct bytes out = {0};

    wire_add_frame(&out, WEFT_SERVER, 0x80 | opcode, payload, len);
    client_send(c, out.data, out.len);
    bytes_release(&out);
}

void client_text(struct client *c, const char *text)
{
    client_frame(c, WEFT_TEXT, text, strlen(text));
}

void client_close_frame(struct client *c, unsigned code)
{
    const uint8_t payload[2] = {(uint8_t)(code >> 8), (uint8_t)code};

    client_frame(c, 8, payload, sizeof(payload));
}

/* The bytes of the next frame, and the frame. */
static const uint8_t *next_frame(struct client *c, struct wire_frame *f,
                                 size_t *len)
{
    const uint8_t *p;
    size_t have;

    while (p = unread(c, &have), !(*len = wire_read(f, p, have)))
        CHECK(receive(c) > 0, "the stream ends in %zu bytes of a frame", have);
    c->at += *len;
    return p;
}

const char *client_words(struct client *c)
{
    struct wire_frame f;
    size_t len;
    const uint8_t *p = next_frame(c, &f, &len);

    free(f.payload);
    c->body.len = 0;
    wire_describe(&c->body, WEFT_SERVER, p, len);
    return text_of(&c->body);
}

void client_expect(struct client *c, const char *words)
{
    const char *got = client_words(c);

    CHECK(strcmp(got, words) == 0, "%s instead of %s", got, words);
}

uint8_t *client_payload(struct client *c, unsigned opcode, size_t *len)
{
    struct wire_frame f;
    size_t used;

    next_frame(c, &f, &used);
    CHECK(f.opcode == opcode, "opcode %u", f.opcode);
    *len = f.len;
    return f.payload;
}
