/* SPDX-License-Identifier: MIT */
#include "net/address.h"

#include "support.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

#define X10 "xxxxxxxxxx"
#define X60 X10 X10 X10 X10 X10 X10

/* ---- Reading and showing ------------------------------------------------- */

static const struct {
    const char *in, *text, *host;
    bool is_loopback;
    const char *key;
} good[] = {
    {"127.0.0.1:80", "127.0.0.1:80", "127.0.0.1", true, "7f000001"},
    {"127.255.0.9:0", "127.255.0.9:0", "127.255.0.9", true, "7fff0009"},
    {"0.0.0.0:65535", "0.0.0.0:65535", "0.0.0.0", false, "00000000"},
    {"192.0.2.7:00080", "192.0.2.7:80", "192.0.2.7", false, "c0000207"},
    {"[::1]:80", "[::1]:80", "::1", true, "0000000000000000"},
    {"[2001:DB8:0:0::1]:8080", "[2001:db8::1]:8080", "2001:db8::1", false,
     "20010db800000000"},
    {"[2001:db8:1:2:3:4:5:6]:1", "[2001:db8:1:2:3:4:5:6]:1",
     "2001:db8:1:2:3:4:5:6", false, "20010db800010002"},
    {"[::ffff:192.0.2.7]:443", "192.0.2.7:443", "192.0.2.7", false, "c0000207"},
    {"[::ffff:127.0.0.2]:443", "127.0.0.2:443", "127.0.0.2", true, "7f000002"},
    {"[::fffe:127.0.0.2]:443", "[::fffe:7f00:2]:443", "::fffe:7f00:2", false,
     "0000000000000000"},
    {"[fe80::1%lo]:9", "[fe80::1%lo]:9", "fe80::1%lo", false,
     "fe80000000000000"},
    {"unix:/run/weft.sock", "unix:/run/weft.sock", "unix", true, ""},
    {"unix:/", "unix:/", "unix", true, ""},
    {"unix:/a:80", "unix:/a:80", "unix", true, ""},
    {"unix:/\x1b[31m\xc3\xa4\x7f", "unix:/?[31m???", "unix", true, ""},
};

static void check_shown(size_t i, const struct weft_address *address)
{
    char text[WEFT_ADDRESS_TEXT];
    uint8_t key[16], want[16];
    size_t len = unhex(want, good[i].key);

    assert_string_equal(weft_address_text(address, text), good[i].text);
    assert_string_equal(weft_address_host(address, text), good[i].host);
    CHECK(weft_address_is_loopback(address) == good[i].is_loopback, "%s",
          good[i].in);
    CHECK(weft_address_key(address, key) == len, "%s", good[i].in);
    assert_memory_equal(key, want, len);
}

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct weft_address address;
        const char *in =
            (char *)at_page_end(good[i].in, strlen(good[i].in) + 1);
        int count;

        memset(&address, 0xee, sizeof(address));
        count = weft_address_parse(&address, 1, in);
        CHECK(count == 1, "%s: %d", good[i].in, count);
        check_shown(i, &address);

        /* Its text is read as the same address. */
        count = weft_address_parse(&address, 1, good[i].text);
        CHECK(count == 1, "%s: %d", good[i].text, count);
        if (!strchr(good[i].text, '?'))
            check_shown(i, &address);
    }
}

/* Any beginning of an address is an address or is not, and is read no further
 * than its end. None of these needs the network. */
static void test_every_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        for (size_t cut = 0; cut < strlen(good[i].in); cut++) {
            struct weft_address address;
            char text[WEFT_ADDRESS_TEXT];
            char *in = (char *)at_page_end(good[i].in, cut + 1);
            int count;

            in[cut] = '\0';
            count = weft_address_parse(&address, 1, in);
            CHECK(count == 1 || count == WEFT_ERR_ADDRESS, "%s: %d", in, count);
            if (count == 1)
                assert_true(strlen(weft_address_text(&address, text)) > 0);
        }
    }
}

static const char *const bad[] = {
    "",
    "80",
    ":",
    "*:",
    "127.0.0.1",
    "127.0.0.1:",
    ":65536",
    ":99999999999999999999",
    ":-1",
    ":+1",
    ": 1",
    ":1 ",
    ":0x50",
    ":http",
    "::1:80",
    "::",
    "::1",
    "[::1]",
    "[::1]80",
    "[::1:80",
    "::1]:80",
    "[]:80",
    "[:80",
    "]:80",
    "[127.0.0.1]:80",
    "[localhost]:80",
    "[::1::]:80",
    "[::g]:80",
    "[fe80::1%no-such-interface]:80",
    "1.2.3.4:5:6",
    "256.0.0.1:80:",
    "unix:",
    "unix:x",
    "unix:/" X60 X10 X10 X10 X10 "1234567",
    X60 X10 ".invalid:80", /* a label of 70 bytes */
    X60 X60 X60 X60 X10 "123456:80",
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct weft_address address;
        int err = weft_address_parse(
            &address, 1, (char *)at_page_end(bad[i], strlen(bad[i]) + 1));

        CHECK(err == WEFT_ERR_ADDRESS, "%s: %d", bad[i], err);
    }
}

/* The longest path fits, and so does its text. */
static void test_longest_path(void **state)
{
    const char *in = "unix:/" X60 X10 X10 X10 X10 "123456";
    struct weft_address address;
    char text[WEFT_ADDRESS_TEXT];

    (void)state;
    assert_int_equal(weft_address_parse(&address, 1, in), 1);
    assert_string_equal(weft_address_text(&address, text), in);
    assert_int_equal(address.len, sizeof(struct sockaddr_un));
}

static void test_any(void **state)
{
    static const char *const any[] = {":9998", "*:9998"};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    for (size_t i = 0; i < COUNT(any); i++) {
        struct weft_address address;
        char text[WEFT_ADDRESS_TEXT];

        assert_int_equal(weft_address_parse(&address, 1, any[i]), 1);
        assert_string_equal(weft_address_text(&address, text),
                            fd >= 0 ? "[::]:9998" : "0.0.0.0:9998");
        assert_false(weft_address_is_loopback(&address));
    }
    if (fd >= 0)
        close(fd);
}

/* A name has all its addresses, none twice, and no more than there is room. */
static void test_name(void **state)
{
    struct weft_address list[8];
    int count = weft_address_parse(list, 8, "localhost:80");

    (void)state;
    CHECK(count >= 1, "%d", count);
    for (int i = 0; i < count; i++) {
        char text[WEFT_ADDRESS_TEXT], other[WEFT_ADDRESS_TEXT];

        weft_address_text(&list[i], text);
        CHECK(weft_address_is_loopback(&list[i]), "%s", text);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(text, weft_address_text(&list[j], other));
    }
    assert_int_equal(weft_address_parse(list, 1, "localhost:80"), 1);
}

/* ---- Of sockets ---------------------------------------------------------- */

static void test_of_tcp(void **state)
{
    const struct sockaddr_in any = {
        .sin_family = AF_INET,
        .sin_addr = {htonl(INADDR_LOOPBACK)},
    };
    struct weft_address at, ours, theirs;
    char text[WEFT_ADDRESS_TEXT], other[WEFT_ADDRESS_TEXT];
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    int server;

    (void)state;
    assert_return_code(
        bind(listener, (const struct sockaddr *)&any, sizeof(any)), errno);
    assert_return_code(listen(listener, 1), errno);
    assert_int_equal(weft_address_of_socket(&at, listener), 0);
    assert_int_equal(weft_address_of_peer(&at, listener), WEFT_ERR_SYSTEM);
    assert_int_equal(weft_address_of_socket(&at, listener), 0);
    assert_return_code(connect(client, (struct sockaddr *)&at.sa, at.len),
                       errno);
    server = accept(listener, NULL, NULL);

    assert_int_equal(weft_address_of_socket(&ours, client), 0);
    assert_int_equal(weft_address_of_peer(&theirs, server), 0);
    assert_string_equal(weft_address_text(&ours, text),
                        weft_address_text(&theirs, other));
    assert_int_equal(weft_address_of_peer(&theirs, client), 0);
    assert_string_equal(weft_address_text(&at, text),
                        weft_address_text(&theirs, other));
    assert_true(weft_address_is_loopback(&theirs));
    close(listener);
    close(client);
    close(server);
    assert_int_equal(weft_address_of_socket(&at, -1), WEFT_ERR_SYSTEM);
}

/* A peer without a name, and one whose name is not a path. */
static void test_of_unix(void **state)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct weft_address address;
    char text[WEFT_ADDRESS_TEXT], want[WEFT_ADDRESS_TEXT];
    int fds[2], fd, len;

    (void)state;
    assert_return_code(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), errno);
    assert_int_equal(weft_address_of_peer(&address, fds[0]), 0);
    assert_string_equal(weft_address_text(&address, text), "unix:");
    assert_string_equal(weft_address_host(&address, text), "unix");
    close(fds[0]);
    close(fds[1]);

    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    len = snprintf(un.sun_path + 1, sizeof(un.sun_path) - 1, "weft-%d\n",
                   (int)getpid());
    assert_return_code(bind(fd, (struct sockaddr *)&un,
                            (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
                                        1 + (size_t)len)),
                       errno);
    assert_int_equal(weft_address_of_socket(&address, fd), 0);
    snprintf(want, sizeof(want), "unix:@weft-%d?", (int)getpid());
    assert_string_equal(weft_address_text(&address, text), want);
    close(fd);
}

/* A name that fills all of the kernel's struct has no NUL at its end. */
static void test_unix_without_nul(void **state)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct weft_address address = {.len = sizeof(un)};
    char text[WEFT_ADDRESS_TEXT];

    (void)state;
    memset(un.sun_path, 'y', sizeof(un.sun_path));
    memcpy(&address.sa, &un, sizeof(un));
    assert_int_equal(strlen(weft_address_text(&address, text)),
                     5 + sizeof(un.sun_path));
}

static void test_unknown_family(void **state)
{
    struct weft_address address = {.len = sizeof(address.sa)};
    char text[WEFT_ADDRESS_TEXT];
    uint8_t key[16];

    (void)state;
    assert_string_equal(weft_address_host(&address, text), "unknown");
    assert_false(weft_address_is_loopback(&address));
    assert_int_equal(weft_address_key(&address, key), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_longest_path),
        cmocka_unit_test(test_any),
        cmocka_unit_test(test_name),
        cmocka_unit_test(test_of_tcp),
        cmocka_unit_test(test_of_unix),
        cmocka_unit_test(test_unix_without_nul),
        cmocka_unit_test(test_unknown_family),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
