/* SPDX-License-Identifier: MIT */
/* Response heads that are refused, and why. */
#ifndef WEFT_TEST_RESPONSE_REFUSED_H
#define WEFT_TEST_RESPONSE_REFUSED_H

#include <stddef.h>

#define T(text) text, sizeof(text) - 1
#define OK "HTTP/1.1 200 OK\r\n"

#define NOT_HTTP "is not HTTP"
#define NO_STATUS "has no status"
#define THREE "has a status that is not three digits"
#define RANGE "has a status that is not from 100 to 599"
#define CONTROL "has a control character in a line"
#define LINE "has a line that does not end in CR LF"
#define NO_NAME "has a field without a name"
#define NO_COLON "has a field line without a colon"
#define TOKEN "has a field whose name is not a token"
#define SPACE "has white space in the name of a field"
#define FIRST "has a field line that begins with white space"

/* Each text ends with the byte that makes it wrong: one less is not enough to
 * say so, and whatever follows does not change the answer. */
static const struct {
    const char *what, *text;
    size_t len;
    const char *why;
} refused[] = {
    /* What other servers begin with. */
    {"TLS", T("\x15"), NOT_HTTP},
    {"HTTP/2 without asking", T("\0"), NOT_HTTP},
    {"SSH", T("S"), NOT_HTTP},
    {"a page without a head", T("<"), NOT_HTTP},
    {"Shoutcast", T("I"), NOT_HTTP},
    {"a request", T("HE"), NOT_HTTP},
    {"empty line first", T("\r"), NOT_HTTP},
    {"line feed first", T("\n"), NOT_HTTP},
    {"space first", T(" "), NOT_HTTP},
    {"small letters", T("h"), NOT_HTTP},

    /* The version. */
    {"no slash", T("HTTP "), NOT_HTTP},
    {"no number", T("HTTP/x"), NOT_HTTP},
    {"HTTP/0.9", T("HTTP/0"), "is HTTP/0, not HTTP/1.1"},
    {"HTTP/2", T("HTTP/2"), "is HTTP/2, not HTTP/1.1"},
    {"HTTP/3", T("HTTP/3"), "is HTTP/3, not HTTP/1.1"},
    {"HTTP/9", T("HTTP/9"), "is HTTP/9, not HTTP/1.1"},
    {"no minor number", T("HTTP/1 "), NOT_HTTP},
    {"HTTP/10", T("HTTP/10"), NOT_HTTP},
    {"comma in version", T("HTTP/1,"), NOT_HTTP},
    {"letter in version", T("HTTP/1.x"), NOT_HTTP},

    /* The status. */
    {"HTTP/1.10", T("HTTP/1.10"), NO_STATUS},
    {"version alone", T("HTTP/1.1\r"), NO_STATUS},
    {"version alone with LF", T("HTTP/1.1\n"), NO_STATUS},
    {"tab behind the version", T("HTTP/1.1\t"), NO_STATUS},
    {"two spaces", T("HTTP/1.1  "), THREE},
    {"a word for a status", T("HTTP/1.1 O"), THREE},
    {"signed status", T("HTTP/1.1 +"), THREE},
    {"one digit", T("HTTP/1.1 2 "), THREE},
    {"two digits", T("HTTP/1.1 20\r"), THREE},
    {"letter in status", T("HTTP/1.1 10l"), THREE},
    {"four digits", T("HTTP/1.1 1010"), THREE},
    {"status and letter", T("HTTP/1.1 101S"), THREE},
    {"status and tab", T("HTTP/1.1 101\t"), THREE},
    {"status and NUL", T("HTTP/1.1 101\0"), THREE},
    {"status under 100", T("HTTP/1.1 0"), RANGE},
    {"status from 600", T("HTTP/1.1 6"), RANGE},
    {"status from 900", T("HTTP/1.1 9"), RANGE},

    /* The reason. */
    {"LF behind the status", T("HTTP/1.1 101\n"), LINE},
    {"CR behind the status", T("HTTP/1.1 101\rX"), LINE},
    {"LF behind the space", T("HTTP/1.1 101 \n"), LINE},
    {"LF behind the reason", T("HTTP/1.1 101 S\n"), LINE},
    {"CR in the reason", T("HTTP/1.1 101 S\rP"), LINE},
    {"two CR", T("HTTP/1.1 101 S\r\r"), LINE},
    {"NUL in the reason", T("HTTP/1.1 101 S\0"), CONTROL},
    {"escape in the reason", T("HTTP/1.1 101 S\x1b"), CONTROL},
    {"DEL in the reason", T("HTTP/1.1 101 \x7f"), CONTROL},

    /* Field lines. */
    {"LF instead of fields", T(OK "\n"), LINE},
    {"CR instead of fields", T(OK "\rA"), LINE},
    {"space first", T(OK " "), FIRST},
    {"tab first", T(OK "\t"), FIRST},
    {"colon first", T(OK ":"), NO_NAME},
    {"colon first later", T(OK "A: b\r\n:"), NO_NAME},
    {"no colon", T(OK "Upgrade\r"), NO_COLON},
    {"no colon and LF", T(OK "Upgrade\n"), NO_COLON},
    {"space before the colon", T(OK "A "), SPACE},
    {"tab before the colon", T(OK "A\t"), SPACE},
    {"name of two words", T(OK "A: b\r\nSet "), SPACE},
    {"NUL in a name", T(OK "A\0"), TOKEN},
    {"UTF-8 in a name", T(OK "A\xc3"), TOKEN},
    {"quote in a name", T(OK "\""), TOKEN},
    {"equals sign for a colon", T(OK "A="), TOKEN},
    {"NUL in a value", T(OK "A: b\0"), CONTROL},
    {"escape in a value", T(OK "A: \x1b"), CONTROL},
    {"DEL in a value", T(OK "A:\x7f"), CONTROL},
    {"LF in a value", T(OK "A: b\n"), LINE},
    {"LF for a value", T(OK "A:\n"), LINE},
    {"CR in a value", T(OK "A: b\r "), LINE},
    {"two CR behind a value", T(OK "A: b\r\r"), LINE},
    {"LF for the end", T(OK "A: b\r\n\n"), LINE},
    {"CR for the end", T(OK "A: b\r\n\rA"), LINE},

    /* Folded lines. */
    {"NUL in a fold", T(OK "A: b\r\n c\0"), CONTROL},
    {"CR in a fold", T(OK "A: b\r\n c\rd"), LINE},
    {"LF behind a fold", T(OK "A: b\r\n\tc\n"), LINE},
    {"LF for a fold", T(OK "A: b\r\n \n"), LINE},
    {"fold, no colon", T(OK "A: b\r\n c:\r\nd\r"), NO_COLON},
    {"LF behind two folds", T(OK "A:\r\n \r\n \r\n\n"), LINE},
};

#endif
