/* SPDX-License-Identifier: MIT */
/*
 * What several of the public headers share: how functions are exported, the
 * kinds of message, how a connection ended, and the allocator.
 */
#ifndef WEFT_TYPES_H
#define WEFT_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Marks what the library exports; everything else is hidden by the linker. */
#define WEFT_API __attribute__((visibility("default")))

/* Marks results that a caller must look at. */
#define WEFT_CHECK __attribute__((warn_unused_result))

/* What a message or control frame is. The values are the opcodes of RFC 6455
 * section 5.2. */
enum weft_kind {
    WEFT_TEXT = 1,   /* UTF-8, checked in both directions */
    WEFT_BINARY = 2, /* any bytes */
    WEFT_PING = 9,   /* at most 125 bytes; the peer answers with a pong */
    WEFT_PONG = 10,  /* at most 125 bytes; may be sent unasked */
};

/* A whole message, or a ping or pong, as it came from the peer. The bytes
 * belong to the library and live until the callback (or the next call on the
 * endpoint) returns; they must not be written to, as what is sent back from
 * there is not looked through again, and may be sent later. data is not
 * null-terminated. */
struct weft_message {
    enum weft_kind kind;
    const void *data; /* never NULL, also when len is 0 */
    size_t len;       /* bytes */
};

/* Whether the message's bytes are those of the null-terminated text. */
static inline bool weft_message_equals(const struct weft_message *msg,
                                       const char *text)
{
    size_t len = strlen(text);

    return msg->len == len && memcmp(msg->data, text, len) == 0;
}

/* How a connection ended. */
struct weft_closed {
    uint16_t code;      /* the peer's close code; 1005: none, 1006: no frame */
    bool clean;         /* a close frame went each way */
    int err;            /* 0, or the enum weft_err that ended it */
    const char *reason; /* the peer's, UTF-8, not null-terminated */
    size_t reason_len;  /* bytes, at most 123 */
};

/*
 * The allocator through which all memory of an object goes. One function
 * allocates (ptr NULL, old_size 0), resizes, and frees (new_size 0, returns
 * NULL). It is always told the size it gave before. NULL for a new_size above
 * 0 means that there is no memory; the old block is then untouched.
 */
struct weft_mem {
    void *(*realloc)(void *ud, void *ptr, size_t old_size, size_t new_size);
    void *ud;
};

#ifdef __cplusplus
}
#endif

#endif
