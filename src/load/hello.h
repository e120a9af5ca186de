/* SPDX-License-Identifier: MIT */
/* The opening handshake: one request for all connections, made before the run,
 * and the check of each answer (RFC 6455 section 4.1). */
#ifndef WEFT_LOAD_HELLO_H
#define WEFT_LOAD_HELLO_H

#include "base/buf.h"
#include "load/load.h"
#include "load/target.h"
#include "ws/handshake.h"

#define LOAD_HEAD_SIZE 16384 /* bytes of an answer's head, at most */

/* A zeroed one may be released. Read by all threads once it is made. */
struct load_hello {
    struct weft_buf request;
    char key[WEFT_KEY_LEN + 1];
    bool has_deflate, has_takeover; /* as asked for */
};

/* 0; USAGE and why, for a header that cannot be sent; NOMEM or SYSTEM. */
WEFT_CHECK int load_hello_init(struct load_hello *hello,
                               const struct weft_mem *mem,
                               const struct load_opts *opts,
                               const struct load_target *target,
                               char why[LOAD_WHY]);
void load_hello_release(struct load_hello *hello);

/*
 * Reads an answer. The length of its head; 0 for more; or an error and why:
 * PROTOCOL, LIMIT, or REFUSED (another status). seen is how many of the bytes
 * an earlier call has had. *has_takeover: the server keeps its context, as was
 * asked.
 */
WEFT_CHECK int load_hello_check(const struct load_hello *hello, char *in,
                                size_t len, size_t seen, bool *has_takeover,
                                char why[LOAD_WHY]);

#endif
