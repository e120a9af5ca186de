/* SPDX-License-Identifier: MIT */
/*
 * Frames as bytes, from RFC 6455 5.2 alone: nothing here comes from the
 * library, so that the two cannot agree on the same mistake. Speed does not
 * matter, so everything goes byte by byte.
 */
#include "frames.h"

#include <stdio.h>

static void put_be(struct bytes *out, uint64_t value, unsigned size)
{
    while (size--)
        bytes_add_byte(out, (uint8_t)(value >> 8 * size));
}

static uint64_t get_be(const uint8_t *p, unsigned size)
{
    uint64_t value = 0;

    while (size--)
        value = value << 8 | *p++;
    return value;
}

static uint8_t shortest(uint64_t len)
{
    return len < 126 ? 7 : len <= UINT16_MAX ? 16 : 64;
}

void frame_write(struct bytes *out, const struct frame *f)
{
    uint64_t claim = f->has_claim ? f->claim : f->len;
    uint8_t form = f->form ? f->form : shortest(claim);
    uint8_t mask = f->masked ? 0x80 : 0;
    uint8_t *place;

    bytes_add_byte(out, (uint8_t)(f->fin << 7 | f->rsv << 4 | f->opcode));
    if (form == 7)
        bytes_add_byte(out, (uint8_t)(mask | claim));
    else
        bytes_add_byte(out, mask | (form == 16 ? 126 : 127));
    if (form != 7)
        put_be(out, claim, form / 8);
    if (f->masked)
        bytes_add(out, f->key, 4);
    place = bytes_room(out, f->len);
    for (size_t i = 0; i < f->len; i++)
        place[i] = f->data[i] ^ (f->masked ? f->key[i % 4] : 0);
    out->len += f->len;
}

static void read_key(struct frame *f, const uint8_t *in)
{
    for (int i = 0; i < 4; i++)
        f->key[i] = in[i];
}

size_t frame_read(struct frame *f, bool *header, const uint8_t *in, size_t len)
{
    size_t need = 2;
    uint8_t len7;

    *header = false;
    if (len < need)
        return 0;
    *f = (struct frame){.fin = in[0] >> 7,
                        .rsv = in[0] >> 4 & 7,
                        .opcode = in[0] & 15,
                        .masked = in[1] >> 7};
    len7 = in[1] & 127;
    f->form = len7 == 127 ? 64 : len7 == 126 ? 16 : 7;
    need += f->form == 7 ? 0 : f->form / 8;
    if (len < need + (f->masked ? 4 : 0))
        return 0;
    f->claim = f->form == 7 ? len7 : get_be(in + 2, f->form / 8);
    if (f->masked) {
        read_key(f, in + need);
        need += 4;
    }
    *header = true;
    if (len - need < f->claim)
        return 0;
    f->data = in + need;
    f->len = (size_t)f->claim;
    return need + f->len;
}

const char *frame_fault(const struct frame *f, enum side side, bool may_pack)
{
    bool is_first = f->opcode == OP_TEXT || f->opcode == OP_BIN;

    if (side == SIDE_CLIENT && f->masked)
        return "a masked frame (5.1)";
    if (side == SIDE_SERVER && !f->masked)
        return "a frame without a mask (5.1)";
    if (may_pack && f->rsv & RSV1 && !is_first)
        return "RSV1 where no message begins (RFC 7692 6)";
    if (f->rsv & (may_pack ? RSV1 - 1 : 7))
        return "a reserved bit that no extension defined (5.2)";
    if ((f->opcode > OP_BIN && f->opcode < OP_CLOSE) || f->opcode > OP_PONG)
        return "a reserved opcode (5.2)";
    if (f->form != shortest(f->claim))
        return "a length that is not in its shortest form (5.2)";
    if (f->claim >> 63)
        return "a length of 64 bits (5.2)";
    if (f->opcode >= OP_CLOSE && !f->fin)
        return "a fragmented control frame (5.5)";
    if (f->opcode >= OP_CLOSE && f->claim > 125)
        return "a control frame of more than 125 bytes (5.5)";
    return NULL;
}

bool close_code_valid(int code)
{
    if (code >= 3000 && code <= 4999)
        return true;
    return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 &&
           code != 1006;
}

int close_code(const uint8_t *body, size_t len)
{
    return len < 2 ? -1 : body[0] << 8 | body[1];
}

const char *close_fault(const uint8_t *body, size_t len)
{
    if (len == 1)
        return "a Close frame with half a code (5.5.1)";
    if (len >= 2 && !close_code_valid(close_code(body, len)))
        return "a Close frame with a code that may not be sent (7.4)";
    if (len > 2 && !utf8_valid(body + 2, len - 2))
        return "a Close frame whose reason is not UTF-8 (5.5.1)";
    return NULL;
}

/* The number of bytes that the character takes, or 0: the table 3-7 of the
 * Unicode standard, which is RFC 3629 section 4. */
static size_t utf8_char(const uint8_t *p, size_t len)
{
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    uint8_t low = 0x80, high = 0xbf;

    if (n > 1 && (p[0] < 0xc2 || p[0] > 0xf4))
        return 0;
    if (n > len)
        return 0;
    if (p[0] == 0xe0)
        low = 0xa0;
    else if (p[0] == 0xf0)
        low = 0x90;
    else if (p[0] == 0xed)
        high = 0x9f;
    else if (p[0] == 0xf4)
        high = 0x8f;
    for (size_t i = 1; i < n; i++, low = 0x80, high = 0xbf) {
        if (p[i] < low || p[i] > high)
            return 0;
    }
    return n;
}

bool utf8_valid(const uint8_t *p, size_t len)
{
    for (size_t n; len; p += n, len -= n) {
        n = utf8_char(p, len);
        if (!n)
            return false;
    }
    return true;
}

const char *opcode_name(uint8_t opcode)
{
    static const char *const names[16] = {
        [OP_CONT] = "cont",   [OP_TEXT] = "text", [OP_BIN] = "bin",
        [OP_CLOSE] = "close", [OP_PING] = "ping", [OP_PONG] = "pong"};

    return names[opcode & 15] ? names[opcode & 15] : "reserved";
}
