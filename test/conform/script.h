/* SPDX-License-Identifier: MIT */
/*
 * The notation of the tables. A script is what we send over one connection and
 * what must come back, as words with blanks between them. Who we are, client or
 * server, is the same to most of them: a frame is masked if that is right for
 * us.
 *
 * Frames, correct unless they say otherwise:
 *
 *   text bin cont ping pong    a frame; with "-" behind it, FIN is 0
 *   close                      a Close frame: "close 1000 'bye'"; without a
 *                              number the payload is the whole body
 *   op=N                       a frame of any opcode; also "op=N-"
 *   raw                        the payload itself, as no frame
 *
 * then, in any order, what is special about it:
 *
 *   rsv=N     the reserved bits, RSV1 is 4
 *   nomask    no mask, or, from a server, a mask
 *   key=HEX   this masking key, if there is one
 *   len=N     the length stands in 7, 16 or 64 bits
 *   claim=N   the header says this length, whatever follows
 *   cut=N     a segment ends after N bytes of the frame
 *   z         compressed, as is agreed on; the fragments behind it too
 *   z=WAY     compressed in a certain way: the words of struct pack_way, with
 *             commas between them
 *   frag=N    what is to be sent, compressed or not, goes in fragments of N
 *             bytes
 *   pings=N   with a ping behind each N of these
 *
 * and its payload, in pieces:
 *
 *   'abc'     these characters      <00ff>   these bytes
 *   #N        N bytes: letters and digits in text, any values elsewhere
 *   N*'x'     N times               #N..M    one frame for each length
 *   @N        N bytes of noise: letters that are not alike
 *   ^N        what inflates to N MiB of zeros
 *   &N        N bytes of prose, other ones each time; as the only piece
 *
 * Between frames:
 *
 *   |         a segment ends here (it always does before "=>")
 *   N( ... )  this N times
 *   R( ... )  this many times: script_rounds
 *   fin       our half of TCP ends
 *   rst       TCP is reset, and the case is over
 *   !         what follows breaks the RFC: nothing from here on is answered
 *   bytes     the whole connection goes byte by byte (in front)
 *   early     the first segment also holds our half of the handshake (in
 *             front)
 *   slow      ten times as long as usual is waited for a byte (in front)
 *   deflate   only if permessage-deflate is agreed on; otherwise the case is
 *             over (in front; any frame with z says so too). "deflate~": then
 *             it is less than could be hoped for
 *   takeover  only if, also, we may refer to earlier messages (in front)
 *
 * What must come back:
 *
 *   => echo          each message that is complete, in order; "=> echo~" if
 *                    the RFC only suggests it; "=> echo or 1009"
 *   => pong          an answer to each ping, or to the latest (5.5.3)
 *   => fail 1002     Close with this code, then the end of TCP (7.1.7); several
 *                    codes as "1007,1002", one that is odd but right as
 * "?1009";
 *                    "=> fail~" if it is less to take this, which is then over,
 *                    and "=> fail?" if that is as good
 *   => drop 1002     the same where the RFC lets the other side leave out
 *                    Close
 *   => refuse 1002   the same where it may also just answer our Close
 *   => close 1000    the answer to our Close, then the end of TCP; "close" for
 *                    an empty one
 *   => maybe 1007    Close with this code is right, and noted, and ends the
 *                    case; so is waiting for more bytes
 *   => end           the end of TCP, with or without Close
 *   => packed        of the messages since the beginning one was compressed
 *
 * Only of a server:
 *
 *   => http 4xx      the status of the handshake's response, tried in order:
 *                    "400", "4xx", "any" (but 101), "end" (of TCP without a
 *                    response), with "?" in front: right but odd, "~": less
 *                    than the RFC asks for. "has13": it must name version 13.
 *                    After 101 the script goes on, otherwise it is over.
 *   => unanswered    no frame comes, although the handshake was refused
 *
 * Only of a client:
 *
 *   => refused       it ends TCP without a frame, as it does not take our half
 *                    of the handshake; "=> refused~" if only the WHATWG
 *                    standard wants it, so that who follows the RFC alone may
 *                    go on with the script
 *   => either        the same, or it goes on with the script
 *   => agreed        it is refused if our answer about permessage-deflate is
 *                    no right one to its offer
 *   => leave 1000 'x'  Close with exactly this body, which nothing asked for
 *
 * A script that leaves the connection open goes on with "close 1000 => close
 * 1000", which also shows that nothing else came; unless its end is "maybe".
 */
#ifndef CONFORM_SCRIPT_H
#define CONFORM_SCRIPT_H

#include "frames.h"
#include "pack.h"
#include "verdict.h"

enum step_kind {
    STEP_FRAME,
    STEP_RAW,
    STEP_SEGMENT,
    STEP_FIN,
    STEP_RST,
    STEP_WRONG,
    /* From here on: what must come back. */
    STEP_ECHO,
    STEP_PONG,
    STEP_FAIL,
    STEP_DROP,
    STEP_REFUSE,
    STEP_CLOSE,
    STEP_MAYBE,
    STEP_END,
    STEP_PACKED,
    STEP_REFUSED,
    STEP_EITHER,
    STEP_AGREED,
    STEP_LEAVE,
};

struct code_want {
    int code;
    bool odd;
};

struct step {
    enum step_kind kind;
    struct frame frame; /* without its data */
    bool has_key;
    size_t cut;     /* 0: none */
    size_t at, len; /* the payload in script.pool */
    size_t prose;   /* or so much of what payload_prose gives */
    struct pack_way way;
    size_t frag, pings;        /* 0: none */
    struct code_want codes[4]; /* of an expectation; unused ones are 0 */
    bool soft;                 /* "echo~", "refused~" */
    bool lax;                  /* "fail?" */
};

/* One answer to the handshake. */
struct status_want {
    int low, high; /* both 0: the end of TCP */
    enum grade grade;
};

struct script {
    struct step *steps;
    size_t count;
    struct bytes pool;
    struct status_want status[8];
    size_t status_count;
    bool has13;
    bool singly;
    bool early;
    bool unanswered;
    bool slow;
    bool deflate;
    bool deflate_soft;
    bool takeover;
};

/* How often R( ... ) goes round; 0: so often that it takes no time. Set before
 * the first script is read. */
extern unsigned long script_rounds;

/* Reads a script. Returns NULL, or what is wrong with it, at *where. Release
 * it in both cases. */
const char *script_parse(struct script *s, const char *text,
                         const char **where);
void script_release(struct script *s);

#endif
