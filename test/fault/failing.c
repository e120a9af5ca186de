/* SPDX-License-Identifier: MIT */
/* One failure at a time, under a lock, as a server's threads make calls too. */
#include "failing.h"

#include <errno.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>

const struct failure failing_waits[2] = {
    {"epoll_wait: EINTR", EPOLL_WAIT, EINTR, 1, true},
    {"epoll_wait: EINTR, 20 times", EPOLL_WAIT, EINTR, 20, true},
};

/* No short ones: the kernel gives less than was asked for only when there is no
 * more, on which the loop relies. Small buffers make every one short. */
const struct failure failing_receives[5] = {
    {"recv: EINTR", RECV, EINTR, 1, true},
    {"recv: EAGAIN", RECV, EAGAIN, 1, true},
    {"recv: ECONNRESET", RECV, ECONNRESET, 1, false},
    {"recv: ETIMEDOUT", RECV, ETIMEDOUT, 1, false},
    {"recv: ENOMEM", RECV, ENOMEM, 1, false},
};

const struct failure failing_sends[9] = {
    {"sendmsg: EINTR", SENDMSG, EINTR, 1, true},
    {"sendmsg: EAGAIN", SENDMSG, EAGAIN, 1, true},
    {"sendmsg: EAGAIN, 3 times", SENDMSG, EAGAIN, 3, true},
    {"sendmsg: one byte", SENDMSG, SHORT, 1, true},
    {"sendmsg: one byte, 300 times", SENDMSG, SHORT, 300, true},
    {"sendmsg: one byte, always", SENDMSG, SHORT, ALL, true},
    {"sendmsg: ECONNRESET", SENDMSG, ECONNRESET, 1, false},
    {"sendmsg: EPIPE", SENDMSG, EPIPE, 1, false},
    {"sendmsg: ENOMEM", SENDMSG, ENOMEM, 1, false},
};

/* ---- The failure --------------------------------------------------------- */

bool (*failing_spares)(void);

static struct {
    pthread_mutex_t lock;
    enum call call;
    int error;
    long after;    /* calls that succeed before */
    int times;     /* calls that fail then; 0: nothing fails any more */
    bool has_come; /* one has failed */
    bool is_spared;
} fault = {.lock = PTHREAD_MUTEX_INITIALIZER};

void failing_begin(const struct failure *failure, long after)
{
    pthread_mutex_lock(&fault.lock);
    fault.call = failure->call;
    fault.error = failure->error;
    fault.after = after;
    fault.times = failure->times;
    fault.has_come = false;
    pthread_mutex_unlock(&fault.lock);
}

void failing_spare(bool on)
{
    pthread_mutex_lock(&fault.lock);
    fault.is_spared = on;
    pthread_mutex_unlock(&fault.lock);
}

bool failing_end(void)
{
    bool has_come;

    pthread_mutex_lock(&fault.lock);
    has_come = fault.has_come;
    fault.times = 0;
    pthread_mutex_unlock(&fault.lock);
    return has_come;
}

/* What this call is to do: 0 to go on to the kernel, SHORT, or an errno. */
static int fault_of(enum call call)
{
    int error = 0;

    if (failing_spares && failing_spares())
        return 0;
    pthread_mutex_lock(&fault.lock);
    if (fault.call == call && !fault.is_spared && fault.times > 0 &&
        fault.after-- <= 0) {
        fault.times -= fault.times < ALL;
        fault.has_come = true;
        error = fault.error;
    }
    pthread_mutex_unlock(&fault.lock);
    return error;
}

/* The same for calls that cannot be short; sets errno. */
static bool fails(enum call call)
{
    int error = fault_of(call);

    if (error)
        errno = error;
    return error != 0;
}

/* ---- The calls ----------------------------------------------------------- */

int __real_accept4(int fd, struct sockaddr *sa, socklen_t *len, int flags);
int __wrap_accept4(int fd, struct sockaddr *sa, socklen_t *len, int flags);
int __real_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol);
int __real_connect(int fd, const struct sockaddr *sa, socklen_t len);
int __wrap_connect(int fd, const struct sockaddr *sa, socklen_t len);
int __real_epoll_ctl(int ep, int op, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int ep, int op, int fd, struct epoll_event *event);
int __real_epoll_wait(int ep, struct epoll_event *events, int max, int ms);
int __wrap_epoll_wait(int ep, struct epoll_event *events, int max, int ms);
ssize_t __real_recv(int fd, void *buf, size_t len, int flags);
ssize_t __wrap_recv(int fd, void *buf, size_t len, int flags);
ssize_t __real_sendmsg(int fd, const struct msghdr *msg, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *msg, int flags);
ssize_t __wrap_send(int fd, const void *buf, size_t len, int flags);
int __real_getsockopt(int fd, int level, int name, void *out, socklen_t *len);
int __wrap_getsockopt(int fd, int level, int name, void *out, socklen_t *len);

int __wrap_accept4(int fd, struct sockaddr *sa, socklen_t *len, int flags)
{
    return fails(ACCEPT4) ? -1 : __real_accept4(fd, sa, len, flags);
}

int __wrap_socket(int domain, int type, int protocol)
{
    return fails(SOCKET) ? -1 : __real_socket(domain, type, protocol);
}

/* Interrupted it goes on all the same. */
int __wrap_connect(int fd, const struct sockaddr *sa, socklen_t len)
{
    int error = fault_of(CONNECT);

    if (error == EINTR)
        (void)__real_connect(fd, sa, len);
    if (error == 0)
        return __real_connect(fd, sa, len);
    errno = error;
    return -1;
}

int __wrap_epoll_ctl(int ep, int op, int fd, struct epoll_event *event)
{
    if (op == EPOLL_CTL_ADD && fails(EPOLL_ADD))
        return -1;
    return __real_epoll_ctl(ep, op, fd, event);
}

int __wrap_epoll_wait(int ep, struct epoll_event *events, int max, int ms)
{
    return fails(EPOLL_WAIT) ? -1 : __real_epoll_wait(ep, events, max, ms);
}

ssize_t __wrap_recv(int fd, void *buf, size_t len, int flags)
{
    int error = fault_of(RECV);

    if (error) {
        errno = error;
        return -1;
    }
    return __real_recv(fd, buf, len, flags);
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *msg, int flags)
{
    int error = fault_of(SENDMSG);
    struct iovec byte;
    struct msghdr one = {.msg_iov = &byte, .msg_iovlen = 1};

    if (error == SHORT && msg->msg_iovlen > 0 && msg->msg_iov->iov_len > 0) {
        byte = (struct iovec){msg->msg_iov->iov_base, 1};
        return __real_sendmsg(fd, &one, flags);
    }
    if (error == ECONNRESET || error == EPIPE)
        (void)shutdown(fd, SHUT_RDWR); /* then reading will not wait either */
    if (error > 0) {
        errno = error;
        return -1;
    }
    return __real_sendmsg(fd, msg, flags);
}

/* For both alike. */
ssize_t __wrap_send(int fd, const void *buf, size_t len, int flags)
{
    struct iovec iov = {(void *)(uintptr_t)buf, len};
    const struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

    return __wrap_sendmsg(fd, &msg, flags);
}

int __wrap_getsockopt(int fd, int level, int name, void *out, socklen_t *len)
{
    if (level == SOL_SOCKET && name == SO_ERROR && fails(GETSOCKOPT))
        return -1;
    return __real_getsockopt(fd, level, name, out, len);
}
