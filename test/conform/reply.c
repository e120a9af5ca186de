/* SPDX-License-Identifier: MIT */
/*
 * The server's half of the handshake, when we are the server. Its lies are
 * those of the edits: whatever they leave alone is right.
 */
#include "reply.h"

#include "bargain.h"
#include "draft.h"
#include "nonce.h"

#include <ctype.h>
#include <string.h>

static void swap_case(char *out, const char *text)
{
    do
        *out++ = (char)(isupper((unsigned char)*text)
                            ? tolower((unsigned char)*text)
                            : toupper((unsigned char)*text));
    while (*text++);
}

/* To the client's offer, if it made one. */
static void answer_deflate(struct draft *d, const char *offered)
{
    static const char name[] = "Sec-WebSocket-Extensions: ";
    char line[300];

    memcpy(line, name, sizeof(name));
    bargain_answer(line + sizeof(name) - 1, sizeof(line) - sizeof(name) + 1,
                   offered, d->terms);
    if (line[sizeof(name) - 1])
        draft_add(d, line);
}

static void make(struct reply *r, const char *edits, const char *offered,
                 const struct draft_word *words)
{
    struct draft d = {0};

    draft_add(&d, "HTTP/1.1 101 Switching Protocols");
    draft_add(&d, "Upgrade: websocket");
    draft_add(&d, "Connection: Upgrade");
    draft_add(&d, "Sec-WebSocket-Accept: %r");
    draft_edit(&d, edits);
    if (d.deflate)
        answer_deflate(&d, offered);
    draft_write(&d, &r->text, words);
    r->split = d.split;
    draft_collect(&d, "Sec-WebSocket-Protocol", r->protocol,
                  sizeof(r->protocol));
    r->protocol[strcspn(r->protocol, " \t")] = '\0';
    draft_collect(&d, "Sec-WebSocket-Extensions", r->extensions,
                  sizeof(r->extensions));
    draft_release(&d);
}

void reply_make(struct reply *r, const struct asked *asked, const char *edits)
{
    char right[29], swapped[29];
    const struct draft_word words[] = {{'k', asked->key},
                                       {'r', right},
                                       {'s', swapped},
                                       {'p', asked->first},
                                       {0}};

    accept_value(right, asked->key);
    swap_case(swapped, right);
    memset(r, 0, sizeof(*r));
    if (edits && *edits == '=')
        draft_write_text(&r->text, edits + 1, words);
    else
        make(r, edits, asked->offered, words);
    if (strcmp(r->protocol, "%p") == 0)
        memcpy(r->protocol, asked->first, sizeof(asked->first));
}

void reply_release(struct reply *r)
{
    bytes_release(&r->text);
}
