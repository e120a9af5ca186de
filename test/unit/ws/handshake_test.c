/* SPDX-License-Identifier: MIT */
#include "ws/handshake.h"

#include "support.h"
#include "tls/crypto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Fields out of text -------------------------------------------------- */

#define FIELDS_MAX 64

struct header {
    struct weft_field fields[FIELDS_MAX];
    size_t count;
};

/* Adds the fields of lines "Name: value". */
static void add_lines(struct header *h, const char *lines)
{
    while (*lines) {
        size_t len = strcspn(lines, "\n");
        const char *colon = memchr(lines, ':', len);
        struct weft_field *field = &h->fields[h->count];

        assert_true(colon && h->count < FIELDS_MAX);
        field->name = (struct weft_slice){lines, (size_t)(colon - lines)};
        field->value = weft_slice_trim(
            (struct weft_slice){colon + 1, len - field->name.len - 1});
        h->count++;
        lines += len + (lines[len] == '\n');
    }
}

/* A case says only how it differs from the good one. */
static void drop(struct header *h, const char *name)
{
    size_t kept = 0;

    for (size_t i = 0; i < h->count; i++)
        if (!weft_slice_eq_nocase(h->fields[i].name, name))
            h->fields[kept++] = h->fields[i];
    h->count = kept;
}

/* ---- The server's side --------------------------------------------------- */

static const char request[] = "Host: localhost\n"
                              "Upgrade: websocket\n"
                              "Connection: Upgrade\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n"
                              "Sec-WebSocket-Version: 13\n";

static const struct {
    const char *what, *without, *with;
    int status;       /* 0: accepted */
    const char *says; /* in the text of the refusal */
} requests[] = {
    {"as in the RFC", "", "", 0, ""},
    {"Upgrade in another case", "Upgrade", "uPGRADE: WebSocket", 0, ""},
    {"Upgrade in a list", "Upgrade", "Upgrade: h2c, websocket", 0, ""},
    {"Upgrade in two fields", "", "Upgrade: h2c", 0, ""},
    {"Connection in a list", "Connection", "Connection: keep-alive, upgrade", 0,
     ""},
    {"Connection in two fields", "Connection",
     "Connection: keep-alive\nConnection: Upgrade", 0, ""},
    {"protocols", "", "Sec-WebSocket-Protocol: chat, superchat", 0, ""},
    {"protocols in two fields", "",
     "Sec-WebSocket-Protocol: chat\nSec-WebSocket-Protocol: superchat", 0, ""},
    {"protocols that differ in case", "", "Sec-WebSocket-Protocol: a, A", 0,
     ""},
    {"32 protocols", "",
     "Sec-WebSocket-Protocol: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,"
     "y,z,A,B,C,D,E,F",
     0, ""},
    {"extensions", "", "Sec-WebSocket-Extensions: a;b=\"c\", d", 0, ""},
    {"extensions in two fields", "",
     "Sec-WebSocket-Extensions: a\nSec-WebSocket-Extensions: b;c", 0, ""},
    {"extensions, one field empty", "",
     "Sec-WebSocket-Extensions: a\nSec-WebSocket-Extensions:", 0, ""},

    {"no Upgrade", "Upgrade", "", 400, "Upgrade"},
    {"Upgrade to something else", "Upgrade", "Upgrade: h2c", 400, "Upgrade"},
    {"Upgrade that only begins so", "Upgrade", "Upgrade: websocket2", 400,
     "Upgrade"},
    {"Upgrade in quotes", "Upgrade", "Upgrade: \"websocket\"", 400, "Upgrade"},
    {"no Connection", "Connection", "", 400, "Connection"},
    {"Connection without upgrade", "Connection", "Connection: keep-alive", 400,
     "Connection"},
    {"no version", "Sec-WebSocket-Version", "", 426, "Version"},
    {"version 8", "Sec-WebSocket-Version", "Sec-WebSocket-Version: 8", 426,
     "Version"},
    {"version 013", "Sec-WebSocket-Version", "Sec-WebSocket-Version: 013", 426,
     "Version"},
    {"two versions", "", "Sec-WebSocket-Version: 13", 426, "Version"},
    {"versions in a list", "Sec-WebSocket-Version",
     "Sec-WebSocket-Version: 13, 8", 426, "Version"},
    {"the version comes before the key", "Sec-WebSocket-Key",
     "Sec-WebSocket-Version: 14", 426, "Version"},
    {"no key", "Sec-WebSocket-Key", "", 400, "Key"},
    {"two keys", "", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", 400, "Key"},
    {"an empty key", "Sec-WebSocket-Key", "Sec-WebSocket-Key:", 400, "Key"},
    {"a key of 15 bytes", "Sec-WebSocket-Key",
     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j", 400, "Key"},
    {"a key of 17 bytes", "Sec-WebSocket-Key",
     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSE=", 400, "Key"},
    {"a key of 18 bytes", "Sec-WebSocket-Key",
     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSEh", 400, "Key"},
    {"a key without padding", "Sec-WebSocket-Key",
     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ", 400, "Key"},
    {"a key that is not Base64", "Sec-WebSocket-Key",
     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j?Q==", 400, "Key"},
    {"an empty protocol", "", "Sec-WebSocket-Protocol:", 400, "Protocol"},
    {"no protocol but commas", "", "Sec-WebSocket-Protocol: ,,,", 400,
     "Protocol"},
    {"a protocol that is no token", "", "Sec-WebSocket-Protocol: a, b c", 400,
     "Protocol"},
    {"a protocol in quotes", "", "Sec-WebSocket-Protocol: \"a\"", 400,
     "Protocol"},
    {"a protocol twice", "", "Sec-WebSocket-Protocol: a, b, a", 400,
     "Protocol"},
    {"a protocol twice in two fields", "",
     "Sec-WebSocket-Protocol: a\nSec-WebSocket-Protocol: a", 400, "Protocol"},
    {"33 protocols", "",
     "Sec-WebSocket-Protocol: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,"
     "y,z,A,B,C,D,E,F,G",
     400, "Protocol"},
    {"an empty extension", "", "Sec-WebSocket-Extensions:", 400, "Extensions"},
    {"an extension that is malformed", "", "Sec-WebSocket-Extensions: a;", 400,
     "Extensions"},
    {"an extension malformed in the second field", "",
     "Sec-WebSocket-Extensions: a\nSec-WebSocket-Extensions: b=c", 400,
     "Extensions"},
};

static void test_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(requests); i++) {
        struct header h = {.count = 0};
        struct weft_refusal why = {-1, "?"};
        struct weft_slice key;
        bool good;

        add_lines(&h, request);
        drop(&h, requests[i].without);
        add_lines(&h, requests[i].with);
        good = weft_handshake_check(h.fields, h.count, &key, &why);
        CHECK(good == (requests[i].status == 0), "%s: %s", requests[i].what,
              good ? "accepted" : why.text);
        if (good) {
            assert_true(weft_slice_eq(key, "dGhlIHNhbXBsZSBub25jZQ=="));
            continue;
        }
        CHECK(why.status == requests[i].status, "%s: %d", requests[i].what,
              why.status);
        CHECK(strstr(why.text, requests[i].says), "%s: %s", requests[i].what,
              why.text);
    }
}

/* Any order of the fields will do. */
static void test_order_of_fields(void **state)
{
    struct header h = {.count = 0};
    struct weft_refusal why;
    struct weft_slice key;

    (void)state;
    add_lines(&h, request);
    for (size_t turn = 0; turn < h.count; turn++) {
        struct weft_field first = h.fields[0];

        memmove(h.fields, h.fields + 1, (h.count - 1) * sizeof(first));
        h.fields[h.count - 1] = first;
        assert_true(weft_handshake_check(h.fields, h.count, &key, &why));
    }
}

static void test_is_asked(void **state)
{
    static const struct {
        const char *lines;
        bool want;
    } cases[] = {
        {"", false},
        {"Host: localhost", false},
        {"Connection: Upgrade", false},
        {"Upgrade: h2c", false},
        {"Upgrade: websocket", true},
        {"upgrade: WEBSOCKET", true},
        {"Upgrade: h2c\nUpgrade: websocket", true},
        {"Upgrade: h2c , websocket", true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct header h = {.count = 0};

        add_lines(&h, cases[i].lines);
        CHECK(weft_handshake_is_asked(h.fields, h.count) == cases[i].want, "%s",
              cases[i].lines);
    }
}

/* ---- Subprotocols -------------------------------------------------------- */

static void test_offers(void **state)
{
    struct weft_slice offers[WEFT_OFFERS_MAX];
    struct header h = {.count = 0};
    char line[] = "Sec-WebSocket-Protocol: p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,"
                  "p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,p,p";

    (void)state;
    assert_int_equal(weft_handshake_offers(h.fields, h.count, offers), 0);
    add_lines(&h, "sec-websocket-protocol: one ,two\nOther: no\n"
                  "Sec-WebSocket-Protocol: three");
    assert_int_equal(weft_handshake_offers(h.fields, h.count, offers), 3);
    assert_true(weft_slice_eq(offers[0], "one"));
    assert_true(weft_slice_eq(offers[1], "two"));
    assert_true(weft_slice_eq(offers[2], "three"));

    /* More are counted and not stored. */
    h.count = 0;
    add_lines(&h, line);
    assert_int_equal(weft_handshake_offers(h.fields, h.count, offers), 40);
    assert_true(weft_slice_eq(offers[WEFT_OFFERS_MAX - 1], "p"));
}

/* ---- Keys ---------------------------------------------------------------- */

static int no_sha1(const void *data, size_t len, uint8_t out[20])
{
    (void)data;
    (void)len;
    (void)out;
    return WEFT_ERR_SYSTEM;
}

static void test_accept(void **state)
{
    char out[WEFT_ACCEPT_LEN + 1];
    struct weft_slice key = weft_slice("dGhlIHNhbXBsZSBub25jZQ==");

    (void)state;
    assert_int_equal(weft_handshake_accept(weft_sha1, key, out), 0);
    assert_string_equal(out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="); /* section 1.3 */
    key.ptr = (const char *)at_page_end(key.ptr, key.len);
    assert_int_equal(weft_handshake_accept(weft_sha1, key, out), 0);
    assert_string_equal(out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_int_equal(weft_handshake_accept(no_sha1, key, out), WEFT_ERR_SYSTEM);
    key.len--;
    assert_int_equal(weft_handshake_accept(weft_sha1, key, out),
                     WEFT_ERR_USAGE);
}

static void test_key(void **state)
{
    char out[WEFT_KEY_LEN + 1];
    uint8_t nonce[16];

    (void)state;
    weft_handshake_key((const uint8_t *)"the sample nonce", out);
    assert_string_equal(out, "dGhlIHNhbXBsZSBub25jZQ==");
    for (int i = 0; i < 256; i++) {
        struct header h = {.count = 0};
        struct weft_refusal why;
        struct weft_slice key;
        char line[64];

        memset(nonce, i, sizeof(nonce));
        weft_handshake_key(nonce, out);
        snprintf(line, sizeof(line), "Sec-WebSocket-Key: %s", out);
        add_lines(&h, request);
        drop(&h, "Sec-WebSocket-Key");
        add_lines(&h, line);
        assert_true(weft_handshake_check(h.fields, h.count, &key, &why));
    }
}

/* ---- The client's side --------------------------------------------------- */

static const char response[] =
    "Upgrade: websocket\n"
    "Connection: Upgrade\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n";

static const struct {
    const char *what, *without, *with;
    const char *says; /* NULL: accepted */
    const char *protocol, *extensions;
} responses[] = {
    {"as in the RFC", "", "", NULL, "", ""},
    {"Upgrade in another case", "Upgrade", "upgrade: WebSocket", NULL, "", ""},
    {"Connection in a list", "Connection", "Connection: a, UPGRADE", NULL, "",
     ""},
    {"a protocol", "", "Sec-WebSocket-Protocol: chat", NULL, "chat", ""},
    {"an extension", "", "Sec-WebSocket-Extensions: a; b", NULL, "", "a; b"},

    {"no Upgrade", "Upgrade", "", "Upgrade", "", ""},
    {"Upgrade to something else", "Upgrade", "Upgrade: h2c", "Upgrade", "", ""},
    {"Upgrade to something else, too", "Upgrade", "Upgrade: websocket, h2c",
     "Upgrade", "", ""},
    {"Upgrade to two things", "", "Upgrade: h2c", "Upgrade", "", ""},
    {"no Connection", "Connection", "", "Connection", "", ""},
    {"Connection without upgrade", "Connection", "Connection: close",
     "Connection", "", ""},
    {"no Accept", "Sec-WebSocket-Accept", "", "Accept", "", ""},
    {"two Accepts", "",
     "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "Accept", "", ""},
    {"a wrong Accept", "Sec-WebSocket-Accept",
     "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo", "Accept", "", ""},
    {"an Accept in another case", "Sec-WebSocket-Accept",
     "Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "Accept", "", ""},
    {"the key itself", "Sec-WebSocket-Accept",
     "Sec-WebSocket-Accept: dGhlIHNhbXBsZSBub25jZQ==", "Accept", "", ""},
    {"a protocol that was not offered", "", "Sec-WebSocket-Protocol: other",
     "Protocol", "", ""},
    {"a protocol in another case", "", "Sec-WebSocket-Protocol: CHAT",
     "Protocol", "", ""},
    {"an empty protocol", "", "Sec-WebSocket-Protocol:", "Protocol", "", ""},
    {"two protocols", "", "Sec-WebSocket-Protocol: chat, superchat", "Protocol",
     "", ""},
    {"two fields of protocols", "",
     "Sec-WebSocket-Protocol: chat\nSec-WebSocket-Protocol: chat", "Protocol",
     "", ""},
    {"an extension that is malformed", "", "Sec-WebSocket-Extensions: a;",
     "Extensions", "", ""},
    {"an empty extension", "", "Sec-WebSocket-Extensions: ,", "Extensions", "",
     ""},
    {"two fields of extensions", "",
     "Sec-WebSocket-Extensions: a\nSec-WebSocket-Extensions: b", "Extensions",
     "", ""},
};

static void test_responses(void **state)
{
    static const char *const protocols[] = {"superchat", "chat"};
    static const struct weft_asked asked = {
        "dGhlIHNhbXBsZSBub25jZQ==", protocols, COUNT(protocols)};

    (void)state;
    for (size_t i = 0; i < COUNT(responses); i++) {
        struct header h = {.count = 0};
        struct weft_refusal why = {-1, "?"};
        struct weft_agreed agreed;
        bool good;

        add_lines(&h, response);
        drop(&h, responses[i].without);
        add_lines(&h, responses[i].with);
        good = weft_handshake_verify(h.fields, h.count, &asked, weft_sha1,
                                     &agreed, &why);
        CHECK(good == !responses[i].says, "%s: %s", responses[i].what,
              good ? "accepted" : why.text);
        if (good) {
            assert_true(weft_slice_eq(agreed.protocol, responses[i].protocol));
            assert_true(
                weft_slice_eq(agreed.extensions, responses[i].extensions));
            continue;
        }
        assert_int_equal(why.status, 0);
        CHECK(strstr(why.text, responses[i].says), "%s: %s", responses[i].what,
              why.text);
    }
}

/* A client that offered nothing accepts no protocol; and without SHA-1 nothing
 * can be verified. */
static void test_response_to_a_plain_request(void **state)
{
    static const struct weft_asked asked = {"dGhlIHNhbXBsZSBub25jZQ==", NULL,
                                            0};
    struct header h = {.count = 0};
    struct weft_refusal why;
    struct weft_agreed agreed;

    (void)state;
    add_lines(&h, response);
    assert_true(weft_handshake_verify(h.fields, h.count, &asked, weft_sha1,
                                      &agreed, &why));
    assert_false(weft_handshake_verify(h.fields, h.count, &asked, no_sha1,
                                       &agreed, &why));
    assert_non_null(strstr(why.text, "SHA-1"));
    add_lines(&h, "Sec-WebSocket-Protocol: chat");
    assert_false(weft_handshake_verify(h.fields, h.count, &asked, weft_sha1,
                                       &agreed, &why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_order_of_fields),
        cmocka_unit_test(test_is_asked),
        cmocka_unit_test(test_offers),
        cmocka_unit_test(test_accept),
        cmocka_unit_test(test_key),
        cmocka_unit_test(test_responses),
        cmocka_unit_test(test_response_to_a_plain_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
