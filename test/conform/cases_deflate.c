/* SPDX-License-Identifier: MIT */
/*
 * Compressed messages that are right (RFC 7692 6 and 7.2), whatever they are
 * made of: every size, any fragments, blocks of each type, also with BFINAL,
 * with context and without, and messages between them that are not compressed.
 */
#include "cases.h"

#include "bytes.h"

/* As far as the other side can, nothing is limited. */
#define FREE "@deflate client_max_window_bits", "deflate=client_max_window_bits"
#define WITH(terms) "@deflate " terms, "deflate=" terms

#define SIZES                                                                  \
    "0 1 2 3 16 60 124 125 126 127 128 255 256 1000 1024 4096 8192 16384 "     \
    "65534 65535 65536 65537 131072"
#define WAYS                                                                   \
    "stored fixed coded blocks final fresh stored,blocks fixed,blocks "        \
    "coded,blocks fixed,final stored,final final,blocks"

static const struct row rows[] = {
    {"d7.2.3.1", "the RFC's example",
     "deflate text rsv=4 <f248cdc9c90700> => echo", NULL, FREE},
    {"d7.2.3.1", "the RFC's example in two fragments",
     "deflate text- rsv=4 <f248cd> cont <c9c90700> => echo", NULL, FREE},
    {"d7.2.3.2", "the RFC's example of a shared window",
     "takeover text rsv=4 <f248cdc9c90700> text rsv=4 <f200110000> => echo",
     NULL, FREE},
    {"d7.2.3.2", "the same message twice without",
     "deflate 2( text rsv=4 <f248cdc9c90700> => echo )", NULL, FREE},
    {"d7.2.3.3", "the RFC's example of a block without compression",
     "deflate text rsv=4 <000500faff48656c6c6f00> => echo", NULL, FREE},
    {"d7.2.3.4", "the RFC's example with BFINAL",
     "deflate text rsv=4 <f348cdc9c9070000> => echo", NULL, FREE},
    {"d7.2.3.4", "the RFC's example with BFINAL, 10 times",
     "deflate 10( text rsv=4 <f348cdc9c9070000> => echo )", NULL, FREE},
    {"d7.2.3.4", "the RFC's example with BFINAL, a fragment for each byte",
     "deflate text rsv=4 frag=1 <f348cdc9c9070000> => echo", NULL, FREE},
    {"d7.2.3.4", "BFINAL on an empty block, then others",
     "deflate text rsv=4 <0300f248cdc9c90700> => echo", NULL, FREE},
    {"d7.2.3.4", "BFINAL on a block without compression, then others",
     "deflate text rsv=4 <010500faff48656c6c6ff248cdc9c90700> => echo", NULL,
     FREE},
    {"d7.2.3.4", "BFINAL in the middle of a message",
     "deflate text- z=final 'Hello' cont ', you' => echo", NULL, FREE},
    {"d7.2.3.4", "BFINAL in each of three fragments",
     "deflate text- z=final &500 cont- z=final &500 cont z=final &500 => echo",
     NULL, FREE},
    {"d7.2.3.4", "messages with BFINAL and without in turn",
     "deflate 5( text z=final &300 text z &300 ) => echo", NULL, FREE},
    {"d7.2.3.4", "the same with context",
     "takeover text z 'Hello' text z=final 'Hello' text z 'Hello' "
     "text z 'Hello' => echo",
     NULL, FREE},
    {"d7.2.3.5", "the RFC's example of two blocks",
     "deflate text rsv=4 <f24805000000ffffcac9c90700> => echo", NULL, FREE},
    {"d7.2.3.6", "an empty message as 00", "deflate text rsv=4 <00> => echo",
     NULL, FREE},
    {"d7.2.3.6", "an empty message as 02 00",
     "deflate bin rsv=4 <0200> => echo", NULL, FREE},
    {"d7.2.3.6", "100 empty messages in one segment",
     "deflate 100( text rsv=4 <00> ) => echo", NULL, FREE},
    {"d7.2.3.6", "empty messages between others",
     "deflate text z 'a' text rsv=4 <00> text z 'a' bin rsv=4 <00> bin 'b' "
     "text => echo",
     NULL, FREE},
    {"d7.2.3.6", "an empty message in fragments, of which some are empty",
     "deflate text- rsv=4 cont- cont- <00> cont => echo", NULL, FREE},
    {"d7.2.3.6", "an empty last fragment",
     "deflate text- rsv=4 <f248cdc9c90700> cont => echo", NULL, FREE},
    {"d7.2.3.6", "an empty first fragment",
     "deflate text- rsv=4 cont <f248cdc9c90700> => echo", NULL, FREE},

    {"d7.2", "text of $ bytes", "text z #$ => echo", SIZES, FREE},
    {"d7.2", "binary of $ bytes", "bin z #$ => echo", SIZES, FREE},
    {"d7.2", "prose of $ bytes", "text z &$ => echo", SIZES, FREE},
    {"d7.2", "noise of $ bytes", "text z @$ => echo", SIZES, FREE},
    {"d7.2", "binary of 0 to 140 bytes", "bin z #0..140 => echo", NULL, FREE},
    {"d7.2", "$ zeros", "bin z $*<00> => echo or 1009",
     "1 1000 32768 65536 1000000", FREE},
    {"d7.2", "characters of 3 bytes", "text z 30000*<e282ac> => echo", NULL,
     FREE},
    {"d7.2", "characters of 4 bytes, blocks that end inside them",
     "text z=blocks 1000*<f09f9880> => echo", NULL, FREE},
    {"d7.2", "binary that is no UTF-8",
     "bin z <ff80c0af00edb080> bin z 100*<ff> => echo", NULL, FREE},

    {"d6", "fragments of $ bytes", "text z frag=$ &1000 => echo",
     "1 2 3 16 125 126 256", FREE},
    {"d6", "128 KiB in fragments of $ bytes", "bin z frag=$ &131072 => echo",
     "256 1024 4096 16384 65535 65536", FREE},
    {"d6", "fragments of $ bytes with pings between",
     "text z frag=$ pings=16 &1000 => pong => echo", "1 2 16 64", FREE},
    {"d6", "fragments of $ bytes, each in a block of its own, with a ping",
     "text- z #$ ping 'p' => pong cont- #$ ping 'q' cont #$ => pong => echo",
     "1 16 126 256 65536", FREE},
    {"d6", "fragments that hold nothing",
     "deflate text- z cont- 'a' cont- cont- 'b' cont- cont => echo", NULL,
     FREE},
    {"d6", "characters that are cut by fragments",
     "text z frag=1 50*<e282acf09f9880> => echo", NULL, FREE},
    {"d6", "pong and Close between fragments",
     "deflate text- z 'Hel' pong 'x' cont- 'lo' close 1000 => close 1000", NULL,
     FREE},
    {"d6", "fragmented messages in one segment",
     "50( text- z 'a' cont- 'b' cont 'c' ) => echo", NULL, FREE},
    {"d6", "1000 messages in one segment", "1000( text z 'abc' ) => echo", NULL,
     FREE},
    {"d6", "100 messages of prose, one after the other",
     "100( text z &100 => echo )", NULL, FREE},
    {"d6", "everything byte by byte",
     "bytes text z 'Hello' bin z #126 ping 'p' text- z &500 pong 'q' cont &50 "
     "text 'plain' text z => echo => pong",
     NULL, FREE},
    {"d6", "compressed and other messages in turn",
     "20( text z &300 text &300 ) => echo", NULL, FREE},
    {"d6", "fragmented messages, compressed and not, in turn",
     "10( text- z &300 cont &300 bin- &200 cont- &100 cont &100 ) => echo",
     NULL, FREE},
    {"d6", "messages that are not compressed leave the context alone",
     "takeover text z 'Hello' text 'other' bin- 'x' cont 'y' "
     "text rsv=4 <f200110000> => echo",
     NULL, FREE},
    {"d6", "no message is compressed",
     "deflate 20( text &200 bin &300 ) => echo", NULL, FREE},
    {"d6", "large, small, large in one segment",
     "bin z &100000 text z 'a' bin z &100000 => echo", NULL, FREE},

    {"d7.2.1", "blocks made so: $", "text z=$ &5000 => echo", WAYS, FREE},
    {"d7.2.1", "blocks made so: $; fragments of a byte",
     "text z=$ frag=1 &200 => echo", WAYS, FREE},
    {"d7.2.1", "three messages with blocks made so: $",
     "text z=$ 'Hello' text z=$ 'Hello' text z=$ &3000 => echo", WAYS, FREE},
    {"d7.2.1", "blocks of all types in one message",
     "text- z=stored &500 cont- z=fixed &500 cont- z &500 cont- z=coded &500 "
     "cont- z=blocks &500 cont z &500 => echo",
     NULL, FREE},
    {"d7.2.1", "blocks of a type in each message, in turn",
     "5( text z=stored &500 text z=fixed &500 text z &500 text z=coded &500 ) "
     "=> echo",
     NULL, FREE},
    {"d7.2.1", "a largest block without compression",
     "bin z=stored &131072 => echo", NULL, FREE},
    {"d7.2.1", "$ empty blocks around a message",
     "deflate text- rsv=4 $*<000000ffff> cont- <f248cdc9c907000000ffff> cont "
     "$*<000000ffff><00> => echo",
     "1 10 1000", WITH("")},
    {"d7.2.1", "100 empty blocks with the fixed codes",
     "deflate text rsv=4 <f248cdc9c907000000ffff> 100*<02000000ffff> <00> => "
     "echo",
     NULL, FREE},

    {"d7.1.1", "the sender begins anew with each message, also if it need not",
     "20( text z=fresh &500 => echo )", NULL, FREE},
    {"d7.1.1", "the sender begins anew now and then",
     "10( text z &500 text z &500 text z=fresh &500 ) => echo", NULL, FREE},
    {"d7.1.1", "noise of 20000 bytes, twice: distances into another message",
     "takeover bin z @20000 bin z @20000 => echo", NULL, FREE},
    {"d7.1.1", "noise of 20000 bytes, twice, without context on both sides",
     "bin z @20000 bin z @20000 => echo", NULL,
     WITH("server_no_context_takeover;client_no_context_takeover")},
    {"d7.1.1.1", "20 messages that are the same",
     "20( text z 'the same message, the same message' => echo )", NULL,
     WITH("server_no_context_takeover")},
    {"d7.1.1.2", "20 messages that are the same",
     "20( text z 'the same message, the same message' => echo )", NULL,
     WITH("client_no_context_takeover")},
    {"d7.1.2", "windows of $ bits: distances of all sizes",
     "bin z 2*@100 bin z 2*@200 bin z 2*@400 bin z 2*@900 bin z 2*@1800 "
     "bin z 2*@3500 bin z 2*@7000 bin z 2*@15000 bin z 2*@30000 => echo",
     "8..15", WITH("server_max_window_bits=$;client_max_window_bits=$")},
    {"d7.1.2", "windows of $ bits: prose", "10( text z &20000 => echo )",
     "8..15", WITH("server_max_window_bits=$;client_max_window_bits=$")},
    {"d7.1.2", "windows of $ bits, no context: prose",
     "10( text z &20000 => echo )", "8..15",
     WITH("server_max_window_bits=$;client_max_window_bits=$;"
          "server_no_context_takeover;client_no_context_takeover")},
    {"d7.1.2", "windows of $ bits: small messages", "100( text z &50 => echo )",
     "8..15", WITH("server_max_window_bits=$;client_max_window_bits=$")},
};

const struct table deflate_cases = {rows, COUNT(rows), BOTH_SIDES};
