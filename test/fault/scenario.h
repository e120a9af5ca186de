/* SPDX-License-Identifier: MIT */
/*
 * One conversation with an echo server, for tests that let something fail in
 * the middle of it: handshake, a short text, a message of 100 KiB in fragments,
 * a ping, and the closing handshake.
 *
 * Whatever fails, the peer hears nothing wrong: what it gets is the beginning
 * of what it would have got, perhaps with a close frame of 1011 behind it; or
 * an answer that refuses the handshake. A second connection, which was there
 * before, notices nothing: it is asked to echo after each part of the talk, and
 * only then does nothing fail.
 */
#ifndef WEFT_TEST_FAULT_SCENARIO_H
#define WEFT_TEST_FAULT_SCENARIO_H

#include "serve.h"

struct scenario {
    struct serve *serve;
    struct client bystander;
    /* Lets nothing fail while on. NULL: there is nothing that fails. */
    void (*spare)(struct serve *serve, bool on);
    bool is_told;  /* a close frame can be sent, and must be */
    char what[80]; /* what fails, for messages */
};

/* Starts a server, and opens the connection that is to notice nothing. */
void scenario_open(struct scenario *sc);

/* Checks once more, then ends it all; memory that is left fails the test. */
void scenario_close(struct scenario *sc);

/* Holds the conversation, and checks what was heard. Whether it was all. */
bool scenario_talk(struct scenario *sc);

/* Nothing fails any more: waits until the server has let go of the connection
 * of the talk, and checks that it goes on and the bystander is undisturbed. */
void scenario_check(struct scenario *sc);

#endif
