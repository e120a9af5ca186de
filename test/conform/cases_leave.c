/* SPDX-License-Identifier: MIT */
/*
 * The client closes (RFC 6455 7.1.2; close() of the WHATWG standard), and what
 * the server makes of that: code and reason of the close event are those that
 * the server sends (7.1.5), whatever the client sent.
 */
#include "cases.h"

#include "bytes.h"

#define BYE "close=3000:bye"
#define LEFT "=> leave 3000 'bye' "

static const struct row rows[] = {
    {"7.1.2", "without code and reason", "=> leave close => end", NULL, NULL,
     "close=:"},
    {"7.1.2", "with code $", "=> leave $ close $ => end", "1000 3000 4999",
     NULL, "close=$:"},
    {"7.1.2", "with code and reason", LEFT "close 3000 'bye' => end", NULL,
     NULL, BYE},
    {"7.1.2", "with a reason of 123 bytes",
     "=> leave 4000 123*'a' close 4000 123*'a' => end", NULL, NULL,
     "close=4000:"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
    {"7.1.2", "with a reason in UTF-8",
     "=> leave 4000 <c3a9e282acf09f9880> close 4000 <c3a9e282acf09f9880> => "
     "end",
     NULL, NULL, "close=4000:%c3%a9%e2%82%ac%f0%9f%98%80"},
    {"7.1.2", "everything byte by byte",
     "bytes " LEFT "close 3000 'bye' => end", NULL, NULL, BYE},

    {"7.1.5", "the server answers with code $", LEFT "close $ => end",
     "1000 1001 1002 1003 1007 1008 1009 1010 1011 1012 1013 1014 3001 4999",
     NULL, BYE},
    {"7.1.5", "the server answers with an empty Close", LEFT "close => end",
     NULL, NULL, BYE},
    {"7.1.6", "the server answers with another reason",
     LEFT "close 3000 'so long' => end", NULL, NULL, BYE},
    {"7.1.6", "the server answers without a reason", LEFT "close 3000 => end",
     NULL, NULL, BYE},
    {"7.1.6", "the server answers with a reason of 123 bytes",
     LEFT "close 3000 #123 => end", NULL, NULL, BYE},
    {"7.1.4", "the server answers and resets TCP",
     LEFT "close 3000 'bye' | rst", NULL, NULL, BYE},
    {"7.1.5", "the server answers twice", LEFT "close 1001 close 1002 => end",
     NULL, NULL, BYE},

    /* "If ready state is not OPEN (1), then return." */
    {"7.1.2", "messages behind the client's Close",
     LEFT "text 'a' bin 'b' close 3000 'bye' => end", NULL, NULL, BYE},
    {"7.1.2", "1000 messages behind the client's Close",
     LEFT "1000( text 'a' ) close 3000 => end", NULL, NULL, BYE},
    {"7.1.2", "half a message behind the client's Close",
     LEFT "text- 'a' close 3000 => end", NULL, NULL, BYE},
    {"7.1.2", "1 MiB behind the client's Close",
     LEFT "bin #1048576 close 3000 => end", NULL, NULL, BYE},
    {"5.5.2", "ping behind the client's Close",
     LEFT "ping 'p' close 3000 => end", NULL, NULL, BYE},
    {"5.5.3", "pong behind the client's Close",
     LEFT "pong 'p' close 3000 => end", NULL, NULL, BYE},
    {"5.5.1", "messages behind both Close frames",
     LEFT "close 3000 text 'a' ping 'p' => end", NULL, NULL, BYE},
    {"7.1.1", "bytes behind both Close frames that are no frame",
     LEFT "close 3000 raw <ffffffffffffffff> => end", NULL, NULL, BYE},

    /* Two Close frames did not come to pass. */
    {"7.1.4", "the server ends TCP in place of an answer", LEFT "fin => end",
     NULL, NULL, BYE},
    {"7.1.4", "the server resets TCP in place of an answer", LEFT "| rst", NULL,
     NULL, BYE},
    {"7.1.4", "the server ends TCP inside its Close",
     LEFT "raw <88020b> fin => end", NULL, NULL, BYE},
    {"7.4", "the server answers with Close $, which may not be sent",
     LEFT "! close $ fin => end", "0 999 1004 1005 1006 1015 2999 5000 65535",
     NULL, BYE},
    {"5.5.1", "the server answers with half a code",
     LEFT "! close <03> fin => end", NULL, NULL, BYE},
    {"5.5.1", "the server answers with a reason that is no UTF-8",
     LEFT "! close 3000 <ff> fin => end", NULL, NULL, BYE},
    {"5.1", "the server answers with the wrong mask bit",
     LEFT "! close nomask 3000 fin => end", NULL, NULL, BYE},
    {"5.2", "the server answers with reserved bits $",
     LEFT "! close rsv=$ 3000 fin => end", "1 2 4", NULL, BYE},
    {"5.2", "bad frame behind the client's Close", LEFT "! op=3 'x' fin => end",
     NULL, NULL, BYE},
    {"8.1", "text that is no UTF-8 behind the client's Close",
     LEFT "! text <ff> fin => end", NULL, NULL, BYE},
};

const struct table leave_cases = {rows, COUNT(rows), OF_CLIENTS};
