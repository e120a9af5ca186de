/* SPDX-License-Identifier: MIT */
#include "net/listen.h"

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHARE 4

static bool has_ipv6(void)
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

static struct weft_address parse(const char *text)
{
    struct weft_address address;

    CHECK(weft_address_parse(&address, 1, text) == 1, "%s", text);
    return address;
}

static unsigned port_of(const struct weft_address *address)
{
    char text[WEFT_ADDRESS_TEXT];

    return (unsigned)strtoul(strrchr(weft_address_text(address, text), ':') + 1,
                             NULL, 10);
}

static struct weft_address with_port(const char *host, unsigned port)
{
    char text[WEFT_ADDRESS_TEXT];

    snprintf(text, sizeof(text), "%s:%u", host, port);
    return parse(text);
}

/* The lowest free descriptor: the same before and after if none leaked. */
static int lowest_fd(void)
{
    int fd = dup(0);

    close(fd);
    return fd;
}

static int connect_to(const struct weft_address *address)
{
    int fd = socket(address->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_return_code(fd, errno);
    if (connect(fd, (const struct sockaddr *)&address->sa, address->len) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Waits for a connection on any of the listeners; returns which. */
static int accept_one(const int *fds, int count)
{
    struct pollfd polled[SHARE];
    int fd;

    for (int i = 0; i < count; i++)
        polled[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    assert_true(poll(polled, (nfds_t)count, 10000) > 0);
    for (int i = 0; i < count; i++) {
        if (polled[i].revents == 0)
            continue;
        fd = accept(fds[i], NULL, NULL);
        assert_return_code(fd, errno);
        close(fd);
        return i;
    }
    return -1;
}

/* ---- TCP ----------------------------------------------------------------- */

static void check_listener(int fd)
{
    int on = 0;
    socklen_t len = sizeof(on);

    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_return_code(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len),
                       errno);
    assert_int_equal(on, 1);
}

/* Port 0 becomes one port for all, and each of the sockets gets connections. */
static void share_port(const char *text, const char *host)
{
    struct weft_address address = parse(text), to;
    int fds[SHARE], got[SHARE] = {0};
    int before = lowest_fd();

    assert_int_equal(weft_listen(fds, SHARE, &address, 128), 0);
    assert_true(port_of(&address) > 0);
    for (int i = 0; i < SHARE; i++) {
        struct weft_address bound;

        check_listener(fds[i]);
        assert_int_equal(weft_address_of_socket(&bound, fds[i]), 0);
        assert_int_equal(port_of(&bound), port_of(&address));
    }
    to = with_port(host, port_of(&address));
    for (int i = 0; i < 200; i++) {
        int fd = connect_to(&to);

        assert_return_code(fd, errno);
        got[accept_one(fds, SHARE)]++;
        close(fd);
    }
    for (int i = 0; i < SHARE; i++)
        CHECK(got[i] > 0, "socket %d of %s had none", i, text);

    weft_listen_close(fds, SHARE, &address);
    for (int i = 0; i < SHARE; i++)
        assert_int_equal(fds[i], -1);
    assert_int_equal(lowest_fd(), before);
    assert_int_equal(connect_to(&to), -1);
}

static void test_share(void **state)
{
    (void)state;
    share_port("127.0.0.1:0", "127.0.0.1");
    share_port("0.0.0.0:0", "127.0.0.1");
    share_port(":0", "127.0.0.1");
    if (has_ipv6()) {
        share_port("[::1]:0", "[::1]");
        share_port("[::]:0", "[::1]");
        share_port("[::]:0", "127.0.0.1");
        share_port("[::ffff:127.0.0.1]:0", "127.0.0.1");
    }
}

enum {
    REUSEADDR = 1,
    REUSEPORT = 2,
    V6ONLY = 4,
};

/* What some other program may do. */
static int foreign_listener(struct weft_address *address, int flags)
{
    int fd = socket(address->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;

    assert_return_code(fd, errno);
    if (flags & REUSEADDR)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (flags & REUSEPORT)
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
    if (flags & V6ONLY)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    assert_return_code(bind(fd, (struct sockaddr *)&address->sa, address->len),
                       errno);
    assert_return_code(listen(fd, 8), errno);
    assert_int_equal(weft_address_of_socket(address, fd), 0);
    return fd;
}

static void expect_listen(const char *host, unsigned port, int want)
{
    for (int count = 1; count <= SHARE; count += SHARE - 1) {
        struct weft_address address = with_port(host, port);
        int fds[SHARE];
        int before = lowest_fd();
        int err = weft_listen(fds, count, &address, 8);

        CHECK(err == want, "%s:%u, %d sockets: %d", host, port, count, err);
        if (!err)
            weft_listen_close(fds, count, &address);
        assert_int_equal(lowest_fd(), before);
    }
}

/* Whether nobody has the port at that address, as another test at the same time
 * may have it. */
static bool is_free(const char *host, unsigned port)
{
    struct weft_address address = with_port(host, port);
    int fd = socket(address.sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int rc;

    assert_return_code(fd, errno);
    rc = bind(fd, (struct sockaddr *)&address.sa, address.len);
    close(fd);
    return rc == 0;
}

/* Whatever flags another listener has, it is found out; also an IPv4 listener
 * by one for both families, and the other way round. */
static void test_in_use(void **state)
{
    static const struct {
        const char *theirs, *ours;
        int flags, want;
    } cases[] = {
        {"127.0.0.1", "127.0.0.1", 0, WEFT_ERR_IN_USE},
        {"0.0.0.0", "127.0.0.1", 0, WEFT_ERR_IN_USE},
        {"127.0.0.1", "0.0.0.0", 0, WEFT_ERR_IN_USE},
        {"127.0.0.1", "127.0.0.2", 0, 0},
        {"0.0.0.0", "[::]", 0, WEFT_ERR_IN_USE},
        {"127.0.0.1", "[::]", 0, WEFT_ERR_IN_USE},
        {"[::]", "0.0.0.0", 0, WEFT_ERR_IN_USE},
        {"[::]", "127.0.0.1", 0, WEFT_ERR_IN_USE},
        {"[::]", "[::]", 0, WEFT_ERR_IN_USE},
        {"[::]", "[::]", V6ONLY, WEFT_ERR_IN_USE},
        {"[::1]", "[::]", 0, WEFT_ERR_IN_USE},
        {"[::1]", "127.0.0.1", 0, 0},
        {"127.0.0.1", "[::1]", 0, 0},
        {"[::]", "127.0.0.1", V6ONLY, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (!has_ipv6() &&
            (cases[i].theirs[0] == '[' || cases[i].ours[0] == '['))
            continue;
        for (int flags = 0; flags <= (REUSEADDR | REUSEPORT); flags++) {
            struct weft_address theirs = with_port(cases[i].theirs, 0);
            int fd = foreign_listener(&theirs, flags | cases[i].flags);

            while (cases[i].want == 0 &&
                   !is_free(cases[i].ours, port_of(&theirs))) {
                close(fd);
                theirs = with_port(cases[i].theirs, 0);
                fd = foreign_listener(&theirs, flags | cases[i].flags);
            }
            expect_listen(cases[i].ours, port_of(&theirs), cases[i].want);
            close(fd);
        }
    }
}

/* The same with a listener in another process, and with another of ours. */
static void test_in_use_by_another_process(void **state)
{
    (void)state;
    for (int flags = 0; flags <= (REUSEADDR | REUSEPORT); flags++) {
        struct weft_address theirs = with_port("127.0.0.1", 0);
        int fd = foreign_listener(&theirs, flags);
        int until[2];
        pid_t child;
        char c;

        assert_return_code(pipe2(until, O_CLOEXEC), errno);
        child = fork();
        if (child == 0) {
            close(until[1]);
            _exit(read(until[0], &c, 1) == 0 ? 0 : 1);
        }
        close(fd);
        close(until[0]);
        expect_listen("127.0.0.1", port_of(&theirs), WEFT_ERR_IN_USE);
        close(until[1]);
        assert_int_equal(waitpid(child, NULL, 0), child);
        expect_listen("127.0.0.1", port_of(&theirs), 0);
    }
}

static void test_in_use_by_ours(void **state)
{
    (void)state;
    for (int count = 1; count <= SHARE; count++) {
        struct weft_address address = with_port("127.0.0.1", 0);
        int fds[SHARE];

        assert_int_equal(weft_listen(fds, count, &address, 8), 0);
        expect_listen("127.0.0.1", port_of(&address), WEFT_ERR_IN_USE);
        weft_listen_close(fds, count, &address);
        expect_listen("127.0.0.1", port_of(&address), 0);
    }
}

/* Connections that the server closed first linger in TIME_WAIT, and do not
 * keep the next server from starting. */
static void test_restart(void **state)
{
    struct weft_address address = with_port("127.0.0.1", 0);
    int fds[SHARE], client;
    char c;

    (void)state;
    assert_int_equal(weft_listen(fds, SHARE, &address, 8), 0);
    client = connect_to(&address);
    accept_one(fds, SHARE); /* and closes it */
    assert_int_equal(read(client, &c, 1), 0);
    close(client);
    weft_listen_close(fds, SHARE, &address);
    expect_listen("127.0.0.1", port_of(&address), 0);
}

/* An address of documentation, RFC 5737, is no machine's own. */
static void test_not_ours(void **state)
{
    (void)state;
    expect_listen("203.0.113.1", 0, WEFT_ERR_ADDRESS);
    if (has_ipv6())
        expect_listen("[2001:db8::1]", 0, WEFT_ERR_ADDRESS);
}

static void test_denied(void **state)
{
    struct weft_address address = with_port("127.0.0.1", 1);
    int fds[1];
    pid_t child;
    int status;

    (void)state;
    /* In a child without rights; root may use any port. */
    child = fork();
    if (child == 0) {
        if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
            _exit(100);
        _exit(-weft_listen(fds, 1, &address, 8));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    /* 0 where ip_unprivileged_port_start lets everyone. */
    CHECK(WEXITSTATUS(status) == -WEFT_ERR_DENIED || WEXITSTATUS(status) == 0,
          "%d", WEXITSTATUS(status));
}

/* ---- Unix sockets -------------------------------------------------------- */

struct place {
    char folder[32];
    char path[64];
    struct weft_address address;
};

static int make_place(void **state)
{
    static struct place place;
    char text[80];

    snprintf(place.folder, sizeof(place.folder), "/tmp/weft-listen-XXXXXX");
    assert_non_null(mkdtemp(place.folder));
    snprintf(place.path, sizeof(place.path), "%s/sock", place.folder);
    snprintf(text, sizeof(text), "unix:%s", place.path);
    place.address = parse(text);
    *state = &place;
    return 0;
}

static int remove_place(void **state)
{
    struct place *place = *state;

    unlink(place->path);
    assert_return_code(rmdir(place->folder), errno);
    return 0;
}

static bool exists(const struct place *place)
{
    struct stat st;

    return lstat(place->path, &st) == 0;
}

static void test_unix(void **state)
{
    struct place *place = *state;
    int before = lowest_fd();
    int fds[SHARE];

    assert_int_equal(weft_listen(fds, SHARE, &place->address, 8), 0);
    for (int i = 0; i < SHARE; i++) {
        int fd = connect_to(&place->address);

        check_listener(fds[i]);
        assert_return_code(fd, errno);
        accept_one(&fds[i], 1); /* each of the copies has all connections */
        close(fd);
    }
    weft_listen_close(fds, SHARE, &place->address);
    assert_false(exists(place));
    assert_int_equal(lowest_fd(), before);
}

static void test_unix_leftover(void **state)
{
    struct place *place = *state;
    int fds[SHARE];

    for (int round = 0; round < 2; round++) {
        assert_int_equal(weft_listen(fds, SHARE, &place->address, 8), 0);
        for (int i = 0; i < SHARE; i++)
            close(fds[i]); /* as a server that is killed */
        assert_true(exists(place));
    }
}

static void expect_in_use(struct place *place)
{
    int before = lowest_fd();
    int fds[SHARE];

    assert_int_equal(weft_listen(fds, SHARE, &place->address, 8),
                     WEFT_ERR_IN_USE);
    assert_int_equal(lowest_fd(), before);
    assert_true(exists(place));
}

static void test_unix_in_use(void **state)
{
    struct place *place = *state;
    int fds[1], client;

    /* With a queue of one: also a server too busy to answer is there. */
    assert_int_equal(weft_listen(fds, 1, &place->address, 0), 0);
    expect_in_use(place);
    close(accept(fds[0], NULL, NULL));
    client = connect_to(&place->address);
    assert_return_code(client, errno);
    expect_in_use(place);
    close(client);
    weft_listen_close(fds, 1, &place->address);
}

/* What is not a stream socket is not ours to remove. */
static void test_unix_other_file(void **state)
{
    struct place *place = *state;
    int fd = open(place->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    assert_return_code(fd, errno);
    close(fd);
    expect_in_use(place);
    unlink(place->path);

    assert_return_code(symlink("/dev/null", place->path), errno);
    expect_in_use(place);
    unlink(place->path);

    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_return_code(
        bind(fd, (struct sockaddr *)&place->address.sa, place->address.len),
        errno);
    expect_in_use(place);
    close(fd);
}

static void test_unix_no_folder(void **state)
{
    struct weft_address address = parse("unix:/no/such/folder/sock");
    int before = lowest_fd();
    int fds[1];

    (void)state;
    assert_int_equal(weft_listen(fds, 1, &address, 8), WEFT_ERR_ADDRESS);
    assert_int_equal(fds[0], -1);
    assert_int_equal(lowest_fd(), before);
}

#define UNIX_TEST(f)                                                           \
    cmocka_unit_test_setup_teardown(f, make_place, remove_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_share),
        cmocka_unit_test(test_in_use),
        cmocka_unit_test(test_in_use_by_another_process),
        cmocka_unit_test(test_in_use_by_ours),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_not_ours),
        cmocka_unit_test(test_denied),
        UNIX_TEST(test_unix),
        UNIX_TEST(test_unix_leftover),
        UNIX_TEST(test_unix_in_use),
        UNIX_TEST(test_unix_other_file),
        cmocka_unit_test(test_unix_no_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
