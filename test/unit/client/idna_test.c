/* SPDX-License-Identifier: MIT */
/* Names to ASCII: what is ASCII already in every build, the rest as far as
 * libidn2 is in. */
#include "base/mem.h"
#include "client/idna.h"
#include "client/url_host.h"
#include "support.h"
#include <weft/version.h>

#define SAME ""
#define REFUSED NULL
#define LACKING                                                                \
    "the URL has a name with characters outside ASCII, for which this build "  \
    "lacks "                                                                   \
    "libidn2"

static struct weft_slice guarded(const char *text, size_t len)
{
    return (struct weft_slice){(const char *)at_page_end(text, len), len};
}

static bool has_idn2(void)
{
    return strstr(weft_features(), "idn2") != NULL;
}

static bool is_ascii(const char *text)
{
    while (*text && (unsigned char)*text < 0x80)
        text++;
    return *text == '\0';
}

struct name {
    const char *text, *ascii;
};

/* In every build. Nothing is forbidden here. */
static const struct name plain[] = {
    {"h", SAME},       {"A.B-C.", "a.b-c."}, {".", SAME},
    {"a..b", SAME},    {"-a-.r3---b", SAME}, {"XN-.xn", "xn-.xn"},
    {"a b<>%/", SAME}, {"\x7f\x01", SAME},   {"", REFUSED},
};

static const struct name international[] = {
    /* Mapped, normalized and encoded. */
    {"b\xc3\xbc"
     "cher.example",
     "xn--bcher-kva.example"},
    {"B\xc3\x9c"
     "CHER.Example",
     "xn--bcher-kva.example"},
    {"fa\xc3\x9f.example", "xn--fa-hia.example"},
    {"FASS.example", "fass.example"},
    {"\xcf\x82\xce\xaf\xcf\x83\xcf\x85\xcf\x86\xce\xbf\xcf\x82",
     "xn--kxa6ahcdmh"},
    {"\xe4\xb8\xad\xe5\x9b\xbd.example", "xn--fiqs8s.example"},
    {"\xef\xbd\x85xample", "example"},
    {"\xef\xbd\x97\xef\xbd\x97\xef\xbd\x97\xe3\x80\x82"
     "example\xef\xbc\x8e"
     "com\xef\xbd\xa1",
     "www.example.com."},
    {"a\xc2\xad"
     "b",
     "ab"},
    {"\xe2\x80\x8b"
     "ab",
     "ab"},
    {"\xe2\x98\x83.example", "xn--n3h.example"},
    {"i\xe2\x9d\xa4.example", "xn--i-7iq.example"},
    {"\xf0\x9f\x92\xa9", "xn--ls8h"},
    {"e\xcc\x81.example", "xn--9ca.example"},
    {"\xef\xac\x80.example", "ff.example"},
    {"\xc2\xbd.example", "xn--12-c6t.example"},
    {"K.example", "k.example"},
    {"\xd7\x90.example", "xn--4db.example"},
    {"\xd9\x86\xd8\xa7\xd9\x85\xd9\x87\xe2\x80\x8c\xd8\xa7\xdb\x8c",
     "xn--mgba3gch31f060k"},

    /* ASCII beside other labels is left alone. */
    {"r3---a.-b-.\xc3\xa9", "r3---a.-b-.xn--9ca"},
    {"..\xc3\xa9..", "..xn--9ca.."},
    {"A%.\xc3\x89", "a%.xn--9ca"},
    {"\xef\xbc\x85", "%"},

    /* Encoded already. */
    {"xn--bcher-kva", SAME},
    {"XN--BCHER-KVA", "xn--bcher-kva"},
    {"xn--n3h.example", SAME},
    {"xn--fa-hia", SAME},
    {"a.xn--n3h.b", SAME},

    /* Not valid. */
    {"\xc2\xad", REFUSED},
    {"xn--", REFUSED},
    {"xn--a", REFUSED},
    {"xn--a-", REFUSED},
    {"xn--zn7c.com", REFUSED},
    {"XN--", REFUSED},
    {"a.xn--", REFUSED},
    {"\xef\xbf\xbd", REFUSED},
    {"\xcc\x81"
     "a.example",
     REFUSED},
    {"a\xe2\x80\x8d"
     "b",
     REFUSED},
    {"\xef\xb7\x90zyx", REFUSED},
    {"\xdb\x9d\xc3\xa9", REFUSED},
    {"xn--\xc3\xa9", REFUSED},
    {"\xd7\x90"
     "0aa",
     REFUSED},

    /* Where libidn2 is stricter than browsers. */
    {"-\xc3\xa9", REFUSED},
    {"ab--\xc3\xa9", REFUSED},
    {"\xc3\xa9&", REFUSED},
    {"xn--&-9fa", REFUSED},
    {"\xc3\x9f\xe2\x98\x83", REFUSED},
};

static void check_name(const char *text, const char *want)
{
    struct fail_mem fm = {.left = -1};
    struct weft_mem mem = {fail_realloc, &fm};
    const char *reason = NULL;
    struct weft_buf out;
    int err;

    weft_buf_init(&out, &mem, 1000);
    err = weft_idna_to_ascii(&out, guarded(text, strlen(text)), &reason);
    if (want == REFUSED) {
        CHECK(err == WEFT_ERR_INVALID && reason, "%s: %d %.*s", text, err,
              (int)out.len, (char *)out.data);
    } else {
        if (!*want)
            want = text;
        CHECK(err == 0, "%s: %d %s", text, err, reason);
        CHECK(out.len == strlen(want) && memcmp(out.data, want, out.len) == 0,
              "%s: %.*s", text, (int)out.len, (char *)out.data);
    }
    weft_buf_release(&out);
    CHECK(fm.live == 0, "%s: %zu bytes leaked", text, fm.live);
}

static void test_plain(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(plain); i++)
        check_name(plain[i].text, plain[i].ascii);
}

static void test_international(void **state)
{
    (void)state;
    if (!has_idn2()) {
        print_message("this build lacks libidn2\n");
        skip();
    }
    for (size_t i = 0; i < COUNT(international); i++)
        check_name(international[i].text, international[i].ascii);
}

/* Then only ASCII is taken, and "xn--" means nothing. */
static void test_without_libidn2(void **state)
{
    (void)state;
    if (has_idn2()) {
        print_message("this build has libidn2\n");
        skip();
    }
    for (size_t i = 0; i < COUNT(international); i++) {
        const char *text = international[i].text, *reason = NULL;
        struct weft_buf out;
        int err;

        weft_buf_init(&out, &weft_mem_libc, 1000);
        err = weft_idna_to_ascii(&out, weft_slice(text), &reason);
        CHECK((err == 0) == is_ascii(text), "%s: %d", text, err);
        if (err)
            assert_string_equal(reason, LACKING);
        weft_buf_release(&out);
    }
}

/* As hosts: digits may turn up, and what no host may have. */
static const struct name hosts[] = {
    {"b%C3%BC"
     "cher.example",
     "xn--bcher-kva.example"},
    {"\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97\xef\xbc\x8e\xef\xbc\x91",
     "127.0.0.1"},
    {"0x7f\xe3\x80\x82"
     "1",
     "127.0.0.1"},
    {"\xe2\x91\xa0.2.3.4", "1.2.3.4"},
    {"\xef\xbc\x91.\xc3\xa9", "1.xn--9ca"},
    {"1\xc3\xa9.2", REFUSED},
    {"\xc3\xa9.256", REFUSED},
    {"\xef\xbc\x85\xef\xbc\x94\xef\xbc\x91", REFUSED},
    {"a\xef\xbc\x8f\xc3\xa9", REFUSED},
    {"a\xef\xbc\x9f\xc3\xa9", REFUSED},
    {"a\xef\xbc\xa0\xc3\xa9", REFUSED},
    {"a\xef\xbc\x9a"
     "80",
     REFUSED},
    {"\xc3\xa9 b", REFUSED},
    {"\xc3\xa9%", REFUSED},
    {"\xc3\xa9^", REFUSED},
    {"\xc3\xa9%00", REFUSED},
    {"%c3", REFUSED},
};

static void test_hosts(void **state)
{
    (void)state;
    if (!has_idn2()) {
        print_message("this build lacks libidn2\n");
        skip();
    }
    for (size_t i = 0; i < COUNT(hosts); i++) {
        const char *text = hosts[i].text, *want = hosts[i].ascii, *reason;
        struct weft_buf out;
        int err;

        weft_buf_init(&out, &weft_mem_libc, 1000);
        err = weft_url_host(&out, weft_slice(text), &reason);
        CHECK((err == 0) == (want != REFUSED), "%s: %d", text, err);
        if (want)
            CHECK(weft_slice_eq((struct weft_slice){(char *)out.data, out.len},
                                want),
                  "%s: %.*s", text, (int)out.len, (char *)out.data);
        weft_buf_release(&out);
    }
}

/* Long labels that are ASCII are no matter of IDNA; others must fit into
 * DNS. */
static void test_long_labels(void **state)
{
    static char text[5000];

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    for (size_t len = 60; len < 70; len++) {
        struct weft_buf out;
        const char *reason;

        weft_buf_init(&out, &weft_mem_libc, sizeof(text));
        assert_int_equal(
            weft_idna_to_ascii(&out, (struct weft_slice){text, len}, &reason),
            0);
        assert_int_equal(out.len, len);
        weft_buf_release(&out);
    }
    if (has_idn2()) {
        memcpy(text + sizeof(text) - 3, "\xc3\xa9", 3);
        check_name(text, REFUSED);
        check_name(text + sizeof(text) - 90, REFUSED);
    }
}

static void check_without_memory(const char *text)
{
    long n = 0;
    int err;

    do {
        struct fail_mem fm = {.left = n++};
        struct weft_mem mem = {fail_realloc, &fm};
        const char *reason = NULL;
        struct weft_buf out;

        weft_buf_init(&out, &mem, 1000);
        err = weft_idna_to_ascii(&out, weft_slice(text), &reason);
        CHECK(err == 0 || err == WEFT_ERR_NOMEM, "%s: %d", text, err);
        weft_buf_release(&out);
        CHECK(fm.live == 0, "%s: %zu bytes leaked", text, fm.live);
    } while (err);
    CHECK(n > 1, "nothing was allocated");
}

static void test_without_memory(void **state)
{
    (void)state;
    check_without_memory("a.b");
    check_without_memory("xn--9ca.b");
    if (has_idn2())
        check_without_memory("\xc3\xa9.b.\xc3\xa9");
}

static void test_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(international); i++) {
        const char *text = international[i].text, *reason;

        for (size_t cut = 0; cut < strlen(text); cut++) {
            struct weft_buf out;
            int err;

            weft_buf_init(&out, &weft_mem_libc, 1000);
            err = weft_idna_to_ascii(&out, guarded(text, cut), &reason);
            CHECK(err == 0 || err == WEFT_ERR_INVALID, "%s: %d", text, err);
            weft_buf_release(&out);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_international),
        cmocka_unit_test(test_without_libidn2),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_long_labels),
        cmocka_unit_test(test_without_memory),
        cmocka_unit_test(test_every_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
