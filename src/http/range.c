/* SPDX-License-Identifier: MIT */
/*
 * Ranges and conditions. A range or date that is not valid, or stands in two
 * fields, counts as not sent: then the whole is sent, which is always a right
 * answer to a GET. A list of tags is read as far as it is valid; a tag behind
 * that is not in it.
 *
 * Tags are compared as text. The file's own is strong, so a weak one equals it
 * only where RFC 9110 section 8.8.3.2 asks for weak comparison.
 */
#include "http/range.h"
#include "http/date.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes digits off the front; false when there are none. What is too large
 * for 64 bits is held at their end. */
static bool take_number(struct weft_slice *s, uint64_t *number)
{
    size_t len = 0;

    *number = 0;
    for (; len < s->len && is_digit(s->ptr[len]); len++) {
        uint64_t digit = (uint64_t)(s->ptr[len] - '0');

        if (*number > (UINT64_MAX - digit) / 10)
            *number = UINT64_MAX;
        else
            *number = *number * 10 + digit;
    }
    s->ptr += len;
    s->len -= len;
    return len > 0;
}

static bool take_char(struct weft_slice *s, char c)
{
    if (s->len == 0 || s->ptr[0] != c)
        return false;
    s->ptr++;
    s->len--;
    return true;
}

/* "-500": the last 500 bytes. Of nothing, the whole is all there is to send:
 * Content-Range has no form for it. */
static int parse_suffix(struct weft_range *range, struct weft_slice s,
                        uint64_t size)
{
    uint64_t count;

    if (!take_number(&s, &count) || s.len > 0)
        return 200;
    if (count == 0)
        return 416;
    if (size == 0)
        return 200;
    range->first = count < size ? size - count : 0;
    range->last = size - 1;
    return 206;
}

/* "0-499" or "500-". */
static int parse_span(struct weft_range *range, struct weft_slice s,
                      uint64_t size)
{
    uint64_t first, last = UINT64_MAX;

    if (!take_number(&s, &first) || !take_char(&s, '-'))
        return 200;
    if (s.len > 0 && (!take_number(&s, &last) || s.len > 0))
        return 200;
    if (first > last)
        return 200;
    if (first >= size)
        return 416;
    range->first = first;
    range->last = last < size ? last : size - 1;
    return 206;
}

int weft_range_parse(struct weft_range *range, struct weft_slice value,
                     uint64_t size)
{
    static const char unit[] = "bytes=";
    struct weft_slice set = value, head = value, spec, another;

    head.len = sizeof(unit) - 1;
    if (value.len < head.len || !weft_slice_eq_nocase(head, unit))
        return 200;
    set.ptr += head.len;
    set.len -= head.len;
    if (!weft_slice_next_member(&set, &spec) ||
        weft_slice_next_member(&set, &another))
        return 200;
    if (take_char(&spec, '-'))
        return parse_suffix(range, spec, size);
    return parse_span(range, spec, size);
}

/* etagc of RFC 9110 section 8.8.3; a backslash is no escape in it. */
static bool is_tag_byte(unsigned char c)
{
    return c == '!' || (c > '"' && c != 0x7f);
}

/* Takes an entity tag off the front: *tag is its text with the quotes. */
static bool take_tag(struct weft_slice *s, struct weft_slice *tag,
                     bool *is_weak)
{
    size_t len = 1;

    *is_weak = s->len >= 2 && memcmp(s->ptr, "W/", 2) == 0;
    if (*is_weak) {
        s->ptr += 2;
        s->len -= 2;
    }
    if (s->len == 0 || s->ptr[0] != '"')
        return false;
    while (len < s->len && is_tag_byte((unsigned char)s->ptr[len]))
        len++;
    if (len == s->len || s->ptr[len] != '"')
        return false;
    *tag = (struct weft_slice){s->ptr, len + 1};
    s->ptr += len + 1;
    s->len -= len + 1;
    return true;
}

/* Whether a list of tags, or "*" for any, has the file's. It is read as far as
 * it is well formed. */
static bool has_tag(struct weft_slice list, const char *etag, bool allow_weak)
{
    struct weft_slice tag;
    bool is_weak;

    if (weft_slice_eq(list, "*"))
        return true;
    for (;;) {
        list = weft_slice_trim(list);
        if (take_char(&list, ','))
            continue;
        if (!take_tag(&list, &tag, &is_weak))
            return false;
        list = weft_slice_trim(list);
        if (list.len > 0 && list.ptr[0] != ',')
            return false;
        if ((allow_weak || !is_weak) && weft_slice_eq(tag, etag))
            return true;
    }
}

/* What a condition is judged by. */
struct given {
    const struct weft_field *fields;
    size_t count;
    const struct weft_validators *file;
    int64_t now;
};

/* Over all fields of that name: -1 when there is none, else whether one of
 * them has the file's tag. */
static int match_tags(const struct given *g, const char *name, bool allow_weak)
{
    const struct weft_field *field;
    size_t from = 0;
    int match = -1;

    while ((field = weft_field_next(g->fields, g->count, name, &from))) {
        if (has_tag(field->value, g->file->etag, allow_weak))
            return 1;
        match = 0;
    }
    return match;
}

/* The only field of that name, or NULL. */
static const struct weft_field *find_single(const struct given *g,
                                            const char *name)
{
    size_t from = 0;
    const struct weft_field *field =
        weft_field_next(g->fields, g->count, name, &from);

    return weft_field_next(g->fields, g->count, name, &from) ? NULL : field;
}

/* Whether the file has not changed after the date in that field: -1 when there
 * is none or it is not valid. */
static int match_date(const struct given *g, const char *name)
{
    const struct weft_field *field = find_single(g, name);
    int64_t date;

    if (!field || !weft_date_parse(&date, field->value, g->now))
        return -1;
    return g->file->last_modified <= date;
}

int weft_conditions(const struct weft_field *fields, size_t count,
                    const struct weft_validators *file, int64_t now)
{
    const struct given given = {fields, count, file, now};
    int match = match_tags(&given, "If-Match", false);

    if (match < 0)
        match = match_date(&given, "If-Unmodified-Since");
    if (match == 0)
        return 412;

    match = match_tags(&given, "If-None-Match", true);
    if (match < 0)
        match = match_date(&given, "If-Modified-Since");
    return match > 0 ? 304 : 200;
}

/*
 * The validator must be strong (RFC 9110 section 13.1.5). A date is not while
 * the second it names lasts: the file may change again within it.
 */
bool weft_if_range(const struct weft_field *fields, size_t count,
                   const struct weft_validators *file, int64_t now)
{
    const struct given given = {fields, count, file, now};
    const struct weft_field *field;
    struct weft_slice value, tag;
    size_t from = 0;
    bool is_weak;
    int64_t date;

    if (!weft_field_next(fields, count, "If-Range", &from))
        return true;
    field = find_single(&given, "If-Range");
    if (!field)
        return false;
    value = field->value;
    if (take_tag(&value, &tag, &is_weak))
        return value.len == 0 && !is_weak && weft_slice_eq(tag, file->etag);
    return weft_date_parse(&date, field->value, now) &&
           date == file->last_modified && date < now;
}
