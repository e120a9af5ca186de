/* SPDX-License-Identifier: MIT */
/*
 * The closing handshake (RFC 6455 5.5.1, 7.1 and 7.4). The server answers
 * Close with Close, usually with the code it got, and ends TCP at once. Codes
 * that may not be sent are best refused with 1002; sending them back is wrong
 * in any case, and the reader sees to that.
 */
#include "cases.h"

#include "bytes.h"

#define VALID                                                                  \
    "1000 1001 1002 1003 1007 1008 1009 1010 1011 1012 1013 1014 3000 3001 "   \
    "3999 4000 4001 4999"
#define INVALID                                                                \
    "0 1 100 500 999 1004 1005 1006 1015 1016 1017 1100 1999 2000 2999 5000 "  \
    "9999 32768 65535"
#define NOT_UTF8                                                               \
    "80 ff c0af e080af eda080 f4908080 c2 e282 f09f98 6f6bff c3286f"

static const struct row rows[] = {
    {"5.5.1", "empty Close", "close => close"},
    {"5.5.1", "empty Close byte by byte", "bytes close => close"},
    {"5.5.1", "Close 1000 without a reason", "close 1000 => close 1000"},
    {"5.5.1", "Close 1000 with a reason of $ bytes",
     "close 1000 #$ => close 1000", "1 2 4 62 122 123"},
    {"5.5.1", "Close with a reason of $ bytes", "! close 1000 #$ => fail 1002",
     "124 125 65534"},
    {"5.5.1", "Close with half a code: $", "! close <$> => refuse 1002",
     "00 03 e8 ff"},
    {"5.5.1", "Close with half a code, byte by byte",
     "bytes ! close <03> => refuse 1002"},
    {"5.5.1", "Close with a reason in UTF-8: $", "close 1000 <$> => close 1000",
     "c3a9 e282ac f09f9880 ed9fbf ee8080 efbfbf f48fbfbf 00"},
    {"5.5.1", "Close with a reason of 41 characters of 3 bytes",
     "close 4000 41*<e282ac> => close 4000"},
    {"5.5.1", "Close with a reason that is no UTF-8: $",
     "! close 1000 <$> => refuse 1007,1002", NOT_UTF8},
    {"5.5.1", "Close whose long reason ends inside a character",
     "! close 1000 #121 <e282> => refuse 1007,1002"},

    {"5.5.1", "text behind Close is not answered",
     "close 1000 text 'x' => close 1000"},
    {"5.5.1", "binary behind Close, in another segment",
     "close 1000 | bin 'x' => close 1000"},
    {"5.5.1", "1000 messages behind Close",
     "close 1000 1000( text 'x' ) => close 1000"},
    {"5.5.1", "1 MiB behind Close", "close 1000 bin #1048576 => close 1000"},
    {"5.5.2", "ping behind Close is not answered",
     "close 1000 ping 'x' => close 1000"},
    {"5.5.1", "a second Close is not answered",
     "close 1000 close 1001 => close 1000"},
    {"5.5.1", "a second Close behind an empty one",
     "close close 1001 => close"},
    {"5.5.1", "10 Close frames", "10( close 1000 ) => close 1000"},
    {"7.1.1", "bytes behind Close that are no frame",
     "close 1000 raw <ffffffffffffffff> => close 1000"},
    {"5.5.1", "frame with the wrong mask bit behind Close",
     "close 1000 text nomask 'x' => close 1000"},

    {"5.5.1", "messages before Close are echoed",
     "text 'a' text 'b' close 1000 => echo~ => close 1000"},
    {"5.5.1", "100 messages before Close are echoed",
     "100( text 'abc' ) close 1000 => echo~ => close 1000"},
    {"5.5.1", "a large message before Close is echoed",
     "bin #200000 close 1000 => echo~ => close 1000"},
    {"5.5.1", "ping before Close is answered",
     "ping 'p' close 1000 => close 1000"},
    {"5.5.1", "Close behind a message that was echoed",
     "text 'a' => echo close 1000 'bye' => close 1000"},
    {"5.5.1", "Close inside a fragmented message",
     "bin- 'a' cont- 'b' close 1001 'going' => close 1001"},
    {"5.5.1", "Close inside a text that ends inside a character",
     "text- 'a' <e282> close 1000 => close 1000"},
    {"5.5.1", "Close byte by byte", "bytes close 1000 'bye' => close 1000"},

    {"7.4.1", "Close $", "close $ => close $", VALID},
    {"7.4.1", "Close $ with a reason", "close $ 'why' => close $",
     "1000 1001 1011 3000 4999"},
    {"7.4", "Close $, which may not be sent", "! close $ => refuse 1002",
     INVALID},
    {"7.4", "Close $ with a reason", "! close $ 'why' => refuse 1002",
     "0 999 1004 1005 1006 1015 2999 5000 65535"},
    {"7.4", "Close $, byte by byte", "bytes ! close $ => refuse 1002",
     "1005 1006"},

    {"7.1.4", "TCP ends without Close", "fin => end"},
    {"7.1.4", "TCP ends behind a message", "text 'a' => echo fin => end"},
    {"7.1.4", "TCP ends inside a message", "text- 'a' fin => end"},
    {"7.1.4", "TCP ends inside a header", "raw <82> fin => end"},
    {"7.1.4", "TCP ends inside a masking key", "raw <82850102> fin => end"},
    {"7.1.4", "TCP ends inside a payload", "bin claim=5 'x' fin => end"},
    {"7.1.4", "TCP ends behind Close", "close 1000 fin => close 1000"},
};

const struct table close_cases = {rows, COUNT(rows), BOTH_SIDES};
