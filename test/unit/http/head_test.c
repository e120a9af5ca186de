/* SPDX-License-Identifier: MIT */
/*
 * The steps that read a head's lines, one by one: where each stops, what it
 * hands out and why it says no. Whole heads are in the tests of the parsers.
 */
#include "http/head.h"
#include "support.h"

#include <limits.h>
#include <string.h>

#define FIRST "HTTP/1.1 101\r\n"
#define LINE "has a line that does not end in CR LF"
#define CONTROL "has a control character in a line"
#define BLANK "has a field line that begins with white space"
#define SPACE "has white space in the name of a field"
#define NO_NAME "has a field without a name"
#define NO_COLON "has a field line without a colon"
#define TOKEN "has a field whose name is not a token"

/* A head right before a page that cannot be read. */
static struct weft_head start(const char *text, size_t len, size_t seen)
{
    return weft_head_start((const char *)at_page_end(text, len), len, seen);
}

static void check_why(const char *text, const struct weft_head *h,
                      const char *want)
{
    const char *why = h->why ? h->why : "";

    CHECK(!strcmp(why, want ? want : ""), "%s: %s", text, why);
}

static void test_start(void **state)
{
    struct weft_head h = weft_head_start("", SIZE_MAX, SIZE_MAX);

    (void)state;
    CHECK(h.len == INT_MAX && h.seen == INT_MAX, "%zu %zu", h.len, h.seen);
    h = weft_head_start("ab", 2, 3);
    CHECK(h.len == 2 && h.seen == 2 && h.pos == 0, "%zu %zu", h.len, h.seen);
    CHECK(!h.may_fold && !h.why, "not at the beginning");
    CHECK(weft_head_refuse(&h, WEFT_ERR_LIMIT, "is") == WEFT_ERR_LIMIT, "err");
    check_why("refused", &h, "is");
}

/* The steps, with one shape: a name and a text where they hand them out. */
static int read_crlf(struct weft_head *h, struct weft_field *found)
{
    (void)found;
    return weft_head_crlf(h);
}

static int read_text(struct weft_head *h, struct weft_field *found)
{
    return weft_head_text(h, &found->value);
}

static const struct {
    int (*read)(struct weft_head *h, struct weft_field *found);
    const char *text;
    size_t used; /* 0: more bytes are needed, unless there is a why */
    const char *name, *value, *why;
} steps[] = {
    {read_crlf, "", 0, "", "", NULL},
    {read_crlf, "\r", 0, "", "", NULL},
    {read_crlf, "\r\n", 2, "", "", NULL},
    {read_crlf, "\r\n\n", 2, "", "", NULL},
    {read_crlf, "\n", 0, "", "", LINE},
    {read_crlf, "\ra", 0, "", "", LINE},
    {read_crlf, "\r\r\n", 0, "", "", LINE},
    {read_crlf, "a", 0, "", "", LINE},

    {read_text, "", 0, "", "", NULL},
    {read_text, "a", 0, "", "a", NULL},
    {read_text, "a\r", 0, "", "a", NULL},
    {read_text, "\r\n", 2, "", "", NULL},
    {read_text, " a\t\x80\xff ~\r\nb", 9, "", " a\t\x80\xff ~", NULL},
    {read_text, "a\n", 0, "", "a", LINE},
    {read_text, "a\rb", 0, "", "a", LINE},
    {read_text, "a\x01", 0, "", "a", CONTROL},
    {read_text, "a\x7f\n", 0, "", "a", CONTROL},

    {weft_head_field, "", 0, "", "", NULL},
    {weft_head_field, "a", 0, "", "", NULL},
    {weft_head_field, "a:", 0, "a", "", NULL},
    {weft_head_field, "a: b\r", 0, "a", " b", NULL},
    {weft_head_field, "a:\r\n", 4, "a", "", NULL},
    {weft_head_field, "A-1:\t b c \t\r\nd", 13, "A-1", "b c", NULL},
    {weft_head_field, "a::\r\n", 5, "a", ":", NULL},
    {weft_head_field, "a: b\n", 0, "a", " b", LINE},
    {weft_head_field, "a:\x1b", 0, "a", "", CONTROL},
    {weft_head_field, ": b\r\n", 0, "", "", NO_NAME},
    {weft_head_field, " a: b\r\n", 0, "", "", BLANK},
    {weft_head_field, "\ta: b\r\n", 0, "", "", BLANK},
    {weft_head_field, "a : b\r\n", 0, "", "", SPACE},
    {weft_head_field, "a\t: b\r\n", 0, "", "", SPACE},
    {weft_head_field, "a\r\n", 0, "", "", NO_COLON},
    {weft_head_field, "a\n", 0, "", "", NO_COLON},
    {weft_head_field, "\n", 0, "", "", LINE},
    {weft_head_field, "(a)", 0, "", "", TOKEN},
    {weft_head_field, "a\xc3", 0, "", "", TOKEN},
};

static void test_steps(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(steps); i++) {
        const char *text = steps[i].text;
        struct weft_head h = start(text, strlen(text), 0);
        struct weft_field found = {{"", 0}, {"", 0}};
        int got = steps[i].read(&h, &found);

        if (steps[i].why)
            CHECK(got == WEFT_ERR_PROTOCOL, "%s: %d", text, got);
        else
            CHECK(got == (steps[i].used > 0), "%s: %d", text, got);
        check_why(text, &h, steps[i].why);
        if (steps[i].used > 0)
            CHECK(h.pos == steps[i].used, "%s: %zu", text, h.pos);
        CHECK(weft_slice_eq(found.name, steps[i].name), "%s", text);
        CHECK(weft_slice_eq(found.value, steps[i].value), "%s", text);
    }
}

/* How much of the text was seen before changes nothing, as long as that was
 * good. */
static void test_steps_seen(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(steps); i++) {
        const char *text = steps[i].text;
        size_t len = strlen(text), most = 0;
        struct weft_field found;

        for (int got = 0; got == 0 && most < len; most += got == 0) {
            struct weft_head h = start(text, most + 1, 0);

            got = steps[i].read(&h, &found);
        }
        for (size_t seen = 0; seen <= most; seen++) {
            struct weft_head h = start(text, len, seen);
            int got = steps[i].read(&h, &found);

            CHECK((got < 0) == !!steps[i].why, "%s: %d", text, got);
            CHECK((got > 0) == (steps[i].used > 0), "%s: %d", text, got);
            check_why(text, &h, steps[i].why);
        }
    }
}

static void test_long_name(void **state)
{
    char text[400];
    struct weft_field found;
    struct weft_head h;
    int got;

    (void)state;
    memset(text, 'n', sizeof(text));
    memcpy(text + 256, ":\r\n", 3);
    h = start(text, sizeof(text), 0);
    got = weft_head_field(&h, &found);
    CHECK(got == 1 && found.name.len == 256, "%d", got);
    text[256] = 'n';
    h = start(text, 257, 0);
    got = weft_head_field(&h, &found);
    CHECK(got == WEFT_ERR_LIMIT, "%d", got);
    check_why("257", &h, "has a field with too long a name");
}

/* What is new behind FIRST and bytes that were good: whether it belongs to an
 * open line, and then what is said of it, where lines may fold and where not.
 */
static const struct {
    const char *old, *new;
    bool is_open;
    const char *why, *why_folding;
} opens[] = {
    {"", "A: b", false, NULL, NULL},
    {"A", "\n", false, NULL, NULL},
    {"A: b", "\r\nC", false, NULL, NULL},
    {"A", "", true, NULL, NULL},
    {"A", "B", true, NULL, NULL},
    {"A", ":", true, NULL, NULL},
    {"A", ": b\r", true, NULL, NULL},
    {"A:", "b", true, NULL, NULL},
    {"A: b", " c:", true, NULL, NULL},
    {"A: b\r\n", "", true, NULL, NULL},
    {"A: b\r\n", "\r", true, NULL, NULL},
    {"A: b\r\n", "C:d\r", true, NULL, NULL},
    {"A: b\r\n", " ", true, BLANK, NULL},
    {"A: b\r\n", "\tc\r", true, BLANK, NULL},
    {"A: b\r\n c", "d", true, NULL, NULL},
    {"A: b\r\n c:d", "e", true, NULL, NULL},
    {"A: b\r\n c", "\x7f", true, CONTROL, CONTROL},
    {"A", " ", true, SPACE, SPACE},
    {"A", "\r", true, NO_COLON, NO_COLON},
    {"A: b\r\n", ":", true, NO_NAME, NO_NAME},
    {"A: b\r\nC", "\xc3", true, TOKEN, TOKEN},
    {"A:", "\x01", true, CONTROL, CONTROL},
    {"A: b\r", "c", true, LINE, LINE},
    {"A: b\r\n\r", "c", true, LINE, LINE},
    {"A: b\r\n", " \x01", true, BLANK, CONTROL},
};

/* old with so many spaces behind; returns its length. */
static size_t make_open(char *text, size_t i, size_t spaces)
{
    size_t len = strlen(FIRST) + strlen(opens[i].old);

    memcpy(text, FIRST, strlen(FIRST));
    memcpy(text + strlen(FIRST), opens[i].old, strlen(opens[i].old));
    memset(text + len, ' ', spaces);
    return len + spaces;
}

static void check_open(size_t i, size_t spaces, bool may_fold)
{
    const char *why = may_fold ? opens[i].why_folding : opens[i].why;
    size_t more = strlen(opens[i].new);
    char text[1024];
    size_t seen = make_open(text, i, spaces);
    struct weft_head h;
    int got;

    memcpy(text + seen, opens[i].new, more);
    h = start(text, seen + more, seen);
    h.may_fold = may_fold;
    h.pos = strlen(FIRST);
    CHECK(weft_head_is_open(&h) == opens[i].is_open, "%zu", i);
    if (!opens[i].is_open)
        return;
    got = weft_head_open_line(&h);
    CHECK(got == (why ? WEFT_ERR_PROTOCOL : 0), "%zu: %d", i, got);
    check_why(opens[i].new, &h, why);
}

static void test_open_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(opens); i++) {
        const char *old = opens[i].old;
        bool has_fold = strstr(old, "\r\n ");
        /* Longer than the way back that is gone in search of a colon. */
        bool is_value = strchr(old, ':') && !strchr(old, '\r');
        size_t most = is_value ? 260 : 0;

        for (size_t spaces = 0; spaces <= most; spaces++) {
            check_open(i, spaces, true);
            if (!has_fold)
                check_open(i, spaces, false);
        }
    }
}

/* White space has nothing to go on before the first field. */
static void test_first_line_does_not_fold(void **state)
{
    struct weft_head h = start(FIRST " ", strlen(FIRST " "), strlen(FIRST));

    (void)state;
    h.may_fold = true;
    h.pos = strlen(FIRST);
    CHECK(weft_head_open_line(&h) == WEFT_ERR_PROTOCOL, "folded");
    check_why("first", &h, BLANK);
}

static void test_blank(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++)
        CHECK(weft_head_is_blank((char)c) == (c == ' ' || c == '\t'), "%d", c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_steps_seen),
        cmocka_unit_test(test_long_name),
        cmocka_unit_test(test_open_line),
        cmocka_unit_test(test_first_line_does_not_fold),
        cmocka_unit_test(test_blank),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
