/* SPDX-License-Identifier: MIT */
/*
 * Errors and close codes.
 *
 * Functions return an int: negative is one of enum weft_err, zero and positive
 * mean what the function says. An error of class USAGE changed nothing; after
 * any other error of a connection, only its last output and its free remain.
 */
#ifndef WEFT_ERROR_H
#define WEFT_ERROR_H

#include <weft/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* name, value, close code sent to the peer, text */
#define WEFT_ERR_MAP(X)                                                        \
    X(NOMEM, -1, 1011, "out of memory")                                        \
    X(LIMIT, -2, 1009, "a configured limit was reached")                       \
    X(PROTOCOL, -3, 1002, "the peer broke the protocol")                       \
    X(UTF8, -4, 1007, "a text message is not UTF-8")                           \
    X(USAGE, -5, 1011, "the call is not allowed in this state")                \
    X(POLICY, -6, 1008, "a policy was violated")                               \
    X(BUSY, -7, 1013, "the peer reads too slowly, the queue is full")          \
    X(TIMEOUT, -8, 1006, "the peer did not answer in time")                    \
    X(EOF, -9, 1006, "the connection ended without a close frame")             \
    X(SYSTEM, -10, 1011, "an operating system call failed")                    \
    X(GONE, -11, 1006, "the connection has gone")                              \
    X(IN_USE, -12, 1011, "the address is already in use")                      \
    X(ADDRESS, -13, 1011, "the address cannot be used")                        \
    X(DENIED, -14, 1011, "permission denied")                                  \
    X(MISSING, -15, 1011, "no such file or folder")                            \
    X(INVALID, -16, 1011, "an argument is not valid")                          \
    X(UNREACHABLE, -17, 1006, "the server cannot be reached")                  \
    X(REFUSED, -18, 1006, "the server refused the handshake")                  \
    X(INVALID_DATA, -19, 1007, "compressed data is malformed")                 \
    X(TLS, -20, 1006, "TLS failed")

enum weft_err {
#define X(name, value, close_code, text) WEFT_ERR_##name = (value),
    WEFT_ERR_MAP(X)
#undef X
};

/* A sentence without full stop for an error, also for an unknown number.
 * Static memory. */
WEFT_API const char *weft_strerror(int err);

/* The close codes of RFC 6455 section 7.4.1 and the IANA registry. */
enum weft_close_code {
    WEFT_CLOSE_NORMAL = 1000,
    WEFT_CLOSE_GOING_AWAY = 1001,
    WEFT_CLOSE_PROTOCOL_ERROR = 1002,
    WEFT_CLOSE_UNSUPPORTED = 1003,
    WEFT_CLOSE_NO_STATUS = 1005, /* never sent: the close frame had no code */
    WEFT_CLOSE_ABNORMAL = 1006,  /* never sent: there was no close frame */
    WEFT_CLOSE_INVALID_DATA = 1007,
    WEFT_CLOSE_POLICY = 1008,
    WEFT_CLOSE_TOO_BIG = 1009,
    WEFT_CLOSE_EXTENSION = 1010,
    WEFT_CLOSE_INTERNAL = 1011,
    WEFT_CLOSE_RESTART = 1012,
    WEFT_CLOSE_TRY_AGAIN = 1013,
    WEFT_CLOSE_BAD_GATEWAY = 1014,
    WEFT_CLOSE_TLS = 1015, /* never sent: the TLS handshake failed */
};

#ifdef __cplusplus
}
#endif

#endif
