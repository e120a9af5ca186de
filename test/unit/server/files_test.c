/* SPDX-License-Identifier: MIT */
/*
 * Static files below a temporary document root, beside which lies what must
 * never be served: T20 of the list of known attacks. Paths come here decoded.
 */
#include "server/files.h"
#include "support.h"

#include "http/date.h"
#include "http/http_request.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MTIME 784111777 /* Sun, 06 Nov 1994 08:49:37 GMT */
#define LAST_MODIFIED "Sun, 06 Nov 1994 08:49:37 GMT"

static char top[] = "/tmp/weft-files-XXXXXX"; /* holds root and secret */
static struct weft_files files;
static struct fail_mem fm;
static const struct weft_mem mem = {fail_realloc, &fm};

static void in_top(char out[256], const char *path)
{
    snprintf(out, 256, "%s/%s", top, path);
}

static void make_file(const char *path, const char *content)
{
    const struct timespec times[2] = {{MTIME, 0}, {MTIME, 0}};
    char name[256];
    int fd;

    in_top(name, path);
    fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    futimens(fd, times);
    close(fd);
}

static void make_folder(const char *path)
{
    char name[256];

    in_top(name, path);
    assert_int_equal(mkdir(name, 0755), 0);
}

static void make_link(const char *path, const char *to)
{
    char name[256];

    in_top(name, path);
    assert_int_equal(symlink(to, name), 0);
}

static int make_tree(void **state)
{
    char name[256], secret[256];

    (void)state;
    assert_non_null(mkdtemp(top));
    make_folder("root");
    make_folder("root/sub");
    make_folder("root/empty");
    make_folder("root/sub/deep");
    make_folder("root/linked");
    make_folder("root/odd \xc3\xa9%");
    make_folder("outside");
    make_file("secret.txt", "secret");
    make_file("outside/index.html", "secret");
    make_file("root/index.html", "<p>home</p>");
    make_file("root/page.html", "0123456789");
    make_file("root/none", "");
    make_file("root/data.bin", "x");
    make_file("root/sub/index.html", "sub");
    make_file("root/sub/a b.txt", "spaces");
    make_file("root/..hidden", "dots");
    make_file("root/..\\back", "backslash");
    make_link("root/inside", "sub/index.html");
    make_link("root/inside-folder", "sub");
    make_link("root/up", "../secret.txt");
    make_link("root/up-folder", "../outside");
    make_link("root/up-and-back", "../root/page.html");
    make_link("root/sub/deep/round", "../../page.html");
    make_link("root/loop", "loop");
    make_link("root/nowhere", "missing");
    make_link("root/proc", "/proc/self/cwd");
    in_top(secret, "secret.txt");
    make_link("root/absolute", secret);
    in_top(secret, "root/page.html");
    make_link("root/absolute-inside", secret);
    in_top(secret, "outside/index.html");
    make_link("root/linked/index.html", secret);
    in_top(name, "root/fifo");
    assert_int_equal(mkfifo(name, 0644), 0);

    in_top(name, "root");
    assert_int_equal(weft_files_init(&files, name), 0);
    return 0;
}

static void remove_folder(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    char name[512];

    while (dir && (entry = readdir(dir))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        snprintf(name, sizeof(name), "%.250s/%.250s", path, entry->d_name);
        if (unlink(name) != 0)
            remove_folder(name);
    }
    if (dir)
        closedir(dir);
    rmdir(path);
}

static int remove_tree(void **state)
{
    (void)state;
    weft_files_release(&files);
    remove_folder(top);
    return 0;
}

/* ---- One request --------------------------------------------------------- */

struct got {
    int status;
    char head[2048];
    char body[256]; /* what the file gives from at, left bytes of it */
};

static void ask_with(struct got *got, const char *method, const char *path,
                     const char *fields)
{
    struct weft_http_request req;
    struct weft_field list[16];
    struct weft_buf head;
    struct weft_file file;
    char text[1024];

    snprintf(text, sizeof(text), "%s / HTTP/1.1\r\nHost: a\r\n%s\r\n", method,
             fields);
    assert_true(weft_http_request_parse(&req, list, COUNT(list), text,
                                        strlen(text), 0) > 0);
    memset(got, 0, sizeof(*got));
    weft_buf_init(&head, &mem, 65536);
    got->status = weft_files_answer(&files, &req, path, MTIME, &head, &file);
    if (head.len > 0)
        snprintf(got->head, sizeof(got->head), "%.*s", (int)head.len,
                 (const char *)head.data);
    if (file.fd >= 0) {
        assert_true(file.left < sizeof(got->body));
        assert_int_equal(pread(file.fd, got->body, sizeof(got->body) - 1,
                               (off_t)file.at) >= (ssize_t)file.left,
                         1);
        got->body[file.left] = '\0';
    }
    weft_file_close(&file);
    assert_int_equal(file.fd, -1);
    weft_buf_release(&head);
}

static void ask(struct got *got, const char *path)
{
    ask_with(got, "GET", path, "");
}

/* ---- Paths --------------------------------------------------------------- */

static const struct {
    const char *path;
    int status;
    const char *body; /* or Location */
} paths[] = {
    {"/", 200, "<p>home</p>"},
    {"/index.html", 200, "<p>home</p>"},
    {"/page.html", 200, "0123456789"},
    {"/none", 200, ""},
    {"/sub/", 200, "sub"},
    {"/sub//", 200, "sub"},
    {"/sub//index.html", 200, "sub"},
    {"/sub/a b.txt", 200, "spaces"},
    {"/..hidden", 200, "dots"},
    {"/..\\back", 200, "backslash"},
    {"/inside", 200, "sub"},
    {"/inside-folder/", 200, "sub"},
    {"/inside-folder/index.html", 200, "sub"},
    {"/sub/deep/round", 200, "0123456789"},

    {"/sub", 301, "/sub/"},
    {"/inside-folder", 301, "/inside-folder/"},
    {"/odd \xc3\xa9%", 301, "/odd%20%C3%A9%25/"},

    {"/missing", 404, ""},
    {"/missing/", 404, ""},
    {"/empty/", 404, ""},     /* folders are not listed */
    {"/page.html/", 404, ""}, /* a file is no folder */
    {"/page.html/more", 404, ""},
    {"/Page.html", 404, ""},
    {"//page.html", 404, ""}, /* "/page.html" of the machine, not ours */
    {"//etc/passwd", 404, ""},
    {"//sub", 404, ""}, /* never a Location with another host */
    {"///sub/", 404, ""},
    {"/fifo", 404, ""},
    {"/loop", 404, ""},
    {"/nowhere", 404, ""},

    /* Ways out. Decoding leaves no "..", but the kernel is the last wall. */
    {"/../secret.txt", 404, ""},
    {"/sub/../../secret.txt", 404, ""},
    {"/..", 404, ""},
    {"/../", 404, ""},
    {"/../root/page.html", 404, ""},
    {"/up", 404, ""},
    {"/up-folder", 404, ""},
    {"/up-folder/", 404, ""},
    {"/up-folder/index.html", 404, ""},
    {"/up-and-back", 404, ""}, /* through outside, though it ends inside */
    {"/absolute", 404, ""},
    {"/absolute-inside", 404, ""},
    {"/linked/", 404, ""}, /* an index file that leads out */
    {"/linked/index.html", 404, ""},
    {"/proc/", 404, ""},
    {"/proc/secret.txt", 404, ""},
};

static void test_paths(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(paths); i++) {
        struct got got;

        ask(&got, paths[i].path);
        CHECK(got.status == paths[i].status, "%s: %d", paths[i].path,
              got.status);
        if (got.status == 301) {
            char want[256];

            snprintf(want, sizeof(want), "Location: %s\r\n", paths[i].body);
            CHECK(strcmp(got.head, want) == 0, "%s: %s", paths[i].path,
                  got.head);
        } else {
            CHECK(strcmp(got.body, paths[i].body) == 0, "%s: %s", paths[i].path,
                  got.body);
        }
        if (got.status == 404)
            assert_string_equal(got.head, "");
        assert_null(strstr(got.body, "secret"));
    }
    assert_int_equal(fm.live, 0);
}

/* Longer than any path may be: refused, not cut. */
static void test_long_paths(void **state)
{
    char path[8200];
    struct got got;

    (void)state;
    for (size_t len = 4060; len < 4110; len++) {
        memset(path, 'a', len);
        path[0] = '/';
        path[len] = '\0';
        ask(&got, path);
        assert_int_equal(got.status, 404);
        for (size_t i = 2; i < len; i += 2)
            path[i] = '/';
        path[len - 1] = '/';
        ask(&got, path);
        assert_int_equal(got.status, 404);
        /* "/./././…/" is the root, if the system takes it at all. */
        for (size_t i = 1; i < len; i += 2)
            path[i] = '.';
        path[len - 1] = '/';
        ask(&got, path);
        assert_true(got.status == 404 || got.status == 200);
    }
}

static void test_types(void **state)
{
    static const struct {
        const char *path, *type;
    } cases[] = {
        {"/page.html", "text/html; charset=utf-8"},
        {"/", "text/html; charset=utf-8"},
        {"/sub/", "text/html; charset=utf-8"},
        {"/sub/a b.txt", "text/plain; charset=utf-8"},
        {"/data.bin", "application/octet-stream"},
        {"/none", "application/octet-stream"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char want[128];
        struct got got;

        ask(&got, cases[i].path);
        snprintf(want, sizeof(want), "Content-Type: %s\r\n", cases[i].type);
        CHECK(strstr(got.head, want), "%s: %s", cases[i].path, got.head);
        assert_non_null(
            strstr(got.head, "X-Content-Type-Options: nosniff\r\n"));
        assert_non_null(strstr(got.head, "Accept-Ranges: bytes\r\n"));
        assert_non_null(
            strstr(got.head, "Last-Modified: " LAST_MODIFIED "\r\n"));
    }
}

/* ---- Ranges and conditions ----------------------------------------------- */

static const struct {
    const char *what, *method, *fields;
    int status;
    const char *body, *in_head;
} requests[] = {
    {"whole", "GET", "", 200, "0123456789", "Content-Length: 10\r\n"},
    {"HEAD", "HEAD", "", 200, "", "Content-Length: 10\r\n"},
    {"first", "GET", "Range: bytes=0-0\r\n", 206, "0",
     "Content-Range: bytes 0-0/10\r\n"},
    {"middle", "GET", "Range: bytes=2-4\r\n", 206, "234",
     "Content-Range: bytes 2-4/10\r\n"},
    {"length of a part", "GET", "Range: bytes=2-4\r\n", 206, "234",
     "Content-Length: 3\r\n"},
    {"rest", "GET", "Range: bytes=7-\r\n", 206, "789",
     "Content-Range: bytes 7-9/10\r\n"},
    {"last", "GET", "Range: bytes=-2\r\n", 206, "89",
     "Content-Range: bytes 8-9/10\r\n"},
    {"beyond the end", "GET", "Range: bytes=8-100\r\n", 206, "89",
     "Content-Range: bytes 8-9/10\r\n"},
    {"nothing there", "GET", "Range: bytes=10-\r\n", 416, "",
     "Content-Range: bytes */10\r\n"},
    {"overflow", "GET", "Range: bytes=0-99999999999999999999\r\n", 206,
     "0123456789", "Content-Range: bytes 0-9/10\r\n"},
    {"several", "GET", "Range: bytes=0-1,3-4\r\n", 200, "0123456789",
     "Content-Length: 10\r\n"},
    {"another unit", "GET", "Range: lines=1-2\r\n", 200, "0123456789",
     "Content-Length: 10\r\n"},
    {"range of HEAD", "HEAD", "Range: bytes=2-4\r\n", 200, "",
     "Content-Length: 10\r\n"},
    {"not modified", "GET", "If-Modified-Since: " LAST_MODIFIED "\r\n", 304, "",
     "ETag: "},
    {"not modified, HEAD", "HEAD", "If-Modified-Since: " LAST_MODIFIED "\r\n",
     304, "", "Last-Modified: "},
    {"modified", "GET", "If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n",
     200, "0123456789", "Content-Length: 10\r\n"},
    {"another tag", "GET", "If-None-Match: \"no\"\r\n", 200, "0123456789",
     "ETag: "},
    {"any tag", "GET", "If-None-Match: *\r\n", 304, "", "ETag: "},
    {"must be another", "GET", "If-Match: \"no\"\r\n", 412, "", "ETag: "},
    {"must be older", "GET",
     "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n", 412, "",
     "ETag: "},
    {"range of another", "GET", "Range: bytes=2-4\r\nIf-Range: \"no\"\r\n", 200,
     "0123456789", "Content-Length: 10\r\n"},
};

static void test_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(requests); i++) {
        struct got got;

        ask_with(&got, requests[i].method, "/page.html", requests[i].fields);
        CHECK(got.status == requests[i].status, "%s: %d", requests[i].what,
              got.status);
        CHECK(strcmp(got.body, requests[i].body) == 0, "%s: %s",
              requests[i].what, got.body);
        CHECK(strstr(got.head, requests[i].in_head), "%s: %s", requests[i].what,
              got.head);
        /* What has no body of its own does not describe one. */
        if (got.status == 304 || got.status == 412 || got.status == 416)
            CHECK(!strstr(got.head, "Content-Length"), "%s: %s",
                  requests[i].what, got.head);
    }
    assert_int_equal(fm.live, 0);
}

static void etag_of(const char *path, char etag[128])
{
    const char *begin, *end;
    struct got got;

    ask(&got, path);
    begin = strstr(got.head, "ETag: ");
    assert_non_null(begin);
    end = strstr(begin, "\r\n");
    snprintf(etag, 128, "%.*s", (int)(end - begin - 6), begin + 6);
    assert_int_equal(etag[0], '"');
}

static void test_etag(void **state)
{
    char first[128], again[128], fields[256];
    struct got got;

    (void)state;
    make_file("root/changes.txt", "one");
    etag_of("/changes.txt", first);
    etag_of("/changes.txt", again);
    assert_string_equal(first, again);
    snprintf(fields, sizeof(fields), "If-None-Match: \"x\", %s\r\n", first);
    ask_with(&got, "GET", "/changes.txt", fields);
    assert_int_equal(got.status, 304);
    assert_non_null(strstr(got.head, first));
    snprintf(fields, sizeof(fields), "Range: bytes=1-1\r\nIf-Range: %s\r\n",
             first);
    ask_with(&got, "GET", "/changes.txt", fields);
    assert_int_equal(got.status, 206);
    assert_string_equal(got.body, "n");

    make_file("root/changes.txt", "three"); /* of the same time */
    etag_of("/changes.txt", again);
    assert_string_not_equal(first, again);
    ask_with(&got, "GET", "/changes.txt", fields);
    assert_int_equal(got.status, 200);
}

static void test_empty_file(void **state)
{
    struct got got;

    (void)state;
    ask_with(&got, "GET", "/none", "Range: bytes=0-\r\n");
    assert_int_equal(got.status, 416);
    ask_with(&got, "GET", "/none", "Range: bytes=-1\r\n");
    assert_true(got.status == 416 || got.status == 200);
}

/* ---- The root ------------------------------------------------------------ */

static void test_root(void **state)
{
    struct weft_files other = {.root = -1};
    struct weft_files served = files;
    struct got got;
    char name[256];

    (void)state;
    assert_int_equal(weft_files_init(&other, "/nowhere/at/all"),
                     WEFT_ERR_MISSING);
    assert_int_equal(other.root, -1);
    in_top(name, "secret.txt");
    assert_int_equal(weft_files_init(&other, name), WEFT_ERR_MISSING);
    weft_files_release(&other);

    assert_int_equal(weft_files_init(&other, NULL), 0);
    assert_int_equal(other.root, -1);
    files = other;
    ask(&got, "/");
    files = served;
    assert_int_equal(got.status, 404);
    weft_files_release(&other);

    in_top(name, "root/up-folder"); /* the root itself may be a link */
    assert_int_equal(weft_files_init(&other, name), 0);
    weft_files_release(&other);
    assert_int_equal(other.root, -1);
}

/* Fields that could not all be written are a 500, and the file is closed. */
static void test_without_memory(void **state)
{
    long n = 0;
    struct got got;

    (void)state;
    do {
        fm.left = n++;
        ask_with(&got, "GET", "/page.html", "Range: bytes=2-4\r\n");
        CHECK(got.status == 206 || got.status == 500, "%d", got.status);
        if (got.status == 500) /* nothing is left to describe a body */
            assert_string_equal(got.head, "");
        assert_int_equal(fm.live, 0);
    } while (got.status != 206);
    assert_true(n > 1);
    for (n = 0; got.status != 301; n++) {
        fm.left = n;
        ask(&got, "/odd \xc3\xa9%");
        CHECK(got.status == 301 || got.status == 500, "%d", got.status);
        if (got.status == 500)
            assert_string_equal(got.head, "");
    }
    fm.left = -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths), cmocka_unit_test(test_long_paths),
        cmocka_unit_test(test_types), cmocka_unit_test(test_requests),
        cmocka_unit_test(test_etag),  cmocka_unit_test(test_empty_file),
        cmocka_unit_test(test_root),  cmocka_unit_test(test_without_memory),
    };

    fm.left = -1;
    return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
