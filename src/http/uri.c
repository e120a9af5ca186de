/* SPDX-License-Identifier: MIT */
/*
 * Request targets and percent-encoding. A target is checked in full before any
 * part of it is handed out, so that a "%" in what weft_target_parse returns
 * always has its two hex digits. Decoding happens once, at the use, and never
 * yields the two bytes that would change what a path means to the system: NUL
 * and "/". Each function is linear in its input.
 */
#include "http/uri.h"

/*
 * Where a character may stand. RFC 3986 has no "[", "]", "|" and "^" in paths
 * and queries, nor "{", "}", "`" and "\" in queries, but the URL standard of
 * browsers does not encode them there, so that real requests hold them. None
 * of them separates anything in a request.
 */
enum {
    IN_PATH = 1,
    IN_QUERY = 2,
    IN_HOST = 4, /* reg-name and IPv4address of RFC 3986 section 3.2.2 */
    ANYWHERE = IN_PATH | IN_QUERY | IN_HOST,
    IN_TARGET = IN_PATH | IN_QUERY,
};

static const uint8_t places[256] = {
    ['0' ... '9'] = ANYWHERE, ['A' ... 'Z'] = ANYWHERE,
    ['a' ... 'z'] = ANYWHERE, ['-'] = ANYWHERE,
    ['.'] = ANYWHERE,         ['_'] = ANYWHERE,
    ['~'] = ANYWHERE,         ['!'] = ANYWHERE,
    ['$'] = ANYWHERE,         ['&'] = ANYWHERE,
    ['\''] = ANYWHERE,        ['('] = ANYWHERE,
    [')'] = ANYWHERE,         ['*'] = ANYWHERE,
    ['+'] = ANYWHERE,         [','] = ANYWHERE,
    [';'] = ANYWHERE,         ['='] = ANYWHERE,
    ['%'] = ANYWHERE,         [':'] = IN_TARGET,
    ['@'] = IN_TARGET,        ['/'] = IN_TARGET,
    ['['] = IN_TARGET,        [']'] = IN_TARGET,
    ['|'] = IN_TARGET,        ['^'] = IN_TARGET,
    ['?'] = IN_QUERY,         ['{'] = IN_QUERY,
    ['}'] = IN_QUERY,         ['`'] = IN_QUERY,
    ['\\'] = IN_QUERY,
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static struct weft_slice skip(struct weft_slice s, size_t n)
{
    return (struct weft_slice){s.ptr + n, s.len - n};
}

/* Takes one byte off the front, decoded; -1: a "%" without two hex digits. The
 * slice is not empty. */
static int take_byte(struct weft_slice *s)
{
    int high, low;

    if (s->ptr[0] != '%') {
        int c = (unsigned char)s->ptr[0];

        *s = skip(*s, 1);
        return c;
    }
    if (s->len < 3)
        return -1;
    high = hex_value(s->ptr[1]);
    low = hex_value(s->ptr[2]);
    if (high < 0 || low < 0)
        return -1;
    *s = skip(*s, 3);
    return high << 4 | low;
}

/* Takes what stands before the first c off the front, and c too; all of it
 * when there is no c. */
static struct weft_slice take_until(struct weft_slice *s, char c)
{
    const char *end = s->len > 0 ? memchr(s->ptr, c, s->len) : NULL;
    struct weft_slice front = *s;

    if (!end) {
        *s = skip(*s, s->len);
        return front;
    }
    front.len = (size_t)(end - s->ptr);
    *s = skip(*s, front.len + 1);
    return front;
}

/* Whether every character may stand in that place. */
static bool is_made_of(struct weft_slice s, uint8_t place)
{
    while (s.len > 0) {
        if (!(places[(unsigned char)s.ptr[0]] & place) || take_byte(&s) < 0)
            return false;
    }
    return true;
}

static bool is_known_scheme(struct weft_slice scheme)
{
    static const char *const known[] = {"http", "https", "ws", "wss"};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (weft_slice_eq_nocase(scheme, known[i]))
            return true;
    }
    return false;
}

/* Takes scheme and authority of an absolute form off the front. */
static int take_origin(struct weft_target *target, struct weft_slice *rest)
{
    struct weft_slice host;
    size_t len = 0;
    int port;

    target->scheme = take_until(rest, ':');
    if (!is_known_scheme(target->scheme))
        return -400;
    if (rest->len < 2 || memcmp(rest->ptr, "//", 2) != 0)
        return -400;
    *rest = skip(*rest, 2);
    while (len < rest->len && rest->ptr[len] != '/' && rest->ptr[len] != '?')
        len++;
    target->authority = (struct weft_slice){rest->ptr, len};
    *rest = skip(*rest, len);
    return weft_authority_split(target->authority, &host, &port) ? 0 : -400;
}

int weft_target_parse(struct weft_target *target, struct weft_slice raw)
{
    struct weft_slice path, rest = raw;
    int err;

    *target = (struct weft_target){.path = {"/", 1}};
    if (raw.len == 0)
        return -400;
    if (raw.ptr[0] != '/') {
        err = take_origin(target, &rest);
        if (err)
            return err;
    }
    path = take_until(&rest, '?');
    if (path.len > 0)
        target->path = path;
    if (rest.ptr != path.ptr + path.len) /* there was a "?" */
        target->query = rest;
    if (!is_made_of(path, IN_PATH) || !is_made_of(rest, IN_QUERY))
        return -400;
    return 0;
}

/* Whether the segment at the front of path is "." (1) or ".." (2), encoded or
 * not; *used is its length then. 0: it is neither. */
static int dot_segment(struct weft_slice path, size_t *used)
{
    struct weft_slice rest = path;
    int dots = 0;

    while (rest.len > 0 && rest.ptr[0] != '/') {
        if (take_byte(&rest) != '.' || ++dots > 2)
            return 0;
    }
    *used = path.len - rest.len;
    return dots;
}

/* Appends c to out[*len] and leaves room for a NUL; false when there is none.
 */
static bool put(char *out, size_t size, size_t *len, int c)
{
    if (size - *len < 2)
        return false;
    out[(*len)++] = (char)c;
    return true;
}

/* Decodes the segment at the front of *path, and a "/" if another follows. The
 * "/" itself stays in *path. False: it does not fit or is not allowed. */
static bool take_segment(char *out, size_t size, size_t *len,
                         struct weft_slice *path)
{
    while (path->len > 0 && path->ptr[0] != '/') {
        int c = take_byte(path);

        if (c <= 0 || c == '/' || !put(out, size, len, c))
            return false;
    }
    return path->len == 0 || put(out, size, len, '/');
}

/* Drops the last segment of out[*len], which ends with "/"; false when that is
 * the root. */
static bool climb(const char *out, size_t *len)
{
    if (*len < 2)
        return false;
    do {
        --*len;
    } while (out[*len - 1] != '/');
    return true;
}

int weft_path_decode(char *out, size_t size, struct weft_slice path)
{
    size_t len = 1, used;

    if (size < 2 || path.len == 0 || path.ptr[0] != '/')
        return -1;
    out[0] = '/';
    /* Each turn reads one segment; path begins with the "/" before it, which
     * is out[len - 1] already. */
    while (path.len > 0) {
        int dots;

        path = skip(path, 1);
        dots = dot_segment(path, &used);
        if (dots > 0)
            path = skip(path, used);
        else if (!take_segment(out, size, &len, &path))
            return -1;
        if (dots == 2 && !climb(out, &len))
            return -1;
    }
    out[len] = '\0';
    return (int)len;
}

/* As take_byte, but "+" is a space. */
static int take_form_byte(struct weft_slice *s)
{
    bool is_plus = s->ptr[0] == '+';
    int c = take_byte(s);

    return is_plus ? ' ' : c;
}

static bool is_form_name(struct weft_slice s, const char *name)
{
    while (s.len > 0) {
        int c = take_form_byte(&s);

        if (c <= 0 || c != (unsigned char)*name)
            return false;
        name++;
    }
    return *name == '\0';
}

static int form_decode(char *out, size_t size, struct weft_slice s)
{
    size_t len = 0;

    while (s.len > 0) {
        int c = take_form_byte(&s);

        if (c <= 0 || !put(out, size, &len, c))
            return -1;
    }
    out[len] = '\0';
    return (int)len;
}

int weft_query_param(char *out, size_t size, struct weft_slice query,
                     const char *name)
{
    if (size == 0)
        return -1;
    while (query.len > 0) {
        struct weft_slice value = take_until(&query, '&');
        bool is_empty = value.len == 0;
        struct weft_slice key = take_until(&value, '=');

        if (!is_empty && is_form_name(key, name))
            return form_decode(out, size, value);
    }
    return -1;
}

/* dec-octet of RFC 3986: a number to 255 without leading zeros. */
static bool is_octet(struct weft_slice s)
{
    int value = 0;

    if (s.len == 0 || s.len > 3 || (s.len > 1 && s.ptr[0] == '0'))
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (!is_digit(s.ptr[i]))
            return false;
        value = value * 10 + s.ptr[i] - '0';
    }
    return value <= 255;
}

static bool is_ipv4(struct weft_slice s)
{
    for (int dots = 0; dots < 3; dots++) {
        if (!is_octet(take_until(&s, '.')))
            return false;
    }
    return is_octet(s);
}

/* h16 of RFC 3986. */
static bool is_group(struct weft_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (hex_value(s.ptr[i]) < 0)
            return false;
    }
    return s.len >= 1 && s.len <= 4;
}

/* The number of groups of 16 bits that groups of 1 to 4 hex digits with ":"
 * between them make, the last two perhaps as an IPv4 address; -1: they are
 * not. None for an empty text. */
static int count_groups(struct weft_slice s)
{
    int groups = 0;

    while (s.len > 0) {
        bool is_last = !memchr(s.ptr, ':', s.len);
        struct weft_slice group = take_until(&s, ':');

        if (is_last && is_ipv4(group))
            return groups + 2;
        if (!is_group(group) || (!is_last && s.len == 0))
            return -1;
        groups++;
    }
    return groups;
}

/* IPv6address of RFC 3986: eight groups, or fewer around one "::". */
static bool is_ipv6(struct weft_slice s)
{
    struct weft_slice before = s;
    int first, second;

    for (size_t i = 0; i + 1 < s.len; i++) {
        if (s.ptr[i] != ':' || s.ptr[i + 1] != ':')
            continue;
        before.len = i;
        first = count_groups(before);
        second = count_groups(skip(s, i + 2));
        /* An IPv4 address may only stand at the very end. */
        return first >= 0 && second >= 0 && first + second <= 7 &&
               (i == 0 || !memchr(s.ptr, '.', i));
    }
    return count_groups(s) == 8;
}

/* ":" and digits, or nothing. A port without digits is none (RFC 3986 section
 * 3.2.3). */
static bool read_port(struct weft_slice s, int *port)
{
    *port = -1;
    if (s.len == 0)
        return true;
    if (s.ptr[0] != ':')
        return false;
    for (size_t i = 1; i < s.len; i++) {
        if (!is_digit(s.ptr[i]))
            return false;
        *port = (*port < 0 ? 0 : *port * 10) + s.ptr[i] - '0';
        if (*port > UINT16_MAX)
            return false;
    }
    return true;
}

bool weft_authority_split(struct weft_slice authority, struct weft_slice *host,
                          int *port)
{
    bool has_bracket = authority.len > 0 && authority.ptr[0] == '[';
    struct weft_slice rest = authority, inside;

    if (has_bracket) {
        inside = take_until(&rest, ']');
        *host = (struct weft_slice){authority.ptr, inside.len + 1};
        if (host->len > authority.len || !is_ipv6(skip(inside, 1)))
            return false;
        return read_port(rest, port);
    }
    host->ptr = authority.ptr;
    for (host->len = 0; host->len < authority.len; host->len++) {
        if (authority.ptr[host->len] == ':')
            break;
    }
    if (host->len == 0 || !is_made_of(*host, IN_HOST))
        return false;
    return read_port(skip(authority, host->len), port);
}
