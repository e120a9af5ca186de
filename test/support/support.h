/* SPDX-License-Identifier: MIT */
/* What the unit tests share. Each test program is a cmocka group. */
#ifndef WEFT_TEST_SUPPORT_H
#define WEFT_TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those before it. */
#include <cmocka.h>
#include <weft/types.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Fails the test with a message when cond is false. */
#define CHECK(cond, ...)                                                       \
    do {                                                                       \
        if (!(cond))                                                           \
            check_failed(__FILE__, __LINE__, #cond, __VA_ARGS__);              \
    } while (0)

void check_failed(const char *file, int line, const char *cond,
                  const char *format, ...)
    __attribute__((format(printf, 4, 5), noreturn));

/* Writes the bytes of a string of hex digits (spaces are passed over) and
 * returns their number. */
size_t unhex(uint8_t *out, const char *hex);

/* A copy of the bytes whose last one lies right before a page that cannot be
 * read, so that reading one byte too far crashes. Lives until the next 64
 * calls. At most 1 MiB. */
uint8_t *at_page_end(const void *bytes, size_t len);

/* An allocator that counts what is live and fails when left reaches 0. */
struct fail_mem {
    long left;   /* allocations that succeed; negative: all */
    long calls;  /* allocations and resizes so far */
    size_t live; /* bytes held */
    size_t peak; /* the most that were held */
};
void *fail_realloc(void *ud, void *ptr, size_t old_size, size_t new_size);

#endif
