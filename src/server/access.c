/* SPDX-License-Identifier: MIT */
/* What an operator can do something about is a warning; a page that does not
 * exist and the like is not. A handler's own words may be a secret. */
#include "server/access.h"

#include "http/response.h"

static enum weft_log_level level_of(int status)
{
    bool is_mistake = status == 404 || status == 405 || status == 412 ||
                      status == 416 || status == 426;

    return is_mistake ? WEFT_LOG_DEBUG : WEFT_LOG_WARN;
}

void weft_access_request(struct weft_log *log, const struct weft_host *peer,
                         const struct weft_http_request *req,
                         struct weft_slice path, int status)
{
    char text[WEFT_ADDRESS_TEXT];

    if (!log->has_access)
        return;
    weft_log_line(log, WEFT_LOG_ACCESS, "%s %.*s %.*s %d",
                  weft_host_text(peer, text), (int)req->method.len,
                  req->method.ptr, (int)path.len, path.ptr, status);
}

void weft_access_refusal(struct weft_log *log, const struct weft_host *peer,
                         struct weft_slice path,
                         const struct weft_answer *answer)
{
    char text[WEFT_ADDRESS_TEXT];

    if (answer->status < 400 || !answer->text || answer->is_logged)
        return;
    weft_log_line(log, level_of(answer->status), "%s %.*s: %d %s",
                  weft_host_text(peer, text), (int)path.len, path.ptr,
                  answer->status,
                  answer->own_text ? "refused by the handler" : answer->text);
}

void weft_access_malformed(struct weft_log *log, const struct weft_host *peer,
                           int status)
{
    char text[WEFT_ADDRESS_TEXT];

    weft_host_text(peer, text);
    weft_log_line(log, WEFT_LOG_ACCESS, "%s - - %d", text, status);
    weft_log_line(log, WEFT_LOG_WARN, "%s: refused with %d %s", text, status,
                  weft_http_reason(status));
}

void weft_access_tls(struct weft_log *log, const struct weft_host *peer,
                     const char *why)
{
    char text[WEFT_ADDRESS_TEXT];

    weft_log_line(log, WEFT_LOG_WARN, "%s: %s", weft_host_text(peer, text),
                  why);
}
