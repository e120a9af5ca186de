/* SPDX-License-Identifier: MIT */
/*
 * Writes and reads frames for tests, in the plainest way there is: a byte at a
 * time, nothing in place. Everything that does not fit the RFC fails the test
 * at once, so a test that only looks at the words still checks the bytes.
 */
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

void bytes_add(struct bytes *b, const void *data, size_t len)
{
    if (b->len + len > b->cap) {
        b->cap = (b->len + len) * 2 + 64;
        b->data = realloc(b->data, b->cap);
        if (!b->data)
            abort();
    }
    if (len > 0)
        memcpy(b->data + b->len, data, len);
    b->len += len;
}

void bytes_release(struct bytes *b)
{
    free(b->data);
    *b = (struct bytes){0};
}

void text_add(struct bytes *text, const char *format, ...)
{
    char piece[512];
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(piece, sizeof(piece), format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof(piece))
        abort();
    bytes_add(text, piece, (size_t)len + 1);
    text->len--; /* the next piece goes over the terminator */
}

const char *text_of(const struct bytes *text)
{
    return text->data ? (const char *)text->data : "";
}

void text_add_payload(struct bytes *text, const void *payload, size_t len)
{
    const uint8_t *p = payload;
    uint32_t sum = 2166136261; /* FNV-1a */

    if (len > 64) {
        for (size_t i = 0; i < len; i++)
            sum = (sum ^ p[i]) * 16777619;
        text_add(text, "#%zu/%08x", len, (unsigned)sum);
        return;
    }
    for (size_t i = 0; i < len; i++)
        text_add(text, p[i] > ' ' && p[i] < 127 ? "%c" : "\\x%02x", p[i]);
}

/* Each key differs from the last, and no byte of a key is 0, so that a mask
 * that is left out or taken at the wrong place always shows. */
static void next_key(uint8_t key[4])
{
    static uint32_t turn;

    turn++;
    key[0] = 0x80 | (uint8_t)(turn & 0x7f);
    key[1] = 0x40 | (uint8_t)(turn >> 7 & 0x3f);
    key[2] = 0xa5;
    key[3] = 0x5c;
}

static void add_masked(struct bytes *out, const uint8_t *payload, size_t len,
                       const uint8_t key[4])
{
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = payload[i] ^ key[i % 4];

        bytes_add(out, &byte, 1);
    }
}

static uint64_t read_be(const uint8_t *in, size_t len)
{
    uint64_t value = 0;

    for (size_t i = 0; i < len; i++)
        value = value << 8 | in[i];
    return value;
}

static size_t extension_of(uint8_t second)
{
    uint8_t len7 = second & 127;

    return len7 == 127 ? 8 : len7 == 126 ? 2 : 0;
}

/* Adds the frame at the beginning of the bytes and returns how many it took. */
static size_t add_plain_frame(struct bytes *out, const uint8_t *in, size_t len)
{
    size_t head = len < 2 ? len : 2 + extension_of(in[1]);
    uint8_t second, key[4];
    uint64_t payload;

    if (len < head || len < 2) { /* a header that is cut: no place for a key */
        bytes_add(out, in, len);
        if (len > 1)
            out->data[out->len - len + 1] |= 0x80;
        return len;
    }
    second = in[1] | 0x80;
    bytes_add(out, in, 1);
    bytes_add(out, &second, 1);
    bytes_add(out, in + 2, head - 2);
    next_key(key);
    bytes_add(out, key, 4);

    payload = head > 2 ? read_be(in + 2, head - 2) : in[1] & 127;
    if (payload > len - head)
        payload = len - head;
    add_masked(out, in + head, (size_t)payload, key);
    return head + (size_t)payload;
}

void wire_add_plain(struct bytes *out, enum weft_role receiver,
                    const void *plain, size_t len)
{
    const uint8_t *in = plain;

    if (receiver == WEFT_CLIENT) {
        bytes_add(out, in, len);
        return;
    }
    while (len > 0) {
        size_t used = add_plain_frame(out, in, len);

        in += used;
        len -= used;
    }
}

void wire_add_header(struct bytes *out, enum weft_role receiver, unsigned first,
                     uint64_t len)
{
    uint8_t head[10] = {(uint8_t)first};
    size_t ext = len > 65535 ? 8 : len > 125 ? 2 : 0;

    head[1] = ext == 8 ? 127 : ext == 2 ? 126 : (uint8_t)len;
    for (size_t i = 0; i < ext; i++)
        head[1 + ext - i] = (uint8_t)(len >> 8 * i);
    wire_add_plain(out, receiver, head, 2 + ext);
}

void wire_add_frame(struct bytes *out, enum weft_role receiver, unsigned first,
                    const void *payload, size_t len)
{
    uint8_t key[4];

    wire_add_header(out, receiver, first, len);
    if (receiver == WEFT_CLIENT) {
        bytes_add(out, payload, len);
        return;
    }
    memcpy(key, out->data + out->len - 4, 4);
    add_masked(out, payload, len, key);
}

size_t wire_read(struct wire_frame *frame, const uint8_t *in, size_t len)
{
    size_t ext, head;
    uint64_t payload;

    if (len < 2)
        return 0;
    *frame = (struct wire_frame){
        .fin = in[0] >> 7,
        .rsv = in[0] >> 4 & 7,
        .opcode = in[0] & 15,
        .masked = in[1] >> 7,
    };
    ext = extension_of(in[1]);
    head = 2 + ext + (frame->masked ? 4 : 0);
    if (len < head)
        return 0;
    payload = ext ? read_be(in + 2, ext) : in[1] & 127;
    CHECK(ext == (payload > 65535 ? 8
                  : payload > 125 ? 2
                                  : 0),
          "%u bytes of length for %llu bytes", (unsigned)ext,
          (unsigned long long)payload);
    if (frame->masked)
        memcpy(frame->key, in + head - 4, 4);
    if (payload > len - head)
        return 0;
    frame->len = (size_t)payload;
    frame->payload = malloc(frame->len + 1);
    if (!frame->payload)
        abort();
    for (size_t i = 0; i < frame->len; i++)
        frame->payload[i] = in[head + i] ^ frame->key[i % 4];
    return head + frame->len;
}

static const char *name_of(unsigned opcode)
{
    static const char *const names[16] = {
        [0] = "more",  [1] = "text", [2] = "binary",
        [8] = "close", [9] = "ping", [10] = "pong",
    };

    return names[opcode];
}

/* What may stand in a close frame that is sent: RFC 6455 sections 5.5.1, 7.4.
 */
static unsigned close_code_of(const struct wire_frame *f)
{
    unsigned code;
    bool whole;

    CHECK(f->len >= 2, "close frame of 1 byte");
    code = (unsigned)f->payload[0] << 8 | f->payload[1];
    CHECK((code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
              (code >= 3000 && code <= 4999),
          "close code %u was sent", code);
    CHECK(utf8_reference(f->payload + 2, f->len - 2, &whole) == f->len - 2 &&
              whole,
          "close reason is not UTF-8");
    return code;
}

static void check_sendable(const struct wire_frame *f, enum weft_role sender)
{
    CHECK(f->masked == (sender == WEFT_CLIENT), "mask bit is %d", f->masked);
    CHECK(f->rsv == 0, "reserved bits %u", f->rsv);
    CHECK(name_of(f->opcode), "opcode %u", f->opcode);
    if (f->opcode >= 8)
        CHECK(f->fin && f->len <= 125, "control frame of %zu bytes", f->len);
}

void wire_describe(struct bytes *text, enum weft_role sender,
                   const uint8_t *out, size_t len)
{
    bool closed = false;

    while (len > 0) {
        struct wire_frame f;
        size_t used = wire_read(&f, out, len);

        CHECK(used > 0, "the last frame is cut: %zu bytes", len);
        CHECK(!closed, "a frame after the close frame");
        check_sendable(&f, sender);
        text_add(text, "%s%s%s:", text->len ? " " : "", name_of(f.opcode),
                 f.fin ? "" : "+");
        if (f.opcode == 8 && f.len > 0)
            text_add(text, "%u", close_code_of(&f));
        else
            text_add_payload(text, f.payload, f.len);
        closed = f.opcode == 8;
        free(f.payload);
        out += used;
        len -= used;
    }
}

/* Table 3-7: by the first byte, the length and the range of the second. */
static size_t utf8_class(uint8_t first, uint8_t *low, uint8_t *high)
{
    *low = 0x80;
    *high = 0xbf;
    if (first <= 0x7f)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        return 2;
    if (first == 0xe0)
        *low = 0xa0;
    if (first == 0xed)
        *high = 0x9f;
    if (first >= 0xe0 && first <= 0xef)
        return 3;
    if (first == 0xf0)
        *low = 0x90;
    if (first == 0xf4)
        *high = 0x8f;
    if (first >= 0xf0 && first <= 0xf4)
        return 4;
    return 0;
}

size_t utf8_reference(const uint8_t *text, size_t len, bool *whole)
{
    size_t i = 0;

    *whole = true;
    while (i < len) {
        uint8_t low, high;
        size_t need = utf8_class(text[i], &low, &high);

        if (need == 0)
            return i;
        for (i++; need > 1; need--, i++) {
            if (i == len) {
                *whole = false;
                return len;
            }
            if (text[i] < low || text[i] > high)
                return i;
            low = 0x80;
            high = 0xbf;
        }
    }
    return len;
}

uint64_t test_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}
