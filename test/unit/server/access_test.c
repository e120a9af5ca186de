/* SPDX-License-Identifier: MIT */
/* The lines that are written for requests, each with its level. */
#include "server/access.h"

#include "support.h"
#include <stdio.h>

static char lines[1024];

static void keep(void *user, enum weft_log_level level, const char *line)
{
    size_t len = strlen(lines);

    (void)user;
    snprintf(lines + len, sizeof(lines) - len, "%d %s\n", (int)level, line);
}

static struct weft_host peer_of(const char *text)
{
    struct weft_address address;

    assert_int_equal(weft_address_parse(&address, 1, text), 1);
    return weft_host_of(&address);
}

static struct weft_log open_log(void)
{
    struct weft_log log;

    lines[0] = '\0';
    weft_log_init(&log, keep, NULL, true);
    return log;
}

static void test_request(void **state)
{
    struct weft_http_request req = {.method = weft_slice("GET")};
    struct weft_host peer = peer_of("192.0.2.1:80");
    struct weft_log log = open_log();

    (void)state;
    weft_access_request(&log, &peer, &req, weft_slice("/a%20b"), 200);
    assert_string_equal(lines, "4 192.0.2.1 GET /a%20b 200\n");
    weft_log_release(&log);
}

static void test_malformed(void **state)
{
    struct weft_host peer = peer_of("[2001:db8::1]:80");
    struct weft_log log = open_log();

    (void)state;
    weft_access_malformed(&log, &peer, 408);
    assert_string_equal(lines, "4 2001:db8::1 - - 408\n"
                               "1 2001:db8::1: refused with 408 Request "
                               "Timeout\n");
    weft_log_release(&log);
}

static char secret[] = "the token is 17";

static const struct {
    struct weft_answer answer;
    const char *want;
} refusals[] = {
    {{.status = 403, .text = "no"}, "1 unix /x: 403 no\n"},
    {{.status = 404, .text = "no"}, "3 unix /x: 404 no\n"},
    {{.status = 426, .text = "no"}, "3 unix /x: 426 no\n"},
    {{.status = 403, .text = secret, .own_text = secret},
     "1 unix /x: 403 refused by the handler\n"},
    {{.status = 403, .text = "no", .is_logged = true}, ""},
    {{.status = 404}, ""},
    {{.status = 304, .text = "no"}, ""},
};

static void test_refusals(void **state)
{
    struct weft_host peer = peer_of("unix:/tmp/weft.sock");

    (void)state;
    for (size_t i = 0; i < COUNT(refusals); i++) {
        struct weft_log log = open_log();

        weft_access_refusal(&log, &peer, weft_slice("/x"), &refusals[i].answer);
        assert_string_equal(lines, refusals[i].want);
        weft_log_release(&log);
    }
}

static void test_tls(void **state)
{
    struct weft_host peer = peer_of("192.0.2.1:80");
    struct weft_log log = open_log();

    (void)state;
    weft_access_tls(&log, &peer, "TLS failed");
    assert_string_equal(lines, "1 192.0.2.1: TLS failed\n");
    weft_log_release(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
