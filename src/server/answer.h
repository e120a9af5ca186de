/* SPDX-License-Identifier: MIT */
/* What is answered to an HTTP request, and its bytes. */
#ifndef WEFT_SERVER_ANSWER_H
#define WEFT_SERVER_ANSWER_H

#include "base/buf.h"
#include "base/queue.h"
#include "server/files.h"

struct weft_answer {
    int status;
    const char *text;       /* the body, a sentence; NULL: the reason phrase */
    struct weft_buf fields; /* more of the head */
    struct weft_file file;  /* the body instead of text */
    bool has_length; /* fields describe the body, or there is none (304) */
    bool has_type;   /* fields have a Content-Type of the handler's */
    bool is_logged;  /* there is a line for it already */
    char *own_text;  /* what text points to, if it had to be copied */
};

void weft_answer_init(struct weft_answer *answer, const struct weft_mem *mem,
                      int status);

void weft_answer_release(struct weft_answer *answer);

/* Makes a copy of text the body. Without memory the reason phrase stays. */
void weft_answer_set_text(struct weft_answer *answer, const char *text);

/* Queues the head, and the body when it is text. If is_last, it says that the
 * connection closes; a HEAD gets no body. 0 or NOMEM. */
WEFT_CHECK int weft_answer_write(struct weft_queue *out,
                                 const struct weft_answer *answer, bool is_last,
                                 bool is_head);

/* Seconds since 1970. */
int64_t weft_wall_clock(void);

#endif
