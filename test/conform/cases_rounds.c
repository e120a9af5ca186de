/* SPDX-License-Identifier: MIT */
/*
 * Many messages of one size, one after the other, with each way to agree on
 * contexts and windows (RFC 7692 7.1): what goes wrong only after a while. How
 * many, is for the command line to say.
 */
#include "cases.h"

#include "bytes.h"

#define SIZES "16 64 256 1024 4096 8192 16384 32768 65536 131072"
#define FRAGMENTS                                                              \
    "1024/16 8192/256 16384/256 131072/256 131072/1024 131072/4096 "           \
    "131072/16384"

#define SERVER_FRESH "server_no_context_takeover"
#define CLIENT_FRESH "client_no_context_takeover"
#define SERVER_BITS "server_max_window_bits="
#define CLIENT_BITS "client_max_window_bits="

#define WHOLE(name, terms)                                                     \
    {                                                                          \
        "d7.2.2", "messages of $ bytes; " name, "R( text z &$ => echo )",      \
            SIZES, "@deflate " terms, "deflate=" terms                         \
    }
#define CUT(name, terms)                                                       \
    {                                                                          \
        "d7.2.2", "messages of $1 bytes in fragments of $2; " name,            \
            "R( bin z frag=$2 &$1 => echo )", FRAGMENTS, "@deflate " terms,    \
            "deflate=" terms                                                   \
    }

static const struct row rows[] = {
    WHOLE("the largest windows", "client_max_window_bits"),
    WHOLE("no context from the server", SERVER_FRESH),
    WHOLE("no context from the client", CLIENT_FRESH),
    WHOLE("no context", SERVER_FRESH ";" CLIENT_FRESH),
    WHOLE("8 bits from the server", SERVER_BITS "8"),
    WHOLE("9 bits from the server", SERVER_BITS "9"),
    WHOLE("8 bits from the client", CLIENT_BITS "8"),
    WHOLE("9 bits from the client", CLIENT_BITS "9"),
    WHOLE("8 bits", SERVER_BITS "8;" CLIENT_BITS "8"),
    WHOLE("9 bits", SERVER_BITS "9;" CLIENT_BITS "9"),
    WHOLE("11 bits", SERVER_BITS "11;" CLIENT_BITS "11"),
    WHOLE("15 bits", SERVER_BITS "15;" CLIENT_BITS "15"),
    WHOLE("8 bits, no context",
          SERVER_BITS "8;" CLIENT_BITS "8;" SERVER_FRESH ";" CLIENT_FRESH),
    WHOLE("9 bits, no context",
          SERVER_BITS "9;" CLIENT_BITS "9;" SERVER_FRESH ";" CLIENT_FRESH),
    WHOLE("15 bits, no context",
          SERVER_BITS "15;" CLIENT_BITS "15;" SERVER_FRESH ";" CLIENT_FRESH),
    CUT("the largest windows", "client_max_window_bits"),
    CUT("no context", SERVER_FRESH ";" CLIENT_FRESH),
    CUT("9 bits", SERVER_BITS "9;" CLIENT_BITS "9"),
    {"d7.2.2", "compressed messages of $ bytes and others in turn",
     "R( text z &$ text &$ => echo )", SIZES, "@deflate", "deflate="},
    {"d7.2.2", "many messages of $ bytes under way at the same time",
     "10( R( text z &$ ) => echo )", "16 256 4096", "@deflate", "deflate="},
};

const struct table rounds_cases = {rows, COUNT(rows), BOTH_SIDES};
