/* SPDX-License-Identifier: MIT */
/*
 * A URL, perhaps over a base. What is refused has a reason and holds no memory.
 * What is read is printable ASCII in which nothing can end a field or a line,
 * its parts are those of its href, and the href reads as itself, whatever it is
 * relative to.
 *
 * Input: the length of the base (0: none), the base, then the text.
 */
#include "fuzz.h"

#include "client/url.h"

/* An allocator of its own for each, which tells what is held. */
struct reading {
    struct fail_mem fm;
    struct weft_mem mem;
    struct weft_url url;
};

static int parse(struct reading *r, struct weft_slice text, const char *base)
{
    const char *reason;
    int err;

    r->fm = (struct fail_mem){.left = -1};
    r->mem = (struct weft_mem){fail_realloc, &r->fm};
    err = weft_url_parse(&r->url, &r->mem, text, base, &reason);
    CHECK(err == 0 || err == WEFT_ERR_INVALID, "%d", err);
    CHECK((err != 0) == (reason != NULL), "%d, and a reason or none", err);
    CHECK(err == 0 || r->fm.live == 0, "%zu bytes leaked", r->fm.live);
    CHECK(r->fm.peak < (1 << 20), "%zu bytes at once", r->fm.peak);
    return err;
}

static void release(struct reading *r)
{
    weft_url_release(&r->url);
    CHECK(r->fm.live == 0, "%zu bytes leaked", r->fm.live);
}

static void check_text(const char *text)
{
    for (; *text; text++)
        CHECK(*text > ' ' && *text <= '~', "byte %d", *text);
}

static bool ends_in(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);

    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static void check_parts(const struct weft_url *url)
{
    const char *scheme = url->is_secure ? "wss://" : "ws://";

    check_text(url->href);
    CHECK(strncmp(url->href, scheme, strlen(scheme)) == 0, "%s", url->href);
    CHECK(!strchr(url->href, '#'), "%s", url->href);
    CHECK(url->host[0] != '\0' && !strpbrk(url->host, "#%/<>?@[\\]^|"), "%s",
          url->host);
    CHECK(strstr(url->authority, url->host), "%s", url->authority);
    CHECK(!strpbrk(url->authority, "#%/<>?@\\^|"), "%s", url->authority);
    CHECK(url->resource[0] == '/', "%s", url->resource);
    CHECK(ends_in(url->href, url->resource), "%s", url->href);
}

static void check_same(const struct weft_url *url, const char *base)
{
    struct reading again;

    CHECK(parse(&again, weft_slice(url->href), base) == 0, "%s", url->href);
    CHECK(!strcmp(again.url.href, url->href), "%s, %s", url->href,
          again.url.href);
    CHECK(!strcmp(again.url.host, url->host), "%s", url->href);
    CHECK(!strcmp(again.url.authority, url->authority), "%s", url->href);
    CHECK(!strcmp(again.url.resource, url->resource), "%s", url->href);
    CHECK(again.url.port == url->port, "%s", url->href);
    CHECK(again.url.is_secure == url->is_secure, "%s", url->href);
    release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    size_t base_len = fuzz_byte(&in);
    const char *base = NULL;
    char copy[256] = "";
    struct reading r;
    struct weft_slice text;

    if (base_len > in.left)
        base_len = in.left;
    if (base_len > 0) {
        memcpy(copy, in.at, base_len);
        base = (const char *)at_page_end(copy, strlen(copy) + 1);
    }
    text.len = in.left - base_len;
    text.ptr = (const char *)at_page_end(in.at + base_len, text.len);
    if (parse(&r, text, base) != 0)
        return 0;
    check_parts(&r.url);
    check_same(&r.url, NULL);
    check_same(&r.url, "ws://u:p@i:83/j?k");
    release(&r);
    return 0;
}
