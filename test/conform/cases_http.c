/* SPDX-License-Identifier: MIT */
/*
 * The HTTP of the handshake (RFC 6455 4.2.1 item 1 and 2; RFC 9110 and 9112
 * where it refers to HTTP): methods, request lines, Host, and header blocks
 * that are malformed or too large.
 */
#include "cases.h"

#include "bytes.h"

#define HELLO "text 'Hello' => echo"
#define REFUSED "=> http 4xx ?501 ~end"
/* 400 is what RFC 9112 names. */
#define BAD "=> http 400 ?4xx ?501 ?505 ~end"

static const struct row rows[] = {
    {"4.2.1", "method $", REFUSED " ?any",
     "POST PUT DELETE PATCH HEAD OPTIONS TRACE CONNECT FOO get",
     "> $ %t HTTP/1.1"},
    {"4.2.1", "HTTP/$", REFUSED " ?505 ?any", "1.0 0.9", "> GET %t HTTP/$"},
    {"4.2.1", "HTTP/1.0 without Host", REFUSED " ?505 ?any", NULL,
     "> GET %t HTTP/1.0\n-Host"},
    {"4.2.1", "HTTP/1.2", "=> http 101 ?4xx ?505 " HELLO, NULL,
     "> GET %t HTTP/1.2"},
    /* "HTTP/1.1 or higher" */
    {"4.2.1", "HTTP/$", REFUSED " ?505 ?any ?101", "2.0 3.0",
     "> GET %t HTTP/$"},
    {"4.2.1", "request line \"$\"", BAD,
     "GET|GET %t|%t HTTP/1.1|GET %t HTTPS/1.1|GET %t HTTP/1|"
     "GET %t HTTP/1.|GET %t HTTP/one.one|GET %t http/1.1|GET %t HTTP/1.1x|"
     "GET %t HTTP/1.1 x|GET %t x HTTP/1.1|GET  HTTP/1.1|"
     "G(T %t HTTP/1.1|GET echo HTTP/1.1",
     "> $"},
    /* RFC 9112 3: blanks may be taken leniently. */
    {"4.2.1", "request line \"$\"", BAD " ?101",
     " GET %t HTTP/1.1|GET  %t HTTP/1.1|GET %t  HTTP/1.1|GET%09%t%09HTTP/1.1|"
     "GET %t HTTP/1.1 ",
     ">  $"},
    {"4.2.1", "byte $ in the target", BAD " ~101", "00 01 7f 0b",
     "> GET %t?a%$b HTTP/1.1"},
    {"4.2.1", "garbage in place of a request", BAD, NULL,
     "=%16%03%01%02%00%01%00%01%fc%03%03 HTTP%0d%0a%0d%0a"},
    {"4.2.1", "frame in place of a request", BAD, NULL,
     "=%81%85%37%fa%21%3d%7f%9f%4d%51%58%0d%0a%0d%0a"},
    {"4.2.1", "empty line in front of the request",
     "=> http 101 ~400 ~end " HELLO, NULL, "@crlf"},
    {"4.2.1", "lines that end with LF alone",
     "=> http 101 400 ?4xx ~end " HELLO, NULL, "@lf"},

    {"4.2.1", "no Host", BAD, NULL, "-Host"},
    {"4.2.1", "two Host fields", BAD, NULL, "+Host: %h"},
    {"4.2.1", "Host: $", BAD " ?101", "a b|a/b|user@host|[::1", "Host: $"},

    {"4.2.1", "field without a colon", BAD, NULL, "+X-Broken"},
    {"4.2.1", "field without a name", BAD, NULL, "+: value"},
    /* RFC 9112 5.1: "MUST reject" */
    {"4.2.1", "blank before a colon", BAD, NULL, "+X-Blank : a"},
    {"4.2.1", "blank before the colon of Upgrade", BAD, NULL,
     "-Upgrade\n+Upgrade : websocket"},
    {"4.2.1", "byte $ in the name of a field", BAD, "00 01 0d 20 22 28 7f e9",
     "+X%$Y: a"},
    /* RFC 9110 5.5: reject or replace by a blank. */
    {"4.2.1", "byte $ in the value of a field", BAD " ~101", "00 0d",
     "+X-Odd: a%$b"},
    {"4.2.1", "NUL behind websocket", BAD, NULL, "Upgrade: websocket%00"},
    {"4.2.1", "CR behind websocket", BAD " ~101", NULL,
     "Upgrade: websocket%0d"},
    /* RFC 9112 5.2: reject or replace by blanks. */
    {"4.2.1", "folded field", BAD " ?101", NULL, "+X-Fold: a%0d%0a b"},
    {"4.2.1", "folded Connection", BAD " ?101", NULL,
     "Connection: keep-alive,%0d%0a Upgrade"},
    {"4.2.1", "blank in front of the first field", BAD " ?101", NULL,
     "> GET %t HTTP/1.1%0d%0a X: y"},

    /* RFC 9110 5.4 and RFC 6585 5: 431; no limit is asked for. */
    {"10.4", "a field of $ bytes", "=> http 431 4xx end ?101", "65536 1000000",
     "+X-Huge: %($)"},
    {"10.4", "the name of a field has 70000 bytes", "=> http 431 4xx end ?101",
     NULL, "+%(70000): a"},
    {"10.4", "$ fields", "=> http 431 4xx end ?101", "200 1000", "$+X-Many: a"},
    {"10.4", "target of $ bytes", "=> http 414 431 4xx end ?101",
     "70000 1000000", "> GET %t?%($) HTTP/1.1"},
    {"10.4", "an endless request line", "=> http 414 431 4xx end", NULL,
     "=GET /%(2000000)"},
};

const struct table http_cases = {rows, COUNT(rows), OF_SERVERS};
