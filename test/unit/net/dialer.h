/* SPDX-License-Identifier: MIT */
/*
 * Who dials, where, and a resolver that answers when it is told to. Waits are
 * none, or so long that they never end: which attempt follows which does not
 * depend on time.
 */
#ifndef WEFT_TEST_UNIT_NET_DIALER_H
#define WEFT_TEST_UNIT_NET_DIALER_H

#include "net/dial.h"

#include "names.h"

#define HOUR UINT64_C(3600000000000)

/* ---- A resolver ---------------------------------------------------------- */

struct weft_resolve {
    weft_resolved_fn *done; /* NULL: nobody waits for it */
    void *arg;
};

static struct weft_resolve ipv6, ipv4; /* one dial at a time asks here */
static int resolve_error;              /* the lookup of IPv4 cannot start */

static inline int fake_resolve(struct weft_resolve **out,
                               struct weft_loop *loop,
                               const struct weft_name *name,
                               weft_resolved_fn *done, void *arg)
{
    struct weft_resolve *resolve = name->family == AF_INET6 ? &ipv6 : &ipv4;

    (void)loop;
    assert_string_equal(name->host, "host.test");
    assert_null(resolve->done);
    if (name->family == AF_INET && resolve_error)
        return resolve_error;
    *resolve = (struct weft_resolve){done, arg};
    *out = resolve;
    return 0;
}

static inline void fake_cancel(struct weft_resolve *resolve)
{
    if (!resolve)
        return;
    assert_non_null(resolve->done);
    resolve->done = NULL;
}

/* Answers with addresses separated by blanks; without any, with an error. */
static inline void answer(struct weft_resolve *resolve, const char *texts,
                          int error)
{
    struct weft_address list[WEFT_RESOLVE_MAX];
    weft_resolved_fn *done = resolve->done;
    char copy[1024], *rest = copy;
    const char *text;
    int count = 0;

    assert_non_null(done);
    assert_true(strlen(texts) < sizeof(copy));
    snprintf(copy, sizeof(copy), "%s", texts);
    while ((text = strsep(&rest, " ")))
        if (*text)
            CHECK(weft_address_parse(&list[count++], 1, text) == 1, "%s", text);
    resolve->done = NULL;
    done(resolve->arg, list, count, error);
}

/* ---- Places to connect to ------------------------------------------------ */

struct place {
    int fd;
    int filler;    /* takes the last place of the queue, or -1 */
    char text[64]; /* its address */
};

static inline bool has_ipv6(void)
{
    struct sockaddr_in6 one = {
        .sin6_family = AF_INET6,
        .sin6_addr = IN6ADDR_LOOPBACK_INIT,
    };
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool has = fd >= 0 && bind(fd, (struct sockaddr *)&one, sizeof(one)) == 0;

    if (fd >= 0)
        close(fd);
    return has;
}

/* A socket that is bound to a free port and does not listen: refused. */
static inline void open_refusing(struct place *place, const char *host)
{
    struct weft_address at;
    char text[WEFT_ADDRESS_TEXT];

    snprintf(text, sizeof(text), "%s:0", host);
    assert_int_equal(weft_address_parse(&at, 1, text), 1);
    place->filler = -1;
    place->fd = socket(at.sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_return_code(place->fd, errno);
    assert_return_code(bind(place->fd, (struct sockaddr *)&at.sa, at.len),
                       errno);
    assert_int_equal(weft_address_of_socket(&at, place->fd), 0);
    snprintf(place->text, sizeof(place->text), "%s",
             weft_address_text(&at, text));
}

static inline void open_listening(struct place *place, const char *host)
{
    open_refusing(place, host);
    assert_return_code(listen(place->fd, 16), errno);
}

/* Linux lets one connection more than the backlog wait to be accepted, and then
 * drops every SYN: whoever comes next gets no answer. */
static inline void open_silent(struct place *place, const char *host)
{
    struct weft_address at;

    open_refusing(place, host);
    assert_return_code(listen(place->fd, 0), errno);
    assert_int_equal(weft_address_of_socket(&at, place->fd), 0);
    place->filler = socket(at.sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_return_code(
        connect(place->filler, (struct sockaddr *)&at.sa, at.len), errno);
    wait_ready(place->fd, POLLIN);
}

static inline void close_place(struct place *place)
{
    close(place->fd);
    if (place->filler >= 0)
        close(place->filler);
}

static inline const char *port_of(const struct place *place)
{
    return strrchr(place->text, ':') + 1;
}

static inline uint16_t port_number(const struct place *place)
{
    return (uint16_t)strtoul(port_of(place), NULL, 10);
}

/* ---- One who dials ------------------------------------------------------- */

struct caller {
    struct weft_dial *dial; /* NULL once it has ended */
    int calls, fd, err;
    char why[2048];
    struct caller *cancels; /* in done */
};

static inline void cancel(struct caller *caller)
{
    weft_dial_cancel(caller->dial);
    caller->dial = NULL;
}

static inline void on_done(void *arg, const struct weft_dialed *how)
{
    struct caller *caller = arg;

    assert_non_null(caller->dial);
    caller->dial = NULL;
    caller->calls++;
    caller->fd = how->fd;
    caller->err = how->err;
    assert_true((how->fd >= 0) == (how->err == 0));
    assert_true(strlen(how->why) < sizeof(caller->why));
    snprintf(caller->why, sizeof(caller->why), "%s", how->why);
    if (caller->cancels)
        cancel(caller->cancels);
}

static inline int try_start(struct caller *caller, struct weft_loop *loop,
                            const struct weft_dial_means *means)
{
    const struct weft_name to = {.host = "host.test", .port = 9998};

    *caller = (struct caller){.fd = -1};
    return weft_dial_start_with(&caller->dial, loop, means, &to, on_done,
                                caller);
}

static inline void start(struct caller *caller, struct weft_loop *loop,
                         const struct weft_dial_means *means)
{
    assert_int_equal(try_start(caller, loop, means), 0);
    assert_int_equal(caller->calls, 0);
}

/* Each wait is none, or has no end. */
static inline struct weft_dial_means waits(uint64_t resolution_ns,
                                           uint64_t attempt_ns)
{
    return (struct weft_dial_means){
        .resolve = fake_resolve,
        .cancel = fake_cancel,
        .resolution_ns = resolution_ns,
        .attempt_ns = attempt_ns,
    };
}

static inline void check_connected(const struct caller *caller, const char *to)
{
    struct weft_address peer;
    char text[WEFT_ADDRESS_TEXT];

    CHECK(caller->err == 0, "%s", caller->why);
    assert_int_equal(weft_address_of_peer(&peer, caller->fd), 0);
    assert_string_equal(weft_address_text(&peer, text), to);
    assert_true(fcntl(caller->fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(caller->fd, F_GETFD) & FD_CLOEXEC);
}

/* It takes no more turns until it is connected than a test has patience, and
 * nothing is left but the connection. */
static inline void wait_connected(struct caller *caller, struct weft_loop *loop,
                                  const struct place *place)
{
    TURN_UNTIL(loop, caller->calls == 1);
    check_connected(caller, place->text);
    close(caller->fd);
    turn(loop);
    assert_int_equal(caller->calls, 1);
    assert_null(ipv6.done);
    assert_null(ipv4.done);
}

static inline void check_describes(const struct caller *caller,
                                   const char *what, const char *where)
{
    char want[256], got[256];

    snprintf(want, sizeof(want), "%s %s", what, where);
    weft_dial_describe(caller->dial, got, sizeof(got));
    assert_string_equal(got, want);
}

#endif
