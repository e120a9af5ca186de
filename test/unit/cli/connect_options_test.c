/* SPDX-License-Identifier: MIT */
#include "capture.h"
#include "cli/connect_options.h"
#include "command_line.h"
#include "support.h"
#include <pty.h>
#include <stdlib.h>
#include <unistd.h>

static const char url[] = "ws://localhost/";

static enum options_result parse(struct connect_options *options,
                                 const char *const *args)
{
    static struct command_line line;

    command_line_fill(&line, "connect", args);
    return connect_options_parse(options, line.argc, line.argv);
}

static void test_defaults(void **state)
{
    const char *const args[] = {url, NULL};
    const struct weft_socket_opts none = {
        .size = sizeof(struct weft_socket_opts), .buffer_limit = 128 << 10};
    struct connect_options o;

    (void)state;
    assert_int_equal(parse(&o, args), OPTIONS_RUN);
    assert_string_equal(o.url, url);
    assert_ptr_equal(o.socket.deflate, &o.deflate);
    assert_true(o.deflate.is_off);
    o.socket.deflate = NULL;
    assert_memory_equal(&o.socket, &none, sizeof(none));
    assert_int_equal(o.linger_ms, 500);
    assert_int_equal(o.max_messages, 0);
    assert_true(o.reconnect_limit == OPTION_OFF);
    assert_int_equal(o.separator, '\n');
    assert_int_equal(o.verbose, 0);
    assert_int_equal(o.color, COLOR_AUTO);
    assert_false(o.reconnects || o.is_binary || o.has_times);
}

/* As browsers offer it, unless something else is said. */
static void test_deflate(void **state)
{
    const char *const plain[] = {"--deflate", url, NULL};
    const char *const settings[] = {"--deflate-options",
                                    "takeover=none,level=1", url, NULL};
    struct connect_options o;

    (void)state;
    assert_int_equal(parse(&o, plain), OPTIONS_RUN);
    assert_false(o.deflate.is_off);
    assert_true(o.deflate.has_takeover && o.deflate.peer_takeover);
    assert_int_equal(parse(&o, settings), OPTIONS_RUN);
    assert_false(o.deflate.is_off);
    assert_false(o.deflate.has_takeover || o.deflate.peer_takeover);
    assert_int_equal(o.deflate.level, 1);
}

static void test_numbers(void **state)
{
#define NUMBER(option, text, field, value)                                     \
    {                                                                          \
        option, text, offsetof(struct connect_options, field), value           \
    }
    static const struct {
        const char *option, *text;
        size_t offset;
        uint64_t value;
    } cases[] = {
        NUMBER("--timeout", "5", socket.connect_ms, 5000),
        NUMBER("--timeout", "off", socket.connect_ms, WEFT_SOCKET_NEVER),
        NUMBER("--ping-interval", "20ms", socket.ping_ms, 20),
        NUMBER("--ping-interval", "off", socket.ping_ms, WEFT_SOCKET_NEVER),
        NUMBER("--message-limit", "1K", socket.message_limit, 1024),
        NUMBER("--linger", "0", linger_ms, 0),
        NUMBER("--linger", "2m", linger_ms, 120000),
        NUMBER("--linger", "off", linger_ms, OPTION_OFF),
        NUMBER("--max-messages", "7", max_messages, 7),
        NUMBER("--reconnect-limit", "3", reconnect_limit, 3),
        NUMBER("--reconnect-limit", "off", reconnect_limit, OPTION_OFF),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *const args[] = {cases[i].option, cases[i].text, url, NULL};
        struct connect_options o;

        assert_int_equal(parse(&o, args), OPTIONS_RUN);
        CHECK(memcmp((char *)&o + cases[i].offset, &cases[i].value,
                     sizeof(cases[i].value)) == 0,
              "%s %s", cases[i].option, cases[i].text);
    }
}

static void test_others(void **state)
{
    const char *const args[] = {"-p",
                                "a",
                                "--protocol=b",
                                "-HX: 1",
                                "-H",
                                "Y: 2",
                                "--once-open",
                                "hi",
                                "-ohttps://a",
                                "--cookie",
                                "c=d",
                                "--proxy",
                                "",
                                "-vbtr",
                                "-vz",
                                url,
                                NULL};
    struct connect_options o;

    (void)state;
    assert_int_equal(parse(&o, args), OPTIONS_RUN);
    assert_string_equal(o.socket.protocols[0], "a");
    assert_string_equal(o.socket.protocols[1], "b");
    assert_null(o.socket.protocols[2]);
    assert_string_equal(o.socket.headers[0], "X: 1");
    assert_string_equal(o.socket.headers[1], "Y: 2");
    assert_null(o.socket.headers[2]);
    assert_int_equal(o.once_open.count, 1);
    assert_string_equal(o.once_open.items[0], "hi");
    assert_string_equal(o.socket.origin, "https://a");
    assert_string_equal(o.socket.cookie, "c=d");
    assert_string_equal(o.socket.proxy, "");
    assert_int_equal(o.verbose, 2);
    assert_int_equal(o.separator, '\0');
    assert_true(o.reconnects && o.is_binary && o.has_times);
}

static void test_tls(void **state)
{
    const char *const args[] = {
        "-k",    "--ca-file", "a.pem", "--certificate=b.pem", "--private-key",
        "b.key", "wss://a",   NULL};
    struct connect_options o;

    (void)state;
    assert_int_equal(parse(&o, args), OPTIONS_RUN);
    assert_true(o.socket.is_insecure);
    assert_string_equal(o.socket.ca_file, "a.pem");
    assert_string_equal(o.socket.certificate, "b.pem");
    assert_string_equal(o.socket.key, "b.key");
}

/* Who waits for a number of answers does not want it closed before. */
static void test_linger(void **state)
{
    const char *const waits[] = {"-n1", url, NULL};
    const char *const both[] = {"--linger", "1", "-n1", url, NULL};
    struct connect_options o;

    (void)state;
    assert_int_equal(parse(&o, waits), OPTIONS_RUN);
    assert_true(o.linger_ms == OPTION_OFF);
    assert_int_equal(parse(&o, both), OPTIONS_RUN);
    assert_int_equal(o.linger_ms, 1000);
}

static void test_wrong(void **state)
{
    static const struct {
        const char *args[6], *about;
    } wrong[] = {
        {{NULL}, "the URL is missing, such as ws://"},
        {{url, "ws://b"}, "one URL at a time: 'ws://b' is too many"},
        {{url, "--private-key", "k"}, "--private-key is that of --certificate"},
        {{url, "--nonsense"}, "unknown option '--nonsense'; see 'weft connect"},
        {{url, "--protokol", "a"}, "did you mean '--protocol'"},
        {{url, "-n"}, "a value is missing behind '-n'"},
        {{url, "-n", "0"}, "--max-messages takes a number, not '0'"},
        {{url, "--timeout", "0"}, "--timeout takes a time or off, not '0'"},
        {{url, "--linger", "soon"}, "--linger takes a time or off, not 'soon'"},
        {{url, "--message-limit", "x"}, "takes a size or off, not 'x'"},
        {{url, "--color", "red"}, "auto, always or never, not 'red'"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct connect_options o;
        enum options_result result;

        capture_begin(STDERR_FILENO);
        result = parse(&o, wrong[i].args);
        command_line_check(capture_end(), "weft connect", wrong[i].about, i);
        CHECK(result == OPTIONS_BAD, "%zu: %d", i, (int)result);
    }
}

static void test_help(void **state)
{
    const char *const args[] = {"-h", NULL};
    struct connect_options o;
    enum options_result result;

    (void)state;
    capture_begin(STDOUT_FILENO);
    result = parse(&o, args);
    assert_non_null(strstr(capture_end(), "--once-open TEXT"));
    assert_int_equal(result, OPTIONS_HELP);
}

static void test_color(void **state)
{
    static const struct {
        enum color color;
        const char *no_color, *term;
        bool terminal, file; /* whether there are colours */
    } cases[] = {
        {COLOR_AUTO, NULL, "xterm", true, false},
        {COLOR_AUTO, "", "xterm", true, false},
        {COLOR_AUTO, "1", "xterm", false, false},
        {COLOR_AUTO, NULL, "dumb", false, false},
        {COLOR_AUTO, NULL, "", false, false},
        {COLOR_AUTO, NULL, NULL, false, false},
        {COLOR_ALWAYS, "1", "dumb", true, true},
        {COLOR_NEVER, NULL, "xterm", false, false},
    };
    FILE *file = tmpfile(), *terminal;
    int master, slave;

    (void)state;
    assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
    terminal = fdopen(slave, "r+");
    assert_true(file && terminal);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct connect_options o = {.color = cases[i].color};

        unsetenv("NO_COLOR");
        unsetenv("TERM");
        if (cases[i].no_color)
            setenv("NO_COLOR", cases[i].no_color, 1);
        if (cases[i].term)
            setenv("TERM", cases[i].term, 1);
        CHECK(connect_options_has_color(&o, terminal) == cases[i].terminal,
              "%zu", i);
        CHECK(connect_options_has_color(&o, file) == cases[i].file, "%zu", i);
    }
    fclose(terminal);
    fclose(file);
    close(master);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_deflate),
        cmocka_unit_test(test_numbers),  cmocka_unit_test(test_others),
        cmocka_unit_test(test_tls),      cmocka_unit_test(test_linger),
        cmocka_unit_test(test_wrong),    cmocka_unit_test(test_help),
        cmocka_unit_test(test_color),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
