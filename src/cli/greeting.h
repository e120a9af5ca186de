/* SPDX-License-Identifier: MIT */
/* What `weft serve` says when it has started. */
#ifndef WEFT_CLI_GREETING_H
#define WEFT_CLI_GREETING_H

#include <stdio.h>
#include <weft/server.h>

struct greeting {
    const struct weft_server *server;     /* which listens */
    const struct weft_handlers *handlers; /* NULL: none */
    const char *handlers_dir, *pages_dir; /* pages_dir NULL: none */
    bool is_terminal;                     /* where bold type can be seen */
};

/*
 *     weft 0.1.0 is listening on [::]:9998
 *     handlers   /chat /echo  (example/handlers)
 *     pages      example/www
 *     open       http://localhost:9998/
 *
 * and behind that, where there is TLS too, https://localhost:9443/.
 */
void greeting_print(FILE *out, const struct greeting *greeting);

#endif
