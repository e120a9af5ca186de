/* SPDX-License-Identifier: MIT */
/*
 * Two chains of SipHash-1-3, each keyed with the state of both, so that every
 * addition depends on all before it. SipHash mixes the length of its input in,
 * which keeps additions apart.
 */
#include "handler/so/digest.h"
#include "base/map.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 65536

void weft_digest_init(struct weft_digest *d)
{
    /* The letters of "weft so " and "handlers"; any two numbers would do. */
    d->half[0] = UINT64_C(0x7765667420736f20);
    d->half[1] = UINT64_C(0x68616e646c657273);
}

void weft_digest_add(struct weft_digest *d, const void *data, size_t len)
{
    const uint64_t first[2] = {d->half[0], d->half[1]};
    const uint64_t second[2] = {~d->half[1], d->half[0]};

    d->half[0] = weft_siphash13(first, data, len);
    d->half[1] = weft_siphash13(second, data, len);
}

void weft_digest_add_text(struct weft_digest *d, const char *text)
{
    weft_digest_add(d, text, strlen(text));
}

/* Fills the block as far as the file goes, so that where read stops early does
 * not show in the digest. Its length, or -1. */
static ssize_t read_block(int fd, uint8_t *block)
{
    size_t len = 0;
    ssize_t n;

    while (len < BLOCK) {
        n = read(fd, block + len, BLOCK - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    return (ssize_t)len;
}

int weft_digest_add_fd(struct weft_digest *d, int fd)
{
    uint8_t block[BLOCK];
    size_t total = 0;
    ssize_t n;

    do {
        n = read_block(fd, block);
        if (n < 0)
            return WEFT_ERR_SYSTEM;
        weft_digest_add(d, block, (size_t)n);
        total += (size_t)n;
        if (total > WEFT_DIGEST_FILE_MAX)
            return WEFT_ERR_LIMIT;
    } while (n == BLOCK);
    return 0;
}

int weft_digest_add_file(struct weft_digest *d, const char *path)
{
    struct stat st;
    int fd, err;

    /* O_NONBLOCK: a FIFO of that name must not hold us up. */
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? WEFT_ERR_MISSING
                                                   : WEFT_ERR_SYSTEM;
    if (fstat(fd, &st))
        err = WEFT_ERR_SYSTEM;
    else if (!S_ISREG(st.st_mode))
        err = WEFT_ERR_MISSING;
    else
        err = weft_digest_add_fd(d, fd);
    close(fd);
    return err;
}

bool weft_digest_eq(const struct weft_digest *a, const struct weft_digest *b)
{
    return a->half[0] == b->half[0] && a->half[1] == b->half[1];
}

void weft_digest_hex(const struct weft_digest *d, char out[WEFT_DIGEST_HEX])
{
    snprintf(out, WEFT_DIGEST_HEX, "%016" PRIx64 "%016" PRIx64, d->half[0],
             d->half[1]);
}
