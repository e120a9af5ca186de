/* SPDX-License-Identifier: MIT */
/*
 * The HTTP of the server's answer (RFC 9110 and 9112, to which RFC 6455 4.1
 * refers): what is malformed, too large, cut, or no HTTP at all.
 */
#include "cases.h"

#include "bytes.h"

#define HELLO "text 'Hello' => echo"
#define REFUSED "early ping 'p' text 'Hello' => refused"
#define EITHER "early ping 'p' text 'Hello' => either => pong => echo"

static const struct row rows[] = {
    {"4.1", "answer in two segments, cut behind byte $", HELLO, "1..128",
     "@split $"},
    {"4.1", "answer of $ bytes, then the end of TCP", "| fin => refused",
     "1..128", "@cut $"},
    {"4.1", "answer of $ bytes, then a reset", "| rst", "1 17 34 53 100 127",
     "@cut $"},
    {"4.1", "answer of $ bytes, then nothing", "=> refused",
     "1 8 9 12 33 34 50 75 100 125 127", "@cut $"},
    {"4.1", "no answer", "=> refused", NULL, "="},
    {"4.1", "no answer, then the end of TCP", "| fin => refused", NULL, "="},
    {"4.1", "no answer, then a reset", "| rst", NULL, "="},
    {"4.1", "frames in place of an answer", "text 'Hello' ping 'p' => refused",
     NULL, "="},
    {"4.1", "Close in place of an answer", "close 1000 => refused", NULL, "="},
    {"4.1", "$ in place of an answer", "=> refused",
     "%16%03%01%02%00%01%00%01%fc%03%03|SSH-2.0-OpenSSH_9.2%0d%0a|%00|"
     "%0d%0a%0d%0a|<html>%0d%0a%0d%0a</html>|%ff%ff%ff%ff|"
     "220 mail.example ESMTP%0d%0a|%0a%0a|RFB 003.008%0a",
     "=$"},
    {"4.1", "answer of HTTP/0.9", "| fin => refused", NULL,
     "=<html>Hello</html>"},
    {"4.1", "our own request in place of an answer", "=> refused", NULL,
     "=GET / HTTP/1.1%0d%0aHost: x%0d%0aUpgrade: websocket%0d%0aConnection: "
     "Upgrade%0d%0aSec-WebSocket-Key: %k%0d%0aSec-WebSocket-Accept: "
     "%r%0d%0a%0d%0a"},
    {"4.1", "head without an end", "| fin => refused", NULL, "@open"},

    /* RFC 9112 2.2: may be taken. */
    {"4.1", "lines that end with LF alone", EITHER, NULL, "@lf"},
    {"4.1", "status line that ends with LF alone", EITHER, NULL,
     "> HTTP/1.1 101 Switching Protocols%0aX: y"},
    {"4.1", "a bare CR in place of an end of line", REFUSED, NULL,
     "Upgrade: websocket%0dConnection: Upgrade\n-Connection"},
    {"4.1", "field without a colon", EITHER, NULL, "+X-Broken"},
    {"4.1", "field without a name", EITHER, NULL, "+: value"},
    /* RFC 9112 5.1: a proxy would take the blank away; no rule for clients. */
    {"4.1", "blank before a colon", EITHER, NULL, "+X-Blank : a"},
    {"4.1", "byte $ in the name of a field", EITHER, "00 01 0d 20 22 28 7f e9",
     "+X%$Y: a"},
    /* RFC 9110 5.5: reject, or replace by a blank. */
    {"4.1", "byte $ in the value of a field", EITHER, "00 0d 01 7f",
     "+X-Odd: a%$b"},
    {"4.1", "NUL in the name of Upgrade", REFUSED, NULL,
     "-Upgrade\n+Upg%00rade: websocket"},
    /* RFC 9112 5.2: a blank, for who reads an answer. */
    {"4.1", "folded field", EITHER, NULL, "+X-Fold: a%0d%0a b"},
    {"4.1", "folded Connection", EITHER, NULL,
     "Connection: keep-alive,%0d%0a Upgrade"},
    {"4.1", "folded $", EITHER, "Upgrade", "Upgrade:%0d%0a websocket"},
    {"4.1", "folded Sec-WebSocket-Accept", EITHER, NULL,
     "Sec-WebSocket-Accept:%0d%0a %r"},
    {"4.1", "folding inside Sec-WebSocket-Accept", REFUSED, NULL,
     "Sec-WebSocket-Accept: x%0d%0a %r"},
    {"4.1", "blank in front of the first field", EITHER, NULL,
     "> HTTP/1.1 101 Switching Protocols%0d%0a X: y"},
    {"4.1", "Upgrade hidden in a folded line", REFUSED, NULL,
     "-Upgrade\n+X-Fold: a%0d%0a Upgrade: websocket"},
    {"4.1", "Upgrade in the value of another field", REFUSED, NULL,
     "-Upgrade\n+X: Upgrade: websocket"},

    /* RFC 9112 6.3: what is behind the head of a 1xx is no body. */
    {"4.1", "101 with Content-Length: $", EITHER, "0 5 9999999",
     "+Content-Length: $"},
    {"4.1", "101 with Transfer-Encoding: chunked", EITHER, NULL,
     "+Transfer-Encoding: chunked"},

    /* How much is too much is the client's to say. */
    {"4.1", "a field of $ bytes", EITHER, "8000 16000 65536 1000000 10000000",
     "+X-Long: %($)"},
    {"4.1", "name of a field of $ bytes", EITHER, "1000 65536 1000000",
     "+%($): x"},
    {"4.1", "reason of $ bytes", EITHER, "1000 65536 1000000",
     "> HTTP/1.1 101 %($)"},
    {"4.1", "$ fields", EITHER, "100 1000 10000", "$+X-Many: a"},
    {"4.1", "$ bytes without an end of line", "| fin => refused",
     "100000 10000000", "=%($)"},
};

const struct table answer_head_cases = {rows, COUNT(rows), OF_CLIENTS};
