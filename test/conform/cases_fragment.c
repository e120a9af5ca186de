/* SPDX-License-Identifier: MIT */
/*
 * Fragmentation (RFC 6455 5.4). A message may be in any number of fragments,
 * also empty ones, with control frames between them and nothing else.
 */
#include "cases.h"

#include "bytes.h"

static const struct row rows[] = {
    {"5.4", "text in two fragments", "text- 'Hel' cont 'lo' => echo"},
    {"5.4", "binary in two fragments", "bin- <0001> cont <feff> => echo"},
    {"5.4", "text cut at $", "text- '$1' cont '$2' => echo",
     "/Hello H/ello He/llo Hel/lo Hell/o Hello/"},
    {"5.4", "two fragments of which both are empty", "text- cont => echo"},
    {"5.4", "an empty binary message in 3 fragments",
     "bin- cont- cont => echo"},
    {"5.4", "empty fragments around and between",
     "text- cont- 'a' cont- cont- 'b' cont- cont => echo"},
    {"5.4", "a fragment for each byte",
     "text- 'H' cont- 'e' cont- 'l' cont- 'l' cont 'o' => echo"},
    {"5.4", "1000 fragments of a byte",
     "text- 'x' 998( cont- 'y' ) cont 'z' "
     "=> echo"},
    {"5.4", "1000 empty fragments", "bin- 'x' 998( cont- ) cont 'z' => echo"},
    {"5.4", "fragments of $ bytes", "bin- #$ cont- #$ cont #$ => echo",
     "125 126 127 65535 65536"},
    {"5.4", "16 fragments of 64 KiB",
     "bin- #65536 14( cont- #65536 ) cont #65536 => echo or 1009"},
    {"5.4", "each fragment in a segment of its own",
     "text- 'a' | cont- 'b' | cont- 'c' | cont 'd' => echo"},
    {"5.4", "fragments byte by byte",
     "bytes text- 'abc' cont- cont- 'def' cont 'ghi' => echo"},
    {"5.4", "two fragmented messages, one behind the other",
     "text- 'a' cont 'b' bin- 'c' cont 'd' => echo"},
    {"5.4", "50 fragmented messages in one segment",
     "50( text- 'a' cont- 'b' cont 'c' ) => echo"},
    {"5.4", "fragmented and whole messages in turn",
     "text 'a' text- 'b' cont 'c' bin 'd' bin- 'e' cont 'f' => echo"},

    {"5.4", "ping between fragments is answered before the message ends",
     "text- 'a' ping 'p' => pong cont 'b' => echo"},
    {"5.4", "ping behind each fragment",
     "bin- 'a' ping '1' => pong cont- 'b' ping '2' => pong cont- 'c' "
     "ping '3' => pong cont 'd' => echo"},
    {"5.4", "pings between fragments, all in one segment",
     "text- 'a' ping '1' cont- 'b' ping '2' cont 'c' => pong => echo"},
    {"5.4", "pong between fragments", "text- 'a' pong 'p' cont 'b' => echo"},
    {"5.4", "empty ping between fragments",
     "text- 'a' ping => pong cont 'b' => echo"},
    {"5.4", "ping of 125 bytes between fragments",
     "text- 'a' ping #125 => pong cont 'b' => echo"},
    {"5.4", "ping between empty fragments",
     "text- ping 'p' => pong cont- ping 'q' => pong cont => echo"},
    {"5.4", "pings between fragments, byte by byte",
     "bytes text- 'ab' ping 'p' cont- 'cd' ping 'q' cont 'ef' => pong "
     "=> echo"},
    {"5.4", "100 pings inside a message",
     "text- 'a' 100( ping 'p' ) => pong cont 'b' => echo"},
    {"5.4", "Close between fragments is answered",
     "text- 'a' close 1000 => close 1000"},
    {"5.4", "Close between fragments, then the last of them",
     "text- 'a' close 1000 cont 'b' => close 1000"},

    {"5.4", "$ continuation of nothing", "! $ 'x' => fail 1002", "cont|cont-"},
    {"5.4", "empty continuation of nothing", "! cont => fail 1002"},
    {"5.4", "continuation of a message that was whole",
     "text 'a' => echo ! cont 'b' => fail 1002"},
    {"5.4", "continuation of a message that has ended",
     "text- 'a' cont 'b' => echo ! cont 'c' => fail 1002"},
    {"5.4", "continuation behind a ping",
     "ping 'p' => pong ! cont 'x' "
     "=> fail 1002"},
    {"5.4", "$1 inside a fragmented $2",
     "$2- 'a' ! $1 'b' cont 'c' => fail 1002",
     "text/text text/bin bin/text bin/bin"},
    {"5.4", "fragmented $1 inside a fragmented $2",
     "$2- 'a' ! $1- 'b' cont 'c' cont 'd' => fail 1002", "text/text bin/text"},
    {"5.4", "empty text inside a fragmented text",
     "text- ! text cont => fail 1002"},
    {"5.4", "message inside a message, behind a ping",
     "text- 'a' ping 'p' => pong ! text 'b' => fail 1002"},
    {"5.4", "message inside a message that has an empty continuation",
     "text- 'a' cont- ! text 'b' => fail 1002"},
    {"5.4", "continuation of nothing, byte by byte",
     "bytes ! cont 'x' => fail 1002"},
    {"5.4", "nothing behind a stray continuation is answered",
     "! cont 'a' text 'b' ping 'c' => fail 1002"},
    {"5.4", "messages before a stray continuation are echoed",
     "text 'a' text 'b' ! cont 'c' => echo~ => fail 1002"},
};

const struct table fragment_cases = {rows, COUNT(rows), BOTH_SIDES};
