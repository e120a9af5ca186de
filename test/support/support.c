/* SPDX-License-Identifier: MIT */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define GUARDED_MAX ((size_t)1 << 20)
#define GUARDED_COPIES 64

void check_failed(const char *file, int line, const char *cond,
                  const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    print_error("%s:%d: %s: %s\n", file, line, cond, text);
    _fail(file, line);
    abort(); /* not reached: _fail jumps */
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

size_t unhex(uint8_t *out, const char *hex)
{
    size_t len = 0;

    while (*hex) {
        if (*hex == ' ') {
            hex++;
            continue;
        }
        if (digit(hex[0]) < 0 || digit(hex[1]) < 0)
            abort();
        out[len++] = (uint8_t)(digit(hex[0]) << 4 | digit(hex[1]));
        hex += 2;
    }
    return len;
}

/* Each place is GUARDED_MAX of memory with one forbidden page behind it. */
static uint8_t *guarded_place(void)
{
    static uint8_t *places[GUARDED_COPIES];
    static unsigned turn;
    uint8_t **place = &places[turn++ % GUARDED_COPIES];
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    if (!*place) {
        uint8_t *p = mmap(NULL, GUARDED_MAX + page, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

        if (p == MAP_FAILED || mprotect(p + GUARDED_MAX, page, PROT_NONE) != 0)
            abort();
        *place = p;
    }
    return *place;
}

uint8_t *at_page_end(const void *bytes, size_t len)
{
    uint8_t *end;

    if (len > GUARDED_MAX)
        abort();
    end = guarded_place() + GUARDED_MAX;
    if (len > 0)
        memcpy(end - len, bytes, len);
    return end - len;
}

void *fail_realloc(void *ud, void *ptr, size_t old_size, size_t new_size)
{
    struct fail_mem *fm = ud;
    void *fresh;

    if (new_size == 0) {
        fm->live -= old_size;
        free(ptr);
        return NULL;
    }
    fm->calls++;
    if (fm->left == 0)
        return NULL;
    if (fm->left > 0)
        fm->left--;
    /* Always moves, so that a pointer kept too long is found. */
    fresh = malloc(new_size);
    if (!fresh)
        abort();
    if (ptr) {
        memcpy(fresh, ptr, old_size < new_size ? old_size : new_size);
        free(ptr);
    }
    fm->live += new_size - old_size;
    if (fm->live > fm->peak)
        fm->peak = fm->live;
    return fresh;
}
