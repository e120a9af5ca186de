/* SPDX-License-Identifier: MIT */
/*
 * SHA-1 and random bytes by OpenSSL. A failure here, such as a configuration
 * that forbids SHA-1, must leave the thread's queue of OpenSSL errors as it
 * was: the TLS filter reads that queue to learn how its own calls ended.
 */
#include "tls/crypto.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

/* The digest, looked up once, as that costs more than a handshake's digest. It
 * is the process's until it ends. NULL: there is none now. */
static const EVP_MD *sha1(void)
{
    static EVP_MD *found;
    EVP_MD *md = __atomic_load_n(&found, __ATOMIC_ACQUIRE), *none = NULL;

    if (md)
        return md;
    md = EVP_MD_fetch(NULL, "SHA1", NULL);
    if (!md || __atomic_compare_exchange_n(&found, &none, md, false,
                                           __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return md;
    EVP_MD_free(md); /* another thread was first */
    return none;
}

int weft_sha1(const void *data, size_t len, uint8_t out[20])
{
    const EVP_MD *md;
    int ok;

    ERR_set_mark();
    md = sha1();
    ok = md && EVP_Digest(data, len, out, NULL, md, NULL);
    ERR_pop_to_mark();
    return ok == 1 ? 0 : WEFT_ERR_SYSTEM;
}

int weft_random(void *ud, void *out, size_t len)
{
    uint8_t *p = out;
    int ok = 1;

    (void)ud;
    ERR_set_mark();
    while (ok == 1 && len > 0) {
        int part = len < INT_MAX ? (int)len : INT_MAX;

        ok = RAND_bytes(p, part);
        p += part;
        len -= (size_t)part;
    }
    ERR_pop_to_mark();
    return ok == 1 ? 0 : WEFT_ERR_SYSTEM;
}
