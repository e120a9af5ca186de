/* SPDX-License-Identifier: MIT */
#include "ws/close.h"

#include "support.h"

#include <string.h>

/* Section 7.4.2 and the IANA registry up to 1014, a code a line. */
static const uint16_t defined[] = {1000, 1001, 1002, 1003, 1007, 1008,
                                   1009, 1010, 1011, 1012, 1013, 1014};

static bool may_be_sent(unsigned code)
{
    for (size_t i = 0; i < COUNT(defined); i++)
        if (defined[i] == code)
            return true;
    return code >= 3000 && code < 5000;
}

static void test_all_codes(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 65536; code++) {
        const uint8_t payload[2] = {(uint8_t)(code >> 8), (uint8_t)code};
        const struct weft_close out = {(uint16_t)code, "", 0};
        uint8_t written[WEFT_CONTROL_MAX];
        struct weft_close in;
        const char *why = NULL;
        bool good = may_be_sent(code);
        int len = weft_close_write(written, &out);

        CHECK(weft_close_code_is_valid(code) == good, "%u", code);
        CHECK(weft_close_parse(&in, at_page_end(payload, 2), 2, &why) ==
                  (good ? 0 : WEFT_ERR_PROTOCOL),
              "%u", code);
        CHECK(good == !why, "%u: %s", code, why ? why : "no reason");
        if (good) {
            assert_int_equal(in.code, code);
            assert_int_equal(in.reason_len, 0);
            CHECK(len == 2 && !memcmp(written, payload, 2), "%u", code);
        } else if (code != 0) {
            CHECK(len == WEFT_ERR_USAGE, "%u: %d", code, len);
        }
    }
    assert_false(weft_close_code_is_valid(65536 + 1000));
    assert_false(weft_close_code_is_valid(UINT32_MAX));
}

static const struct {
    const char *what, *hex;
    int want;
    uint16_t code;
    const char *reason;
} cases[] = {
    {"empty", "", 0, 1005, ""},
    {"half a code", "03", WEFT_ERR_PROTOCOL, 0, ""},
    {"half a code that could be none", "ff", WEFT_ERR_PROTOCOL, 0, ""},
    {"a code", "03e8", 0, 1000, ""},
    {"a reason", "03e9 627965", 0, 1001, "bye"},
    {"a reason of several bytes a character", "0bb8 e282ac", 0, 3000,
     "\xe2\x82\xac"},
    {"a reason that is cut", "03e8 e282", WEFT_ERR_UTF8, 0, ""},
    {"a reason that is not UTF-8", "03e8 61ff", WEFT_ERR_UTF8, 0, ""},
    {"a surrogate", "03e8 eda080", WEFT_ERR_UTF8, 0, ""},
    {"a bad code comes before a bad reason", "03ee ff", WEFT_ERR_PROTOCOL, 0,
     ""},
};

static void test_parse(void **state)
{
    uint8_t raw[WEFT_CONTROL_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t len = unhex(raw, cases[i].hex);
        struct weft_close close;
        const char *why = NULL;
        int got = weft_close_parse(&close, at_page_end(raw, len), len, &why);

        CHECK(got == cases[i].want, "%s: %d", cases[i].what, got);
        CHECK((got < 0) == (why != NULL), "%s", cases[i].what);
        if (got < 0)
            continue;
        assert_int_equal(close.code, cases[i].code);
        assert_int_equal(close.reason_len, strlen(cases[i].reason));
        assert_memory_equal(close.reason, cases[i].reason, close.reason_len);
    }
}

/* A reason of each length: 123 bytes fill the frame. */
static void test_write_and_parse(void **state)
{
    char reason[WEFT_REASON_MAX + 2];

    (void)state;
    memset(reason, 'r', sizeof(reason));
    for (size_t len = 0; len <= sizeof(reason); len++) {
        const struct weft_close out = {4999, (char *)at_page_end(reason, len),
                                       len};
        uint8_t raw[WEFT_CONTROL_MAX];
        struct weft_close in;
        const char *why;
        int n = weft_close_write(raw, &out);

        if (len > WEFT_REASON_MAX) {
            assert_int_equal(n, WEFT_ERR_USAGE);
            continue;
        }
        assert_int_equal(n, len + 2);
        assert_int_equal(weft_close_parse(&in, raw, (size_t)n, &why), 0);
        assert_int_equal(in.code, 4999);
        assert_int_equal(in.reason_len, len);
        assert_memory_equal(in.reason, reason, len);
    }
}

static const struct {
    const char *what;
    struct weft_close close;
    int want;
} writes[] = {
    {"nothing", {0, NULL, 0}, 0},
    {"a reason without a code", {0, "why", 3}, WEFT_ERR_USAGE},
    {"no reason", {1000, NULL, 0}, 2},
    {"a reason that is cut", {1000, "\xe2\x82", 2}, WEFT_ERR_USAGE},
    {"a reason that is not UTF-8", {1000, "\xff", 1}, WEFT_ERR_USAGE},
    {"no status", {WEFT_CLOSE_NO_STATUS, "", 0}, WEFT_ERR_USAGE},
    {"abnormal", {WEFT_CLOSE_ABNORMAL, "", 0}, WEFT_ERR_USAGE},
    {"TLS", {WEFT_CLOSE_TLS, "", 0}, WEFT_ERR_USAGE},
};

static void test_write(void **state)
{
    uint8_t raw[WEFT_CONTROL_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT(writes); i++)
        CHECK(weft_close_write(raw, &writes[i].close) == writes[i].want, "%s",
              writes[i].what);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_codes),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_write_and_parse),
        cmocka_unit_test(test_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
