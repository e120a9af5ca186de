/* SPDX-License-Identifier: MIT */
/* Media types: every row is found, and what counts as an extension. */
#include "http/mime.h"
#include "http/mime_table.h"
#include "support.h"

#include <stdio.h>
#include <string.h>

static void test_every_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mime_table); i++) {
        const char *extension = mime_table[i].extension;
        char path[64];

        if (i > 0)
            CHECK(strcmp(mime_table[i - 1].extension, extension) < 0,
                  "%s is not in order", extension);
        snprintf(path, sizeof(path), "/a.b/name.%s", extension);
        CHECK(strcmp(weft_mime_type(path), mime_table[i].type) == 0, "%s",
              path);
        for (char *p = strrchr(path, '.'); *p; p++) {
            if (*p >= 'a' && *p <= 'z')
                *p = (char)(*p - 'a' + 'A');
        }
        CHECK(strcmp(weft_mime_type(path), mime_table[i].type) == 0, "%s",
              path);
        snprintf(path, sizeof(path), "name.%s~", extension);
        CHECK(strcmp(weft_mime_type(path), "application/octet-stream") == 0,
              "%s", path);
    }
}

/* Text says which characters it has, and nothing else does. */
static void test_charset(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(mime_table); i++) {
        const char *type = mime_table[i].type;
        bool is_text = strncmp(type, "text/", 5) == 0;
        const char *semicolon = strchr(type, ';');

        CHECK((semicolon != NULL) == is_text, "%s", type);
        if (semicolon)
            assert_string_equal(semicolon, "; charset=utf-8");
    }
}

static void test_paths(void **state)
{
    static const char unknown[] = "application/octet-stream";
    static const struct {
        const char *path, *type;
    } cases[] = {
        {"/index.html", "text/html; charset=utf-8"},
        {"index.HtM", "text/html; charset=utf-8"},
        {"/a.b/c.js", "text/javascript; charset=utf-8"},
        {"/a.tar.gz", "application/gzip"},
        {"/a.html.png", "image/png"},
        {"/a..css", "text/css; charset=utf-8"},
        {"/ .svg", "image/svg+xml"},
        {"/a.JSON", "application/json"},
        {"/a.wasm", "application/wasm"},
        {"", unknown},
        {"/", unknown},
        {".", unknown},
        {"..", unknown},
        {"/html", unknown},
        {"html", unknown},
        {"/a.", unknown},
        {"/a.html.", unknown},
        {"/a.html/", unknown},
        {"/a.html/b", unknown},
        {"/.html", unknown},
        {"/a/.css", unknown},
        {"/a.htmlx", unknown},
        {"/a.ht", unknown},
        {"/a.html ", unknown},
        {"/a.\xff", unknown},
        {"/a.h\xc3\xb6ml", unknown},
        {"/a.0", unknown},
        {"/a.zzzz", unknown},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *path = cases[i].path;
        const char *in = (char *)at_page_end(path, strlen(path) + 1);
        const char *type = weft_mime_type(in);

        CHECK(strcmp(type, cases[i].type) == 0, "%s: %s", path, type);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row),
        cmocka_unit_test(test_charset),
        cmocka_unit_test(test_paths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
