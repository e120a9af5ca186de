/* SPDX-License-Identifier: MIT */
/* Answers of our own making are plain text: a status, and a sentence that says
 * what was wrong. */
#include "server/answer.h"

#include "base/mem.h"
#include "http/date.h"
#include "http/response.h"
#include <stdio.h>
#include <time.h>

#define HEAD_MAX 131072
#define LINE_SIZE 256 /* our sentences are shorter */

int64_t weft_wall_clock(void)
{
    return (int64_t)time(NULL);
}

void weft_answer_init(struct weft_answer *answer, const struct weft_mem *mem,
                      int status)
{
    *answer = (struct weft_answer){.status = status, .file.fd = -1};
    weft_buf_init(&answer->fields, mem, HEAD_MAX);
}

void weft_answer_release(struct weft_answer *answer)
{
    if (answer->own_text)
        weft_strfree(answer->fields.mem, answer->own_text);
    answer->own_text = NULL;
    weft_buf_release(&answer->fields);
}

void weft_answer_set_text(struct weft_answer *answer, const char *text)
{
    answer->own_text = weft_strdup(answer->fields.mem, text);
    answer->text = answer->own_text;
}

static int put_head(struct weft_buf *head, const struct weft_answer *answer,
                    bool is_last)
{
    char date[WEFT_DATE_SIZE];
    int err = weft_http_status(head, answer->status);

    weft_date_format(date, weft_wall_clock());
    if (!err)
        err = weft_http_fieldf(head, "Date", "%s", date);
    if (!err && is_last)
        err = weft_http_fieldf(head, "Connection", "%s",
                               answer->status == 426 ? "Upgrade, close"
                                                     : "close");
    else if (!err && answer->status == 426)
        err = weft_http_fieldf(head, "Connection", "Upgrade");
    if (!err)
        err = weft_buf_append(head, answer->fields.data, answer->fields.len);
    return err;
}

static int put_text_fields(struct weft_buf *head,
                           const struct weft_answer *answer, size_t len)
{
    int err = 0;

    if (!answer->has_type)
        err =
            weft_http_fieldf(head, "Content-Type", "text/plain; charset=utf-8");
    if (!err)
        err = weft_http_fieldf(head, "Content-Length", "%zu", len);
    if (!err)
        err = weft_http_fieldf(head, "X-Content-Type-Options", "nosniff");
    return err;
}

/* The body: a handler's text as it is, ours as a line. */
static const char *text_of(const struct weft_answer *answer,
                           char line[LINE_SIZE])
{
    if (answer->own_text)
        return answer->own_text;
    if (answer->text)
        snprintf(line, LINE_SIZE, "%s\n", answer->text);
    else
        snprintf(line, LINE_SIZE, "%d %s\n", answer->status,
                 weft_http_reason(answer->status));
    return line;
}

int weft_answer_write(struct weft_queue *out, const struct weft_answer *answer,
                      bool is_last, bool is_head)
{
    /* RFC 9110 section 15.4.5: a 304 never has a body. */
    bool has_text = !answer->has_length && answer->status != 304;
    char line[LINE_SIZE];
    const char *text = text_of(answer, line);
    struct weft_buf head;
    int err;

    weft_buf_init(&head, out->mem, HEAD_MAX);
    err = put_head(&head, answer, is_last);
    if (!err && has_text)
        err = put_text_fields(&head, answer, strlen(text));
    if (!err)
        err = weft_http_end(&head);
    if (!err)
        err = weft_queue_append(out, head.data, head.len);
    if (!err && has_text && !is_head)
        err = weft_queue_append(out, text, strlen(text));
    weft_buf_release(&head);
    return err;
}
