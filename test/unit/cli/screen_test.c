/* SPDX-License-Identifier: MIT */
#include "cli/screen.h"
#include "support.h"
#include <locale.h>

/* On a terminal of ten columns, behind a prompt of two. */
static const struct {
    const wchar_t *text;
    size_t rows;
} cases[] = {
    {L"", 0},
    {L"1234567", 0},
    {L"12345678", 1}, /* the cursor is in the next row */
    {L"123456789", 1},
    {L"12345678"
     L"1234567890",
     2},
    {L"12345678"
     L"1234567890"
     L"123456789",
     2},
    {L"éééééééé", 1},
    {L"e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301", 0},
    {L"日日日", 0},
    {L"日日日日", 1},
    {L"1日日日", 0},
    {L"1日日日日", 1}, /* the last one does not fit */
    {L"1日日日日34567890", 2},
    {L"\x01\x02\x03", 0},
    {L"\x01\x02\x03\x04", 1},
    {L"\t", 0},
    {L"\t1", 0},
    {L"\t12", 1},
    {L"\ue000", 0},
    {L"a\nb", 1},
    {L"\n\n", 2},
};

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t rows = screen_rows(cases[i].text, wcslen(cases[i].text), 2, 10);

        CHECK(rows == cases[i].rows, "%zu: %zu", i, rows);
    }
}

/* A terminal of one column, where nothing fits, ends all the same. */
static void test_narrow(void **state)
{
    (void)state;
    assert_int_equal(screen_rows(L"abc", 3, 0, 1), 3);
    assert_true(screen_rows(L"日\t\x01", 3, 0, 1) > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_narrow),
    };

    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
