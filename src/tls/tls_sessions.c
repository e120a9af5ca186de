/* SPDX-License-Identifier: MIT */
/* The slots are few, so they are searched and moved one by one. */
#include "tls/tls_sessions.h"

#include "base/mem.h"
#include <string.h>

void weft_tls_sessions_init(struct weft_tls_sessions *sessions,
                            const struct weft_mem *mem)
{
    sessions->mem = mem;
    sessions->count = 0;
}

static void slot_release(struct weft_tls_sessions *sessions,
                         struct weft_tls_session *slot)
{
    weft_strfree(sessions->mem, slot->host);
    SSL_SESSION_free(slot->session);
}

void weft_tls_sessions_release(struct weft_tls_sessions *sessions)
{
    for (size_t i = 0; i < sessions->count; i++)
        slot_release(sessions, &sessions->slots[i]);
    sessions->count = 0;
}

/* The place of a server's slot, or count. */
static size_t find(const struct weft_tls_sessions *sessions, const char *host,
                   unsigned port)
{
    const struct weft_tls_session *slots = sessions->slots;
    size_t i = 0;

    while (i < sessions->count &&
           (slots[i].port != port || strcmp(slots[i].host, host) != 0))
        i++;
    return i;
}

/* Takes a slot out; what it holds is the caller's. */
static struct weft_tls_session remove_at(struct weft_tls_sessions *sessions,
                                         size_t at)
{
    struct weft_tls_session slot = sessions->slots[at];

    sessions->count--;
    memmove(&sessions->slots[at], &sessions->slots[at + 1],
            (sessions->count - at) * sizeof(slot));
    return slot;
}

static void insert_first(struct weft_tls_sessions *sessions,
                         struct weft_tls_session slot)
{
    memmove(&sessions->slots[1], &sessions->slots[0],
            sessions->count * sizeof(slot));
    sessions->slots[0] = slot;
    sessions->count++;
}

void weft_tls_sessions_put(struct weft_tls_sessions *sessions, const char *host,
                           unsigned port, SSL_SESSION *session)
{
    struct weft_tls_session slot;
    size_t at = find(sessions, host, port);

    if (at == sessions->count && at == WEFT_TLS_SESSIONS)
        at--; /* the one that was used longest ago makes room */
    if (at < sessions->count) {
        slot = remove_at(sessions, at);
        slot_release(sessions, &slot);
    }
    slot.host = weft_strdup(sessions->mem, host);
    slot.port = port;
    slot.session = session;
    if (slot.host)
        insert_first(sessions, slot);
    else
        slot_release(sessions, &slot);
}

SSL_SESSION *weft_tls_sessions_take(struct weft_tls_sessions *sessions,
                                    const char *host, unsigned port)
{
    size_t at = find(sessions, host, port);
    struct weft_tls_session slot;

    if (at == sessions->count)
        return NULL;
    slot = remove_at(sessions, at);
    if (!SSL_SESSION_is_resumable(slot.session)) {
        slot_release(sessions, &slot);
        return NULL;
    }
    if (SSL_SESSION_get_protocol_version(slot.session) >= TLS1_3_VERSION) {
        weft_strfree(sessions->mem, slot.host);
        return slot.session;
    }
    SSL_SESSION_up_ref(slot.session);
    insert_first(sessions, slot);
    return slot.session;
}
