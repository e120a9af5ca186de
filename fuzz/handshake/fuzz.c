/* SPDX-License-Identifier: MIT */
/*
 * A server's check of any fields at all. What it accepts has, by a plain
 * reading of RFC 6455 section 4.2.1, each field that it must have; what it
 * refuses is told in words and with the right status. Neither the order of the
 * fields nor their case nor what else there is makes a difference. The answer
 * that belongs to what was accepted is one that a client verifies, for each
 * protocol offered, and with any other key it is not.
 *
 * Input: a field on each line, "Name: value".
 */
#include "fuzz.h"

#include "../../test/unit/client/opening_fixture.h"
#include "tls/crypto.h"
#include <ctype.h>

#define FIELDS_MAX 64

struct head {
    struct weft_field fields[FIELDS_MAX];
    size_t count;
};

/* What was found. */
struct verdict {
    bool is_good;
    struct weft_refusal why;
    struct weft_slice key;
};

/* ---- Fields -------------------------------------------------------------- */

/* A copy in a block of its own, both of whose ends the sanitizer watches. */
static struct weft_slice copy_of(const uint8_t *p, size_t len)
{
    char *copy = malloc(len);

    CHECK(copy || len == 0, "no memory");
    if (len > 0)
        memcpy(copy, p, len);
    return (struct weft_slice){copy, len};
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static void add_line(struct head *head, const uint8_t *line, size_t len)
{
    const uint8_t *colon = len > 0 ? memchr(line, ':', len) : NULL;
    struct weft_field *field = &head->fields[head->count];
    size_t name_len, from;

    if (!colon || head->count == FIELDS_MAX)
        return;
    name_len = (size_t)(colon - line);
    from = name_len + 1;
    while (from < len && is_space(line[from]))
        from++;
    while (len > from && is_space(line[len - 1]))
        len--;
    field->name = copy_of(line, name_len);
    field->value = copy_of(line + from, len - from);
    head->count++;
}

static void read_head(struct head *head, const uint8_t *data, size_t size)
{
    head->count = 0;
    while (size > 0) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t len = end ? (size_t)(end - data) : size;

        add_line(head, data, len);
        size -= len + (end != NULL);
        data += len + (end != NULL);
    }
}

static void free_head(struct head *head)
{
    for (size_t i = 0; i < head->count; i++) {
        free((void *)(uintptr_t)head->fields[i].name.ptr);
        free((void *)(uintptr_t)head->fields[i].value.ptr);
    }
}

/* ---- A plain reading ----------------------------------------------------- */

/* Whether the text begins with the word, but for case. */
static bool has_front(struct weft_slice s, const char *word)
{
    size_t len = strlen(word);

    return s.len >= len && strncasecmp(s.ptr, word, len) == 0;
}

static bool is_named(const struct weft_field *field, const char *name)
{
    return field->name.len == strlen(name) && has_front(field->name, name);
}

static bool contains(struct weft_slice s, const char *word)
{
    for (; s.len > 0; s.ptr++, s.len--)
        if (has_front(s, word))
            return true;
    return false;
}

/* How many fields have the name; *last is set to one of them. */
static size_t count_of(const struct head *head, const char *name,
                       struct weft_slice *last)
{
    size_t n = 0;

    for (size_t i = 0; i < head->count; i++) {
        if (!is_named(&head->fields[i], name))
            continue;
        *last = head->fields[i].value;
        n++;
    }
    return n;
}

static bool any_contains(const struct head *head, const char *name,
                         const char *word)
{
    for (size_t i = 0; i < head->count; i++)
        if (is_named(&head->fields[i], name) &&
            contains(head->fields[i].value, word))
            return true;
    return false;
}

/* 16 bytes in Base64: 21 characters of six bits, one of two, and "==". */
static void check_key(struct weft_slice key)
{
    CHECK(key.len == 24 && key.ptr[22] == '=' && key.ptr[23] == '=',
          "a key of %zu bytes", key.len);
    for (size_t i = 0; i < 22; i++)
        CHECK(isalnum((unsigned char)key.ptr[i]) || key.ptr[i] == '+' ||
                  key.ptr[i] == '/',
              "byte %d of a key", key.ptr[i]);
    CHECK(memchr("AQgw", key.ptr[21], 4), "bits behind the key");
}

static void check_accepted(const struct head *head, struct weft_slice key)
{
    struct weft_slice value = {"", 0};

    CHECK(weft_handshake_is_asked(head->fields, head->count), "not asked");
    CHECK(any_contains(head, "Upgrade", "websocket"), "Upgrade");
    CHECK(any_contains(head, "Connection", "upgrade"), "Connection");
    CHECK(count_of(head, "Sec-WebSocket-Version", &value) == 1, "versions");
    CHECK(value.len == 2 && memcmp(value.ptr, "13", 2) == 0, "version");
    CHECK(count_of(head, "Sec-WebSocket-Key", &value) == 1, "keys");
    CHECK(value.ptr == key.ptr && value.len == key.len, "another key");
    check_key(key);
}

static void check_refused(const struct head *head,
                          const struct weft_refusal *why)
{
    struct weft_slice version;
    bool is_13 = count_of(head, "Sec-WebSocket-Version", &version) == 1 &&
                 version.len == 2 && memcmp(version.ptr, "13", 2) == 0;

    CHECK(why->text && why->text[0], "no words");
    CHECK(why->status == 400 || why->status == 426, "status %d", why->status);
    /* Section 4.4: only that the version is wrong is told by 426. */
    CHECK(why->status == 400 || !is_13, "426 for version 13");
}

static void check_offers(const struct head *head)
{
    struct weft_slice offers[WEFT_OFFERS_MAX], value;
    size_t n = weft_handshake_offers(head->fields, head->count, offers);

    CHECK(n <= WEFT_OFFERS_MAX, "%zu offers", n);
    CHECK((n > 0) == (count_of(head, "Sec-WebSocket-Protocol", &value) > 0),
          "%zu offers", n);
    for (size_t i = 0; i < n; i++) {
        CHECK(weft_slice_is_token(offers[i]), "offer %zu", i);
        for (size_t j = 0; j < i; j++)
            CHECK(offers[i].len != offers[j].len ||
                      memcmp(offers[i].ptr, offers[j].ptr, offers[i].len) != 0,
                  "offers %zu and %zu are the same", i, j);
    }
}

/* ---- The same in other words --------------------------------------------- */

static struct verdict judge(const struct head *head)
{
    struct verdict v;

    v.is_good = weft_handshake_check(head->fields, head->count, &v.key, &v.why);
    return v;
}

static void swap_case(struct weft_slice name)
{
    char *p = (char *)(uintptr_t)name.ptr;

    for (size_t i = 0; i < name.len; i++)
        if (isalpha((unsigned char)p[i]))
            p[i] ^= 0x20;
}

/* Changes the case of names, turns the order around, and adds a field. */
static void check_same(struct head *head, const struct verdict *v)
{
    struct head other = {.count = head->count};
    struct verdict again;

    for (size_t i = 0; i < head->count; i++) {
        other.fields[i] = head->fields[head->count - 1 - i];
        swap_case(other.fields[i].name);
    }
    if (other.count < FIELDS_MAX)
        other.fields[other.count++] = (struct weft_field){
            weft_slice("Sec-WebSocket"), weft_slice("Upgrade, \"")};
    again = judge(&other);
    CHECK(again.is_good == v->is_good, "%s, %s", v->why.text, again.why.text);
    CHECK(again.why.status == v->why.status, "%d, then %d", v->why.status,
          again.why.status);
    for (size_t i = 0; i < head->count; i++)
        swap_case(head->fields[i].name);
}

/* ---- The answer ---------------------------------------------------------- */

static bool verify(const char *key, const char *accept, const char *protocol)
{
    struct weft_field fields[] = {
        {weft_slice("upgrade"), weft_slice("WebSocket")},
        {weft_slice("Connection"), weft_slice("keep-alive, Upgrade")},
        {weft_slice("Sec-WebSocket-Accept"), weft_slice(accept)},
        {weft_slice("Sec-WebSocket-Protocol"), weft_slice(protocol)},
    };
    struct weft_asked asked = {key, &protocol, 1};
    struct weft_agreed agreed;
    struct weft_refusal why;
    bool is_good = weft_handshake_verify(fields, *protocol ? 4 : 3, &asked,
                                         weft_sha1, &agreed, &why);

    CHECK(is_good == !why.text, "no words");
    CHECK(!is_good || (weft_slice_eq(agreed.protocol, protocol) &&
                       agreed.extensions.len == 0),
          "%s", protocol);
    return is_good;
}

static void check_answer(const struct head *head, struct weft_slice key)
{
    struct weft_slice offers[WEFT_OFFERS_MAX];
    char accept[WEFT_ACCEPT_LEN + 1], text[WEFT_KEY_LEN + 1];
    size_t n = weft_handshake_offers(head->fields, head->count, offers);

    memcpy(text, key.ptr, WEFT_KEY_LEN);
    text[WEFT_KEY_LEN] = '\0';
    CHECK(weft_handshake_accept(weft_sha1, key, accept) == 0, "SHA-1");
    CHECK(strcmp(accept, accept_for(text)) == 0, "%s for %s", accept, text);
    CHECK(verify(text, accept, ""), "our own answer");
    for (size_t i = 0; i < n; i++) {
        char *protocol = strndup(offers[i].ptr, offers[i].len);

        CHECK(protocol && verify(text, accept, protocol), "offer %zu", i);
        free(protocol);
    }
    text[0] = text[0] == 'A' ? 'B' : 'A';
    CHECK(!verify(text, accept, ""), "an answer to another key");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct head head;
    struct verdict v;

    read_head(&head, data, size);
    v = judge(&head);
    if (v.is_good) {
        check_accepted(&head, v.key);
        check_offers(&head);
        check_answer(&head, v.key);
    } else {
        check_refused(&head, &v.why);
    }
    check_same(&head, &v);
    free_head(&head);
    return 0;
}
