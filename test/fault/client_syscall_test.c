/* SPDX-License-Identifier: MIT */
/*
 * A whole conversation of a client while the kernel says no: the n-th call of
 * one kind fails, for every n that it comes to. The program is linked so that
 * these calls come here first (ld's --wrap); the server, in the same thread,
 * makes its calls between the client's turns, when nothing fails.
 */
#include "whole_visit.h"

#include <sys/epoll.h>

#define SHORT (-1)    /* no error: one byte is taken */
#define CALLS_MAX 500 /* far more than the conversation makes */

/* ---- Failing ------------------------------------------------------------- */

enum call { SOCKET, CONNECT, EPOLL_ADD, EPOLL_WAIT, RECV, SENDMSG, GETSOCKOPT };

static struct {
    bool is_armed; /* it is the client's turn */
    enum call call;
    int error;     /* errno or SHORT */
    long after;    /* calls that succeed before */
    int times;     /* calls that fail then */
    bool has_come; /* one has failed */
} fault;

static void arm(void)
{
    fault.is_armed = true;
}

static void disarm(void)
{
    fault.is_armed = false;
}

/* What this call is to do: 0 to go on to the kernel, SHORT, or an errno. */
static int fault_of(enum call call)
{
    if (!fault.is_armed || fault.call != call || fault.times == 0 ||
        fault.after-- > 0)
        return 0;
    fault.times--;
    fault.has_come = true;
    return fault.error;
}

static bool fails(enum call call)
{
    int error = fault_of(call);

    if (error)
        errno = error;
    return error != 0;
}

/* ---- The calls ----------------------------------------------------------- */

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
int __real_getsockopt(int fd, int level, int name, void *out, socklen_t *len);
int __wrap_getsockopt(int fd, int level, int name, void *out, socklen_t *len);

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

    if (error == SHORT)
        return __real_recv(fd, buf, len > 0 ? 1 : 0, flags);
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

int __wrap_getsockopt(int fd, int level, int name, void *out, socklen_t *len)
{
    if (level == SOL_SOCKET && name == SO_ERROR && fails(GETSOCKOPT))
        return -1;
    return __real_getsockopt(fd, level, name, out, len);
}

/* ---- Tests --------------------------------------------------------------- */

struct failure {
    const char *what;
    enum call call;
    int error;
    int times;
    bool is_harmless; /* the conversation is held to its end all the same */
};

static const struct failure connects[] = {
    {"socket: EMFILE", SOCKET, EMFILE, 1, false},
    {"socket: EAFNOSUPPORT", SOCKET, EAFNOSUPPORT, 1, false},
    {"connect: EINTR", CONNECT, EINTR, 1, true},
    {"connect: ECONNREFUSED", CONNECT, ECONNREFUSED, 1, false},
    {"connect: ENETUNREACH", CONNECT, ENETUNREACH, 1, false},
    {"connect: EAGAIN", CONNECT, EAGAIN, 1, false},
    {"getsockopt: ECONNREFUSED", GETSOCKOPT, ECONNREFUSED, 1, false},
    {"epoll_ctl: ENOMEM", EPOLL_ADD, ENOMEM, 1, false},
    {"epoll_ctl: ENOSPC", EPOLL_ADD, ENOSPC, 1, false},
};

static const struct failure waits[] = {
    {"epoll_wait: EINTR", EPOLL_WAIT, EINTR, 1, true},
    {"epoll_wait: EINTR, 20 times", EPOLL_WAIT, EINTR, 20, true},
};

static const struct failure receives[] = {
    {"recv: EINTR", RECV, EINTR, 1, true},
    {"recv: EAGAIN", RECV, EAGAIN, 1, true},
    {"recv: one byte", RECV, SHORT, 1, true},
    {"recv: one byte, 300 times", RECV, SHORT, 300, true},
    {"recv: ECONNRESET", RECV, ECONNRESET, 1, false},
    {"recv: ETIMEDOUT", RECV, ETIMEDOUT, 1, false},
    {"recv: ENOMEM", RECV, ENOMEM, 1, false},
};

static const struct failure sends[] = {
    {"sendmsg: EINTR", SENDMSG, EINTR, 1, true},
    {"sendmsg: EAGAIN", SENDMSG, EAGAIN, 1, true},
    {"sendmsg: EAGAIN, 3 times", SENDMSG, EAGAIN, 3, true},
    {"sendmsg: one byte", SENDMSG, SHORT, 1, true},
    {"sendmsg: one byte, 300 times", SENDMSG, SHORT, 300, true},
    {"sendmsg: ECONNRESET", SENDMSG, ECONNRESET, 1, false},
    {"sendmsg: EPIPE", SENDMSG, EPIPE, 1, false},
    {"sendmsg: ENOMEM", SENDMSG, ENOMEM, 1, false},
};

/* Whether the conversation came to the call after so many others. */
static bool visit_failing(const struct failure *f, long after, bool is_proxied)
{
    struct whole_visit w;
    bool is_all;

    whole_visit_open(&w, is_proxied);
    w.before_turn = arm;
    w.after_turn = disarm;
    snprintf(w.what, sizeof(w.what), "%s, after %ld%s", f->what, after,
             is_proxied ? ", proxied" : "");
    fault.call = f->call;
    fault.error = f->error;
    fault.after = after;
    fault.times = f->times;
    fault.has_come = false;
    assert_int_equal(whole_visit_run(&w, &is_all), 0);
    fault.times = 0;
    CHECK(is_all || (fault.has_come && !f->is_harmless), "%s: \"%s\", %s",
          w.what, visit_words(&w.v), w.v.why);
    visit_close(&w.v);
    return fault.has_come;
}

static void fail_each(const struct failure *f, bool is_proxied)
{
    int fd = lowest_fd();
    long n = 0;

    while (visit_failing(f, n, is_proxied))
        CHECK(++n < CALLS_MAX, "%s: %ld calls", f->what, n);
    CHECK(n > 0, "%s: there is no such call", f->what);
    CHECK(lowest_fd() == fd, "%s: a descriptor leaked", f->what);
}

static void fail_all(const struct failure *failures, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fail_each(&failures[i], false);
        fail_each(&failures[i], true);
    }
}

static void test_connect(void **state)
{
    (void)state;
    fail_all(connects, COUNT(connects));
}

static void test_wait(void **state)
{
    (void)state;
    fail_all(waits, COUNT(waits));
}

static void test_receive(void **state)
{
    (void)state;
    fail_all(receives, COUNT(receives));
}

static void test_send(void **state)
{
    (void)state;
    fail_all(sends, COUNT(sends));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connect),
        cmocka_unit_test(test_wait),
        cmocka_unit_test(test_receive),
        cmocka_unit_test(test_send),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
