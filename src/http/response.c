/* SPDX-License-Identifier: MIT */
/*
 * The head of a response, written line by line into a buffer. Each call writes
 * a whole line or nothing, so that an error never leaves half a field behind,
 * and no line can hold a CR or LF that its caller did not know of: names and
 * values are checked here, whoever made them.
 */
#include "http/response.h"

#include <stdarg.h>

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {208, "Already Reported"},
    {226, "IM Used"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {418, "I'm a teapot"}, /* RFC 2324 */
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {510, "Not Extended"},
    {511, "Network Authentication Required"},
};

const char *weft_http_reason(int status)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "Unknown";
}

int weft_http_status(struct weft_buf *out, int status)
{
    if (status < 100 || status > 999)
        return WEFT_ERR_USAGE;
    return weft_buf_printf(out, "HTTP/1.1 %d %s\r\n", status,
                           weft_http_reason(status));
}

bool weft_http_field_is_valid(struct weft_slice name, struct weft_slice value)
{
    if (!weft_slice_is_token(name))
        return false;
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];

        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return weft_slice_trim(value).len == value.len;
}

static int append_slice(struct weft_buf *out, struct weft_slice s)
{
    return weft_buf_append(out, s.ptr, s.len);
}

/* As weft_http_field, but an error may leave a part of the line behind. */
static int append_field(struct weft_buf *out, struct weft_slice name,
                        struct weft_slice value)
{
    int err = append_slice(out, name);

    if (!err)
        err = weft_buf_append_text(out, ": ");
    if (!err)
        err = append_slice(out, value);
    if (!err)
        err = weft_buf_append_text(out, "\r\n");
    return err;
}

int weft_http_field(struct weft_buf *out, struct weft_slice name,
                    struct weft_slice value)
{
    size_t start = out->len;
    int err;

    if (!weft_http_field_is_valid(name, value))
        return WEFT_ERR_USAGE;
    err = append_field(out, name, value);
    if (err)
        out->len = start;
    return err;
}

/* Appends a formatted value, which must be one that may stand in a field. */
__attribute__((format(printf, 3, 0))) static int
append_value(struct weft_buf *out, struct weft_slice name, const char *format,
             va_list args)
{
    struct weft_slice value;
    size_t start = out->len;
    int err = weft_buf_vprintf(out, format, args);

    if (err)
        return err;
    value.ptr = (const char *)out->data + start;
    value.len = out->len - start;
    return weft_http_field_is_valid(name, value) ? 0 : WEFT_ERR_USAGE;
}

int weft_http_fieldf(struct weft_buf *out, const char *name, const char *format,
                     ...)
{
    size_t start = out->len;
    va_list args;
    int err;

    err = weft_buf_append_text(out, name);
    if (!err)
        err = weft_buf_append_text(out, ": ");
    if (!err) {
        va_start(args, format);
        err = append_value(out, weft_slice(name), format, args);
        va_end(args);
    }
    if (!err)
        err = weft_buf_append_text(out, "\r\n");
    if (err)
        out->len = start;
    return err;
}

int weft_http_end(struct weft_buf *out)
{
    return weft_buf_append_text(out, "\r\n");
}
