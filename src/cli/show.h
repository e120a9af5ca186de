/* SPDX-License-Identifier: MIT */
/*
 * What goes over a connection, in lines for a person: "> " is before what went,
 * "< " before what came, "* " before what happened. Nothing that a peer sent
 * reaches the terminal unescaped.
 */
#ifndef WEFT_CLI_SHOW_H
#define WEFT_CLI_SHOW_H

#include <stdio.h>
#include <weft/client.h>

enum show_kind { SHOW_SENT, SHOW_CAME, SHOW_NOTE, SHOW_PROBLEM };

struct show {
    FILE *out;
    bool has_color;
    bool is_bare;   /* without signs and colours */
    bool has_times; /* each line begins with the time of day */

    /* Called before each line that is printed; may be NULL. */
    void (*before)(void *user);
    void *user;
};

/* A message: text as it is, binary as its length and a short hexdump; or a
 * control frame. */
void show_message(const struct show *show, enum show_kind kind,
                  const struct weft_message *msg);

/* A line of our own, whose %s are safe. */
void show_line(const struct show *show, enum show_kind kind, const char *format,
               ...) __attribute__((format(printf, 3, 4)));

/* "closed: 1000 normal closure, bye" */
void show_closed(const struct show *show, const struct weft_closed *how);

/* The lines of an HTTP head, without the empty one at its end. */
void show_head(const struct show *show, enum show_kind kind, const char *head,
               size_t len);

/* "FIN text masked 7d1c0a53 5 bytes" */
void show_frame(const struct show *show, const struct weft_frame_info *frame);

/* What a close code says: "normal closure". */
const char *show_meaning(unsigned code);

#endif
