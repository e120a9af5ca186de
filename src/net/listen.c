/* SPDX-License-Identifier: MIT */
/*
 * Listening sockets.
 *
 * Sockets that share a port by SO_REUSEPORT would also share it with another
 * server of the same user, unseen. So the first socket listens alone, without
 * the option, which the kernel refuses when anyone else listens there; only
 * then is the option set and the others join it. A kernel that does not let
 * them join gets them all anew: the port is known to be free then.
 *
 * A Unix socket's file outlives its server. Whether it is a leftover is found
 * out by connecting to it. Two servers that start on one leftover at the same
 * moment may both succeed; then the later one has the file.
 */
#include "net/listen.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int error_of(int error)
{
    switch (error) {
    case EADDRINUSE:
        return WEFT_ERR_IN_USE;
    case EACCES:
    case EPERM:
    case EROFS:
        return WEFT_ERR_DENIED;
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
    case EINVAL:
    case ELOOP:
    case ENAMETOOLONG:
    case ENODEV: /* an IPv6 address whose zone is no interface */
    case ENOENT:
    case ENOTDIR:
        return WEFT_ERR_ADDRESS;
    default:
        return WEFT_ERR_SYSTEM;
    }
}

static const struct sockaddr *sockaddr_of(const struct weft_address *address)
{
    return (const struct sockaddr *)&address->sa;
}

static int fail(int fd, int error)
{
    close(fd);
    return error_of(error);
}

static void close_all(int *fds, int count)
{
    for (int i = 0; i < count; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
        fds[i] = -1;
    }
}

static int open_socket(int family)
{
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    return fd < 0 ? error_of(errno) : fd;
}

/* ---- TCP ----------------------------------------------------------------- */

/* [::] takes IPv4 too, whatever net.ipv6.bindv6only says. */
static bool is_for_both(const struct weft_address *address)
{
    struct sockaddr_in6 in6;

    memcpy(&in6, &address->sa, sizeof(in6));
    return in6.sin6_family == AF_INET6 &&
           IN6_IS_ADDR_UNSPECIFIED(&in6.sin6_addr);
}

static int set_option(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value));
}

/* A descriptor or an error. SO_REUSEADDR lets a server start while connections
 * of the one before it are in TIME_WAIT; on Linux it does not let two listen.
 * TCP_NODELAY is for the connections, which inherit it.
 */
static int listen_tcp(const struct weft_address *address, int backlog,
                      bool is_shared)
{
    int fd = open_socket(address->sa.ss_family);

    if (fd < 0)
        return fd;
    if (set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0 ||
        (is_shared && set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1) < 0) ||
        set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1) < 0 ||
        (is_for_both(address) &&
         set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0) < 0) ||
        bind(fd, sockaddr_of(address), address->len) < 0 ||
        listen(fd, backlog) < 0)
        return fail(fd, errno);
    return fd;
}

/* Fills fds[from..count) with sockets that share the port. */
static int join(int *fds, int from, int count,
                const struct weft_address *address, int backlog)
{
    for (int i = from; i < count; i++) {
        fds[i] = listen_tcp(address, backlog, true);
        if (fds[i] < 0) {
            int err = fds[i];

            close_all(fds + from, count - from);
            return err;
        }
    }
    return 0;
}

static int share(int *fds, int count, const struct weft_address *address,
                 int backlog)
{
    int err;

    if (set_option(fds[0], SOL_SOCKET, SO_REUSEPORT, 1) < 0)
        return error_of(errno);
    err = join(fds, 1, count, address, backlog);
    if (err != WEFT_ERR_IN_USE)
        return err;
    close_all(fds, 1);
    return join(fds, 0, count, address, backlog);
}

static int listen_all_tcp(int *fds, int count, struct weft_address *address,
                          int backlog)
{
    struct weft_address bound;
    int err;

    fds[0] = listen_tcp(address, backlog, false);
    if (fds[0] < 0)
        return fds[0];
    err = weft_address_of_socket(&bound, fds[0]);
    if (!err && count > 1)
        err = share(fds, count, &bound, backlog);
    if (!err)
        *address = bound;
    return err;
}

/* ---- Unix sockets -------------------------------------------------------- */

static const char *path_of(const struct weft_address *address)
{
    return (const char *)&address->sa + offsetof(struct sockaddr_un, sun_path);
}

/* Whether the path is that of a socket on which nobody listens. A server whose
 * queue is full gives EAGAIN, and one of another type EPROTOTYPE: it lives. */
static bool is_leftover(const struct weft_address *address)
{
    struct stat st;
    bool is_refused;
    int fd;

    if (lstat(path_of(address), &st) < 0 || !S_ISSOCK(st.st_mode))
        return false;
    fd = open_socket(AF_UNIX);
    if (fd < 0)
        return false;
    is_refused = connect(fd, sockaddr_of(address), address->len) < 0 &&
                 errno == ECONNREFUSED;
    close(fd);
    return is_refused;
}

static int bind_unix(int fd, const struct weft_address *address)
{
    if (bind(fd, sockaddr_of(address), address->len) == 0)
        return 0;
    if (errno != EADDRINUSE)
        return error_of(errno);
    if (!is_leftover(address))
        return WEFT_ERR_IN_USE;
    if (unlink(path_of(address)) < 0 && errno != ENOENT)
        return error_of(errno);
    return bind(fd, sockaddr_of(address), address->len) < 0 ? error_of(errno)
                                                            : 0;
}

static int listen_unix(const struct weft_address *address, int backlog)
{
    int fd = open_socket(AF_UNIX);
    int err;

    if (fd < 0)
        return fd;
    err = bind_unix(fd, address);
    if (err) {
        close(fd);
        return err;
    }
    if (listen(fd, backlog) < 0) {
        err = fail(fd, errno);
        unlink(path_of(address));
        return err;
    }
    return fd;
}

static int listen_all_unix(int *fds, int count,
                           const struct weft_address *address, int backlog)
{
    fds[0] = listen_unix(address, backlog);
    if (fds[0] < 0)
        return fds[0];
    for (int i = 1; i < count; i++) {
        fds[i] = fcntl(fds[0], F_DUPFD_CLOEXEC, 0);
        if (fds[i] < 0) {
            unlink(path_of(address));
            return WEFT_ERR_SYSTEM;
        }
    }
    return 0;
}

/* ---- Both ---------------------------------------------------------------- */

int weft_listen(int *fds, int count, struct weft_address *address, int backlog)
{
    int err;

    assert(count > 0);
    for (int i = 0; i < count; i++)
        fds[i] = -1;
    if (address->sa.ss_family == AF_UNIX)
        err = listen_all_unix(fds, count, address, backlog);
    else
        err = listen_all_tcp(fds, count, address, backlog);
    if (err)
        close_all(fds, count);
    return err;
}

/* The file goes first: once we do not listen any more, another server may put
 * its own in its place. */
void weft_listen_close(int *fds, int count, const struct weft_address *address)
{
    if (address->sa.ss_family == AF_UNIX)
        unlink(path_of(address));
    close_all(fds, count);
}
