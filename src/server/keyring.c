/* SPDX-License-Identifier: MIT */
/*
 * The files are named by the paths that were given, so that what a renewal puts
 * in their place is found. A keyring changes whole: connections take a
 * reference to what it holds at the time, and keep that for their life.
 */
#include "server/keyring.h"

#include "base/mem.h"
#include "base/opts.h"
#include "http/date.h"
#include "server/answer.h"
#include <inttypes.h>

#define DAY INT64_C(86400)    /* seconds */
#define WARNED_BEFORE_DAYS 14 /* renewals are due 30 days before the end */

/* ---- Options ------------------------------------------------------------- */

static bool texts_are_equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool opts_are_equal(const struct weft_tls_opts *a,
                           const struct weft_tls_opts *b)
{
    if (a->client_auth != b->client_auth ||
        a->identity_count != b->identity_count ||
        !texts_are_equal(a->client_ca, b->client_ca) ||
        !texts_are_equal(a->ciphers, b->ciphers))
        return false;
    for (size_t i = 0; i < a->identity_count; i++)
        if (!texts_are_equal(a->identities[i].certificate,
                             b->identities[i].certificate) ||
            !texts_are_equal(a->identities[i].key, b->identities[i].key))
            return false;
    return true;
}

/* NULL stays NULL. false: no memory. */
static bool copy_text(const struct weft_mem *mem, const char **to,
                      const char *text)
{
    *to = text ? weft_strdup(mem, text) : NULL;
    return *to || !text;
}

static void free_text(const struct weft_mem *mem, const char *text)
{
    weft_strfree(mem, (char *)(uintptr_t)text);
}

static size_t identities_size(const struct weft_tls_opts *opts)
{
    return opts->identity_count * sizeof(*opts->identities);
}

static void opts_release(struct weft_tls_opts *opts, const struct weft_mem *mem)
{
    for (size_t i = 0; opts->identities && i < opts->identity_count; i++) {
        free_text(mem, opts->identities[i].certificate);
        free_text(mem, opts->identities[i].key);
    }
    weft_free(mem, (void *)(uintptr_t)opts->identities, identities_size(opts));
    free_text(mem, opts->client_ca);
    free_text(mem, opts->ciphers);
    *opts = (struct weft_tls_opts){0};
}

/* Fills what is zero. Also after a failure it is to be released. */
static int opts_copy(struct weft_tls_opts *to, const struct weft_mem *mem,
                     const struct weft_tls_opts *from)
{
    struct weft_tls_identity *all = weft_zalloc(mem, identities_size(from));
    bool has_all = all != NULL;

    to->size = sizeof(*to);
    to->identities = all;
    to->identity_count = from->identity_count;
    to->client_auth = from->client_auth;
    has_all = has_all && copy_text(mem, &to->client_ca, from->client_ca) &&
              copy_text(mem, &to->ciphers, from->ciphers);
    for (size_t i = 0; has_all && i < from->identity_count; i++)
        has_all = copy_text(mem, &all[i].certificate,
                            from->identities[i].certificate) &&
                  copy_text(mem, &all[i].key, from->identities[i].key);
    return has_all ? 0 : WEFT_ERR_NOMEM;
}

/* ---- Life ---------------------------------------------------------------- */

static void keyring_free(struct weft_keyring *keyring)
{
    const struct weft_mem *mem = keyring->mem;

    weft_tls_unref(keyring->tls);
    opts_release(&keyring->opts, mem);
    pthread_mutex_destroy(&keyring->lock);
    weft_free(mem, keyring, sizeof(*keyring));
}

static int keyring_new(struct weft_keyring **out, const struct weft_mem *mem,
                       const struct weft_tls_opts *opts, char why[WEFT_TLS_WHY])
{
    struct weft_keyring *keyring = weft_zalloc(mem, sizeof(*keyring));
    int err;

    if (!keyring)
        return WEFT_ERR_NOMEM;
    keyring->mem = mem;
    pthread_mutex_init(&keyring->lock, NULL);
    /* First, as it is what judges the options. */
    err = weft_tls_new_server(&keyring->tls, opts, NULL, why);
    if (!err)
        err = opts_copy(&keyring->opts, mem, opts);
    if (err) {
        keyring_free(keyring);
        return err;
    }
    *out = keyring;
    return 0;
}

int weft_keyring_open(struct weft_keyring **out, struct weft_keyring **list,
                      const struct weft_mem *mem,
                      const struct weft_tls_opts *opts, char why[WEFT_TLS_WHY])
{
    struct weft_tls_opts known;
    struct weft_keyring *keyring = *list;
    int err = weft_opts_copy(&known, sizeof(known), opts);

    why[0] = '\0';
    if (err)
        return err;
    while (keyring && !opts_are_equal(&keyring->opts, &known))
        keyring = keyring->next;
    if (!keyring) {
        err = keyring_new(&keyring, mem, &known, why);
        if (err)
            return err;
        keyring->next = *list;
        *list = keyring;
    }
    *out = keyring;
    return 0;
}

void weft_keyrings_free(struct weft_keyring *list)
{
    while (list) {
        struct weft_keyring *next = list->next;

        keyring_free(list);
        list = next;
    }
}

/* ---- Use ----------------------------------------------------------------- */

struct weft_tls *weft_keyring_take(struct weft_keyring *keyring)
{
    struct weft_tls *tls;

    pthread_mutex_lock(&keyring->lock);
    tls = weft_tls_ref(keyring->tls);
    pthread_mutex_unlock(&keyring->lock);
    return tls;
}

static bool reload(struct weft_keyring *keyring, struct weft_log *log)
{
    struct weft_tls *before = weft_keyring_take(keyring), *tls;
    char why[WEFT_TLS_WHY] = "";
    int err = weft_tls_new_server(&tls, &keyring->opts, before, why);

    weft_tls_unref(before);
    if (err) {
        weft_log_line(log, WEFT_LOG_ERROR,
                      "the old certificates stay, as the new ones cannot be "
                      "used: %s",
                      *why ? why : weft_strerror(err));
        return false;
    }
    pthread_mutex_lock(&keyring->lock);
    keyring->tls = tls;
    pthread_mutex_unlock(&keyring->lock);
    weft_tls_unref(before); /* what was the keyring's */
    return true;
}

void weft_keyrings_reload(struct weft_keyring *list, struct weft_log *log)
{
    bool is_done = list != NULL;

    for (struct weft_keyring *keyring = list; keyring; keyring = keyring->next)
        is_done &= reload(keyring, log);
    if (is_done)
        weft_log_line(log, WEFT_LOG_INFO, "certificates read again");
    weft_keyrings_warn(list, log, weft_wall_clock());
}

static void warn(struct weft_keyring *keyring, struct weft_log *log,
                 int64_t now)
{
    struct weft_tls *tls = weft_keyring_take(keyring);
    int64_t at = weft_tls_expires(tls);
    bool has_others = keyring->opts.identity_count > 1;
    char date[WEFT_DATE_SIZE];

    weft_tls_unref(tls);
    if (at > now && (at - now) / DAY >= WARNED_BEFORE_DAYS)
        return;
    weft_date_format(date, at);
    weft_log_line(log, WEFT_LOG_WARN, "the certificate in %s%s %s on %s",
                  keyring->opts.identities[0].certificate,
                  has_others ? " or another" : "",
                  at > now ? "expires" : "has expired", date);
}

void weft_keyrings_warn(struct weft_keyring *list, struct weft_log *log,
                        int64_t now)
{
    for (; list; list = list->next)
        warn(list, log, now);
}
