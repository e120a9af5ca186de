/* SPDX-License-Identifier: MIT */
/*
 * TCP ends, or is reset, where nobody expected it: the client has to fail the
 * connection (RFC 6455 7.2.1), and the code is 1006 (7.1.5). Then what comes
 * with the answer to the handshake in one segment, in which nothing may be
 * lost.
 */
#include "cases.h"

#include "bytes.h"

static const struct row rows[] = {
    {"7.2.1", "TCP is reset behind the handshake", "| rst"},
    {"7.2.1", "TCP is reset with the handshake", "rst"},
    {"7.2.1", "TCP is reset behind a message", "text 'a' => echo rst"},
    {"7.2.1", "TCP is reset inside a message",
     "text 'a' => echo text- 'b' | rst"},
    {"7.2.1", "TCP is reset inside a frame",
     "text 'a' => echo raw <820501> | rst"},
    {"7.2.1", "TCP is reset behind Close", "text 'a' => echo close 1000 rst"},
    {"7.2.1", "TCP ends with the handshake", "early fin => end"},
    {"7.2.1", "TCP ends with the handshake and a message",
     "early text 'a' fin => echo~ => end"},
    {"7.2.1", "TCP ends behind a first fragment", "early text- 'a' fin => end"},
    {"7.2.1", "TCP ends behind half a frame", "early raw <820501> fin => end"},
    {"7.2.1", "TCP ends behind 200 KB", "bin #200000 fin => echo~ => end"},

    {"4.1", "frame in the segment of the answer", "early text 'a' => echo"},
    {"4.1", "100 frames in the segment of the answer",
     "early 100( text 'abc' ) => echo"},
    {"4.1", "ping and text in the segment of the answer",
     "early ping 'p' text 'a' => pong => echo"},
    {"4.1", "200 KB in the segment of the answer", "early bin #200000 => echo"},
    {"4.1", "1 MiB of messages in the segment of the answer",
     "early 16( bin #65536 ) => echo"},
    {"4.1", "part of a frame, $ bytes, in the segment of the answer",
     "early text cut=$ 'Hello' => echo", "1 2 3 6"},
    {"4.1", "fragments in the segment of the answer and behind it",
     "early text- 'a' | cont- 'b' | cont 'c' => echo"},
    {"4.1", "Close in the segment of the answer",
     "early close 1000 => close 1000"},
    {"4.1", "message and Close in the segment of the answer",
     "early text 'a' close 4000 'bye' => echo~ => close 4000"},
    {"4.1", "Close and the end of TCP with the answer",
     "early close 1000 fin => close 1000"},
    {"4.1", "message, Close and the end of TCP with the answer",
     "early text 'a' close 1001 'x' fin => echo~ => close 1001"},
    {"4.1", "bad frame in the segment of the answer: $",
     "early ! $ 'x' => fail 1002", "text rsv=4|op=3|cont|ping-|text len=16"},
    {"4.1", "frame with the wrong mask bit in the segment of the answer",
     "early ! text nomask 'x' => drop 1002"},
    {"4.1", "ill-formed text in the segment of the answer",
     "early ! text <ff> => fail 1007"},
    {"4.1", "message, then a bad frame in the segment of the answer",
     "early text 'a' ! text rsv=1 'x' => echo~ => fail 1002"},
    {"4.1", "everything with the answer, byte by byte",
     "bytes early text 'a' ping 'p' bin- 'b' cont 'c' => echo => pong"},
};

const struct table lost_cases = {rows, COUNT(rows), OF_CLIENTS};
