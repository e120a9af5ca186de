/* SPDX-License-Identifier: MIT */
/* The grammar of Sec-WebSocket-Extensions. The field is not null-terminated, so
 * each case lies right before a page that cannot be read. */
#include "ws/extension.h"

#include "support.h"

#include <stdlib.h>
#include <string.h>

/* Extensions as words: "name" and for each parameter ";name" or ";name=value",
 * with "|" between; "bad" behind what was well formed. */
static const struct {
    const char *field, *want;
} cases[] = {
    {"", ""},
    {" \t ", ""},
    {",", ""},
    {" , ,, ", ""},
    {"a", "a"},
    {" a\t", "a"},
    {"permessage-deflate", "permessage-deflate"},
    {"a,b", "a|b"},
    {"a , b ,\tc", "a|b|c"},
    {",a,,b, ", "a|b"},
    {"a;b", "a;b"},
    {"a ; b ; c", "a;b;c"},
    {"a;b=c", "a;b=c"},
    {"a; b = c", "a;b=c"},
    {"a;b=c;d, e;f=g", "a;b=c;d|e;f=g"},
    {"a;b;b=1;b=2", "a;b;b=1;b=2"},
    {"a;b=\"c\"", "a;b=c"},
    {"a; b = \"c\" ; d=\"e\"", "a;b=c;d=e"},
    {"a;b=\"\\c\\d\"", "a;b=cd"},
    {"a;b=\"c\",d;e=\"f\"", "a;b=c|d;e=f"},
    {"!#$%&'*+-.^_`|~0Az", "!#$%&'*+-.^_`|~0Az"},
    {"permessage-deflate; client_max_window_bits; server_max_window_bits=10",
     "permessage-deflate;client_max_window_bits;server_max_window_bits=10"},
    /* hostile.md T3: numbers are not judged here, only the grammar. */
    {"a;b=0, a;b=08, a;b=16", "a;b=0|a;b=08|a;b=16"},

    {";", "bad"},
    {"=", "bad"},
    {"a;", "bad"},
    {"a; ", "bad"},
    {"a;,b", "bad"},
    {"a;;b", "bad"},
    {"a;b=", "bad"},
    {"a;b=,c", "bad"},
    {"a;b=;c", "bad"},
    {"a;=b", "bad"},
    {"a b", "bad"},
    {"a;b c", "bad"},
    {"a;b=c d", "bad"},
    {"a=b", "bad"},
    {"a;b==c", "bad"},
    {"a;b=c=d", "bad"},
    {"\"a\"", "bad"},
    {"a;\"b\"", "bad"},
    {"a;b=\"\"", "bad"},
    {"a;b=\"c", "bad"},
    {"a;b=\"", "bad"},
    {"a;b=\"c\\", "bad"},
    {"a;b=\"c\\\"", "bad"},
    {"a;b=\"c d\"", "bad"},
    {"a;b=\"c,d\"", "bad"},
    {"a;b=\"\\\"\"", "bad"},
    {"a;b=\"c\"d", "bad"},
    {"a;b=c\"d\"", "bad"},
    {"a(b)", "bad"},
    {"a\x7f", "bad"},
    {"\xc3\xa9", "bad"},
    {"a\r\nb", "bad"},
    {"good;x=1, b@d", "good;x=1|bad"},
};

static void add(char *out, struct weft_slice s)
{
    size_t len = strlen(out);

    assert_true(len + s.len < 8192);
    memcpy(out + len, s.ptr, s.len);
    out[len + s.len] = '\0';
}

static void add_text(char *out, const char *text)
{
    add(out, weft_slice(text));
}

/* All extensions of the field as words. */
static void describe(char out[8192], const char *field, size_t len)
{
    struct weft_slice rest = {(const char *)at_page_end(field, len), len};
    struct weft_ext_offer offer;
    int n;

    *out = '\0';
    while ((n = weft_ext_next(&rest, &offer)) > 0) {
        if (*out)
            add_text(out, "|");
        add(out, offer.name);
        for (size_t i = 0; i < offer.count; i++) {
            add_text(out, ";");
            add(out, offer.params[i].name);
            if (!offer.params[i].value.ptr)
                continue;
            add_text(out, "=");
            add(out, offer.params[i].value);
        }
    }
    if (n < 0)
        add_text(out, *out ? "|bad" : "bad");
    CHECK(n == 0 || n == WEFT_ERR_PROTOCOL, "%d", n);
    CHECK(n < 0 || rest.len == 0, "%zu bytes left", rest.len);
}

static void test_grammar(void **state)
{
    char words[8192];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        describe(words, cases[i].field, strlen(cases[i].field));
        CHECK(!strcmp(words, cases[i].want), "%s: %s", cases[i].field, words);
    }
}

/* hostile.md T7: a NUL is a byte like others, and no token has it. */
static void test_nul(void **state)
{
    static const char *const fields[] = {"\0", "a\0", "a;b=\"c\0\"", "a;b=\0"};
    static const size_t lengths[] = {1, 2, 8, 5};
    char words[8192];

    (void)state;
    for (size_t i = 0; i < COUNT(fields); i++) {
        describe(words, fields[i], lengths[i]);
        CHECK(!strcmp(words, "bad"), "%zu: %s", i, words);
    }
}

/* Whatever the field is cut to, no byte behind its end is looked at. */
static void test_every_prefix(void **state)
{
    char words[8192];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t len = strlen(cases[i].field); len-- > 0;)
            describe(words, cases[i].field, len);
}

/* head, count times piece, foot. */
static char *repeat(const char *head, const char *piece, size_t count,
                    const char *foot)
{
    size_t before = strlen(head), len = strlen(piece), behind = strlen(foot);
    char *text = malloc(before + count * len + behind + 1);

    assert_non_null(text);
    memcpy(text, head, before);
    for (size_t i = 0; i < count; i++)
        memcpy(text + before + i * len, piece, len);
    memcpy(text + before + count * len, foot, behind + 1);
    return text;
}

static int count_all(const char *field, size_t *found)
{
    struct weft_slice rest = weft_slice(field);
    struct weft_ext_offer offer;
    int n;

    *found = 0;
    while ((n = weft_ext_next(&rest, &offer)) > 0)
        ++*found;
    return n;
}

static const struct {
    const char *head, *piece, *foot;
    size_t count;
    int want;
    size_t found;
} bounds[] = {
    {"a", ";p", "", WEFT_EXT_PARAMS, 0, 1},
    {"a", ";p", "", WEFT_EXT_PARAMS + 1, WEFT_ERR_PROTOCOL, 0},
    {"a;b=\"", "x", "\"", WEFT_EXT_QUOTED, 0, 1},
    {"a;b=\"", "x", "\"", WEFT_EXT_QUOTED + 1, WEFT_ERR_PROTOCOL, 0},
    {"a;b=\"", "\\x", "\"", WEFT_EXT_QUOTED, 0, 1},
    {"a;b=", "x", "", 10000, 0, 1},
    /* The room for quoted values is that of one extension, not of all. */
    {"", "a;b=\"123456789\",", "", 1000, 0, 1000},
    /* T3 and T7: many offers, commas, spaces. */
    {"", "permessage-deflate; client_max_window_bits,", "", 1000, 0, 1000},
    {"a", ",", "", 100000, 0, 1},
    {"a", " ", ";b", 100000, 0, 1},
    {"a;", " ", "b", 100000, 0, 1},
    {"a;b=", "\t", "c", 100000, 0, 1},
    {"", ", ", "a", 100000, 0, 1},
    {"a;b=\"", "\\", "", 100001, WEFT_ERR_PROTOCOL, 0},
};

static void test_bounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bounds); i++) {
        char *field = repeat(bounds[i].head, bounds[i].piece, bounds[i].count,
                             bounds[i].foot);
        size_t found;
        int got = count_all(field, &found);

        CHECK(got == bounds[i].want && found == bounds[i].found,
              "case %zu: %d after %zu", i, got, found);
        free(field);
    }
}

/* Two quoted values share the room for them and keep apart. */
static void test_quoted_values_keep_apart(void **state)
{
    struct weft_slice rest = weft_slice("a;b=\"one\";c=two;d=\"three\"");
    struct weft_ext_offer offer;

    (void)state;
    assert_int_equal(weft_ext_next(&rest, &offer), 1);
    assert_int_equal(offer.count, 3);
    assert_true(weft_slice_eq(offer.params[0].value, "one"));
    assert_true(weft_slice_eq(offer.params[1].value, "two"));
    assert_true(weft_slice_eq(offer.params[2].value, "three"));
    assert_int_equal(weft_ext_next(&rest, &offer), 0);
    assert_int_equal(weft_ext_next(&rest, &offer), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grammar),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_quoted_values_keep_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
