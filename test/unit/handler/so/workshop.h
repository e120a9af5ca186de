/* SPDX-License-Identifier: MIT */
/*
 * A folder of handlers to be opened on the fake server, compiled with the
 * system's compiler. A handler is told from another by what it answers to a
 * request.
 */
#ifndef WEFT_TEST_WORKSHOP_H
#define WEFT_TEST_WORKSHOP_H

#include "fake_server.h"
#include "tree.h"
#include <weft/server.h>

/* A handler that answers with a number, which is an expression. */
#define ANSWERS(number)                                                        \
    "#include <weft/handler.h>\n"                                              \
    "static int on_request(struct weft_request *r) { return " number "; }\n"   \
    "WEFT_HANDLER(.request = on_request)\n"

/* The folder of handlers is "h" in the tree, the cache "cache", the compiler
 * "cc.sh". A test may change the options before it opens. */
extern char workshop_dir[], workshop_cache[], workshop_compiler[];
extern struct weft_handlers_opts workshop_opts;

/* For cmocka's setup and teardown. */
int workshop_setup(void **state);
int workshop_teardown(void **state);

struct weft_handlers *workshop_open(void);

/* How often the compiler has run. A source written a moment ago may take two
 * runs, so only "more" and "no more" mean something. */
size_t workshop_runs(void);

/* The paths that are served: "/one /two". Lives until the next call. */
const char *workshop_paths(const struct weft_handlers *handlers);

/* Compiles the text to a shared object in the tree. */
void workshop_object(const char *name, const char *text);

#endif
