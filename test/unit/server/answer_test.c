/* SPDX-License-Identifier: MIT */
/* The bytes of answers. The date, which is the clock's, is taken out. */
#include "server/answer.h"
#include "support.h"

#include "http/date.h"
#include <stdio.h>

#define PLAIN                                                                  \
    "Content-Type: text/plain; charset=utf-8\r\n"                              \
    "Content-Length: "
#define BEHIND "\r\nX-Content-Type-Options: nosniff\r\n\r\n"

static const struct {
    const char *what;
    int status;
    const char *text, *fields;
    bool has_length, is_last, is_head;
    const char *want; /* without Date */
} cases[] = {
    {"reason phrase", 404, NULL, "", false, false, false,
     "HTTP/1.1 404 Not Found\r\n" PLAIN "14" BEHIND "404 Not Found\n"},
    {"sentence", 403, "go away", "", false, false, false,
     "HTTP/1.1 403 Forbidden\r\n" PLAIN "8" BEHIND "go away\n"},
    {"last", 400, "no", "", false, true, false,
     "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n" PLAIN "3" BEHIND
     "no\n"},
    {"HEAD", 404, NULL, "", false, false, true,
     "HTTP/1.1 404 Not Found\r\n" PLAIN "14" BEHIND},
    {"fields", 405, NULL, "Allow: GET\r\n", false, false, false,
     "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\n" PLAIN "23" BEHIND
     "405 Method Not Allowed\n"},
    {"file", 200, NULL, "Content-Length: 5\r\n", true, false, false,
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"},
    {"file, last", 206, NULL, "Content-Length: 5\r\n", true, true, false,
     "HTTP/1.1 206 Partial Content\r\nConnection: close\r\n"
     "Content-Length: 5\r\n\r\n"},
    {"not modified", 304, NULL, "ETag: \"a\"\r\n", true, false, false,
     "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n"},
    {"not modified, as a refusal", 304, "nothing new", "", false, true, false,
     "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n"},
    {"upgrade wanted", 426, "ask", "Upgrade: websocket\r\n", false, false,
     false,
     "HTTP/1.1 426 Upgrade Required\r\nConnection: Upgrade\r\n"
     "Upgrade: websocket\r\n" PLAIN "4" BEHIND "ask\n"},
    {"upgrade wanted, last", 426, "ask", "", false, true, false,
     "HTTP/1.1 426 Upgrade Required\r\nConnection: Upgrade, close\r\n" PLAIN
     "4" BEHIND "ask\n"},
    {"unknown status", 499, NULL, "", false, false, false,
     "HTTP/1.1 499 Unknown\r\n" PLAIN "12" BEHIND "499 Unknown\n"},
};

/* Writes what is queued as a string, without the Date field, which must be
 * there and be right. */
static void read_queue(const struct weft_queue *queue, char *out, size_t size)
{
    struct iovec iov[16];
    int count = weft_queue_peek(queue, iov, COUNT(iov));
    char *date, *end;
    size_t len = 0;
    int64_t when;

    for (int i = 0; i < count; i++) {
        assert_true(len + iov[i].iov_len < size);
        memcpy(out + len, iov[i].iov_base, iov[i].iov_len);
        len += iov[i].iov_len;
    }
    out[len] = '\0';
    date = strstr(out, "Date: ");
    assert_non_null(date);
    end = strstr(date, "\r\n");
    assert_non_null(end);
    assert_true(weft_date_parse(
        &when, (struct weft_slice){date + 6, (size_t)(end - date) - 6},
        weft_wall_clock()));
    assert_true(weft_wall_clock() - when < 60);
    memmove(date, end + 2, strlen(end + 2) + 1);
}

static void test_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fail_mem fm = {.left = -1};
        struct weft_mem mem = {fail_realloc, &fm};
        struct weft_answer answer;
        struct weft_queue queue;
        char got[2048];

        weft_queue_init(&queue, &mem);
        weft_answer_init(&answer, &mem, cases[i].status);
        assert_int_equal(answer.file.fd, -1);
        answer.text = cases[i].text;
        answer.has_length = cases[i].has_length;
        assert_int_equal(weft_buf_append_text(&answer.fields, cases[i].fields),
                         0);
        assert_int_equal(weft_answer_write(&queue, &answer, cases[i].is_last,
                                           cases[i].is_head),
                         0);
        read_queue(&queue, got, sizeof(got));
        CHECK(strcmp(got, cases[i].want) == 0, "%s:\n%s", cases[i].what, got);
        weft_answer_release(&answer);
        weft_queue_release(&queue);
        assert_int_equal(fm.live, 0);
    }
}

static void test_own_text(void **state)
{
    struct fail_mem fm = {.left = -1};
    struct weft_mem mem = {fail_realloc, &fm};
    char text[] = "not today";
    struct weft_answer answer;

    (void)state;
    weft_answer_init(&answer, &mem, 403);
    weft_answer_set_text(&answer, text);
    memset(text, 'x', sizeof(text) - 1);
    assert_string_equal(answer.text, "not today");
    weft_answer_release(&answer);
    weft_answer_release(&answer); /* twice is once */
    assert_int_equal(fm.live, 0);

    fm.left = 0;
    weft_answer_init(&answer, &mem, 403);
    weft_answer_set_text(&answer, "no memory");
    assert_null(answer.text);
    weft_answer_release(&answer);
}

/* Part of an answer is in the queue only with an error, which ends all. */
static void test_without_memory(void **state)
{
    long n = 0;
    int err;

    (void)state;
    do {
        struct fail_mem fm = {.left = n++};
        struct weft_mem mem = {fail_realloc, &fm};
        struct weft_answer answer;
        struct weft_queue queue;

        weft_queue_init(&queue, &mem);
        weft_answer_init(&answer, &mem, 500);
        err = weft_answer_write(&queue, &answer, true, false);
        CHECK(err == 0 || err == WEFT_ERR_NOMEM, "%d", err);
        weft_answer_release(&answer);
        weft_queue_release(&queue);
        CHECK(fm.live == 0, "%zu bytes at step %ld", fm.live, n);
    } while (err);
    assert_true(n > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_own_text),
        cmocka_unit_test(test_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
