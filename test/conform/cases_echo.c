/* SPDX-License-Identifier: MIT */
/*
 * What a client sends: every length in its shortest form, masked, with a key of
 * its own for each frame (RFC 6455 5.1 to 5.3). The echoes are judged; their
 * keys are looked at when the run is over.
 */
#include "cases.h"

#include "bytes.h"

static const struct row rows[] = {
    {"5.3", "binary of 0 to 140 bytes", "bin #0..140 => echo"},
    {"5.3", "text of 0 to 140 bytes", "text #0..140 => echo"},
    {"5.3", "pings of 0 to 125 bytes, each answered",
     "5( ping #7 => pong ping => pong ping #125 => pong )"},
    {"5.3", "500 empty messages", "500( bin ) => echo"},
    {"5.3", "500 messages that are the same", "500( text 'same' ) => echo"},
    {"5.3", "100 messages, one after the other", "100( bin 4*<00> => echo )"},
    {"5.3", "binary of $ zeros", "bin $*<00> => echo",
     "4 64 125 126 1000 65535 65536 200000"},
    {"5.2", "lengths around those that change the form",
     "bin #120..130 bin #65530..65540 => echo"},
};

const struct table echo_cases = {rows, COUNT(rows), OF_CLIENTS};
