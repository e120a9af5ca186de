/* SPDX-License-Identifier: MIT */
/*
 * Each rule of section 4 is one small function that says what is wrong. Fields
 * that must come once are refused when they come twice; list fields are read
 * over all their occurrences.
 */
#include "ws/handshake.h"

#include "base/base64.h"
#include "ws/extension.h"

#define NONCE_LEN 16
#define SHA1_LEN 20
#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* section 1.3 */

/* Whether any field of this name has the member, without regard to case. */
static bool has_member(const struct weft_field *fields, size_t count,
                       const char *name, const char *member)
{
    const struct weft_field *field;
    size_t from = 0;

    while ((field = weft_field_next(fields, count, name, &from)))
        if (weft_slice_has_member(field->value, member))
            return true;
    return false;
}

static bool has_field(const struct weft_field *fields, size_t count,
                      const char *name)
{
    size_t from = 0;

    return weft_field_next(fields, count, name, &from) != NULL;
}

/* The only field of this name: 1; 0 when there is none; -1 when several. */
static int only(const struct weft_field *fields, size_t count, const char *name,
                struct weft_slice *value)
{
    size_t from = 0;
    const struct weft_field *field =
        weft_field_next(fields, count, name, &from);

    if (!field)
        return 0;
    *value = field->value;
    return weft_field_next(fields, count, name, &from) ? -1 : 1;
}

bool weft_handshake_is_asked(const struct weft_field *fields, size_t count)
{
    return has_member(fields, count, "Upgrade", "websocket");
}

/* The version comes before the rest: a peer of another version may differ in
 * all of it (section 4.2.2 step 4, 4.4). */
static const char *version_fault(const struct weft_field *fields, size_t count)
{
    struct weft_slice version;

    switch (only(fields, count, "Sec-WebSocket-Version", &version)) {
    case 0:
        return "Sec-WebSocket-Version is missing";
    case 1:
        return weft_slice_eq(version, "13") ? NULL
                                            : "Sec-WebSocket-Version is not 13";
    default:
        return "Sec-WebSocket-Version is there twice";
    }
}

static const char *key_fault(const struct weft_field *fields, size_t count,
                             struct weft_slice *key)
{
    uint8_t nonce[NONCE_LEN];
    int n = only(fields, count, "Sec-WebSocket-Key", key);

    if (n == 0)
        return "Sec-WebSocket-Key is missing";
    if (n < 0)
        return "Sec-WebSocket-Key is there twice";
    if (weft_base64_decode(nonce, sizeof(nonce), key->ptr, key->len) !=
        NONCE_LEN)
        return "Sec-WebSocket-Key is not 16 bytes in Base64";
    return NULL;
}

size_t weft_handshake_offers(const struct weft_field *fields, size_t count,
                             struct weft_slice offers[WEFT_OFFERS_MAX])
{
    const struct weft_field *field;
    struct weft_slice offer;
    size_t from = 0, n = 0;

    while ((field = weft_field_next(fields, count, "Sec-WebSocket-Protocol",
                                    &from))) {
        struct weft_slice rest = field->value;

        while (weft_slice_next_member(&rest, &offer)) {
            if (n < WEFT_OFFERS_MAX)
                offers[n] = offer;
            n++;
        }
    }
    return n;
}

static bool slices_are_equal(struct weft_slice a, struct weft_slice b)
{
    return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

/* Section 4.1 item 10: tokens, all different. */
static const char *protocol_fault(const struct weft_field *fields, size_t count)
{
    struct weft_slice offers[WEFT_OFFERS_MAX];
    size_t n = weft_handshake_offers(fields, count, offers);

    if (n == 0 && has_field(fields, count, "Sec-WebSocket-Protocol"))
        return "Sec-WebSocket-Protocol is empty";
    if (n > WEFT_OFFERS_MAX)
        return "Sec-WebSocket-Protocol offers more than 32 protocols";
    for (size_t i = 0; i < n; i++) {
        if (!weft_slice_is_token(offers[i]))
            return "Sec-WebSocket-Protocol has a member that is not a token";
        for (size_t j = 0; j < i; j++)
            if (slices_are_equal(offers[i], offers[j]))
                return "Sec-WebSocket-Protocol offers a protocol twice";
    }
    return NULL;
}

/* Section 9.1: what does not follow the grammar fails the connection. */
static const char *extension_fault(const struct weft_field *fields,
                                   size_t count)
{
    const struct weft_field *field;
    struct weft_ext_offer offer;
    size_t from = 0, found = 0;
    int n;

    while ((field = weft_field_next(fields, count, "Sec-WebSocket-Extensions",
                                    &from))) {
        struct weft_slice rest = field->value;

        while ((n = weft_ext_next(&rest, &offer)) > 0)
            found++;
        if (n < 0)
            return "Sec-WebSocket-Extensions is malformed";
    }
    if (found == 0 && has_field(fields, count, "Sec-WebSocket-Extensions"))
        return "Sec-WebSocket-Extensions is empty";
    return NULL;
}

bool weft_handshake_check(const struct weft_field *fields, size_t count,
                          struct weft_slice *key, struct weft_refusal *why)
{
    why->status = 400;
    why->text = NULL;
    if (!weft_handshake_is_asked(fields, count))
        why->text = "Upgrade does not name websocket";
    else if (!has_member(fields, count, "Connection", "upgrade"))
        why->text = "Connection does not name Upgrade";
    if (why->text)
        return false;

    why->text = version_fault(fields, count);
    if (why->text) {
        why->status = 426; /* with Sec-WebSocket-Version: 13, section 4.4 */
        return false;
    }
    why->text = key_fault(fields, count, key);
    if (!why->text)
        why->text = protocol_fault(fields, count);
    if (!why->text)
        why->text = extension_fault(fields, count);
    return !why->text;
}

int weft_handshake_accept(weft_sha1_fn *sha1, struct weft_slice key,
                          char out[WEFT_ACCEPT_LEN + 1])
{
    char text[WEFT_KEY_LEN + sizeof(GUID) - 1];
    uint8_t digest[SHA1_LEN];
    int err;

    if (key.len != WEFT_KEY_LEN)
        return WEFT_ERR_USAGE;
    memcpy(text, key.ptr, WEFT_KEY_LEN);
    memcpy(text + WEFT_KEY_LEN, GUID, sizeof(GUID) - 1);
    err = sha1(text, sizeof(text), digest);
    if (err)
        return err;
    weft_base64_encode(out, digest, SHA1_LEN);
    out[WEFT_ACCEPT_LEN] = '\0';
    return 0;
}

void weft_handshake_key(const uint8_t nonce[16], char out[WEFT_KEY_LEN + 1])
{
    weft_base64_encode(out, nonce, NONCE_LEN);
    out[WEFT_KEY_LEN] = '\0';
}

static const char *accept_fault(const struct weft_field *fields, size_t count,
                                const struct weft_asked *asked,
                                weft_sha1_fn *sha1)
{
    char want[WEFT_ACCEPT_LEN + 1];
    struct weft_slice got;

    switch (only(fields, count, "Sec-WebSocket-Accept", &got)) {
    case 0:
        return "Sec-WebSocket-Accept is missing";
    case 1:
        break;
    default:
        return "Sec-WebSocket-Accept is there twice";
    }
    if (weft_handshake_accept(sha1, weft_slice(asked->key), want) != 0)
        return "SHA-1 is not to be had";
    return weft_slice_eq(got, want) ? NULL : "Sec-WebSocket-Accept is wrong";
}

static const char *choice_fault(const struct weft_field *fields, size_t count,
                                const struct weft_asked *asked,
                                struct weft_slice *protocol)
{
    int n = only(fields, count, "Sec-WebSocket-Protocol", protocol);

    if (n == 0)
        *protocol = weft_slice("");
    if (n < 0)
        return "Sec-WebSocket-Protocol is there twice";
    if (n == 0)
        return NULL;
    for (size_t i = 0; i < asked->protocol_count; i++)
        if (weft_slice_eq(*protocol, asked->protocols[i]))
            return NULL;
    return "Sec-WebSocket-Protocol was not offered";
}

/* Section 4.1: an answer names this protocol and no other. */
static bool switches_to_websocket(const struct weft_field *fields, size_t count)
{
    struct weft_slice upgrade;

    return only(fields, count, "Upgrade", &upgrade) == 1 &&
           weft_slice_eq_nocase(upgrade, "websocket");
}

bool weft_handshake_verify(const struct weft_field *fields, size_t count,
                           const struct weft_asked *asked, weft_sha1_fn *sha1,
                           struct weft_agreed *agreed, struct weft_refusal *why)
{
    why->status = 0;
    why->text = NULL;
    if (!switches_to_websocket(fields, count))
        why->text = "Upgrade is not websocket";
    else if (!has_member(fields, count, "Connection", "upgrade"))
        why->text = "Connection does not name Upgrade";
    if (!why->text)
        why->text = accept_fault(fields, count, asked, sha1);
    if (!why->text)
        why->text = choice_fault(fields, count, asked, &agreed->protocol);
    if (!why->text)
        why->text = extension_fault(fields, count);
    if (why->text)
        return false;

    switch (
        only(fields, count, "Sec-WebSocket-Extensions", &agreed->extensions)) {
    case 0:
        agreed->extensions = weft_slice("");
        return true;
    case 1:
        return true;
    default: /* section 11.3.2 */
        why->text = "Sec-WebSocket-Extensions is there twice";
        return false;
    }
}
