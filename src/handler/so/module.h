/* SPDX-License-Identifier: MIT */
/* A loaded object and the handler in it. */
#ifndef WEFT_HANDLER_MODULE_H
#define WEFT_HANDLER_MODULE_H

#include <weft/error.h>
#include <weft/handler.h>

struct weft_module {
    const struct weft_mem *mem;
    void *object;                       /* dlopen's */
    const struct weft_handler *handler; /* in the object */
};

#define WEFT_MODULE_WHY 256 /* bytes, with the NUL */

/* Loads the object at path, which must not be written to any more. 0; INVALID
 * when it is not a handler; NOMEM. For these, why says what is wrong, as the
 * end of a sentence. */
WEFT_CHECK int weft_module_new(struct weft_module **out,
                               const struct weft_mem *mem, const char *path,
                               char why[WEFT_MODULE_WHY]);

/* Unloads it: nobody may be in its code. NULL is allowed. */
void weft_module_free(struct weft_module *module);

#endif
