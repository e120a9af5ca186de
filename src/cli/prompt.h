/* SPDX-License-Identifier: MIT */
/*
 * A prompt at a terminal, at which a line is typed while other things happen.
 * Whoever prints hides the line first; it is drawn again, as it was, before
 * the next key is waited for.
 */
#ifndef WEFT_CLI_PROMPT_H
#define WEFT_CLI_PROMPT_H

#include <stdio.h>
#include <weft/types.h>

#define PROMPT_TEXT "> "

struct prompt;

struct prompt_opts {
    int in; /* the terminal's descriptors */
    FILE *out;
    const char *history; /* path of a file, or NULL for none */

    /* Waits until there is something to read, and lets other things happen
     * meanwhile, which may call prompt_hide. false: no more lines are wanted,
     * now and in future. */
    bool (*wait)(void *user);
    void *user;
};

/* What a way of reading lines consists of; see below. */
struct prompt_ops {
    struct prompt *(*new)(const struct prompt_opts *opts);
    void (*free)(struct prompt *prompt);
    const char *(*read)(struct prompt *prompt);
    void (*hide)(struct prompt *prompt);
    void (*draw)(struct prompt *prompt);
    void (*resize)(struct prompt *prompt);
    void (*suspend)(struct prompt *prompt);
};

/* The first member of what new returns. */
struct prompt {
    const struct prompt_ops *ops;
    bool keeps_lines; /* a line that was read stays on the screen */
};

/* By libedit, and by the terminal's own means. */
extern const struct prompt_ops prompt_edit;
extern const struct prompt_ops prompt_plain;

/* NULL: no memory, or this is no terminal. */
struct prompt *prompt_new(const struct prompt_opts *opts);

/* The terminal is as it was found. NULL is allowed. */
void prompt_free(struct prompt *prompt);

/* A line, null-terminated UTF-8 without its end, which lives until the next
 * call; NULL: the end of input, or wait said so. Once it is read it is gone
 * from the screen, to be shown anew, unless the prompt keeps lines there. */
const char *prompt_read(struct prompt *prompt);

/* Takes the line that is being typed off the screen. Nothing happens when none
 * is, or it is hidden already. */
void prompt_hide(struct prompt *prompt);

/* Draws it again; to be called before waiting. */
void prompt_draw(struct prompt *prompt);

/* The terminal has another size (SIGWINCH); the program is to be stopped until
 * SIGCONT (SIGTSTP). */
void prompt_resize(struct prompt *prompt);
void prompt_suspend(struct prompt *prompt);

#endif
