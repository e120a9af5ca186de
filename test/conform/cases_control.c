/* SPDX-License-Identifier: MIT */
/*
 * Pings and pongs (RFC 6455 5.5, 5.5.2 and 5.5.3). A pong may overtake the
 * echo of an earlier message; a server that is behind may answer only the
 * latest of several pings.
 */
#include "cases.h"

#include "bytes.h"

static const struct row rows[] = {
    {"5.5", "$ of 126 bytes", "! $ #126 => fail 1002", "ping pong"},
    {"5.5", "$ of 127 bytes", "! $ #127 => fail 1002", "ping pong"},
    {"5.5", "$ of 65535 bytes", "! $ #65535 => fail 1002", "ping pong"},
    {"5.5", "$ of 65536 bytes", "! $ #65536 => fail 1002", "ping pong"},
    {"5.5", "told early, $1 that announces $2 bytes",
     "! $1 claim=$2 => maybe 1002,?1009",
     "ping/126 ping/65535 ping/65536 ping/0x7fffffffffffffff pong/126 "
     "close/126"},
    {"5.5", "fragmented $", "! $- 'x' => fail 1002", "ping pong"},
    {"5.5", "fragmented empty $", "! $- => fail 1002", "ping pong"},
    {"5.5", "fragmented $ with its continuation",
     "! $- 'a' cont 'b' => fail 1002", "ping pong"},
    {"5.5", "fragmented Close", "! close- 1000 => fail 1002"},
    {"5.5", "fragmented empty Close", "! close- => fail 1002"},
    {"5.5", "fragmented ping inside a fragmented message",
     "text- 'a' ! ping- 'p' cont 'b' => fail 1002"},
    {"5.5", "large ping inside a fragmented message",
     "text- 'a' ! ping #126 cont 'b' => fail 1002"},
    {"5.5", "large ping, byte by byte", "bytes ! ping #126 => fail 1002"},

    {"5.5.2", "ping of $ bytes", "ping #$ => pong",
     "0 1 2 3 4 7 8 15 16 63 64 124 125"},
    {"5.5.2", "ping with text", "ping 'Hello' => pong"},
    {"5.5.2", "ping with bytes that are no UTF-8", "ping <00fffe80c0> => pong"},
    {"5.5.2", "ping of 125 bytes 0xfe", "ping 125*<fe> => pong"},
    {"5.5.2", "ping byte by byte", "bytes ping #125 => pong"},
    {"5.5.2", "empty ping byte by byte", "bytes ping => pong"},
    {"5.5.2", "10 pings in one segment", "10( ping 'p' ) => pong"},
    {"5.5.2", "pings of 0 to 125 bytes in one segment", "ping #0..125 => pong"},
    {"5.5.2", "pings of 0 to 20 bytes, byte by byte",
     "bytes ping #0..20 => pong"},
    {"5.5.2", "10 pings, one after the other", "10( ping 'p' => pong )"},
    {"5.5.2", "ping before a message", "ping 'p' text 'a' => pong => echo"},
    {"5.5.2", "ping behind a message", "text 'a' ping 'p' => pong => echo"},
    {"5.5.2", "messages and pings in turn",
     "20( text 'a' ping 'p' ) => echo => pong"},
    {"5.5.2", "ping between large messages",
     "bin #100000 ping 'p' bin #100000 => echo => pong"},

    {"5.5.3", "unsolicited pong is not answered",
     "pong 'x' close 1000 => close 1000"},
    {"5.5.3", "unsolicited empty pong", "pong text 'a' => echo"},
    {"5.5.3", "unsolicited pong of 125 bytes", "pong #125 text 'a' => echo"},
    {"5.5.3", "unsolicited pong with bytes that are no UTF-8",
     "pong <ff00> text 'a' => echo"},
    {"5.5.3", "100 unsolicited pongs", "100( pong 'x' ) text 'a' => echo"},
    {"5.5.3", "unsolicited pong, then a ping",
     "pong 'x' ping 'y' => pong text 'a' => echo"},
    {"5.5.3", "unsolicited pong byte by byte",
     "bytes pong 'abc' text 'a' => echo"},
};

const struct table control_cases = {rows, COUNT(rows), BOTH_SIDES};
