/* SPDX-License-Identifier: MIT */
/*
 * What the server chooses of what the client offers: subprotocols and
 * extensions (RFC 6455 4.1, items 5 and 6 of the last list, 9.1 and 11.3.4).
 * More on permessage-deflate is in cases_terms.c.
 */
#include "cases.h"

#include "bytes.h"

#define HELLO "text 'Hello' => echo"
#define REFUSED "early ping 'p' text 'Hello' => refused"
#define AGREED "early ping 'p' text 'Hello' => agreed => pong => echo"
#define EITHER "early ping 'p' text 'Hello' => either => pong => echo"
#define AB "protocol=chat protocol=super.chat"

static const struct row rows[] = {
    {"4.1", "subprotocols are asked for: $", HELLO,
     "protocol=chat|protocol=chat protocol=super.chat|"
     "protocol=!#$&'*+-.^_`~|"
     "protocol=a protocol=b protocol=c protocol=d protocol=e",
     "+Sec-WebSocket-Protocol: %p", "$"},
    {"4.1", "the last of two subprotocols", HELLO, NULL,
     "+Sec-WebSocket-Protocol: super.chat", AB},
    {"4.1", "subprotocol between blanks and tabs", HELLO, NULL,
     "+Sec-WebSocket-Protocol: \t super.chat \t", AB},
    {"4.1", "subprotocol in a field whose name is in $ case", HELLO,
     "lower upper", "+Sec-WebSocket-Protocol: chat\n@$", AB},
    {"4.1", "subprotocol $, where none was asked for", REFUSED,
     "chat|soap|a, b|chat;q=1", "+Sec-WebSocket-Protocol: $"},
    {"4.1", "empty Sec-WebSocket-Protocol, where none was asked for", REFUSED,
     NULL, "+Sec-WebSocket-Protocol:"},
    {"4.1", "subprotocol $", REFUSED,
     "soap|Chat|CHAT|super.Chat|cha|chatt|super|chat;q=1|\"chat\"|chat%00|"
     "c%00hat|chat chat|*",
     "+Sec-WebSocket-Protocol: $", AB},
    {"11.3.4", "subprotocols $", REFUSED,
     "chat, super.chat|chat,super.chat|chat, chat|chat, soap|chat,|,chat",
     "+Sec-WebSocket-Protocol: $", AB},
    {"11.3.4", "two Sec-WebSocket-Protocol fields, $", REFUSED,
     "chat super.chat soap",
     "+Sec-WebSocket-Protocol: chat\n+Sec-WebSocket-Protocol: $", AB},
    {"4.1", "empty Sec-WebSocket-Protocol", REFUSED, NULL,
     "+Sec-WebSocket-Protocol:", AB},
    /* The RFC lets the server choose none; the WHATWG standard, "To establish a
     * WebSocket connection" step 11.2, does not. */
    {"4.1", "no subprotocol, where two were asked for",
     "early ping 'p' text 'Hello' => refused~ => pong => echo", NULL, NULL, AB},

    {"9.1", "extension $, which nobody offers", REFUSED,
     "foo|x-webkit-deflate-frame|foo; bar=1|foo, bar|permessage-bogus|"
     "permessage-deflat|permessage-deflates|x-permessage-deflate|mux",
     "+Sec-WebSocket-Extensions: $"},
    {"9.1", "permessage-deflate, if it was not offered", AGREED, NULL,
     "+Sec-WebSocket-Extensions: permessage-deflate"},
    {"9.1", "permessage-deflate$", AGREED,
     "; unknown|; unknown=1|; server_max_window_bits=7|"
     "; server_max_window_bits=16|; server_max_window_bits|"
     "; server_max_window_bits=08|; server_max_window_bits=x|"
     "; client_max_window_bits=7|; client_max_window_bits=16|"
     "; client_max_window_bits|; server_no_context_takeover=1|"
     "; client_no_context_takeover=1|"
     "; server_no_context_takeover; server_no_context_takeover|"
     "; server_max_window_bits=10; server_max_window_bits=10|"
     ", permessage-deflate|, foo",
     "+Sec-WebSocket-Extensions: permessage-deflate$"},
    {"9.1", "malformed extension $", REFUSED,
     ";|,|foo;|; bar|foo; =1|foo; a=|foo; a=\"|foo; a=\"x|foo bar|foo; a=b c|"
     "foo; a=\"\"|=|foo/bar|\"foo\"|foo; a=b=c|foo; a;; b|foo=1|(foo)|"
     "permessage-deflate;|permessage-deflate; =|permessage-deflate x",
     "+Sec-WebSocket-Extensions: $"},
    {"9.1", "empty Sec-WebSocket-Extensions", REFUSED, NULL,
     "+Sec-WebSocket-Extensions:"},
    {"9.1", "two Sec-WebSocket-Extensions fields", REFUSED, NULL,
     "+Sec-WebSocket-Extensions: foo\n+Sec-WebSocket-Extensions: bar"},
    /* What only requests have means nothing here. */
    {"4.1", "Sec-WebSocket-$ in the answer", EITHER,
     "Key: x|Version: 13|Version: 8|Location: ws://localhost/|Origin: x",
     "+Sec-WebSocket-$"},
};

const struct table choice_cases = {rows, COUNT(rows), OF_CLIENTS};
