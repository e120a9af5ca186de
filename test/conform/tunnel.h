/* SPDX-License-Identifier: MIT */
/* TLS over a socket that does not block, for wss. Certificates are not looked
 * at: who is judged here is not trusted anyway. */
#ifndef CONFORM_TUNNEL_H
#define CONFORM_TUNNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct tunnel;

/* host: for SNI. */
struct tunnel *tunnel_new(int fd, const char *host);
void tunnel_free(struct tunnel *t);

/* The handshake. Returns 0 when it is done, the events of poll to wait for
 * before the next call, or -1 with errno. */
int tunnel_greet(struct tunnel *t);

/* As recv and send, also in errno. */
ssize_t tunnel_read(struct tunnel *t, void *p, size_t len);
ssize_t tunnel_write(struct tunnel *t, const void *p, size_t len);
/* Bytes are there that poll does not see. */
bool tunnel_has_bytes(struct tunnel *t);

/* Says that nothing more will come; reading goes on. */
void tunnel_finish(struct tunnel *t);

#endif
