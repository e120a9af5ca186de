/* SPDX-License-Identifier: MIT */
/* What a line at the prompt means. */
#ifndef WEFT_CLI_TYPED_H
#define WEFT_CLI_TYPED_H

#include <weft/types.h>

enum typed_kind {
    TYPED_TEXT,   /* a message: text */
    TYPED_PING,   /* with the payload text */
    TYPED_CLOSE,  /* with code and text, the reason */
    TYPED_BINARY, /* the content of the file text */
    TYPED_HELP,
    TYPED_QUIT,
    TYPED_WRONG, /* text is a sentence on why */
};

struct typed {
    enum typed_kind kind;
    const char *text; /* part of the line, or static; never NULL */
    uint64_t code;    /* of a close: as typed */
};

/* Takes a line apart; it is the text of the result as long as that is used. */
void typed_parse(struct typed *out, const char *line);

/* Text for /help, ended by an empty string. */
extern const char *const typed_help[];

#endif
