/* SPDX-License-Identifier: MIT */
/*
 * Frame headers: the mask bit, reserved bits and opcodes, and the three forms
 * of a length (RFC 6455 5.1 and 5.2). Close 1002 is the code of 7.4.1 for what
 * breaks the protocol.
 */
#include "cases.h"

#include "bytes.h"

#define RESERVED "3 4 5 6 7 11 12 13 14 15"
#define RSV "1 2 3 4 5 6 7"

static const struct row rows[] = {
    /* The server must close; it may say 1002 first. */
    {"5.1", "$ frame with the wrong mask bit", "! $ nomask 'x' => drop 1002",
     "text bin ping pong"},
    {"5.1", "empty text frame with the wrong mask bit",
     "! text nomask => drop 1002"},
    {"5.1", "Close frame with the wrong mask bit",
     "! close nomask 1000 => drop 1002"},
    {"5.1", "fragment with the wrong mask bit",
     "text- 'a' ! cont nomask 'b' => drop 1002"},
    {"5.1", "frame with the wrong mask bit behind good ones",
     "text 'a' bin 'b' => echo ! text nomask 'c' => drop 1002"},
    {"5.1", "large frame with the wrong mask bit",
     "! bin nomask #70000 => drop 1002"},
    {"5.1", "nothing behind a frame with the wrong mask bit is answered",
     "! text nomask 'a' text 'b' ping 'c' => drop 1002"},

    {"5.2", "reserved bits $ on a text frame", "! text rsv=$ 'x' => fail 1002",
     RSV},
    {"5.2", "reserved bits $ on an empty text frame",
     "! text rsv=$ => fail 1002", RSV},
    {"5.2", "reserved bits $ on a binary frame", "! bin rsv=$ 'x' => fail 1002",
     RSV},
    {"5.2", "reserved bits $ on a first fragment",
     "! text- rsv=$ 'x' cont 'y' => fail 1002", RSV},
    {"5.2", "reserved bits $ on a middle fragment",
     "text- 'a' ! cont- rsv=$ 'b' cont 'c' => fail 1002", RSV},
    {"5.2", "reserved bits $ on a last fragment",
     "bin- 'a' ! cont rsv=$ 'b' => fail 1002", RSV},
    {"5.2", "reserved bits $ on a ping", "! ping rsv=$ 'x' => fail 1002", RSV},
    {"5.2", "reserved bits $ on a pong", "! pong rsv=$ 'x' => fail 1002", RSV},
    {"5.2", "reserved bits $ on a Close", "! close rsv=$ 1000 => fail 1002",
     RSV},
    {"5.2", "reserved bits behind good frames",
     "text 'a' ping 'b' => echo => pong ! text rsv=4 'c' => fail 1002"},
    {"5.2", "nothing behind reserved bits is answered",
     "! text rsv=2 'a' text 'b' ping 'c' => fail 1002"},
    {"5.2", "reserved bits known from the first byte alone",
     "! text rsv=1 cut=1 'x' => fail 1002"},

    {"5.2", "reserved opcode $", "! op=$ 'x' => fail 1002", RESERVED},
    {"5.2", "reserved opcode $, empty", "! op=$ => fail 1002", RESERVED},
    {"5.2", "reserved opcode $, fragmented", "! op=$- 'x' => fail 1002",
     RESERVED},
    {"5.2", "reserved opcode $ inside a fragmented message",
     "text- 'a' ! op=$ 'b' cont 'c' => fail 1002", RESERVED},
    {"5.2", "reserved opcode $ behind a message",
     "text 'a' => echo ! op=$ 'b' text 'c' => fail 1002", RESERVED},
    {"5.2", "reserved opcode 3, byte by byte", "bytes ! op=3 'x' => fail 1002"},

    /* "In all cases, the minimal number of bytes MUST be used." */
    {"5.2", "text of $ bytes with a length of 16 bits",
     "! text len=16 #$ => fail 1002", "0 1 2 124 125"},
    {"5.2", "binary of $ bytes with a length of 64 bits",
     "! bin len=64 #$ => fail 1002", "0 1 125 126 127 128 65534 65535"},
    {"5.2", "ping of $ bytes with a length of 16 bits",
     "! ping len=16 #$ => fail 1002", "0 1 125"},
    {"5.2", "ping of $ bytes with a length of 64 bits",
     "! ping len=64 #$ => fail 1002", "0 1 125"},
    {"5.2", "Close with a length of $ bits", "! close len=$ 1000 => fail 1002",
     "16 64"},
    {"5.2", "fragment with a length that is too wide",
     "text- 'a' ! cont len=16 'b' => fail 1002"},
    {"5.2", "length too wide, behind good frames",
     "bin #126 => echo ! bin len=64 #126 => fail 1002"},

    /* "The most significant bit MUST be 0." That the length is also too big
     * for anybody makes 1009 no lie. */
    {"5.2", "binary with the length $",
     "! bin claim=$ 'abcd' => fail 1002,?1009",
     "0x8000000000000000 0x8000000000000001 0x800000000000007d "
     "0xffffffffffffffff"},
    {"5.2", "text with the length $", "! text claim=$ => fail 1002,?1009",
     "0x8000000000000000 0xffffffffffffffff"},
    {"5.2", "fragment with the length $",
     "bin- 'a' ! cont claim=$ 'b' => fail 1002,?1009",
     "0x8000000000000000 0xffffffffffffffff"},
    {"5.2", "length of 64 bits, byte by byte",
     "bytes ! bin claim=0x8000000000000000 'abcd' => fail 1002,?1009"},

    /* Legal lengths that nobody has to accept (10.4). */
    {"10.4", "binary that announces $ bytes",
     "bin claim=$ 'abcd' => maybe 1009",
     "2147483647 2147483648 4294967295 4294967296 4294967297 "
     "0x7fffffffffffffff"},
    {"10.4", "text that announces $ bytes", "text claim=$ 'abcd' => maybe 1009",
     "2147483648 0x7fffffffffffffff"},
    {"10.4", "fragments whose sum is over 63 bits",
     "bin- #100 cont claim=0x7fffffffffffffff 'x' => maybe 1009"},
};

const struct table header_cases = {rows, COUNT(rows), BOTH_SIDES};
