/* SPDX-License-Identifier: MIT */
/*
 * The client's half of the handshake, when we are the client. What the judge
 * of the response has to know is taken from the lines as they are after the
 * edits.
 */
#include "request.h"

#include "draft.h"
#include "nonce.h"

#include <stdio.h>
#include <string.h>

static void ordinary(struct draft *d, uint32_t seed)
{
    static const char *const lines[] = {
        "GET %t HTTP/1.1",           "Host: %h",
        "Upgrade: websocket",        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
    };
    char key[64] = "Sec-WebSocket-Key: ";
    uint8_t nonce[16];

    for (size_t i = 0; i < sizeof(nonce); i++) {
        seed = seed * 1664525 + 1013904223;
        nonce[i] = (uint8_t)(seed >> 24);
    }
    for (size_t i = 0; i < COUNT(lines); i++)
        draft_add(d, lines[i]);
    base64(key + strlen(key), nonce, sizeof(nonce));
    draft_add(d, key);
}

static void make(struct request *r, const char *edits, uint32_t seed,
                 const struct draft_word *words)
{
    struct draft d = {0};
    char offer[sizeof(d.terms) + 64];

    ordinary(&d, seed);
    draft_edit(&d, edits);
    if (d.deflate) {
        snprintf(offer, sizeof(offer),
                 "Sec-WebSocket-Extensions: permessage-deflate%s%s",
                 d.terms[0] ? "; " : "", d.terms);
        draft_add(&d, offer);
    }
    draft_write(&d, &r->text, words);
    draft_collect(&d, "Sec-WebSocket-Key", r->key, sizeof(r->key));
    r->key[strcspn(r->key, " \t")] = '\0';
    draft_collect(&d, "Sec-WebSocket-Extensions", r->offered,
                  sizeof(r->offered));
    draft_collect(&d, "Sec-WebSocket-Protocol", r->asked, sizeof(r->asked));
    draft_release(&d);
}

void request_make(struct request *r, const struct target *t, const char *edits,
                  uint32_t seed)
{
    const struct draft_word words[] = {
        {'t', t->resource}, {'h', t->authority}, {0}};

    memset(r, 0, sizeof(*r));
    if (edits && *edits == '=')
        draft_write_text(&r->text, edits + 1, words);
    else
        make(r, edits, seed, words);
}

void request_release(struct request *r)
{
    bytes_release(&r->text);
}
