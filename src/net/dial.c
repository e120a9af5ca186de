/* SPDX-License-Identifier: MIT */
/*
 * Happy Eyeballs, version 2 (RFC 8305). Each family has its lookup and its list
 * of addresses; the next attempt goes to the family that the last did not go
 * to, as long as it has any, and IPv6 is first. One moment, not_before_ns, says
 * when the next attempt may start: a while after the one before, at once when
 * one has failed, and a short while later than the first answer if that is for
 * IPv4 only. Whatever happens ends in advance, which does what may be done.
 *
 * An attempt is a struct of its own, as its io may be in the loop's batch when
 * the dial is gone: it frees itself once its io is closed. Until then it is in
 * the dial's list, or the dial has no more to do with it.
 */
#include "net/dial.h"

#include "base/list.h"

#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define NS_PER_MS UINT64_C(1000000)

#define ATTEMPTS_MAX (2 * WEFT_RESOLVE_MAX)
#define ATTEMPTS_SHOWN 4 /* in the text of a failure */

/* Of that text: for each attempt an address of less than WEFT_ADDRESS_TEXT and
 * the kernel's words, or a name of at most 253 and the resolver's words. */
#define WHY_SIZE 1024

enum { IPV6, IPV4, FAMILIES };

struct side {
    struct weft_dial *dial;
    struct weft_resolve *resolve; /* NULL: it has answered */
    int error;                    /* the lookup's, an EAI_… */
    int count, next;              /* addresses, and the first not tried yet */
    struct weft_address list[WEFT_RESOLVE_MAX];
};

struct tried {
    const struct weft_address *address;
    int error; /* 0: under way */
};

struct attempt {
    struct weft_io io;
    struct weft_list node;
    struct weft_dial *dial;
    struct tried *tried;
};

struct weft_dial {
    struct weft_loop *loop;
    const struct weft_dial_means *means;
    struct side sides[FAMILIES];
    const struct side *last;   /* whose address was tried last */
    struct weft_list attempts; /* under way, the latest first */
    struct tried tried[ATTEMPTS_MAX];
    int tried_count;
    uint64_t not_before_ns;
    struct weft_alarm alarm; /* for that moment */
    weft_dialed_fn *done;
    void *arg;
    char *host;
};

/* RFC 8305 section 8 gives both times. */
const struct weft_dial_means weft_dial_usual = {
    .resolve = weft_resolve_start,
    .cancel = weft_resolve_cancel,
    .resolution_ns = 50 * NS_PER_MS,
    .attempt_ns = 250 * NS_PER_MS,
};

/* ---- How it ended -------------------------------------------------------- */

static void end(struct weft_dial *dial, int fd, int err, const char *why)
{
    const struct weft_dialed how = {.fd = fd, .err = err, .why = why};
    weft_dialed_fn *done = dial->done;
    void *arg = dial->arg;

    weft_dial_cancel(dial);
    done(arg, &how);
}

/* Writes behind what text has; what does not fit is left out. */
__attribute__((format(printf, 2, 3))) static void add(char text[WHY_SIZE],
                                                      const char *format, ...)
{
    size_t len = strlen(text);
    va_list args;

    va_start(args, format);
    vsnprintf(text + len, WHY_SIZE - len, format, args);
    va_end(args);
}

/* How much it says: that a name has no addresses of one family may be true of
 * many, that there is no such name is less so, and the rest went wrong. */
static int weight(int error)
{
    switch (error) {
    case 0:
        return 0;
    case EAI_ADDRFAMILY:
    case EAI_NODATA:
        return 1;
    case EAI_NONAME:
        return 2;
    default:
        return 3;
    }
}

static void fail_to_find(struct weft_dial *dial)
{
    int error = dial->sides[IPV4].error;
    char why[WHY_SIZE] = "";
    int err = WEFT_ERR_ADDRESS;

    if (weight(dial->sides[IPV6].error) > weight(error))
        error = dial->sides[IPV6].error;
    if (error == EAI_MEMORY)
        err = WEFT_ERR_NOMEM;
    else if (error == EAI_SYSTEM)
        err = WEFT_ERR_SYSTEM;
    add(why, "cannot find %.253s: %s", dial->host, gai_strerror(error));
    end(dial, -1, err, why);
}

/* What is wanting here may come before what is wrong there. */
static int error_of(const struct weft_dial *dial)
{
    int err = WEFT_ERR_UNREACHABLE;

    for (int i = 0; i < dial->tried_count; i++) {
        switch (dial->tried[i].error) {
        case ENOMEM:
        case ENOBUFS:
            return WEFT_ERR_NOMEM;
        case EMFILE:
        case ENFILE:
            err = WEFT_ERR_SYSTEM;
            break;
        default:
            break;
        }
    }
    return err;
}

static void fail_to_connect(struct weft_dial *dial)
{
    int left = dial->tried_count - ATTEMPTS_SHOWN;
    int shown = left > 0 ? ATTEMPTS_SHOWN : dial->tried_count;
    char why[WHY_SIZE] = "cannot connect to ";
    char text[WEFT_ADDRESS_TEXT];

    for (int i = 0; i < shown; i++) {
        const struct tried *tried = &dial->tried[i];
        bool is_last = i == dial->tried_count - 1;

        if (i > 0)
            add(why, is_last ? " or " : ", ");
        add(why, "%s (%s)", weft_address_text(tried->address, text),
            strerror(tried->error));
    }
    if (left > 0)
        add(why, " and %d more", left);
    end(dial, -1, error_of(dial), why);
}

/* ---- One attempt --------------------------------------------------------- */

static void advance(struct weft_dial *dial);

/* A socket that calls a port from which the kernel may choose its own can meet
 * itself, by simultaneous open (RFC 9293 section 3.5), when nobody listens. */
static bool is_own_peer(int fd)
{
    struct weft_address self, peer;

    return weft_address_of_socket(&self, fd) == 0 &&
           weft_address_of_peer(&peer, fd) == 0 && self.len == peer.len &&
           memcmp(&self.sa, &peer.sa, self.len) == 0;
}

static void on_connected(struct weft_io *io, int error)
{
    struct attempt *attempt = WEFT_OF(io, struct attempt, io);
    struct weft_dial *dial = attempt->dial;

    if (error == 0 && is_own_peer(io->fd))
        error = ECONNREFUSED;
    weft_list_remove(&attempt->node);
    if (error == 0) {
        end(dial, weft_io_detach(io), 0, "");
        return;
    }
    attempt->tried->error = error;
    weft_io_close(io, false);
    dial->not_before_ns = 0;
    advance(dial);
}

static void on_closed(struct weft_io *io)
{
    struct attempt *attempt = WEFT_OF(io, struct attempt, io);

    weft_free(weft_loop_mem(io->loop), attempt, sizeof(*attempt));
}

static const struct weft_io_ops attempt_ops = {
    .closed = on_closed,
    .connected = on_connected,
};

/* A socket in the loop: 0 or an errno. */
static int open_socket(struct attempt *attempt, int family)
{
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int err;

    if (fd < 0)
        return errno;
    err = weft_io_open(&attempt->io, attempt->dial->loop, fd, &attempt_ops);
    if (err)
        close(fd);
    return err == 0 ? 0 : err == WEFT_ERR_NOMEM ? ENOMEM : EIO;
}

/* Starts to connect: 0, or the errno with which that failed at once. */
static int attempt_start(struct weft_dial *dial, struct tried *tried)
{
    const struct weft_mem *mem = weft_loop_mem(dial->loop);
    const struct weft_address *to = tried->address;
    struct attempt *attempt = weft_zalloc(mem, sizeof(*attempt));
    int error;

    if (!attempt)
        return ENOMEM;
    attempt->dial = dial;
    attempt->tried = tried;
    error = open_socket(attempt, to->sa.ss_family);
    if (error) {
        weft_free(mem, attempt, sizeof(*attempt));
        return error;
    }
    error = weft_io_connect(&attempt->io, (const struct sockaddr *)&to->sa,
                            to->len);
    if (error)
        weft_io_close(&attempt->io, false);
    else
        weft_list_insert(&dial->attempts, &attempt->node);
    return error;
}

/* ---- One after the other ------------------------------------------------- */

static bool has_next(const struct side *side)
{
    return side->next < side->count;
}

/* Whose turn it is (RFC 8305 section 4, with a First Address Family Count of
 * 1); NULL: there is no address that was not tried. */
static struct side *side_next(struct weft_dial *dial)
{
    int other = dial->last == &dial->sides[IPV6] ? IPV4 : IPV6;

    if (has_next(&dial->sides[other]))
        return &dial->sides[other];
    return has_next(&dial->sides[!other]) ? &dial->sides[!other] : NULL;
}

static void try_next(struct weft_dial *dial, struct side *side)
{
    struct tried *tried = &dial->tried[dial->tried_count++];

    tried->address = &side->list[side->next++];
    dial->last = side;
    tried->error = attempt_start(dial, tried);
    dial->not_before_ns =
        tried->error ? 0 : weft_loop_now(dial->loop) + dial->means->attempt_ns;
}

/* The last thing that a callback does: the dial may be gone after it. */
static void advance(struct weft_dial *dial)
{
    struct side *side;

    while ((side = side_next(dial)) &&
           weft_loop_now(dial->loop) >= dial->not_before_ns)
        try_next(dial, side);
    if (side)
        weft_alarm_set(dial->loop, &dial->alarm, dial->not_before_ns);
    else if (!weft_list_is_empty(&dial->attempts) ||
             dial->sides[IPV6].resolve || dial->sides[IPV4].resolve)
        return; /* that will tell */
    else if (dial->tried_count > 0)
        fail_to_connect(dial);
    else
        fail_to_find(dial);
}

static void on_alarm(struct weft_alarm *alarm)
{
    advance(WEFT_OF(alarm, struct weft_dial, alarm));
}

static void on_resolved(void *arg, const struct weft_address *list, int count,
                        int error)
{
    struct side *side = arg;
    struct weft_dial *dial = side->dial;

    side->resolve = NULL;
    side->error = error;
    side->count = count;
    if (count > 0)
        memcpy(side->list, list, (size_t)count * sizeof(*list));
    /* RFC 8305 section 3: IPv6 gets a head start over what it may be asked
     * for, and has it no longer when it has answered. */
    if (dial->tried_count == 0)
        dial->not_before_ns =
            dial->sides[IPV6].resolve
                ? weft_loop_now(dial->loop) + dial->means->resolution_ns
                : 0;
    advance(dial);
}

/* ---- The dial ------------------------------------------------------------ */

static int look_up(struct weft_dial *dial, uint16_t port)
{
    static const int families[FAMILIES] = {
        [IPV6] = AF_INET6,
        [IPV4] = AF_INET,
    };
    int err = 0;

    for (int i = 0; i < FAMILIES && !err; i++) {
        struct side *side = &dial->sides[i];
        const struct weft_name name = {
            .host = dial->host,
            .port = port,
            .family = families[i],
        };

        side->dial = dial;
        err = dial->means->resolve(&side->resolve, dial->loop, &name,
                                   on_resolved, side);
    }
    return err;
}

int weft_dial_start_with(struct weft_dial **out, struct weft_loop *loop,
                         const struct weft_dial_means *means,
                         const struct weft_name *to, weft_dialed_fn *done,
                         void *arg)
{
    const struct weft_mem *mem = weft_loop_mem(loop);
    struct weft_dial *dial = weft_zalloc(mem, sizeof(*dial));
    int err = WEFT_ERR_NOMEM;

    if (!dial)
        return err;
    dial->loop = loop;
    dial->means = means;
    dial->done = done;
    dial->arg = arg;
    dial->alarm.ring = on_alarm;
    weft_list_init(&dial->attempts);
    dial->host = weft_strdup(mem, to->host);
    if (!dial->host)
        goto fail;
    err = look_up(dial, to->port);
    if (err)
        goto fail;
    *out = dial;
    return 0;

fail:
    weft_dial_cancel(dial);
    return err;
}

int weft_dial_start(struct weft_dial **out, struct weft_loop *loop,
                    const char *host, uint16_t port, weft_dialed_fn *done,
                    void *arg)
{
    const struct weft_name to = {.host = host, .port = port};

    return weft_dial_start_with(out, loop, &weft_dial_usual, &to, done, arg);
}

void weft_dial_cancel(struct weft_dial *dial)
{
    if (!dial)
        return;
    weft_alarm_stop(dial->loop, &dial->alarm);
    for (int i = 0; i < FAMILIES; i++)
        dial->means->cancel(dial->sides[i].resolve);
    while (!weft_list_is_empty(&dial->attempts)) {
        struct attempt *attempt =
            WEFT_OF(dial->attempts.next, struct attempt, node);

        weft_list_remove(&attempt->node);
        weft_io_close(&attempt->io, false);
    }
    weft_strfree(weft_loop_mem(dial->loop), dial->host);
    weft_free(weft_loop_mem(dial->loop), dial, sizeof(*dial));
}

void weft_dial_describe(const struct weft_dial *dial, char *text, size_t size)
{
    const struct attempt *attempt =
        WEFT_OF(dial->attempts.next, struct attempt, node);
    char address[WEFT_ADDRESS_TEXT];

    if (weft_list_is_empty(&dial->attempts))
        snprintf(text, size, "looking up %s", dial->host);
    else
        snprintf(text, size, "connecting to %s",
                 weft_address_text(attempt->tried->address, address));
}
