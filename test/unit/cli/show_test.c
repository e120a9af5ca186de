/* SPDX-License-Identifier: MIT */
#include "cli/show.h"
#include "support.h"

static char text[8192];
static unsigned befores;

static void count_before(void *user)
{
    assert_ptr_equal(user, text);
    befores++;
}

static struct show show;

static void begin(void)
{
    memset(text, 0, sizeof(text));
    befores = 0;
    show = (struct show){.out = fmemopen(text, sizeof(text) - 1, "w")};
    assert_non_null(show.out);
    show.before = count_before;
    show.user = text;
}

static const char *end(void)
{
    fclose(show.out);
    return text;
}

static struct weft_message message(enum weft_kind kind, const void *data,
                                   size_t len)
{
    return (struct weft_message){kind, at_page_end(data, len), len};
}

static void test_messages(void **state)
{
    static const struct {
        enum weft_kind kind;
        const char *data;
        size_t len;
        const char *text;
    } cases[] = {
        {WEFT_TEXT, "hello", 5, "< hello\n"},
        {WEFT_TEXT, "", 0, "< \n"},
        {WEFT_TEXT, "a\n\033[0m", 6, "< a\\n\\x1b[0m\n"},
        {WEFT_PING, "", 0, "< ping\n"},
        {WEFT_PING, "are you there", 13, "< ping are you there\n"},
        {WEFT_PONG, "\0", 1, "< pong \\x00\n"},
        {WEFT_BINARY, "", 0, "< binary, 0 bytes\n"},
        {WEFT_BINARY, "\n", 1,
         "< binary, 1 byte\n"
         "  0000  0a                                                |.|\n"},
        {WEFT_BINARY, "0123456789abcdefXY", 18,
         "< binary, 18 bytes\n"
         "  0000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  "
         "|0123456789abcdef|\n"
         "  0010  58 59                                             |XY|\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weft_message msg =
            message(cases[i].kind, cases[i].data, cases[i].len);

        begin();
        show_message(&show, SHOW_CAME, &msg);
        CHECK(strcmp(end(), cases[i].text) == 0, "%zu: %s", i, text);
        CHECK(befores == 1, "%zu: %u", i, befores);
    }
}

/* A dump has four rows, and says how much there is besides. */
static void test_long_dump(void **state)
{
    static const uint8_t bytes[66];
    struct weft_message msg = message(WEFT_BINARY, bytes, 64);

    (void)state;
    begin();
    show_message(&show, SHOW_SENT, &msg);
    assert_null(strstr(end(), "more"));
    msg = message(WEFT_BINARY, bytes, 66);
    begin();
    show_message(&show, SHOW_SENT, &msg);
    assert_non_null(strstr(end(), "\n  and 2 more\n"));
    assert_null(strstr(text, "0040"));
    assert_memory_equal(text, "> binary, 66 bytes\n", 19);
}

static void test_colors(void **state)
{
    struct weft_message msg = message(WEFT_TEXT, "a\tb", 3);

    (void)state;
    begin();
    show.has_color = true;
    show_message(&show, SHOW_CAME, &msg);
    show_message(&show, SHOW_SENT, &msg);
    assert_string_equal(end(), "\033[36m< a\033[7m\\t\033[27mb\033[0m\n"
                               "\033[32m> a\033[7m\\t\033[27mb\033[0m\n");
}

static void test_bare(void **state)
{
    struct weft_message msg = message(WEFT_TEXT, "a\tb", 3);

    (void)state;
    begin();
    show.is_bare = true;
    show_message(&show, SHOW_CAME, &msg);
    assert_string_equal(end(), "a\\tb\n");
}

static void test_times(void **state)
{
    unsigned hour, minute, second, ms;
    char rest[16] = "";

    (void)state;
    begin();
    show.has_times = true;
    show_line(&show, SHOW_NOTE, "%s", "here");
    end();
    assert_int_equal(sscanf(text, "%2u:%2u:%2u.%3u %15[^\n]", &hour, &minute,
                            &second, &ms, rest),
                     5);
    assert_true(hour < 24 && minute < 60 && second < 61 && ms < 1000);
    assert_string_equal(rest, "* here");
}

static void test_closed(void **state)
{
    static const struct {
        struct weft_closed how;
        const char *text;
    } cases[] = {
        {{.code = 1000, .clean = true}, "* closed: 1000 normal closure\n"},
        {{.code = 1001, .clean = true, .reason = "a\nb", .reason_len = 3},
         "* closed: 1001 going away, a\\nb\n"},
        {{.code = 1005, .clean = true}, "* closed: 1005 no code was given\n"},
        {{.code = 1006}, "* closed: 1006 no closing handshake\n"},
        {{.code = 1999}, "* closed: 1999 reserved\n"},
        {{.code = 3999}, "* closed: 3999 a registered code\n"},
        {{.code = 4000}, "* closed: 4000 a code of the application's own\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        begin();
        show_closed(&show, &cases[i].how);
        CHECK(strcmp(end(), cases[i].text) == 0, "%zu: %s", i, text);
    }
}

static void test_head(void **state)
{
    static const char *const heads[] = {
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\n\n",
        "GET / HTTP/1.1\r\nHost: a",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(heads); i++) {
        size_t len = strlen(heads[i]);

        begin();
        show_head(&show, SHOW_SENT, (const char *)at_page_end(heads[i], len),
                  len);
        CHECK(strcmp(end(), "> GET / HTTP/1.1\n> Host: a\n") == 0, "%zu: %s", i,
              text);
    }
    begin();
    show_head(&show, SHOW_CAME, "\033]0;x\a\r\r\n", 9);
    assert_string_equal(end(), "< \\x1b]0;x\\x07\\r\n");
}

static void test_frames(void **state)
{
    static const struct {
        struct weft_frame_info frame;
        const char *text;
    } cases[] = {
        {{.is_sent = true,
          .fin = true,
          .opcode = WEFT_TEXT,
          .masked = true,
          .key = {0x7d, 0x1c, 0x00, 0xff},
          .len = 5},
         "> FIN text masked 7d1c00ff 5 bytes\n"},
        {{.opcode = WEFT_BINARY, .len = 1}, "< binary 1 byte\n"},
        {{.fin = true, .len = UINT64_MAX},
         "< FIN continuation 18446744073709551615 bytes\n"},
        {{.fin = true, .rsv = 5, .opcode = 8},
         "< FIN RSV1 RSV3 close 0 "
         "bytes\n"},
        {{.fin = true, .rsv = 2, .opcode = 9}, "< FIN RSV2 ping 0 bytes\n"},
        {{.fin = true, .opcode = 10}, "< FIN pong 0 bytes\n"},
        {{.fin = true, .opcode = 3}, "< FIN opcode 3 0 bytes\n"},
        {{.fin = true, .opcode = 255}, "< FIN opcode 255 0 bytes\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        begin();
        show_frame(&show, &cases[i].frame);
        CHECK(strcmp(end(), cases[i].text) == 0, "%zu: %s", i, text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages), cmocka_unit_test(test_long_dump),
        cmocka_unit_test(test_colors),   cmocka_unit_test(test_bare),
        cmocka_unit_test(test_times),    cmocka_unit_test(test_closed),
        cmocka_unit_test(test_head),     cmocka_unit_test(test_frames),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
