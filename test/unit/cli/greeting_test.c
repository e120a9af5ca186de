/* SPDX-License-Identifier: MIT */
#include "cli/greeting.h"
#include "support.h"
#include <stdlib.h>
#include <weft/version.h>

/* What the server and the handlers say of themselves, in place of theirs. */
static const char *const *addresses, *const *paths;
static size_t plain_count; /* of the addresses; those behind them have TLS */
static size_t failures;

const char *weft_server_address(const struct weft_server *srv, size_t i)
{
    (void)srv;
    return addresses[i];
}

bool weft_server_address_is_secure(const struct weft_server *srv, size_t i)
{
    (void)srv;
    return i >= plain_count;
}

const char *weft_handlers_path(const struct weft_handlers *handlers, size_t i)
{
    assert_non_null(handlers);
    return paths[i];
}

size_t weft_handlers_failed(const struct weft_handlers *handlers)
{
    assert_non_null(handlers);
    return failures;
}

/* paths "-": there is no folder of handlers. */
static const struct {
    const char *addresses[4], *paths[16];
    size_t failures;
    const char *pages;
    bool is_terminal;
    const char *want;
    size_t secure; /* of the addresses, the last */
} cases[] = {
    {{"[::]:9998"},
     {"/chat", "/echo"},
     0,
     "example/www",
     false,
     "weft " WEFT_VERSION " is listening on [::]:9998\n"
     "handlers   /chat /echo  (h)\n"
     "pages      example/www\n"
     "open       http://localhost:9998/\n"},
    {{"127.0.0.1:80", "[::1]:80"},
     {"-"},
     0,
     "www",
     false,
     "weft " WEFT_VERSION " is listening on 127.0.0.1:80, [::1]:80\n"
     "pages      www\n"
     "open       http://localhost:80/\n"},
    {{"[::1]:80"},
     {"/echo"},
     0,
     NULL,
     false,
     "weft " WEFT_VERSION " is listening on [::1]:80\n"
     "handlers   /echo  (h)\n"
     "connect    ws://localhost:80/echo\n"},
    {{"192.0.2.1:80"},
     {NULL},
     2,
     "www",
     false,
     "weft " WEFT_VERSION " is listening on 192.0.2.1:80\n"
     "handlers   none  (h)\n"
     "           2 failed: the error log says why\n"
     "pages      www\n"
     "open       http://192.0.2.1:80/\n"},
    {{"unix:/a:1/b", "[2001:db8::1]:80"},
     {"/echo"},
     0,
     NULL,
     false,
     "weft " WEFT_VERSION " is listening on unix:/a:1/b, [2001:db8::1]:80\n"
     "handlers   /echo  (h)\n"
     "connect    ws://[2001:db8::1]:80/echo\n"},
    {{"unix:/a/b"},
     {"/echo"},
     0,
     "www",
     false,
     "weft " WEFT_VERSION " is listening on unix:/a/b\n"
     "handlers   /echo  (h)\n"
     "pages      www\n"},
    {{"0.0.0.0:1"},
     {NULL},
     0,
     NULL,
     false,
     "weft " WEFT_VERSION " is listening on 0.0.0.0:1\n"
     "handlers   none  (h)\n"},
    {{"0.0.0.0:1"},
     {"-"},
     0,
     "www",
     true,
     "\033[1mweft " WEFT_VERSION "\033[0m is listening on 0.0.0.0:1\n"
     "pages      www\n"
     "open       \033[1mhttp://localhost:1/\033[0m\n"},
    {{"0.0.0.0:1"},
     {"/aaaaaaaaaaaaaaaaaa", "/bbbbbbbbbbbbbbbbbb", "/cccccccccccccccccc", "/d",
      "/e", "/f", "/g"},
     0,
     NULL,
     false,
     "weft " WEFT_VERSION " is listening on 0.0.0.0:1\n"
     "handlers   /aaaaaaaaaaaaaaaaaa /bbbbbbbbbbbbbbbbbb /cccccccccccccccccc "
     "/d /e /f\n"
     "           /g  (h)\n"
     "connect    ws://localhost:1/aaaaaaaaaaaaaaaaaa\n"},
    {{"[::]:443"},
     {"/echo"},
     0,
     "www",
     false,
     "weft " WEFT_VERSION " is listening on [::]:443 (TLS)\n"
     "handlers   /echo  (h)\n"
     "pages      www\n"
     "open       https://localhost:443/\n",
     1},
    {{"unix:/a", "[::1]:80", "[::1]:443"},
     {"/echo"},
     0,
     NULL,
     true,
     "\033[1mweft " WEFT_VERSION
     "\033[0m is listening on unix:/a, [::1]:80, [::1]:443 (TLS)\n"
     "handlers   /echo  (h)\n"
     "connect    \033[1mws://localhost:80/echo\033[0m\n"
     "           \033[1mwss://localhost:443/echo\033[0m\n",
     1},
    {{"unix:/a", "127.0.0.1:80"},
     {"-"},
     0,
     "www",
     false,
     "weft " WEFT_VERSION " is listening on unix:/a (TLS), 127.0.0.1:80 (TLS)\n"
     "pages      www\n"
     "open       https://localhost:80/\n",
     2},
};

static void test_cases(void **state)
{
    static char place;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool has_handlers = !cases[i].paths[0] || cases[i].paths[0][0] != '-';
        const struct greeting greeting = {
            .handlers = has_handlers ? (void *)&place : NULL,
            .handlers_dir = "h",
            .pages_dir = cases[i].pages,
            .is_terminal = cases[i].is_terminal,
        };
        char *text;
        size_t len;
        FILE *out = open_memstream(&text, &len);

        addresses = cases[i].addresses;
        for (plain_count = 0; addresses[plain_count];)
            plain_count++;
        plain_count -= cases[i].secure;
        paths = cases[i].paths;
        failures = cases[i].failures;
        greeting_print(out, &greeting);
        fclose(out);
        assert_string_equal(text, cases[i].want);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
