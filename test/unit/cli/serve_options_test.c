/* SPDX-License-Identifier: MIT */
#include "capture.h"
#include "cli/serve_options.h"
#include "command_line.h"
#include "support.h"
#include <stdio.h>
#include <unistd.h>

/* Parses "serve" and the arguments, the last one NULL. */
static enum options_result parse(struct serve_options *options,
                                 const char *const *args)
{
    static struct command_line line;

    command_line_fill(&line, "serve", args);
    return serve_options_parse(options, line.argc, line.argv);
}

static void test_defaults(void **state)
{
    const char *const args[] = {"-w", ".", NULL};
    const struct weft_server_opts none = {.size =
                                              sizeof(struct weft_server_opts)};
    struct serve_options o;

    (void)state;
    assert_int_equal(parse(&o, args), OPTIONS_RUN);
    assert_memory_equal(&o.server, &none, sizeof(none));
    assert_int_equal(o.handlers.size, sizeof(o.handlers));
    assert_true(o.handlers.watch);
    assert_string_equal(o.handlers_dir, ".");
    assert_string_equal(o.port, "9998");
    assert_string_equal(o.error_log, "-");
    assert_null(o.access_log);
    assert_int_equal(o.level, WEFT_LOG_INFO);
    assert_int_equal(o.addresses.count, 0);
    assert_false(o.is_quiet);
}

/* Each number with a value of its own, which must come to its field. */
static void test_numbers(void **state)
{
#define NUMBER(option, text, field, value)                                     \
    {                                                                          \
        option, text, offsetof(struct weft_server_opts, field), value          \
    }
    static const struct {
        const char *option, *text;
        size_t offset;
        uint64_t value;
    } cases[] = {
        NUMBER("--header-limit", "4K", header_limit, 4096),
        NUMBER("--field-limit", "7", field_limit, 7),
        NUMBER("--message-limit", "64K", message_limit, 65536),
        NUMBER("--message-limit", "off", message_limit, WEFT_UNLIMITED),
        NUMBER("--fragment-limit", "9", fragment_limit, 9),
        NUMBER("--queue-limit", "2M", queue_limit, 2097152),
        NUMBER("--topic-limit", "11", topic_limit, 11),
        NUMBER("--connection-limit", "12", connection_limit, 12),
        NUMBER("--per-address-limit", "13", per_address_limit, 13),
        NUMBER("--handshake-timeout", "14ms", handshake_ms, 14),
        NUMBER("--http-idle-timeout", "15", idle_http_ms, 15000),
        NUMBER("--ping-interval", "16s", ping_ms, 16000),
        NUMBER("--ping-interval", "off", ping_ms, WEFT_UNLIMITED),
        NUMBER("--pong-timeout", "1m", pong_ms, 60000),
        NUMBER("--close-timeout", "18s", close_ms, 18000),
        NUMBER("--drain-timeout", "19s", drain_ms, 19000),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *const args[] = {"-w", ".", cases[i].option, cases[i].text,
                                    NULL};
        struct weft_server_opts want = {.size = sizeof(want)};
        struct serve_options o;

        memcpy((char *)&want + cases[i].offset, &cases[i].value,
               sizeof(cases[i].value));
        assert_int_equal(parse(&o, args), OPTIONS_RUN);
        CHECK(memcmp(&o.server, &want, sizeof(want)) == 0, "%s %s",
              cases[i].option, cases[i].text);
    }
}

/* The number may be left out, and then there is no other argument. */
static void test_busy_poll(void **state)
{
    static const struct {
        const char *option;
        uint64_t us;
    } cases[] = {
        {"--quiet", 0},
        {"--busy-poll", 100},
        {"--busy-poll=1", 1},
        {"--busy-poll=1000000", 1000000},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *const args[] = {cases[i].option, "-w", "/", NULL};
        struct serve_options o;

        assert_int_equal(parse(&o, args), OPTIONS_RUN);
        assert_int_equal(o.server.busy_poll_us, cases[i].us);
        assert_string_equal(o.handlers_dir, "/");
    }
}

static void test_texts(void **state)
{
    const char *const args[] = {"-w/",           "-d",          ".",
                                "--cc=gcc -m64", "--cflags",    "-lm",
                                "--cache-dir",   "c",           "--include-dir",
                                "/usr",          "--error-log", "e",
                                "--log-level",   "warn",        "-qp0080",
                                "--access-log",  "a",           "--no-watch",
                                "--threads",     "3",           NULL};
    struct serve_options o;

    (void)state;
    assert_int_equal(parse(&o, args), OPTIONS_RUN);
    assert_string_equal(o.handlers_dir, "/");
    assert_string_equal(o.server.document_root, ".");
    assert_string_equal(o.handlers.compiler, "gcc -m64");
    assert_string_equal(o.handlers.cflags, "-lm");
    assert_string_equal(o.handlers.cache, "c");
    assert_string_equal(o.handlers.include, "/usr");
    assert_string_equal(o.error_log, "e");
    assert_string_equal(o.access_log, "a");
    assert_string_equal(o.port, "80");
    assert_int_equal(o.level, WEFT_LOG_WARN);
    assert_int_equal(o.server.threads, 3);
    assert_true(o.is_quiet);
    assert_false(o.handlers.watch);
}

static void test_lists(void **state)
{
    const char *const args[] = {
        "-w",       ".",        "-H",     "::1",       "-H",
        "unix:/a",  "--origin", "any",    "--origin",  "https://a.example:1",
        "--origin", "null",     "--host", "a.example", NULL};
    struct serve_options o;

    (void)state;
    assert_int_equal(parse(&o, args), OPTIONS_RUN);
    assert_int_equal(o.addresses.count, 2);
    assert_string_equal(o.addresses.items[0], "::1");
    assert_string_equal(o.addresses.items[1], "unix:/a");
    assert_string_equal(o.server.origins[0], "any");
    assert_string_equal(o.server.origins[1], "https://a.example:1");
    assert_string_equal(o.server.origins[2], "null");
    assert_null(o.server.origins[3]);
    assert_string_equal(o.server.hosts[0], "a.example");
    assert_null(o.server.hosts[1]);
}

static void test_confined(void **state)
{
    const char *const args[] = {
        "-w",     ".",    "--allow-read",  "/usr", "--allow-read", "/dev",
        "--user", "root", "--allow-write", "/tmp", "--no-sandbox", NULL};
    const char *const none[] = {"-w", ".", NULL};
    struct serve_options o;

    (void)state;
    assert_int_equal(parse(&o, args), OPTIONS_RUN);
    assert_true(o.has_user);
    assert_int_equal(o.user.uid, 0);
    assert_false(o.has_sandbox);
    assert_int_equal(o.readable.count, 2);
    assert_string_equal(o.readable.items[1], "/dev");
    assert_string_equal(o.writable.items[0], "/tmp");
    assert_int_equal(parse(&o, none), OPTIONS_RUN);
    assert_true(o.has_sandbox);
    assert_false(o.has_user);
    assert_int_equal(o.readable.count + o.writable.count, 0);
}

static void test_tls(void **state)
{
    const char *const args[] = {"-w",
                                ".",
                                "--tls-port=0443",
                                "-c",
                                "a.pem",
                                "-k",
                                "a.key",
                                "--certificate",
                                "b.pem",
                                "--private-key=b.key",
                                "--tls-client-auth",
                                "--tls-client-cert-optional",
                                "--tls-client-ca",
                                "ca.pem",
                                NULL};
    const char *const everywhere[] = {"-tw.", "-c", "a.pem", NULL};
    struct serve_options o;

    (void)state;
    assert_int_equal(parse(&o, args), OPTIONS_RUN);
    assert_string_equal(o.port, "9998");
    assert_string_equal(o.tls.port, "443");
    assert_false(o.tls.is_everywhere);
    assert_int_equal(o.tls.opts.identity_count, 2);
    assert_string_equal(o.tls.opts.identities[0].key, "a.key");
    assert_string_equal(o.tls.opts.identities[1].certificate, "b.pem");
    assert_int_equal(o.tls.opts.client_auth, WEFT_TLS_CLIENT_OPTIONAL);
    assert_string_equal(o.tls.opts.client_ca, "ca.pem");
    assert_int_equal(parse(&o, everywhere), OPTIONS_RUN);
    assert_true(o.tls.is_everywhere);
    assert_string_equal(o.tls.port, "");
}

/* What is wrong, and what the one line about it must contain. */
static const struct {
    const char *args[6], *about;
} wrong[] = {
    {{"-w.", "--user", "no-such-user"}, "no user no-such-user"},
    {{"-w.", "--allow-read", "/no/such"}, "--allow-read: /no/such: No such"},
    {{"-w.", "--allow-write="}, "--allow-write: : No such"},
    {{NULL}, "-w"},
    {{"-p", "1"}, "-d"},
    {{"-w", "/none/such"}, "-w: no such folder: /none/such"},
    {{"-d", "/dev/null"}, "-d: no such folder: /dev/null"},
    {{"-w", ".", "more"}, "unknown argument 'more'; see 'weft serve --help'"},
    {{"-w", ".", "-x"}, "unknown option '-x'; see 'weft serve --help'"},
    {{"-w", ".", "-qx"}, "unknown option '-x'"},
    {{"-w", ".", "--nonsense"}, "unknown option '--nonsense'; see"},
    {{"-w", ".", "--orgin=any"}, "did you mean '--origin'"},
    {{"-w", ".", "--c"}, "unknown option '--c'"},
    {{"-w", ".", "-p"}, "a value is missing behind '-p'; see 'weft serve"},
    {{"-w", ".", "--port"}, "a value is missing behind '--port'"},
    {{"-w", ".", "--no-watch=1"}, "'--no-watch=1': this option takes no value"},
    {{"-w", ".", "-p", "x"}, "from 0 to 65535, not 'x'"},
    {{"-w", ".", "-p", "65536"}, "65536"},
    {{"-w", ".", "-p", ""}, "''"},
    {{"-w", ".", "--tls-port", "x"}, "--tls-port takes a number from 0"},
    {{"-w", ".", "-t"}, "TLS needs a certificate"},
    {{"-w", ".", "--threads", "0"}, "--threads"},
    {{"-w", ".", "--threads", "257"}, "--threads"},
    {{"-w", ".", "--busy-poll=0"}, "1 to 1000000 microseconds, not '0'"},
    {{"-w", ".", "--busy-poll=1000001"}, "not '1000001'"},
    {{"-w", ".", "--busy-poll="}, "not ''"},
    {{"-w", ".", "--log-level", "loud"}, "debug, not 'loud'"},
    {{"-w", ".", "--header-limit", "off"}, "takes a size, not 'off'"},
    {{"-w", ".", "--message-limit", "8X"}, "takes a size or off, not '8X'"},
    {{"-w", ".", "--message-limit", "0"}, "not '0'"},
    {{"-w", ".", "--ping-interval", "1h"}, "takes a time or off, not '1h'"},
    {{"-w", ".", "--field-limit", "1K"}, "takes a number, not '1K'"},
    {{"-w", ".", "--origin", "a.example"}, "not 'a.example'"},
    {{"-w", ".", "--origin", "https://a/"}, "not 'https://a/'"},
    {{"-w", ".", "--origin", "://a"}, "not '://a'"},
    {{"-w", ".", "--origin", "http://"}, "not 'http://'"},
};

static void test_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct serve_options o;
        enum options_result result;

        capture_begin(STDERR_FILENO);
        result = parse(&o, wrong[i].args);
        command_line_check(capture_end(), "weft serve", wrong[i].about, i);
        CHECK(result == OPTIONS_BAD, "%zu: %d", i, (int)result);
    }
}

static void test_too_many(void **state)
{
    char serve[] = "serve", option[] = "--host", value[] = "a";
    char *argv[2 * OPTION_LIST_MAX + 3] = {serve};
    struct serve_options o;
    int argc = 1;

    (void)state;
    while (argc < 2 * OPTION_LIST_MAX + 3) {
        argv[argc++] = option;
        argv[argc++] = value;
    }
    capture_begin(STDERR_FILENO);
    assert_int_equal(serve_options_parse(&o, argc, argv), OPTIONS_BAD);
    assert_non_null(strstr(capture_end(), "--host may be given 64 times"));
}

static void test_help(void **state)
{
    static const char *const forms[][3] = {
        {"--help"}, {"-h"}, {"-q", "--help"}, {"--hel"}};
    struct serve_options o;
    const char *text;

    (void)state;
    for (size_t i = 0; i < COUNT(forms); i++) {
        enum options_result result;

        capture_begin(STDOUT_FILENO);
        result = parse(&o, forms[i]);
        text = capture_end();
        CHECK(result == OPTIONS_HELP, "%zu: %d", i, (int)result);
        CHECK(strstr(text, "--message-limit SIZE"), "%s", text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),  cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_busy_poll), cmocka_unit_test(test_texts),
        cmocka_unit_test(test_lists),     cmocka_unit_test(test_tls),
        cmocka_unit_test(test_confined),  cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_too_many),  cmocka_unit_test(test_help),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
