/* SPDX-License-Identifier: MIT */
/*
 * The conversation while the kernel says no: the n-th call of one kind fails,
 * for every n that the server comes to. The program is linked so that these
 * calls come here first (ld's --wrap); those of the test's own thread go on to
 * the kernel untouched. One server lives through all failures of a kind.
 */
#include "scenario.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define SHORT (-1)    /* no error: one byte is taken */
#define CALLS_MAX 500 /* far more than the conversation makes */

/* ---- Failing ------------------------------------------------------------- */

enum call { ACCEPT4, EPOLL_ADD, EPOLL_WAIT, RECV, SENDMSG };

static struct {
    pthread_mutex_t lock;
    pthread_t test;
    enum call call; /* which fails */
    int error;      /* how: errno or SHORT */
    long after;     /* calls that succeed before */
    int times;      /* calls that fail then; 0: nothing fails any more */
    bool has_come;  /* one has failed */
} fault = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void fault_set(enum call call, int error, long after, int times)
{
    pthread_mutex_lock(&fault.lock);
    fault.call = call;
    fault.error = error;
    fault.after = after;
    fault.times = times;
    fault.has_come = false;
    pthread_mutex_unlock(&fault.lock);
}

/* Takes the fault away. Whether it came to be. */
static bool fault_end(void)
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

    if (pthread_equal(pthread_self(), fault.test))
        return 0;
    pthread_mutex_lock(&fault.lock);
    if (fault.call == call && fault.times > 0 && fault.after-- <= 0) {
        fault.times--;
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
int __real_epoll_ctl(int ep, int op, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int ep, int op, int fd, struct epoll_event *event);
int __real_epoll_wait(int ep, struct epoll_event *events, int max, int ms);
int __wrap_epoll_wait(int ep, struct epoll_event *events, int max, int ms);
ssize_t __real_recv(int fd, void *buf, size_t len, int flags);
ssize_t __wrap_recv(int fd, void *buf, size_t len, int flags);
ssize_t __real_sendmsg(int fd, const struct msghdr *msg, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *msg, int flags);

int __wrap_accept4(int fd, struct sockaddr *sa, socklen_t *len, int flags)
{
    return fails(ACCEPT4) ? -1 : __real_accept4(fd, sa, len, flags);
}

/* Only adding takes memory; the others fail for nothing but wrong use. */
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
    if (error > 0) {
        errno = error;
        return -1;
    }
    return __real_sendmsg(fd, msg, flags);
}

/* ---- Tests --------------------------------------------------------------- */

struct failure {
    const char *what;
    enum call call;
    int error;
    int times;
    bool is_harmless; /* the conversation is held to its end all the same */
};

static const struct failure accepts[] = {
    {"accept4: EINTR", ACCEPT4, EINTR, 1, true},
    {"accept4: EAGAIN", ACCEPT4, EAGAIN, 1, true},
    {"accept4: ECONNABORTED", ACCEPT4, ECONNABORTED, 1, true},
    {"accept4: EMFILE", ACCEPT4, EMFILE, 1, true},
    {"accept4: ENOMEM, 3 times", ACCEPT4, ENOMEM, 3, true},
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
    {"recv: ENOMEM", RECV, ENOMEM, 1, false},
};

static const struct failure sends[] = {
    {"sendmsg: EINTR", SENDMSG, EINTR, 1, true},
    {"sendmsg: EAGAIN", SENDMSG, EAGAIN, 1, true},
    {"sendmsg: EAGAIN, 3 times", SENDMSG, EAGAIN, 3, true},
    {"sendmsg: one byte", SENDMSG, SHORT, 1, true},
    {"sendmsg: one byte, 300 times", SENDMSG, SHORT, 300, true},
    {"sendmsg: ECONNRESET", SENDMSG, ECONNRESET, 1, false},
    {"sendmsg: ENOMEM", SENDMSG, ENOMEM, 1, false},
};

/* Whether the conversation came to the call after so many others. */
static bool talk_failing(struct scenario *sc, const struct failure *f,
                         long after)
{
    bool is_all, has_failed;

    snprintf(sc->what, sizeof(sc->what), "%s, after %ld", f->what, after);
    fault_set(f->call, f->error, after, f->times);
    is_all = scenario_talk(sc);
    has_failed = fault_end();
    CHECK(is_all || (has_failed && !f->is_harmless), "%s: not all came",
          sc->what);
    scenario_check(sc);
    return has_failed;
}

static void fail_each(const struct failure *f)
{
    struct scenario sc;
    long n = 0;

    scenario_open(&sc);
    while (talk_failing(&sc, f, n))
        CHECK(++n < CALLS_MAX, "%s: %ld calls", f->what, n);
    CHECK(n > 0, "%s: there is no such call", f->what);
    scenario_close(&sc);
}

static void fail_all(const struct failure *failures, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fail_each(&failures[i]);
}

static void test_accept(void **state)
{
    (void)state;
    fail_all(accepts, COUNT(accepts));
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
        cmocka_unit_test(test_accept),
        cmocka_unit_test(test_wait),
        cmocka_unit_test(test_receive),
        cmocka_unit_test(test_send),
    };

    fault.test = pthread_self();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
