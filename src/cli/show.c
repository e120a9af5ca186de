/* SPDX-License-Identifier: MIT */
/* A line is begun, written and ended here, so that its time, its sign and its
 * colour are in one place. The sign alone tells what is what where there are
 * no colours. */
#include "cli/show.h"

#include "cli/printable.h"
#include <stdarg.h>
#include <time.h>

#define ROW 16                     /* bytes in a row of a hexdump */
#define DUMP_MAX ((size_t)4 * ROW) /* bytes that are dumped */

static const struct {
    const char *sign, *color;
} kinds[] = {
    [SHOW_SENT] = {"> ", "\033[32m"},   /* green */
    [SHOW_CAME] = {"< ", "\033[36m"},   /* cyan */
    [SHOW_NOTE] = {"* ", "\033[2m"},    /* dim */
    [SHOW_PROBLEM] = {"* ", "\033[31m"} /* red */
};

/* ---- A line -------------------------------------------------------------- */

/* "10:31:07.123 " */
static void put_time(FILE *out)
{
    struct timespec now;
    struct tm tm;

    clock_gettime(CLOCK_REALTIME, &now);
    if (!localtime_r(&now.tv_sec, &tm))
        memset(&tm, 0, sizeof(tm));
    fprintf(out, "%02d:%02d:%02d.%03ld ", tm.tm_hour, tm.tm_min, tm.tm_sec,
            now.tv_nsec / 1000000);
}

static void begin(const struct show *show, enum show_kind kind)
{
    if (show->before)
        show->before(show->user);
    if (show->has_color)
        fputs(kinds[kind].color, show->out);
    if (show->has_times)
        put_time(show->out);
    if (!show->is_bare)
        fputs(kinds[kind].sign, show->out);
}

static void end(const struct show *show)
{
    fputs(show->has_color ? "\033[0m\n" : "\n", show->out);
    fflush(show->out);
}

static void put(const struct show *show, const void *text, size_t len)
{
    printable_put(show->out, text, len, show->has_color);
}

void show_line(const struct show *show, enum show_kind kind, const char *format,
               ...)
{
    va_list args;

    begin(show, kind);
    va_start(args, format);
    vfprintf(show->out, format, args);
    va_end(args);
    end(show);
}

/* ---- Messages ------------------------------------------------------------ */

/* "0010  68 65 6c 6c 6f                                    |hello|" */
static void put_row(const struct show *show, size_t at, const uint8_t *p,
                    size_t len)
{
    fprintf(show->out, "\n  %04zx ", at);
    for (size_t i = 0; i < ROW; i++) {
        fputs(i == ROW / 2 ? "  " : " ", show->out);
        if (i < len)
            fprintf(show->out, "%02x", p[i]);
        else
            fputs("  ", show->out);
    }
    fputs("  |", show->out);
    for (size_t i = 0; i < len; i++)
        fputc(p[i] >= 0x20 && p[i] < 0x7f ? p[i] : '.', show->out);
    fputc('|', show->out);
}

static const char *bytes(uint64_t count)
{
    return count == 1 ? "byte" : "bytes";
}

static void put_dump(const struct show *show, const uint8_t *p, size_t len)
{
    size_t shown = len < DUMP_MAX ? len : DUMP_MAX;

    fprintf(show->out, "binary, %zu %s", len, bytes(len));
    for (size_t at = 0; at < shown; at += ROW)
        put_row(show, at, p + at, shown - at < ROW ? shown - at : ROW);
    if (shown < len)
        fprintf(show->out, "\n  and %zu more", len - shown);
}

void show_message(const struct show *show, enum show_kind kind,
                  const struct weft_message *msg)
{
    begin(show, kind);
    switch (msg->kind) {
    case WEFT_TEXT:
        put(show, msg->data, msg->len);
        break;
    case WEFT_BINARY:
        put_dump(show, msg->data, msg->len);
        break;
    case WEFT_PING:
    case WEFT_PONG:
        fputs(msg->kind == WEFT_PING ? "ping" : "pong", show->out);
        fputs(msg->len > 0 ? " " : "", show->out);
        put(show, msg->data, msg->len);
        break;
    }
    end(show);
}

/* ---- The end ------------------------------------------------------------- */

const char *show_meaning(unsigned code)
{
    /* The IANA registry of close codes. */
    static const struct {
        unsigned code;
        const char *meaning;
    } codes[] = {
        {1000, "normal closure"},
        {1001, "going away"},
        {1002, "protocol error"},
        {1003, "unsupported data"},
        {1005, "no code was given"},
        {1006, "no closing handshake"},
        {1007, "invalid data"},
        {1008, "policy violation"},
        {1009, "message too big"},
        {1010, "missing extension"},
        {1011, "internal error"},
        {1012, "service restart"},
        {1013, "try again later"},
        {1014, "bad gateway"},
        {1015, "TLS handshake failed"},
        {3000, "unauthorized"},
        {3003, "forbidden"},
        {3008, "timeout"},
    };

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (codes[i].code == code)
            return codes[i].meaning;
    return code < 3000   ? "reserved"
           : code < 4000 ? "a registered code"
                         : "a code of the application's own";
}

void show_closed(const struct show *show, const struct weft_closed *how)
{
    begin(show, SHOW_NOTE);
    fprintf(show->out, "closed: %u %s", how->code, show_meaning(how->code));
    if (how->reason_len > 0) {
        fputs(", ", show->out);
        put(show, how->reason, how->reason_len);
    }
    end(show);
}

/* ---- What goes over the wire --------------------------------------------- */

void show_head(const struct show *show, enum show_kind kind, const char *head,
               size_t len)
{
    const char *limit = head + len;

    while (head < limit) {
        const char *lf = memchr(head, '\n', (size_t)(limit - head));
        size_t line = (size_t)((lf ? lf : limit) - head);
        size_t text = line > 0 && head[line - 1] == '\r' ? line - 1 : line;

        if (text > 0) {
            begin(show, kind);
            put(show, head, text);
            end(show);
        }
        head += line + (lf ? 1 : 0);
    }
}

void show_frame(const struct show *show, const struct weft_frame_info *frame)
{
    static const char *const names[16] = {
        [0] = "continuation", [1] = "text", [2] = "binary",
        [8] = "close",        [9] = "ping", [10] = "pong",
    };
    const uint8_t *key = frame->key;

    begin(show, frame->is_sent ? SHOW_SENT : SHOW_CAME);
    fputs(frame->fin ? "FIN " : "", show->out);
    for (unsigned i = 0; i < 3; i++)
        if (frame->rsv & (4U >> i))
            fprintf(show->out, "RSV%u ", i + 1);
    if (frame->opcode < 16 && names[frame->opcode])
        fprintf(show->out, "%s ", names[frame->opcode]);
    else
        fprintf(show->out, "opcode %u ", frame->opcode);
    if (frame->masked)
        fprintf(show->out, "masked %02x%02x%02x%02x ", key[0], key[1], key[2],
                key[3]);
    fprintf(show->out, "%llu %s", (unsigned long long)frame->len,
            bytes(frame->len));
    end(show);
}
