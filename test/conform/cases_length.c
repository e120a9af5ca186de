/* SPDX-License-Identifier: MIT */
/*
 * Messages of all lengths, and streams of them: nothing may depend on how
 * frames fall into segments (RFC 6455 5.2, 5.6 and 6.2). A server may have a
 * limit (10.4), but none that is worth the name is below a megabyte.
 */
#include "cases.h"

#include "bytes.h"

#define LENGTHS                                                                \
    "0 1 2 3 7 8 9 15 16 17 31 32 33 63 64 65 124 125 126 127 128 129 255 "    \
    "256 257 1000 4095 4096 4097 16383 16384 65534 65535 65536 65537 131072"

static const struct row rows[] = {
    {"5.6", "text of $ bytes", "text #$ => echo", LENGTHS},
    {"5.6", "binary of $ bytes", "bin #$ => echo", LENGTHS},
    {"5.6", "text of $ bytes", "text #$ => echo or 1009", "1048576 4194304"},
    {"5.6", "binary of $ bytes", "bin #$ => echo or 1009", "1048576 4194304"},
    {"5.6", "text of 100000 characters of 3 bytes",
     "text 100000*<e282ac> => echo or 1009"},
    {"5.6", "binary of all zeros", "bin 5000*<00> => echo"},
    {"5.6", "binary that is no UTF-8", "bin <ff80c0af00edb080> => echo"},
    {"5.6", "text with NUL and control characters",
     "text <00010a0d1f7f> => echo"},

    {"5.2", "frame of 5 bytes cut after byte $ of the frame",
     "text cut=$ 'Hello' => echo", "1 2 3 4 5 6 7 8 9 10"},
    {"5.2", "frame of 126 bytes cut after byte $ of the frame",
     "bin cut=$ #126 => echo", "1 2 3 4 5 6 7 8 9 133"},
    {"5.2", "frame of 65536 bytes cut after byte $ of the frame",
     "bin cut=$ #65536 => echo", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 65549"},
    {"5.2", "empty frame cut after byte $ of the frame", "text cut=$ => echo",
     "1 2 3 4 5"},
    {"5.2", "ping cut after byte $ of the frame", "ping cut=$ 'abc' => pong",
     "1 2 3 4 5 6 7 8"},
    {"5.2", "Close cut after byte $ of the frame",
     "close cut=$ 1000 'bye' => close 1000", "1 2 3 4 5 6 7 8 9 10"},

    {"6.2", "text byte by byte", "bytes text 'Hello' => echo"},
    {"6.2", "everything byte by byte",
     "bytes text 'a' bin #126 ping 'p' text- 'b' pong 'q' cont 'c' text => "
     "echo "
     "=> pong close 1001 'bye' => close 1001"},
    {"6.2", "300 bytes byte by byte", "bytes bin #300 => echo"},
    {"6.2", "two messages in one segment", "text 'a' bin 'b' => echo"},
    {"6.2", "100 messages in one segment", "100( text 'abc' ) => echo"},
    {"6.2", "1000 messages in one segment", "1000( bin #10 ) => echo"},
    {"6.2", "1000 empty messages in one segment", "1000( text ) => echo"},
    {"6.2", "200 messages of 1 to 200 bytes in one segment",
     "bin #1..200 => echo"},
    {"6.2", "small, large, small in one segment",
     "text 'a' bin #200000 text 'b' => echo"},
    {"6.2", "100 messages, one after the other", "100( text 'abc' => echo )"},
    {"6.2", "a segment ends inside each header",
     "text 'a' bin cut=1 #5 text 'b' bin cut=3 #500 text 'c' => echo"},
    {"6.2", "text and binary in turn keep their types",
     "20( text 'same' bin 'same' ) => echo"},
    {"6.2", "30 messages of 64 KiB", "30( bin #65536 ) => echo"},
};

const struct table length_cases = {rows, COUNT(rows), BOTH_SIDES};
