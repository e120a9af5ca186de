/* SPDX-License-Identifier: MIT */
/*
 * Comparing and cutting borrowed text, and the lists and tokens of RFC 9110
 * section 5.6. Nothing here copies or allocates; each function looks at each
 * byte a bounded number of times, also on a list of nothing but commas. Case
 * is that of ASCII whatever the locale, and an empty slice may have any
 * pointer, NULL too.
 */
#include "base/slice.h"

/* RFC 9110 section 5.6.2. */
static const bool tchars[256] = {
    ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
    ['!'] = true,         ['#'] = true,         ['$'] = true,
    ['%'] = true,         ['&'] = true,         ['\''] = true,
    ['*'] = true,         ['+'] = true,         ['-'] = true,
    ['.'] = true,         ['^'] = true,         ['_'] = true,
    ['`'] = true,         ['|'] = true,         ['~'] = true,
};

struct weft_slice weft_slice(const char *text)
{
    return (struct weft_slice){text, strlen(text)};
}

bool weft_slice_eq(struct weft_slice s, const char *text)
{
    size_t len = strlen(text);

    return s.len == len && (len == 0 || memcmp(s.ptr, text, len) == 0);
}

struct weft_slice weft_slice_take(struct weft_slice *s, size_t len)
{
    struct weft_slice front = {s->ptr, len};

    s->ptr += len;
    s->len -= len;
    return front;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool weft_slice_same_nocase(struct weft_slice a, struct weft_slice b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    }
    return true;
}

bool weft_slice_eq_nocase(struct weft_slice s, const char *text)
{
    return weft_slice_same_nocase(s, weft_slice(text));
}

static bool is_ows(char c)
{
    return c == ' ' || c == '\t';
}

struct weft_slice weft_slice_trim(struct weft_slice s)
{
    while (s.len > 0 && is_ows(s.ptr[0])) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && is_ows(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

bool weft_is_tchar(unsigned char c)
{
    return tchars[c];
}

bool weft_slice_is_token(struct weft_slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!tchars[(unsigned char)s.ptr[i]])
            return false;
    }
    return s.len > 0;
}

/*
 * Where the first comma outside quoted strings is, or s.len. A backslash is
 * an escape only inside a quoted string (RFC 9110 section 5.6.4); a string
 * that is never closed reaches to the end.
 */
static size_t find_comma(struct weft_slice s)
{
    bool quoted = false;
    size_t i;

    for (i = 0; i < s.len; i++) {
        if (s.ptr[i] == '"')
            quoted = !quoted;
        else if (quoted && s.ptr[i] == '\\' && i + 1 < s.len)
            i++;
        else if (!quoted && s.ptr[i] == ',')
            break;
    }
    return i;
}

bool weft_slice_next_member(struct weft_slice *list, struct weft_slice *member)
{
    while (list->len > 0) {
        size_t len = find_comma(*list);
        size_t used = len < list->len ? len + 1 : len;

        *member = weft_slice_trim((struct weft_slice){list->ptr, len});
        list->ptr += used;
        list->len -= used;
        if (member->len > 0)
            return true;
    }
    return false;
}

bool weft_slice_has_member(struct weft_slice list, const char *text)
{
    struct weft_slice member;

    while (weft_slice_next_member(&list, &member)) {
        if (weft_slice_eq_nocase(member, text))
            return true;
    }
    return false;
}

const struct weft_field *weft_field_next(const struct weft_field *fields,
                                         size_t count, const char *name,
                                         size_t *from)
{
    struct weft_slice wanted = weft_slice(name);

    while (*from < count) {
        const struct weft_field *field = &fields[(*from)++];

        if (weft_slice_same_nocase(field->name, wanted))
            return field;
    }
    return NULL;
}
