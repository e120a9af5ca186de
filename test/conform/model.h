/* SPDX-License-Identifier: MIT */
/* What an echoing peer still owes us: the messages it was sent, and an answer
 * to each ping. */
#ifndef CONFORM_MODEL_H
#define CONFORM_MODEL_H

#include "frames.h"
#include "pack.h"
#include "reader.h"
#include "verdict.h"

/* Things owed, in order; those before `at` were given. */
struct debts {
    struct debt {
        uint8_t opcode;
        size_t at, len; /* in the bytes that were sent */
    } * list;
    size_t count;
    size_t at;
    struct bytes sent;
};

/* All zero at first. */
struct model {
    struct debts echoes;
    struct debts pings;
    struct debt open; /* the message whose last fragment is not sent yet */
    bool is_packed;   /* that one is compressed */
    struct bytes packed;
    struct unpacker unpacker;
    bool over; /* Close or something wrong was sent: nothing more is owed */
};

/* Notes a frame that was sent. Returns NULL, or what is wrong with it, which
 * the case does not know. */
const char *model_sent(struct model *m, const struct frame *f);
bool model_owes_echo(const struct model *m);
bool model_owes_pong(const struct model *m);

/* Settles what a message or pong pays. Says in the verdict what is wrong, and
 * returns false then. */
bool model_take(struct model *m, const struct event *ev, struct verdict *v);

/* The next echo in words. Returns buf. */
const char *model_next_echo(const struct model *m, char *buf, size_t size);

void model_release(struct model *m);

#endif
