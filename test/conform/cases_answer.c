/* SPDX-License-Identifier: MIT */
/*
 * The server's answer to the handshake with one lie in it (RFC 6455 4.1, the
 * last list): status, Upgrade, Connection and Sec-WebSocket-Accept. Behind each
 * answer, in the same segment, are a ping and a message: a client that opens
 * the connection against the rules is found out by its echo.
 */
#include "cases.h"

#include "bytes.h"

#define HELLO "text 'Hello' => echo"
#define REFUSED "early ping 'p' text 'Hello' => refused"
#define EITHER "early ping 'p' text 'Hello' => either => pong => echo"

#define BODY                                                                   \
    "-Upgrade\n-Connection\n-Sec-WebSocket-Accept\n+Connection: close\n"       \
    "+Content-Length: 0"

static const struct row rows[] = {
    {"4.1", "the ordinary answer", HELLO},
    {"4.1", "answer byte by byte", "bytes " HELLO},
    {"4.1", "fields in another order", HELLO, NULL, "@reverse"},
    {"4.1", "names of fields in $ case", HELLO, "lower upper", "@$"},
    {"4.1", "values without blanks in front", HELLO, NULL,
     "Upgrade:websocket\nConnection:Upgrade\nSec-WebSocket-Accept:%r"},
    {"4.1", "values between blanks and tabs", HELLO, NULL,
     "Upgrade: \t websocket \t\nConnection: %09Upgrade  \n"
     "Sec-WebSocket-Accept:  \t%r\t "},
    {"4.1", "fields that nobody knows", HELLO, NULL,
     "+X-Weft: 1\n+Server: conform\n+Set-Cookie: a=b; Path=/\n+X-Empty:\n"
     "+Date: Sun, 22 Nov 2026 12:00:00 GMT\n+X-Name: M%fcller %c3%bc"},
    {"4.1", "40 other fields", HELLO, NULL, "40+X-Pad: %(20)"},
    {"4.1", "a field of 1000 bytes", HELLO, NULL, "+X-Long: %(1000)"},

    /* Item 1. Whatever is no 101 is HTTP's, which may end it at once. */
    {"4.1", "status $", "=> refused",
     "200 OK|201 Created|202 Accepted|204 No Content|206 Partial Content|"
     "300 Multiple Choices|304 Not Modified|400 Bad Request|403 Forbidden|"
     "404 Not Found|405 Method Not Allowed|406 Not Acceptable|"
     "408 Request Timeout|409 Conflict|410 Gone|418 I'm a teapot|"
     "429 Too Many Requests|431 Too Large|451 Legal|500 Internal Server Error|"
     "501 Not Implemented|502 Bad Gateway|503 Service Unavailable|"
     "504 Gateway Timeout|505 HTTP Version Not Supported|599 Odd",
     "> HTTP/1.1 $\n" BODY},
    {"4.1", "status $, with all else of an opening", REFUSED,
     "200 OK|201 Created|204 No Content|301 Moved|304 Not Modified|"
     "400 Bad Request|404 Not Found|426 Upgrade Required|"
     "500 Internal Server Error",
     "> HTTP/1.1 $"},
    {"4.1", "status 200 with a body", "=> refused", NULL,
     "> HTTP/1.1 200 OK\n-Upgrade\n-Connection\n-Sec-WebSocket-Accept\n"
     "+Content-Length: 5\n+Content-Type: text/plain\n+X: y%0d%0a%0d%0ahello\n"
     "@open"},
    /* 4.1: it may follow, which the WHATWG standard forbids. To the same path
     * it would come again. */
    {"4.1", "status $ with a Location", "=> refused",
     "301 Moved Permanently|302 Found|303 See Other|307 Temporary Redirect|"
     "308 Permanent Redirect",
     "> HTTP/1.1 $\n" BODY "\n+Location: /elsewhere"},
    {"4.1", "status 401 with a challenge", "=> refused", NULL,
     "> HTTP/1.1 401 Unauthorized\n" BODY
     "\n+WWW-Authenticate: Basic realm=\"conform\""},
    {"4.1", "status 407 with a challenge", "=> refused", NULL,
     "> HTTP/1.1 407 Proxy Authentication Required\n" BODY
     "\n+Proxy-Authenticate: Basic realm=\"conform\""},
    {"4.4", "status 426 that names version $", "=> refused", "8 13 14",
     "> HTTP/1.1 426 Upgrade Required\n" BODY "\n+Sec-WebSocket-Version: $"},
    {"4.1", "$ and nothing behind it", "=> refused",
     "100 Continue|102 Processing|103 Early Hints|199 Odd", "> HTTP/1.1 $"},
    /* RFC 9110 15.2: any number of other 1xx may come first. */
    {"4.1", "$ before the 101", HELLO,
     "100 Continue|102 Processing|103 Early Hints|110 Odd",
     "<HTTP/1.1 $%0d%0a%0d%0a"},
    {"4.1", "103 with fields before the 101", HELLO, NULL,
     "<HTTP/1.1 103 Early Hints%0d%0aLink: </a.css>; "
     "rel=preload%0d%0aUpgrade: h2c%0d%0aSec-WebSocket-Accept: "
     "x%0d%0a%0d%0a"},
    {"4.1", "103 twice before the 101", HELLO, NULL,
     "<HTTP/1.1 103 Early Hints%0d%0a%0d%0aHTTP/1.1 103 Early "
     "Hints%0d%0a%0d%0a"},
    {"4.1", "103 before the 101, byte by byte", "bytes " HELLO, NULL,
     "<HTTP/1.1 103 Early Hints%0d%0aX: y%0d%0a%0d%0a"},
    {"4.1", "103 before a 404", "=> refused", NULL,
     "<HTTP/1.1 103 Early Hints%0d%0a%0d%0a\n> HTTP/1.1 404 Not Found\n" BODY},
    {"4.1", "reason \"$\" of the 101", HELLO,
     "OK|Web Socket Protocol Handshake|404 Not Found|x|%e9t%e9",
     "> HTTP/1.1 101 $"},
    {"4.1", "101 with an empty reason", HELLO, NULL, "> HTTP/1.1 101 "},
    /* RFC 9112 4 wants a blank, and lets who reads do without. */
    {"4.1", "101 without a blank behind it", EITHER, NULL, "> HTTP/1.1 101"},
    {"4.1", "status line with $", EITHER,
     "HTTP/1.0 101 Switching Protocols|HTTP/1.2 101 Switching Protocols|"
     "HTTP/2.0 101 Switching Protocols|HTTP/1.1  101 Switching Protocols|"
     "HTTP/1.1 101  Switching Protocols|HTTP/1.1%09101 Switching Protocols|"
     "HTTP/1.1 101 Switching%01Protocols|HTTP/1.1 101 Switching%00Protocols",
     "> $"},
    {"4.1", "status line \"$\"", REFUSED,
     "HTTP/1.1 1010 Switching|HTTP/1.1 10 Switching|HTTP/1.1 |HTTP/1.1|"
     "HTTP/1.1 1x1 Switching|HTTP/1.1 +101 Switching|HTTP/1.1 0101 Switching|"
     "HTTP/1.1 101.0 Switching|HTTP/1.1 -101 Switching|101 Switching Protocols|"
     "HTTP/11 101 Switching|HTTP/1 101 Switching|HTTP/x.y 101 Switching|"
     "HTTPS/1.1 101 Switching|XHTTP/1.1 101 Switching|ICY 101 Switching|"
     "http/1.1 101 Switching|HTTP 101 Switching|GET / HTTP/1.1|%80%81%ff|-",
     "> $"},
    {"4.1", "blank in front of the status line", REFUSED, NULL,
     ">  HTTP/1.1 101 Switching Protocols"},
    {"4.1", "empty line in front of the answer", EITHER, NULL, "@crlf"},
    {"4.1", "line of text in front of the answer", REFUSED, NULL,
     "<hello%0d%0a"},
    {"4.1", "empty status line", REFUSED, NULL, "> "},

    /* Item 2. */
    {"4.1", "Upgrade: $", HELLO, "WebSocket WEBSOCKET wEbSoCkEt", "Upgrade: $"},
    {"4.1", "no Upgrade", REFUSED, NULL, "-Upgrade"},
    {"4.1", "empty Upgrade", REFUSED, NULL, "Upgrade:"},
    {"4.1", "Upgrade: $", REFUSED,
     "websockets|web socket|websocke|xwebsocket|h2c|TLS/1.0|web-socket|,|"
     "websocket, h2c|h2c, websocket|websocket, websocket|"
     "websocket/13|websocket;q=1|\"websocket\"|websocket%00|web%00socket|"
     "%0bwebsocket|%a0websocket|websocket%85",
     "Upgrade: $"},
    /* A list may have an empty element (RFC 9110 5.6.1). */
    {"4.1", "Upgrade: $", EITHER, "websocket,|, websocket", "Upgrade: $"},
    {"4.1", "Upgrade twice", REFUSED, NULL, "+Upgrade: websocket"},
    {"4.1", "Upgrade twice, $ first", REFUSED, "h2c x",
     "Upgrade: $\n+Upgrade: websocket"},
    {"4.1", "field $ in place of Upgrade", REFUSED,
     "X-Upgrade|Upgrades|Upgrad|Upgrade%00", "-Upgrade\n+$: websocket"},

    /* Item 3. */
    {"4.1", "Connection: $", HELLO,
     "upgrade|UPGRADE|keep-alive, Upgrade|Upgrade, keep-alive|"
     "keep-alive,Upgrade|keep-alive , upgrade|, Upgrade|"
     "Keep-Alive,\tUpgrade|foo, bar, Upgrade, baz|Upgrade, Upgrade",
     "Connection: $"},
    {"4.1", "two Connection fields", HELLO, NULL,
     "Connection: keep-alive\n+Connection: Upgrade"},
    {"4.1", "two Connection fields, Upgrade first", HELLO, NULL,
     "+Connection: keep-alive"},
    {"4.1", "no Connection", REFUSED, NULL, "-Connection"},
    {"4.1", "empty Connection", REFUSED, NULL, "Connection:"},
    {"4.1", "Connection: $", REFUSED,
     "keep-alive|close|Upgraded|xUpgrade|Upgrade-Insecure|keep-alive Upgrade|"
     "\"Upgrade\"|websocket|,",
     "Connection: $"},
    {"4.1", "neither Upgrade nor Connection", REFUSED, NULL,
     "-Upgrade\n-Connection"},

    /* Item 4. */
    {"4.1", "Sec-WebSocket-Accept between blanks and tabs", HELLO, NULL,
     "Sec-WebSocket-Accept:  \t%r \t "},
    {"4.1", "no Sec-WebSocket-Accept", REFUSED, NULL, "-Sec-WebSocket-Accept"},
    {"4.1", "empty Sec-WebSocket-Accept", REFUSED, NULL,
     "Sec-WebSocket-Accept:"},
    {"4.1", "Sec-WebSocket-Accept: $", REFUSED,
     "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=|%k|%s|%rx|%r=|%r==|x%r|%r x|%r, %r|"
     "\"%r\"|%r;|AAAAAAAAAAAAAAAAAAAAAAAAAAA=|-|=|%r%00|%00%r|%r%0b|"
     "%(28)|%(100000)",
     "Sec-WebSocket-Accept: $"},
    {"11.3.3", "Sec-WebSocket-Accept twice", REFUSED, NULL,
     "+Sec-WebSocket-Accept: %r"},
    {"11.3.3", "Sec-WebSocket-Accept twice, the first one wrong", REFUSED, NULL,
     "Sec-WebSocket-Accept: x\n+Sec-WebSocket-Accept: %r"},
    {"11.3.3", "Sec-WebSocket-Accept twice, the last one wrong", REFUSED, NULL,
     "+Sec-WebSocket-Accept: x"},
    {"4.1", "Sec-WebSocket-Accept in a field with a blank in its name", REFUSED,
     NULL, "-Sec-WebSocket-Accept\n+Sec-WebSocket-Accept : %r"},
};

const struct table answer_cases = {rows, COUNT(rows), OF_CLIENTS};
