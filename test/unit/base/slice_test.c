/* SPDX-License-Identifier: MIT */
/* Text is compared by value and cut without reading past its end; the lists
 * and tokens are those of RFC 9110 section 5.6. */
#include "base/slice.h"
#include "support.h"

/* A copy that cannot be read past its end. */
static struct weft_slice guarded(const char *text, size_t len)
{
    return (struct weft_slice){(const char *)at_page_end(text, len), len};
}

static struct weft_slice guarded_text(const char *text)
{
    return guarded(text, strlen(text));
}

static void test_equality(void **state)
{
    static const struct {
        const char *a, *b;
        bool eq, eq_nocase;
    } cases[] = {
        {"", "", true, true},
        {"", "a", false, false},
        {"a", "", false, false},
        {"upgrade", "upgrade", true, true},
        {"Upgrade", "uPGRADE", false, true},
        {"upgrade", "upgrades", false, false},
        {"upgrades", "upgrade", false, false},
        {"AZ", "az", false, true},
        {"@[", "`{", false, false},             /* beside the letters */
        {"\xc3\x84", "\xc3\xa4", false, false}, /* not ASCII: no case */
        {"k", "\xe2\x84\xaa", false, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weft_slice a = guarded_text(cases[i].a);
        struct weft_slice b = guarded_text(cases[i].b);

        CHECK(weft_slice_eq(a, cases[i].b) == cases[i].eq, "%zu", i);
        CHECK(weft_slice_eq_nocase(a, cases[i].b) == cases[i].eq_nocase, "%zu",
              i);
        CHECK(weft_slice_same_nocase(a, b) == cases[i].eq_nocase, "%zu", i);
    }
    assert_true(weft_slice_eq((struct weft_slice){NULL, 0}, ""));
    assert_false(weft_slice_eq(guarded("a\0b", 3), "a"));
}

static void test_take(void **state)
{
    struct weft_slice rest = guarded_text("abc");

    (void)state;
    assert_true(weft_slice_eq(weft_slice_take(&rest, 0), ""));
    assert_true(weft_slice_eq(weft_slice_take(&rest, 2), "ab"));
    assert_true(weft_slice_eq(rest, "c"));
    assert_true(weft_slice_eq(weft_slice_take(&rest, 1), "c"));
    assert_int_equal(rest.len, 0);
}

static void test_case_is_ascii(void **state)
{
    (void)state;
    for (int a = 0; a < 256; a++) {
        for (int b = 0; b < 256; b++) {
            char ca = (char)a, cb = (char)b;
            bool letters = (a | 32) >= 'a' && (a | 32) <= 'z';
            bool want = a == b || (letters && (a ^ 32) == b);

            CHECK(weft_slice_same_nocase((struct weft_slice){&ca, 1},
                                         (struct weft_slice){&cb, 1}) == want,
                  "%02x %02x", (unsigned)a, (unsigned)b);
        }
    }
}

static void test_trim(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"", ""},    {" ", ""},    {" \t \t", ""},       {"a", "a"},
        {" a", "a"}, {"a\t", "a"}, {"\t a b \t", "a b"}, {"\na\r", "\na\r"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weft_slice got = weft_slice_trim(guarded_text(cases[i].text));

        CHECK(weft_slice_eq(got, cases[i].want), "%s", cases[i].text);
    }
    assert_int_equal(weft_slice_trim((struct weft_slice){NULL, 0}).len, 0);
}

static void test_token(void **state)
{
    /* RFC 9110 section 5.6.2, written out. */
    static const char all[] = "!#$%&'*+-.^_`|~0123456789"
                              "abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    (void)state;
    for (int c = 0; c < 256; c++) {
        char text[3] = {'x', (char)c, 'y'};
        bool want = c != 0 && strchr(all, c) != NULL;

        CHECK(weft_is_tchar((unsigned char)c) == want, "%02x", (unsigned)c);
        CHECK(weft_slice_is_token(guarded(text, 3)) == want, "%02x",
              (unsigned)c);
        CHECK(weft_slice_is_token(guarded(text + 1, 1)) == want, "%02x",
              (unsigned)c);
    }
    assert_false(weft_slice_is_token((struct weft_slice){NULL, 0}));
    assert_true(weft_slice_is_token(guarded_text(all)));
}

static const struct {
    const char *list;
    const char *want[4]; /* up to the first NULL */
} lists[] = {
    {"", {NULL}},
    {" \t", {NULL}},
    {",", {NULL}},
    {",,, ,\t,", {NULL}},
    {"a", {"a"}},
    {" a ", {"a"}},
    {"a,b", {"a", "b"}},
    {"a ,\tb", {"a", "b"}},
    {",a,,b,", {"a", "b"}},
    {"keep-alive, Upgrade", {"keep-alive", "Upgrade"}},
    {"a b;c=1 , d", {"a b;c=1", "d"}},
    {"a;x=\"1,2\",b", {"a;x=\"1,2\"", "b"}},
    {"\"a\"\"b,c\",d", {"\"a\"\"b,c\"", "d"}},
    {"\"a\\\",b\",c", {"\"a\\\",b\"", "c"}},     /* \" does not end it */
    {"\"a\\\\\",b\",c", {"\"a\\\\\"", "b\",c"}}, /* \\ is a whole pair */
    {"a\\,b", {"a\\", "b"}},                     /* outside: no escape */
    {"a\\\"b,c\",d", {"a\\\"b,c\"", "d"}},       /* outside: it opens */
    {"\"\\,\",a", {"\"\\,\"", "a"}},
    {"\"\\\t,\",a", {"\"\\\t,\"", "a"}},
    {"a,\"never closed, b", {"a", "\"never closed, b"}},
    {"a,\"\\", {"a", "\"\\"}}, /* ends in an escape */
    {"a,\"\\\"", {"a", "\"\\\""}},
    {"\" \"", {"\" \""}},
    {"\xff,\x01", {"\xff", "\x01"}},
};

static void test_members(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++) {
        struct weft_slice list = guarded_text(lists[i].list), member;
        size_t n;

        for (n = 0; n < 4 && lists[i].want[n]; n++) {
            CHECK(weft_slice_next_member(&list, &member), "%s", lists[i].list);
            CHECK(weft_slice_eq(member, lists[i].want[n]), "%s: %.*s",
                  lists[i].list, (int)member.len, member.ptr);
            CHECK(weft_slice_has_member(guarded_text(lists[i].list),
                                        lists[i].want[n]),
                  "%s", lists[i].list);
        }
        CHECK(!weft_slice_next_member(&list, &member), "%s", lists[i].list);
        CHECK(list.len == 0, "%s", lists[i].list);
        CHECK(!weft_slice_next_member(&list, &member), "%s", lists[i].list);
    }
}

/* Whatever a list is cut to, its members lie in it in order, are trimmed and
 * not empty, and nothing behind the cut is read. */
static void test_members_of_every_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++) {
        for (size_t cut = 0; cut <= strlen(lists[i].list); cut++) {
            struct weft_slice all = guarded(lists[i].list, cut);
            struct weft_slice list = all, member;
            const char *behind = all.ptr;

            while (weft_slice_next_member(&list, &member)) {
                CHECK(member.ptr >= behind, "%s", lists[i].list);
                behind = member.ptr + member.len;
                CHECK(behind <= list.ptr, "%s", lists[i].list);
                CHECK(member.len > 0 &&
                          weft_slice_trim(member).len == member.len,
                      "%s", lists[i].list);
            }
            CHECK(list.ptr == all.ptr + cut, "%s", lists[i].list);
        }
    }
}

/* A million of one character: a quadratic walk would take many minutes. */
static void test_members_are_linear(void **state)
{
    static char text[1000000];
    static const char fills[] = ", \"\\a";

    (void)state;
    for (size_t i = 0; i < sizeof(fills) - 1; i++) {
        struct weft_slice list = {text, sizeof(text)}, member;
        size_t count = 0, bytes = 0;

        memset(text, fills[i], sizeof(text));
        while (weft_slice_next_member(&list, &member)) {
            count++;
            bytes += member.len;
        }
        if (fills[i] == ',' || fills[i] == ' ')
            assert_int_equal(count, 0);
        else
            assert_true(count == 1 && bytes == sizeof(text));
    }
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = i % 2 ? ',' : 'a';
    {
        struct weft_slice list = {text, sizeof(text)}, member;
        size_t count = 0;

        while (weft_slice_next_member(&list, &member))
            count++;
        assert_int_equal(count, sizeof(text) / 2);
    }
}

static void test_has_member(void **state)
{
    static const struct {
        const char *list, *text;
        bool want;
    } cases[] = {
        {"Upgrade", "upgrade", true},
        {"keep-alive, UPGRADE", "upgrade", true},
        {"keep-alive,upgrade2", "upgrade", false},
        {"upgrad e", "upgrade", false},
        {"\"upgrade\"", "upgrade", false},
        {"x=\",upgrade,\"", "upgrade", false},
        {"", "upgrade", false},
        {",", "", false}, /* an empty member is none */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK(weft_slice_has_member(guarded_text(cases[i].list),
                                    cases[i].text) == cases[i].want,
              "%s", cases[i].list);
}

static void test_fields(void **state)
{
    struct weft_field fields[] = {
        {weft_slice("Host"), weft_slice("a")},
        {weft_slice("X-One"), weft_slice("1")},
        {weft_slice("x-one"), weft_slice("2")},
        {weft_slice("X-One-More"), weft_slice("3")},
    };
    const size_t count = COUNT(fields);
    size_t from = 0;

    (void)state;
    assert_ptr_equal(weft_field_next(fields, count, "x-ONE", &from),
                     &fields[1]);
    assert_int_equal(from, 2);
    assert_ptr_equal(weft_field_next(fields, count, "x-ONE", &from),
                     &fields[2]);
    assert_null(weft_field_next(fields, count, "x-ONE", &from));
    assert_null(weft_field_next(fields, count, "x-ONE", &from));
    from = 0;
    assert_null(weft_field_next(fields, count, "cookie", &from));
    from = 0;
    assert_null(weft_field_next(NULL, 0, "host", &from));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equality),
        cmocka_unit_test(test_take),
        cmocka_unit_test(test_case_is_ascii),
        cmocka_unit_test(test_trim),
        cmocka_unit_test(test_token),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_members_of_every_prefix),
        cmocka_unit_test(test_members_are_linear),
        cmocka_unit_test(test_has_member),
        cmocka_unit_test(test_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
