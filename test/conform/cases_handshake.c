/* SPDX-License-Identifier: MIT */
/*
 * The opening handshake (RFC 6455 4.2, 9.1 and 11.3): which requests are
 * taken, with what answer, and which are refused. A request that does not
 * match 4.2.1 "MUST" be answered with an error; 10.7 lets the server just
 * end TCP, which is soft. Every answer with 101 is judged in response.c.
 */
#include "cases.h"

#include "bytes.h"

#define HELLO "text 'Hello' => echo"
#define EARLY "=> http 101 ?4xx ?end early "
#define REFUSED "=> http 4xx ?501 ~end"

static const struct row rows[] = {
    {"4.2.1", "the ordinary request", HELLO},
    {"4.2.1", "request byte by byte", "bytes " HELLO},
    {"4.2.1", "fields in another order", HELLO, NULL, "@reverse"},
    {"4.2.1", "names of fields in $ case", HELLO, "lower upper", "@$"},
    {"4.2.1", "fields that nobody knows", HELLO, NULL,
     "+X-Weft: 1\n+Cookie: a=b; c=\"d\"\n+Pragma: no-cache\n"
     "+User-Agent: conform (RFC 6455)\n+Accept-Language: de, en;q=0.5"},
    {"4.2.1", "values without blanks in front", HELLO, NULL,
     "Host:%h\nUpgrade:websocket\nConnection:Upgrade\n"
     "Sec-WebSocket-Version:13"},
    {"4.2.1", "values between blanks and tabs", HELLO, NULL,
     "Upgrade: \t websocket \t\nConnection: %09Upgrade  \n"
     "Sec-WebSocket-Version:   13%09"},
    {"4.2.1", "field with an empty value", HELLO, NULL, "+X-Empty:"},
    {"4.2.1", "40 other fields", HELLO, NULL, "40+X-Pad: %(20)"},
    {"4.2.1", "a field of 1000 bytes", HELLO, NULL, "+X-Long: %(1000)"},
    {"4.2.1", "absolute URI as the target", HELLO, NULL,
     "> GET http://%h%t HTTP/1.1"},
    {"4.2.1", "bytes above 0x7f in another field", HELLO, NULL,
     "+X-Name: M%fcller %c3%bc"},

    {"4.2.1", "Upgrade: $", HELLO, "WebSocket WEBSOCKET wEbSoCkEt",
     "Upgrade: $"},
    {"4.2.1", "Upgrade: $", "=> http 101 ?4xx " HELLO,
     "h2c, websocket|websocket, h2c", "Upgrade: $"},
    {"4.2.1", "Upgrade: $", REFUSED " ?any",
     "websockets|web socket|websocke|xwebsocket|h2c|TLS/1.0|web-socket|,",
     "Upgrade: $"},
    {"4.2.1", "empty Upgrade", REFUSED " ?any", NULL, "Upgrade:"},
    /* An ordinary request of HTTP, which may be answered as such. */
    {"4.2.1", "no $", REFUSED " ?any", "Upgrade Connection", "-$"},
    {"4.2.1", "neither Upgrade nor Connection", REFUSED " ?any", NULL,
     "-Upgrade\n-Connection"},
    {"4.2.1", "Connection: $", HELLO,
     "upgrade|UPGRADE|keep-alive, Upgrade|Upgrade, keep-alive|"
     "keep-alive,Upgrade|keep-alive , upgrade|, Upgrade|"
     "Keep-Alive,\tUpgrade|foo, bar, Upgrade, baz",
     "Connection: $"},
    {"4.2.1", "two Connection fields", HELLO, NULL,
     "Connection: keep-alive\n+Connection: Upgrade"},
    {"4.2.1", "two Connection fields, Upgrade first", HELLO, NULL,
     "+Connection: keep-alive"},
    {"4.2.1", "Connection: $", REFUSED " ?any",
     "keep-alive|close|Upgraded|xUpgrade|Upgrade-Insecure|keep-alive Upgrade|"
     "\"Upgrade\"|Upgrade;q=1",
     "Connection: $"},
    {"4.2.1", "empty Connection", REFUSED " ?any", NULL, "Connection:"},

    /* 4.2.1 item 5, 4.3 and 11.3.1. */
    {"4.2.2", "the RFC's example key", HELLO, NULL,
     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="},
    {"4.2.2", "key $", HELLO,
     "AAAAAAAAAAAAAAAAAAAAAA== /////////////////////w== "
     "++++++++++++++++++++/w== AQIDBAUGBwgJCgsMDQ4PEA== "
     "x3JJHMbDL1EzLkh9GBhXDw==",
     "Sec-WebSocket-Key: $"},
    {"4.2.2", "key between blanks and tabs", HELLO, NULL,
     "Sec-WebSocket-Key:  \tdGhlIHNhbXBsZSBub25jZQ== \t"},
    /* It stands in 4.1; RFC 4648 3.5 lets a decoder refuse the last bits. */
    {"4.1", "the example key whose last bits are not 0",
     "=> http 101 ?4xx " HELLO, NULL,
     "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEC=="},
    {"4.2.1", "no key", REFUSED, NULL, "-Sec-WebSocket-Key"},
    {"4.2.1", "empty key", REFUSED, NULL, "Sec-WebSocket-Key:"},
    {"4.2.1", "key $", REFUSED,
     /* not 16 bytes: 0, 1, 15, 17, 18 and 32 of them */
     "====|AA==|AAAAAAAAAAAAAAAAAAAA|AAAAAAAAAAAAAAAAAAAAAAA=|"
     "AAAAAAAAAAAAAAAAAAAAAAAA|AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=|"
     /* not base64 */
     "AAAAAAAAAAAAAAAAAAAAAA|AAAAAAAAAAAAAAAAAAAAAA=|"
     "AAAAAAAAAAAAAAAAAAAAAA===|AAAA=AAAAAAAAAAAAAAAAA==|"
     "AAAAAAAAAAAAAAAAAAAA-A==|AAAAAAAAAAAAAAAAAAAA_A==|"
     "AAAAAAAAAA AAAAAAAAAAAA==|AAAAAAAAAAAAAAAAAAAAA!==|"
     "\"AAAAAAAAAAAAAAAAAAAAA==\"|this is no key",
     "Sec-WebSocket-Key: $"},
    {"11.3.1", "the same key twice", REFUSED, NULL,
     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n"
     "+Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="},
    {"11.3.1", "two keys", REFUSED, NULL,
     "+Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="},

    /* The answer may be any error (the example in 4.4 is 400), but it must
     * say which versions there are. 7 and 8 were in use once. */
    {"4.2.2", "version $", "=> http 4xx has13", "0 9 10 11 12 14 99 130 255",
     "Sec-WebSocket-Version: $"},
    {"4.2.2", "version $, a draft", "=> http 4xx ?101 has13", "7 8",
     "Sec-WebSocket-Version: $"},
    {"4.2.1", "no version", REFUSED, NULL, "-Sec-WebSocket-Version"},
    {"4.2.1", "empty version", REFUSED, NULL, "Sec-WebSocket-Version:"},
    {"4.3", "version $", REFUSED,
     "256|1300|013|13.0|+13|-13|0x0d|13a|thirteen|1 3|13;|269|4294967309",
     "Sec-WebSocket-Version: $"},
    {"11.3.5", "versions $", REFUSED, "13, 13|13, 8|8, 13",
     "Sec-WebSocket-Version: $"},
    {"11.3.5", "two version fields, 13 and $", REFUSED, "13 8",
     "+Sec-WebSocket-Version: $"},
    {"11.3.5", "two version fields, 8 and 13", REFUSED, NULL,
     "Sec-WebSocket-Version: 8\n+Sec-WebSocket-Version: 13"},

    {"9.1", "extension $", HELLO,
     "foo|x-webkit-deflate-frame|foo; bar|foo; bar=1|foo;bar=1;baz|"
     "foo; bar=\"quoted\"|foo, bar; baz=2|foo , bar|foo,, bar|, foo|"
     "foo; a=\"b\\c\"|a!#$%25&'*+-.^_`|~",
     "Sec-WebSocket-Extensions: $"},
    {"9.1", "extensions in two fields", HELLO, NULL,
     "+Sec-WebSocket-Extensions: foo\n"
     "+Sec-WebSocket-Extensions: bar; baz=2"},
    {"9.1", "60 extensions in as many fields", HELLO, NULL,
     "60+Sec-WebSocket-Extensions: f"},
    {"9.1", "permessage-deflate$", "close 1000 => close 1000",
     "|; client_max_window_bits|; server_no_context_takeover|"
     "; server_max_window_bits=10|, permessage-deflate",
     "Sec-WebSocket-Extensions: permessage-deflate$"},
    /* RFC 7692 7.1: such an offer is declined, which is not refused. */
    {"9.1", "permessage-deflate$", "=> http 101 ~4xx close 1000 => close 1000",
     "; unknown=1|; server_max_window_bits=7|; server_max_window_bits|"
     "; server_no_context_takeover=1",
     "Sec-WebSocket-Extensions: permessage-deflate$"},
    /* "MUST immediately _Fail the WebSocket Connection_" */
    {"9.1", "malformed extension $", "=> http 4xx end",
     ";|,|foo;|; bar|foo; =1|foo; a=|foo; a=\"|foo; a=\"x|foo bar|"
     "foo; a=b c|foo; a=\"b c\"|foo; a=\"\"|=|foo/bar|\"foo\"|foo; a=b=c|"
     "foo; a;; b|foo=1|(foo)|foo; a=\"b\"c",
     "Sec-WebSocket-Extensions: $"},
    {"9.1", "empty Sec-WebSocket-Extensions", "=> http 4xx end", NULL,
     "Sec-WebSocket-Extensions:"},

    {"4.2.2", "subprotocols $", HELLO,
     "weft-none|weft-a, weft-b|weft-a,weft-b|weft-a , weft-b|a.b.c|!#$&'*+",
     "Sec-WebSocket-Protocol: $"},
    {"4.2.2", "subprotocols in two fields", HELLO, NULL,
     "+Sec-WebSocket-Protocol: weft-a\n+Sec-WebSocket-Protocol: weft-b"},
    {"4.2.2", "the same subprotocol twice", "=> http 101 ?4xx " HELLO, NULL,
     "Sec-WebSocket-Protocol: weft-a, weft-a"},
    {"4.3", "malformed subprotocol $", REFUSED,
     ",|a b|a/b|a;b|\"a\"|a=b|(a)|a@b|weft-a, b c|a\\b",
     "Sec-WebSocket-Protocol: $"},
    {"4.3", "empty Sec-WebSocket-Protocol", REFUSED, NULL,
     "Sec-WebSocket-Protocol:"},

    /* 4.1: the client must wait for the response. A server may refuse who
     * does not, but may not lose what it took. */
    {"4.1", "frame in the segment of the request", EARLY "text 'a' => echo"},
    {"4.1", "100 frames in the segment of the request",
     EARLY "100( text 'abc' ) => echo"},
    {"4.1", "ping and text in the segment of the request",
     EARLY "ping 'p' text 'a' => pong => echo"},
    {"4.1", "200 KB in the segment of the request",
     EARLY "bin #200000 => echo"},
    {"4.1", "part of a frame, $ bytes, in the segment of the request",
     EARLY "text cut=$ 'Hello' => echo", "1 2 5 6 8"},
    {"4.1", "Close in the segment of the request",
     EARLY "close 1000 => close 1000"},
    {"4.1", "bad frame in the segment of the request",
     EARLY "! text rsv=4 'x' => fail 1002"},
    {"4.2.1", "frames behind a refused request are not answered",
     "early text 'Hello' => http 4xx => unanswered", NULL,
     "-Sec-WebSocket-Key"},
    {"4.2.2", "frames behind a refused version are not answered",
     "early text 'Hello' => http 4xx => unanswered", NULL,
     "Sec-WebSocket-Version: 99"},
};

const struct table handshake_cases = {rows, COUNT(rows), OF_SERVERS};
